"""What lies on the card while it serves: what is unfinished, what has been overwritten, how it is listed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from camreel_simulator.recordings import Recorded
from camreel_simulator.writing import Writing

if TYPE_CHECKING:
    from camreel_simulator.clock import DeviceClock
    from camreel_simulator.profiles import Profile
    from camreel_simulator.quirks import Quirks

_CLUSTER = 65536


class Card:
    """The recordings of one camera, in the order given."""

    def __init__(self, recordings: Iterable[Recorded], profile: Profile, quirks: Quirks, clock: DeviceClock) -> None:
        given = tuple(recordings)
        self._profile, self._quirks, self._clock, self._write = profile, quirks, clock, Writing(quirks)
        self.recordings = (
            given if quirks.writing == "no" else _with_unfinished(given, rename=quirks.writing == "suffix")
        )
        self._by_path = {recorded.path: recorded for recorded in self.recordings}
        films = [recorded for recorded in self.recordings if recorded.kind != "jpg"]
        self._oldest = min(films, key=lambda recorded: recorded.start, default=None)
        self._gone = False

    def listed(self) -> list[Recorded]:
        """What a search can find now."""
        return [recorded for recorded in self.recordings if self._is_indexed(recorded) and not self.has_lost(recorded)]

    def at(self, path: str) -> Recorded | None:
        """What lies there, or did when it was listed."""
        return self._by_path.get(path)

    def has_lost(self, recorded: Recorded) -> bool:
        """True if it has been overwritten."""
        return self._gone and recorded is self._oldest

    def was_listed(self, page: Iterable[Recorded]) -> None:
        """A page went out. Where the ring is full, its oldest recording makes room for the next."""
        if self._quirks.overwritten is not None and any(recorded is self._oldest for recorded in page):
            self._gone = True

    def _is_indexed(self, recorded: Recorded) -> bool:
        lag = self._quirks.index_lag
        return lag is None or recorded.end + timedelta(seconds=lag) <= self._clock.now()

    def item(self, recorded: Recorded) -> dict[str, str]:
        """What the listing says of it."""
        length = recorded.length() if recorded.listed_length is None else recorded.listed_length
        if self._quirks.allocated_length:
            length = (length // _CLUSTER + 1) * _CLUSTER
        values = dict(self._profile.item_constants)
        values |= {
            "Channel": str(recorded.channel - (0 if self._quirks.one_based_items else 1)),
            "Duration": str(int((recorded.end - recorded.start).total_seconds())),
            "EndTime": self._write.moment(recorded.end),
            "FilePath": recorded.path,
            "Length": str(length),
            "StartTime": self._write.moment(recorded.start),
            "Type": recorded.listed_type,
            "WorkDir": self._profile.root,
        }
        values |= {f"Events[{n}]": event for n, event in enumerate(recorded.events)}
        values |= {f"Flags[{n}]": flag for n, flag in enumerate(recorded.flags)}
        if self._profile.layout != "sd":
            values |= {"CutLength": str(length), "Cluster": str(recorded.cluster)}
        if recorded.writing and not recorded.path.endswith("_"):
            values["FileState"] = "Temporary"
        if self._quirks.lists_stream:
            values["VideoStream"] = recorded.stream
        if self._quirks.send_utc_offset:
            values["UTCOffset"] = str(int(self._clock.offset_at(recorded.start).total_seconds()))
        return {key: value for key, value in values.items() if key not in self._profile.item_without}


def _with_unfinished(recordings: tuple[Recorded, ...], *, rename: bool) -> tuple[Recorded, ...]:
    """The newest of each channel and stream is still being written."""
    newest: dict[tuple[int, str], Recorded] = {}
    for recorded in recordings:
        key = (recorded.channel, recorded.stream)
        if recorded.kind != "jpg" and (key not in newest or recorded.start >= newest[key].start):
            newest[key] = recorded
    unfinished = {id(recorded) for recorded in newest.values()}
    return tuple(_unfinished(r, rename=rename) if id(r) in unfinished else r for r in recordings)


def _unfinished(recorded: Recorded, *, rename: bool) -> Recorded:
    path = recorded.path
    if rename:  # 13.52.27-13.52.27[R][0@0][0].mp4_
        path = path.replace(f"-{recorded.end:%H.%M.%S}", f"-{recorded.start:%H.%M.%S}") + "_"
    return replace(recorded, path=path, writing=True)
