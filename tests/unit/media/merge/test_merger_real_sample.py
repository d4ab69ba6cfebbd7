"""A recording of a real Amcrest camera (2020): its sound is 1.9 s longer than its pictures."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import av
import pytest

pytestmark = pytest.mark.slow(reason="decodes a real recording three times for each container")

EIGHT = datetime(2026, 1, 16, 8, 0, 0)  # noqa: DTZ001 - the clock of a camera
PICTURES, SECONDS = 251, 25.1


@pytest.fixture
def sample() -> bytes:
    folder = os.environ.get("CAMREEL_SAMPLES")
    if not folder:
        pytest.skip("CAMREEL_SAMPLES does not name the folder with the real recording amcrest_1591028951.mp4")
    return (Path(folder) / "amcrest_1591028951.mp4").read_bytes()


@pytest.mark.parametrize("container", ["mp4", "mkv", "avi"])
def test_three_times_in_a_row(studio, source_hashes, container, sample):
    """Joined, the pictures go on evenly and bit-exact over each seam, and the sound stays within 64 ms."""
    clips = [studio.file(sample, EIGHT + timedelta(seconds=n * SECONDS), SECONDS) for n in range(3)]
    film = studio.merge(container, clips)
    assert film.hashes() == source_hashes(clips)
    assert film.result.seconds == pytest.approx(3 * SECONDS)
    assert film.notes == ()
    assert len(film.result.chapters) == 1
    assert [outcome.missing_packets for outcome in film.outcomes] == [0, 0, 0]
    assert {round(outcome.audio_cut_seconds, 1) for outcome in film.outcomes} == {1.9}
    shown = picture_times(film.path)
    assert {round(after - before, 3) for before, after in pairwise(shown)} == {0.1}
    heard, source = sound_packets(film.path), sound_packets(Path(clips[0].path))
    where = {body: at for at, body in source}
    clip_starts = [n * SECONDS for n in range(3)]
    late = [
        min((at - start - where[body] for start in clip_starts), key=abs) for at, body in heard if len(body) > 20
    ]  # fmt: skip
    assert len(late) > 500
    assert max(map(abs, late)) <= 0.065


def picture_times(path: Path) -> list[float]:
    with av.open(str(path)) as film:
        return [float(frame.pts * frame.time_base) for frame in film.decode(video=0) if frame.pts is not None]


def sound_packets(path: Path) -> list[tuple[float, bytes]]:
    with av.open(str(path)) as film:
        return [
            (float(packet.pts * packet.time_base), bytes(packet))
            for packet in film.demux(audio=0)
            if packet.pts is not None
        ]  # fmt: skip
