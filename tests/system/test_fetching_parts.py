"""Only the wanted part of a long recording is fetched, and the video is the same to the byte as from all of it."""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import av
import pytest
from tests.conftest import START, at, frame_md5s, tuning

from camreel import events
from camreel.devices.http import Timeouts
from camreel.model import VideoOptions
from camreel.report import report_json, report_text
from camreel.transfer.retry import Backoff
from camreel_simulator import (
    ClipSpec,
    Fault,
    Quirks,
    Recorded,
    dav_frames,
    junk,
    make_clip,
    make_dav,
    seen_frames,
)
from camreel_simulator.footage.mp4_layout import as_amcrest, top_boxes

LENGTH = 90
ALL, PARTS = 1 << 60, 0  # bytes that a part must save to be fetched as one


def recorded(start: float = 0, kind: str = "mp4", seconds: int = LENGTH, **changes: Any) -> Recorded:
    fields: dict[str, object] = {"fps": 10, "size": (160, 90), "gop": 20}
    begin = START + timedelta(seconds=start)
    spec = ClipSpec(start=begin, seconds=seconds, **(fields | changes))  # type: ignore[arg-type]
    return Recorded(begin, begin + timedelta(seconds=seconds), spec, kind=kind)


def packets(video: Path) -> list[tuple[Any, ...]]:
    """Everything that is stored in a video: which track, when, and what; each track in its own order."""
    with av.open(str(video)) as container:
        found: list[tuple[Any, ...]] = [
            (packet.stream_index, packet.pts, packet.dts, packet.is_keyframe, zlib.crc32(bytes(packet)))
            for packet in container.demux()
        ]
    return sorted(found, key=lambda each: each[0])


def both_ways(bench, recordings, start, end, **settings):
    """An export of parts and one of whole recordings, of the same range; and the bytes that each took."""
    stand = bench(recordings=recordings, **settings)
    runs, sent = [], []
    for name, least in (("parts", PARTS), ("whole", ALL)):
        before = sum(stand.camera.bytes_sent.values())
        tune, output = tuning(least_saved=least), stand.folder / f"{name}.mp4"
        runs.append(stand.export(at(start), at(end), tune=tune, file=output))
        assert runs[-1].ok.exit_code == 0, runs[-1].ok
        sent.append(sum(stand.camera.bytes_sent.values()) - before)
    assert [path.name for path in stand.folder.iterdir() if path.is_dir()] == [], "nothing is left of the downloads"
    return (*runs, *sent)


def assert_same(parts, whole):
    assert frame_md5s(parts.output) == frame_md5s(whole.output)
    assert packets(parts.output) == packets(whole.output)
    assert parts.ok.account == whole.ok.account
    assert [clip.covered for clip in parts.ok.clips] == [clip.covered for clip in whole.ok.clips]


KINDS: dict[str, dict[str, Any]] = {
    "camera": {},
    "no-sound": {"audio": None},
    "b-frames": {"bframes": 2},
    "h265": {"video": "hevc"},
    "odd-rate": {"fps": 15, "gop": 40, "audio_rate": 16000},
}
PLACES = [(0, 9), (40.3, 51.7), (78, 90)]


@pytest.mark.parametrize(
    ("kind", "start", "end"),
    [("camera", *PLACES[0]), ("b-frames", *PLACES[2])] + [(kind, *PLACES[1]) for kind in KINDS],
)
def test_a_part_of_an_mp4_gives_the_same_video(bench, kind, start, end):
    """At the beginning, in the middle and at the end: every packet and every picture, and less than half the bytes."""
    parts, whole, sent, all_sent = both_ways(bench, [recorded(**KINDS[kind])], start, end)
    assert_same(parts, whole)
    assert sent < all_sent / 2


DAVS: dict[str, dict[str, Any]] = {
    "h264": {"audio": "alaw"},
    "h265": {"video": "hevc", "audio": "aac"},
    "no-sound": {"audio": None, "fps": 15},
}


@pytest.mark.parametrize(
    ("kind", "start", "end"), [("h264", *place) for place in PLACES] + [("h265", *PLACES[1]), ("no-sound", *PLACES[1])]
)
def test_a_part_of_a_dav_gives_the_same_video(bench, kind, start, end):
    """The same for the files of recorders."""
    parts, whole, sent, all_sent = both_ways(bench, [recorded(kind="dav", **DAVS[kind])], start, end)
    assert_same(parts, whole)
    assert sent < all_sent / 2


@pytest.mark.parametrize("clutter", ["junk", "stale", "header"])
def test_what_lies_before_the_footage_is_no_hindrance(bench, clutter):
    """Junk of 13 kB, frames of an older recording, or a header of its own: found behind it."""
    plain = recorded(kind="dav")
    assert isinstance(plain.content, ClipSpec)
    old = ClipSpec(start=START - timedelta(days=9), seconds=30, fps=10, size=(160, 90), gop=20)
    every: dict[str, dict[str, Any]] = {
        "junk": {"junk": junk(13_000)},
        "stale": {"stale": old},
        "header": {"header": True},
    }
    parts, whole, sent, all_sent = both_ways(
        bench, [replace(plain, content=make_dav(plain.content, **every[clutter]))], 40, 50
    )
    assert_same(parts, whole)
    assert sent < all_sent / 2


@pytest.mark.parametrize("kind", ["mp4", "dav"])
def test_a_range_across_two_recordings(bench, kind):
    """The end of one and the beginning of the next, joined as if both had been fetched whole."""
    recordings = [recorded(kind=kind, seconds=60), recorded(60, kind=kind, seconds=60)]
    parts, whole, sent, all_sent = both_ways(bench, recordings, 50.5, 71)
    assert_same(parts, whole)
    assert parts.ok.account.missing_seconds == 0
    assert sent < all_sent * 0.6


@pytest.mark.parametrize("video", [VideoOptions(exact=True), VideoOptions(h264=True)], ids=["exact", "h264"])
def test_what_is_encoded_again_begins_with_the_same_picture(bench, video):
    """--exact and --h264 decode from a keyframe before the start, which is in the part."""
    stand = bench(recordings=[recorded()])
    for name, least in (("parts", PARTS), ("whole", ALL)):
        run = stand.export(
            at(41.3), at(47), tune=tuning(least_saved=least), video=video, file=stand.folder / f"{name}.mp4"
        )
        assert run.ok.exit_code == 0
    one, other = (seen_frames(stand.folder / f"{name}.mp4") for name in ("parts", "whole"))
    assert one == other
    assert [number for _, number in one] == list(range(288413, 288470))


def test_recordings_that_overlap_are_fetched_whole(bench):
    """Their pictures are compared, also those outside the range: nothing may be missing of either."""
    continuous, event = recorded(), recorded(30, seconds=30)
    event = replace(event, path=event.path.replace("[M]", "[R]"))
    _parts, _whole, sent, all_sent = both_ways(bench, [continuous, event], 40, 50)
    assert sent == all_sent


@pytest.mark.parametrize("wish", [{"whole_clips": True}, {"keep_files": True}], ids=str)
def test_whole_clips_are_fetched_where_they_are_wanted(bench, wish):
    """--whole-clips and --keep-files."""
    recording = recorded()
    stand = bench(recordings=[recording])
    run = stand.export(at(40), at(50), tune=tuning(least_saved=PARTS), **wish)
    assert run.ok.exit_code == 0
    assert stand.camera.bytes_sent == {recording.path: recording.length()}


def requests(stand, part="RPC_Loadfile"):
    return [each for each in stand.camera.log if each.authorized and part in each.target]


def test_a_camera_without_range_is_asked_once_and_its_file_taken(bench):
    """What it sends instead is the whole file: it is not broken off, and nothing is asked for twice."""
    recordings = [recorded(seconds=60), recorded(60, seconds=60)]
    stand = bench(recordings=recordings, quirks=Quirks(ranges=False))
    run = stand.export(at(50), at(70), tune=tuning(least_saved=PARTS))
    assert run.ok.exit_code == 0
    assert stand.camera.bytes_sent == {each.path: each.length() for each in recordings}
    assert sum(each.range is not None for each in requests(stand)) == 1


@pytest.mark.parametrize(
    ("quirks", "by_time_will_do"),
    [
        ({}, True),
        ({"by_time_junk": True}, True),
        ({"by_time_seek_error": -5}, True),
        ({"by_time_seek_error": 60}, False),
        ({"by_time": False}, False),
    ],
    ids=str,
)
def test_a_recorder_without_range_is_asked_by_time(bench, quirks, by_time_will_do):
    """What comes is checked by the clock in its frames; where it is not the footage, the whole file is fetched."""
    recordings = [recorded(kind="dav")]
    stand = bench(recordings=recordings, quirks=Quirks(**({"ranges": False, "by_time": True} | quirks)))
    run = stand.export(at(40), at(50), tune=tuning(least_saved=PARTS))
    assert run.ok.exit_code == 0
    whole = bench(recordings=recordings).export(
        at(40), at(50), tune=tuning(least_saved=ALL), file=stand.folder / "whole.mp4"
    )
    assert frame_md5s(run.output) == frame_md5s(whole.output)
    assert sum(each.range is not None for each in requests(stand)) == 1, "one is broken off in a run, not more"
    assert sum(each.range is None for each in requests(stand)) == (0 if by_time_will_do else 1)


@pytest.mark.parametrize("kind", ["mp4", "dav"])
@pytest.mark.parametrize("fault", ["range_start", "range_total", "range_bytes", "range_unsaid", "range_refused"])
def test_a_lie_about_a_part_costs_the_whole_file_and_no_picture(bench, kind, fault):
    """Whichever of the answers is not what it says: the video is the same as from the whole file."""
    recordings = [recorded(kind=kind)]
    stand = bench(recordings=recordings, faults=[Fault(fault, target="RPC_Loadfile", skip=2, times=None)])
    run = stand.export(at(40), at(50), tune=tuning(least_saved=PARTS))
    assert run.ok.exit_code == 0
    stand.camera.clear_faults()
    whole = stand.export(at(40), at(50), tune=tuning(least_saved=ALL), file=stand.folder / "whole.mp4")
    assert frame_md5s(run.output) == frame_md5s(whole.output)


# What is broken off ends at once, and what has not been read of it then is lost: on a busy computer that may be all.
PATIENT = tuning(
    least_saved=PARTS,
    timeouts=Timeouts(connect=20, headers=20, text=20, refusal=5, stall=20),
    fetching=Backoff(attempts=12),
)
IMPATIENT = replace(PATIENT, fetching=Backoff(attempts=3))


def starts_of_footage(stand, until: int | None = None) -> list[int]:
    """From where on the bytes were asked for that the last request was for, each time; in the first ``until``."""
    asked = [each.range.removeprefix("bytes=").split("-") for each in requests(stand)]
    return [int(first) for first, last in asked[:until] if last == asked[-1][1]]


@pytest.mark.parametrize("kind", ["mp4", "dav"])
def test_a_part_that_breaks_off_is_continued(bench, kind):
    """From where it came to, not from its beginning; the video is the same."""
    recordings = [recorded(kind=kind)]
    fault = Fault("drop", target="RPC_Loadfile", at=150_000, times=None)
    stand = bench(recordings=recordings, faults=[fault])
    parts = stand.export(at(30), at(60), tune=PATIENT, file=stand.folder / "parts.mp4")
    assert not any(isinstance(event, events.ClipFailed) for event in parts.events)
    assert any(isinstance(event, events.Retrying) for event in parts.events)
    starts = starts_of_footage(stand)
    assert starts == sorted(starts) and starts[-1] > starts[0], "a try goes on behind the one before"
    stand.camera.clear_faults()
    whole = stand.export(at(30), at(60), tune=tuning(least_saved=ALL), file=stand.folder / "whole.mp4")
    assert_same(parts, whole)


def test_a_later_run_continues_a_part(bench):
    """What the camera sent before it failed for good is not fetched again by the same command."""
    recording = recorded()
    fault = Fault("drop", target="RPC_Loadfile", at=80_000, times=None)
    stand = bench(recordings=[recording], faults=[fault])
    assert stand.export(at(20), at(60), tune=IMPATIENT).error is not None
    asked = len(requests(stand))
    stand.camera.clear_faults()
    run = stand.export(at(20), at(60), tune=IMPATIENT)
    assert run.ok.covered_seconds == 40
    before = starts_of_footage(stand, asked)
    after = starts_of_footage(stand)[len(before) :]
    assert after
    assert not before or after[0] >= before[-1] >= before[0]  # a busy computer may have read nothing the first time


def test_a_part_is_never_taken_for_more_than_it_is(bench):
    """What a run left of one range is used by the same range again, and by no other."""
    recordings = [recorded(), recorded(90)]
    stand = bench(recordings=recordings, faults=[Fault("status", target=recordings[1].path, status=404, times=None)])
    tune = tuning(least_saved=PARTS)
    first = stand.export(at(70), at(100), tune=tune)
    assert first.ok.exit_code == 4, "the second recording could not be had"
    sent = dict(stand.camera.bytes_sent)
    stand.camera.clear_faults()
    other = stand.export(at(60), at(100), tune=tune, file=stand.folder / "other.mp4")
    assert other.ok.exit_code == 0
    assert other.ok.covered_seconds == 40
    path = stand.camera.recordings[0].path
    assert stand.camera.bytes_sent[path] > sent[path], "it was fetched anew"
    sent = dict(stand.camera.bytes_sent)
    again = stand.export(at(70), at(100), tune=tune)
    assert again.ok.exit_code == 0
    assert stand.camera.bytes_sent[path] == sent[path], "what is there is used"
    assert again.ok.covered_seconds == 30


def test_the_report_tells_what_was_fetched(bench):
    """The recordings, what they hold, and what was fetched of it."""
    recording = recorded()
    run = bench(recordings=[recording]).export(at(40), at(50), tune=tuning(least_saved=PARTS))
    found = report_json(run.ok)["found"]
    assert found["bytes"] == recording.length()
    assert 0 < found["fetched_bytes"] < recording.length() / 2
    assert "of which" in report_text(run.ok)


HOUR = 3600


def hour_of_mp4() -> bytes:
    """A minute of footage sixty times, in the layout of an Amcrest camera: a box for each picture, the index last."""
    minute = make_clip(ClipSpec(start=START, seconds=60, fps=10, size=(160, 90), gop=20, audio_extra=0, crf=8))
    made = io.BytesIO()
    with av.open(io.BytesIO(minute)) as source, av.open(made, "w", format="mp4") as film:
        tracks = [film.add_stream_from_template(each, opaque=True) for each in source.streams]
        stored = [(each.stream_index, each.pts, each.dts, bytes(each), each.is_keyframe) for each in source.demux()]
        bases = [each.time_base for each in source.streams]
        for number in range(60):
            for index, pts, dts, data, is_keyframe in stored:
                if pts is None or dts is None or not data or pts * bases[index] >= 60:
                    continue
                packet = av.Packet(data)
                shift = round(60 * number / bases[index])
                packet.stream, packet.time_base, packet.is_keyframe = tracks[index], bases[index], is_keyframe
                packet.pts, packet.dts = pts + shift, dts + shift
                film.mux(packet)
    return as_amcrest(made.getvalue())


def hour_of_dav() -> bytes:
    """A minute of frames sixty times, each time dated a minute later."""
    minute = dav_frames(ClipSpec(start=START, seconds=60, fps=10, size=(160, 90), gop=20, audio_extra=0, crf=8))
    out = []
    for number in range(60):
        for frame in minute:
            moment = frame.moment + timedelta(minutes=number)
            date = (moment.year - 2000) << 26 | moment.month << 22 | moment.day << 17
            date |= moment.hour << 12 | moment.minute << 6 | moment.second
            counter = round((moment - START).total_seconds() * 1000) & 0xFFFF
            out.append(frame.data[:16] + struct.pack("<IH", date, counter) + frame.data[22:])
    return b"".join(out)


@pytest.mark.parametrize("kind", ["mp4", "dav"])
def test_five_minutes_of_an_hour_cost_little_more_than_five_minutes(bench, kind):
    """At most 1.15 of the bytes of those five minutes, one group of pictures, and the index."""
    data = hour_of_mp4() if kind == "mp4" else hour_of_dav()
    index = next((size for name, _at, size in top_boxes(data) if name == b"moov"), 0) if kind == "mp4" else 0
    recording = Recorded(START, START + timedelta(seconds=HOUR), data, kind=kind)
    stand = bench(recordings=[recording])
    run = stand.export(at(1803), at(2103))
    assert run.ok.exit_code == 0
    assert len(frame_md5s(run.output)) == pytest.approx(3000, abs=20)
    assert run.ok.covered_seconds == 300
    sent = sum(stand.camera.bytes_sent.values())
    footage = len(data) - index
    assert sent <= 1.15 * footage * 300 / HOUR + footage * 2 / HOUR + index
