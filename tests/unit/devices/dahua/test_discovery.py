"""Dahua's discovery on the wire: the question byte for byte, and answers of all kinds."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camreel.devices.base import FoundDevice
from camreel.devices.dahua.discovery import answer, question


def framed(body: bytes) -> bytes:
    return (
        b"\x20\0\0\0DHIP"
        + bytes(8)
        + len(body).to_bytes(4, "little")
        + bytes(4)
        + len(body).to_bytes(4, "little")
        + bytes(4)
        + body
    )


def told(**device: object) -> bytes:
    return framed(json.dumps({"mac": "x", "method": "client.notifyDevInfo", "params": {"deviceInfo": device}}).encode())


def test_the_question_has_the_header_that_devices_want() -> None:
    """With its letters turned around only a doorbell answered, without it nobody."""
    asked = question()
    assert asked == framed(asked[32:])
    assert json.loads(asked[32:]) == {"method": "DHDiscover.search", "params": {"mac": "", "uni": 1}}
    assert len(asked[32:]) == 73  # as the vendor's own tool sends it


def test_an_answer() -> None:
    """The address is the sender's, whatever the device says of itself."""
    data = told(
        DeviceType="IPC-HDW", HttpPort=8080, IPv4Address={"IPAddress": "6.6.6.6"}, MachineName="Door", SerialNo="A1"
    )
    assert answer(data + b"\n\0", "192.168.1.9") == FoundDevice("192.168.1.9", 8080, "IPC-HDW", "Door", "A1")


@pytest.mark.parametrize("port", [None, 0, 70000, "80", True, 1.5])
def test_a_port_that_is_none(port: object) -> None:
    """Then it is the usual one."""
    device = answer(told(DeviceType="X", HttpPort=port), "h")
    assert device is not None
    assert device.port == 80


def test_texts_cannot_steer_the_terminal() -> None:
    """Nor fill it."""
    device = answer(told(DeviceType="\x1b[2J" * 100, MachineName=["x"]), "h")
    assert device is not None
    assert "\x1b" not in device.model
    assert len(device.model) <= 41
    assert device.name == ""


@pytest.mark.parametrize(
    "data",
    [b"", b"DHIP", question(), framed(b"{}"), framed(b"[]"), framed(b"[" * 5000), framed(b"\xff"), told()[:60]],
)
def test_what_is_no_answer(data: bytes) -> None:
    """Our own question comes back, too, as a broadcast does."""
    assert answer(data, "h") is None


@given(st.binary(max_size=300), st.booleans())
def test_whatever_comes(data: bytes, header: bool) -> None:
    """Nothing raises."""
    answer(framed(data) if header else data, "h")
