"""A film in Chromium: played through, then sought in, and each picture that the browser shows read again.

The page (``player.html``) does the watching and sends what it sees to a server on this machine; no driver is needed.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL
from typing import Any

import anyio
import av
from aiohttp import web

from camreel_simulator import read_frame_number

_PAGE = Path(__file__).with_name("player.html")
_SIZE = (160, 90)  # of the pictures that the page sends
# Seconds for all of it: the page itself gives up on each step after 20.
_MOST = 90
SWITCHES = (
    "--headless",
    "--no-sandbox",  # which does not work for root
    "--disable-gpu",
    "--disable-dev-shm-usage",  # a container's /dev/shm can be too small for pictures
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-default-browser-check",
    "--mute-audio",
    "--autoplay-policy=no-user-gesture-required",
)


@dataclass(frozen=True)
class Seen:
    """A picture on the screen. ``during`` is ``play``, ``end`` or ``seek``; times are seconds in the film."""

    during: str
    asked: float
    shown: float
    number: int
    size: tuple[int, int]


@dataclass(frozen=True)
class Watched:
    """What the browser made of a film. ``decoded`` pictures and ``heard`` bytes of sound are of the first play."""

    pictures: list[Seen]
    error: str | None = None
    seconds: float = 0.0
    decoded: int = 0
    heard: int = 0

    def of(self, during: str) -> list[Seen]:
        return [each for each in self.pictures if each.during == during]


async def watch(chromium: str, film: Path, seeks: Sequence[float], folder: Path, rate: float = 4) -> Watched:
    """Play ``film`` at ``rate`` times its speed to its end, then go to each of ``seeks`` (seconds)."""
    sent: list[tuple[Mapping[str, str], bytes]] = []
    said: dict[str, Any] = {}
    over = anyio.Event()

    async def orders(_request: web.Request) -> web.Response:
        return web.json_response({"rate": rate, "seeks": list(seeks)})

    async def page(_request: web.Request) -> web.FileResponse:
        return web.FileResponse(_PAGE)

    async def bytes_of_film(_request: web.Request) -> web.FileResponse:
        return web.FileResponse(film, headers={"Content-Type": "video/mp4"})

    async def picture(request: web.Request) -> web.Response:
        sent.append((request.query, await request.read()))
        return web.Response()

    async def end(request: web.Request) -> web.Response:
        said.update(json.loads(await request.text()))
        over.set()
        return web.Response()

    routes = [web.get("/", page), web.get("/film", bytes_of_film), web.get("/orders", orders)]
    with anyio.fail_after(_MOST):
        async with (
            _serving([*routes, web.post("/picture", picture), web.post("/end", end)]) as address,
            _browser(chromium, address, folder),
        ):
            await over.wait()
    sent.sort(key=lambda each: int(each[0]["order"]))  # they come by several connections
    return Watched([_seen(*each) for each in sent], **said)


def _seen(facts: Mapping[str, str], pixels: bytes) -> Seen:
    frame = av.VideoFrame.from_bytes(pixels, *_SIZE, format="rgba")
    size = (int(facts["width"]), int(facts["height"]))
    return Seen(facts["during"], float(facts["asked"]), float(facts["shown"]), read_frame_number(frame), size)


@asynccontextmanager
async def _serving(routes: Sequence[web.RouteDef]) -> AsyncIterator[str]:
    app = web.Application()
    app.add_routes(routes)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def _browser(chromium: str, address: str, folder: Path) -> AsyncIterator[None]:
    command = [chromium, *SWITCHES, f"--user-data-dir={folder}", address]
    process = await anyio.open_process(
        command, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL, cwd=folder, start_new_session=True
    )
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # it leads a session of its own, with its many children in it
        with anyio.CancelScope(shield=True):
            await process.wait()
