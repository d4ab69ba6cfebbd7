"""Where Digest has worked: remembered by host and port, whatever lies in the state folder."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from camreel.devices import downgrade
from camreel.devices.downgrade import DigestMemory, digest_memory, forget_digest, remember_digest
from camreel.devices.lockout import state_folder
from camreel.model import Address

HERE = Address("Cam.Example", 8080)


def notes() -> list[Path]:
    return [path for path in state_folder().rglob("*") if not path.is_dir()]


def test_it_is_remembered_by_host_and_port():
    """In any case and with a dot at its end, on http as on https; another port or host is another camera."""
    assert not digest_memory(HERE).places
    remember_digest(HERE)
    for same in (HERE, Address("cam.example", 8080), Address("cam.example.", 8080), Address("cam.example", 8080, True)):
        assert digest_memory(same).places
    for other in (Address("cam.example", 80), Address("cam.example.org", 8080), Address("::1", 8080)):
        assert not digest_memory(other).places
    remember_digest(HERE)
    assert len(notes()) == 1


def test_the_note_is_its_owners_and_holds_no_secret():
    """Mode 0600 in a folder of 0700; the address alone is in it."""
    remember_digest(HERE)
    (note,) = notes()
    assert note.read_text() == '{"camera": "http://Cam.Example:8080", "login": "digest"}'
    if sys.platform != "win32":
        assert stat.S_IMODE(note.stat().st_mode) == 0o600
        assert stat.S_IMODE(note.parent.stat().st_mode) == 0o700


def test_to_forget_takes_one_port_or_all():
    """And says whether anything was known."""
    places = [Address("cam", 80), Address("cam", 8080), Address("other", 80)]
    for place in places:
        remember_digest(place)
    assert forget_digest("CAM", 8080)
    assert [bool(digest_memory(place).places) for place in places] == [True, False, True]
    assert forget_digest("cam")
    assert [bool(digest_memory(place).places) for place in places] == [False, False, True]
    assert not forget_digest("cam")


@pytest.mark.parametrize("port", [80, None])
def test_what_cannot_be_written_is_remembered_by_the_process(monkeypatch, tmp_path, port):
    """It is no error, and can be forgotten."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    remember_digest(Address("cam", 80))
    assert digest_memory(Address("cam", 80)).places
    assert not digest_memory(Address("cam", 81)).places
    assert not forget_digest("other", port)
    assert forget_digest("cam", port)
    assert not digest_memory(Address("cam", 80)).places


def test_without_a_home_folder_the_process_remembers(monkeypatch):
    """A user that the system does not know has no folder for notes."""

    def homeless() -> Path:
        raise RuntimeError("no home")

    monkeypatch.setattr(downgrade, "state_folder", homeless)
    assert not digest_memory(HERE).places
    remember_digest(HERE)
    assert digest_memory(HERE).places
    assert forget_digest(HERE.host)


def test_a_note_that_is_lost_is_known_to_the_process():
    """Who wipes the folder in mid-run takes nothing away."""
    remember_digest(HERE)
    for note in notes():
        note.unlink()
    assert digest_memory(HERE).places
    assert not digest_memory(Address("other", 80)).places


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right there")
def test_a_folder_that_cannot_be_searched_counts(monkeypatch, tmp_path):
    """A loop of links: nobody can tell whether there is a note. In doubt the password is not sent."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert not digest_memory(HERE).places
    state_folder().mkdir(parents=True)
    (state_folder() / "digest").symlink_to("digest")
    assert digest_memory(HERE).places


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")
@pytest.mark.parametrize("kind", ["FIFO", "link to nothing", "garbage"])
def test_whatever_has_its_name_counts_and_is_not_opened(kind):
    """Nothing hangs; in doubt the password is not sent. To forget removes it."""
    remember_digest(HERE)
    (note,) = notes()
    note.unlink()
    downgrade._in_process.clear()  # as in a later run
    assert not digest_memory(HERE).places
    if kind == "FIFO":
        os.mkfifo(note)
    elif kind == "garbage":
        note.write_bytes(b"\x00" * 100)
    else:
        note.symlink_to("nowhere")
    assert digest_memory(HERE).places
    remember_digest(HERE)
    assert forget_digest(HERE.host)
    assert not os.path.lexists(note)


def test_a_folder_that_cannot_be_written_is_told(monkeypatch):
    """Read-only, now as in earlier runs: that there is no note means nothing."""
    assert digest_memory(HERE).problem is None
    state_folder().mkdir(parents=True)
    monkeypatch.setattr(os, "access", lambda place, mode: (place, mode) != (state_folder(), os.W_OK))
    assert digest_memory(HERE).places == ()
    assert digest_memory(HERE).problem == f"{state_folder()}: not writable"


def test_what_is_known_goes_before_what_cannot_be_looked_up(monkeypatch):
    """The warning is of a man in the middle then, and says what to forget."""
    other = Address("192.168.1.7", HERE.port)
    remember_digest(other)
    monkeypatch.setattr(downgrade, "_in_process", set())
    monkeypatch.setattr(downgrade, "_write_problem", lambda: "/x: not writable")
    assert digest_memory(HERE, other) == digest_memory(other, HERE) == DigestMemory((other,))
    assert digest_memory(HERE) == DigestMemory((), "/x: not writable")
