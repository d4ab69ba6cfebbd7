"""The index of an mp4 on a camera: found with few small requests, wherever in the file it is."""

from __future__ import annotations

from camreel.formats.mp4 import BadIndex
from camreel.formats.mp4.boxes import head_of
from camreel.transfer.ranged import Ranged

HEAD = 16 << 10
LARGEST = 64 << 20
_PEEK = 4 << 10
_MOST_PEEKS = 3
_FIRST_TAIL, _LARGEST_FIRST_TAIL = 64 << 10, 1 << 20
_BYTES_A_SECOND = 100  # of index: less than any, so that little is fetched that is no index
_KINDS = frozenset({b"ftyp", b"free", b"skip", b"wide", b"mdat", b"moov", b"uuid", b"udta", b"meta", b"styp"})


async def find_moov(file: Ranged, head: bytes, seconds: float) -> bytes:
    """The whole ``moov`` box of a file that begins with ``head`` and is about ``seconds`` long.

    Amcrest cameras write ``ftyp free mdat mdat ... moov``, a box for each picture: those are not walked, the end of the
    file is searched instead. Raises :class:`BadIndex`; NotInPart as ``file`` does.
    """
    total = file.total or 0
    at, peeks = 0, 0
    while at + 8 <= total:
        offset, data = at, head[at : at + 16]
        if len(data) < 16 and at + len(data) < total:
            if peeks == _MOST_PEEKS:
                break
            peeks += 1
            data = await file.read(at, min(total, at + _PEEK))
        size, kind, _ = head_of(data[:16].ljust(16, b"\0"), 0, 16)
        if data[:4] == b"\0\0\0\0":
            size = total - at
        if kind not in _KINDS or size < 8 or at + size > total:
            raise BadIndex("its boxes make no sense")
        if kind == b"moov":
            if size > LARGEST:
                raise BadIndex("its index is too large")
            known = head[at : at + size] if at < len(head) else data[:size]
            return known + (await file.read(at + len(known), at + size) if len(known) < size else b"")
        at = offset + size
    return await _from_the_end(file, total, seconds)


async def _from_the_end(file: Ranged, total: int, seconds: float) -> bytes:
    step = min(_LARGEST_FIRST_TAIL, max(_FIRST_TAIL, int(seconds * _BYTES_A_SECOND)))
    tail = b""
    while len(tail) < min(total, LARGEST):
        first = max(0, total - len(tail) - step)
        tail = await file.read(first, total - len(tail)) + tail
        at = _moov_in(tail)
        if at is not None:
            return tail[at : at + int.from_bytes(tail[at : at + 4], "big")]
        step = len(tail) // 2  # so that little is fetched that is no index
    raise BadIndex("no index was found at its end")


def _moov_in(tail: bytes) -> int | None:
    """Where in the last bytes of a file its index begins: a box that ends with the file, but for boxes behind it."""
    at = tail.rfind(b"moov")
    while at >= 4:
        if _ends_well(tail, at - 4):
            return at - 4
        at = tail.rfind(b"moov", 0, at + 3)
    return None


def _ends_well(tail: bytes, at: int) -> bool:
    for _ in range(16):
        if at == len(tail):
            return True
        if at + 8 > len(tail) or tail[at + 4 : at + 8] not in _KINDS:
            return False
        size = int.from_bytes(tail[at : at + 4], "big")
        if size < 8:
            return False
        at += size
    return False
