"""Each profile says of itself what such a device says, and its files look like that device's."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from camreel_simulator import (
    PROFILES,
    QUIRKS,
    SCENE_END,
    SCENE_NOW,
    SCENE_START,
    ClipSpec,
    DeviceClock,
    SimulatedCamera,
    camera_of,
    conflict,
    make_clip,
    make_dav,
    seen_frames,
)

from .conftest import LOADFILE, Client
from .wire import Wire

Serve = Callable[..., Client]
EVER = ("2026-01-16%2000:00:00", "2026-01-16%2023:59:59")
CONFIG = "/cgi-bin/configManager.cgi?action=getConfig&name="
STORAGE = "/cgi-bin/storageDevice.cgi?action=getDeviceAllInfo"
MAGIC = "/cgi-bin/magicBox.cgi?action="
DEVICES = Path(__file__).parents[2] / "docs" / "devices.md"


def pairs(text: str) -> dict[str, str]:
    return {key: value for key, _, value in (row.partition("=") for row in text.split("\r\n") if row)}


@pytest.mark.parametrize("name", PROFILES)
def test_each_profile_lists_and_sends_its_footage(serve: Serve, name: str):
    """All files of channel 1, where such a device puts them, with the frames they should have."""
    camera = camera_of(name)
    client = serve(camera)
    items = client.search(*EVER)
    ours = [recorded for recorded in camera.recordings if recorded.channel == 1]
    assert [item["FilePath"] for item in items] == [recorded.path for recorded in ours]
    assert len({item["FilePath"] for item in items}) == len(items) == (3 if len(items) < 6 else 6)
    main = [recorded for recorded in ours if recorded.stream == "Main"]
    assert (main[0].start, main[-1].end) == (SCENE_START, SCENE_END)
    if name == "intelbras":
        return
    for recorded in main:
        content = recorded.content
        assert isinstance(content, ClipSpec)
        body = client.get(LOADFILE + recorded.path).body
        assert [number for _, number in seen_frames(body)][-content.frames :] == list(content.frame_numbers)


@pytest.mark.parametrize("name", PROFILES)
def test_no_profile_contradicts_itself(name: str):
    """Its own quirks can be combined."""
    assert conflict(PROFILES[name].quirks) is None


@pytest.mark.parametrize(
    ("name", "has", "lacks"),
    [
        ("amcrest-sd", {"Type": "dav", "Summary.TrafficCar.PlateColor": "Yellow"}, {"VideoStream", "UTCOffset"}),
        ("amcrest-ai", {"Type": "dav", "VideoStream": "Main", "UTCOffset": "0"}, {"FileState"}),
        ("dahua-emmc", {"Channel": "1", "UTCOffset": "0", "Cluster": "71360"}, {"Summary.TrafficCar.PlateColor"}),
        ("nvr", {"Channel": "0", "Disk": "8", "Flags[0]": "Timing", "Flags[1]": "UnMarked"}, {"Duration", "WorkDir"}),
        ("old", {"Type": "dav", "Duration": "4"}, {"VideoStream"}),
        ("intelbras", {"Channel": "0"}, {"Duration"}),
    ],
)
def test_the_keys_of_an_item(serve: Serve, name: str, has: dict[str, str], lacks: set[str]):
    """What such a device names, and what it does not."""
    item = serve(camera_of(name)).search(*EVER)[0]
    assert has.items() <= item.items()
    assert not lacks & set(item)
    assert "Channel" in item


def test_lengths_of_cameras_and_recorders(serve: Serve):
    """Exact on a card; rounded up to 64 KiB on the disk of a recorder."""
    for name in ("amcrest-sd", "amcrest-ai", "dahua-emmc", "old"):
        camera = camera_of(name)
        assert serve(camera).search(*EVER)[0]["Length"] == str(camera.recordings[0].length())
    camera = camera_of("nvr")
    item = serve(camera).search(*EVER)[0]
    assert item["Length"] == item["CutLength"]
    assert int(item["Length"]) % 65536 == 0
    assert int(item["Length"]) > camera.recordings[0].length()


def test_the_containers(serve: Serve):
    """mp4 with 64 kHz AAC; dav with A-law behind footage of another day."""
    camera = camera_of("amcrest-ai")
    spec = camera.recordings[0].content
    assert isinstance(spec, ClipSpec)
    assert spec.audio_rate == 64000
    assert serve(camera).get(LOADFILE + camera.recordings[0].path).body == make_clip(spec)
    camera = camera_of("nvr")
    first, second = [r for r in camera.recordings if (r.channel, r.stream) == (1, "Main")][:2]
    assert isinstance(first.content, ClipSpec)
    assert isinstance(second.content, ClipSpec)
    client = serve(camera)
    body = client.get(LOADFILE + first.path).body
    assert body.endswith(make_dav(first.content))
    assert len(body) > len(make_dav(first.content))
    assert client.get(LOADFILE + second.path).body == make_dav(second.content)


def test_who_they_say_they_are(serve: Serve):
    """getSystemInfo has a number for a recorder; old firmware knows no vendor."""
    nvr = serve(camera_of("nvr"))
    info = pairs(nvr.get(MAGIC + "getSystemInfo").text)
    assert (info["deviceType"], info["updateSerial"]) == ("31", "DH-NVR5216-16P")
    assert nvr.get(MAGIC + "getDeviceType").text == "type=DHI-NVR5216-16P\r\n"
    assert serve(camera_of("old")).get(MAGIC + "getVendor").status == 400
    assert nvr.get(MAGIC + "getProductDefinition&name=MaxRemoteInputChannels").text == (
        "table.MaxRemoteInputChannels=16\r\n"
    )
    assert nvr.get(MAGIC + "getProductDefinition&name=Nothing").status == 400


def test_the_channels_of_a_recorder(serve: Serve):
    """All slots have a title, which may hold an equals sign; the rest is for those that are there."""
    client = serve(camera_of("nvr"))
    titles = pairs(client.get(CONFIG + "ChannelTitle").text)
    assert len(titles) == 16
    assert titles["table.ChannelTitle[1].Name"] == "Garage = left"
    assert titles["table.ChannelTitle[15].Name"] == "CAM 16"
    states = "/cgi-bin/LogicDeviceManager.cgi?action=getCameraState&uniqueChannels[0]="
    all_of_them = pairs(client.get(states + "-1").text)
    assert list(all_of_them.values())[::2] == [str(n) for n in range(16)]
    online = [n for n in range(16) if all_of_them[f"states[{n}].connectionState"] == "Connected"]
    assert online == [0, 1, 2, 4, 15]
    assert client.get(states + "3").text == "states[0].channel=3\r\nstates[0].connectionState=Unconnect\r\n"
    assert client.get(states + "16").status == 400
    modes = pairs(client.get(CONFIG + "RecordMode").text)
    assert [int(re.sub(r"\D", "", key)) for key in modes] == online
    encode = pairs(client.get(CONFIG + "Encode").text)
    assert encode["table.Encode[0].MainFormat[0].Audio.Compression"] == "G.711A"
    assert not any(key.startswith("table.Encode[3]") for key in encode)
    assert serve(camera_of("amcrest-ai")).get(states + "-1").status == 501


@pytest.mark.parametrize(
    ("name", "status", "text"),
    [
        ("amcrest-sd", 400, "Error\r\nBad Request!\r\n"),
        ("nvr", 403, '{"error":{"code":403,"message":"Authority:check failure."},"result":false}'),
        ("intelbras", 200, "Error: Error -1 getting param in name=Lighting[0][0]"),
    ],
)
def test_a_config_that_is_not_there(serve: Serve, name: str, status: int, text: str):
    """400, what looks like a missing right, or 200 with a text that looks like a value."""
    reply = serve(camera_of(name)).get(CONFIG + "Lighting[0][0]")
    assert (reply.status, reply.text) == (status, text)


def test_daylight_saving_is_told_by_weeks(serve: Serve):
    """Second Sunday of March, first of November, last of March and October, none; the zone's name is no help."""
    zones = {
        "America/New_York": ("3 2 0 2", "11 1 0 2"),
        "Europe/Berlin": ("3 -1 0 2", "10 -1 0 3"),
        "Australia/Sydney": ("10 1 0 2", "4 1 0 3"),
    }
    for zone, (start, end) in zones.items():
        clock = DeviceClock.fixed(SCENE_NOW, ZoneInfo(zone))
        rows = pairs(serve(camera_of("nvr", clock=clock)).get(CONFIG + "Locales").text)
        assert rows["table.Locales.DSTEnable"] == "true"
        for name, told in (("DSTStart", start), ("DSTEnd", end)):
            keys = (f"table.Locales.{name}.{key}" for key in ("Month", "Week", "Day", "Hour"))
            assert " ".join(rows[key] for key in keys) == told, zone
    client = serve(camera_of("nvr"))
    assert pairs(client.get(CONFIG + "Locales").text)["table.Locales.DSTEnable"] == "false"
    assert pairs(client.get(CONFIG + "NTP").text)["table.NTP.TimeZoneDesc"] == "Easterntime"


def test_storage(serve: Serve):
    """Bytes are floats; on a recorder all are used; without an SD card it is 400."""
    disk = pairs(serve(camera_of("nvr")).get(STORAGE).text)
    assert disk["list.info[0].Detail[0].TotalBytes"] == disk["list.info[0].Detail[0].UsedBytes"]
    assert re.fullmatch(r"\d+\.0{6}", disk["list.info[0].Detail[0].TotalBytes"])
    empty = replace(PROFILES["amcrest-sd"], storage=())
    reply = serve(SimulatedCamera(profile=empty)).get(STORAGE)
    assert (reply.status, reply.text) == (400, "Error\r\nBad Request!\r\n")


def test_old_firmware_knows_only_basic(serve: Serve):
    """No digest is offered, and channel 0 is channel 1."""
    camera = camera_of("old")
    with Wire(serve(camera).server) as wire:
        _, headers, _ = wire.ask("/")
        assert [value for name, value in headers if name == "www-authenticate"] == ['Basic realm="Device_CGI"']
    client = serve(camera_of("old"))
    assert client.find(client.create(), *EVER, channel="0").text == "OK\r\n"


def test_headers_for_browsers(serve: Serve):
    """They come with each answer, the cookie without a name."""
    reply = serve(camera_of("nvr")).get(MAGIC + "getDeviceType")
    assert reply.headers["set-cookie"] == "secure; HttpOnly"
    assert reply.headers["connection"] == "close"


def test_every_profile_and_quirk_is_documented():
    """docs/devices.md has a row for each, with a source and a word on how sure it is, and none for others."""
    rows = re.findall(
        r"^\| `([a-z0-9.-]+)` \| (.+) \| (.+) \| (.+) \|$", DEVICES.read_text(encoding="utf-8"), re.MULTILINE
    )
    assert [name for name, *_ in rows if name in PROFILES] == list(PROFILES)
    assert {name for name, *_ in rows} - set(PROFILES) == set(QUIRKS)
    assert len(rows) == len(PROFILES) + len(QUIRKS)
    assert {sure for *_, sure in rows} == {"captured", "reported", "documented", "inferred", "partly captured"}
