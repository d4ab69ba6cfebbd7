"""The account of a merge finds what is wrong with it: the films here are well, and are said to be something else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import pytest
from tests.unit.media.account import Merged, Part, Run, check, check_silence
from tests.unit.media.merge.test_merger_schedules import merge
from tests.unit.media.originals import EIGHT, Cut
from tests.unit.media.schedules import Schedule

from camreel.formats.containers import OutputFormat
from camreel.media.worker.messages import ClipOutcome
from camreel.model import Span, WallTime

pytestmark = pytest.mark.slow(reason="merges and decodes videos")

# From 0.7 s on: 2.1 s, 2.8 s that follow, and 2.1 s after a gap of 1.4 s.
CUTS = (Cut("plain", 7, 21), Cut("plain", 28, 28), Cut("plain", 70, 21))
WHOLE = Schedule(CUTS, OutputFormat.MP4)


@pytest.fixture
def merged(tmp_path: Path) -> Callable[..., Merged]:
    def make(*cuts: Cut, asked: tuple[int, int] | None = None) -> Merged:
        return merge(Schedule(cuts, OutputFormat.MP4, asked), tmp_path)

    return make


@pytest.fixture
def apart(tmp_path: Path) -> Callable[..., Merged]:
    """Each clip merged by itself, so that nothing is done about what two of them hold."""

    def make(*cuts: Cut) -> Merged:
        films = []
        for number, cut in enumerate(cuts):
            (tmp_path / str(number)).mkdir(exist_ok=True)
            films.append(merge(Schedule((cut,), OutputFormat.MP4), tmp_path / str(number)))
        said = tuple(replace(film.outcomes[0], number=number) for number, film in enumerate(films))
        return Merged(tuple(film.parts[0] for film in films), said, ())

    return make


def outcomes(merged: Merged, **changed: ClipOutcome) -> Merged:
    return replace(merged, outcomes=tuple(changed.get(f"clip_{each.number}", each) for each in merged.outcomes))


def outcomes_of(
    cuts: tuple[Cut, ...], *given: tuple[int, int], starts_at: tuple[float, ...]
) -> tuple[ClipOutcome, ...]:
    """What a merge says that took from each cut so many pictures from a certain one on."""
    said = []
    for number, (cut, (first, count)) in enumerate(zip(cuts, given, strict=True)):
        begins, ends = (
            WallTime(EIGHT + timedelta(seconds=float(cut.dated + index * cut.period)))
            for index in (first, first + count)
        )
        said.append(ClipOutcome(number, Span(begins, ends), starts_at[number], video_packets=count))
    return tuple(said)


def test_all_is_well(merged):
    """The film that the others say something false of."""
    check(WHOLE, merged(*CUTS))


def test_an_overlap_cut_by_content_is_well(apart):
    """Of 1.4 s that two clips hold with the same bytes one gives all and the other none, within a group of pictures."""
    cuts = (Cut("plain", 7, 35), Cut("plain", 28, 35))
    film = apart(Cut("plain", 7, 56)).parts
    first, second = outcomes_of(cuts, (0, 35), (14, 21), starts_at=(0, 3.5))
    check(Schedule(cuts, OutputFormat.MP4), Merged(film, (first, second), ()))


def test_an_overlap_cut_by_the_clock_is_well(apart):
    """Of two encoders' 2.2 s the first gives what the list leaves in doubt, a second; the rest is the other's."""
    cuts = (Cut("plain", 7, 42), Cut("coarse", 27, 36))
    films = apart(replace(cuts[0], count=30), cuts[1])
    check(Schedule(cuts, OutputFormat.MP4), replace(films, notes=("08:00:02 to 08:00:03 may be shown twice",)))
    films = apart(replace(cuts[0], count=19), cuts[1])
    with pytest.raises(AssertionError, match="1 pictures of clip 0, from 19 on, are lost without a word"):
        check(Schedule(cuts, OutputFormat.MP4), films)


def test_a_copy_that_is_left_out_is_well(apart):
    """A clip within another need not give anything, whoever encoded it."""
    for name in ("plain", "coarse"):
        cuts = (Cut("plain", 7, 49), Cut(name, 27, 14))
        film = apart(cuts[0])
        check(Schedule(cuts, OutputFormat.MP4), replace(film, outcomes=(*film.outcomes, ClipOutcome(1, holds=1.4))))


def test_a_clip_is_lost(merged):
    """A clip that gave nothing, and of which nothing is said."""
    film = merged(CUTS[0], CUTS[2])
    said = (film.outcomes[0], ClipOutcome(1, holds=2.8), replace(film.outcomes[1], number=2))
    with pytest.raises(AssertionError, match="28 pictures of clip 1, from 0 on, are lost without a word"):
        check(WHOLE, replace(film, outcomes=said))


def test_the_end_of_a_clip_is_lost(merged):
    """The film ends early, and the report does not know."""
    early = merged(*CUTS, asked=(0, 8))
    with pytest.raises(AssertionError, match="11 pictures of clip 2, from 10 on, are lost"):
        check(WHOLE, early)


def test_a_clip_is_well_but_unusable(merged):
    """The clip is left out with a reason that is not true."""
    film = merged(CUTS[0], replace(CUTS[1], broken="garbage"), CUTS[2])
    with pytest.raises(AssertionError, match="clip 1 is well, but is said to be unusable: its first bytes"):
        check(WHOLE, film)


def test_a_picture_that_is_another_one(merged):
    """The film holds other pictures than it should: here those of another encoder."""
    film = merged(CUTS[0], Cut("coarse", 36, 28), CUTS[2])
    with pytest.raises(AssertionError, match="picture 36 of 'coarse' is shown in place of picture 10 of clip 1"):
        check(WHOLE, film)


def test_pictures_that_nobody_answers_for(merged):
    """The film is longer than the outcomes say."""
    film = merged(*CUTS)
    silent = replace(film.outcomes[2], covered=None, video_packets=0)
    with pytest.raises(AssertionError, match="21 pictures more than the outcomes say"):
        check(WHOLE, outcomes(film, clip_2=silent))


def test_pictures_twice(apart):
    """The same bytes twice, here of two clips that overlap by 0.7 s."""
    cuts = (Cut("plain", 7, 28), Cut("plain", 28, 28))
    with pytest.raises(AssertionError, match="7 pictures are shown twice, the first is 'plain' 28"):
        check(Schedule(cuts, OutputFormat.MP4), apart(*cuts))


def test_moments_twice(apart):
    """The same 2.4 s from two encoders; a second of them may be in doubt."""
    cuts = (Cut("plain", 7, 35), Cut("coarse", 18, 30))
    said = r"clip 0 and clip 1 both show 2\.40 s, of which 0\.\d\d s are beyond doubt"
    with pytest.raises(AssertionError, match=said):
        check(Schedule(cuts, OutputFormat.MP4), apart(*cuts))


def test_moments_in_doubt_are_named(apart):
    """A second twice, which the list cannot tell apart, is no fault, but has to be said."""
    cuts = (Cut("plain", 7, 31), Cut("coarse", 27, 30))
    schedule, films = Schedule(cuts, OutputFormat.MP4), apart(*cuts)
    with pytest.raises(AssertionError, match="nothing is said of the 11 pictures of clip 0 that clip 1 shows as well"):
        check(schedule, films)
    check(schedule, replace(films, notes=("08:00:02 to 08:00:03 may be shown twice",)))


def test_back_in_time(apart):
    """The later clip comes first."""
    cuts = (CUTS[2], CUTS[0])
    with pytest.raises(AssertionError, match="clip 1 was recorded before clip 0 and is shown after it"):
        check(Schedule(cuts, OutputFormat.MP4), apart(*cuts))


def test_not_at_their_time(merged):
    """The pictures are those of the clip, in another rhythm than they were taken."""
    film = merged(*CUTS)
    part = Part(film.parts[0].path)
    part.__dict__["shown"] = [(time * Fraction(101, 100), md5) for time, md5 in part.shown]
    with pytest.raises(AssertionError, match=r"picture 1 of clip 0 is shown \+0\.0010 s late"):
        check(WHOLE, replace(film, parts=(part,)))


def test_said_to_begin_elsewhere(merged):
    """The outcome places the clip half a second late in the film, or ends it late on the clock."""
    film = merged(*CUTS)
    second = film.outcomes[1]
    assert second.covered is not None
    with pytest.raises(AssertionError, match=r"clip 1 is said to begin \+0\.5000 s after it does in the film"):
        check(WHOLE, outcomes(film, clip_1=replace(second, starts_at=second.starts_at + 0.5)))
    longer = Span(second.covered.start, second.covered.end + timedelta(seconds=1))
    with pytest.raises(AssertionError, match=r"clip 1 is said to end \+1\.0000 s after it does"):
        check(WHOLE, outcomes(film, clip_1=replace(second, covered=longer)))


def test_dropped_pictures_are_counted(merged):
    """Pictures before the first keyframe that the outcome does not count, or counts though there are none."""
    late = Cut("plain", 10, 25)
    film = merged(late)
    schedule = Schedule((late,), OutputFormat.MP4)
    check(schedule, film)
    for said, least, most in [(0, 4, 4), (5, 4, 4)]:
        wrong = outcomes(film, clip_0=replace(film.outcomes[0], undecodable_dropped=said))
        with pytest.raises(
            AssertionError, match=f"has {least} to {most} undecodable pictures, but is said to have {said}"
        ):
            check(schedule, wrong)


def test_more_than_was_asked(merged):
    """Footage from before the keyframe that the range needs, and from after its end."""
    film = merged(*CUTS)
    with pytest.raises(AssertionError, match="clip 0 begins at its picture 0, though picture 14 is a keyframe"):
        check(replace(WHOLE, asked=(2, 24)), outcomes(film))
    with pytest.raises(AssertionError, match="clip 2 shows 11 pictures from after the range"):
        check(replace(WHOLE, asked=(0, 8)), film)


def test_sound(merged):
    """Sound that is missing, that nobody recorded, or that is out of step."""
    silent = tuple(replace(cut, sound=None) for cut in CUTS)
    with pytest.raises(AssertionError, match="there is a beep at"):
        check(Schedule((silent[0], *CUTS[1:]), OutputFormat.MP4), merged(*CUTS))
    some = merged(CUTS[0], replace(CUTS[1], longer=Fraction(-2)), CUTS[2])
    with pytest.raises(AssertionError, match=r"the beep that belongs to 3\.\d+ s is .* late, or missing"):
        check(WHOLE, some)


def test_no_sound_at_all(merged):
    """The clips have sound, the film has none."""
    with pytest.raises(AssertionError, match="the film has no sound, though a clip has"):
        check(WHOLE, merged(*(replace(cut, sound=None) for cut in CUTS)))


def test_holes_in_the_sound(tmp_path):
    """Where sound ends before the pictures there has to be silence, in an mp4."""
    cut = replace(CUTS[0], longer=Fraction(-1))
    path = tmp_path / "film.mp4"
    path.write_bytes(cut.body)
    film = Merged((Part(path),), (), ())
    run = Run(0, cut, 0, tuple(time for time, _ in film.parts[0].shown), 0)
    check_silence(Schedule((cut,), OutputFormat.MKV), film, [run])
    with pytest.raises(AssertionError, match=r"from [01]\.\d+ to 2\.1\d* s there is no sound, not even silence"):
        check_silence(Schedule((cut,), OutputFormat.MP4), film, [run])
