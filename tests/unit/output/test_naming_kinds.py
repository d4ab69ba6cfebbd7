"""What else is in the name of an output, and how several are numbered."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from camreel.clock import parse_range
from camreel.errors import UsageError
from camreel.formats.containers import OutputFormat
from camreel.model import Address, Query, Stream, Target
from camreel.output.naming import LONGEST_DEFAULT, default_name, numbered, output_place

RANGE = parse_range("2026-01-16T08:00:00", "2026-01-16T18:00:00")
SHOWN = "2026-01-16_08.00.00_to_18.00.00.mp4"
# Each of them, so that none is forgotten when the list changes.
OTHER_MEDIA = (
    "264 265 3g2 3gp aac asf dav divx f4v flac flv gif h264 h265 hevc jpeg jpg m2t m2ts m2v m4a m4v mjpeg mjpg mka mp3 "
    "mpeg mpg mpv mts mxf oga ogg ogv opus png rm rmvb ts vob wav webm wma wmv"
)


def name(query: Query, *, called: str | None = None, timelapse: float | None = None) -> str:
    target = Target(Address("cam", 80), "admin", name=called)
    return default_name(target, query, OutputFormat.MP4, timelapse=timelapse)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (Query(RANGE, events=("motion",)), "cam_ch1_motion_"),
        (Query(RANGE, events=("motion", "a:b/c")), "cam_ch1_motion+a_b_c_"),
        (Query(RANGE, events=("motion",), pad=timedelta(seconds=2.5)), "cam_ch1_motion+2.5s_"),
        (Query(RANGE, pad=timedelta(seconds=5)), "cam_ch1_"),
        (Query(RANGE, events=("x" * 39 + "yz",)), f"cam_ch1_{'x' * 39}y_"),
        (Query(RANGE, 2, Stream.SUB, events=("motion",)), "cam_ch2_sub_motion_"),
        (Query(RANGE, "Front door: left"), "cam_Front-door_-left_"),
        (Query(RANGE, "x" * 39 + "yz"), f"cam_{'x' * 39}y_"),
    ],
)
def test_what_was_asked_for_is_in_the_name(query, expected):
    assert name(query) == expected + SHOWN


@pytest.mark.parametrize(("timelapse", "expected"), [(60.0, "60x"), (1.5, "1.5x"), (-30.0, "30s"), (-0.5, "0.5s")])
def test_a_timelapse_says_how_fast_it_is(timelapse, expected):
    assert name(Query(RANGE), timelapse=timelapse) == f"cam_ch1_{expected}_{SHOWN}"


def test_a_camera_with_a_name_is_called_by_it():
    assert name(Query(RANGE), called="porch") == f"porch_ch1_{SHOWN}"


@pytest.mark.parametrize(("count", "expected"), [(1, "a.mp4"), (2, "a-2of2.mp4"), (12, "a-02of12.mp4")])
def test_several_files_are_numbered(count, expected):
    path = numbered(Path("x/a.mp4"), count if count < 12 else 2, count)
    assert path.parent == Path("x")
    assert path.name in {expected, expected.replace("02of", "2of")}


@pytest.mark.parametrize("suffix", OTHER_MEDIA.split())
@pytest.mark.parametrize("spelled", [str.lower, str.upper])
def test_a_kind_that_is_not_written_is_refused(suffix, spelled):
    with pytest.raises(UsageError, match="does not write"):
        output_place(f"evening.{spelled(suffix)}", Path("videos"), None)


def test_a_host_is_shortened_only_if_it_must_be():
    """The longest name that a host keeps whole is one short of the limit; a longer one ends in a hash of all of it."""
    names = {
        length: default_name(Target(Address("h" * length, 80), "admin"), Query(RANGE), OutputFormat.MP4)
        for length in range(40, 200)
    }
    whole = [length for length, made in names.items() if made.startswith("h" * length + "_")]
    assert len(names[max(whole)]) == LONGEST_DEFAULT - 1
    assert whole == list(range(40, max(whole) + 1))
    cut = [made for length, made in names.items() if length > max(whole)]
    assert len({*cut}) == len(cut)
    assert {len(made) for made in cut} == {LONGEST_DEFAULT - 1}
