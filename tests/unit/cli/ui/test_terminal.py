"""Lines that are drawn again and again at the bottom of a terminal, and what is said above them."""

from __future__ import annotations

import io
import json
import re

import pyte
import pytest

from camreel.cli.ui.reporters import fitting
from camreel.cli.ui.terminal import Line, LiveLines, cells, cropped, is_live, painted, say_json, styled, terminal_width
from camreel.report import JsonRows

ROWS = 10


def plain(texts: list[str]) -> list[Line]:
    return [((text, ""),) for text in texts]


class Window(io.StringIO):
    """A terminal whose screen can be looked at, and whose size can be changed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
        super().__init__()
        self.screen = pyte.Screen(columns, ROWS)
        self.screen.set_mode(pyte.modes.LNM)  # as a tty, which makes two of each "\\n"
        self._stream = pyte.Stream(self.screen)
        self._monkeypatch = monkeypatch
        self.resize(columns)

    def resize(self, columns: int, rows: int = ROWS) -> None:
        self._monkeypatch.setenv("COLUMNS", str(columns))
        self._monkeypatch.setenv("LINES", str(rows))
        self.screen.resize(rows, columns)

    def write(self, text: str) -> int:
        self._stream.feed(text)
        return super().write(text)

    @property
    def shown(self) -> list[str]:
        return "\n".join(line.rstrip() for line in self.screen.display).rstrip().split("\n")


class Clock:
    """Seconds, moved by hand."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds

    def settle(self, lines: LiveLines) -> None:
        """Let the new width be seen, and time pass."""
        lines.draw([])
        self.seconds += 0.31


@pytest.fixture
def window(monkeypatch: pytest.MonkeyPatch) -> Window:
    monkeypatch.setenv("XTERM_VERSION", "XTerm(379)")  # does not fold, as pyte does not
    return Window(monkeypatch, 30)


def test_lines_stay_where_they_are_and_leave_nothing_behind(window: Window) -> None:
    """More of them, fewer, shorter; what is said stands above; at the end they are gone and the cursor is back."""
    lines = LiveLines(window)
    lines.draw(plain(["one " * 5, "two"]))
    lines.draw(plain(["one", "two", "three"]))
    assert window.shown == ["one", "two", "three"]
    lines.say("said\nmore")
    assert window.shown == ["said", "more", "one", "two", "three"]
    lines.draw(plain(["one"]))
    assert window.shown == ["said", "more", "one"]
    assert window.screen.cursor.hidden
    lines.close()
    lines.close()
    lines.draw(plain(["late"]))
    assert window.shown == ["said", "more"]
    assert not window.screen.cursor.hidden


def test_they_go_on_after_a_question(window: Window) -> None:
    """Taken away for it, and there again below it."""
    lines = LiveLines(window)
    lines.draw(plain(["one"]))
    lines.close()
    window.write("Sure? y\n")
    lines.open()
    lines.draw(plain(["two"]))
    assert window.shown == ["Sure? y", "two"]


def test_what_has_not_changed_is_not_drawn(window: Window) -> None:
    """Not a byte: nothing flickers."""
    lines = LiveLines(window)
    lines.draw(plain(["one", "two"]))
    before = window.getvalue()
    lines.draw(plain(["one", "two"]))
    assert window.getvalue() == before


def test_a_ctrl_c_leaves_no_trace(window: Window) -> None:
    """The terminal writes ^C where the cursor is; the next picture is over it."""
    lines = LiveLines(window)
    lines.draw(plain(["a" * 29, "b" * 29]))
    window.write("^C")
    lines.draw(plain(["a" * 29, "c"]))
    assert window.shown == ["a" * 29, "c"]


def test_a_window_that_is_pulled_has_nothing_twice(window: Window) -> None:
    """Narrower, wider and lower: each line is cut at the edge, and the old picture is gone."""
    clock = Clock()
    lines = LiveLines(window, clock)
    lines.say("said")
    lines.draw(plain([f"first {'x' * 50}", "second"]))
    assert window.shown == ["said", f"first {'x' * 23}", "second"]
    window.resize(20)
    clock.settle(lines)
    lines.draw(plain([f"first {'x' * 50}", "second"]))
    assert window.shown == ["said", f"first {'x' * 13}", "second"]
    window.resize(60)
    clock.settle(lines)
    lines.draw(plain([f"first {'x' * 50}", "second"]))
    assert window.shown == ["said", f"first {'x' * 50}", "second"]
    window.resize(60, 3)
    lines.draw(plain(["1", "2", "3", "4"]))
    assert window.shown[-2:] == ["1", "2"]


def test_lines_that_the_terminal_has_folded_are_counted(window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    """Most terminals fold long lines when they become narrower: the way up is as long as what they made of them."""
    monkeypatch.delenv("XTERM_VERSION")
    monkeypatch.setenv("TERM", "tmux-256color")
    clock = Clock()
    lines = LiveLines(window, clock)
    lines.draw(plain(["x" * 29, "y" * 15, "z" * 29]))
    window.resize(10)
    clock.settle(lines)
    before = len(window.getvalue())
    lines.draw(plain(["x", "y", "z"]))
    # three rows of x and two of y stand above the beginning of z
    assert window.getvalue()[before:].startswith("\r\x1b[5A\x1b[J")


def test_nothing_is_written_while_the_window_is_pulled(window: Window) -> None:
    """tmux tells of a new width late: what is drawn meanwhile would be in the wrong place. What is said is held."""
    clock = Clock()
    lines = LiveLines(window, clock)
    lines.draw(plain(["one"]))
    before = window.getvalue()
    for columns in (28, 26, 24):
        window.resize(columns)
        clock.seconds += 0.25
        lines.draw(plain([f"one {columns}"]))
        lines.say(f"said at {columns}")
    assert window.getvalue() == before
    clock.seconds += 0.31
    lines.draw(plain(["one 24"]))
    assert window.shown == ["said at 28", "said at 26", "said at 24", "one 24"]
    window.resize(30)
    lines.draw(plain(["one 30"]))
    lines.say("the last")
    lines.close()
    assert window.shown == ["said at 28", "said at 26", "said at 24", "the last"]


def test_what_is_said_after_a_pull_makes_no_line_too_long(window: Window) -> None:
    """The lines below it, drawn for a wider window, are cut at the new edge before they are written again."""
    clock = Clock()
    lines = LiveLines(window, clock)
    lines.draw(plain(["x" * 29, "y" * 29]))
    window.resize(10)
    clock.settle(lines)
    lines.say("said")
    assert window.shown == ["said", "x" * 9, "y" * 9]


def test_wide_letters_count_twice() -> None:
    """A channel's title may be Chinese, or have accents that take no room."""
    assert cells("door") == 4
    assert cells("\u524d\u95e8") == 4
    assert cells("e\u0301") == 1
    assert cropped("\u524d\u95e8\u524d", 5) == "\u524d\u95e8"


def test_colours_are_left_out_where_they_are_not_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_COLOR, and terminals that are none."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("COLORTERM", raising=False)
    assert painted("x", "yellow") == "\x1b[33mx\x1b[0m"
    monkeypatch.setenv("NO_COLOR", "1")
    assert painted("x", "yellow") == "x"
    assert not is_live(None)
    assert not is_live(io.StringIO())


def _luminance(red: int, green: int, blue: int) -> float:
    """Of a colour, from 0 to 1, as WCAG has it."""
    shares = [value / 255 for value in (red, green, blue)]
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("colour", ["red", "green", "yellow", "magenta", "cyan"])
def test_no_colour_vanishes_on_white_or_on_black(monkeypatch: pytest.MonkeyPatch, colour: str) -> None:
    """Three to one, as WCAG asks of signs; of the 256 colours, which no theme of a terminal changes."""
    monkeypatch.setenv("TERM", "tmux-256color")
    found = re.fullmatch(r"\x1b\[1;38;5;(\d+)mx\x1b\[0m", styled("x", f"bold {colour}"))
    assert found
    red, rest = divmod(int(found[1]) - 16, 36)
    level = _luminance(*((0, 95, 135, 175, 215, 255)[each] for each in (red, rest // 6, rest % 6)))
    assert 1.05 / (level + 0.05) >= 3
    assert (level + 0.05) / 0.05 >= 3
    monkeypatch.setenv("TERM", "linux")
    monkeypatch.delenv("COLORTERM", raising=False)
    assert re.fullmatch(r"\x1b\[3[1-6]mx\x1b\[0m", styled("x", colour))


@pytest.mark.parametrize(("columns", "width"), [(39, None), (40, 39), (41, 40), (200, 199)])
def test_lines_are_broken_between_words_from_40_columns_on(
    window: Window, monkeypatch: pytest.MonkeyPatch, columns: int, width: int | None
) -> None:
    """At 40 too: all columns but the last."""
    window.resize(columns)
    monkeypatch.setattr(window, "isatty", lambda: True)
    assert terminal_width(window) == width


def test_what_does_not_fit_is_counted() -> None:
    """The first stay, for the whole is there."""
    assert fitting(plain(["1", "2", "3"]), 3) == plain(["1", "2", "3"])
    assert fitting(plain(["1", "2", "3", "4"]), 3) == plain(["1", "2", "… and 2 more"])


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"a": 1, "none": None, "text": "é\n«\x1b", "empty": [], "nothing": {}, "pair": ("x", 1), "number": 0.5},
        {"list": [1, [2, {"deep": [True]}], "three"], "inner": {"more": {"list": [{"a": []}, {}]}}, "last": ""},
    ],
)
def test_a_document_is_written_as_json_writes_it(
    document: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    """Piece by piece, and not a letter differs."""
    say_json(document)
    assert capsys.readouterr().out == json.dumps(document, indent=2) + "\n"


def test_rows_are_made_while_they_are_written(capsys: pytest.CaptureFixture[str]) -> None:
    """When the last of 5,000 is made, most are on their way."""
    pieces: list[str] = []

    def row(number: int) -> dict[str, object]:
        pieces.append(capsys.readouterr().out)
        return {"number": number, "list": [number]}

    say_json({"runs": [{"rows": JsonRows(row, range(5000)), "none": JsonRows(row, ())}], "end": 1})
    assert sum(map(bool, pieces)) > 5
    rows = [{"number": number, "list": [number]} for number in range(5000)]
    whole = {"runs": [{"rows": rows, "none": []}], "end": 1}
    assert "".join(pieces) + capsys.readouterr().out == json.dumps(whole, indent=2) + "\n"
