"""Which device is simulated: who it says it is (:class:`Profile`) and how it behaves (:class:`Quirks`). Data only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal


@dataclass(frozen=True)
class Quirks:
    """Switches, one per way in which firmware differs. The defaults are an Amcrest SD-card camera on a good day."""

    # Connections
    connection_close: bool = False
    """Close after each answer, the 401 included, as many devices do: each call is then a new connection."""
    connection_limit: int | None = None
    """More connections at a time are reset (real limits are 10 to 20)."""

    # Login
    algorithm: Literal["MD5", "SHA-256"] = "MD5"
    """MD5 is not named in the challenge, as on real devices; SHA-256 is."""
    basic_only: bool = False
    """Firmware of 2014 (2.420): only ``Basic realm="Device_CGI"`` is offered, and only that is accepted."""
    basic_too: bool = False
    """Basic is offered first, then Digest, in two headers; both are accepted."""
    nonce_bound_to_connection: bool = False
    """A nonce used on another connection counts as a rejected login, without ``stale``."""
    nonce_single_use: bool = False
    """A second use of a nonce is answered 401 with a fresh one and ``stale=TRUE``; it is no rejected login."""
    stale_once: bool = False
    """The first right answer is refused with ``stale=TRUE`` and a fresh nonce."""
    says_stale: bool = True
    """Off: a nonce that has gone stale is refused without saying so."""
    unquoted_only: bool = False
    """Refuse ``qop="auth"``, ``nc="00000001"`` and a quoted algorithm (IP5M-1190EW and others)."""
    strict_uri: bool = True
    """The ``uri`` of an answer must be the target byte for byte. Off, as on many devices: but for percent escapes."""
    lock_after: int | None = None
    """So many rejected logins in a row lock the account: 403 with ``RmLock`` for every request from then on."""
    lock_seconds: int = 1800
    """What ``RmLock`` says."""

    # Search
    page_cap: int = 100
    """The most items on one page, whatever ``count`` asks for."""
    channel_zero: bool = False
    """Take ``condition.Channel=0`` for channel 1, as Amcrest SD cameras of 2020 and the NVR4108 (3.215) do."""
    filters_stream: bool = False
    """Honour ``condition.VideoStream``; some firmware ignores it."""
    lists_stream: bool = True
    """Name ``VideoStream`` in each item; Amcrest SD cameras of 2020 do not."""
    send_utc_offset: bool = False
    """Name ``UTCOffset`` (seconds) in each item, as newer camera firmware does."""
    encoded_brackets: bool = False
    """Accept ``%5B0%5D`` in a query; else it is answered 400."""
    plus_is_space: bool = False
    """Accept ``+`` for a space in a query; else it is answered 400."""
    finder_limit: int | None = None
    """So many finders at most that are not destroyed; ``factory.create`` then answers 503."""
    index_lag: float | None = None
    """Recordings are listed only this many seconds after their end, by the camera's clock. None: always."""

    # Download
    ranges: bool = True
    """Answer ``Range`` with 206; else ignore it and send the whole file."""
    head: bool = True
    """Answer HEAD; else 400."""


def _no_configs() -> Mapping[str, tuple[str, ...]]:
    return MappingProxyType({})


@dataclass(frozen=True)
class Profile:
    """Who the device says it is, and what its files look like."""

    device_type: str
    serial: str
    machine_name: str
    software_version: str
    vendor: str
    system_info: tuple[tuple[str, str], ...] = ()
    """What ``getSystemInfo`` says besides ``deviceType`` and ``serialNumber``."""
    channels: int = 1
    root: str = "/mnt/sd"
    """``WorkDir`` of each item, and where the default paths begin."""
    item_constants: tuple[tuple[str, str], ...] = ()
    """Keys that say the same in each item."""
    configs: Mapping[str, tuple[str, ...]] = field(default_factory=_no_configs)
    """``getConfig`` by name: lines without ``table.``; these go before what is made up from the rest."""
    quirks: Quirks = Quirks()


AMCREST_SD = Profile(
    device_type="IP5M-T1277EB-AI",
    serial="AMC0000SIMULATED",
    machine_name="SIMULATED",
    software_version="2.800.00AC000.0.R,build:2020-06-05",
    vendor="Amcrest",
    system_info=(
        ("appAutoStart", "true"),
        ("hardwareVersion", "1.00"),
        ("processor", "S3LM"),
        ("updateSerial", "IP5M"),
    ),
    # What a camera of 2020 says of each and every clip, cars or no cars.
    item_constants=(
        ("Cluster", "0"),
        ("Compressed", "false"),
        ("Disk", "0"),
        ("Overwrites", "0"),
        ("Partition", "0"),
        ("Redundant", "false"),
        ("Repeat", "0"),
        ("Summary.TrafficCar.PlateColor", "Yellow"),
        ("Summary.TrafficCar.PlateNumber", ""),
        ("Summary.TrafficCar.PlateType", "Yellow"),
        ("Summary.TrafficCar.Speed", "60"),
        ("Summary.TrafficCar.VehicleColor", "White"),
        ("SummaryOffset", "0"),
        ("WorkDirSN", "0"),
    ),
)
"""An Amcrest camera with an SD card: one channel, mp4 under ``/mnt/sd``, exact lengths."""
