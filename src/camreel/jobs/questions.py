"""Ask a device side by side, over a few connections, what does not depend on each other.

Only after its first answer: until then nobody knows whether the password is right. The search's own connection is the
one that counts. Those beside it only make it quicker: what fails there is asked again over the search's own.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any, Generic, TypeVar

import anyio

from camreel.devices.base import Device
from camreel.errors import CameraError

Value = TypeVar("Value")
Connect = Callable[[], AbstractAsyncContextManager[Device]]
Patiently = Callable[[str, Callable[[int], Awaitable[Any]]], Awaitable[Any]]

log = logging.getLogger("camreel.devices")

_MOST_WAITED = 2.0  # seconds for an answer beside: a camera may serve one connection after the other


class OpenQuestion(Generic[Value]):
    """One question, called ``what`` in messages ("reading the clock"), and its answer once there is one."""

    def __init__(self, what: str, ask: Callable[[Device], Awaitable[Value]]) -> None:
        self.what = what
        self.ask = ask
        self.answers: list[Value] = []
        self.is_taken = False
        self.settled = anyio.Event()  # of this try: answered, or to be asked again

    @property
    def answer(self) -> Value:
        """Return the answer, which is there."""
        return self.answers[0]

    def settle(self, *answers: Value) -> None:
        """Note the answer, or that there is none yet."""
        self.answers += answers
        self.is_taken = False
        self.settled.set()
        self.settled = anyio.Event()


def _take(questions: Sequence[OpenQuestion[Any]]) -> OpenQuestion[Any] | None:
    """Return the first of ``questions`` that nobody has asked, for the caller to ask; None if there is none."""
    for question in questions:
        if not (question.answers or question.is_taken):
            question.is_taken = True
            return question
    return None


async def answer_all(questions: Sequence[OpenQuestion[Any]], device: Device, patiently: Patiently) -> None:
    """Return when all ``questions`` are answered: ask ``device`` those that nobody asks, and wait for the others.

    Raise what ``patiently`` raises.
    """
    while left := [each for each in questions if not each.answers]:
        question = _take(left)
        if question is None:
            with anyio.move_on_after(_MOST_WAITED):
                await left[0].settled.wait()
                continue
            question = left[0]
            if question.answers:
                continue
        asked = question.ask
        question.settle(await patiently(question.what, lambda _attempt, asked=asked: asked(device)))  # type: ignore[misc]


class SideConnections:
    """The connections beside the search's own.

    In ``async with``, those that have answered are kept for the downloads, if ``is_of_use`` there.
    """

    def __init__(self, *, is_of_use: bool) -> None:
        self._is_of_use = is_of_use
        self._is_open = False
        self._kept: list[tuple[AsyncExitStack, Device]] = []

    async def __aenter__(self) -> SideConnections:
        self._is_open = True
        return self

    async def __aexit__(self, *_exc: object) -> None:
        self._is_open = False
        await self.keep_at_most(0)

    async def work(self, questions: Sequence[OpenQuestion[Any]], connect: Connect) -> None:
        """Ask over one connection what nobody else asks. LoginError is raised; a CameraError only ends this."""
        question: OpenQuestion[Any] | None = None
        async with AsyncExitStack() as stack:
            try:
                device = await stack.enter_async_context(connect())
                while (question := _take(questions)) is not None:
                    question.settle(await question.ask(device))
            except CameraError as error:
                log.debug("asked beside: %s", error)
                return
            finally:
                if question is not None:
                    question.settle()
            if self._is_open and self._is_of_use:
                self._kept.append((stack.pop_all(), device))

    @asynccontextmanager
    async def take(self, connect: Connect) -> AsyncIterator[Device]:
        """Give a connection that was kept, or a new one; close it at the end."""
        if self._kept:
            stack, device = self._kept.pop()
            async with stack:
                yield device
            return
        async with connect() as device:
            yield device

    async def keep_at_most(self, count: int) -> None:
        """Close all but ``count`` of those that are kept: an idle one counts among those that a camera allows."""
        while len(self._kept) > count:
            stack, _device = self._kept.pop(0)
            await stack.aclose()
