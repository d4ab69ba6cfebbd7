"""DHAV without FFmpeg: where the stream is, which bytes are frames, and when each of them was."""

from __future__ import annotations

import io
import itertools
import random
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from camreel.formats.dhav import WITHIN, Clock, NotDhav, SoundFormat, Walk, find_stream, footage, frames, summary
from camreel.model import Span, WallTime
from camreel_simulator import ClipSpec, dav_frames, junk, make_dav

EIGHT = datetime(2026, 1, 16, 8, 0, 0)  # noqa: DTZ001 - the clock of a camera
SPEC = ClipSpec(EIGHT, 6, audio="alaw")
NINE_DAYS = timedelta(days=9)


def wall(seconds: float = 0, start: datetime = EIGHT) -> WallTime:
    return WallTime(start + timedelta(seconds=seconds))


@pytest.fixture
def file(tmp_path: Path):
    def write(data: bytes) -> Path:
        path = tmp_path / "recording.dav"
        path.write_bytes(data)
        return path

    return write


def test_frames_are_what_was_written():
    """Kind, place, number, channel, clock and data of every frame, by the simulated recorder's own list of them."""
    data = make_dav(SPEC, channel=16, phase_ms=65_000)
    written = dav_frames(SPEC, channel=16, phase_ms=65_000)
    walk = Walk(io.BytesIO(data))
    found = list(walk)
    assert [data[each.at : each.at + each.length] for each in found] == [each.data for each in written]
    assert [each.is_key for each in found] == [each.kind == "key" for each in written]
    assert [each.is_sound for each in found] == [each.kind == "sound" for each in written]
    assert [each.is_picture for each in found] == [each.kind != "sound" for each in written]
    assert {each.channel for each in found} == {15}
    assert [each.number for each in found if each.is_picture] == list(range(60))
    assert [frames.wall_of(each.second or 0) for each in found] == [
        each.moment.replace(microsecond=0) for each in written
    ]
    assert found[0].read(io.BytesIO(data)).startswith(b"\0\0")
    assert (walk.skipped, walk.cut) == (0, False)


def test_formats_are_told():
    """What the extensions say of pictures and sound."""
    found = list(Walk(io.BytesIO(make_dav(ClipSpec(EIGHT, 1, fps=15, video="hevc", audio="mulaw", audio_rate=16000)))))
    picture = next(each for each in found if each.is_key).picture_format
    assert (picture.codec, picture.rate) == ("hevc", 15)
    assert next(each for each in found if each.is_sound).sound_format == SoundFormat("pcm_mulaw", 16000, 1)
    assert next(each for each in found if each.is_sound).picture_format.codec == ""


@pytest.mark.parametrize(
    "before", [b"", junk(9733), b"DAHUA".ljust(0x400, b"\0"), b"--b\r\n\r\n", b"DHAV", b"DHAV\xfd" + bytes(50)]
)
def test_the_stream_is_found(before):
    """Behind junk, a header, a wrapper, and what begins like a frame and is none."""
    data = make_dav(SPEC)
    assert find_stream(io.BytesIO(before + data), WITHIN) == len(before)
    assert find_stream(io.BytesIO(before + data), len(before)) is None


def test_a_frame_within_junk_is_no_stream():
    """A frame that another does not follow is not where the stream begins."""
    single = dav_frames(SPEC)[0].data
    assert find_stream(io.BytesIO(single + junk(100) + make_dav(SPEC)), WITHIN) == len(single) + 100
    assert find_stream(io.BytesIO(single), WITHIN) == 0


def test_summary(file):
    """From when to when, and where in the file."""
    path = file(junk(9733) + make_dav(SPEC))
    found = summary(path)
    assert (found.first, found.last) == (wall(), wall(5.9))
    assert (found.offset, found.end) == (9733, path.stat().st_size)
    assert (found.before, found.skipped, found.cut, found.stale) == (9733, 0, False, ())
    assert found.pictures == 60
    assert found.seconds == pytest.approx(5.9)
    assert found.frames == len(dav_frames(SPEC))


@pytest.mark.parametrize("body", [b"", b"DHAV", junk(50_000), make_dav(SPEC)[:200], b"Error\r\nBad Request!\r\n"])
def test_no_footage(file, body):
    """What holds not one frame says so."""
    with pytest.raises(NotDhav, match="holds no complete DHAV frame"):
        summary(file(body))


def test_no_pictures_and_no_date(file):
    """Sound alone is no footage; frames without a date cannot be placed."""
    sound = b"".join(each.data for each in dav_frames(SPEC) if each.kind == "sound")
    with pytest.raises(NotDhav, match="holds no pictures"):
        summary(file(sound))
    undated = b"".join(each.data[:16] + bytes(4) + each.data[20:] for each in dav_frames(SPEC))
    with pytest.raises(NotDhav, match="no date"):
        summary(file(undated))


@pytest.mark.parametrize("after", [False, True])
def test_stale_footage(file, after):
    """Frames of an older recording, before or after the real ones, are not the footage, and their time is told."""
    old, real = make_dav(ClipSpec(EIGHT - NINE_DAYS, 3)), make_dav(SPEC)
    path = file(real + old if after else old + real)
    found = summary(path)
    assert (found.first, found.last) == (wall(), wall(5.9))
    assert found.stale == (Span(wall(0, EIGHT - NINE_DAYS), wall(2.9, EIGHT - NINE_DAYS)),)
    assert found.stale_pictures == 30
    with path.open("rb") as opened:
        pictures = [(each, at) for each, at in footage(opened, found) if each.is_picture]
    assert [at for _, at in pictures] == list(range(0, 6000, 100))
    assert pictures[0][0].at == (0 if after else len(old))


def test_one_wrong_date_is_no_jump(file):
    """A single frame whose date is years off does not tear the recording apart."""
    parts = [each.data for each in dav_frames(ClipSpec(EIGHT, 6, audio=None))]
    for at in (20, len(parts) - 1):
        wrong = [*parts]
        wrong[at] = wrong[at][:16] + ((60 << 26) | (1 << 22) | (1 << 17)).to_bytes(4, "little") + wrong[at][20:]
        found = summary(file(b"".join(wrong)))
        assert (found.first, found.last, found.pictures, found.stale) == (wall(), wall(5.9), 60, ())


def test_cut_and_damaged(file):
    """A last frame that is cut is told; bytes that are no frames are counted, and cost no frame."""
    data, count = make_dav(SPEC), len(dav_frames(SPEC))
    last = len(dav_frames(SPEC)[-1].data)
    for left_out in (1, 8, 100, last - 30, last - 23, last - 2):
        found = summary(file(data[:-left_out]))
        assert (found.cut, found.frames, found.skipped) == (True, count - 1, 0)
    middle = dav_frames(SPEC)[0].data
    found = summary(file(middle + junk(777) + data[len(middle) :] + bytes(99)))
    # The first frame is not followed by another: the stream begins after it.
    assert (found.before, found.skipped, found.cut) == (len(middle) + 777, 99, False)


def test_lengths_that_lie(file):
    """A frame that claims the rest of the file, or gigabytes, costs only itself."""
    parts = [each.data for each in dav_frames(SPEC)]
    for length in (0, 23, 1 << 31, 0xFFFFFFFF, len(b"".join(parts)) // 2, 30 << 20):
        lying = [*parts]
        lying[50] = lying[50][:12] + length.to_bytes(4, "little") + lying[50][16:]
        found = summary(file(b"".join(lying)))
        assert (found.frames, found.skipped, found.cut) == (len(parts) - 1, len(parts[50]), False)


@pytest.mark.slow(reason="walks through a large file")
def test_a_file_of_nothing_but_magics_ends_soon(file):
    """Headers without frames, a million of them, are given up."""
    head = make_dav(SPEC)[:24]
    found = summary(file(make_dav(SPEC) + head[:12] + b"\0\1\0\0" + head[16:24] + head * 300_000))
    assert found.pictures == 60


class TestClock:
    """Milliseconds from whole seconds and a counter."""

    def times(self, readings: list[tuple[int | None, int]]) -> tuple[list[int], int | None]:
        clock = Clock()
        return [clock.at(*reading) for reading in readings], clock.start

    def test_wraps(self):
        """The counter goes on after 65535."""
        assert self.times([(100, 65_500), (100, 4), (100, 44)])[0] == [0, 40, 80]

    def test_goes_back_a_little(self):
        """Sound that is written after a later picture keeps its own time."""
        assert self.times([(100, 500), (100, 540), (100, 510)])[0] == [0, 40, 10]

    def test_long_pause(self):
        """The date tells how often the counter has wrapped meanwhile."""
        assert self.times([(100, 0), (400, 300_000 & 0xFFFF)])[0] == [0, 300_000]

    def test_phase(self):
        """A frame that is the first of its second tells where the seconds begin."""
        elapsed, start = self.times([(100, 7000 + at * 100) if at < 7 else (101, 7000 + at * 100) for at in range(17)])
        assert elapsed == [at * 100 for at in range(17)]
        assert start == 100_300  # so that the eighth is at 101.000

    @pytest.mark.parametrize("by", [3600, -3600, 60, -5])
    def test_the_clock_is_put(self, by):
        """Time goes on where the camera's clock is put forward or back."""
        assert self.times([(9000, 0), (9000, 40), (9000 + by, 80), (9000 + by, 120)])[0] == [0, 40, 80, 120]

    def test_the_counter_begins_anew(self):
        """A counter that is set back is believed no more than the date."""
        elapsed, _ = self.times([(100, 30_000), (101, 31_000), (110, 5), (110, 45)])
        assert elapsed == [0, 1000, 10_000, 10_040]

    def test_a_counter_that_stands_still(self):
        """Where the counter tells nothing, time goes on by the date, to some seconds."""
        elapsed, _ = self.times([(second, 0) for second in range(100, 200)])
        assert abs(elapsed[-1] - 99_000) <= 4000

    @given(
        st.integers(0, 65_535),
        st.integers(0, 10**9),
        st.lists(st.integers(0, 20_000), min_size=1, max_size=60),
    )
    def test_distances_are_exact(self, phase, start, steps):
        """Whatever the distances and the phase: each distance is exact, the start is right to within a second."""
        at, readings, truth = start, [], []
        for step in [0, *steps]:
            at += step
            truth.append(at - start)
            readings.append((at // 1000, (at + phase) & 0xFFFF))
        elapsed, began = self.times(readings)
        assert elapsed == truth
        assert began is not None
        assert 0 <= start - began < 1000


PIECES = st.one_of(
    st.binary(max_size=300),
    st.sampled_from([b"DHAV", b"dhav", b"DHAV\xfd\0\0\0", *(each.data for each in dav_frames(ClipSpec(EIGHT, 1))[:4])]),
    st.builds(junk, st.integers(0, 5000), st.integers(0, 99)),
    st.builds(
        lambda kind, length, date: (
            b"DHAV" + bytes([kind]) + bytes(7) + length.to_bytes(4, "little") + date + b"\0\0\xff\0"
        ),
        st.integers(0xF0, 0xFF),
        st.integers(0, 2**32 - 1) | st.integers(0, 500),
        st.binary(min_size=4, max_size=4),
    ),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(PIECES, max_size=30))
@example([b"DHAV" * 100])
def test_any_bytes(tmp_path, pieces):
    """No bytes make the walk fail or go round in circles; every byte is in a frame, skipped, or cut off."""
    data = b"".join(pieces)
    walk = Walk(io.BytesIO(data))
    found = list(walk)
    assert all(a.at + a.length <= b.at for a, b in itertools.pairwise(found))
    counted = sum(each.length for each in found) + walk.skipped
    assert counted <= len(data) if walk.cut else counted == len(data)
    path = tmp_path / "any.dav"
    path.write_bytes(data)
    try:
        told = summary(path)
    except NotDhav:
        return
    assert told.first <= told.last
    with path.open("rb") as opened:
        assert sum(1 for each, _ in footage(opened, told) if each.is_picture) == told.pictures


@pytest.mark.parametrize("seed", range(20))
def test_flipped_bytes(file, seed):
    """A recording with bytes changed at random gives the rest of its frames."""
    chance = random.Random(seed)
    data = bytearray(make_dav(SPEC))
    for _ in range(20):
        data[chance.randrange(len(data))] = chance.randrange(256)
    found = summary(file(bytes(data)))
    assert found.frames >= len(dav_frames(SPEC)) - 20
