"""A process and all that it starts: how long, how much of the processor, how much memory."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_LOOK_EVERY = 0.05


@dataclass(frozen=True)
class Cost:
    """Seconds by the clock, seconds of processor (user and system, children included), and the most memory at a time.

    Memory in bytes: what all processes hold together, shared pages counted once; None where it was not asked for.
    """

    wall: float
    cpu: float
    code: int
    memory: int | None = None


def run(
    command: Sequence[str | Path],
    *,
    log: Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    memory: bool = False,
) -> Cost:
    """Run ``command`` to its end; what it says goes to ``log``."""
    with log.open("wb") as said:
        begun = time.monotonic()
        process = subprocess.Popen(  # waited for below, by wait4
            [str(part) for part in command], stdin=subprocess.DEVNULL, stdout=said, stderr=said, env=env, cwd=cwd
        )
        watch = _Watch(process.pid) if memory else None
        _pid, status, used = os.wait4(process.pid, 0)
        ended = time.monotonic()
    process.returncode = os.waitstatus_to_exitcode(status)
    return Cost(
        ended - begun,
        used.ru_utime + used.ru_stime,
        process.returncode,
        None if watch is None else watch.most(),
    )


class _Watch(threading.Thread):
    """Looks at the memory of a process and its descendants, again and again."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self._most = 0
        self._over = threading.Event()
        self.start()

    def run(self) -> None:
        """Until :meth:`most` is called."""
        while not self._over.wait(_LOOK_EVERY):
            self._most = max(self._most, sum(_held(pid) for pid in family(self._pid)))

    def most(self) -> int:
        """Bytes."""
        self._over.set()
        self.join()
        return self._most


def family(pid: int) -> list[int]:
    """``pid`` and its descendants."""
    found = [pid]
    for each in found:
        for task in Path(f"/proc/{each}/task").glob("*/children"):
            try:
                found += [int(child) for child in task.read_text().split()]
            except OSError:
                continue
    return found


def _held(pid: int) -> int:
    """Its proportional set size."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)
