"""A clip that is short by its own words: it is fetched twice at most, whoever finds out that it is short."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.accounting.clips import Cut
from tests.conftest import START, by_turns

from camreel_simulator import ClipSpec, Fault, Quirks, Recorded, scene_schedule


def clips(kind: str) -> list[Recorded]:
    """Three of 4 s each."""
    spec = ClipSpec(start=START, seconds=4, size=(160, 90), gop=1, crf=5)
    return [replace(each, kind=kind) for each in scene_schedule(START, 3, seconds=4, spec=spec)]


def cut(recorded: Recorded) -> bytes:
    """The first part of it."""
    body = recorded.body()
    data = body.read_bytes() if isinstance(body, Path) else body
    return data[: len(data) * 6 // 10]


@pytest.mark.parametrize(("kind", "ranges", "rounded"), by_turns(["mp4", "dav"], [True, False], [True, False], of=2))
def test_one_that_comes_short_is_fetched_twice(bench, kind, ranges, rounded):
    """Complete by its Content-Length, and less than listed: by the list, or by its own index. So it is in each run."""
    recordings = clips(kind)
    struck, size = recordings[1].path, recordings[1].length() * 6 // 10
    short = Fault("short_body", target=struck, times=None, at=size)
    stand = bench(recordings=recordings, faults=[short], quirks=Quirks(ranges=ranges, allocated_length=rounded))
    for run in (1, 2):
        ran = stand.export()
        assert ran.ok.exit_code == 4
        assert [clip.number for clip in ran.ok.clips if clip.reason] == [2]
        assert size <= stand.camera.bytes_sent[struck] <= 2 * run * size, f"run {run}"


@pytest.mark.parametrize(
    ("kind", "ranges", "rounded"),
    by_turns(["mp4", "mp4, index in front", "dav"], [True, False], [True, False], of=2),
)
def test_one_that_is_short_on_the_card_is_fetched_twice(bench, kind, ranges, rounded):
    """Listed and sent as long as it is: only what it says of itself tells that its end is missing."""
    recordings = clips(kind[:3])
    half = Cut("plain", 40, 40, broken="short").body if "front" in kind else cut(recordings[1])
    recordings[1] = replace(recordings[1], content=half)
    stand = bench(recordings=recordings, quirks=Quirks(ranges=ranges, allocated_length=rounded))
    assert stand.export().ok.exit_code == 4
    assert len(half) <= stand.camera.bytes_sent[recordings[1].path] <= 2 * len(half)
