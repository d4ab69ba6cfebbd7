"""The report: exit codes, the JSON contract, and text that cannot steer a terminal."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.conftest import changed

from camreel._version import __version__
from camreel.clock import CameraClock, parse_range
from camreel.errors import AccountLocked, UsageError
from camreel.model import Address, DeviceInfo, Output, Query, Request, Span, Target, WallTime
from camreel.planning.account import Account, Hole, LossKind, LostReason
from camreel.report import ClipReport, OutputReport, Report, clock_lines, error_json, report_json, report_text


def span(start: str, end: str) -> Span:
    return Span(WallTime.fromisoformat(f"2026-01-16T{start}"), WallTime.fromisoformat(f"2026-01-16T{end}"))


ASKED = span("08:00:00", "09:00:00")
NOTHING_MISSING = Account((), (), ())
SOME = LostReason(LossKind.NOT_DOWNLOADED, "some reason")
HOLE = Hole(span("08:30:00", "08:45:00"), SOME)
REQUEST = Request(
    Target(Address("cam.example", 8080), "admin"),
    Query(parse_range("2026-01-16T08:00", "2026-01-16T09:00")),
    Output(Path("videos"), Path("videos/evening.mp4")),
)
CLIP = ClipReport(1, "/mnt/sd/one.mp4", ASKED, "merged", None, 5000, ASKED)
REPORT = Report(
    request=REQUEST,
    span=ASKED,
    clock=CameraClock.fixed(timedelta(hours=1), timedelta(seconds=3), "measured"),
    device=DeviceInfo("IP9M-7777", "SERIAL7", "Porch", "2.800.1"),
    clips=(CLIP,),
    left_out=(("snapshots", 12),),
    account=NOTHING_MISSING,
    outputs=(OutputReport("videos/evening.mp4", 4900, 3600.0, "H.264 640x360", "AAC", ((0.0, "08:00:00"),)),),
)


def with_account(**holes) -> Report:
    return replace(REPORT, account=replace(NOTHING_MISSING, **{kind: (HOLE,) for kind in holes if holes[kind]}))  # type: ignore[arg-type]


def up_to_now(report: Report) -> Report:
    """As of --last."""
    return replace(report, request=changed(report.request, ends_now=True))


def settled(report: Report) -> Report:
    return replace(report, request=changed(report.request, require_settled=True))


@pytest.mark.parametrize(
    ("report", "required", "code", "status"),
    [
        (REPORT, False, 0, "complete"),
        (REPORT, True, 0, "complete"),
        (with_account(gaps=True), False, 0, "complete"),
        (with_account(gaps=True), True, 4, "partial"),
        (with_account(pending=True), False, 4, "complete_so_far"),
        (with_account(pending=True, gaps=True), True, 4, "partial"),
        (with_account(pending=True, lost=True), False, 4, "partial"),
        (up_to_now(with_account(pending=True)), False, 0, "complete_so_far"),
        (up_to_now(with_account(pending=True, lost=True)), False, 4, "partial"),
        (up_to_now(with_account(lost=True)), False, 4, "partial"),
        (settled(up_to_now(with_account(pending=True))), False, 4, "complete_so_far"),
        (with_account(lost=True), False, 4, "partial"),
        (replace(REPORT, clips=(replace(CLIP, status="short"),)), False, 4, "partial"),
        (replace(REPORT, clips=(replace(CLIP, status="failed"),)), False, 4, "partial"),
        (replace(REPORT, clips=(replace(CLIP, status="unusable"),)), False, 4, "partial"),
        (replace(REPORT, clips=(replace(CLIP, status="empty"),)), False, 0, "complete"),
        (replace(with_account(lost=True), already_there=True), True, 0, "already there"),
    ],
    ids=["all", "all, required", "gap", "gap, required", "pending", "pending and gap, required", "pending and lost",
         "up to now", "up to now, lost", "up to now, only lost", "up to now, to be settled", "lost", "short", "failed",
         "unusable", "empty", "already there"],
)  # fmt: skip
def test_exit_codes(report, required, code, status):
    """0 only where everything that the camera has is in; a gap of the camera's counts with --require-complete."""
    report = replace(report, request=changed(report.request, require_complete=required))
    assert (report.exit_code, report.status) == (code, status)
    assert report_json(report)["exit_code"] == code


@pytest.mark.parametrize(
    ("status", "lost"),
    [("merged", False), ("empty", False), ("failed", True), ("unusable", True), ("short", True)],
)
def test_which_clips_are_a_loss(status, lost):
    """An empty clip is well: it only has nothing of the range."""
    assert replace(CLIP, status=status).is_lost is lost


def test_coverage_is_the_range_less_all_that_is_named():
    """Coverage and holes add up to the range."""
    report = with_account(gaps=True)
    assert report.covered_seconds == 2700
    coverage = {"seconds": 2700, "percent": 75, "slivers": 0, "slivers_seconds": 0}
    assert report_json(report)["coverage"] == coverage


def test_what_is_missing_in_slivers_is_counted():
    """Holes below a second at many joints are no gaps, but they add up, and the report says so."""
    starts = [WallTime(ASKED.start.naive + timedelta(seconds=10 * n + 9.1)) for n in range(360)]
    slivers = tuple(Span(start, start + timedelta(seconds=0.9)) for start in starts)
    report = replace(REPORT, account=replace(NOTHING_MISSING, slivers=slivers))
    assert report.covered_seconds == pytest.approx(3276)
    assert report_json(report)["coverage"]["slivers_seconds"] == 324
    assert "Joints    5 min 24 s in all at 360 joints, less than a second at each" in report_text(report)
    assert "(91.0 %)" in report_text(report)


def test_all_but_a_moment_is_not_all():
    """A second missing of ten hours is not rounded away."""
    hole = Hole(Span(ASKED.start, ASKED.start + timedelta(seconds=1)), SOME)
    span = Span(ASKED.start, ASKED.start + timedelta(hours=10))
    report = replace(REPORT, span=span, account=replace(NOTHING_MISSING, gaps=(hole,)))
    assert "(99.9 %)" in report_text(report)


SPAN_KEYS = {"start", "end", "start_offset", "end_offset", "start_utc", "end_utc"}
HOLE_KEYS = SPAN_KEYS | {"seconds", "reason", "kind"}


def test_json_keys_are_a_contract():
    """Programs rely on these names: they change only together with ``schema``."""
    everything = replace(with_account(gaps=True, pending=True, lost=True), warnings=("careful",), downloads="kept")
    document = report_json(everything)
    assert document["schema"] == 1
    assert set(document) == {
        "schema", "program", "status", "exit_code", "asked", "camera", "range", "skipped", "not_wanted", "search",
        "found", "coverage", "gaps", "pending", "lost", "doubts", "clips", "outputs", "downloads", "playback",
        "concurrency", "warnings",
    }  # fmt: skip
    assert set(document["asked"]) == {"start", "end", "times_in", "events", "pad_seconds"}
    assert set(document["camera"]) == {
        "address", "channel", "stream", "model", "name", "serial", "firmware", "clock",
    }  # fmt: skip
    assert set(document["camera"]["clock"]) == {
        "utc_offset", "zone", "drift_seconds", "drift_counted_seconds", "source", "weakness",
    }  # fmt: skip
    assert set(document["range"]) == SPAN_KEYS | {"seconds"}
    assert set(document["found"]) == {"recordings", "bytes", "fetched_bytes", "left_out"}
    assert set(document["coverage"]) == {"seconds", "percent", "slivers", "slivers_seconds"}
    for kind in ("gaps", "pending", "lost"):
        assert set(document[kind][0]) == HOLE_KEYS
    assert set(document["clips"][0]) == SPAN_KEYS | {
        "number", "path", "status", "reason", "kind", "size", "covered", "frames",
    }  # fmt: skip
    assert set(document["clips"][0]["covered"]) == SPAN_KEYS
    assert set(document["outputs"][0]) == {"path", "span", "seconds", "size", "video", "audio", "chapters"}
    assert set(document["outputs"][0]["chapters"][0]) == {"start", "title"}


def test_json_values():
    """Both clocks, exact numbers, plain types: what a program reads is what happened."""
    document = json.loads(json.dumps(report_json(with_account(lost=True))))
    assert document["asked"] == {
        "start": "2026-01-16T08:00:00",
        "end": "2026-01-16T09:00:00",
        "times_in": None,
        "events": None,
        "pad_seconds": None,
    }
    assert document["range"] == {
        "start": "2026-01-16T08:00:00",
        "end": "2026-01-16T09:00:00",
        "start_offset": "+01:00",
        "end_offset": "+01:00",
        "start_utc": "2026-01-16T06:59:57Z",
        "end_utc": "2026-01-16T07:59:57Z",
        "seconds": 3600,
    }
    assert document["camera"]["address"] == "http://cam.example:8080"
    assert document["camera"]["clock"] == {
        "utc_offset": "+01:00",
        "zone": "UTC+01:00",
        "drift_seconds": 3.0,
        "drift_counted_seconds": 3.0,
        "source": "measured",
        "weakness": None,
    }
    assert document["found"] == {"recordings": 1, "bytes": 5000, "fetched_bytes": 0, "left_out": {"snapshots": 12}}
    assert document["lost"][0]["seconds"] == 900
    assert document["lost"][0]["reason"] == "some reason"
    assert document["lost"][0]["kind"] == "not_downloaded"
    assert document["outputs"][0]["chapters"] == [{"start": 0, "title": "08:00:00"}]


def test_json_without_a_clock_has_the_same_keys():
    """Where the camera does not tell its time, UTC is null, never missing and never guessed."""
    document = report_json(replace(REPORT, clock=None))
    assert document["camera"]["clock"] is None
    assert document["range"]["start_utc"] is None
    assert set(document["clips"][0]) >= SPAN_KEYS


def test_json_of_a_run_that_had_nothing_to_do():
    """Already there: the same envelope, without a range, and exit 0."""
    there = OutputReport(str(REQUEST.output.file), 4900)
    report = Report(
        REQUEST, None, None, None, (), (), NOTHING_MISSING, (there,), already_there=True, found_as="complete"
    )
    document = report_json(report)
    assert set(document) == set(report_json(REPORT))
    assert (document["status"], document["exit_code"], document["range"]) == ("already there", 0, None)
    assert (document["found"], document["coverage"]) == (None, None)  # nobody looked
    assert "already there" in report_text(report)
    assert report_text(report).endswith(f"Video     {REQUEST.output.file}\n          4.9 kB")
    assert document["outputs"][0] | {"path": ""} == {
        "path": "",
        "size": 4900,
        "seconds": None,
        "video": None,
        "audio": None,
        "chapters": [],
        "span": None,
    }


def test_json_has_no_negative_zero():
    """A clock that is a hair slow is right."""
    clock = CameraClock.fixed(timedelta(hours=1), timedelta(seconds=-0.01), "measured")
    assert '"drift_seconds": 0.0' in json.dumps(report_json(replace(REPORT, clock=clock)))
    assert "-0.0" not in json.dumps(report_json(replace(REPORT, clock=clock)))


def test_error_json_has_its_own_pinned_keys():
    """An error comes in the same envelope: schema, program, status, exit code."""
    document = error_json(AccountLocked("locked", seconds=60, hint="wait"))
    assert document == {
        "schema": 1,
        "program": f"camreel {__version__}",
        "status": "error",
        "exit_code": 5,
        "error": {"kind": "AccountLocked", "message": "locked", "hint": "wait"},
    }
    assert error_json(UsageError("no"))["error"]["hint"] is None


def test_text_names_everything_that_is_missing():
    """Each gap, pending part, loss and broken clip has its line, with its reason."""
    report = replace(
        with_account(gaps=True, pending=True, lost=True),
        clips=(
            replace(
                CLIP, status="failed", reason=LostReason(LossKind.NOT_DOWNLOADED, "it sent an empty file"), covered=None
            ),
        ),
        warnings=("the list repeats itself",),
        downloads="videos/.amcrest_download/cam",
    )
    text = report_text(report)
    for label in ("Gap", "Pending", "Lost"):
        assert f"{label:<9} 2026-01-16 08:30:00 to 08:45:00 (15 min): some reason" in text
    assert "Clip      1 failed: /mnt/sd/one.mp4 (2026-01-16 08:00:00 to 09:00:00): it sent an empty file" in text
    assert "Note      the list repeats itself" in text
    assert "kept in videos/.amcrest_download/cam" in text
    assert "PARTIAL" in text
    assert "Coverage  15 min of 1 h (25.0 %)" in text


def test_text_of_a_complete_run():
    """Both clocks, what was found and left out, and where the video is."""
    assert report_text(REPORT).splitlines() == [
        "Asked     2026-01-16 08:00:00 to 09:00:00 by the camera's clock, UTC+01:00 (1 h)",
        "          2026-01-16 06:59:57 to 07:59:57 UTC",
        "Camera    http://cam.example:8080: IP9M-7777 “Porch”, channel 1, main stream",
        "Clock     UTC+01:00 (measured)",
        "          the camera's clock is 3 s fast; the range is what its picture shows, so it was not shifted",
        "Found     1 recording, 5 kB; not used: 12 snapshots",
        "Coverage  1 h of 1 h (100.0 %)",
        "Result    complete: everything the camera has of this range is in the video",
        "Video     videos/evening.mp4",
        "          1 h, 4.9 kB, H.264 640x360, AAC",
    ]


def test_the_closing_report_leaves_out_what_was_just_told():
    """On one screen with the notes: no Asked, Camera, Clock and Found; all else is there."""
    whole, closing = (report_text(with_account(gaps=True), closing=closing).splitlines() for closing in (False, True))
    assert closing == whole[-5:]
    assert [line.split(" ")[0] for line in closing] == ["Coverage", "Gap", "Result", "Video", ""]


def test_complete_with_gaps_says_how_much_was_recorded():
    """All of 75 %: "complete" alone would read as all of the range."""
    said = "Result    complete: all that the camera recorded of this range is in the video (it recorded 75.0 % of it)"
    assert said in report_text(with_account(gaps=True))


def test_next_to_nothing_is_not_nothing():
    """A second of ten hours is not 0.0 %; nothing is."""
    span = Span(ASKED.start, ASKED.start + timedelta(hours=10))
    for seconds, said in ((1, "1 s of 10 h (under 0.1 %)"), (0, "0 s of 10 h (0.0 %)")):
        hole = Hole(Span(ASKED.start + timedelta(seconds=seconds), span.end), SOME)
        report = replace(REPORT, span=span, account=replace(NOTHING_MISSING, gaps=(hole,)))
        assert f"Coverage  {said}" in report_text(report)


def moments(count: int, seconds: int) -> list[Span]:
    """``count`` spans of ``seconds``, a minute apart; the last ones a second longer."""
    starts = [ASKED.start + timedelta(minutes=n) for n in range(count)]
    return [Span(start, start + timedelta(seconds=seconds + (n >= count - 3))) for n, start in enumerate(starts)]


def test_many_gaps_are_ten_lines_and_a_sum():
    """The longest, in order of time; --json has them all."""
    gaps = tuple(Hole(gap, LostReason(LossKind.NOT_RECORDED)) for gap in moments(50, 20))
    report = replace(REPORT, account=replace(NOTHING_MISSING, gaps=gaps))
    lines = [line for line in report_text(report).splitlines() if "nothing was" in line or "more" in line]
    assert [line[21:29] for line in lines[:10]] == [f"08:{minute:02}:00" for minute in (*range(7), 47, 48, 49)]
    assert lines[10:] == ["          … and 40 more, 13 min 20 s in all (--json has them all)"]
    assert len(report_json(report)["gaps"]) == 50


def test_neighbours_that_were_lost_alike_are_one_line():
    """Forty clips that were not tried: one line of Lost and one of Clip, with their numbers and the whole span."""
    spans, reason, tried = (
        moments(26, 60),
        "not tried: the camera had stopped answering",
        LostReason(LossKind.NOT_TRIED),
    )
    report = replace(
        REPORT,
        account=replace(
            NOTHING_MISSING,
            lost=(
                Hole(ASKED, LostReason(LossKind.NOT_DOWNLOADED, "it sent an empty file"), 3),
                *(Hole(span, tried, number) for number, span in enumerate(spans, 15)),
            ),
        ),
        clips=(
            replace(CLIP, number=3, status="failed", reason=tried),
            *(
                replace(CLIP, number=number, span=span, status="failed", reason=tried)
                for number, span in enumerate(spans, 15)
            ),
        ),
    )
    lines = report_text(report).splitlines()
    lost = next(number for number, line in enumerate(lines) if line.startswith("Lost"))
    assert lines[lost : lost + 4] == [
        "Lost      2026-01-16 08:00:00 to 09:00:00 (1 h): clip 3: it sent an empty file",
        f"          2026-01-16 08:00:00 to 08:26:01 (26 min 3 s): clips 15 to 40: {reason}",
        f"Clip      3 failed: /mnt/sd/one.mp4 (2026-01-16 08:00:00 to 09:00:00): {reason}",
        f"          15 to 40 failed (2026-01-16 08:00:00 to 08:26:01): {reason}",
    ]


def test_many_clips_with_a_reason_are_ten_lines():
    """Each with a reason of its own."""
    clips = tuple(
        replace(CLIP, number=number, reason=LostReason(LossKind.UNDECODABLE, number)) for number in range(1, 31)
    )
    lines = [line[10:] for line in report_text(replace(REPORT, clips=clips)).splitlines() if "merged" in line]
    assert len(lines) == 10
    assert "          … and 20 more (--json has them all)" in report_text(replace(REPORT, clips=clips))


@pytest.mark.parametrize(("end", "is_said"), [("08:00:00", False), ("08:00:01", True)])
def test_a_clip_that_ends_as_the_range_begins_is_named_only_if_more_was_listed(end, is_said):
    """It was fetched because it might have had frames of the range."""
    empty = ClipReport(1, "/mnt/sd/zero.mp4", span("07:50:00", end), "empty", LostReason(LossKind.NO_FRAME))
    text = report_text(replace(REPORT, clips=(empty, replace(CLIP, number=2))))
    assert ("holds no picture in the range" in text) == is_said
    lost = replace(empty, status="failed", reason=SOME)
    assert "some reason" in report_text(replace(REPORT, clips=(lost, CLIP)))


def test_text_of_a_range_in_real_time():
    """An asked offset is shown as asked and by the camera's clock; ``Z`` stays ``Z``."""
    asked = parse_range("2026-01-15T23:00:00-08:00", "2026-01-16T08:00:00Z")
    lines = report_text(replace(REPORT, request=changed(REQUEST, asked=asked))).splitlines()
    assert lines[0] == "Asked     2026-01-15 23:00:00-08:00 to 2026-01-16 08:00:00Z (1 h)"
    assert lines[1] == "          2026-01-16 08:00:00 to 09:00:00 by the camera's clock, UTC+01:00"


def test_text_says_when_only_gaps_make_it_partial():
    """With --require-complete the reason is the recording, and the person is told so."""
    report = replace(with_account(gaps=True), request=changed(REQUEST, require_complete=True))
    assert "--require-complete was given" in report_text(report)


EVIL = "x\x1b[2J\x07\u202e\u2066y\nClip      forged\r\x9b\u2028z"


def test_text_has_no_control_characters_and_no_forged_lines():
    """Whatever the camera calls itself and its files, the text steers no terminal and has no line of its making."""
    hole = Hole(HOLE.span, LostReason(LossKind.NOT_DOWNLOADED, EVIL))
    report = replace(
        REPORT,
        request=changed(REQUEST, address=Address(EVIL, 80)),
        device=DeviceInfo(EVIL, EVIL, EVIL, EVIL),
        clips=(replace(CLIP, path=EVIL, status="failed", reason=LostReason(LossKind.UNUSABLE, EVIL)),),
        left_out=((EVIL, 1),),
        account=Account((hole,), (hole,), (hole,)),
        outputs=(OutputReport(EVIL, 1, 1.0, EVIL, EVIL),),
        warnings=(EVIL,),
        downloads=EVIL,
    )
    lines = report_text(report).split("\n")
    assert {unicodedata.category(char) for line in lines for char in line} & {"Cc", "Cf", "Cs", "Zl", "Zp"} == set()
    assert len(lines) == 16
    assert not any(line.startswith("Clip      forged") for line in lines)


@pytest.mark.parametrize(
    ("seconds", "line"),
    [(0, None), (42, "the camera's clock is 42 s fast"),
     (-90, "the camera's clock is 1 min 30 s slow")],
)  # fmt: skip
def test_a_wrong_clock_is_reported_with_its_direction(seconds, line):
    """Fast or slow; where the clock is right there is no line."""
    lines = clock_lines(CameraClock.fixed(timedelta(hours=-8), timedelta(seconds=seconds), "measured"))
    assert lines[0] == "UTC-08:00 (measured)"
    assert lines[1:] == ([line] if line else [])


def test_a_camera_without_a_clock_is_reported():
    """No clock is said in words."""
    assert clock_lines(None) == ["the camera does not tell its time"]
