"""--events and --pad, from a camera on real sockets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from tests.conftest import Bench, frame_md5s
from tests.fakes import Camreel, only_run

from camreel_simulator import ClipSpec, scene_schedule

RIGHT = "simulated-1"


def test_events_from_a_real_run(camreel_: Camreel, bench: Callable[..., Bench], tmp_path: Path) -> None:
    """Every second is in the video, is not wanted, or is named; an event that no recording has is exit 3."""
    start = datetime(2026, 1, 16, 8)  # noqa: DTZ001 - by the camera's clock
    spec = ClipSpec(start=start, seconds=4, size=(160, 90))
    clips = scene_schedule(start, 3, seconds=4, spec=spec)
    clips = [replace(clip, events=("AlarmLocal",) if n == 1 else ("VideoMotion",)) for n, clip in enumerate(clips)]
    served = bench(recordings=clips)
    common = [
        "get",
        f"127.0.0.1:{served.address.port}",
        "-u",
        "admin",
        "-s",
        "2026-01-16 08:00",
        "-e",
        "2026-01-16 08:00:12",
    ]
    run = camreel_([*common, "--events", "alarm", "--json"], AMCREST_PASSWORD=RIGHT)
    assert run.code == 0, run.err
    document = only_run(run.out)
    assert document["asked"]["events"] == ["alarm"]
    assert [(each["start"][-8:], each["end"][-8:]) for each in document["not_wanted"]] == [
        ("08:00:00", "08:00:04"), ("08:00:08", "08:00:12"),
    ]  # fmt: skip
    assert (document["gaps"], document["lost"], document["coverage"]["percent"]) == ([], [], 100.0)
    assert document["coverage"]["seconds"] == 4
    video = Path(document["outputs"][0]["path"])
    assert video.name == f"127.0.0.1_{served.address.port}_ch1_alarm_2026-01-16_08.00.00_to_08.00.12.mp4"
    body = clips[1].body()
    assert isinstance(body, bytes)
    assert frame_md5s(video) == frame_md5s(body)
    assert document["found"]["left_out"]["without these events"] == 2
    run = camreel_([*common, "--events", "alarm", "--pad", "2s", "--json"], AMCREST_PASSWORD=RIGHT)
    document = only_run(run.out)
    assert document["coverage"]["seconds"] == 8
    assert 7.9 <= document["outputs"][0]["seconds"] <= 10.1  # from the keyframe before the cut
    run = camreel_([*common, "--events", "motion"], AMCREST_PASSWORD=RIGHT)
    assert run.code == 0
    assert "Events    only recordings with motion" in run.out
    assert "Coverage  8 s of 8 s (100.0 %); the range is 12 s long" in run.out
    run = camreel_([*common, "--events", "person"], AMCREST_PASSWORD=RIGHT)
    assert run.code == 3
    assert "No person is listed" in run.err
    assert "Most cameras do not label people" in run.err
    for arguments, said in (
        (["--pad", "2s"], "--pad belongs to"),
        (["--events", "motion", "--gaps", "hold"], "exclude"),
    ):
        run = camreel_([*common, *arguments], AMCREST_PASSWORD=RIGHT)
        assert run.code == 2
        assert said in run.err
