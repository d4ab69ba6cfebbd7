"""Fetch the pictures of chosen moments in the cheapest way that the camera allows.

First a keyframe by its bytes alone, then a snapshot of about that time, then a recording of the sub stream. A whole
recording of the main stream is fetched only if that is allowed.
"""

from __future__ import annotations

import secrets
from bisect import bisect_left, bisect_right
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import anyio

from camreel import events
from camreel.diskio import disk_errors, write_whole
from camreel.errors import BadTransfer, CameraError, LoginError, printable
from camreel.jobs.search import CameraSearch, SearchResult
from camreel.media.worker.messages import Still, StillOrder
from camreel.media.worker.process import StillProcess
from camreel.model import Recording, Request, Stream, WallTime
from camreel.planning.account import LossKind, LostReason
from camreel.planning.plan import is_footage, is_snapshot
from camreel.preview.choose import Place
from camreel.preview.model import DownloadQuestion, LookOptions, Miss, Shot, Way
from camreel.report import reason_text
from camreel.text import count_text, size_text
from camreel.transfer.download import TransferPolicy, fetch
from camreel.transfer.keyframes import keyframes
from camreel.transfer.notes import Job
from camreel.transfer.pool import DownloadSlot
from camreel.transfer.ranges import NotInPart
from camreel.transfer.resume import recover
from camreel.transfer.runtime import Runtime
from camreel.transfer.store import Store
from camreel.transfer.throttle import RateLimit

WIDTH = 640  # pixels of a picture: enlarged, it is enough to tell who it is; a page of 120 has some 6 MB
_SOON = timedelta(seconds=1)  # listed times, and those of a .dav, are whole seconds
_FARTHEST_SNAPSHOT = timedelta(minutes=5)
_LARGEST_SNAPSHOT = 16 << 20
_UNASKED = 200_000_000  # bytes of whole recordings of the small stream that nobody is asked about

_NOT_TRIED = reason_text(LostReason(LossKind.NOT_TRIED))
_INTERRUPTED = "not fetched: the look was interrupted"
_Group = tuple[Recording, list[Place]]


class PictureFetcher:
    """Fetch the pictures of one look. `shots` and `misses` are complete when `run` has returned."""

    def __init__(
        self,
        request: Request,
        found: SearchResult,
        looking: LookOptions,
        *,
        inquiry: CameraSearch,
        tuning: Runtime,
        emit: events.Listener,
        stills: StillProcess,
        folder: Path,
    ) -> None:
        self._request, self._found, self._looking = request, found, looking
        self._inquiry, self._emit = inquiry, emit
        self._stills, self._folder = stills, folder
        self._name = secrets.token_hex(8)  # other cameras put their pictures there, too
        self._rate = RateLimit(request.target.limit_rate, tuning.sleep, tuning.now)
        self._manner = TransferPolicy(spend=self._spend)
        self._making = anyio.Lock()
        self._reasons: dict[Place, str] = {}
        self._undecoded: dict[Place, str] = {}  # what came, and is no picture: no later reason takes its place
        self._tried: set[Place] = set()  # without success, in the way that is gone now
        self._made: dict[tuple[str, WallTime], Shot] = {}
        self._open: set[Place] = set()
        self._not_in_part: set[Place] = set()  # whose recording would have to be fetched whole
        self._total = 0
        self._files = 0
        self.question: DownloadQuestion | None = None  # that was answered with no
        self.received = 0

    @property
    def shots(self) -> tuple[Shot, ...]:
        """Return the pictures in order of time."""
        return tuple(sorted(self._made.values(), key=lambda shot: (shot.wall, shot.recording.position)))

    @property
    def misses(self) -> tuple[Miss, ...]:
        """Return the moments without a picture, in order of time."""
        reasons = self._reasons | self._undecoded
        return tuple(Miss(each.wall, each.recording, reasons[each]) for each in sorted(self._open, key=_by_time))

    @property
    def is_undecoded(self) -> bool:
        """Return whether the camera sent what the first missing picture needs."""
        return min(self._open, key=_by_time) in self._undecoded

    async def run(self, places: Sequence[Place]) -> None:
        """Get a picture of each place. Raises LoginError and DiskError; other losses are in `misses`."""
        self._open, self._total = set(places), len(places)
        self._tell()
        await self._keyframes((place.recording, place) for place in self._left())
        await self._snapshots()
        await self._of_the_small_stream()
        whole = [(each.recording, each) for each in self._left() if each in self._not_in_part]
        self._not_in_part.clear()
        await self._whole(whole, Way.WHOLE)

    def interrupt(self) -> None:
        """Note that the moments which were still to come have no picture because of Ctrl-C."""
        self._reasons |= dict.fromkeys(self._open - self._tried, _INTERRUPTED)

    # --- the ways -----------------------------------------------------------------------------------------------------

    async def _keyframes(self, wanted: Iterable[tuple[Recording, Place]], way: Way = Way.KEYFRAME) -> None:
        async def job(line: DownloadSlot, recording: Recording, places: list[Place]) -> None:
            came: dict[WallTime, str | None] = {}  # why there is no picture of a keyframe; None where there is one

            async def attempt(_number: int) -> None:
                moments = [place.wall for place in places if not came or place.wall >= max(came)]
                try:
                    source = await line.source()
                    async for frame in keyframes(source, recording, at=moments, manner=self._manner):
                        came[frame.wall] = await self._make(frame.clip, recording, frame.wall, way)
                        # The last one before a moment: of those before it no other will come.
                        self._judge(came, [place for place in places if place.wall + _SOON < frame.wall])
                        self._tell()
                except CameraError:
                    await line.hang_up()
                    raise

            try:
                await self._inquiry.fetching(printable(recording.name), attempt)
            except anyio.get_cancelled_exc_class():
                self._judge(came, [place for place in self._left(places) if came and place not in self._tried][:1])
                raise
            self._judge(came, places)

        await self._each(_grouped(wanted), job)

    def _judge(self, came: Mapping[WallTime, str | None], places: Iterable[Place]) -> None:
        """Close the places for which no other keyframe will come: they have their picture, or a reason."""
        for place in self._open.intersection(places):
            before = [wall for wall in came if wall <= place.wall + _SOON]
            reason = came[max(before)] if before else "the recording has no picture of that time"
            if reason is None:
                self._open.discard(place)
                continue
            self._tried.add(place)
            self._reasons[place] = reason
            if before:
                self._undecoded.setdefault(place, reason)

    async def _snapshots(self) -> None:
        stills = sorted(filter(is_snapshot, self._found.listing), key=lambda each: each.span.start)
        starts = [still.span.start for still in stills]
        wanted: list[tuple[Recording, Place]] = []
        for place in self._left():
            reach = min(_FARTHEST_SNAPSHOT, max(_SOON, place.every / 2))
            near = bisect_left(starts, place.wall)
            beside = stills[max(0, near - 1) : near + 1]
            beside = [still for still in beside if abs(still.span.start - place.wall) <= reach]
            if beside:
                wanted.append((min(beside, key=lambda still: abs(still.span.start - place.wall)), place))

        async def job(line: DownloadSlot, recording: Recording, places: list[Place]) -> None:
            async def attempt(_number: int) -> bytes:
                try:
                    async with (await line.source()).open(recording) as body:
                        return await self._jpeg(body.length, body.chunks)
                except CameraError:
                    await line.hang_up()
                    raise

            data = await self._inquiry.fetching(printable(recording.name), attempt)
            wall = recording.span.start
            reason = await self._make(data, recording, wall, Way.SNAPSHOT)
            self._judge({min(wall, *(place.wall for place in places)): reason}, places)

        await self._each(_grouped(wanted), job)

    async def _jpeg(self, announced: int | None, chunks: AsyncIterator[bytes]) -> bytes:
        data = bytearray()
        if announced is None or announced <= _LARGEST_SNAPSHOT:
            async for chunk in chunks:
                data += chunk
                await self._spend(len(chunk))
                if len(data) > _LARGEST_SNAPSHOT:
                    break
        if not data.startswith(b"\xff\xd8\xff") or len(data) > _LARGEST_SNAPSHOT or announced not in {None, len(data)}:
            raise BadTransfer("what it sent is no snapshot.")
        return bytes(data)

    async def _of_the_small_stream(self) -> None:
        if self._request.query.stream is not Stream.MAIN or self._looking.only_stream:
            return
        small = sorted(
            (each for each in self._found.listing if is_footage(each, Stream.SUB)),
            key=lambda each: each.span.start,
        )
        starts = [each.span.start for each in small]

        def holding(wall: WallTime) -> Recording | None:
            before = small[max(0, bisect_right(starts, wall) - 3) : bisect_right(starts, wall)]
            return next((each for each in reversed(before) if wall < each.span.end and not each.writing), None)

        def wanted() -> list[tuple[Recording, Place]]:
            held = ((holding(place.wall), place) for place in self._left())
            return [(recording, place) for recording, place in held if recording is not None]

        if not (first := wanted()):
            return
        place = first[0][1]
        why = self._undecoded.get(place, self._reasons[place])
        moments = count_text(len(first), "moment")
        self._inquiry.warn(f"The main stream gave no picture of {moments} ({why}): the sub stream is tried.")
        if not self._manner.ranges.are_refused:
            await self._keyframes(first, Way.SUB)
        await self._whole(wanted(), Way.SUB)

    async def _whole(self, wanted: list[tuple[Recording, Place]], way: Way) -> None:
        groups = _grouped(wanted)
        if not groups:
            return
        sizes = [recording.size for recording, _ in groups]
        size = sum(each or 0 for each in sizes) if all(sizes) else None
        question = DownloadQuestion(len(groups), size, way)
        free = way is Way.SUB and size is not None and size <= _UNASKED
        if not free and not await self._looking.allow(question):
            self.question = question
            told = f", {size_text(size)}" if size is not None else ""
            for _, place in wanted:
                self._reasons[place] = f"this needs whole recordings, which were not downloaded ({len(groups)}{told})"
            return
        store = Store(self._request.output.folder, self._request.target.address)
        with store.locked(Job("", f"a look at channel {self._request.query.channel}")):
            if (note := store.check_shared(self._request.output.shared_folder)) is not None:
                self._inquiry.warn(note)
            recover(store)
            await self._each(groups, self._out_of_whole(store, way))

    def _out_of_whole(
        self, store: Store, way: Way
    ) -> Callable[[DownloadSlot, Recording, list[Place]], Awaitable[None]]:
        async def job(line: DownloadSlot, recording: Recording, places: list[Place]) -> None:
            async def attempt(number: int) -> Path:
                try:
                    source = await line.source()
                    return await fetch(
                        source, recording, store, lambda _size: None, doubt=number == 1, manner=self._manner
                    )
                except CameraError:
                    await line.hang_up()
                    raise

            had = await anyio.to_thread.run_sync(store.find, recording, abandon_on_cancel=True)
            clip = await self._inquiry.fetching(printable(recording.name), attempt) if had is None else had
            for place in places:
                start = recording.span.start
                seconds = max(0.0, (place.wall - start).total_seconds())
                made = await self._make(clip, recording, start, way, seconds, digest=store.digest_of(clip))
                self._judge({start: made}, [place])
            if had is None:
                store.discard(recording)

        return job

    # --- what they share ----------------------------------------------------------------------------------------------

    def _left(self, places: Iterable[Place] | None = None) -> list[Place]:
        """Return those of `places` (None: of all) that have no picture yet, in order."""
        left = self._open if places is None else self._open.intersection(places)
        return sorted(left, key=_by_time)

    async def _each(
        self, groups: Sequence[_Group], job: Callable[[DownloadSlot, Recording, list[Place]], Awaitable[None]]
    ) -> None:
        """Run `job` for each recording, a few at a time, each over its own connection."""
        waiting = iter(groups)
        self._tried.difference_update(*(places for _, places in groups))

        async def work() -> None:
            async with DownloadSlot(self._inquiry.camera) as line:
                for recording, places in waiting:
                    reason = await self._reason(job, line, recording, places)
                    for place in self._left(places):
                        self._reasons[place] = reason or self._reasons.get(place, _NOT_TRIED)
                        if place not in self._not_in_part:  # those are still to come
                            self._tried.add(place)
                    self._tell()

        async with anyio.create_task_group() as workers:
            for _worker in range(min(self._request.target.max_concurrent, len(groups))):
                workers.start_soon(work)

    async def _reason(
        self,
        job: Callable[[DownloadSlot, Recording, list[Place]], Awaitable[None]],
        line: DownloadSlot,
        recording: Recording,
        places: list[Place],
    ) -> str | None:
        """Run `job`. Return why it failed, or None."""
        if self._inquiry.outage.is_gone:
            return _NOT_TRIED
        try:
            await job(line, recording, places)
        except LoginError:
            raise
        except NotInPart as error:
            self._not_in_part.update(places)
            refused = self._manner.ranges.are_refused
            return "the camera does not send parts of recordings" if refused else f"its index is of no use ({error})"
        except CameraError as error:
            return str(error).rstrip(".")
        return None

    async def _make(
        self,
        clip: bytes | Path,
        recording: Recording,
        start: WallTime,
        way: Way,
        seconds: float = 0.0,
        *,
        digest: str | None = None,
    ) -> str | None:
        """Make a picture of the first frame of `clip`, which is of `start`. Return why there is none, or None."""
        self._files += 1
        file, picture = (self._folder / f"{self._name}-{self._files}.{suffix}" for suffix in ("clip", "jpg"))
        if isinstance(clip, bytes):
            with disk_errors(file):
                write_whole(file, clip)
            clip = file
        async with self._making:
            made = await self._stills.still(StillOrder(str(clip), str(picture), WIDTH, seconds, digest))
        file.unlink(missing_ok=True)
        if not isinstance(made, Still):
            return made.reason
        wall = start + timedelta(seconds=made.seconds)
        self._made.setdefault((recording.path, wall), Shot(wall, recording, way, picture, made.width, made.height))
        return None

    async def _spend(self, count: int) -> None:
        self.received += count
        self._tell()
        await self._rate.spend(count)

    def _tell(self) -> None:
        self._emit(events.Pictured(self._total - len(self._open - self._tried), self._total, self.received))


def _grouped(wanted: Iterable[tuple[Recording, Place]]) -> list[_Group]:
    groups: dict[str, _Group] = {}
    for recording, place in wanted:
        groups.setdefault(recording.path, (recording, []))[1].append(place)
    return list(groups.values())


def _by_time(place: Place) -> tuple[WallTime, int]:
    return place.wall, place.recording.position
