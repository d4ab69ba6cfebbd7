"""What is said, where, and with which exit code."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.fakes import BASIC, PASSWORD, SPAN, Camreel, FakeExport, report

from camreel.cli import main
from camreel.cli.batch import Batch, CameraTask
from camreel.cli.hooks import HookRunner
from camreel.cli.options import OutputOptions
from camreel.cli.results import ReportView
from camreel.cli.ui.reporters import Reporter
from camreel.clock import parse_range
from camreel.errors import (
    AccountLocked,
    CamreelError,
    DiskError,
    Interrupted,
    LoginRefused,
    MergeError,
    NothingRecorded,
    UsageError,
)
from camreel.model import Address, Output, Query, Request, Span, Target
from camreel.planning.account import Hole, LossKind, LostReason
from camreel.report import Report

# All that could steer a terminal, but for the end of a line.
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def test_the_report_goes_to_stdout_in_the_order_of_a_screen(camreel_: Camreel, exported: FakeExport) -> None:
    """The range and what was found, an empty line, the outcome. What stderr could say, too, is said once."""
    run = camreel_(BASIC)
    assert run.code == 0
    assert "\n\nComplete  1 h of footage, 1 MB -> " in run.out
    labels = [line.split(" ")[0] for line in run.out.splitlines() if not line.startswith(" ")]
    assert labels == ["Range", "Clock", "Found", "", "Complete", "Video", "Coverage"]
    assert "2026-01-16 08:00:00 to 09:00:00 by the camera's clock" in run.out
    assert "the camera's clock is 42 s fast" in run.out
    assert run.err == ""


def test_verbose_adds_the_details(camreel_: Camreel, exported: FakeExport) -> None:
    """Camera, clock, what was not used, playback."""
    run = camreel_([*BASIC, "--verbose"])
    assert {"Camera", "Found"} <= {line.split(" ")[0] for line in run.out.splitlines()}


def test_on_one_terminal_nothing_is_said_twice(
    camreel_: Camreel, exported: FakeExport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where stdout is the terminal that the notes went to, the report leaves out what they said."""

    class Tty(io.StringIO):
        def isatty(self) -> bool:
            return True

    said = {}
    one_file = io.StringIO()
    for kind, stdout, stderr in (("one", Tty(), Tty()), ("log", Tty(), io.StringIO()), ("cron", one_file, one_file)):
        with monkeypatch.context() as patch:
            patch.setenv("AMCREST_PASSWORD", PASSWORD)
            patch.setattr(sys, "stdout", stdout)
            patch.setattr(sys, "stderr", stderr)
            assert camreel_(BASIC).code == 0
        said[kind] = [
            [re.sub("\x1b\\[[0-9;?]*[a-zA-Z]", "", line).split(" ")[0] for line in text.getvalue().splitlines()]
            for text in (stdout, stderr)
        ]
    report = ["Complete", "Video", "Coverage"]
    assert [label for label in said["one"][0] if label.isalpha()] == report
    assert [label for label in said["one"][1] if label.isalpha()] == ["Range", "Clock", "Found", "Note"]
    for kind in ("log", "cron"):
        assert [label for label in said[kind][0] if label.isalpha()] == ["Range", "Clock", "Found", *report]
    assert said["log"][1] == []


def test_json_is_one_document_alone_on_stdout(camreel_: Camreel, exported: FakeExport) -> None:
    """A program can parse all of stdout; what was found is told beside it."""
    run = camreel_([*BASIC, "--json"])
    document = json.loads(run.out)
    assert (document["schema"], document["error"]) == (2, None)
    assert (document["status"], document["exit_code"]) == ("complete", 0)
    (entry,) = document["runs"]
    assert (entry["name"], entry["channel"], entry["error"]) == ("192.168.1.100", 1, None)
    assert (entry["status"], entry["exit_code"]) == ("complete", 0)
    assert entry["camera"]["name"] == "Kitchen\x07"  # whole, and escaped on the way
    assert run.out.isascii()
    assert "Found" in run.err


def test_quiet_says_nothing_when_all_is_well(camreel_: Camreel, exported: FakeExport) -> None:
    """For cron: no news is good news."""
    run = camreel_([*BASIC, "--quiet"])
    assert (run.code, run.out, run.err) == (0, "", "")


def test_quiet_still_tells_what_is_missing(camreel_: Camreel, exported: FakeExport) -> None:
    """Exit 4 without a word would be a silent loss."""
    exported.complete = False
    run = camreel_([*BASIC, "--quiet"])
    assert run.code == 4
    assert run.out == ""
    assert "Lost      2026-01-16 08:00:00 to 09:00:00 (1 h): clip 1: the camera answers 404" in run.err


def test_quiet_tells_of_an_end_that_may_still_grow(
    camreel_: Camreel, exported: FakeExport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On stderr, with exit code 0: nothing is lost, and the rest is still to come."""
    hole = Hole(Span(SPAN.end - timedelta(minutes=15), SPAN.end), LostReason(LossKind.TOO_RECENT, "09:15"))

    async def export(request: Request, *_more: object, **_named: object) -> Report:
        made = report(replace(request, query=replace(request.query, ends_now=True)))
        return replace(made, account=replace(made.account, pending=(hole,)))

    monkeypatch.setattr("camreel.jobs.export.export", export)
    run = camreel_([*BASIC, "--quiet"])
    assert (run.code, run.out) == (0, "")
    assert run.err.startswith("Complete so far  1 h of footage, complete up to 08:45:00, 1 MB -> ")
    assert "Pending   2026-01-16 08:45:00 to 09:00:00 (15 min): the camera may still be writing it" in run.err


def test_quiet_json_is_json_alone(camreel_: Camreel, exported: FakeExport) -> None:
    """--json --quiet: the document, and nothing on stderr."""
    run = camreel_([*BASIC, "--quiet", "--json"])
    assert json.loads(run.out)["runs"][0]["exit_code"] == 0
    assert run.err == ""


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NothingRecorded("Nothing there.", hint="Look elsewhere."), 3),
        (LoginRefused("No."), 5),
        (AccountLocked("Locked.", seconds=1800), 5),
        (DiskError("Full."), 7),
        (MergeError("No merge.", hint="They are kept."), 7),
    ],
)
@pytest.mark.parametrize("options", [[], ["--quiet"]])
def test_errors_are_a_sentence_a_hint_and_a_code(
    camreel_: Camreel, exported: FakeExport, error: CamreelError, code: int, options: list[str]
) -> None:
    """On stderr, with --quiet too, and without a traceback."""
    exported.error = error
    run = camreel_([*BASIC, *options])
    assert run.code == code
    assert run.out == ""
    expected = [f"camreel: error: {error}"] + ([f"  {error.hint}"] if error.hint else [])
    assert run.err.splitlines() == expected


def test_errors_are_json_too(camreel_: Camreel, exported: FakeExport) -> None:
    """With --json the error is that of its run; the sentence is on stderr as well."""
    exported.error = NothingRecorded("Nothing there.", hint="Look elsewhere.")
    run = camreel_([*BASIC, "--json"])
    document = json.loads(run.out)
    assert (document["status"], document["error"]) == ("error", None)
    (entry,) = document["runs"]
    assert entry == {
        "name": "192.168.1.100", "channel": 1, "status": "error", "exit_code": 3,
        "error": {"kind": "NothingRecorded", "message": "Nothing there.", "hint": "Look elsewhere."},
    }  # fmt: skip
    assert run.code == document["exit_code"] == 3
    assert "camreel: error: Nothing there." in run.err


def test_usage_errors_are_json_too(camreel_: Camreel, exported: FakeExport) -> None:
    """Even where the arguments could not be parsed."""
    run = camreel_([*BASIC, "--json", "--nonsense"])
    document = json.loads(run.out)
    assert (document["error"]["kind"], document["runs"]) == ("UsageError", [])
    assert run.code == document["exit_code"] == 2


def test_the_report_file_has_all_of_it(camreel_: Camreel, exported: FakeExport, tmp_path: Path) -> None:
    """Details, too, whatever stdout shows; whole or not at all; a report that is there is replaced."""
    file = tmp_path / "new" / "report.txt"
    for is_complete in (True, False):
        exported.complete = is_complete
        run = camreel_([*BASIC, "--quiet", "--report", str(file)], AMCREST_PASSWORD=PASSWORD)
        assert run.code == (0 if is_complete else 4)
        first, text = file.read_text("utf-8").split("\n", 1)
        assert first == "camreel report"
        assert text.startswith("Complete  1 h" if is_complete else "Partial   1 h of footage, 1 h lost, 1 MB -> ")
        assert {"Camera", "Clock", "Found", "Program"} <= {line.split(" ")[0] for line in text.splitlines()}
    assert [path.name for path in file.parent.iterdir()] == ["report.txt"]


def test_the_report_file_tells_of_an_error(camreel_: Camreel, exported: FakeExport, tmp_path: Path) -> None:
    """A run that failed leaves no old report behind that says all was well."""
    file = tmp_path / "report.txt"
    file.write_text("camreel report\nComplete")
    exported.error = LoginRefused("The camera refused the login.", hint="Look again.")
    run = camreel_([*BASIC, "--report", str(file), "--json"])
    assert file.read_text() == "camreel report\nFailed    The camera refused the login.\nNext      Look again.\n"
    assert (run.code, run.out.count('"schema"')) == (5, 1)


@pytest.mark.parametrize("options", [[], ["--json"], ["--progress", "json"]])
def test_a_report_file_that_cannot_be_written_is_no_success(
    camreel_: Camreel, exported: FakeExport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    """Exit 7; the report is on stdout all the same."""

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("camreel.cli.results.write_whole", full)
    run = camreel_([*BASIC, "--report", str(tmp_path / "report.txt"), *options])
    assert run.code == 7
    if "--json" in options:
        document = json.loads(run.out)
        assert (document["exit_code"], document["status"], document["error"]["kind"]) == (7, "error", "DiskError")
        assert document["runs"][0]["status"] == "complete"
    else:
        assert "\nComplete" in run.out
    if options == ["--progress", "json"]:
        end = json.loads(run.err.splitlines()[-1])
        assert (end["event"], end["exit_code"], end["status"]) == ("end", 7, "error")
    else:
        assert "camreel: error: Cannot write" in run.err
        assert "Only the report is missing. Try: --report in another folder." in run.err


@pytest.mark.parametrize("file", ["", "."])
def test_a_report_goes_into_a_file(camreel_: Camreel, exported: FakeExport, file: str) -> None:
    """Better said before the download than after it."""
    assert "--report must be a file" in camreel_([*BASIC, "--report", file]).err
    assert exported.asked == []


def _make(kind: str, place: Path) -> None:
    """Put something at ``place`` that is no report."""
    if kind == "video":
        place.write_bytes(b"\0\0\0\x18ftyp")
    elif kind == "longer line":
        place.write_text("camreel reports\n")
    elif kind == "link":
        (place.parent / "old.txt").write_text("camreel report\n")
        place.symlink_to("old.txt")
    elif kind == "FIFO":
        os.mkfifo(place)


@pytest.mark.parametrize("kind", ["video", "longer line", "link", "FIFO"])
def test_a_report_replaces_nothing_but_a_report(
    camreel_: Camreel, exported: FakeExport, tmp_path: Path, kind: str
) -> None:
    """Said before anything is fetched; what is there stays."""
    if kind in {"link", "FIFO"} and os.name == "nt":
        pytest.skip("not of every Windows")
    place = tmp_path / "report.txt"
    _make(kind, place)
    before = place.lstat()
    run = camreel_([*BASIC, "--report", "report.txt"])
    assert (run.code, exported.asked) == (2, [])
    assert f"--report cannot replace {place}: it is " in run.err
    assert "Give a file of its own" in run.err
    assert (place.lstat().st_ino, place.lstat().st_size) == (before.st_ino, before.st_size)


@pytest.mark.skipif(os.name == "nt", reason="a device of POSIX")
def test_a_device_is_no_report(camreel_: Camreel, exported: FakeExport) -> None:
    """It would become a file."""
    run = camreel_([*BASIC, "--report", os.devnull])
    assert (run.code, exported.asked) == (2, [])
    assert not Path(os.devnull).is_file()


@pytest.mark.parametrize("options", [["-o", "a.mp4"], ["--log-file", "a.mp4"], []], ids=["video", "log", "settings"])
def test_a_report_is_no_other_file_of_the_run(
    camreel_: Camreel, exported: FakeExport, tmp_path: Path, options: list[str]
) -> None:
    """Also one that is not there yet, or has no bytes."""
    environment = {}
    if not options:
        (tmp_path / "a.mp4").touch()
        environment["CAMREEL_CONFIG"] = str(tmp_path / "a.mp4")
    run = camreel_([*BASIC, *options, "--report", "./a.mp4"], **environment)
    assert (run.code, exported.asked) == (2, [])
    assert "a.mp4 is also the " in run.err


def test_a_report_is_no_clip_of_a_merge(camreel_: Camreel, tmp_path: Path) -> None:
    """By any of its names."""
    clip = tmp_path / "a.mp4"
    clip.write_text("camreel report\n")
    (tmp_path / "b.mp4").hardlink_to(clip)
    for place in ("a.mp4", "b.mp4"):
        run = camreel_(["merge", "a.mp4", "-o", "o.mp4", "--report", place])
        assert run.code == 2
        assert f"{place} is also one of the clips" in run.err
    assert clip.read_text() == "camreel report\n"


def test_what_came_during_the_run_is_left_alone(
    camreel_: Camreel, exported: FakeExport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the video itself, whose name comes from the camera."""
    file = tmp_path / "video.mp4"

    def there(_request: Request) -> None:
        file.write_bytes(b"a video")

    monkeypatch.setattr("camreel.output.finalize.already_there", there)
    run = camreel_([*BASIC, "--report", "video.mp4"])
    assert run.code == 7
    assert f"Cannot write the report into {file}: it is not a report of camreel." in run.err
    assert file.read_bytes() == b"a video"


@pytest.mark.skipif(os.name == "nt", reason="modes of POSIX")
@pytest.mark.parametrize("mode", [0o600, 0o666])
def test_a_report_keeps_its_mode(camreel_: Camreel, exported: FakeExport, tmp_path: Path, mode: int) -> None:
    """An empty file may become one, as mktemp makes it."""
    file = tmp_path / "report.txt"
    file.touch()
    file.chmod(mode)
    assert camreel_([*BASIC, "--report", "report.txt"]).code == 0
    assert file.read_text("utf-8").startswith("camreel report\nComplete")
    assert file.stat().st_mode & 0o777 == mode


@pytest.mark.parametrize(("own", "code"), [(NothingRecorded, 7), (UsageError, 2)])
@pytest.mark.parametrize("options", [["--json"], ["--progress", "json"], []])
def test_the_worst_of_two_errors_is_the_exit_code(
    camreel_: Camreel,
    exported: FakeExport,
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    own: type[CamreelError],
    code: int,
) -> None:
    """Everywhere alike; both are said, and the lines of JSON end with `end`."""
    exported.error = own("Nothing there.")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("camreel.cli.results.write_whole", full)
    run = camreel_([*BASIC, "--report", "report.txt", *options])
    assert run.code == code
    if options == ["--json"]:
        assert json.loads(run.out)["exit_code"] == code
    assert "Nothing there." in run.err
    assert "Cannot write the report into" in run.err
    if options == ["--progress", "json"]:
        *_, before, end = (json.loads(line) for line in run.err.splitlines())
        assert (before["event"], end["event"], end["exit_code"]) == ("log", "end", code)


def test_failures_of_owed_commands_stand_before_the_end(
    camreel_: Camreel, exported: FakeExport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last line of JSON is `end`, also if the export failed."""
    exported.error = NothingRecorded("Nothing there.")

    async def owed(runner: HookRunner, _reporter: object) -> None:
        runner.failures.append("The command of yesterday failed.")

    monkeypatch.setattr(HookRunner, "run_owed", owed)
    lines = [json.loads(line) for line in camreel_([*BASIC, "--progress", "json"]).err.splitlines()]
    assert lines[-2] == {"event": "log", "text": "The command of yesterday failed."}
    assert lines[-1]["event"] == "end"


def test_one_of_several_that_cannot_be_told_is_exit_7(tmp_path: Path) -> None:
    """The first write to a full disk fails, and those after it go nowhere: it must not look like success."""
    target, query = (
        Target(Address("cam.example", 80), "admin"),
        Query(parse_range("2026-01-16T08:00", "2026-01-16T09:00")),
    )
    task = CameraTask("cam", target, query, str, Output(tmp_path, tmp_path / "o.mp4"))
    batch: Batch[CameraTask, Report] = Batch([task, task], OutputOptions())
    batch.outcomes = {number: report(task.request) for number in range(2)}
    view = ReportView(OutputOptions())

    class Full(Reporter):
        def show(self, lines: object) -> None:
            raise DiskError("The result cannot be written to standard output: No space left on device.")

    view.tell(batch, 0, Full())
    with pytest.raises(DiskError, match="standard output"):
        view.show(batch)


def test_the_word_error_is_red_on_a_terminal(
    camreel_: Camreel, exported: FakeExport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing else of it; not with NO_COLOR."""

    class Tty(io.StringIO):
        def isatty(self) -> bool:
            return True

    exported.error = DiskError("Full.")
    for no_color, said in (("", "camreel: \x1b[1;31merror:\x1b[0m Full."), ("1", "camreel: error: Full.")):
        stderr = Tty()
        with monkeypatch.context() as patch:
            patch.setenv("TERM", "xterm")
            patch.setenv("NO_COLOR", no_color)
            patch.setattr(sys, "stderr", stderr)
            camreel_(BASIC, AMCREST_PASSWORD=PASSWORD)
        assert said in stderr.getvalue()


def test_a_bug_is_called_one(camreel_: Camreel, exported: FakeExport) -> None:
    """Exit 1, how to report it, and no traceback without --debug."""
    exported.error = ZeroDivisionError("division by zero")
    run = camreel_(BASIC)
    assert run.code == 1
    assert "this is a bug in camreel: ZeroDivisionError: division by zero" in run.err
    assert "--debug" in run.err
    assert "Traceback" not in run.err


def test_debug_shows_the_traceback(camreel_: Camreel, exported: FakeExport) -> None:
    """Of bugs and of errors alike."""
    for error in (ZeroDivisionError("division by zero"), DiskError("Full.")):
        exported.error = error
        run = camreel_([*BASIC, "--debug"], AMCREST_PASSWORD=PASSWORD)
        assert "Traceback (most recent call last)" in run.err
        assert type(error).__name__ in run.err


@pytest.mark.parametrize("options", [[], ["--json"], ["--quiet"], ["--verbose"], ["--debug"]])
@pytest.mark.parametrize("error", [None, LoginRefused("The camera \x1b]0;owned\x07says\u202e no.", hint="\x9b2J"), 1])
def test_nothing_steers_the_terminal_and_nothing_tells_the_password(
    camreel_: Camreel, exported: FakeExport, options: list[str], error: CamreelError | int | None
) -> None:
    """Names, errors and tracebacks from a camera are shown harmless; the password is nowhere."""
    exported.error = ValueError("\x1b[2Jgarbage") if isinstance(error, int) else error
    run = camreel_([*BASIC, *options])
    assert not CONTROL.search(run.everything)
    assert PASSWORD not in run.everything


def test_verbose_logs_to_stderr(camreel_: Camreel, exported: FakeExport, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the library logs comes out with --verbose, harmless, and only then."""
    import logging

    class Logs(FakeExport):
        async def export(self, *arguments: object, **named: object) -> object:  # type: ignore[override]
            logging.getLogger("camreel.devices.http").debug("GET %s -> %d", "/cgi\x1b[2J", 200)
            return await super().export(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr("camreel.jobs.export.export", Logs().export)
    assert "GET /cgi\N{REPLACEMENT CHARACTER}[2J -> 200" in camreel_([*BASIC, "--verbose"]).err
    assert "GET" not in camreel_(BASIC, AMCREST_PASSWORD=PASSWORD).everything


def test_an_error_in_a_group_of_one_is_the_error(camreel_: Camreel, exported: FakeExport) -> None:
    """Should a task group have wrapped it after all."""
    if sys.version_info < (3, 11):
        from exceptiongroup import ExceptionGroup
    else:
        from builtins import ExceptionGroup
    exported.error = ExceptionGroup("outer", [ExceptionGroup("inner", [DiskError("Full.")])])
    assert camreel_(BASIC).code == 7


def program(*arguments: str, stdout: int, folder: Path) -> subprocess.CompletedProcess[bytes]:
    """The program as a process of its own, stdout where the test wants it."""
    code = "import sys; from camreel.cli import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, cwd=folder, check=False, timeout=60)


@pytest.mark.parametrize("arguments", [["--help"], ["--version"]])
@pytest.mark.skipif(os.name == "nt", reason="pipes of POSIX")
def test_a_reader_that_went_away_is_no_error(tmp_path: Path, arguments: list[str]) -> None:
    """`camreel --help | head -0`: no traceback, nothing on stderr."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        run = program(*arguments, stdout=writer, folder=tmp_path)
    finally:
        os.close(writer)
    assert (run.returncode, run.stderr) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a disk that is always full")
def test_a_result_that_cannot_be_written_is_exit_7(tmp_path: Path) -> None:
    """`camreel --json > report.json` on a full disk must not look like success; nor must the error's own JSON fail."""
    with Path("/dev/full").open("wb") as full:
        run = program("--json", "--help", stdout=full.fileno(), folder=tmp_path)
    assert run.returncode == 7
    assert run.stderr.startswith(b"camreel: error: The result cannot be written to standard output")
    assert run.stderr.count(b"\n") == 1


def test_the_program_is_called_as_it_was_started(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Help and hints can be copied: main.py says `python3 main.py`, and so on."""
    python = "py" if os.name == "nt" else "python3"
    for started, shown in (
        ("/usr/bin/camreel", "camreel"),
        ("main.py", f"{python} main.py"),
        ("/x/camreel/__main__.py", "./python -m camreel"),
    ):
        monkeypatch.setattr(sys, "argv", [started, "--help"])
        monkeypatch.setattr(sys, "orig_argv", ["./python", started, "--help"])
        assert main() == 0
        out = capsys.readouterr().out
        assert out.startswith(f"Usage: {shown} COMMAND")
        assert f"  {shown} get --last 1h" in out


def test_a_video_that_is_there_is_named_though_its_command_was_interrupted(
    camreel_: Camreel, exported: FakeExport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the document and in the last line; the run has ended as interrupted."""

    async def run_command(*_: object) -> str | None:
        raise Interrupted("interrupted")

    monkeypatch.setattr("camreel.cli.hooks.run_command", run_command)
    run = camreel_([*BASIC, "--exec", "true", "--json", "--progress", "json"])
    video = str(exported.request.output.file)
    document, end = json.loads(run.out), json.loads(run.err.splitlines()[-1])
    assert (run.code, document["status"], document["error"]["kind"]) == (130, "error", "Interrupted")
    assert [output["path"] for output in document["runs"][0]["outputs"]] == [video]
    assert (end["status"], end["exit_code"], end["outputs"]) == ("error", 130, [video])
