"""A slower processor, as a NAS has it: a control group of Linux that gets a share of one core."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_PERIOD = 100_000  # microseconds
_ENTER = 'echo $$ > "$0" && exec "$@"'


@dataclass(frozen=True)
class Slowed:
    """``before`` goes in front of a command that is to run slowly; ``why_not``: this system does not let us do that."""

    before: tuple[str, ...] = ()
    why_not: str | None = None


@contextmanager
def slowed(share: float) -> Iterator[Slowed]:
    """A group of processes that gets ``share`` of one core, all of them together."""
    quota = int(share * _PERIOD)
    for parent, file, value in _places(quota):
        group = parent / f"camreel-bench-{os.getpid()}"
        try:
            group.mkdir()
        except OSError:
            continue
        try:
            if _written(group / file, value):
                yield Slowed(("/bin/sh", "-c", _ENTER, str(group / "cgroup.procs")))
                return
        finally:
            group.rmdir()
    yield Slowed(why_not="no control group that limits the processor can be made here")


def _places(quota: int) -> Iterator[tuple[Path, str, str]]:
    """Where a group may be made, the file of its limit, and what goes into it: by version 2, and by version 1."""
    own = dict(_own_groups())
    for kind, folder, options in _mounts():
        if kind == "cgroup2":
            yield folder / own.get("", ""), "cpu.max", f"{quota} {_PERIOD}"
        elif kind == "cgroup" and "cpu" in options.split(","):
            yield folder / own.get("cpu", ""), "cpu.cfs_quota_us", str(quota)


def _own_groups() -> Iterator[tuple[str, str]]:
    for line in _lines("/proc/self/cgroup"):
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            yield controller, path.lstrip("/")


def _mounts() -> Iterator[tuple[str, Path, str]]:
    for line in _lines("/proc/self/mounts"):
        _, folder, kind, options, *_ = line.split()
        yield kind, Path(folder), options


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []


def _written(file: Path, value: str) -> bool:
    try:
        if file.exists():
            file.write_text(value)
            return True
    except OSError:
        pass
    return False
