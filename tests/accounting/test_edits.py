"""Edit lists of every form: what one hides is not shown, or is counted by name; what it shows is shown when it says.

Varied: which frames are hidden at either end, across groups of frames and B-frames; how long nothing is shown first;
fragments or one index; alone, behind another clip, or as the second half of the clip before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product
from pathlib import Path

import pytest
from tests.conftest import IS_SOAK

from camreel.text import count_text

from . import boxes
from .boxes import SCALE, Edit
from .clips import Cut, _tracks
from .originals import decoded
from .originals import line as line_of
from .product import Told, merge_files

pytestmark = pytest.mark.slow(reason="runs the product on each edit list")

_PERIOD = SCALE // 10


@dataclass(frozen=True)
class Edited:
    """Frames of an original, of which those before ``head`` and from ``tail`` on are hidden, ``wait`` frames late."""

    cut: Cut
    head: int = 0
    tail: int | None = None
    wait: int = 0
    in_fragments: bool = False
    between: tuple[int, int] | None = None

    @property
    def visible(self) -> list[int]:
        numbers = range(self.head, self.cut.count if self.tail is None else self.tail)
        return [each for each in numbers if self.between is None or not self.between[0] <= each < self.between[1]]

    @property
    def md5s(self) -> list[str]:
        return [self.cut.md5(index) for index in self.visible]

    def body(self) -> bytes:
        tracks = _tracks(self.cut)
        shown = min(sample.shown for sample in tracks[0].samples)
        ends = self.visible[-1] + 1
        stretches = [(self.head, ends)]
        if self.between is not None:
            stretches = [(self.head, self.between[0]), (self.between[1], ends)]
        edits = [Edit((last - first) * _PERIOD, shown + first * _PERIOD) for first, last in stretches]
        if self.wait:
            edits.insert(0, Edit(self.wait * _PERIOD, -1))
        tracks[0] = replace(tracks[0], edits=tuple(edits))
        return boxes.write_fragments(tracks) if self.in_fragments else boxes.write(tracks)


def merged(folder: Path, clips: Sequence[tuple[str, bytes]], *more: str) -> Told:
    """``camreel merge`` of these files."""
    for name, body in clips:
        (folder / name).write_bytes(body)
    return merge_files([folder / name for name, _ in clips], folder / "video.mp4", *more)


def shown(told: Told) -> list[str]:
    return [each.md5 for part in told.parts for each in part.shown]


def check_hidden(told: Told, clip: Edited, found: Sequence[str]) -> None:
    """What is shown of a clip is what its edit list shows; of the rest only what is counted in a note."""
    hidden = [md5 for md5 in found if md5 not in clip.md5s]
    assert [md5 for md5 in found if md5 in clip.md5s] == clip.md5s
    if hidden:
        assert told.says(f"{count_text(len(hidden), 'frame')} that its edit list hides"), told
    else:
        assert not told.says("edit list"), told
    assert told.code == (4 if hidden else 0), told


PLAIN, REORDERED = Cut("plain", 49, 28, "aac"), Cut("reordered", 44, 33, "aac")  # groups of 7 and of 11 frames
_EDITS = {
    f"{cut.line}, from {head} to {tail}{f', {wait} late' * bool(wait)}{', in fragments' * in_fragments}": Edited(
        cut, head, tail, wait, in_fragments
    )
    for cut in (PLAIN, REORDERED)
    for head, tail, wait in (
        (1, None, 0),
        (0, 20, 0),
        (7, None, 0),
        (9, 19, 0),
        (11, 13, 3),
        (0, None, 12),
        (24, 25, 0),
    )
    for in_fragments in (False, True)
}


@pytest.mark.parametrize("name", _EDITS)
def test_what_an_edit_list_hides(tmp_path, name):
    """Alone, and behind another clip."""
    clip = _EDITS[name]
    alone = merged(tmp_path, [("2026-01-16_08-00-10.mp4", clip.body())])
    check_hidden(alone, clip, shown(alone))
    before = Cut("coarse", 9, 14, "aac")
    both = merged(tmp_path, [("2026-01-16_08-00-00.mp4", before.body), ("2026-01-16_08-00-10.mp4", clip.body())])
    found = shown(both)
    assert found[:14] == [before.md5(index) for index in range(14)]
    check_hidden(both, clip, found[14:])


_HALVES = list(product(["plain", "reordered", "h265", "still"], [3, 10, 17, 30], [False, True], [False, True]))


@pytest.mark.parametrize(("line", "at", "in_fragments", "is_longer"), _HALVES if IS_SOAK else _HALVES[::8])
def test_halves_of_a_clip(tmp_path, line, at, in_fragments, is_longer):
    """The second one hides what it needs of the first: each frame is shown once, laid by time or in order.

    A fifth of them without ``CAMREEL_SOAK``.

    ``is_longer``: the first one has frames of the second, too, and hides them.
    """
    whole = Cut(line, line_of(line).key_from(Fraction(5)), 44, "aac")
    key = max(each for each in whole.keys if each <= at)
    after = min(each for each in (*whole.keys, 44) if each >= at)
    count = after if is_longer or line == "reordered" else at
    one = Edited(replace(whole, count=count), tail=at, in_fragments=in_fragments)
    two = Edited(replace(whole, first=whole.first + key, count=44 - key), head=at - key, in_fragments=in_fragments)
    for more in ((), ("--in-order",)):
        clips = [("2026-01-16_08-00-00.mp4", one.body()), (f"2026-01-16_08-00-{at // 10:02d}_b.mp4", two.body())]
        told = merged(tmp_path, clips, *more)
        found = shown(told)
        assert told.code == (4 if told.says("that its edit list hides") else 0), told
        if line == "reordered":  # frames that are hidden between two that need them are shown, and counted
            needed = [md5 for md5 in found if found.count(md5) > 1]
            assert len(needed) <= 4, told
            assert not needed or told.says("that its edit list hides"), told
            assert sorted(set(found)) == sorted({whole.md5(index) for index in range(44)}), told
        else:
            assert found == [whole.md5(index) for index in range(44)], told
            assert not told.says("edit list", "twice"), told


@pytest.mark.parametrize("name", ["plain", "reordered"])
def test_what_a_list_waits_is_time(tmp_path, name):
    """A clip whose first frame comes late is dated by its list, and there is no gap that the clip does not have."""
    clip = Edited(PLAIN if name == "plain" else REORDERED, wait=4)
    told = merged(tmp_path, [("2026-01-16_08-00-10.mp4", clip.body())])
    covered = told.report["clips"][0]["covered"]
    assert covered["start"].startswith("2026-01-16T08:00:10.4"), covered
    assert not told.report["gaps"], told
    assert told.report["status"] == "complete"


def test_ordinary_edits_change_nothing(tmp_path):
    """Those that only make up for the delay of B-frames or of AAC: the report has no word of them."""
    for number, clip in enumerate((Edited(REORDERED), Edited(PLAIN), Edited(REORDERED, in_fragments=True))):
        told = merged(tmp_path, [(f"2026-01-16_08-0{number}-10.mp4", clip.body())])
        assert shown(told) == clip.md5s
        covered = told.report["clips"][0]["covered"]
        assert (told.code, told.report["warnings"], told.report["gaps"]) == (0, [], [])
        assert covered["start"] == f"2026-01-16T08:0{number}:10", covered


@pytest.mark.parametrize("between", [(7, 14), (5, 12), (14, 24)])
def test_a_list_with_a_hole(tmp_path, between):
    """A part in the middle is hidden."""
    clip = Edited(Cut("plain", 49, 35, "aac"), between=between)
    told = merged(tmp_path, [("2026-01-16_08-00-10.mp4", clip.body())])
    check_hidden(told, clip, shown(told))


def test_the_frames_are_those_of_the_decoder(tmp_path):
    """What FFmpeg shows of such a clip is what we say that it shows."""
    for clip in (Edited(PLAIN, 9, 19), Edited(REORDERED, 11, 13, 3), Edited(Cut("plain", 49, 35), between=(5, 12))):
        (tmp_path / "clip.mp4").write_bytes(clip.body())
        assert [each.md5 for each in decoded(str(tmp_path / "clip.mp4"))] == clip.md5s
    assert Fraction(_PERIOD, SCALE) == PLAIN.period
