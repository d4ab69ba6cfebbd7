"""The output file: check that its name is free and writable, and give the name to what is complete."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from camreel.diskio import FileIdentity, disk_errors, is_own_file, place, probe, random_part
from camreel.errors import DiskError, MergeError, UsageError
from camreel.media.comment import read_comment, replace_in_place
from camreel.media.worker.messages import FilmResult, MergeResult
from camreel.model import IfExists, MergeRequest, Output, Request
from camreel.output.naming import numbered
from camreel.planning.account import Account
from camreel.planning.fingerprint import COMPLETE, HAS_GAPS, PARTIAL, STATES, comment, fingerprint, made_by, state_in
from camreel.planning.plan import ExportPlan
from camreel.report import OutputReport, Report
from camreel.text import codec_name
from camreel.transfer.resume import flush
from camreel.transfer.store import Store

BeforeNaming = Callable[[Report, Sequence[Path]], None]


def already_there(
    request: Request | MergeRequest, *, plan: ExportPlan | None = None, tidy: bool = True
) -> Report | None:
    """Whether the output's name is taken, before anybody is asked for a password.

    A report when nothing needs to be done; None when the way is free, when what is there is a partial result of this
    same request, which is to be completed and replaced (also with ``--if-exists skip``), or when nobody knows yet which
    range is meant. UsageError when another file is there. ``tidy``: clips that an earlier run left of it are let go of.
    Where the clips are to be kept, only ``plan`` tells whether they are: until it is known, None.
    """
    output, wish = request.output.file, request.output.if_exists
    if request.output.named_by_range or (request.asked and request.asked.is_relative):
        return None
    if wish is IfExists.OVERWRITE:
        return None
    with disk_errors(output):
        there, state = _found(request)
        if not there:
            return None
        found = tuple(OutputReport(str(path), os.lstat(path).st_size) for path in there)
    if tidy and state in {COMPLETE, HAS_GAPS} and isinstance(request, Request):
        # A run that was killed just after it had named it could not tidy up.
        Store(request.output.folder, request.target.address).let_go(
            job_name(request), output=output, keep=request.output.keep_files
        )
    if wish in {None, IfExists.SKIP} and (state == PARTIAL or (state is not None and _lacks_clips(request, plan))):
        return None
    if wish is IfExists.SKIP or (wish is None and state in {COMPLETE, HAS_GAPS}):
        return Report(request, None, None, None, (), (), Account((), (), ()), found, already_there=True, found_as=state)
    raise UsageError(
        f"{there[0]} already exists and was not overwritten.",
        hint="Use --if-exists overwrite to replace it, or --output-file for another name.",
    )


def _lacks_clips(request: Request | MergeRequest, plan: ExportPlan | None) -> bool:
    """Return whether clips are to be kept, and an earlier run of the complete video has not kept all of ``plan``."""
    output = request.output
    if isinstance(request, MergeRequest) or not output.keep_files or output.video.timelapse is not None:
        return False
    store = Store(output.folder, request.target.address)
    return plan is None or not all(store.has_kept(recording) for recording in plan.recordings)


def _state_of(request: Request | MergeRequest, there: Sequence[Path]) -> str | None:
    """What the files at the output's place say of themselves, where this request made them all; the worst of it."""
    # Where others can write, they could put one there that says so.
    found = [made_by(read_comment(str(path)), request) if is_own_file(path) else None for path in there]
    if not found or None in found:
        return None
    return max((state for state in found if state), key=STATES.index)


def is_complete_video(path: Path, request: str) -> bool:
    """Return whether the file at ``path`` is a complete video of the request with this fingerprint."""
    return is_own_file(path) and state_in(read_comment(str(path)), request) in {COMPLETE, HAS_GAPS}


def _found(request: Request | MergeRequest) -> tuple[list[Path], str | None]:
    """Return what lies at the output's place, one file or a whole set of numbered ones, and its state.

    An earlier run may have made other files than a later one: the most complete of this request counts. A file that
    another made and that has the name itself is in the way of what is partial.
    """
    lots = _lots(request)
    best = min(lots, key=lambda lot: STATES.index(lot[1]) if lot[1] else len(STATES), default=([], None))
    return lots[0] if best[1] == PARTIAL and lots[0][1] is None else best


def _lots(request: Request | MergeRequest) -> list[tuple[list[Path], str | None]]:
    output = request.output.file
    alone = [[output]] if os.path.lexists(output) else []  # a dangling link is in the way, too
    return [(there, _state_of(request, there)) for there in (*alone, *_numbered_there(output))]


def _numbered_there(output: Path) -> list[list[Path]]:
    """``evening-1of2.mp4`` and its like: each whole set that is there, the largest first."""
    number = "[1-9][0-9]{0,4}"
    pattern = re.compile(rf"{re.escape(output.stem)}-({number})of({number}){re.escape(output.suffix)}")
    if not output.parent.is_dir():
        return []
    sets: dict[int, list[tuple[int, Path]]] = {}
    for path in output.parent.iterdir():
        if (found := pattern.fullmatch(path.name)) and int(found[1]) <= int(found[2]) > 1:
            sets.setdefault(int(found[2]), []).append((int(found[1]), path))
    # Each number is there once and is none above the count. Others may have put thousands of names there.
    whole = sorted((count for count, there in sets.items() if len(there) == count), reverse=True)
    return [[path for _, path in sorted(sets[count])] for count in whole]


def job_name(request: Request) -> str:
    """What a store calls the job: the same for the same request."""
    return fingerprint(request)[:12]


def part_for(request: Request | MergeRequest) -> Path:
    """The temporary name of the output: beside it, and one that nobody can foretell. Each call gives another."""
    return random_part(request.output.file)


def _folders(output: Output) -> tuple[Path, ...]:
    return tuple(dict.fromkeys((output.folder, output.file.parent)))


def prepare(output: Output) -> None:
    """Fail before anything is done, where writing would fail. Folders are not made yet: there may be nothing."""
    for folder in _folders(output):
        with disk_errors(folder):
            existing = next(place for place in (folder, *folder.parents) if place.exists())
            if not existing.is_dir():
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(existing))
            probe(existing)


def make_folders(output: Output) -> None:
    """Make the folders that the output and the downloads go into."""
    for folder in _folders(output):
        with disk_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)


def finish(
    report: Report,
    plan: ExportPlan,
    store: Store | None,
    result: MergeResult,
    before_naming: BeforeNaming | None = None,
) -> Report:
    """Name the outputs, only then let go of the downloads, and tell of both in the report.

    Without a store nothing was downloaded, and the clips stay as they are. ``before_naming`` is called with the names.
    """
    request = report.request
    state = PARTIAL if not report.is_complete else HAS_GAPS if report.account.gaps else COMPLETE
    parts = [Path(film.path) for film in result.films]
    files = [film.file for film in result.films]
    if state != COMPLETE:
        old, new = (comment(request, word).encode() for word in (COMPLETE, state))
        files = [_restated(part, file, old, new) for part, file in zip(parts, files, strict=True)]
    base, note = _name_for(request, state)
    outputs = [numbered(base, number, len(parts)) for number in range(1, len(parts) + 1)]
    if before_naming is not None:
        before_naming(report, outputs)
    for part, file, output in zip(parts, files, outputs, strict=True):
        own = _state_of(request, [output]) is not None
        with disk_errors(part):
            file.check(part)
        said = place(part, output, overwrite=own or request.output.if_exists is IfExists.OVERWRITE)
        with disk_errors(output):
            file.check(output)  # whoever can write the folder may have been quicker
        note = (*note, said) if said else note
    if state != PARTIAL:
        _remove_partial(request, outputs)
    kept = None
    if store is not None and isinstance(request, Request):
        try:
            kept = _let_go(report, plan, store, keep=request.output.keep_files)
        except DiskError as error:
            kept, note = store.folder, (*note, f"Not all downloads could be removed: {error}")
    described = tuple(_describe(output, film) for output, film in zip(outputs, result.films, strict=True))
    return replace(
        report,
        outputs=described,
        playback=result.playback,
        warnings=(*report.warnings, *result.notes, *_players(result), *note),
        doubts=(*report.doubts, *result.doubts),
        downloads=str(kept) if kept else None,
    )


def _restated(part: Path, file: FileIdentity, old: bytes, new: bytes) -> FileIdentity:
    """Write into ``part`` that it is not complete; return its identity from then on."""
    with disk_errors(part):
        file.check(part)
        if not replace_in_place(str(part), old, new):
            raise MergeError("The video's own note of what it is could not be found in it.")
        return replace(file, modified=os.lstat(part).st_mtime_ns).check(part)


def _remove_partial(request: Request | MergeRequest, outputs: Sequence[Path]) -> None:
    """Remove partial videos that earlier runs made of this request under other names than ``outputs``."""
    output = request.output.file
    with suppress(OSError):  # the video is named: whatever fails now is no failure
        for path in (output, *(path for there in _numbered_there(output) for path in there)):
            if path not in outputs and _state_of(request, [path]) == PARTIAL:
                path.unlink()


def _players(result: MergeResult) -> tuple[str, ...]:
    """What is to be known of a video that not everything plays."""
    if all(film.video_codec != "hevc" for film in result.films):
        return ()
    several = "is" if len(result.films) == 1 else "is in part"
    said = f"The video {several} H.265, which not everything plays: VLC and mpv do, some browsers and TVs do not."
    return (f"{said} --h264 makes one that plays everywhere.",)


def _name_for(request: Request | MergeRequest, state: str) -> tuple[Path, tuple[str, ...]]:
    """The output's place; another one where a partial video would replace a complete one of the same request."""
    output = request.output.file
    there, found = _found(request)
    if state != PARTIAL or found not in {COMPLETE, HAS_GAPS}:
        return output, ()
    beside = output.with_name(f"{output.stem}-partial{output.suffix}")
    said = f"{there[0]} from an earlier run contains more. camreel kept it and wrote this video beside it."
    return beside, (said,)


def _let_go(report: Report, plan: ExportPlan, store: Store, *, keep: bool) -> Path | None:
    """Remove the downloads, or keep them where that was asked for or something is missing; where they are, then."""
    for recording, clip in zip(plan.recordings, report.clips, strict=True):
        if clip.status in {"unusable", "short"}:
            store.set_aside(recording)
        elif keep and (path := store.find(recording)):
            store.keep(path)
        elif report.is_complete:
            store.discard(recording)
        else:
            flush(store, recording)
    if keep:
        return store.kept_folder
    return None if report.is_complete else store.folder


def _describe(output: Path, film: FilmResult) -> OutputReport:
    sound = codec_name(film.audio_codec) if film.audio_codec else None
    if sound and film.audio_from:
        sound = f"{sound} (from {codec_name(film.audio_from)})"
    return OutputReport(
        path=str(output),
        size=film.size,
        seconds=film.seconds,
        video=f"{codec_name(film.video_codec)} {film.width}x{film.height}",
        audio=sound,
        chapters=tuple((chapter.start, chapter.title) for chapter in film.chapters),
        span=film.span,
    )
