"""Questions side by side: what fails beside is asked again over the search's own connection."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

import anyio
import pytest

from camreel.devices.base import Device
from camreel.errors import CameraBusy, LoginRefused
from camreel.jobs import questions
from camreel.jobs.questions import OpenQuestion, SideConnections, answer_all

pytestmark = pytest.mark.anyio


class Line:
    """A connection that answers with its name, in ``seconds``, or with its ``error``."""

    def __init__(self, name: str, *, seconds: float = 0, error: Exception | None = None) -> None:
        self.name, self.seconds, self.error = name, seconds, error
        self.asked = 0
        self.is_closed = False

    async def ask(self) -> str:
        self.asked += 1
        await anyio.sleep(self.seconds)
        if self.error is not None:
            raise self.error
        return self.name

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Device]:
        try:
            yield cast("Device", self)
        finally:
            self.is_closed = True


def wanted(count: int) -> list[OpenQuestion[str]]:
    return [OpenQuestion(f"question {number}", lambda line: cast("Line", line).ask()) for number in range(count)]


async def patiently(_what: str, ask: Callable[[int], Awaitable[Any]]) -> Any:
    return await ask(1)


async def asked(asking: list[OpenQuestion[str]], main: Line, *beside: Line) -> list[str]:
    sides = SideConnections(is_of_use=True)
    async with anyio.create_task_group() as tasks:
        for each in beside:
            tasks.start_soon(sides.work, asking, each.opened)
        await anyio.lowlevel.checkpoint()
        await answer_all(asking, cast("Device", main), patiently)
        tasks.cancel_scope.cancel()
    return [question.answer for question in asking]


async def test_each_is_asked_once() -> None:
    """By whoever is free."""
    main, side, other = Line("main"), Line("side"), Line("other")
    answers = await asked(wanted(5), main, side, other)
    assert main.asked + side.asked + other.asked == 5
    assert {"side", "other"} <= {*answers}


async def test_what_fails_beside_is_asked_again() -> None:
    """The connection that failed asks nothing more."""
    main, side = Line("main"), Line("side", error=CameraBusy("too many connections"))
    assert await asked(wanted(3), main, side) == ["main"] * 3
    assert side.asked == 1


async def test_what_is_not_answered_beside_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A camera may serve one connection after the other."""
    monkeypatch.setattr(questions, "_MOST_WAITED", 0.01)
    main, side = Line("main"), Line("side", seconds=600)
    assert await asked(wanted(2), main, side) == ["main"] * 2


async def test_a_refused_login_ends_it() -> None:
    """Nobody asks again with that password."""
    main, side = Line("main", seconds=600), Line("side", error=LoginRefused("refused"))
    with pytest.raises(BaseException) as caught:  # a group, whose type Python 3.10 does not have
        await asked(wanted(2), main, side)
    assert [type(error) for error in caught.value.exceptions] == [LoginRefused]  # type: ignore[attr-defined]


@pytest.mark.parametrize("is_of_use", [True, False])
async def test_one_that_answered_is_left_for_the_downloads(is_of_use: bool) -> None:
    """In its block; else, and at the end, it is closed. An idle one counts among those that a camera allows."""
    first, second, new = Line("first"), Line("second"), Line("new")
    sides = SideConnections(is_of_use=is_of_use)
    async with sides:
        await sides.work(wanted(1), first.opened)
        await sides.work(wanted(1), second.opened)
        assert (first.is_closed, second.is_closed) == (not is_of_use,) * 2
        await sides.keep_at_most(1)
        assert first.is_closed
        async with sides.take(new.opened) as taken:
            assert taken is cast("Device", second if is_of_use else new)
        assert second.is_closed
        await sides.work(wanted(1), first.opened)
    assert first.is_closed


async def test_without_a_block_nothing_is_left() -> None:
    """Who only searches has no use for it."""
    line = Line("line")
    await SideConnections(is_of_use=True).work(wanted(1), line.opened)
    assert line.is_closed
