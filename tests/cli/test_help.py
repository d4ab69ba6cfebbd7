"""The help page: what a stranger sees first."""

from __future__ import annotations

import subprocess
import sys

import pytest

from .fakes import Camreel


def test_the_first_screen_has_the_usual_options_and_examples(camreel_: Camreel) -> None:
    """24 lines of 80 columns: how to call it, the eight usual options, three examples that can be copied."""
    run = camreel_(["--help"])
    first = run.out.splitlines()[:23]
    assert run.code == 0
    for option in ("--host", "--username", "--start", "--end", "--channel", "--output-format", "-dir", "--output-file"):
        assert any(option in line for line in first)
    assert sum(line.startswith("  camreel --host") or " camreel -u" in line[10:] for line in first) == 3
    assert all(len(line) <= 80 for line in run.out.splitlines())


def test_the_examples_fit_a_narrow_terminal(camreel_: Camreel, monkeypatch: pytest.MonkeyPatch) -> None:
    """60 columns, under the longest of the names: no example is broken where a shell would not go on."""
    monkeypatch.setattr(sys, "argv", ["main.py"])
    page = camreel_(["--help"], COLUMNS="60").out.splitlines()
    examples = page[page.index("Examples:") + 1 :]
    examples = examples[: examples.index("")]
    assert len(examples) == 6
    assert all(len(line) <= 58 for line in examples)


def test_every_option_is_on_the_page_with_its_meaning(camreel_: Camreel) -> None:
    """All options of the contract, the variables, the exit codes and the other commands."""
    page = camreel_(["--help"]).out
    options = (
        "-u, --username,-s, --start,-e, --end,-c, --channel,--output-format,--output-dir,-o, --output-file,--port,"
        "--https,--insecure,--ca-file,--max-concurrent,--stream,--whole-clips,--require-complete,--if-exists,"
        "--keep-files,--json,-q, --quiet,-v, --verbose,--debug,--version,-h, --help"
    )
    for option in options.replace(", --", "; --").split(","):
        assert f" {option.replace(';', ',')} " in page
    for name in ("HOST", "PORT", "USERNAME", "CHANNEL", "PASSWORD", "PASSWORD_FILE"):
        assert f"AMCREST_{name}" in page
    for code in ("0 complete", "2 usage", "3 nothing", "4 partial", "5 login", "6 camera", "7 disk", "130 interr"):
        assert code in page
    assert "camreel demo" in page
    assert "camreel simulate" in page
    assert "password:" in page
    assert "--password " not in page


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["get", "--help"], ["--host", "x", "--help"]])
def test_help_is_had_from_anywhere(camreel_: Camreel, arguments: list[str]) -> None:
    """With and without the command's name, and behind other options."""
    run = camreel_(arguments)
    assert run.code == 0
    assert run.out.startswith("Usage: camreel --host HOST")


@pytest.mark.parametrize(("command", "option"), [("demo", "--output-dir"), ("simulate", "--port")])
def test_the_other_commands_have_help_too(camreel_: Camreel, command: str, option: str) -> None:
    """Under their own name."""
    run = camreel_([command, "--help"])
    assert run.code == 0
    assert run.out.startswith(f"Usage: camreel {command} [options]")
    assert option in run.out


def test_help_does_not_wait_for_what_it_does_not_need() -> None:
    """--help loads neither rich nor the network nor the media libraries: it is there at once."""
    code = (
        "import sys; from camreel.cli import main; main(['--help'])\n"
        "heavy = {'rich', 'aiohttp', 'av', 'anyio', 'asyncio', 'camreel.exporting', 'camreel_simulator'}\n"
        "print(*sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert (run.returncode, run.stderr.strip()) == (0, "")


def test_importing_the_package_does_not_even_load_click() -> None:
    """Whoever imports camreel.cli only wants main."""
    code = "import sys, camreel.cli; sys.exit('click' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
