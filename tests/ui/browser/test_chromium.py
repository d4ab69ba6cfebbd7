"""An export plays in a browser: through to its end, and from wherever one seeks to, forward and back."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace
from datetime import timedelta

import anyio
import pytest
from tests.conftest import IS_SOAK, START, at
from tests.ui.browser.watching import watch

from camreel_simulator import ClipSpec, Recorded, seen_frames


def recordings(sound: str, bframes: int) -> list[Recorded]:
    """Three of 4 s with gaps between them; the middle one is larger, quicker, and may have B-frames.

    None repeats its parameter sets in the stream, so that all that reaches the browser comes from the merge.
    """
    small = ClipSpec(START, 4, in_band=False, audio=sound)  # type: ignore[arg-type]
    large = replace(small, start=START + timedelta(seconds=7), size=(640, 360), bframes=bframes, fps=20)
    again = replace(small, start=START + timedelta(seconds=20), gop=40)
    return [Recorded(spec.start, spec.start + timedelta(seconds=4), spec) for spec in (small, large, again)]


# Seconds in the film, each within a picture and in another one than before: forward over each joint and back over both,
# into the middle of a group of pictures, to the first picture of a clip, to the last of all, and to the first.
SEEKS = [0.55, 4.025, 8.05, 11.95, 7.975, 3.95, 9.35, 1.05, 5.525, 0.05]


def index_at(times: list[float], seconds: float) -> int:
    """The picture that is to be seen ``seconds`` into the film; the browser rounds to microseconds."""
    return bisect_right(times, seconds + 0.002) - 1


@pytest.mark.parametrize(("sound", "bframes"), [("alaw", 2), *([("aac", 0)] * IS_SOAK)])
def test_plays_and_seeks_in_chromium(bench, chromium, tmp_path, sound, bframes):
    """With a change of size and gaps: the browser reaches the end without an error and shows the right picture."""
    ran = bench(recordings=recordings(sound, bframes)).export(at(0), at(24))
    assert ran.ok.is_complete
    frames = seen_frames(ran.output)
    times = [time for time, _ in frames]

    watched = anyio.run(watch, chromium, ran.output, SEEKS, tmp_path)

    assert watched.error is None
    assert watched.seconds == pytest.approx(12, abs=0.1)
    assert watched.heard > 0
    for seen in watched.pictures:
        index = index_at(times, seen.shown)
        assert seen.number == frames[index][1], seen
        assert seen.shown == pytest.approx(times[index], abs=0.002), seen
        assert seen.size == ((640, 360) if 4 <= times[index] < 8 else (320, 180)), seen
    played = [seen.shown for seen in watched.of("play")]
    assert played == sorted(played)
    assert {int(shown // 4) for shown in played} == {0, 1, 2}, "a clip was not shown at all"
    assert [seen.number for seen in watched.of("end")] == [frames[-1][1]]
    # Chromium takes for the end of a picture when the next one is decoded: with B-frames it can be one picture ahead.
    sought = [index_at(times, seen.shown) - index_at(times, seen.asked) for seen in watched.of("seek")]
    assert len(sought) == len(SEEKS)
    assert set(sought) <= ({0, 1} if bframes else {0}), watched.of("seek")
