"""Swarms of events are one note, and a single one loses nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.fakes import START

from camreel.cli.ui.notes import EventBatcher
from camreel.cli.ui.reporters import PlainReporter
from camreel.events import ClipFailed, ClipFetched, ClipProgress, ClipStarted, Event, Retrying, Warned
from camreel.model import Recording, Span
from camreel.planning.account import LossKind, LostReason

EMPTY = LostReason(LossKind.NOT_DOWNLOADED, "it sent an empty file")
REFUSED = "The camera does not answer (connection refused)."


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.seconds = 50.0

    def __call__(self) -> float:
        return self.seconds


def recording(number: int) -> Recording:
    start = START + timedelta(minutes=number)
    return Recording(f"/{number}.mp4", Span(start, start + timedelta(minutes=1)), 1000)


def told(*events: Event) -> list[str]:
    """What is said of events that come at once, and the end."""
    gathering = EventBatcher(lambda: 0.0)
    notes = [note for event in events for note in gathering.add(event)] + gathering.end()
    return ["\n".join(note.lines()) for note in notes]


def test_workers_that_wait_for_the_same_are_one_line() -> None:
    """The camera is down: four downloads say so at once; other events in between say nothing."""
    retries: list[Event] = [Retrying(f"{n}.mp4", REFUSED, 2.0) for n in range(4)]
    line = "Retry     The camera does not answer (connection refused); 4 downloads wait, again in 2 s"
    assert told(*retries) == [line]
    assert told(retries[0], ClipProgress(9, 5), ClipStarted(9, recording(9), None, 1)) == [
        "Retry     0.mp4: The camera does not answer (connection refused); again in 2 s"
    ]


def test_another_reason_or_wait_is_another_line() -> None:
    """Nothing is counted together that is not the same, and the order stays."""
    assert told(
        Retrying("a", REFUSED, 1.0), Retrying("b", REFUSED, 1.0), Retrying("c", REFUSED, 2.0), Warned("careful")
    ) == [
        "Retry     The camera does not answer (connection refused); 2 downloads wait, again in 1 s",
        "Retry     c: The camera does not answer (connection refused); again in 2 s",
        "Note      careful",
    ]


def test_swarms_that_mix_stay_apart() -> None:
    """Two workers wait for one second while two others wait for four, and each starts again: one line for each."""
    short, long = Retrying("a", REFUSED, 1.0), Retrying("b", REFUSED, 4.0)
    again = ClipStarted(9, recording(9), None, 2)
    assert told(short, long, again, short, again, long) == [
        "Retry     The camera does not answer (connection refused); 2 downloads wait, again in 1 s",
        "Retry     The camera does not answer (connection refused); 2 downloads wait, again in 4 s",
    ]


def test_clips_that_were_not_tried_are_one_line() -> None:
    """With their count, their numbers and the whole span."""
    reason = "not tried: the camera had stopped answering"
    assert told(
        ClipFailed(3, recording(3), EMPTY),
        *(ClipFailed(n, recording(n), LostReason(LossKind.NOT_TRIED)) for n in (5, 6, 8)),
    ) == [
        "Failed    clip 3, 2026-01-16 08:03:00 to 08:04:00: it sent an empty file",
        f"Failed    3 clips from 5 to 8, 2026-01-16 08:05:00 to 08:09:00: {reason}",
    ]


@pytest.mark.parametrize(("count", "said"), [(1, "1 clip of an earlier run"), (26, "26 clips of an earlier run")])
def test_what_is_here_already_is_told_before_the_first_download(count: int, said: str) -> None:
    """A run that goes on where another stopped says how much it has."""
    gathering = EventBatcher(lambda: 0.0)
    for number in range(1, count + 1):
        assert gathering.add(ClipFetched(number, 500, reused=True)) == []
    (note,) = gathering.add(ClipStarted(40, recording(40), None, 1))
    assert (note.label, note.text.partition(" (")[0]) == ("Kept", said)
    assert gathering.add(ClipFetched(40, 1000)) == gathering.end() == []


def test_a_swarm_ends_when_it_is_calm_and_after_three_seconds_at_most() -> None:
    """So that nothing is told late."""
    clock = Clock()
    gathering = EventBatcher(clock)
    gathering.add(Retrying("a", REFUSED, 1.0))
    assert gathering.due() == []
    clock.seconds += 1.1
    assert len(gathering.due()) == 1
    for _ in range(4):
        gathering.add(Retrying("a", REFUSED, 1.0))
        assert gathering.due() == []
        clock.seconds += 0.8
    assert len(gathering.due()) == 1


def test_what_is_held_back_is_told_at_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    """Also where the run ends at once."""
    reporter = PlainReporter(now=Clock())
    reporter.listener()(ClipFailed(3, recording(3), EMPTY))
    assert capsys.readouterr().err == ""
    reporter.close()
    reporter.close()
    assert capsys.readouterr().err.splitlines() == [
        "Failed    clip 3, 2026-01-16 08:03:00 to 08:04:00: it sent an empty file"
    ]
