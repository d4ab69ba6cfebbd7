"""The parent's side of the process that makes pictures: a clip that takes it down costs no picture but its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from camreel.errors import DiskError, MergeError, printable
from camreel.media.child import Child
from camreel.media.job import Failed
from camreel.media.messages import encode
from camreel.media.still_job import NoStill, Sheet, SheetOrder, Still, StillOrder

_HINT = "Run it again; if it stays so, report it with the model of the camera."
StillAnswer = TypeVar("StillAnswer", Still | NoStill, Sheet)


class _Died(MergeError):
    """The process died or hung, or asked for too much memory."""


class StillProcess:
    """Pictures and sheets, made one at a time in a process of its own; an async context manager.

    ``stall_seconds`` is how long the process may be busy with one of them.
    """

    def __init__(self, *, stall_seconds: float = 30) -> None:
        self._child = Child("picture", _Died, _HINT)
        self._stall_seconds = stall_seconds

    @property
    def pid(self) -> int | None:
        """The process, while there is one."""
        return self._child.pid

    async def __aenter__(self) -> StillProcess:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._child.end()

    async def still(self, order: StillOrder) -> Still | NoStill:
        """A picture, or why there is none: also where the clip took the process down. Raises DiskError."""
        order = replace(order, clip=str(Path(order.clip).absolute()), output=str(Path(order.output).absolute()))
        try:
            return await self._ask(order, (Still, NoStill), "while a picture was being decoded")
        except MergeError as error:
            return NoStill(f"its picture could not be decoded ({str(error).rstrip('.')})")

    async def sheet(self, order: SheetOrder) -> Sheet:
        """A contact sheet. Raises DiskError; MergeError where it cannot be drawn."""
        tiles = tuple(
            replace(each, picture=each.picture and str(Path(each.picture).absolute())) for each in order.tiles
        )
        order = replace(order, output=str(Path(order.output).absolute()), tiles=tiles)
        return await self._ask(order, (Sheet,), "while the contact sheet was being drawn")

    async def _ask(self, order: StillOrder | SheetOrder, kinds: tuple[type, ...], doing: str) -> StillAnswer:
        answer: StillAnswer | None = None
        try:
            if self._child.pid is None:
                await self._child.start()
            await self._child.send(encode(order))
            message = await self._child.next_message(doing, self._stall_seconds)
            if isinstance(message, Failed):
                error = DiskError if message.kind == "disk" else MergeError
                raise error(printable(message.message, 500), hint=_HINT)
            if not isinstance(message, kinds):
                raise MergeError(f"The picture process answered out of turn {doing}.", hint=_HINT)
            answer = message  # type: ignore[assignment]  # of one of the kinds
        finally:
            if answer is None:
                await self._child.end()
        assert answer is not None
        return answer
