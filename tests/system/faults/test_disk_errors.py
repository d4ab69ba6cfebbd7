"""Whatever the system answers to any call of a run, the run ends with a true sentence and leaves nothing for ever."""

from __future__ import annotations

import errno
import os
import shutil
import sys
from pathlib import Path

import pytest
from tests.conftest import IS_SOAK, Bench, Ran, frame_md5s
from tests.system.faults.disk_faults import FailingDisk

from camreel.cli.app import run as program
from camreel.errors import CamreelError

if sys.platform != "linux":
    pytest.skip("which file a descriptor is of is looked up in /proc", allow_module_level=True)

pytestmark = pytest.mark.slow(reason="some fifty exports, each with an error of the disk and once more without")

NUMBERS = (
    errno.ENOSPC,
    errno.EIO,
    errno.EMFILE,
    errno.EBUSY,
    errno.ESTALE,
    errno.ENAMETOOLONG,
    errno.EDQUOT,
    errno.ENODEV,
    errno.ENOTCONN,
    errno.EPERM,
    errno.EROFS,
)
# How many calls of a kind are passed over between two that fail: those of one clip are those of another.
STEPS = {"unlink": 3, "open": 2, "write": 2}
SELDOM = 1 if IS_SOAK else 5  # and outside of `make soak` fewer of them, in turn once and lasting


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*"))


def broken_run(stand: Bench, call: tuple[str, int], number: int, *, lasting: bool) -> tuple[Ran, FailingDisk]:
    disk = FailingDisk(stand.folder, call, number, lasting)
    with disk.in_place():
        return stand.export(), disk


def check(stand: Bench, ran: Ran, expected: list[str]) -> None:
    """What holds of a run with an error, and then of one without and of `clean`."""
    if ran.report is not None:
        assert ran.report.exit_code in {0, 4}, ran.report
        if ran.report.exit_code == 0:
            assert frame_md5s(ran.output) == expected
    else:
        assert isinstance(ran.error, CamreelError), repr(ran.error)
        assert ran.error.exit_code == 7, ran.error
        assert "bug" not in str(ran.error)
        assert ran.error.hint
    again = stand.export()
    assert again.ok.exit_code == 0
    assert frame_md5s(stand.folder / "out.mp4") == expected
    assert program(["clean", str(stand.folder), "--yes"]) == 0
    assert files(stand.folder) == ["out.mp4"]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", ["open", "write", "fsync", "rename", "link", "unlink", "mkdir", "rmdir", "statvfs"])
def test_each_call_that_fails(bench, kind):
    """A full disk, a share that goes away, too many open files: once, or from then on."""
    stand = bench()
    expected = [md5 for recording in stand.camera.recordings for md5 in frame_md5s(recording.body())]
    whole, disk = broken_run(stand, ("", 0), 0, lasting=False)
    assert whole.ok.exit_code == 0
    assert disk.counts[kind]
    for nth, turn in enumerate(range(1, disk.counts[kind] + 1, STEPS.get(kind, 1) * SELDOM)):
        for lasting in (False, True) if IS_SOAK else (nth % 2 == 1,):
            shutil.rmtree(stand.folder)
            number = NUMBERS[(2 * turn + lasting) % len(NUMBERS)]
            said = f"{kind} {turn}, {errno.errorcode[number]}, {'lasting' if lasting else 'once'}"
            ran, failing = broken_run(stand, (kind, turn), number, lasting=lasting)
            assert failing.counts.get(kind, 0) >= turn or kind == "write", said
            try:
                check(stand, ran, expected)
            except (AssertionError, FileNotFoundError) as error:
                raise AssertionError(f"{said}: {error}\n{ran.error} {files(stand.folder)}") from error


@pytest.mark.parametrize("number", [errno.EBUSY, errno.EPERM, errno.EIO, errno.EACCES])
def test_a_video_that_keeps_its_temporary_name_is_complete(bench, monkeypatch, number):
    """It is said, with exit code 0; the next run of the same command, or `camreel clean`, removes that name."""
    stand = bench()
    real = os.unlink

    def unlink(path, **more):
        if str(path).endswith(".part") and Path(path).name.startswith("out.mp4"):
            raise OSError(number, os.strerror(number), str(path))
        real(path, **more)

    with monkeypatch.context() as patch:
        patch.setattr(os, "unlink", unlink)
        ran = stand.export()
    assert ran.ok.exit_code == 0
    assert any("is complete; its temporary name" in text for text in ran.ok.warnings)
    assert len(files(stand.folder)) > 1
    assert stand.export().ok.already_there
    assert files(stand.folder) == ["out.mp4"]


@pytest.mark.parametrize("free", ["fails", "nothing"])
def test_a_file_system_that_does_not_tell_its_free_space(bench, monkeypatch, free):
    """There may be enough: it is tried."""

    def usage(_path):
        if free == "fails":
            raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
        return shutil._ntuple_diskusage(0, 0, 0)

    monkeypatch.setattr(shutil, "disk_usage", usage)
    assert bench().export().ok.exit_code == 0
