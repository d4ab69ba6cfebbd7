"""What the paths of recordings say of when they were made."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from camreel.files.dating import Candidate, date_all, named
from camreel.media.clips.timestamps import OwnTimes
from camreel.model import FileOnDisk, Span, WallTime

DAY, TIMES = "2026-01-16", "2026-01-16 08:00:00 to 08:01:00"

FROM_TO = [
    # As cameras and recorders lay them out; the folders as they were seen on real ones.
    ("mnt/sd/2020-01-06/001/dav/06/06.05.00-06.13.00[M][0@0][0].mp4", "2020-01-06 06:05:00 to 06:13:00", "001"),
    ("mnt/sd/2018-05-19/001/dav/10/10.36.45-10.45.00[R][0@0][0].dav", "2018-05-19 10:36:45 to 10:45:00", "001"),
    ("2026-01-16/001/dav/08/08.00.00-08.01.00.mp4", TIMES, "001"),
    ("mnt/dvr/mmc1p2_0/2024.01.01/0/dav/12/12.00.00-12.30.00[R][0@0][0].dav", "2024-01-01 12:00:00 to 12:30:00", "0"),
    (
        "mnt/dvr/2026-04-29/4/dav/00/1/0/134484/00.00.00-00.30.02[R][0@0][0].dav",
        "2026-04-29 00:00:00 to 00:30:02",
        "4",
    ),
    (
        "mnt/dvr/2018-09-22/000/dav/11/1/1/589005/11.00.00-12.00.00[R][0@0][0].dav",
        "2018-09-22 11:00:00 to 12:00:00",
        "000",
    ),
    ("mnt/dvr/2026-09-13/000/dav/08/08.20.31-08.49.43[R][0@0][0].dav", "2026-09-13 08:20:31 to 08:49:43", "000"),
    (
        "ftp/AMC0200KBE29V0X8B2/2017-10-16/001/dav/21/21.06.24-21.06.47[M][0@0][0].mp4",
        "2017-10-16 21:06:24 to 21:06:47",
        "AMC0200KBE29V0X8B2/001",
    ),
    ("dahua/DOOR_CAM/2025-11-18/001/dav/16/16.50.08-16.50.58[M][0@0][0].mp4", "2025-11-18 16:50:08 to 16:50:58", "001"),
    ("sda0/2010/8/11/dav/15/15:40:50-15:41:00.dav", "2010-08-11 15:40:50 to 15:41:00", ""),
    # Copied out of their folders, but for that of the day.
    ("2026-01-16/08.00.00-08.01.00[M][0@0][0].mp4", TIMES, ""),
    # Over midnight; and a file of the hour after midnight that begins just before it.
    ("2026-01-16/001/dav/23/23.58.00-00.03.00[R][0@0][0].mp4", "2026-01-16 23:58:00 to 2026-01-17 00:03:00", "001"),
    ("2026-01-17/001/dav/00/23.59.59-00.07.00[R][0@0][0].mp4", "2026-01-16 23:59:59 to 2026-01-17 00:07:00", "001"),
    # Still being written: it ends where it begins.
    ("2026-03-28/001/dav/13/13.52.27-13.52.27[R][0@0][0].mp4_", "2026-03-28 13:52:27 to 13:52:27", "001"),
    # As the web pages of recorders export them.
    ("NVR_ch1_main_20260116080000_20260116080100.dav", TIMES, "channel 1, main"),
    (
        "exports/XVR_ch12_extra1_20260116235900_20260117000100.dav",
        "2026-01-16 23:59:00 to 2026-01-17 00:01:00",
        "channel 12, extra1",
    ),
    # What camreel keeps and makes.
    ("2026-01-16_08.00.00-08.01.00_0123456789ab.mp4", TIMES, ""),
    ("192.168.1.100_ch1_2026-01-16_08.00.00_to_08.01.00.mp4", TIMES, ""),
    ("cam_ch1_2026-01-16_23.00.00_to_2026-01-17_01.00.00.mp4", "2026-01-16 23:00:00 to 2026-01-17 01:00:00", ""),
    ("20260116_080000-20260116_080100.mp4", TIMES, ""),
]  # fmt: skip


@pytest.mark.parametrize(("path", "span", "camera"), FROM_TO, ids=[path for path, _, _ in FROM_TO])
def test_names_with_start_and_end(path: str, span: str, camera: str) -> None:
    """The span, and what is said of camera and channel."""
    found = named(path.split("/"))
    assert found is not None
    assert (str(found.span), found.has_end, found.camera) == (span, True, camera)


@pytest.mark.parametrize(
    "name",
    [
        "2026-01-16_08-00-00.mp4",
        "2026-01-16 08.00.00.mp4",
        "2026-01-16T08:00:00.mp4",
        "2026-01-16--08-00-00.mov",
        "20260116_080000.mp4",
        "20260116-080000-0001.mp4",
        "20260116080000.mp4",
        "Front Door 2026.01.16 08.00.00.mp4",
        "kitchen_20260116080000_Front-Door.dav",
        # The clock was put back meanwhile: over midnight it would have been a day long.
        "2026-01-16/001/dav/08/08.00.00-07.10.00[R][0@0][0].mp4",
        "NVR_ch1_main_20260116080000_20260116071000.dav",
    ],
)
def test_names_with_a_start_alone(name: str) -> None:
    """To the second; how long it is has to come from elsewhere."""
    found = named(["some", "folder", *name.split("/")])
    assert found is not None
    assert (str(found.span.start), found.span.seconds, found.has_end) == (f"{DAY} 08:00:00", 0, False)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "holiday.mp4",
        "amcrest_1591028951.mp4",
        "mnt/dvr/mmc1p2_0/2024.01.01/0/dav/12/test.dav",
        "mnt/sd/001/dav/08/08.00.00-08.01.00[M][0@0][0].mp4",  # no folder of a day
        "2026-02-30/001/dav/08/08.00.00-08.01.00[M][0@0][0].mp4",
        "2026-01-16/001/dav/08/08.00.61-08.01.00[M][0@0][0].mp4",
        "2026-13-16_08-00-00.mp4",
        "2026-01-16_24-00-00.mp4",
        "0026-01-16_08-00-00.mp4",
        "2026-01-16.mp4",
        "12026011608000099.mp4",
        "NVR_ch1_main_20260116080100_20260116240000.dav",
        # Real time, not the camera's clock.
        "cam_2026-01-16_08.00.00_to_18.00.00Z.mp4",
        "cam_2026-01-16_08.00.00_to_18.00.00-0800.mp4",
        "cam_2026-01-16_08.00.00-0800_to_18.00.00-0800.mp4",
        "cam_2026-01-16_08.00.00_to_18.00.00_Europe-Berlin.mp4",
        "2026-01-16_08-00-00Z.mp4",
    ],
)
def test_names_that_say_nothing(path: str) -> None:
    """Not guessed at."""
    assert named(path.split("/") if path else []) is None


def spans(*starts: datetime) -> tuple[Span, ...]:
    return tuple(Span(WallTime(each), WallTime(each + timedelta(seconds=10))) for each in starts)


RIGHT, HOUR_LATE = datetime(2026, 1, 16, 8, 0, 0, 300_000), datetime(2026, 1, 16, 9)  # noqa: DTZ001
NEVER_SET, AHEAD = datetime(2000, 1, 1, 0, 5), datetime(2037, 1, 1)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("name", "settings", "believed", "doubts"),
    [
        ("2026-01-16_08-00-00.dav", [RIGHT], RIGHT, 0),
        # What two of three say is right.
        ("2026-01-16_08-00-00.dav", [HOUR_LATE, RIGHT], RIGHT, 0),
        ("2026-01-16_08-00-00.dav", [AHEAD, RIGHT], RIGHT, 0),
        ("2026-01-16_08-00-00.dav", [NEVER_SET, AHEAD, RIGHT], RIGHT, 0),
        # One against one: the frames, unless their clock never knew the time.
        ("2026-01-16_08-00-00.dav", [HOUR_LATE], HOUR_LATE, 1),
        ("2026-01-16_08-00-00.dav", [NEVER_SET], RIGHT.replace(microsecond=0), 1),
        ("2000-01-01_00-05-00.dav", [RIGHT, NEVER_SET], NEVER_SET, 0),
        ("kitchen.dav", [AHEAD, RIGHT], AHEAD, 0),
    ],
)
def test_the_most_witnesses_date_a_recording(name, settings, believed, doubts) -> None:
    """The settings of the clock in its frames and its name: what is not decided by their number is a doubt."""
    own = OwnTimes(spans(*settings)[0], spans(*settings), seconds=10)
    dated = date_all([Candidate(FileOnDisk(Path(name), 1000), named([name]), own)], None)
    assert dated.recordings[0].span.start == WallTime(believed)
    assert len(dated.doubts) == len(dated.notes) == doubts


@pytest.mark.parametrize(
    "name",
    [
        # Serial numbers and the like in front of the time.
        "12345678901234_2026-01-16_08-00-00.mp4",
        "99999999999999_20260116080000.mp4",
        "cam 20269999 999999 2026-01-16 08-00-00.mp4",
        "20230817123456_20260116080000.mp4",
        "20230817_123456_2026-01-16_08-00-00.mp4",
        "2026-13-01_00-00-00 2026-01-16T08:00:00.mp4",
    ],
)
def test_digits_that_are_no_time(name) -> None:
    """The time is taken that can be one, and no clip is years long."""
    found = named([name])
    assert found is not None
    assert (str(found.span.start), found.span.seconds, found.has_end) == (f"{DAY} 08:00:00", 0, False)


@pytest.mark.parametrize(
    ("name", "seconds", "has_end"),
    [
        ("20260116_080000_091500.mp4", 60, False),
        ("20260116_080000_091500.mp4", 4500, True),
        ("20260116_080000_091500.mp4", 4400, True),  # cameras are no stop watches
        ("20260116_080000_091500.mp4", None, True),
        ("2026-01-16_08.00.00-09.15.00.mp4", 60, True),  # what stands there is a time
        ("20260116_080000_20260116_091500.mp4", 60, True),
    ],
)
def test_the_length_of_a_clip_contradicts_bare_digits(name, seconds, has_end) -> None:
    """Six digits behind the time are a number, unless the clip is about as long as they say."""
    found = named([name])
    assert found is not None
    assert found.confirmed_by(seconds).has_end == has_end
    assert found.confirmed_by(seconds).span.start == found.span.start
