"""Around every run that logs in to a camera: one error to tell, and an account that is locked is left alone."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar

from camreel import lockout
from camreel.errors import AccountLocked, CamreelError, DiskError, LoginError
from camreel.model import Request

if sys.version_info < (3, 11):
    from exceptiongroup import BaseExceptionGroup  # a dependency of anyio there

Value = TypeVar("Value")


async def on_its_own(request: Request, run: Callable[[], Awaitable[Value]], utc_now: Callable[[], datetime]) -> Value:
    """``run``; of several errors at a time the one to tell.

    AccountLocked without a try where an earlier run was told so; a lock that this one is told is remembered.
    """
    lockout.check(request, utc_now())
    try:
        value = await _told_alone(run())
    except AccountLocked as error:
        lockout.remember(request, error, utc_now())
        raise
    lockout.forget(request)
    return value


async def _told_alone(running: Awaitable[Value]) -> Value:
    try:
        return await running
    except BaseExceptionGroup as group:
        raise _leading(group) from None


def _leading(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The one error to tell of a group's: a login's before a disk's before any other; what is unexpected first."""
    leaves = [_leading(error) if isinstance(error, BaseExceptionGroup) else error for error in group.exceptions]
    ranks = (LoginError, DiskError, CamreelError)

    def rank(error: BaseException) -> int:
        return next((number for number, kind in enumerate(ranks, 1) if isinstance(error, kind)), 0)

    return min(leaves, key=rank)
