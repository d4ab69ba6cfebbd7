"""Make the HTML page of a look. Pure.

The page needs nothing else: no request leaves it. Its policy allows its own style and script by their hashes, its
pictures as data, and nothing besides, so that nothing a camera says can run in it. `page.html` is its template.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import groupby

from jinja2 import Environment, StrictUndefined, Template

from camreel.clock import is_by_clock, show_span
from camreel.errors import printable
from camreel.model import Span
from camreel.planning.coverage import CoverageKind
from camreel.preview.model import Look, Shot
from camreel.preview.view import Moment, camera_of, facts_of, marks, moments, place_in, shown, title_of
from camreel.report import clock_lines
from camreel.text import count_text, duration_text

_LEGEND = (("recorded", "recorded"), ("event", "with an event"), ("pending", "not listed yet"), ("lost", "no picture"))
_DRAWN = frozenset({CoverageKind.RECORDED, CoverageKind.EVENT, CoverageKind.PENDING})
_BY_THE_HOUR = (3, 48)  # hours of a range that is shown hour by hour; a longer one day by day
_LONGEST_TEXT = 2000
_LONGEST_LIST = 20_000


@dataclass(frozen=True, slots=True)
class _Group:
    """Moments under one heading. A text among `tiles` is the gap between two of them."""

    title: str
    tiles: tuple[Moment | str, ...]


@dataclass(frozen=True, slots=True)
class _Missing:
    """The moments that have no picture for the same reason."""

    count: int
    times: str
    reason: str


def page(look: Look, picture: Callable[[Shot], bytes]) -> str:
    """Return the whole file. `picture` returns the JPEG of a shot."""
    assert look.found is not None
    span, every = look.found.span, moments(look)
    bars = tuple(_bars(look))
    kinds = {kind for kind, _, _ in bars} | ({"lost"} if look.misses else set())
    ticks = marks(look)
    return _template().render(
        style="\n" + _asset("page.css") + _places_of(ticks) + "\n",
        script="\n" + _asset("page.js"),
        title=title_of(look),
        camera=camera_of(look),
        facts=facts_of(look),
        clock_warnings=_clock_warnings(look),
        missing=count_text(len(look.misses), "moment") if look.misses else "",
        range=show_span(span, look.clock),
        bars=bars,
        moments=every,
        ticks=ticks,
        legend=[(kind, words) for kind, words in _LEGEND if kind in kinds],
        groups=tuple(_groups(look, every)),
        base64=lambda shot: base64.b64encode(picture(shot)).decode(),
        pending=[show_span(stretch.span, look.clock) for stretch in look.pending],
        misses=tuple(_misses(look)),
        warnings=look.warnings,
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


def _printable(value: object) -> object:
    """Keep a text on one line, without control characters. What the template calls safe or escaped stays as it is."""
    return printable(value, _LONGEST_TEXT) if isinstance(value, str) and not hasattr(value, "__html__") else value


def _hash(text: str) -> str:
    """Return the hash by which a content security policy allows a style or script."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _places_of(ticks: Sequence[tuple[float, str]]) -> str:
    """Return rules of style: an attribute would have to be allowed for the whole page."""
    return "\n".join(
        f"#ticks span:nth-child({number}) {{ left: {100 * at:.3f}%; }}" for number, (at, _) in enumerate(ticks, 1)
    )


def _clock_warnings(look: Look) -> list[str]:
    """Return what is wrong with the camera's clock; a doubtful zone only if the range was asked for in real time."""
    lines = clock_lines(look.clock, look.request.asked)[1:]
    if look.clock is not None and is_by_clock(look.request.asked):
        lines = [line for line in lines if line != look.clock.weakness]
    return [f"The camera's clock: {line}." for line in lines]


def _bars(look: Look) -> Iterator[tuple[str, float, float]]:
    """Yield kind, left edge and width of each stretch of the timeline, which is 1000 wide."""
    assert look.found is not None
    for stretch in look.stretches:
        if stretch.kind in _DRAWN:
            start, end = (place_in(look.found.span, wall) for wall in (stretch.span.start, stretch.span.end))
            yield stretch.kind.value, 1000 * start, max(1.0, 1000 * (end - start))


def _groups(look: Look, every: Sequence[Moment]) -> Iterator[_Group]:
    """Yield the moments by hour or day, with the gaps between them."""
    assert look.found is not None
    hours = look.found.span.seconds / 3600
    gaps = [
        each.span
        for each in look.stretches
        if each.kind is CoverageKind.GAP and each.length >= look.choice.shortest_step / 2
    ]

    def heading(moment: Moment) -> str:
        several = moment.day != every[0].day or every[0].day != every[-1].day
        if _BY_THE_HOUR[0] < hours <= _BY_THE_HOUR[1]:
            return f"{moment.day} {moment.time[:2]}:00" if several else f"{moment.time[:2]}:00"
        return moment.day if several else ""

    for title, group in groupby(every, heading):
        tiles: list[Moment | str] = []
        for moment in group:
            while gaps and gaps[0].start < moment.wall:
                tiles.append(_gap(look, gaps.pop(0)))
            tiles.append(moment)
        if moment is every[-1]:
            tiles += [_gap(look, gap) for gap in gaps]
        yield _Group(title, tuple(tiles))


def _gap(look: Look, gap: Span) -> str:
    return f"Nothing recorded from {show_span(gap, look.clock)} ({duration_text(gap.seconds)})"


def _misses(look: Look) -> Iterator[_Missing]:
    """Yield each reason with all its moments, which may be a long text."""
    for reason, group in groupby(look.misses, key=lambda miss: miss.reason):
        times = [str(shown(miss.wall, look.clock)) for miss in group]
        yield _Missing(len(times), printable(", ".join(times), _LONGEST_LIST), reason)
