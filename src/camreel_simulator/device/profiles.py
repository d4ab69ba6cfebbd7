"""Profiles: six devices, each with its identity and the kind of files that it writes. Data only.

``docs/devices.md`` says where each line was seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal

from camreel_simulator.device.quirks import Quirks

__all__ = ["AMCREST_SD", "PROFILES", "Profile", "Quirks"]

Pairs = tuple[tuple[str, str], ...]
Layout = Literal["sd", "emmc", "nvr"]


def _none() -> Mapping[str, tuple[str, ...]]:
    return MappingProxyType({})


@dataclass(frozen=True)
class Profile:
    """Who the device says it is, and what its files look like."""

    device_type: str
    serial: str
    machine_name: str
    software_version: str
    vendor: str | None
    """None: ``getVendor`` is not known, as on old firmware."""
    system_info: Pairs = ()
    """What ``getSystemInfo`` says besides ``deviceType`` and ``serialNumber``; it can say another ``deviceType``."""
    channels: int = 1
    titles: tuple[str, ...] = ()
    """``ChannelTitle`` by channel; those without one are ``CAM 3``."""
    offline: frozenset[int] = frozenset()
    """Channels (from 1) whose camera is away. They may still have recordings."""
    definitions: Pairs = ()
    """``getProductDefinition`` by name."""
    zone_name: str = ""
    """``NTP.TimeZoneDesc``, which has nothing to do with the zone that is set."""
    storage: tuple[str, ...] = ()
    """``getDeviceAllInfo``; without any it is answered 400, as by a camera without an SD card."""
    camera_states: bool = False
    """``LogicDeviceManager.cgi?action=getCameraState`` is known."""
    root: str = "/mnt/sd"
    """``WorkDir`` of each item, and where the default paths begin."""
    layout: Layout = "sd"
    """How the paths below ``root`` look."""
    kind: str = "mp4"
    """What it records: ``mp4`` or ``dav``."""
    stale_clusters: bool = False
    """Files can begin with frames of what lay on the disk before."""
    audio: Literal["aac", "alaw", "mulaw"] | None = "aac"
    audio_rate: int = 8000
    item_constants: Pairs = ()
    """Keys that say the same in each item."""
    item_without: frozenset[str] = frozenset()
    """Keys that its items do not have."""
    headers: Pairs = ()
    """What each answer carries besides the usual."""
    configs: Mapping[str, tuple[str, ...]] = field(default_factory=_none)
    """``getConfig`` by name: lines without ``table.``; these go before what is made up from the rest."""
    lists_configs: bool = False
    """``Encode`` and ``RecordMode`` are made up for each channel that is not offline."""
    unknown_config: Literal["400", "text", "403"] = "400"
    """A config that does not exist: 400; 200 ``Error: Error -1 getting param in name=X``; 403 with JSON."""
    quirks: Quirks = Quirks()  # noqa: RUF009 - frozen


# What an Amcrest camera of 2020 says of each and every clip, cars or no cars.
_PLACE = (("Cluster", "0"), ("Disk", "0"), ("Partition", "0"))
_COUNTERS = (("Compressed", "false"), ("Overwrites", "0"), ("Redundant", "false"), ("Repeat", "0"))
_CARS = (
    ("Summary.TrafficCar.PlateColor", "Yellow"),
    ("Summary.TrafficCar.PlateNumber", ""),
    ("Summary.TrafficCar.PlateType", "Yellow"),
    ("Summary.TrafficCar.Speed", "60"),
    ("Summary.TrafficCar.VehicleColor", "White"),
    ("SummaryOffset", "0"),
)
_CARD = (
    "list.info[0].Detail[0].IsError=false",
    "list.info[0].Detail[0].Path=/mnt/sd",
    "list.info[0].Detail[0].TotalBytes=63864569856.000000",
    "list.info[0].Detail[0].UsedBytes=60129542144.000000",
    "list.info[0].Name=/dev/mmc0",
    "list.info[0].State=Success",
)
_DISK = (
    "list.info[0].Detail[0].IsError=false",
    "list.info[0].Detail[0].Path=/dev/sda0",
    "list.info[0].Detail[0].TotalBytes=4000787030016.000000",
    "list.info[0].Detail[0].UsedBytes=4000787030016.000000",
    "list.info[0].HealthDataFlag=0",
    "list.info[0].Name=/dev/sda",
    "list.info[0].State=Success",
)
# As an NVR5xxx-4KS2 of 2021 sends them: the cookie has no name.
_BROWSER_HEADERS = (
    ("X-XSS-Protection", "1;mode=block"),
    ("X-Frame-Options", "SAMEORIGIN"),
    ("Strict-Transport-Security", "max-age=604800; includeSubDomains"),
    ("Set-Cookie", "secure; HttpOnly"),
)
_NO_CARS = frozenset(("Duration", "WorkDir"))

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
    zone_name="Beijing, Chongqing, Hong Kong, Urumqi",
    storage=_CARD,
    definitions=(("MaxExtraStream", "2"),),
    lists_configs=True,
    item_constants=(*_PLACE, *_COUNTERS, *_CARS, ("WorkDirSN", "0")),
)
"""An Amcrest camera with an SD card: one channel, mp4 under ``/mnt/sd``, exact lengths."""

_AMCREST_AI = Profile(
    device_type="IP8M-2779EW-AI",
    serial="AMC0001SIMULATED",
    machine_name="DRIVEWAY",
    software_version="3.142.00AC000.0.R,build:2024-03-18",
    vendor="Amcrest",
    system_info=(("hardwareVersion", "1.00"), ("processor", "SSC338Q"), ("updateSerial", "IP8M")),
    storage=_CARD,
    definitions=(("MaxExtraStream", "2"),),
    lists_configs=True,
    audio_rate=64000,
    item_constants=(*_PLACE, *_COUNTERS, ("WorkDirSN", "0")),
    headers=_BROWSER_HEADERS[:3],
    quirks=Quirks(long_challenge=True, unknown_is_501=True, connection_close=True, send_utc_offset=True),
)

_DAHUA_EMMC = Profile(
    device_type="IPC-HDW5831R-ZE",
    serial="4X0000SIMULATED",
    machine_name="IPC",
    software_version="2.840.0000000.28.R,build:2023-10-18",
    vendor="Dahua",
    system_info=(("hardwareVersion", "1.00"), ("processor", "S3LM"), ("updateSerial", "IPC-HDW5830R-Z")),
    definitions=(("MaxExtraStream", "2"), ("VideoInputChannels", "1")),
    lists_configs=True,
    root="/mnt/dvr/mmc1p2_0",
    layout="emmc",
    kind="dav",
    audio_rate=16000,
    item_constants=(*_PLACE, ("PicIndex", "0"), ("Repeat", "0"), ("WorkDirSN", "0")),
    quirks=Quirks(send_utc_offset=True, one_based_items=True, connection_close=True),
)

_NVR = Profile(
    device_type="DHI-NVR5216-16P",
    serial="ND00000SIMULATED",
    machine_name="NVR",
    software_version="4.001.0000000.3.R,build:2021-09-10",
    vendor="Dahua",
    # getSystemInfo has a number where other devices have the model.
    system_info=(("deviceType", "31"), ("processor", "ST7108"), ("updateSerial", "DH-NVR5216-16P")),
    channels=16,
    titles=("Front door", "Garage = left", "Yard", "Till 1"),
    offline=frozenset((4, *range(6, 16))),
    definitions=(("MaxRemoteInputChannels", "16"), ("VideoInputChannels", "0"), ("MaxExtraStream", "1")),
    zone_name="Easterntime",
    storage=_DISK,
    camera_states=True,
    root="/mnt/dvr",
    layout="nvr",
    kind="dav",
    stale_clusters=True,
    audio="alaw",
    item_constants=(("Disk", "8"), ("Flags[1]", "UnMarked"), ("Partition", "0")),
    item_without=_NO_CARS,
    headers=_BROWSER_HEADERS,
    lists_configs=True,
    unknown_config="403",
    quirks=Quirks(
        connection_close=True,
        strict_uri=False,
        encoded_brackets=True,
        allocated_length=True,
        by_time_junk=True,
        by_time_one_file=True,
        ranges=False,
        head=False,
    ),
)

_OLD = Profile(
    device_type="IPC-HFW4300S-V2",
    serial="OLD0000SIMULATED",
    machine_name="IPC",
    software_version="2.420.0000.0.R,build:2014-10-31",
    vendor=None,
    system_info=(("hardwareVersion", "1.00"), ("processor", "A5S")),
    storage=_CARD,
    kind="dav",
    audio="mulaw",
    item_constants=(*_PLACE, *_COUNTERS, ("WorkDirSN", "0")),
    quirks=Quirks(
        basic_only=True,
        connection_close=True,
        empty_is_ok=True,
        lists_stream=False,
        channel_zero=True,
        ranges=False,
        head=False,
    ),
)

_INTELBRAS = Profile(
    device_type="MHDX 3008",
    serial="MHD0000SIMULATED",
    machine_name="MHDX",
    software_version="4.000.00IB002.1.R,build:2022-05-12",
    vendor="IntelBras",
    system_info=(("hardwareVersion", "1.00"), ("processor", "HI3521"), ("updateSerial", "MHDX 3008")),
    channels=8,
    titles=("Portaria", "Garagem"),
    definitions=(("MaxRemoteInputChannels", "4"), ("VideoInputChannels", "8")),
    storage=_DISK,
    root="/mnt/dvr",
    layout="nvr",
    kind="dav",
    audio="alaw",
    item_constants=(("Disk", "0"), ("Partition", "0")),
    item_without=_NO_CARS,
    lists_configs=True,
    unknown_config="text",
    quirks=Quirks(
        connection_close=True,
        strict_uri=False,
        encoded_brackets=True,
        allocated_length=True,
        empty_files="promised",
        ranges=False,
        head=False,
    ),
)

PROFILES: Mapping[str, Profile] = MappingProxyType(
    {
        # AMCREST_SD itself names the stream, which tests of both streams need; firmware of 2020 does not.
        "amcrest-sd": replace(AMCREST_SD, quirks=Quirks(lists_stream=False, channel_zero=True)),
        "amcrest-ai": _AMCREST_AI,
        "dahua-emmc": _DAHUA_EMMC,
        "nvr": _NVR,
        "old": _OLD,
        "intelbras": _INTELBRAS,
    }
)
"""The devices by name."""
