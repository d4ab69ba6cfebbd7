"""Make the HTML page of looks at one range, a row each. Pure.

The page needs nothing else: no request leaves it. Its policy allows its own style and script by their hashes, its
pictures as data, and nothing besides, so that nothing a camera says can run in it. `page.html` is its template.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta, timezone
from importlib.resources import files
from itertools import groupby

from jinja2 import Environment, StrictUndefined, Template

from camreel.clock import is_by_clock, show_span
from camreel.errors import printable
from camreel.model import Span, WallTime
from camreel.planning.coverage import CoverageKind
from camreel.preview.command import clock_parts
from camreel.preview.model import FailedLook, Look, Shot
from camreel.preview.view import (
    Moment,
    camera_of,
    event_spans,
    facts_of,
    have_one_axis,
    heading_of,
    marks,
    moments,
    place_in,
    shown,
    title_of,
    zones_of,
)
from camreel.report import clock_lines
from camreel.text import count_text, duration_text

_LEGEND = (
    ("recorded", "recorded"),
    ("event", "with an event"),
    ("pending", "may still be written"),
    ("lost", "no picture"),
)
_DRAWN = frozenset({CoverageKind.RECORDED, CoverageKind.EVENT, CoverageKind.PENDING})
_BY_THE_HOUR = (3, 48)  # hours of a range that is shown hour by hour; a longer one day by day
_BLOCKS, _MOST_BLOCKS = (1, 5, 10, 15, 30, 60, 120, 180, 360), 12  # minutes that several cameras are seen side by side
_LONGEST_TEXT = 2000
_LONGEST_LIST = 200_000
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class _Row:
    """One camera: its timeline, its commands, and what there is to say of it.

    `start` is in milliseconds since 1970, as if its clock showed UTC. `parts` and `events` are JSON. `called` stands
    before what is said below the pictures, if there are several.
    """

    camera: str
    called: str
    range: str
    facts: tuple[str, ...]
    clock_warnings: tuple[str, ...]
    missing: str
    start: int
    seconds: float
    parts: str
    events: str
    get: str
    look: str
    bars: tuple[tuple[str, float, float], ...]
    moments: tuple[Moment, ...]
    pending: tuple[str, ...]
    misses: tuple[_Missing, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Group:
    """Moments under one heading: for each row that has some its number and tiles. A text among them is a gap."""

    title: str
    rows: tuple[tuple[int, tuple[Moment | str, ...]], ...]


@dataclass(frozen=True, slots=True)
class _Missing:
    """The moments that have no picture for the same reason."""

    count: int
    times: str
    reason: str


def page(looks: Sequence[Look], failures: Sequence[FailedLook], picture: Callable[[Shot], bytes], mark: str) -> str:
    """Return the whole file. `picture` returns the JPEG of a shot; `mark` says for a later run what the page shows."""
    several = len(looks) + len(failures) > 1
    is_one_axis = have_one_axis(looks)
    rows = tuple(_row(look, zone, several=several) for look, zone in zip(looks, zones_of(looks), strict=True))
    ticks = [marks(look) for look in (looks[:1] if is_one_axis else looks)]
    common = (rows[0].facts[:1] if several else rows[0].facts) if is_one_axis else ()
    if common and several:  # what holds for all of them is said once
        rows = tuple(replace(row, facts=row.facts[row.facts[:1] == common :]) for row in rows)
    kinds = {kind for row in rows for kind, _, _ in row.bars}
    kinds |= {"lost"} if any(row.missing for row in rows) else set()
    return _template().render(
        mark=mark,
        style="\n" + _asset("page.css") + _places_of(ticks) + "\n",
        script="\n" + _asset("page.js"),
        title=title_of(looks, failures),
        heading=heading_of(looks, failures),
        several=several,
        facts=common,
        rows=rows,
        failures=failures,
        ticks=ticks,
        is_one_axis=is_one_axis,
        legend=[(kind, words) for kind, words in _LEGEND if kind in kinds],
        groups=tuple(_groups(looks, [row.moments for row in rows])),
        base64=lambda shot: base64.b64encode(picture(shot)).decode(),
    )


def _template() -> Template:
    environment = Environment(
        autoescape=True,
        finalize=_printable,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["csp_hash"] = _hash
    return environment.from_string(_asset("page.html"))


def _asset(name: str) -> str:
    return files(__package__ or "camreel.preview").joinpath(name).read_text(encoding="utf-8")


class _Long(str):
    """A text of our own that may be longer than a camera's."""

    __slots__ = ()


def _printable(value: object) -> object:
    """Keep a text on one line, without control characters. What the template calls safe or escaped stays as it is."""
    if isinstance(value, str) and not hasattr(value, "__html__") and not isinstance(value, _Long):
        return printable(value, _LONGEST_TEXT)
    return value


def _hash(text: str) -> str:
    """Return the hash by which a content security policy allows a style or script."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _places_of(every: Sequence[Sequence[tuple[float, str]]]) -> str:
    """Return rules of style: an attribute would have to be allowed for the whole page."""
    return "\n".join(
        f"#ticks{row} span:nth-child({number}) {{ left: {100 * at:.3f}%; }}"
        for row, ticks in enumerate(every)
        for number, (at, _) in enumerate(ticks, 1)
    )


def _row(look: Look, zone: str, *, several: bool) -> _Row:
    assert look.found is not None
    span, clock, line = look.found.span, look.clock, look.line
    first = WallTime(span.start.naive)
    parts = clock_parts(span, clock, in_real_time=line.in_real_time)
    return _Row(
        camera=camera_of(look) + zone,
        called=f"{camera_of(look)}{zone}: " if several else "",
        range=show_span(span, clock),
        facts=tuple(facts_of(look)),
        clock_warnings=tuple(_clock_warnings(look)),
        missing=_missing(len(look.misses)),
        start=int(first.naive.replace(tzinfo=timezone.utc).timestamp() * 1000),
        seconds=span.seconds,
        parts=_Long(
            json.dumps(
                [
                    {
                        "from": _seconds(first, part.start),
                        "ahead": part.ahead / _MILLISECOND,
                        "realAhead": part.real_ahead / _MILLISECOND,
                        "offset": part.offset,
                        "needsOffset": part.needs_offset,
                    }
                    for part in parts
                ]
            )
        ),
        events=_Long(
            json.dumps([[_seconds(first, each.start), _seconds(first, each.end)] for each in event_spans(look)])
        ),
        get=line.head("get"),
        look=line.head("look"),
        bars=tuple(_bars(look)),
        moments=moments(look),
        pending=tuple(show_span(stretch.span, clock) for stretch in look.pending),
        misses=tuple(_misses(look)),
        notes=look.warnings,
    )


def _missing(count: int) -> str:
    if count == 1:
        return "1 moment has no picture; it is listed below."
    return f"{count_text(count, 'moment')} have no picture; they are listed below." if count else ""


def _seconds(first: WallTime, wall: WallTime) -> float:
    return (wall - first).total_seconds()


def _clock_warnings(look: Look) -> list[str]:
    """Return what is wrong with the camera's clock; a doubtful zone only if the range was asked for in real time."""
    lines = clock_lines(look.clock, look.request.asked)[1:]
    if look.clock is not None and is_by_clock(look.request.asked):
        lines = [line for line in lines if line != look.clock.weakness]
    about = "the camera's clock "
    return [f"The camera's clock{' ' if line.startswith(about) else ': '}{line.removeprefix(about)}." for line in lines]


def _bars(look: Look) -> Iterator[tuple[str, float, float]]:
    """Yield kind, left edge and width of each stretch of the timeline, which is 1000 wide."""
    assert look.found is not None
    for stretch in look.stretches:
        if stretch.kind in _DRAWN:
            start, end = (place_in(look.found.span, wall) for wall in (stretch.span.start, stretch.span.end))
            yield stretch.kind.value, 1000 * start, max(1.0, 1000 * (end - start))


def _groups(looks: Sequence[Look], every: Sequence[Sequence[Moment]]) -> Iterator[_Group]:
    """Yield the moments of all by hour or day, with the gaps between them."""
    assert looks[0].found is not None
    block = _block(looks[0].found.span, several=len(looks) > 1)
    several = len({moment.day for some in every for moment in some}) > 1
    # The same hour of two clocks that differ is not the same time: each has its own headings then.
    names = [
        "" if have_one_axis(looks) else f"{camera_of(look)}{zone}, "
        for look, zone in zip(looks, zones_of(looks), strict=True)
    ]

    def heading(moment: Moment) -> str:
        if block is None:
            return moment.day if several else ""
        minutes = (60 * int(moment.time[:2]) + int(moment.time[3:5])) // block * block
        begins = f"{minutes // 60:02d}:{minutes % 60:02d}"
        return f"{moment.day} {begins}" if several else begins

    tiles = [
        (moment.at, f"{names[number]}{heading(moment)}".rstrip(", "), number, tile)
        for number, (look, some) in enumerate(zip(looks, every, strict=True))
        for moment, tile in _with_gaps(look, some)
    ]
    titles = dict.fromkeys(title for _, title, _, _ in sorted(tiles, key=lambda each: each[0]))
    for title in titles:
        rows = (
            (number, tuple(each[3] for each in tiles if each[1:3] == (title, number))) for number in range(len(looks))
        )
        yield _Group(title, tuple((number, some) for number, some in rows if some))


def _block(span: Span, *, several: bool) -> int | None:
    """Return how many minutes stand under one heading, None if it is a day. Of several cameras it is less."""
    hours = span.seconds / 3600
    if several:
        return next((minutes for minutes in _BLOCKS if 60 * hours <= _MOST_BLOCKS * minutes), None)
    return 60 if _BY_THE_HOUR[0] < hours <= _BY_THE_HOUR[1] else None


def _with_gaps(look: Look, every: Sequence[Moment]) -> Iterator[tuple[Moment, Moment | str]]:
    """Yield each moment, and before and behind it the gaps there, with the moment under whose heading they stand."""
    least = look.choice.shortest_step / 2
    gaps = [each.span for each in look.stretches if each.kind is CoverageKind.GAP and each.length >= least]
    for moment in every:
        while gaps and gaps[0].start < moment.wall:
            yield moment, _gap(look, gaps.pop(0))
        yield moment, moment
    for gap in gaps:
        yield every[-1], _gap(look, gap)


def _gap(look: Look, gap: Span) -> str:
    return f"Nothing recorded from {show_span(gap, look.clock)} ({duration_text(gap.seconds)})"


def _misses(look: Look) -> Iterator[_Missing]:
    """Yield each reason with all its moments, which may be a long text."""
    for reason, group in groupby(look.misses, key=lambda miss: miss.reason):
        times = [str(shown(miss.wall, look.clock)) for miss in group]
        yield _Missing(len(times), printable(", ".join(times), _LONGEST_LIST), reason)
