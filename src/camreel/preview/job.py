"""Run a look: search, choose moments, fetch their pictures, make a page and a contact sheet.

connect -> clock -> search -> choose -> keyframes -> thumbnails -> page and sheet -> name -> report

The page and the sheet get their names when they are complete.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from camreel import events
from camreel.devices import lockout
from camreel.diskio import FileIdentity, disk_errors, place, random_part, read_regular, sync_file, write_whole
from camreel.errors import CameraError, MergeError, NothingRecorded, UsageError, unwrap_group
from camreel.formats.containers import OutputFormat
from camreel.jobs.search import CameraSearch, SearchResult
from camreel.media.worker.messages import Bar, SheetOrder, SheetTick, Tile
from camreel.media.worker.process import StillProcess
from camreel.model import Credentials, IfExists, Output, Query, Request, Target
from camreel.output.finalize import make_folders, prepare
from camreel.output.naming import default_name
from camreel.planning.coverage import CoverageKind, CoverageSpan, coverage
from camreel.preview.choose import MomentChoice, choose
from camreel.preview.command import GetLine
from camreel.preview.fetch import PictureFetcher
from camreel.preview.model import Look, LookOptions
from camreel.preview.page import page
from camreel.preview.view import camera_of, facts_of, marks, moments, place_in
from camreel.text import count_text, size_text
from camreel.transfer.runtime import Runtime

_VIDEOS = {f".{suffix}" for each in OutputFormat for suffix in each.container.suffixes}
_OTHER_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".pdf"} | _VIDEOS)
_LARGEST_PICTURE = 16 << 20
_LONGEST = 220  # bytes; file systems end at 255, and the part file beside it needs a few


def look_name(target: Target, query: Query) -> str:
    """Return `look_front-door_ch1_2026-01-16_08.00.00_to_18.00.00.html`. The range must not be relative."""
    return f"look_{Path(default_name(target, replace(query, pad=timedelta(0)))).stem}.html"


def page_place(wanted: str, folder: Path) -> Path:
    """Return the path of `--output-file wanted`; a bare name lies in `folder`. UsageError if it cannot be a page."""
    place = Path(wanted).expanduser()
    if not place.name or wanted.endswith(("/", os.sep)) or not wanted.isprintable():
        raise UsageError(f"--output-file {wanted!r} names no file.", hint="Give a file name, like evening.html.")
    if place.suffix.lower() in _OTHER_SUFFIXES:
        raise UsageError(
            f"--output-file {wanted!r}: a look is an .html page.", hint="The contact sheet beside it is a .png."
        )
    if place.suffix.lower() not in {".html", ".htm"}:
        place = place.with_name(f"{place.name}.html")
    if len(os.fsencode(place.name)) > _LONGEST:
        raise UsageError(f"--output-file is too long: a file name can have {_LONGEST} bytes here.")
    return folder / place if place.parent == Path() and not wanted.startswith(".") else place


def sheet_of(output: Path) -> Path:
    """Return the path of the contact sheet."""
    return output.with_suffix(".png")


def there_already(output: Output) -> tuple[tuple[Path, int], ...]:
    """Return existing outputs with their sizes, if `--if-exists skip` accepts them, else raise UsageError."""
    with disk_errors(output.file):
        there = [path for path in (output.file, sheet_of(output.file)) if os.path.lexists(path)]
        if not there or output.if_exists is IfExists.OVERWRITE:
            return ()
        if output.if_exists is IfExists.SKIP:
            return tuple((path, path.lstat().st_size) for path in there)
    raise UsageError(
        f"{there[0]} exists already; it was left alone.",
        hint="--if-exists overwrite replaces it; --output-file gives another name.",
    )


def write_page(text: str, part: Path) -> None:
    """Write the page under its temporary name."""
    with disk_errors(part):
        write_whole(part, text.encode("utf-8"), 0o666)


def name_all(parts: Mapping[Path, Path], if_exists: IfExists | None) -> tuple[tuple[Path, int], ...]:
    """Give complete files their names, from those of their parts; return these and the sizes.

    Raises DiskError, before one has its name if any part was replaced.
    """
    files = {part: FileIdentity.of(part.lstat()) for part in parts}
    for part in parts:
        sync_file(part)
    for part, file in files.items():
        file.check(part)
    for part, output in parts.items():
        place(part, output, overwrite=if_exists is IfExists.OVERWRITE)
        files[part].check(output)
    return tuple((output, files[part].size) for part, output in parts.items())


async def look(
    request: Request,
    looking: LookOptions,
    credentials: Credentials,
    on_event: events.Listener,
    tuning: Runtime | None = None,
) -> Look:
    """Make a page of pictures of the requested range, and a contact sheet beside it.

    `request.output.file` is the page. Raises a `CamreelError` if there is nothing to show. Pictures that could not be
    fetched are in the result.
    """
    tuning = tuning or Runtime()
    if (there := looked_already(request, looking.line)) is not None:
        return there
    with lockout.guard(request.target, tuning.utc_now), unwrap_group():
        return await _Look(request, looking, credentials, on_event, tuning).run()


def looked_already(request: Request, line: GetLine) -> Look | None:
    """Return a look if its output exists and that is enough (`--if-exists skip`). UsageError if it is in the way.

    None if the name depends on a range that is not known yet.
    """
    if request.output.named_by_range or not (there := there_already(request.output)):
        return None
    return Look(request, None, line, outputs=there, already_there=True)


class _Look:
    """One run. The methods stand in the order of their calls."""

    def __init__(
        self, request: Request, looking: LookOptions, credentials: Credentials, emit: events.Listener, tuning: Runtime
    ) -> None:
        self._request, self._looking = request, looking
        self._emit, self._tuning = emit, tuning
        self._inquiry = CameraSearch(request.target, request.query, credentials, emit, tuning, parts=True)

    async def run(self) -> Look:
        prepare(self._request.output)
        found = await self._inquiry.run()
        request = _named(self._request, found)
        if (there := looked_already(request, self._looking.line)) is not None:
            return there
        recorded = coverage(found.plan, found.unsettled_from(self._tuning.utc_now()))
        choice = self._choose(recorded, found)
        make_folders(request.output)
        with tempfile.TemporaryDirectory(prefix="camreel-look-", ignore_cleanup_errors=True) as folder:
            async with StillProcess() as stills:
                gathering = PictureFetcher(
                    request,
                    found,
                    self._looking,
                    inquiry=self._inquiry,
                    tuning=self._tuning,
                    emit=self._emit,
                    stills=stills,
                    folder=Path(folder),
                )
                await gathering.run(choice.places)
                _check_anything(gathering)
                seen = Look(
                    request,
                    found,
                    self._looking.line,
                    recorded,
                    choice,
                    gathering.shots,
                    gathering.misses,
                    gathering.received,
                )
                return await self._written(seen, stills)

    def _choose(self, recorded: Sequence[CoverageSpan], found: SearchResult) -> MomentChoice:
        choice = choose(recorded, found.plan.recordings, every=self._looking.every, most=self._looking.most)
        if not choice.places:
            raise NothingRecorded(
                "Nothing is recorded in this range.", hint="Check it by the clock in the camera's picture."
            )
        return choice

    async def _written(self, seen: Look, stills: StillProcess) -> Look:
        output, sheet = seen.request.output.file, sheet_of(seen.request.output.file)
        parts = {place: random_part(place) for place in (output, sheet)}
        try:
            try:
                await stills.sheet(_sheet(seen, parts[sheet]))
            except MergeError as error:
                self._inquiry.warn(f"There is no contact sheet: {error}")
            seen = replace(seen, warnings=tuple(self._inquiry.warnings))
            write_page(page(seen, lambda shot: read_regular(shot.picture, _LARGEST_PICTURE)), parts[output])
            made = {part: place for place, part in parts.items() if os.path.lexists(part)}
            named = name_all(made, seen.request.output.if_exists)
        finally:
            for part in parts.values():
                with suppress(OSError):
                    part.unlink(missing_ok=True)
        return replace(seen, outputs=named)


def _named(request: Request, found: SearchResult) -> Request:
    """Return the request without relative words, and with the name of its range for the page."""
    target, query, output = request.target, replace(request.query, asked=found.where.asked), request.output
    if output.named_by_range:
        output = replace(output, file=output.file.with_name(look_name(target, query)), named_by_range=False)
    return Request(target, query, output)


def _check_anything(gathering: PictureFetcher) -> None:
    """Raise if there is not one picture."""
    if gathering.shots:
        return
    question, misses = gathering.question, gathering.misses
    if question is not None:
        size = f", {size_text(question.size)}" if question.size is not None else ""
        raise UsageError(
            "This camera does not send single pictures of its recordings: it takes "
            f"{count_text(question.recordings, 'whole recording')}{size}, to look at this range.",
            hint="--yes fetches them. --most N takes fewer, --stream sub smaller ones.",
        )
    raise CameraError(
        f"Not one of {count_text(len(misses), 'picture')} could be had. The first: {misses[0].reason}.",
        hint="Run the same command again; --max-concurrent 1 is gentler on the camera.",
    )


def _sheet(seen: Look, place: Path) -> SheetOrder:
    assert seen.found is not None
    span = seen.found.span
    several = any(moment.day != first.day for first in moments(seen)[:1] for moment in moments(seen))
    return SheetOrder(
        str(place),
        (camera_of(seen), *facts_of(seen)),
        tuple(
            Bar(place_in(span, each.span.start), place_in(span, each.span.end), each.kind.value)
            for each in seen.stretches
            if each.kind is not CoverageKind.GAP
        ),
        tuple(SheetTick(at, label) for at, label in marks(seen)),
        tuple(
            Tile(
                str(moment.shot.picture) if moment.shot else None,
                f"{moment.day[5:]} {moment.time}" if several else moment.time,
                moment.event_list if moment.shot else "no picture",
                bool(moment.events),
            )
            for moment in moments(seen)
        ),
    )
