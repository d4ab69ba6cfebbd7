"""Containers of clips on disk besides mp4 and ``.dav``: told by their first bytes, never by their names.

Those with a ``demuxer`` are read through FFmpeg; the others are only named.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

HEAD = 2048  # bytes that tell a container


@dataclass(frozen=True, slots=True)
class OtherContainer:
    """A container. ``demuxer`` is FFmpeg's name of it, None if camreel does not read it."""

    name: str
    """What it is, as it is called in a sentence: ``an AVI file``."""

    demuxer: str | None = None

    has_times: bool = True
    """Its frames have times. Otherwise they come at the rate that the stream says."""


def other_container(head: bytes) -> OtherContainer | None:
    """Return what a file with these first bytes is; None if it is none of these."""
    return next((container for is_of, container in _CONTAINERS if is_of(head)), None)


def _begins(*magic: bytes, at: int = 0) -> Callable[[bytes], bool]:
    return lambda head: head[at:].startswith(magic)


def _is_riff(kind: bytes) -> Callable[[bytes], bool]:
    return lambda head: head[:4] == b"RIFF" and head[8:12] == kind


def _is_matroska(kind: bytes) -> Callable[[bytes], bool]:
    return lambda head: head[:4] == b"\x1a\x45\xdf\xa3" and kind in head[:128]


def _is_transport(packet: int, at: int) -> Callable[[bytes], bool]:
    """Packets of so many bytes, each with the byte 0x47 at the same place."""
    return lambda head: len(head) > 4 * packet and all(head[at + n * packet] == 0x47 for n in range(4))


def _is_h264(head: bytes) -> bool:
    unit = _first_unit(head)
    # SEI, SPS, PPS or AUD; none of them is for others' reference but the sets.
    return bool(unit) and unit[0] & 0x9F in {6, 7, 8, 9} and (unit[0] & 0x1F in {6, 9}) == (not unit[0] & 0x60)


def _is_h265(head: bytes) -> bool:
    unit = _first_unit(head)
    # VPS, SPS, PPS, AUD or SEI, of layer 0 and the lowest sub-layer.
    return len(unit) > 1 and unit[0] >> 1 in {32, 33, 34, 35, 39} and unit[0] & 1 == 0 and unit[1] == 1


def _first_unit(head: bytes) -> bytes:
    at = head.find(b"\0\0\1")
    return head[at + 3 : at + 5] if 0 <= at <= 8 and not head[:at].strip(b"\0") else b""


_CONTAINERS: tuple[tuple[Callable[[bytes], bool], OtherContainer], ...] = (
    (_is_matroska(b"webm"), OtherContainer("a WebM file", "matroska")),
    (_begins(b"\x1a\x45\xdf\xa3"), OtherContainer("a Matroska file (mkv)", "matroska")),
    (_is_riff(b"AVI "), OtherContainer("an AVI file", "avi", has_times=False)),
    (_begins(b"FLV\x01"), OtherContainer("a Flash video (flv)", "flv")),
    (_begins(b"\0\0\1\xba"), OtherContainer("an MPEG program stream", "mpeg")),
    (_is_transport(188, 0), OtherContainer("an MPEG transport stream", "mpegts")),
    (_is_transport(192, 4), OtherContainer("an MPEG transport stream (m2ts)", "mpegts")),
    (_is_h265, OtherContainer("a bare stream of H.265", "hevc", has_times=False)),
    (_is_h264, OtherContainer("a bare stream of H.264", "h264", has_times=False)),
    (_begins(b"IMKH"), OtherContainer("a recording in Hikvision's own format")),
    (_begins(b"\x30\x26\xb2\x75\x8e\x66\xcf\x11"), OtherContainer("an ASF file (wmv)")),
    (_begins(b"OggS"), OtherContainer("an Ogg file")),
    (_begins(b"DKIF"), OtherContainer("an IVF file")),
    (_begins(b"\x06\x0e\x2b\x34"), OtherContainer("an MXF file")),
    (_begins(b".RMF"), OtherContainer("a RealMedia file")),
    (_begins(b"\0\0\1\xb3"), OtherContainer("a bare stream of MPEG-1 or MPEG-2 video")),
    (_is_riff(b"WAVE"), OtherContainer("a WAV file, which is sound")),
    (_begins(b"ID3", b"\xff\xfb", b"\xff\xf1", b"\xff\xf9", b"fLaC"), OtherContainer("a file of sound")),
    (_begins(b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"BM"), OtherContainer("a still picture")),
    (_begins(b"PK\3\4", b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!"), OtherContainer("an archive")),
    (_begins(b"#EXTM3U"), OtherContainer("a playlist")),
    (_begins(b"%PDF"), OtherContainer("a document (PDF)")),
)
