"""What a connection trusts, and that a doubted login is waited for."""

from __future__ import annotations

import ssl
from hashlib import sha256

import aiohttp
import anyio
import pytest
import trustme

from camreel.devices import session
from camreel.devices.session import (
    LARGE_BUFFER,
    SMALL_BUFFER,
    AnotherCertificate,
    FirstCertificate,
    Login,
    Response,
    Trust,
    open_wire,
    peer_of,
    tls_context,
    trust_in,
)
from camreel.errors import LoginRefused, UsageError
from camreel.model import Address, Target

HOST = Address("cam.example", 443, https=True)


@pytest.fixture
def ca_file(tmp_path):
    path = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(path))
    return str(path)


def test_nothing_is_trusted_but_authorities_by_default():
    context = trust_in(Target(HOST, "admin")).context
    assert context is not None
    assert (context.check_hostname, context.verify_mode) == (True, ssl.CERT_REQUIRED)


def test_anything_is_trusted_if_that_was_asked_for():
    trust = trust_in(Target(HOST, "admin", insecure=True))
    for context in (trust.context, trust.another_context()):
        assert context is not None
        assert (context.check_hostname, context.verify_mode) == (False, ssl.CERT_NONE)


def test_a_file_of_authorities_stands_for_the_systems(ca_file):
    trust = trust_in(Target(HOST, "admin", ca_file=ca_file))
    for context in (trust.context, trust.another_context()):
        assert context is not None
        assert len(context.get_ca_certs()) == 1
        assert context.verify_mode is ssl.CERT_REQUIRED


def test_outdated_tls_is_for_those_who_ask_for_it():
    usual, legacy = (tls_context(insecure=False, ca_file=None, legacy=each) for each in (False, True))
    assert usual.minimum_version is not ssl.TLSVersion.MINIMUM_SUPPORTED
    assert legacy.minimum_version is ssl.TLSVersion.MINIMUM_SUPPORTED
    assert legacy.options & 0x4
    assert not usual.options & 0x4
    assert legacy.verify_mode is ssl.CERT_REQUIRED
    assert len(legacy.get_ciphers()) > len(usual.get_ciphers())
    trust = trust_in(Target(HOST, "admin", legacy_tls=True))
    assert trust.another_context().minimum_version is ssl.TLSVersion.MINIMUM_SUPPORTED


def test_a_pinned_certificate_stands_for_all_of_it():
    trust = trust_in(Target(HOST, "admin", insecure=True, fingerprint=":".join(["ab"] * 32)))
    assert trust == Trust(pinned=b"\xab" * 32)


@pytest.mark.parametrize("content", [b"", b"no certificate", None])
def test_a_file_without_certificates_is_a_sentence(tmp_path, content):
    path = tmp_path / "x.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=r"--ca-file .*x\.pem: "):
        trust_in(Target(HOST, "admin", ca_file=str(path)))


@pytest.mark.anyio
@pytest.mark.parametrize(("slowly", "buffer"), [(False, LARGE_BUFFER), (True, SMALL_BUFFER)])
async def test_a_session_of_our_own(slowly, buffer):
    """One connection, nothing from the environment, nothing unpacked, nothing sent twice."""
    wire = await open_wire(Trust(), 7, https=False, slowly=slowly)
    own = wire.session
    try:
        assert own.connector is not None
        assert own.connector.limit == 1
        assert own.headers["Accept-Encoding"] == "identity"
        assert own.headers["User-Agent"] == "camreel"
        assert own.timeout == aiohttp.ClientTimeout(total=None, sock_connect=7)
        assert (own.trust_env, own.auto_decompress, own._retry_connection) == (False, False, False)
        assert own._read_bufsize == buffer
        assert wire.ssl is True
    finally:
        await wire.close()
    assert own.closed
    assert own.connector is None


@pytest.mark.anyio
async def test_what_is_trusted_is_given_with_each_request():
    context = tls_context(insecure=True, ca_file=None)
    for trust, given in ((Trust(context), context), (Trust(context, pinned=bytes(32)), aiohttp.Fingerprint(bytes(32)))):
        wire = await open_wire(trust, 7, https=True)
        await wire.close()
        assert type(wire.ssl) is type(given)
        if isinstance(wire.ssl, aiohttp.Fingerprint):
            assert wire.ssl.fingerprint == bytes(32)
        else:
            assert wire.ssl is given


@pytest.mark.anyio
@pytest.mark.parametrize("https", [False, True])
@pytest.mark.parametrize("pinned", [None, b"\xab" * 32])
async def test_a_shared_session_lends_its_connector_alone(https, pinned):
    """With an object that no other request has, so that its connections are ours; it stays open."""
    async with aiohttp.ClientSession(headers={"Authorization": "x"}) as shared:
        wires = [await open_wire(Trust(insecure=True, pinned=pinned), 7, https, shared) for _ in range(2)]
        assert wires[0].ssl is not wires[1].ssl
        for wire in wires:
            assert wire.session.connector is shared.connector
            assert "Authorization" not in wire.session.headers
            assert isinstance(wire.ssl, aiohttp.Fingerprint if pinned or not https else ssl.SSLContext)
            if pinned:
                assert isinstance(wire.ssl, aiohttp.Fingerprint)
                assert wire.ssl.fingerprint == pinned
            await wire.close()
        assert not shared.closed
        assert shared.connector is not None
        assert not shared.connector.closed


@pytest.mark.anyio
async def test_a_shared_session_that_is_closed_is_refused():
    async with aiohttp.ClientSession() as shared:
        pass
    with pytest.raises(UsageError, match="is closed"):
        await open_wire(Trust(), 7, https=False, shared=shared)


@pytest.mark.anyio
async def test_while_a_refusal_is_in_doubt_the_others_wait_and_then_share_it():
    login, asked = Login(), []

    async def other() -> None:
        with pytest.raises(LoginRefused):
            await login.check()
        asked.append("refused")

    async with anyio.create_task_group() as group, login.doubt:
        group.start_soon(other)
        await anyio.wait_all_tasks_blocked()
        assert asked == []
        login.refuse(LoginRefused("wrong"))
    assert asked == ["refused"]


@pytest.mark.anyio
async def test_a_login_without_a_doubt_is_not_waited_for():
    await Login().check()


def test_reads_gather_from_the_first_mebibyte_on():
    """And so much that the buffer is never full."""
    gathering = session.ReadCoalescer(0.0)
    gathering.took((1 << 20) - 1, 0.1)
    assert gathering.pause == 0
    gathering.took(1, 0.1 + 1e-7)
    assert gathering.pause == pytest.approx((768 << 10) * 1e-7)
    gathering.took(10 << 20, 1.1 + 1e-7)
    assert gathering.pause == pytest.approx((768 << 10) / (10 << 20))
    assert (session._AT_ONCE, LARGE_BUFFER, SMALL_BUFFER) == (786_432, 1_048_576, 65_536)


def test_after_an_outage_one_other_certificate_is_taken():
    """It is told once, and stands for the first from then on: another one after it is refused."""
    first = FirstCertificate()
    first.compare(b"old")
    first.expect_another()
    first.compare(b"old")
    assert first.take_change() is None
    with pytest.raises(AnotherCertificate):
        first.compare(b"new")
    first.expect_another()
    first.compare(b"new")
    assert first.take_change() == (sha256(b"old").digest(), sha256(b"new").digest())
    assert first.take_change() is None
    first.compare(b"new")
    with pytest.raises(AnotherCertificate):
        first.compare(b"old")


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        (("192.168.1.5", 80), "192.168.1.5"),
        (("fe80::5%eth0", 80, 0, 2), "fe80::5%eth0"),
        (("192.168.1.9", 1080), None),  # a proxy: all cameras are behind it
        ("/run/proxy", None),
        (None, None),
    ],
)
def test_an_ip_address_is_the_cameras_only_if_the_port_is(name, seen):
    """A connector of a program's own may go any way."""
    response = object.__new__(Response)
    assert peer_of(response, 80) is None
    response.peer = name
    assert peer_of(response, 80) == seen


@pytest.mark.parametrize("insecure", [True, False])
def test_certificates_are_compared_only_if_nobody_checks_them(insecure):
    first = FirstCertificate()
    assert trust_in(Target(HOST, "admin", insecure=insecure), first).first is (first if insecure else None)
