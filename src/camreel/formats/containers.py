"""The containers that camreel writes: one row each. Needs no FFmpeg.

To add a container, add a row: ``--output-format``, suffixes, help, hints and the merge follow from it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum

_G711 = frozenset({"pcm_alaw", "pcm_mulaw"})
_H264_AND_H265 = frozenset({"h264", "hevc"})


@dataclass(frozen=True, slots=True)
class Container:
    """What one container is, and what it can hold. Codecs, muxers and demuxers have FFmpeg's names."""

    suffixes: tuple[str, ...]
    """Endings by which its files are known, without the dot."""

    muxer: str
    demuxer: str

    magic: tuple[int, bytes]
    """Bytes near the start of its files, and where they are."""

    video: frozenset[str]
    """Codecs of frames that it holds."""

    sound: frozenset[str]
    """Codecs of sound that it holds as cameras make them."""

    sound_fallback: str = "pcm_s16le"
    """The codec for other sound: PCM loses nothing."""

    subtitles: str | None = None
    """The codec of its subtitles; None if it has none."""

    most_chapters: int | None = None
    """How many chapters it holds; None if any number."""

    has_timestamps: bool = True
    """Each packet has a time. Otherwise packets lie one behind the other, and frames come at a constant rate."""

    has_index: bool = True
    """An index lists every packet."""

    has_decode_times: bool = True
    """Decode times are stored and may be negative. Otherwise FFmpeg shifts all of the video until none is."""

    has_start_codes: bool = False
    """Frames are stored between start codes (Annex B), with no configuration in the head."""

    has_own_writer: bool = False
    """:mod:`camreel.formats.mp4.writer` can write it without FFmpeg."""

    sizes_may_differ: bool = True
    """The frames of one track may have several sizes."""

    sound_may_jump: bool = False
    """Players take a jump in the times of sound for silence. Otherwise holes are filled with silence."""

    is_quicktime: bool = False
    """It is made of boxes (ISO/IEC 14496-12): it takes FFmpeg's ``movflags``, the tag ``hvc1`` and a local date."""

    has_apple_metadata: bool = False
    """It has Apple's own names for title, author and date."""

    muxer_options: Mapping[str, str] = field(default_factory=dict)

    def begins(self, head: bytes) -> bool:
        """Whether a file with these first bytes is of this container."""
        at, magic = self.magic
        return head[at : at + len(magic)] == magic

    @property
    def faststart(self) -> bool:
        """Whether the index can be put in front."""
        return self.is_quicktime


class OutputFormat(str, Enum):
    """The container of the output; its value is the file's suffix without the dot."""

    container: Container

    # The default is for type checkers, to which OutputFormat("mkv") is a call of this.
    def __new__(cls, value: str, container: Container | None = None) -> OutputFormat:
        """Make the member of a row."""
        member = str.__new__(cls, value)
        member._value_ = value
        assert container is not None
        member.container = container
        return member

    # The first is the default. What sound each holds was measured: FFmpeg's mp4 and mkv refuse G.711.
    MP4 = (
        "mp4",
        Container(
            suffixes=("mp4",),
            muxer="mp4",
            demuxer="mov",
            magic=(4, b"ftyp"),
            video=_H264_AND_H265,
            sound=frozenset({"aac"}),
            sound_fallback="aac",  # every player knows it in mp4
            subtitles="mov_text",
            most_chapters=255,  # a hybrid mp4 has them in a `chpl` box, of which FFmpeg reads no more
            has_own_writer=True,
            is_quicktime=True,
        ),
    )
    MKV = (
        "mkv",
        Container(
            suffixes=("mkv",),
            muxer="matroska",
            demuxer="matroska",
            magic=(0, b"\x1a\x45\xdf\xa3"),
            video=_H264_AND_H265,
            sound=frozenset({"aac", "pcm_s16le"}),
            subtitles="subrip",
            has_index=False,
            has_decode_times=False,
            sound_may_jump=True,
            # The comment is changed in place once it is known whether the video is complete: no checksum may cover it.
            muxer_options={"write_crc32": "0"},
        ),
    )
    MOV = (
        "mov",
        Container(
            suffixes=("mov",),
            muxer="mov",
            demuxer="mov",
            magic=(4, b"ftyp"),
            video=_H264_AND_H265,
            sound=frozenset({"aac", "pcm_s16le"}) | _G711,
            subtitles="mov_text",
            most_chapters=255,
            is_quicktime=True,
            has_apple_metadata=True,
        ),
    )
    AVI = (
        "avi",
        Container(
            suffixes=("avi",),
            muxer="avi",
            demuxer="avi",
            magic=(0, b"RIFF"),
            video=frozenset({"h264"}),
            sound=frozenset({"aac", "pcm_s16le"}) | _G711,
            most_chapters=0,
            has_timestamps=False,
            has_decode_times=False,
            has_start_codes=True,
            sizes_may_differ=False,
        ),
    )


DEFAULT_FORMAT = next(iter(OutputFormat))


def format_of_suffix(suffix: str) -> OutputFormat | None:
    """Return the format whose files end in ``suffix`` (without the dot, in any case), or None."""
    return next((each for each in OutputFormat if suffix.lower() in each.container.suffixes), None)


def _any(_container: Container) -> bool:
    return True


def names(wanted: Callable[[Container], object] = _any, *, last: str = " or ") -> str:
    """Return the names of the ``wanted`` containers as a list in a sentence: ``mp4, mkv or mov``."""
    *others, end = [each.value for each in OutputFormat if wanted(each.container)] or ["none"]
    return f"{', '.join(others)}{last}{end}" if others else end
