"""What people type for a camera."""

from __future__ import annotations

import pytest

from camreel.devices.address import parse_address, place_of
from camreel.errors import UsageError
from camreel.model import Address


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("192.168.1.100", Address("192.168.1.100", 80)),
        (" kitchen.home.net ", Address("kitchen.home.net", 80)),
        ("kitchen:8080", Address("kitchen", 8080)),
        ("fe80::1", Address("fe80::1", 80)),
        ("fe80::1%eth0", Address("fe80::1%eth0", 80)),
        ("[fe80::1]", Address("fe80::1", 80)),
        ("[fe80::1]:8080", Address("fe80::1", 8080)),
        ("http://kitchen", Address("kitchen", 80)),
        ("HTTP://kitchen:81/", Address("kitchen", 81)),
        ("https://kitchen", Address("kitchen", 443, https=True)),
        ("https://[::1]:8443/", Address("::1", 8443, https=True)),
        ("my_camera.local", Address("my_camera.local", 80)),
        ("küche.example", Address("xn--kche-0ra.example", 80)),
    ],
)
def test_a_host_can_be_written_in_many_ways(text: str, expected: Address) -> None:
    """Name, address, with a port, in brackets, as a URL."""
    assert parse_address(text) == expected


def test_port_and_https_fill_in_what_the_host_does_not_say() -> None:
    """--port and --https as people mean them; the port from the environment gives way to all others."""
    assert parse_address("kitchen", https=True) == Address("kitchen", 443, https=True)
    assert parse_address("kitchen", port=8080, usual_port=81) == Address("kitchen", 8080)
    assert parse_address("kitchen", usual_port=81) == Address("kitchen", 81)
    assert parse_address("kitchen:82", usual_port=81) == Address("kitchen", 82)
    assert parse_address("kitchen:82", port=82) == Address("kitchen", 82)
    assert parse_address("https://kitchen", port=8443, https=True) == Address("kitchen", 8443, https=True)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("kit chen", "a space or a control character"),
        ("kit\tchen", "a space or a control character"),
        ("kit\x1b[2Jchen", "a space or a control character"),
        ("kitchen\r\nX-Evil: 1", "a space or a control character"),
        ("rtsp://kitchen", "must be a host or a URL of http"),
        ("kitchen/cgi-bin", "has a path"),
        ("http://kitchen/doc/index.html", "has a path"),
        ("kitchen:", "not a port"),
        ("kitchen:0", "not a port"),
        ("kitchen:65536", "not a port"),
        ("kitchen:http", "not a port"),
        ("1:2:3", "not an IPv6 address"),
        ("[kitchen]", "not an IPv6 address in brackets"),
        ("[::1", "not an IPv6 address in brackets"),
        ("[::1]8080", "not an IPv6 address in brackets"),
        ("http://", "not a host name"),
        ("-kitchen", "not a host name"),
        ("kitchen..net", "not a host name"),
        ("127.1", "'127.1' is not an IPv4 address"),
        ("0x7f.0.0.1:80", "not an IPv4 address"),
        ("2130706433", "not an IPv4 address"),
        ("192.168.001.005", "not an IPv4 address"),
        ("192.168.1.5.", "not an IPv4 address"),
        ("192.168.1.256", "not an IPv4 address"),
        ("kit\\chen", "not a host name"),
        ("\U0001f4f7" * 80, "not a host name"),
    ],
)
def test_what_is_no_host_is_a_usage_error(text: str, said: str) -> None:
    """Refused before a socket is opened, with one sentence that says why and a hint how to write it."""
    with pytest.raises(UsageError, match=said) as caught:
        parse_address(text)
    assert caught.value.hint


@pytest.mark.parametrize(
    "text",
    [
        "http://admin:s3cret@kitchen",
        "admin:s3cret@kitchen",
        "kitchen?password=s3cret",
        "http://kitchen/#s3cret",
        "admin:s3cret",
    ],
)
def test_a_password_in_the_host_is_refused_and_not_repeated(text: str) -> None:
    """Neither the message nor the hint shows it."""
    with pytest.raises(UsageError) as caught:
        parse_address(text)
    assert "s3cret" not in f"{caught.value} {caught.value.hint}"


def test_a_fingerprint_implies_https() -> None:
    """On http nobody would look at it, and nobody would know."""
    pin = "ab" * 32
    assert parse_address("kitchen", fingerprint=pin) == Address("kitchen", 443, https=True)
    assert parse_address("https://kitchen:8443", fingerprint=pin) == Address("kitchen", 8443, https=True)
    assert parse_address("kitchen", usual_port=8080, fingerprint=pin) == Address("kitchen", 8080, https=True)
    with pytest.raises(UsageError, match="--fingerprint needs https"):
        parse_address("http://kitchen", fingerprint=pin)


def test_contradictions_are_usage_errors() -> None:
    """http:// with --https, and two ports."""
    with pytest.raises(UsageError, match="--https"):
        parse_address("http://kitchen", https=True)
    with pytest.raises(UsageError, match="another port than --port 82"):
        parse_address("kitchen:81", port=82)


@pytest.mark.parametrize(
    ("host", "others"),
    [
        ("cam.example", ["Cam.Example", "CAM.EXAMPLE."]),
        (
            "192.168.1.5",
            ["192.168.1.5.", "192.168.261", "0xc0a80105", "3232235781", "0300.0250.1.5", "::ffff:192.168.1.5"],
        ),
        ("127.0.0.1", ["127.1", "0x7f.1", "::FFFF:7f00:1"]),
        ("fe80::1%eth0", ["FE80:0:0:0::1%eth0"]),
        ("2001:db8::5", ["2001:DB8:0:0:0:0:0:5", "2001:0db8::0005"]),
    ],
)
def test_spellings_of_one_host_are_one_place(host: str, others: list[str]) -> None:
    for other in others:
        assert place_of(Address(other, 80)) == place_of(Address(host, 80, https=True)) == (host, 80)


@pytest.mark.parametrize(
    "host", ["cam", "cam.example.org", "5.cam", "cam5", "256.1.1.1", "1.2.3.4.5", "0x", "fe80::1", ""]
)
def test_other_hosts_are_other_places(host: str) -> None:
    """Whatever it is, it raises nothing, and is no address that nobody meant."""
    assert place_of(Address(host, 80)) == (host, 80)
