"""Settings, passwords and whatever else a person names: no FIFO, device, loop or endless file is waited for or read."""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
from tests.fakes import BASIC, Camreel, FakeExport
from tests.odd import ODD, fifo, needs_odd

from camreel.cli import passwords
from camreel.devices.session import tls_context

pytestmark = [needs_odd, pytest.mark.timeout(30)]


@pytest.fixture(autouse=True)
def unattended(exported: FakeExport, monkeypatch: pytest.MonkeyPatch) -> FakeExport:
    """No password in the environment, and little patience."""
    monkeypatch.delenv("AMCREST_PASSWORD")
    monkeypatch.setattr(passwords, "_UNTIL_WRITTEN", 0.2)
    monkeypatch.setattr(passwords, "_PATIENCE", 0.5)
    return exported


@pytest.mark.parametrize("kind", sorted(set(ODD) - {"link to nowhere"}))
@pytest.mark.parametrize("command", [["config", "show"], ["cameras", "list"], ["cameras", "remove", "x"]], ids=str)
def test_settings(camreel_: Camreel, tmp_path: Path, kind: str, command: list[str]) -> None:
    """One sentence, exit code 2."""
    ODD[kind](tmp_path / "odd.toml")
    run = camreel_(command, CAMREEL_CONFIG=str(tmp_path / "odd.toml"))
    assert (run.code, run.out) == (2, "")
    assert f"The settings in {tmp_path / 'odd.toml'} cannot be read: " in run.err


def test_no_settings_at_all(camreel_: Camreel) -> None:
    """/dev/null is how people say that they want none."""
    assert camreel_(["cameras", "list"], CAMREEL_CONFIG=os.devnull).code == 0


@pytest.mark.parametrize("size", [100 << 20, 1 << 40], ids=["100 MB", "1 TB"])
def test_large_settings(camreel_: Camreel, tmp_path: Path, size: int) -> None:
    """They are read as far as settings can go."""
    (tmp_path / "c.toml").touch()
    os.truncate(tmp_path / "c.toml", size)
    run = camreel_(["config", "show"], CAMREEL_CONFIG=str(tmp_path / "c.toml"))
    assert "too large to be settings" in run.err


def test_linked_settings_stay_linked(camreel_: Camreel, tmp_path: Path) -> None:
    """People keep them in another folder; what lies beside them under a name of ours is left alone."""
    (tmp_path / "dotfiles").mkdir()
    kept, link = tmp_path / "dotfiles" / "c.toml", tmp_path / "c.toml"
    kept.write_text('[camera.old]\nhost = "10.0.0.1"\n')
    link.symlink_to(kept)
    (tmp_path / "victim").write_text("mine")
    planted = [kept.with_name(f".c.toml.{os.getpid()}.part"), kept.with_name("c.toml.part")]
    for each in planted:
        each.symlink_to(tmp_path / "victim")
    run = camreel_(["cameras", "remove", "old"], CAMREEL_CONFIG=str(link))
    assert run.code == 0, run.err
    assert link.is_symlink()
    assert "old" not in kept.read_text()
    assert (tmp_path / "victim").read_text() == "mine"
    assert sorted(path.name for path in kept.parent.iterdir()) == sorted([kept.name, *(each.name for each in planted)])


@pytest.mark.parametrize("kind", ODD)
def test_password_files(camreel_: Camreel, tmp_path: Path, kind: str) -> None:
    """Nothing is waited for without an end, and nothing without an end is read."""
    ODD[kind](tmp_path / "odd")
    for more, variable in ((["--password-file", "odd"], {}), ([], {"AMCREST_PASSWORD_FILE": "odd"})):
        begun = time.monotonic()
        run = camreel_([*BASIC, *more], **variable)
        assert run.code == 2
        assert "he password file odd" in run.err
        assert time.monotonic() - begun < 10


def test_a_password_through_a_pipe(camreel_: Camreel, exported: FakeExport, tmp_path: Path) -> None:
    """As a shell makes it of `<(pass show camera)`: whoever is asked for it meanwhile has some time."""
    fifo(tmp_path / "pipe")

    def write() -> None:
        with (tmp_path / "pipe").open("wb") as pipe:
            pipe.write(b"out of ")
            pipe.flush()
            pipe.write(b"a pipe\nmore")

    writer = threading.Thread(target=write)
    writer.start()
    run = camreel_([*BASIC, "--password-file", "pipe"])
    writer.join()
    assert (run.code, exported.password) == (0, "out of a pipe"), run.err


def test_a_pipe_that_stays_silent(camreel_: Camreel, tmp_path: Path) -> None:
    """It is given up."""
    fifo(tmp_path / "pipe")
    handle = os.open(tmp_path / "pipe", os.O_RDWR)  # a writer that writes nothing
    try:
        run = camreel_([*BASIC, "--password-file", "pipe"])
    finally:
        os.close(handle)
    assert run.code == 2
    assert "The password file pipe is a pipe or a terminal, and nothing came out of it within" in run.err


def test_a_log_that_is_a_pipe(camreel_: Camreel, exported: FakeExport, tmp_path: Path) -> None:
    """Nobody reads: it cannot be written. Somebody reads, and stops: the job is done all the same."""
    fifo(tmp_path / "log")
    run = camreel_([*BASIC, "--log-file", "log"], AMCREST_PASSWORD="x")
    assert run.code == 2
    assert "--log-file 'log' cannot be written" in run.err
    reader = os.open(tmp_path / "log", os.O_RDONLY | os.O_NONBLOCK)
    try:
        writer = os.open(tmp_path / "log", os.O_WRONLY | os.O_NONBLOCK)
        with suppress(BlockingIOError):
            while True:
                os.write(writer, bytes(4096))
        os.close(writer)
        run = camreel_([*BASIC, "--log-file", "log"], AMCREST_PASSWORD="x")
    finally:
        os.close(reader)
    assert (run.code, "Logging error" in run.err) == (0, False), run.err


def test_a_log_goes_on_behind_what_is_there(camreel_: Camreel, exported: FakeExport, tmp_path: Path) -> None:
    """As logs do."""
    (tmp_path / "log").write_text("before\n")
    assert camreel_([*BASIC, "--log-file", "log"], AMCREST_PASSWORD="x").code == 0
    assert (tmp_path / "log").read_text().startswith("before\n")


@pytest.mark.parametrize("kind", ODD)
def test_certificates(tmp_path: Path, kind: str) -> None:
    """Those that --ca-file names; a hundred megabytes are none."""
    ODD[kind](tmp_path / "ca.pem")
    with pytest.raises(OSError, match=r"ca\.pem"):
        tls_context(insecure=False, ca_file=str(tmp_path / "ca.pem"))
    (tmp_path / "large.pem").touch()
    os.truncate(tmp_path / "large.pem", 100 << 20)
    with pytest.raises(OSError, match="longer than"):
        tls_context(insecure=False, ca_file=str(tmp_path / "large.pem"))


@pytest.mark.parametrize("kind", ODD)
def test_captures(camreel_: Camreel, tmp_path: Path, kind: str) -> None:
    """What is to be replayed is a regular file."""
    ODD[kind](tmp_path / "odd.zip")
    run = camreel_(["simulate", "--replay", "odd.zip"])
    assert run.code == 2
    assert "--replay odd.zip" in run.err


def test_a_capture_of_a_terabyte(camreel_: Camreel, tmp_path: Path) -> None:
    """Is none."""
    (tmp_path / "c.zip").touch()
    os.truncate(tmp_path / "c.zip", 1 << 40)
    run = camreel_(["simulate", "--replay", "c.zip"])
    assert run.code == 2
    assert "c.zip is larger than a capture may be" in run.err
