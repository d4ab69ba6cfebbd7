"""This process or its computer was stopped for a while: that time is no silence of the camera."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import anyio
import pytest

from camreel.devices.http import Connection, Timeouts
from camreel.devices.patience import Patience, was_away
from camreel.devices.session import Login
from camreel.errors import CameraUnreachable
from camreel.model import Address, Credentials

pytestmark = pytest.mark.anyio

PIECE = bytes(20 << 10)


@pytest.fixture
def leap(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Put the clock of the loop forward."""
    ahead = [0.0]
    monkeypatch.setattr(asyncio.BaseEventLoop, "time", lambda _loop: time.monotonic() + ahead[0])

    def forward(seconds: float) -> None:
        ahead[0] += seconds

    return forward


class Response:
    """A body whose reads are given one after the other: bytes, an error, or how long nothing came before it ended."""

    def __init__(self, leap: Callable[[float], None], *reads: bytes | float | Exception) -> None:
        self.content, self.leap, self.reads = self, leap, list(reads)

    async def readany(self) -> bytes:
        while self.reads:
            read = self.reads.pop(0)
            if isinstance(read, bytes):
                return read
            if isinstance(read, Exception):
                raise read
            self.leap(read)
            await anyio.sleep_forever()
        return b""

    async def wait_eof(self) -> None:
        """It is not at its end."""


async def taken(response: Response, patience: Patience) -> int:
    address = Address("192.0.2.1", 80)
    connection = Connection(address, Credentials("admin", "x"), Login(), print, timeouts=Timeouts(), patience=patience)
    with connection._counted_silence(anew=True):
        sizes: list[int] = [len(chunk) async for chunk in connection._chunks(response)]  # type: ignore[arg-type]
        return sum(sizes)


@pytest.mark.parametrize("seconds", [36, 200, 90_000])
@pytest.mark.parametrize("limit", [30, 120])
async def test_what_waits_after_a_stop_is_read(leap, seconds, limit):
    """Twice, too. Nothing is counted."""
    patience = Patience(limit, asyncio.get_running_loop().time)
    assert await taken(Response(leap, PIECE, seconds, PIECE, seconds, seconds, PIECE), patience) == 3 * len(PIECE)
    assert patience.spent == 0


async def test_a_camera_that_hung_up_meanwhile_was_not_silent(leap):
    """It is asked again with all the time there is."""
    patience = Patience(120, asyncio.get_running_loop().time)

    class Closed(Response):
        async def readany(self) -> bytes:
            self.leap(300)
            raise ConnectionResetError

    with pytest.raises(CameraUnreachable) as error:
        await taken(Closed(leap), patience)
    assert (error.value.silent_for, patience.spent) == (0, 0)


async def test_silence_counts_as_before(leap):
    """A wait that ends in its time, and a little later, is the camera's."""
    patience = Patience(120, asyncio.get_running_loop().time)
    with pytest.raises(CameraUnreachable, match="stopped sending") as error:
        await taken(Response(leap, PIECE, 31.0), patience)
    assert error.value.silent_for == pytest.approx(31, abs=3)
    assert patience.spent == pytest.approx(31, abs=3)


def test_a_little_late_is_not_away():
    """A busy computer is late too."""
    assert not was_away(10, 14)
    assert was_away(10, 16)
