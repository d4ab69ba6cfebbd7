"""`camreel clean`: what earlier runs have left, and, where that is asked for, without it."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import click

from camreel.cli.help import Argument, HelpCommand, Option
from camreel.cli.options import debug_option, json_option
from camreel.cli.request import absolute
from camreel.cli.ui import terminal
from camreel.errors import DiskError, UsageError, printable
from camreel.report import json_head
from camreel.text import command_text, count_text, duration_text, size_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from camreel.transfer.leftovers import Left
    from camreel.transfer.notes import Job

_DAY = 86400
_MOST_JOBS = 100  # that are shown of one camera


@click.command(
    "clean",
    cls=HelpCommand,
    usage="clean [FOLDER] [options]",
    help="List the downloads of unfinished runs in FOLDER (default: the current one). Remove them with --yes.",
)
@click.argument("folder", cls=Argument, default=".", metavar="[FOLDER]")
@click.option("--yes", cls=Option, section="Choice", is_flag=True, help="Remove what is listed.")
@click.option(
    "--camera",
    "cameras",
    cls=Option,
    section="Choice",
    metavar="NAME",
    multiple=True,
    help="Choose only this camera, as listed. Repeatable.",
)
@click.option("--kept", cls=Option, section="Choice", is_flag=True, help="Include what --keep-files has kept.")
@json_option
@debug_option
def clean(*, folder: str, yes: bool, cameras: tuple[str, ...], kept: bool, as_json: bool) -> int:
    # Late: it brings asyncio, which --help does without.
    from camreel.transfer.leftovers import is_held, left_in, others_in, unfinished  # noqa: PLC0415
    from camreel.transfer.store import ROOT  # noqa: PLC0415

    output_dir = absolute(folder)
    if not output_dir.is_dir():
        raise UsageError(f"{folder!r} is not a folder.", hint="Give the output folder of an earlier run.")
    found = tuple(sorted(left_in(output_dir), key=lambda left: (left.folder.parent, left.last, left.name)))
    names = {left.name for left in found}
    if unknown := [name for name in cameras if name not in names]:
        raise UsageError(f"There are no downloads of {printable(unknown[0], 60)!r} in {output_dir / ROOT}.")
    chosen = [left for left in found if not cameras or left.name in cameras]
    videos = () if cameras else unfinished(output_dir, found)
    others = others_in(output_dir, found)
    sizes = sum(path.lstat().st_size for path in videos)
    held = {left.folder: who for left in chosen if (who := is_held(left))}
    free = [left for left in chosen if left.folder not in held]
    if as_json:
        freed, failed = _removed(free, videos, kept=kept) if yes else (0, None)
        rows = [_row(left, held.get(left.folder)) for left in chosen]
        told = {"folder": str(output_dir / ROOT), "cameras": rows, "unfinished": len(videos)}
        told |= {"left_alone": others, "removed_bytes": freed}
        terminal.say_json({**json_head(), "exit_code": failed.exit_code if failed else 0, **told})
        return failed.exit_code if failed else 0
    alone = f"{count_text(others, 'other file')} {'was' if others == 1 else 'were'} left alone." if others else None
    if not chosen and not videos:
        terminal.print_wrapped("\n".join(filter(None, (f"There are no unfinished downloads in {output_dir}.", alone))))
        return 0
    for root in dict.fromkeys(left.folder.parent for left in chosen):
        terminal.out(str(root))
        lines = [_lines(left, held.get(left.folder)) for left in chosen if left.folder.parent == root]
        terminal.print_wrapped("\n".join(line for each in lines for line in each))
    if videos:
        terminal.print_wrapped(
            f"{count_text(len(videos), 'unfinished video')} of runs that were killed, {size_text(sizes)}"
        )
    if alone:
        terminal.print_wrapped(alone)
    if not yes:
        size = sizes + sum(left.size + (left.kept_size if kept else 0) for left in free)
        again = [*([] if folder == "." else [folder]), *(word for name in cameras for word in ("--camera", name))]
        command = command_text(("clean", *again, *(["--kept"] if kept else []), "--yes"))
        terminal.print_advice(
            f"Nothing was removed. To remove {size_text(size)}, which the next run would download again:\n{command}"
        )
        return 0
    freed, failed = _removed(free, videos, kept=kept)
    terminal.print_wrapped(f"Removed: {size_text(freed)}.")
    if failed is not None:
        raise failed
    return 0


def _removed(chosen: Sequence[Left], videos: Sequence[Path], *, kept: bool) -> tuple[int, DiskError | None]:
    """Remove them all. Return the bytes that were freed, and the last error: the others go all the same."""
    from camreel.diskio import disk_errors  # noqa: PLC0415 - see above
    from camreel.transfer.leftovers import remove  # noqa: PLC0415 - see above

    freed, failed = 0, None
    for left in chosen:
        try:
            freed += remove(left, kept=kept)
        except DiskError as error:
            failed = error
    for path in videos:
        try:
            with disk_errors(path):
                size = path.lstat().st_size
                path.unlink(missing_ok=True)
            freed += size
        except DiskError as error:
            failed = error
    return freed, failed


def _jobs(left: Left) -> list[Job]:
    """Return them by channel and time."""
    return sorted(left.jobs, key=lambda job: job.what)


def _counts(left: Left) -> tuple[int, int]:
    """Clips and parts that a next run would use."""
    parts = sum(path.suffix == ".part" and not path.name.endswith(".about.part") for path in left.waiting)
    return sum(path.suffix != ".part" for path in left.waiting), parts


def _row(left: Left, holder: str | None) -> dict[str, Any]:
    clips, parts = _counts(left)
    written = datetime.fromtimestamp(left.last, timezone.utc)
    return {
        "name": left.name,
        "clips": clips,
        "parts": parts,
        "bytes": left.size,
        "kept": len(left.kept),
        "kept_bytes": left.kept_size,
        "last_written": written.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "in_use": holder,
        "jobs": [{"what": job.what, "clips": left.clips_of(job), "of": len(job.clips)} for job in _jobs(left)],
    }


def _lines(left: Left, holder: str | None) -> list[str]:
    clips, parts = _counts(left)
    holds = [count_text(clips, "clip")] if clips else []
    holds += [count_text(parts, "part")] if parts else []
    said = [f"{' and '.join(holds)}, {size_text(left.size)}" if holds else "nothing to remove"]
    if left.kept:
        said.append(f"{count_text(len(left.kept), 'clip')} kept by --keep-files, {size_text(left.kept_size)}")
    age = max(0.0, time.time() - left.last)
    old = (
        f"{age // _DAY:.0f} d" if age >= _DAY else duration_text(age // 60 * 60) if age >= 60 else "less than a minute"
    )
    lines = [f"  {left.name}: {'; '.join(said)}; last written {old} ago"]
    lines += [
        f"      {printable(job.what)}: {left.clips_of(job)} of {count_text(len(job.clips), 'clip')}"
        for job in _jobs(left)[:_MOST_JOBS]
    ]
    if more := len(left.jobs[_MOST_JOBS:]):
        lines.append(f"      and {count_text(more, 'more job')}")
    if holder:
        lines.append(f"      in use ({holder}): left alone")
    return lines
