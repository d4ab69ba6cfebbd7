"""An export in a process of its own, to be killed: what the child does, and how a moment is chosen."""

from __future__ import annotations

import multiprocessing
import os
import random
import select
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

import anyio
from tests.conftest import Bench, at, tuning

from camreel.jobs.export import export
from camreel.model import Address, Credentials
from camreel_simulator import SimulatedCamera

# Imports are done once, in a server that children are forked from: 50 processes, and no half second for each.
_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["tests.system.faults.killing"])


@dataclass(frozen=True)
class Moment:
    """When to kill: after so much of all bytes has been sent, and then a while later."""

    share: float
    later: float


def moments(count: int, seed: int, after_the_last_byte: float) -> list[Moment]:
    """Half of them while it downloads and merges, half after the last byte: merge, verify, rename.

    ``after_the_last_byte`` is how many seconds an undisturbed run takes from there to its end.
    """
    chance = random.Random(seed)
    return [
        Moment(chance.random(), chance.uniform(0, 0.02))
        if number % 2
        else Moment(1.0, chance.uniform(0, 1.1 * after_the_last_byte))
        for number in range(count)
    ]


def child(port: int, folder: str, seconds: int) -> None:
    """One export of ``seconds`` from 08:00 on, from the camera at ``port``."""
    stand = Bench(SimulatedCamera(), Address("127.0.0.1", port), Path(folder))
    request = stand.request(at(0), at(seconds))
    anyio.run(export, request, Credentials("admin", stand.password), lambda _event: None, tuning())


def start(port: int, folder: Path, seconds: int) -> BaseProcess:
    """The child, running."""
    process = _processes.Process(target=child, args=(port, str(folder), seconds))
    process.start()
    return process


def wait_for(process: BaseProcess, moment: Moment, sent: Callable[[], int], total: int) -> None:
    """Until ``moment`` has come, or the process has ended by itself."""
    while process.is_alive() and sent() < moment.share * total:
        process.join(0.002)
    process.join(moment.later)


def kill(process: BaseProcess) -> None:
    """SIGKILL, and wait until the process and all that it had started are gone. TimeoutError where one stays."""
    assert process.pid is not None
    own = [_open(pid) for pid in _children(process.pid)]
    with suppress(ProcessLookupError):
        os.kill(process.pid, signal.SIGKILL)
    process.join()
    end = time.monotonic() + 5
    for handle in own:
        if handle is not None:
            gone, _, _ = select.select([handle], [], [], max(0, end - time.monotonic()))
            os.close(handle)
            if not gone:
                raise TimeoutError("a process outlives its parent")


def _children(pid: int) -> list[int]:
    with suppress(OSError):
        return [
            int(number)
            for task in Path(f"/proc/{pid}/task").iterdir()
            for number in (task / "children").read_text().split()
        ]
    return []


def _open(pid: int) -> int | None:
    with suppress(OSError, AttributeError):  # gone already; or not Linux
        return os.pidfd_open(pid)
    return None
