"""A camera that answers from a script, and a store for what it sends."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import anyio.lowlevel
import pytest

from camreel.devices.http import ContentRange
from camreel.errors import CameraUnreachable
from camreel.model import Address, Recording, Span, WallTime
from camreel.transfer.store import Store

START = WallTime(datetime(2025, 6, 1, 10))  # noqa: DTZ001


@dataclass
class Body:
    """A recording on its way, in as many pieces as are given; an exception among them is raised when its turn comes."""

    length: int | None
    pieces: list[bytes | Exception]
    part: Any = None

    @property
    async def chunks(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            await anyio.lowlevel.checkpoint()
            if isinstance(piece, Exception):
                raise piece
            yield piece


@dataclass
class Memory:
    """A recording in memory, of which any part can be had; which were ``asked`` for."""

    data: bytes
    asked: list[tuple[int, int]] = field(default_factory=list)

    @asynccontextmanager
    async def open(self, _recording: Recording, *, first: int = 0, end: int | None = None) -> AsyncIterator[Body]:
        await anyio.lowlevel.checkpoint()
        data = self.data[first:end]
        self.asked.append((first, first + len(data)))
        yield Body(len(data), [data], ContentRange(first, first + len(data), len(self.data)))


@dataclass
class ScriptedCamera:
    """For each path its answers, one for each time it is asked; the last one stands for all that follow.

    An answer is a body, bytes (sent with their length), an exception, or a coroutine function to wait for.
    """

    answers: dict[str, list[Any]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    firsts: list[int] = field(default_factory=list)
    is_away: bool = False
    listed: set[str] | None = None
    open_now: int = 0
    most_open: int = 0

    @asynccontextmanager
    async def open(self, recording: Recording, *, first: int = 0, end: int | None = None) -> AsyncIterator[Body]:
        self.asked.append(recording.path)
        self.firsts.append(first)
        self.open_now += 1
        self.most_open = max(self.most_open, self.open_now)
        try:
            await anyio.lowlevel.checkpoint()
            script = self.answers[recording.path]
            answer = script.pop(0) if len(script) > 1 else script[0]
            if callable(answer):
                answer = await answer()
            if isinstance(answer, Exception):
                raise answer
            yield Body(len(answer), [answer]) if isinstance(answer, bytes) else answer
        finally:
            self.open_now -= 1

    async def knock(self) -> None:
        await anyio.lowlevel.checkpoint()
        if self.is_away:
            raise CameraUnreachable("Nothing answers.")

    async def lists(self, recording: Recording) -> bool:
        await anyio.lowlevel.checkpoint()
        return self.listed is None or recording.path in self.listed


@pytest.fixture
def camera() -> ScriptedCamera:
    return ScriptedCamera()


@pytest.fixture
def body() -> type[Body]:
    return Body


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """The store of one camera, with its folder made."""
    made = Store(tmp_path, Address("cam.example", 80))
    made.folder.mkdir(parents=True)
    return made


@pytest.fixture
def recording() -> Callable[..., Recording]:
    """Recording number ``n``, five minutes after the one before; other fields by name."""

    def make(n: int = 0, **fields: Any) -> Recording:
        start = START + n * timedelta(minutes=5)
        path = fields.pop("path", f"/mnt/sd/2025-06-01/001/dav/10/clip-{n}[R][0@0][0].mp4")
        return Recording(path, Span(start, start + timedelta(minutes=5)), **fields)

    return make


@pytest.fixture
def movie() -> bytes:
    """Bytes that begin as an mp4 does."""
    return b"\x00\x00\x00\x20ftypisom" + bytes(range(256)) * 4
