"""Where a run of `--since-last` begins and ends, and what has a mark of its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from tests.conftest import changed

from camreel.clock import CameraClock, CameraRange
from camreel.errors import DiskError, NothingRecorded, UsageError
from camreel.jobs.continuation import Continuation, EndMark, _files
from camreel.model import (
    NO_RANGE,
    Address,
    AskedAround,
    AskedRange,
    DeviceInfo,
    Now,
    Output,
    Query,
    Recording,
    Request,
    Span,
    Stream,
    Target,
    WallTime,
)
from camreel.planning.account import Account, Hole, LossKind, LostReason
from camreel.planning.plan import plan_export
from camreel.planning.proof import SearchProof
from camreel.report import Report

NOON = datetime(2026, 1, 16, 12, tzinfo=timezone.utc)
BERLIN = CameraClock.fixed(timedelta(hours=1))
LAG = timedelta(minutes=15)
FIRST = Span(WallTime(datetime(2026, 1, 16, 9)), WallTime(datetime(2026, 1, 16, 10)))  # noqa: DTZ001 - the camera's
REQUEST = Request(
    Target(Address("192.168.1.20", 80), "admin"),
    Query(NO_RANGE, since_last=True),
    Output(Path("/videos"), Path("/videos/a.mp4")),
)
CAMERA = DeviceInfo("IP8M", serial="ABC")


def report_of(span: Span, *, lost: bool = False, pending: bool = False) -> Report:
    half = span.start + (span.end - span.start) / 2
    hole = Hole(Span(half, span.end), LostReason(LossKind.NOT_DOWNLOADED, "404"))
    account = Account((), (hole,) if pending else (), (hole,) if lost else ())
    return Report(REQUEST, span, BERLIN, CAMERA, (), (), account, (), search=SearchProof(True))


def series(request: Request = REQUEST, camera: DeviceInfo = CAMERA) -> Continuation:
    continuation = Continuation(request)
    continuation.open(camera)
    return continuation


def noted(span: Span, *recordings: Recording, now: datetime = NOON, **of: bool) -> str | None:
    """Note the end of an export of `span`; without `recordings` there is one at its end."""
    listing = recordings or (Recording("/last.mp4", Span(span.end - timedelta(minutes=1), span.end)),)
    return series().move(report_of(span, **of), plan_export(recordings, span, Stream.MAIN), listing, now)


def range_of(
    continuation: Continuation, now: datetime, clock: CameraClock | None = BERLIN
) -> tuple[datetime, datetime]:
    asked = continuation.range_for(CameraRange(NO_RANGE, (FIRST,), clock), now)
    start, end = asked.bounds
    assert isinstance(start, datetime)
    assert isinstance(end, datetime)
    return start, end


ENDED = datetime(2026, 1, 16, 9, tzinfo=timezone.utc)  # 10:00 in Berlin


def test_from_the_mark_to_what_is_listed():
    """Up to a quarter of an hour ago; with --follow up to now, which is waited for."""
    assert noted(FIRST) is None
    assert range_of(series(), NOON) == (ENDED, NOON - LAG)
    assert range_of(series(changed(REQUEST, follow=True)), NOON) == (ENDED, NOON)


def test_the_first_run_begins_where_it_is_told_to():
    """--last or --start; else it is asked for, with what to type."""
    asked = AskedRange(ENDED, NOON)
    assert range_of(series(changed(REQUEST, asked=asked)), NOON) == (ENDED - timedelta(hours=1), NOON - LAG)
    with pytest.raises(UsageError, match="no complete export of this camera") as refused:
        range_of(series(), NOON)
    assert "--since-last --last 1d" in (refused.value.hint or "")


def test_a_mark_goes_before_the_first_range():
    """The same line is for every run."""
    noted(FIRST)
    assert range_of(series(changed(REQUEST, asked=AskedRange(NOON, NOON))), NOON)[0] == ENDED


def test_a_loss_stops_the_mark():
    """Up to there the video is complete."""
    noted(FIRST)
    noted(Span(FIRST.end, FIRST.end + timedelta(hours=1)), lost=True)
    assert range_of(series(), NOON)[0] == ENDED + timedelta(minutes=30)


def test_the_pad_before_an_event_that_may_be_listed_later():
    """The mark stays so far behind what is listed."""
    padded = changed(REQUEST, events=("motion",), pad=timedelta(seconds=10))
    listing = (Recording("/1.mp4", FIRST),)
    series(padded).move(report_of(FIRST), plan_export(listing, FIRST, Stream.MAIN), listing, NOON)
    assert range_of(series(padded), NOON) == (ENDED - timedelta(seconds=10), NOON - LAG - timedelta(seconds=10))


def test_several_cameras_with_one_serial_number():
    """Nobody knows which of them has a new address: the range has to be given."""
    noted(FIRST)
    other = changed(REQUEST, address=Address("192.168.1.21", 80))
    listing = (Recording("/1.mp4", FIRST),)
    series(other).move(report_of(FIRST), plan_export(listing, FIRST, Stream.MAIN), listing, NOON)
    third = changed(REQUEST, address=Address("192.168.1.22", 80))
    with pytest.raises(UsageError, match="several cameras have the serial number"):
        range_of(series(third), NOON)
    assert range_of(series(changed(third, asked=AskedRange(ENDED, NOON))), NOON)[0] == ENDED - timedelta(hours=1)


def test_an_end_that_may_grow_moves_it_so_far():
    """Up to where the video is complete."""
    noted(FIRST, pending=True)
    assert range_of(series(), NOON)[0] == ENDED - timedelta(minutes=30)


def test_nothing_is_new_yet():
    """It says since when."""
    noted(FIRST)
    with pytest.raises(NothingRecorded, match=r"No new recordings since 2026-01-16 10:00:00.*, where the last") as said:
        range_of(series(), ENDED + LAG)
    assert said.value.since == ENDED
    assert range_of(series(), ENDED + LAG + timedelta(seconds=1))


def test_a_mark_in_the_future():
    """A clock was wrong. It must not be quiet for ever: an error says what to remove."""
    noted(FIRST)
    with pytest.raises(UsageError, match="the camera's clock shows 2026-01-16 09:59:59") as refused:
        range_of(series(), ENDED - timedelta(seconds=1))
    (file,) = _files()
    assert str(file) in (refused.value.hint or "")


@pytest.mark.parametrize("drift", [timedelta(minutes=5), timedelta(minutes=-5)], ids=["set forward", "set back"])
def test_the_camera_s_clock_was_set(drift):
    """The earlier of both readings counts, in real time and as the picture showed it: nothing is skipped."""
    noted(FIRST)
    start, _ = range_of(series(), NOON, replace(BERLIN, drift=drift, seen_drift=drift))
    assert start == min(ENDED, ENDED - drift)


def test_the_hour_that_is_shown_twice():
    """The mark knows which pass it was in."""
    noted(FIRST)
    mark = series().mark
    assert mark is not None
    assert (mark.at, mark.shown.isoformat()) == (ENDED, "2026-01-16T10:00:00+01:00")
    from camreel.clock.zones import NamedZone

    second = datetime(2026, 10, 25, 1, 30, tzinfo=timezone.utc)
    clock = CameraClock(NamedZone("Europe/Berlin"), timedelta(0), "", timedelta(hours=2))
    assert EndMark(second, clock.in_zone(clock.to_wall(second))).on(clock) == clock.to_wall(second)


@pytest.mark.parametrize(
    ("changes", "is_same"),
    [
        ({"events": ("motion",)}, False),
        ({"channel": 2}, False),
        ({"stream": Stream.SUB}, False),
        ({"folder": Path("/other")}, False),
        ({"timelapse": 60.0}, False),
        ({"h264": True}, True),
        ({"name": "garage"}, True),
        ({"address": Address("192.168.1.21", 80)}, True),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_has_a_mark_of_its_own(changes, is_same):
    """What chooses other footage; not how the video is made, the name, or the address of the same camera."""
    noted(FIRST)
    assert (series(changed(REQUEST, **changes)).mark is not None) == is_same


def test_another_address_does_not_move_the_mark_of_the_first():
    """A camera that lies about its serial number can only hurt itself."""
    noted(FIRST)
    elsewhere = series(changed(REQUEST, address=Address("192.168.1.66", 80)))
    late = Span(FIRST.end, FIRST.end + timedelta(hours=1))
    elsewhere.move(report_of(late), plan_export((), late, Stream.MAIN), (Recording("/x.mp4", late),), NOON)
    assert range_of(series(), NOON)[0] == ENDED


def test_the_camera_has_another_address():
    """By its serial number it goes on from there, and says so; never later than asked, as clones share a number."""
    noted(FIRST)
    elsewhere = changed(REQUEST, address=Address("192.168.1.66", 80))
    moved = series(elsewhere)
    assert range_of(moved, NOON)[0] == ENDED
    assert "the camera that was at http://192.168.1.20:" in (moved.warning or "")
    asked = AskedRange(ENDED - timedelta(hours=1), NOON)
    assert range_of(series(changed(elsewhere, asked=asked)), NOON)[0] == ENDED - timedelta(hours=1)


def test_a_hole_at_the_end_may_be_a_recording_that_is_listed_late():
    """The mark moves up to the last recording, and over what nothing follows when it is six hours old."""
    day = Span(FIRST.start, FIRST.start + timedelta(hours=10))
    last = Recording("/1.mp4", Span(day.start, day.start + timedelta(hours=1)))
    other = Recording("/2.mp4", day, stream=Stream.SUB)
    still = Recording("/3.mp4", day, writing=True)
    noted(Span(day.start, day.start + timedelta(hours=5)), last, other, still)
    assert range_of(series(), NOON)[0] == ENDED
    noted(day, last)
    assert range_of(series(), NOON + timedelta(hours=20))[0] == ENDED - timedelta(hours=1) + timedelta(hours=4)


def test_the_first_range_is_kept():
    """A first run that came to nothing: --last does not slide on; a --start that was typed again counts."""
    first = changed(REQUEST, asked=AskedAround(Now(), before=timedelta(hours=1)))
    begun = series(first)
    range_of(begun, NOON)
    assert begun.begin() is None
    assert range_of(series(first), NOON)[0] == ENDED - timedelta(hours=1)
    at_ten = CameraRange(NO_RANGE, (Span(FIRST.end, FIRST.end),), BERLIN)
    assert series(first).range_for(at_ten, NOON).start == ENDED - timedelta(hours=1)
    again = series(changed(REQUEST, asked=AskedRange(ENDED, Now())))
    assert again.range_for(at_ten, NOON).start == ENDED


def test_what_can_never_be_had_holds_up_no_later_run():
    """Lost in three runs over six hours: the report says that the next one begins after it."""
    hour, half = timedelta(hours=1), timedelta(minutes=30)
    noted(FIRST)
    span = Span(FIRST.end, FIRST.end + hour)
    for hours, lost, then in [
        (0, Span(span.start + half / 2, span.end), half / 2),  # up to here it is complete
        (1, Span(span.start + half, span.end), half),  # that came, and something else is lost: the first run of it
        (3, Span(span.start + half, span.end), half),
        (6.9, Span(span.start + half, span.end), half),
        (7, Span(span.start + half, span.start + 3 * half / 2), 3 * half / 2),
    ]:
        again = series()
        range_of(again, NOON)
        report = report_of(Span(min(lost.start, span.start), span.end))
        hole = Hole(lost, LostReason(LossKind.NOT_DOWNLOADED, "404"))
        report = replace(report, account=Account((), (), (hole,)))
        listing = (Recording("/x.mp4", span),)
        said = again.move(report, plan_export(listing, span, Stream.MAIN), listing, NOON + timedelta(hours=hours))
        assert (said is not None) == (hours == 7), hours
        assert range_of(series(), NOON)[0] == ENDED + then


def test_a_clock_that_was_wrong_by_more_than_a_day():
    """Nobody fetches 26 years unasked."""
    mark = EndMark(NOON, datetime(2000, 1, 1, tzinfo=timezone.utc))
    with pytest.raises(UsageError, match="One of the two is wrong"):
        mark.on(BERLIN)


@pytest.mark.parametrize("serial", ["XYZ", None])
def test_another_camera_at_the_same_address(serial):
    """It was replaced."""
    noted(FIRST)
    assert series(camera=DeviceInfo("IP8M", serial=serial)).mark is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"at": 1, "shown": 2}',
        '{"at": "2026-01-16", "shown": "2026-01-16"}',
        '{"at": "9999-12-31T23:00:00+00:00", "shown": "9999-12-31T23:00:00-12:00"}',
    ],
)
def test_a_mark_that_cannot_be_read(text):
    """It begins nowhere else, as that could skip footage."""
    noted(FIRST)
    (file,) = _files()
    file.write_text(text)
    with pytest.raises(DiskError, match="where the last export ended"):
        series()


def test_a_mark_that_cannot_be_written(monkeypatch):
    """The report says it."""
    monkeypatch.setattr("camreel.jobs.continuation.write_note", lambda *_: (_ for _ in ()).throw(OSError(28, "full")))
    assert "(full): the next --since-last fetches it again" in (noted(FIRST) or "")


def test_a_clock_without_a_zone():
    """Real time is needed."""
    with pytest.raises(UsageError, match="time zone"):
        range_of(series(), NOON, None)


def test_when_to_ask_whether_footage_was_overwritten():
    """If the range begins with a gap. The last recording of the export before it tells."""
    last = Recording("/1.mp4", Span(FIRST.end - timedelta(minutes=1), FIRST.end))
    noted(FIRST, last)
    span = Span(FIRST.end, FIRST.end + timedelta(hours=1))
    near, far = (Recording("/2.mp4", Span(span.start + timedelta(minutes=late), span.end)) for late in (1, 2))
    asked = [series().question(plan_export(listed, span, Stream.MAIN)) for listed in ((near,), (far,), ())]
    assert asked == [None, last.span, last.span]
    series().move(report_of(span), plan_export((), span, Stream.MAIN), (), NOON)  # a quiet hour: it still tells
    assert series().question(plan_export((), span, Stream.MAIN)) == last.span
