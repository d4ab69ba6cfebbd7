"""The report as lines for people, and as text."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from camreel._version import __version__
from camreel.clock import CameraClock, asked_length, is_by_clock, show_moment, show_span
from camreel.errors import printable
from camreel.model import (
    Asked,
    DeviceInfo,
    MergeRequest,
    Playback,
    Query,
    Request,
    Span,
    Target,
    Verify,
    WallTime,
)
from camreel.planning.account import Hole
from camreel.report.headline import headline, next_step
from camreel.report.lines import ReportLine, advice_line, plain_text
from camreel.report.reasons import hole_text, reason_text
from camreel.report.value import AtATime, ClipReport, OutputReport, Report
from camreel.text import command_text, count_text, duration_text, size_text

_Item = TypeVar("_Item")

_SAME_OFFSET = timedelta(days=2)  # around the moment at which the clock was read
_MOST_LINES = 10  # of gaps, or of clips: more are counted


def report_text(report: Report) -> str:
    """Return all of the report for a person; nothing in it can steer a terminal. The first line is the outcome."""
    return plain_text(report_lines(report, whole=True))


def report_lines(report: Report, *, told: Collection[str] | None = None, whole: bool = False) -> list[ReportLine]:
    """Return the report: the outcome, then the video, coverage, gaps, losses, notes, and details last.

    `told` are notes that stand on the same screen, below the range: neither is said again. `whole`: with all there is
    to say of camera, clock and clips, and with all gaps.
    """
    lines = [headline(report)]
    for output in report.outputs:
        path = output.path if len(report.outputs) > 1 else ""
        lines += [ReportLine("Video", text, path) for text in _video_lines(report, output)]
    most = None if whole else _MOST_LINES
    lines += _lines("Coverage", [_coverage_line(report)] if report.asked_seconds else [])
    lines += _lines("Gap", _gap_lines(report.account.gaps, report.clock, most))
    lines += _lines("Pending", _hole_lines(report.account.pending, report.clock))
    lines += _lines("Lost", _lost_lines(report))
    lines += _lines("Seams", [_seams_line(report.account.slivers)] if _has_seams(report) else [])
    lines += _lines("Clip", _clip_lines(_clips_of_interest(report, whole=whole), report.clock, most))
    lines += _lines("Note", [text for text in (*report.warnings, *report.exec_failures) if text not in (told or ())])
    if report.at_a_time and report.at_a_time.lowest < report.at_a_time.allowed:
        lines.append(ReportLine("Note", _at_a_time(report.at_a_time)))
    if report.playback is not None and _is_unchecked(report):
        lines.append(ReportLine("Note", _playback_line(report.playback)))
    if rest := next_step(report):
        lines.append(rest)
    if report.downloads and (whole or report.request.output.keep_files):
        lines.append(ReportLine("Clips", f"kept in {report.downloads}"))
    if told is None:
        lines += _request_lines(report, whole=whole)
        if report.span and not whole:  # else it is among the details
            lines.append(ReportLine("Found", _found_line(report)))
    if whole:
        lines += _detail_lines(report)
    return lines


def _lines(label: str, texts: Iterable[str]) -> list[ReportLine]:
    return [ReportLine(label, text) for text in texts]


def _video_lines(report: Report, output: OutputReport) -> list[str]:
    """Of an only video how it is coded: the headline has the rest."""
    if len(report.outputs) == 1:
        return [] if output.seconds is None else [f"{output.video or ''}, {output.audio or 'no sound'}"]
    facts = _output_facts(output)
    if output.span:
        facts = f"{show_span(output.span, report.clock)}: {facts}"
    return [f"{facts} ->"]


def _coverage_line(report: Report) -> str:
    """How much of the range is in the video. A camera that records little is no failure, and does not look like one."""
    covered, asked = duration_text(report.covered_seconds), duration_text(report.asked_seconds)
    line = f"{covered} of {asked} ({_percent(report)})"
    if report.is_settled and (report.account.gaps or report.account.pending):
        of_clips = isinstance(report.request, MergeRequest)
        so_far = " so far" if report.account.pending else ""
        line = f"all that {'the clips hold' if of_clips else f'the camera recorded{so_far}'}: {line}"
        if report.request.output.video.timelapse is not None:
            line = f"keyframes of {line}"
    if report.unwanted and report.span:
        line += f"; the range is {duration_text(report.span.seconds)} long"
    return line


def _has_seams(report: Report) -> bool:
    return sum(sliver.seconds for sliver in report.account.slivers) >= 1


def _seams_line(slivers: Sequence[Span]) -> str:
    total = duration_text(sum(sliver.seconds for sliver in slivers))
    return f"{total} missing at {count_text(len(slivers), 'seam')}, less than a second at each"


def _request_lines(report: Report, *, whole: bool) -> list[ReportLine]:
    """The range, and what is wrong with the clock that it is measured by."""
    request, span, clock = report.request, report.span, report.clock
    between = _lines("Range", [f"without {show_span(part, clock)}, between the two passes" for part in report.skipped])
    if isinstance(request, MergeRequest):
        times = _lines("Times", [times_line(report.times_from)] if span else [])
        return [*_lines("Range", asked_of_clips(request, span, clock)), *between, *times]
    lines = _lines("Range", asked_lines(request.asked, span, clock, whole=whole)) + between
    lines += [ReportLine(label, text) for label, text in events_rows(request.query)]
    if span and not whole:  # else it is among the details
        lines += clock_notes(clock, request.asked, span, request.target.name)
    return lines


def _detail_lines(report: Report) -> list[ReportLine]:
    request, span, clock = report.request, report.span, report.clock
    lines = []
    if isinstance(request, Request) and report.device:
        camera = camera_line(request.target, request.query, report.device, with_firmware=True)
        lines.append(ReportLine("Camera", camera))
    if isinstance(request, Request) and span:
        lines += _lines("Clock", clock_lines(clock, request.asked))
        if clock and clock.weakness:
            lines.append(advice_line("Clock", f"to set its zone: {zone_remedy(request.target.name)}"))
    if span:
        unused = f"; not used: {left_out_text(report.left_out)}" if report.left_out else ""
        lines.append(ReportLine("Found", _found_line(report) + unused))
    if report.playback is not None and not _is_unchecked(report):  # else it is a note
        lines.append(ReportLine("Playback", _playback_line(report.playback)))
    return [*lines, ReportLine("Program", f"camreel {__version__}")]


def _is_unchecked(report: Report) -> bool:
    """Whether less of a video was decoded than the usual sample: a doubt about a video that is called complete."""
    playback = report.playback
    if playback is None or not report.outputs:
        return False
    return not playback.frames or playback.groups < playback.groups_of


def _playback_line(playback: Playback) -> str:
    frames = count_text(playback.frames, "frame")
    if not playback.frames:
        return "nothing of the video was decoded" + (" (--verify none)" if playback.verify is Verify.NONE else "")
    if playback.verify is Verify.FULL:
        return f"all of the video was decoded: {frames}"
    if playback.groups < playback.groups_of:
        settings = f"{playback.groups} of {count_text(playback.groups_of, 'encoder setting')}"
        return f"only {frames} decoded, a sample of {settings}. Try: --verify full"
    settings = count_text(playback.groups, "encoder setting")
    return f"{frames} decoded, a sample of {settings} (--verify full decodes all)"


def events_rows(query: Query) -> list[tuple[str, str]]:
    """What is wanted of the range, where that is not all of it."""
    if not query.events:
        return []
    pad = f", and {duration_text(query.pad.total_seconds())} before and after them" if query.pad else ""
    return [("Events", f"only recordings with {' or '.join(query.events)}{pad}")]


def _at_a_time(at_a_time: AtATime) -> str:
    down = f"reduced from {at_a_time.allowed} to {at_a_time.lowest}"
    return f"the camera was overloaded, and parallel downloads were {down}. Try: --max-concurrent {at_a_time.settled}"


def asked_of_clips(request: MergeRequest, span: Span | None, clock: CameraClock | None) -> list[str]:
    """The range of a merge: as asked, or all that the clips hold."""
    if request.asked is not None:
        return asked_lines(request.asked, span, clock)
    files = count_text(len(request.files), "file")
    if span is None or request.in_order:
        return [f"all of {files}"]
    shown = f"all of {files}: {_by_camera(span, clock)} ({duration_text(span.seconds)})"
    return [shown, f"{_utc(span, clock)} UTC"] if clock else [shown]


_TIMES_FROM = {
    "frames": "the clock in their frames",
    "names": "their names and folders",
    "creation_time": "their creation_time",
    "order": "the order in which they were given, one after the other",
}


def times_line(times_from: Sequence[tuple[str, int]]) -> str:
    """Where the times of clips on disk come from."""
    said = [_TIMES_FROM.get(source, source) for source, _ in times_from]
    if len(said) > 1:
        said = [f"{words} ({count})" for words, (_, count) in zip(said, times_from, strict=True)]
    return f"of the clips: by {', '.join(said)}"


def _percent(report: Report) -> str:
    # Rounded down: 100.0 % means all of it.
    tenths = math.floor(1000 * report.covered_seconds / report.asked_seconds)
    return f"{tenths / 10:.1f} %" if tenths or not report.covered_seconds else "under 0.1 %"


def _hole_line(hole: Hole, clock: CameraClock | None) -> str:
    return f"{show_span(hole.span, clock)} ({duration_text(hole.span.seconds)}): {hole_text(hole)}"


def _gap_lines(gaps: Sequence[Hole], clock: CameraClock | None, most: int | None) -> list[str]:
    """The longest ones, in order of time, and the sum of the others."""
    shown = sorted(sorted(gaps, key=lambda gap: -gap.span.seconds)[:most], key=lambda gap: gap.span)
    lines = [_hole_line(gap, clock) for gap in shown]
    if len(gaps) > len(shown):
        rest = sum(gap.span.seconds for gap in gaps) - sum(gap.span.seconds for gap in shown)
        more = f"{len(gaps) - len(shown)} more, {duration_text(rest)} in all"
        lines.append(f"… and {more} (--report FILE and --json have them all)")
    return lines


def _hole_lines(holes: Sequence[Hole], clock: CameraClock | None) -> list[str]:
    """Return one line for neighbours with the same reason."""
    lines = []
    for group in _joined(holes, key=hole_text):
        whole = Span(group[0].span.start, group[-1].span.end)
        length = duration_text(sum(hole.span.seconds for hole in group))
        parts = f" in {len(group)} parts" if len(group) > 1 else ""
        lines.append(f"{show_span(whole, clock)} ({length}{parts}): {hole_text(group[0])}")
    return lines


def _lost_lines(report: Report) -> list[str]:
    """Return one line for neighbours that were lost for the same reason: ``clips 15 to 40: not tried``.

    Of a single clip with the name of its file.
    """
    clock, lines = report.clock, []
    named = {hole.clip for hole in report.account.lost}
    files = {clip.number: re.split(r"[/\\]", clip.path)[-1] for clip in report.clips if clip.number in named}
    for group in _joined(report.account.lost, key=lambda hole: hole.reason):
        first, last = group[0], group[-1]
        numbers = [hole.clip for hole in group if hole.clip is not None]
        if len(numbers) < 2 or numbers[0] == numbers[-1]:
            for hole in group:
                file = files.get(hole.clip or 0)
                lines.append(_hole_line(hole, clock) + (f" ({file})" if file else ""))
            continue
        length = duration_text(sum(hole.span.seconds for hole in group))
        span = show_span(Span(first.span.start, last.span.end), clock)
        lines.append(f"{span} ({length}): clips {numbers[0]} to {numbers[-1]}: {reason_text(first.reason)}")
    return lines


def _clips_of_interest(report: Report, *, whole: bool) -> list[ClipReport]:
    """All but those that are listed to end where the range begins, and that have indeed nothing of it.

    Without those, too, that a line above names with the reason, unless it is to be the `whole` report.
    """
    start = report.span.start if report.span else None
    account = report.account
    named = set() if whole else {(hole.clip, hole.reason) for hole in (*account.gaps, *account.lost)}
    return [
        clip
        for clip in report.clips
        if (start is None or clip.status != "empty" or clip.span.end > start)
        and (clip.number, clip.reason) not in named
    ]


def _clip_lines(clips: Sequence[ClipReport], clock: CameraClock | None, most: int | None) -> list[str]:
    """What is to be said of clips; one line for neighbours of which it is the same."""
    groups = _joined(
        [clip for clip in clips if clip.reason],
        key=lambda clip: (clip.status, clip.reason),
        follows=lambda one, other: other.number == one.number + 1,
    )
    lines = []
    for group in groups[:most]:
        first, last = group[0], group[-1]
        assert first.reason is not None
        span, reason = show_span(Span(first.span.start, last.span.end), clock), reason_text(first.reason)
        if first is last:
            lines.append(f"{first.number} {first.status}: {first.path} ({span}): {reason}")
        else:
            lines.append(f"{first.number} to {last.number} {first.status} ({span}): {reason}")
    rest = 0 if most is None else sum(len(group) for group in groups[most:])
    return [*lines, f"… and {rest} more (--report FILE and --json have them all)"] if rest else lines


def _joined(
    items: Sequence[_Item],
    key: Callable[[_Item], object],
    follows: Callable[[_Item, _Item], bool] = lambda _one, _other: True,
) -> list[list[_Item]]:
    """Neighbours with the same key, together."""
    groups: list[list[_Item]] = []
    for item in items:
        if groups and key(groups[-1][-1]) == key(item) and follows(groups[-1][-1], item):
            groups[-1].append(item)
        else:
            groups.append([item])
    return groups


def asked_lines(asked: Asked, span: Span | None, clock: CameraClock | None, *, whole: bool = False) -> list[str]:
    """Return the range as asked, by the camera's clock and in UTC. What is the same by two of them is said once.

    UTC is left out if only a doubtful zone would tell it and nobody asked in real time, unless `whole`.
    """
    start, end = asked.bounds
    length = f"({duration_text(asked_length(asked).total_seconds())})"
    typed, by = f"{_typed(start)} to {_typed(end)}", f" by the clock of {asked.times_in}" if asked.times_in else ""
    if is_by_clock(asked) and span is None:
        return [f"{typed} by the camera's clock {length}"]
    if span is None:
        return [f"{typed}{by} {length}"]
    if is_by_clock(asked):
        length = f"({duration_text(span.seconds)})"
    if clock and is_by_clock(asked) and _is_doubtful(clock, span) and not whole:
        return [f"{Span(clock.shown(span.start), clock.shown(span.end))} by the camera's clock {length}"]
    utc = _utc(span, clock) if clock else None
    if utc is not None and show_span(span, clock) == str(utc):
        said = [f"{utc} UTC, as the camera's clock shows it"]
        utc = None
    else:
        said = [_by_camera(span, clock)]
    if not is_by_clock(asked):
        in_utc = [_is_utc(moment) for moment in (start, end)]
        if asked.times_in or not all(in_utc):  # what was typed is neither
            said.insert(0, f"{typed}{by}")
        elif clock is None:  # typed in UTC, and nothing else tells it
            utc = Span(*(WallTime(moment.replace(tzinfo=None)) for moment in (start, end)))  # type: ignore[union-attr]
    said[0] += f" {length}"
    return [*said, f"{utc} UTC"] if utc is not None else said


def _is_utc(moment: WallTime | datetime) -> bool:
    return isinstance(moment, datetime) and not moment.utcoffset()


def _utc(span: Span, clock: CameraClock) -> Span:
    start, end = (WallTime(clock.to_utc(wall).replace(tzinfo=None)) for wall in (span.start, span.end))
    return Span(start, end)


def _typed(moment: WallTime | datetime) -> str:
    return show_moment(moment) if isinstance(moment, datetime) else str(moment)


def _by_camera(span: Span, clock: CameraClock | None) -> str:
    shown = show_span(span, clock)
    uniform = clock is not None and shown == str(Span(clock.shown(span.start), clock.shown(span.end)))
    return f"{shown} by the camera's clock{f', UTC{clock.offset_text}' if clock and uniform else ''}"


def clock_lines(clock: CameraClock | None, asked: Asked | None = None) -> list[str]:
    """Where the camera's offset came from, how wrong its clock is, and what was done about it."""
    if clock is None:
        return ["the camera does not tell its time"]
    offset = f"UTC{clock.offset_text}"
    lines = [clock.source if clock.source.startswith(offset) else f"{offset} ({clock.source})"]
    if clock.weakness:
        lines.append(clock.weakness)
    return lines + _drift_lines(clock, asked)


def clock_notes(clock: CameraClock | None, asked: Asked, span: Span, name: str | None) -> list[ReportLine]:
    """Return what of the clock changes the answer, or could; empty if there is nothing. `name` is the camera's."""
    if clock is None:
        return [ReportLine("Clock", "the camera does not tell its time")]
    doubt = []
    if zone_matters(clock, asked, span):
        text = f"the range may be off by an hour: the zone is from {printable(clock.weakness)}. Try: "
        doubt.append(advice_line("Clock", text + zone_remedy(name)))
    unread = clock.seen_drift is None and is_by_clock(asked)
    return doubt + ([] if unread else _lines("Clock", _drift_lines(clock, asked)))


def zone_remedy(name: str | None) -> str:
    """Return the command, on a line of its own, or the option, that settles the camera's zone for good."""
    if name is None:
        return "--camera-tz Europe/Berlin"
    return f"\n{command_text(('config', 'set', f'{name}.camera_tz', 'Europe/Berlin'))}"


def zone_matters(clock: CameraClock, asked: Asked, span: Span) -> bool:
    """Return whether a zone from a weak source decides where the range is.

    It does not if the range is by the camera's clock. Nor for a range near the moment at which the clock was read: what
    the clock showed then is known, and its offset is the same.
    """
    return not is_by_clock(asked) and _is_doubtful(clock, span)


def _is_doubtful(clock: CameraClock, span: Span) -> bool:
    if not clock.weakness:
        return False
    if clock.read_at is None or clock.drift != clock.seen_drift:
        return True
    return abs(clock.read_at - clock.to_utc(span.start)) > _SAME_OFFSET


def _drift_lines(clock: CameraClock, asked: Asked | None) -> list[str]:
    lines = []
    if clock.seen_drift is None:
        lines.append("the camera does not tell its time: how right its clock is, is not known")
    elif clock.seen_drift:  # what its whole seconds cannot tell is none
        lines.append(f"the camera's clock is {_how_wrong(clock.seen_drift)}{_done_about(clock, asked)}")
    if clock.drift != (clock.seen_drift or timedelta(0)):
        taken = _how_wrong(clock.drift) if clock.drift else "right"
        lines.append(f"it was taken to be {taken} (--clock-drift)")
    return lines


def _how_wrong(drift: timedelta) -> str:
    return f"{duration_text(abs(drift.total_seconds()))} {'fast' if drift > timedelta(0) else 'slow'}"


def _done_about(clock: CameraClock, asked: Asked | None) -> str:
    if asked is None:
        return ""
    if is_by_clock(asked):
        return "; the range is what its picture shows, so it was not shifted"
    if clock.drift != clock.seen_drift:
        return ""
    return "; the range was shifted by that (it is today's drift: at the time of the footage it may have been another)"


def camera_line(target: Target, query: Query, device: DeviceInfo, *, with_firmware: bool = False) -> str:
    """Address, model, name, channel and stream in one line."""
    named = f" “{device.name}”" if device.name else ""
    line = f"{target.address}: {device.model}{named}, channel {query.channel}, {query.stream.value} stream"
    return f"{line}, firmware {device.firmware}" if with_firmware and device.firmware else line


def _found_line(report: Report) -> str:
    total = sum(clip.size or 0 for clip in report.clips)
    line = f"{count_text(len(report.clips), 'recording')}, {size_text(total)}"
    fetched = sum(clip.fetched for clip in report.clips)
    if any(0 < clip.fetched < (clip.size or 0) for clip in report.clips):
        line += f", of which {size_text(fetched)} were fetched"
    return line


def left_out_text(left_out: Sequence[tuple[str, int]]) -> str:
    """What the camera lists besides: ``1 snapshot, 2 outside the range``."""
    return ", ".join(
        count_text(count, "snapshot") if reason == "snapshots" else f"{count} {reason}" for reason, count in left_out
    )


def _output_facts(output: OutputReport) -> str:
    facts = [size_text(output.size)]
    if output.seconds is not None:
        facts = [duration_text(output.seconds), *facts, output.video or "", output.audio or "no sound"]
    return ", ".join(facts)
