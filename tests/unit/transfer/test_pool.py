"""The workers of one camera."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from camreel.errors import BadTransfer, CameraBusy, CameraRefused, CameraUnreachable, DiskError, LoginRefused
from camreel.planning.account import LossKind, LostReason
from camreel.transfer.pool import Pool
from camreel.transfer.resume import OVERLAP
from camreel.transfer.retry import Backoff, Outage
from camreel.transfer.store import Fetched

if sys.version_info < (3, 11):
    from exceptiongroup import BaseExceptionGroup

pytestmark = pytest.mark.anyio


class Told:
    """All that the pool tells, in order."""

    def __init__(self) -> None:
        self.started_at: list[tuple[int, int]] = []
        self.done: list[tuple[int, Any]] = []
        self.retries: list[tuple[str, float]] = []
        self.bytes: dict[int, int] = {}

    def started(self, number, _recording, attempt, _have):
        self.started_at.append((number, attempt))

    def progress(self, number, received):
        self.bytes[number] = received

    def fetched(self, number, clip):
        self.done.append((number, "reused" if clip.reused else "fetched"))

    def lost(self, number, _recording, reason):
        self.done.append((number, reason))

    def retrying(self, recording, error, wait):
        self.retries.append((recording.path, wait))


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def away() -> list[float]:
    """The waits for a camera that is away."""
    return []


@pytest.fixture
def pool(camera, store, told, waits, away):
    """A pool over the scripted camera. Waiting takes no time, and is counted."""

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        await anyio.lowlevel.checkpoint()

    @asynccontextmanager
    async def connect():
        yield camera

    def make(recordings, limit: int = 2, attempts: int = 3, patience: float = 120) -> Pool:
        outage = Outage(
            camera.knock, Backoff(), patience, sleep=sleep, now=lambda: 0.0, tell=lambda _error, wait: away.append(wait)
        )
        backoff = Backoff(attempts=attempts)
        return Pool(recordings, store, connect, told, limit=limit, backoff=backoff, sleep=sleep, outage=outage)

    return make


@pytest.fixture
def several(camera, recording, movie) -> Callable[..., list[Any]]:
    """``count`` recordings that the camera sends, but for the ``answers`` by number."""

    def make(count: int, answers: dict[int, Any] | None = None) -> list[Any]:
        recordings = [recording(n) for n in range(count)]
        for number, one in enumerate(recordings, 1):
            answer = (answers or {}).get(number, movie)
            camera.answers[one.path] = answer if isinstance(answer, list) else [answer]
        return recordings

    return make


def failed(error: str) -> LostReason:
    return LostReason(LossKind.NOT_DOWNLOADED, error)


async def outcomes(pool: Pool, count: int) -> list[Fetched | LostReason]:
    return [await pool.outcome(number) for number in range(1, count + 1)]


async def test_everything_is_fetched_in_order_of_time(pool, several, camera, told, movie):
    """The first clip is begun first: the merge waits for it."""
    recordings = several(5)
    running = pool(recordings, limit=1)
    await running.run()
    assert camera.asked == [one.path for one in recordings]
    assert told.done == [(number, "fetched") for number in range(1, 6)]
    assert told.bytes == dict.fromkeys(range(1, 6), len(movie))
    for clip in await outcomes(running, 5):
        assert isinstance(clip, Fetched)
        assert (clip.path.read_bytes(), clip.size, clip.reused) == (movie, len(movie), False)


@pytest.mark.parametrize(("limit", "most"), [(1, 1), (3, 3), (50, 8)])
async def test_the_limit_is_used_and_never_exceeded(pool, several, camera, limit, most):
    """--max-concurrent is what the camera sees, no more and, while there is work, no less."""
    await pool(several(8), limit=limit).run()
    assert camera.most_open == most


async def test_nothing_to_do_is_done_at_once(pool):
    """No recordings: no worker, no connection."""
    await pool([]).run()


async def test_a_clip_is_had_before_the_last_is_done(pool, several, movie):
    """The merge gets the first clip while a later one still downloads."""
    held = anyio.Event()

    async def later():
        await held.wait()
        return movie

    running = pool(several(2, {2: later}))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(running.run)
        assert isinstance(await running.outcome(1), Fetched)
        held.set()
        assert isinstance(await running.outcome(2), Fetched)


async def test_clips_of_an_earlier_run_are_not_fetched_again(pool, several, camera, *, store, told, movie):
    """Complete ones are used as they are, kept ones too; a part is not."""
    recordings = several(4)
    for one in recordings[:2]:
        store.part(one).write_bytes(movie)
        store.complete(one, ".mp4")
    kept = store.find(recordings[1])
    store.keep(kept)
    store.part(recordings[2]).write_bytes(movie[:10])
    running = pool(recordings)
    await running.run()
    assert camera.asked == [one.path for one in recordings[2:]]
    assert told.done[:2] == [(1, "reused"), (2, "reused")]
    clips = await outcomes(running, 4)
    assert [clip.reused for clip in clips if isinstance(clip, Fetched)] == [True, True, False, False]


@pytest.mark.parametrize(
    ("answer", "reason", "tries"),
    [
        (CameraRefused("The camera answered 404.", status=404), "The camera answered 404", 1),
        (CameraBusy("It is overloaded."), "It is overloaded", 4),  # one of them beside another download: not counted
        (CameraUnreachable("It broke."), "It broke", 3),
        (b"Error\r\nBad Request!", "it sent a page of text (Error Bad Request!) instead of the recording", 3),
        (b"", "it sent an empty file", 3),
    ],
    ids=["refused", "busy", "unreachable", "page", "empty"],
)
async def test_one_bad_recording_does_not_stop_the_rest(pool, several, camera, *, told, answer, reason, tries):
    """It is lost by name and reason, after as many tries as its error is worth; all others come."""
    recordings = several(4, {2: answer})
    running = pool(recordings)
    await running.run()
    clips = await outcomes(running, 4)
    assert [isinstance(clip, Fetched) for clip in clips] == [True, False, True, True]
    assert clips[1] == failed(reason)
    assert (2, failed(reason)) in told.done
    assert camera.asked.count(recordings[1].path) == tries


async def test_a_recording_that_comes_at_last_is_fetched(pool, several, told, waits, movie):
    """Waits grow, are told before they begin, and a success ends them."""
    recordings = several(1, {1: [CameraBusy("busy"), BadTransfer("short"), movie]})
    await pool(recordings, limit=1).run()
    assert told.started_at == [(1, 1), (1, 2), (1, 3)]
    assert told.done == [(1, "fetched")]
    assert waits == [1, 2]
    assert told.retries == [(recordings[0].path, wait) for wait in (1, 2)]


async def test_a_body_below_the_listed_size_is_asked_for_twice(pool, camera, recording, told, movie):
    """The first time it is doubted, the second time the camera is believed."""
    one = recording(size=len(movie) + 1)
    camera.answers[one.path] = [movie]
    await pool([one]).run()
    assert told.started_at == [(1, 1), (1, 2)]
    assert told.done == [(1, "fetched")]


async def ends_with(running: Pool, error: Exception) -> None:
    """``running`` ends at once, and by nothing but ``error``."""
    with anyio.fail_after(5), pytest.raises(BaseExceptionGroup) as caught:
        await running.run()
    group: Any = caught.value
    while isinstance(group, BaseExceptionGroup):
        (group,) = group.exceptions
    assert group is error


async def forever() -> bytes:
    await anyio.sleep_forever()
    raise AssertionError


@pytest.mark.parametrize("error", [LoginRefused("wrong password"), LoginRefused("locked")], ids=["refused", "locked"])
async def test_one_refused_login_stops_all_workers(pool, several, camera, *, store, waits, error):
    """At once: no other request, no wait, no second try; what was under way is let go without a name."""
    recordings = several(9, {1: forever, 2: error, 3: forever})
    await ends_with(pool(recordings, limit=3), error)
    assert sorted(camera.asked) == sorted(one.path for one in recordings[:3])
    assert (camera.open_now, waits) == (0, [])
    assert all(store.find(one) is None for one in recordings)


async def test_a_refused_login_keeps_what_was_complete(pool, several, store):
    """Ended in the middle: the clips that are whole wait for the next run."""
    error = LoginRefused("wrong password")
    recordings = several(3, {2: error})
    await ends_with(pool(recordings, limit=1), error)
    assert [store.find(one) is not None for one in recordings] == [True, False, False]


async def test_a_full_disk_stops_all_workers(pool, several, camera):
    """There is no room for the others either."""
    error = DiskError("full")
    await ends_with(pool(several(9, {1: forever, 2: error}), limit=2), error)
    assert len(camera.asked) == 2


async def test_a_camera_that_is_gone_is_not_asked_for_the_rest(pool, several, camera, away):
    """It is waited for, once for all of them; then the others are named as not tried, and none is forgotten."""

    async def goes_away():
        camera.is_away = True
        raise CameraUnreachable("It is gone.")

    running = pool(several(6, {2: [goes_away]}), limit=1, patience=60)
    await running.run()
    clips = await outcomes(running, 6)
    assert isinstance(clips[0], Fetched)
    assert clips[1:] == [failed("It is gone")] + [LostReason(LossKind.NOT_TRIED)] * 4
    assert len(camera.asked) == 2
    assert away == [1, 2, 4, 8, 16, 29]


async def test_an_outage_uses_up_no_tries(pool, several, camera, *, waits, away, told):
    """While the camera restarts there is one loop for the device; when it is back, all go on as if nothing had been."""

    async def goes_away():
        camera.is_away = True
        raise CameraUnreachable("It is gone.")

    recordings = several(3)
    for one in recordings:
        camera.answers[one.path].insert(0, goes_away)
    knock, knocks = camera.knock, list[None]()

    async def comes_back() -> None:
        knocks.append(None)
        camera.is_away = len(knocks) < 4
        await knock()

    camera.knock = comes_back
    running = pool(recordings, limit=3, attempts=1)
    await running.run()
    assert all(isinstance(clip, Fetched) for clip in await outcomes(running, 3))
    assert away == [1, 2, 4]
    assert waits == away
    assert sorted(told.started_at) == [(1, 1), (1, 2), (2, 1), (2, 2), (3, 1), (3, 2)]


async def test_an_outage_ends_after_its_time_however_often_it_comes_back(pool, several, camera, away):
    """A camera that restarts again and again without a byte in between is given up, too."""

    async def goes_away():
        camera.is_away = True
        raise CameraUnreachable("It is gone.")

    async def every_second_time() -> None:
        camera.is_away = not camera.is_away
        if not camera.is_away:
            raise CameraUnreachable("Nothing answers.")

    camera.knock = every_second_time
    running = pool(several(1, {1: [goes_away]}), limit=1, patience=5)
    await running.run()
    assert await outcomes(running, 1) == [failed("It is gone")]
    assert sum(away) == 5


async def test_downloads_that_are_broken_as_such_are_tried_once_each(pool, several, camera):
    """The camera is there and gives not a byte: after three in a row the others get one try each, not all of them."""
    running = pool(several(6, {number: CameraUnreachable("It broke.") for number in range(2, 7)}), limit=1, attempts=2)
    await running.run()
    clips = await outcomes(running, 6)
    assert isinstance(clips[0], Fetched)
    assert clips[1:] == [failed("It broke")] * 5
    assert len(camera.asked) == 1 + 3 * 2 + 2


def silent(seconds: float) -> CameraUnreachable:
    error = CameraUnreachable("It said nothing.")
    error.silent_for = seconds
    return error


async def test_a_silent_recording_is_given_up_when_its_time_is(pool, several, camera):
    """Before its tries are used up: so many seconds of silence, and of waits, are worth no more."""
    recordings = several(2, {1: silent(40)})
    running = pool(recordings, limit=1, attempts=9, patience=100)
    await running.run()
    assert camera.asked.count(recordings[0].path) == 3
    assert camera.asked.count(recordings[1].path) == 1


async def test_new_bytes_are_progress_before_the_clip_is_whole(camera, pool, several, body):
    """What was spent before is forgotten, though the download breaks off later."""
    recordings = several(1)
    data = b"\0\0\0\x20ftypisom" + bytes(OVERLAP + 1)
    camera.answers[recordings[0].path] = [body(10 * OVERLAP, [data, CameraRefused("No.", status=404)])]
    running = pool(recordings, limit=1)
    running._outage.patience.spent = 100
    await running.run()
    assert running._outage.patience.spent == 0


def odd(status: int) -> CameraRefused:
    return CameraRefused(f"Odd ({status}).", status=status, once_more=True)


async def test_an_odd_answer_is_asked_again_once(pool, several, camera, movie):
    """The same one twice is final; another odd one is not the same."""
    recordings = several(3, {1: [odd(204), movie], 2: [odd(204), odd(302), movie], 3: [odd(204), odd(204), movie]})
    running = pool(recordings, limit=1, attempts=5)
    await running.run()
    clips = await outcomes(running, 3)
    assert [isinstance(clip, Fetched) for clip in clips] == [True, True, False]
    assert clips[2] == failed("Odd (204)")
    assert [camera.asked.count(one.path) for one in recordings] == [2, 3, 2]


@pytest.mark.parametrize("answer", [odd(204), b"<html>", b""], ids=["odd", "page", "empty"])
async def test_a_camera_that_answers_oddly_every_time_is_not_asked_more_and_more(pool, several, camera, answer):
    """After three recordings in a row the others are tried once each."""
    recordings = several(20, dict.fromkeys(range(1, 21), answer))
    running = pool(recordings, limit=1, attempts=2)
    await running.run()
    assert not any(isinstance(clip, Fetched) for clip in await outcomes(running, 20))
    assert len(camera.asked) == 3 * 2 + 17


async def test_a_short_clip_is_believed_by_a_camera_that_was_given_up(pool, recording, camera, movie):
    """One try each is for what never comes: a second body of the same length is still believed."""
    recordings = [recording(n, size=len(movie) + 1) for n in range(5)]
    for one in recordings:
        camera.answers[one.path] = [odd(204)]
    camera.answers[recordings[4].path] = [movie]
    running = pool(recordings, limit=1)
    await running.run()
    assert [isinstance(clip, Fetched) for clip in await outcomes(running, 5)] == [False] * 4 + [True]
    assert camera.asked.count(recordings[4].path) == 2


@pytest.mark.parametrize(("listed", "before", "after"), [(1, 2, 2), (0, 1, 2)], ids=["short of the list", "as listed"])
async def test_a_clip_that_the_merge_finds_broken_is_fetched_twice_in_all(
    pool, recording, camera, *, movie, listed, before, after
):
    """The second copy is believed; one that came twice already is not fetched a third time."""
    one = recording(size=len(movie) + listed)
    camera.answers[one.path] = [movie]
    running = pool([one])
    await running.run()
    assert len(camera.asked) == before
    for _time in range(2):
        clip = await running.again(1, "it ends early")
        assert isinstance(clip, Fetched)
        assert clip.path.read_bytes() == movie
        assert len(camera.asked) == after


async def test_a_body_of_a_wrong_length_is_fetched_twice(pool, recording, camera, body, *, movie):
    """Without a Content-Length nothing says that it is whole: it is not believed, nor fetched a third time."""
    one = recording(size=len(movie) + 1)
    camera.answers[one.path] = [body(None, [movie]) for _time in range(9)]
    running = pool([one], attempts=5)
    await running.run()
    assert await outcomes(running, 1) == [failed(f"it sent {len(movie):,} of {len(movie) + 1:,} bytes")]
    assert len(camera.asked) == 2


@pytest.mark.parametrize(
    "answer",
    [CameraRefused("No.", status=404), CameraRefused("No.", status=400), CameraBusy("Busy."), CameraUnreachable("It.")],
    ids=["404", "400", "500", "reset"],
)
async def test_a_recording_that_is_no_longer_listed_is_named_as_gone(pool, several, camera, answer):
    """The camera's card is a ring: what it could not send, and does not list any more, it has overwritten."""
    recordings = several(3, {1: answer, 3: answer})
    camera.listed = {one.path for one in recordings[1:]}
    running = pool(recordings, limit=1, attempts=1)
    await running.run()
    clips = await outcomes(running, 3)
    assert clips[0] == LostReason(LossKind.OVERWRITTEN)
    assert clips[2] == failed(str(answer).rstrip("."))


async def test_a_camera_that_has_too_much_gets_less(pool, several, camera, movie):
    """Busy with eight at a time: half of them; no try is lost to it, and it is told."""

    async def if_few():
        if camera.open_now > 2:
            raise CameraBusy("Too many.")
        return movie

    running = pool(several(12, {number: [if_few] for number in range(1, 13)}), limit=8, attempts=1)
    await running.run()
    assert all(isinstance(clip, Fetched) for clip in await outcomes(running, 12))
    assert running.concurrency.lowest <= 4
    assert running.concurrency.most == 8
