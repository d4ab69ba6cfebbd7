"""How many downloads at a time, how fast, and how long a camera that is away is waited for."""

from __future__ import annotations

import anyio
import anyio.lowlevel
import pytest

from camreel.transfer.pool import AttemptCounter
from camreel.transfer.resume import OVERLAP
from camreel.transfer.throttle import Concurrency, ConcurrencyLimit, RateLimit

pytestmark = pytest.mark.anyio


async def most_at_once(pace: ConcurrencyLimit, count: int) -> int:
    """How many of ``count`` downloads were in their turn at the same time."""
    active = most = 0

    async def one() -> None:
        nonlocal active, most
        async with pace.turn():
            active += 1
            most = max(most, active)
            for _step in range(3):
                await anyio.lowlevel.checkpoint()
            active -= 1

    async with anyio.create_task_group() as tasks:
        for _number in range(count):
            tasks.start_soon(one)
    return most


def test_one_burst_of_failures_halves_once():
    """Eight downloads that began together and all failed are one sign, not eight."""
    pace = ConcurrencyLimit(8)
    seen = pace.strains
    for _turn in range(8):
        pace.strained(seen)
    assert pace.concurrency == Concurrency(8, 4, 4)
    pace.strained(pace.strains)
    pace.strained(pace.strains)
    pace.strained(pace.strains)
    assert pace.concurrency == Concurrency(8, 1, 1)


def test_it_creeps_up_and_never_beyond_the_limit():
    """One more at a time after some that went well; --max-concurrent is the end of it."""
    pace = ConcurrencyLimit(4)
    pace.strained(pace.strains)
    steps = []
    for _recording in range(30):
        pace.went_well()
        steps.append(pace.concurrency.last)
    assert sorted(steps) == steps
    assert (steps[0], steps[1], steps[-1]) == (2, 3, 4)
    assert pace.concurrency.lowest == 2


def test_what_was_no_strain_is_taken_back():
    """A recording that is not there any more was answered like too much: the pace is as it was."""
    pace = ConcurrencyLimit(8)
    halved = sum(pace.strained(pace.strains) for _failure in range(2))
    assert pace.concurrency == Concurrency(8, 2, 2)
    pace.forgive(halved)
    assert pace.concurrency == Concurrency(8, 8, 8)


def test_a_camera_that_faults_now_and_then_is_not_kept_at_one():
    """5 % random faults on 2,000 recordings: the pace comes up again between them, each time."""
    pace = ConcurrencyLimit(4)
    reached = []
    for _fault in range(100):
        pace.strained(pace.strains)
        for _recording in range(20):
            pace.went_well()
        reached.append(pace.concurrency.last)
    assert min(reached[10:]) >= 2


@pytest.mark.parametrize(("strains", "most"), [(0, 6), (1, 3), (2, 1)])
async def test_turns_follow_the_pace(strains, most):
    """No more at a time than the camera bears, and all come to their turn."""
    pace = ConcurrencyLimit(6)
    for _strain in range(strains):
        pace.strained(pace.strains)
    assert await most_at_once(pace, 12) == most


async def test_a_rate_holds_over_all_downloads():
    """The bytes of all together divided by the time: never above the limit, however they come."""
    now = 0.0

    async def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    rate = RateLimit(1000, sleep, lambda: now)
    for count in (10, 4000, 1, 989):
        await rate.spend(count)
    assert now == pytest.approx(5.0)
    now += 100  # what was not used is not saved up
    await rate.spend(500)
    assert now == pytest.approx(105.5)


async def test_without_a_rate_nothing_waits():
    """No limit: not even a turn of the event loop."""

    async def never(_seconds: float) -> None:
        raise AssertionError

    await RateLimit(None, never, lambda: 0.0).spend(10**12)


def test_only_real_progress_makes_tries_forgotten():
    """A drip that gives less than a try costs does not go on for ever; a big step does."""
    tries = AttemptCounter(3, 1)
    for _try in range(2):
        tries.begin(0, 0)
        tries.received(OVERLAP - 1)
        assert not tries.progressed()
        tries.count()
    assert tries.counted == 2
    tries.begin(0, 0)
    tries.received(10 * OVERLAP)
    assert tries.progressed()
    assert tries.counted == 0


def test_the_same_bytes_again_are_no_progress():
    """A device without Range that always breaks at 90 % is given up after its tries."""
    tries = AttemptCounter(3, 1)
    progressed = []
    for _try in range(4):
        tries.begin(0, 0)
        tries.received(100 * OVERLAP)
        progressed.append(tries.progressed())
    assert progressed == [True, False, False, False]


def test_a_recording_of_any_size_ends_after_few_breaks():
    """Each step of progress is a 64th at least: 2 GB that drip are not asked for thousands of times."""
    tries, size, steps = AttemptCounter(1, 1), 0, 0
    while size < 2 << 30:
        size += OVERLAP
        tries.received(size)
        steps += tries.progressed()
    assert steps < 700
