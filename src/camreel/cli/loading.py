"""Ctrl-C while modules are being loaded. Needs next to nothing itself."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NoReturn


@contextmanager
def ending_at_once() -> Iterator[None]:
    """Let Ctrl-C end the program here and now: an exception in the middle of an import may be swallowed."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.getsignal(number) for number in numbers}
    heard = {number: handler for number, handler in before.items() if handler is not signal.SIG_IGN}  # as it is wanted
    try:
        for number in heard:
            signal.signal(number, _end)
    except ValueError:  # not in the main thread: there it is not heard anyway
        yield
        return
    try:
        yield
    finally:
        for number, handler in heard.items():
            signal.signal(number, handler)


def _end(_number: int, _frame: object) -> NoReturn:
    # Nothing has begun, so nothing needs tidying.
    with suppress(OSError, ValueError, AttributeError):
        os.write(sys.stderr.fileno(), b"camreel: interrupted\n")
    os._exit(130)
