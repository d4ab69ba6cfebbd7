"""The drawing of what is recorded: signs, axis, labels; the clock that is put back and forward."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from camreel.cli.ui.timeline import ASCII, BLOCKS, Row, drawn, signs_for
from camreel.clock import CameraClock, NamedZone
from camreel.model import Span, WallTime
from camreel.planning.coverage import CoverageKind, CoverageSpan, ticks

START = WallTime(datetime(2026, 1, 16))  # noqa: DTZ001 - by the camera's clock
DAY = Span(START, START + timedelta(days=1))


def berlin(moment: datetime) -> CameraClock:
    zone = NamedZone("Europe/Berlin")
    return CameraClock(zone, timedelta(0), "test", zone.offset_at(moment))


def row(
    *parts: tuple[float, CoverageKind, tuple[str, ...]], label: str = "ch1", clock: CameraClock | None = None
) -> Row:
    """Stretches one after the other, of so many seconds each."""
    found, at = [], START
    for seconds, kind, events in parts:
        found.append(CoverageSpan(Span(at, at + timedelta(seconds=seconds)), kind, events))
        at = found[-1].span.end
    return Row(label, Span(START, at), tuple(found), clock)


def text(rows: list[Row], width: int = 80) -> list[str]:
    return ["".join(piece for piece, _ in line) for line in drawn(rows, width, BLOCKS)]


def test_a_second_without_footage_is_seen_in_a_day() -> None:
    """Its column is not full; and so is a second of footage in a day of nothing."""
    one = row((40_000, CoverageKind.RECORDED, ()), (1, CoverageKind.GAP, ()), (46_399, CoverageKind.RECORDED, ()))
    other = row((40_000, CoverageKind.GAP, ()), (1, CoverageKind.EVENT, ("alarm",)), (46_399, CoverageKind.GAP, ()))
    lines = text([one, other])
    assert lines[0].count("▇") == 1
    assert lines[0][9:].strip("█") == "▇"
    assert lines[1].count("▁") == 1
    assert lines[2].startswith("  alarm")
    assert lines[2].index("▀") == lines[1].index("▁")
    assert max(map(len, lines)) <= 80


def test_many_kinds_of_events_share_a_line() -> None:
    """Three have their own, the rest one together: none is lost."""
    words = ["motion", "motion", "alarm", "alarm", "face", "face", "sound", "person"]
    parts = [
        (60.0, CoverageKind.EVENT, (word,)) if even else (60.0, CoverageKind.RECORDED, ())
        for word in words
        for even in (1, 0)
    ]
    lines = text([row(*parts)])
    assert [line[:10].strip() for line in lines[1:5]] == ["motion", "alarm", "face", "others"]
    assert all("▀" in line for line in lines[1:5])


def test_what_is_drawn_with() -> None:
    """Blocks where the encoding has them, ASCII where it has not or is not known."""
    assert signs_for("utf-8") is BLOCKS
    assert [signs_for(each) for each in ("ascii", "latin-1", "cp1252", "no-such", None)] == [ASCII] * 5
    lines = drawn(
        [row((60, CoverageKind.RECORDED, ()), (60, CoverageKind.PENDING, ()), (600, CoverageKind.GAP, ()))], 60, ASCII
    )
    assert all(piece.isascii() for line in lines for piece, _ in line)


def test_the_legend_shows_each_sign_in_its_colour() -> None:
    """And says in words what it stands for; it is broken between meanings, however narrow."""
    of_all = row(
        (7200, CoverageKind.EVENT, ("motion",)),
        (900, CoverageKind.GAP, ()),
        (7200, CoverageKind.RECORDED, ()),
        (7200, CoverageKind.GAP, ()),
        (7200, CoverageKind.PENDING, ()),
        (7200, CoverageKind.UNWANTED, ()),
    )
    lines = drawn([of_all], 70, BLOCKS)
    legend = [piece for line in lines[3:] for piece in line if piece[0].strip()]
    assert legend[:-1] == [
        *[("█", "green"), (" recorded", "dim")],
        *[("▁▂▃▄▅▆▇", "yellow"), (" in part", "dim")],
        *[("·", "red"), (" nothing recorded", "dim")],
        *[("~", "cyan"), (" may still be written", "dim")],
        *[("▀", "magenta"), (" event", "dim")],
        ("blank:", ""),
        (" not asked for", "dim"),
    ]
    assert legend[-1][0].startswith("a column is ")
    drawn_with = {piece for line in lines[:2] for piece in line}
    for sign, style in legend[:-3:2]:
        assert any(style == other and set(text) & set(sign) for text, other in drawn_with), sign
    whole = [" ".join("".join(text for text, _ in line).split()) for line in lines[3:]]
    narrow = ["".join(text for text, _ in line) for line in drawn([of_all], 40, BLOCKS)[3:]]
    assert max(map(len, narrow)) <= 40
    assert " ".join(" ".join(narrow).split()).rpartition(" is ")[0] == " ".join(whole).rpartition(" is ")[0]


def test_a_long_name_keeps_its_channel() -> None:
    """It is cut before that."""
    (line, *_) = text([row((60, CoverageKind.RECORDED, ()), label=f"{'camera-' * 9} ch12")], 60)
    assert line.split("  ")[0].endswith("…ch12")
    assert len(line) == 60


def test_rows_of_one_range_share_an_axis() -> None:
    """Also where "now" was a few seconds later for the second; other ranges have their own."""
    one = row((3600, CoverageKind.RECORDED, ()))
    later = Row("ch2", Span(START + timedelta(seconds=4), one.span.end + timedelta(seconds=4)), (), None)
    other = Row("ch3", Span(START + timedelta(hours=5), START + timedelta(hours=6)), (), None)
    assert sum("│" in line for line in text([one, later])) == 1
    assert sum("│" in line for line in text([one, later, other])) == 2


@pytest.mark.parametrize(
    ("hours", "most", "labels"),
    [
        (24, 8, ["16 Jan", "03:00", "06:00", "09:00", "12:00", "15:00", "18:00", "21:00"]),
        (1 / 60, 4, ["16 Jan", "00:00:15", "00:00:30", "00:00:45"]),
        (24 * 4, 4, ["16 Jan", "17 Jan", "18 Jan", "19 Jan"]),
    ],
)
def test_ticks_are_round_times(hours: float, most: int, labels: list[str]) -> None:
    """Of seconds, of hours, of days."""
    span = Span(START, START + timedelta(hours=hours))
    assert [tick.label for tick in ticks(span, None, most)] == labels


@pytest.mark.parametrize(
    ("day", "labels"),
    [
        (datetime(2026, 10, 25, tzinfo=timezone.utc), ["25 Oct", "01:00", "02:00", "02:00", "03:00", "04:00"]),
        (datetime(2026, 3, 29, tzinfo=timezone.utc), ["29 Mar", "01:00", "03:00", "04:00", "05:00", "06:00"]),
    ],
)
def test_ticks_are_what_the_camera_shows(day: datetime, labels: list[str]) -> None:
    """The hour that happens twice is there twice, the one that does not happen is not; an hour apart all the same."""
    clock = berlin(day - timedelta(hours=3))
    start = WallTime(day.replace(tzinfo=None))  # midnight there, straight
    found = ticks(Span(start, start + timedelta(hours=6)), clock, 6)
    assert [tick.label for tick in found] == labels
    assert [(tick.at - start) / timedelta(hours=1) for tick in found] == [0, 1, 2, 3, 4, 5]


def test_hostile_ranges_end() -> None:
    """Centuries, and a range shorter than any tick."""
    ages = Span(WallTime(datetime(1, 1, 2)), WallTime(datetime(9998, 1, 1)))  # noqa: DTZ001 - by the camera's clock
    assert len(ticks(ages, None, 10)) < 20_000
    assert ticks(Span(START + timedelta(seconds=0.2), START + timedelta(seconds=0.4)), None, 10) == ()
