"""Challenges and answers, for any text."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from camreel.devices.digest import answer, choose, parse_challenges
from camreel.model import Credentials

# What a header can hold when it reaches us: any text, with surrogate escapes where its bytes were no UTF-8.
header_text = st.one_of(st.text(), st.binary(max_size=30).map(lambda data: data.decode("utf-8", "surrogateescape")))
soup = st.lists(
    st.one_of(
        st.sampled_from([*' ,=";\t\\', "Digest", "Basic", "realm", "nonce", "qop", "auth", "auth-int", "algorithm",
                         "MD5", "SHA-256", "-sess", "stale", "TRUE", "opaque", 'realm="a, b"', "nonce=7"]),
        header_text,
    ),
    max_size=25,
).map("".join)  # fmt: skip
headers = st.lists(st.one_of(header_text, soup), max_size=4)
quotable = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=20)


def quoted(text: str) -> str:
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'


@settings(max_examples=100)
@given(headers)
def test_any_header_is_parsed_or_dropped(texts):
    """Nothing raises; schemes and names are in lower case."""
    for challenge in parse_challenges(texts):
        assert re.fullmatch(r"[a-z][a-z0-9-]*", challenge.scheme)
        assert all(re.fullmatch(r"[a-z0-9_-]+", name) for name in challenge.parameters)


@settings(max_examples=100)
@given(headers, quotable, quotable)
def test_any_challenge_that_is_chosen_can_be_answered(texts, username, password):
    """An answer is one header line: no control character of the camera's gets into it, and nothing raises."""
    chosen = choose(parse_challenges([*texts, 'Digest realm="r", nonce="n"']))
    assert chosen is not None
    header = answer(chosen, Credentials(username, password), "GET", "/cgi-bin/x.cgi?a=b", "c0")
    assert header.startswith("Digest ")
    assert not re.search(r"[\x00-\x08\x0a-\x1f\x7f]", header)


@given(st.dictionaries(st.sampled_from(["realm", "nonce", "opaque", "domain"]), quotable, min_size=1), st.data())
def test_quoted_values_come_back(parameters, data):
    """Whatever is in a quoted value, the parameters are those that were sent, whatever stands between them."""
    between = data.draw(st.sampled_from([",", ", ", " , ", ",  "]))
    equals = data.draw(st.sampled_from(["=", " =", "= ", " = "]))
    header = "Digest " + between.join(f"{name}{equals}{quoted(value)}" for name, value in parameters.items())
    (challenge,) = parse_challenges([header])
    assert dict(challenge.parameters) == parameters


@given(quotable, quotable, quotable.filter(bool))
def test_what_we_say_is_read_as_we_mean_it(username, realm, nonce):
    """The camera reads the same user, realm and nonce out of our answer: no quote breaks out of its value."""
    (challenge,) = parse_challenges([f"Digest realm={quoted(realm)}, nonce={quoted(nonce)}, qop=auth"])
    (read,) = parse_challenges([answer(challenge, Credentials(username, "x"), "GET", "/t", "c0")])
    said = read.parameters
    assert (said["username"], said["realm"], said["nonce"]) == (username, realm, nonce)
    assert set(said) == {"username", "realm", "nonce", "uri", "response", "qop", "nc", "cnonce"}
