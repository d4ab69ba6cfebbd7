"""What is taken out of a camera's answers, and what has to stay for them to mean anything."""

from __future__ import annotations

import pytest

from camreel.devices.dahua.checkup import PRIVACY
from camreel.doctor.redact import Redactor


def redact(body: str, redactor: Redactor | None = None) -> str:
    redactor = redactor or Redactor(PRIVACY)
    redactor.learn(body)
    return redactor.body(body)


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ("sn=AMR014207899855347\r\n", "sn=serial-1\r\n"),
        ("serialNumber=BD04CE2PAJ3B9BF\nupdateSerial=DH-NVR5232", "serialNumber=serial-1\nupdateSerial=DH-NVR5232"),
        ("name=FrontDoorCam\r\n", "name=name-1\r\n"),
        ("table.General.MachineName=Site B NVR", "table.General.MachineName=name-1"),
        ("table.ChannelTitle[0].Name=a=b\r\ntable.ChannelTitle[1].Name=", None),
        ("table.NTP.Address=10.0.0.1\r\ntable.NTP.ServerList[0].Address=ntp.example", None),
        ("list.info[0].Name=/dev/sda\r\nx.State=Success", "list.info[0].Name=/dev/sda\r\nx.State=Success"),
        ("x=at 192.168.1.20 and a4:14:37:0d:0e:0f, A4-14-37-0D-0E-0F", "x=at address-1 and mac-1, mac-2"),
        ("x=fe80::a614:37ff:fe0d:e0f", "x=address-1"),
        ("items[0].FilePath=ftp://me:secret@nas.home:2121/rec/1.mp4", "items[0].FilePath=ftp://host-1/rec/1.mp4"),
        ("mail to me@home.example today", "mail to mail-1 today"),
        ("version=2.840.0.28,build:2023-10-18", "version=2.840.0.28,build:2023-10-18"),
        ("items[0].StartTime=2026-01-16 08:00:00", "items[0].StartTime=2026-01-16 08:00:00"),
        ('{"sn": "AMC0001", "RmLock": 1800}', '{"sn": "serial-1", "RmLock": 1800}'),
    ],
)  # fmt: skip
def test_what_is_private_is_found_by_its_key_or_by_its_looks(body, shown):
    """And what only resembles it, a version or a time, is left."""
    expected = {
        "table.ChannelTitle[0].Name=a=b\r\ntable.ChannelTitle[1].Name=": (
            "table.ChannelTitle[0].Name=title-1\r\ntable.ChannelTitle[1].Name="
        ),
        "table.NTP.Address=10.0.0.1\r\ntable.NTP.ServerList[0].Address=ntp.example": (
            "table.NTP.Address=address-1\r\ntable.NTP.ServerList[0].Address=address-2"
        ),
    }
    assert redact(body) == (shown or expected[body])


def test_the_same_value_has_the_same_word_everywhere():
    """A serial number that is the name, too, and stands in a path: one placeholder, whatever the case of letters."""
    body = "sn=AMC0001X2\nname=AMC0001X2\nitems[0].FilePath=/mnt/amc0001x2/1.mp4"
    assert redact(body) == "sn=serial-1\nname=serial-1\nitems[0].FilePath=/mnt/serial-1/1.mp4"


def test_a_title_that_is_a_word_of_the_camera_hides_only_the_title():
    """A channel called Main must not hide which stream a recording is of, one called 2026 not the dates."""
    body = (
        "table.ChannelTitle[0].Name=Main\ntable.ChannelTitle[1].Name=2026\ntable.ChannelTitle[2].Name=IPC\n"
        "items[0].VideoStream=Main\nitems[0].StartTime=2026-01-16 08:00:00\ntype=IPC-HDW5831R-ZE"
    )
    shown = redact(body)
    assert shown.splitlines()[:3] == [f"table.ChannelTitle[{n}].Name=title-{n + 1}" for n in range(3)]
    assert shown.splitlines()[3:] == body.splitlines()[3:]


def test_the_model_is_not_a_name():
    """A recorder whose name is the first word of its model keeps its model."""
    assert redact("name=MHDX\ntype=MHDX 3008\nx=the MHDX here") == "name=name-1\ntype=MHDX 3008\nx=the name-1 here"


def test_our_own_sentences_lose_only_what_is_the_cameras():
    """A user called camera does not make a riddle of a sentence; a serial number in it does go."""
    redactor = Redactor(PRIVACY)
    redactor.know("user", "camera")
    redactor.know("serial", "AMC0001X2")
    redactor.know("host", "kitchen.example", ("kitchen.example:81",))
    said = redactor.sentence("The camera at http://kitchen.example:81 says AMC0001X2.")
    assert said == "The camera at http://host-1 says serial-1."


def test_redacting_twice_is_redacting_once():
    """Placeholders are left alone, by a redactor that never saw what they stand for."""
    once = redact("sn=AMC0001X2\nname=Porch\ntable.ChannelTitle[0].Name=Porch\nx=10.0.0.1")
    assert redact(once) == once


def test_bytes_that_are_no_text_survive():
    """A title in another encoding: surrogates go through, in and out."""
    body = b"name=\xc4\xc3\xbf\r\nx=\xff".decode("utf-8", "surrogateescape")
    assert redact(body).encode("utf-8", "surrogateescape") == b"name=name-1\r\nx=\xff"
