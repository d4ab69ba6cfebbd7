"""The program as a process of its own: on a terminal, and when it is told to stop."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.fakes import BASIC, PASSWORD

if sys.platform == "win32":
    pytest.skip("terminals and signals of POSIX", allow_module_level=True)

import pty

# An export that says that it runs and then waits for ever, or for a moment even where it is told to stop.
STUB = """
import sys, anyio, camreel.jobs.export
from camreel.cli import main
async def export(request, credentials, on_event, *_others, **_named):
    print("running", file=sys.stderr, flush=True)
    try:
        await anyio.sleep_forever()
    finally:
        print("tidied", file=sys.stderr, flush=True)
        if {stubborn}:
            with anyio.CancelScope(shield=True):
                await anyio.sleep_forever()
camreel.jobs.export.export = export
sys.exit(main(sys.argv[1:]))
"""

KEPT = """
import sys, anyio, camreel.jobs.export
from datetime import timedelta
from camreel.cli import main
from camreel.events import ClipFetched, Planned
from camreel.model import Recording, Span, Stream
from camreel.planning.plan import plan_export
async def export(request, credentials, on_event, *_others, **_named):
    start = request.asked.start
    spans = [Span(start + timedelta(minutes=n), start + timedelta(minutes=n + 1)) for n in range(40)]
    listing = [Recording(f"/{n}.mp4", span, 1) for n, span in enumerate(spans)]
    on_event(Planned(plan_export(listing, Span(start, spans[-1].end), Stream.MAIN)))
    for number in range(1, 27):
        on_event(ClipFetched(number, 227_000, number < 10))
    print("running", file=sys.stderr, flush=True)
    await anyio.sleep_forever()
camreel.jobs.export.export = export
sys.exit(main(sys.argv[1:]))
"""

PROMPT = """
import sys, camreel.jobs.export
from camreel.cli import main
from camreel.errors import LoginRefused
async def export(request, credentials, on_event, *_others, **_named):
    raise LoginRefused("The password has %d letters." % len(credentials.password))
camreel.jobs.export.export = export
sys.exit(main(sys.argv[1:]))
"""


@contextmanager
def started(
    code: str, folder: Path, *options: str, environment: Mapping[str, str] | None = None, **settings: Any
) -> Iterator[subprocess.Popen[bytes]]:
    given = {"TERM": "xterm", "PYTHONUNBUFFERED": "1", **(environment or {})}
    command = [sys.executable, "-c", code, *BASIC, *options]
    process = subprocess.Popen(command, cwd=folder, env=os.environ | given, **settings)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdout, process.stderr):
            if stream:
                stream.close()


def read_until(descriptor: int, wanted: bytes) -> bytes:
    """What comes from a terminal until ``wanted`` is in it, or until it ends."""
    seen = b""
    while wanted not in seen:
        try:
            piece = os.read(descriptor, 4096)
        except OSError:  # Linux, when the other side is closed
            break
        if not piece:
            break
        seen += piece
    return seen


def test_the_prompt_does_not_echo(tmp_path: Path) -> None:
    """On a real terminal: the password is asked for, arrives whole, and is never shown."""
    ours, theirs = pty.openpty()
    with started(PROMPT, tmp_path, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True) as process:
        os.close(theirs)
        shown = read_until(ours, b"Password for admin at http://192.168.1.100: ")
        os.write(ours, PASSWORD.encode() + b"\n")
        shown += read_until(ours, b"letters")
        assert process.wait(30) == 5
    os.close(ours)
    assert b"Password for admin" in shown
    assert f"The password has {len(PASSWORD)} letters".encode() in shown
    assert PASSWORD.encode() not in shown


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("options", [(), ("--quiet",), ("--json",)])
def test_a_signal_ends_it_tidily(tmp_path: Path, number: signal.Signals, options: tuple[str, ...]) -> None:
    """Ctrl-C and SIGTERM: the export tidies up, exit 130, and how to continue."""
    with started(
        STUB.format(stubborn=False),
        tmp_path,
        *options,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        environment={"AMCREST_PASSWORD": PASSWORD},
    ) as process:
        assert process.stdout
        assert process.stderr
        assert process.stderr.readline() == b"running\n"
        process.send_signal(number)
        told = process.stderr.read().decode().splitlines()
        assert process.wait(30) == 130
        out = process.stdout.read()
    assert told[0].startswith("Stopping")
    assert told[1:] == ["tidied", "camreel: interrupted; run the same command again to continue"]
    assert (b'"exit_code": 130' in out) == ("--json" in options)


@pytest.mark.parametrize("options", [(), ("--output-dir", "there")])
def test_an_interruption_says_what_is_kept(tmp_path: Path, options: tuple[str, ...]) -> None:
    """How many clips, how much, and where: as seen from here."""
    with started(
        KEPT,
        tmp_path,
        "--quiet",
        *options,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        environment={"AMCREST_PASSWORD": PASSWORD},
    ) as process:
        assert process.stderr
        assert process.stderr.readline() == b"running\n"
        process.send_signal(signal.SIGINT)
        told = process.stderr.read().decode().splitlines()
        assert process.wait(30) == 130
    folder = Path(*options[1:], ".amcrest_download")
    assert told[-1] == (
        f"camreel: interrupted; run the same command again to continue; 26 of 40 clips (5.9 MB) are kept in {folder}"
    )


def test_what_cannot_be_cancelled_does_not_keep_it_from_ending(tmp_path: Path) -> None:
    """One Ctrl-C, and something that hangs all the same: the end comes within a second, with its sentence."""
    login = {"AMCREST_PASSWORD": PASSWORD}
    with started(STUB.format(stubborn=True), tmp_path, stderr=subprocess.PIPE, environment=login) as process:
        assert process.stderr
        assert process.stderr.readline() == b"running\n"
        process.send_signal(signal.SIGINT)
        _out, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert b"run the same command again to continue" in err


def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    """Even where the export does not let go."""
    with started(
        STUB.format(stubborn=True),
        tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        environment={"AMCREST_PASSWORD": PASSWORD},
    ) as process:
        assert process.stderr
        assert process.stderr.readline() == b"running\n"
        process.send_signal(signal.SIGINT)
        assert process.stderr.readline().startswith(b"Stopping")
        assert process.stderr.readline() == b"tidied\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
        assert b"Traceback" not in process.stderr.read()


def test_the_terminal_is_whole_after_an_interruption(tmp_path: Path) -> None:
    """The live line is gone and the cursor is back."""
    ours, theirs = pty.openpty()
    with started(
        STUB.format(stubborn=False),
        tmp_path,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        environment={"AMCREST_PASSWORD": PASSWORD},
    ) as process:
        os.close(theirs)
        shown = read_until(ours, b"running")
        process.send_signal(signal.SIGINT)
        shown += read_until(ours, b"to continue")
        assert process.wait(30) == 130
    os.close(ours)
    assert b"\x1b[?25l" in shown
    assert shown.rindex(b"\x1b[?25h") > shown.rindex(b"\x1b[?25l")
    assert b"Traceback" not in shown
