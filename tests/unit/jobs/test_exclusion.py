"""The loop around a job that a clip can kill."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import anyio
import pytest

from camreel.errors import MergeError
from camreel.jobs.exclusion import MOST_EXCLUDED, run_excluding
from camreel.media.worker.process import MergeDied
from camreel.planning.account import LossKind, LostReason

CLIPS = range(1, 10)


class Job:
    """It dies of ``deadly`` clips, one after the other; ``runs`` are the clips that each run left out."""

    def __init__(self, *deadly: int | None, heeds: bool = True) -> None:
        self.deadly, self.heeds, self.runs = deadly, heeds, list[set[int]]()

    async def __call__(self, excluded: Mapping[int, LostReason]) -> dict[int, LostReason]:
        self.runs.append(set(excluded))
        for number in self.deadly:
            if number not in excluded or not self.heeds:
                raise MergeDied(f"The merge process died at {number}.", number)
        return dict(excluded)


def test_each_clip_that_kills_it_is_left_out_with_the_reason():
    """It runs once more for each, without all that killed it before."""
    job = Job(3, 1)
    assert anyio.run(run_excluding, job, CLIPS) == {
        3: LostReason(LossKind.KILLED_MERGE, "The merge process died at 3"),
        1: LostReason(LossKind.KILLED_MERGE, "The merge process died at 1"),
    }
    assert job.runs == [set(), {3}, {1, 3}]


@pytest.mark.parametrize(
    ("job", "runs"),
    [
        (Job(None), 1),
        (Job(10), 1),
        (Job(7, heeds=False), 2),
        (Job(*range(1, 10)), MOST_EXCLUDED + 1),
    ],
    ids=["of no clip", "of a number that is no clip's", "of one that was left out", "of too many"],
)
def test_it_ends_where_leaving_out_does_not_help(job, runs):
    """The last death is the error."""
    with pytest.raises(MergeDied):
        anyio.run(run_excluding, job, CLIPS)
    assert len(job.runs) == runs


def test_no_more_are_left_out_than_the_caller_allows():
    """A timelapse of one recording has none to spare."""
    job = Job(1)
    with pytest.raises(MergeDied):
        anyio.run(partial(run_excluding, job, CLIPS, most=0))
    assert job.runs == [set()]


def test_another_error_ends_it_at_once():
    """A full disk is no clip's fault."""

    async def fails(_excluded: Mapping[int, LostReason]) -> None:
        raise MergeError("It cannot be stored.")

    with pytest.raises(MergeError, match="cannot be stored"):
        anyio.run(run_excluding, fails, CLIPS)
