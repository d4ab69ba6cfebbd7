"""Another program swaps clips while a run is on, where others can write: none of its frames is in the video."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.conftest import START, Bench, frame_md5s, three_clips

from camreel.errors import CamreelError
from camreel.events import ClipFetched, Event, MergedUpTo, Verifying
from camreel_simulator import ClipSpec, scene_schedule


def _planted() -> bytes:
    """Footage of another day, as long as a clip."""
    spec = ClipSpec(start=START, seconds=4, size=(160, 90))
    body = scene_schedule(START.replace(hour=20), 1, seconds=4, spec=spec)[0].body()
    assert isinstance(body, bytes)
    return body


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="Windows has no such modes")
@pytest.mark.usefixtures("reachable")
@pytest.mark.parametrize("moment", [ClipFetched, MergedUpTo, Verifying], ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("way", ["replaced", "edited"])
def test_a_clip_that_is_swapped_is_lost_by_name(bench, way: str, moment: type[Event]) -> None:
    """As it comes, while it is merged, or before the video is finished."""
    recordings = three_clips()
    stand: Bench = bench(recordings=recordings)
    stand.folder.mkdir()
    stand.folder.chmod(0o777)
    planted = _planted()
    swapped: list[Path] = []

    def swap(event: Event) -> None:
        if isinstance(event, moment) and not swapped:
            for clip in sorted(stand.folder.glob(".amcrest_download/*/*.mp4"))[:1]:
                swapped.append(clip)
                if way == "edited":
                    with clip.open("r+b") as file:
                        file.write(planted)
                    continue
                other = clip.with_name("other")
                other.write_bytes(planted)
                other.replace(clip)

    run = stand.export(listen=swap, max_concurrent=1)
    assert swapped
    ours = {md5 for recording in recordings for md5 in frame_md5s(recording.body())}
    if run.report is not None and run.report.outputs:
        shown = frame_md5s(run.output)
        assert set(shown) <= ours
        assert run.report.exit_code == 4 or len(shown) == 120
    else:
        assert isinstance(run.error, CamreelError)
        assert run.error.exit_code == 7
