"""The main job over real sockets: search, download, merge, verify, report."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import anyio
import pytest
from tests.conftest import NOW, START, at, frame_md5s, three_clips, tuning

from camreel import events
from camreel.errors import LoginRefused, NothingRecorded, UsageError
from camreel.formats.containers import OutputFormat
from camreel.media.worker.process import MergeProcess
from camreel.model import IfExists, Stream
from camreel.planning.account import LossKind
from camreel_simulator import (
    DEMO_END,
    DEMO_START,
    ClipSpec,
    DeviceClock,
    Fault,
    Quirks,
    demo_camera,
    scene_schedule,
    seen_frames,
)


@pytest.mark.slow(reason="decodes the demo's footage twice")
def test_every_picture_of_the_demo_is_in_its_video_bit_exact(bench):
    """The demo's video shows each frame that the clips hold of the range, by the MD5 of what is decoded."""
    camera = demo_camera(clock=DeviceClock.fixed(NOW))
    run = bench(camera).export(DEMO_START.isoformat(), DEMO_END.isoformat())
    clips = [r for r in camera.recordings if r.kind == "mp4" and r.stream == "Main"]
    assert len(clips) == 3
    assert frame_md5s(run.output) == [md5 for clip in clips for md5 in frame_md5s(clip.body())]
    assert run.ok.exit_code == 0
    assert run.ok.status == "complete"


@pytest.mark.parametrize("video", ["h264", "hevc"])
@pytest.mark.parametrize("container", list(OutputFormat))
def test_each_container_holds_the_same_pictures(bench, video, container):
    """mp4, mkv and avi hold every frame of the clips; H.265 in avi is refused with advice, the downloads kept."""
    recordings = three_clips(video=video)
    stand = bench(recordings=recordings)
    run = stand.export(format=container, file=stand.folder / f"out.{container.value}")
    if (video, container) == ("hevc", OutputFormat.AVI):
        assert run.error is not None and run.error.exit_code == 7
        assert "mkv" in f"{run.error} {run.error.hint}"
        assert len(list(stand.folder.rglob("*.mp4"))) == 3
        return
    assert frame_md5s(run.output) == [md5 for clip in recordings for md5 in frame_md5s(clip.body())]


def test_the_range_is_cut_from_the_keyframe_before_to_the_asked_end(bench):
    """Nothing wanted is cut away: it begins with the keyframe at or before the start and ends before the end."""
    stand = bench()
    run = stand.export(at(5.3), at(9.7))
    numbers = [number for _seconds, number in seen_frames(run.output)]
    first = 8 * 3600 * 10
    assert numbers == list(range(numbers[0], first + 97))
    assert first + 40 <= numbers[0] <= first + 53  # GOPs of 2 s in clips that start at 4 and 8 s
    assert run.ok.covered_seconds == pytest.approx(4.4)


def test_whole_clips_are_not_cut(bench):
    """--whole-clips leaves every clip that touches the range as it is."""
    run = bench().export(at(5), at(9), whole_clips=True)
    numbers = [number for _seconds, number in seen_frames(run.output)]
    assert numbers == list(range(288040, 288120))


def test_merging_begins_before_the_last_download_ends(bench):
    """The first clip is in the output while the last one is still waiting for the camera."""
    merged = anyio.Event()

    def listen(event: events.Event) -> None:
        if isinstance(event, events.MergedUpTo) and event.number == 1:
            merged.set()

    async def wait_for_the_merge(_seconds: float) -> None:
        await merged.wait()  # were the merge to wait for all downloads, this would never end

    last = three_clips()[2].path
    stand = bench(faults=[Fault("status", target=last, status=503)])
    run = stand.export(listen=listen, tune=tuning(sleep=wait_for_the_merge))
    assert run.ok.exit_code == 0
    assert merged.is_set()


def test_gaps_are_named_and_do_not_change_the_exit_code(bench):
    """What the camera did not record is in the report and starts a chapter; only --require-complete makes it count."""
    spec = ClipSpec(start=START, seconds=4, size=(160, 90))
    stand = bench(recordings=scene_schedule(START, 3, seconds=4, gap=[5, 30], spec=spec))
    run = stand.export(at(-10), at(60))
    gaps = [(gap.span.start.isoformat()[11:], gap.span.seconds) for gap in run.ok.account.gaps]
    assert gaps == [("07:59:50", 10), ("08:00:04", 5), ("08:00:13", 30), ("08:00:47", 13)]
    assert run.ok.covered_seconds == 12
    assert [title for _start, title in run.ok.outputs[0].chapters] == [
        "2026-01-16 08:00:00+00:00 (motion)",
        "2026-01-16 08:00:09+00:00 (after a gap of 5 s; motion)",
        "2026-01-16 08:00:43+00:00 (after a gap of 30 s; motion)",
    ]
    assert run.ok.exit_code == 0
    strict = stand.export(at(-10), at(60), require_complete=True, file=stand.folder / "strict.mp4")
    assert strict.ok.exit_code == 4


def test_streams_and_snapshots_do_not_mix(bench):
    """The main stream is one video, the sub stream another, and pictures are in neither."""
    stand = bench(demo_camera(clock=DeviceClock.fixed(NOW)))
    main = stand.export(DEMO_START.isoformat(), at(20), file=stand.folder / "main.mp4")
    sub = stand.export(DEMO_START.isoformat(), at(20), file=stand.folder / "sub.mp4", stream=Stream.SUB)
    assert main.ok.outputs[0].video != sub.ok.outputs[0].video
    assert len(main.ok.clips) == len(sub.ok.clips) == 1
    assert dict(main.ok.left_out)["snapshots"] == dict(sub.ok.left_out)["snapshots"]
    assert [n for _s, n in seen_frames(main.output)] == [n for _s, n in seen_frames(sub.output)]


def test_an_offset_is_converted_by_the_cameras_clock(bench):
    """08:00 in California is 17:00 on a camera in Berlin, and that is what it is asked for."""
    spec = ClipSpec(start=START.replace(hour=17), seconds=4, size=(160, 90))
    recordings = scene_schedule(spec.start, 1, seconds=4, spec=spec)
    stand = bench(recordings=recordings, clock=DeviceClock(utc=lambda: NOW, zone=DeviceClock.hours_east(1).zone))
    run = stand.export("2026-01-16T08:00:00-08:00", "2026-01-16T08:00:04-08:00")
    assert str(run.ok.span) == "2026-01-16 17:00:00 to 17:00:04"
    assert run.ok.clock is not None and run.ok.clock.offset_text == "+01:00"
    assert [n for _s, n in seen_frames(run.output)] == list(range(612000, 612040))
    understood = next(i for i, event in enumerate(run.events) if isinstance(event, events.RangeKnown))
    assert not any(isinstance(event, events.ClipStarted) for event in run.events[:understood])


def test_finders_are_closed_and_destroyed_whatever_happens(bench):
    """No finder is left on the camera after success, an empty range, or a search that fails in the middle."""
    for faults in ([], [Fault("status", target="findNextFile", status=500, times=None)], [Fault("drop", "findFile")]):
        stand = bench(faults=faults)
        stand.export(file=stand.folder / f"{len(faults)}.mp4", if_exists=IfExists.OVERWRITE)
        assert stand.camera.finders_created > 0
        assert stand.camera.open_finders == 0


def test_a_list_that_repeats_itself_is_ended(bench):
    """A camera that repeats its last page for ever gives the same video, and a warning."""
    recordings = three_clips()
    stand = bench(recordings=recordings, faults=[Fault("repeat_page", target="findNextFile", times=None)])
    run = stand.export()
    assert frame_md5s(run.output) == [md5 for clip in recordings for md5 in frame_md5s(clip.body())]
    assert any("repeats itself" in text for text in run.ok.warnings)


def test_a_list_without_an_end_is_an_error(bench, monkeypatch):
    """A camera that never stops listing new things is given up on after a bounded number of pages."""
    monkeypatch.setattr("camreel.devices.dahua.client.MAX_PAGES", 20)
    stand = bench(faults=[Fault("endless_pages", target="findNextFile", times=None)])
    run = stand.export()
    assert run.error is not None
    assert run.error.exit_code == 6
    assert "without an end" in str(run.error)
    assert stand.camera.open_finders == 0


def test_a_wrong_password_is_sent_once(bench):
    """A refused login ends the run with exit 5 after one try: the account is not locked."""
    stand = bench()
    stand.password = "wrong"
    run = stand.export()
    assert isinstance(run.error, LoginRefused)
    assert run.error.exit_code == 5
    assert stand.camera.rejected_logins == 1
    assert "wrong" not in f"{run.error} {run.error.hint}"


@pytest.mark.parametrize(
    "quirks",
    [
        Quirks(connection_close=True),
        Quirks(nonce_bound_to_connection=True),
        Quirks(nonce_single_use=True),
        Quirks(algorithm="SHA-256"),
        Quirks(basic_only=True),
        Quirks(unquoted_only=True),
        Quirks(ranges=False),
        Quirks(lists_stream=False),
        Quirks(page_cap=2),
        Quirks(connection_close=True, nonce_single_use=True, page_cap=1),
    ],
    ids=str,
)
def test_every_quirk_gives_the_same_video(bench, quirks):
    """However a camera logs in and lists, the video is the same and no login is refused."""
    recordings = three_clips()
    stand = bench(recordings=recordings, quirks=quirks)
    run = stand.export(allow_basic=quirks.basic_only)
    assert run.ok.exit_code == 0
    assert frame_md5s(run.output) == [md5 for clip in recordings for md5 in frame_md5s(clip.body())]
    assert stand.camera.rejected_logins == 0


def test_nothing_recorded_is_its_own_answer(bench):
    """An empty range is exit 3, says which channel and when, and leaves nothing behind."""
    stand = bench()
    run = stand.export("2026-01-15 08:00", "2026-01-15 09:00")
    assert isinstance(run.error, NothingRecorded)
    assert run.error.exit_code == 3
    assert "channel 1" in str(run.error) and "2026-01-15 08:00:00" in str(run.error)
    assert not stand.folder.exists()


def test_a_second_run_of_the_same_request_fetches_nothing(bench):
    """What is already there is not made again: exit 0, and not one byte asked for."""
    stand = bench()
    assert stand.export().ok.status == "complete"
    asked = len(stand.camera.log)
    again = stand.export()
    assert again.ok.already_there and again.ok.exit_code == 0
    assert len(stand.camera.log) == asked


def test_another_file_of_that_name_is_left_alone(bench):
    """A file that this request did not make is never touched, unless --if-exists says so."""
    stand = bench()
    stand.folder.mkdir()
    (stand.folder / "out.mp4").write_text("mine")
    refused = stand.export()
    assert isinstance(refused.error, UsageError)
    assert (stand.folder / "out.mp4").read_text() == "mine"
    skipped = stand.export(if_exists=IfExists.SKIP)
    assert skipped.ok.exit_code == 0
    assert (stand.folder / "out.mp4").read_text() == "mine"
    replaced = stand.export(if_exists=IfExists.OVERWRITE)
    assert replaced.ok.status == "complete"
    assert len(frame_md5s(stand.folder / "out.mp4")) == 120


def test_downloads_stay_only_where_asked(bench):
    """Without --keep-files only the video is left; with it the clips are there too, byte for byte, and stay."""
    recordings = three_clips()
    stand = bench(recordings=recordings)
    assert stand.export().ok.downloads is None
    assert [path.name for path in stand.folder.iterdir()] == ["out.mp4"]
    kept = stand.export(keep_files=True, file=stand.folder / "two.mp4")
    clips = sorted(path for path in stand.folder.rglob("*.mp4") if path.parent != stand.folder)
    assert str(clips[0].parent) == kept.ok.downloads
    assert [clip.read_bytes() for clip in clips] == [recording.body() for recording in recordings]
    sent = dict(stand.camera.bytes_sent)
    third = stand.export(file=stand.folder / "three.mp4")
    assert third.ok.status == "complete"
    assert stand.camera.bytes_sent == sent, "kept clips are used, not fetched again"
    assert all(clip.exists() for clip in clips)


def test_clips_that_are_to_be_kept_after_all(bench):
    """The video is there, its clips are not: they are fetched again, once."""
    recordings = three_clips()
    stand = bench(recordings=recordings)
    made = stand.export(if_exists=IfExists.SKIP).output.stat()
    kept = stand.export(if_exists=IfExists.SKIP, keep_files=True)
    assert (kept.ok.status, kept.output.stat().st_size) == ("complete", made.st_size)
    clips = sorted(path for path in stand.folder.rglob("*.mp4") if path.parent != stand.folder)
    assert [clip.read_bytes() for clip in clips] == [recording.body() for recording in recordings]
    sent = dict(stand.camera.bytes_sent)
    assert stand.export(keep_files=True).ok.status == "already there"
    assert stand.camera.bytes_sent == sent
    clips[1].unlink()
    assert stand.export(keep_files=True).ok.status == "complete"
    assert clips[1].exists()


def test_no_more_downloads_at_once_than_allowed(bench):
    """--max-concurrent is a limit on connections that download."""
    spec = ClipSpec(start=START, seconds=2, size=(160, 90))
    stand = bench(recordings=scene_schedule(START, 6, seconds=2, spec=spec))
    run = stand.export(max_concurrent=2)
    assert run.ok.exit_code == 0
    assert stand.camera.ledger.peak_downloads <= 2


def test_what_is_too_recent_is_pending_not_a_gap(bench):
    """The camera's index lags: a hole in the last quarter of an hour is pending, exit 4, and the file is not final."""
    now = [NOW.replace(day=16, hour=8, minute=10)]
    stand = bench(clock=DeviceClock(utc=lambda: now[0]))
    tune = tuning(utc_now=lambda: now[0])
    run = stand.export(at(0), at(60), tune=tune)
    assert [(hole.span.seconds, hole.reason.kind) for hole in run.ok.account.pending] == [(48, LossKind.TOO_RECENT)]
    assert run.ok.exit_code == 4
    again = stand.export(at(0), at(60), tune=tune)
    assert again.ok.exit_code == 4, "a partial result is not already there"
    now[0] = NOW
    later = stand.export(at(0), at(60), tune=tune)
    assert later.ok.exit_code == 0
    assert later.output == run.output, "and is replaced by the complete one"


def test_an_account_that_is_locked_is_named_with_the_time_left(bench):
    """A lock is exit 5 and says how long."""
    stand = bench(quirks=Quirks(lock_after=1, lock_seconds=1800))
    stand.password = "wrong"
    stand.export()
    stand.password = "simulated-1"
    run = stand.export()
    assert run.error is not None and run.error.exit_code == 5
    assert "30 min" in str(run.error)


@pytest.mark.parametrize("if_exists", [None, IfExists.SKIP])
def test_the_same_command_again_completes_a_partial_video(bench, if_exists):
    """A clip that could not be had is had the next time; what was fetched before is not fetched again."""
    recordings = three_clips()
    stand = bench(recordings=recordings, faults=[Fault("status", target=recordings[1].path, status=404)])
    first = stand.export(if_exists=if_exists)
    assert first.ok.exit_code == 4
    sent = dict(stand.camera.bytes_sent)
    second = stand.export(if_exists=if_exists)
    assert second.ok.exit_code == 0
    assert frame_md5s(second.output) == [md5 for clip in recordings for md5 in frame_md5s(clip.body())]
    assert stand.camera.bytes_sent[recordings[0].path] == sent[recordings[0].path]


def test_a_partial_video_goes_also_if_the_complete_one_has_other_names(bench):
    """By size, all of it makes more files than a part did: the partial ones are replaced, and the next run is idle."""
    recordings = three_clips()
    stand = bench(
        recordings=recordings, faults=[Fault("status", target=clip.path, status=404) for clip in recordings[1:]]
    )
    wishes = {"if_exists": IfExists.SKIP, "split": recordings[0].length() * 3 // 2}
    first = stand.export(**wishes)
    assert (first.ok.exit_code, first.output.name) == (4, "out.mp4")
    second = stand.export(**wishes)
    assert second.ok.exit_code == 0
    names = {Path(output.path).name for output in second.ok.outputs}
    assert len(names) > 1
    assert {path.name for path in stand.folder.iterdir()} == names
    assert stand.export(**wishes).ok.already_there


def test_a_clip_that_could_not_be_used_is_downloaded_anew(bench):
    """Once in the same run, at once; and in the next run, where that was garbage too."""
    recordings = three_clips()
    stand = bench(recordings=recordings, faults=[Fault("garbage", target=recordings[1].path)])
    mended = stand.export()
    assert mended.ok.exit_code == 0
    assert frame_md5s(mended.output) == [md5 for clip in recordings for md5 in frame_md5s(clip.body())]
    stand.camera.add_faults(Fault("garbage", target=recordings[1].path, times=2))
    broken = stand.export(file=stand.folder / "twice.mp4")
    assert broken.ok.exit_code == 4
    assert broken.ok.clips[1].status == "unusable"
    assert stand.export(file=stand.folder / "twice.mp4").ok.exit_code == 0
    assert {path.name for path in stand.folder.iterdir()} == {"out.mp4", "twice.mp4"}


def test_a_complete_video_is_not_replaced_by_a_partial_one(bench):
    """--if-exists overwrite never makes it worse: the new video is put beside it, and the report says so."""
    recordings = three_clips()
    stand = bench(recordings=recordings)
    good = stand.export()
    before = good.output.read_bytes()
    stand.camera.add_faults(Fault("status", target=recordings[1].path, status=404, times=None))
    worse = stand.export(if_exists=IfExists.OVERWRITE)
    assert worse.ok.exit_code == 4
    assert good.output.read_bytes() == before
    assert worse.output.name == "out-partial.mp4"
    assert any("contains more" in text for text in worse.ok.warnings)


def test_require_complete_is_not_forgotten(bench):
    """A video with gaps gives exit 4 with --require-complete also when it is already there."""
    stand = bench()
    assert stand.export(at(-60), at(12)).ok.exit_code == 0
    strict = stand.export(at(-60), at(12), require_complete=True)
    assert strict.ok.already_there
    assert strict.ok.exit_code == 4


def test_a_password_that_is_changed_meanwhile_does_not_lock_the_account(bench):
    """With many downloads under way, a login that stops working is found out by one connection, not by each."""
    spec = ClipSpec(start=START, seconds=2, size=(160, 90))
    recordings = scene_schedule(START, 16, seconds=2, spec=spec)
    stand = bench(recordings=recordings)

    def listen(event: events.Event) -> None:
        if isinstance(event, events.Planned):
            stand.camera._door._password = "another"

    run = stand.export(at(0), at(32), max_concurrent=16, listen=listen)
    assert isinstance(run.error, LoginRefused)
    assert stand.camera.rejected_logins <= 17, "each once where they were under way, and one second try"


def test_a_clip_that_kills_the_merge_is_left_out_by_name(bench, monkeypatch):
    """The merge process dies alone: it starts again without the clip, which is named; the rest is bit-exact."""
    recordings = three_clips()
    stand = bench(recordings=recordings)

    def listen(event: events.Event) -> None:
        if isinstance(event, events.ClipFetched) and event.number == 2:
            clip = next(path for path in stand.folder.rglob("*_08.00.04-*.mp4"))
            clip.unlink()
            os.mkfifo(clip)  # the worker waits for ever for somebody to write into it

    monkeypatch.setattr("camreel.jobs.pipeline.MergeProcess", partial(MergeProcess, stall_seconds=5))
    run = stand.export(listen=listen)
    assert [clip.status for clip in run.ok.clips] == ["merged", "unusable", "merged"]
    assert run.ok.exit_code == 4
    rest = (recordings[0], recordings[2])
    assert frame_md5s(run.output) == [md5 for clip in rest for md5 in frame_md5s(clip.body())]
