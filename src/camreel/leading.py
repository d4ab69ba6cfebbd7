"""Of several errors at a time, the one to tell: nobody outside ever sees a group of them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from camreel.errors import CamreelError, DiskError, LoginError

if sys.version_info < (3, 11):
    from exceptiongroup import BaseExceptionGroup  # a dependency of anyio there


@contextmanager
def told_alone() -> Iterator[None]:
    """What the body does; of several errors at a time (task groups raise them so) the one to tell is raised."""
    try:
        yield
    except BaseExceptionGroup as group:
        raise _leading(group) from None


def _leading(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The one error to tell of a group's: a login's before a disk's before any other; what is unexpected first."""
    leaves = [_leading(error) if isinstance(error, BaseExceptionGroup) else error for error in group.exceptions]
    ranks = (LoginError, DiskError, CamreelError)

    def rank(error: BaseException) -> int:
        return next((number for number, kind in enumerate(ranks, 1) if isinstance(error, kind)), 0)

    return min(leaves, key=rank)
