"""Name and write the page of a look and its contact sheet, and know them again.

Both get their names when they are complete. A page says in its head which look it is, so that the same look again finds
it there.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path

from camreel.diskio import (
    FileIdentity,
    disk_errors,
    open_file,
    place,
    random_part,
    read_regular,
    sync_file,
    write_whole,
)
from camreel.errors import DiskError, MergeError, UsageError
from camreel.formats.containers import OutputFormat
from camreel.media.worker.messages import Bar, SheetOrder, SheetRow, SheetTick, Tile
from camreel.media.worker.process import StillProcess
from camreel.model import IfExists, Output, Query, Request, Target
from camreel.output.naming import default_name
from camreel.planning.coverage import CoverageKind
from camreel.preview.model import FailedLook, Look, LookOptions, WrittenPage
from camreel.preview.page import page
from camreel.preview.view import (
    camera_of,
    facts_of,
    have_one_axis,
    heading_of,
    marks,
    moments,
    place_in,
    title_of,
    zones_of,
)

_VIDEOS = {f".{suffix}" for each in OutputFormat for suffix in each.container.suffixes}
_OTHER_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".pdf"} | _VIDEOS)
_LARGEST_PICTURE = 16 << 20
_A_FONT = "the font DejaVu Sans or Noto Sans"
_LONGEST_LIST = 60  # bytes of all names
_LONGEST_NUMBERS = 38  # of all channels: default_name cuts them at 40 with their "ch"
_LONGEST = 220  # bytes; file systems end at 255, and the part file beside it needs a few


def look_name(target: Target, query: Query, looking: LookOptions) -> str:
    """Return `look_front-door_ch1_2026-01-16_08.00.00_to_18.00.00_every_5s.html`. The range must not be relative.

    What was asked besides is in it, so that a closer look at the same range has a name of its own.
    """
    if looking.called is not None:
        name, channel = looking.called
        target, query = replace(target, name=name), replace(query, channel=channel)
    stem = Path(default_name(target, replace(query, pad=timedelta(0)))).stem
    every = f"_every_{looking.every.total_seconds():g}s" if looking.every is not None else ""
    most = f"_most_{looking.most}" if looking.most is not None else ""
    rest = f"{every}{most}.html"
    # A name in the settings can be long, in bytes above all.
    return f"{_fitting(f'look_{stem}', _LONGEST - len(rest))}{rest}"


def _fitting(text: str, room: int) -> str:
    """Return `text` if it has at most `room` bytes, else its beginning and a digest of all of it."""
    if len(os.fsencode(text)) <= room:
        return text
    return f"{os.fsencode(text)[: room - 9].decode('utf-8', 'ignore')}-{_digest(text)}"


def _digest(text: str) -> str:
    return hashlib.sha256(os.fsencode(text)).hexdigest()[:8]


def called(tasks: Sequence[tuple[Target, Query]]) -> tuple[str, str] | None:
    """Return how a page of several cameras and channels is called: both parts of its name; None for one alone."""
    if len(tasks) < 2:
        return None
    names = list(dict.fromkeys(target.name or target.address.host for target, _ in tasks))
    channels = list(dict.fromkeys(str(query.channel) for _, query in tasks))
    cameras, numbers = "+".join(names), "+".join(channels)
    return (
        cameras if len(os.fsencode(cameras)) <= _LONGEST_LIST else f"{len(names)}-cameras-{_digest(cameras)}",
        f"ch{numbers}" if len(numbers) <= _LONGEST_NUMBERS else f"{len(channels)}-channels-{_digest(numbers)}",
    )


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


# --- known again ------------------------------------------------------------------------------------------------------

_MARK = re.compile(rb'<meta name="camreel-look" content="(complete|partial) (\d{1,9})((?: [0-9a-f]{16})*)">')
_HEAD = 1 << 16  # bytes


@dataclass(frozen=True, slots=True)
class PageMark:
    """What a page says of itself: the looks that it shows, how many pictures, and whether nothing is missing."""

    keys: frozenset[str]
    pictures: int
    is_complete: bool

    @classmethod
    def of(cls, looks: Sequence[Look], failures: Sequence[FailedLook]) -> PageMark:
        """Return the mark of a new page."""
        is_complete = not failures and not any(look.misses or look.pending for look in looks)
        return cls(frozenset(look.key for look in looks), sum(len(look.shots) for look in looks), is_complete)

    @classmethod
    def read(cls, file: Path) -> PageMark | None:
        """Return that of a page on the disk; None if it is none of ours."""
        try:
            with open_file(file) as opened:
                found = _MARK.search(opened.read(_HEAD))
        except OSError:
            return None
        if found is None:
            return None
        return cls(frozenset(found[3].decode().split()), int(found[2]), found[1] == b"complete")

    def __str__(self) -> str:
        keys = "".join(f" {key}" for key in sorted(self.keys))
        return f"{'complete' if self.is_complete else 'partial'} {self.pictures}{keys}"


def key_of(request: Request, looking: LookOptions) -> str:
    """Return a word for what is looked at, and how. The range must not be relative."""
    target, query = request.target, request.query
    asked = (query.asked, query.channel, query.stream, query.events, query.pad, looking.every, looking.most)
    said = (
        target.address.authority,
        asked,
        target.camera_tz,
        target.clock_drift,
        looking.ceiling,
        looking.line.in_real_time,
        looking.only_stream,
    )
    return hashlib.sha256(repr(said).encode()).hexdigest()[:16]


def there_already(output: Output, key: str, *, is_shared: bool = False) -> tuple[tuple[Path, int], ...]:
    """Return existing outputs with their sizes if they are enough, else raise UsageError; none if they are not there.

    Enough is what the same look has made with nothing missing, or anything with `--if-exists skip`. A page that
    `is_shared` may lack this very camera: then it is not known here, and `write` decides.
    """
    with disk_errors(output.file):
        there = [path for path in (output.file, sheet_of(output.file)) if os.path.lexists(path)]
        if not there or output.if_exists is IfExists.OVERWRITE:
            return ()
        mark = PageMark.read(output.file) if output.if_exists is None else None
        if mark is not None and (key in mark.keys or is_shared) and not mark.is_complete:
            return ()
        if output.if_exists is IfExists.SKIP or (mark is not None and key in mark.keys):
            return tuple((path, path.lstat().st_size) for path in there)
    raise _in_the_way(there[0])


def _in_the_way(path: Path) -> UsageError:
    return UsageError(
        f"{path} already exists and was not overwritten.",
        hint="--if-exists overwrite replaces it; --output-file gives another name.",
    )


def looked_already(request: Request, looking: LookOptions) -> Look | None:
    """Return a look if its output exists and that is enough. UsageError if it is in the way.

    None if the name depends on a range that is not known yet.
    """
    is_shared = looking.called is not None
    if request.output.named_by_range or not (
        there := there_already(request.output, key_of(request, looking), is_shared=is_shared)
    ):
        return None
    return Look(request, None, looking.line, outputs=there, already_there=True)


def _may_replace(output: Output, mark: PageMark) -> bool:
    """Return whether what is at the place of the page may go: an earlier page of the same look that lacks something."""
    if output.if_exists is not None:
        return output.if_exists is IfExists.OVERWRITE
    before = PageMark.read(output.file)
    if before is None or not before.keys <= mark.keys or before.is_complete:
        return False
    if before.pictures > mark.pictures:
        raise UsageError(
            f"{output.file} has more pictures than this look found ({before.pictures}, now {mark.pictures}); "
            "it was left alone.",
            hint="Try again later. --if-exists overwrite replaces it.",
        )
    return True


# --- written ----------------------------------------------------------------------------------------------------------


def write_page(text: str, part: Path) -> None:
    """Write the page under its temporary name."""
    with disk_errors(part):
        write_whole(part, text.encode("utf-8"), 0o666)


def name_all(parts: Mapping[Path, Path], *, overwrite: bool) -> tuple[tuple[Path, int], ...]:
    """Give complete files their names, from those of their parts; return these and the sizes.

    Raises DiskError, before one has its name if any part was replaced.
    """
    files = {part: FileIdentity.of(part.lstat()) for part in parts}
    for part in parts:
        sync_file(part)
    for part, file in files.items():
        file.check(part)
    for part, output in parts.items():
        place(part, output, overwrite=overwrite)
        files[part].check(output)
    return tuple((output, files[part].size) for part, output in parts.items())


async def write(looks: Sequence[Look], failures: Sequence[FailedLook] = ()) -> WrittenPage:
    """Write the page of all of `looks`, and the contact sheet beside it. Their pictures are on the disk still.

    DiskError, and UsageError if something else is at its place.
    """
    output = looks[0].request.output
    if any(look.already_there for look in looks):
        raise _in_the_way(output.file)
    file, sheet = output.file, sheet_of(output.file)
    mark = PageMark.of(looks, failures)
    overwrite = _may_replace(output, mark)
    parts = {path: random_part(path) for path in (file, sheet)}
    try:
        warnings = await _drawn(_sheet(looks, failures, parts[sheet]))
        noted = [replace(looks[0], warnings=(*looks[0].warnings, *warnings)), *looks[1:]]
        text = page(noted, failures, lambda shot: read_regular(shot.picture, _LARGEST_PICTURE), str(mark))
        write_page(text, parts[file])
        made = {part: path for path, part in parts.items() if os.path.lexists(part)}
        return WrittenPage(name_all(made, overwrite=overwrite), warnings)
    finally:
        for part in parts.values():
            with suppress(OSError):
                part.unlink(missing_ok=True)


async def _drawn(order: SheetOrder) -> tuple[str, ...]:
    """Draw the sheet. Return why there is none, if so."""
    if find_spec("PIL") is None:  # an extra: whoever wants sheets has installed it
        return ()
    try:
        async with StillProcess() as stills:
            sheet = await stills.sheet(order)
    except (DiskError, MergeError) as error:  # the page is what was asked for
        return (f"There is no contact sheet: {error}",)
    return (f"The contact sheet cannot show {sheet.lacking[:40]}. Try: install {_A_FONT}.",) if sheet.lacking else ()


def _sheet(looks: Sequence[Look], failures: Sequence[FailedLook], place: Path) -> SheetOrder:
    every = [moment for look in looks for moment in moments(look)]
    several = len({moment.day for moment in every}) > 1
    title = heading_of(looks, failures) if len(looks) == 1 else title_of(looks, failures)
    failed = tuple(f"{each.camera}: no pictures. {each.reason}" for each in failures)
    return SheetOrder(
        str(place),
        (title, *(facts_of(looks[0]) if len(looks) == 1 else ()), *failed),
        tuple(SheetTick(at, label) for at, label in marks(looks[0])) if have_one_axis(looks) else (),
        tuple(
            _sheet_row(look, zone, with_day=several, with_name=len(looks) > 1)
            for look, zone in zip(looks, zones_of(looks), strict=True)
        ),
    )


def _sheet_row(look: Look, zone: str, *, with_day: bool, with_name: bool) -> SheetRow:
    assert look.found is not None
    span = look.found.span
    return SheetRow(
        f"{camera_of(look)}{zone}: {facts_of(look)[1]}" if with_name else "",
        tuple(
            Bar(place_in(span, each.span.start), place_in(span, each.span.end), each.kind.value)
            for each in look.stretches
            if each.kind is not CoverageKind.GAP
        ),
        tuple(
            Tile(
                str(moment.shot.picture) if moment.shot else None,
                f"{moment.day[5:]} {moment.time}" if with_day else moment.time,
                moment.event_list if moment.shot else "no picture",
                bool(moment.events),
            )
            for moment in moments(look)
        ),
    )
