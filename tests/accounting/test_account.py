"""The account finds what is wrong with a run: here the videos are clips themselves, and the reports are made up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from .account import Kind, account
from .cards import Card
from .clips import Cut, Feature
from .originals import EIGHT, Look
from .product import Told
from .shown import Part

# From 0.7 s on: 2.1 s, 2.8 s that follow, and 2.1 s after a gap of 1.4 s.
CUTS = (Cut("plain", 7, 21), Cut("plain", 28, 28), Cut("plain", 70, 21))
SHORT = Cut("plain", 28, 28, broken="short")
LATE = Cut("plain", 10, 25)
HIDING = Cut("plain", 28, 28, odd=frozenset({Feature.HIDDEN_HEAD}))
BESIDES = Cut("plain", 28, 28, odd=frozenset({Feature.SECOND_VIDEO}))
TEXTS = Cut("plain", 28, 28, odd=frozenset({Feature.SUBTITLES}))
PRE_RECORD = (Cut("plain", 7, 35), Cut("plain", 28, 35))
AGAIN = (Cut("plain", 7, 42), Cut("coarse", 27, 36))


@pytest.fixture
def wrong(tmp_path: Path) -> Callable[..., str]:
    """What is wrong where the videos show ``shown``, each in a file, and the report says ``clips`` by their number.

    What nothing is said of is merged as a whole.
    """

    def tell(card: Card, *shown: Cut, code: int = 0, notes: tuple[str, ...] = (), **clips: dict[str, Any]) -> str:
        told = told_of(tmp_path, card, *shown, code=code, notes=notes, **clips)
        return "\n".join(str(each) for each in account(card, told))

    return tell


def told_of(
    folder: Path, card: Card, *shown: Cut, code: int = 0, notes: tuple[str, ...] = (), **clips: dict[str, Any]
) -> Told:
    parts = []
    for number, cut in enumerate(shown):
        parts.append(Part(folder / f"{number}.mp4"))
        parts[-1].path.write_bytes(cut.body)
    said = [
        {"path": str(number), "status": "merged", "reason": None, "covered": span(cut.dated, cut.count * cut.period)}
        | clips.get(f"clip_{number}", {})
        for number, cut in enumerate(card.cuts)
    ]
    report = {"clips": said, "warnings": list(notes), "lost": [], "gaps": [], "pending": [], "outputs": []}
    return Told(code, report, tuple(parts), tuple(map(str, range(len(card.cuts)))))


def span(start: Fraction, seconds: Fraction) -> dict[str, str]:
    begins, ends = (EIGHT + timedelta(seconds=float(each)) for each in (start, start + seconds))
    return {"start": begins.isoformat(), "end": ends.isoformat()}


UNUSABLE = {"status": "unusable", "reason": "it is no clip", "covered": None}
INSIDE = {"status": "inside", "reason": "clip 1 shows all of it", "covered": None}


def test_all_is_well(wrong):
    """The videos that the others say something false of."""
    assert wrong(Card(CUTS), *CUTS) == ""


def test_an_overlap_cut_by_content_is_well(wrong):
    """Of 1.4 s that two clips hold with the same bytes one gives all and the other none, within a group of pictures."""
    second = {"covered": span(Fraction(7, 2), Fraction(21, 10))}
    assert wrong(Card(PRE_RECORD), Cut("plain", 7, 56), clip_1=second) == ""


def test_an_overlap_cut_by_the_clock_is_well(wrong):
    """Of two encoders' 2.2 s the first gives what the list leaves in doubt, a second; the rest is the other's."""
    note = "08:00:02 to 08:00:03 is shown twice"
    first = replace(AGAIN[0], count=30)
    assert wrong(Card(AGAIN), first, AGAIN[1], notes=(note,), clip_0={"covered": span(Fraction(0), Fraction(3))}) == ""
    less = wrong(Card(AGAIN), replace(first, count=19), AGAIN[1], notes=(note,))
    assert less == f"{Kind.SILENT.value}: 1 of clip 0, from 19 on, of which 0 are named"


@pytest.mark.parametrize("name", ["plain", "coarse"])
def test_a_copy_that_is_left_out_is_well(wrong, name):
    """A clip within another need not give anything, whoever encoded it."""
    cuts = (Cut("plain", 7, 49), Cut(name, 27, 14))
    assert wrong(Card(cuts), cuts[0], clip_1=INSIDE) == ""


def test_a_clip_is_lost(wrong):
    """Without a word, by name, and by name with the wrong exit code."""
    lost = wrong(Card(CUTS), CUTS[0], CUTS[2], clip_1={"status": "empty", "covered": None})
    assert lost == f"{Kind.SILENT.value}: 28 of clip 1, from 0 on, of which 0 are named"
    assert wrong(Card(CUTS), CUTS[0], CUTS[2], code=4, clip_1=UNUSABLE) == ""
    assert wrong(Card(CUTS), CUTS[0], CUTS[2], clip_1=UNUSABLE).startswith(Kind.EXIT_CODE.value)


def test_a_clip_that_the_report_does_not_mention(wrong):
    """It is missing all the same."""
    lost = wrong(Card(CUTS), CUTS[0], CUTS[2], clip_1={"path": "another"})
    assert lost == f"{Kind.SILENT.value}: 28 of clip 1, from 0 on, of which 0 are named"


def test_the_end_of_a_clip_is_lost(wrong):
    """The video ends early, and the report does not know."""
    lost = wrong(Card(CUTS), *CUTS[:2], replace(CUTS[2], count=10))
    assert lost == f"{Kind.SILENT.value}: 11 of clip 2, from 10 on, of which 0 are named"


def test_one_frame_is_lost(wrong, tmp_path):
    """Of 70."""
    told = told_of(tmp_path, Card(CUTS), *CUTS)
    del told.parts[1].shown[13]
    assert [str(each) for each in account(Card(CUTS), told)] == [
        f"{Kind.SILENT.value}: 1 of clip 1, from 13 on, of which 0 are named"
    ]


def test_fewer_are_named_than_are_missing_or_more(wrong):
    """The number counts."""
    card, missing = Card((CUTS[0], SHORT, CUTS[2])), SHORT.count - SHORT.held
    shown = (CUTS[0], replace(CUTS[1], count=SHORT.held), CUTS[2])

    def said(count: int) -> str:
        short = {"status": "short", "reason": f"{count} frames are not in it"}
        covered = {"covered": span(Fraction(2), SHORT.held * SHORT.period)}
        return str(wrong(card, *shown, code=4, clip_1=short | covered))

    assert said(missing) == ""
    assert said(missing - 1).startswith(Kind.SILENT.value)
    assert said(missing + 1).startswith(Kind.FALSE_LOSS.value)


def test_what_is_there_is_said_to_be_missing(wrong):
    """By the exit code alone, or with a video that is well and an error."""
    assert wrong(Card(CUTS), *CUTS, code=4).startswith(Kind.FALSE_LOSS.value)
    assert wrong(Card(CUTS), *CUTS, code=7).startswith(Kind.FALSE_LOSS.value)


def test_there_is_no_video(wrong):
    """Though one clip is well; where none is, there has to be an error."""
    assert wrong(Card(CUTS), code=7).startswith(f"{Kind.NO_VIDEO.value}: exit 7, for 70 frames")
    broken = Card((replace(CUTS[0], broken="garbage"),))
    assert wrong(broken, code=7) == ""
    assert wrong(broken).startswith(Kind.EXIT_CODE.value)


def test_pictures_that_nobody_recorded(wrong):
    """Those of another encoder."""
    said = wrong(Card(CUTS), CUTS[0], Cut("coarse", 36, 28), CUTS[2])
    assert f"{Kind.DAMAGED.value}: 28 frames, the first at 0.00 s" in said
    assert f"{Kind.SILENT.value}: 28 of clip 1" in said


def test_pictures_twice(wrong):
    """The same bytes twice, here of two clips that overlap by 0.7 s, or a clip again."""
    cuts = (Cut("plain", 7, 28), Cut("plain", 28, 28))
    assert wrong(Card(cuts), *cuts) == f"{Kind.TWICE.value}: 7 frames, the first is ('plain', 28)"
    assert wrong(Card(CUTS), CUTS[0], CUTS[0], *CUTS[1:]).startswith(f"{Kind.TWICE.value}: 21 frames")
    assert wrong(Card(cuts), *cuts, notes=("0.7 s are shown twice",)) == ""


def test_moments_twice(wrong):
    """The same 2.4 s from two encoders; less than a second would be in doubt."""
    cuts = (Cut("plain", 7, 35), Cut("coarse", 18, 30))
    said = wrong(Card(cuts), *cuts)
    assert said == f"{Kind.TWICE.value}: nothing is said of the 24 pictures of clip 0 that clip 1 shows as well"
    assert wrong(Card(cuts), *cuts, notes=("2.4 s are shown twice",)) == ""


def test_back_in_time(wrong):
    """The later clip comes first."""
    assert wrong(Card(CUTS), CUTS[2], *CUTS[:2]).startswith(Kind.ORDER.value)


def test_not_at_their_time(tmp_path):
    """The pictures are those of the clip, in another rhythm than they were taken."""
    card = Card(CUTS)
    told = told_of(tmp_path, card, *CUTS)
    told.parts[1].shown[:] = [replace(each, time=each.time * Fraction(101, 100)) for each in told.parts[1].shown]
    assert "picture 1 of clip 1 is shown +0.0010 s late" in "".join(map(str, account(card, told)))


def test_said_to_begin_elsewhere(wrong):
    """The report places a clip half a second late, or ends it late."""
    late = wrong(Card(CUTS), *CUTS, clip_1={"covered": span(Fraction(5, 2), Fraction(28, 10))})
    assert late == f"{Kind.TIMES.value}: clip 1 is said to begin +0.5000 s late"
    longer = wrong(Card(CUTS), *CUTS, clip_1={"covered": span(Fraction(2), Fraction(38, 10))})
    assert longer == f"{Kind.TIMES.value}: clip 1 is said to be +1.0000 s longer than it is"


def test_a_chapter_begins_elsewhere(tmp_path):
    """The report lists it where no clip begins."""
    card = Card(CUTS)
    told = told_of(tmp_path, card, *CUTS)
    for start, count in ((0, 0), (0.5, 1)):
        chapters = [{"start": start, "title": "08:00:00"}]
        told.report["outputs"] = [{"path": str(told.parts[1].path), "chapters": chapters}]
        assert [each.kind for each in account(card, told)] == [Kind.TIMES] * count


def test_dropped_pictures_are_counted(wrong):
    """Pictures before the first keyframe that the report does not name."""
    rest = Cut("plain", 14, 21)
    covered = {"covered": span(Fraction(14, 10), rest.count * rest.period)}
    named = covered | {"reason": "4 frames cannot be decoded"}
    assert wrong(Card((LATE,)), rest, code=4, clip_0=named) == ""
    assert wrong(Card((LATE,)), rest, clip_0=covered).startswith(f"{Kind.SILENT.value}: 4 of clip 0, from 0 on")


def test_more_than_was_wanted(wrong):
    """Frames that a clip hides, from before the keyframe that the range needs, or from after its end."""
    cuts = (CUTS[0], HIDING, CUTS[2])
    assert f"{Kind.NOT_WANTED.value}: 4 frames that clip 1 hides" in wrong(Card(cuts), CUTS[0], CUTS[1], CUTS[2])
    for asked in ((2, 24), (0, 8)):
        assert Kind.NOT_WANTED.value in wrong(Card(CUTS, asked=asked), *CUTS)


def test_looks(tmp_path):
    """A clip that is shown turned, and of which nothing is said."""
    card = Card(CUTS)
    for notes, count in (((), 1), (("clip 2 is turned",), 0)):
        told = told_of(tmp_path, card, *CUTS, notes=notes)
        told.parts[1].shown[:] = [replace(each, look=Look(turned=90)) for each in told.parts[1].shown]
        assert [each.kind for each in account(card, told)] == [Kind.LOOK] * count


def test_second_tracks(wrong):
    """Frames of a second track are lost, subtitles are noted."""
    card = Card((CUTS[0], BESIDES, CUTS[2]))
    assert wrong(card, *CUTS) == f"{Kind.TRACK.value}: 10 frames of a second track or channel of clip 1"
    assert wrong(card, *CUTS, code=4) == ""
    card = Card((CUTS[0], TEXTS, CUTS[2]))
    assert wrong(card, *CUTS) == f"{Kind.TRACK.value}: subtitles or telemetry of clip 1"
    assert wrong(card, *CUTS, notes=("a track of clip 2 was left out",)) == ""


def test_sound(wrong):
    """Sound that is missing, that nobody recorded, or that ends early."""
    silent = tuple(replace(cut, sound=None) for cut in CUTS)
    assert "the film has no sound, though a clip has" in wrong(Card(CUTS), *silent)
    assert "there is a beep at" in wrong(Card((silent[0], *CUTS[1:])), Cut("plain", 7, 49), CUTS[2])
    short = (CUTS[0], replace(CUTS[1], longer=Fraction(-2)), CUTS[2])
    assert "s late, or missing" in wrong(Card(CUTS), *short)


def test_holes_in_the_sound(wrong):
    """Where sound ends before the pictures there has to be silence, in an mp4."""
    short = (CUTS[0], replace(CUTS[1], longer=Fraction(-1)), CUTS[2])
    assert "there is no sound, not even silence" in wrong(Card(short), *short)
    assert wrong(Card(short, "mkv"), *short) == ""
