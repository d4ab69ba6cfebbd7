"""A list of many thousand recordings, and how much memory each of them may take."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from tests.conftest import START, Bench

from camreel_simulator import Recorded

MANY = 6000
# With a gap behind each; 4.4 KB when all of a document was held as values and once more as text.
MOST_BYTES = 1500
PROGRAM = """
import sys
from camreel.cli import main
code = main(sys.argv[1:])
with open("/proc/self/status") as status:
    print(next(line.split()[1] for line in status if line.startswith("VmHWM")), file=sys.stderr)
sys.exit(code)
"""


def seconds(count: int) -> list[Recorded]:
    """Recordings of two seconds, with two seconds of nothing behind each."""
    found = []
    for number in range(count):
        start = START + timedelta(seconds=4 * number)
        events = ("VideoMotion",) if number % 3 else ()
        found.append(Recorded(start, start + timedelta(seconds=2), b"a clip", events=events))
    return found


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells a process its own peak")
@pytest.mark.parametrize("form", [["--json"], []])
def test_a_recording_takes_little_memory(bench: Callable[..., Bench], form: list[str]) -> None:
    """What is shown of them is made row by row."""
    server = bench(recordings=seconds(MANY))

    def listed(count: int) -> tuple[int, str]:
        end = (START + timedelta(seconds=4 * count - 2)).isoformat()
        where = ["--host", f"127.0.0.1:{server.address.port}", "-u", "admin", "-s", START.isoformat(), "-e", end]
        run = subprocess.run(
            [sys.executable, "-c", PROGRAM, "list", *where, *form],
            env={**os.environ, "AMCREST_PASSWORD": "simulated-1"},
            capture_output=True,
            text=True,
            check=True,
        )
        return int(run.stderr.split()[-1]) << 10, run.stdout

    few, _ = listed(20)
    many, said = listed(MANY)
    if form:
        document = json.loads(said)
        (listed_run,) = document["runs"]
        assert len(listed_run["recordings"]) == MANY
        assert len(listed_run["gaps"]) == MANY - 1
        assert said == json.dumps(document, indent=2) + "\n"
    else:
        assert sum(line.endswith("2 s  6 bytes  motion") for line in said.splitlines()) == MANY - 1 - (MANY - 1) // 3
    assert (many - few) / MANY < MOST_BYTES
