"""The loop around a job whose worker can be killed: by a clip, or from outside."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest

from camreel.errors import MergeError
from camreel.jobs.exclusion import MOST_EXCLUDED, MOST_RESTARTS, Attempt, run_excluding
from camreel.media.worker.messages import part_name
from camreel.media.worker.process import MergeDied
from camreel.planning.account import LossKind, LostReason

CLIPS = range(1, 100)


class Job:
    """Its worker dies of ``deadly`` clips, one after the other, and where it is ``shot`` in its first runs.

    ``runs`` are the clips that each run left out. ``signal``: it dies of one that others send. "start" in ``shot``
    is before it read a clip.
    """

    def __init__(
        self, *deadly: int | None, shot: tuple[int | str | None, ...] = (), heeds=True, sure=False, signal=False
    ) -> None:
        self.deadly, self.shot, self.heeds, self.sure, self.signal = deadly, list(shot), heeds, sure, signal
        self.runs: list[set[int]] = []
        self.warnings: list[str] = []

    async def __call__(self, attempt: Attempt) -> dict[int, LostReason]:
        self.runs.append(set(attempt.excluded))
        if self.shot:
            place = self.shot.pop(0)
            number = place if isinstance(place, int) or place is None else 1  # "start"
            said = f"The merge process died at {place}."
            raise MergeDied(said, number, by_others=self.signal, was_idle=place == "start")
        for number in self.deadly:
            if number not in attempt.excluded or not self.heeds:
                raise MergeDied(
                    f"The merge process died at {number}.", number, is_certain=self.sure, by_others=self.signal
                )
        return dict(attempt.excluded)

    def run(self, output: str = "", **more) -> dict[int, LostReason]:
        return anyio.run(lambda: run_excluding(self, CLIPS, output, self.warnings.append, **more))


def test_a_clip_that_kills_it_twice_is_left_out_with_the_reason():
    """Somebody may have killed it the first time. It runs again for each, without all that killed it twice before."""
    job = Job(3, 1)
    assert job.run() == {
        3: LostReason(LossKind.KILLED_MERGE, "The merge process died at 3"),
        1: LostReason(LossKind.KILLED_MERGE, "The merge process died at 1"),
    }
    assert job.runs == [set(), set(), {3}, {3}, {1, 3}]


@pytest.mark.parametrize(
    "shot",
    [
        (3,),
        (None,),
        (3, 5, 8),
        (3, None, 8),
        tuple(range(1, MOST_RESTARTS + 1)),
        (7, 6, 99),
        (1, 2, 1),
        (1, 2) * (MOST_RESTARTS // 2),
        ("start", 1, "start", 1),
    ],
    ids=str,
)
def test_a_worker_that_is_killed_from_outside_costs_no_clip(shot):
    """At any clip, at the end, and at one after the other: each is tried once more, and that is said."""
    job = Job(shot=shot)
    assert job.run() == {}
    assert job.runs == [set()] * (len(shot) + 1)
    assert job.warnings == [f"The merge process died at {number}. It was started again." for number in shot]


@pytest.mark.parametrize(
    "shot", [(3, 3), (None, None), (3, 3, 5, 5, 3, 3), ("start",) * MOST_RESTARTS, ("start", "start", 1, 1)], ids=str
)
def test_a_signal_that_others_send_blames_no_clip_for_two(shot):
    """Nor ever before a clip is read."""
    job = Job(shot=shot, signal=True)
    assert job.run() == {}
    assert job.runs == [set()] * (len(shot) + 1)


def test_a_clip_that_has_the_system_kill_it_is_left_out():
    """As one does that takes all the memory: the third time."""
    job = Job(3, 1, signal=True)
    assert set(job.run()) == {1, 3}
    assert job.runs == [set()] * 3 + [{3}] * 3 + [{1, 3}]


def test_a_fault_is_no_signal_of_others():
    """One that was killed at a clip, and then crashes at it, blames it."""
    job = Job(3, shot=(3,))
    assert set(job.run()) == {3}
    assert len(job.runs) == 3


def test_whoever_kills_it_each_time_it_starts_ends_it():
    """No clip is blamed."""
    job = Job(shot=("start",) * 99, signal=True)
    with pytest.raises(MergeDied):
        job.run()
    assert job.runs == [set()] * (MOST_RESTARTS + 1)


def test_killed_from_outside_and_by_a_clip():
    """Only the clip that kills it is left out."""
    job = Job(4, shot=(2, 4, 9))
    assert set(job.run()) == {4}


def test_whoever_kills_it_every_time_ends_it():
    """At another clip each time, as the system does when memory is short. No clip is blamed for one death."""
    job = Job(shot=tuple(range(1, 90)))
    with pytest.raises(MergeDied):
        job.run()
    assert job.runs == [set()] * (MOST_RESTARTS + 1)


def test_what_the_worker_itself_blames_is_not_tried_again():
    """It lives, and has told why: the same would come of it."""
    job = Job(3, 1, sure=True)
    assert set(job.run()) == {1, 3}
    assert job.runs == [set(), {3}, {1, 3}]
    assert job.warnings == []


@pytest.mark.parametrize(
    ("job", "runs"),
    [
        (Job(None), 2),
        (Job(100), 2),
        (Job(7, heeds=False), 3),
        (Job(*range(1, 10)), 2 * (MOST_EXCLUDED + 1)),
        (Job(None, signal=True), 3),
        (Job(7, heeds=False, signal=True), 4),
        (Job(*range(1, 10), signal=True), 3 * MOST_EXCLUDED + 1),
        (Job(shot=("start",) * 99), MOST_RESTARTS + 1),
    ],
    ids=[
        "of no clip",
        "of a number that is no clip's",
        "of one that was left out",
        "of too many",
        "of a signal at no clip",
        "of a signal at one that was left out",
        "of a signal at too many",
        "of a fault in its start",
    ],
)
def test_it_ends_where_leaving_out_does_not_help(job, runs):
    """The last death is the error."""
    with pytest.raises(MergeDied):
        job.run()
    assert len(job.runs) == runs


def test_no_more_are_left_out_than_the_caller_allows():
    """A timelapse of one recording has none to spare."""
    job = Job(1)
    with pytest.raises(MergeDied):
        job.run(most=0)
    assert job.runs == [set(), set()]


def test_another_error_ends_it_at_once():
    """A full disk is no clip's fault."""
    runs = []

    async def fails(attempt: Attempt) -> None:
        runs.append(attempt)
        raise MergeError("It cannot be stored.")

    with pytest.raises(MergeError, match="cannot be stored"):
        anyio.run(lambda: run_excluding(fails, CLIPS, "", print))
    assert len(runs) == 1


@pytest.mark.parametrize("end", [MergeDied("It died.", 1), MergeError("It cannot be stored."), KeyboardInterrupt()])
def test_an_attempt_that_fails_leaves_nothing(tmp_path: Path, end: BaseException):
    """Each begins with a place that is free, however many files the one before had made."""
    output = str(tmp_path / "o.mp4.part")
    found = []

    async def attempt(_attempt: Attempt) -> None:
        found.append(sorted(path.name for path in tmp_path.iterdir()))
        for number in (1, 2, 3):
            Path(part_name(output, number)).touch()
        raise end

    with pytest.raises(type(end)):
        anyio.run(lambda: run_excluding(attempt, CLIPS, output, lambda _said: None, most=0))
    assert found == [[]] * len(found)
    assert list(tmp_path.iterdir()) == []
