"""The output's name: whether it is free, that it can be written, and that it is given only to what is complete."""

from __future__ import annotations

import errno
import hashlib
import os
from dataclasses import replace
from pathlib import Path

from camreel.errors import DiskError, MergeError, UsageError
from camreel.identity import COMPLETE, HAS_GAPS, PARTIAL, comment, fingerprint, made_by
from camreel.media.fingerprint import read_comment, replace_in_place
from camreel.media.job import MergeResult
from camreel.media.names import codec_name
from camreel.model import IfExists, Request
from camreel.plan import Account, ExportPlan
from camreel.report import OutputReport, Report
from camreel.transfer.part import disk_errors, place
from camreel.transfer.store import Store


def already_there(request: Request) -> Report | None:
    """Whether the output's name is taken, before anybody is asked for a password.

    A report when nothing needs to be done; None when the way is free, when what is there is a partial result of this
    same request, which is to be replaced, or when nobody knows yet which range is meant. UsageError when another file
    is there.
    """
    output, wish = request.output, request.if_exists
    if request.named_by_range or request.asked.is_relative:
        return None
    with disk_errors(output):
        if wish is IfExists.OVERWRITE or not os.path.lexists(output):  # a dangling link is in the way, too
            return None
        size = os.lstat(output).st_size
    state = _state_of(request)
    if state in {COMPLETE, HAS_GAPS}:  # a run that was killed just after it had named it could not tidy up
        Store(request.output_dir, request.address).let_go(job_name(request), keep=request.keep_files)
    if wish is IfExists.SKIP or (wish is None and state in {COMPLETE, HAS_GAPS}):
        there = (OutputReport(str(output), size),)
        return Report(request, None, None, None, (), (), Account((), (), ()), there, already_there=True, found_as=state)
    if wish is None and state == PARTIAL:
        return None
    raise UsageError(
        f"{output} exists already; it was left alone.",
        hint="--if-exists overwrite replaces it; --output-file gives another name.",
    )


def _state_of(request: Request) -> str | None:
    """What the file at the output's place says of itself, where this request made it."""
    output = request.output
    return made_by(read_comment(str(output)), request) if output.is_file() else None


def job_name(request: Request) -> str:
    """What a store calls the job: the same for the same request."""
    return fingerprint(request)[:12]


def part_for(request: Request, store: Store) -> Path:
    """The temporary name of the output: beside it, and another one for each camera that could write it."""
    return request.output.with_name(f"{request.output.name}.{_short(str(store.folder))}.part")


def prepare(request: Request) -> None:
    """Fail before the camera is asked, where writing would fail. Folders are not made yet: there may be nothing."""
    for folder in dict.fromkeys((request.output_dir, request.output.parent)):
        with disk_errors(folder):
            existing = next(place for place in (folder, *folder.parents) if place.exists())
            if not existing.is_dir():
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(existing))
            probe = existing / f".camreel-{os.getpid()}-{_short(str(request.output))}.part"
            probe.touch()
            probe.unlink(missing_ok=True)


def make_folders(request: Request) -> None:
    """Make the folders that the output and the downloads go into."""
    for folder in (request.output_dir, request.output.parent):
        with disk_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)


def finish(report: Report, plan: ExportPlan, store: Store, result: MergeResult, part: Path) -> Report:
    """Name the output, only then let go of the downloads, and tell of both in the report."""
    request = report.request
    state = PARTIAL if not report.is_complete else HAS_GAPS if report.account.gaps else COMPLETE
    if state != COMPLETE:
        old, new = (comment(request, word).encode() for word in (COMPLETE, state))
        with disk_errors(part):
            if not replace_in_place(str(part), old, new):
                raise MergeError("The video's own note of what it is could not be found in it.")
    output, note = _name_for(request, state)
    own = _state_of(replace(request, output=output)) is not None
    place(part, output, overwrite=own or request.if_exists is IfExists.OVERWRITE)
    try:
        kept = _let_go(report, plan, store)
    except DiskError as error:
        kept, note = store.folder, (*note, f"The downloads could not all be put away: {error}")
    return replace(
        report,
        outputs=(_describe(output, result),),
        warnings=(*report.warnings, *result.notes, *note),
        downloads=str(kept) if kept else None,
    )


def _name_for(request: Request, state: str) -> tuple[Path, tuple[str, ...]]:
    """The output's place; another one where a partial video would replace a complete one of the same request."""
    output = request.output
    if state != PARTIAL or _state_of(request) not in {COMPLETE, HAS_GAPS}:
        return output, ()
    beside = output.with_name(f"{output.stem}-partial{output.suffix}")
    return beside, (f"{output} has more in it, from an earlier run: it was left alone, and this video put beside it.",)


def _let_go(report: Report, plan: ExportPlan, store: Store) -> Path | None:
    """Remove the downloads, or keep them where that was asked for or something is missing; where they are, then."""
    keep = report.request.keep_files
    for recording, clip in zip(plan.recordings, report.clips, strict=True):
        if clip.status in {"unusable", "short"}:
            store.set_aside(recording)
        elif keep and (path := store.find(recording)):
            store.keep(path)
        elif report.is_complete:
            store.discard(recording)
    if keep:
        return store.kept_folder
    return None if report.is_complete else store.folder


def _describe(output: Path, result: MergeResult) -> OutputReport:
    sound = codec_name(result.audio_codec) if result.audio_codec else None
    if sound and result.audio_from:
        sound = f"{sound} (from {codec_name(result.audio_from)})"
    return OutputReport(
        path=str(output),
        size=result.size,
        seconds=result.seconds,
        video=f"{codec_name(result.video_codec)} {result.width}x{result.height}",
        audio=sound,
        chapters=tuple((chapter.start, chapter.title) for chapter in result.chapters),
    )


def _short(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:8]
