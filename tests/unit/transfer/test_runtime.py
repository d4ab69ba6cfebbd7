"""How patient a run is, if nobody says otherwise."""

from __future__ import annotations

from camreel.transfer.retry import Backoff
from camreel.transfer.runtime import Runtime


def test_a_run_waits_as_long_as_the_documents_say():
    """A question three times, a download as often as it is worth, a camera that is away each quarter of a minute."""
    usual = Runtime()
    assert (usual.talking.attempts, usual.fetching.attempts) == (3, Backoff().attempts)
    assert (usual.away.longest, usual.fetching.longest) == (15, Backoff().longest)
    assert {usual.talking.jitter, usual.fetching.jitter, usual.away.jitter} == {0.3}
    assert usual.certificates == {}
    assert usual.certificates is not Runtime().certificates, "each run has its own"
