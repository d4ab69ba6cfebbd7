"""scripts/environment.py: when it works, when it leaves an environment alone, and what it never removes."""

from __future__ import annotations

import sys
from pathlib import Path

import environment
import pytest


class Installs:
    """Stands in for pip and uv, and counts."""

    def __init__(self) -> None:
        self.dev: list[bool] = []
        self.fails = False

    def __call__(self, venv: Path, uv: str | None, *, dev: bool) -> None:
        self.dev.append(dev)
        if self.fails:
            raise environment.SetupError("no network")


@pytest.fixture
def installs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Installs:
    root = tmp_path / "root"
    root.mkdir()
    (root / "pyproject.toml").write_text("[project]\n")
    (root / "constraints.txt").write_text("click==8.5.1\n")
    (root / "main.py").write_text("def missing(): return ''\n")
    monkeypatch.setattr(environment, "ROOT", root)
    stand_in = Installs()
    monkeypatch.setattr(environment, "install", stand_in)

    def create(venv: Path, uv: str | None) -> None:
        import shutil
        import venv as builtin

        shutil.rmtree(venv, ignore_errors=True)
        builtin.create(venv, with_pip=False)

    monkeypatch.setattr(environment, "create", create)
    return stand_in


@pytest.fixture
def venv(installs: Installs) -> Path:
    return environment.ROOT / ".venv"


def test_the_second_time_does_nothing(installs: Installs, venv: Path, capsys: pytest.CaptureFixture[str]) -> None:
    environment.prepare(venv, dev=False)
    assert "ready" in capsys.readouterr().out
    environment.prepare(venv, dev=False)
    assert installs.dev == [False]
    assert capsys.readouterr().out == ""


def test_tools_are_added_once_and_stay(installs: Installs, venv: Path) -> None:
    for dev in (False, True, False, True):
        environment.prepare(venv, dev=dev)
    assert installs.dev == [False, True]


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt"])
def test_a_changed_file_installs_again(installs: Installs, venv: Path, name: str) -> None:
    environment.prepare(venv, dev=False)
    marker = venv / "kept"
    marker.touch()
    with (environment.ROOT / name).open("a") as file:
        file.write("# changed\n")
    environment.prepare(venv, dev=False)
    assert len(installs.dev) == 2
    assert marker.exists(), "what is there is built upon, not made anew"


def test_a_failed_set_up_is_not_taken_for_a_finished_one(installs: Installs, venv: Path) -> None:
    environment.prepare(venv, dev=False)
    installs.fails = True
    with pytest.raises(environment.SetupError):
        environment.prepare(venv, dev=True)
    installs.fails = False
    environment.prepare(venv, dev=False)
    assert len(installs.dev) == 3


def test_a_package_taken_away_by_hand_is_put_back(installs: Installs, venv: Path) -> None:
    environment.prepare(venv, dev=False)
    (environment.ROOT / "main.py").write_text("def missing(): return 'no click'\n")
    environment.prepare(venv, dev=False)
    assert len(installs.dev) == 2


def test_a_moved_folder_is_set_up_again(installs: Installs, venv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment.prepare(venv, dev=False)
    moved = environment.ROOT.rename(environment.ROOT.with_name("moved"))
    monkeypatch.setattr(environment, "ROOT", moved)
    environment.prepare(moved / ".venv", dev=False)
    assert len(installs.dev) == 2


def test_an_environment_of_another_python_is_made_anew(
    installs: Installs, venv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment.prepare(venv, dev=False)
    (venv / "old").touch()
    describe = environment.describe_python
    there = [["3.10.1", "/elsewhere"]]
    monkeypatch.setattr(
        environment, "describe_python", lambda python: describe(python) if str(python) == sys.executable else there[0]
    )
    environment.prepare(venv, dev=False)
    assert not (venv / "old").exists()


def test_a_python_that_does_not_run_is_described_by_nothing(tmp_path: Path) -> None:
    assert environment.describe_python(tmp_path / "none") == []
    assert environment.describe_python(sys.executable)[0].startswith("3.")


def test_a_folder_that_is_no_environment_is_not_removed(tmp_path: Path) -> None:
    photos = tmp_path / ".venv"
    photos.mkdir()
    (photos / "holiday.jpg").touch()
    with pytest.raises(environment.SetupError, match="no virtual environment"):
        environment.create(photos, None)
    assert (photos / "holiday.jpg").exists()


def test_where_uv_fails_pip_goes_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ran: list[list[str]] = []

    def run(command: list[str]) -> None:
        ran.append(command)
        if command[0] == "uv":
            raise environment.SetupError("this failed")

    monkeypatch.setattr(environment, "run", run)
    monkeypatch.setattr(environment, "venv_python", lambda venv: Path(sys.executable))
    environment.install(tmp_path, "uv", dev=True)
    assert ran[0][:3] == ["uv", "pip", "install"]
    assert ran[-1][-4:] == ["--editable", ".", "--group", "dev"]


def test_a_failure_names_the_command() -> None:
    with pytest.raises(environment.SetupError, match=r"this failed.*sys\.exit"):
        environment.run([sys.executable, "-c", "import sys; sys.exit(3)"])
