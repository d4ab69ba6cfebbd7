"""The ways by which a pool comes to a clip when the first does not lead there, and what it does beside downloads."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, cast

import anyio
import anyio.lowlevel
import pytest
from tests.unit.transfer.conftest import START, Body

from camreel.errors import BadTransfer, CameraBusy, CameraRefused, CameraUnreachable, LoginRefused
from camreel.model import Recording, Span
from camreel.planning.account import LossKind, LostReason
from camreel.transfer import pool as pool_module
from camreel.transfer import resume
from camreel.transfer.download import TransferPolicy
from camreel.transfer.pool import AttemptCounter, DownloadSlot, Pool
from camreel.transfer.ranges import NotInPart
from camreel.transfer.resume import OVERLAP
from camreel.transfer.retry import Backoff, Outage
from camreel.transfer.store import Fetched

MP4 = b"\x00\x00\x00\x20ftypisom" + bytes(1000)
DAV = b"DHAV" + bytes(1000)


@dataclass
class Camera:
    """``answers``: what each request for a recording gets, in turn, the last one for ever; an error is raised.

    ``done`` is all that was asked, in order.
    """

    answers: list[Any]
    listed: bool | Exception = True
    done: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Camera]:
        self.done.append("connect")
        try:
            yield self
        finally:
            self.done.append("hang up")

    @asynccontextmanager
    async def open(self, recording: Recording, *, first: int = 0, end: int | None = None) -> AsyncIterator[Body]:
        self.done.append("open")
        await anyio.lowlevel.checkpoint()
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        yield answer if isinstance(answer, Body) else Body(len(answer), [answer])

    async def knock(self) -> None:
        self.done.append("knock")
        await anyio.lowlevel.checkpoint()

    async def lists(self, _recording: Recording) -> bool:
        self.done.append("look up")
        await anyio.lowlevel.checkpoint()
        if isinstance(self.listed, Exception):
            raise self.listed
        return self.listed


class Told:
    """All that the pool tells: what, of which clip, and how much."""

    def __init__(self) -> None:
        self.all: list[tuple[Any, ...]] = []
        self.retried: list[Recording] = []

    def started(self, number: int, recording: Recording, attempt: int, have: int) -> None:
        self.all.append(("started", number, attempt, have))

    def progress(self, number: int, received: int) -> None:
        self.all.append(("progress", number, received))

    def fetched(self, number: int, clip: Fetched) -> None:
        self.all.append(("fetched", number))

    def lost(self, number: int, recording: Recording, reason: LostReason) -> None:
        self.all.append(("lost", number, reason))

    def retrying(self, recording: Recording, error: Exception, wait: float) -> None:
        self.all.append(("retrying", str(error), wait))
        self.retried.append(recording)

    def of(self, what: str) -> list[tuple[Any, ...]]:
        return [each[1:] for each in self.all if each[0] == what]


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def make(store, told):
    """A pool of one worker over ``camera``, for which waiting takes no time."""

    async def sleep(_seconds: float) -> None:
        await anyio.lowlevel.checkpoint()

    def make(camera: Camera, *recordings: Recording, attempts: int = 3, **more: Any) -> Pool:
        outage = Outage(camera.knock, Backoff(), 120, sleep=sleep, now=lambda: 0.0, tell=lambda *_told: None)
        backoff = Backoff(attempts=attempts)
        return Pool(
            recordings,
            store,
            cast(Any, camera.connect),
            told,
            limit=1,
            backoff=backoff,
            sleep=sleep,
            outage=outage,
            **more,
        )

    return make


def recorded(suffix: str = "mp4", *, part: bool = False) -> Recording:
    """An hour, of which a minute is wanted or all of it."""
    wanted = Span(START + timedelta(minutes=10), START + timedelta(minutes=11)) if part else None
    return Recording(f"/mnt/sd/1.{suffix}", Span(START, START + timedelta(hours=1)), part=wanted)


async def only(pool: Pool) -> Fetched | LostReason:
    with anyio.fail_after(10):
        await pool.run()
        return await pool.outcome(1)


def odd(status: int = 204) -> CameraRefused:
    return CameraRefused(f"Odd ({status}).", status=status, once_more=True)


REFUSED = CameraRefused("No.", status=403)

# --- part and whole ---------------------------------------------------------------------------------------------------


def scripted(monkeypatch: pytest.MonkeyPatch, function: str, said: str, suffix: str) -> list[Any]:
    """What becomes of each call of a function of the pool's: an error, or a clip. It is tested by itself elsewhere."""
    script: list[Any] = []

    async def fetch(source: Camera, recording: Recording, store: Any, progress: Any, manner: Any) -> Any:
        assert isinstance(manner, TransferPolicy)
        source.done.append(said)
        await anyio.lowlevel.checkpoint()
        outcome = script.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        progress(len(outcome))
        store.part(recording).write_bytes(outcome)
        return store.complete(recording, suffix)

    monkeypatch.setattr(pool_module, function, fetch)
    return script


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What becomes of each part that is asked for."""
    return scripted(monkeypatch, "fetch_part", "part", ".mp4")


@pytest.mark.anyio
async def test_of_a_recording_the_wanted_part_is_fetched(make, parts, told):
    parts.append(MP4)
    camera = Camera([REFUSED])
    clip = await only(make(camera, recorded(part=True)))
    assert isinstance(clip, Fetched)
    assert camera.done == ["connect", "part", "hang up"]
    assert told.all == [("started", 1, 1, 0), ("progress", 1, len(MP4)), ("fetched", 1)]


@pytest.mark.anyio
async def test_where_the_part_cannot_be_had_the_whole_is_fetched_in_the_same_try(make, parts):
    """And the part is not asked for again when that fails."""
    parts.append(NotInPart("no index"))
    camera = Camera([CameraUnreachable("It broke."), MP4])
    assert isinstance(await only(make(camera, recorded(part=True))), Fetched)
    assert [each for each in camera.done if each in {"part", "open"}] == ["part", "open", "open"]


@pytest.mark.anyio
async def test_of_a_recording_without_a_part_none_is_asked_for(make, parts):
    camera = Camera([MP4])
    assert isinstance(await only(make(camera, recorded())), Fetched)
    assert camera.done == ["connect", "open", "hang up"]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("errors", "asked", "fetched"),
    [
        ([odd(204), odd(204)], ["part", "part", "open"], True),
        ([odd(204), odd(302), odd(204)], ["part", "part", "part", "open"], True),
        ([CameraRefused("No.", status=404)], ["part"], False),
        ([BadTransfer("short", once_more=True)] * 2, ["part", "part"], False),
    ],
    ids=["odd twice", "odd, and odd otherwise", "refused", "short twice"],
)
async def test_a_device_that_answers_a_part_oddly_is_asked_for_the_whole(make, parts, *, errors, asked, fetched):
    """It may not know the question: once it has answered so twice. What it refuses is not its way of saying that."""
    parts += errors
    camera = Camera([MP4])
    clip = await only(make(camera, recorded(part=True), attempts=5))
    assert isinstance(clip, Fetched) is fetched
    assert [each for each in camera.done if each in {"part", "open"}] == asked


@pytest.mark.anyio
async def test_a_whole_that_is_answered_oddly_too_is_lost(make, parts):
    """After its own second chance: nothing goes round in circles."""
    parts += [odd(204), odd(204)]
    camera = Camera([odd(302)])
    assert isinstance(await only(make(camera, recorded(part=True), attempts=5)), LostReason)
    assert [each for each in camera.done if each in {"part", "open"}] == ["part", "part", "open", "open"]


@pytest.mark.anyio
async def test_an_odd_answer_to_the_whole_has_no_other_way(make):
    camera = Camera([odd(204)])
    assert isinstance(await only(make(camera, recorded(), attempts=5)), LostReason)
    assert camera.done.count("open") == 2


# --- by time ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def by_time(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What comes of each download by time."""
    return scripted(monkeypatch, "fetch_by_time", "by time", ".dav")


@pytest.mark.anyio
@pytest.mark.parametrize("suffix", ["dav", "DAV"])
async def test_a_dav_that_is_not_sent_by_its_path_is_asked_for_by_time(make, by_time, told, suffix):
    """Told as another try, at once; it counts as fetched."""
    by_time.append(DAV)
    camera = Camera([REFUSED])
    clip = await only(make(camera, recorded(suffix)))
    assert isinstance(clip, Fetched)
    assert (clip.size, clip.reused) == (len(DAV), False)
    assert camera.done[-2:] == ["by time", "hang up"]
    assert told.of("retrying") == [("No.", 0)]
    assert told.of("progress") == [(1, len(DAV))]
    assert told.of("fetched") == [(1,)]


@pytest.mark.anyio
async def test_what_the_recording_itself_came_to_is_the_reason(make, by_time):
    """Not what went wrong by time."""
    by_time.append(BadTransfer("asked by time, it sent another day"))
    assert await only(make(Camera([REFUSED]), recorded("dav"))) == LostReason(LossKind.NOT_DOWNLOADED, "No")


@pytest.mark.anyio
async def test_a_refused_login_ends_a_download_by_time_too(make, by_time):
    by_time.append(LoginRefused("wrong"))
    with pytest.raises(BaseException) as caught:
        await only(make(Camera([REFUSED]), recorded("dav")))
    assert "wrong" in repr(caught.value) + repr(getattr(caught.value, "exceptions", ""))


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("suffix", "answer"), [("mp4", REFUSED), ("dav.mp4", REFUSED), ("dav", CameraUnreachable("It said nothing."))]
)
async def test_by_time_nothing_else_is_asked_for(make, by_time, suffix, answer):
    """Not an mp4; and not of a camera that says nothing: its silence costs as much again."""
    camera = Camera([answer])
    assert isinstance(await only(make(camera, recorded(suffix))), LostReason)
    assert "by time" not in camera.done


@pytest.mark.anyio
async def test_by_time_counts_as_a_body(make, by_time):
    """One that came so, and is found broken, is fetched once more and no third time."""
    by_time += [DAV, DAV, DAV]
    camera = Camera([REFUSED])
    pool = make(camera, recorded("dav"))
    assert isinstance(await only(pool), Fetched)
    for _time in range(3):
        await pool.again(1, "it ends early")
    assert camera.done.count("by time") == 2


# --- once more --------------------------------------------------------------------------------------------------------


@pytest.mark.anyio
async def test_a_second_copy_that_cannot_be_had_leaves_the_first(make, told, store):
    """It is taken back, and none is told as fetched twice."""
    camera = Camera([MP4, REFUSED])
    pool = make(camera, recorded())
    first = await only(pool)
    assert isinstance(first, Fetched)
    clip = await pool.again(1, "it ends early")
    assert isinstance(clip, Fetched)
    assert (clip.path, clip.size, clip.reused) == (first.path, len(MP4), True)
    assert clip.path.read_bytes() == MP4
    assert told.of("retrying") == [("the clip is broken: it ends early.", 0)]
    assert told.of("fetched") == [(1,)]
    assert store.find(recorded()) == clip.path


@pytest.mark.anyio
async def test_where_no_copy_is_left_it_is_lost(make, store):
    """Somebody removed the first meanwhile."""
    camera = Camera([MP4, REFUSED])
    pool = make(camera, recorded())
    first = await only(pool)
    assert isinstance(first, Fetched)
    first.path.unlink()
    assert await pool.again(1, "it is gone") == LostReason(LossKind.NOT_DOWNLOADED, "No")


@pytest.mark.anyio
async def test_a_second_copy_is_of_the_whole(make, parts, told):
    """A part that was broken may be the part's fault."""
    parts.append(MP4)
    camera = Camera([MP4])
    pool = make(camera, recorded(part=True))
    await only(pool)
    assert isinstance(await pool.again(1, "it ends early"), Fetched)
    assert [each for each in camera.done if each in {"part", "open"}] == ["part", "open"]
    assert told.of("fetched") == [(1,), (1,)]


# --- looking up -------------------------------------------------------------------------------------------------------


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("answer", "looked_up"),
    [
        (CameraRefused("No.", status=400), True),
        (CameraRefused("No.", status=404), True),
        (CameraRefused("No.", status=410), True),
        (CameraRefused("No.", status=403), False),
        (CameraRefused("No.", status=0), False),
        (CameraBusy("Busy."), True),
        (CameraUnreachable("It broke."), True),
    ],
    ids=repr,
)
async def test_what_may_have_been_overwritten_is_looked_up(make, answer, looked_up):
    """What the camera refuses for another reason is not."""
    camera = Camera([answer], listed=False)
    outcome = await only(make(camera, recorded(), attempts=1))
    assert ("look up" in camera.done) is looked_up
    assert isinstance(outcome, LostReason)
    assert (outcome.kind is LossKind.OVERWRITTEN) is looked_up


@pytest.mark.anyio
async def test_so_many_are_looked_up_and_no_more(make, monkeypatch):
    monkeypatch.setattr(pool_module, "_MOST_LOOKED_UP", 2)
    camera = Camera([CameraRefused("No.", status=404)])
    recordings = [Recording(f"/{n}.mp4", Span(START, START + timedelta(minutes=n + 1))) for n in range(4)]
    await make(camera, *recordings).run()
    assert camera.done.count("look up") == 2


@pytest.mark.anyio
async def test_a_look_that_fails_changes_nothing(make):
    """The recording is lost for its own reason, and the connection is not used again."""
    camera = Camera([CameraRefused("No.", status=404), MP4], listed=CameraUnreachable("It broke."))
    recordings = [Recording(f"/{n}.mp4", Span(START, START + timedelta(minutes=n + 1))) for n in range(2)]
    pool = make(camera, *recordings)
    assert await only(pool) == LostReason(LossKind.NOT_DOWNLOADED, "No")
    assert isinstance(await pool.outcome(2), Fetched)
    assert camera.done == [
        *("connect", "open", "hang up"),
        *("connect", "look up", "hang up"),
        *("connect", "open", "hang up"),
    ]


@pytest.mark.anyio
@pytest.mark.parametrize("size", [OVERLAP, OVERLAP + 1])
async def test_what_the_next_run_cannot_continue_is_removed(make, store, size):
    """A part that is large enough stays, with its note."""
    data = MP4[:16] + bytes(size - 16)
    camera = Camera([Body(10 * OVERLAP, [data, CameraRefused("No.", status=403)])])
    await only(make(camera, recorded()))
    left = {store.part(recorded()), store.note(recorded())} if size > OVERLAP else set()
    assert {*store.folder.iterdir()} == left


# --- beside downloads -------------------------------------------------------------------------------------------------


@pytest.mark.anyio
async def test_a_try_that_begins_with_bytes_says_so(make, store, told):
    """What an earlier try left counts from the start, if the device may resume."""
    data = MP4[:16] + bytes(2 * OVERLAP)
    broken = Body(10 * OVERLAP, [data, CameraRefused("No.", status=403)])
    for usable, have in ((None, len(data)), (True, len(data)), (False, 0)):
        await only(make(Camera([broken]), recorded(), attempts=1))
        manner = TransferPolicy()
        manner.ranges.usable = usable
        told.all.clear()
        await only(make(Camera([REFUSED]), recorded(), attempts=1, manner=manner))
        assert told.of("started") == [(1, 1, have)]
        store.drop_part(recorded())


@pytest.mark.anyio
async def test_silence_and_waits_add_up(make, monkeypatch):
    """Until they are worth no further try: of forty seconds of silence each, with waits between, two fit into 120."""
    monkeypatch.setattr(Backoff, "wait", lambda _backoff, _number: 50.0)
    error = CameraUnreachable("It said nothing.")
    error.silent_for = 40
    camera = Camera([error])
    await only(make(camera, recorded(), attempts=9))
    assert camera.done.count("open") == 2


@pytest.mark.anyio
@pytest.mark.parametrize("look", ["find", "held", "flush"])
async def test_ctrl_c_does_not_wait_for_a_slow_share(make, store, monkeypatch, look):
    """Whatever is read or written there just then, in a thread."""
    reached, release = threading.Event(), threading.Event()

    def slow(*_arguments: Any, **_more: Any) -> None:
        reached.set()
        release.wait(6)

    monkeypatch.setattr(type(store), "is_shared", look == "held")
    monkeypatch.setattr(pool_module, "_FLUSH_AFTER", 0)
    monkeypatch.setattr(store if look == "find" else resume, look, slow)
    pool = make(Camera([MP4]), recorded())
    try:
        with anyio.fail_after(5):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(pool._flush_behind)
                tasks.start_soon(pool.run)
                while not reached.is_set():  # noqa: ASYNC110 - it is set in a thread
                    await anyio.sleep(0.005)
                tasks.cancel_scope.cancel()
        assert not release.is_set()
    finally:
        release.set()


# --- tries and connections, by themselves -----------------------------------------------------------------------------


def test_progress_is_a_share_of_what_is_there():
    """Or what a try costs, for what is small: a drip of bytes ends."""
    for have, least in ((0, OVERLAP), (OVERLAP, OVERLAP), (640 * OVERLAP, 10 * OVERLAP)):
        for more, is_ahead in ((least - 1, False), (least, True)):
            tries = AttemptCounter(5, 1)
            tries.have(have)
            tries.received(have + more)
            assert tries.is_ahead is is_ahead
            assert tries.progressed() is is_ahead


def test_progress_forgets_the_tries_before_it():
    tries = AttemptCounter(5, 1)
    assert (tries.counted, tries.made, tries.silent, tries.answered, tries.is_stuck) == (0, 0, 0.0, False, False)
    tries.begin(2, 3)
    assert (tries.made, tries.outages, tries.strains) == (1, 2, 3)
    tries.count()
    tries.count()
    tries.silent = 9
    assert (tries.counted, tries.is_stuck, tries.progressed()) == (2, True, False)
    tries.received(OVERLAP)
    assert tries.answered
    assert tries.progressed()
    assert (tries.counted, tries.silent) == (0, 0.0)
    assert not tries.progressed()
    tries.received(OVERLAP - 1)
    tries.have(5)
    tries.received(2 * OVERLAP)
    assert tries.progressed()


@pytest.mark.parametrize(("limit", "excuses"), [(1, 0), (2, 1), (3, 1), (4, 2), (8, 3), (10, 3)])
def test_others_are_blamed_as_often_as_they_can_be_halved(limit, excuses):
    tries = AttemptCounter(5, limit)
    assert [tries.may_blame_the_others() for _time in range(excuses + 2)] == [True] * excuses + [False] * 2
    assert tries.most == 5


@pytest.mark.anyio
async def test_a_slot_has_one_connection_on_demand():
    """Closed and opened again as often as needed, and once when its time is over."""
    camera = Camera([MP4])
    async with DownloadSlot(camera.connect) as line:  # type: ignore[arg-type]
        await line.hang_up()
        assert camera.done == []
        sources: list[object] = [await line.source(), await line.source()]
        assert all(source is camera for source in sources)
        await line.hang_up()
        await line.hang_up()
        await line.source()
    assert camera.done == ["connect", "hang up"] * 2


@pytest.mark.anyio
async def test_another_try_is_told_of_its_recording(make, told):
    """Not of the one before it, nor of the last."""
    first, second, third = (replace(recorded(), path=f"/mnt/sd/{number}.mp4") for number in range(3))
    pool = make(Camera([MP4, CameraUnreachable("It broke."), MP4]), first, second, third)
    with anyio.fail_after(10):
        await pool.run()
    assert told.retried == [second]


@pytest.mark.anyio
async def test_a_clip_of_a_part_says_where_it_begins_and_how_long_the_whole_is(make, monkeypatch):
    """As its note has it."""
    monkeypatch.setattr(pool_module, "note_of", lambda _path, _recording: (timedelta(minutes=10), 12345))
    clip = await only(make(Camera([MP4]), recorded()))
    assert isinstance(clip, Fetched)
    assert (clip.size, clip.reused, clip.offset, clip.whole) == (len(MP4), False, timedelta(minutes=10), 12345)
