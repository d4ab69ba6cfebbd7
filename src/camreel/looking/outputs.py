"""Where a look goes: the page and, beside it, the contact sheet. Named only when they are complete."""

from __future__ import annotations

import os
from pathlib import Path

from camreel.diskio import disk_errors, place, sync_file
from camreel.errors import UsageError
from camreel.model import Address, Asked, IfExists, Request, Stream
from camreel.output.naming import default_name

_OTHER_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".pdf", ".mp4", ".mkv", ".mov", ".avi"})
_LONGEST = 220  # bytes; file systems end at 255, and the part file beside it needs a few


def look_name(
    address: Address,
    channel: int | str,
    stream: Stream,
    asked: Asked,
    *,
    events: tuple[str, ...] = (),
    camera: str | None = None,
) -> str:
    """``look_front-door_ch1_2026-01-16_08.00.00_to_18.00.00.html``. The range must not be relative."""
    film = default_name(address, channel, stream, asked, events=events, camera=camera)
    return f"look_{Path(film).stem}.html"


def page_place(wanted: str, folder: Path) -> Path:
    """Where ``--output-file wanted`` is: a bare name lies in ``folder``. UsageError where it can be no page."""
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
    """The contact sheet's place."""
    return output.with_suffix(".png")


def there_already(request: Request) -> tuple[tuple[Path, int], ...]:
    """What is at the places of the outputs, with sizes, where that is all that was wanted. UsageError where it is in
    the way.
    """
    with disk_errors(request.output):
        there = [path for path in (request.output, sheet_of(request.output)) if os.path.lexists(path)]
        if not there or request.if_exists is IfExists.OVERWRITE:
            return ()
        if request.if_exists is IfExists.SKIP:
            return tuple((path, path.lstat().st_size) for path in there)
    raise UsageError(
        f"{there[0]} exists already; it was left alone.",
        hint="--if-exists overwrite replaces it; --output-file gives another name.",
    )


def part_of(output: Path) -> Path:
    """A temporary name beside it, another one for each run."""
    return output.with_name(f"{output.name}.{os.getpid()}.part")


def write_page(text: str, output: Path) -> None:
    """The page, under its temporary name."""
    with disk_errors(output):
        part_of(output).write_text(text, encoding="utf-8", newline="\n")


def name_it(output: Path, if_exists: IfExists | None) -> tuple[Path, int]:
    """Give what lies under the temporary name of ``output`` its name; its size."""
    part = part_of(output)
    sync_file(part)
    place(part, output, overwrite=if_exists is IfExists.OVERWRITE)
    return output, output.stat().st_size
