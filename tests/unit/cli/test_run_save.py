"""What is kept of a run when somebody stops it."""

from __future__ import annotations

import signal
import sys

import anyio
import pytest

from camreel.cli import run
from camreel.cli.run import Runner
from camreel.cli.ui.reporters import Reporter
from camreel.errors import CamreelError, DiskError, Interrupted


def ended(saved: list[str], error: CamreelError | None = None) -> CamreelError:
    """Stop a job by a signal, and return what the run ends with."""

    async def job() -> None:
        signal.raise_signal(signal.SIGINT)
        await anyio.sleep_forever()

    async def save() -> bool:
        await anyio.lowlevel.checkpoint()  # not cancelled
        saved.append("page")
        if error is not None:
            raise error
        return True

    with pytest.raises(CamreelError) as raised:
        Runner(job, lambda: "interrupted", Reporter(), save).run()
    return raised.value


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("error", [None, DiskError("no free space.")])
def test_what_there_is_is_saved_after_a_signal(error: CamreelError | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """If that fails, the run ends with the reason."""
    monkeypatch.setattr(Runner, "_end_if_late", lambda _self: None)  # it would be the end of the tests
    saved: list[str] = []
    outcome = ended(saved, error)
    assert saved == ["page"]
    assert outcome is error if error is not None else isinstance(outcome, Interrupted)


def test_what_there_is_is_saved_where_no_signal_can_be_received(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows: then Python ends the event loop."""
    monkeypatch.setattr(run, "_receive_signals", lambda _stack: None)
    saved: list[str] = []
    assert isinstance(ended(saved), Interrupted)
    assert saved == ["page"]
