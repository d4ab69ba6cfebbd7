"""Whether a folder can be written to is tried before anything is done; nothing of that stays."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from camreel import diskio
from camreel.diskio import create_new
from camreel.errors import DiskError
from camreel.model import Output
from camreel.output.finalize import prepare


def test_the_probe_has_a_name_that_nobody_can_foretell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And is gone again."""
    tried: list[Path] = []

    def create(path: Path) -> int:
        tried.append(path)
        return create_new(path)

    monkeypatch.setattr(diskio, "create_new", create)
    for _ in range(2):
        prepare(Output(tmp_path, tmp_path / "o.mp4"))
    assert len({path.name for path in tried}) == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("when", ["made", "closed"])
def test_a_full_disk_keeps_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str) -> None:
    """Some file systems say so only when a file is closed."""

    def fail(handle: int) -> None:
        real(handle)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def refuse(path: Path) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    real = os.close
    if when == "made":
        monkeypatch.setattr(diskio, "create_new", refuse)
    else:
        monkeypatch.setattr(os, "close", fail)
    with pytest.raises(DiskError, match="no space left"):
        prepare(Output(tmp_path, tmp_path / "o.mp4"))
    monkeypatch.undo()
    assert list(tmp_path.iterdir()) == []
