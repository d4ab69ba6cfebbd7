"""Blocks that are received and written do not cost new pages each time."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

_RECEIVING = """
import resource, sys
from camreel.transfer.pool import keep_freed_memory
if sys.argv[1] == "keep":
    keep_freed_memory()
def receive():
    blocks = [b"x" * (256 << 10) for _ in range(6)]
receive()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(100):
    receive()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.slow(reason="moves gigabytes of memory")
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="of glibc")
def test_freed_memory_is_kept():
    def faults(how):
        command = [sys.executable, "-c", _RECEIVING, how]
        return int(subprocess.run(command, capture_output=True, check=True, text=True).stdout)

    assert faults("keep") < 1000  # 38,400 pages are written to
    assert faults("keep") < faults("as it is") / 10
