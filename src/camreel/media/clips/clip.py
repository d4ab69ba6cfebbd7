"""An open clip: its tracks and its packets, without trust in what the file says of itself.

Cameras are cut off while they write, and hostile files exist. Sizes, rates and counts are checked before use; a clip
that has nothing usable raises :class:`Unusable`.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import av.error

from camreel.formats.mp4 import BadIndex, Edits, edits_in, index_at_end, read_index
from camreel.formats.mp4.boxes import head_of
from camreel.formats.mp4.description import TrackDescriptions, read_descriptions
from camreel.formats.nal import length_prefixed
from camreel.formats.sniff import Unreadable, Unusable
from camreel.formats.source import open_source
from camreel.media.clips.description import Description, Descriptions, description_by_ffmpeg
from camreel.media.clips.packets import ClipBytes, ClipUnreadable, Stored, view_of
from camreel.media.clips.tracks import Besides, besides, has_auxiliary, sound_of, video_of
from camreel.media.clips.truncation import tracks_before_cut
from camreel.media.ffmpeg import FAST_OPEN, as_fraction, open_as
from camreel.text import codec_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream

    from camreel.formats.nal import Parameters
    from camreel.media.clips.marks import Marks

_MOST_BOXES = 1_000_000  # Amcrest cameras write one for each picture
_LARGEST = 64 << 20
_TAIL = 64 << 10
_MOST_AHEAD = 300  # frames in which the first parameter sets are looked for
_ANYWHERE = 1 << 62


def reach_of_index(path: str, video: Any) -> int:
    """Where in the file at ``path`` the last picture ends that is listed for its stream ``video``; 0: nobody knows."""
    entries = getattr(video, "index_entries", None)  # since PyAV 17
    if entries is not None:
        return max((entry.pos + entry.size for entry in entries), default=0)
    try:
        pictures = read_index(_moov_of(path), _ANYWHERE).pictures
    except (BadIndex, OSError):
        return 0
    return max((at + size for at, size in zip(pictures.offsets, pictures.sizes, strict=True)), default=0)


def _moov_of(path: str) -> bytes:
    with open_source(path) as file:
        total = file.seek(0, 2)
        file.seek(max(0, total - _TAIL))
        tail = file.read(_TAIL)
        if (last := index_at_end(tail, total)) is not None:
            return tail[last - total :]
    moov = next((box for _, box in _boxes_of(path, b"moov")), None)
    if moov is None:
        raise BadIndex("it has no index")
    return moov


def _boxes_of(path: str, wanted: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the boxes of that kind at the top of a file, each with its place."""
    with open_source(path) as file:
        total = file.seek(0, 2)
        at = 0
        for _box in range(_MOST_BOXES):
            file.seek(at)
            head = file.read(16)
            size, kind, _ = head_of(head.ljust(16, b"\0"), 0, 16)
            if head[:4] == b"\0\0\0\0" or size < 8 or at + size > total:
                return
            if kind == wanted and size <= _LARGEST:
                file.seek(at)
                yield at, file.read(size)
            at += size


def descriptions_in(path: str, track: int | None) -> TrackDescriptions:
    """Return the sample descriptions of a track of pictures of an mp4. Raises :class:`BadIndex`."""
    try:
        return read_descriptions(_moov_of(path), track, _boxes_of(path, b"moof"))
    except OSError as error:
        raise BadIndex(str(error)) from error


@dataclass(frozen=True, slots=True)
class SoundKind:
    """``setup`` is the part of an AAC configuration that a track can have only once, as hex digits."""

    codec: str
    rate: int
    channels: int
    setup: str = ""

    def __str__(self) -> str:
        channels = {1: "mono", 2: "stereo"}.get(self.channels, f"{self.channels} channels")
        return f"{codec_name(self.codec)} sound ({self.rate} Hz, {channels})"


@dataclass(frozen=True, slots=True)
class ClipKind:
    """What must be the same for clips to share an output. The size may differ where the container allows it."""

    codec: str
    nal_length_size: int
    width: int
    height: int
    sound: SoundKind | None


class Clip:
    """An open clip. A context manager; ``video`` always has a time base, a size and parameter sets.

    What it says of itself may be asked after it is closed, its tracks may not.

    ``origin`` is when its first picture is shown (its own ticks), where that is known before it is read: an edit list
    says where a clip begins. ``shows`` is what such a list shows, in ticks; None where all is shown, or several parts.
    ``is_encoded``: its pictures are encoded as they are read; ``holds_nothing``: it has none of those asked for.

    ``description`` is how its first frames are decoded and shown; :meth:`described` says it of each frame.
    ``sound_ticks`` is the unit of time of its sound (None: it has none) and ``sound_setup`` what a decoder needs to
    know of that. ``sound_ends`` is where (seconds of its own time) its sound ends by its index, None where that does
    not say. ``has_lost_sound``: it has sound that cannot be read, or the end of the file cuts off where it would say
    so. ``besides``: its other tracks. ``notes`` are more to be said of it: each the rest of a sentence after its name.
    """

    sound_ends: Fraction | None = None
    listed_sound = 0
    has_lost_sound = False
    _before_cut: frozenset[bytes] | None = None
    besides = Besides()
    _descriptions: Descriptions | None = None
    notes: tuple[str, ...] = ()

    origin: int | None = None
    shows: range | None = None
    _is_flagged = True  # FFmpeg marks what an edit list hides, but not in fragments
    is_encoded = False
    holds_nothing = False

    def __init__(self, path: str, container: InputContainer) -> None:
        self.path = path
        self._begun: Iterator[Packet[Any]] | None = None
        self._ahead: list[Packet[Any]] = []
        self.container = container
        self.video = video_of(container)
        self._file_size = _size_of(path)
        self._before_cut = _tracks_before_cut(path)
        self.sound = sound_of(container, self.video)
        self.besides = besides(container, self.video, self.sound)
        self.description = self._first_description()
        self.time_base = _time_base_of(self.video)
        # Now: once the file is closed, what its tracks say is read from memory that was given back.
        self._listed_packets = max(0, self.video.frames)
        self.sound_ends = None if self.sound is None else _end_of(self.sound)
        self.listed_sound = 0 if self.sound is None else self.sound.frames
        self.has_lost_sound = self.sound is None and self._lost_sound()
        self._listed_seconds = float((self.video.duration or 0) * self.time_base)
        self._frame_rate = rate_of(as_fraction(self.video.average_rate))
        if not self.parameters.units:
            self._find_sets()
        self.kind = ClipKind(
            self.description.codec,
            self.parameters.nal_length_size,
            self.description.width,
            self.description.height,
            None if self.sound is None else sound_kind(self.sound),
        )
        self.sound_ticks = None if self.sound is None else as_fraction(self.sound.time_base)
        self.sound_setup = b"" if self.sound is None else self.sound.codec_context.extradata or b""

    def edit(self, edits: Edits | None) -> None:
        """Take the edit list of its pictures: its time line begins where FFmpeg's does, at 0 without an offset."""
        if edits is None:
            return
        self.origin = round(edits.offset / self.time_base)
        is_whole = not edits.in_fragments
        self._is_flagged = self._is_flagged and is_whole
        entries = getattr(self.video, "index_entries", None)  # since PyAV 17; those that the list leaves
        # Where the first of the media are no fragments, nobody knows whether a length counts those that are.
        ends = edits.shown and (is_whole or not self._listed_packets)
        self._listed_packets = len(entries) if is_whole and entries is not None else 0
        if edits.is_simple:
            begins, end = (round(each / self.time_base) for each in (edits.wait, edits.wait + edits.shown))
            self.shows = range(begins, end if ends else _ANYWHERE)

    def close(self) -> None:
        """Let go of the file."""
        self.container.close()

    def __enter__(self) -> Clip:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def parameters(self) -> Parameters:
        """The parameter sets in force at its first frame."""
        return self.description.parameters

    def _first_description(self) -> Description:
        """Read how the frames are decoded and shown: all that the container says of it."""
        return description_by_ffmpeg(self.video)

    def _find_sets(self) -> None:
        """Look for the first parameter sets in band, where the container has none: a decoder begins with them."""
        found = self.description
        for packet in islice(self._ahead_of(sound=True), _MOST_AHEAD):
            if self.is_picture(packet):
                found = found.after(memoryview(packet))
            if found is not self.description:
                break
        if not found.parameters.units:
            raise Unusable("it has no parameter sets: its pictures cannot be decoded")
        self.video.codec_context.extradata = found.configuration

    def described(self, packet: Any, before: Description) -> Description:
        """Return what is in force at a frame, the one before which had ``before``."""
        if self._descriptions is not None:
            said = self._descriptions.at(packet.pos)
            if said.entry != before.entry:
                before = before.replaced_by(said)
        return before.after(memoryview(packet))

    @property
    def listed_packets(self) -> int:
        """How many pictures the index lists; 0 where it does not say. In fragments: those read so far."""
        if self._listed_packets or self._before_cut is None:
            return self._listed_packets
        return sum(entry.size > 0 for entry in getattr(self.video, "index_entries", None) or ())  # since PyAV 17

    @property
    def is_index_cut(self) -> bool:
        """Whether the file ends within the list of its pictures: how many more there should be nobody knows."""
        return self._before_cut is not None and b"vide" not in self._before_cut

    def _lost_sound(self) -> bool:
        if self.container.streams.audio and (self.container.streams.audio[0].frames or not self.video.frames):
            return True
        return self._before_cut is not None and b"soun" not in self._before_cut

    def listed_marks(self) -> Marks | None:
        """Its pictures as they are compared with others', where that takes no reading of them."""
        return None

    def gop_bytes(self, packet: Any) -> int | None:  # noqa: ARG002 - for clips with an index of their own
        """The bytes from ``packet``, a keyframe, up to the next, sound included. None if reading would tell."""
        return None

    def stretches(self) -> Iterator[Any]:
        """Its packets, some of them many at once (:class:`Stretch`)."""
        return self.packets()

    def hides(self, packet: Packet[Any]) -> bool:
        """Whether an edit list hides a picture."""
        if self._is_flagged or self.shows is None:
            return packet.is_discard
        return (packet.dts if packet.pts is None else packet.pts) not in self.shows

    def is_picture(self, packet: Packet[Any]) -> bool:
        """Whether a packet of :meth:`packets` is a picture."""
        return packet.stream_index == self.video.index

    @property
    def is_cut(self) -> bool:
        """Whether the index lists pictures that lie behind the end of the file."""
        if self.is_index_cut or self.has_lost_sound:
            return True
        return reach_of_index(self.path, self.video) > self._file_size

    @property
    def listed_seconds(self) -> float:
        """How long the index says that the pictures are; 0 where it does not say."""
        return self._listed_seconds

    @property
    def frame_rate(self) -> Fraction:
        """Pictures a second by the index; 25 where it says nothing a camera could do."""
        return self._frame_rate

    def steady_rate(self) -> Fraction:
        """Pictures a second as the first of them come: the index averages over a last one that may be anything.

        Reads packets: to be asked of a clip that is opened for this question.
        """
        times = [packet.dts for packet in islice(self.packets(sound=False), 250) if packet.dts is not None]
        if len(times) < 2 or times[-1] <= times[0]:
            return self.frame_rate
        rate = (len(times) - 1) / ((times[-1] - times[0]) * self.time_base)
        whole = Fraction(round(rate))
        if whole and abs(rate - whole) < whole / 2000:
            return whole
        return min(Fraction(240), max(Fraction(1, 10), rate.limit_denominator(1001)))

    def first_picture(self) -> Packet[Any] | None:
        """Its first picture, which :meth:`packets` gives all the same; None where there is none."""
        return next((packet for packet in self._ahead_of(sound=True) if self.is_picture(packet)), None)

    def _ahead_of(self, *, sound: bool) -> Iterator[Packet[Any]]:
        """Its packets, which :meth:`packets` gives all the same."""
        yield from self._ahead
        if self._begun is None:
            self._begun = self._stored(sound=sound)
        for packet in self._begun:
            self._ahead.append(packet)
            yield packet

    def packets(self, *, sound: bool = True) -> Iterator[Packet[Any]]:
        """Its packets as stored, up to where the bytes end or stop making sense."""
        if self._begun is None:
            return self._stored(sound=sound)
        begun, ahead, self._begun = self._begun, self._ahead, None
        return (packet for packet in chain(ahead, begun) if sound or self.is_picture(packet))

    def _stored(self, *, sound: bool) -> Iterator[Packet[Any]]:
        streams = [self.video] if self.sound is None or not sound else [self.video, self.sound]
        left = self._file_size
        hidden = 4 * left  # what an edit list hides comes again where a later part of it needs it
        parameters = self.parameters
        start_coded: bool | None = None
        try:
            for packet in self.container.demux(*streams):
                # An index that names the same bytes again and again would make terabytes out of a small file.
                if packet.is_discard:
                    hidden -= packet.size
                else:
                    left -= packet.size
                if left < 0 or hidden < 0:
                    return
                if packet.dts is None or not packet.size or packet.is_corrupt:
                    continue
                if start_coded is None and self.is_picture(packet):
                    start_coded = parameters.is_start_coded(memoryview(packet))
                    self._is_flagged = self._is_flagged and not start_coded  # a copy has no such mark
                yield (
                    self._packet_of(length_prefixed(bytes(packet), parameters.nal_length_size), packet)
                    if start_coded and self.is_picture(packet)
                    else packet
                )
        except (av.error.FFmpegError, ValueError):
            return  # cut short: what is missing is counted against the index

    def decodable(self, *, sound: bool = False) -> Iterator[Packet[Any]]:
        """Its packets for a decoder that begins with any of its keyframes: these have the sets that it lacks.

        The decoder is one of the clip's container, or has its configuration.
        """
        description, has_changed = self.description, False
        for packet in self.packets(sound=sound):
            if not self.is_picture(packet):
                yield packet
                continue
            before, description = description, self.described(packet, description)
            has_changed = has_changed or description.parameters is not self.parameters
            is_due = has_changed and (packet.is_keyframe or description is not before)
            yield self._armed(packet, description.parameters, is_due=is_due)

    def _armed(self, packet: Any, parameters: Parameters, *, is_due: bool) -> Packet[Any]:
        """Return a frame with the parameter sets where they are due, in the form of the first description."""
        size = self.parameters.nal_length_size
        place = parameters.place_for_sets(view_of(packet)) if is_due else None
        if isinstance(packet, Stored):
            packet = packet.packet(self.video, self.time_base)
        data = parameters.with_sets(bytes(packet), place)
        if parameters.nal_length_size != size:
            data = length_prefixed(parameters.with_start_codes(memoryview(data)) or b"", size)
        elif place is None:
            return packet  # type: ignore[no-any-return]
        return self._packet_of(data, packet)

    def _packet_of(self, data: bytes, like: Packet[Any]) -> Packet[Any]:
        made: Packet[Any] = av.Packet(data)
        made.stream, made.time_base = self.video, self.time_base
        made.pts, made.dts, made.duration = like.pts, like.dts, like.duration
        made.is_keyframe = like.is_keyframe
        return made


class Mp4Clip(Clip):
    """A clip that is an mp4."""

    def _first_description(self) -> Description:
        try:
            track = descriptions_in(self.path, self.video.id)
        except BadIndex:
            return super()._first_description()
        if any(sample.is_encrypted for sample in track.descriptions):
            raise Unusable("its pictures are encrypted")
        if track.is_sound_encrypted:
            self.sound = None  # it is lost by name
        found = Descriptions(self.video.codec_context.name, track)
        self._descriptions = found if found.are_several else None
        if found.first.entry:  # a decoder begins with the description of the first frame
            self.video.codec_context.extradata = found.first.configuration
        return found.first


def open_mp4(path: str, options: dict[str, str] = FAST_OPEN) -> Clip:
    """Open a clip that is an mp4. Raises :class:`Unusable` with a sentence that says what is wrong with it."""
    try:
        # The format is given: FFmpeg's own guess would follow a playlist to other files and hosts.
        container = open_as(path, "mov", options)
    except (av.error.FFmpegError, ValueError) as error:
        raise Unusable(_why_not_opened(path)) from error
    try:
        clip = Mp4Clip(path, container)
    except Unusable:
        container.close()
        raise
    clip.edit(_edits_of(path, clip.video.id))
    if _has_auxiliary(path):
        clip.besides = replace(clip.besides, lost=(*clip.besides.lost, "an auxiliary video track"))
    return clip


def _has_auxiliary(path: str) -> bool:
    try:
        file = ClipBytes(path)
    except OSError:
        return False
    try:
        return has_auxiliary(file)
    except (BadIndex, ClipUnreadable):
        return False
    finally:
        file.close()


def _edits_of(path: str, track_id: int) -> Edits | None:
    try:
        return edits_in(_moov_of(path), track_id)
    except (BadIndex, OSError):
        return None


def sound_kind(stream: AudioStream) -> SoundKind:
    """The kind of ``stream``."""
    context = stream.codec_context
    # The first two bytes of an AudioSpecificConfig: object type, rate, channels, samples in a frame. What follows
    # are extensions that encoders spell in several ways for the same stream.
    setup = (context.extradata or b"")[:2].hex() if context.name == "aac" else ""
    return SoundKind(context.name, context.rate, context.layout.nb_channels, setup)


def rate_of(rate: Fraction | None) -> Fraction:
    """Pictures a second as an index has it; 25 where that is nothing a camera could do."""
    return rate if rate is not None and Fraction(1, 10) <= rate <= 240 else Fraction(25)


def _why_not_opened(path: str) -> str:
    if _has_moov(path):
        return "its index cannot be read"
    return "it has no index (moov box): it was cut short, or the camera had not finished writing it"


def _has_moov(path: str) -> bool:
    """Walk the top-level boxes: cameras write an mdat for each picture, and the moov last."""
    with open_source(path) as file:
        size, at = file.seek(0, 2), 0
        for _ in range(1_000_000):
            file.seek(at)
            header = file.read(16)
            if len(header) < 8:
                return False
            length, kind = struct.unpack(">I4s", header[:8])
            if kind == b"moov":
                return True
            if length == 1 and len(header) == 16:
                length = int.from_bytes(header[8:], "big")
            if length < 8 or at + length >= size:
                return False
            at += length
    return False


def _size_of(path: str) -> int:
    try:
        return Path(path).stat().st_size
    except OSError as error:  # it is gone
        raise Unreadable(error) from error


def _tracks_before_cut(path: str) -> frozenset[bytes] | None:
    try:
        return tracks_before_cut(path)
    except OSError:
        return None


def _end_of(sound: AudioStream) -> Fraction | None:
    ticks = as_fraction(sound.time_base)
    if ticks is None or sound.duration is None:
        return None
    start, entries = sound.start_time or 0, getattr(sound, "index_entries", None)  # since PyAV 17
    if entries is not None and len(entries):
        start = min(start, entries[0].timestamp)  # FFmpeg takes what the pictures wait for that of the sound, too
    return (start + sound.duration) * ticks


def _time_base_of(video: VideoStream) -> Fraction:
    time_base = as_fraction(video.time_base)
    if time_base is None or not Fraction(1, 10**9) <= time_base <= 1:
        raise Unusable("its index has no sensible unit of time")
    return time_base
