"""Clips that are laid end to end: each begins where the one before it ends, whatever they say of their length."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import pairwise

import pytest

from camreel.model import Span
from camreel_simulator import ClipSpec, make_clip

pytestmark = pytest.mark.slow(reason="merges and decodes a dozen videos")

EIGHT = datetime(2026, 1, 16, 8, 0, 0)  # noqa: DTZ001 - the clock of a camera
_BODY = lru_cache(make_clip)


@pytest.mark.parametrize("container", ["mp4", "mkv"])
@pytest.mark.parametrize("seed", range(6))
def test_all_frames_in_the_order_given(studio, source_hashes, container, seed):
    """Lengths that are known, unknown, or wrong; the same clip again; a clip that is none."""
    chance = random.Random(seed)
    clips, lengths = [], []
    for number in range(chance.randint(2, 5)):
        seconds = chance.choice([0.4, 1, 3])
        body = _BODY(ClipSpec(EIGHT + timedelta(seconds=chance.choice([0, 3])), seconds, bframes=chance.choice([0, 2])))
        is_clip = number == 0 or chance.random() < 0.8
        said = chance.choice([0, seconds, seconds + 2]) if is_clip else 2
        clips.append(studio.file(body if is_clip else b"no clip", EIGHT, said))
        lengths.append((is_clip, max(said, seconds if is_clip else 0)))
    film = studio.merge(container, clips, whole_clips=True, in_order=True)
    assert film.hashes() == source_hashes([clip for clip, (is_clip, _) in zip(clips, lengths, strict=True) if is_clip])
    assert film.notes == ()
    start = clips[0].span.start
    for outcome, (is_clip, length) in zip(film.outcomes, lengths, strict=True):
        assert (outcome.covered is not None) == is_clip
        if outcome.covered is not None:
            assert abs((outcome.covered.start - start).total_seconds()) < 0.01
        start += timedelta(seconds=length)


def test_a_copy_right_behind_its_original_is_kept(studio, source_hashes):
    """Even if it is so short that listed times could not tell the two apart."""
    clip = studio.file(_BODY(ClipSpec(EIGHT, 0.4)), EIGHT, 0)
    again = replace(clip, number=1, span=Span(clip.span.start, clip.span.start))
    film = studio.merge("mp4", [clip, again], whole_clips=True, in_order=True)
    assert film.hashes() == 2 * source_hashes([clip])
    covered = [outcome.covered for outcome in film.outcomes]
    assert all(one.end == other.start for one, other in pairwise(covered))
