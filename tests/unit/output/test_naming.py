"""Names and places of outputs."""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camreel.clock import parse_range
from camreel.errors import UsageError
from camreel.formats.containers import OutputFormat
from camreel.model import Address, Query, Stream, Target
from camreel.output.naming import LONGEST_DEFAULT, default_name, is_device_name, output_place, safe_name

CAMERA = Address("192.168.1.100", 80)
DAY = ("2026-01-16T08:00:00", "2026-01-16T18:00:00")
FOLDER = Path("videos")


def name(
    start: str = DAY[0],
    end: str = DAY[1],
    *,
    address: Address = CAMERA,
    channel: int = 1,
    stream: Stream = Stream.MAIN,
    output_format: OutputFormat = OutputFormat.MP4,
) -> str:
    return default_name(Target(address, "admin"), Query(parse_range(start, end), channel, stream), output_format)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (*DAY, "2026-01-16_08.00.00_to_18.00.00"),
        ("2026-01-16T22:00", "2026-01-17T06:00", "2026-01-16_22.00.00_to_2026-01-17_06.00.00"),
        ("2026-01-16T08:00-08:00", "2026-01-16T18:00-08:00", "2026-01-16_08.00.00_to_18.00.00-0800"),
        ("2026-01-16T08:00Z", "2026-01-16T18:00+00:00", "2026-01-16_08.00.00_to_18.00.00Z"),
        ("2026-01-16T08:00+05:30", "2026-01-16T18:00Z", "2026-01-16_08.00.00+0530_to_18.00.00Z"),
        ("2026-01-16T08:00:00.5", "2026-01-16T08:00:01.040", "2026-01-16_08.00.00.5_to_08.00.01.04"),
    ],
)
def test_the_range_is_in_the_name_as_it_was_asked(start: str, end: str, expected: str) -> None:
    """The day once where it is the same, the offset where one was given, fractions where there are any."""
    assert name(start, end) == f"192.168.1.100_ch1_{expected}.mp4"


def test_channel_stream_and_format_are_in_the_name() -> None:
    """Two requests that differ in them do not share a file."""
    assert name(channel=3, stream=Stream.SUB, output_format=OutputFormat.MKV) == (
        "192.168.1.100_ch3_sub_2026-01-16_08.00.00_to_18.00.00.mkv"
    )


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (Address("kitchen.home.net", 80), "kitchen.home.net"),
        (Address("kitchen.home.net", 8080), "kitchen.home.net_8080"),
        (Address("kitchen", 443, https=True), "kitchen"),
        (Address("kitchen", 443), "kitchen_443"),
        (Address("fe80::1", 80), "fe80--1"),
        (Address("fe80::1%eth0", 8080), "fe80--1%eth0_8080"),
        (Address("::1", 80), "0--1"),
        (Address("con.local", 80), "_con.local"),
        (Address("NUL", 80), "NUL"),  # harmless: NUL_ch1... is no device
    ],
)
def test_the_camera_is_in_the_name_as_it_was_called(address: Address, expected: str) -> None:
    """The port only where it is not the scheme's own; nothing that a system or a player takes for something else."""
    assert name(address=address) == f"{expected}_ch1_2026-01-16_08.00.00_to_18.00.00.mp4"


def test_long_host_names_are_cut_and_still_told_apart() -> None:
    """150 characters at most, and two hosts that begin alike have different names."""
    names = [name(address=Address("a" * 240 + end, 80)) for end in "bc"]
    assert LONGEST_DEFAULT == 150
    assert all(LONGEST_DEFAULT - 10 < len(one) <= LONGEST_DEFAULT for one in names)
    assert names[0] != names[1]


@given(st.text(max_size=60))
def test_safe_names_are_safe_on_windows(text: str) -> None:
    """Whatever goes in: no forbidden character, no device, no trailing dot or space, not empty."""
    safe = safe_name(text)
    assert safe
    assert not re.search(r'[<>:"/\\|?*\x00-\x1f]', safe)
    assert safe[-1] not in ". "
    assert not is_device_name(safe)


@pytest.mark.parametrize("device", ["CON", "nul.mp4", "Com1.x.mp4", "LPT9", "aux .mp4", "CONIN$"])
def test_device_names_are_known(device: str) -> None:
    """Windows opens a device under these names, whatever the suffix."""
    assert is_device_name(device)
    assert safe_name(device).startswith("_")


@pytest.mark.parametrize("harmless", ["CONSOLE.mp4", "com10.mp4", "nullify", "my.con"])
def test_other_names_are_left_alone(harmless: str) -> None:
    """Only the devices themselves are renamed."""
    assert safe_name(harmless) == harmless


@pytest.mark.parametrize(
    ("wanted", "output_format", "expected"),
    [
        ("evening.mp4", None, "videos/evening.mp4"),
        ("evening", None, "videos/evening.mp4"),
        ("evening", OutputFormat.MKV, "videos/evening.mkv"),
        ("evening.mkv", None, "videos/evening.mkv"),
        ("evening.MKV", OutputFormat.MKV, "videos/evening.MKV"),
        ("evening.16.01", None, "videos/evening.16.01.mp4"),
        ("evening.", None, "videos/evening.mp4"),
        (".hidden", None, "videos/.hidden.mp4"),
        ("elsewhere/evening.avi", None, "elsewhere/evening.avi"),
        ("./evening.mkv", None, "evening.mkv"),
        ("/tmp/evening", OutputFormat.AVI, "/tmp/evening.avi"),
        ("../evening.mkv", None, "../evening.mkv"),
    ],
)
def test_output_file_is_where_people_expect_it(wanted: str, output_format: OutputFormat | None, expected: str) -> None:
    """A bare name under the folder, a path as given; the suffix is the format's, and says the format."""
    place, chosen = output_place(wanted, FOLDER, output_format)
    assert place == Path(PurePath(expected))
    assert place.suffix.lower() == f".{chosen.value}"


@pytest.mark.parametrize(
    ("wanted", "output_format", "said"),
    [
        ("evening.mkv", OutputFormat.MP4, "--output-format is mp4"),
        ("evening.webm", None, "does not write .webm"),
        ("-", None, "cannot go to standard output"),
        pytest.param(
            "C:\\Users\\me\\video.mp4",
            None,
            "is a path of Windows",
            marks=pytest.mark.skipif(os.name == "nt", reason="there it is"),
        ),
        ("evening.MTS", OutputFormat.MP4, "does not write .MTS"),
        ("", None, "names a folder"),
        ("videos/", None, "names a folder"),
        ("..", None, "names a folder"),
        (".mp4", None, "no name before its suffix"),
        ("a\nb.mp4", None, "control character"),
        ("a\0b.mp4", None, "control character"),
        ("x" * 300, None, "too long"),
    ],
)
def test_output_file_that_cannot_be_is_a_usage_error(
    wanted: str, output_format: OutputFormat | None, said: str
) -> None:
    """A suffix that contradicts the format, a format we do not write, a folder: refused, and named."""
    with pytest.raises(UsageError, match=re.escape(said)):
        output_place(wanted, FOLDER, output_format)
