"""The protocols, asked in turn; and what is known of a camera between its connections."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone

import pytest

from camreel.devices import registry
from camreel.devices.access import Access
from camreel.devices.base import FoundDevice
from camreel.errors import CameraRefused
from camreel.model import Address, Credentials, Target

FOUND = FoundDevice("127.0.0.1", 80, "Model", "porch", "serial")


class Asked:
    """A driver of which only the discovery is used: it finds a device, or has no network."""

    def __init__(self, name: str, *, works: bool) -> None:
        self.name, self.works = name, works

    def discover(self, places: Sequence[str]) -> list[FoundDevice]:
        if not self.works:
            raise OSError("no network")
        return [FOUND]


def test_a_protocol_without_a_network_hides_no_device_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_drivers", [Asked("new", works=False), Asked("old", works=True)])
    assert registry.discover(["127.0.0.1"]) == [FOUND]


def test_without_any_network_the_discovery_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_drivers", [Asked("new", works=False), Asked("old", works=False)])
    with pytest.raises(OSError, match="no network"):
        registry.discover(["127.0.0.1"])


def test_after_a_redirect_the_protocol_is_asked_for_anew() -> None:
    """What redirects to https need not be the device: a proxy does that, too."""
    target, login = Target(Address("cam.example", 80), "admin"), Credentials("admin", "secret")
    warnings: list[str] = []
    access = Access(target, login, warnings.append, lambda: datetime.now(timezone.utc), protocol="dahua")
    refusal = CameraRefused("It is elsewhere.", status=302, location="https://cam.example/")
    assert access.follow(refusal)
    assert access.address.https
    assert access.protocol is None
