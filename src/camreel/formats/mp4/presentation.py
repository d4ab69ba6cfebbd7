"""Apply an edit list to a track: which samples are listed, when, and which of them are hidden.

A list hides frames that later ones need, and is off by a part of a frame in many files. What it then means is what
FFmpeg's reader makes of it, because players and the way through FFmpeg do so: :func:`presented` lists the same samples
with the same times.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import replace
from operator import add

from camreel.formats.mp4.boxes import BadIndex, boxes
from camreel.formats.mp4.index import Edit, Track, edit_of

_VIDEO = b"vide"


def presented(track: Track, movie_scale: int) -> Track:
    """Return the track as it is shown; ``movie_scale`` is the movie's ticks a second. Raises :class:`BadIndex`."""
    edit = edit_of(next(boxes(track.edits), None))[0] if track.edits else None
    if edit is not None:
        return _EditedTrack(track, edit, movie_scale).listed()
    if not track.ahead or track.cts is None:
        return track
    return replace(track, dts=moved(track.dts, -track.ahead), cts=moved(track.cts, track.ahead))


def moved(times: array[int], by: int) -> array[int]:
    """All of them, so many ticks later."""
    return array("q", map(by.__add__, times)) if by else times


def rescaled(ticks: int, to: int, of: int) -> int:
    """Ticks of another unit, to the nearest."""
    return (2 * ticks * to + of) // (2 * of)


class _EditedTrack:
    """A track of which one stretch is shown. Times are ticks of the media."""

    def __init__(self, track: Track, edit: Edit, movie_scale: int) -> None:
        self._track = track
        self._is_video = track.kind == _VIDEO
        self._dts = track.dts
        self._shown = track.dts[:-1] if track.cts is None else array("q", map(add, track.dts, track.cts))
        self._wait = rescaled(edit.wait, track.scale, movie_scale)
        self._length = rescaled(edit.length, track.scale, movie_scale)
        self._start, self._end = edit.start, edit.start + self._length

    def listed(self) -> Track:
        """The samples that are shown, those that they need, and those up to where it is sure that none is shown."""
        first = self._first()
        last = self._last(first)
        begin, skipped = self._begin(range(first, last + 1))
        hidden = self._hidden(first, last)
        if skipped:
            hidden.remove(begin)
        by = self._wait - self._track.ahead - skipped - self._dts[begin]
        if self._is_video:
            by -= self._late(first, last, frozenset(hidden), by)
        return self._cut(first, last, hidden, by)

    def _hidden(self, first: int, last: int) -> list[int]:
        shown = self._shown[first : last + 1]
        if self._start <= min(shown) and max(shown) < self._end:
            return []
        return [number for number, at in enumerate(shown, first) if not self._start <= at < self._end]

    def _first(self) -> int:
        """The sample to begin with: the last keyframe before the stretch; of sound one of a second before it."""
        track, wanted = self._track, self._start
        if not self._is_video:
            wanted = max(wanted - track.scale, self._dts[0] - track.ahead)
        keys: Sequence[int] = range(track.count) if track.keys is None or not self._is_video else track.keys
        if keys[0]:
            raise BadIndex("it does not begin with a keyframe")
        for key in reversed(keys):
            if self._dts[key] <= wanted and self._shown[key] <= wanted:
                if self._dts[key + 1] == self._dts[key] or (key and self._dts[key - 1] == self._dts[key]):
                    raise BadIndex("the stretch begins with samples of one time")
                return key
        return 0

    def _last(self, first: int) -> int:
        """The sample to end with: where there is reordering the second keyframe behind the stretch, else the first."""
        track, count = self._track, self._track.count
        keys: Sequence[int] = range(first, count) if track.keys is None or not self._is_video else track.keys
        behind = (
            key
            for key in keys
            if key >= first
            and (key + 1 == count or self._shown[key] + self._dts[key + 1] - self._dts[key] >= self._end)
        )
        found = next(behind, count - 1)
        return next(behind, count - 1) if self._is_video and track.cts is not None else found

    def _begin(self, numbers: range) -> tuple[int, int]:
        """The first sample that is shown, and the ticks of it that are not: sound may begin within one."""
        for number in numbers:
            if self._start <= self._shown[number] < self._end:
                return number, 0
            length = self._dts[number + 1] - self._dts[number]
            if not self._is_video and self._shown[number] < self._start < self._shown[number] + length:
                return number, self._start - self._shown[number]
        raise BadIndex("its edit list shows nothing")

    def _late(self, first: int, last: int, hidden: frozenset[int], by: int) -> int:
        """How late the earliest picture would be shown: it is shown when the stretch begins."""
        shown = self._shown[first : last + 1]
        if hidden:
            shown = array("q", (at for number, at in enumerate(shown, first) if number not in hidden))
        earliest = min(shown) + by + self._track.ahead
        if earliest < 0:
            raise BadIndex("a picture would be shown before the beginning")
        return max(0, earliest - self._wait)

    def _cut(self, first: int, last: int, hidden: Sequence[int], by: int) -> Track:
        track = self._track
        keys = None if track.keys is None else array("q", (key - first for key in track.keys if first <= key <= last))
        where = slice(first, last + 1)
        return replace(
            track,
            offsets=track.offsets[where],
            sizes=track.sizes[where],
            dts=moved(track.dts[first : last + 2], by),
            cts=None if track.cts is None else moved(track.cts[where], track.ahead),
            keys=keys,
            hidden=frozenset(number - first for number in hidden),
        )
