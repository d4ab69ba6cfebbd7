"""What went wrong on the wire, in words."""

from __future__ import annotations

import asyncio
import errno
import json
import socket
import ssl
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest

from camreel.devices.http_errors import from_client_error, from_status, login_problem
from camreel.errors import (
    AccountLocked,
    CameraBusy,
    CameraError,
    CameraRefused,
    CameraUnreachable,
    CertificateChanged,
    NotACamera,
)
from camreel.model import Address

HERE = Address("cam.example", 80)
KEY: Any = SimpleNamespace(host="cam.example", port=80, ssl=True, is_ssl=False)
REQUEST: Any = SimpleNamespace(real_url="http://cam.example/", headers={"Authorization": "Digest response=SECRET"})


def subclasses(cls: type[Exception]) -> Iterator[type[Exception]]:
    for sub in cls.__subclasses__():
        yield sub
        yield from subclasses(sub)


def build(cls: Any) -> Any:
    """An instance as aiohttp would raise it."""
    refused = OSError(errno.ECONNREFUSED, "Connection refused")
    if issubclass(cls, aiohttp.ClientConnectorCertificateError):
        return cls(KEY, ssl.SSLCertVerificationError("self-signed"))
    if cls.__name__ == "UnixClientConnectorError":  # not exported
        return cls("/run/x", KEY, refused)
    if issubclass(cls, aiohttp.ClientConnectorError):
        return cls(KEY, refused)
    if issubclass(cls, aiohttp.ClientResponseError):
        return cls(REQUEST, (), status=400, message="SECRET")
    if issubclass(cls, aiohttp.InvalidURL):
        return cls("http://cam.example/SECRET")
    if issubclass(cls, aiohttp.ServerFingerprintMismatch):
        return cls(b"a", b"b", "cam.example", 80)
    return cls()


ALL = sorted({cls for cls in subclasses(aiohttp.ClientError) if cls.__module__.startswith("aiohttp")}, key=str)


@pytest.mark.parametrize("cls", [aiohttp.ClientError, *ALL], ids=lambda cls: cls.__name__)
def test_every_exception_of_aiohttp_has_words(cls):
    """Whatever aiohttp raises, now or in its next version, a person gets one clean sentence with the address."""
    found = from_client_error(HERE, build(cls))
    assert isinstance(found, CertificateChanged if cls is aiohttp.ServerFingerprintMismatch else CameraError)
    assert str(found).isprintable()
    assert str(found).endswith(".")
    assert "cam.example" in str(found)
    assert "SECRET" not in f"{found} {found.hint}"


def raised_from(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


NO_NAME = socket.gaierror(socket.EAI_NONAME, "Name or service not known")


@pytest.mark.parametrize(
    ("error", "cls", "words"),
    [
        (aiohttp.ClientConnectorDNSError(KEY, NO_NAME), CameraError, "no host called 'cam.example'"),
        (raised_from(aiohttp.ClientConnectionError(), NO_NAME), CameraError, "no host called"),
        (aiohttp.ClientConnectorError(KEY, OSError(errno.ECONNREFUSED, "Connection refused")), CameraUnreachable,
         "Nothing answers at http://cam.example: connection refused."),
        (aiohttp.ClientConnectorError(KEY, OSError(errno.EHOSTUNREACH, "No route to host")), CameraUnreachable,
         "no route to host"),
        (aiohttp.ConnectionTimeoutError("x"), CameraUnreachable, "the connection timed out"),
        (aiohttp.ClientConnectorSSLError(KEY, OSError(1, "x")), CameraError, "does not support TLS"),
        (aiohttp.InvalidURL("http://127.1/", "is not a canonical IPv4 address"), CameraError,
         "There is no host called 'cam.example'."),
        (aiohttp.ClientConnectorCertificateError(KEY, ssl.SSLCertVerificationError("x")), CameraError, "certificate"),
        (aiohttp.ClientResponseError(REQUEST, (), status=400), NotACamera, "not HTTP"),
        (aiohttp.ClientPayloadError("x"), CameraUnreachable, "in the middle of an answer"),
        (aiohttp.SocketTimeoutError("x"), CameraUnreachable, "did not answer in time"),
        (TimeoutError(), CameraUnreachable, "did not answer in time"),
        (aiohttp.ServerDisconnectedError(), CameraUnreachable, "closed before the answer was whole"),
        (ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"), CameraUnreachable, "reset by peer"),
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), CameraUnreachable, "broken pipe"),
        (OSError(), CameraUnreachable, "broke: oSError."),
        (OSError("odd\x1b[2J\nthing"), CameraUnreachable, "broke: odd"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)  # fmt: skip
def test_errors_that_people_meet(error, cls, words):
    """Each says what happened in words, and is of the kind that decides whether it is tried again."""
    found = from_client_error(HERE, error)
    assert type(found) is cls
    assert words in str(found)
    assert str(found).isprintable()


def test_half_an_answer_is_not_quoted():
    """aiohttp hangs all that was received on this exception, headers too: none of it is shown."""
    message: Any = "<RawResponseMessage(headers=<CIMultiDictProxy('Set-Cookie': 'SECRET')>)>"
    assert "SECRET" not in str(from_client_error(HERE, aiohttp.ServerDisconnectedError(message)))


def test_a_garbled_answer_of_a_known_camera_is_worth_another_try():
    """What has answered like a camera before is one: a parse error is then a bad line, not a wrong address."""
    found = from_client_error(HERE, aiohttp.ClientResponseError(REQUEST, (), status=400), known=True)
    assert type(found) is CameraUnreachable
    assert "not HTTP" in str(found)


def lock(**answer: object) -> AccountLocked | None:
    found = login_problem(HERE, 403, json.dumps(answer).encode(), proven=True)
    assert found is None or isinstance(found, AccountLocked)
    return found


def test_a_locked_account_says_for_how_long():
    """The device's own count of seconds, in words and as a number, and what to do."""
    found = lock(ErrorCode=268632081, Result=False, RmLock=1234, RmLogin=0)
    assert found is not None
    assert found.seconds == 1234
    assert "20 min 34 s" in str(found)
    assert found.exit_code == 5
    assert found.hint


@pytest.mark.parametrize("left", [0, None, -1, "soon", 1e9, 10**12, [1]])
def test_a_lock_without_a_time_one_can_believe(left):
    """The lock counts, the nonsense beside it does not."""
    found = lock(ErrorCode=268632081, RmLock=left)
    assert found is not None
    assert not found.seconds
    assert "half an hour is usual" in str(found)


@pytest.mark.parametrize(
    ("status", "body"),
    [(403, b""), (403, b"not json"), (403, b"[1]"), (403, b'"RmLock"'), (403, b'{"error":{"code":403}}'),
     (403, b"[" * 100_000), (403, b"\xff\xfe"), (500, b'{"RmLock": 5}'), (401, b'{"RmLock": 5}')],
    ids=["empty", "text", "list", "string", "no right", "deep", "bytes", "500", "401"],
)  # fmt: skip
def test_other_answers_are_no_lock(status, body):
    """Only a 403 that says so; a hostile body raises nothing."""
    assert login_problem(HERE, status, body, proven=True) is None


@pytest.mark.parametrize(
    ("status", "cls", "words"),
    [
        (500, CameraBusy, "overloaded or restarting (500)"),
        (502, CameraBusy, "(502)"),
        (503, CameraBusy, "(503)"),
        (501, CameraRefused, "answered 501"),
        (403, CameraRefused, "refuses this to the user"),
        (404, CameraRefused, "answered 404"),
        (400, CameraRefused, "answered 400"),
        (206, CameraRefused, "sent a part, though all of it was asked for (206)"),
        (301, CameraRefused, "sends us elsewhere (nowhere)"),
    ],
)
def test_statuses(status, cls, words):
    """Overload is worth another try; a no is not, and keeps its status."""
    found = from_status(HERE, status, b"")
    assert type(found) is cls
    assert words in str(found)
    if isinstance(found, CameraRefused):
        assert found.status == status


def test_the_rights_that_are_missing_are_named():
    """A 403 without a lock is about the account's rights."""
    assert "Playback" in str(from_status(HERE, 403, b"").hint)


def test_the_cameras_words_are_shown_short_and_clean():
    """One line, printable, cut; also where they are not text at all."""
    found = from_status(HERE, 400, b"Error\r\nBad \x1b[2JRequest!\r\n" + b"\xff" * 5000)
    assert "Error Bad" in str(found)
    assert str(found).isprintable()
    assert len(str(found)) < 200


@pytest.mark.parametrize(
    "location",
    ["http://evil.example/" + "a" * 10_000, "http://x/\x1b[2J\r\nClip forged", "\u202egro.elpmaxe//:ptth", ""],
    ids=["long", "control", "bidi", "empty"],
)
def test_a_hostile_location_is_only_shown(location):
    """A redirect is named, not followed, and what it names cannot steer the terminal."""
    found = from_status(HERE, 302, b"", location=location)
    assert isinstance(found, CameraRefused)
    assert not found.worth_retrying
    assert str(found).isprintable()
    assert len(str(found)) < 250


@pytest.mark.parametrize(("port", "said"), [(37777, "Dahua's own protocol"), (554, "RTSP"), (8080, None)])
def test_a_port_of_another_protocol_is_named(port: int, said: str | None) -> None:
    """With the one to use; not if a camera has answered there before."""
    address = Address("192.168.1.100", port)
    for error in (asyncio.TimeoutError(), aiohttp.ServerDisconnectedError()):
        hint = str(from_client_error(address, error).hint)
        assert (said is not None and said in hint and "80 (https: 443)" in hint) == (said is not None)
        assert "80 (https" not in str(from_client_error(address, error, known=True).hint)


def test_https_where_nobody_speaks_it_hints_at_http() -> None:
    """As on the http port of a camera."""
    error = aiohttp.ConnectionTimeoutError()
    assert "leave out --https" in str(from_client_error(Address("192.168.1.100", 80, https=True), error).hint)
    assert "leave out" not in str(from_client_error(Address("192.168.1.100", 80), error).hint)
