"""Put a simulated camera on a socket: in the caller's event loop, or in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import socket
import struct
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from ssl import SSLContext, SSLError
from typing import TYPE_CHECKING

from camreel_simulator.http.message import BAD_REQUEST, BadRequestError, read_request
from camreel_simulator.http.throttle import Bucket

if TYPE_CHECKING:
    from camreel_simulator.device.camera import SimulatedCamera
    from camreel_simulator.http.message import DeviceAnswer, HttpRequest

_LOG = logging.getLogger(__name__)
_CLOSES_AFTER = 0.02  # seconds


@dataclass(frozen=True)
class Server:
    """Where a camera is to be found."""

    camera: SimulatedCamera
    host: str
    port: int
    https: bool = False
    secure: Server | None = None
    """Where a camera with ``https_redirect`` really answers; this one only points there."""

    @property
    def url(self) -> str:
        """``http://127.0.0.1:12345``, without a path."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.https else 'http'}://{host}:{self.port}"


@asynccontextmanager
async def serving(
    camera: SimulatedCamera, host: str = "127.0.0.1", port: int = 0, ssl_context: SSLContext | None = None
) -> AsyncIterator[Server]:
    """Serve ``camera`` in this event loop (asyncio) until the block is left; port 0 takes a free one.

    With the quirk ``https_redirect``, ``ssl_context`` is for a second server, ``Server.secure``, to which this one
    redirects. On leaving, connections are cut at once, whatever they were doing.
    """
    if not camera.quirks.https_redirect:
        async with _listening(camera, host, port, ssl_context) as server:
            yield server
        return
    if ssl_context is None:
        raise ValueError("a redirect to https needs an ssl_context")
    async with (
        _listening(camera, host, 0, ssl_context) as secure,
        _listening(camera, host, port, None, secure.url + "/") as server,
    ):
        yield replace(server, secure=secure)


@asynccontextmanager
async def _listening(
    camera: SimulatedCamera, host: str, port: int, ssl_context: SSLContext | None, elsewhere: str | None = None
) -> AsyncIterator[Server]:
    service = _Service(camera, elsewhere)
    camera.on_reboot(service.cut_others)
    listener = await asyncio.start_server(service.accept, host, port, ssl=ssl_context, limit=64 * 1024)
    try:
        yield Server(camera, host, listener.sockets[0].getsockname()[1], ssl_context is not None)
    finally:
        listener.close()
        await service.cut_all()


@contextmanager
def running(
    camera: SimulatedCamera, host: str = "127.0.0.1", port: int = 0, ssl_context: SSLContext | None = None
) -> Iterator[Server]:
    """Serve ``camera`` from a thread of its own, for tests and programs that have no event loop."""
    ready, stop = threading.Event(), asyncio.Event()
    place: list[tuple[asyncio.AbstractEventLoop, Server]] = []
    failure: list[BaseException] = []

    async def live() -> None:
        async with serving(camera, host, port, ssl_context) as server:
            place.append((asyncio.get_running_loop(), server))
            ready.set()
            await stop.wait()

    def run() -> None:
        try:
            asyncio.run(live())
        except BaseException as error:  # noqa: BLE001 - raised again below, in the caller's thread
            failure.append(error)
        finally:
            ready.set()

    thread = threading.Thread(target=run, name="simulated camera", daemon=True)
    thread.start()
    ready.wait()
    try:
        if place:
            yield place[0][1]
    finally:
        if place:
            with contextlib.suppress(RuntimeError):  # the loop is gone: it failed
                place[0][0].call_soon_threadsafe(stop.set)
        thread.join()
    if failure:
        raise failure[0]


class _Service:
    """The connections of one camera."""

    def __init__(self, camera: SimulatedCamera, elsewhere: str | None) -> None:
        self._camera, self._elsewhere = camera, elsewhere
        self._device_bucket = Bucket(camera.throttle.per_device_bps)
        self._tasks: set[asyncio.Task[None]] = set()

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A client has connected."""
        task = asyncio.ensure_future(self._converse(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def cut_all(self) -> None:
        """End all connections now."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)  # the loop closes the sockets on its next turn

    def cut_others(self) -> None:
        """End all connections but the one that is being answered now."""
        for task in self._tasks - {asyncio.current_task()}:
            task.cancel()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ledger, limit = self._camera.ledger, self._camera.quirks.connection_limit
        number = ledger.connected()
        connection = _Connection(
            self._camera, reader, writer, number=number, device_bucket=self._device_bucket, elsewhere=self._elsewhere
        )
        try:
            if self._camera.rebooting:
                pass
            elif limit is None or ledger.open_connections <= limit:
                await connection.serve()
            else:
                await connection.turn_away()
        except (ConnectionError, TimeoutError, SSLError, asyncio.IncompleteReadError):
            pass  # the client has gone
        except Exception as error:  # noqa: BLE001 - one answer fails, and not the camera
            _LOG.error("The simulated camera broke a connection. %s", " ".join(repr(error).split()))
        finally:
            ledger.disconnected()
            writer.transport.abort()


class _Connection:
    """One client: its requests, one after the other."""

    def __init__(
        self,
        camera: SimulatedCamera,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        number: int,
        device_bucket: Bucket,
        elsewhere: str | None,
    ) -> None:
        self._elsewhere = elsewhere
        self._camera, self._reader, self._writer, self._number = camera, reader, writer, number
        self._buckets = (Bucket(camera.throttle.per_connection_bps), device_bucket)
        writer.transport.set_write_buffer_limits(high=256 * 1024)

    async def serve(self) -> None:
        """Answer until the client or the answer says that it is over."""
        again = True
        while again:
            try:
                request = await read_request(self._reader, self._number)
            except BadRequestError as error:
                self._camera.misunderstood(self._number, str(error))
                self._writer.write(BAD_REQUEST.head(close=True) + b"".join(BAD_REQUEST.body.chunks()))
                break
            if request is None:
                return
            if self._elsewhere is not None:
                again = await self._send(request, self._camera.redirect(request, self._elsewhere))
                continue
            answer = await self._camera.answer(request)
            if self._camera.answer_seconds:
                await asyncio.sleep(self._camera.answer_seconds)
            again = await self._send(request, answer)
        await self._finish()

    async def turn_away(self) -> None:
        """Answer a connection too many, if this device does."""
        answer = self._camera.full(self._number)
        if answer is not None and await read_request(self._reader, self._number) is not None:
            self._writer.write(answer.head(close=True) + b"".join(answer.body.chunks()))
            await self._finish()

    async def _send(self, request: HttpRequest, answer: DeviceAnswer) -> bool:
        """Send one answer; True if another request may follow."""
        if answer.withheld:
            if answer.after == "stall":
                await self._outlast()
            self._writer.transport.abort()
            return False
        close = self._camera.quirks.connection_close or not request.keep_alive
        self._writer.write(answer.head(close=close))  # a fault does not announce itself
        if answer.body_delay:
            await self._writer.drain()
            if math.isinf(answer.body_delay):
                await self._outlast()
                return False
            await asyncio.sleep(answer.body_delay)
        if request.method != "HEAD":
            await self._send_body(answer)
        await self._writer.drain()
        if answer.after == "stall":
            await self._outlast()
        if answer.status == 401 and self._camera.quirks.refusal_ends != "goes on":
            await asyncio.sleep(_CLOSES_AFTER)  # the next request is under way by then, and is not read
            if self._camera.quirks.refusal_ends == "reset":
                self._reset()
            return False
        if self._camera.quirks.closes_unsaid or self._camera.quirks.http_1_0:
            return False
        return answer.after == "go on" and not close and not answer.lengthless

    def _reset(self) -> None:
        """Break the connection, in place of closing it."""
        peer: socket.socket = self._writer.get_extra_info("socket")
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    async def _send_body(self, answer: DeviceAnswer) -> None:
        if answer.download is None:
            for chunk in answer.body.chunks():  # writelines() of Python 3.13 refuses none at all
                self._writer.write(chunk)
            return
        ledger = self._camera.ledger
        ledger.download_began()
        sent = 0
        try:
            for chunk in answer.body.chunks(self._camera.throttle.piece):
                for bucket in self._buckets:
                    await bucket.take(len(chunk))
                ledger.sent(answer.download, len(chunk))  # before its client can have it
                self._writer.write(chunk)
                await self._writer.drain()
                sent += len(chunk)
        finally:
            ledger.download_ended()
            if sent < len(answer.body):
                self._camera.broke_off(answer.download)

    async def _outlast(self) -> None:
        """Send nothing more until the client hangs up."""
        while await self._reader.read(4096):
            pass

    async def _finish(self) -> None:
        """Close in order: what was written arrives, and the client sees the end of the stream."""
        if not self._writer.is_closing():
            self._writer.close()
            await self._writer.wait_closed()
