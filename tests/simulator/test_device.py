"""Who the camera says it is, what time it says it is, and what it makes of everything else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone, tzinfo

import pytest

from camreel_simulator import AMCREST_SD, DeviceClock, Quirks, Recorded, SimulatedCamera

from .conftest import NOON, Client

Serve = Callable[..., Client]


class Eastern(tzinfo):
    """UTC-5, in summer (June, July, August) UTC-4."""

    def utcoffset(self, moment: datetime | None) -> timedelta:
        return timedelta(hours=-5) + self.dst(moment)

    def dst(self, moment: datetime | None) -> timedelta:
        return timedelta(hours=int(moment is not None and moment.month in (6, 7, 8)))

    def tzname(self, moment: datetime | None) -> str:
        return "Eastern"


@pytest.mark.parametrize(
    ("action", "answer"),
    [
        ("getDeviceType", "type=IP5M-T1277EB-AI\r\n"),
        ("getSerialNo", "sn=AMC0000SIMULATED\r\n"),
        ("getMachineName", "name=SIMULATED\r\n"),
        ("getSoftwareVersion", "version=2.800.00AC000.0.R,build:2020-06-05\r\n"),
        ("getVendor", "vendor=Amcrest\r\n"),
        (
            "getSystemInfo",
            (
                "appAutoStart=true\r\ndeviceType=IP5M-T1277EB-AI\r\nhardwareVersion=1.00\r\nprocessor=S3LM\r\n"
                "serialNumber=AMC0000SIMULATED\r\nupdateSerial=IP5M\r\n"
            ),
        ),
    ],
)
def test_identity(serve: Serve, action: str, answer: str):
    """magicBox.cgi answers from the profile, as text with CR LF."""
    reply = serve(SimulatedCamera()).get(f"/cgi-bin/magicBox.cgi?action={action}")
    assert (reply.status, reply.headers["content-type"], reply.text) == (200, "text/plain;charset=utf-8", answer)


def test_another_identity_is_data(serve: Serve):
    """A profile is a value; the serial is also in the realm of the challenge."""
    profile = replace(AMCREST_SD, serial="ND021811019863", machine_name="Gate = 1")
    client = serve(SimulatedCamera(profile=profile))
    assert client.get("/cgi-bin/magicBox.cgi?action=getMachineName").text == "name=Gate = 1\r\n"
    assert client.get("/cgi-bin/magicBox.cgi?action=getSerialNo").text == "sn=ND021811019863\r\n"


@pytest.mark.parametrize(
    ("clock", "shown", "index"),
    [
        (DeviceClock.fixed(NOON), "2026-01-16 12:00:00", 0),
        (DeviceClock.fixed(NOON.replace(tzinfo=timezone.utc), Eastern()), "2026-01-16 07:00:00", 25),
        (DeviceClock.fixed(NOON.replace(tzinfo=timezone.utc, month=7), Eastern()), "2026-07-16 08:00:00", 25),
        (DeviceClock.fixed(NOON, drift=-7198), "2026-01-16 10:00:02", 0),
        (DeviceClock.fixed(NOON).behind(0.5), "2026-01-16 11:59:59", 0),
        (DeviceClock.fixed(NOON, timezone(timedelta(hours=8))), "2026-01-16 12:00:00", 13),
    ],
    ids=["utc", "winter", "summer", "drift", "behind", "east"],
)
def test_its_own_clock_and_zone(serve: Serve, clock: DeviceClock, shown: str, index: int):
    """getCurrentTime is the local wall clock, drift included; NTP.TimeZone is the index of the standard offset."""
    client = serve(SimulatedCamera(clock=clock))
    assert client.get("/cgi-bin/global.cgi?action=getCurrentTime").text == f"result={shown}\r\n"
    ntp = client.get("/cgi-bin/configManager.cgi?action=getConfig&name=NTP").text
    assert f"\r\ntable.NTP.TimeZone={index}\r\n" in ntp


def test_by_default_the_clock_runs():
    """Without a clock of its own the camera shows UTC, and the offset of a zone can be given in hours."""
    behind = datetime.now(timezone.utc).replace(tzinfo=None) - SimulatedCamera().clock.now()
    assert abs(behind) < timedelta(seconds=5)
    assert DeviceClock.hours_east(-5).zone_index == 25
    assert DeviceClock.hours_east(5.75).zone_index == 9


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("General", "table.General.MachineName=SIMULATED"),
        ("General", "table.General.LockLoginTimes=3"),
        ("Locales", "table.Locales.DSTEnable=false"),
        ("ChannelTitle", "table.ChannelTitle[0].Name=CAM 1"),
    ],
)
def test_configs(serve: Serve, name: str, line: str):
    """getConfig answers what follows from the rest."""
    client = serve(SimulatedCamera(quirks=Quirks(lock_after=3)))
    assert line in client.get(f"/cgi-bin/configManager.cgi?action=getConfig&name={name}").text.split("\r\n")


def test_configs_can_be_given(serve: Serve):
    """A profile can say more, or something else."""
    configs = {"Locales": ("Locales.DSTEnable=true",), "Encode": ("Encode[0].MainFormat[0].AudioEnable=true",)}
    client = serve(SimulatedCamera(profile=replace(AMCREST_SD, configs=configs)))
    get = "/cgi-bin/configManager.cgi?action=getConfig&name="
    assert client.get(get + "Locales").text == "table.Locales.DSTEnable=true\r\n"
    assert client.get(get + "Encode").text == "table.Encode[0].MainFormat[0].AudioEnable=true\r\n"
    assert client.get(get + "NTP").status == 200


@pytest.mark.parametrize(
    ("target", "method"),
    [
        ("/", "GET"),
        ("/cgi-bin/unknown.cgi?action=getVendor", "GET"),
        ("/cgi-bin/magicBox.cgi?action=reboot", "GET"),
        ("/cgi-bin/magicBox.cgi", "GET"),
        ("/cgi-bin/configManager.cgi?action=getConfig&name=Lighting", "GET"),
        ("/cgi-bin/configManager.cgi?action=setConfig&General.MachineName=x", "GET"),
        ("/cgi-bin/magicBox.cgi?action=getVendor", "POST"),
    ],
)
def test_everything_else_is_a_bad_request(serve: Serve, target: str, method: str):
    """Unknown endpoints, actions, configs and methods: 400 and the usual text."""
    reply = serve(SimulatedCamera()).get(target, method=method)
    assert (reply.status, reply.text) == (400, "Error\r\nBad Request!\r\n")


def test_the_log(serve: Serve):
    """Each request is logged with its number, its connection and its target as it came."""
    camera = SimulatedCamera()
    serve(camera).get("/cgi-bin/magicBox.cgi?action=get%56endor")
    one, two = camera.log
    assert [one.number, two.number] == [1, 2]
    assert one.connection != two.connection
    assert two.target == "/cgi-bin/magicBox.cgi?action=get%56endor"
    assert two.decoded == "/cgi-bin/magicBox.cgi?action=getVendor"
    assert (two.method, two.status, two.authorized, two.fault, two.refusal) == ("GET", 200, True, None, None)


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({}, "/mnt/sd/2026-01-16/001/dav/12/12.00.00-12.01.30[M][0@0][0].mp4"),
        ({"events": (), "flags": ("Timing",)}, "/mnt/sd/2026-01-16/001/dav/12/12.00.00-12.01.30[R][0@0][0].mp4"),
        ({"stream": "Extra1"}, "/mnt/sd/2026-01-16/001/dav/12/12.00.00-12.01.30[M][0@0][1].mp4"),
        ({"channel": 3, "kind": "dav"}, "/mnt/sd/2026-01-16/003/dav/12/12.00.00-12.01.30[M][0@0][0].dav"),
        ({"kind": "jpg"}, "/mnt/sd/2026-01-16/001/jpg/12/00/00[M][0@0][0].jpg"),
        ({"path": "/mnt/sd/elsewhere.mp4"}, "/mnt/sd/elsewhere.mp4"),
    ],
)
def test_default_paths(changes: dict[str, object], path: str):
    """Files lie where an Amcrest SD-card camera puts them."""
    assert Recorded(NOON, NOON + timedelta(seconds=90), b"", **changes).path == path  # type: ignore[arg-type]
