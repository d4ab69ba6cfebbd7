"""`camreel setup`: what it knows of the devices it finds, and what is saved while it asks."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from tests.fakes import DEVICE, PASSWORD, Camreel

from camreel.cli.camera_choice import read_settings
from camreel.cli.commands import setup
from camreel.cli.options import KEYS
from camreel.config import config_path
from camreel.config.settings import parse
from camreel.devices.base import FoundDevice
from camreel.jobs.search import CameraSummary
from camreel.model import Address, Target


@pytest.mark.parametrize(
    ("settings", "known"),
    [
        ('host = "10.0.0.1"', "a"),
        ('host = "10.0.0.1:80"', "a"),
        ('host = "http://10.0.0.1"', "a"),
        ('host = "10.0.0.1"\nhttps = true', "a"),
        ('host = "https://10.0.0.1:8443"', "a"),
        ('host = "10.0.0.1"\nport = 81', ""),
        ('host = "10.0.0.2"', ""),
        ('host = "a b"', ""),
        ('host = "10.0.0.1"\n[camera.b]\nhost = "10.0.0.1"\nchannel = 2', "a, b"),
    ],
)
def test_a_device_is_known_by_its_address_however_it_is_written(settings: str, known: str) -> None:
    config = parse(f"[camera.a]\n{settings}\n", Path("config.toml"), KEYS)
    assert setup._known_as(FoundDevice("10.0.0.1", 80, "model", "name", "1"), config) == known


def test_what_is_saved_while_it_asks_stays(camreel_: Camreel, monkeypatch: pytest.MonkeyPatch) -> None:
    """A camera, and a name that it wanted: it asks for another one."""
    path = config_path()
    path.parent.mkdir(parents=True)
    path.write_text('# mine\n[camera.attic]\nhost = "attic.lan"\n')
    path.chmod(0o600)
    address = Address("10.0.0.1", 80)

    def log_in(*_more: object) -> tuple[Any, Target, str]:
        with path.open("a") as file:
            file.write('[camera.door]\nhost = "door.lan"\n')
        return CameraSummary(address, None, DEVICE, {}, None), Target(address, "u"), PASSWORD

    def answer(question: str) -> str:
        asked.append(question)
        if len(asked) == 2:
            path.write_text(path.read_text() + "# the end\n")
        return ["door", "gate"][len(asked) - 1]

    asked: list[str] = []
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(setup, "_found", lambda _places: [])
    monkeypatch.setattr(setup._Login, "at_one_of", log_in)
    monkeypatch.setattr(setup, "_line", answer)
    run = camreel_(["setup"])
    assert run.code == 0, run.err
    assert "There is a camera named door" in " ".join(run.everything.split())
    assert list(read_settings().cameras) == ["attic", "door", "gate"]
    assert "# the end\n" in path.read_text()
