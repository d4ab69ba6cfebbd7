"""Challenges as cameras write them: parsing and choosing."""

from __future__ import annotations

import time

import pytest

from camreel.devices.digest import Challenge, choose, parse_challenges, unknown_digest


def parsed(*headers: str) -> list[tuple[str, dict[str, str]]]:
    return [(challenge.scheme, dict(challenge.parameters)) for challenge in parse_challenges(headers)]


FULL = {"realm": "Login to X", "qop": "auth", "nonce": "77", "opaque": "ab"}


@pytest.mark.parametrize(
    "header",
    [
        'Digest realm="Login to X",qop="auth",nonce="77",opaque="ab"',
        'Digest realm="Login to X", qop="auth", nonce="77", opaque="ab"',
        'Digest realm="Login to X",  qop="auth"  ,nonce="77" , opaque="ab" ',
        'Digest  realm = "Login to X", qop =auth, nonce= 77, opaque ="ab"',
        'DIGEST REALM="Login to X",QOP=auth,NONCE=77,OPAQUE=ab',
        'digest realm="Login to X",,qop="auth", ,nonce="77",opaque="ab",',
        ', Digest realm="Login to X" qop="auth" nonce="77" opaque="ab"',
    ],
    ids=["tight", "spaced", "uneven", "round =", "upper, bare", "empty elements", "no commas"],
)
def test_one_challenge_in_any_spelling(header):
    """Firmware differs in blanks, commas, case and quotes: the parameters are the same."""
    assert parsed(header) == [("digest", FULL)]


def test_values_may_hold_commas_equals_signs_and_quotes():
    """A comma within quotes ends nothing; a backslash takes the next character as it is."""
    header = r'Digest realm="Porch, Digest nonce=\"1\" \\ end", qop="auth,auth-int", nonce="n=="'
    expected = {"realm": r'Porch, Digest nonce="1" \ end', "qop": "auth,auth-int", "nonce": "n=="}
    assert parsed(header) == [("digest", expected)]


def test_several_challenges_in_one_header():
    """Each scheme starts a new challenge, with or without parameters."""
    assert parsed('Basic realm="a", Digest realm="b", nonce="1", Negotiate, Digest realm="c"') == [
        ("basic", {"realm": "a"}),
        ("digest", {"realm": "b", "nonce": "1"}),
        ("negotiate", {}),
        ("digest", {"realm": "c"}),
    ]


def test_several_headers():
    """All headers are read, not only the first; a broken one does not spoil the next."""
    assert parsed('Basic realm="a"', "\x01;;;", 'Digest nonce="1"') == [
        ("basic", {"realm": "a"}),
        ("digest", {"nonce": "1"}),
    ]


def test_the_first_of_two_equal_parameters_counts():
    """A second nonce cannot replace the first."""
    assert parsed('Digest nonce="1", nonce="2"') == [("digest", {"nonce": "1"})]


@pytest.mark.parametrize("header", ["", " ", ",", "=", '"', "realm=x", "realm", "=x", '"Digest"', "\x00"], ids=ascii)
def test_what_is_no_challenge_gives_none_that_can_be_answered(header):
    """Nothing is invented, and nothing raises."""
    assert choose(parse_challenges([header])) is None


@pytest.mark.parametrize(
    ("text", "stale"),
    [("stale=true", True), ("stale=TRUE", True), ('stale="True"', True), ('stale="false"', False), ("stale=", False),
     ("stale=1", False), ("", False)],
)  # fmt: skip
def test_stale_in_any_case(text, stale):
    """Only a clear true says that the password was not the reason."""
    (challenge,) = parse_challenges([f'Digest nonce="1", {text}'])
    assert challenge.stale is stale


@pytest.mark.parametrize(
    ("qop", "qops"),
    [("auth", ("auth",)), ("auth,auth-int", ("auth", "auth-int")), (" AUTH-INT , auth ,", ("auth-int", "auth")),
     ("", ()), (None, ())],
)  # fmt: skip
def test_qualities_of_protection(qop, qops):
    """A list with any blanks and in any case; an empty one is none."""
    assert Challenge("digest", {} if qop is None else {"qop": qop}).qops == qops


BASIC = Challenge("basic", {"realm": "r"})


def digest(**parameters: str) -> Challenge:
    return Challenge("digest", {"realm": "r", "nonce": "n", **parameters})


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        ([BASIC, digest()], 1),
        ([digest(qop="auth-int"), digest(qop="auth")], 1),
        ([digest(qop="auth-int"), digest(qop="auth-int,auth")], 1),
        ([digest(qop="auth-int"), digest()], 1),
        ([digest(algorithm="SHA-256"), digest(algorithm="MD5")], 0),
        ([digest(algorithm="MD5"), digest(algorithm="sha-256")], 1),
        ([digest(), digest(algorithm="SHA-256", qop="auth-int")], 1),
        ([digest(algorithm="SHA-512-256"), BASIC], None),
        ([BASIC, digest(algorithm="MD4")], None),
        ([BASIC, digest(qop="token")], None),
        ([BASIC, digest(nonce="")], None),
        ([BASIC, digest(realm="a\x1bb")], None),
        ([BASIC, Challenge("digest", {})], None),
        ([BASIC, Challenge("digest-md5", {"realm": "r", "nonce": "n"})], None),
        ([Challenge("basic", {"realm": "Digest"})], 0),
        ([digest(algorithm="SHA-512-256"), digest(algorithm="md5")], 1),
        ([digest(algorithm="MD4"), digest(algorithm="SHA-256-sess")], 1),
        ([digest(qop="token"), digest(qop="auth-int")], 1),
        ([Challenge("digest", {"realm": "r"}), digest()], 1),
        ([Challenge("negotiate", {}), BASIC], 1),
        ([digest(qop="auth-int"), BASIC], 0),
        ([Challenge("ntlm", {}), Challenge("bearer", {"realm": "x"})], None),
        ([digest(qop="token")], None),
        ([digest(algorithm="MD4")], None),
        ([digest(nonce="")], None),
        ([digest(realm="a\x1bb")], None),
        ([digest(opaque="a\x01b")], None),
        ([digest(realm="tab\tis fine")], 0),
        ([], None),
    ],
)
def test_what_is_answered(offered, chosen):
    """The strongest Digest, auth before auth-int, the camera's order else; never what could not be answered right.

    Basic only if no Digest is offered, known or not.
    """
    assert choose(iter(offered)) == (None if chosen is None else offered[chosen])


@pytest.mark.parametrize(
    "header",
    [
        "Digest: realm=x",
        '"Digest" realm="r"',
        "Digest;",
        "\x01 Digest nonce=1",
        'Basic realm="a" "Digest" b',
        "x/DiGeSt y=1",
    ],
)
def test_a_digest_that_does_not_parse_is_one_all_the_same(header):
    """Beside it, in another header or its own, Basic is not answered."""
    for headers in ([header, 'Basic realm="r"'], ['Basic realm="r"', header], [f'Basic realm="r", {header}']):
        offers = parse_challenges(headers)
        assert choose(offers) is None
        assert unknown_digest(offers) == "a malformed challenge"


@pytest.mark.parametrize("header", ['Basic realm="Digest"', "Basic realm=Digest", 'Basic realm="x, Digest nonce=1"'])
def test_the_word_in_a_realm_is_no_digest(header):
    """What stands within a value is a value."""
    offers = parse_challenges([header])
    assert [offer.scheme for offer in offers] == ["basic"]
    assert unknown_digest(offers) is None


@pytest.mark.parametrize(
    "header",
    [
        "a" * 100_000,
        "a " * 50_000,
        " " * 100_000 + "x",
        "A" + " " * 100_000 + "x",
        "a " + "b" * 100_000,
        "a-" * 50_000 + " ",
        "," * 100_000 + "\x01",
        " ," * 50_000 + ";",
        'Digest a="' + "\\" * 100_001,
        'Digest a="' + 'b"' * 50_000,
        "Digest " + "a=1," * 25_000,
        "Digest " + 'a="1" ' * 15_000,
        "Digest a=" + " " * 100_000,
        "Digest " + ",".join(f'a{number}="{number}"' for number in range(10_000)),
    ],
    ids=lambda header: f"{header[:8]}... {len(header)}",
)
def test_hostile_headers_end_quickly(header):
    """100,000 characters of anything take well below a second: no pattern backtracks without end."""
    start = time.perf_counter()
    parse_challenges([header])
    assert time.perf_counter() - start < 2
