"""The range is cut as people expect: from the keyframe at or before its start, up to its end."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from camreel.errors import MergeError
from camreel.model import Span, WallTime
from camreel_simulator import ClipSpec, heard_beeps

pytestmark = pytest.mark.slow(reason="merges and decodes dozens of videos")

EIGHT = datetime(2026, 1, 16, 8, 0, 0)  # noqa: DTZ001 - the clock of a camera
AT_EIGHT = 8 * 3600 * 10  # the number of the picture at eight o'clock, at 10 pictures a second


def span(start: float, end: float) -> Span:
    return Span(*(WallTime(EIGHT + timedelta(seconds=each)) for each in (start, end)))


@pytest.mark.parametrize(
    "kind", [("mp4", "h264", 0), ("mp4", "h264", 3), ("mkv", "h264", 3), ("mp4", "hevc", 0), ("mkv", "hevc", 3)]
)
@pytest.mark.parametrize(
    "cut",
    [
        ((4.0, 8.0), 40, 79),  # on a keyframe, on a keyframe
        ((5.0, 7.5), 40, 74),  # within a group of pictures, both
        ((3.9, 4.1), 20, 40),  # just before a keyframe, just after it
        ((0.0, 10.0), 0, 99),  # all of it
    ],
)
def test_cut_at_both_ends(studio, source_hashes, kind, cut):
    """The film begins with the keyframe at or before the start; no picture of the range is missing or damaged."""
    container, video, bframes = kind
    asked, first, last = cut
    clip = studio.clip(ClipSpec(EIGHT, 10, video=video, bframes=bframes, gop=20, two_keyframes=False, audio=None))
    film = studio.merge(container, [clip], asked)
    hashes, source = film.hashes(), source_hashes([clip])
    assert hashes[: last + 1 - first] == source[first : last + 1]
    # With B-frames a picture from just after the end is kept where one of the range refers to it.
    assert len(hashes) - (last + 1 - first) <= (1 if bframes else 0)
    covered = film.outcomes[0].covered
    assert covered is not None
    assert covered.start == span(first / 10, 0).start
    assert 0 <= (covered.end - span(0, (last + 1) / 10).end).total_seconds() <= (0.3 if bframes else 0)
    assert film.outcomes[0].missing_packets == 0


@pytest.mark.parametrize("container", ["mp4", "mkv", "avi"])
def test_cut_across_clips(studio, container):
    """The first clip gives its end, the last its beginning, and the sound follows the cut at both ends."""
    clips = studio.row(4, seconds=5, two_keyframes=False)
    film = studio.merge(container, clips, (7.3, 16.5))
    assert film.numbers() == [AT_EIGHT + n for n in range(70, 165)]
    assert [outcome.covered for outcome in film.outcomes] == [None, span(7, 10), span(10, 15), span(15, 16.5)]
    assert [outcome.unusable for outcome in film.outcomes] == [None] * 4
    assert [outcome.starts_at for outcome in film.outcomes[1:]] == pytest.approx([0, 3, 8])
    assert len(heard_beeps(film.path)) >= 9  # the one at the very start may be cut into
    assert max(map(abs, film.lateness())) <= 0.065


def test_clips_outside_the_range(studio):
    """A clip that ends before the range or begins after it is left out without a complaint."""
    clips = studio.row(3, seconds=5)
    film = studio.merge("mp4", clips, (5, 10))
    assert film.numbers() == [AT_EIGHT + n for n in range(50, 100)]
    assert [outcome.covered for outcome in film.outcomes] == [None, span(5, 10), None]
    assert [outcome.holds for outcome in film.outcomes] == pytest.approx([5, 5, 5])
    assert [outcome.unusable for outcome in film.outcomes] == [None] * 3


def test_whole_clips(studio):
    """On request nothing is cut."""
    clips = studio.row(2, seconds=5)
    film = studio.merge("mp4", clips, (3, 6), whole_clips=True)
    assert film.numbers() == [AT_EIGHT + n for n in range(100)]


def test_nothing_of_the_range(studio):
    """Clips that hold nothing of the range make no film, and no file."""
    with pytest.raises(MergeError, match="None of the clips"):
        studio.merge("mp4", studio.row(1, seconds=5), (5, 9))
    assert list(studio.folder.glob("film*")) == []


def test_listed_longer_than_held(studio):
    """A clip that is listed for longer than it holds pictures is whole; what it covers says how far it goes."""
    clip = studio.file_of(ClipSpec(EIGHT, 3), listed=10)
    film = studio.merge("mp4", [clip], (0, 10))
    outcome = film.outcomes[0]
    assert (outcome.covered, outcome.missing_packets, outcome.unusable) == (span(0, 3), 0, None)
    assert outcome.holds == pytest.approx(3)


def test_range_after_what_a_clip_holds(studio):
    """The range begins after the clip's last picture, though not after its listed end: nothing of it is used."""
    clips = [studio.file_of(ClipSpec(EIGHT, 3), listed=10), studio.clip(ClipSpec(EIGHT + timedelta(seconds=10), 3))]
    film = studio.merge("mp4", clips, (5, 20))
    assert [outcome.covered for outcome in film.outcomes] == [None, span(10, 13)]


def test_a_clip_of_which_only_the_end_is_known(studio, source_hashes):
    """Its last picture is of the listed end, however early it is listed to begin; the report has the doubt."""
    clips = [studio.clip(ClipSpec(EIGHT + timedelta(seconds=at), 4)) for at in (0, 20, 30)]
    clips[1] = replace(clips[1], span=span(4, 24), is_dated_by_end=True)
    film = studio.merge("mp4", clips, seconds=(0, 22))
    assert film.hashes() == source_hashes(clips[:1]) + source_hashes(clips[1:2])[:20]
    assert film.outcomes[1].covered.start == WallTime(EIGHT + timedelta(seconds=20))
    assert len(film.notes) == 1
    assert film.notes[0].endswith("it is dated by its listed end, 2026-01-16 08:00:24.")
