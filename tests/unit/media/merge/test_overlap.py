"""Clips that hold the same time: each moment is shown once, and in doubt nothing is left out."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction
from io import BytesIO

import av
import pytest
from tests.accounting.clips import Cut, Feature
from tests.conftest import by_turns

from camreel.formats.nal import read_parameters
from camreel.media.clips.marks import Mark
from camreel.media.merge.overlap import ClipFrames, Seam, find_seam
from camreel.model import Span, WallTime
from camreel_simulator import ClipSpec, make_clip

pytestmark = pytest.mark.slow(reason="merges and decodes dozens of videos")

EIGHT = datetime(2026, 1, 16, 8, 0, 0)  # noqa: DTZ001 - the clock of a camera


def wall(seconds: float) -> WallTime:
    return WallTime(EIGHT + timedelta(seconds=seconds))


def part(whole: bytes, start: float, end: float) -> bytes:
    """The packets of an mp4 from the keyframe at ``start`` on, up to ``end`` (seconds): what the same encoder wrote."""
    made = BytesIO()
    with av.open(BytesIO(whole), "r") as source, av.open(made, "w", format="mp4") as cut:
        tracks = {stream.index: cut.add_stream_from_template(stream, opaque=True) for stream in source.streams}
        for packet in source.demux():
            if packet.dts is None or not start <= packet.dts * packet.time_base < end:
                continue
            move = round(start / packet.time_base)
            packet.pts, packet.dts = packet.pts - move, packet.dts - move
            packet.stream = tracks[packet.stream_index]
            cut.mux(packet)
    return made.getvalue()


def film_of(studio, whole: bytes, *parts: tuple[float, float], listed=None, **more):
    """The film of parts of one recording, listed for their time or by ``listed`` (seconds)."""
    clips = []
    for number, (start, end) in enumerate(parts):
        at = start if listed is None else listed[number]
        clips.append(studio.file(part(whole, start, end), EIGHT + timedelta(seconds=at), end - start))
    return studio.merge(more.pop("container", "mp4"), clips, **more)


@pytest.fixture(scope="module")
def bodies():
    """Twelve seconds of each codec, a keyframe every second."""
    return {codec: make_clip(ClipSpec(EIGHT, 12, video=codec, gop=10)) for codec in ("h264", "hevc")}


def numbers(start: float, end: float) -> list[int]:
    """The pictures of ten a second."""
    first = (EIGHT - datetime(EIGHT.year, EIGHT.month, EIGHT.day)).seconds * 10  # noqa: DTZ001
    return [first + n for n in range(round(start * 10), round(end * 10))]


@pytest.mark.parametrize(("container", "codec", "end"), by_turns(["mp4", "mkv"], ["h264", "hevc"], [5, 5.7, 6.3], of=2))
def test_the_same_bytes_are_cut_between_two_pictures(studio, bodies, codec, container, end):
    """Pre-recorded seconds are shown once, though the later clip then goes on in the middle of a GOP."""
    film = film_of(studio, bodies[codec], (0, end), (4, 12), container=container)
    whole = studio.file(bodies[codec])
    assert film.hashes() == studio.merge(container, [whole], output=str(studio.folder / "whole.part")).hashes()
    assert film.notes == ()
    assert film.outcomes[1].duplicates == pytest.approx((end - 4) * 10, abs=1)
    assert film.result.seconds == pytest.approx(12)
    assert max(map(abs, film.lateness())) <= 0.065


@pytest.mark.parametrize("late", [-0.9, -0.4, 0.4, 0.9])
def test_bytes_go_before_listed_times(studio, bodies, late):
    """Listed times are off by up to a second: where the bytes agree that does not matter."""
    film = film_of(studio, bodies["h264"], (0, 6), (4, 12), listed=(0, 4 + late))
    assert len(film.hashes()) == len(set(film.hashes())) == 120
    assert film.notes == ()


def test_a_clip_inside_another(studio, bodies):
    """The copy of an event within a continuous recording is not shown again, and is not lost either."""
    film = film_of(studio, bodies["h264"], (0, 12), (3, 6), (7, 9))
    assert len(film.hashes()) == len(set(film.hashes())) == 120
    assert [outcome.inside for outcome in film.outcomes] == [None, 0, 0]
    assert film.notes == ()


def test_several_at_once(studio, bodies):
    """Clips that overlap the one before and the one after."""
    film = film_of(studio, bodies["h264"], (0, 4), (3, 7), (5, 6), (6, 10), (9, 12))
    assert len(film.hashes()) == len(set(film.hashes())) == 120


@pytest.mark.parametrize("container", ["mp4", "mkv"])
@pytest.mark.parametrize(("start", "seconds"), [(3, 6), (3, 4), (3, 9), (2, 8), (0, 10), (8, 6), (9, 5)])
def test_other_bytes_are_all_shown(studio, source_hashes, container, start, seconds):
    """A clock alone leaves out nothing: where the encoder made other pictures of the same time, both are shown."""
    clips = [
        studio.clip(ClipSpec(EIGHT, 10)),
        studio.clip(ClipSpec(EIGHT + timedelta(seconds=start), seconds, gop=7)),
    ]
    film = studio.merge(container, clips)
    assert film.hashes() == source_hashes(clips[:1]) + source_hashes(clips[1:])
    assert [outcome.inside for outcome in film.outcomes] == [None, None]
    end = min(10, start + seconds)
    twice = f"2026-01-16 08:00:{start:02d} to 08:00:{end:02d} is in two recordings and is shown twice"
    assert film.notes == (f"{twice}: their pictures differ.",)


@pytest.mark.parametrize("shared", [7, 35])
def test_copies_that_cannot_share_a_file_are_named_once(studio, shared):
    """One is to be shown turned: all of both is shown, and one sentence says so, however long it is."""
    turned, upright = Cut("plain", 0, 49, odd=frozenset({Feature.TURNED})), Cut("plain", 49 - shared, 49)
    begins = EIGHT + timedelta(seconds=(49 - shared) / 10)
    films = studio.merge_all("mp4", [studio.file(turned.body, EIGHT, 5), studio.file(upright.body, begins, 5)])
    assert [film.video_packets for film in films.results] == [49, 49]
    (said,) = (each for each in films.notes if "twice" in each)
    assert said.endswith("is in the recording before it, too, and is shown twice: they cannot share a file.")


def test_what_is_listed_early_cuts_nothing(studio, source_hashes):
    """Recordings that follow each other, of which one is listed seconds too early."""
    clips = [studio.file(make_clip(ClipSpec(EIGHT + timedelta(seconds=6 * n), 6)), EIGHT, 6) for n in range(3)]
    starts = (0, 3, 12)
    clips = [replace(clip, span=Span(wall(at), wall(at + 6))) for clip, at in zip(clips, starts, strict=True)]
    film = studio.merge("mp4", clips)
    assert film.hashes() == source_hashes(clips)
    assert any("08:00:03 to 08:00:06 is in two recordings" in note for note in film.notes)


@pytest.mark.parametrize("late", [-5, -2.5, 2.5, 5])
def test_pictures_prove_that_a_list_is_wrong(studio, bodies, late):
    """The end of one clip is the start of the next, whatever their times: it is shown once."""
    film = film_of(studio, bodies["h264"], (0, 8), (6, 12), listed=(0, 6 + late))
    assert len(film.hashes()) == len(set(film.hashes())) == 120
    assert film.notes == ()


def test_the_same_clip_at_two_times_is_shown_twice(studio, bodies):
    """What is the same from the first picture on may be served twice for two recordings: the list decides."""
    film = film_of(studio, bodies["h264"], (0, 5), (0, 5), listed=(0, 5))
    assert len(film.hashes()) == 100


@pytest.mark.parametrize("longer", [1, 3000])
@pytest.mark.parametrize("container", ["mp4", "mkv"])
@pytest.mark.parametrize(("start", "end"), [(0, 12), (3, 6), (6, 12)])
def test_copies_that_differ_beside_the_slices(studio, bodies, container, start, end, longer):
    """Delimiters, messages and parameter sets in front of the slices do not make another picture."""
    whole, copy = bodies["h264"], dressed(part(bodies["h264"], start, end), longer)
    clips = [studio.file(whole, EIGHT, 12), studio.file(copy, EIGHT + timedelta(seconds=start), end - start)]
    film = studio.merge(container, clips)
    assert len(film.hashes()) == len(set(film.hashes())) == 120
    assert film.outcomes[1].inside == 0


def dressed(body: bytes, longer: int) -> bytes:
    """Each picture with a delimiter, its parameter sets and a message of ``longer`` bytes in front."""
    made = BytesIO()
    with av.open(BytesIO(body), "r") as source, av.open(made, "w", format="mp4") as out:
        video = source.streams.video[0]
        track = out.add_stream_from_template(video, opaque=True)
        sets = read_parameters("h264", video.codec_context.extradata).sets
        front = unit(b"\x09\xf0") + sets + unit(b"\x06\x05" + bytes(longer) + b"\x80")
        for packet in source.demux(video):
            if packet.size:
                packet_of = av.Packet(front + bytes(packet))
                packet_of.stream, packet_of.time_base = track, packet.time_base
                packet_of.pts, packet_of.dts, packet_of.is_keyframe = packet.pts, packet.dts, packet.is_keyframe
                out.mux(packet_of)
    return made.getvalue()


def unit(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data


def test_a_still_scene_is_not_taken_for_a_repetition(studio, source_hashes):
    """Clips of the same still picture that follow each other are all shown: their bytes agree wherever one looks."""
    body = make_clip(ClipSpec(EIGHT, 4, gop=10))
    still = _still(body)
    clips = [studio.file(still, EIGHT + timedelta(seconds=4 * n), 4) for n in range(4)]
    film = studio.merge("mp4", clips)
    assert film.hashes() == source_hashes(clips)


def test_a_still_scene_that_overlaps(studio):
    """By the clock the clips share two seconds: what is left out is no more than is sure to be there."""
    still = _still(make_clip(ClipSpec(EIGHT, 4, gop=10)))
    clips = [studio.file(still, EIGHT, 4), studio.file(still, EIGHT + timedelta(seconds=2), 4)]
    film = studio.merge("mp4", clips)
    assert 60 <= len(film.hashes()) <= 71


def _still(body: bytes) -> bytes:
    """The same, each GOP the first one over again."""
    made = BytesIO()
    with av.open(BytesIO(body), "r") as source, av.open(made, "w", format="mp4") as cut:
        video = source.streams.video[0]
        track = cut.add_stream_from_template(video, opaque=True)
        packets = [bytes(packet) for packet in source.demux(video) if packet.size]
        for number in range(len(packets)):
            packet = av.Packet(packets[number % 10])
            packet.stream, packet.time_base = track, Fraction(1, 10)
            packet.pts = packet.dts = number
            packet.duration, packet.is_keyframe = 1, number % 10 == 0
            cut.mux(packet)
    return made.getvalue()


@pytest.mark.parametrize("container", ["mp4", "mkv"])
def test_a_clip_that_ends_after_the_range(studio, bodies, container):
    """Of two clips that both reach beyond the range, the second shows nothing of it again."""
    film = film_of(studio, bodies["h264"], (0, 10), (4, 12), container=container, seconds=(2, 8))
    assert film.numbers() == numbers(1.1, 8)  # from the keyframe before the start


SECOND = timedelta(seconds=1)


def footage(start: float, marks: list[Mark], doubt: timedelta = SECOND) -> ClipFrames:
    wall = WallTime(EIGHT + timedelta(seconds=start))
    return ClipFrames(wall, wall + timedelta(microseconds=marks[-1].at + 100_000), marks, doubt)


def pictures(first: int, count: int) -> list[Mark]:
    """Ten a second, each with a checksum of its own."""
    return [Mark(at * 100_000, 1000 + first + at, first + at, (first + at) % 10 == 0) for at in range(count)]


def test_joint_of_the_same_bytes():
    """As many are skipped as both have, and the later clip is put to where its pictures are."""
    found = find_seam(footage(0, pictures(0, 60)), footage(4.5, pictures(40, 60)))
    assert found == Seam(skip=20, shift=timedelta(seconds=-0.5))


@pytest.mark.parametrize("start", [2.5, 5.5, 7.5])
def test_the_end_of_one_clip_at_the_start_of_the_next_proves_its_time(start):
    """Where pictures agree, listed times may be off by more than their rounding."""
    found = find_seam(footage(0, pictures(0, 60)), footage(start, pictures(40, 60)))
    assert found == Seam(skip=20, shift=timedelta(seconds=4 - start))


def test_the_same_bytes_elsewhere_are_another_scene():
    """Not far away, and not if all of a clip is the same: then it is listed as another."""
    assert find_seam(footage(0, pictures(0, 60)), footage(70, pictures(40, 60))) == Seam()
    assert find_seam(footage(0, pictures(0, 60)), footage(7.5, pictures(0, 60))) == Seam()


def test_a_still_scene_proves_nothing():
    """Pictures that look alike agree anywhere."""
    still = [mark._replace(size=100, checksum=mark.key) for mark in pictures(0, 60)]
    assert find_seam(footage(0, still), footage(8.5, still)) == Seam()


def test_clips_that_follow_each_other():
    """No overlap by the clock, no seam."""
    assert find_seam(footage(0, pictures(0, 60)), footage(7.5, pictures(60, 60))) == Seam()
    assert find_seam(footage(0, pictures(0, 60)), footage(6, pictures(60, 60))) == Seam()


def test_an_index_that_claims_hours_hides_no_other_clip():
    """What a clip's index claims beyond its listed end is no reason to leave out another clip, or to cut anything."""
    wall = WallTime(EIGHT)
    bogus = ClipFrames(wall, wall + timedelta(hours=2), pictures(0, 60), SECOND, listed_end=wall + timedelta(seconds=6))
    after = footage(6, pictures(100, 60))
    assert find_seam(bogus, after) == Seam()
