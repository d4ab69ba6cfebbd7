"""Read bytes of a recording in bounded requests, each checked to be the asked ones; find a time in a ``.dav``.

A ``.dav`` has no index: a time is found by the clock in its frames, with few small requests.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from camreel.devices.base import BodySource, Source
from camreel.errors import BadTransfer, CameraRefused
from camreel.formats.dhav import Frame, headers_in
from camreel.model import Recording, Span, WallTime
from camreel.transfer.download import Spending
from camreel.transfer.resume import Ranges

# What is read to find things; footage is not counted among it.
MOST_REQUESTS = 150
MOST_BYTES = 96 << 20
_ALLOCATION = 1 << 16  # recorders list sizes in steps of 64 KiB: what was allocated, not what was written
_GONE = {0, 403, 404, 410}


class NotInPart(Exception):
    """A part of a recording cannot be had: the whole file is needed. The message says why, for the log."""


class RangesUnsupported(NotInPart):
    """The device does not send parts."""


class WholeFileReceived(Exception):
    """The whole recording came instead of a part, and was received."""


class Ranged:
    """One recording. ``total`` is its size, known from the first answer; ``received`` counts the bytes so far.

    ``take_whole`` receives the whole file if it comes instead: breaking it off would wedge some recorders (an
    NV4108E-HS, after several). Without it, the answer is broken off. ``most_requests`` and ``most_bytes`` bound all
    calls of :meth:`read` together.
    """

    def __init__(
        self,
        source: Source,
        recording: Recording,
        ranges: Ranges,
        spend: Spending | None = None,
        take_whole: Callable[[BodySource], Awaitable[None]] | None = None,
        *,
        most_requests: int = MOST_REQUESTS,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._source = source
        self._recording = recording
        self._ranges = ranges
        self._spend = spend
        self._take_whole = take_whole
        self._requests_left = most_requests
        self._bytes_left = most_bytes
        self.received = 0
        self.total: int | None = None

    async def read(self, first: int, end: int) -> bytes:
        """Return the bytes from ``first`` up to ``end``, or the end of the file. Raises NotInPart otherwise."""
        self._requests_left -= 1
        self._bytes_left -= end - first
        if self._requests_left < 0 or self._bytes_left < 0:
            raise NotInPart("it takes too much to find the place")
        data = bytearray()
        async with self.stream(first, end) as chunks:
            async for chunk in chunks:
                data += chunk
        return bytes(data)

    @asynccontextmanager
    async def stream(self, first: int, end: int) -> AsyncIterator[AsyncIterator[bytes]]:
        """Yield the bytes from ``first`` up to ``end``, or the end of the file. Raises as :meth:`read`."""
        await self._ranges.wait_to_ask()
        if self._ranges.are_refused:
            raise RangesUnsupported("the device does not send parts")
        try:
            async with self._source.open(self._recording, first=first, end=end) as body:
                if body.part is None:
                    await self._whole_came(body)
                end = self._check(body, first, end)
                self._ranges.asked()
                async with aclosing(self._counted(body, end - first)) as chunks:
                    yield chunks
        except CameraRefused as error:
            # Firmware that has never sent a part may refuse the very question.
            if error.once_more or (error.status != 416 and (self._ranges.usable or error.status in _GONE)):
                raise
            raise NotInPart(f"{error.status} for a part that there must be") from error
        finally:
            self._ranges.asked()

    async def _whole_came(self, body: BodySource) -> None:
        self._ranges.refuse("it sent the whole file instead of a part")
        self._ranges.asked()
        if self._take_whole is not None:
            await self._take_whole(body)
            raise WholeFileReceived
        raise RangesUnsupported("the device sends whole files instead of parts")

    def _check(self, body: BodySource, first: int, end: int) -> int:
        """Return where the part that is coming ends."""
        part = body.part
        assert part is not None
        listed = self._recording.size
        total = part.total
        if total is None or part.first != first or part.end != min(end, total):
            self._ranges.refuse("it sent another part than requested")
            raise NotInPart("it sent another part than requested")
        if self.total not in {None, total} or (listed and listed % _ALLOCATION and listed != total):
            raise NotInPart("it is not as long as it was")
        if body.length not in {None, part.end - first}:
            raise NotInPart("it announced another length than it said")
        self.total = total
        self._ranges.usable = True
        return min(end, total)

    async def _counted(self, body: BodySource, length: int) -> AsyncGenerator[bytes, None]:
        came = 0
        async for chunk in body.chunks:
            came += len(chunk)
            if came > length:
                raise NotInPart("it sent more than it said")
            self.received += len(chunk)
            yield chunk
            if self._spend is not None:
                await self._spend(len(chunk))
        if came != length:
            raise BadTransfer(f"it sent {came:,} of {length:,} bytes.", once_more=True)


_ZERO = datetime(2000, 1, 1)  # noqa: DTZ001 - the camera's clock

# What a recorder lists and what its frames are dated can differ by so much without one of them being wrong.
_APART = 120
_MOST_PROBES = 40
_SMALLEST, _LARGEST = 16 << 10, 256 << 10
_MOST_WITHOUT_FRAME = 8 << 20  # coded pictures of 4K cameras take 2 MB at most
_MOST_BACK = 8
_KEPT_SECONDS = 3  # within so many seconds a place is good enough


@dataclass(frozen=True, slots=True)
class _Point:
    """A place in the file (bytes) and what the clock shows there (seconds since 2000)."""

    at: int
    second: int


class DavSeek:
    """Find places in one ``.dav`` that is listed for ``listed`` by the camera's own clock.

    An older date is stale footage, as recorders leave it at the front; a later one makes no sense here.
    """

    def __init__(self, file: Ranged, listed: Span) -> None:
        assert file.total is not None
        self._file = file
        self._total = file.total
        self._first, self._last = second_of(listed.start), second_of(listed.end)
        self._window = min(_LARGEST, max(_SMALLEST, self._total >> 14))
        self._guessed = 0

    async def place(self, wall: WallTime) -> int:
        """Return the place of a frame from ``wall`` on, at most three seconds later; else the end of the file.

        Raises NotInPart.
        """
        earliest, latest = second_of(wall), second_of(wall) + _KEPT_SECONDS
        low, high = _Point(0, self._first), _Point(self._total, max(self._last, self._first + 1))
        for probe in range(_MOST_PROBES):
            if high.at - low.at <= self._window:
                return await self._border(low, high, earliest)
            found = await self._frames(self._guess(low, high, earliest, halve=probe % 2 == 1), high.at)
            for at, second in found:
                if earliest <= second <= latest:
                    return at
            if not found or found[0][1] > latest:
                high = _Point(found[0][0], found[0][1]) if found else _Point(self._guessed, high.second)
            else:
                low = self._low(low, found, earliest)
                later = next((_Point(*each) for each in found if each[1] > latest), None)
                high = later or high
                if later is not None:
                    return later.at
        raise NotInPart("its clock does not lead to the place")

    def _low(self, low: _Point, found: list[tuple[int, int]], earliest: int) -> _Point:
        at, second = [each for each in found if each[1] < earliest][-1]
        return _Point(at, max(low.second, min(second, self._last)))

    async def _border(self, low: _Point, high: _Point, earliest: int) -> int:
        """Return where the time goes beyond the wanted one without a frame of it: at a gap, or at the end."""
        data = await self._file.read(low.at, min(self._total, high.at + self._window))
        found = [low.at + frame.at for frame in headers_in(data) if self._second(frame) >= earliest]
        return found[0] if found else high.at

    def _guess(self, low: _Point, high: _Point, wanted: int, *, halve: bool) -> int:
        room = high.at - low.at
        if halve or high.second <= low.second:
            at = low.at + room // 2
        else:
            at = low.at + room * max(0, wanted + 1 - low.second) // (high.second - low.second)
        # A frame before the border is worth as much as one behind it: never the very edge again.
        self._guessed = max(low.at + 1, min(at, high.at - self._window // 2))
        return self._guessed

    async def _frames(self, at: int, until: int) -> list[tuple[int, int]]:
        """Return place and second of the frames that begin from ``at`` on, in a window that has some."""
        size, data = self._window, b""
        while len(data) < _MOST_WITHOUT_FRAME and at + len(data) < until:
            data += await self._file.read(at + len(data), min(self._total, at + len(data) + size))
            found = [(at + frame.at, self._second(frame)) for frame in headers_in(data)]
            if found:
                return found
            size = 2 * size
        if at + len(data) < until:
            raise NotInPart("it holds no frames where some must be")
        return []

    def _second(self, frame: Frame) -> int:
        """Return what the clock of a frame shows; for stale footage, a time before everything."""
        if frame.second is None or frame.second > self._last + _APART:
            raise NotInPart("its frames have no date, or one that makes no sense")
        return frame.second

    async def keyframe(self, at: int, wall: WallTime) -> int:
        """Return the place of the last keyframe up to ``at`` that was taken by ``wall``. Raises NotInPart."""
        size = 2 * self._window
        end = at
        for _ in range(_MOST_BACK):
            first = max(0, end - size)
            # A header that lies across the border is seen with the next piece, too.
            data = await self._file.read(first, min(self._total, end + 64))
            keys = [
                first + frame.at
                for frame in headers_in(data)
                if frame.is_key and first + frame.at <= at and self._is_before(frame, wall)
            ]
            if keys:
                return keys[-1]
            if first == 0:
                break
            end, size = first, 2 * size
        raise NotInPart("no keyframe was found before the place")

    def _is_before(self, frame: Frame, wall: WallTime) -> bool:
        return self._first - _APART <= self._second(frame) <= second_of(wall)


def second_of(wall: WallTime) -> int:
    """Return whole seconds since 2000, as the frames count them."""
    return (wall.naive - _ZERO) // timedelta(seconds=1)
