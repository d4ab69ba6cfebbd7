"""The question of one camera, which is asked in a thread beside the event loop."""

from __future__ import annotations

import threading
from typing import Any

import anyio

from camreel.cli.commands import look
from camreel.cli.ui.reporters import Reporter
from camreel.preview.model import DownloadQuestion, Way


class Watched(Reporter):
    """Notes in which thread the screen is used."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, int]] = []

    def close(self) -> None:
        self.seen.append(("close", threading.get_ident()))

    def resume(self) -> None:
        self.seen.append(("resume", threading.get_ident()))


def test_the_screen_is_the_event_loops(monkeypatch: Any) -> None:
    """A line that is drawn meanwhile is not torn by it."""
    threads = []

    def asked(_text: str) -> bool:
        threads.append(threading.get_ident())
        return True

    monkeypatch.setattr(look, "asked", asked)
    reporter = Watched()

    async def run() -> bool:
        question = DownloadQuestion(1, None, Way.WHOLE)
        return await anyio.to_thread.run_sync(look._allowed, question, reporter, "")

    assert anyio.run(run)
    assert reporter.seen == [("close", threading.get_ident()), ("resume", threading.get_ident())]
    assert threads != [threading.get_ident()]
