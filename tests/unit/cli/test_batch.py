"""How many tasks of a batch work at a time, and what does not count."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import anyio
import pytest

from camreel.cli.batch import _SILENCE, Batch, JobLimit, Task, usual_jobs
from camreel.cli.options import OutputOptions
from camreel.errors import CameraUnreachable
from camreel.events import Retrying, Verifying, Waiting, Warned
from camreel.model import Address, WallTime

AWAY = Retrying("the camera", "it does not answer", 1)
LATE = Retrying("searching", "it does not answer", 1)
LATER = Waiting(WallTime(datetime(2026, 1, 16)), "not recorded yet")  # noqa: DTZ001 - by the camera's clock
PLENTY = 5  # seconds in which a test that goes well is over


@dataclass(frozen=True, slots=True)
class Camera(Task):
    """A task on a device of its own."""

    @property
    def device(self) -> Address:
        return Address(self.name, 80)


@dataclass(frozen=True)
class Done:
    exit_code: int = 0


@dataclass
class Clock:
    """Seconds, as a test says."""

    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds


@dataclass
class Log:
    """What happened, in order."""

    lines: list[str] = field(default_factory=list)


@pytest.mark.parametrize("stage", ["connecting", "searching", "waiting"])
def test_cameras_that_are_silent_hold_no_places(stage: str) -> None:
    """One place and 8 silent cameras: the good ones behind them are done before one of these has ended."""
    silent = [Camera(f"silent{number}") for number in range(8)]
    good = [Camera(f"good{number}") for number in range(5)]
    log: list[str] = []

    async def job(task, listener, _reporter, admission):
        over = overs.setdefault("event", anyio.Event())
        if task in good:
            await admission()
            await admission()
            log.append(task.name)
            if len(log) == len(good):
                over.set()
            return Done()
        if stage != "connecting":
            await admission()
            listener(LATE if stage == "searching" else LATER)
        with anyio.fail_after(PLENTY):
            await over.wait()
        log.append(task.name)
        return Done()

    overs: dict[str, anyio.Event] = {}
    batch: Batch[Task, Done] = Batch([*silent, *good], OutputOptions(quiet=True), jobs=1)
    batch.run(job)
    assert sorted(log[: len(good)]) == [task.name for task in good]
    assert [type(outcome) for outcome in batch.outcomes.values()] == [Done] * 13


def test_no_more_than_the_limit_work_at_a_time() -> None:
    """However many are ready, also after their search was slow."""
    tasks = [Camera(str(number)) for number in range(20)]
    at_work: list[int] = [0, 0]

    async def job(_task, listener, _reporter, admission):
        await admission()
        listener(LATE)
        await admission()
        at_work[0] += 1
        at_work[1] = max(at_work)
        for _turn in range(10):
            await anyio.lowlevel.checkpoint()
        at_work[0] -= 1
        return Done()

    batch: Batch[Task, Done] = Batch(tasks, OutputOptions(quiet=True), jobs=3)
    batch.run(job)
    assert at_work == [0, 3]


async def works(limit: JobLimit) -> bool:
    """Return whether another task could work now; a task that could does."""
    try:
        limit.working.acquire_on_behalf_of_nowait(object())
    except anyio.WouldBlock:
        return False
    return True


@pytest.mark.anyio
async def test_a_search_without_a_word_gives_its_place_back() -> None:
    """After a while; and waits for one before the downloads."""
    clock = Clock()
    limit = JobLimit(1, now=clock)
    async with limit.share() as share:
        await share.admission()
        clock.seconds += _SILENCE
        share.look()
        assert not await works(limit)
        clock.seconds += 1
        share.look()
        assert await works(limit)
        with anyio.move_on_after(0) as waiting:
            await share.admission()
        assert waiting.cancelled_caught


@pytest.mark.anyio
async def test_a_long_merge_without_a_word_keeps_its_place() -> None:
    clock = Clock()
    limit = JobLimit(1, now=clock)
    async with limit.share() as share:
        await share.admission()
        await share.admission()
        clock.seconds += 1000 * _SILENCE
        share.look()
        share.heard(Retrying("12.mp4", "it stalled", 1))
        assert not await works(limit)


@pytest.mark.anyio
async def test_a_camera_that_is_away_lets_another_one_work_until_it_is_back() -> None:
    """As many more as there are jobs, for their merges wait in memory."""
    limit = JobLimit(2)
    async with limit.share() as one, limit.share() as two:
        for share in (one, two):
            await share.admission()
            await share.admission()
        assert not await works(limit)
        one.heard(AWAY)
        one.heard(AWAY)
        assert await works(limit)
        assert not await works(limit)
        one.heard(Verifying())
        two.heard(AWAY)
        assert not await works(limit), "three work already"
        one.heard(AWAY)
        assert limit.lent == 2
    assert (limit.lent, limit.working.total_tokens, limit.starting.borrowed_tokens) == (0, 2, 0)


@pytest.mark.anyio
async def test_what_is_lent_is_bounded() -> None:
    limit = JobLimit(1)
    async with limit.share() as one:
        await one.admission()
        await one.admission()
        one.heard(AWAY)
        async with limit.share() as two:
            await two.admission()
            await two.admission()
            two.heard(AWAY)
            assert limit.lent == 1
            assert not await works(limit)


@pytest.mark.anyio
async def test_not_all_are_waited_for_at_once() -> None:
    """Each has connections open."""
    limit = JobLimit(1, starting=2)
    async with limit.share() as one, limit.share():
        with anyio.move_on_after(0) as waiting:
            async with limit.share():
                pass
        assert waiting.cancelled_caught
        await one.admission()
        async with limit.share():
            one.heard(LATE)  # no place to wait at: it keeps its own
            assert not await works(limit)


def test_the_result_of_each_is_finished_while_others_go_on() -> None:
    """A command that hangs holds up no other task, nor the next channel of its device."""
    tasks = [Task("one"), Task("two"), Camera("three")]
    told: list[str] = []
    others: dict[str, anyio.Event] = {}

    async def job(_task, _listener, _reporter, _admission):
        return Done()

    async def finish(task, _result, _reporter):
        over = others.setdefault("told", anyio.Event())
        if task.name == "one":
            with anyio.fail_after(PLENTY):
                await over.wait()
        return Done(7 if task.name == "one" else 0)

    def tell(number, _reporter):
        told.append(tasks[number].name)
        if {"two", "three"} <= set(told):
            others["told"].set()

    batch: Batch[Task, Done] = Batch(tasks, OutputOptions(quiet=True), jobs=1)
    batch.run(job, finish=finish, tell=tell)
    assert told[-1] == "one"
    assert (batch.exit_code, batch.outcomes[0]) == (7, Done(7))


def here(folder: Path, *, memory: str | None = None, cores: str | None = None, group: str = "/") -> Path:
    """A system with such limits, in a group of `group`."""
    (folder / "proc/self").mkdir(parents=True)
    (folder / "proc/self/cgroup").write_text(f"0::{group}\n")
    own = folder / "sys/fs/cgroup" / group.lstrip("/")
    own.mkdir(parents=True)
    for name, text in (("memory.max", memory), ("cpu.max", cores)):
        if text is not None:
            (own / name).write_text(f"{text}\n")
    return folder


MIB = 1 << 20


@pytest.mark.parametrize(
    ("physical", "cores", "limits", "jobs"),
    [
        (8192 * MIB, 4, {}, 8),
        (65536 * MIB, 64, {}, 16),
        (512 * MIB, 4, {}, 3),
        (64 * MIB, 1, {}, 1),
        (8192 * MIB, 4, {"memory": "max", "cores": "max 100000"}, 8),
        (8192 * MIB, 4, {"memory": str(512 * MIB)}, 3),
        (8192 * MIB, 4, {"cores": "50000 100000"}, 1),
        (8192 * MIB, 4, {"cores": "150000 100000", "group": "/a.slice/b.service"}, 3),
        (8192 * MIB, 4, {"memory": "0", "cores": "0 100000"}, 1),
        (8192 * MIB, 4, {"memory": "a lot", "cores": "some"}, 8),
    ],
)
def test_jobs_by_cores_and_memory(monkeypatch, tmp_path, physical, cores, limits, jobs) -> None:
    """Two for each core, as far as the memory suffices; what a container or a service may use counts."""
    sizes = {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": physical // 4096}
    monkeypatch.setattr("os.sysconf", sizes.__getitem__, raising=False)
    monkeypatch.setattr("camreel.cli.batch._cores", lambda: cores)
    assert usual_jobs(here(tmp_path, **limits)) == jobs


def test_jobs_where_nothing_is_told(monkeypatch, tmp_path) -> None:
    monkeypatch.delattr("os.sysconf", raising=False)
    monkeypatch.delattr("os.sched_getaffinity", raising=False)
    monkeypatch.setattr("os.cpu_count", lambda: None)
    assert usual_jobs(tmp_path) == 2


def test_what_was_told_of_a_task_that_fails_is_not_lost(capsys: pytest.CaptureFixture[str]) -> None:
    """The other one has a report, which says it."""

    async def job(task, listener, _reporter, _admission):
        listener(Warned(f"careful with {task.name}"))
        if task.name == "front":
            raise CameraUnreachable("It does not answer.")
        return Done()

    batch: Batch[Task, Done] = Batch([Camera("front"), Camera("gate")], OutputOptions(), jobs=1)
    batch.run(job)
    assert [line for line in capsys.readouterr().err.splitlines() if "careful" in line] == [
        "front  Note      careful with front"
    ]
