"""What was given -> the files that are taken for clips. Looks at names and sizes, not into clips.

Files that are the same to the byte count once.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from camreel.diskio import FileIdentity, others_can_write, user_id
from camreel.errors import NothingRecorded, UsageError, printable
from camreel.files.dating import Candidate
from camreel.formats.source import expect_file, open_source
from camreel.media.comment import read_comment
from camreel.model import FileOnDisk
from camreel.planning.fingerprint import is_ours
from camreel.text import count_text

# What cameras and recorders write, and what becomes of it on the way; an underscore behind it: still being written.
SUFFIXES = (
    *(".mp4", ".dav", ".mov", ".m4v", ".mp4_", ".dav_"),
    *(".mkv", ".avi", ".ts", ".m2ts", ".mts", ".mpg", ".mpeg", ".flv", ".h264", ".264", ".h265", ".265", ".hevc"),
)
_LOOKED_FOR = ", ".join((*SUFFIXES[:4], ".mkv", ".avi", ".ts"))
_MOST = 100_000  # files; a camera's card has some thousand
_NAMED = 5  # of files that are left out


@dataclass(frozen=True, slots=True)
class Found:
    """The files, in the order given, and what is to be said of the others.

    ``missing`` counts what is named like a recording and was left out: what it would hold is missing.
    """

    files: tuple[FileOnDisk, ...]
    notes: tuple[str, ...] = ()
    missing: int = 0


def find_files(given: Sequence[str], output: Path) -> Found:
    """Files as they were given, and the recordings in the folders that were; not the ``output`` of an earlier run.

    What is named like a recording in a folder and is no file (a FIFO, a link to nowhere) is among them: it is lost by
    name. There a link that another user could have put is left out. UsageError where something that was given is not
    there or cannot be looked at, and where the output would replace one of the clips. NothingRecorded where there is no
    recording.
    """
    files: dict[str, FileOnDisk] = {}
    others: list[str] = []
    links: list[Path] = []
    again = 0
    here = _identity(output)
    for path in _every(given, others, links):
        real = os.path.realpath(path)
        if real in files:
            again += 1
        elif here is not None and _identity(path) == here:
            _check_ours(path)
            others.append(f"{path.name} (made by an earlier run)")
        else:
            files[real] = _file(path)
            if len(files) + len(others) + len(links) > _MOST:
                raise UsageError(f"There are more than {_MOST} files.", hint="Give fewer folders at a time.")
    links = [link for link in links if os.path.realpath(link) not in files]
    notes = [*_left_out(others), *_not_followed([link.name for link in links])]
    if again:
        notes.append(f"{count_text(again, 'file')} {'was' if again == 1 else 'were'} given twice and counted once.")
    if not files:
        raise NothingRecorded(
            f"There is no recording in {printable(', '.join(given))}.",
            hint=f"In folders, files that end in {_LOOKED_FOR} and the like are recognized."
            + "".join(f" {note}" for note in notes),
        )
    return Found(tuple(files.values()), tuple(notes), len(links))


def _every(given: Sequence[str], others: list[str], links: list[Path]) -> Iterator[Path]:
    for argument in given:
        path = Path(os.path.abspath(os.path.expanduser(argument)))  # noqa: PTH100, PTH111 - a link stays one
        try:
            mode = path.stat().st_mode
        except OSError as error:
            raise UsageError(f"{printable(argument)}: {_reason(error)}.", hint="Give files or folders.") from error
        if stat.S_ISDIR(mode):
            yield from _in_folder(path, others, links)
        elif stat.S_ISREG(mode):
            expect_file(str(path), None)
            yield path
        else:
            raise UsageError(f"{printable(argument)} is neither a file nor a folder.")


def _in_folder(top: Path, others: list[str], links: list[Path]) -> Iterator[Path]:
    for folder, folders, names in os.walk(top, onerror=_refuse):
        # Hidden: what systems keep on cards (.Trashes, ._08.00.00.mp4 of macOS), and camreel's own downloads. Links to
        # folders may lead round in a circle.
        left = [name for name in folders if name.startswith(".") or Path(folder, name).is_symlink()]
        others += [f"{name}/" for name in left]
        folders[:] = sorted((name for name in folders if name not in left), key=_natural)
        is_shared = others_can_write(Path(folder))
        for name in sorted(names, key=_natural):
            if not name.lower().endswith(SUFFIXES) or name.startswith("."):
                others.append(name)
            elif _is_taken(path := Path(folder, name), is_shared):
                yield path
            else:
                links.append(path)
        if len(others) + len(links) > _MOST:
            raise UsageError(f"There are more than {_MOST} files in {top}.", hint="Give fewer folders at a time.")


def _is_taken(path: Path, is_shared: bool) -> bool:
    """Return whether what was found in a folder is taken: not a link that another user could have put there.

    In a folder that others can write, the file that is there now is the one that will be read.
    """
    try:
        found = path.lstat()
    except OSError:  # gone meanwhile: whoever opens it says so
        return not is_shared
    if stat.S_ISLNK(found.st_mode):
        return not is_shared and (user_id() is None or found.st_uid in {user_id(), 0})
    expect_file(str(path), FileIdentity.of(found) if is_shared else None)
    return True


def _refuse(error: OSError) -> None:
    raise UsageError(
        f"The folder {printable(str(error.filename))} cannot be read: {_reason(error)}.",
        hint="camreel would silently lack its files. To leave it out, give the other folders by name.",
    ) from error


def _identity(path: Path) -> tuple[int, int] | None:
    """What tells one file on this computer from another; None where there is none."""
    try:
        state = path.stat()
    except OSError:
        return None
    return state.st_dev, state.st_ino


def _check_ours(path: Path) -> None:
    """Refuse to take a recording for the output of an earlier run, which may be replaced."""
    if not is_ours(read_comment(str(path))):
        raise UsageError(
            f"The output {printable(str(path))} is itself one of the clips.",
            hint="camreel never replaces clips. Give another name with --output-file.",
        )


def _reason(error: OSError) -> str:
    reason = os.strerror(error.errno) if error.errno else str(error)
    return reason[:1].lower() + reason[1:]


def _file(path: Path) -> FileOnDisk:
    try:
        state = path.stat()
    except OSError:  # a link to nowhere or in a circle, or gone meanwhile: whoever opens it says so
        return FileOnDisk(path, 0)
    return FileOnDisk(path, state.st_size if stat.S_ISREG(state.st_mode) else 0, state.st_mtime_ns)


def _natural(name: str) -> list[tuple[int, str]]:
    """So that 10.mp4 comes after 9.mp4."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"([0-9]{1,18})", name)]


def _left_out(names: Sequence[str]) -> list[str]:
    """A note on the files, and one on the folders, whose names end in a slash."""
    folders = [name for name in names if name.endswith("/")]
    files = [name for name in names if not name.endswith("/")]
    notes = []
    if files:
        verb = "is not a recording and was" if len(files) == 1 else "are not recordings and were"
        notes.append(f"{count_text(len(files), 'file')} {verb} left out: {_some(files)}.")
    if folders:
        verb = "is hidden or a link and was" if len(folders) == 1 else "are hidden or links and were"
        notes.append(f"{count_text(len(folders), 'folder')} {verb} not searched: {_some(folders)}.")
    return notes


def _not_followed(links: Sequence[str]) -> list[str]:
    if not links:
        return []
    verb, them = ("was", "it") if len(links) == 1 else ("were", "them")
    counted = f"{count_text(len(links), 'link')} that another user could have put there {verb} not followed"
    return [f"{counted}: {_some(links)}. To merge {them}, give {them} by name."]


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(printable(name, 60) for name in names[:_NAMED]) + more


_SHOWN = 3
_EDGE = 1 << 13  # bytes: recorders allot space in large pieces, so that many files are equally large


def without_copies(candidates: Sequence[Candidate]) -> tuple[tuple[Candidate, ...], tuple[str, ...]]:
    """``candidates`` without those that are byte for byte the same as another; and a note on each of these.

    What is no clip at all is not compared: each of them is missing at a time of its own. Nor is what cannot be read.
    """
    by_size: dict[int, list[Candidate]] = {}
    for each in candidates:
        if each.unusable is None and each.file.size:
            by_size.setdefault(each.file.size, []).append(each)
    copies: dict[int, Candidate] = {}  # by the identity of the copy
    for same_size in by_size.values():
        for same_edges in _alike(same_size, _edges):
            for same in _alike(same_edges, _whole):
                # One with a time in its name is better than one without.
                original = next((each for each in same if each.named is not None), same[0])
                copies |= {id(each): original for each in same if each is not original}
    kept = tuple(each for each in candidates if id(each) not in copies)
    said = [_copy_note(each, copies[id(each)]) for each in candidates if id(each) in copies]
    if len(said) > _SHOWN:
        said[_SHOWN:] = [f"{len(said) - _SHOWN} more files are copies of others and were counted once."]
    return kept, tuple(said)


def _copy_note(copy: Candidate, original: Candidate) -> str:
    told = ""
    if copy.named is not None and original.named is not None and copy.named.span.start != original.named.span.start:
        told = f", though it is dated {copy.named.span.start} by its name and the other {original.named.span.start}"
    return f"{printable(str(copy.file.path))} is the same as {original.name} and was counted once{told}."


def _alike(candidates: Sequence[Candidate], digest: Callable[[FileOnDisk], bytes]) -> list[list[Candidate]]:
    """Those that share their digest with another, together. Nothing is read where there is but one."""
    if len(candidates) < 2:
        return []
    groups: dict[bytes, list[Candidate]] = {}
    for each in candidates:
        with suppress(OSError):
            groups.setdefault(digest(each.file), []).append(each)
    return [group for group in groups.values() if len(group) > 1]


def _edges(clip: FileOnDisk) -> bytes:
    with open_source(clip.path) as file:
        head = file.read(_EDGE)
        file.seek(max(0, clip.size - _EDGE))
        return hashlib.sha256(head + file.read(_EDGE)).digest()


def _whole(clip: FileOnDisk) -> bytes:
    digest = hashlib.sha256()
    with open_source(clip.path) as file:
        left = clip.size
        while left > 0 and (chunk := file.read(min(left, 1 << 20))):
            digest.update(chunk)
            left -= len(chunk)
    return digest.digest()
