"""Sizes and durations as people write them."""

from __future__ import annotations

import pytest

from camreel.text import clock_text, count_text, duration_text, size_text, table_lines, wrapped


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1 kB"), (1234, "1.23 kB"), (99_900, "99.9 kB"), (999_400, "999 kB"),
     (999_600, "1 MB"), (17_561_629, "17.6 MB"), (2_040_000_000, "2.04 GB"), (123_000_000_000, "123 GB"),
     (5_000_000_000_000, "5 TB"), (1 << 50, "1126 TB")],
)  # fmt: skip
def test_sizes_have_three_figures_in_decimal_units(count, text):
    """As disks and cameras count them, and never in powers of ten."""
    assert size_text(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (0.04, "0 s"), (4.5, "4.5 s"), (59.9, "59.9 s"), (60, "1 min"), (61, "1 min 1 s"), (3600, "1 h"),
     (33_124, "9 h 12 min 4 s"), (86_400, "1 d"), (90_061, "1 d 1 h 1 min 1 s"), (1800, "30 min")],
)  # fmt: skip
def test_durations_leave_zeros_out(seconds, text):
    """The largest units that are not zero, to the second; tenths below a minute."""
    assert duration_text(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(-3, "00:00"), (0, "00:00"), (123, "02:03"), (3599.6, "1:00:00"), (3723, "1:02:03")]
)
def test_times_to_wait_fit_a_progress_line(seconds, text):
    """Short, and never negative."""
    assert clock_text(seconds) == text


@pytest.mark.parametrize(("count", "text"), [(0, "0 clips"), (1, "1 clip"), (2, "2 clips")])
def test_counts_agree_with_their_noun(count, text):
    """One has no s."""
    assert count_text(count, "clip") == text


@pytest.mark.parametrize("measure", ["15 s", "2 min", "9 h 12 min 4 s", "1.19 MB", "87.5 %", "4 bytes", "1.5 s"])
def test_lines_never_break_inside_a_measure(measure):
    """In whatever width, the number stays with its unit; it is printed with common spaces."""
    text = f"after {measure}, it took ({measure}) and no more than {measure} of all"
    for width in range(len(measure) + 6, 80):
        lines = wrapped(text, width, "x ", "  ")
        assert " ".join(line[2:] for line in lines) == text
        assert all(len(line) <= width for line in lines)
        assert sum(line.count(measure) for line in lines) == 3


def test_words_that_are_no_measure_may_part():
    """ "2 minutes" and a bare number have nothing to keep together."""
    assert wrapped("12 hours 3 main", 9) == ["12 hours", "3 main"]
    assert wrapped("", 9, "Note ") == ["Note "]


def test_heads_are_never_cut():
    """However narrow it is; cells are, with an ellipsis, the widest columns first."""
    heads, row = ("Camera", "Recordings", "Gaps"), ["front-door-camera", "12", "2 gaps, 1 h 15 min 3 s"]
    assert list(table_lines(heads, lambda: [row], 34)) == [
        "Camera      Recordings  Gaps",
        "front-doo…  12          2 gaps, 1…",
    ]
    assert next(table_lines(heads, lambda: [row], 10)) == "Camera    Recordings  Gaps"


def test_the_rows_of_a_table_are_not_held():
    """They are asked for twice, one by one; numbers stand to the right."""
    held = most = 0

    class Cell(str):
        __slots__ = ()

        def __new__(cls, text: str) -> Cell:
            nonlocal held, most
            held += 1
            most = max(most, held)
            return super().__new__(cls, text)

        def __del__(self) -> None:
            nonlocal held
            held -= 1

    def rows():
        return ([Cell("x" * number), Cell(str(10**number))] for number in range(1, 100))

    lines = list(table_lines(("A", "Size"), rows, right=(1,)))
    assert lines[0] == "A".ljust(99) + "Size".rjust(102)
    assert lines[1] == "x".ljust(99) + "10".rjust(102)
    assert lines[-1] == "x" * 99 + "  1" + "0" * 99
    assert len(lines) == 100
    assert most < 10
