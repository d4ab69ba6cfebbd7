"""`camreel list`: what a camera has of a range, as a timeline and a table. `camreel get --dry-run` shows the same."""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from camreel.cli.chosen import CameraCommand, cameras_of, chosen_of
from camreel.cli.consent import asked, is_much, question
from camreel.cli.job import Manner, logging_to
from camreel.cli.loading import loading, loading_aiohttp
from camreel.cli.options import foreign_options, list_options, manner_options
from camreel.cli.side_by_side import Task, run_each, with_passwords
from camreel.cli.wanting import manner_of, passwords_of, wanted_of
from camreel.cli.worst import worst
from camreel.clock import parse_last
from camreel.errors import CamreelError, Interrupted, NothingRecorded
from camreel.model import Credentials, Request

if TYPE_CHECKING:
    from camreel.cli.many import ManyReporter
    from camreel.events import Event, Listener
    from camreel.report.listing import Listing

    Outcome = Listing | CamreelError

LAST_DAY = parse_last("24h")

_EXAMPLES = """
Examples:
  camreel list front-door --last 12h
  camreel list nvr --channel 1,3-5 --date yesterday
  camreel list --all --last 2d --json
"""

_AT_END = """
What is shown:
  Above, a row for each channel: what is recorded, in full or in part of a
  column, what is not, what is not settled yet, and a line for each kind of
  event. Below, each recording, and the sums. All times are the camera's own.
  Nothing is downloaded. No range means the last 24 hours.

Exit codes:
  0 something is recorded   2 usage   3 nothing recorded   5 login refused
  6 camera unreachable; of several cameras or channels the worst
"""


@click.command(
    "list",
    cls=CameraCommand,
    usage="list [CAMERA]... [options]",
    help="What a camera has recorded: a timeline, and each recording. Downloads nothing.",
    after_main=_EXAMPLES,
    at_end=_AT_END,
)
@click.argument("cameras", nargs=-1, metavar="[CAMERA]...")
@list_options
@manner_options
@foreign_options
@click.pass_context
def list_(
    ctx: click.Context,
    /,
    **_options: Any,
) -> int:
    manner = manner_of(ctx)
    passwords = passwords_of(ctx)
    tasks = []
    for each in cameras_of(ctx):
        chosen = chosen_of(each)
        for channel in each.params["channel"]:
            request = wanted_of(each, channel, usual=LAST_DAY)
            tasks.append(
                Task(
                    request,
                    chosen.name or request.address.authority,
                    lambda request=request, chosen=chosen: passwords.of(  # type: ignore[misc]
                        request.username, str(request.address), chosen
                    ),
                )
            )
    return run_listing(tasks, manner)


def run_listing(tasks: Sequence[Task], manner: Manner) -> int:
    """List all of them, show what there is, and give the worst exit code."""
    return _run(tasks, manner, dry=False)


def run_dry(tasks: Sequence[Task], manner: Manner) -> int:
    """The same, with what an export of each would do."""
    return _run(tasks, manner, dry=True)


def _run(tasks: Sequence[Task], manner: Manner, *, dry: bool) -> int:
    with loading():
        from camreel.cli.listing_show import show  # noqa: PLC0415 - the help page does not need it

    outcomes: dict[int, Outcome] = {}
    ready = with_passwords(tasks, outcomes)
    try:
        _find(tasks, ready, outcomes, manner)
        if dry:
            _check_outputs(outcomes)
    except Interrupted as error:
        if len(tasks) == 1:
            raise
        for number in range(len(tasks)):
            outcomes.setdefault(number, error)
    found = [outcomes[number] for number in range(len(tasks))]
    code = worst(outcome.exit_code for outcome in found)
    if len(found) == 1 and isinstance(found[0], CamreelError):
        raise found[0]
    show(tasks, found, code, manner, dry=dry)
    return code


def _check_outputs(outcomes: dict[int, Outcome]) -> None:
    """What an export would find at the place of its output: its own video, or a file that is in the way."""
    from camreel.output.finalize import already_there  # noqa: PLC0415

    for number, outcome in outcomes.items():
        if isinstance(outcome, CamreelError):
            continue
        try:
            there = already_there(outcome.request, tidy=False)
        except CamreelError as error:
            outcomes[number] = error
            continue
        if there is not None:
            outcomes[number] = replace(outcome, bytes_to_come=0, already_there=True)
        elif not outcome.plan.recordings and outcome.nothing is None:
            nothing = NothingRecorded(
                "Nothing is recorded yet.", hint="The camera is still writing it: try again later."
            )
            outcomes[number] = replace(outcome, nothing=nothing)


def ask_for_all(
    tasks: Sequence[Task], ready: dict[int, Credentials], outcomes: MutableMapping[int, Any], manner: Manner
) -> None:
    """Search for those that are ``ready``, and ask whether to go on where all together is much.

    Those of which the camera could not be asked are ready no more, and that is their outcome: a login that was refused
    must not go out again. Interrupted where a person says no.
    """
    found: dict[int, Outcome] = {}
    _find(tasks, dict(ready), found, manner)
    size = count = 0
    for number, outcome in found.items():
        if isinstance(outcome, CamreelError):
            outcomes[number] = outcome
            del ready[number]
        else:
            size, count = size + (outcome.bytes_to_come or 0), count + 1
    if is_much(size) and not asked(question(size, None, f" in all, for {count} videos")):
        raise Interrupted("nothing was downloaded")


def _find(tasks: Sequence[Task], ready: dict[int, Credentials], outcomes: dict[int, Outcome], manner: Manner) -> None:
    with loading_aiohttp():
        from camreel.cli.many import choose_many  # noqa: PLC0415
        from camreel.cli.runner import run_all  # noqa: PLC0415
        from camreel.jobs import export as export_job  # noqa: PLC0415 - brings aiohttp and more

    async def find(request: Request, credentials: Credentials, listener: Listener) -> Listing:
        now = replace(request, follow=False)  # what there is by now: nothing is waited for
        return await export_job.find(now, credentials, _calm(listener) if manner.progress != "json" else listener)

    reporter: ManyReporter = choose_many([task.label for task in tasks], manner)
    with logging_to(reporter, manner):
        run_all(lambda: run_each(find, tasks, ready, outcomes, reporter), reporter)


def _calm(listener: Listener) -> Listener:
    """Without what the listing says itself."""
    from camreel.events import Planned, Warned  # noqa: PLC0415 - see above

    def on_event(event: Event) -> None:
        if not isinstance(event, (Planned, Warned)):
            listener(event)

    return on_event
