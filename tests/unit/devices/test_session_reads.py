"""How long a body gathers before it is taken."""

from __future__ import annotations

import pytest

from camreel.devices.session import LARGE_BUFFER, ReadCoalescer


@pytest.mark.parametrize(
    ("rate", "pause"),
    [(100_000, 0.3), (2_000_000, 0.3), (100_000_000, 0.00786), (2_000_000_000, 0.00039)],
)
def test_a_fast_camera_is_never_waited_for(rate: int, pause: float) -> None:
    """As much as the buffer holds with room to spare is taken at once, and 0.3 s at most."""
    now, gathering = 50.0, ReadCoalescer(50.0)
    gathering.took(1 << 20, now)
    for elapsed in (0.01, 0.05, 0.2):
        now += elapsed
        gathering.took(round(rate * elapsed), now)
        assert gathering.pause == pytest.approx(pause, rel=0.01)
        assert gathering.pause * rate < LARGE_BUFFER


def test_all_at_once() -> None:
    """A clock that stands still tells nothing."""
    gathering = ReadCoalescer(1.0)
    gathering.took(1000, 1.0)
    assert gathering.pause == 0


def test_the_first_bytes_come_one_by_one() -> None:
    """A device that breaks off each connection soon is not to lose all of it each time."""
    gathering = ReadCoalescer(50.0)
    for number in range(15):
        gathering.took(1 << 16, 50.1 + number / 10)
        assert gathering.pause == 0
    gathering.took(1 << 16, 51.6)
    assert gathering.pause == 0.3
