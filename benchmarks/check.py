"""Whether a video is what the clips hold: a result counts only then.

Of every picture the slices are compared by MD5 (parameter sets, and lengths or start codes, may differ from tool to
tool), in the order of decoding and in that of showing; and of a sample of whole GOPs every decoded picture.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av

_SETS = {7, 8, 9}
_OPEN = {"probesize": "32", "analyzeduration": "0"}


@dataclass(frozen=True)
class Clips:
    """What the clips hold, one after the other: read once, and compared with what each contender makes of them.

    ``order`` has the numbers of the pictures as they are shown; ``decoded``, of a sample of GOPs, by the number of the
    first picture, the MD5 of each decoded one.
    """

    digests: tuple[bytes, ...]
    order: tuple[int, ...]
    decoded: dict[int, list[str]]

    @classmethod
    def read(cls, paths: Iterable[Path], *, decoded_every: int = 1) -> Clips:
        """Decode each ``decoded_every``-th GOP."""
        digests: list[bytes] = []
        shown: list[tuple[int, int]] = []
        gops: dict[int, _Gop] = {}
        count, first = 0, None
        decoded: dict[int, list[str]] = {}
        for clip, path in enumerate(paths):
            for packet in _packets(path):
                if packet.is_keyframe:
                    first = len(digests) if count % decoded_every == 0 else None
                    count += 1
                if first is not None:
                    gops.setdefault(first, _Gop(packet)).pictures.append(bytes(packet))
                digests.append(_digest(packet))
                shown.append((clip, packet.pts))
            decoded |= {number: gop.decoded() for number, gop in gops.items()}
            gops, first = {}, None
        return cls(tuple(digests), _order(shown), decoded)

    def what_differs(self, video: Path) -> str | None:
        """In a word why ``video`` is not those clips; None where it is."""
        if not self.digests:
            return "there are no clips"
        if not video.is_file():
            return "there is no video"
        digests: list[bytes] = []
        shown: list[int] = []
        first, gop, wrong = 0, None, None
        for number, packet in enumerate(_packets(video)):
            digests.append(_digest(packet))
            shown.append(packet.pts)
            if number in self.decoded:
                first, gop = number, _Gop(packet)
            if gop is not None:
                gop.pictures.append(bytes(packet))
                if len(gop.pictures) == len(self.decoded[first]):
                    if gop.decoded() != self.decoded[first]:
                        wrong = wrong or f"the pictures from {first} on are decoded to something else"
                    gop = None
        if _order(shown) != self.order:
            wrong = wrong or "its pictures are shown in another order"
        return self._lacks(digests) or wrong

    def _lacks(self, digests: Sequence[bytes]) -> str | None:
        if tuple(digests) == self.digests:
            return None
        total, found = len(self.digests), set(digests)
        lost = sum(1 for each in self.digests if each not in found)
        if lost:
            return f"{lost} of {total} pictures are lost"
        more = len(digests) - total
        return f"it has {more} pictures more than the {total} of the clips" if more else "its pictures are in disorder"


def what_is_not_a_part(video: Path, clip: Path, first: int, count: int) -> str | None:
    """Why ``video`` is no stretch of the pictures of ``clip`` that holds ``count`` from ``first`` on; None: it is."""
    if not video.is_file():
        return "there is no video"
    found = [_digest(each) for each in _packets(video)]
    wanted = [_digest(each) for each in _packets(clip)]
    at = wanted.index(found[0]) if found and found[0] in wanted else -1
    if at < 0 or wanted[at : at + len(found)] != found:
        return "it is not a stretch of the recording"
    if at > first or at + len(found) < first + count:
        return f"it holds the pictures from {at} on, {len(found)} of them"
    return None


def _order(shown: Sequence[Any]) -> tuple[int, ...]:
    return tuple(sorted(range(len(shown)), key=lambda number: (shown[number], number)))


def _packets(path: Path) -> Iterator[Any]:
    options = {} if path.suffix == ".dav" else _OPEN  # which has its streams between its frames
    with av.open(str(path), options=options) as container:
        for packet in container.demux(container.streams.video[0]):
            if packet.size:
                yield packet


def _digest(packet: Any) -> bytes:
    digest, data = hashlib.md5(), memoryview(packet)
    for begin, end in _units(packet, data):
        if data[begin] & 0x1F not in _SETS:
            digest.update(data[begin:end])
    return digest.digest()


def _units(packet: Any, data: memoryview) -> Iterator[tuple[int, int]]:
    """From where to where its units are: after lengths, or between start codes where no ``avcC`` says that."""
    if (packet.stream.codec_context.extradata or b"")[:1] == b"\1":
        at = 0
        while at + 4 < len(data):
            end = at + 4 + int.from_bytes(data[at : at + 4], "big")
            yield at + 4, end
            at = end
        return
    whole = bytes(data)
    at = whole.find(b"\0\0\1")
    while at >= 0:
        end = whole.find(b"\0\0\1", at + 3)
        stop = len(whole) if end < 0 else end - (whole[end - 1] == 0)
        yield at + 3, stop
        at = end


class _Gop:
    """Pictures that are decoded together, as those of the stream of ``packet``."""

    def __init__(self, packet: Any) -> None:
        like = packet.stream.codec_context
        self._decoder: Any = av.CodecContext.create(like.name, "r")
        self._decoder.extradata = like.extradata
        self._decoder.thread_count = 1
        self.pictures: list[bytes] = []

    def decoded(self) -> list[str]:
        """The MD5 of what each picture is decoded to, in the order of showing."""
        frames = [frame for picture in self.pictures for frame in self._decoder.decode(av.Packet(picture))]
        frames += self._decoder.decode(None)
        return [hashlib.md5(b"".join(_rows(frame))).hexdigest() for frame in frames]


def _rows(frame: Any) -> Iterator[bytes]:
    """What is seen of each plane: its rows are longer than the picture is wide."""
    for plane in frame.planes:
        data = bytes(plane)
        for at in range(0, plane.line_size * plane.height, plane.line_size):
            yield data[at : at + plane.width]
