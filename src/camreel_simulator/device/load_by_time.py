"""``loadfile.cgi``: DHAV by time instead of by path, with the traps that recorders have there."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from camreel_simulator.device.search import parse_time
from camreel_simulator.footage.clips import ClipSpec
from camreel_simulator.footage.dhav import dav_frames, junk
from camreel_simulator.http.message import BAD_REQUEST, AnswerBody, DeviceAnswer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from camreel_simulator.device.card import Card, Recorded
    from camreel_simulator.device.quirks import Quirks
    from camreel_simulator.footage.dhav import DavFrame

PATH = "/cgi-bin/loadfile.cgi"
_STREAMS = {"0": "Main", "1": "Extra1", "2": "Extra2"}
# What three requests to an NV4108E-HS began with.
_JUNK = (9733, 12770, 9728)


class ByTime:
    """``action=startLoad``. Only footage that is described by a :class:`ClipSpec` can be cut."""

    def __init__(self, card: Card, quirks: Quirks) -> None:
        self._card, self._quirks = card, quirks
        self._asked = 0
        self._broken_off = 0

    def broke_off(self) -> None:
        """A client hung up in the middle."""
        self._broken_off += 1

    def reboot(self) -> None:
        """The only thing that helps where it is wedged."""
        self._broken_off = 0

    @property
    def wedged(self) -> bool:
        """True once too many downloads were broken off."""
        limit = self._quirks.by_time_wedges_after
        return limit is not None and self._broken_off >= limit

    def load(self, query: Mapping[str, str]) -> DeviceAnswer:
        """The answer to one request. Makes the footage, which takes a moment: not for an event loop."""
        start, end = (parse_time(query.get(key, "")) for key in ("startTime", "endTime"))
        channel, stream = query.get("channel", ""), _STREAMS.get(query.get("subtype", "0"))
        bad = query.get("action") != "startLoad" or not channel.isdecimal() or stream is None or self.wedged
        if bad or start is None or end is None or not timedelta(0) < end - start <= self._longest:
            return BAD_REQUEST
        recordings = [
            recorded
            for recorded in self._card.listed()
            if recorded.channel == int(channel) and recorded.stream == stream and recorded.kind != "jpg"
        ]
        data = self._cut(recordings, start, end)
        if not data:
            return BAD_REQUEST
        self._asked += 1
        if self._quirks.by_time_junk:
            data = junk(_JUNK[self._asked % len(_JUNK)], self._asked) + data
        empty = self._quirks.by_time_empty_at_5 and (start.minute % 5, start.second) == (0, 0)
        return DeviceAnswer(
            200,
            AnswerBody.of(b"" if empty else data),
            "application/http",  # there is no HTTP in it
            declared=len(data),
            after="close" if empty else "go on",
            download=PATH,
            lengthless=self._quirks.by_time_lengthless,
        )

    @property
    def _longest(self) -> timedelta:
        return timedelta(hours=self._quirks.by_time_hours)

    def _cut(self, recordings: list[Recorded], start: datetime, end: datetime) -> bytes:
        """From the key frame at or before ``start`` (give or take the seek error) to ``end``."""
        meant = start + timedelta(seconds=self._quirks.by_time_seek_error)
        out: list[bytes] = []
        for recorded in sorted(recordings, key=lambda recorded: recorded.start):
            if recorded.end <= start or recorded.start >= end or not isinstance(recorded.content, ClipSpec):
                continue
            frames = dav_frames(recorded.content, channel=recorded.channel)
            out += [frame.data for frame in frames[_first(frames, meant) :] if frame.moment < end]
            if self._quirks.by_time_one_file:
                break
        return b"".join(out)


def _first(frames: tuple[DavFrame, ...], moment: datetime) -> int:
    """Where the last key frame at or before ``moment`` is; 0 if they all come after."""
    keys = [index for index, frame in enumerate(frames) if frame.kind == "key" and frame.moment <= moment]
    return keys[-1] if keys else 0
