"""Clips cut from the originals by copying packets, and what may be odd about their files."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from fractions import Fraction
from functools import cached_property, lru_cache
from io import BytesIO
from itertools import pairwise
from typing import Any, Literal

import av

from camreel_simulator import dav_frames, make_clip

from . import boxes
from .boxes import SCALE, Edit, Sample, Track, box
from .originals import CHANGING, EIGHT, PICTURES, SOUNDS, Coded, Line, Look, line, sound_of

Broken = Literal["empty", "garbage", "web page", "no index", "cut", "short", "short index"]
Picture = tuple[str, int]  # of which original, and which one it is


class Feature(Enum):
    """What a card or a clip may have besides clips of one kind, with and without gaps between them."""

    # What the encoder does.
    PARAMETERS = "clips of another encoder"
    SIZES = "clips of another size"
    RATES = "clips of another frame rate"
    STILL = "a still scene"
    H265 = "H.265"
    B_FRAMES = "B-frames"
    OPEN_GROUPS = "frames behind a keyframe that need the group before"
    INTRA_REFRESH = "keyframes by their flag alone (intra refresh)"
    ONE_FPS = "1 frame a second"
    HALF_FPS = "1 frame in two seconds"
    OTHER_SETS = "other parameter sets within a clip"
    OTHER_SIZE = "another size within a clip"
    LATE_KEYFRAME = "frames before the first keyframe"
    # How the file tells it.
    DESCRIPTIONS = "several sample descriptions"
    FRAGMENTED = "fragmented mp4"
    INDEX_FIRST = "the index in front"
    BOX_AFTER = "boxes after the index"
    NO_OP_EDIT = "an edit list that does nothing"
    HIDDEN_HEAD = "an edit list that hides the first frames"
    HIDDEN_TAIL = "an edit list that hides the last frames"
    EMPTY_EDIT = "an edit list that begins with nothing"
    NEGATIVE_OFFSETS = "negative composition offsets"
    SHORT_LENGTHS = "lengths of two bytes in front of NAL units"
    NO_SETS = "parameter sets in band only"
    ANNEX_B = "samples with start codes, and no configuration"
    ENCRYPTED = "encrypted samples"
    # What it holds besides.
    SECOND_SOUND = "a second sound track"
    SECOND_VIDEO = "a second video track"
    SUBTITLES = "a track of subtitles"
    TELEMETRY = "a track of telemetry"
    # How its frames are to be shown.
    TURNED = "turned by 90 degrees"
    PIXELS = "pixels that are no squares"
    FULL_RANGE = "full range of brightness, by the container alone"
    # Its sound.
    NO_SOUND = "no sound"
    OTHER_SOUND = "sound of several forms"
    LATE_SOUND = "sound that begins late"
    # What became of it.
    BROKEN = "no clip at all"
    SHORT = "cut short at its end"
    SHORT_INDEX = "its index cut short"
    # .dav
    DAV = ".dav"
    CLOCK_SET = "a clock that is set in the middle of a .dav"
    TWO_CHANNELS = "two channels in a .dav"
    # How the clips of a card are to each other, and to the range.
    COPIES = "clips that hold the same bytes"
    AGAIN = "clips that hold the same time as two encoders saw it"
    EARLY = "listed seconds before it begins"
    CLOCK_STEP = "a clock that was put back between two clips"
    NEWEST_FIRST = "listed newest first"
    RANGE = "a range within what is there"
    RANGE_AT_END = "a range that begins in the second in which a clip ends"
    MKV = "mkv"
    IN_ORDER = "laid end to end (--in-order)"


_OF_LINE = {
    "coarse": {Feature.PARAMETERS},
    "large": {Feature.SIZES},
    "quick": {Feature.RATES},
    "slow": {Feature.RATES},
    "reordered": {Feature.B_FRAMES},
    "still": {Feature.STILL},
    "still again": {Feature.STILL},
    "h265": {Feature.H265},
    "h265 large": {Feature.H265, Feature.SIZES},
    "h265 reordered": {Feature.H265, Feature.B_FRAMES},
    "1 fps": {Feature.ONE_FPS},
    "1 fps reordered": {Feature.ONE_FPS, Feature.B_FRAMES},
    "half fps": {Feature.HALF_FPS},
    "refreshed": {Feature.INTRA_REFRESH},
    "open": {Feature.B_FRAMES},
    "h265 open": {Feature.H265, Feature.B_FRAMES},
    "other sets": {Feature.OTHER_SETS},
    "other size": {Feature.OTHER_SIZE},
    "h265 other size": {Feature.H265, Feature.OTHER_SIZE},
}
HIDDEN = 4  # frames, by an edit list at either end
EMPTY = Fraction(1, 2)  # seconds, at the beginning
LATE = Fraction(1)  # seconds, of sound
REFRESHED_AFTER = 8  # frames, from one that begins a refresh
# From these on the encoder promises that, and what FFmpeg shows of the clip alone is not what was recorded.
BROKEN_PROMISES = {80, 160}
_BESIDES = "slow"  # what a second video track or channel shows


@dataclass(frozen=True)
class Cut:
    """A clip: ``count`` pictures of an original from number ``first`` on, and the sound of that time.

    ``sound`` is a form of :data:`SOUNDS` or None, ``longer`` by how many seconds the sound outlasts the pictures.
    ``broken`` is what was done to its bytes. ``odd`` is what is odd about its file. ``early`` is how many seconds
    before it begins it is listed, ``slow`` how many seconds the camera's clock was slow meanwhile.
    """

    line: str
    first: int
    count: int
    sound: str | None = "aac"
    longer: Fraction = Fraction(0)
    broken: Broken | None = None
    dav: bool = False
    odd: frozenset[Feature] = frozenset()
    early: int = 0
    slow: int = 0

    def __str__(self) -> str:
        form = f"{'dav ' if self.dav else ''}{self.broken or 'clip'}"
        odd = "".join(f", {name}" for name in sorted(each.value for each in self.odd))
        clock = f", listed {self.early} s early" if self.early else ""
        clock += f", clock {self.slow} s slow" if self.slow else ""
        seen = f"'{self.line}' {float(self.start):.2f}-{float(self.end):.2f} s ({self.sound or 'silent'})"
        return f"{form} of {seen}{odd}{clock}"

    @property
    def source(self) -> Line:
        """What it is cut from."""
        return line(self.line)

    @property
    def period(self) -> Fraction:
        return self.source.period

    @property
    def start(self) -> Fraction:
        """When its first picture was really taken, in seconds from EIGHT; shown or not."""
        return self.first * self.period

    @property
    def end(self) -> Fraction:
        return (self.first + self.count) * self.period

    @property
    def head(self) -> int:
        """How many of its pictures an edit list hides in front."""
        return HIDDEN if Feature.HIDDEN_HEAD in self.odd else 0

    @property
    def tail(self) -> int:
        """How many it hides at the end."""
        return HIDDEN if Feature.HIDDEN_TAIL in self.odd else 0

    @property
    def zero(self) -> Fraction:
        """The moment at which its file begins when it is played."""
        return self.start + self.head * self.period - (EMPTY if Feature.EMPTY_EDIT in self.odd else 0)

    @property
    def listed(self) -> tuple[int, int]:
        """As the camera lists it: cut to whole seconds."""
        return int(self.zero) - self.early - self.slow, int(self.end - self.tail * self.period) - self.slow

    @property
    def dated(self) -> Fraction:
        """When its first picture was taken as far as anybody can tell: a .dav says it, others are listed."""
        return self.start - self.slow if self.dav else self.listed[0] + self.start - self.zero

    @property
    def held(self) -> int:
        """How many of its pictures are in its bytes, and can be read."""
        if self.broken == "short":
            return _cut_short(self)[1]
        if self.broken == "short index":
            return self.count
        return 0 if self.broken or Feature.ENCRYPTED in self.odd else self.count

    @property
    def first_key(self) -> int:
        """How many pictures lie before the first that can be decoded."""
        key = next((key for key in self.source.keys if key >= self.first), 10**9)
        if self.line == "refreshed" and self.first:
            return min(self.count, key - self.first + REFRESHED_AFTER)
        if key > self.first or not self.first or key >= len(self.source.packets):
            return min(self.count, key - self.first)
        # Of open groups the first pictures are shown before the keyframe, and need the group before.
        return min(self.count, round(self.source.packets[key].shown / self.period) - self.first)

    @property
    def keys(self) -> list[int]:
        """Which of its pictures are keyframes; one by its flag alone is none."""
        if self.line == "refreshed":
            return [] if self.first else [0]
        return [key - self.first for key in self.source.keys if 0 <= key - self.first < self.count]

    @property
    def visible(self) -> range:
        """Which of its pictures are to be shown, if they can be."""
        return range(self.head, self.count - self.tail)

    @property
    def besides(self) -> frozenset[Picture]:
        """The pictures of a second track or channel."""
        if not self.odd & {Feature.SECOND_VIDEO, Feature.TWO_CHANNELS}:
            return frozenset()
        return frozenset((_BESIDES, number) for number in _numbers_besides(self))

    @property
    def look(self) -> Look:
        """How its pictures are to be shown."""
        return Look(
            270 if Feature.TURNED in self.odd else 0,
            Fraction(4, 3) if Feature.PIXELS in self.odd else Fraction(1),
            Feature.FULL_RANGE in self.odd,
        )

    @property
    def features(self) -> frozenset[Feature]:
        """All that is odd about it."""
        told = {
            Feature.DAV: self.dav,
            Feature.NO_SOUND: self.sound is None,
            Feature.SHORT: self.broken == "short",
            Feature.SHORT_INDEX: self.broken == "short index",
            Feature.BROKEN: self.broken not in {None, "short", "short index"},
            Feature.EARLY: self.early != 0,
            Feature.CLOCK_STEP: self.slow != 0,
        }
        found = self.odd | _OF_LINE.get(self.line, set()) | {each for each, is_so in told.items() if is_so}
        if self.first_key > 0:
            is_open = self.first in self.source.keys and self.line != "refreshed"
            found |= {Feature.OPEN_GROUPS if is_open else Feature.LATE_KEYFRAME}
        return frozenset(found)

    @cached_property
    def body(self) -> bytes:
        """The file."""
        return _body(self)

    @property
    def heard_from(self) -> Fraction:
        """The moment at which its sound begins."""
        return self.zero + (LATE if Feature.LATE_SOUND in self.odd else 0)

    def taken(self, index: int) -> Fraction:
        """When the picture at ``index`` was really taken."""
        return self.start + index * self.period

    def picture(self, index: int) -> Picture:
        """Which picture the one at ``index`` of the clip is."""
        number = self.first + index
        lines = CHANGING.get(self.line)
        return (lines[self.source.packets[number].entry - 1] if lines else self.line), number

    def md5(self, index: int) -> str:
        """Of that picture, decoded."""
        return self.source.md5s[self.first + index]

    @property
    def sound_shift(self) -> Fraction:
        """How much later its sound is in the file than it was heard: the first packet begins with the file."""
        if self.sound is None or self.dav or not _is_our_own(self):
            return Fraction(0)
        return self.heard_from - _heard(self, self.sound)[0].shown


@lru_cache(maxsize=512)
def _body(cut: Cut) -> bytes:
    if cut.broken == "short":
        return _cut_short(cut)[0]
    if cut.broken in {"empty", "garbage", "web page"}:
        chance = random.Random(cut.first)
        junk = {"empty": b"", "garbage": chance.randbytes(3000), "web page": b"<!DOCTYPE html><html>Log in</html>"}
        return junk[cut.broken]
    whole = _dav(cut) if cut.dav else _mp4(cut)
    if cut.broken == "cut":
        return whole[: len(whole) * 6 // 10]
    if cut.broken == "short index":  # what is last in it: where the sound lies
        return whole[: whole.rindex(b"stco") - 4]
    return whole[: whole.rindex(b"moov") - 4] if cut.broken == "no index" else whole


@lru_cache(maxsize=256)
def _cut_short(cut: Cut) -> tuple[bytes, int]:
    """The index in front, and half of what it lists; with the number of pictures that are still complete."""
    whole = boxes.write(_tracks(cut), first=True)
    with av.open(BytesIO(whole)) as container:
        ends = [packet.pos + packet.size for packet in container.demux(video=0) if packet.size and packet.pos]
    length = (ends[0] + ends[-1]) // 2
    return whole[:length], sum(end <= length for end in ends)


def _is_our_own(cut: Cut) -> bool:
    """Whether FFmpeg could not write such a file."""
    return bool(cut.odd) or cut.broken in {"short", "short index"} or cut.line in CHANGING


def _mp4(cut: Cut) -> bytes:
    if not _is_our_own(cut):
        return _as_ffmpeg_writes(cut)
    if Feature.FRAGMENTED in cut.odd:
        return boxes.write_fragments(_tracks(cut))
    after = [box(b"free", bytes(16)), box(b"uuid", b"a maker's own...", bytes(2000))]
    first = Feature.INDEX_FIRST in cut.odd
    return boxes.write(_tracks(cut), first=first, after=after if Feature.BOX_AFTER in cut.odd else ())


def _as_ffmpeg_writes(cut: Cut) -> bytes:
    source = cut.source
    buffer = BytesIO()
    parts = [("video", source.body, source.packets[cut.first : cut.first + cut.count])]
    if cut.sound:
        sounds = _sound_between(cut.sound, cut.start, cut.end + cut.longer)
        parts.append(("audio", make_clip(SOUNDS[cut.sound]), sounds))
    options = {"video_track_timescale": str(SCALE), "movie_timescale": str(SCALE)}
    # FFmpeg's mp4 muxer refuses G.711, its mov muxer does not.
    with av.open(buffer, "w", format="mov" if cut.sound == "alaw" else "mp4", options=options) as out:
        packets = []
        for kind, template, coded in parts:
            stream = _stream_like(out, template, kind)
            length = cut.period if kind == "video" or len(coded) < 2 else coded[1].decoded - coded[0].decoded
            packets += [(each, stream, length) for each in coded]
        for each, stream, length in sorted(packets, key=lambda packet: packet[0].decoded):
            packet = _packet(each, stream, cut.start)
            packet.duration = round(length * SCALE)  # PyAV 17.1 loses the last one without
            out.mux(packet)
    return buffer.getvalue()


def _stream_like(out: Any, template: bytes, kind: str) -> Any:
    with av.open(BytesIO(template)) as source:
        return out.add_stream_from_template(getattr(source.streams, kind)[0], opaque=True)


def _packet(coded: Coded, stream: Any, start: Fraction) -> av.Packet[Any]:
    packet = av.Packet(coded.data)
    packet.stream, packet.time_base = stream, Fraction(1, SCALE)
    packet.pts, packet.dts = (round((each - start) * SCALE) for each in (coded.shown, coded.decoded))
    packet.is_keyframe = coded.key
    return packet


def _sound_between(form: str, start: Fraction, end: Fraction) -> list[Coded]:
    return [coded for coded in sound_of(form)[0] if start <= coded.shown < end]


# --- a file of our own writing ---------------------------------------------------------------------------------------


def _tracks(cut: Cut) -> list[Track]:
    tracks = [_video(cut)]
    if cut.sound is not None:
        tracks.append(_sound(cut, cut.sound))
    if Feature.SECOND_SOUND in cut.odd:
        tracks.append(_sound(cut, "aac 16 kHz" if cut.sound == "aac" else "aac"))
    if Feature.SECOND_VIDEO in cut.odd:
        tracks.append(_video_besides(cut))
    if Feature.SUBTITLES in cut.odd:
        font = box(b"ftab", struct.pack(">HHB", 1, 1, 5), b"Serif")
        entry = box(b"tx3g", bytes(6), struct.pack(">H", 1), bytes(26), struct.pack(">HB", 1, 0), bytes(9), font)
        tracks.append(_texts(cut, b"sbtl", entry, b"\0\x0aspeed 50km"))
    if Feature.TELEMETRY in cut.odd:
        entry = box(b"gpmd", bytes(6), struct.pack(">HI", 1, 0))
        tracks.append(_texts(cut, b"meta", entry, b"GPS5" + bytes(20)))
    return tracks


def _video(cut: Cut) -> Track:
    source, period = cut.source, round(cut.period * SCALE)
    coded = source.packets[cut.first : cut.first + cut.count]
    shown = [round((each.shown - cut.start) * SCALE) for each in coded]
    delay = max(number * period - at for number, at in enumerate(shown))
    if Feature.NEGATIVE_OFFSETS in cut.odd:
        delay = 0
    entries = source.entries if Feature.DESCRIPTIONS in cut.odd else source.entries[:1]
    changed = _changes(cut)
    samples = tuple(
        Sample(changed(each), number * period, at + delay, period, each.key, each.entry if len(entries) > 1 else 1)
        for number, (each, at) in enumerate(zip(coded, shown, strict=True))
    )
    return Track(
        b"vide",
        tuple(_entry(cut, entry) for entry in entries),
        samples,
        _edits(cut, delay),
        source.spec.size,
        Feature.TURNED in cut.odd,
    )


def _edits(cut: Cut, delay: int) -> tuple[Edit, ...]:
    asked = {Feature.NO_OP_EDIT, Feature.HIDDEN_HEAD, Feature.HIDDEN_TAIL, Feature.EMPTY_EDIT}
    if not delay and not cut.odd & asked:
        return ()
    length = round(len(cut.visible) * cut.period * SCALE)
    edits = [Edit(length, delay + round(cut.head * cut.period * SCALE))]
    return (Edit(round(EMPTY * SCALE), -1), *edits) if Feature.EMPTY_EDIT in cut.odd else tuple(edits)


def _entry(cut: Cut, entry: bytes) -> bytes:
    kind, configuration = boxes.configuration_of(entry)
    size_at = 4 if kind == b"avcC" else 21
    if Feature.SHORT_LENGTHS in cut.odd:
        configuration = (
            configuration[:size_at] + bytes((configuration[size_at] & ~3 | 1,)) + configuration[size_at + 1 :]
        )
    if Feature.NO_SETS in cut.odd:
        configuration = configuration[:5] + b"\xe0\0" if kind == b"avcC" else configuration[:22] + b"\0"
    entry = boxes.with_configuration(entry, None if Feature.ANNEX_B in cut.odd else configuration)
    if Feature.PIXELS in cut.odd:
        entry = boxes.with_boxes(entry, box(b"pasp", struct.pack(">II", 4, 3)))
    if Feature.FULL_RANGE in cut.odd:
        entry = boxes.with_boxes(entry, box(b"colr", b"nclx", struct.pack(">HHHB", 1, 1, 1, 0x80)))
    if Feature.ENCRYPTED in cut.odd:
        scheme = box(b"schm", struct.pack(">I4sI", 0, b"cenc", 0x10000))
        key = box(b"schi", box(b"tenc", struct.pack(">IBBBB", 0, 0, 0, 1, 8), b"sixteen bytes id"))
        entry = boxes.with_boxes(entry, box(b"sinf", box(b"frma", entry[4:8]), scheme, key), kind=b"encv")
    return entry


def _changes(cut: Cut) -> Callable[[Coded], bytes]:
    """What is done to the bytes of each packet."""
    entries = cut.source.entries
    is_h265 = entries[0][4:8] == b"hvc1"
    in_band = {Feature.NO_SETS, Feature.ANNEX_B} & cut.odd or len(entries) > 1

    def change(coded: Coded) -> bytes:
        units = _units(coded.data)
        if in_band or Feature.DESCRIPTIONS in cut.odd:
            units = [unit for unit in units if _kind(unit, is_h265) not in _SETS[is_h265]]
        if in_band and coded.key and Feature.DESCRIPTIONS not in cut.odd:
            units = [*boxes.sets_of(entries[coded.entry - 1]), *units]
        if Feature.ENCRYPTED in cut.odd:
            units = [unit[:6] + bytes(byte ^ 0xA5 for byte in unit[6:]) for unit in units]
        if Feature.ANNEX_B in cut.odd:
            return b"".join(b"\0\0\0\1" + unit for unit in units)
        bytes_of_length = 2 if Feature.SHORT_LENGTHS in cut.odd else 4
        return b"".join(len(unit).to_bytes(bytes_of_length, "big") + unit for unit in units)

    return change


_SETS = ({7, 8}, {32, 33, 34})  # SPS and PPS; VPS, SPS and PPS


def _kind(unit: bytes, is_h265: bool) -> int:
    return unit[0] >> 1 & 63 if is_h265 else unit[0] & 31


def _units(data: bytes) -> list[bytes]:
    """The NAL units of a sample with lengths of four bytes."""
    units, at = [], 0
    while at < len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        units.append(data[at + 4 : at + 4 + length])
        at += 4 + length
    return units


def _heard(cut: Cut, form: str) -> list[Coded]:
    """Its packets of sound: of those that begin about when the file does, the nearest first."""
    packets, _ = sound_of(form)
    half = (packets[1].decoded - packets[0].decoded) / 2
    return [each for each in packets if cut.heard_from - half <= each.shown < cut.end + cut.longer]


def _sound(cut: Cut, form: str) -> Track:
    heard = _heard(cut, form)
    starts = [round((each.shown - heard[0].shown) * SCALE) for each in heard]
    lengths = [other - one for one, other in pairwise(starts)]
    samples = tuple(
        Sample(each.data, at, at, length)
        for each, at, length in zip(heard, starts, [*lengths, max(lengths, default=SCALE)], strict=True)
    )
    edits: tuple[Edit, ...] = ()
    if Feature.LATE_SOUND in cut.odd:
        edits = (Edit(round(LATE * SCALE), -1), Edit(sum(sample.length for sample in samples), 0))
    return Track(b"soun", sound_of(form)[1], samples, edits)


def _numbers_besides(cut: Cut) -> range:
    other = line(_BESIDES)
    return range(other.key_from(cut.start), int(cut.end / other.period))


def _video_besides(cut: Cut) -> Track:
    other, period = line(_BESIDES), round(line(_BESIDES).period * SCALE)
    samples = tuple(
        Sample(other.packets[number].data, place * period, place * period, period, other.packets[number].key)
        for place, number in enumerate(_numbers_besides(cut))
    )
    return Track(b"vide", other.entries, samples, (), other.spec.size)


def _texts(cut: Cut, handler: bytes, entry: bytes, data: bytes) -> Track:
    count = max(1, int(cut.end - cut.zero))
    return Track(handler, (entry,), tuple(Sample(data, at * SCALE, at * SCALE, SCALE) for at in range(count)))


# --- .dav ------------------------------------------------------------------------------------------------------------

_DATE_AT, _CHECKSUM_AT = 16, 23  # in the header of a frame


def _dav(cut: Cut) -> bytes:
    spec = replace(PICTURES[cut.line], audio=None)
    if cut.sound is not None:
        spec = replace(spec, audio=SOUNDS[cut.sound].audio, audio_rate=SOUNDS[cut.sound].audio_rate)
    first, last, heard = (EIGHT + timedelta(seconds=float(each)) for each in (cut.start, cut.end, cut.end + cut.longer))
    tick = timedelta(milliseconds=1)  # which frames are dated to
    frames = [
        frame
        for frame in dav_frames(spec)
        if first - tick < frame.moment < (heard if frame.kind == "sound" else last) - tick
    ]
    if Feature.TWO_CHANNELS in cut.odd:
        begins = EIGHT + timedelta(seconds=float(_numbers_besides(cut)[0] * line(_BESIDES).period)) - tick
        second = dav_frames(replace(PICTURES[_BESIDES], audio=None), channel=2)
        frames = sorted(
            [*frames, *(each for each in second if begins < each.moment < last - tick)], key=lambda each: each.moment
        )
    set_at = first + (last - first) / 2 if Feature.CLOCK_SET in cut.odd else first
    slow = timedelta(seconds=cut.slow)
    wrong = EIGHT - datetime(2000, 1, 1)  # noqa: DTZ001 - as a camera whose battery is empty counts
    return b"".join(
        _dated(each.data, each.moment, slow + (wrong if each.moment < set_at else 0 * wrong)) for each in frames
    )


def _dated(frame: bytes, moment: datetime, slow: timedelta) -> bytes:
    """A frame whose clock was slow."""
    shown = moment - slow
    date = (shown.year - 2000) << 26 | shown.month << 22 | shown.day << 17
    date |= shown.hour << 12 | shown.minute << 6 | shown.second
    header = frame[:_DATE_AT] + struct.pack("<I", date) + frame[_DATE_AT + 4 : _CHECKSUM_AT]
    return header + bytes((sum(header) & 0xFF,)) + frame[_CHECKSUM_AT + 1 :]
