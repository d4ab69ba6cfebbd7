"""Answers to challenges: the examples of the RFCs, and the form that cameras insist on."""

from __future__ import annotations

import hashlib
from base64 import b64decode

import pytest

from camreel.devices.digest import Challenge, answer, parse_challenges
from camreel.model import Credentials

TARGET = "/dir/index.html"
RFC2617 = {"realm": "testrealm@host.com", "nonce": "dcd98b7102dd2f0e8b11d0f600bfb0c093"}
RFC2617_USER = Credentials("Mufasa", "Circle Of Life")
RFC7616 = {
    "realm": "http-auth@example.org",
    "qop": "auth, auth-int",
    "nonce": "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
    "opaque": "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS",
}
RFC7616_USER = Credentials("Mufasa", "Circle of Life")
RFC7616_CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
CNONCE = "0a4f113b"


def fields(header: str) -> dict[str, str]:
    """The parameters of an Authorization header, as a camera reads them."""
    (challenge,) = parse_challenges([header])
    return dict(challenge.parameters)


def respond(parameters: dict[str, str], user: Credentials = RFC2617_USER, cnonce: str = CNONCE) -> str:
    return answer(Challenge("digest", parameters), user, "GET", TARGET, cnonce)


def h(*parts: str, name: str = "md5") -> str:
    return hashlib.new(name, ":".join(parts).encode()).hexdigest()


@pytest.mark.parametrize(
    ("parameters", "user", "cnonce", "response"),
    [
        (RFC2617 | {"qop": "auth,auth-int"}, RFC2617_USER, CNONCE, "6629fae49393a05397450978507c4ef1"),
        (RFC2617, RFC2617_USER, CNONCE, "670fd8c2df070c60b045671b8b24ff02"),
        (RFC7616 | {"algorithm": "MD5"}, RFC7616_USER, RFC7616_CNONCE, "8ca523f5e9506fed4657c9700eebdbec"),
        (RFC7616 | {"algorithm": "SHA-256"}, RFC7616_USER, RFC7616_CNONCE,
         "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
    ids=["RFC 2617", "RFC 2069 form", "RFC 7616 MD5", "RFC 7616 SHA-256"],
)  # fmt: skip
def test_published_examples(parameters, user, cnonce, response):
    """The responses are those printed in the standards."""
    assert fields(respond(parameters, user, cnonce))["response"] == response


@pytest.mark.parametrize(("algorithm", "name"), [("MD5-sess", "md5"), ("md5-SESS", "md5"), ("SHA-256-sess", "sha256")])
def test_session_algorithms(algorithm, name):
    """-sess hashes the nonces into the secret."""
    nonce = RFC2617["nonce"]
    secret = h("Mufasa", RFC2617["realm"], "Circle Of Life", name=name)
    secret = h(secret, nonce, CNONCE, name=name)
    expected = h(secret, nonce, "00000001", CNONCE, "auth", h("GET", TARGET, name=name), name=name)
    found = fields(respond(RFC2617 | {"qop": "auth", "algorithm": algorithm}))
    assert (found["response"], found["algorithm"]) == (expected, algorithm)


def test_auth_int_where_nothing_else_is_offered():
    """The (empty) body is hashed in."""
    secret = h("Mufasa", RFC2617["realm"], "Circle Of Life")
    expected = h(secret, RFC2617["nonce"], "00000001", CNONCE, "auth-int", h("GET", TARGET, h("")))
    found = fields(respond(RFC2617 | {"qop": "token, auth-int"}))
    assert (found["response"], found["qop"]) == (expected, "auth-int")


def test_the_header_as_cameras_want_it():
    """qop, nc and algorithm without quotes, all else with: some Amcrest cameras answer 401 to any other form."""
    parameters = RFC2617 | {"qop": "auth", "algorithm": "MD5", "opaque": "5ccc"}
    assert respond(parameters) == (
        'Digest username="Mufasa", realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", '
        'uri="/dir/index.html", response="6629fae49393a05397450978507c4ef1", opaque="5ccc", algorithm=MD5, '
        'qop=auth, nc=00000001, cnonce="0a4f113b"'
    )


def test_what_was_not_offered_is_not_sent():
    """No algorithm, opaque, qop, nc or cnonce of our own making; an empty opaque is left out too."""
    assert set(fields(respond(RFC2617 | {"opaque": ""}))) == {"username", "realm", "nonce", "uri", "response"}


def test_the_uri_is_what_is_on_the_wire():
    """Brackets, @ and %20 are signed and sent as they are asked for."""
    target = "/cgi-bin/RPC_Loadfile/mnt/sd/a%20b[R][0@0][0].mp4"
    header = answer(Challenge("digest", RFC2617), RFC2617_USER, "GET", target, CNONCE)
    assert f'uri="{target}"' in header
    secret = h("Mufasa", RFC2617["realm"], "Circle Of Life")
    assert fields(header)["response"] == h(secret, RFC2617["nonce"], h("GET", target))


def test_quotes_in_names_are_escaped():
    """A user name or realm with quotes and backslashes stays one value and comes back the same."""
    user, realm = 'a"b\\c, nc=2', 'r"e\\alm'
    found = fields(respond(RFC2617 | {"realm": realm}, Credentials(user, "x")))
    assert (found["username"], found["realm"]) == (user, realm)
    assert set(found) == {"username", "realm", "nonce", "uri", "response"}


def test_names_beyond_ascii_are_hashed_as_utf_8():
    """Users write their names in any script."""
    found = fields(respond(RFC2617, Credentials("Jürgen", "naïve")))
    secret = hashlib.md5("Jürgen:testrealm@host.com:naïve".encode()).hexdigest()
    assert found["response"] == h(secret, RFC2617["nonce"], h("GET", TARGET))


def test_a_realm_that_is_no_utf_8_is_hashed_as_the_camera_sent_it():
    """A camera called Küche in Latin-1 can be logged in to: its bytes are what it hashes, and nothing raises."""
    realm = b"K\xfcche".decode("utf-8", "surrogateescape")
    found = fields(respond(RFC2617 | {"realm": realm}))
    secret = hashlib.md5(b"Mufasa:K\xfcche:Circle Of Life").hexdigest()
    assert found["response"] == h(secret, RFC2617["nonce"], h("GET", TARGET))


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (b"K\xfcche", b"K\xfcche"),
        ("Küche".encode(), "Küche".encode()),
        (b"\xff\xfe\x80", b"\xff\xfe\x80"),
        (rb"a \"b\" \\", rb'a "b" \\'[:-1]),
        (rb"C:\cam", rb"C:\cam"),
        (b"two  blanks, a comma=1", b"two  blanks, a comma=1"),
    ],
)
def test_a_realm_is_sent_back_byte_for_byte(written, meant):
    """As it stood between its quotes; what is hashed is what the quotes and escapes mean."""
    header = b'Digest realm="' + written + b'", nonce="n", opaque="\xe9"'
    (challenge,) = parse_challenges([header.decode("utf-8", "surrogateescape")])
    sent = answer(challenge, RFC2617_USER, "GET", TARGET, CNONCE).encode("utf-8", "surrogateescape")
    assert b' realm="' + written + b'", ' in sent
    assert b' opaque="\xe9"' in sent
    secret = hashlib.md5(b"Mufasa:" + meant + b":Circle Of Life").hexdigest()
    assert h(secret, "n", h("GET", TARGET)).encode() in sent


@pytest.mark.parametrize("parameters", [RFC2617, RFC2617 | {"qop": "auth", "algorithm": "SHA-256"}])
def test_the_password_is_never_in_a_digest_answer(parameters):
    """Only its hash leaves this computer."""
    assert "Circle" not in respond(parameters)


def test_basic():
    """User and password in UTF-8; a colon in the password is part of it."""
    header = answer(Challenge("basic", {"realm": "r"}), Credentials("Jürgen", "a:b"), "GET", TARGET, CNONCE)
    scheme, _, encoded = header.partition(" ")
    assert (scheme, b64decode(encoded).decode()) == ("Basic", "Jürgen:a:b")
    odd = answer(Challenge("basic", {"realm": "r"}), Credentials("a", "\udcff"), "GET", TARGET, CNONCE)
    assert b64decode(odd.partition(" ")[2]) == b"a:\xff", "bytes of the environment that are no UTF-8"
