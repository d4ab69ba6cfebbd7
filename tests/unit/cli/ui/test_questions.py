"""Questions that are asked while a job runs."""

from __future__ import annotations

import io
import os
import sys

import anyio
import pytest

from camreel.cli.ui.questions import asked_meanwhile
from camreel.cli.ui.reporters import LiveReporter, PlainReporter
from camreel.cli.ui.terminal import LiveLines
from camreel.events import Pictured

if sys.platform == "win32":
    pytest.skip("a terminal of POSIX", allow_module_level=True)


class Tty(io.StringIO):
    """A terminal that notes what is written."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("kind", ["live", "plain"])
@pytest.mark.parametrize(("typed", "answer"), [("y\n", True), ("\n", False)])
def test_nothing_is_written_over_a_question(
    kind: str, typed: str, answer: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other tasks go on meanwhile; what they have to say comes after the answer, and so do the lines of progress."""
    ours, theirs = os.openpty()
    screen = Tty()
    seconds = [0.0]
    monkeypatch.setattr(sys, "stderr", screen)
    lines = LiveLines(screen) if kind == "live" else None
    reporter = PlainReporter(["a", "b"], now=lambda: seconds[0])
    if lines is not None:
        reporter = LiveReporter(lines, ["a", "b"], now=lambda: seconds[0])
    tell = reporter.listener(0)

    async def other() -> None:
        with anyio.fail_after(5):
            while not reporter.is_held:
                await anyio.lowlevel.checkpoint()
        asked = screen.getvalue()
        assert asked.endswith("Sure? [y/N] ")
        for number in range(3):
            seconds[0] += 60
            tell(Pictured(number, 3, 1000))
            reporter.tick()
        reporter.log("said by another")
        assert screen.getvalue() == asked
        os.write(ours, typed.encode())

    async def run() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(other)
            assert await asked_meanwhile("Sure? [y/N]", reporter) is answer

    with os.fdopen(theirs, encoding="utf-8") as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        anyio.run(run)
    os.close(ours)
    after = screen.getvalue().partition("Sure? [y/N] ")[2]
    assert "said by another\n" in after
    seconds[0] += 60
    tell(Pictured(3, 3, 1000))
    assert "100 %" in screen.getvalue().partition("said by another")[2]
    reporter.close()


def test_ctrl_c_at_a_question_is_told_below_it() -> None:
    """What is said then stands on a line of its own."""
    screen = Tty()
    reporter = LiveReporter(LiveLines(screen), ["a", "b"])
    reporter.hold()
    screen.write("Sure? [y/N] ^C")
    reporter.resume(is_answered=False)
    reporter.log("Stopping.")
    reporter.close()
    assert "Sure? [y/N] ^C\n" in screen.getvalue().replace("\r", "").replace("\x1b[J", "").replace("\x1b[?25l", "")
    assert screen.getvalue().count("Stopping.\n") == 1
