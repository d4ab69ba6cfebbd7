"""The ways to say which range is wanted, on the command line."""

from __future__ import annotations

import shlex
from datetime import date, datetime, time, timedelta, timezone
from pathlib import Path

import pytest
from tests.fakes import BASIC, Camreel, FakeExport

from camreel.clock import asked_length
from camreel.errors import NothingRecorded
from camreel.model import NO_RANGE, Asked, AskedAround, AskedRange, DayTime, Now, OpenDay, TypedCommand

WHO = BASIC[:4]


@pytest.mark.parametrize(
    ("arguments", "asked"),
    [
        (["--last", "2h"], AskedAround(Now(), before=timedelta(hours=2))),
        (["--date", "2026-01-16"], AskedRange(DayTime(date(2026, 1, 16)), DayTime(date(2026, 1, 17)))),
        (["--date", "yesterday"], AskedRange(DayTime(-1), DayTime(0))),
        (["-s", "yesterday", "-e", "today"], AskedRange(DayTime(-1), DayTime(1))),
        (["--around", "now", "--minutes", "5"], AskedAround(Now(), timedelta(minutes=5), timedelta(minutes=5))),
        (["-s", "today", "--duration", "30m"], AskedAround(DayTime(0), after=timedelta(minutes=30))),
        (["--date", "today", "--times-in", "UTC"], AskedRange(DayTime(0), DayTime(1), "UTC")),
    ],
)
def test_ranges_in_other_words(camreel_: Camreel, exported: FakeExport, arguments: list[str], asked: object) -> None:
    """Each of them makes --start and --end unnecessary, or one of them."""
    exported.error = RuntimeError("far enough")
    camreel_([*WHO, *arguments])
    assert exported.request.asked == asked
    assert exported.request.output.named_by_range is exported.request.asked.is_relative


def test_around_is_ten_minutes_on_each_side(camreel_: Camreel, exported: FakeExport) -> None:
    """Unless --minutes says otherwise."""
    assert camreel_([*WHO, "--around", "2026-01-16 14:05"]).code == 0
    assert asked_length(exported.request.asked) == timedelta(minutes=20)
    assert exported.request.output.file.name == "192.168.1.100_ch1_2026-01-16_13.55.00_to_14.15.00.mp4"


def test_an_output_file_is_a_name_for_any_range(camreel_: Camreel, exported: FakeExport) -> None:
    """Without one, a relative range names its video when it is known."""
    exported.error = RuntimeError("far enough")
    camreel_([*WHO, "--last", "1h", "-o", "last.mkv"])
    assert exported.request.output.file.name == "last.mkv"
    assert not exported.request.output.named_by_range


@pytest.mark.parametrize(("text", "seconds"), [("off", 0), ("7", 7), ("-90", -90), ("+3600", 3600)])
def test_the_cameras_zone_and_drift(camreel_: Camreel, exported: FakeExport, text: str, seconds: int) -> None:
    """Both go into the request as they were given."""
    assert camreel_([*BASIC, "--camera-tz", "Europe/Berlin", "--clock-drift", text]).code == 0
    assert exported.request.target.camera_tz == "Europe/Berlin"
    assert exported.request.target.clock_drift == timedelta(seconds=seconds)


def test_what_was_asked_in_a_zone_has_it_in_its_name(camreel_: Camreel, exported: FakeExport) -> None:
    """Two ranges that differ in it do not share a file."""
    assert camreel_([*BASIC, "--times-in", "Europe/Berlin"]).code == 0
    assert exported.request.output.file.name.endswith("_2026-01-16_08.00.00_to_09.00.00_Europe-Berlin.mp4")


def test_nothing_but_a_start_is_not_enough(camreel_: Camreel, exported: FakeExport) -> None:
    """The message names what is missing."""
    run = camreel_([*WHO, "-s", "2026-01-16T08:00"])
    assert run.code == 2
    assert "--end is missing" in run.err
    assert exported.asked == []


NIGHT = AskedRange(DayTime(OpenDay(), time(23)), DayTime(OpenDay(), time(3)))
SETTINGS = """
[camera.front-door]
host = "192.168.1.100"
username = "admin"
[camera.friday]
host = "192.168.1.101"
username = "admin"
"""


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        (["front-door", "yesterday"], AskedRange(DayTime(-1), DayTime(0))),
        (["front-door", "23:00-03:00"], NIGHT),
        (["front-door", "last", "night"], AskedRange(DayTime(-1, time(18)), DayTime(0, time(6)))),
        (["front-door", "saturday"], AskedRange(DayTime(OpenDay(5)), DayTime(OpenDay(6)))),
        (["192.168.1.7", "-u", "admin", "yesterday"], AskedRange(DayTime(-1), DayTime(0))),
        (["front-door", "--last", "1", "hour"], AskedAround(Now(), before=timedelta(hours=1))),
        (["front-door", "-s", "23:00-03:00"], NIGHT),
        (["friday", "--last", "1h"], AskedAround(Now(), before=timedelta(hours=1))),
    ],
)
def test_a_range_may_stand_behind_the_camera(
    camreel_: Camreel, exported: FakeExport, tmp_path: Path, words: list[str], asked: object
) -> None:
    """And a length in two words. A camera that has the name of a day is that camera."""
    settings = tmp_path / "config.toml"
    settings.write_text(SETTINGS)
    exported.error = RuntimeError("far enough")
    said = camreel_(["get", *words], CAMREEL_CONFIG=str(settings), AMCREST_PASSWORD="x")
    assert exported.asked, said
    assert exported.request.asked == asked
    assert exported.request.target.address.host == words[0].replace("front-door", "192.168.1.100").replace(
        "friday", "192.168.1.101"
    )


@pytest.mark.parametrize(
    ("words", "typed"),
    [
        ("front-door --last 1h -q", TypedCommand(("get", "front-door", "--quiet"), ("--last", "1h"))),
        ("front-door -s 8am -e 9am --events=motion --pad 10s", TypedCommand(
            ("get", "front-door", "--events", "motion", "--pad", "10s"), ("--start", "8am", "--end", "9am"))),
        ("front-door last night -c 2-3", TypedCommand(
            ("get", "front-door", "--channel", "2"), ("--date", "last night"))),
        ("--host 10.0.0.7:81 -u admin --since-last", TypedCommand(
            ("get", "--host", "10.0.0.7:81", "--username", "admin"), ("--since-last",))),
        ("--all --date yesterday", TypedCommand(("get", "front-door"), ("--date", "yesterday"))),
    ],
)  # fmt: skip
def test_what_was_typed_is_known_for_each_camera_apart_from_the_range(
    camreel_: Camreel, exported: FakeExport, tmp_path: Path, words: str, typed: TypedCommand
) -> None:
    """So that a report can propose it again, whole, with another range."""
    settings = tmp_path / "config.toml"
    settings.write_text(SETTINGS)
    exported.error = RuntimeError("far enough")
    said = camreel_(["get", *shlex.split(words)], CAMREEL_CONFIG=str(settings), AMCREST_PASSWORD="x")
    assert exported.asked, said
    assert exported.asked[0][0].query.typed == typed


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["front-door", "yesterday", "--date", "today"], "--date and 'yesterday' exclude each other"),
        (["front-door", "yesterday", "--last", "1h"], "--last and 'yesterday' exclude each other"),
        (["last night", "-s", "23:00", "-e", "03:00"], "--start and 'last night' exclude each other"),
        (["last night", "-s", "23:00", "-e", "03:00"], "Without 'last night': --start 23:00 --end 03:00\n"),
        (["last", "night", "-s", "monday 23:00", "-e", "3:00"], "Without 'last night': --start 'monday 23:00' --end"),
        (["last night", "-s", "23:00"], "--start and 'last night' exclude each other.\n  Give only one of them."),
        (["front-door", "last night", "--since-last"], "--since-last and 'last night' exclude each other"),
        (["front-door", "yesteday"], "yesteday"),
        (["front-door", "03/04/2026"], "could be 2026-03-04 or 2026-04-03"),
        (["front-door", "yesterday", "8am-9am", "EST"], "EST is not clear"),
        (["front-door", "last", "nigt"], "'nigt' is not understood. Did you mean last night?"),
        (["front-door", "3pm"], "'3pm' is one moment, and no range"),
        (["front-door", "now"], "'now' is one moment, and no range"),
        (["front-door", "25:00-26:00"], "there is no hour 25"),
        (["front-door", "08:00"], "does not know what to do with '08:00'"),
    ],
)
def test_what_stands_behind_the_camera_and_is_no_range(
    camreel_: Camreel, exported: FakeExport, tmp_path: Path, words: list[str], said: str
) -> None:
    settings = tmp_path / "config.toml"
    settings.write_text(SETTINGS)
    run = camreel_(["get", *words], CAMREEL_CONFIG=str(settings), AMCREST_PASSWORD="x")
    assert run.code == 2
    assert said in run.err
    assert exported.asked == []


def test_a_camera_in_place_of_a_command_is_completed(camreel_: Camreel) -> None:
    """The advice can be typed."""
    for options in ([], ["--no-input"]):
        said = camreel_(["192.168.1.5", "yesterday", *options]).err
        assert "camreel get 192.168.1.5 --username admin yesterday\n" in said
    assert "camreel get 192.168.1.5 --username admin --last 1h" in camreel_(["192.168.1.5"]).err


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ([], NO_RANGE),
        (["--last", "1d"], AskedAround(Now(), before=timedelta(days=1))),
        (["--start", "2026-01-16T08:00:00Z"], AskedRange(datetime(2026, 1, 16, 8, tzinfo=timezone.utc), Now())),
    ],
)
def test_since_last_needs_no_range(camreel_: Camreel, exported: FakeExport, words: list[str], first: Asked) -> None:
    """What is given is where the first run begins."""
    exported.error = NothingRecorded("Nothing is new.")
    assert camreel_(["--host", "192.168.1.100", "-u", "admin", "--since-last", *words]).code == 3
    assert exported.request.query.since_last
    assert exported.request.asked == first
    assert exported.request.output.named_by_range


@pytest.mark.parametrize(
    "words", [["--date", "today"], ["--end", "now"], ["--around", "now"], ["--duration", "1h"], ["-o", "a.mp4"]]
)
def test_since_last_takes_no_end(camreel_: Camreel, exported: FakeExport, words: list[str]) -> None:
    """And no name: each run makes a video of its own, and one name would be in the way of the next."""
    run = camreel_(["--host", "192.168.1.100", "-u", "admin", "--since-last", *words])
    assert (run.code, exported.asked) == (2, [])
    assert "--since-last and --" in run.err
