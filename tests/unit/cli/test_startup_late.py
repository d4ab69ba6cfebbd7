"""What --help does not need is not loaded for it: aiohttp, PyAV and rich take half a second together."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow(reason="starts Python anew for each export")


def test_help_loads_none_of_the_large_libraries():
    code = (
        "import sys; from camreel.cli.app import run; run(['get', '--help']); sys.stderr.write(' '.join(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert "--host" in done.stdout
    loaded = {name.partition(".")[0] for name in done.stderr.split()}
    assert not loaded & {"aiohttp", "av", "rich", "anyio", "asyncio", "jinja2", "tomlkit", "platformdirs"}


def test_an_export_leaves_pyav_to_the_merge_process():
    code = "import sys, camreel.jobs.export; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert "av" not in done.stdout.split()


def test_settings_are_read_without_the_library_that_writes_them():
    """And no other command loads what makes the page of `look`."""
    code = (
        "import sys; from camreel.cli.app import run; run(['config', 'show']); sys.stderr.write(' '.join(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert "platformdirs" in done.stderr.split()
    assert not set(done.stderr.split()) & {"jinja2", "tomlkit"}


def test_an_export_loads_no_library_of_other_commands():
    code = "import sys, camreel.cli.run, camreel.cli.commands.get, camreel.jobs.export; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert not set(done.stdout.split()) & {"jinja2", "tomlkit"}


def test_a_merge_of_files_loads_no_library_of_the_network():
    code = "import sys, camreel.cli.run, camreel.cli.commands.merge, camreel.jobs.merge_files; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert "aiohttp" not in done.stdout.split()
