"""The door of the camera: digest by the book, and each way in which devices differ."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest

from camreel_simulator import Quirks, SimulatedCamera

from .conftest import Client
from .wire import Wire, authorization, digest_of, param

VENDOR = "/cgi-bin/magicBox.cgi?action=getVendor"
Serve = Callable[..., Client]


@pytest.fixture
def camera() -> SimulatedCamera:
    return SimulatedCamera()


def test_a_foreign_client_logs_in(serve: Serve, camera: SimulatedCamera):
    """The standard library's digest is let in; no login was rejected on the way."""
    assert serve(camera).get(VENDOR).text == "vendor=Amcrest\r\n"
    assert [entry.status for entry in camera.log] == [401, 200]
    assert [entry.authorized for entry in camera.log] == [False, True]
    assert camera.rejected_logins == 0


def test_a_wrong_password_is_rejected_and_counted(serve: Serve, camera: SimulatedCamera):
    """Each wrong answer is a 401 with a fresh challenge, and one rejected login."""
    client = serve(camera, "wrong")
    with Wire(client.server) as wire:
        status, headers, body = wire.log_in(VENDOR, secret="wrong")
        assert (status, body) == (401, b"Error\r\nInvalid Authority!\r\n")
        assert "stale" not in digest_of(headers)
        assert camera.rejected_logins == 1
        assert wire.log_in(VENDOR, username="root")[0] == 401
    assert camera.rejected_logins == 2
    assert client.get(VENDOR).status == 401
    assert camera.log[-1].refusal == "wrong password"


def test_each_401_has_a_fresh_nonce(serve: Serve, camera: SimulatedCamera):
    """No nonce is ever given twice."""
    with Wire(serve(camera).server) as wire:
        nonces = [param(wire.challenge(), "nonce") for _ in range(20)]
    assert len(set(nonces)) == 20


@pytest.mark.parametrize(
    "spoiled",
    [
        {"uri": "/cgi-bin/magicBox.cgi?action=getSerialNo"},
        {"uri": VENDOR.replace("?", "%3F")},
        {"signed": "/elsewhere"},
        {"qop": "auth-int"},
        {"nc": "1"},
        {"without": "cnonce"},
        {"opaque": '"elsewhere"'},
        {"without": "nonce"},
        {"without": "response"},
        {"method": "POST"},
    ],
    ids=str,
)
def test_the_answer_is_checked_in_full(serve: Serve, camera: SimulatedCamera, spoiled: dict[str, str]):
    """The right password does not help where uri, method, qop, nc, cnonce or opaque are not right."""
    with Wire(serve(camera).server) as wire:
        assert wire.log_in(VENDOR, **spoiled)[0] == 401
    assert camera.rejected_logins == 1


def test_opaque_may_be_left_out(serve: Serve, camera: SimulatedCamera):
    """RFC 7616 has clients send it back, and some that work with real devices do not."""
    with Wire(serve(camera).server) as wire:
        assert wire.log_in(VENDOR, without="opaque")[0] == 200
    assert camera.rejected_logins == 0


def test_the_uri_must_be_the_bytes_on_the_wire(serve: Serve, camera: SimulatedCamera):
    """A client that signs ``[`` and sends ``%5B`` is not let in."""
    sent = "/cgi-bin/RPC_Loadfile/mnt/sd/a%5B0%5D.mp4"
    signed = "/cgi-bin/RPC_Loadfile/mnt/sd/a[0].mp4"
    with Wire(serve(camera).server) as wire:
        assert wire.log_in(sent, uri=signed, signed=signed)[0] == 401
        assert wire.log_in(sent)[0] == 404
        assert wire.log_in(signed)[0] == 404


def test_a_lax_device_takes_another_spelling_of_the_uri(serve: Serve):
    """Switched off, the uri may differ from the wire in its percent escapes, but not in its meaning."""
    sent, signed = VENDOR + "&a=1%202", VENDOR + "&a=1 2"
    camera = SimulatedCamera(quirks=Quirks(strict_uri=False))
    with Wire(serve(camera).server) as wire:
        assert wire.log_in(sent, uri=signed, signed=signed)[0] == 200
        assert wire.log_in(sent)[0] == 200
        assert wire.log_in(sent, uri=signed)[0] == 401
        assert wire.log_in(sent, uri=VENDOR, signed=VENDOR)[0] == 401


def test_a_nonce_serves_again_with_a_new_count(serve: Serve, camera: SimulatedCamera):
    """nc=2 is let in; a second nc=1 is a stale nonce, which is no rejected login."""
    with Wire(serve(camera).server) as wire:
        challenge = wire.challenge()
        statuses = [
            wire.ask(VENDOR, Authorization=authorization(challenge, VENDOR, nc=nc))[0]
            for nc in ("00000001", "00000002", "0000000a")
        ]
        status, headers, _ = wire.ask(VENDOR, Authorization=authorization(challenge, VENDOR, nc="00000001"))
    assert statuses == [200, 200, 200]
    assert (status, param(digest_of(headers), "stale")) == (401, "TRUE")
    assert camera.rejected_logins == 0


def test_a_nonce_of_another_camera_is_stale(serve: Serve, camera: SimulatedCamera):
    """After a reboot the old nonce is unknown: refused with stale=TRUE, the password was right."""
    with Wire(serve(SimulatedCamera()).server) as before, Wire(serve(camera).server) as after:
        status, headers, _ = after.ask(VENDOR, Authorization=authorization(before.challenge(), VENDOR))
    assert (status, param(digest_of(headers), "stale")) == (401, "TRUE")
    assert camera.rejected_logins == 0


@pytest.mark.parametrize(("bound", "wanted"), [(False, 200), (True, 401)])
def test_nonce_bound_to_connection(serve: Serve, bound: bool, wanted: int):
    """Switched on, a nonce that is used on another connection is a rejected login."""
    camera = SimulatedCamera(quirks=Quirks(nonce_bound_to_connection=bound))
    server = serve(camera).server
    with Wire(server) as one, Wire(server) as two:
        challenge = one.challenge()
        assert two.ask(VENDOR, Authorization=authorization(challenge, VENDOR))[0] == wanted
        assert one.ask(VENDOR, Authorization=authorization(challenge, VENDOR, nc="00000002"))[0] == 200
    assert camera.rejected_logins == int(bound)


@pytest.mark.parametrize("says_stale", [True, False])
def test_nonce_single_use(serve: Serve, says_stale: bool):
    """Switched on, each request needs a nonce of its own; whether the 401 says stale is a switch too."""
    camera = SimulatedCamera(quirks=Quirks(nonce_single_use=True, says_stale=says_stale))
    with Wire(serve(camera).server) as wire:
        challenge = wire.challenge()
        assert wire.ask(VENDOR, Authorization=authorization(challenge, VENDOR))[0] == 200
        status, headers, _ = wire.ask(VENDOR, Authorization=authorization(challenge, VENDOR, nc="00000002"))
        fresh = digest_of(headers)
        assert (status, param(fresh, "stale")) == (401, "TRUE" if says_stale else None)
        assert wire.ask(VENDOR, Authorization=authorization(fresh, VENDOR))[0] == 200
    assert camera.rejected_logins == 0


def test_stale_once(serve: Serve):
    """Switched on, the first right answer is refused with stale=TRUE; the next one is let in."""
    camera = SimulatedCamera(quirks=Quirks(stale_once=True))
    with Wire(serve(camera).server) as wire:
        status, headers, _ = wire.log_in(VENDOR)
        assert (status, param(digest_of(headers), "stale")) == (401, "TRUE")
        assert wire.ask(VENDOR, Authorization=authorization(digest_of(headers), VENDOR))[0] == 200
    assert camera.rejected_logins == 0


def test_sha_256(serve: Serve):
    """Switched on, the challenge names SHA-256, and only that is accepted."""
    camera = SimulatedCamera(quirks=Quirks(algorithm="SHA-256"))
    client = serve(camera)
    with Wire(client.server) as wire:
        challenge = wire.challenge()
        assert challenge.endswith("algorithm=SHA-256")
        assert wire.ask(VENDOR, Authorization=authorization(challenge, VENDOR))[0] == 200
        with_md5 = authorization(challenge.replace("SHA-256", "MD5"), VENDOR)
        assert wire.ask(VENDOR, Authorization=with_md5)[0] == 401
    assert camera.rejected_logins == 1


def test_basic_only(serve: Serve):
    """Firmware of 2014 offers nothing but Basic, and takes it."""
    camera = SimulatedCamera(quirks=Quirks(basic_only=True))
    client = serve(camera)
    assert client.get(VENDOR).status == 200
    with Wire(client.server) as wire:
        headers = wire.ask(VENDOR)[1]
        assert [value for name, value in headers if name == "www-authenticate"] == ['Basic realm="Device_CGI"']
    assert serve(camera, "wrong").get(VENDOR).status == 401
    assert camera.rejected_logins == 1


def test_basic_is_refused_by_a_digest_device(serve: Serve, camera: SimulatedCamera):
    """Sending the password in clear on the off chance burns a login."""
    clear = "Basic " + base64.b64encode(b"admin:simulated-1").decode()
    with Wire(serve(camera).server) as wire:
        assert wire.ask(VENDOR, Authorization=clear)[0] == 401
    assert camera.rejected_logins == 1


def test_basic_too(serve: Serve):
    """Switched on, two challenges come in two headers, Basic first; either is accepted."""
    camera = SimulatedCamera(quirks=Quirks(basic_too=True))
    with Wire(serve(camera).server) as wire:
        headers = wire.ask(VENDOR)[1]
        schemes = [value.split()[0] for name, value in headers if name == "www-authenticate"]
        assert schemes == ["Basic", "Digest"]
        assert wire.ask(VENDOR, Authorization=authorization(digest_of(headers), VENDOR))[0] == 200
        clear = "Basic " + base64.b64encode(b"admin:simulated-1").decode()
        assert wire.ask(VENDOR, Authorization=clear)[0] == 200


@pytest.mark.parametrize("quoted", [{"qop": '"auth"'}, {"nc": '"00000001"'}])
def test_unquoted_only(serve: Serve, quoted: dict[str, str]):
    """Most take a quoted qop or nc; some Amcrest cameras refuse it: a switch."""
    strict = SimulatedCamera(quirks=Quirks(unquoted_only=True))
    for camera, wanted in ((SimulatedCamera(), 200), (strict, 401)):
        with Wire(serve(camera).server) as wire:
            assert wire.log_in(VENDOR, **quoted)[0] == wanted
            assert wire.log_in(VENDOR)[0] == 200
    assert strict.rejected_logins == 1


def test_lockout(serve: Serve):
    """So many rejections in a row lock the account, also for the right password, until it is unlocked."""
    camera = SimulatedCamera(quirks=Quirks(lock_after=3, lock_seconds=300))
    with Wire(serve(camera).server) as wire:
        for secret in ("wrong", "wrong", "simulated-1", "wrong", "wrong", "wrong"):
            wire.log_in(VENDOR, secret=secret)
        status, _, body = wire.ask(VENDOR)
        assert (status, body) == (403, b'{"ErrorCode":268632081,"Result":false,"RmLock":300,"RmLogin":0}')
        assert camera.rejected_logins == 5
        camera.unlock()
        assert wire.log_in(VENDOR)[0] == 200


@pytest.mark.parametrize("closes", [True, False])
def test_connection_close(serve: Serve, closes: bool):
    """Switched on, each answer ends its connection, the 401 included; else it serves on."""
    camera = SimulatedCamera(quirks=Quirks(connection_close=closes))
    client = serve(camera)
    with Wire(client.server) as wire:
        status, headers, _ = wire.ask(VENDOR)
        assert (status, dict(headers)["connection"]) == (401, "close" if closes else "keep-alive")
        if closes:
            assert wire.read(1) == b""
        else:
            assert wire.log_in(VENDOR)[0] == 200
    assert client.get(VENDOR).status == 200
    assert camera.ledger.connections == 3
