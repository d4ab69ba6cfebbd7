"""Loading modules: quickly, and so that Ctrl-C is heard. Needs next to nothing itself."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NoReturn

from camreel.collecting import no_collecting


@contextmanager
def loading() -> Iterator[None]:
    """For imports. Ctrl-C ends the program here and now: an exception in the middle of an import may be swallowed."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.getsignal(number) for number in numbers}
    heard = {number: handler for number, handler in before.items() if handler is not signal.SIG_IGN}  # as it is wanted
    try:
        for number in heard:
            signal.signal(number, _end)
    except ValueError:  # not in the main thread: there it is not heard anyway
        heard = {}
    try:
        with no_collecting():
            yield
    finally:
        for number, handler in heard.items():
            signal.signal(number, handler)


def _end(_number: int, _frame: object) -> NoReturn:
    # Nothing has begun, so nothing needs tidying.
    with suppress(OSError, ValueError, AttributeError):
        os.write(sys.stderr.fileno(), b"camreel: interrupted\n")
    os._exit(130)


@contextmanager
def loading_aiohttp() -> Iterator[None]:
    """The same. aiohttp reads all certificate authorities twice when it is imported, in 0.1 s: that is left out.

    It is for contexts of its own, which stay unused: where a camera speaks https, :mod:`camreel.devices.session` makes
    one. Should they be used after all, they trust nobody, which is the safe side.
    """
    if "aiohttp" in sys.modules:
        with loading():
            yield
        return
    import ssl  # noqa: PLC0415 - 30 ms

    ssl.SSLContext.set_default_verify_paths = _none  # type: ignore[assignment]
    try:
        with loading():
            yield
    finally:
        del ssl.SSLContext.set_default_verify_paths


def _none(_context: object) -> None:
    return
