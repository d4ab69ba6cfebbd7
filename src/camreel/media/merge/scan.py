"""Look through the frames of a clip without copying them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from camreel.media.clips.marks import Mark, Marks, mark_of, microseconds, shown_at
from camreel.media.clips.open import open_to_copy
from camreel.media.clips.packets import recovery_of, view_of
from camreel.media.merge.overlap import NEAR

if TYPE_CHECKING:
    from av.packet import Packet

    from camreel.media.clips.clip import Clip


class HiddenFrames:
    """The frames of a clip that its edit list hides, kept until it is known whether shown ones need them."""

    def __init__(self, clip: Clip) -> None:
        self._clip = clip
        self._kept: list[Packet[Any]] = []

    @property
    def are_kept(self) -> bool:
        """Whether there are such frames."""
        return bool(self._kept)

    def in_turn(self, packet: Packet[Any]) -> list[Packet[Any]]:
        """The frames that ``packet`` needs and that were kept, and itself; nothing where it is hidden."""
        is_hidden = self._clip.hides(packet)
        if not is_hidden and not self._kept:
            return [packet]
        if packet.is_keyframe and self._clip.parameters.begins_anew(view_of(packet)):
            self._kept.clear()
        if is_hidden:
            self._kept.append(packet)
            return []
        kept, self._kept = self._kept, []
        return [*kept, packet]


def marks_of(path: str, after: int = 0, until: int | None = None) -> tuple[list[Mark], bool]:
    """The pictures of the clip at ``path`` behind the first ``after``, up to ``until`` (microseconds after its first).

    Those that an edit list hides are among them where shown ones need them. And whether these are all.
    Raises :class:`Unusable`.
    """
    with open_to_copy(path) as clip:
        if (listed := clip.listed_marks()) is not None:
            count = len(listed) if until is None else listed.until(until)
            return listed[after:count], count == len(listed)
        marks: list[Mark] = []
        origin = clip.origin
        hidden = HiddenFrames(clip)
        needed = (each for packet in clip.packets(sound=False) for each in hidden.in_turn(packet))
        for number, packet in enumerate(needed):
            shown = shown_at(packet, clip.time_base)
            origin = shown if origin is None else origin
            at = microseconds(shown - origin, clip.time_base)
            if until is not None and at >= until:
                return marks, False
            if number >= after:
                marks.append(mark_of(packet, at, clip.parameters))
    return marks, True


def end_of(marks: Sequence[Mark], frame_rate: Fraction) -> timedelta:
    """How long after the first picture the last one ends."""
    latest = marks.latest() if isinstance(marks, Marks) else max(mark.at for mark in marks)
    return timedelta(microseconds=latest + int(1_000_000 / frame_rate))


def goes_on(marks: Sequence[Mark], around: timedelta, path: str, clip: Clip | None) -> bool:
    """Whether the first picture of the clip at ``path`` (``clip``, if it is open) is one of ``marks``.

    It is looked for up to :data:`NEAR` from ``around``, which counts from the first of them. If an edit list hides it,
    it may be one.
    """
    if clip is None:
        found, _ = marks_of(path, until=1)
        first = found[0] if found else None
    else:
        picture = clip.first_picture()
        if picture is not None and clip.hides(picture):
            return True
        first = None if picture is None else mark_of(picture, 0, clip.parameters)
    if first is None:
        return False
    if isinstance(marks, Marks):
        begin, end = ((around + each) // timedelta(microseconds=1) for each in (-NEAR, NEAR))
        return marks.has(first, begin, end)
    return any(mark.same(first) for mark in marks)


def first_gop_bytes(path: str) -> int:
    """The bytes of the clip at ``path`` up to its second keyframe, sound included. Raises :class:`Unusable`.

    A keyframe right behind the first one does not count: some cameras begin so.
    """
    size, frames = 0, 0
    with open_to_copy(path) as clip:
        for packet in clip.packets():
            if clip.is_picture(packet):
                frames += 1
                if frames > 2 and packet.is_keyframe:
                    break
            size += packet.size
    return size


def keyframe_before(path: str, start: int, on_packet: Callable[[], None]) -> tuple[int | None, int, bool]:
    """The last keyframe at or before ``start`` (ticks after the clip's first frame), else its first: when it is shown.

    None where all of the clip is before ``start``, or it has no keyframe. And how many pictures were looked at, and
    whether there are some from ``start`` on.
    """
    chosen = None
    reaches, looked_at = False, 0
    with open_to_copy(path) as clip:
        origin = clip.origin
        frame = max(1, round(1 / (clip.frame_rate * clip.time_base)))
        for packet in clip.packets(sound=False):
            on_packet()
            looked_at += 1
            shown = shown_at(packet, clip.time_base)
            origin = shown if origin is None else origin
            after = recovery_of(packet, clip.parameters)
            if after is not None and (chosen is None or shown + after * frame <= origin + start):
                chosen = shown
            reaches = reaches or shown + frame > origin + start
            # Where no keyframe came so far, the clip is shown from the first one that does.
            if chosen is not None and packet.dts is not None and packet.dts >= origin + start:
                break
    return (chosen if reaches else None), looked_at, reaches
