"""Memory, processes and open files run out: a true sentence, exit code 7, and the next run goes on."""

from __future__ import annotations

import errno
import os
import subprocess
import sys

import pytest
from tests.conftest import IS_SOAK, frame_md5s, three_clips

from camreel.errors import MergeError, ResourceError
from camreel.media.worker.executor import ChildProcess

pytestmark = pytest.mark.slow(reason="starts programs that lack memory and files")


@pytest.mark.parametrize(
    ("error", "said", "hint"),
    [
        (BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN)), os.strerror(errno.EAGAIN)[1:], "ulimit -u"),
        (OSError(errno.ENOMEM, os.strerror(errno.ENOMEM)), os.strerror(errno.ENOMEM)[1:], "ulimit -v"),
        (OSError(errno.EMFILE, os.strerror(errno.EMFILE)), os.strerror(errno.EMFILE)[1:], "ulimit -n"),
        (RuntimeError("can't start new thread"), "can't start new thread", "ulimit -u"),
        (MemoryError(), "no memory is left", "ulimit -v"),
    ],
    ids=repr,
)
def test_a_worker_that_cannot_be_started(bench, monkeypatch, error, said, hint):
    """The reason is the system's; what was downloaded is used by the next run."""
    stand = bench()

    async def start(_self):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(ChildProcess, "start", start)
        ran = stand.export()
    assert isinstance(ran.error, MergeError)
    assert ran.error.exit_code == 7
    assert "could not be started" in str(ran.error)
    assert said in str(ran.error)
    assert hint in str(ran.error.hint)
    assert stand.export().ok.exit_code == 0


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOMEM])
def test_a_connection_for_which_nothing_is_left_is_no_fault_of_the_camera(bench, monkeypatch, number):
    """Neither "nothing answers" nor another try."""
    import aiohappyeyeballs

    async def start_connection(*_given, **_more):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(aiohappyeyeballs, "start_connection", start_connection)
    ran = bench().export()
    assert isinstance(ran.error, ResourceError)
    assert ran.error.exit_code == 7
    assert os.strerror(number)[1:] in str(ran.error)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not keep these limits")
@pytest.mark.parametrize(
    "limit", ["-n 10", "-n 14", "-v 60000", "-v 130000", "-v 500000", *(["-n 12", "-v 90000", "-v 250000"] * IS_SOAK)]
)
def test_a_real_limit(bench, tmp_path, limit):
    """Wherever it shows first, in the program or in the worker, it is called by its name. The next run ends well."""
    recordings = three_clips()
    stand = bench(recordings=recordings)
    command = [
        *(sys.executable, "-m", "camreel", "--host", str(stand.address), "--username", "admin", "--no-input"),
        *("--start", "2026-01-16T08:00:00", "--end", "2026-01-16T08:00:12", "--output-file", str(tmp_path / "o.mp4")),
    ]
    environment = {**os.environ, "AMCREST_PASSWORD": stand.password}
    shell = ["sh", "-c", f'ulimit {limit}; exec "$@"', "sh", *command]
    little = subprocess.run(shell, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert little.returncode in {0, 7}, little.stderr
    assert "Traceback" not in little.stderr
    assert "bug" not in little.stderr
    if little.returncode:
        assert "ulimit" in little.stderr or "of memory" in little.stderr
    again = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert again.returncode == 0, again.stderr
    assert frame_md5s(tmp_path / "o.mp4") == [md5 for clip in recordings for md5 in frame_md5s(clip.body())]
    assert [path.name for path in tmp_path.iterdir() if not path.is_dir() or path.name.startswith(".")] == ["o.mp4"]
