"""When each clip was recorded, and by what that is known. Pure, but for what :func:`look_at` reads.

The clock in the frames of a ``.dav`` comes first, then names, then ``creation_time``; a clip that none of them dates
is not guessed at.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from time import monotonic

from camreel.clock import Zone
from camreel.clock.zones import wall_at
from camreel.errors import UsageError, printable
from camreel.formats.sniff import Unusable
from camreel.media.clips.timestamps import OwnTimes, own_times
from camreel.merging.names import Named, named
from camreel.model import FileOnDisk, Recording, Span, WallTime

# By what clips are dated, as the report counts it.
FRAMES, NAMES, CREATED, ORDER = "frames", "names", "creation_time", "order"
_ZERO = WallTime(datetime(1970, 1, 1))  # noqa: DTZ001 - by no clock at all
_APART = timedelta(minutes=2)  # names and frames differ by so much without one of them being wrong
_LONGEST_OPEN = timedelta(hours=1)  # what recorders pack at most into one file
_SHOWN = 3
_A_WHILE = 0.1  # seconds


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file and what it says of its times. ``unusable``: why it is no clip, as far as that is known already."""

    file: FileOnDisk
    named: Named | None
    own: OwnTimes
    unusable: str | None = None

    @property
    def name(self) -> str:
        """For messages."""
        return printable(self.file.path.name, 100)


@dataclass(frozen=True, slots=True)
class Dated:
    """Clips with their times by the camera's clock, how many are dated by what, and what is to be said of them.

    ``lengths`` (seconds, None where only a name says when a clip ends) are those of ``recordings``, by ``position``.
    ``open_ended`` are positions of clips that do not tell how long they are: they are taken to go on up to the next.
    """

    recordings: tuple[Recording, ...]
    times_from: tuple[tuple[str, int], ...]
    lengths: tuple[float | None, ...]
    notes: tuple[str, ...] = ()
    open_ended: frozenset[int] = frozenset()

    def with_lengths(self, placed: Iterable[Recording]) -> tuple[Recording, ...]:
        """``placed`` (on straight time) with the lengths that are known: by its clock alone, a clip in which it is put
        back would seem an hour longer.
        """
        return tuple(
            each if length is None else replace(each, span=Span(each.span.start, each.span.start + length_of(length)))
            for each in placed
            for length in (self.lengths[each.position],)
        )


def look_at(file: FileOnDisk, *, length: bool = False) -> Candidate:
    """Read what ``file`` says of its times. ``length``: also how long it is, where its name says that."""
    by_name = named(file.path.parts)
    try:
        own = own_times(str(file.path), index=length or by_name is None or not by_name.has_end)
    except Unusable as error:
        return Candidate(file, by_name, OwnTimes(), str(error))
    return Candidate(file, by_name, own)


def look_at_some(files: Sequence[FileOnDisk], *, length: bool = False) -> list[Candidate]:
    """The same for the first of ``files``, as many as can be done in a tenth of a second; one at least."""
    until = monotonic() + _A_WHILE
    found = [look_at(files[0], length=length)]
    for file in files[1:]:
        if monotonic() >= until:
            break
        found.append(look_at(file, length=length))
    return found


def date_all(candidates: Sequence[Candidate], zone: Zone | None) -> Dated:
    """Date each. UsageError where one cannot be dated, and where they are of several cameras or channels."""
    _refuse_several(candidates)
    counts: dict[str, int] = {}
    recordings: list[Recording] = []
    lengths: list[float | None] = []
    undated = []
    for candidate in candidates:
        found = _date(candidate, zone)
        if found is None:
            undated.append(candidate)
            continue
        span, offset, source = found
        counts[source] = counts.get(source, 0) + 1
        by_name = source == NAMES and candidate.named is not None and candidate.named.has_end
        lengths.append(None if by_name else span.seconds)
        recordings.append(_recording(candidate, span, offset, len(recordings)))
    if undated:
        raise _not_dated(undated, len(candidates))
    return _up_to_the_next(recordings, tuple(counts.items()), lengths, tuple(_contradictions(candidates)))


def _up_to_the_next(
    recordings: Sequence[Recording],
    times_from: tuple[tuple[str, int], ...],
    lengths: Sequence[float | None],
    notes: tuple[str, ...],
) -> Dated:
    """Give those without a length (no index, or one in fragments) the time up to the next clip, an hour at most."""
    unknown = frozenset(position for position, length in enumerate(lengths) if length == 0)
    starts = sorted({recording.span.start for recording in recordings})
    following = dict(pairwise(starts))
    ended = []
    for recording in recordings:
        start = recording.span.start
        end = min(following.get(start, start), start + _LONGEST_OPEN)
        ended.append(replace(recording, span=Span(start, end)) if recording.position in unknown else recording)
    known = tuple(None if position in unknown else length for position, length in enumerate(lengths))
    return Dated(tuple(ended), times_from, known, notes, unknown)


def lay_in_order(candidates: Sequence[Candidate]) -> Dated:
    """Each begins where the one before it ends, whatever they say."""
    recordings: list[Recording] = []
    at = _ZERO
    for candidate in candidates:
        span = Span(at, at + length_of(candidate.own.seconds))
        recordings.append(_recording(candidate, span, None, len(recordings)))
        at = span.end
    return Dated(tuple(recordings), ((ORDER, len(recordings)),), (None,) * len(recordings))


def length_of(seconds: float | None) -> timedelta:
    """Nothing, where it is not known."""
    return timedelta(seconds=seconds or 0)


def _recording(candidate: Candidate, span: Span, offset: timedelta | None, position: int) -> Recording:
    return Recording(
        str(candidate.file.path),
        span,
        candidate.file.size,
        position=position,
        utc_offset=None if offset is None else round(offset.total_seconds()),
    )


def _date(candidate: Candidate, zone: Zone | None) -> tuple[Span, timedelta | None, str] | None:
    own, by_name = candidate.own, candidate.named
    length = length_of(own.seconds)
    if own.wall is not None:
        return own.wall, None, FRAMES
    if by_name is not None:
        return by_name.span if by_name.has_end else Span(by_name.span.start, by_name.span.start + length), None, NAMES
    if own.created is not None and zone is not None:
        start = wall_at(zone, own.created)
        return Span(start, start + length), zone.offset_at(own.created), CREATED
    return None


def _not_dated(undated: Sequence[Candidate], total: int) -> UsageError:
    shown = ", ".join(candidate.name for candidate in undated[:_SHOWN])
    more = f" and {len(undated) - _SHOWN} more" if len(undated) > _SHOWN else ""
    with_zone = sum(candidate.own.created is not None for candidate in undated)
    broken = f" ({undated[0].unusable})" if undated[0].unusable else ""
    one = len(undated) == 1
    in_order = "--in-order lays clips end to end in the order given, whatever their times."
    hint = f"{'Its name has' if one else 'Their names have'} no time, and there is no creation_time inside. {in_order}"
    if with_zone:
        which = "It has" if one else "They have" if with_zone == len(undated) else f"{with_zone} of them have"
        hint = (
            f"{which} a creation_time, which is in UTC: --camera-tz ZONE (like Europe/Berlin, or +01:00) "
            f"tells what the camera's clock showed then. {in_order}"
        )
    if len(undated) == 1:
        return UsageError(f"{shown} cannot be dated{broken}.", hint=hint)
    return UsageError(f"{len(undated)} of {total} files cannot be dated: {shown}{more}.", hint=hint)


def _refuse_several(candidates: Iterable[Candidate]) -> None:
    by_name: dict[str, Candidate] = {}
    by_frames: dict[int, Candidate] = {}
    for each in candidates:
        if each.named is not None and each.named.camera:
            by_name.setdefault(each.named.camera, each)
        elif each.own.channel is not None:
            by_frames.setdefault(each.own.channel, each)
    labels = list(by_name) if len(by_name) > 1 else [f"channel {number + 1}" for number in by_frames]
    if len(labels) > 1:
        shown = ", ".join(printable(label, 40) for label in labels[:_SHOWN])
        more = f" and {len(labels) - _SHOWN} more" if len(labels) > _SHOWN else ""
        raise UsageError(
            f"The clips are of {len(labels)} cameras, channels or streams: {shown}{more}.",
            hint="Give the files or the folder of one of them.",
        )


def _contradictions(candidates: Iterable[Candidate]) -> Iterable[str]:
    """Where names and frames tell different times."""
    apart = [
        (each, each.named.span.start, each.own.wall.start)
        for each in candidates
        if each.named is not None and each.own.wall is not None
        if abs(each.named.span.start - each.own.wall.start) > _APART
    ]
    for each, by_name, by_frames in apart[:_SHOWN]:
        yield f"{each.name} is dated {by_name} by its name and {by_frames} by its frames; the frames were believed."
    if len(apart) > _SHOWN:
        yield f"So it is with {len(apart) - _SHOWN} more files."
