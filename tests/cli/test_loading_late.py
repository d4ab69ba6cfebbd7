"""What --help does not need is not loaded for it: aiohttp, PyAV and rich take half a second together."""

from __future__ import annotations

import subprocess
import sys


def test_help_loads_none_of_the_large_libraries():
    code = "import sys; from camreel.cli.app import run; run(['--help']); sys.stderr.write(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert "--host" in done.stdout
    loaded = {name.partition(".")[0] for name in done.stderr.split()}
    assert not loaded & {"aiohttp", "av", "rich", "anyio", "asyncio"}


def test_an_export_leaves_pyav_to_the_merge_process():
    code = "import sys, camreel.jobs.export; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert "av" not in done.stdout.split()
