"""In which form the sound of a film is written: copied where the container and its players can take it."""

from __future__ import annotations

from dataclasses import dataclass

from camreel.errors import MergeError
from camreel.media.aac import aac_rate
from camreel.media.probe import SoundKind
from camreel.model import AudioMode, OutputFormat
from camreel.text import codec_name

_G711_CODECS = frozenset({"pcm_alaw", "pcm_mulaw"})

# Which containers can hold the bytes as cameras make them (measured: FFmpeg's mp4 and mkv refuse G.711).
_HOLD = {
    OutputFormat.MP4: frozenset({"aac"}),
    OutputFormat.MKV: frozenset({"aac", "pcm_s16le"}),
    OutputFormat.MOV: frozenset({"aac", "pcm_s16le"}) | _G711_CODECS,
    OutputFormat.AVI: frozenset({"aac", "pcm_s16le"}) | _G711_CODECS,
}


@dataclass(frozen=True, slots=True)
class SoundForm:
    """The sound track of a film: made for ``kind``, written as ``codec`` at ``rate`` samples a second.

    ``path`` is a clip whose sound is of that kind. ``copied``: its packets are taken as they are.
    """

    kind: SoundKind
    path: str
    codec: str
    rate: int
    copied: bool


def sound_form(kind: SoundKind, path: str, container: OutputFormat, mode: AudioMode) -> SoundForm | None:
    """The form for a film whose clips have sound of ``kind``; None for none.

    Raises :class:`MergeError` where the sound is to be copied into a container that cannot hold it.
    """
    if mode is AudioMode.NONE:
        return None
    holds = kind.codec in _HOLD[container]
    if mode is AudioMode.COPY and not holds:
        raise MergeError(
            f"{codec_name(kind.codec)} sound cannot be copied into {container.value}.",
            hint="--audio auto makes of it what the format holds; mov and avi can hold it as it is.",
        )
    wanted = {AudioMode.AAC: "aac", AudioMode.PCM: "pcm_s16le"}.get(mode)
    if holds and wanted in {None, kind.codec}:
        return SoundForm(kind, path, kind.codec, kind.rate, copied=True)
    # Without a wish: AAC in mp4, which every player knows there; elsewhere nothing of the sound is lost.
    codec = wanted or ("aac" if container is OutputFormat.MP4 else "pcm_s16le")
    return SoundForm(kind, path, codec, aac_rate(kind.rate) if codec == "aac" else kind.rate, copied=False)
