"""When to try again, and how long to wait."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from camreel.devices.patience import Patience
from camreel.errors import (
    AccountLocked,
    BadTransfer,
    CameraBusy,
    CameraError,
    CameraRefused,
    CameraUnreachable,
    DiskError,
    LoginRefused,
    NotACamera,
)
from camreel.transfer.retry import Backoff, Outage, Presence, SecondChances, attempting

pytestmark = pytest.mark.anyio


class Run:
    """One run of ``attempting``: what it tried, how long it waited, what it told."""

    def __init__(self, *outcomes: object) -> None:
        self.outcomes = outcomes
        self.attempts: list[int] = []
        self.waits: list[float] = []
        self.told: list[tuple[CameraError, float]] = []

    async def operation(self, attempt: int) -> object:
        self.attempts.append(attempt)
        outcome = self.outcomes[min(attempt, len(self.outcomes)) - 1]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)

    async def go(self, backoff: Backoff) -> object:
        return await attempting(
            self.operation, backoff, self.sleep, lambda error, wait: self.told.append((error, wait))
        )


def test_waits_grow_up_to_a_limit_and_end():
    """Twice as long each time, never longer than the longest, None after the last try."""
    backoff = Backoff(attempts=8, first=1, factor=2, longest=30)
    assert [backoff.wait_after(attempt) for attempt in range(1, 9)] == [1, 2, 4, 8, 16, 30, 30, None]


def test_one_attempt_never_waits():
    """attempts=1 is: do not try again."""
    assert Backoff(attempts=1).wait_after(1) is None


def test_jitter_only_shortens():
    """So that not all come back at the same moment, and none later than the longest."""
    for chance, wait in ((0.0, 30), (0.5, 25.5), (1.0, 21)):
        backoff = Backoff(first=64, longest=30, jitter=0.3, chance=partial(float, chance))
        assert backoff.wait(1) == pytest.approx(wait)


def test_waits_can_go_on():
    """However long a camera is away: no number of waits is too large."""
    assert Backoff(longest=15).wait(10_000) == 15


async def test_a_try_that_met_an_outage_does_not_count():
    """The camera was away and is back: the same try again, at once, and with its number."""
    run, away = Run(CameraUnreachable("gone")), [True, True, False]

    async def was_away(_error: CameraError) -> bool:
        return away.pop(0)

    with pytest.raises(CameraUnreachable):
        await attempting(run.operation, Backoff(attempts=1), run.sleep, lambda *_told: None, was_away)
    assert (run.attempts, run.waits) == ([1, 1, 1], [])


async def test_success_at_once_waits_for_nothing():
    """No sleep and no event where nothing went wrong."""
    run = Run("done")
    assert await run.go(Backoff()) == "done"
    assert (run.attempts, run.waits, run.told) == ([1], [], [])


@pytest.mark.parametrize("cls", [CameraUnreachable, CameraBusy, BadTransfer])
async def test_what_may_get_better_is_tried_again(cls):
    """Each wait is told before it begins, with its cause; the attempt is numbered."""
    first, second = cls("one"), cls("two")
    run = Run(first, second, "done")
    assert await run.go(Backoff(first=3, factor=10)) == "done"
    assert (run.attempts, run.waits) == ([1, 2, 3], [3, 30])
    assert run.told == [(first, 3), (second, 30)]


async def test_a_camera_that_is_away_is_asked_once_if_nobody_waits():
    """--retry-for 0. What is wrong with an answer is still tried again."""
    for error, tries in ((CameraUnreachable("away"), 1), (CameraBusy("busy"), 3)):
        run = Run(error)
        with pytest.raises(type(error)):
            await attempting(
                run.operation, Backoff(attempts=3), run.sleep, lambda *_told: None, patience=Patience(0, lambda: 0.0)
            )
        assert len(run.attempts) == tries


async def test_the_last_error_is_raised_after_the_last_try():
    """No wait after the last try: the error comes at once."""
    run = Run(CameraBusy("one"), CameraBusy("two"))
    with pytest.raises(CameraBusy, match="two"):
        await run.go(Backoff(attempts=2, first=5))
    assert (run.attempts, run.waits) == ([1, 2], [5])


@pytest.mark.parametrize(
    "error",
    [
        LoginRefused("wrong password"),
        AccountLocked("locked"),
        CameraRefused("gone", status=404),
        NotACamera("a printer"),
        CameraError("no such host"),
        DiskError("full"),
        ValueError("a bug"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_what_will_not_get_better_is_tried_once(error):
    """A refused login above all: the second try could lock the account."""
    run = Run(error, "never")
    with pytest.raises(type(error)) as caught:
        await run.go(Backoff())
    assert caught.value is error
    assert (run.attempts, run.waits, run.told) == ([1], [], [])


async def test_an_odd_answer_is_asked_again_once():
    """Twice the same is final; another one has a chance of its own."""
    first, second = (CameraRefused(str(status), status=status, once_more=True) for status in (204, 302))
    run = Run(first, second, "done")
    assert await run.go(Backoff()) == "done"
    run = Run(first, second, first, "never")
    with pytest.raises(CameraRefused) as caught:
        await run.go(Backoff())
    assert caught.value is first
    assert run.attempts == [1, 2, 3]


async def test_an_odd_answer_to_the_first_login_is_final():
    """Nobody can tell whether the password was read: whoever knows that says that it is not worth another try."""
    error = NotACamera("packed", once_more=True)
    error.worth_retrying = False
    run = Run(error, "never")
    with pytest.raises(NotACamera):
        await run.go(Backoff())
    assert run.attempts == [1]


async def test_a_login_that_is_refused_later_ends_it_too():
    """Busy, then refused: not tried a third time."""
    run = Run(CameraBusy("busy"), LoginRefused("wrong"), "never")
    with pytest.raises(LoginRefused):
        await run.go(Backoff())
    assert run.attempts == [1, 2]


class Clock:
    """Goes on by what is waited, and by what a silent camera takes."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += seconds


async def test_waits_end_with_the_patience():
    """They count as time without progress, the last one is cut to what is left, and nothing is tried after it."""
    clock, told = Clock(), list[float]()
    patience = Patience(10, clock)
    run = Run(CameraUnreachable("gone"))
    with pytest.raises(CameraUnreachable):
        await attempting(
            run.operation,
            Backoff(attempts=9, first=4),
            clock.sleep,
            lambda _error, wait: told.append(wait),
            patience=patience,
        )
    assert told == [4, 6]
    assert patience.spent == 10


@pytest.fixture
def outage():
    """An outage of at most 10 s, of a camera that is there; and its clock."""
    clock = Clock()

    async def knock() -> None:
        """It answers."""

    made = Outage(knock, Backoff(), 10, sleep=clock.sleep, now=clock, tell=lambda *_told: None)
    return made, clock


async def test_a_camera_that_is_there_and_silent_is_gone_when_the_patience_is(outage):
    """It answers a knock, and nothing else: after half as much again as the limit nothing more is asked."""
    made, clock = outage
    for presence in (Presence.THERE, Presence.THERE, Presence.GONE):
        clock.at += 5
        made.patience.silent(5)
        assert await made.look(made.count) is presence
    assert made.is_gone


async def test_waiting_for_another_try_uses_up_the_patience(outage):
    """Progress gives it back; without any the camera is gone, and stays so."""
    made, _clock = outage
    await made.wait(14)
    made.progress()
    await made.wait(14)
    assert not made.is_gone
    await made.wait(2)
    assert made.is_gone
    made.progress()
    assert made.is_gone


async def test_a_computer_that_slept_while_it_waited_goes_on(outage):
    """A wait counts as long as it was asked for, and not as long as it took: the camera is knocked at again."""
    _made, clock = outage
    knocks = 0

    async def knock() -> None:
        nonlocal knocks
        knocks += 1
        if knocks < 4:
            raise CameraUnreachable("away")

    async def sleep(_seconds: float) -> None:
        clock.at += 1000

    made = Outage(knock, Backoff(), 10, sleep=sleep, now=clock, tell=lambda *_told: None)
    for count in (0, 1):  # of the times that it came back
        knocks = 0
        assert made.count == count
        assert await made.look(made.count) is Presence.BACK
        made.progress()
    assert made.count == 2
    assert not made.is_gone


async def test_a_knock_knows_for_how_long_nothing_came(outage):
    """The stall before the first knock counts, then the waits as they were asked for."""
    _made, clock = outage
    knocks = []

    async def knock() -> None:
        knocks.append(made.silence)
        if len(knocks) < 4:
            raise CameraUnreachable("away")

    made = Outage(knock, Backoff(), 60, sleep=clock.sleep, now=clock, tell=lambda *_told: None)
    clock.at += 30
    made.patience.silent(30)
    assert await made.look(made.count) is Presence.BACK
    assert knocks == [30, 31, 33, 37]
    made.progress()
    assert await made.look(made.count) is Presence.THERE
    assert made.silence == 0


@pytest.mark.parametrize(
    ("second", "used_up"),
    [
        (CameraRefused("other words", status=204, once_more=True), True),
        (CameraRefused("one", status=302, once_more=True), False),
        (NotACamera("one", once_more=True), False),
        (BadTransfer("one", once_more=True), False),
        (CameraRefused("one", status=204), True),
        (CameraBusy("one"), False),
    ],
    ids=repr,
)
def test_a_second_chance_is_of_one_kind(second, used_up):
    """Of one class and status, whatever its words."""
    chances = SecondChances()
    assert not chances.are_used_up(CameraRefused("one", status=204, once_more=True))
    assert chances.are_used_up(second) is used_up
    assert SecondChances().are_used_up(second) is not second.worth_retrying


def test_errors_without_a_status_are_told_apart_too():
    chances = SecondChances()
    errors = NotACamera("one", once_more=True), BadTransfer("one", once_more=True)
    assert [chances.are_used_up(error) for error in errors * 2] == [False, False, True, True]


async def test_who_waits_for_a_camera_that_is_away_is_told_each_time():
    """How long, and why; the last wait is cut to what is left, and the others hear of the outage once."""
    clock, told, patience = Clock(), list[tuple[str, float]](), []
    errors = [CameraUnreachable(f"away {number}") for number in range(9)]
    knocks = iter(errors)

    async def knock() -> None:
        patience.append(made.silence)
        raise next(knocks)

    made = Outage(
        knock, Backoff(), 10, sleep=clock.sleep, now=clock, tell=lambda error, wait: told.append((str(error), wait))
    )
    made.patience.spent = 2
    assert await made.look(0) is Presence.GONE
    assert told == [("away 0", 1), ("away 1", 2), ("away 2", 4), ("away 3", 1)]
    assert patience == [2, 3, 5, 9, 10]
    assert (made.is_gone, made.count, made.patience.spent) == (True, 0, 10)
    assert await made.look(0) is Presence.GONE
    assert len(patience) == 5


async def test_a_knock_takes_its_time():
    """What a silent camera takes for it counts as well; up to the limit, if this computer slept."""
    for took, spent in ((3, 1 + 3), (1000, 1 + 10)):
        clock, answers = Clock(), iter([False, True, True])

        async def knock(clock: Clock = clock, took: float = took, answers: Any = answers) -> None:
            if not next(answers):
                raise CameraUnreachable("away")
            clock.at += took

        made = Outage(knock, Backoff(), 10, sleep=clock.sleep, now=clock, tell=lambda *_told: None)
        assert await made.look(0) is Presence.BACK
        assert made.patience.spent == spent
        assert made.count == 1
        assert await made.look(0) is Presence.BACK, "of the outage that another one saw"
        assert await made.look(1) is Presence.THERE


def test_an_outage_has_its_own_patience_or_a_given_one():
    clock = Clock()
    given = Patience(7, clock)
    more: Any = {"sleep": clock.sleep, "now": clock, "tell": print}
    assert Outage(clock.sleep, Backoff(), 10, patience=given, **more).patience is given  # type: ignore[arg-type]
    own = Outage(clock.sleep, Backoff(), 10, **more).patience  # type: ignore[arg-type]
    assert (own.limit, own.spent) == (10, 0)
    clock.at = 5
    own.silent(5)
    assert own.spent == 5
