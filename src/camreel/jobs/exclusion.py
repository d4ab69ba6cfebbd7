"""Run a job in the worker; if a clip kills the worker, run it again without that clip."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Container, Mapping
from typing import TypeVar

from camreel.media.worker.process import MergeDied
from camreel.planning.account import LossKind, LostReason

MOST_EXCLUDED = 5  # clips of a job
Result = TypeVar("Result")


async def run_excluding(
    attempt: Callable[[Mapping[int, LostReason]], Awaitable[Result]],
    numbers: Container[int],
    most: int = MOST_EXCLUDED,
) -> Result:
    """Return what ``attempt`` returns. It gets the clips to leave out, by number, each with the reason: none at first.

    ``numbers`` are the clips of the job. Raise MergeDied if the worker died of none of them, of one that was left out,
    or of more than ``most``.
    """
    excluded: dict[int, LostReason] = {}
    while True:
        try:
            return await attempt(excluded)
        except MergeDied as error:
            number = error.number
            if number is None or number not in numbers or number in excluded or len(excluded) >= most:
                raise
            excluded[number] = LostReason(LossKind.KILLED_MERGE, str(error).rstrip("."))
