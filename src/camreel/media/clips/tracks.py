"""The tracks of a clip: which one of pictures and which one of sound are its own, and what else there is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from av.stream import Disposition

from camreel.errors import printable
from camreel.formats.mp4.boxes import head_of
from camreel.formats.sniff import Unusable
from camreel.text import codec_name

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.video.stream import VideoStream

    from camreel.media.clips.packets import ClipBytes

AUXILIARY = b"axte"  # a box of Android's, with tracks that belong to those of the file
_CODECS = frozenset({"h264", "hevc"})
_MOST_BOXES = 16  # that are looked at for it: cameras write a box for each frame
_BLOCK = 4 << 10


@dataclass(frozen=True, slots=True)
class Besides:
    """What a clip has besides its pictures and its sound, each as the subject of a sentence.

    ``lost`` is footage, which is missing in the video; ``noted`` is not.
    """

    lost: tuple[str, ...] = ()
    noted: tuple[str, ...] = ()


def video_of(container: InputContainer) -> VideoStream:
    """Return the track of pictures: one that can be merged, rather the one that players show. Raises Unusable."""
    tracks = [each for each in container.streams.video if not _is_cover(each)]
    if not tracks:
        raise Unusable("it holds no pictures")
    video = max(tracks, key=lambda each: (_codec_of(each) in _CODECS, _is_default(each), -each.index))
    codec = _codec_of(video) or "an unknown codec"
    if codec not in _CODECS:
        raise Unusable(f"its pictures are {codec_name(codec)}; camreel can merge H.264 and H.265")
    if video.width <= 0 or video.height <= 0:
        raise Unusable("its index does not say how large its pictures are")
    return video


def sound_of(container: InputContainer, video: VideoStream) -> AudioStream | None:
    """Return the first track of sound that can be read, rather the one that players choose; None without one."""
    tracks = [each for each in container.streams.audio if is_audible(each) and not _is_empty(each, video)]
    return max(tracks, key=lambda each: (_is_default(each), -each.index), default=None)


def is_audible(sound: AudioStream) -> bool:
    """Whether it is known how the track can be decoded."""
    context = sound.codec_context
    if context is None or not 1000 <= context.rate <= 384_000 or not 1 <= context.layout.nb_channels <= 8:
        return False
    return context.name != "aac" or bool(context.extradata)  # else nothing says how, and no container takes it


def besides(container: InputContainer, video: VideoStream, sound: AudioStream | None) -> Besides:
    """Return what else is in the file. A clip without ``sound`` is not said to have another one."""
    lost, noted = [], []
    for each in container.streams:
        if each.index == video.index or (sound is not None and each.index == sound.index) or _is_empty(each, video):
            continue
        if each.type == "video" and not _is_cover(each):
            lost.append(f"a second video track ({each.width}x{each.height}, {_named(each)})")  # type: ignore[attr-defined]
        elif each.type == "audio":
            if sound is not None:
                lost.append(f"a second sound track ({_named(each)})")
        else:
            noted.append(_said_of(each))
    return Besides(tuple(lost), tuple(noted))


def has_auxiliary(file: ClipBytes) -> bool:
    """Whether an mp4 has more tracks in a box of their own, which comes after all else and has an index at its end."""
    start, at = 0, 0
    block = file.read(0, min(_BLOCK, file.size))
    for _ in range(_MOST_BOXES):
        if at + 8 > file.size:
            break
        if at + 16 > start + len(block):
            start, block = at, file.read(at, min(_BLOCK, file.size - at))
        size, kind, _body = head_of(block[at - start : at - start + 16].ljust(16, b"\0"), 0, 16)
        if kind == AUXILIARY:
            return True
        if size < 8:
            break
        at += size
    return False


def _said_of(stream: Any) -> str:
    if stream.type == "video":
        return "a cover picture, which is a track of its own,"
    if stream.type == "subtitle":
        return "a track of subtitles"
    if stream.type == "attachment":
        return "an attached file, which is a track of its own,"
    if "timecode" in stream.metadata:
        return "a track of timecode"
    name = printable(stream.metadata.get("handler_name", "").strip("\0\t "), 40)
    return f"a track of data ({name})" if name else "a track of data"


def _named(stream: Any) -> str:
    codec = _codec_of(stream)
    if stream.type == "audio" and codec:
        return f"{codec_name(codec)}, {stream.codec_context.rate} Hz"
    return codec_name(codec) if codec else "of an unknown kind"


def _codec_of(stream: Any) -> str | None:
    return None if stream.codec_context is None else str(stream.codec_context.name)


def _is_cover(stream: Any) -> bool:
    return bool(stream.disposition & Disposition.attached_pic)


def _is_default(stream: Any) -> bool:
    return bool(stream.disposition & Disposition.default)


def _is_empty(stream: Any, video: VideoStream) -> bool:
    """Whether a track is declared and never filled. A fragmented file lists no packets of any."""
    return bool(video.frames > 0 and stream.frames == 0)
