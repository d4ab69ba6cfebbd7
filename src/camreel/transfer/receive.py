"""A body into a part: bounded, synced as it grows, and appended only to what it really continues."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from io import FileIO
from pathlib import Path

from camreel.devices.base import Body
from camreel.diskio import Syncing, disk_errors
from camreel.errors import BadTransfer
from camreel.text import size_text
from camreel.transfer.resume import OVERLAP, Held

_TELL_EVERY = 0.1  # seconds between two words on how much is here
HEAD = 64  # bytes that tell a recording from a page of text

Spending = Callable[[int], Awaitable[None]]


class Unlike(Exception):
    """What came is not the rest of what is there. ``lie``: the device said that it was."""

    def __init__(self, *, lie: bool) -> None:
        super().__init__()
        self.lie = lie


async def receive(
    body: Body,
    part: Path,
    progress: Callable[[int], None],
    *,
    limit: int,
    spend: Spending | None = None,
    on_synced: Callable[[int], None] = lambda _size: None,
    after: Held | None = None,
) -> tuple[bytes, int]:
    """Write the body to ``part``, or append it ``after`` what is there; its first bytes, and the size of the part.

    BadTransfer beyond ``limit`` bytes; Unlike where the last bytes that are there come otherwise.
    """
    with disk_errors(part):
        file = part.open("r+b" if after else "wb", buffering=0)
    head, size, synced, told, tell_at = b"", 0, 0, 0, 0.0
    syncing = Syncing(str(part))  # so that the last sync is short, and a power cut costs little
    try:
        known = b""
        if after is not None:
            size = after.first
            with disk_errors(part):
                known = _tail(file, after)
        async for chunk in body.chunks:
            if len(head) < HEAD:
                head += chunk[: HEAD - len(head)]
            known, fresh = _compared(known, chunk)
            size += len(chunk)
            if size > limit:
                raise BadTransfer(f"it sent more than the {size_text(limit)} that the recording can have.")
            with disk_errors(part):
                _write(file, fresh)
            if fresh and time.monotonic() >= tell_at:
                told, tell_at = size, time.monotonic() + _TELL_EVERY
                progress(size)
            if spend is not None:
                await spend(len(chunk))
            syncing.written(size)
            if syncing.done > synced:
                synced = syncing.done
                on_synced(synced)
    finally:
        with disk_errors(part):
            file.close()  # on network shares a full disk may be told only now
            syncing.end()
        if told < size <= limit:
            progress(size)
    return head, size


def _tail(file: FileIO, after: Held) -> bytes:
    """The bytes that come again; what may lie behind them is cut off."""
    file.truncate(after.size)
    file.seek(after.first)
    tail = file.read(OVERLAP)
    if len(tail) != OVERLAP:  # somebody has cut it meanwhile
        raise Unlike(lie=False)
    return tail


def _compared(known: bytes, chunk: bytes) -> tuple[bytes, memoryview]:
    """What is still to be compared, and what of ``chunk`` is new. Unlike where it differs."""
    same = min(len(known), len(chunk))
    if known[:same] != chunk[:same]:
        raise Unlike(lie=True)
    return known[same:], memoryview(chunk)[same:]


def _write(file: FileIO, chunk: memoryview) -> None:
    """All of ``chunk``: on a disk that is nearly full the system takes a part of it without an error."""
    while chunk:
        chunk = chunk[file.write(chunk) :]
