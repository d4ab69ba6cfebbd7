"""Each frame of each kind of stream is in the film, decoded as in its original, or counted as lost.

Streams whose keyframes are IDR frames, open groups, intra refresh and low rates; clips that begin with a keyframe, in
the middle of a group, alone or behind another clip.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from tests.accounting.clips import Cut
from tests.accounting.originals import EIGHT, decoded

from camreel.model import Verify

pytestmark = pytest.mark.slow(reason="merges and decodes dozens of videos")

# Clips of whole groups: the original, its first frame and how many; and how many frames are lost at the beginning.
KINDS = [
    ("plain", 0, 35, 0), ("plain", 7, 35, 0), ("plain", 10, 32, 4),
    ("reordered", 0, 33, 0), ("reordered", 11, 33, 0), ("reordered", 8, 36, 3),
    ("h265 reordered", 0, 33, 0), ("h265 reordered", 11, 33, 0),
    ("open", 0, 43, 0), ("open", 10, 33, 1), ("h265 open", 0, 43, 0), ("h265 open", 10, 33, 1),
    ("refreshed", 0, 36, 0), ("refreshed", 10, 36, 8), ("refreshed", 13, 36, 15),
    ("1 fps reordered", 0, 12, 0), ("1 fps reordered", 6, 12, 0),
]  # fmt: skip


@pytest.mark.parametrize("container", ["mp4", "mkv"])
@pytest.mark.parametrize(("line", "first", "count", "lost"), KINDS)
@pytest.mark.parametrize("behind", [False, True], ids=["alone", "behind another"])
def test_what_can_be_decoded_is_there_and_the_rest_is_counted(studio, container, line, first, count, lost, behind):
    """The frames shown are those of the clip, all but the lost ones, and of the clip before it none is missing."""
    cut = Cut(line, first, count, sound=None)
    mate = Cut("h265 large" if "h265" in line else "coarse", 0, 18, sound=None)
    clips = [studio.file(mate.body, EIGHT, 1.8)] if behind else []
    clips.append(studio.file(cut.body, EIGHT + timedelta(seconds=20), float(cut.end - cut.start)))
    films = studio.merge_all(container, clips, verify=Verify.FULL)
    shown = [each.md5 for result in films.results for each in decoded(result.path)]
    expected = [mate.md5(index) for index in range(mate.count)] if behind else []
    expected += [cut.md5(index) for index in range(lost, cut.count)]
    assert shown == expected
    frames = films.outcomes[-1].frames
    assert (frames.read, frames.written, frames.undecodable) == (cut.count, cut.count - lost, lost)
    assert films.playback.failures == ()


@pytest.mark.parametrize(("line", "start", "first"), [("refreshed", 3, 28), ("refreshed", 1, 0), ("reordered", 3, 22)])
def test_a_range_begins_where_decoding_can(studio, line, start, first):
    """Nothing of the range is lost, and little is shown before it."""
    clip = studio.file(Cut(line, 0, 66, sound=None).body, EIGHT, 6.6)
    film = studio.merge("mp4", [clip], (start, 7))
    shown = [each.md5 for each in decoded(str(film.path))]
    assert shown == [Cut(line, 0, 66).md5(index) for index in range(first, 66)]
    assert film.outcomes[0].frames.undecodable == 0


def test_clips_of_one_encoder_that_follow_each_other_stay_one_file(studio):
    """Open groups of H.264 begin no file where the stream goes on."""
    parts = [Cut("open", 0, 21, sound=None), Cut("open", 21, 33, sound=None)]
    clips = [
        studio.file(part.body, EIGHT + timedelta(seconds=float(part.start)), float(part.end - part.start))
        for part in parts
    ]
    films = studio.merge_all("mp4", clips)
    assert len(films.results) == 1
    shown = [each.md5 for each in decoded(films.results[0].path)]
    lost = films.outcomes[1].frames.undecodable
    assert len(shown) + lost == 54
    assert set(shown) <= {part.md5(index) for part in parts for index in range(part.count)}


def test_a_film_is_not_parted_within_a_refresh(studio):
    """A file that began there would show frames that nobody recorded."""
    clip = studio.file(Cut("refreshed", 0, 120, sound=None).body, EIGHT, 12)
    size = Path(clip.path).stat().st_size
    films = studio.merge_all("mp4", [clip], split=size // 4)
    shown = [each.md5 for result in films.results for each in decoded(result.path)]
    assert shown == [Cut("refreshed", 0, 120).md5(index) for index in range(120)]
