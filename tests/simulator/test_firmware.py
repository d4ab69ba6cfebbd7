"""Connections and logins as firmware differs in them: one test for each switch."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

import pytest
import trustme

from camreel_simulator import (
    QUIRKS,
    DeviceClock,
    Quirks,
    SimulatedCamera,
    camera_of,
    conflict,
    quirked,
    running,
    stub_recordings,
)

from .conftest import LOADFILE, NOON, Client, client_of
from .wire import Wire, authorization, digest_of, param

VENDOR = "/cgi-bin/magicBox.cgi?action=getVendor"
Serve = Callable[..., Client]


def device(*names: str, **changes: object) -> SimulatedCamera:
    return SimulatedCamera(stub_recordings(NOON, 3), quirks=quirked(Quirks(**changes), *names))  # type: ignore[arg-type]


# Connections


def test_a_connection_too_many_is_told_so(serve: Serve):
    """401 without a challenge and a text, as a PF8-PV; then the connection is closed."""
    server = serve(device("connection-limit-401")).server
    with Wire(server) as one, Wire(server) as two, Wire(server) as three:
        assert one.log_in(VENDOR)[0] == two.log_in(VENDOR)[0] == 200
        status, headers, body = three.ask(VENDOR)
        assert (status, body) == (401, b"Error\r\nExceeded maximum number of connections!\r\n")
        assert "www-authenticate" not in dict(headers)
        assert three.read(1) == b""
    assert server.camera.rejected_logins == 0


def test_a_second_content_length(serve: Serve):
    """Twice the same number."""
    with Wire(serve(device("second-length")).server) as wire:
        for status, headers, body in (wire.ask(VENDOR), wire.log_in(VENDOR)):
            lengths = [value for name, value in headers if name == "content-length"]
            assert lengths == [str(len(body))] * 2, status


def test_a_reboot_cuts_everything_for_half_a_minute(serve: Serve):
    """The request is not answered, others are cut, new connections are reset; then nonces and finders are forgotten."""
    now = [datetime(2026, 1, 17, tzinfo=timezone.utc)]
    camera = SimulatedCamera(stub_recordings(NOON, 3), quirks=Quirks(reboot_at=5), clock=DeviceClock(lambda: now[0]))
    server = serve(camera).server
    with Wire(server) as idle, Wire(server) as busy:
        challenge = idle.challenge(VENDOR)
        create = "/cgi-bin/mediaFileFind.cgi?action=factory.create"
        assert busy.log_in(create)[0] == 200
        assert (camera.open_finders, idle.ask(VENDOR)[0]) == (1, 401)
        assert busy.ask(VENDOR)[0] == 0
        assert is_cut(idle)
    assert camera.rebooting
    for _ in range(2):
        assert not answers(server)
    now[0] += timedelta(seconds=29)
    assert not answers(server)
    now[0] += timedelta(seconds=2)
    assert answers(server)
    assert camera.open_finders == 0
    with Wire(server) as again:
        status, headers, _ = again.ask(VENDOR, Authorization=authorization(challenge, VENDOR))
        assert (status, "stale=TRUE" in digest_of(headers)) == (401, True)


def is_cut(wire: Wire) -> bool:
    try:
        return wire.ask(VENDOR)[0] == 0
    except ConnectionError:
        return True


def answers(server: object) -> bool:
    try:
        with Wire(server) as wire:  # type: ignore[arg-type]
            return wire.ask(VENDOR)[0] != 0
    except ConnectionError:
        return False


def test_a_reboot_can_be_ended(serve: Serve):
    """Without waiting, for clocks that stand still."""
    camera = device(reboot_at=1)
    server = serve(camera).server
    assert not answers(server)
    assert not answers(server)
    camera.finish_reboot()
    assert answers(server)


@pytest.fixture
def tls() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """The camera's context, and that of a client that trusts it."""
    authority = trustme.CA()
    theirs, ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(theirs)
    authority.configure_trust(ours)
    return theirs, ours


def test_the_redirect_to_https(tls: tuple[ssl.SSLContext, ssl.SSLContext]):
    """302 to the root of the https server, to everything and without a login, as an NV4108E-HS; there it answers."""
    theirs, ours = tls
    camera = device("https-redirect")
    with running(camera, ssl_context=theirs) as server:
        assert server.secure is not None
        assert server.url.startswith("http://")
        with Wire(server) as wire:
            for _ in range(2):
                status, headers, body = wire.ask(VENDOR)
                assert (status, dict(headers)["location"], body) == (302, server.secure.url + "/", b"")
        assert client_of(server.secure, camera.password, ours).get(VENDOR).text == "vendor=Amcrest\r\n"
    assert [entry.status for entry in camera.log] == [302, 302, 401, 200]


def test_a_redirect_needs_a_certificate():
    """It says so instead of serving half."""
    with pytest.raises(ValueError, match="ssl_context"), running(device("https-redirect")):
        pass


def test_unknown_endpoints_of_new_firmware(serve: Serve):
    """501 instead of 400."""
    client = serve(device("unknown-501"))
    for target in ("/cgi-bin/api/mediaFileFind/getCount", "/cgi-bin/magicBox.cgi?action=nothing"):
        reply = client.get(target)
        assert (reply.status, reply.text) == (501, "Error\r\nNot Implemented!\r\n")


# Login


def test_several_challenges(serve: Serve):
    """Basic first, which is refused; either digest is accepted."""
    camera = device("several-challenges")
    with Wire(serve(camera).server) as wire:
        for algorithm in ("SHA-256", ""):
            _, headers, _ = wire.ask(VENDOR)
            offers = [value for name, value in headers if name == "www-authenticate"]
            assert [offer.partition(" ")[0] for offer in offers] == ["Basic", "Digest", "Digest"]
            assert ["SHA-256" in offer for offer in offers] == [False, True, False]
            offer = next(it for it in offers[1:] if ("SHA-256" in it) == bool(algorithm))
            assert wire.ask(VENDOR, Authorization=authorization(offer, VENDOR))[0] == 200
        assert camera.rejected_logins == 0
        assert wire.ask(VENDOR, Authorization="Basic YWRtaW46c2ltdWxhdGVkLTE=")[0] == 401
    assert camera.rejected_logins == 1


def test_auth_int_is_offered_and_not_meant(serve: Serve):
    """``qop="auth,auth-int"``; ``auth`` gets in."""
    with Wire(serve(device("auth-int-offered")).server) as wire:
        assert 'qop="auth,auth-int"' in wire.challenge()
        assert wire.log_in(VENDOR)[0] == 200
        assert wire.log_in(VENDOR, qop="auth-int")[0] == 401


def test_a_realm_with_a_comma(serve: Serve):
    """The standard library copes."""
    client = serve(device("realm-with-comma"))
    assert client.get(VENDOR).status == 200
    assert client.camera.rejected_logins == 0


def test_the_challenge_of_2024(serve: Serve):
    """32 hex digits, 64 characters, an empty opaque that may be left out, stale in quotes."""
    camera = device("long-challenge")
    with Wire(serve(camera).server) as wire:
        challenge = wire.challenge()
        assert len((param(challenge, "realm") or "").removeprefix("Login to ")) == 32
        assert len(param(challenge, "nonce") or "") == 64
        assert 'opaque=""' in challenge
        assert 'stale="false"' in challenge
        assert wire.log_in(VENDOR)[0] == 200
        assert wire.log_in(VENDOR, without="opaque")[0] == 200
        status, headers, _ = wire.ask(VENDOR, Authorization=authorization(challenge, VENDOR))
        assert status == 200
        status, headers, _ = wire.ask(VENDOR, Authorization=authorization(challenge, VENDOR))
        assert (status, 'stale="true"' in digest_of(headers)) == (401, True)


def test_reuse_of_a_nonce_is_forbidden(serve: Serve):
    """403 without a challenge (rroller/dahua 647); a fresh one gets in, and nothing was a rejected login."""
    camera = device("nonce-once-403")
    with Wire(serve(camera).server) as wire:
        challenge = wire.challenge()
        assert wire.ask(VENDOR, Authorization=authorization(challenge, VENDOR))[0] == 200
        second = authorization(challenge, VENDOR, nc="00000002")
        status, headers, body = wire.ask(VENDOR, Authorization=second)
        assert (status, json.loads(body)["error"]["message"]) == (403, "Authority:check failure.")
        assert "www-authenticate" not in dict(headers)
        assert wire.log_in(VENDOR)[0] == 200
    assert camera.rejected_logins == 0


def test_the_body_of_a_401_comes_late(serve: Serve):
    """Headers first; the connection serves on after the body."""
    with Wire(serve(device("refusal-body-late")).server) as wire:
        assert wire.log_in(VENDOR)[0] == 200


def test_the_body_of_a_401_never_comes(serve: Serve):
    """Headers, then nothing; another connection gets in with that challenge."""
    server = serve(device("refusal-body-never")).server
    with Wire(server) as one, Wire(server) as two:
        one.send(VENDOR)
        status, headers = one.head()
        assert status == 401
        assert one.is_quiet()
        assert two.ask(VENDOR, Authorization=authorization(digest_of(headers), VENDOR))[0] == 200


@pytest.mark.parametrize("name", ["refusal-closes", "refusal-resets"])
def test_a_401_ends_its_connection_without_a_word(serve: Serve, name: str):
    """It says keep-alive, and then closes or resets; another connection gets in with that challenge, and stays."""
    server = serve(device(name)).server
    with Wire(server) as one, Wire(server) as two:
        status, headers, _body = one.ask(VENDOR)
        assert (status, dict(headers)["connection"]) == (401, "keep-alive")
        if name == "refusal-closes":
            assert one.read(1) == b""
        else:
            with pytest.raises(ConnectionResetError):
                one.read(1)
        login = authorization(digest_of(headers), VENDOR)
        assert two.ask(VENDOR, Authorization=login)[0] == 200
        assert two.ask(VENDOR)[0] == 401


@pytest.mark.parametrize(("name", "said"), [("closes-unsaid", "keep-alive"), ("http-1.0", None)])
def test_each_answer_ends_its_connection_without_a_word(serve: Serve, name: str, said: str | None):
    """The same for all answers, in HTTP/1.0 too, which has no header for it."""
    server = serve(device(name)).server
    with Wire(server) as one, Wire(server) as two:
        status, headers, _body = one.ask(VENDOR)
        assert (status, dict(headers).get("connection")) == (401, said)
        assert one.read(1) == b""
        assert two.ask(VENDOR, Authorization=authorization(digest_of(headers), VENDOR))[0] == 200
        assert two.read(1) == b""


def test_odd_headers(serve: Serve):
    """Blanks before the colon and in a name, a line without a colon, a long value: and what matters is there, too."""
    camera = device("odd-headers")
    with Wire(serve(camera).server) as wire:
        _status, headers, _body = wire.ask(VENDOR)
        names = [name for name, _value in headers]
        assert {"server ", "my device", "no colon", "www-authenticate "} <= set(names)
        assert max(len(value) for _name, value in headers) > 8190


@pytest.mark.parametrize(
    ("name", "status", "body", "challenged"),
    [
        ("lock-json", 403, b'{"ErrorCode":268632081,"Result":false,"RmLock":1800,"RmLogin":0}', False),
        ("lock-500", 500, b"", False),
        ("lock-401", 401, b"Error\r\nInvalid Authority!\r\n", True),
    ],
)
def test_a_lock_in_each_shape(serve: Serve, name: str, status: int, body: bytes, challenged: bool):
    """After one rejected login, the right password is refused as well, until the lock has run out."""
    camera = device(name)
    with Wire(serve(camera).server) as wire:
        wire.log_in(VENDOR, secret="wrong")
        answer = wire.ask(VENDOR)
        assert (answer[0], answer[2], "www-authenticate" in dict(answer[1])) == (status, body, challenged)
        if challenged:
            assert wire.log_in(VENDOR)[0] == 401
        camera.unlock()
        assert wire.log_in(VENDOR)[0] == 200


# The table


def test_each_name_changes_something_or_pins_the_default():
    """And every switch has a name, but for numbers that say how much."""
    changed = {field for name in QUIRKS for field in Quirks.__dataclass_fields__ if differs(name, field)}
    amounts = {"reboot_seconds", "lock_seconds", "by_time_hours"}
    assert set(Quirks.__dataclass_fields__) - changed == amounts
    assert [name for name in QUIRKS if QUIRKS[name] == Quirks()] == ["strict-uri", "literal-brackets"]


def differs(name: str, field: str) -> bool:
    return bool(getattr(QUIRKS[name], field) != getattr(Quirks(), field))


@pytest.mark.parametrize(
    ("names", "why"),
    [
        (("nonce-bound", "connection-close"), "closed before"),
        (("nonce-bound", "refusal-body-never"), "never gets free"),
        (("basic-only", "sha-256"), "only Basic"),
        (("several-challenges", "basic-too"), "refuses it"),
        (("multipart", "silent-files"), "no body"),
        (("no-by-time", "by-time-late"), "no loadfile"),
    ],
)
def test_what_cannot_be_combined_says_why(names: tuple[str, ...], why: str):
    """In either order; each alone is fine."""
    assert why in (conflict(quirked(Quirks(), *names)) or "")
    assert why in (conflict(quirked(Quirks(), *reversed(names))) or "")
    assert [conflict(QUIRKS[name]) for name in names] == [None, None]


def test_an_unknown_quirk_is_a_key_error():
    """A typo in a table does not test nothing."""
    with pytest.raises(KeyError):
        camera_of("nvr", "nonce-twice")


# What urllib cannot do: another algorithm, a realm in Latin-1, unquoted tokens, several challenges, one connection for
# two requests, headers without a colon.
NOT_FOR_URLLIB = {"sha-256", "unquoted-only", "several-challenges", "nonce-bound", "odd-headers"}
NOT_FOR_URLLIB |= {"unknown-digest", "realm-latin-1"}
NO_ANSWER = {"https-redirect", "refusal-body-never", "empty-files"}


@pytest.mark.parametrize("name", sorted(set(QUIRKS) - NOT_FOR_URLLIB - NO_ANSWER))
def test_a_standard_client_gets_what_there_is(name: str):
    """A device with any quirk is still a device that the standard library can log in to and fetch from."""
    camera = camera_of("amcrest-sd", name)
    with running(camera) as server:
        reply = client_of(server, camera.password).get(LOADFILE + camera.recordings[0].path)
    assert reply.status == 200
    assert camera.rejected_logins == 0
