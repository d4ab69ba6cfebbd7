"""Each key of each JSON document is on the page about JSON: the documents are made by the program itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from camreel.cli import main
from camreel.planning.account import LossKind
from camreel_simulator import SimulatedCamera, running
from camreel_simulator.scenes import demo_camera

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference" / "json.md").read_text("utf-8")
PASSWORD = "simulated-1"
RANGE = ["-s", "2026-01-16 08:00", "-e", "2026-01-16 08:02"]


def a_camera() -> SimulatedCamera:
    return demo_camera(username="admin", password=PASSWORD)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with running(a_camera()) as server:
        yield f"127.0.0.1:{server.port}"


RUNS = {
    "get": (["get", "door", *RANGE, "--events", "motion,alarm"], {0, 3, 4}),
    "several": (["get", "door", "gate", *RANGE], {0, 4}),
    "nothing": (["get", "door", "--date", "2020-01-01"], {3}),
    "cameras list": (["cameras", "list"], {0}),
    "cameras test": (["cameras", "test", "door", "gate"], {0}),
    "config show": (["config", "show", "door"], {0}),
    "doctor": (["doctor", "door"], {0, 1}),
}


@pytest.mark.parametrize("name", RUNS)
def test_each_key_is_on_the_page(
    name: str, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The keys of the document, and in it those of each run and each camera."""
    settings = tmp_path / "config.toml"
    settings.touch(mode=0o600)
    section = f'host = "{address}"\nusername = "admin"\npassword = "{PASSWORD}"\n'
    settings.write_text(f"[camera.door]\n{section}[camera.gate]\n{section}")
    monkeypatch.setenv("CAMREEL_CONFIG", str(settings))
    monkeypatch.chdir(tmp_path)
    arguments, codes = RUNS[name]
    assert main([*arguments, "--json"]) in codes
    captured = capsys.readouterr()
    document: dict[str, Any] = json.loads(captured.out)
    within = [*document.get("runs", []), *(document["cameras"] if name.startswith("cameras") else [])]
    keys = {key for each in [document, *within] for key in each}
    assert {key for key in keys if f"`{key}`" not in PAGE} == set()


def test_each_kind_of_loss_is_on_the_page() -> None:
    """Programs tell losses apart by it."""
    assert [kind.value for kind in LossKind if f"| `{kind.value}` |" not in PAGE] == []
