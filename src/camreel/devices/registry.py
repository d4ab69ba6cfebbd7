"""The protocols that camreel speaks, and the device behind an address."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from camreel.devices.access import Access
from camreel.devices.base import Device, Driver, FoundDevice
from camreel.devices.dahua.driver import DahuaDriver

# Asked in this order whether they recognize a device. Dahua's takes every device that no other one recognizes.
_drivers: list[Driver] = [DahuaDriver()]


def register(driver: Driver) -> None:
    """Add a protocol, to be asked before those that are there. ValueError if its name is taken."""
    if any(other.name == driver.name for other in _drivers):
        raise ValueError(f"there is a driver called {driver.name} already")
    _drivers.insert(0, driver)


def driver_named(name: str) -> Driver:
    """Return the driver called ``name``. KeyError if there is none."""
    for driver in _drivers:
        if driver.name == name:
            return driver
    raise KeyError(name)


async def driver_for(access: Access) -> Driver:
    """Return the driver that speaks the device's protocol, and note its name in ``access``."""
    if access.protocol is None:
        for driver in _drivers:
            if await driver.recognizes(access):
                access.protocol = driver.name
                return driver
        raise LookupError("no driver takes the device")
    return driver_named(access.protocol)


@asynccontextmanager
async def open_device(access: Access, channel: int | None = None) -> AsyncIterator[Device]:
    """Connect to the device behind ``access`` in its own protocol, and hang up at the end.

    ``channel`` is the one whose recordings are opened by time and looked up.
    """
    driver = await driver_for(access)
    async with driver.open(access, channel) as device:
        yield device


def discover(places: Sequence[str] = ()) -> list[FoundDevice]:
    """Ask ``places`` (none: the local network) for devices, in each protocol. Blocking.

    Raise UsageError for what is no address, OSError if no protocol could ask.
    """
    found: list[FoundDevice] = []
    failures: list[OSError] = []
    for driver in _drivers:
        try:
            found += driver.discover(places)
        except OSError as error:
            failures.append(error)
    if len(failures) == len(_drivers):
        raise failures[0]
    return found
