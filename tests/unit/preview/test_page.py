"""The page's colors: what is written can be read, what is drawn can be told from its ground, in light and in dark."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

CSS = files("camreel.preview").joinpath("page.css").read_text(encoding="utf-8")
TEXTS = [
    *[(ink, ground) for ink in ("text", "dim", "missing") for ground in ("back", "card")],
    *[("word", "card"), ("card", "focus"), ("text", "empty"), ("missing", "empty"), ("focus", "back")],
]
SIGNS = [
    *[(ink, "empty") for ink in ("recorded", "event", "pending", "missing")],
    *[(ink, ground) for ink in ("edge", "focus", "event") for ground in ("back", "card")],
    *[("card", "recorded"), ("card", "event"), ("text", "empty")],
]


def palette(scheme: str) -> dict[str, str]:
    """The colors of a scheme: those of the light one, and what the dark one changes."""
    light, dark = re.findall(r":root \{(.*?)\}", CSS, re.DOTALL)[:2]
    found = dict(re.findall(r"--(\w+): (#\w+);", light))
    return found | dict(re.findall(r"--(\w+): (#\w+);", dark)) if scheme == "dark" else found


def luminance(color: str) -> float:
    digits = color[1:] if len(color) == 7 else "".join(2 * digit for digit in color[1:])
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_the_measure():
    """As WCAG defines it: the orange that was too pale on white."""
    assert contrast("#fff", "#000000") == pytest.approx(21)
    assert contrast("#d9820f", "#fff") == pytest.approx(2.9, abs=0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_is_written_has_the_contrast_of_aa(scheme):
    """4.5 to 1."""
    colors = palette(scheme)
    pale = {pair: contrast(colors[pair[0]], colors[pair[1]]) for pair in TEXTS}
    assert {pair: ratio for pair, ratio in pale.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_is_drawn_can_be_told_from_its_ground(scheme):
    """3 to 1."""
    colors = palette(scheme)
    pale = {pair: contrast(colors[pair[0]], colors[pair[1]]) for pair in SIGNS}
    assert {pair: ratio for pair, ratio in pale.items() if ratio < 3} == {}


def test_what_the_sheet_of_style_writes_with_is_checked():
    """A new color of text is one of those above."""
    used = set(re.findall(r"[{; ]color: var\(--(\w+)\)", CSS))
    assert used <= {ink for ink, _ in TEXTS} | {"edge"}, used  # edge: of a button that cannot be pressed
