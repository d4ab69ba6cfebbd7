"""--progress json: the keys of each line are a contract."""

from __future__ import annotations

import json

import pytest
from tests.fakes import BASIC, PASSWORD, SPAN, Camreel, FakeExport

from camreel.cli.ui.reporters import JsonReporter
from camreel.errors import LoginRefused
from camreel.events import ClipFailed, ClipFetched, ClipProgress, ClipStarted, Connected, Retrying, Waiting
from camreel.model import Address, DeviceInfo, Recording
from camreel.planning.account import LossKind, LostReason

KEYS = {
    "connected": {"camera"},
    "understood": {"range", "utc_offset"},
    "planned": {"recordings", "bytes", "gaps", "gap_seconds", "writing", "left_out"},
    "warned": {"text"},
    "verifying": set(),
    "progress": {"phase", "received", "total", "percent", "bytes_per_second", "seconds_left", "merged_up_to"},
    "clip_started": {"clip", "path", "size", "attempt", "have"},
    "clip_fetched": {"clip", "size", "reused"},
    "clip_failed": {"clip", "path", "reason", "kind"},
    "retrying": {"what", "reason", "seconds"},
    "waiting": {"until", "reason", "seconds"},
    "log": {"text"},
    "end": {"status", "exit_code", "outputs", "error"},
}


def lines(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize("option", [["--progress", "json"], ["--progress=json"]])
def test_each_line_of_stderr_is_an_object(camreel_: Camreel, exported: FakeExport, option: list[str]) -> None:
    """And stdout has the report, as without it."""
    run = camreel_([*BASIC, *option])
    assert run.code == 0
    told = lines(run.err)
    assert [line["event"] for line in told] == ["connected", "understood", "planned", "warned", "verifying", "end"]
    for line in told:
        assert set(line) == KEYS[str(line["event"])] | {"event"}
    assert told[-1] == {
        "event": "end", "status": "complete", "exit_code": 0, "error": None,
        "outputs": [str(exported.request.output.file)],
    }  # fmt: skip
    assert "\nComplete  1 h of footage" in run.out
    assert "\x1b" not in run.err


def test_an_error_is_a_line_too(camreel_: Camreel, exported: FakeExport) -> None:
    """The last line has the exit code and the error; also if the command line is wrong."""
    exported.error = LoginRefused("The camera refused the login.", hint="Look again.")
    run = camreel_([*BASIC, "--progress", "json"])
    (line,) = lines(run.err)
    assert line == {
        "event": "end", "status": "error", "exit_code": 5, "outputs": [],
        "error": {"kind": "LoginRefused", "message": "The camera refused the login.", "hint": "Look again."},
    }  # fmt: skip
    (line,) = lines(camreel_(["--host", "x", "--progress", "json"]).err)
    assert (line["event"], line["exit_code"]) == ("end", 2)
    assert PASSWORD not in run.everything


def test_downloads_are_told_once_a_second(capsys: pytest.CaptureFixture[str]) -> None:
    """However many pieces they come in."""
    now = 0.0
    reporter = JsonReporter([{"name": "attic", "channel": 1}, {"name": "door", "channel": 2}], lambda: now)
    listener = reporter.listener(1)
    recording = Recording("/a.mp4", SPAN, 1000)
    listener(Connected(Address("x", 80), DeviceInfo("IP2M", "Hall")))
    listener(ClipStarted(1, recording, 1000, 1))
    for received in range(0, 1000, 10):
        now += 0.025
        listener(ClipProgress(1, received))
    listener(ClipFetched(1, 1000))
    listener(ClipFailed(2, recording, LostReason(LossKind.OVERWRITTEN)))
    listener(Retrying("clip 2", "busy", 2.0))
    listener(Waiting(SPAN.end, "too recent"))
    reporter.log("asked")
    told = lines(capsys.readouterr().err)
    assert [line["event"] for line in told if line["event"] == "progress"] == ["progress"] * 2
    for line in told:
        task = {"run", "name", "channel"} if line["event"] != "log" else set()  # the log is of all of them
        assert set(line) == KEYS[str(line["event"])] | {"event"} | task
        assert line.get("name", "door") == "door"  # the camera's own name is with the camera
