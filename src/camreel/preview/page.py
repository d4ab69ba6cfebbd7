"""A look as it is shown: each picture with its time, its place on the timeline and its command. Pure.

The look as one HTML page that needs nothing else: no request leaves it, and nothing a camera says runs in it. Pure.

Its own style and script are allowed by their hashes, its pictures as data, and nothing besides.
"""

from __future__ import annotations

import base64
import hashlib
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from itertools import groupby

from camreel.clock import CameraClock, format_offset, is_by_clock, show_span
from camreel.errors import printable
from camreel.model import Span, WallTime
from camreel.planning.coverage import CoverageKind, CoverageSpan, ticks
from camreel.preview.model import Look, Miss, Shot, Way
from camreel.report import clock_lines
from camreel.text import count_text, duration_text, size_text

_MOST_MARKS = 9  # on the axis of the timeline


@dataclass(frozen=True, slots=True)
class Moment:
    """One picture, or (``reason``) one that could not be had. ``at`` is its place in the range, from 0 to 1."""

    wall: WallTime
    at: float
    day: str
    time: str
    events: tuple[str, ...]
    line: str
    shot: Shot | None = None
    reason: str = ""

    @property
    def source(self) -> str:
        """How it was had, where that was not the usual way."""
        return "" if self.shot is None or self.shot.way is Way.KEYFRAME else self.shot.way.value


def moments(look: Look) -> tuple[Moment, ...]:
    """All of them, in order of time; the missing ones in their places."""
    assert look.found is not None
    span, clock = look.found.span, look.clock
    every: list[Shot | Miss] = sorted((*look.shots, *look.misses), key=lambda each: each.wall)
    return tuple(
        Moment(
            wall=each.wall,
            at=place_in(span, each.wall),
            day=f"{shown(each.wall, clock).naive:%Y-%m-%d}",
            time=time_text(each.wall, clock, span),
            events=_events_at(look.stretches, each.wall),
            line=look.line.around(each.wall, clock),
            shot=each if isinstance(each, Shot) else None,
            reason=each.reason if isinstance(each, Miss) else "",
        )
        for each in every
    )


def shown(wall: WallTime, clock: CameraClock | None) -> WallTime:
    """What the picture shows at a straight time."""
    return clock.shown(wall) if clock else wall


def time_text(wall: WallTime, clock: CameraClock | None, span: Span) -> str:
    """The time of day as the picture shows it; with its offset where that changes in the range."""
    text = f"{shown(wall, clock).naive:%H:%M:%S}"
    return text + format_offset(clock.offset_at(wall)) if clock and clock.changes_in(span) else text


def place_in(span: Span, wall: WallTime) -> float:
    """Where ``wall`` lies in the range: 0 at its start, 1 at its end."""
    return min(1.0, max(0.0, (wall - span.start).total_seconds() / span.seconds))


def marks(look: Look) -> tuple[tuple[float, str], ...]:
    """Where on the timeline round times of the camera's clock are, from 0 to 1, and what they are."""
    assert look.found is not None
    span = look.found.span
    return tuple((place_in(span, tick.at), tick.label) for tick in ticks(span, look.clock, _MOST_MARKS))


def _events_at(stretches: tuple[CoverageSpan, ...], wall: WallTime) -> tuple[str, ...]:
    """What the recording of that moment is listed with, in words."""
    number = bisect_right(stretches, wall, key=lambda stretch: stretch.span.start) - 1
    if number < 0:
        return ()
    return stretches[number].events


_HEIGHT = 40
_LEGEND = (("recorded", "recorded"), ("event", "with an event"), ("pending", "not listed yet"), ("lost", "no picture"))
_DRAWN = frozenset({CoverageKind.RECORDED, CoverageKind.EVENT, CoverageKind.PENDING})
_MINUTES = (1, 2, 5, 10, 30)
_BY_THE_HOUR = (3, 48)  # hours of a range that is shown hour by hour; a longer one day by day


def page(look: Look, picture: Callable[[Shot], bytes]) -> str:
    """The whole file. ``picture`` gives the JPEG of a shot."""
    assert look.found is not None
    every = moments(look)
    style = "\n" + _asset("page.css") + _places_of_ticks(look) + "\n"
    script = "\n" + _asset("page.js")
    policy = (
        "default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; "
        f"style-src '{_hash(style)}'; script-src '{_hash(script)}'"
    )
    title = title_of(look)
    body = "\n".join((*_head(look, title), *_timeline(look, every), *_pictures(look, every, picture), *_notes(look)))
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta name="generator" content="camreel">
<title>{_text(title)}</title>
<style>{style}</style>
</head>
<body>
{body}
{_panel()}
<script>{script}</script>
</body>
</html>
"""


def title_of(look: Look) -> str:
    """The camera and the range, in a line."""
    assert look.found is not None
    return f"{camera_of(look)}, {show_span(look.found.span, look.clock)}"


def camera_of(look: Look) -> str:
    """What the camera is called, and which channel it is."""
    assert look.found is not None
    request, device = look.request, look.found.device
    name = request.camera or device.name or request.address.authority
    return f"{printable(name, 60)}, channel {request.channel}{' (sub stream)' if request.stream.value == 'sub' else ''}"


def facts_of(look: Look) -> list[str]:
    """What was looked at and how much of it, in sentences."""
    assert look.found is not None
    span, plan = look.found.span, look.found.plan
    step = duration_text(look.step.total_seconds())
    recorded = f"{duration_text(look.recorded_seconds)} of it in {count_text(len(plan.recordings), 'recording')}"
    pictures = f"{count_text(len(look.shots), 'picture')}, one every {step}, for {size_text(look.received)}"
    facts = [
        f"{show_span(span, look.clock)} by the camera's clock ({duration_text(span.seconds)})",
        f"{recorded}, {size_text(plan.listed_bytes)}; {pictures}",
    ]
    if look.passed_over:
        parts = "part" if look.passed_over == 1 else "parts"
        facts.append(f"{look.passed_over} short {parts} of it without a picture of their own (--most N allows more)")
    return facts


def _asset(name: str) -> str:
    return files(__package__ or "camreel.preview").joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _text(text: str) -> str:
    """Harmless in HTML, in an attribute too, and on a line of its own."""
    return escape(printable(text, 2000), quote=True)


def _head(look: Look, title: str) -> Iterator[str]:
    yield f"<h1>{_text(camera_of(look))}</h1>"
    for fact in facts_of(look):
        yield f"<p>{_text(fact)}</p>"
    for line in _clock_is_wrong(look):
        yield f'<p class="bad">{_text(line)}</p>'
    if look.misses:
        count = count_text(len(look.misses), "moment")
        yield f'<p class="bad">Of {count} there is no picture; each is named below.</p>'
    yield f"<noscript><p>Without JavaScript this page shows “{_text(title)}”, but no command to copy.</p></noscript>"


def _clock_is_wrong(look: Look) -> list[str]:
    """What is to be known of it; that its zone is doubtful only where the range was asked for in real time."""
    lines = clock_lines(look.clock, look.request.asked)[1:]
    if look.clock is not None and is_by_clock(look.request.asked):
        lines = [line for line in lines if line != look.clock.weakness]
    return [f"The camera's clock: {line}." for line in lines]


def _timeline(look: Look, every: Sequence[Moment]) -> Iterator[str]:
    assert look.found is not None
    span = look.found.span
    label = f"Timeline of {show_span(span, look.clock)}; choose a moment"
    yield '<div id="timeline">'
    yield f'<svg viewBox="0 0 1000 {_HEIGHT}" preserveAspectRatio="none" role="img" aria-label="{_text(label)}">'
    drawn = [stretch for stretch in look.stretches if stretch.kind in _DRAWN]
    for stretch in drawn:
        start, end = place_in(span, stretch.span.start), place_in(span, stretch.span.end)
        yield _rect(stretch.kind.value, 1000 * start, max(1.0, 1000 * (end - start)), 0, _HEIGHT)
    for moment in every:
        yield _rect("mark" if moment.shot else "lost", 1000 * moment.at - 0.4, 0.8, _HEIGHT - 8, 8)
    yield f'<rect id="now" x="0" y="0" width="3" height="{_HEIGHT}"/></svg></div>'
    yield '<div id="ticks" aria-hidden="true">'
    for at, label in marks(look):
        edge = ' class="first"' if at < 0.03 else ' class="last"' if at > 0.97 else ""
        yield f"<span{edge}>{_text(label)}</span>"
    yield "</div>"
    kinds = {stretch.kind.value for stretch in drawn} | ({"lost"} if look.misses else set())
    items = "".join(
        f'<li><svg viewBox="0 0 11 11" aria-hidden="true">{_rect(kind, 0, 11, 0, 11)}</svg>{words}</li>'
        for kind, words in _LEGEND
        if kind in kinds
    )
    yield f'<ul id="legend">{items}</ul>'


def _rect(kind: str, left: float, width: float, top: int, height: int) -> str:
    return f'<rect class="{kind}" x="{left:.2f}" y="{top}" width="{width:.2f}" height="{height}"/>'


def _places_of_ticks(look: Look) -> str:
    """In the style: an attribute would have to be allowed for the whole page."""
    return "\n".join(
        f"#ticks span:nth-child({number}) {{ left: {100 * at:.3f}%; }}" for number, (at, _) in enumerate(marks(look), 1)
    )


def _pictures(look: Look, every: Sequence[Moment], picture: Callable[[Shot], bytes]) -> Iterator[str]:
    assert look.found is not None
    hours = look.found.span.seconds / 3600
    gaps = [each.span for each in look.stretches if each.kind is CoverageKind.GAP and each.length >= look.step / 2]

    def heading(moment: Moment) -> str:
        several = moment.day != every[0].day or every[0].day != every[-1].day
        if _BY_THE_HOUR[0] < hours <= _BY_THE_HOUR[1]:
            return f"{moment.day} {moment.time[:2]}:00" if several else f"{moment.time[:2]}:00"
        return moment.day if several else ""

    for title, group in groupby(every, heading):
        if title:
            yield f"<h2>{_text(title)}</h2>"
        yield '<div class="grid">'
        for moment in group:
            while gaps and gaps[0].start < moment.wall:
                yield _gap(look, gaps.pop(0))
            yield _tile(moment, picture)
        if moment is every[-1]:
            yield from (_gap(look, gap) for gap in gaps)
        yield "</div>"


def _gap(look: Look, gap: Span) -> str:
    said = f"Nothing recorded from {show_span(gap, look.clock)} ({duration_text(gap.seconds)})"
    return f'<p class="gap">{_text(said)}</p>'


def _tile(moment: Moment, picture: Callable[[Shot], bytes]) -> str:
    when = f"{moment.day} {moment.time}"
    what = ", ".join(moment.events)
    if moment.shot is not None:
        data = base64.b64encode(picture(moment.shot)).decode()
        size = f'width="{moment.shot.width}" height="{moment.shot.height}"'
        seen = f'<img {size} alt="" src="data:image/jpeg;base64,{data}">'
    else:
        seen = f'<span class="none">No picture: {_text(moment.reason)}</span>'
    happened = " happened" if moment.events else ""
    how = f'<span class="how">{_text(moment.source)}</span>' if moment.source else ""
    return (
        f'<button type="button" class="tile{happened}" aria-pressed="false" data-at="{moment.at:.6f}" '
        f'data-when="{_text(when)}" data-line="{_text(moment.line)}">{seen}'
        f'<span class="under"><time>{_text(moment.time)}</time>'
        f"{f'<span class=what>{_text(what)}</span>' if what else ''}{how}</span></button>"
    )


def _notes(look: Look) -> Iterator[str]:
    """What is to be known besides: in full what is missing."""
    for stretch in look.pending:
        said = f"From {show_span(stretch.span, look.clock)} the camera has not closed or listed everything yet"
        yield f"<p>{_text(said)}: look again later.</p>"
    if look.misses:
        yield f"<details open><summary>Without a picture: {len(look.misses)}</summary><ul>"
        for reason, group in groupby(look.misses, key=lambda miss: miss.reason):
            times = ", ".join(str(shown(miss.wall, look.clock)) for miss in group)
            yield f"<li>{escape(printable(times, 20_000))}: {_text(reason)}</li>"
        yield "</ul></details>"
    if look.warnings:
        yield "<details open><summary>Notes</summary><ul>"
        yield from (f"<li>{_text(warning)}</li>" for warning in look.warnings)
        yield "</ul></details>"


def _panel() -> str:
    options = "".join(
        f'<option value="{each}"{" selected" if each == 2 else ""}>± {each} min</option>' for each in _MINUTES
    )
    return (
        '<div id="panel" hidden role="region" aria-label="The command for this moment" aria-live="polite"><div>'
        '<strong id="when"></strong><code id="command"></code>'
        f'<select id="minutes" aria-label="How much before and after">{options}</select>'
        '<button type="button" id="copy">Copy</button>'
        '<button type="button" id="close" class="push">Close</button></div></div>'
    )
