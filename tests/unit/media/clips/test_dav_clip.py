"""Recordings of recorders (``.dav``): the same pictures, sound in step, at the times that their own frames tell."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import av
import pytest

from camreel.model import Span, WallTime
from camreel_simulator import ClipSpec, junk, make_dav, seen_frames

pytestmark = pytest.mark.slow(reason="merges and decodes dozens of videos")

EIGHT = datetime(2026, 1, 16, 8, 0, 0)  # noqa: DTZ001 - the clock of a camera
AT_EIGHT = 8 * 3600 * 10  # the number of the picture at eight o'clock, at 10 pictures a second
NINE_DAYS = timedelta(days=9)


def span(start: float, end: float) -> Span:
    return Span(*(WallTime(EIGHT + timedelta(seconds=each)) for each in (start, end)))


@pytest.fixture
def dav(studio):
    """Puts a recording into the studio's folder."""

    def put(spec: ClipSpec, listed: tuple[datetime, float] | None = None, edit=lambda data: data, **more):
        start, seconds = listed or (spec.start, spec.seconds)
        return studio.file(edit(make_dav(spec, **more)), start, seconds, f"clip {len(studio.clips)}.dav")

    return put


@pytest.fixture
def hashes_of(studio, source_hashes):
    """The decoded pictures of footage, as the camera's mp4 of it decodes."""
    return lambda *specs: source_hashes([studio.clip(spec) for spec in specs])


WRITTEN_AS = {
    "mp4": {"aac": "aac", "alaw": "aac", "mulaw": "aac"},
    "mkv": {"aac": "aac", "alaw": "pcm_s16le", "mulaw": "pcm_s16le"},
    "avi": {"aac": "aac", "alaw": "pcm_alaw", "mulaw": "pcm_mulaw"},
}


@pytest.mark.parametrize("sound", [None, "aac", "alaw", "mulaw"])
@pytest.mark.parametrize(
    "kind", [("mp4", "h264"), ("mp4", "hevc"), ("mkv", "h264"), ("mkv", "hevc"), ("avi", "h264")], ids="-".join
)
def test_pictures_are_bit_exact_and_sound_is_in_step(studio, dav, hashes_of, kind, sound):
    """Every decoded picture of every clip is in the film once, in order; each beep is within 64 ms of its second."""
    container, video = kind
    specs = [ClipSpec(EIGHT + timedelta(seconds=3 * n), 3, video=video, audio=sound) for n in range(3)]
    film = studio.merge(container, [dav(spec) for spec in specs])
    assert film.hashes() == hashes_of(*specs)
    assert film.result.seconds == pytest.approx(9)
    assert (film.result.video_codec, film.result.width, film.result.height) == (video, 320, 180)
    assert [outcome.covered for outcome in film.outcomes] == [span(0, 3), span(3, 6), span(6, 9)]
    assert film.notes == ()
    assert len(film.result.chapters) == 1
    assert film.result.audio_codec == (sound and WRITTEN_AS[container][sound])
    if sound:
        late = film.lateness()
        assert len(late) >= 6
        assert max(map(abs, late)) <= 0.065


MULTIPART = (
    b'--b\r\nContent-Type: application/json\r\n\r\n{"result":true}\r\n--b\r\nContent-Type: application/http\r\n\r\n'
)


@pytest.mark.parametrize(
    "more",
    [{"header": True}, {"junk": junk(9733)}, {"junk": MULTIPART}, {"junk": junk(12_770), "header": True}],
    ids=["DAHUA", "junk", "multipart", "both"],
)
@pytest.mark.parametrize("video", ["h264", "hevc"])
def test_found_behind_anything(studio, dav, hashes_of, video, more):
    """What comes before the stream is passed over, without a word and without the loss of a picture."""
    spec = ClipSpec(EIGHT, 4, video=video)
    film = studio.merge("mp4", [dav(spec, **more)])
    assert film.hashes() == hashes_of(spec)
    assert film.outcomes[0].covered == span(0, 4)
    assert film.notes == ()


@pytest.mark.parametrize("phase_ms", [None, 0, 65_000, 65_535])
@pytest.mark.parametrize("footage", [(10, "alaw"), (15, "aac"), (7, None)])
@pytest.mark.parametrize("container", ["mp4", "mkv"])
def test_times_are_the_frames_own(studio, dav, container, footage, phase_ms):
    """Each picture is at its time within a millisecond, also where the counter wraps and where a second begins."""
    fps, sound = footage
    film = studio.merge(container, [dav(ClipSpec(EIGHT, 8, fps=fps, audio=sound), phase_ms=phase_ms)])
    seen = seen_frames(film.path)
    assert len(seen) == 8 * fps
    off = [seconds - (number - seen[0][1]) / fps for seconds, number in seen]
    assert max(map(abs, off)) <= 0.0011
    assert film.outcomes[0].covered is not None
    assert film.outcomes[0].covered.start == span(0, 0).start


def test_a_wrap_after_a_long_time(studio, dav):
    """A recording in which the counter wraps more than once keeps its pace."""
    film = studio.merge("mp4", [dav(ClipSpec(EIGHT, 140, fps=2, audio=None, gop=20))])
    seen = seen_frames(film.path)
    assert len(seen) == 280
    assert max(abs(seconds - n / 2) for n, (seconds, _) in enumerate(seen)) <= 0.0011
    assert film.outcomes[0].covered == span(0, 140)


@pytest.mark.parametrize("sound", [None, "alaw"])
def test_part_of_a_second(studio, dav, sound):
    """A recording that begins within a second: right to within a picture, and even to 10 ms with sound in 40 ms."""
    film = studio.merge("mp4", [dav(ClipSpec(EIGHT + timedelta(milliseconds=330), 6, audio=sound), (EIGHT, 7))])
    seen = seen_frames(film.path)
    assert max(abs(seconds - n / 10) for n, (seconds, _) in enumerate(seen)) <= 0.0011
    covered = film.outcomes[0].covered
    assert covered is not None
    late = (span(0.33, 0).start - covered.start).total_seconds()
    assert 0 <= late <= (0.03 if sound is None else 0.01)
    assert covered.seconds == pytest.approx(6)


@pytest.mark.parametrize("container", ["mp4", "mkv"])
def test_range_by_its_own_clock(studio, dav, hashes_of, container):
    """The range is cut by the frames' own clock, though the recorder lists the recording a second late."""
    spec = ClipSpec(EIGHT, 10, gop=20, two_keyframes=False)
    clip = dav(spec, (EIGHT + timedelta(seconds=1), 10))
    film = studio.merge(container, [clip], (4.5, 8))
    assert film.hashes() == hashes_of(spec)[40:80]
    assert film.outcomes[0].covered == span(4, 8)
    assert film.notes == ()


def test_a_clock_that_is_another(studio, dav):
    """Where the frames are dated far from what is listed, the listed time is taken, and that is said."""
    film = studio.merge("mp4", [dav(ClipSpec(EIGHT, 4), (EIGHT + timedelta(minutes=20), 4))])
    assert film.outcomes[0].covered == span(1200, 1204)
    said = "08.20.00.mp4 is dated 2026-01-16 08:00:00 by its own clock; the listed 2026-01-16 08:20:00 was taken."
    assert film.notes == (said,)


@pytest.mark.parametrize("before", [NINE_DAYS, timedelta(hours=7)])
def test_stale_footage_is_left_out(studio, dav, hashes_of, before):
    """Pictures of an older recording at the start are left out and named; the film starts with the real keyframe."""
    spec = ClipSpec(EIGHT, 4, audio="alaw")
    film = studio.merge("mp4", [dav(spec, stale=ClipSpec(EIGHT - before, 3, audio="alaw"), junk=junk(500))])
    assert film.hashes() == hashes_of(spec)
    assert film.outcomes[0].covered == span(0, 4)
    (note,) = film.notes
    assert note.startswith("08.00.00.mp4 holds 30 pictures of an older recording (2026-01-")
    assert note.endswith("which were left out.")


def test_mixed_with_mp4(studio, dav, hashes_of):
    """Recordings of both kinds make one film, where pictures and sound are of one kind."""
    specs = [ClipSpec(EIGHT + timedelta(seconds=3 * n), 3) for n in range(4)]
    film = studio.merge("mp4", [dav(specs[0]), studio.clip(specs[1]), dav(specs[2]), studio.clip(specs[3])])
    assert film.hashes() == hashes_of(*specs)
    assert film.result.seconds == pytest.approx(12)
    assert max(map(abs, film.lateness())) <= 0.065


def test_cut_short_gives_what_it_has(studio, dav, hashes_of):
    """A download that ends early gives its pictures; that one is missing makes it be fetched again."""
    spec = ClipSpec(EIGHT, 6, audio=None)
    film = studio.merge("mp4", [dav(spec, edit=lambda data: data[: len(data) // 2])])
    outcome, count = film.outcomes[0], film.result.video_packets
    assert 10 < count < 50
    assert film.hashes() == hashes_of(spec)[:count]
    assert outcome.missing_packets == 1
    assert outcome.covered == span(0, count / 10)


def test_cut_at_its_very_end(studio, dav, hashes_of):
    """A last frame that is not whole is named, and no more: the recording goes as far as it is listed."""
    spec = ClipSpec(EIGHT, 6, audio=None)
    film = studio.merge("mp4", [dav(spec, edit=lambda data: data[:-20])])
    assert film.hashes() == hashes_of(spec)[:-1]
    assert film.outcomes[0].missing_packets == 0
    assert film.notes == ("08.00.00.mp4 ends within a frame, which was left out.",)


def test_damage_in_the_middle(studio, dav, hashes_of):
    """Bytes between frames that are none are passed over and counted; the pictures around them keep their times."""
    spec = ClipSpec(EIGHT, 6, audio="alaw")
    whole = make_dav(spec)
    key = whole.index(b"DHAV\xfd", len(whole) // 2)
    film = studio.merge("mp4", [dav(spec, edit=lambda data: data[:key] + junk(5000) + data[key:])])
    assert film.hashes() == hashes_of(spec)
    assert film.notes == ("08.00.00.mp4 holds 5000 bytes between its frames that belong to none, which were left out.",)


def test_what_cannot_be_read_is_named(studio, dav, hashes_of):
    """Sound that nothing here can read is left out and named; pictures of another codec make the clip unusable."""
    spec = ClipSpec(EIGHT, 3, audio="alaw")
    film = studio.merge("mkv", [dav(spec, edit=lambda data: data.replace(b"\x83\x01\x0e\x02", b"\x83\x01\x33\x02"))])
    assert film.hashes() == hashes_of(spec)
    assert film.result.audio_codec is None
    assert film.notes == ("08.00.00.mp4 has sound that camreel cannot read (0x33); it was left out.",)
    bad = dav(spec, edit=lambda data: data.replace(b"\x81\x00\x08", b"\x81\x00\x03"))
    film = studio.merge("mkv", [studio.clip(spec), bad], output=str(studio.folder / "second.mkv.part"))
    assert film.outcomes[1].unusable == "its pictures are mjpeg; camreel can merge H.264 and H.265"


def test_no_keyframe(studio, dav):
    """A recording without a keyframe is unusable, by name."""
    bad = dav(ClipSpec(EIGHT, 3), edit=lambda data: data.replace(b"DHAV\xfd", b"DHAV\xfc"))
    film = studio.merge("mp4", [bad, studio.clip(ClipSpec(EIGHT + timedelta(seconds=3), 3))])
    assert film.outcomes[0].unusable == "none of its pictures can be decoded by itself (no keyframe)"


def test_encrypted_pictures(studio, dav):
    """Pictures that are no H.264 are unusable, by name."""
    bad = dav(ClipSpec(EIGHT, 3), edit=lambda data: data.replace(b"\0\0\1", b"\0\7\1"))
    film = studio.merge("mp4", [bad, studio.clip(ClipSpec(EIGHT + timedelta(seconds=3), 3))])
    assert film.outcomes[0].unusable == "its first keyframe cannot be read"


def test_starts_within_a_group(studio, dav, hashes_of):
    """Pictures before the first keyframe cannot be decoded: they are counted, and the film starts with that one."""
    spec = ClipSpec(EIGHT, 6, audio=None, gop=20, two_keyframes=False)
    first = make_dav(spec).index(b"DHAV", 10)
    film = studio.merge("mp4", [dav(spec, edit=lambda data: data[first:])])
    assert film.hashes() == hashes_of(spec)[20:]
    assert film.outcomes[0].undecodable_dropped == 19
    assert film.outcomes[0].covered == span(2, 6)


def test_h265_plays_on_apple_systems(studio, dav):
    """H.265 in mp4 is tagged hvc1."""
    film = studio.merge("mp4", [dav(ClipSpec(EIGHT, 2, video="hevc"))])
    with av.open(str(film.path)) as container:
        assert container.streams.video[0].codec_context.codec_tag == "hvc1"


def test_nothing_is_left_open(studio, dav):
    """The recording can be deleted as soon as it is merged (Windows)."""
    clip = dav(ClipSpec(EIGHT, 2))
    studio.merge("mp4", [clip])
    Path(clip.path).unlink()
