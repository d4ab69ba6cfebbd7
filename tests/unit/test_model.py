"""The frozen values: two kinds of time that cannot be mixed, spans, and what must not be shown."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from camreel.model import Address, Credentials, FrameCounts, Recording, Span, WallTime


def wall(text: str) -> WallTime:
    return WallTime.fromisoformat(f"2026-01-16T{text}")


def span(start: str, end: str) -> Span:
    return Span(wall(start), wall(end))


def test_wall_time_refuses_a_zone():
    """The camera's clock and real time are different types: an aware datetime is no wall time."""
    with pytest.raises(ValueError, match="no zone"):
        WallTime(datetime(2026, 1, 16, 8, tzinfo=timezone.utc))


def test_wall_time_arithmetic():
    """A wall time less another is a length; more or less a length it is a wall time."""
    assert wall("08:00:00") + timedelta(minutes=5) == wall("08:05:00")
    assert wall("08:05:00") - timedelta(minutes=5) == wall("08:00:00")
    assert wall("08:05:00") - wall("08:00:00") == timedelta(minutes=5)


def test_wall_time_shows_as_the_camera_writes_it():
    """People see whole seconds; the full text comes back as the same value."""
    fine = wall("08:00:00.040000")
    assert str(fine) == "2026-01-16 08:00:00"
    assert WallTime.fromisoformat(fine.isoformat()) == fine


@pytest.mark.parametrize(
    ("one", "other", "common"),
    [
        (("08:00:00", "09:00:00"), ("08:30:00", "10:00:00"), ("08:30:00", "09:00:00")),
        (("08:00:00", "09:00:00"), ("08:10:00", "08:20:00"), ("08:10:00", "08:20:00")),
        (("08:00:00", "09:00:00"), ("09:00:00", "10:00:00"), None),
        (("08:00:00", "09:00:00"), ("11:00:00", "12:00:00"), None),
        (("08:00:00", "09:00:00"), ("08:30:00", "08:30:00"), None),
    ],
    ids=["in part", "within", "touching", "apart", "empty"],
)
def test_overlap(one, other, common):
    """An end belongs to nothing: spans that touch have nothing in common."""
    expected = span(*common) if common else None
    assert span(*one).overlap(span(*other)) == expected
    assert span(*other).overlap(span(*one)) == expected


def test_span_names_the_day_twice_only_where_it_changes():
    """``2026-01-16 23:00:00 to 2026-01-17 01:00:00``, and within a day only the time of the end."""
    assert str(span("08:00:00", "09:30:00")) == "2026-01-16 08:00:00 to 09:30:00"
    over_midnight = Span(wall("23:00:00"), wall("23:00:00") + timedelta(hours=2))
    assert str(over_midnight) == "2026-01-16 23:00:00 to 2026-01-17 01:00:00"


@pytest.mark.parametrize(
    ("address", "authority", "text"),
    [
        (Address("cam.example", 80), "cam.example", "http://cam.example"),
        (Address("cam.example", 443, https=True), "cam.example", "https://cam.example"),
        (Address("cam.example", 443), "cam.example:443", "http://cam.example:443"),
        (Address("cam.example", 80, https=True), "cam.example:80", "https://cam.example:80"),
        (Address("fe80::1", 80), "[fe80::1]", "http://[fe80::1]"),
        (Address("fe80::1", 8080), "[fe80::1]:8080", "http://[fe80::1]:8080"),
    ],
)
def test_address_names_a_port_only_where_it_is_not_the_schemes_own(address, authority, text):
    """An address is shown as a URL that works, with brackets round IPv6."""
    assert (address.authority, str(address)) == (authority, text)


def test_the_password_is_not_in_the_repr():
    """A password never gets into a log or a traceback by way of ``repr``."""
    assert "hunter2" not in repr(Credentials("admin", "hunter2"))


def test_a_recordings_name_is_the_last_part_of_its_path():
    """``name`` is what the camera calls the file."""
    assert Recording("/mnt/sd/a/b[M].mp4", span("08:00:00", "08:01:00")).name == "b[M].mp4"
    assert Recording("alone.mp4", span("08:00:00", "08:01:00")).name == "alone.mp4"


@pytest.mark.parametrize("kind", ["written", "reencoded", "outside", "copies", "undecodable", "damaged"])
def test_each_frame_that_is_read_is_somewhere(kind):
    """Frames that are written, left out or lost are accounted for; one more or less is seen."""
    assert FrameCounts(read=7, **{kind: 7}).unaccounted == 0
    assert FrameCounts(read=8, **{kind: 7}).unaccounted == 1
    assert FrameCounts(read=7, **{kind: 8}).unaccounted == -1
    assert FrameCounts(read=7, missing=3, **{kind: 7}).unaccounted == 0  # those were not read


def test_parts_of_a_clip_read_its_frames_more_than_once():
    """What one part writes, the other leaves out: together each frame counts once."""
    first = FrameCounts(read=60, written=50, outside=10)
    rest = FrameCounts(read=100, written=40, outside=55, undecodable=5)
    assert FrameCounts.of_parts([first, rest]) == FrameCounts(read=100, written=90, outside=5, undecodable=5)
    assert FrameCounts.of_parts([first]) == first
    assert FrameCounts.of_parts([]) is None
    less = FrameCounts.of_parts([first, FrameCounts(read=100, written=40, outside=55)])
    assert less is not None
    assert less.unaccounted == 5
