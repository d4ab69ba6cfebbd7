"""How many answers come one after the other before the first byte of footage, and that no login fails for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, timezone

import pytest
from tests.conftest import Bench, frame_md5s, three_clips, tuning

from camreel.devices import memory
from camreel.errors import NothingRecorded
from camreel.model import AskedAround, Now
from camreel_simulator import QUIRKS, DeviceClock
from camreel_simulator.http.ledger import LoggedRequest

Serve = Callable[..., Bench]
ANSWER = 0.08  # seconds for each answer


def chain(log: Sequence[LoggedRequest]) -> int:
    """How many answers had come one after the other when the first recording was asked for with a login."""
    depths: list[tuple[float, int]] = []
    for entry in sorted(log, key=lambda one: one.at):
        depth = max((depth for answered, depth in depths if answered <= entry.at), default=0)
        if "RPC_Loadfile" in entry.target and entry.authorized:
            return depth
        depths.append((entry.at + ANSWER, depth + 1))
    raise AssertionError("no recording was asked for")


@pytest.mark.parametrize(
    ("quirk", "most"), [("nonce-bound", 6), ("connection-close", 6), ("nonce-once-silent", 10), ("basic-only", 10)]
)
def test_answers_before_the_first_byte(bench: Serve, quirk: str, most: int) -> None:
    """Beside what is proven of the list, on each kind of firmware. A nonce is tried again once, ever."""
    clips = three_clips()
    stand = bench(recordings=clips, quirks=QUIRKS[quirk], answer_seconds=ANSWER)
    run = stand.export(allow_basic=True)
    assert run.ok.exit_code == 0
    assert frame_md5s(run.output) == [md5 for clip in clips for md5 in frame_md5s(clip.body())]
    assert chain(stand.camera.log) <= most
    assert stand.camera.rejected_logins == 0
    refused = [entry for entry in stand.camera.log if entry.refusal is not None]
    assert len(refused) == (quirk == "nonce-once-silent")
    assert memory.nonces_serve_once(stand.address) is bool(refused)


def test_the_end_of_the_list_is_proven_beside(bench: Serve) -> None:
    """Of the last minute there may be more at both ends. The first 200 is waited for, over one connection."""
    now = datetime(2026, 1, 16, 8, 0, 40, tzinfo=timezone.utc)
    stand = bench(answer_seconds=ANSWER, clock=DeviceClock.fixed(now))
    asked = AskedAround(Now(), before=timedelta(minutes=1))
    run = stand.export(asked=asked, tune=tuning(utc_now=lambda: now))
    assert run.ok.search is not None
    assert run.ok.search.searches >= 1
    log = sorted(stand.camera.log, key=lambda one: one.at)
    assert chain(log) <= 6
    accepted = next(number for number, entry in enumerate(log) if entry.authorized)
    assert {entry.connection for entry in log[: accepted + 1]} == {log[0].connection}
    fetched = next(number for number, entry in enumerate(log) if "RPC_Loadfile" in entry.target)
    assert sum("action=findFile" in entry.target for entry in log[fetched:]) >= 1
    assert stand.camera.open_finders == 0


def test_one_at_a_time_asks_one_at_a_time(bench: Serve) -> None:
    """With --max-concurrent 1 there is never a second connection."""
    stand = bench()
    assert stand.export(max_concurrent=1).ok.exit_code == 0
    assert stand.camera.ledger.peak_connections == 1


def test_a_search_that_is_begun_and_not_made_leaves_nothing(bench: Serve) -> None:
    """The range turns out to be in the future: the finder that was made beforehand is destroyed."""
    stand = bench()
    assert isinstance(stand.export("2026-01-18 08:00:00", "2026-01-18 09:00:00").error, NothingRecorded)
    assert (stand.camera.finders_created, stand.camera.open_finders) == (1, 0)
