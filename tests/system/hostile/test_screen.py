"""What a camera says never steers the terminal, and what we say never holds the password."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import re
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.conftest import Bench, by_turns, tuning
from tests.fakes import only_run
from tests.system.hostile.conftest import PATHS
from tests.system.hostile.server import Asked, HostileCamera, Reply, http, item, listing

import camreel.jobs.export
from camreel.cli import main
from camreel.cli.ui.reporters import LiveReporter
from camreel.cli.ui.terminal import LiveLines

PASSWORD = "s3cret-Ünü"
# Whoever gets through to a terminal with these sets its title, colours it, answers for the keyboard, turns the text.
EVIL = "\x1b]0;owned\x07\x1b[31m\x9b2J\x90q\u202egpj\u2066\x08\x0b\x0c\x7f\u2028"
STEERS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]")

Said = tuple[int, str, str]


@pytest.fixture
def say(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, hostile: Callable[[HostileCamera], Bench]
) -> Callable[..., Said]:
    """Run the program against a camera: exit code, stdout and stderr."""
    monkeypatch.setattr(sys, "argv", ["camreel"])
    monkeypatch.setattr(camreel.jobs.export, "Runtime", tuning)

    def run(camera: HostileCamera, *options: str) -> Said:
        stand = hostile(camera)
        monkeypatch.setenv("AMCREST_PASSWORD", PASSWORD)
        where = ["--host", str(stand.address), "-u", "admin", "--output-dir", str(stand.folder)]
        when = ["-s", "2026-01-16 08:00:00", "-e", "2026-01-16 08:00:12"]
        code = main([*where, *when, *options])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def evil_camera(good: HostileCamera) -> HostileCamera:
    """Every text that a camera can say says something evil."""
    good.login = True
    good.page = listing(
        item(0, PATHS[0], **{"Type": EVIL, "Events[0]": EVIL, "Flags[0]": EVIL}),
        item(1, f"/mnt/{EVIL}.mp4"),
        item(2, f"/mnt/{EVIL}/gone.mp4", StartTime=EVIL),
    )
    header = ("X-Evil", EVIL.replace("\x0b", "").replace("\x0c", ""))
    good.says |= {
        "getSystemInfo": http(f"deviceType={EVIL}\r\nserialNumber={EVIL}\r\n", headers=[header]),
        "getMachineName": http(f"name={EVIL}\r\n"),
        "getSoftwareVersion": http(f"version={EVIL}\r\n"),
        "NTP": http(f"table.NTP.TimeZoneDesc={EVIL}\r\ntable.NTP.TimeZone={EVIL}\r\n"),
        "Locales": http(f"table.Locales.DSTEnable={EVIL}\r\n"),
        "ChannelTitle": http(f"table.ChannelTitle[0].Name={EVIL}\r\ntable.ChannelTitle[1].Name={EVIL}2\r\n"),
    }
    return good


ANSWERS: dict[str, tuple[str, Reply]] = {
    "an error's body": ("findFile", http(f"Error\r\n{EVIL}\r\n", 200)),
    "a status": ("findFile", http(EVIL, 404)),
    "a page that is none": ("findNextFile", http(EVIL)),
    "a redirect": ("getSystemInfo", http("", 302, [("Location", f"http://example.org/{EVIL}")])),
    "a finder": ("factory.create", http(f"result={EVIL}\r\n")),
    "a reason": ("findFile", f"HTTP/1.1 418 {EVIL}\r\nContent-Length: 0\r\n\r\n".encode()),
    "no HTTP": ("getSystemInfo", EVIL.encode()),
    "a challenge": ("getSystemInfo", http("", 401, [("WWW-Authenticate", f'Digest realm="{EVIL}", nonce="{EVIL}"')])),
    "a recording": ("RPC_Loadfile", http(f"Error {EVIL}")),
    "nothing": ("findFile", http("Error\r\nBad Request!\r\n", 400)),
}


@pytest.mark.parametrize(
    ("options", "kind"),
    by_turns([(), ("-v", "--debug"), ("-q",), ("--channel", "Porch")], ["a video", *ANSWERS], of=4),
)
def test_nothing_a_camera_says_steers_the_terminal(
    say: Callable[..., Said], good: HostileCamera, kind: str, options: tuple[str, ...]
) -> None:
    """Names, models, titles, paths, bodies, headers: no control and no direction character comes out."""
    camera = evil_camera(good)
    if kind in ANSWERS:
        endpoint, answer = ANSWERS[kind]
        camera.says[endpoint] = answer
    code, out, err = say(camera, *options)
    assert code in {2, 3, 4, 5, 6, 7}
    assert not STEERS.search(out), ascii(out)
    assert not STEERS.search(err), ascii(err)
    assert err
    if kind == "a video" and "-q" not in options:
        assert "owned" in out + err  # it was shown, all the same


def test_json_holds_what_a_camera_says_only_escaped(say: Callable[..., Said], good: HostileCamera) -> None:
    """The document is ASCII; read back, the path is the camera's own."""
    code, out, err = say(evil_camera(good), "--json")
    assert code == 4
    assert out.isascii()
    assert not STEERS.search(out)
    assert not STEERS.search(err)
    document = only_run(out)
    assert any("owned" in clip["path"] for clip in document["clips"])


def test_the_live_line_is_harmless(good: HostileCamera, hostile: Callable[..., Bench]) -> None:
    """On a terminal, too: all that steers it is ours."""
    drawn = io.StringIO()
    reporter = LiveReporter(LiveLines(drawn))
    hostile(evil_camera(good)).export(listen=reporter.listener())
    reporter.close()
    ours = re.sub(r"\x1b\[[0-9;]*[mKAJ]|\x1b\[\?25[hl]|\r", "", drawn.getvalue())
    assert not STEERS.search(ours), ascii(ours)
    assert "owned" in ours


SHAPES = [PASSWORD, PASSWORD.encode().hex(), base64.b64encode(f"admin:{PASSWORD}".encode()).decode()]
SHAPES += [hashlib.md5(f"admin:Login to X:{PASSWORD}".encode()).hexdigest()]


@pytest.mark.parametrize(
    ("options", "kind"),
    by_turns([("-v",), ("-v", "--debug"), ("--json", "-v", "--debug")], ["a video", "basic", *ANSWERS], of=3),
)
def test_no_secret_is_shown(say: Callable[..., Said], good: HostileCamera, kind: str, options: tuple[str, ...]) -> None:
    """Not in a message, not in the log, not in JSON, not in a traceback; nor what could be made of it."""
    good.login = True
    if kind == "basic":
        good.says["*"] = lambda asked: (
            good._well(asked)
            if "authorization" in asked.headers
            else http("", 401, [("WWW-Authenticate", 'Basic realm="x"')])
        )
        good.login = False
    elif kind in ANSWERS:
        endpoint, answer = ANSWERS[kind]
        good.says[endpoint] = answer
    _code, out, err = say(good, *options, *(["--allow-basic"] if kind == "basic" else []))
    sent = [asked.headers.get("authorization", "") for asked in good.log]
    assert any(sent)
    answers = {found for each in sent for found in re.findall(r'response="(\w+)"', each)}
    for secret in {*SHAPES, *answers}:
        assert secret not in out
        assert secret not in err


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
def test_no_child_has_the_password(say: Callable[..., Said], good: HostileCamera) -> None:
    """While the merge runs: in no argument and no variable of any process that we started."""
    seen: dict[str, bytes] = {}

    def look(asked: Asked) -> Reply:
        for child in children():
            for what in ("cmdline", "environ"):
                seen[f"{child}/{what}"] = Path(f"/proc/{child}/{what}").read_bytes()
        return good._well(asked)

    good.says["RPC_Loadfile"] = look
    good.login = True
    code, _out, _err = say(good, "--max-concurrent", "1")
    assert code == 0
    assert any(b"camreel.media.worker.main" in text for name, text in seen.items() if name.endswith("cmdline"))
    for text in seen.values():
        assert PASSWORD.encode() not in text
        assert b"AMCREST_" not in text


def children() -> list[str]:
    """The processes that this one has started."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                status = (folder / "stat").read_text()
            except OSError:
                continue
            if status.rpartition(")")[2].split()[1] == str(os.getpid()):
                found.append(folder.name)
    return found


@pytest.mark.skipif(sys.platform == "win32", reason="modes of POSIX")
@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_files_have_the_users_modes(good: HostileCamera, hostile: Callable[..., Bench], umask: int, mode: int) -> None:
    """Videos and clips are the user's as any other file; the camera has no say, and neither have we."""
    before = os.umask(umask)
    try:
        run = hostile(good).export(keep_files=True)
    finally:
        os.umask(before)
    files = [path for path in run.output.parent.rglob("*") if path.suffix == ".mp4"]
    assert len(files) == 4
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {mode}
    assert not any(PASSWORD.encode() in path.read_bytes() for path in run.output.parent.rglob("*") if path.is_file())
