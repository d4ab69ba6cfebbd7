"""The pictures of a clip as they are stored, read without copying any."""

from __future__ import annotations

from camreel.media.opening import open_to_copy
from camreel.media.overlap import Mark
from camreel.media.pieces import mark_of, microseconds, origin_of, shown_at


def marks_of(path: str, after: int = 0, until: int | None = None) -> tuple[list[Mark], bool]:
    """The pictures of the clip at ``path`` behind the first ``after``, up to ``until`` (microseconds after its first).

    And whether these are all. Raises :class:`Unusable`.
    """
    marks: list[Mark] = []
    with open_to_copy(path) as clip:
        origin = None
        for number, packet in enumerate(clip.packets(sound=False)):
            shown = shown_at(packet, clip)
            origin = origin_of(packet, shown) if origin is None else origin
            at = microseconds(shown - origin, clip.time_base)
            if until is not None and at >= until:
                return marks, False
            if number >= after:
                marks.append(mark_of(packet, at))
    return marks, True
