"""A Digest that cannot be answered beside Basic: whoever sits in between could have put the Basic there."""

from __future__ import annotations

import pytest

from camreel.devices.digest import Challenge, choose, unknown_digest

BASIC = Challenge("basic", {"realm": "r"})


@pytest.mark.parametrize("basic_first", [True, False], ids=["Basic first", "Basic last"])
@pytest.mark.parametrize(
    "changes",
    [
        {"algorithm": "MD4"},
        {"algorithm": "SHA-512-256"},
        {"algorithm": "SHA-1-sess"},
        {"algorithm": ""},
        {"qop": "token"},
        {"nonce": ""},
        {"realm": "a\x1bb"},
    ],
    ids=str,
)
def test_basic_is_never_answered_in_place_of_a_digest(changes, basic_first):
    """Nothing is answered at all."""
    digest = Challenge("digest", {"realm": "r", "nonce": "n", **changes})
    assert choose([BASIC, digest] if basic_first else [digest, BASIC]) is None


def test_a_digest_that_can_be_answered_is_taken_beside_one_that_cannot():
    unknown, known = (Challenge("digest", {"realm": "r", "nonce": "n", "algorithm": each}) for each in ("MD4", "MD5"))
    assert choose([BASIC, unknown, known]) is known


def unknown(**parameters: str) -> str | None:
    return unknown_digest([BASIC, Challenge("digest", {"realm": "r", "nonce": "n", **parameters})])


def test_what_is_unknown_of_it_is_said_in_words():
    """The algorithm before the qop; and nothing where no Digest is offered."""
    assert unknown(algorithm="MD4", qop="token") == "the algorithm 'MD4'"
    assert unknown(qop="token, other") == "the qop 'token, other'"
    assert unknown(nonce="") == unknown(qop="auth, token", nonce="") == unknown(qop="", nonce="")
    assert unknown(nonce="") == "a malformed challenge"
    assert unknown_digest([BASIC]) is None
    first, second = (Challenge("digest", {"algorithm": each}) for each in ("MD4", "MD3"))
    assert unknown_digest([BASIC, first, second]) == "the algorithm 'MD4'"


def test_a_device_does_not_fill_the_screen():
    """Forty characters of what it sent are enough, and none of them is a control."""
    for size in (40, 41, 5000):
        kept = "x" * 40 + "\u2026" * (size > 40)
        assert unknown(algorithm="x" * size) == f"the algorithm {kept!r}"
        assert unknown(qop="x" * size) == f"the qop {kept!r}"
    assert (unknown(algorithm="a\x1b[2J") or "").isprintable()
