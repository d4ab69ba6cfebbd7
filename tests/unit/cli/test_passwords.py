"""Where the password comes from, and where it never goes."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest
from tests.fakes import BASIC, PASSWORD, Camreel, FakeExport


class Terminal(io.StringIO):
    """A keyboard nobody types on."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def unattended(exported: FakeExport, monkeypatch: pytest.MonkeyPatch) -> FakeExport:
    """No password anywhere, and no terminal."""
    monkeypatch.delenv("AMCREST_PASSWORD")
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    return exported


def test_the_variable_is_used_and_then_gone(camreel_: Camreel, exported: FakeExport) -> None:
    """AMCREST_PASSWORD reaches the export, and no child process after that."""
    assert camreel_(BASIC).code == 0
    assert exported.password == PASSWORD
    assert "AMCREST_PASSWORD" not in os.environ


@pytest.mark.parametrize(
    "content",
    [
        *(b"from a file", b"from a file\n", b"from a file\r\nand more\n", b"from a file\r", b"from a file\rand more\r"),
        *(b"\xef\xbb\xbffrom a file\n", b"\xef\xbb\xbffrom a file\r\n"),
        *("from a file\r\nand more".encode(encoding) for encoding in ("utf-16", "utf-8-sig")),
        b"\xfe\xff" + "from a file\r\n".encode("utf-16-be"),
        b"from a file\n" + "ä".encode() * 3000,
        b"from a file\n" + b"x" + "ä".encode() * 3000,
    ],
    ids=lambda content: repr(content[:30]),
)
def test_the_first_line_of_the_file_is_used(
    camreel_: Camreel, unattended: FakeExport, tmp_path: Path, content: bytes
) -> None:
    """AMCREST_PASSWORD_FILE, whichever editor wrote it."""
    (tmp_path / "secret").write_bytes(content)
    assert camreel_(BASIC, AMCREST_PASSWORD_FILE=str(tmp_path / "secret")).code == 0
    assert unattended.password == "from a file"


def test_spaces_belong_to_the_password(camreel_: Camreel, unattended: FakeExport, tmp_path: Path) -> None:
    """Only the line's end is cut off."""
    (tmp_path / "secret").write_bytes(b" a b \n")
    camreel_(BASIC, AMCREST_PASSWORD_FILE=str(tmp_path / "secret"))
    assert unattended.password == " a b "


def test_the_variable_goes_before_the_file(camreel_: Camreel, exported: FakeExport) -> None:
    """Where both are set, the file is not even looked at."""
    assert camreel_(BASIC, AMCREST_PASSWORD_FILE="nowhere").code == 0
    assert exported.password == PASSWORD


def test_a_file_that_cannot_be_read_is_named(camreel_: Camreel, unattended: FakeExport, tmp_path: Path) -> None:
    """Missing, a folder, not text, a video: exit 2, and the message names the file."""
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "video").write_bytes(b"x" * 5000)
    for place in ("nowhere", str(tmp_path), "binary", "video", "~no-such-user/file"):
        run = camreel_(BASIC, AMCREST_PASSWORD_FILE=place)
        assert run.code == 2
        assert place in run.err
        assert "AMCREST_PASSWORD_FILE" in run.err
    assert unattended.asked == []


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_a_line_end_is_no_part_of_the_variable(camreel_: Camreel, exported: FakeExport, end: str) -> None:
    """Files of variables have lines of Windows, too."""
    assert camreel_(BASIC, AMCREST_PASSWORD=f"{PASSWORD}{end}").code == 0
    assert exported.password == PASSWORD


@pytest.mark.parametrize("password", ["", "a\x16b", "a\udcffb"])
def test_what_cannot_be_right_is_not_tried(camreel_: Camreel, exported: FakeExport, password: str) -> None:
    """Each wrong login counts towards a lock of the account: an empty or garbled password stays here."""
    run = camreel_(BASIC, AMCREST_PASSWORD=password)
    assert run.code == 2
    assert "AMCREST_PASSWORD" in run.err
    assert exported.asked == []


def test_no_terminal_and_no_password(camreel_: Camreel, unattended: FakeExport) -> None:
    """Exit 2 at once, with the ways to give one."""
    run = camreel_(BASIC)
    assert run.code == 2
    assert run.err.startswith("camreel: error: There is no password, and no terminal to ask for it.")
    assert "AMCREST_PASSWORD," in run.err
    assert "AMCREST_PASSWORD_FILE" in run.err


def test_the_prompt_names_user_and_camera(
    camreel_: Camreel, unattended: FakeExport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that nobody types the wrong password of many."""
    prompts: list[str] = []

    def ask(prompt: str, stream: object = None) -> str:
        prompts.append(prompt)
        return "typed"

    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr("getpass.getpass", ask)
    assert camreel_([*BASIC, "--host", "[fe80::1]:81"]).code == 0
    assert prompts == ["Password for admin at http://[fe80::1]:81: "]
    assert unattended.password == "typed"


@pytest.mark.parametrize(
    ("typed", "is_known"),
    [
        (["--host", "192.168.1.100"], True),
        (["--host", "http://192.168.1.100:80"], True),
        (["--host", "192.168.1.100", "--port", "81"], False),
        (["--host", "https://192.168.1.100"], False),
        (["--host", "192.168.1.101"], False),
    ],
    ids=str,
)
def test_a_host_that_has_a_name_is_asked_for_its_password_with_the_name(
    camreel_: Camreel, unattended: FakeExport, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, typed: list[str],
    is_known: bool,
) -> None:  # fmt: skip
    """The prompt proposes the name. What is kept for the name is sent nowhere else, nor to what was typed."""
    settings = tmp_path / "config.toml"
    settings.write_text('[camera.front-door]\nhost = "192.168.1.100"\nusername = "admin"\npassword = "kept"\n')
    settings.chmod(0o600)
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr("getpass.getpass", lambda _prompt, stream: "typed")
    run = camreel_([*BASIC, *typed], CAMREEL_CONFIG=str(settings))
    assert (run.code, unattended.password) == (0, "typed")
    assert (f"That is front-door in the settings.{' '}" in run.err) == is_known
    assert ("\n  camreel get front-door\n" in run.err) == is_known
    run = camreel_([*BASIC, *typed, "--no-input"], CAMREEL_CONFIG=str(settings))
    assert ("\n    camreel get front-door\n" in run.err, run.code) == (is_known, 2)


@pytest.mark.parametrize(("outcome", "code"), [(EOFError(), 2), (KeyboardInterrupt(), 130)])
def test_leaving_the_prompt(
    camreel_: Camreel, unattended: FakeExport, monkeypatch: pytest.MonkeyPatch, outcome: BaseException, code: int
) -> None:
    """Ctrl-D is no password, Ctrl-C an interruption; each is told on a line of its own, without a traceback."""

    def ask(prompt: str, stream: object = None) -> str:
        raise outcome

    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr("getpass.getpass", ask)
    run = camreel_(BASIC)
    assert run.code == code
    first, second, *_ = run.err.split("\n")
    assert first == ""
    assert ("No password was typed." if code == 2 else "interrupted") in second
    assert "Traceback" not in run.err


@pytest.mark.parametrize(("typed", "code"), [(["", "typed"], 0), (["", ""], 2)])
def test_an_empty_line_is_asked_about_once(
    camreel_: Camreel, unattended: FakeExport, monkeypatch: pytest.MonkeyPatch, typed: list[str], code: int
) -> None:
    """A slip on Enter costs no login; twice is an answer."""
    prompts: list[str] = []

    def ask(prompt: str, stream: object = None) -> str:
        prompts.append(prompt)
        return typed[len(prompts) - 1]

    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr("getpass.getpass", ask)
    run = camreel_(BASIC)
    assert run.code == code
    assert len(prompts) == 2
    assert prompts[1].startswith("Nothing was typed. Password for admin at ")
    assert ("Run it again and type it, or set AMCREST_PASSWORD" in run.err) == (code == 2)
    assert bool(unattended.asked) == (code == 0)


def test_a_password_file_without_a_name(camreel_: Camreel, unattended: FakeExport) -> None:
    """AMCREST_PASSWORD_FILE= is told as what it is."""
    run = camreel_(BASIC, AMCREST_PASSWORD_FILE="")
    assert run.code == 2
    assert run.err.startswith("camreel: error: AMCREST_PASSWORD_FILE is set, but names no file.")


def test_a_wish_that_is_fulfilled_needs_no_password(camreel_: Camreel, unattended: FakeExport) -> None:
    """What is already there is found before anybody is asked."""
    from tests.fakes import report

    camreel_(BASIC, AMCREST_PASSWORD="x")
    unattended.there = report(unattended.request)
    unattended.asked.clear()
    run = camreel_(BASIC)
    assert run.code == 0
    assert unattended.asked == []
