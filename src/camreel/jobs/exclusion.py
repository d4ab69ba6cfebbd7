"""Run a job in the worker. If the worker dies, try again; leave out a clip that kills it twice."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Container, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from camreel.media.worker.messages import part_names
from camreel.media.worker.process import MergeDied
from camreel.planning.account import LossKind, LostReason

MOST_EXCLUDED = 5  # clips of a job
MOST_RESTARTS = 10  # second chances of a job
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of a job."""

    excluded: Mapping[int, LostReason] = field(default_factory=dict)
    """The clips to leave out, by number, each with the reason."""
    deaths: frozenset[tuple[type, int | None]] = frozenset()
    """How a worker died before, and at which clip."""

    def can_restart(self, error: MergeDied) -> bool:
        """Return whether somebody else may have killed the worker: the same is then tried once more."""
        return not error.is_certain and error.place not in self.deaths and len(self.deaths) < MOST_RESTARTS


async def run_excluding(
    attempt: Callable[[Attempt], Awaitable[Result]],
    numbers: Container[int],
    output: str,
    warn: Callable[[str], None],
    most: int = MOST_EXCLUDED,
) -> Result:
    """Return what ``attempt`` returns.

    A worker that was killed or stopped once is started again, and ``warn`` gets a sentence. A clip at which it dies
    twice is left out. ``numbers`` are the clips of the job. An attempt that fails leaves nothing of ``output``.
    Raise MergeDied if the worker died twice at none of them, at one that was left out, or at more than ``most``, or
    at more than ``MOST_RESTARTS`` different ones.
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
                now = Attempt(now.excluded, now.deaths | {error.place})
                continue
            is_sure = error.is_certain or error.place in now.deaths
            if not is_sure or number not in numbers or number in now.excluded or len(now.excluded) >= most:
                raise
            assert number is not None
            reason = LostReason(LossKind.KILLED_MERGE, str(error).rstrip("."))
            now = Attempt({**now.excluded, number: reason}, now.deaths)
        except BaseException:
            remove_parts(output)
            raise


def remove_parts(output: str) -> None:
    """Remove the temporary files of a job."""
    for each in part_names(output):
        with suppress(OSError):
            Path(each).unlink(missing_ok=True)
