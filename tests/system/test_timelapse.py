"""`--timelapse`: a short video of keyframes, each as it is stored and when its time comes; what is missing is named."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import av
import pytest
from tests.conftest import START, at, frame_md5s, tuning

from camreel.errors import CameraError, UsageError
from camreel.events import ClipFetched, Event
from camreel.formats.containers import OutputFormat
from camreel.media.worker.process import lapse
from camreel.model import VideoOptions
from camreel.report import hole_text
from camreel_simulator import ClipSpec, Fault, Quirks, Recorded, seen_frames

FPS = 10
SPEC = ClipSpec(START, 30, fps=FPS, gop=20, size=(160, 90))
STARTS = (0, 30, 90)  # seconds after eight: two that abut, and one after a gap of half a minute


def recordings(kind: str = "mp4") -> list[Recorded]:
    starts = [START + timedelta(seconds=second) for second in STARTS]
    return [Recorded(s, s + timedelta(seconds=30), replace(SPEC, start=s), kind=kind) for s in starts]


def expected(second: float) -> float:
    """Where in a film of ten times the speed a moment is: the gap is left out."""
    return (second if second < 60 else second - 30) / 10


@pytest.mark.parametrize("ranges", [True, False], ids=["by range", "whole"])
@pytest.mark.parametrize(("kind", "container"), [("mp4", "mp4"), ("dav", "mkv")])
def test_keyframes_at_their_times(bench, kind, container, ranges):
    """Bit-exact, in order, each when the footage before it has gone by; complete, and told as what it is."""
    stand = bench(recordings=recordings(kind), quirks=Quirks(ranges=ranges))
    output = {"file": stand.folder / f"out.{container}", "format": OutputFormat(container)}
    ran = stand.export(at(0), at(120), video=VideoOptions(timelapse=10), **output)
    assert (ran.ok.exit_code, ran.ok.covered_seconds) == (0, 90)
    frames = seen_frames(ran.output)
    assert len(frames) >= 45
    for shown, number in frames:
        second = number / FPS - 8 * 3600
        # A keyframe of a .dav is dated to the second.
        assert shown == pytest.approx(expected(second), abs=0.002 if kind == "mp4" else 0.11)
    with av.open(str(ran.output)) as film:
        assert all(packet.is_keyframe for packet in film.demux(video=0) if packet.size)
        assert not film.streams.audio
    known = {md5 for each in stand.camera.recordings for md5 in frame_md5s(each.body())}
    assert set(frame_md5s(ran.output)) <= known
    assert any("timelapse, 10 times as fast" in warning for warning in ran.ok.warnings)
    assert any("fetches those whole" in warning for warning in ran.ok.warnings) == (not ranges)
    assert [chapter for _, chapter in ran.ok.outputs[0].chapters][-1].startswith("2026-01-16 08:01:30")
    assert [path.name for path in stand.folder.iterdir()] == [f"out.{container}"]


def test_of_a_wanted_length(bench):
    """As fast as it takes."""
    ran = bench(recordings=recordings()).export(at(0), at(120), video=VideoOptions(timelapse=-5))
    assert ran.ok.outputs[0].seconds == pytest.approx(5, abs=0.25)
    assert any("18 times as fast" in warning for warning in ran.ok.warnings)


@pytest.mark.parametrize("ranges", [True, False], ids=["by range", "whole"])
def test_only_what_lies_in_the_range(bench, ranges):
    """Also of recordings that reach beyond it; nothing that was fetched for it stays."""
    stand = bench(recordings=recordings(), quirks=Quirks(ranges=ranges))
    ran = stand.export(at(20), at(40), tune=tuning(least_saved=0), video=VideoOptions(timelapse=4))
    assert (ran.ok.exit_code, ran.ok.covered_seconds) == (0, 20)
    seconds = [number / FPS - 8 * 3600 for _, number in seen_frames(ran.output)]
    assert 18 <= seconds[0] <= 20
    assert 37 <= seconds[-1] < 40
    assert [path.name for path in stand.folder.iterdir()] == ["out.mp4"]


def test_what_cannot_be_had_is_named(bench):
    """A recording that is gone is lost, with its time; of the others it is complete."""
    faults = [Fault("status", recordings()[1].path, status=404, times=None)]
    stand = bench(recordings=recordings(), faults=faults)
    ran = stand.export(at(0), at(120), video=VideoOptions(timelapse=10))
    assert ran.ok.exit_code == 4
    assert [clip.status for clip in ran.ok.clips] == ["merged", "failed", "merged"]
    (lost,) = ran.ok.account.lost
    assert (lost.span.seconds, "404" in hole_text(lost)) == (30, True)
    assert not [path for path in stand.folder.iterdir() if path.suffix == ".part"]


def test_a_recording_that_kills_the_merge_is_left_out_by_name(bench, monkeypatch, hang):
    """The process dies alone: the film is made again without it."""
    stand = bench(recordings=recordings())

    def listen(event: Event) -> None:
        if isinstance(event, ClipFetched) and event.number == 2:
            newest = max(stand.folder.rglob("timelapse-*/*.mp4"), key=lambda path: int(path.stem))
            hang(newest)

    monkeypatch.setattr("camreel.jobs.timelapse.lapse", partial(lapse, stall_seconds=3))
    ran = stand.export(at(0), at(120), video=VideoOptions(timelapse=10), max_concurrent=1, listen=listen)
    assert [clip.status for clip in ran.ok.clips] == ["merged", "unusable", "merged"]
    assert ran.ok.exit_code == 4
    assert "said nothing for 3 seconds" in hole_text(ran.ok.account.lost[0])
    assert {round(number / FPS - 8 * 3600) // 30 for _, number in seen_frames(ran.output)} == {0, 3}


def test_where_there_is_nothing_to_show(bench):
    """Not one keyframe is an error, and leaves nothing; so is a film that would be longer than its footage."""
    faults = [Fault("status", "/mnt/", status=404, times=None)]
    stand = bench(recordings=recordings(), faults=faults)
    ran = stand.export(at(0), at(120), video=VideoOptions(timelapse=10))
    assert isinstance(ran.error, CameraError)
    assert not [path for path in stand.folder.rglob("*") if path.is_file() and path.suffix != ".job"]
    longer = bench(recordings=recordings()).export(at(0), at(120), video=VideoOptions(timelapse=-600))
    assert isinstance(longer.error, UsageError)
    assert "cannot be longer" in str(longer.error)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="Windows has no such modes")
@pytest.mark.usefixtures("reachable")
@pytest.mark.parametrize("ranges", [True, False], ids=["by range", "whole"])
def test_a_clip_that_is_swapped_is_in_no_film(bench, ranges):
    """In a folder that others can write, it is taken by its hash; the sentence of any export is said."""
    stand = bench(recordings=recordings(), quirks=Quirks(ranges=ranges))
    stand.folder.mkdir()
    stand.folder.chmod(0o777)
    evil = Recorded(START, START + timedelta(seconds=30), replace(SPEC, start=START.replace(hour=20))).body()
    swapped: list[Path] = []

    def swap(event: Event) -> None:
        if isinstance(event, ClipFetched) and not swapped:
            pattern = ".amcrest_download/*/timelapse-*/*.mp4" if ranges else ".amcrest_download/*/*.mp4"
            swapped.append(min(stand.folder.glob(pattern)))
            swapped[0].unlink()
            swapped[0].write_bytes(evil)  # type: ignore[arg-type]  # footage is bytes

    ran = stand.export(at(0), at(120), listen=swap, max_concurrent=1, video=VideoOptions(timelapse=10))
    assert swapped
    assert (ran.report.exit_code, ran.report.covered_seconds) == (4, 60)
    assert any("Others can write to" in warning for warning in ran.report.warnings)
    known = {md5 for each in stand.camera.recordings for md5 in frame_md5s(each.body())}
    assert set(frame_md5s(ran.output)) <= known
