"""`camreel cameras`: what is saved meanwhile stays, and the keyring goes along."""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.fakes import PASSWORD, Camreel, FakeKeyring

from camreel.cli.camera_choice import read_settings
from camreel.cli.commands import cameras
from camreel.cli.passwords import Passwords
from camreel.config import config_path
from camreel.devices.lockout import state_folder
from camreel.transfer import lock

DOOR = '[camera.door]\nhost = "door.lan"\nusername = "u"\nkeyring = true\n'
MEANWHILE = '[camera.garage]\nhost = "garage.lan"\n'


@pytest.fixture
def path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Settings with a camera whose password is in the keyring."""
    path = tmp_path / "config.toml"
    path.write_text(DOOR)
    monkeypatch.setenv("CAMREEL_CONFIG", str(path))
    return path


@pytest.fixture
def keyring(monkeypatch: pytest.MonkeyPatch) -> FakeKeyring:
    keyring = FakeKeyring()
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    keyring.set_password("camreel", "u@door", PASSWORD)
    return keyring


def adding(path: Path, text: str) -> Callable[..., str]:
    """Return a question for a password during which somebody else adds to the settings."""

    def ask(*_more: object) -> str:
        with path.open("a") as file:
            file.write(text)
        path.chmod(0o600)
        return PASSWORD

    return ask


def test_a_camera_that_is_added_meanwhile_stays(camreel_: Camreel, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A password may take minutes to type."""
    monkeypatch.setattr(Passwords, "of", adding(path, MEANWHILE))
    run = camreel_(["cameras", "add", "attic", "--host", "attic.lan", "-u", "u", "--save-password"])
    assert run.code == 0, run.err
    assert list(read_settings().cameras) == ["door", "garage", "attic"]


def test_a_name_that_is_taken_meanwhile_keeps_its_password(
    camreel_: Camreel, path: Path, keyring: FakeKeyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyring.set_password("camreel", "u@garage", "its own")
    monkeypatch.setattr(Passwords, "of", adding(path, MEANWHILE))
    run = camreel_(["cameras", "add", "garage", "--host", "x.lan", "-u", "u", "--keyring"])
    assert run.code == 2
    assert "There is a camera named garage" in run.err
    assert set(keyring.kept.values()) == {PASSWORD, "its own"}
    assert path.read_text() == DOOR + MEANWHILE


def test_all_who_add_cameras_at_once_have_theirs(path: Path) -> None:
    """Each reads what the one before has written."""
    names = [f"cam-{number}" for number in range(12)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda name: cameras.save_camera(name, {"host": "x.lan"}), names))
    assert sorted(read_settings().cameras) == sorted([*names, "door"])


def test_settings_wait_for_each_other(camreel_: Camreel, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who changes them for too long is named; without a place for a lock it goes without."""
    monkeypatch.setattr(cameras, "_PATIENCE", 0)
    state_folder().mkdir(parents=True)
    held = lock.acquire(state_folder() / "settings.lock")
    for command in (
        ["cameras", "add", "attic", "--host", "attic.lan", "-u", "u"],
        ["cameras", "remove", "door"],
        ["cameras", "rename", "door", "gate"],
        ["config", "set", "jobs", "3"],
        ["config", "unset", "door.username"],
    ):
        run = camreel_(command)
        assert (run.code, path.read_text()) == (7, DOOR)
        assert "Another camreel is changing the settings." in run.err
    held.release()
    (state_folder() / "settings.lock").unlink()
    state_folder().rmdir()
    state_folder().touch()
    assert camreel_(["cameras", "remove", "door"]).code == 0
    assert read_settings().cameras == {}


@pytest.mark.parametrize("is_installed", [True, False])
def test_a_camera_is_renamed_whatever_the_keyring_says(
    camreel_: Camreel, path: Path, monkeypatch: pytest.MonkeyPatch, is_installed: bool
) -> None:
    """It has nothing, or is not there: the note names the entry that the password must have."""
    monkeypatch.setitem(sys.modules, "keyring", FakeKeyring() if is_installed else None)
    run = camreel_(["cameras", "rename", "door", "gate"])
    assert (run.code, run.out) == (0, f"door is gate now, in {config_path()}.\n")
    assert ("has no password for u@door" if is_installed else "is not installed") in run.err
    assert "keyring set camreel u@gate" in run.err
    assert list(read_settings().cameras) == ["gate"]


@pytest.mark.usefixtures("path")
def test_the_password_goes_with_its_camera(camreel_: Camreel, keyring: FakeKeyring) -> None:
    """A later camera of that name would be another one. A keyring that is gone stops nothing."""
    assert camreel_(["cameras", "remove", "DOOR"]).code == 0
    assert keyring.kept == {}


@pytest.mark.usefixtures("path")
def test_a_password_survives_a_new_case_of_its_name(
    camreel_: Camreel, keyring: FakeKeyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some keyrings ignore case."""
    kept: dict[tuple[str, str], str] = {}
    monkeypatch.setattr(keyring, "get_password", lambda service, entry: kept.get((service, entry.casefold())))
    monkeypatch.setattr(
        keyring, "set_password", lambda *entry_and: kept.update({(entry_and[0], entry_and[1].casefold()): entry_and[2]})
    )
    monkeypatch.setattr(keyring, "delete_password", lambda service, entry: kept.pop((service, entry.casefold())))
    keyring.set_password("camreel", "u@door", PASSWORD)
    assert camreel_(["cameras", "rename", "door", "Door"]).code == 0
    assert keyring.get_password("camreel", "u@Door") == PASSWORD
