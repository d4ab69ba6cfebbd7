"""What can be asked of a film besides its range: an exact start, real time, subtitles, parts, one codec for all."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path

import av
import pytest
from tests.conftest import by_turns
from tests.unit.media.reencoding import frames_of, psnr

from camreel.media.merge.merger import Merger
from camreel.media.worker.messages import ClipFile
from camreel.model import Gaps, WallTime
from camreel_simulator import ClipSpec, heard_beeps, make_clip, read_frame_number, seen_frames

pytestmark = pytest.mark.slow(reason="re-encodes and decodes dozens of videos")

EIGHT = datetime(2026, 1, 16, 8, 0, 0)  # noqa: DTZ001 - the clock of a camera
FIRST = 8 * 3600 * 10  # the number in the picture of eight o'clock: ten a second since midnight
IN_STEP = 0.065


# The exact start.


@pytest.mark.parametrize(
    ("container", "video", "start"),
    by_turns(["mp4", "mkv", "mov", "avi"], ["h264", "hevc"], [2.0, 2.4, 2.95, 4.7], of=2),
)
def test_exact_start(studio, source_hashes, container, video, start):
    """The film begins with the picture of that moment; from the next keyframe on every picture is the clip's own."""
    if container == "avi" and video == "hevc":
        return
    clips = [studio.clip(ClipSpec(EIGHT, 5, video=video, gop=10)), *studio.row(1, begin=5, video=video)]
    film = studio.merge(container, clips, (start, 7.5), exact=True)
    wanted = math.floor(start * 10)
    assert film.numbers() == [FIRST + n for n in range(wanted, 75)]
    own = source_hashes(clips)[:75]
    film_hashes = film.hashes()
    copied = next(n for n, md5 in enumerate(film_hashes) if md5 in own[wanted:])
    assert copied <= 10
    assert film_hashes[copied:] == own[wanted + copied :]
    for shown, source in zip(frames_of(film.path)[:copied], frames_of(Path(clips[0].path))[wanted:], strict=False):
        assert psnr(shown, source) > 35
    said = [note for note in film.notes if "re-encoded (--exact)" in note]
    assert len(said) == (copied > 0)
    began = film.outcomes[0].covered.start.naive - EIGHT
    assert began.total_seconds() == pytest.approx(wanted / 10, abs=0.001)
    assert max(map(abs, film.lateness())) <= IN_STEP


def test_what_cannot_be_encoded_again_is_named(studio):
    """Frames before the first keyframe that do not decode are lost by name, and are not counted as encoded."""
    clip = studio.clip(ClipSpec(EIGHT, 5, gop=10))
    with av.open(clip.path) as source:
        at = [(packet.pos, packet.size) for packet in source.demux(video=0) if packet.size][25:27]
    data = bytearray(Path(clip.path).read_bytes())
    for place, size in at:
        data[place : place + size] = (size - 4).to_bytes(4, "big") + b"\x21" + bytes(size - 5)
    Path(clip.path).write_bytes(data)
    outcome = studio.merge("mp4", [clip], (2.2, 5), exact=True).outcomes[0]
    frames = outcome.frames
    assert (outcome.damaged, frames.damaged, frames.reencoded, frames.written) == (2, 2, 7, 19)
    assert frames.unaccounted == 0


def test_without_exact_nothing_wanted_is_cut_away(studio):
    """By default the film begins with the keyframe before, and every picture is the clip's own."""
    clips = [studio.clip(ClipSpec(EIGHT, 5, gop=10))]
    film = studio.merge("mp4", clips, (2.95, 5))
    assert film.numbers()[0] <= FIRST + 29
    assert film.numbers()[-1] == FIRST + 49


# Holes and gaps.


def with_a_hole(spec: ClipSpec, after: float, seconds: float) -> bytes:
    """The clip, what is later than ``after`` put off by ``seconds``."""
    made = BytesIO()
    with av.open(BytesIO(make_clip(spec)), "r") as source, av.open(made, "w", format="mp4") as cut:
        tracks = {stream.index: cut.add_stream_from_template(stream, opaque=True) for stream in source.streams}
        for packet in source.demux():
            if packet.dts is None:
                continue
            move = round(seconds / packet.time_base) if packet.dts * packet.time_base >= after else 0
            packet.pts, packet.dts = packet.pts + move, packet.dts + move
            packet.stream = tracks[packet.stream_index]
            cut.mux(packet)
    return made.getvalue()


@pytest.mark.parametrize("container", ["mp4", "mkv"])
def test_a_hole_within_a_clip_is_a_gap(studio, container):
    """A clip whose pictures stop for ten seconds: the film goes on at once, and the hole is told."""
    clip = studio.file(with_a_hole(ClipSpec(EIGHT, 6), 2, 10), EIGHT, 16)
    film = studio.merge(container, [clip])
    assert film.result.seconds == pytest.approx(6, abs=0.11)
    assert len(film.hashes()) == 60
    (hole,) = film.outcomes[0].holes
    assert hole.seconds == pytest.approx(10, abs=0.11)
    assert [chapter.title[20:].lstrip("0123456789:+ ") for chapter in film.result.chapters][
        1
    ] == "(after a gap of 10 s)"
    late = film.lateness()
    assert len(late) >= 4
    assert max(map(abs, late)) <= IN_STEP


@pytest.mark.parametrize("container", ["mp4", "mkv", "mov", "avi"])
@pytest.mark.parametrize("sound", ["aac", "alaw", None])
def test_gaps_hold_keeps_real_time(studio, source_hashes, container, sound):
    """The film lasts as long as what was recorded and what was not; sound is silent meanwhile, and in step behind."""
    clips = [*studio.row(1, audio=sound), *studio.row(1, begin=8, audio=sound), *studio.row(1, begin=20, audio=sound)]
    film = studio.merge(container, clips, gaps=Gaps.HOLD)
    assert film.result.seconds == pytest.approx(23)
    assert film.hashes() == source_hashes(clips)
    starts = [shown for shown, number in seen_frames(film.path) if number in {FIRST, FIRST + 80, FIRST + 200}]
    early = 0.1 if container == "avi" else 0
    assert starts == pytest.approx([0, 8 + early, 20 + early], abs=0.02 if container != "avi" else 0.11)
    if sound:
        beeps = heard_beeps(film.path)
        assert not [beep for beep in beeps if 3.2 < beep < 7.8 or 11.2 < beep < 19.8]
        assert len([beep for beep in beeps if min(abs(beep - at) for at in (20, 21, 22)) <= IN_STEP + 0.02]) >= 2


def test_a_held_hole_within_a_clip(studio):
    """In real time a hole in a clip stays as long as it was."""
    clip = studio.file(with_a_hole(ClipSpec(EIGHT, 6), 2, 10), EIGHT, 16)
    film = studio.merge("mp4", [clip], gaps=Gaps.HOLD)
    assert film.result.seconds == pytest.approx(16, abs=0.11)
    assert film.outcomes[0].holes


# Several files.


@pytest.mark.parametrize("container", ["mp4", "mkv"])
@pytest.mark.parametrize("bframes", [0, 2])
def test_split_at_moments(studio, source_hashes, container, bframes):
    """A new file begins with the first keyframe at or after each moment; no picture is lost or shown twice."""
    clips = studio.row(3, seconds=4, gop=10, bframes=bframes)
    moments = tuple(WallTime(EIGHT + timedelta(seconds=each)) for each in (3, 8))
    films = studio.merge_all(container, clips, split_at=moments)
    assert len(films.results) == 3
    assert [md5 for hashes in films.hashes() for md5 in hashes] == source_hashes(clips)
    begins = [film.span.start.naive - EIGHT for film in films.results]
    assert [
        timedelta(0) <= begin - timedelta(seconds=at) <= timedelta(seconds=1.1)
        for begin, at in zip(begins, (0, 3, 8), strict=True)
    ] == [True] * 3
    for film in films.each():
        assert max(map(abs, film.lateness()), default=0) <= IN_STEP
    assert [outcome.covered.seconds for outcome in films.outcomes] == pytest.approx([4, 4, 4], abs=0.01)


def test_split_by_size(studio, source_hashes):
    """No file is larger than asked for, and as few are made as that takes."""
    clips = studio.row(6, seconds=3, gop=10)
    whole = sum(Path(clip.path).stat().st_size for clip in clips)
    films = studio.merge_all("mp4", clips, split=whole // 3)
    assert [md5 for hashes in films.hashes() for md5 in hashes] == source_hashes(clips)
    assert all(film.size <= whole // 3 for film in films.results)
    assert 3 <= len(films.results) <= 6


@pytest.mark.parametrize(
    ("container", "sound", "seconds"), by_turns(["mp4", "mkv", "avi"], [None, "aac"], [1, 3], of=2)
)
def test_split_by_size_of_clips_with_one_keyframe(studio, source_hashes, container, sound, seconds):
    """A clip that would pass the size goes into the next file as a whole, also if it is larger than all before."""
    sizes = [(160, 90), (160, 90), (640, 360), (160, 90), (320, 180), (640, 360)]
    if container == "avi":  # which holds pictures of one size
        sizes = [(320, 180)] * 6
    clips = [
        clip
        for at, size in enumerate(sizes)
        for clip in studio.row(1, seconds=seconds, begin=seconds * at, gop=1000, size=size, audio=sound)
    ]
    most = max(Path(clip.path).stat().st_size for clip in clips) * (24 if container == "avi" else 11) // 10 + 8192
    films = studio.merge_all(container, clips, split=most)
    assert [md5 for hashes in films.hashes() for md5 in hashes] == source_hashes(clips)
    assert all(film.size <= most for film in films.results)
    assert 1 < len(films.results) < 6
    assert not films.notes


@pytest.mark.parametrize("step", [1, 7])
def test_split_at_moments_between_clips_with_one_keyframe(studio, source_hashes, step):
    """Each clip that begins at or after a moment begins the next file, whether clips follow each other or not."""
    clips = studio.row(6, seconds=1, gap=step - 1, gop=1000)
    moments = tuple(WallTime(EIGHT + timedelta(seconds=2 * step * each)) for each in (1, 2))
    films = studio.merge_all("mp4", clips, split_at=moments)
    assert [film.span.start for film in films.results] == [WallTime(EIGHT), *moments]
    assert [len(hashes) for hashes in films.hashes()] == [20, 20, 20]
    assert [md5 for hashes in films.hashes() for md5 in hashes] == source_hashes(clips)


def test_what_grows_within_a_clip_is_seen_before_it_is_copied(studio, source_hashes):
    """By its own index a clip tells how large the next group of pictures is: it need not be like those before."""
    clips = [*studio.row(2, seconds=2, gop=5, size=(160, 90)), *studio.row(3, seconds=3, begin=4, gop=10)]
    whole = sum(Path(clip.path).stat().st_size for clip in clips)
    films = studio.merge_all("mp4", clips, split=whole // 2)
    assert [md5 for hashes in films.hashes() for md5 in hashes] == source_hashes(clips)
    assert all(film.size <= whole // 2 for film in films.results)


def test_a_clip_larger_than_the_size_is_said_to_be(studio, source_hashes):
    """Nothing can be cut between keyframes: the file is larger, and the report says so."""
    clips = studio.row(3, seconds=2, gop=1000)
    films = studio.merge_all("mp4", clips, split=Path(clips[0].path).stat().st_size // 2)
    assert len(films.results) == 3
    assert [md5 for hashes in films.hashes() for md5 in hashes] == source_hashes(clips)
    (note,) = films.notes
    assert "3 files are larger than --split" in note
    assert "keyframe" in note


# One codec for all.


@pytest.mark.parametrize("container", ["mp4", "mkv"])
def test_h264_makes_one_file_of_all(studio, container):
    """Another codec, another size and B-frames: one H.264 film of one size, each picture once, at its time."""
    clips = [
        *studio.row(1, video="hevc"),
        *studio.row(1, begin=3, size=(640, 360)),
        *studio.row(1, begin=6, bframes=2, audio=None),
        *studio.row(1, begin=9, video="hevc", fps=25),
    ]
    film = studio.merge(container, clips, h264=True)
    assert film.result.video_codec == "h264"
    frames = frames_of(film.path)
    assert {(frame.width, frame.height) for frame in frames} == {(320, 180)}
    numbers = [read_frame_number(frame) for frame in (*frames[:30], *frames[60:90])]
    assert numbers == [FIRST + n for n in (*range(30), *range(60, 90))]
    assert len(frames) == 90 + 75
    assert film.result.seconds == pytest.approx(12, abs=0.1)
    times = [frame.time for frame in frames]
    assert times == sorted(times)
    assert max(map(abs, film.lateness()[:5])) <= IN_STEP  # of the clips with ten pictures a second
    originals = frames_of(Path(clips[0].path))
    assert min(psnr(one, other) for one, other in zip(frames, originals, strict=False)) > 30


def test_h264_begins_and_ends_where_asked(studio):
    """What is encoded anyway is cut to the picture."""
    film = studio.merge("mp4", studio.row(2, video="hevc", gop=20), (1.7, 4.3), h264=True)
    assert film.numbers() == [FIRST + n for n in range(17, 43)]


def test_h264_shows_shared_moments_once(studio):
    """Where clips overlap, the second goes on where the first ended."""
    whole = make_clip(ClipSpec(EIGHT, 8, video="hevc", gop=10))
    clips = [studio.file(part(whole, 0, 5), EIGHT, 5), studio.file(part(whole, 3, 8), EIGHT + timedelta(seconds=3), 5)]
    film = studio.merge("mp4", clips, h264=True)
    assert film.numbers() == [FIRST + n for n in range(80)]


def part(whole: bytes, start: float, end: float) -> bytes:
    made = BytesIO()
    with av.open(BytesIO(whole), "r") as source, av.open(made, "w", format="mp4") as cut:
        track = cut.add_stream_from_template(source.streams.video[0], opaque=True)
        for packet in source.demux(video=0):
            if packet.dts is None or not start <= packet.dts * packet.time_base < end:
                continue
            move = round(start / packet.time_base)
            packet.pts, packet.dts = packet.pts - move, packet.dts - move
            packet.stream = track
            cut.mux(packet)
    return made.getvalue()


# What is written beside the pictures.


@pytest.mark.parametrize("container", ["mp4", "mov", "mkv"])
@pytest.mark.parametrize("gaps", list(Gaps))
def test_subtitles_run_with_the_clock(studio, container, gaps):
    """Each second of the camera's clock has its line while its pictures are shown, also behind a gap."""
    clips = [*studio.row(1, seconds=3), *studio.row(1, seconds=3, begin=10)]
    film = studio.merge(container, clips, subtitles=True, gaps=gaps, utc_offset=-8 * 3600)
    with av.open(str(film.path)) as opened:
        lines = [
            (float(packet.pts * packet.time_base), float(packet.duration * packet.time_base), bytes(packet))
            for packet in opened.demux(subtitles=0)
            if packet.size > 2
        ]
    after = 10 if gaps is Gaps.HOLD else 3
    assert [start for start, _, _ in lines] == pytest.approx([0, 1, 2, after, after + 1, after + 2], abs=0.002)
    texts = [text.decode("utf-8", "replace")[-25:] for _, _, text in lines]
    assert texts == [f"2026-01-16 08:00:{second:02d}-08:00" for second in (0, 1, 2, 10, 11, 12)]
    assert all(length == pytest.approx(1, abs=0.12) for _, length, _ in lines)
    assert film.result.subtitles == 6


def test_events_are_chapters(studio):
    """An event that the camera lists has its chapter, and so has what comes after it; gaps have theirs."""
    clips = studio.row(4, seconds=2)
    clips[1] = replace(clips[1], events=("motion",))
    clips[2] = replace(clips[2], events=("motion",))
    film = studio.merge("mkv", clips, utc_offset=0)
    titles = [chapter.title for chapter in film.result.chapters]
    assert titles == [
        "2026-01-16 08:00:00+00:00",
        "2026-01-16 08:00:02+00:00 (motion)",
        "2026-01-16 08:00:06+00:00",
    ]
    with av.open(str(film.path)) as opened:
        chapters = opened.chapters()
    assert [chapter["metadata"]["title"] for chapter in chapters] == titles
    ticks = [float(chapter["start"] * chapter["time_base"]) for chapter in chapters]
    assert ticks == pytest.approx([0, 2, 6], abs=0.01)


@pytest.mark.parametrize(("container", "key"), [("mp4", "date"), ("mov", "com.apple.quicktime.creationdate")])
def test_creation_date_with_its_zone(studio, container, key):
    """QuickTime files say when they were recorded by the camera's own clock, with its offset; and who recorded it."""
    film = studio.merge(
        container, studio.row(1), utc_offset=-8 * 3600, camera="IP8M-2496E “Front door”", title="Evening"
    )
    with av.open(str(film.path)) as opened:
        found = {name.lower(): text for name, text in opened.metadata.items()}
    assert found[key] == "2026-01-16T08:00:00-08:00"
    assert found["creation_time"].startswith("2026-01-16T16:00:00")
    assert found["artist"] == "IP8M-2496E “Front door”"
    assert found["title"] == "Evening"


@pytest.mark.parametrize("container", ["mp4", "mov"])
def test_faststart(studio, source_hashes, container):
    """The index is before the pictures."""
    clips = studio.row(2)
    film = studio.merge(container, clips, faststart=True)
    body = film.path.read_bytes()
    assert 0 < body.find(b"moov") < body.find(b"mdat")
    assert film.hashes() == source_hashes(clips)


# What a clip can be.


def test_broken_and_short_clips_can_be_fetched_again(studio):
    """A broken clip that can be had again is not taken; nothing of it is in the film."""
    good, short = (
        studio.clip(ClipSpec(EIGHT, 3)),
        _faststart(studio, make_clip(ClipSpec(EIGHT + timedelta(seconds=3), 3))),
    )
    bodies = {"garbage": b"\1" * 5000, "html": b"<html>", "": b"", "cut": short[: len(short) * 2 // 3]}
    for name, body in bodies.items():
        clip = studio.file(body, EIGHT + timedelta(seconds=3), 3, f"{name}.mp4")
        known = ClipFile(clip.number, clip.path, clip.span, clip.label, again=True)
        merger = Merger(studio.job("mp4", output=str(studio.folder / f"{name}.part")))
        merger.add(good, lambda _, wall: None)
        assert merger.add(known, lambda _, wall: None).again
        assert merger.finish().films[0].video_packets == 30


def _faststart(studio, body: bytes) -> bytes:
    """The clip with its index in front."""
    made = studio.folder / "front.mp4"
    with (
        av.open(BytesIO(body), "r") as source,
        av.open(str(made), "w", format="mp4", options={"movflags": "faststart"}) as out,
    ):
        tracks = {stream.index: out.add_stream_from_template(stream, opaque=True) for stream in source.streams}
        for packet in source.demux():
            if packet.dts is not None:
                packet.stream = tracks[packet.stream_index]
                out.mux(packet)
    return Path(made).read_bytes()


@pytest.mark.parametrize("container", ["mp4", "mkv"])
def test_what_an_edit_list_hides_is_shown_where_it_is_needed(studio, container):
    """By name, and before the time for which the clip is listed; its sound stays."""
    made = studio.folder / "edited.mp4"
    with av.open(BytesIO(make_clip(ClipSpec(EIGHT, 4, gop=10))), "r") as source, av.open(str(made), "w") as out:
        tracks = {stream.index: out.add_stream_from_template(stream, opaque=True) for stream in source.streams}
        for packet in source.demux():
            if packet.dts is None or (packet.stream_index and packet.pts * packet.time_base < 1):
                continue
            move = round(1 / packet.time_base)
            packet.pts, packet.dts = packet.pts - move, packet.dts - move
            packet.stream = tracks[packet.stream_index]
            out.mux(packet)
    clip = studio.file(made.read_bytes(), EIGHT + timedelta(seconds=1), 3)
    film = studio.merge(container, [clip])
    # The keyframe before the edit is the second picture here: the first is hidden, and nothing needs it.
    assert film.numbers() == [FIRST + n for n in range(1, 40)]
    assert film.outcomes[0].missing_packets == 0
    assert film.outcomes[0].hidden_shown == 9
    covered = film.outcomes[0].covered
    assert (covered.start.naive - EIGHT, covered.end.naive - EIGHT) == (timedelta(seconds=0.1), timedelta(seconds=4))
    assert max(map(abs, film.lateness()[1:])) <= IN_STEP
