"""Whatever the secrets are and however they are written, none is left."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from urllib.parse import quote, quote_plus

from hypothesis import assume, example, given
from hypothesis import strategies as st

from camreel.devices.dahua.checkup import PRIVACY
from camreel.doctor.redact import Redactor, login_forms

LETTERS = st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp", "Zs"))
# What a person or a factory makes up: with a letter and a digit, so that it is no word of the camera's own.
SECRETS = st.builds(
    "{}{}{}{}".format,
    st.sampled_from("QXZqxz"),
    st.text(LETTERS, max_size=12),
    st.integers(10, 99),
    st.sampled_from(["wq", "Jx", "kz"]),
)
KINDS = st.sampled_from(["serial", "host", "user", "name", "title", "password"])
WRITTEN = st.sampled_from(
    [
        str,
        str.swapcase,
        quote,
        lambda text: quote(text, safe=""),
        quote_plus,
        lambda text: b64encode(text.encode()).decode(),
        lambda text: b64encode(b"a" + text.encode() + b"bc").decode(),
        lambda text: hashlib.md5(text.encode()).hexdigest(),
    ]
)
AROUND = st.sampled_from(["x={} y", "items[0].FilePath=/mnt/{}/1.mp4", "[{}]", '{{"a": "{}"}}', "a: {}\r\nb=c", "k={}"])


@example([("serial", "Qß10wq", str.swapcase, "x={} y")])
@given(st.lists(st.tuples(KINDS, SECRETS, WRITTEN, AROUND), min_size=1, max_size=6))
def test_nothing_known_is_left_in_any_form(planted):
    """As it is, in other letters, percent-encoded, in base64 (within more of it), or as MD5."""
    assume(all(secret.swapcase().casefold() == secret.casefold() for _kind, secret, _write, _around in planted))
    redactor = Redactor(PRIVACY)
    for kind, secret, _write, _around in planted:
        redactor.know(kind, secret)
    for _kind, secret, write, around in planted:
        written = write(secret)
        shown = redactor.body(around.format(written))
        assert secret.casefold() not in shown.casefold()
        assert written not in shown


@given(SECRETS, SECRETS, SECRETS)
def test_no_form_of_a_login_is_left(user, serial, password):
    """Basic's pair and the hash that opens digest."""
    realm = f"Login to {serial}"
    redactor = Redactor(PRIVACY)
    redactor.know("serial", serial, login_forms(user, realm, password))
    secret = f"{user}:{realm}:{password}".encode()
    pair = b64encode(f"{user}:{password}".encode()).decode()
    body = f"a={hashlib.md5(secret).hexdigest()}\nb={hashlib.sha256(secret).hexdigest().upper()}\nc={pair}"
    shown = redactor.body(body)
    assert hashlib.md5(secret).hexdigest() not in shown
    assert hashlib.sha256(secret).hexdigest() not in shown.lower()
    assert pair.rstrip("=")[:-1] not in shown


@given(st.text(max_size=300))
def test_any_answer_is_redacted_and_once_is_enough(body):
    """It never raises, keeps the lines, and a second time changes nothing."""
    redactor = Redactor(PRIVACY)
    redactor.learn(body)
    once = redactor.body(body)
    again = Redactor(PRIVACY)
    again.learn(once)
    assert again.body(once) == once
    assert once.count("\n") == body.count("\n")


@given(SECRETS, st.text(max_size=40), st.text(max_size=40))
def test_what_stands_under_a_private_key_is_found_elsewhere(serial, before, after):
    """A serial number told in one answer is out of all others, also in the middle of a word."""
    assume(len(serial) >= 6)
    redactor = Redactor(PRIVACY)
    redactor.learn(f"sn={serial}")
    shown = redactor.body(f"{before}{serial}{after}".replace("=", ""))
    assert serial.replace("=", "").casefold() not in shown.casefold()
