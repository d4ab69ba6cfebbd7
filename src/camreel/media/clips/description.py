"""How frames of a clip are decoded and to be shown, as it is in force at one of them.

A clip begins with its first sample description. Others, and parameter sets in band, come into force frame by frame.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

from camreel.formats.mp4.boxes import made
from camreel.formats.mp4.description import IDENTITY, SampleDescription
from camreel.formats.nal import BadParameters, Parameters, read_parameters
from camreel.formats.parameter_sets import Colors, SequenceSet, configuration_of, sequence_of
from camreel.media.ffmpeg import as_fraction

if TYPE_CHECKING:
    from av.video.stream import VideoStream

    from camreel.formats.mp4.description import TrackDescriptions

_UPRIGHT = (IDENTITY[0], IDENTITY[1], IDENTITY[3], IDENTITY[4])
_LENGTH_SIZE = 4
_FULL_RANGE = 0x80


@dataclass(frozen=True, slots=True)
class Appearance:
    """How frames are to be shown: what must be alike to share a file.

    ``turned`` is the matrix that turns them, ``aspect`` the width of a pixel by its height. ``coded`` are the colors of
    the sequence, if the container says others. ``boxes`` say the rest in an mp4: cropping, fields, light of HDR.
    """

    turned: tuple[int, int, int, int] = _UPRIGHT
    aspect: Fraction | None = None
    colors: Colors | None = None
    coded: Colors | None = None
    boxes: bytes = b""

    @property
    def is_upright(self) -> bool:
        """Whether nothing turns the frames."""
        return self.turned == _UPRIGHT

    def completed(self, sequence: SequenceSet | None) -> Appearance:
        """Return it with what only the sequence parameter set says."""
        told = None if sequence is None else sequence.colors
        aspect = self.aspect or (None if sequence is None else sequence.aspect) or Fraction(1)
        coded = told if self.colors is not None and told not in {None, self.colors} else None
        return Appearance(self.turned, aspect, self.colors or told or Colors(), coded, self.boxes)

    @property
    def matrix(self) -> tuple[int, ...]:
        """The matrix that turns them, as an mp4 has it."""
        a, b, c, d = self.turned
        return a, b, 0, c, d, 0, 0, 0, IDENTITY[8]

    def color_box(self) -> bytes:
        """Return the ``colr`` box; empty if there is nothing to say."""
        colors = self.colors
        if colors is None or colors == Colors():
            return b""
        numbers = struct.pack(
            ">HHHB", colors.primaries, colors.transfer, colors.matrix, _FULL_RANGE * colors.is_full_range
        )
        return made(b"colr", b"nclx", numbers)


@dataclass(frozen=True)
class Description:
    """``told`` is the appearance by the container alone, ``look`` the whole appearance.

    ``described`` is the container's configuration, ``entry`` its number there.
    """

    codec: str
    parameters: Parameters
    width: int
    height: int
    told: Appearance
    look: Appearance
    described: bytes
    entry: int = 0

    @property
    def by_container(self) -> Appearance:
        """What the container alone says: a file that cannot say it shows the frames otherwise."""
        inner = Appearance(aspect=None).completed(first_sequence(self.parameters))
        aspect, colors = self.look.aspect, self.look.colors
        return replace(
            self.look,
            aspect=None if aspect == inner.aspect else aspect,
            colors=None if colors == inner.colors else colors,
        )

    @cached_property
    def configuration(self) -> bytes:
        """The ``avcC`` or ``hvcC`` with the sets in force; empty if there are none."""
        try:
            if self.described and read_parameters(self.codec, self.described).units == self.parameters.units:
                return self.described
        except BadParameters:
            pass
        sequence = first_sequence(self.parameters)
        if sequence is None:
            return b""
        return configuration_of(self.parameters.units, sequence, hevc=self.parameters.hevc)

    def after(self, packet: Any) -> Description:
        """Return what is in force at ``packet`` (its bytes to look into). The same object if nothing changed."""
        parameters = self.parameters.after(packet)
        if parameters is self.parameters:
            return self
        unit = parameters.sequence_for(packet)
        sequence = first_sequence(parameters) if unit is None else sequence_of(unit, hevc=parameters.hevc)
        if sequence is None:
            return replace(self, parameters=parameters)
        look = self.told.completed(sequence)
        return replace(self, parameters=parameters, width=sequence.width, height=sequence.height, look=look)

    def replaced_by(self, other: Description) -> Description:
        """Return what is in force where ``other``, another sample description, begins."""
        parameters = self.parameters.replaced_by(other.parameters)
        return other if parameters is other.parameters else replace(other, parameters=parameters)


def description_of(codec: str, sample: SampleDescription, turned: tuple[int, int, int, int]) -> Description:
    """Return what a sample description says. Without a usable configuration it has no parameter sets."""
    told = _appearance_of(sample, turned)
    try:
        parameters = read_parameters(codec, sample.configuration)
        described = sample.configuration
    except BadParameters:
        parameters, described = Parameters(codec == "hevc", _LENGTH_SIZE, ()), b""
    look = told.completed(first_sequence(parameters))
    return Description(codec, parameters, sample.width, sample.height, told, look, described)


def description_by_ffmpeg(video: VideoStream) -> Description:
    """Return what FFmpeg says of a track that is not an mp4's."""
    context = video.codec_context
    found = SampleDescription(b"", context.extradata or b"", video.width, video.height, False, ())
    described = description_of(context.name, found, _UPRIGHT)
    told = replace(described.told, aspect=as_fraction(video.sample_aspect_ratio) or None)
    return replace(described, told=told, look=told.completed(first_sequence(described.parameters)))


def first_sequence(parameters: Parameters) -> SequenceSet | None:
    """Return what the first sequence parameter set says."""
    found = (sequence_of(unit, hevc=parameters.hevc) for unit in parameters.sequences)
    return next((sequence for sequence in found if sequence is not None), None)


class Descriptions:
    """Those of an mp4, by the place of a frame in the file."""

    def __init__(self, codec: str, track: TrackDescriptions) -> None:
        self._track = track
        self._all = [
            replace(description_of(codec, sample, track.turned), entry=number)
            for number, sample in enumerate(track.descriptions)
        ]

    @property
    def first(self) -> Description:
        """The one of the first frame."""
        return self._all[self._track.entries[0] if self._track.entries else 0]

    @property
    def are_several(self) -> bool:
        """Whether frames have to be asked for theirs."""
        return len(self._all) > 1

    def at(self, place: int | None) -> Description:
        """Return the one of the frame that lies at ``place``."""
        return self._all[self._track.entry_at(place)]


def _appearance_of(sample: SampleDescription, turned: tuple[int, int, int, int]) -> Appearance:
    aspect: Fraction | None = None
    colors: Colors | None = None
    others = []
    for kind, content in sample.looks:
        if kind == b"pasp" and len(content) >= 8:
            wide, high = struct.unpack_from(">II", content)
            aspect = aspect or (Fraction(wide, high) if wide and high else None)
        elif kind == b"colr" and content[:4] in {b"nclx", b"nclc"} and len(content) >= 10:
            is_full = content[:4] == b"nclx" and content[10:11] >= bytes([_FULL_RANGE])
            primaries, transfer, matrix = struct.unpack_from(">HHH", content, 4)
            colors = colors or Colors(primaries, transfer, matrix, is_full)
        elif _says_something(kind, content, sample):
            others.append(made(kind, content))
    return Appearance(turned, aspect, colors, None, b"".join(sorted(others)))


def _says_something(kind: bytes, content: bytes, sample: SampleDescription) -> bool:
    """Whether a box is more than what goes without saying."""
    if kind == b"fiel":
        return content[:1] > b"\1"
    if kind == b"clap" and len(content) >= 32:
        numbers: Iterator[tuple[int, int]] = struct.iter_unpack(">II", content[:32])
        whole = (sample.width, sample.height, 0, 0)
        return any(length != bottom * wanted for (length, bottom), wanted in zip(numbers, whole, strict=True))
    return True
