"""Whether a video is what the clips hold: a result counts only then.

Of every picture the slices are compared by MD5, in their order (parameter sets and the form of lengths may differ from
tool to tool); and of a sample of whole GOPs every decoded picture.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import av

_SETS = {7, 8, 9}
_OPEN = {"probesize": "32", "analyzeduration": "0"}


def what_differs(video: Path, clips: Iterable[Path], *, decoded_every: int = 1) -> str | None:
    """In a word why ``video`` is not those clips, one after the other; None where it is.

    Of each ``decoded_every``-th GOP all pictures are decoded.
    """
    if not video.is_file():
        return "there is no video"
    wanted = (each for clip in clips for each in _packets(clip))
    found = _packets(video)
    gops = count = 0
    decoders: list[Any] = []
    for number, expected in enumerate(wanted):
        got = next(found, None)
        if got is None:
            return f"it ends before picture {number}"
        if _digest(got) != _digest(expected):
            return f"picture {number} differs"
        if expected.is_keyframe:
            gops += 1
            decoders = [_decoder(expected), _decoder(got)] if gops % decoded_every == 0 else []
        if decoders and _seen(decoders[0], expected) != _seen(decoders[1], got):
            return f"picture {number} is decoded to something else"
        count += 1
    if next(found, None) is not None:
        return f"it holds more than the {count} pictures of the clips"
    return None if count else "there are no clips"


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


def _packets(path: Path) -> Iterator[Any]:
    with av.open(str(path), options=_OPEN) as container:
        for packet in container.demux(container.streams.video[0]):
            if packet.size:
                yield packet


def _digest(packet: Any) -> bytes:
    digest, data, at = hashlib.md5(), memoryview(packet), 0
    while at + 4 < len(data):
        end = at + 4 + int.from_bytes(data[at : at + 4], "big")
        if data[at + 4] & 0x1F not in _SETS:
            digest.update(data[at:end])
        at = end
    return digest.digest()


def _decoder(packet: Any) -> Any:
    decoder: Any = av.CodecContext.create(packet.stream.codec_context.name, "r")
    decoder.extradata = packet.stream.codec_context.extradata
    decoder.thread_count = 1
    decoder.flags |= 0x80000  # AV_CODEC_FLAG_LOW_DELAY: a picture for each packet
    return decoder


def _seen(decoder: Any, packet: Any) -> list[str]:
    copy: Any = av.Packet(bytes(packet))
    return [hashlib.md5(b"".join(bytes(plane) for plane in frame.planes)).hexdigest() for frame in decoder.decode(copy)]
