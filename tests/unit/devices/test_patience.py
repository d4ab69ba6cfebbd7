"""The time without progress: counted once, bounded, and forgotten with progress."""

from __future__ import annotations

import math

import pytest

from camreel.devices.http import Timeouts
from camreel.devices.patience import Patience


class Clock:
    """Stands where it is put."""

    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_silence_adds_up_until_there_is_progress(clock):
    """Half as much again as the limit may be spent; then nothing more is asked."""
    patience = Patience(10, clock)
    assert (patience.left, patience.is_over) == (15, False)
    for spent in (4, 8, 12):
        clock.at += 4
        patience.silent(4)
        assert patience.spent == spent
    assert patience.left == 3
    clock.at += 3
    patience.silent(3)
    assert patience.is_over
    patience.progress()
    assert (patience.left, patience.is_over) == (15, False)


def test_connections_that_wait_side_by_side_are_silent_once(clock):
    """Four that end after 5 s each, one of them later: that is 7 s."""
    patience = Patience(10, clock)
    clock.at += 5
    for _connection in range(3):
        patience.silent(5)
    clock.at += 2
    patience.silent(5)
    assert patience.spent == 7


def test_a_wait_is_no_longer_than_what_is_left(clock):
    """Neither of one recording's time, nor of the camera's; a moment is not worth another try."""
    patience = Patience(10, clock)
    assert patience.shortened(4, 3) == 4
    assert patience.shortened(30, 3) == 7
    assert patience.shortened(4, 9.9) is None
    clock.at += 12
    patience.silent(12)
    assert patience.shortened(8, 0) == 3


def test_without_waiting_there_is_still_time_for_an_answer(clock):
    """--retry-for 0."""
    assert Patience(0, clock).limit == 10
    assert Patience(now=clock).left == math.inf


@pytest.mark.parametrize("patience", [0.5, 5, 30, 45, 60])
def test_no_wait_is_longer_than_the_patience(patience):
    """Nor is a connection and its answer together; a rate counts as a drip as before."""
    usual, ours = Timeouts(), Timeouts().within(patience)
    assert ours.connect + ours.headers <= patience
    assert max(ours.text, ours.refusal, ours.stall, ours.whole) <= patience
    assert ours.least_bytes_per_stall / ours.stall == pytest.approx(usual.least_bytes_per_stall / usual.stall, rel=0.01)


def test_a_slow_camera_has_its_usual_time():
    """By default: 30 s for the first byte of each answer, of the challenge and of what it is for."""
    assert Timeouts().within(120) == Timeouts()
    assert Timeouts().whole >= 3 * Timeouts().headers
