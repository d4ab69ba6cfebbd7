"""Files that are the same to the byte count once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

from camreel.errors import printable
from camreel.merging.dates import Candidate

_SHOWN = 3
_EDGE = 1 << 13  # bytes: recorders allot space in large pieces, so that many files are equally large


def without_copies(candidates: Sequence[Candidate]) -> tuple[tuple[Candidate, ...], tuple[str, ...]]:
    """``candidates`` without those that are byte for byte the same as another; and a note on each of these.

    What is no clip at all is not compared: each of them is missing at a time of its own. Raises :class:`OSError`.
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


def _alike(candidates: Sequence[Candidate], digest: Callable[[Path], bytes]) -> list[list[Candidate]]:
    """Those that share their digest with another, together. Nothing is read where there is but one."""
    if len(candidates) < 2:
        return []
    groups: dict[bytes, list[Candidate]] = {}
    for each in candidates:
        groups.setdefault(digest(each.file.path), []).append(each)
    return [group for group in groups.values() if len(group) > 1]


def _edges(path: Path) -> bytes:
    with path.open("rb") as file:
        head = file.read(_EDGE)
        file.seek(max(0, path.stat().st_size - _EDGE))
        return hashlib.sha256(head + file.read(_EDGE)).digest()


def _whole(path: Path) -> bytes:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.digest()
