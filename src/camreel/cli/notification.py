"""Tell somebody how a run of `get` ended: `--on-failure`, and a ping to a service that watches scheduled jobs.

The address of the ping is a secret: who knows it can report success. It comes from the environment or the settings and
is shown nowhere. Nothing here changes an exit code.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click

from camreel.cli.camera_choice import chosen_of, settings_of
from camreel.cli.hooks import HookCommand, parse_command, run_command
from camreel.cli.options import PING_VARIABLE
from camreel.cli.passwords import first_line, taken_ping_url
from camreel.cli.ui import terminal
from camreel.cli.ui.json_lines import say_log
from camreel.cli.values import parse_exec_timeout
from camreel.errors import CamreelError, Interrupted, UsageError, printable
from camreel.report import Report

if TYPE_CHECKING:
    from camreel.cli.batch import Batch

_PLACE = "{}"  # of the message, in a command
_PATIENCE = 10.0  # seconds for a ping, name server and all
_URL = re.compile(r"https?://[!-~]+", re.ASCII)
_HEADERS = {"User-Agent": "camreel"}
_MOST_TEXT = 4000  # characters of what happened


class Ping:
    """A service that expects the end of a run. Each message is sent in a thread, and tells a status alone."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._threads: list[threading.Thread] = []
        self.failure: str | None = None

    def send(self, ending: str, text: str) -> None:
        """Begin to send `text` to the URL with `ending` behind its path."""
        before = self._threads[-1:]

        def run() -> None:
            for thread in before:  # the messages of a run arrive in their order
                thread.join(_PATIENCE)
            failure = _post(self._url, ending, text)
            self.failure = failure or self.failure

        thread = threading.Thread(target=run, daemon=True)
        self._threads.append(thread)
        thread.start()

    def wait(self) -> str | None:
        """Wait until all is sent, but not for long. Return why something was not sent, as the rest of a sentence."""
        deadline = time.monotonic() + _PATIENCE
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return "it took too long" if any(thread.is_alive() for thread in self._threads) else self.failure


def _post(url: str, ending: str, text: str) -> str | None:
    """Send `text`. Return why that failed, without a word of the URL."""
    from urllib import error, parse, request  # noqa: PLC0415 - nobody else needs them

    class Stay(request.HTTPRedirectHandler):
        def redirect_request(self, *_: object) -> None:
            """Stay here: the secret goes to no other host."""

    try:
        parts = parse.urlsplit(url)
        target = parse.urlunsplit(parts._replace(path=parts.path.rstrip("/") + ending, fragment=""))
        message = request.Request(target, data=text.encode("ascii"), headers=_HEADERS)  # noqa: S310 - http or https
        with request.build_opener(request.ProxyHandler({}), Stay).open(message, timeout=_PATIENCE / 2):
            return None
    except error.HTTPError as refused:
        return f"the service answered HTTP {refused.code}"
    except error.URLError as failed:
        kind = type(failed.reason).__name__
    except Exception as failed:  # noqa: BLE001 - whatever it is, its words may have the URL
        kind = type(failed).__name__
    return f"no connection: {kind}"


@dataclass
class RunNotice:
    """What is to be told of one run, and whether it was. `tell` prints a line between the others."""

    ping: Ping | None
    command: HookCommand | None
    tell: Callable[[str], None]
    is_told: bool = field(default=False, init=False)

    @contextmanager
    def around(self) -> Iterator[RunNotice]:
        """Tell the start of what is done here, and its end if it raises."""
        if self.ping is not None:
            self.ping.send("/start", "start")
        try:
            yield self
        except CamreelError as error:
            self.end(error.exit_code, [str(error)])
            raise
        except Exception as error:
            self.end(CamreelError.exit_code, [f"a bug in camreel: {type(error).__name__}"])
            raise

    def end_of(self, batch: Batch[Any, Report], code: int, failure: CamreelError | None) -> None:
        """Tell how the tasks of a batch ended, and that their results could not be shown."""
        outcomes = [(task, batch.outcomes[number]) for number, task in enumerate(batch.tasks)]
        said = [f"{task.label}: {_words(each)}" for task, each in outcomes if each.exit_code]
        self.end(code, said if failure is None else [*said, str(failure)])

    def end(self, code: int, failures: Iterable[str]) -> None:
        """Tell the end of the run, once. An interrupted run is not a failure."""
        if self.is_told or code == Interrupted.exit_code:
            return
        self.is_told = True
        status = {0: "complete", 4: "partial"}.get(code, "error")
        if self.ping is not None:
            self.ping.send("" if code == 0 else "/fail", f"exit code {code}: {status}")
        if self.command is not None and code != 0:
            self._run(self.command, code, status, "\n".join(printable(each, _MOST_TEXT) for each in failures))
        if self.ping is not None and (reason := self.ping.wait()) is not None:
            self.tell(f"camreel: warning: the ping was not sent: {reason}.")

    def _run(self, command: HookCommand, code: int, status: str, text: str) -> None:
        import anyio  # noqa: PLC0415 - most runs do not fail

        told = {"CAMREEL_EXIT_CODE": str(code), "CAMREEL_ERROR": text[:_MOST_TEXT]}
        words = [command.program, *(text[:_MOST_TEXT] if word == _PLACE else word for word in command.words[1:])]

        async def run() -> str | None:
            return await run_command(words, command.limit, lambda line: self.tell(printable(line, 4000)), status, told)

        if (reason := anyio.run(run)) is not None:
            self.tell(f"camreel: warning: the command of --on-failure failed ({reason}).")


def _words(outcome: Report | CamreelError) -> str:
    """Return what went wrong with a task, in a sentence."""
    if isinstance(outcome, CamreelError):
        return str(outcome)
    return " ".join(outcome.exec_failures) or "The video is partial: something is missing, as its report says."


def notice_of(ctx: click.Context, *, lines_are_json: bool) -> RunNotice:
    """Return what the options, the environment and the settings want to be told. UsageError if they are wrong."""
    given = ctx.params["on_failure"]
    limit = parse_exec_timeout(ctx.params["exec_timeout"])
    command = None if given is None else _checked_command(parse_command(given, limit, option="--on-failure"))
    url = _ping_url(ctx)
    tell: Callable[[str], None] = terminal.err
    if lines_are_json:
        tell = say_log
    return RunNotice(None if url is None else Ping(url), command, tell)


def _checked_command(command: HookCommand) -> HookCommand:
    """Return `command` if no `{}` is inside a word: there, a shell could run words that a camera has chosen."""
    if any(_PLACE in word and word != _PLACE for word in command.words):
        raise UsageError(
            "--on-failure takes {} as a word of its own, not inside another word.",
            hint='In a script, use the environment variable: --on-failure "sh -c \'echo \\"\\$CAMREEL_ERROR\\"\'".',
        )
    return command


def _ping_url(ctx: click.Context) -> str | None:
    if given := taken_ping_url():
        return _checked(given.strip(), PING_VARIABLE)
    chosen = chosen_of(ctx)
    for section, table in settings_of(chosen):
        where = f"{section} of {chosen.config.path}"
        if "ping_url" in table and "ping_url_file" in table:
            raise UsageError(f"ping_url and ping_url_file are both in {where}.", hint="Keep one of them.")
        if "ping_url" in table:
            return _checked(table["ping_url"], f"ping_url in {where}")
        if "ping_url_file" in table:
            what = f"ping_url_file in {where}"
            return _checked(first_line(table["ping_url_file"], what, "ping file").strip(), what)
    return None


def _checked(url: str, what: str) -> str:
    """Return `url` if it can be one; no error repeats it."""
    if not _URL.fullmatch(url):
        raise UsageError(f"{what} is no URL of http or https.", hint="Use the URL that the monitoring service shows.")
    return url
