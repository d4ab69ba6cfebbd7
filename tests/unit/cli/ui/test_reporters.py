"""What is shown while it works: on a terminal, in a log, and not at all."""

from __future__ import annotations

import io
import re
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.fakes import SPAN

from camreel.cli.options import OutputOptions
from camreel.cli.ui.notes import NoteLine, labelled, notes
from camreel.cli.ui.reporters import LiveReporter, PlainReporter, Reporter, choose_reporter
from camreel.cli.ui.terminal import LiveLines
from camreel.clock import CameraClock, parse_range
from camreel.events import ClipFailed, ClipFetched, ClipStarted, Event, Planned, RangeKnown, Retrying, Warned
from camreel.model import Recording, Span, Stream
from camreel.planning.account import LossKind, LostReason
from camreel.planning.plan import plan_export
from camreel.report import plain_text

CLIP = Recording("/mnt/sd/1.mp4", SPAN, 1_000_000)
PLANNED = Planned(plan_export([CLIP], SPAN, Stream.MAIN))


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.seconds = 50.0

    def __call__(self) -> float:
        return self.seconds


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_log_gets_a_line_every_five_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    """Not more often, and not the same line twice."""
    clock = Clock()
    reporter = PlainReporter(now=clock)
    listener = reporter.listener()
    listener(PLANNED)
    capsys.readouterr()
    for _ in range(49):
        clock.seconds += 0.1
        reporter.tick()
    assert capsys.readouterr().err == ""
    clock.seconds += 0.2
    reporter.tick()
    assert capsys.readouterr().err == "0 %, 0.0 of 1.0 MB, --:-- left, 0/1 clips\n"
    clock.seconds += 30
    reporter.tick()
    assert capsys.readouterr().err == ""
    listener(ClipStarted(1, CLIP, None, 1))
    listener(ClipFetched(1, 1_000_000))
    clock.seconds += 5
    reporter.tick()
    assert capsys.readouterr().err == "100 %, 1.0 of 1.0 MB, 1/1 clips\n"


def test_notable_events_are_told_at_once() -> None:
    """What was found, retries, failures and warnings, each under its label."""
    gap = Span(SPAN.start, SPAN.start + timedelta(minutes=10))
    writing = Recording("/2.mp4", Span(SPAN.end - timedelta(minutes=5), SPAN.end), None, writing=True)
    late = Recording("/1.mp4", Span(gap.end, writing.span.start), 2_040_000_000)
    told = [
        note
        for event in (
            Planned(plan_export([late, writing, Recording("/a.jpg", SPAN)], SPAN, Stream.MAIN)),
            Retrying("clip 3", "The camera closed the connection.", 2.5),
            ClipFailed(3, CLIP, LostReason(LossKind.NOT_DOWNLOADED, "the camera answers 404")),
            Warned("The list ends early."),
        )
        for note in notes(event)
    ]
    assert [(note.label, note.text) for note in told] == [
        ("Found", "1 recording, 2.04 GB"),
        ("", "not used: 1 snapshot"),
        ("Retry", "clip 3: The camera closed the connection; again in 2.5 s"),
        ("Failed", "clip 3, 2026-01-16 08:00:00 to 09:00:00: the camera answers 404"),
        ("Note", "The list ends early."),
    ]


@pytest.mark.parametrize("asked", ["", "-08:00"])
def test_the_clock_is_told_where_it_matters(asked: str) -> None:
    """Where it is known from is a detail; how well is no detail if that decides what the range is."""
    clock = replace(CameraClock.fixed(timedelta(hours=-8), source="measured now"), weakness="a weak source")
    typed = parse_range(f"2026-01-16T08:00{asked}", f"2026-01-16T09:00{asked}")
    said = [note for note in notes(RangeKnown(typed, SPAN, clock, "door")) if note.label not in {"Range", ""}]
    assert (said[0].text, said[0].is_detail, said[0].bad) == ("UTC-08:00 (measured now)", True, False)
    assert [(note.is_detail, note.bad) for note in said[1:]] == ([(False, True)] if asked else [])
    cure = "camreel config set door.camera_tz Europe/Berlin"  # whole, however narrow it is
    assert all(note.lines(40)[-1] == cure for note in said[1:])
    assert all(note.lines(80)[-1] == " " * 10 + cure for note in said[1:])


FOUND: list[Event] = [
    RangeKnown(parse_range("2026-01-16T08:00", "2026-01-16T09:00"), SPAN, None),
    PLANNED,
    Warned("careful"),
]


def test_what_the_report_says_is_left_to_it_where_both_may_be_read_together(capsys: pytest.CaptureFixture[str]) -> None:
    """A mail of cron, a log, `| tee`: nothing twice. If there is no report after all, it is told then."""
    reporter = PlainReporter(repeats=False)
    for event in [*FOUND, ClipFailed(3, CLIP, LostReason(LossKind.OVERWRITTEN))]:
        reporter.listener()(event)
    reporter.close()
    assert [line[:10].strip() for line in capsys.readouterr().err.splitlines()] == ["Failed"]
    assert reporter.told is None
    reporter.tell_held()
    assert [line[:10].strip() for line in capsys.readouterr().err.splitlines()] == ["Range", "Clock", "Found", "Note"]


def test_what_was_told_is_known(capsys: pytest.CaptureFixture[str]) -> None:
    """So that the report on the same screen does not say it again."""
    reporter = PlainReporter()
    for event in FOUND:
        reporter.listener()(event)
    assert reporter.told is not None
    assert "careful" in reporter.told
    assert len(capsys.readouterr().err.splitlines()) == 4


@pytest.mark.parametrize("has_report", [True, False])
def test_warnings_of_one_of_several_that_failed_are_told(has_report: bool, capsys: pytest.CaptureFixture[str]) -> None:
    """Of a task with a report they are in it; one that ends in an error has none. Of the others nothing is said."""
    reporter = PlainReporter(["front", "gate"], repeats=False)
    for number, said in enumerate(("the range was cut", "careful")):
        listener = reporter.listener(number)
        listener(PLANNED)
        listener(Warned(said))
    assert capsys.readouterr().err == ""
    reporter.ended(0, has_report=has_report)
    reporter.ended(1)
    reporter.close()
    assert capsys.readouterr().err == ("" if has_report else "front  Note      the range was cut\n")


@pytest.mark.parametrize(
    ("manner", "stdout", "stderr", "repeats"),
    [
        (OutputOptions(), Tty(), Tty(), True),
        (OutputOptions(), io.StringIO(), Tty(), False),
        (OutputOptions(), io.StringIO(), io.StringIO(), False),
        (OutputOptions(), Tty(), io.StringIO(), False),
        (OutputOptions(as_json=True), io.StringIO(), io.StringIO(), True),
    ],
    ids=["one screen", "a pipe", "cron", "a log", "JSON"],
)
def test_where_the_notes_repeat_the_report(
    manner: OutputOptions, stdout: io.StringIO, stderr: io.StringIO, repeats: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On one screen the report leaves out what they said; a document for programs says it to nobody."""
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setattr(sys, "stdout", stdout)
    monkeypatch.setattr(sys, "stderr", stderr)
    reporter = choose_reporter(manner)
    for event in FOUND:
        reporter.listener()(event)
    assert ("Range" in stderr.getvalue()) == repeats


def test_a_report_in_a_file_does_not_make_the_screen_silent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`> report.txt`: the range and what was found are on the screen, too."""
    stderr = Tty()
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setattr(sys, "stderr", stderr)
    with (tmp_path / "report.txt").open("w") as stdout:
        monkeypatch.setattr(sys, "stdout", stdout)
        choose_reporter(OutputOptions()).listener()(FOUND[0])
    assert "Range" in stderr.getvalue()


def test_notes_are_wrapped_under_their_text() -> None:
    """On a terminal words stay whole and the labels stand alone; a log keeps the line."""
    note = NoteLine("Note", "one two three four five six seventeen\x1b[2J")
    assert note.lines(30) == [
        "Note      one two three four",
        "          five six",
        "          seventeen\N{REPLACEMENT CHARACTER}[2J",
    ]
    assert note.lines() == ["Note      one two three four five six seventeen\N{REPLACEMENT CHARACTER}[2J"]
    long = NoteLine("Range", "one two three, four (2 min)")
    assert long.lines(36) == ["Range     one two three, four", "          (2 min)"]
    assert plain_text(labelled("Result    a b\n          c"), 79) == "Result    a b\n          c"


def test_quiet_tells_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """But what is logged on purpose: that it stops."""
    reporter = choose_reporter(OutputOptions(quiet=True))
    assert type(reporter) is Reporter
    reporter.listener()(Warned("x"))
    reporter.tick()
    reporter.close()
    assert capsys.readouterr().err == ""
    reporter.log("Stopping.")
    assert capsys.readouterr().err == "Stopping.\n"


@pytest.mark.parametrize(
    ("stderr", "term", "kind"),
    [(io.StringIO(), "xterm", PlainReporter), (Tty(), "dumb", PlainReporter), (None, "xterm", PlainReporter)],
)
def test_only_a_terminal_gets_the_live_line(
    monkeypatch: pytest.MonkeyPatch, stderr: io.StringIO | None, term: str, kind: type
) -> None:
    """Pipes, dumb terminals and a closed stderr get plain lines."""
    monkeypatch.setenv("TERM", term)
    monkeypatch.setattr(sys, "stderr", stderr)
    reporter = choose_reporter(OutputOptions())
    assert type(reporter) is kind
    reporter.listener()(Warned("x"))


def test_a_terminal_gets_the_live_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """And has its cursor back when it is closed, however often that is."""
    stderr = Tty()
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setattr(sys, "stderr", stderr)
    reporter = choose_reporter(OutputOptions())
    assert isinstance(reporter, LiveReporter)
    reporter.listener()(PLANNED)
    reporter.close()
    reporter.close()
    reporter.tick()
    shown = stderr.getvalue()
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")


def live(clock: Clock) -> tuple[LiveReporter, io.StringIO]:
    screen = Tty()
    return LiveReporter(LiveLines(screen), now=clock), screen


def test_the_live_line_is_drawn_calmly() -> None:
    """However fast events come, it is drawn at most every 0.4 seconds: the whole, and the download that runs."""
    clock = Clock()
    reporter, screen = live(clock)
    listener = reporter.listener()
    listener(PLANNED)
    drawn = 0
    for _ in range(100):
        clock.seconds += 0.01
        before = len(screen.getvalue())
        listener(ClipStarted(1, CLIP, None, 1))
        new = screen.getvalue()[before:]
        drawn += bool(new)
        assert new.count("\n") <= 1
    assert 1 <= drawn <= 3
    reporter.close()


def test_text_from_a_camera_does_not_steer_the_live_screen() -> None:
    """Control characters are shown, not obeyed."""
    reporter, screen = live(Clock())
    before = len(screen.getvalue())
    reporter.listener()(Warned("x \x1b]0;owned\x07"))
    reporter.log("y \x1b[2J")
    shown = screen.getvalue()[before:]
    reporter.close()
    assert "x \N{REPLACEMENT CHARACTER}]0;owned" in shown
    assert "y \N{REPLACEMENT CHARACTER}[2J" in shown
    assert "\x1b]0" not in shown
    assert "\x1b[2J" not in shown
    assert "\x07" not in shown


def test_no_color_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_COLOR: the words without the yellow."""
    colours = {}
    monkeypatch.delenv("NO_COLOR", raising=False)
    for wish in ("", "1"):
        if wish:
            monkeypatch.setenv("NO_COLOR", wish)
        reporter, screen = live(Clock())
        reporter.listener()(Warned("careful"))
        reporter.close()
        colours[wish] = bool(re.search(r"\x1b\[[0-9;]+m", screen.getvalue()))
    assert colours == {"": True, "1": False}


def test_a_terminal_that_goes_away_does_not_end_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """The window is closed, the download goes on."""

    class Gone(Tty):
        def write(self, text: str) -> int:
            raise OSError(5, "Input/output error")

    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", Gone())
    reporter = choose_reporter(OutputOptions())
    reporter.listener()(Warned("x"))
    reporter.log("y")
    reporter.close()


def test_of_written_lines_only_commands_stay_whole() -> None:
    """What begins with the program's name and is none is broken like all other text."""
    text = f"{'Here':<10}camreel 0.1.0, Python 3.11, aiohttp\n{'':<10}camreel 0.1.0, Python 3.11, aiohttp\n{'':<10}"
    lines = plain_text(labelled(f"{text}camreel cameras forget 10.0.0.1 10.0.0.22"), 40).split("\n")
    assert [len(line) <= 40 for line in lines] == [True, True, True, True, False]
    assert lines[-1] == "camreel cameras forget 10.0.0.1 10.0.0.22"
