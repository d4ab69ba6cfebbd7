"""One worker's connection: made when it is needed, hung up when it broke or when there is nothing to do for it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack

from camreel.devices.base import Source


class Line:
    """For one task; close it with ``async with``."""

    def __init__(self, connect: Callable[[], AbstractAsyncContextManager[Source]]) -> None:
        self._connect = connect
        self._stack = AsyncExitStack()
        self._source: Source | None = None

    async def __aenter__(self) -> Line:
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.hang_up()

    async def source(self) -> Source:
        """The camera, over the connection that there is, or a new one."""
        if self._source is None:
            self._source = await self._stack.enter_async_context(self._connect())
        return self._source

    async def hang_up(self) -> None:
        """Close the connection, if there is one."""
        self._source = None
        await self._stack.aclose()
