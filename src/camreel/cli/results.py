"""Show what became of the tasks of a batch: of each and a table; in words or as JSON; and in the file of `--report`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from camreel.cli.batch import Batch, CameraTask, Result, Task
from camreel.cli.options import OutputOptions
from camreel.cli.request import REPORT_LINE, foreign_reason
from camreel.cli.startup import as_typed, typable
from camreel.cli.ui import terminal
from camreel.cli.ui.desktop import open_files
from camreel.cli.ui.json_lines import end_line, say_line, say_log
from camreel.diskio import write_whole
from camreel.errors import (
    AccountLocked,
    CamreelError,
    DiskError,
    Interrupted,
    NothingRecorded,
    most_severe,
    reason_of_system,
)
from camreel.model import Request
from camreel.report import (
    Report,
    ReportLine,
    Tone,
    document_json,
    error_entry,
    json_head,
    outcome_word,
    pieces_of,
    plain_text,
    report_document,
    report_lines,
)
from camreel.report.lines import StyledLine, advice_line
from camreel.text import size_text, table_cells

if TYPE_CHECKING:
    from camreel.cli.ui.reporters import Reporter

Ended = Callable[[Batch[Any, Any], int, CamreelError | None], None]
"""What is called with a batch, the exit code and what went wrong with showing the results. They are out by then, but
for the last line of ``--progress json``."""

_Result = TypeVar("_Result", bound=Result)
_WORDS = {
    1: "a bug",
    2: "not possible",
    3: "nothing recorded",
    5: "login refused",
    6: "camera failed",
    7: "disk or merge",
}
_BETWEEN = ("  ", "")
_KNOWN_FIRST = ("Camera", "Range", "Events", "Clock", "Times", "Found")
"""Labels of what is known before the outcome."""


class ResultView(Generic[_Result]):
    """How results of one kind are shown. With ``--quiet`` only what is missing is, to stderr."""

    heads: Sequence[str] = ()
    """Of the columns that :meth:`cells` fills, behind camera and channel."""
    done = "complete"
    """The status of a batch in which all went well, though not all of it alike."""
    tells_each = True
    """Whether the words of one of several can stand alone."""

    def __init__(self, manner: OutputOptions, ended: Ended = lambda *_: None) -> None:
        self.manner = manner
        self._ended = ended
        self._told_numbers: set[int] = set()
        self._untold: DiskError | None = None  # what kept one of several from being told

    def tell(self, batch: Batch[Any, _Result], number: int, reporter: Reporter) -> None:
        """Show one of several as soon as it has ended: a run that is killed later has told of it."""
        if batch.is_single:
            return
        task, outcome = batch.tasks[number], batch.outcomes[number]
        if self.tells_each and not self.manner.as_json and not reporter.is_held:  # then it is shown at the end
            try:
                self._show_words(task, outcome, reporter.show, reporter.log)
                self._told_numbers.add(number)
            except DiskError as error:  # raised at the end: the others go on
                self._untold = self._untold or error
        if self.manner.progress == "json":
            say_line({"event": "result", "run": number + 1, **task.identity, "result": self._entry(task, outcome)})

    @contextmanager
    def watching(self, batch: Batch[Any, _Result]) -> Iterator[None]:
        """Show how an only task ended in an error, but for the words: the error is raised, and they are told last."""
        try:
            yield
        except CamreelError as error:
            if not batch.is_single or error.is_reported:
                raise
            made = batch.outcomes.get(0)  # the video is there: its command was interrupted
            batch.outcomes[0] = error
            failure = self._write_report(batch, [error])
            last = error if failure is None or _is_worse(error.exit_code, failure) else failure
            if failure is not None:
                self._log_error(failure if last is error else error)
            if made is None or isinstance(made, CamreelError):
                self._show_end(batch, [error], failure, last)
            else:
                self._show_end(batch, [made], failure or error, last)
            last.is_reported = True
            if last is not error:
                raise last from error
            raise

    def log(self, text: str) -> None:
        """Say a line before the end."""
        if self.manner.progress == "json":
            say_log(text)
        else:
            terminal.err(text)

    def _log_error(self, error: CamreelError) -> None:
        """Say an error that is not the one that the run ends with."""
        if self.manner.progress == "json":
            say_log(f"camreel: error: {error}" + (f"\n  {typable(error.hint)}" if error.hint else ""))
        else:
            terminal.print_error(error)

    def show(self, batch: Batch[Any, _Result]) -> int:
        """Show all outcomes, and return the exit code.

        Raises DiskError if one was not told, or if the file of ``--report`` failed and nothing worse happened.
        """
        outcomes = [batch.outcomes[number] for number in range(len(batch.tasks))]
        if batch.is_single and isinstance(outcomes[0], CamreelError):
            with self.watching(batch):
                raise outcomes[0]
        failure = self._write_report(batch, outcomes)
        if not self.manner.as_json and batch.is_single and not isinstance(outcomes[0], CamreelError):
            self.show_one(batch.tasks[0], outcomes[0], batch.told)
        elif not self.manner.as_json:
            self.show_all(batch.tasks, outcomes)
        if self._untold is not None:
            raise self._untold
        last = None if failure is None or _is_worse(batch.exit_code, failure) else failure
        if failure is not None and last is None:
            self._log_error(failure)
        self._show_end(batch, outcomes, failure, last)
        if self.manner.opens:
            open_files(self.files_to_open(outcomes), self.manner)
        if last is not None:
            last.is_reported = True
            raise last
        return batch.exit_code

    def show_one(self, task: Any, result: _Result, told: set[str] | None) -> None:
        """Show the result of an only task. ``told``: what was said of it on the way."""
        if self.manner.quiet:
            self.show_loss(result)
        else:
            self.show_words(task, result, told)

    def show_all(self, tasks: Sequence[CameraTask], outcomes: Sequence[_Result | CamreelError]) -> None:
        """Show each in words that was not told, and a table of all."""
        for number, (task, outcome) in enumerate(zip(tasks, outcomes, strict=True)):
            if number not in self._told_numbers:
                self._show_words(task, outcome, terminal.say_styled, terminal.err)
        if not self.manner.quiet:
            terminal.say_styled(self._table(tasks, outcomes, terminal.terminal_width(sys.stdout)))

    def _table(
        self, tasks: Sequence[CameraTask], outcomes: Sequence[_Result | CamreelError], width: int | None
    ) -> Iterator[StyledLine]:
        rows = [[*names_of(task), *self._cells(outcome)] for task, outcome in zip(tasks, outcomes, strict=True)]
        yield from styled_table(
            ("Camera", "Channel", *self.heads), rows, [self._tone(each) for each in outcomes], width
        )

    def _show_words(
        self,
        task: CameraTask,
        outcome: _Result | CamreelError,
        out: Callable[[Sequence[StyledLine]], None],
        err: Callable[[str], None],
    ) -> None:
        lines = self._lines(outcome)
        if not self.manner.quiet:
            shown = pieces_of(lines, terminal.terminal_width(sys.stdout))
            out([((f"== {task.label}", "bold"),), *shown, ()])
        elif self.lacks(outcome):
            err(f"== {task.label}\n{plain_text(lines, terminal.terminal_width(sys.stderr))}\n")

    def _lines(self, outcome: _Result | CamreelError, *, whole: bool = False) -> list[ReportLine]:
        if isinstance(outcome, CamreelError):
            lines = error_lines(outcome)
        else:
            lines = self.lines(outcome, whole=whole or self.manner.verbose)
        return [replace(line, command=as_typed(line.command)) for line in lines]

    def _cells(self, outcome: _Result | CamreelError) -> list[str]:
        if isinstance(outcome, CamreelError):
            return [short_text(outcome), *["-"] * (len(self.heads) - 1)]
        return self.cells(outcome)

    def _tone(self, outcome: _Result | CamreelError) -> Tone | None:
        return error_lines(outcome)[0].tone if isinstance(outcome, CamreelError) else self.tone(outcome)

    def _show_end(
        self,
        batch: Batch[Any, _Result],
        outcomes: Sequence[_Result | CamreelError],
        failure: CamreelError | None,
        last: CamreelError | None,
    ) -> None:
        """Show the document of ``--json``, tell that the run ended, show the last line of ``--progress json``.

        ``failure`` is what the results were not shown for, ``last`` the error that the run ends with.
        """
        code = batch.exit_code if last is None else last.exit_code
        if not self.manner.as_json and self.manner.progress != "json":
            self._ended(batch, code, failure)
            return
        runs = [self._entry(task, outcome) for task, outcome in zip(batch.tasks, outcomes, strict=True)]
        status = self._status(batch.exit_code, [str(run["status"]) for run in runs]) if failure is None else "error"
        if self.manner.as_json:
            terminal.say_json(document_json(status, code, runs, failure) | self.json_beside(outcomes))
            if self.manner.quiet:
                for outcome in outcomes:
                    if not isinstance(outcome, CamreelError) and self.tells_each:
                        self.show_loss(outcome)
        self._ended(batch, code, failure)
        if self.manner.progress == "json":
            say_line(end_line(status, code, self.paths(outcomes), last))

    def _status(self, code: int, found: Sequence[str]) -> str:
        """That of all, if they are alike; else what can be said of all of them together."""
        if len(set(found)) == 1 and (found[0] == "error" or code != Interrupted.exit_code):
            return found[0]
        if code:
            return "partial"
        return "complete_so_far" if "complete_so_far" in found else self.done

    def _entry(self, task: Task, outcome: _Result | CamreelError) -> dict[str, Any]:
        document = error_entry(outcome) if isinstance(outcome, CamreelError) else self.json(outcome)
        own = {key: value for key, value in document.items() if key not in json_head()}
        return {**task.identity, "error": None, **own}

    def _write_report(
        self, batch: Batch[Any, _Result], outcomes: Sequence[_Result | CamreelError]
    ) -> CamreelError | None:
        """Write all of the report into the file of ``--report``. Return why that failed."""
        if self.manner.report is None:
            return None
        texts = [plain_text(self._lines(outcome, whole=True)) for outcome in outcomes]
        if not batch.is_single:
            texts = [f"== {task.label}\n{text}\n" for task, text in zip(batch.tasks, texts, strict=True)]
            rows = self._table(batch.tasks, outcomes, None)
            texts += ["".join(text for text, _ in row).rstrip() for row in rows]
        try:
            write_report("\n".join(texts), self.manner.report)
        except DiskError as error:
            return error
        return None

    def show_words(self, task: Any, result: _Result, told: set[str] | None) -> None:  # noqa: ARG002 - a listing needs it
        """Show the result of an only task in words, without what was told on the same screen."""
        if not terminal.is_one_screen():
            lines = _in_order_of_a_screen(self.lines(result, whole=self.manner.verbose))
        else:
            lines = self.lines(result, told=told, whole=self.manner.verbose)
            if told is not None:
                terminal.err()  # what was told on the way ends here
        terminal.say_styled(pieces_of(lines, terminal.terminal_width(sys.stdout)))

    def show_loss(self, result: _Result) -> None:
        """Show an only result in which something is missing: exit code 4 without a word would be a silent loss."""
        if self.lacks(result):
            terminal.err_styled(pieces_of(self.lines(result), terminal.terminal_width(sys.stderr)))

    def lacks(self, result: _Result | CamreelError) -> bool:
        """Whether something is missing, so that it is told also with ``--quiet``."""
        return bool(result.exit_code)

    def lines(self, result: _Result, *, told: set[str] | None = None, whole: bool = False) -> list[ReportLine]:
        """Return a result in words, without what was ``told`` on the same screen; ``whole``: with all details."""
        raise NotImplementedError

    def json(self, result: _Result) -> dict[str, Any]:
        """Return a result as a document."""
        raise NotImplementedError

    def json_beside(self, outcomes: Sequence[_Result | CamreelError]) -> dict[str, Any]:  # noqa: ARG002 - others look at it
        """Return what the document has beside its runs."""
        return {}

    def paths(self, outcomes: Sequence[_Result | CamreelError]) -> list[str]:
        """Return where the files are."""
        raise NotImplementedError

    def files_to_open(self, outcomes: Sequence[_Result | CamreelError]) -> list[str]:
        """Return those of the files that ``--open`` shows."""
        return self.paths(outcomes)

    def cells(self, result: _Result) -> list[str]:
        """Return the row of a result in the table of all."""
        raise NotImplementedError

    def tone(self, result: _Result) -> Tone | None:
        """Return that of the first of :meth:`cells`."""
        raise NotImplementedError


class ReportView(ResultView[Report]):
    """Videos."""

    heads = ("Result", "Coverage", "Size")

    def lacks(self, result: Report | CamreelError) -> bool:
        """Also an end that the camera may still be writing, unless it is empty and the next run will look there."""
        if not isinstance(result, Report):
            return super().lacks(result)
        goes_on = isinstance(result.request, Request) and result.request.query.since_last
        is_so_far = result.is_complete_so_far and not (result.is_empty and goes_on)
        return super().lacks(result) or is_so_far or result.overwritten is not None

    def lines(self, result: Report, *, told: set[str] | None = None, whole: bool = False) -> list[ReportLine]:
        """The report."""
        return report_lines(result, told=told, whole=whole)

    def json(self, result: Report) -> dict[str, Any]:
        """The report."""
        return report_document(result)

    def paths(self, outcomes: Sequence[Report | CamreelError]) -> list[str]:
        """The videos."""
        return [output.path for each in outcomes if isinstance(each, Report) for output in each.outputs]

    def cells(self, result: Report) -> list[str]:
        """Outcome, coverage and size."""
        coverage = "-"
        if result.span is not None and result.asked_seconds:
            coverage = f"{int(1000 * result.covered_seconds / result.asked_seconds) / 10:.1f} %"
        size = size_text(sum(output.size for output in result.outputs)) if result.outputs else "-"
        return [outcome_word(result)[0], coverage, size]

    def tone(self, result: Report) -> Tone:
        """How good the outcome is."""
        return outcome_word(result)[1]


def _in_order_of_a_screen(lines: Sequence[ReportLine]) -> list[ReportLine]:
    """Return what a screen shows before the outcome first. If nothing was done, a screen shows the outcome first."""
    known = [line for line in lines if line.label in _KNOWN_FIRST]
    if not known or lines[0].label.startswith("Already there"):
        return list(lines)
    known.sort(key=lambda line: _KNOWN_FIRST.index(line.label))
    return [*known, ReportLine("", ""), *(line for line in lines if line.label not in _KNOWN_FIRST)]


def write_report(text: str, place: Path) -> None:
    """Write the text into the file ``place``, whole or not at all. Raises DiskError, also if no report is there."""
    reason = foreign_reason(place)
    try:
        if reason is None:
            place.parent.mkdir(parents=True, exist_ok=True)
            data = f"{REPORT_LINE}\n{text}\n".encode("utf-8", "replace")
            write_whole(place, data, 0o666, keeps_mode=True)
            return
        cause = None
    except OSError as error:
        reason, cause = reason_of_system(error), error
    hint = "Only the report is missing. Try: --report in another folder."
    raise DiskError(f"Cannot write the report into {place}: {reason}.", hint=hint) from cause


def _is_worse(code: int, failure: CamreelError) -> bool:
    """Whether that exit code of a run is more severe than the ``failure`` to show its results."""
    return code != failure.exit_code and most_severe([code, failure.exit_code]) == code


def styled_table(
    heads: Sequence[str], rows: Sequence[Sequence[str]], tones: Sequence[Tone | None], width: int | None
) -> Iterator[StyledLine]:
    """Yield the lines of a table as styled pieces. The third column of each row has its tone."""
    for number, cells in enumerate(table_cells(heads, lambda: rows, width)):
        tone = tones[number - 1] if number else None
        styles = ["dim" if not number else tone.value if column == 2 and tone else "" for column in range(len(heads))]
        pieces = [piece for cell, style in zip(cells, styles, strict=True) for piece in ((cell, style), _BETWEEN)]
        yield tuple(pieces[:-1])


def names_of(task: CameraTask) -> list[str]:
    """Return camera and channel, for a table."""
    return [task.name, str(task.query.channel)]


def error_lines(error: CamreelError) -> list[ReportLine]:
    """Return an error as a report."""
    word, tone = "Failed", Tone.BAD
    if isinstance(error, NothingRecorded):
        word, tone = "Nothing recorded", Tone.WARN
    elif isinstance(error, Interrupted):
        word, tone = "Interrupted", Tone.WARN
    return [ReportLine(word, str(error), tone=tone), *([advice_line("Next", error.hint)] if error.hint else [])]


def short_text(error: CamreelError) -> str:
    """Return an error in two words, for a table."""
    if isinstance(error, AccountLocked):
        return "account locked"
    return _WORDS.get(error.exit_code, "interrupted")
