"""Some bytes out of a recording, in bounded requests, each checked to be what was asked for."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager

from camreel.devices.base import Body, Source
from camreel.errors import BadTransfer, CameraRefused
from camreel.model import Recording
from camreel.transfer.receive import Spending
from camreel.transfer.resume import Ranges

# What is read to find things; footage is not counted among it.
MOST_REQUESTS = 150
MOST_BYTES = 96 << 20
_ALLOCATION = 1 << 16  # recorders list sizes in steps of 64 KiB: what was allocated, not what was written


_GONE = {0, 403, 404, 410}


class NotInPart(Exception):
    """A part of a recording cannot be had: all of it has to be fetched. The message says why, for the log."""


class Deaf(NotInPart):
    """The device does not send parts."""


class CameWhole(Exception):
    """All of the recording came where a part was asked for, and was received."""


class Ranged:
    """One recording. ``total`` is how long it is, known with the first answer; ``received`` what has come of it.

    ``take_whole`` receives the whole file where that comes instead: broken off, it would wedge some recorders (an
    NV4108E-HS, after several). Without it, it is broken off. ``most_requests`` and ``most_bytes`` bound what
    :meth:`read` may be asked for in all.
    """

    def __init__(
        self,
        source: Source,
        recording: Recording,
        ranges: Ranges,
        spend: Spending | None = None,
        take_whole: Callable[[Body], Awaitable[None]] | None = None,
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
        """The bytes from ``first`` up to ``end``, or the end of the file. NotInPart where they do not come."""
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
        """The bytes from ``first`` up to ``end``, or the end of the file, as they come. Raises as :meth:`read` does."""
        await self._ranges.wait_to_ask()
        if self._ranges.are_refused:
            raise Deaf("the device does not send parts")
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
            if error.status != 416 and (self._ranges.usable or error.status in _GONE):
                raise
            raise NotInPart(f"{error.status} for a part that there must be") from error
        finally:
            self._ranges.asked()

    async def _whole_came(self, body: Body) -> None:
        self._ranges.refuse("it sent the whole file where a part was asked for")
        self._ranges.asked()
        if self._take_whole is not None:
            await self._take_whole(body)
            raise CameWhole
        raise Deaf("the device sends the whole file where a part was asked for")

    def _check(self, body: Body, first: int, end: int) -> int:
        """Where the part that is coming ends."""
        part = body.part
        assert part is not None
        listed = self._recording.size
        total = part.total
        if total is None or part.first != first or part.end != min(end, total):
            self._ranges.refuse("what it sent was not the part that was asked for")
            raise NotInPart("it sent another part than was asked for")
        if self.total not in {None, total} or (listed and listed % _ALLOCATION and listed != total):
            raise NotInPart("it is not as long as it was")
        if body.length not in {None, part.end - first}:
            raise NotInPart("it announced another length than it said")
        self.total = total
        self._ranges.usable = True
        return min(end, total)

    async def _counted(self, body: Body, length: int) -> AsyncGenerator[bytes, None]:
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
            raise BadTransfer(f"it sent {came:,} of {length:,} bytes.")
