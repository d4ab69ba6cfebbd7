"""Run a job in the worker. If the worker dies, try again; leave out a clip that kills it each time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Container, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from camreel.media.worker.messages import part_names
from camreel.media.worker.process import MergeDied
from camreel.planning.account import LossKind, LostReason

MOST_EXCLUDED = 5  # clips of a job
MOST_RESTARTS = 10  # second chances of a job
_PROOF = 2  # deaths in a row at the same place
_PROOF_AGAINST_OTHERS = 3  # the same, of a signal that others send: the system, too, when a clip takes all memory
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of a job."""

    excluded: Mapping[int, LostReason] = field(default_factory=dict)
    """The clips to leave out, by number, each with the reason."""
    restarts: int = 0
    """How many times a worker was started again without leaving out more."""
    place: tuple[type, int | None, bool] | None = None
    """Where the worker died the last time."""
    deaths: int = 0
    """How many times in a row it died there."""

    def can_restart(self, error: MergeDied) -> bool:
        """Return whether somebody else may have killed the worker: the same is then tried once more."""
        return not self.is_proven(error) and self.restarts < MOST_RESTARTS

    def is_proven(self, error: MergeDied) -> bool:
        """Return whether nobody else is to blame: a clip that was not yet read is not."""
        if error.is_certain:
            return True
        if error.was_idle:
            return False
        return self.deaths_at(error) >= (_PROOF_AGAINST_OTHERS if error.by_others else _PROOF)

    def deaths_at(self, error: MergeDied) -> int:
        """Return how many times in a row the worker has died there, this time included."""
        return 1 + (self.deaths if error.place == self.place else 0)


async def run_excluding(
    attempt: Callable[[Attempt], Awaitable[Result]],
    numbers: Container[int],
    output: str,
    warn: Callable[[str], None],
    most: int = MOST_EXCLUDED,
) -> Result:
    """Return what ``attempt`` returns.

    A worker that was killed or stopped is started again, and ``warn`` gets a sentence. A clip at which it dies twice
    in a row, or three times of a signal from outside, is left out. ``numbers`` are the clips of the job. An attempt
    that fails leaves nothing of ``output``.
    Raise MergeDied if the worker died so at none of them, at one that was left out, or at more than ``most``, or
    after ``MOST_RESTARTS``.
    """
    now = Attempt()
    while True:
        try:
            return await attempt(now)
        except MergeDied as error:
            remove_parts(output)
            number = error.number
            if now.can_restart(error):
                warn(f"{error} It was started again.")
                now = Attempt(now.excluded, now.restarts + 1, error.place, now.deaths_at(error))
                continue
            if not now.is_proven(error) or number not in numbers or number in now.excluded or len(now.excluded) >= most:
                raise
            assert number is not None
            reason = LostReason(LossKind.KILLED_MERGE, str(error).rstrip("."))
            now = replace(now, excluded={**now.excluded, number: reason})
        except BaseException:
            remove_parts(output)
            raise


def remove_parts(output: str) -> None:
    """Remove the temporary files of a job."""
    for each in part_names(output):
        with suppress(OSError):
            Path(each).unlink(missing_ok=True)
