"""A folder in which somebody left what is no clip: it is named, nothing waits for it, and the clips are merged."""

from __future__ import annotations

import os
import sys
import time
from functools import partial
from pathlib import Path

import anyio
import pytest
from tests.conftest import START
from tests.odd import ODD, fifo, needs_odd
from tests.system.test_merge_files import clip_at, footage, frames, merged, on_card, request

from camreel.errors import NothingRecorded, UsageError
from camreel.files import dating, find_files
from camreel.files.dating import look_at
from camreel.jobs.merge_files import merge
from camreel.media.clips.timestamps import own_times
from camreel.media.worker.process import MergeProcess
from camreel.model import FileOnDisk
from camreel_simulator import ClipSpec, make_clip

pytestmark = [needs_odd, pytest.mark.timeout(60)]
FIRST, LAST = clip_at(0), clip_at(4 + 4 * len(ODD))


@pytest.fixture
def card(tmp_path: Path) -> Path:
    """Two clips, and some seconds between them. The folder that they are in."""
    return on_card(tmp_path / "card", FIRST, LAST)[0].parent


@pytest.mark.parametrize("in_order", [False, True], ids=["by time", "in order"])
def test_what_is_named_like_a_clip_is_lost_by_name(tmp_path: Path, card: Path, in_order: bool) -> None:
    """As any clip that cannot be read: exit code 4, and the others are merged."""
    names = [f"08.00.{4 * number:02}-08.00.{4 * number + 4:02}[M][0@0][0].mp4" for number in range(1, len(ODD) + 1)]
    for name, make in zip(names, ODD.values(), strict=True):
        make(card / name)
    report = merged(tmp_path, in_order=in_order)
    assert frames(tmp_path / "out.mp4") == footage(FIRST, LAST)
    lost = [clip for clip in report.clips if clip.is_lost]
    assert [Path(clip.path).name for clip in lost] == names
    assert all("it cannot be read" in str(clip.reason) for clip in lost)
    assert report.exit_code == 4


def test_without_a_date_it_is_named_all_the_same(tmp_path: Path, card: Path) -> None:
    """Nobody knows what it would hold, so the video cannot be called complete."""
    for number, make in enumerate(ODD.values()):
        make(card / f"evil{number}.mp4")
    report = merged(tmp_path)
    assert frames(tmp_path / "out.mp4") == footage(FIRST, LAST)
    assert report.warnings[-1].startswith(f"{len(ODD)} files without a date could not be read: evil0.mp4 (cannot be ")
    assert report.warnings[-1].endswith(f" and {len(ODD) - 3} more. What they hold is missing.")
    assert (report.status, report.exit_code) == ("partial", 4)


def test_what_the_search_has_left_out_is_missing(tmp_path: Path, card: Path) -> None:
    """A link that was not followed: nobody knows what it would hold."""
    wanted, _notes = request(tmp_path, card)
    report = anyio.run(partial(merge, wanted, lambda _event: None, missing=1))
    assert (report.status, report.exit_code) == ("partial", 4)


def test_another_camera_in_its_name_refuses_nothing(tmp_path: Path, card: Path) -> None:
    """It is of no camera."""
    fifo(card / "NVR_ch7_main_20260116080004_20260116080008.mp4")
    on_card(tmp_path / "card", clip_at(4, kind="mp4"))
    assert merged(tmp_path).exit_code == 4
    assert frames(tmp_path / "out.mp4") == footage(FIRST, clip_at(4), LAST)


def test_what_is_not_named_like_a_clip_is_left_out(tmp_path: Path, card: Path) -> None:
    """And named, as other files are; a folder that is named like a clip is a folder."""
    fifo(card / "notes.txt")
    (card / "2026-01-16_09.00.00-09.00.04.mp4").mkdir()
    report = merged(tmp_path)
    assert (report.exit_code, report.warnings) == (0, ("1 file is not a recording and was left out: notes.txt.",))


@pytest.mark.parametrize("kind", [*ODD, "folder"])
def test_given_by_itself_it_is_refused(tmp_path: Path, kind: str) -> None:
    """In a sentence that names it."""
    (path,) = [tmp_path / "x.mp4"]
    ODD.get(kind, Path.mkdir)(path)
    with pytest.raises((UsageError, NothingRecorded), match=r"x\.mp4"):
        find_files([str(path)], tmp_path / "out.mp4")


def test_nothing_but_odd_entries(tmp_path: Path) -> None:
    """No video, and why not."""
    (tmp_path / "card").mkdir()
    for number in range(5):
        fifo(tmp_path / "card" / f"{number}.mp4")
    with pytest.raises(UsageError, match="5 of 5 files cannot be dated"):
        merged(tmp_path)


def test_thousands_of_them(tmp_path: Path, card: Path) -> None:
    """They cost no time and one line."""
    for number in range(3000):
        fifo(card / f"{number}.mp4")
    report = merged(tmp_path)
    (said,) = report.warnings
    assert "3000 files without a date could not be read: 0.mp4" in said
    assert "2.mp4" in said
    assert said.endswith("and 2997 more. What they hold is missing.")
    assert frames(tmp_path / "out.mp4") == footage(FIRST, LAST)


@pytest.mark.parametrize("when", ["found", "dated", "sent"])
def test_clips_that_change_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str) -> None:
    """Between each two looks at them: what was a clip is gone, or is something else."""
    paths = on_card(tmp_path / "card", FIRST, *(clip_at(4 * number) for number in range(1, len(ODD) + 1)), LAST)

    def change() -> None:
        for path, make in zip(paths[1:-1], ODD.values(), strict=True):
            if path.is_file() and path.stat().st_size:
                path.unlink()
                make(path)

    if when == "dated":
        monkeypatch.setattr(dating, "own_times", _first(change, own_times))
    elif when == "sent":
        monkeypatch.setattr(MergeProcess, "add_all", _first(change, MergeProcess.add_all))
    wanted, _ = request(tmp_path)
    if when == "found":
        change()
    report = anyio.run(merge, wanted, lambda _event: None)
    assert frames(tmp_path / "out.mp4") == footage(FIRST, LAST)
    assert [clip.path for clip in report.clips if clip.is_lost] == [str(path) for path in paths[1:-1]]
    assert report.exit_code == 4


def _first(change, then):
    def both(*args, **kwargs):
        change()
        return then(*args, **kwargs)

    return both


@pytest.mark.usefixtures("reachable")
def test_a_clip_whose_place_a_link_takes_while_others_are_merged(
    tmp_path: Path, card: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a folder that others can write: what it leads to is this user's, perhaps, and in no video."""
    card.chmod(0o777)
    (private,) = on_card(tmp_path / "private", clip_at(40))

    def swap() -> None:
        first = min(card.glob("*.mp4"))
        first.unlink()
        first.symlink_to(private)

    monkeypatch.setattr(MergeProcess, "add_all", _first(swap, MergeProcess.add_all))
    report = merged(tmp_path)
    assert frames(tmp_path / "out.mp4") == footage(LAST)
    (lost,) = (clip for clip in report.clips if clip.is_lost)
    assert "another program has replaced it" in str(lost.reason)
    assert report.exit_code == 4


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may read everything")
def test_a_clip_that_may_not_be_read(tmp_path: Path, card: Path) -> None:
    """It is lost by name."""
    path = card / "08.00.04-08.00.08[M][0@0][0].mp4"
    path.write_bytes(b"x")
    path.chmod(0)
    assert merged(tmp_path).exit_code == 4


@pytest.mark.skipif(not hasattr(os, "SEEK_DATA"), reason="this system does not tell where files have holes")
@pytest.mark.skipif(sys.platform == "darwin", reason="its file system makes no such file at once")
def test_a_terabyte_of_nothing(tmp_path: Path, card: Path) -> None:
    """It costs neither time nor memory, whatever it begins with: it is lost by name."""
    bodies = {
        "mp4": make_clip(ClipSpec(START, 4, size=(160, 90))),
        "mkv": b"\x1aE\xdf\xa3\xa3B\x86\x81\x01",
        "ts": b"G" * 188,
    }
    bodies |= {"dav": _dav(tmp_path), "mov": b""}
    for number, (kind, body) in enumerate(bodies.items(), 1):
        path = card / f"08.00.{4 * number:02}-08.00.{4 * number + 4:02}[M][0@0][0].{kind}"
        path.write_bytes(body)
        os.truncate(path, 1 << 40)
    begun = time.monotonic()
    report = merged(tmp_path)
    assert frames(tmp_path / "out.mp4") == footage(FIRST, LAST)
    reasons = {Path(clip.path).suffix: str(clip.reason) for clip in report.clips if clip.is_lost}
    assert reasons.keys() == {f".{kind}" for kind in bodies}
    assert not [each for each in reasons.items() if "not stored" not in each[1]]
    assert time.monotonic() - begun < 50


def _dav(folder: Path) -> bytes:
    return on_card(folder / "dav", clip_at(0, kind="dav"))[0].read_bytes()


def test_space_that_a_recorder_allots_beforehand_is_none(tmp_path: Path) -> None:
    """A gigabyte behind the footage, with nothing in it."""
    (path,) = on_card(tmp_path, FIRST)
    os.truncate(path, 1 << 30)
    assert look_at(FileOnDisk(path, 1 << 30)).unusable is None
