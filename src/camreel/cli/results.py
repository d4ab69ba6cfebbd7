"""Show what became of the tasks of a batch: the only one, or each of them and a table; in words or as JSON."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from camreel.cli.batch import Batch, CameraTask, Result, Task
from camreel.cli.options import OutputOptions
from camreel.cli.ui import terminal
from camreel.cli.ui.json_lines import say_line
from camreel.cli.ui.notes import wrap_report
from camreel.errors import AccountLocked, CamreelError, DiskError
from camreel.report import Report, error_json, json_head, report_document, report_text
from camreel.text import size_text, table

if TYPE_CHECKING:
    from camreel.cli.ui.reporters import Reporter

_Result = TypeVar("_Result", bound=Result)
_WORDS = {
    1: "a bug",
    2: "not possible",
    3: "nothing recorded",
    5: "login refused",
    6: "camera failed",
    7: "disk or merge",
}


class ResultView(Generic[_Result]):
    """How results of one kind are shown. With ``--quiet`` only what is missing is, to stderr."""

    heads: Sequence[str] = ()
    """Of the columns that :meth:`cells` fills, behind camera and channel."""
    done = "complete"
    """The status of a batch in which all went well."""
    tells_each = True
    """Whether the words of one of several can stand alone."""

    def __init__(self, manner: OutputOptions) -> None:
        self.manner = manner
        self._told_numbers: set[int] = set()

    def tell(self, batch: Batch[Any, _Result], number: int, reporter: Reporter) -> None:
        """Show one of several as soon as it has ended: a run that is killed later has told of it."""
        if batch.is_single:
            return
        task, outcome = batch.tasks[number], batch.outcomes[number]
        if self.tells_each and not self.manner.as_json:
            with suppress(DiskError):  # told again at the end, which then is the error
                self._show_words(task, outcome, reporter.show, reporter.log)
                self._told_numbers.add(number)
        if self.manner.progress == "json":
            say_line({"event": "result", "run": number + 1, "name": task.label, "result": self._entry(task, outcome)})

    def show(self, batch: Batch[Any, _Result]) -> int:
        """Show all outcomes, and return the exit code. Raises the error of an only task."""
        outcomes = [batch.outcomes[number] for number in range(len(batch.tasks))]
        if batch.is_single:
            if isinstance(outcomes[0], CamreelError):
                raise outcomes[0]
            self.show_one(batch.tasks[0], outcomes[0])
        elif self.manner.as_json:
            terminal.say_json(self._document(batch, outcomes))
        else:
            self.show_all(batch.tasks, outcomes)
        return batch.exit_code

    def show_one(self, task: Any, result: _Result) -> None:
        """Show the result of an only task."""
        if self.manner.as_json:
            terminal.say_json(self.json(result))
        elif self.manner.quiet:
            self.show_loss(result)
        else:
            self.show_words(task, result)

    def show_all(self, tasks: Sequence[CameraTask], outcomes: Sequence[_Result | CamreelError]) -> None:
        """Show each in words that was not told, and a table of all."""
        for number, (task, outcome) in enumerate(zip(tasks, outcomes, strict=True)):
            if number not in self._told_numbers:
                self._show_words(task, outcome, terminal.out, terminal.err)
        if not self.manner.quiet:
            rows = [[*names_of(task), *self._cells(outcome)] for task, outcome in zip(tasks, outcomes, strict=True)]
            terminal.out(table(("Camera", "Channel", *self.heads), rows, terminal.terminal_width(sys.stdout)))

    def _show_words(
        self,
        task: CameraTask,
        outcome: _Result | CamreelError,
        out: Callable[[str], None],
        err: Callable[[str], None],
    ) -> None:
        words = error_text(outcome) if isinstance(outcome, CamreelError) else self.text(outcome)
        lines = f"== {task.label}\n{wrap_report(words, terminal.terminal_width(sys.stdout))}\n"
        if not self.manner.quiet:
            out(lines)
        elif self.lacks(outcome):
            err(lines)

    def _cells(self, outcome: _Result | CamreelError) -> list[str]:
        if isinstance(outcome, CamreelError):
            return [short_text(outcome), *["-"] * (len(self.heads) - 1)]
        return self.cells(outcome)

    def _document(self, batch: Batch[Any, _Result], outcomes: Sequence[_Result | CamreelError]) -> dict[str, Any]:
        runs = [self._entry(task, outcome) for task, outcome in zip(batch.tasks, outcomes, strict=True)]
        some = any(not isinstance(outcome, CamreelError) for outcome in outcomes)
        code = batch.exit_code
        status = self.done if code == 0 else "partial" if some else "error"
        return {**json_head(), "status": status, "exit_code": code, "runs": runs}

    def _entry(self, task: CameraTask, outcome: _Result | CamreelError) -> dict[str, Any]:
        document = error_json(outcome) if isinstance(outcome, CamreelError) else self.json(outcome)
        own = {key: value for key, value in document.items() if key not in json_head()}
        return {"name": task.name, "channel": task.query.channel, **own}

    def show_words(self, task: Any, result: _Result) -> None:  # noqa: ARG002 - a listing needs it
        """Show the result of an only task in words."""
        # What was asked and found was told on stderr; where both are terminals it is not said twice.
        told = self.was_told(result) and self.manner.progress != "json"
        closing = told and all(stream is not None and stream.isatty() for stream in (sys.stdout, sys.stderr))
        if closing:
            terminal.err()  # what was told on the way ends here
        terminal.out(wrap_report(self.text(result, closing=closing), terminal.terminal_width(sys.stdout)))

    def show_loss(self, result: _Result) -> None:
        """Show an only result in which something is missing: exit code 4 without a word would be a silent loss."""
        if self.lacks(result):
            terminal.err(self.text(result))

    def lacks(self, result: _Result | CamreelError) -> bool:
        """Whether something is missing, so that it is told also with ``--quiet``."""
        return bool(result.exit_code)

    def was_told(self, result: _Result) -> bool:
        """Whether what was asked and found was told on the way."""
        raise NotImplementedError

    def text(self, result: _Result, *, closing: bool = False) -> str:
        """Return a result in words; ``closing``: without what has just been told on the same screen."""
        raise NotImplementedError

    def json(self, result: _Result) -> dict[str, Any]:
        """Return a result as a document."""
        raise NotImplementedError

    def cells(self, result: _Result) -> list[str]:
        """Return the row of a result in the table of all."""
        raise NotImplementedError


class ReportView(ResultView[Report]):
    """Videos. ``told``: for an only one, what was asked and found was told on the way."""

    heads = ("Result", "Coverage", "Size")

    def __init__(self, manner: OutputOptions, *, told: bool = True) -> None:
        super().__init__(manner)
        self._told = told

    def show_one(self, task: Task, result: Report) -> None:
        """Show the only report; with ``--quiet`` what is missing is on stderr beside its JSON, too."""
        super().show_one(task, result)
        if self.manner.as_json and self.manner.quiet:
            self.show_loss(result)

    def lacks(self, result: Report | CamreelError) -> bool:
        """Also an end that the camera may still be writing."""
        is_so_far = isinstance(result, Report) and result.is_complete_so_far and not result.is_empty
        is_late = isinstance(result, Report) and result.overwritten is not None
        return super().lacks(result) or is_so_far or is_late

    def was_told(self, result: Report) -> bool:  # noqa: ARG002 - others look at it
        """Not where the video was there already."""
        return self._told

    def text(self, result: Report, *, closing: bool = False) -> str:
        """The report."""
        return report_text(result, closing=closing)

    def json(self, result: Report) -> dict[str, Any]:
        """The report."""
        return report_document(result)

    def cells(self, result: Report) -> list[str]:
        """Status, coverage and size."""
        coverage = "-"
        if result.span is not None and result.asked_seconds:
            coverage = f"{int(1000 * result.covered_seconds / result.asked_seconds) / 10:.1f} %"
        size = size_text(sum(output.size for output in result.outputs)) if result.outputs else "-"
        return [result.status, coverage, size]


def names_of(task: CameraTask) -> list[str]:
    """Return camera and channel, for a table."""
    return [task.name, str(task.query.channel)]


def error_text(error: CamreelError) -> str:
    """Return an error as a report."""
    hint = f"\n          {error.hint}" if error.hint else ""
    return f"Result    {error}{hint}"


def short_text(error: CamreelError) -> str:
    """Return an error in two words, for a table."""
    if isinstance(error, AccountLocked):
        return "account locked"
    return _WORDS.get(error.exit_code, "interrupted")
