"""Paths as links: where a terminal knows them, what the URL is, and that no path steers a terminal."""

from __future__ import annotations

import io
import os
import re
import socket
import sys
from pathlib import Path
from urllib.parse import unquote_to_bytes, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camreel.cli.ui.terminal import file_url, knows_links, linked

if sys.platform == "win32":
    pytest.skip("paths of POSIX", allow_module_level=True)


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("environment", "knows"),
    [
        ({"TERM": "xterm-256color"}, True),
        ({"TERM": "screen", "TMUX": "/tmp/tmux-0/default,1,0"}, True),
        ({"TERM": "screen.xterm-256color"}, False),
        ({"TERM": "linux"}, False),
        ({"TERM": "dumb"}, False),
        ({}, False),
        ({"TERM": "xterm-256color", "VTE_VERSION": "4902"}, False),
        ({"TERM": "xterm-256color", "VTE_VERSION": "6800"}, True),
        ({"TERM": "xterm-256color", "INSIDE_EMACS": "29"}, False),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "Apple_Terminal"}, False),
        ({"TERM": "xterm-256color", "FORCE_HYPERLINK": "0"}, False),
        ({"TERM": "linux", "FORCE_HYPERLINK": "1"}, True),
        ({"TERM": "dumb", "FORCE_HYPERLINK": "1"}, False),
    ],
)
def test_which_terminals_get_links(environment: dict[str, str], knows: bool) -> None:
    """Those that know them or ignore them; FORCE_HYPERLINK decides, but never for what is no terminal."""
    assert knows_links(Tty(), environment) is knows
    assert not knows_links(io.StringIO(), environment | {"FORCE_HYPERLINK": "1"})
    assert not knows_links(None, environment)


def test_a_url_names_this_computer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind an ssh the terminal is on another one. A name that is none is left out."""
    monkeypatch.setattr(socket, "gethostname", lambda: "nas-1")
    assert file_url("/srv/a b/Tür;1.mp4") == "file://nas-1/srv/a%20b/T%C3%BCr%3B1.mp4"
    monkeypatch.setattr(socket, "gethostname", lambda: "x\x1b]0;owned\x07/")
    assert file_url("/srv/a.mp4") == "file:///srv/a.mp4"


def test_a_link_is_drawn_around_what_is_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What is no whole path is none, nor what is not there: a dry run names what would be."""
    monkeypatch.setattr(socket, "gethostname", lambda: "h")
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "a.mp4"
    assert linked("x", str(path)) == "x"
    path.touch()
    assert linked("\x1b[1mx\x1b[0m", str(path)) == f"\x1b]8;;{file_url(str(path))}\x1b\\\x1b[1mx\x1b[0m\x1b]8;;\x1b\\"
    assert linked("x", "a.mp4") == "x"


@given(name=st.text(min_size=1, max_size=30).filter(lambda name: "/" not in name and "\0" not in name))
def test_nothing_in_a_path_steers_a_terminal(name: str) -> None:
    """Whatever a file is called: printable text between two sequences of ours, and a URL that is its path."""
    path = f"/videos/{name}"
    try:
        raw = os.fsencode(path)
    except UnicodeEncodeError:  # half of a surrogate pair: no file has such a name
        return
    url = file_url(path)
    assert re.fullmatch(r"file://[A-Za-z0-9.-]*/[A-Za-z0-9%._~/-]*", url)
    if name not in {".", ".."}:
        assert unquote_to_bytes(urlsplit(url).path) == raw
