"""Recordings that are bombs: named, the others merged bit-exact, within bounded time, memory and output."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import anyio
import av
import av.error
import pytest
from tests.conftest import Bench, frame_md5s, picture_md5
from tests.system.hostile.bombs import BOMBS, DAV_BOMBS
from tests.system.hostile.conftest import PATHS
from tests.system.hostile.server import HostileCamera

from camreel.formats import dhav
from camreel.media.worker import main
from camreel.report import reason_text


def most_memory() -> int:
    """The most that any process of ours has had so far, in bytes; 0 where nobody counts."""
    if sys.platform != "linux":
        return 0
    import resource

    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss << 10


def decodable_md5s(video: Path) -> list[str]:
    """The MD5 of each picture that can be decoded: what a bomb left in between need not."""
    found = []
    with av.open(str(video)) as container:
        for packet in container.demux(video=0):
            with suppress(av.error.InvalidDataError):
                found += [picture_md5(frame) for frame in packet.decode()]
    return found


def export_with(stand: Bench, camera: HostileCamera, footage: list[bytes], bomb: bytes) -> None:
    """The second of three clips is the bomb: what is in the video, and what is said."""
    camera.clips[PATHS[1]] = bomb
    run = stand.export()
    shown = decodable_md5s(run.output)
    first, last = frame_md5s(footage[0]), frame_md5s(footage[2])
    assert shown[: len(first)] == first
    assert shown[-len(last) :] == last
    second = run.ok.clips[1]
    # Used, or named: never left out without a word.
    assert second.reason or second.covered
    assert run.ok.exit_code == (4 if second.is_lost else 0)
    assert run.output.stat().st_size < 4 * sum(map(len, footage))
    assert most_memory() < 1 << 30
    assert not list(stand.folder.glob("*.part"))


@pytest.mark.parametrize("kind", BOMBS)
def test_a_bomb_harms_no_other_clip(
    hostile: Callable[..., Bench], good: HostileCamera, footage: list[bytes], kind: str
) -> None:
    """Enormous dimensions, thousands of tracks, tables of billions, bytes used again and again."""
    export_with(hostile(good), good, footage, BOMBS[kind](footage[1]))


@pytest.mark.parametrize("kind", DAV_BOMBS)
def test_a_dav_bomb_harms_no_other_clip(
    hostile: Callable[..., Bench], good: HostileCamera, footage: list[bytes], kind: str
) -> None:
    """Frames that say they are 4 GiB long, that hold nothing, or whose clock jumps with each."""
    export_with(hostile(good), good, footage, DAV_BOMBS[kind])


def test_a_dav_whose_clock_jumps_with_each_frame_is_read_in_few_settings(tmp_path: Path) -> None:
    """Each setting of the clock is remembered: a small file must not make millions of them."""
    file = tmp_path / "jumps.dav"
    file.write_bytes(DAV_BOMBS["a clock that jumps"])
    assert len(dhav.summary(file).readings) <= 100


def test_a_file_gives_no_more_than_it_holds(
    hostile: Callable[..., Bench], good: HostileCamera, footage: list[bytes]
) -> None:
    """An index that names the same bytes 20,000 times would fill the disk from a small file."""
    bomb = BOMBS["one chunk again and again"](footage[1])
    good.clips[PATHS[1]] = bomb
    run = hostile(good).export(whole_clips=True)
    assert run.ok.clips[1].status == "short"
    assert run.output.stat().st_size < len(bomb) + 2 * len(footage[0]) + len(footage[2])


def test_a_bomb_first_of_all(hostile: Callable[..., Bench], good: HostileCamera, footage: list[bytes]) -> None:
    """The output is made after its first clip: with the dimensions that one claims, its pictures are the same."""
    good.clips[PATHS[0]] = BOMBS["dimensions"](footage[0])
    run = hostile(good).export()
    assert frame_md5s(run.output) == [md5 for clip in footage for md5 in frame_md5s(clip)]


GREEDY = """
import sys
from camreel.media.merge import merger
from camreel.media.worker import main

add = merger.Merger.add

def greedy(self, clip, report):
    if clip.number == 2:
        raise MemoryError
    return add(self, clip, report)

merger.Merger.add = greedy
sys.exit(main.main())
"""


def test_a_clip_that_asks_for_too_much_memory_is_left_out_by_name(
    hostile: Callable[..., Bench],
    good: HostileCamera,
    footage: list[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The merge is made again without it."""
    real = anyio.open_process

    async def open_greedy(command, **options):
        return await real([command[0], "-c", GREEDY], **options)

    monkeypatch.setattr(anyio, "open_process", open_greedy)
    run = hostile(good).export()
    assert run.ok.exit_code == 4
    assert [clip.status for clip in run.ok.clips] == ["merged", "unusable", "merged"]
    assert run.ok.clips[1].reason is not None
    assert f"more than {main.MOST_MEMORY >> 30} GiB of memory" in reason_text(run.ok.clips[1].reason)
    assert frame_md5s(run.output) == frame_md5s(footage[0]) + frame_md5s(footage[2])
