"""A Digest that cannot be answered beside Basic: whoever sits in between could have put the Basic there."""

from __future__ import annotations

import pytest

from camreel.devices.digest import Challenge, choose

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
