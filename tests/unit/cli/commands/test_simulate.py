"""`camreel simulate`: what it prints can be typed."""

from __future__ import annotations

from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest

from camreel.cli.commands import simulate

START = datetime(2026, 1, 16, 8, 0, 0)  # noqa: DTZ001 - by the camera's clock


@pytest.mark.parametrize(("authority", "word"), [("[::1]:40875", '"[::1]:40875"'), ("127.0.0.1:81", "127.0.0.1:81")])
@pytest.mark.parametrize("welcome", [simulate._welcome, simulate._welcome_to_days, simulate._welcome_back])
def test_an_address_is_one_word_for_any_shell(welcome: Any, authority: str, word: str) -> None:
    """The brackets of IPv6 are a pattern to zsh. What is typed to `setup` goes through no shell."""
    camera = SimpleNamespace(recordings=[SimpleNamespace(start=START)])
    said = welcome(SimpleNamespace(url=f"http://{authority}", camera=camera), False)
    commands = [line for line in said.splitlines() if line.startswith(" ") and authority in line]
    assert commands
    assert all(f" {word} " in f"{line} " for line in commands)
    if welcome is simulate._welcome_to_days:
        assert f"setup will not list it; type {authority} instead of a number." in said
