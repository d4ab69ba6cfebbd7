"""The outcome of an export: the first line of its report, and what brings the rest. Pure."""

from __future__ import annotations

from camreel.clock import show_span
from camreel.model import Gaps, MergeRequest, Request, Span
from camreel.planning.account import LossKind
from camreel.report.lines import ReportLine, Tone
from camreel.report.value import Report
from camreel.text import command_text, count_text, duration_text, size_text

_WORDS = {
    "complete": ("Complete", Tone.GOOD),
    "complete_so_far": ("Complete so far", Tone.WARN),
    "empty": ("Nothing recorded", Tone.GOOD),
    "partial": ("Partial", Tone.BAD),
    "already there": ("Already there", Tone.GOOD),
}


def headline(report: Report) -> ReportLine:
    """Return the outcome: what there is of it, how much, and where. It says the same as status and exit code."""
    word, tone = outcome_word(report)
    said = _already(report) if report.already_there else _made(report)
    outputs = report.outputs
    if outputs:
        said.append(f"{size_text(sum(output.size for output in outputs))} ->")
    if len(outputs) == 1:
        return ReportLine(word, ", ".join(said), outputs[0].path, tone)
    if outputs:
        return ReportLine(word, f"{', '.join(said)} {count_text(len(outputs), 'file')}", tone=tone)
    until = complete_until(report) if report.status == "empty" else ""
    return ReportLine(word, f"nothing up to {until}, there is no video" if until else "there is no video", tone=tone)


def outcome_word(report: Report) -> tuple[str, Tone]:
    """Return the outcome in a word or two, and its tone."""
    word, tone = _WORDS[report.status]
    if report.already_there and report.video_code:
        return f"{word}, {'partial' if report.found_as == 'partial' else 'with gaps'}", Tone.BAD
    if report.status == "empty" and report.account.pending:
        word, tone = f"{word} so far", Tone.WARN
    if report.exit_code == 7:  # the video is whole, and what was to be done with it is not
        return f"{word}, --exec failed", Tone.BAD
    if report.already_there and report.found_as is None:
        return word, Tone.WARN
    return word, tone


def _already(report: Report) -> list[str]:
    done = "merged" if isinstance(report.request, MergeRequest) else "downloaded"
    if report.found_as is None:
        return ["a file of this name is there (--if-exists skip)", f"nothing was {done}"]
    return [f"nothing was {done}"]


def _made(report: Report) -> list[str]:
    said = []
    lengths = [output.seconds for output in report.outputs if output.seconds is not None]
    if lengths:
        video = report.request.output.video
        kind = "timelapse" if video.timelapse is not None else "video" if video.gaps is Gaps.HOLD else "footage"
        said.append(f"{duration_text(sum(lengths))} of {kind}")
    if report.status == "complete_so_far" and (until := complete_until(report)):
        said.append(f"complete up to {until}")
    lost = sum(hole.span.seconds for hole in report.account.lost)
    if lost >= 1:
        said.append(f"{duration_text(lost)} lost")
    return said


def next_step(report: Report) -> ReportLine | None:
    """Return what brings the rest, or why what is here is not called complete; None if there is nothing to say."""
    request, account = report.request, report.account
    if report.already_there or report.status in {"complete", "empty"}:
        return None
    if report.overwritten is not None and report.video_code == 0:
        return ReportLine("Next", "the video has all that the camera still has")
    if report.is_complete:
        between = "between the clips" if isinstance(request, MergeRequest) else "in the recording"
        return ReportLine("Next", f"--require-complete counts gaps {between} as missing")
    kinds = {clip.reason.kind for clip in report.clips if clip.is_lost and clip.reason}
    if kinds == {LossKind.SHOWN_HIDDEN} and not account.lost:
        return ReportLine("Next", "the video shows more than the clips do; nothing is lost")
    if isinstance(request, MergeRequest):
        return None
    kept = "the downloaded clips are kept; " if report.downloads else ""
    if report.status != "complete_so_far":
        return ReportLine("Next", f"{kept}to try for the rest, run:", command=_again(request))
    when = next((hole.reason.detail for hole in account.pending if hole.reason.kind is LossKind.TOO_RECENT), "")
    after = f"after {when} by the camera's clock" if when else "later"
    return ReportLine("Next", f"{kept}for the rest, add --follow, or run this {after}:", command=_again(request))


def complete_until(report: Report) -> str:
    """Return up to when it is complete, as the camera shows it; empty if that is not a part of the range."""
    pending, span = report.account.pending, report.span
    if not pending or span is None:
        return ""
    start = min(hole.span.start for hole in pending)
    return show_span(Span(span.start, start), report.clock).partition(" to ")[2] if start > span.start else ""


def _again(request: Request) -> str:
    """Return the command that asks for the same once more: the last hour is another one by then."""
    query, target = request.query, request.target
    words: tuple[str, ...] = ("get", target.address.authority, "--username", target.username)
    when: tuple[str, ...] = ()
    if query.typed is not None:
        words, when = query.typed.words, query.typed.when
    if (query.was_relative or query.typed is None) and not query.asked.is_relative:
        start, end = (moment.isoformat().replace("+00:00", "Z") for moment in query.asked.bounds)
        when = ("--start", start, "--end", end)
    return command_text((*words, *when))
