"""Cameras whose https is older than what is safe: refused in a true sentence, and spoken to if that is asked for."""

from __future__ import annotations

import hashlib
import json
import socket
import socketserver
import ssl
import threading
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import anyio
import anyio.lowlevel
import pytest
import trustme
from tests.conftest import NOW, Bench, Ran, frame_md5s, three_clips, tuning

import camreel
from camreel.cli.batch import Batch
from camreel.cli.commands import list as list_command
from camreel.cli.options import OutputOptions
from camreel.devices.access import Access
from camreel.devices.downgrade import digest_memory
from camreel.devices.http import Connection, Timeouts
from camreel.devices.session import FirstCertificate, Login, trust_in
from camreel.doctor import visit
from camreel.errors import (
    BasicNotAllowed,
    CameraError,
    CameraUnreachable,
    CertificateChanged,
    LoginDowngraded,
    UsageError,
)
from camreel.events import Event, Planned, RangeKnown, Retrying
from camreel.jobs.export import export
from camreel.model import Address, Credentials, Target
from camreel.report import report_json
from camreel.transfer.retry import Backoff
from camreel_simulator import QUIRKS, DeviceClock, SimulatedCamera, camera_of, running

_RSA = "AES256-SHA:AES128-SHA:@SECLEVEL=0"  # key exchange by RSA
_ANY = "ALL:@SECLEVEL=0"


def _server(version: ssl.TLSVersion, ciphers: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers(ciphers)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = version
    trustme.CA(key_type=trustme.KeyType.RSA).issue_cert("192.168.1.108", key_type=trustme.KeyType.RSA).configure_cert(
        context
    )
    return context


OLD: dict[str, Callable[[], ssl.SSLContext]] = {
    "TLS 1.2 with RSA key exchange": lambda: _server(ssl.TLSVersion.TLSv1_2, _RSA),
    "TLS 1.1": lambda: _server(ssl.TLSVersion.TLSv1_1, _ANY),
    "TLS 1.1 with RSA key exchange": lambda: _server(ssl.TLSVersion.TLSv1_1, _RSA),
    "TLS 1.0": lambda: _server(ssl.TLSVersion.TLSv1, _ANY),
    "TLS 1.0 with RSA key exchange": lambda: _server(ssl.TLSVersion.TLSv1, _RSA),
}
NEW: dict[str, Callable[[], ssl.SSLContext]] = {
    "TLS 1.2": lambda: _server(ssl.TLSVersion.TLSv1_2, "ECDHE+AESGCM"),
    "TLS 1.3": lambda: _server(ssl.TLSVersion.TLSv1_3, "DEFAULT"),
}


@pytest.mark.parametrize("kind", OLD)
def test_old_tls_is_refused_truly_and_spoken_if_asked_for(kind, tmp_path):
    """Without --legacy-tls the sentence names the way; with it, the video is that of any other camera."""
    recordings = three_clips()
    camera = SimulatedCamera(recordings, clock=DeviceClock.fixed(NOW))
    with running(camera, ssl_context=OLD[kind]()) as server:
        stand = Bench(camera, Address("127.0.0.1", server.port, https=True), tmp_path)
        refused = stand.export(insecure=True)
        assert isinstance(refused.error, CameraError)
        assert "does not support TLS" not in str(refused.error)
        assert "--insecure --legacy-tls" in (refused.error.hint or "")
        assert camera.log == ()
        credentials = Credentials("admin", stand.password)
        checked = anyio.run(visit, Target(stand.address, "admin", insecure=True), 1, credentials, tuning())
        assert checked.trouble is not None
        assert checked.trouble.message == str(refused.error)
        run = stand.export(insecure=True, legacy_tls=True)
        assert run.ok.exit_code == 0
        assert frame_md5s(run.output) == [md5 for clip in recordings for md5 in frame_md5s(clip.body())]


@pytest.mark.parametrize("kind", NEW)
@pytest.mark.parametrize("legacy", [False, True])
def test_new_tls_is_spoken_with_both(kind, legacy, tmp_path):
    """The option takes nothing away."""
    camera = SimulatedCamera(three_clips(), clock=DeviceClock.fixed(NOW))
    with running(camera, ssl_context=NEW[kind]()) as server:
        stand = Bench(camera, Address("127.0.0.1", server.port, https=True), tmp_path)
        assert stand.export(insecure=True, legacy_tls=legacy).ok.exit_code == 0


@pytest.mark.parametrize("editor", ["plain", "a mark", "Windows", "UTF-16", "notes around", "DER"])
def test_a_file_of_certificates_is_read_whatever_wrote_it(editor, tmp_path):
    """A mark in front, lines of Windows, words between certificates, or the bare form."""
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    pem = authority.cert_pem.bytes().decode("ascii")
    windows = pem.replace("\n", "\r\n")
    written = {
        "plain": pem.encode(),
        "a mark": pem.encode("utf-8-sig"),
        "Windows": windows.encode("utf-8-sig"),
        "UTF-16": windows.encode("utf-16"),
        "notes around": f"Tür\n{pem}und noch etwas\n".encode(),
        "DER": ssl.PEM_cert_to_DER_cert(pem),
    }
    (tmp_path / "ca").write_bytes(written[editor])
    camera = SimulatedCamera(three_clips(), clock=DeviceClock.fixed(NOW))
    with running(camera, ssl_context=context) as server:
        stand = Bench(camera, Address("127.0.0.1", server.port, https=True), tmp_path)
        assert stand.export(ca_file=str(tmp_path / "ca")).ok.exit_code == 0


@pytest.mark.parametrize("content", [b"", b"no certificate", b"\x30\x82", b"\xff\xfe\x00"])
def test_a_file_without_certificates_is_named(content, tmp_path):
    """One sentence, before anything is sent."""
    (tmp_path / "ca").write_bytes(content)
    stand = Bench(SimulatedCamera(), Address("127.0.0.1", 1, https=True), tmp_path)
    run = stand.export(ca_file=str(tmp_path / "ca"))
    assert isinstance(run.error, UsageError)
    assert "--ca-file" in str(run.error)


def _certificates() -> tuple[ssl.SSLContext, trustme.LeafCert, trustme.CA]:
    """A server's context with one certificate, another one for it, and who made both."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context, authority.issue_cert("127.0.0.1"), authority


def _fingerprint(context: ssl.SSLContext) -> str:
    """The SHA-256 of the certificate that a server with ``context`` shows."""
    with running(SimulatedCamera(), ssl_context=context) as server:
        shown = ssl.get_server_certificate(("127.0.0.1", server.port))
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(shown)).hexdigest()


def _swapping(
    context: ssl.SSLContext, another: trustme.LeafCert
) -> tuple[SimulatedCamera, Callable[[Event], None], list[int]]:
    """Return a camera that closes its connections, what swaps its certificate in mid-run, and its requests before."""
    camera = SimulatedCamera(three_clips(), clock=DeviceClock.fixed(NOW), quirks=QUIRKS["connection-close"])
    swapped: list[int] = []

    def swap(event: Event) -> None:
        if isinstance(event, RangeKnown) and not swapped:
            another.configure_cert(context)
            swapped.append(len(camera.log))

    return camera, swap, swapped


@pytest.mark.parametrize("way", ["insecure", "insecure and legacy", "pinned", "verified"])
def test_a_certificate_that_changes_in_mid_run(way, tmp_path):
    """Another one than the first, or than the pinned: the run ends before anything is sent there. Verified, it may."""
    context, another, authority = _certificates()
    (tmp_path / "ca.pem").write_bytes(authority.cert_pem.bytes())
    ways: dict[str, dict[str, Any]] = {
        "insecure": {"insecure": True},
        "insecure and legacy": {"insecure": True, "legacy_tls": True},
        "pinned": {"fingerprint": _fingerprint(context)},
        "verified": {"ca_file": str(tmp_path / "ca.pem")},
    }
    how = ways[way]
    camera, swap, swapped = _swapping(context, another)

    with running(camera, ssl_context=context) as server:
        stand = Bench(camera, Address("127.0.0.1", server.port, https=True), tmp_path)
        run = stand.export(listen=swap, max_concurrent=1, **how)  # so that nothing else is under way
        assert swapped
        if way == "verified":
            assert run.ok.exit_code == 0
            return
        assert isinstance(run.error, CertificateChanged)
        assert run.error.exit_code == 6
        assert "intercepting the connection" in str(run.error)
        assert len(camera.log) == swapped[0]


@pytest.mark.parametrize("at_a_time", [1, 4])
def test_the_search_that_proves_is_watched_too(tmp_path, at_a_time):
    """Another certificate on its connection: the run ends there. One thing at a time, that is before the downloads."""
    context, another, _authority = _certificates()
    camera = SimulatedCamera(three_clips(), clock=DeviceClock.fixed(NOW))
    swapped: list[int] = []

    def swap(event: Event) -> None:
        if isinstance(event, RangeKnown):  # the search itself goes on over the connection that is open
            another.configure_cert(context)
        elif isinstance(event, Planned):
            swapped.append(len(camera.log))

    with running(camera, ssl_context=context) as server:
        stand = Bench(camera, Address("127.0.0.1", server.port, https=True), tmp_path)
        run = stand.export(end="2026-01-16 08:01:00", listen=swap, insecure=True, max_concurrent=at_a_time)
    assert isinstance(run.error, CertificateChanged)
    assert at_a_time > 1 or swapped == []


@pytest.mark.parametrize("legacy", [False, True])
def test_a_certificate_that_changes_is_seen_over_a_shared_connector(legacy, tmp_path):
    """A program's own aiohttp session lends its connections: the comparison is made there, too."""
    context, another, _authority = _certificates()
    camera, swap, swapped = _swapping(context, another)

    async def run(stand: Bench) -> None:
        how = {"insecure": True, "legacy_tls": legacy, "max_concurrent": 1}  # so that nothing else is under way
        request = stand.request("2026-01-16 08:00:00", "2026-01-16 08:00:12", **how)
        async with aiohttp.ClientSession() as session:
            await export(request, Credentials("admin", stand.password), swap, tuning(), session=session)

    with running(camera, ssl_context=context) as server:
        stand = Bench(camera, Address("127.0.0.1", server.port, https=True), tmp_path)
        with pytest.raises(CertificateChanged, match="another certificate than before"):
            anyio.run(run, stand)
    assert len(camera.log) == swapped[0] > 0


def test_the_password_is_not_sent_in_clear_over_tls_either(tmp_path):
    """Nobody can say who is at the other end: Basic has to be allowed on https as on http."""
    context, _another, authority = _certificates()
    (tmp_path / "ca.pem").write_bytes(authority.cert_pem.bytes())
    camera = SimulatedCamera(three_clips(), clock=DeviceClock.fixed(NOW), quirks=QUIRKS["basic-only"])
    with running(camera, ssl_context=context) as server:
        stand = Bench(camera, Address("127.0.0.1", server.port, https=True), tmp_path)
        for how in ({"insecure": True}, {"ca_file": str(tmp_path / "ca.pem")}):
            run = stand.export(**how)
            assert isinstance(run.error, BasicNotAllowed)
            assert "the device at the other end learns it" in str(run.error)
        assert [one for one in camera.log if one.authorization is not None] == []
        assert stand.export(ca_file=str(tmp_path / "ca.pem"), allow_basic=True).ok.exit_code == 0


@pytest.mark.parametrize("words", [["list"], ["get", "-y"], ["look", "-y"]], ids=lambda words: words[0])
def test_channels_of_one_run_are_shown_one_certificate(words, camreel_, monkeypatch):
    """Another one between two channels of a recorder ends the run there, though the first of them is done."""
    context, another, _authority = _certificates()
    camera = camera_of("nvr")
    asked: list[int] = []
    run_one = Batch._run_one

    async def and_swap(self: Any, *arguments: Any) -> Any:
        outcome = await run_one(self, *arguments)
        another.configure_cert(context)
        asked.append(len(camera.log))
        return outcome

    monkeypatch.setattr(Batch, "_run_one", and_swap)
    with running(camera, ssl_context=context) as server:
        host = ["--host", f"127.0.0.1:{server.port}", "-u", "admin", "--https", "--insecure", "--channel", "1,2"]
        span = ["-s", "2026-01-16 08:00:00", "-e", "2026-01-16 08:00:12"]
        said = camreel_([*words, *host, *span], AMCREST_PASSWORD="simulated-1")
    assert said.code == 6, said.everything
    assert "another certificate than before" in " ".join(said.everything.split())
    assert asked[0] == asked[1] == len(camera.log)


def test_the_question_before_a_batch_is_of_the_same_run(monkeypatch):
    """What was shown while all was listed is what the downloads have to be shown."""
    exports: Batch[Any, Any] = Batch([], OutputOptions())
    seen: list[object] = []
    monkeypatch.setattr(list_command, "_find", lambda batch: seen.append(batch.certificates))
    list_command.ask_for_all(exports)
    assert seen[0] is exports.certificates


@pytest.mark.anyio
async def test_calls_of_one_camera_are_shown_one_certificate():
    """A program's later calls compare with the first, whatever else was connected by the same patience."""
    context, another, _authority = _certificates()
    camera, patience = SimulatedCamera(three_clips(), clock=DeviceClock.fixed(NOW)), tuning()
    with running(camera, ssl_context=context) as server:

        def connected() -> Any:
            login = f"localhost:{server.port}", "admin", "simulated-1"
            return camreel.connect(*login, https=True, insecure=True, tuning=patience)

        async with connected() as seen:
            await seen.clock()
            assert digest_memory(Address("127.0.0.1", server.port)).places  # the address that answered, over TLS
            another.configure_cert(context)
            before = len(camera.log)
            for _again in range(2):
                with pytest.raises(CertificateChanged):
                    await seen.clock()
            assert len(camera.log) == before
        async with connected() as seen:
            await seen.clock()


@pytest.mark.anyio
async def test_after_another_certificate_nobody_connects_again():
    """The first one that differs ends all that was meant for the device, though the right one is back."""
    context, another, authority = _certificates()
    first = authority.issue_cert("127.0.0.1")
    first.configure_cert(context)
    camera = SimulatedCamera(clock=DeviceClock.fixed(NOW))
    with running(camera, ssl_context=context) as server:
        address = Address("127.0.0.1", server.port, https=True)
        trust, login = trust_in(Target(address, "admin", insecure=True), FirstCertificate()), Login()

        async def ask() -> None:
            who = Credentials("admin", "simulated-1")
            async with Connection(address, who, login, lambda _text: None, trust=trust) as connection:
                await connection.text("/cgi-bin/global.cgi?action=getCurrentTime")

        await ask()
        another.configure_cert(context)
        with pytest.raises(CertificateChanged):
            await ask()
        first.configure_cert(context)
        before = camera.ledger.connections
        with pytest.raises(CertificateChanged):
            await ask()
        assert camera.ledger.connections == before


@pytest.mark.parametrize("attack", ["asks on http", "redirects elsewhere"])
def test_a_redirect_hides_no_digest(attack, tmp_path):
    """Digest that worked after a redirect is remembered of both ports; a redirect to a third one changes nothing."""
    context, _another, _authority = _certificates()
    camera = SimulatedCamera(three_clips(), clock=DeviceClock.fixed(NOW), quirks=QUIRKS["https-redirect"])
    how: dict[str, Any] = {"insecure": True, "allow_basic": True}
    with running(camera, ssl_context=context) as server:
        stand = Bench(camera, Address("127.0.0.1", server.port), tmp_path)
        assert stand.export(**how).ok.exit_code == 0
        assert server.secure is not None
        assert digest_memory(stand.address).places
        assert digest_memory(Address("127.0.0.1", server.secure.port, https=True)).places
    quirks = replace(QUIRKS["basic-only"], https_redirect=attack == "redirects elsewhere")
    thief = SimulatedCamera(three_clips(), clock=DeviceClock.fixed(NOW), quirks=quirks)
    tls = context if quirks.https_redirect else None
    with running(thief, port=stand.address.port, ssl_context=tls):
        run = stand.export(file=tmp_path / "again.mp4", **how)
    assert isinstance(run.error, LoginDowngraded)
    assert [one for one in thief.log if one.authorization is not None] == []


def _restarting(
    tmp_path: Path, seconds: float, *, basic: bool = False
) -> tuple[Ran, SimulatedCamera, list[int], list[str]]:
    """Export from a camera that is back after ``seconds`` of waits, with another certificate.

    Return also its requests until then, and both fingerprints.
    """
    context, another, _authority = _certificates()
    prints = [_fingerprint(context)]
    quirks = replace(QUIRKS["basic-only" if basic else "reboot"], reboot_at=12)
    camera = SimulatedCamera(three_clips(), clock=DeviceClock.fixed(NOW), quirks=quirks)
    waits, before = [0.0], list[int]()

    async def sleep(length: float) -> None:
        waits.append(length)
        if sum(waits) >= seconds and not before:
            another.configure_cert(context)
            before.append(len(camera.log))
            camera.finish_reboot()
        await anyio.lowlevel.checkpoint()

    with running(camera, ssl_context=context) as server:
        stand = Bench(camera, Address("127.0.0.1", server.port, https=True), tmp_path)
        run = stand.export(insecure=True, allow_basic=basic, tune=tuning(sleep=sleep, away=Backoff(longest=15)))
    return run, camera, before, [*prints, _fingerprint(context)]


def test_a_certificate_may_change_while_the_camera_restarts(tmp_path):
    """A camera that makes itself a new one at each start is gone on with; the report has both, to be compared."""
    run, _camera, _before, prints = _restarting(tmp_path, 20)
    assert run.ok.exit_code == 0
    assert any(isinstance(event, Retrying) for event in run.events)
    (warning,) = [text for text in run.ok.warnings if "certificate" in text]
    assert [each.upper() in warning.replace(":", "") for each in prints] == [True, True]
    assert warning in json.dumps(report_json(run.ok), ensure_ascii=False)


@pytest.mark.parametrize(("seconds", "basic"), [(1, False), (12, False), (20, True)], ids=["resets", "short", "Basic"])
def test_another_certificate_after_a_short_outage_ends_the_run(seconds, basic, tmp_path):
    """Whoever stands in between can break connections: no camera restarts so fast. Nor is Basic sent to another one."""
    run, camera, before, _prints = _restarting(tmp_path, seconds, basic=basic)
    assert isinstance(run.error, CertificateChanged)
    assert len(camera.log) == before[0]


class _Plain(socketserver.BaseRequestHandler):
    """A port of plain HTTP, whatever it is sent."""

    def handle(self) -> None:
        self.request.recv(4096)
        self.request.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


def test_no_tls_at_all_is_said_so(tmp_path):
    """The port of plain HTTP: the option would not help, and is not named."""
    with socketserver.TCPServer(("127.0.0.1", 0), _Plain) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        stand = Bench(SimulatedCamera(), Address("127.0.0.1", server.server_address[1], https=True), tmp_path)
        for legacy in (False, True):
            run = stand.export(insecure=True, legacy_tls=legacy)
            assert "does not support TLS" in str(run.error)
            assert isinstance(run.error, CameraError)
            assert "legacy" not in f"{run.error.hint}"
        server.shutdown()


def test_old_tls_is_not_spoken_by_half(camreel_):
    """Whoever wants it has to say --insecure, too: nobody takes such a connection for a safe one."""
    said = camreel_(
        ["list", "https://127.0.0.1:1", "-u", "admin", "--last", "1h", "--legacy-tls"], AMCREST_PASSWORD="x"
    )
    assert said.code == 2
    assert "--legacy-tls needs --insecure" in said.err


_PIN = "ab" * 32


def test_a_fingerprint_implies_https(camreel_, exported, tmp_path):
    """So that the pinned certificate is asked for, also of a camera in the settings; with http it is refused."""
    config = tmp_path / "config.toml"
    own = f'host = "127.0.0.1"\nport = 1\nusername = "admin"\npassword = "x"\nfingerprint = "{_PIN}"\n'
    config.write_text(f"[camera.door]\n{own}")
    config.chmod(0o600)
    camreel_(["get", "127.0.0.1:1", "-u", "admin", "--last", "1h", "--fingerprint", _PIN], CAMREEL_CONFIG=str(config))
    camreel_(["get", "door", "--last", "1h"])
    assert [str(request.target.address) for request, _login in exported.asked] == ["https://127.0.0.1:1"] * 2
    assert "https://127.0.0.1:1" in camreel_(["cameras", "list"]).out
    assert (
        "https://host-1:1"
        in camreel_(["doctor", "127.0.0.1:1", "-u", "admin", "--fingerprint", _PIN], AMCREST_PASSWORD="x").out
    )
    for words in (
        ["get", "http://gate", "--last", "1h"],
        ["doctor", "http://gate"],
        ["cameras", "add", "gate", "--host", "http://gate"],
    ):
        said = camreel_([*words, "-u", "admin", "--fingerprint", _PIN])
        assert said.code == 2
        assert "--fingerprint needs https" in said.err


@pytest.mark.anyio
async def test_a_fingerprint_in_a_program():
    """As an argument; and in a target of its own making on http it is an error, and nothing is sent."""
    with pytest.raises(camreel.CameraUnreachable, match=r"https://127\.0\.0\.1:1"):
        async with camreel.connect("127.0.0.1:1", "admin", "x", fingerprint=_PIN, tuning=tuning(), retry_for=0):
            pass
    access = Access(
        Target(Address("127.0.0.1", 1), "admin", fingerprint=_PIN), Credentials("admin", "x"), print, lambda: NOW
    )
    with pytest.raises(UsageError, match="--fingerprint"):
        async with access.http():
            pass


def test_who_accepts_and_says_nothing_is_not_called_dead(tmp_path):
    """A handshake that nobody answers: the sentence is true of that as of a host that is off."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        stand = Bench(SimulatedCamera(), Address("127.0.0.1", server.getsockname()[1], https=True), tmp_path)
        patience = tuning(timeouts=Timeouts(connect=0.2), talking=Backoff(attempts=1))
        run = stand.export(insecure=True, tune=patience)
    assert isinstance(run.error, CameraUnreachable)
    assert "nothing answers there, or it does not support TLS" in str(run.error)
