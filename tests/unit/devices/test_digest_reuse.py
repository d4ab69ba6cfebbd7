"""When a nonce is used again: never before it was tried once, and never where the device does not bear it."""

from __future__ import annotations

import asyncio

from camreel.devices.digest import Challenge, Nonce, NonceReuse, answer, can_serve_again
from camreel.model import Credentials

DIGEST = Challenge("digest", {"realm": "r", "nonce": "n", "qop": "auth"})
ELSEWHERE = Challenge("digest", {"realm": "r", "nonce": "m", "qop": "auth"})


class Open(asyncio.BaseTransport):
    """A connection, open until it is closed."""

    is_closed = False

    def is_closing(self) -> bool:
        return self.is_closed

    def close(self) -> None:
        self.is_closed = True


def nonce(transport: asyncio.BaseTransport | None = None) -> Nonce:
    """One that a login has answered at second 100."""
    return Nonce(DIGEST, transport or Open(), 100.0)


def test_each_use_has_a_count_of_its_own() -> None:
    """The count is signed, and eight hex digits without quotes."""
    first, eleventh = (answer(DIGEST, Credentials("u", "p"), "GET", "/x", "c", count=count) for count in (1, 11))
    assert "nc=00000001," in first
    assert "nc=0000000b," in eleventh
    assert first.partition("response=")[2][:34] != eleventh.partition("response=")[2][:34]


def test_which_challenges_allow_it() -> None:
    """Digest with a count: not Basic, not without qop, not of a session that is bound to its first request."""
    assert can_serve_again(DIGEST)
    assert not can_serve_again(Challenge("basic", {"realm": "r", "qop": "auth"}))
    assert not can_serve_again(Challenge("digest", {"realm": "r", "nonce": "n"}))
    assert not can_serve_again(Challenge("digest", {"nonce": "n", "qop": "auth-int"}))
    assert not can_serve_again(Challenge("digest", {"nonce": "n", "qop": "auth", "algorithm": "MD5-sess"}))


def test_one_is_tried_before_others_are_used() -> None:
    """Several connections that try at the same time would be several failed logins."""
    reuse, first, second = NonceReuse(), nonce(), nonce()
    assert reuse.take(first, 101) is first
    assert first.uses == 2
    assert reuse.take(second, 101) is None
    reuse.worked(first)
    assert reuse.take(second, 101) is second
    assert reuse.take(first, 101) is first


def test_one_that_is_refused_is_the_last_in_the_run() -> None:
    """Later runs should know, whether the device said `stale` or not."""
    for stale in (True, False):
        reuse, tried = NonceReuse(), nonce()
        assert reuse.take(tried, 101)
        assert reuse.failed(tried, stale=stale)
        assert reuse.take(nonce(), 101) is None


def test_one_that_grows_stale_says_nothing_of_the_device() -> None:
    """It has served before. Without `stale` it may have counted as a failed login: no more of that in this run."""
    reuse, used = NonceReuse(), nonce()
    assert reuse.take(used, 101)
    reuse.worked(used)
    assert reuse.take(used, 101)
    assert not reuse.failed(used, stale=True)
    assert reuse.take(used, 101) is used
    assert not reuse.failed(used, stale=False)
    assert reuse.take(nonce(), 101) is None


def test_no_answer_ends_the_try() -> None:
    """Nobody knows what became of it."""
    reuse, tried = NonceReuse(), nonce()
    assert reuse.take(tried, 101)
    reuse.unanswered(tried)
    assert reuse.take(nonce(), 101) is None


def test_an_old_or_worn_one_is_not_used() -> None:
    """One that has run out on the device may be refused like a wrong password."""
    reuse = NonceReuse()
    assert reuse.take(nonce(), 121) is None
    worn = nonce()
    worn.uses = 200
    assert reuse.take(worn, 101) is None
    assert reuse.take(nonce(), 119)


def test_it_stays_on_its_connection() -> None:
    """A nonce of one that is closed is not used elsewhere: some devices bind them."""
    reuse, line = NonceReuse(), Open()
    kept = nonce(line)
    reuse.give(kept)
    assert reuse.take(None, 101) is None
    line.close()
    assert reuse.take(kept, 101) is None


def test_one_that_is_not_bound_serves_any_connection_one_at_a_time() -> None:
    """Two requests at once would arrive with their counts in any order."""
    reuse, kept = NonceReuse(), nonce()
    reuse.is_unbound = True
    reuse.give(kept)
    assert reuse.take(None, 101) is kept
    reuse.worked(kept)
    assert reuse.take(None, 101) is None
    reuse.give(kept)
    assert reuse.take(None, 101) is kept
