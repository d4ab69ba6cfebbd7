"""`--exec`: a command that is run for each video that a run has made."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace

from camreel.cli.ui import terminal
from camreel.errors import UsageError, printable
from camreel.report import Report

_PLACE = "{}"
_SECRET = "AMCREST_PASSWORD"  # noqa: S105 - the name of the variable


@dataclass(frozen=True, slots=True)
class HookCommand:
    """A program and its arguments; ``{}`` in them is where the path of the video goes, else that is the last one."""

    words: tuple[str, ...]

    @property
    def program(self) -> str:
        return self.words[0]

    def of(self, path: str) -> list[str]:
        """The command for the video at ``path``, which is one argument or a part of one, whatever is in it."""
        if any(_PLACE in word for word in self.words[1:]):
            return [self.program, *(word.replace(_PLACE, path) for word in self.words[1:])]
        return [*self.words, path]


def parse_command(text: str) -> HookCommand:
    """What ``--exec`` may be. Words are parted and quoted as in a shell, and no shell is ever run.

    UsageError where it is no command, or its program is not to be found: better now than after the download.
    """
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UsageError(f"--exec {printable(text)!r} is no command: {str(error).lower()}.") from None
    if not words:
        raise UsageError("--exec is empty.", hint="Give a command, like 'rsync {} nas:videos/'.")
    program = os.path.expanduser(words[0])  # noqa: PTH111 - a program's name may have no folder
    if shutil.which(program) is None:
        raise UsageError(
            f"--exec: there is no program {printable(words[0])!r}.",
            hint="No shell is between: for pipes, variables and the like give --exec \"sh -c '...' sh {}\".",
        )
    return HookCommand((program, *words[1:]))


def run_after(report: Report, command: HookCommand | None, *, quiet: bool) -> Report:
    """Run ``command`` once for each video, where this run has made one that is complete; its failures in the report.

    What it prints goes to stderr, for stdout is the report's. It can ask for nothing, and does not see the password.
    """
    if command is None or report.already_there or report.exit_code:
        return report
    failures = []
    for output in report.outputs:
        path = os.path.abspath(output.path)  # noqa: PTH100 - a name with a dash in front must not be an option
        if not quiet:
            name = printable(os.path.basename(path))  # noqa: PTH119
            terminal.err(f"Running   {printable(command.program)} for {name}")
        if (reason := _run(command.of(path))) is not None:
            failures.append(f"The command of --exec failed ({reason}) for {printable(path, 4000)}")
    return replace(report, exec_failures=tuple(failures))


def _run(words: list[str]) -> str | None:
    """Run it to its end; why it failed, None where it did not."""
    environment = {name: value for name, value in os.environ.items() if name.upper() != _SECRET}
    told = subprocess.DEVNULL if sys.stderr is None else 2
    try:
        # S603: it is the person's own command.
        ended = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=told, env=environment, check=False)  # noqa: S603
    except (OSError, ValueError) as error:
        return f"it cannot be run: {getattr(error, 'strerror', None) or error}"
    if ended.returncode < 0:
        return f"it was ended by signal {-ended.returncode}"
    return f"exit code {ended.returncode}" if ended.returncode else None
