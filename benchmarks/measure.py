"""A process and all that it starts: how long, how much of the processor and of memory, and when."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from pathlib import Path

_LOOK_EVERY = 0.05
_WEIGHED_EVERY = 3


@dataclass(frozen=True)
class Moment:
    """``at`` by the wall clock; ``cpu`` seconds until then; ``memory`` in bytes, shared pages counted once."""

    at: float
    cpu: float
    memory: int = 0


@dataclass(frozen=True)
class Cost:
    """Seconds by the clock, seconds of processor (user and system, children included), and the exit code.

    ``ended`` by the wall clock. ``course``: what all processes together had taken, every 50 ms, where it was asked for.
    """

    wall: float
    cpu: float
    code: int
    ended: float = 0.0
    course: tuple[Moment, ...] = ()

    def memory(self, until: float = inf) -> int:
        """The most bytes at a time, up to a moment by the wall clock."""
        return max((each.memory for each in self.course if each.at <= until), default=0)

    def cpu_between(self, begin: float, end: float) -> float:
        """Seconds of processor between two moments by the wall clock, but for what was not looked at in between."""
        inside = [each.cpu for each in self.course if begin <= each.at <= end]
        return inside[-1] - inside[0] if inside else 0.0


def run(
    command: Sequence[str | Path],
    *,
    log: Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    watched: bool = False,
) -> Cost:
    """Run ``command`` to its end; what it says goes to ``log``. ``watched``: with its course."""
    with log.open("wb") as said:
        begun = time.monotonic()
        process = subprocess.Popen(  # waited for below, by wait4
            [str(part) for part in command], stdin=subprocess.DEVNULL, stdout=said, stderr=said, env=env, cwd=cwd
        )
        watch = _Watch(process.pid) if watched else None
        _pid, status, used = os.wait4(process.pid, 0)
        ended, at = time.monotonic(), time.time()
    code = process.returncode = os.waitstatus_to_exitcode(status)
    course = () if watch is None else watch.course()
    return Cost(ended - begun, used.ru_utime + used.ru_stime, code, at, course)


class _Watch(threading.Thread):
    """Looks at a process and its descendants, again and again."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self._seen: list[Moment] = []
        self._over = threading.Event()
        self.start()

    def run(self) -> None:
        """Until :meth:`course` is called."""
        memory = 0
        while not self._over.wait(_LOOK_EVERY):
            pids = family(self._pid)
            if len(self._seen) % _WEIGHED_EVERY == 0:  # it keeps the process from its memory for a moment
                memory = sum(map(_held, pids))
            self._seen.append(Moment(time.time(), sum(map(_worked, pids)), memory))

    def course(self) -> tuple[Moment, ...]:
        """All that was seen."""
        self._over.set()
        self.join()
        return tuple(self._seen)


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


def _worked(pid: int) -> float:
    """Seconds of processor of a process, and of those of its children that have ended."""
    try:
        told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, told[11:15])) / os.sysconf("SC_CLK_TCK")


def _held(pid: int) -> int:
    """Its proportional set size."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)
