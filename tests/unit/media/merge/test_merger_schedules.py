"""Whatever a camera recorded: each picture of the range is shown once, in order, at its time, or is named.

The clips are cut from a few originals by copying packets, so each picture of the film is known by its MD5.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from tests.unit.media.account import Merged, Part, check
from tests.unit.media.originals import EIGHT, Cut
from tests.unit.media.schedules import ALL, Feature, Schedule, schedules

from camreel.errors import MergeError
from camreel.formats.containers import OutputFormat
from camreel.media.merge.merger import Merger
from camreel.media.worker.messages import ClipFile, ClipOutcome, MergeJob
from camreel.model import Span, WallTime

pytestmark = pytest.mark.slow(reason="merges and decodes a hundred random schedules")

# Cases to which chance may not come, and what each needs. Numbers are of pictures, 10 of which are a second.
EXAMPLES: list[tuple[str, Feature | None, tuple[Cut, ...]]] = [
    # By the list the first two overlap by half a second; in truth they do not.
    ("abut", None, (Cut("plain", 21, 15), Cut("coarse", 36, 18), Cut("plain", 56, 20))),
    ("another codec", Feature.CODECS, (Cut("plain", 7, 21), Cut("h265", 32, 16), Cut("plain", 49, 14))),
    ("first silent", Feature.SOUND_HOLES, (Cut("plain", 7, 21, None), Cut("plain", 28, 21), Cut("plain", 49, 21))),
    ("later silent", Feature.SOUND_HOLES, (Cut("plain", 7, 21), Cut("plain", 28, 21, None), Cut("plain", 49, 21))),
    ("odd rate", Feature.SOUND_FORMS, (Cut("plain", 7, 21), Cut("plain", 28, 21, "aac 16 kHz"), Cut("plain", 49, 21))),
    ("odd codec", Feature.SOUND_FORMS, (Cut("plain", 7, 21, "alaw"), Cut("plain", 28, 21), Cut("plain", 49, 21))),
    ("pre-record", Feature.COPIES, (Cut("plain", 7, 35), Cut("plain", 28, 35))),
    ("ends within a group", Feature.COPIES, (Cut("plain", 7, 32), Cut("plain", 35, 28))),
    ("begins within a group", Feature.COPIES, (Cut("plain", 7, 32), Cut("plain", 31, 32))),
    ("a copy within", Feature.COPIES, (Cut("plain", 7, 49), Cut("plain", 21, 14))),
    ("a copy of the end", Feature.COPIES, (Cut("plain", 7, 49), Cut("plain", 42, 14))),
    ("the same clip twice", Feature.COPIES, (Cut("plain", 7, 21), Cut("plain", 7, 21))),
    ("a longer copy", Feature.COPIES, (Cut("plain", 7, 21), Cut("plain", 7, 42))),
    ("three at once", Feature.COPIES, (Cut("plain", 7, 42), Cut("plain", 21, 35), Cut("plain", 35, 35))),
    ("a still picture's pre-record", Feature.COPIES, (Cut("still", 77, 42), Cut("still", 105, 42))),
    ("a still picture's copy within", Feature.COPIES, (Cut("still", 77, 63), Cut("still", 91, 14))),
    ("encoded again", Feature.AGAIN, (Cut("plain", 7, 42), Cut("coarse", 27, 36))),
    ("encoded again at another rate", Feature.AGAIN, (Cut("quick", 18, 100), Cut("slow", 12, 30))),
    ("encoded again, within", Feature.AGAIN, (Cut("plain", 7, 56), Cut("coarse", 27, 18))),
    # By the list the second ends with the first, or before it; in truth it goes on.
    ("encoded again, ends later", Feature.AGAIN, (Cut("plain", 7, 46), Cut("coarse", 27, 31))),
    ("encoded again, ends earlier", Feature.AGAIN, (Cut("plain", 7, 51), Cut("coarse", 27, 26))),
    ("a still picture again", Feature.AGAIN, (Cut("still", 77, 42), Cut("still again", 99, 42))),
]


def merge(schedule: Schedule, folder: Path) -> Merged:
    """Merge the clips of a schedule. A schedule that has nothing of the range gives no output."""
    asked = schedule.asked or (0, 3600)
    output = folder / f"film.{schedule.container.value}.part"
    merger = Merger(MergeJob(str(output), schedule.container, _span(*asked)))
    settled: dict[int, ClipOutcome] = {}
    starts = [*(WallTime(EIGHT + timedelta(seconds=cut.listed[0])) for cut in schedule.cuts[1:]), None]
    for number, cut in enumerate(schedule.cuts):
        path = folder / f"{number}.{'dav' if cut.dav else 'mp4'}"
        path.write_bytes(cut.body)
        clip = ClipFile(number, str(path), _span(*cut.listed), path.name, next_start=starts[number])
        settled |= {each.number: each for each in merger.add(clip, lambda _, wall: None).outcomes}
    try:
        result = merger.finish()
    except MergeError as error:
        if str(error) != "None of the clips holds a picture of the range.":
            raise
        return Merged((), tuple(settled[number] for number in sorted(settled)), ())
    settled |= {each.number: each for each in result.outcomes}
    assert sorted(settled) == list(range(len(schedule.cuts)))
    parts = tuple(Part(Path(film.path)) for film in result.films)
    return Merged(parts, tuple(settled[number] for number in sorted(settled)), result.notes)


def _span(start: int, end: int) -> Span:
    return Span(*(WallTime(EIGHT + timedelta(seconds=each)) for each in (start, end)))


# Without shrinking: a schedule is small as it is, and each merge takes a while.
@settings(derandomize=True, database=None, deadline=None, max_examples=100, phases=(Phase.explicit, Phase.generate))
@given(schedules(ALL))
def test_every_picture_once_in_order_at_its_time_or_named(schedule):
    """The invariant of the merge."""
    with TemporaryDirectory() as folder:
        check(schedule, merge(schedule, Path(folder)), silence=True)


def _examples() -> list[Any]:
    return [pytest.param(cuts, id=name) for name, _feature, cuts in EXAMPLES]


@pytest.mark.parametrize("container", [OutputFormat.MP4, OutputFormat.MKV])
@pytest.mark.parametrize("cuts", _examples())
def test_examples(tmp_path, cuts, container):
    """The invariant, where a mistake is likely."""
    schedule = Schedule(cuts, container)
    check(schedule, merge(schedule, tmp_path), silence=True)


def test_a_range_that_begins_where_a_short_clip_has_ended(tmp_path):
    """The clip has pictures of the range by its index, but not in its bytes: they are missing, and that is said."""
    schedule = Schedule((Cut("plain", 35, 42, broken="short"), Cut("plain", 84, 21)), OutputFormat.MP4, (6, 12))
    check(schedule, merge(schedule, tmp_path), silence=True)
