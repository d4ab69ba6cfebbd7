"""The report: exit codes, the JSON contract, and text that cannot steer a terminal."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from tests.conftest import changed

from camreel._version import __version__
from camreel.clock import CameraClock, parse_range
from camreel.errors import AccountLocked, UsageError
from camreel.model import (
    Address,
    DeviceInfo,
    Output,
    Playback,
    Query,
    Request,
    Span,
    Target,
    TypedCommand,
    Verify,
    WallTime,
)
from camreel.planning.account import Account, Hole, LossKind, LostReason
from camreel.report import (
    ClipReport,
    OutputReport,
    Report,
    ReportLine,
    Tone,
    asked_lines,
    clock_lines,
    clock_notes,
    error_json,
    plain_text,
    report_json,
    report_lines,
    report_text,
)


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


def shown(report: Report, told: set[str] | None = None) -> str:
    """The report as a terminal or a mail has it, without --verbose."""
    return plain_text(report_lines(report, told=told))


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
    assert "Seams     5 min 24 s missing at 360 seams, less than a second at each" in report_text(report)
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
    assert document["schema"] == 2
    assert set(document) == {
        "schema", "program", "status", "exit_code", "asked", "camera", "range", "skipped", "not_wanted", "search",
        "found", "coverage", "gaps", "pending", "lost", "doubts", "clips", "outputs", "downloads", "playback",
        "concurrency", "overwritten", "exec_failures", "unread", "warnings",
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


def test_json_tells_why_a_run_with_all_in_it_is_not_complete():
    """Footage that was overwritten before, files that nobody could read, a command that failed: not only sentences."""
    usual = report_json(REPORT)
    assert (usual["overwritten"], usual["exec_failures"], usual["unread"]) == (None, [], 0)
    document = report_json(replace(REPORT, overwritten=ASKED, exec_failures=("no",), unread=2))
    assert (document["status"], document["exec_failures"], document["unread"]) == ("partial", ["no"], 2)
    assert document["overwritten"]["start"] == "2026-01-16T08:00:00"
    assert set(document["overwritten"]) == SPAN_KEYS


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
    first = f"Already there  nothing was downloaded, 4.9 kB -> {REQUEST.output.file}"
    assert report_text(report).splitlines()[0] == first
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
    """An error comes in the envelope of all runs: schema, program, status, exit code, and no run."""
    document = error_json(AccountLocked("locked", seconds=60, hint="wait"))
    assert document == {
        "schema": 2,
        "program": f"camreel {__version__}",
        "status": "error",
        "exit_code": 5,
        "error": {"kind": "AccountLocked", "message": "locked", "hint": "wait"},
        "runs": (),
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
    assert text.startswith("Partial   1 h of footage, 15 min lost, 4.9 kB -> videos/evening.mp4\n")
    assert "Coverage  15 min of 1 h (25.0 %)" in text


def test_text_of_a_complete_run():
    """Both clocks, what was found and left out, and where the video is."""
    assert report_text(REPORT).splitlines() == [
        "Complete  1 h of footage, 4.9 kB -> videos/evening.mp4",
        "Video     H.264 640x360, AAC",
        "Coverage  1 h of 1 h (100.0 %)",
        "Range     2026-01-16 08:00:00 to 09:00:00 by the camera's clock, UTC+01:00 (1 h)",
        "          2026-01-16 06:59:57 to 07:59:57 UTC",
        "Camera    http://cam.example:8080: IP9M-7777 “Porch”, channel 1, main stream, firmware 2.800.1",
        "Clock     UTC+01:00 (measured)",
        "          the camera's clock is 3 s fast; the range is what its picture shows, so it was not shifted",
        "Found     1 recording, 5 kB; not used: 12 snapshots",
        f"Program   camreel {__version__}",
    ]


def test_details_are_said_only_if_they_are_asked_for():
    """Camera, firmware, clock and what was not used are for --verbose and for the file."""
    usual = shown(with_account(gaps=True)).splitlines()
    labels = [line.split(" ")[0] for line in usual]
    assert labels == ["Complete", "Video", "Coverage", "Gap", "Range", "", "Clock", "Found"]
    assert usual[-2:] == [CLOCK_NOTE, "Found     1 recording, 5 kB"]
    assert not {"Camera", "Program"} & set(labels)


CLOCK_NOTE = "Clock     the camera's clock is 3 s fast; the range is what its picture shows, so it was not shifted"


def test_what_was_told_on_the_same_screen_is_not_said_again():
    """No range, no clock, and of the notes only those that came later."""
    report = replace(REPORT, warnings=("told", "new"))
    assert shown(report, told={"told"}).splitlines()[1:] == [
        "Video     H.264 640x360, AAC",
        "Coverage  1 h of 1 h (100.0 %)",
        "Note      new",
    ]


@pytest.mark.parametrize(
    ("playback", "said"),
    [
        (Playback(Verify.SAMPLE, 7, 7, 90), None),
        (Playback(Verify.FULL, frames=900), None),
        (Playback(Verify.SAMPLE, 3, 7, 40),
         "only 40 frames decoded, a sample of 3 of 7 encoder settings. Try: --verify full"),
        (Playback(Verify.SAMPLE, 0, 1), "nothing of the video was decoded"),
        (Playback(Verify.FULL), "nothing of the video was decoded"),
        (Playback(Verify.NONE),
         "nothing of the video was decoded (--verify none)"),
    ],
    ids=["a sample", "all", "time was up", "none could be read", "its process died", "nothing"],
)  # fmt: skip
def test_a_video_that_was_hardly_checked_is_noted(playback, said):
    """Once, and in each report; that it was checked is a detail. Without a video there is nothing to check."""
    report = replace(REPORT, playback=playback)
    notes = [line for line in shown(report).splitlines() if line.startswith("Note")]
    assert notes == ([] if said is None else [f"Note      {said}"])
    assert report_text(report).count("decoded") == 1
    assert ("\nPlayback  " in report_text(report)) == (said is None)
    assert "Note" not in shown(replace(report, outputs=()))


def test_a_camera_that_records_little_is_no_failure():
    """All of 75 %, or of 5 %, is all that there is: the line says so before it says how much that is."""
    said = "Coverage  all that the camera recorded: 45 min of 1 h (75.0 %)"
    assert said in shown(with_account(gaps=True))
    assert "Coverage  all that the camera recorded so far: 45 min of 1 h" in shown(with_account(pending=True))
    assert "Coverage  45 min of 1 h (75.0 %)" in shown(with_account(lost=True))


@pytest.mark.parametrize(
    ("report", "first", "tone"),
    [
        (REPORT, "Complete  1 h of footage, 4.9 kB -> ", Tone.GOOD),
        (with_account(gaps=True), "Complete  1 h of footage, 4.9 kB -> ", Tone.GOOD),
        (up_to_now(with_account(pending=True)),
         "Complete so far  1 h of footage, complete up to 08:30:00, 4.9 kB -> ", Tone.WARN),
        (with_account(pending=True), "Complete so far  1 h of footage, complete up to 08:30:00, 4.9 kB -> ", Tone.WARN),
        (with_account(lost=True), "Partial   1 h of footage, 15 min lost, 4.9 kB -> ", Tone.BAD),
        (replace(REPORT, exec_failures=("no",)), "Complete, --exec failed  1 h of footage, 4.9 kB -> ", Tone.BAD),
        (replace(REPORT, already_there=True, exec_failures=("no",)),
         "Already there, --exec failed  a file of this name is there", Tone.BAD),
        (replace(REPORT, already_there=True, found_as="complete"),
         "Already there  nothing was downloaded, ", Tone.GOOD),
        (replace(REPORT, already_there=True, found_as="partial"),
         "Already there, partial  nothing was downloaded, ", Tone.BAD),
        (replace(REPORT, already_there=True), "Already there  a file of this name is there", Tone.WARN),
    ],
    ids=["all", "gap", "up to now", "pending", "lost", "exec", "there, exec", "there", "there, partial",
         "there, another"],
)  # fmt: skip
def test_the_first_line_is_the_outcome_and_its_tone_says_the_same(report, first, tone):
    """Green is exit code 0, red is not 0; what is still to come, and what nobody looked at, is yellow."""
    line = report_lines(report)[0]
    assert plain_text([line]).startswith(first)
    assert plain_text([line]).endswith("-> videos/evening.mp4")
    assert line.tone is tone
    assert tone is Tone.WARN or (tone is Tone.GOOD) == (report.exit_code == 0)
    assert first.startswith("Complete  ") == (report.exit_code == 0 and report.status == "complete")


@pytest.mark.parametrize(
    ("start", "said"),
    [
        (None, "Nothing recorded  there is no video"),
        ("08:30:00", "Nothing recorded so far  nothing up to 08:30:00, there is no video"),
        ("08:00:00", "Nothing recorded so far  there is no video"),
    ],
    ids=["settled", "the end is open", "all of it is open"],
)
def test_what_is_empty_so_far_does_not_look_final(start, said):
    """With --allow-empty and --last: the status stays that of an empty range, the words and the color do not."""
    pending = () if start is None else (Hole(span(start, "09:00:00"), LostReason(LossKind.TOO_RECENT)),)
    empty = replace(REPORT, clips=(), outputs=(), account=replace(NOTHING_MISSING, pending=pending))
    line = report_lines(up_to_now(empty))[0]
    assert plain_text([line]) == said
    assert line.tone is (Tone.WARN if pending else Tone.GOOD)
    assert (up_to_now(empty).status, up_to_now(empty).exit_code) == ("empty", 0)


def test_what_brings_the_rest_is_said_once():
    """One line, with the range as it can be typed again; nothing where nothing is to come."""
    asked = replace(parse_range("2026-01-16T08:00:00Z", "2026-01-16T09:00:00Z"))
    report = up_to_now(with_account(pending=True))
    relative = replace(report, request=changed(report.request, asked=asked, was_relative=True))
    when = "--start 2026-01-16T08:00:00Z --end 2026-01-16T09:00:00Z"
    command = f"camreel get cam.example:8080 --username admin {when}"
    next_of_library = f"Next      for the rest, add --follow, or run this later:\n{' ' * 10}{command}"
    assert next_of_library in shown(relative)
    typed = TypedCommand(("get", "front door", "--events", "motion"), ("--last", "1h"))
    of_a_person = replace(relative, request=changed(relative.request, typed=typed))
    assert f'\n{" " * 10}camreel get "front door" --events motion {when}\n' in f"{shown(of_a_person)}\n"
    lost = with_account(lost=True)
    absolute = replace(lost, request=changed(lost.request, typed=replace(typed, when=("-s", "08:00", "-e", "09:00"))))
    assert 'to try for the rest, run:\n          camreel get "front door" --events motion -s 08:00 -e 09:00' in shown(
        absolute
    )
    assert "Next" not in shown(with_account(gaps=True))


def test_several_videos_have_a_line_each():
    """The headline counts them."""
    part = OutputReport("a.mp4", 4900, 1800.0, "H.264 640x360", "AAC", span=span("08:00:00", "08:30:00"))
    lines = shown(replace(REPORT, outputs=(part, replace(part, path="b.mp4")))).splitlines()
    assert lines[:3] == [
        "Complete  1 h of footage, 9.8 kB -> 2 files",
        "Video     2026-01-16 08:00:00 to 08:30:00: 30 min, 4.9 kB, H.264 640x360, AAC -> a.mp4",
        "          2026-01-16 08:00:00 to 08:30:00: 30 min, 4.9 kB, H.264 640x360, AAC -> b.mp4",
    ]


def test_a_clip_is_not_named_again_below_the_loss_that_names_it():
    """Its path is among the details."""
    hole = replace(HOLE, clip=1)
    clip = replace(CLIP, status="failed", reason=SOME)
    report = replace(REPORT, account=replace(NOTHING_MISSING, lost=(hole,)), clips=(clip,))
    assert shown(report).count("some reason") == 1
    assert "(15 min): clip 1: some reason (one.mp4)\n" in shown(report)
    assert "some reason (lost.mp4)\n" in shown(replace(report, clips=(replace(clip, path="D:\\lost.mp4"),)))
    assert "/mnt/sd/one.mp4" in report_text(report)


UTC_ASKED = parse_range("2026-01-16T08:00Z", "2026-01-16T09:00Z")


@pytest.mark.parametrize(
    ("asked", "offset", "said"),
    [
        (REQUEST.query.asked, 0, ["2026-01-16 08:00:00 to 09:00:00 UTC, as the camera's clock shows it (1 h)"]),
        (UTC_ASKED, 0, ["2026-01-16 08:00:00 to 09:00:00 UTC, as the camera's clock shows it (1 h)"]),
        (UTC_ASKED, 1, ["2026-01-16 08:00:00 to 09:00:00 by the camera's clock, UTC+01:00 (1 h)",
                        "2026-01-16 07:00:00 to 08:00:00 UTC"]),
    ],
    ids=["by its clock", "in UTC", "in UTC, elsewhere"],
)  # fmt: skip
def test_the_same_hour_is_said_once(asked, offset, said):
    """A camera whose clock shows UTC; a range that was typed in UTC."""
    clock = CameraClock.fixed(timedelta(hours=offset))
    assert asked_lines(asked, ASKED, clock) == said


NOW = datetime(2026, 1, 16, 9, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("asked", "days", "named", "said"),
    [
        (UTC_ASKED, 0, "front-door", False),
        (UTC_ASKED, 30, "front-door", True),
        (UTC_ASKED, 30, None, True),
        (REQUEST.query.asked, 30, "front-door", False),
    ],
    ids=["today", "a month ago", "no name", "by its clock"],
)
def test_a_weak_zone_is_named_only_if_it_decides(asked, days, named, said):
    """Near the moment of the reading the offset is known; by the camera's clock it does not matter. With the cure."""
    clock = replace(
        CameraClock.fixed(timedelta(0)), weakness="a weak source: old settings", read_at=NOW + timedelta(days=days)
    )
    zone = "the range may be off by an hour: the zone is from a weak source: old settings. Try: "
    cure = ReportLine("Clock", f"{zone}--camera-tz Europe/Berlin")
    if named:
        cure = ReportLine("Clock", zone, command=f"camreel config set {named}.camera_tz Europe/Berlin")
    assert clock_notes(clock, asked, ASKED, named) == ([cure] if said else [])


def test_utc_by_a_doubtful_zone_is_left_out_where_nobody_asked_in_it():
    """So what is shown does not depend on the zone; the whole report has it, beside the doubt."""
    clock = replace(CameraClock.fixed(timedelta(hours=1)), weakness="weak", read_at=NOW + timedelta(days=30))
    asked = REQUEST.query.asked
    assert asked_lines(asked, ASKED, clock) == ["2026-01-16 08:00:00 to 09:00:00 by the camera's clock (1 h)"]
    assert asked_lines(asked, ASKED, clock, whole=True)[1] == "2026-01-16 07:00:00 to 08:00:00 UTC"


def test_next_to_nothing_is_not_nothing():
    """A second of ten hours is not 0.0 %; nothing is."""
    span = Span(ASKED.start, ASKED.start + timedelta(hours=10))
    for seconds, said in ((1, "1 s of 10 h (under 0.1 %)"), (0, "0 s of 10 h (0.0 %)")):
        hole = Hole(Span(ASKED.start + timedelta(seconds=seconds), span.end), SOME)
        report = replace(REPORT, span=span, account=replace(NOTHING_MISSING, gaps=(hole,)))
        assert f"all that the camera recorded: {said}\n" in report_text(report)


def moments(count: int, seconds: int) -> list[Span]:
    """``count`` spans of ``seconds``, a minute apart; the last ones a second longer."""
    starts = [ASKED.start + timedelta(minutes=n) for n in range(count)]
    return [Span(start, start + timedelta(seconds=seconds + (n >= count - 3))) for n, start in enumerate(starts)]


def test_many_gaps_are_ten_lines_and_a_sum():
    """The longest, in order of time; --json has them all."""
    gaps = tuple(Hole(gap, LostReason(LossKind.NOT_RECORDED)) for gap in moments(50, 20))
    report = replace(REPORT, account=replace(NOTHING_MISSING, gaps=gaps))
    lines = [line for line in shown(report).splitlines() if "nothing was" in line or "more" in line]
    assert [line[21:29] for line in lines[:10]] == [f"08:{minute:02}:00" for minute in (*range(7), 47, 48, 49)]
    assert lines[10:] == ["          … and 40 more, 13 min 20 s in all (--report FILE and --json have them all)"]
    assert report_text(report).count("nothing was recorded") == 50
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
        "Lost      2026-01-16 08:00:00 to 09:00:00 (1 h): clip 3: it sent an empty file (one.mp4)",
        f"          2026-01-16 08:00:00 to 08:26:01 (26 min 3 s): clips 15 to 40: {reason}",
        f"Clip      3 failed: /mnt/sd/one.mp4 (2026-01-16 08:00:00 to 09:00:00): {reason}",
        f"          15 to 40 failed (2026-01-16 08:00:00 to 08:26:01): {reason}",
    ]


def test_many_clips_with_a_reason_are_ten_lines():
    """Each with a reason of its own."""
    clips = tuple(
        replace(CLIP, number=number, reason=LostReason(LossKind.UNDECODABLE, number)) for number in range(1, 31)
    )
    report = replace(REPORT, clips=clips)
    assert shown(report).count(" merged: ") == 10
    assert "          … and 20 more (--report FILE and --json have them all)" in shown(report)
    assert report_text(report).count(" merged: ") == 30


@pytest.mark.parametrize(("end", "is_said"), [("08:00:00", False), ("08:00:01", True)])
def test_a_clip_that_ends_as_the_range_begins_is_named_only_if_more_was_listed(end, is_said):
    """It was fetched because it might have had frames of the range."""
    empty = ClipReport(1, "/mnt/sd/zero.mp4", span("07:50:00", end), "empty", LostReason(LossKind.NO_FRAME))
    text = report_text(replace(REPORT, clips=(empty, replace(CLIP, number=2))))
    assert ("it has no frame in the range" in text) == is_said
    lost = replace(empty, status="failed", reason=SOME)
    assert "some reason" in report_text(replace(REPORT, clips=(lost, CLIP)))


def test_text_of_a_range_in_real_time():
    """An asked offset is shown as asked and by the camera's clock; ``Z`` stays ``Z``."""
    asked = parse_range("2026-01-15T23:00:00-08:00", "2026-01-16T08:00:00Z")
    lines = report_text(replace(REPORT, request=changed(REQUEST, asked=asked))).splitlines()
    assert lines[3] == "Range     2026-01-15 23:00:00-08:00 to 2026-01-16 08:00:00Z (1 h)"
    assert lines[4] == "          2026-01-16 08:00:00 to 09:00:00 by the camera's clock, UTC+01:00"


def test_text_says_when_only_gaps_make_it_partial():
    """With --require-complete the reason is the recording, and the report says so."""
    report = replace(with_account(gaps=True), request=changed(REQUEST, require_complete=True))
    assert "Next      --require-complete counts gaps in the recording as missing" in report_text(report)


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
    assert len(lines) == 18
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
