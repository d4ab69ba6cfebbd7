"""From arguments and environment to the request that is exported."""

from __future__ import annotations

import os
import shlex
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from tests.fakes import BASIC, Camreel, FakeExport

from camreel.formats.containers import OutputFormat
from camreel.model import Address, AskedRange, IfExists, Stream, WallTime


def test_the_short_command_with_all_defaults(camreel_: Camreel, exported: FakeExport, tmp_path: Path) -> None:
    """`camreel --host ...` means `camreel get`; every default is as promised."""
    assert camreel_(BASIC).code == 0
    request = exported.request
    assert request.target.address == Address("192.168.1.100", 80)
    assert request.target.username == "admin"
    assert request.asked == AskedRange(
        WallTime(datetime(2026, 1, 16, 8)),  # noqa: DTZ001 - by the camera's clock
        WallTime(datetime(2026, 1, 16, 9)),  # noqa: DTZ001 - as above
    )
    assert (request.query.channel, request.query.stream, request.output.format) == (1, Stream.MAIN, OutputFormat.MP4)
    assert request.output.folder == tmp_path
    assert request.output.file == tmp_path / "192.168.1.100_ch1_2026-01-16_08.00.00_to_09.00.00.mp4"
    assert request.target.max_concurrent == 4
    assert request.output.if_exists is None
    assert not any(
        (
            request.output.video.whole_clips,
            request.output.keep_files,
            request.output.require_complete,
            request.target.insecure,
        )
    )
    assert request.target.ca_file is None


def test_get_by_name_is_the_same(camreel_: Camreel, exported: FakeExport) -> None:
    """The command can be named."""
    camreel_(BASIC)
    first = exported.request
    exported.asked.clear()
    assert camreel_(["get", *BASIC], AMCREST_PASSWORD="x").code == 0
    assert exported.request == first


def test_every_option_reaches_the_request(camreel_: Camreel, exported: FakeExport, tmp_path: Path) -> None:
    """The long names of all options."""
    (tmp_path / "ca.pem").write_text("x")
    code = camreel_(
        shlex.split(
            "--host kitchen --username u --start '2026-01-16 08:00:00-08:00' --end 2026-01-16T09:00-08 --channel 3 "
            "--output-format mkv --output-dir videos --output-file x --keep-files --max-concurrent 8 --port 8443 "
            "--https --ca-file ca.pem --stream sub --whole-clips --require-complete --if-exists overwrite "
            "--json --verbose --debug"
        )
    ).code
    assert code == 0
    request = exported.request
    zone = timezone(timedelta(hours=-8))
    assert request.asked == AskedRange(datetime(2026, 1, 16, 8, tzinfo=zone), datetime(2026, 1, 16, 9, tzinfo=zone))
    assert request.target.address == Address("kitchen", 8443, https=True)
    assert (request.query.channel, request.query.stream, request.output.format) == (3, Stream.SUB, OutputFormat.MKV)
    assert request.output.folder == tmp_path / "videos"
    assert request.output.file == tmp_path / "videos" / "x.mkv"
    assert request.target.max_concurrent == 8
    assert request.output.keep_files
    assert request.output.video.whole_clips
    assert request.output.require_complete
    assert request.output.if_exists is IfExists.OVERWRITE
    assert request.target.ca_file == "ca.pem"


def test_the_environment_stands_in_for_options(camreel_: Camreel, exported: FakeExport) -> None:
    """AMCREST_HOST, AMCREST_PORT, AMCREST_USERNAME and AMCREST_CHANNEL."""
    arguments = ["-s", "2026-01-16T08:00", "-e", "2026-01-16T09:00"]
    environment = {"HOST": "kitchen", "PORT": "81", "USERNAME": "me", "CHANNEL": "2"}
    said = camreel_(arguments, **{f"AMCREST_{name}": value for name, value in environment.items()})
    assert said.code == 0, said.err
    request = exported.request
    assert (request.target.address, request.target.username, request.query.channel) == (Address("kitchen", 81), "me", 2)


def test_options_go_before_the_environment(camreel_: Camreel, exported: FakeExport) -> None:
    """Also a port in --host before AMCREST_PORT."""
    camreel_([*BASIC, "--host", "attic:82", "-c", "5"], AMCREST_HOST="x", AMCREST_PORT="81", AMCREST_CHANNEL="2")
    assert exported.request.target.address == Address("attic", 82)
    assert exported.request.query.channel == 5


@pytest.mark.parametrize(
    ("options", "settings", "folder"),
    [
        ("", "", "."),
        ("-o x.mp4", "", "."),
        ("-o ./x.mp4", "", "."),
        ("-o elsewhere/x.mp4", "", "elsewhere"),
        ("-o ABOVE/a/b/x.mp4", "", "a/b"),
        ("-o elsewhere/x.mp4 --output-dir .", "", "."),
        ("-o elsewhere/x.mp4 --output-dir videos", "", "videos"),
        ("-o elsewhere/x.mp4", "videos", "videos"),
        ("-o x.mp4", "videos", "videos"),
    ],
)
def test_downloads_wait_beside_the_video(camreel_, exported, tmp_path, options, settings, folder):
    """In the folder that was named, by --output-dir or the settings, else by --output-file; not in the current one."""
    if settings:
        (tmp_path / "c.toml").write_text(f'[defaults]\noutput_dir = "{settings}"\n', encoding="utf-8")
    words = [word.replace("ABOVE", str(tmp_path)) for word in options.split()]
    assert camreel_([*BASIC, *words], **({"CAMREEL_CONFIG": str(tmp_path / "c.toml")} if settings else {})).code == 0
    assert exported.request.output.folder.resolve() == (tmp_path / folder).resolve()


def test_a_current_folder_that_is_gone(camreel_, exported, tmp_path, monkeypatch):
    """It is not needed if the video goes elsewhere; else one sentence says so."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert camreel_([*BASIC, "-o", str(tmp_path / "x.mp4")]).code == 0
    assert exported.request.output.folder == tmp_path
    for words in (BASIC, ["merge", str(tmp_path), "-o", "x.mp4"], ["clean"]):
        said = camreel_(words)
        assert said.code == 2
        assert "current folder is gone" in said.err


def test_output_file_decides_the_format(camreel_: Camreel, exported: FakeExport, tmp_path: Path) -> None:
    """x.mkv means mkv, and a path with folders is taken as given, not put under --output-dir."""
    assert camreel_([*BASIC, "--output-dir", "videos", "-o", "elsewhere/x.mkv"]).code == 0
    assert exported.request.output.file == tmp_path / "elsewhere" / "x.mkv"
    assert exported.request.output.format is OutputFormat.MKV
    assert exported.request.output.folder == tmp_path / "videos"
    assert not (tmp_path / "elsewhere").exists()  # made when there is something to put into it


def test_home_is_understood_where_no_shell_expands_it(camreel_: Camreel, exported: FakeExport) -> None:
    """--output-file=~/x.mp4 goes home, not into a folder named ~."""
    assert camreel_([*BASIC, "--output-file=~/x.mp4"], HOME=os.sep + "somewhere").code == 0
    assert exported.request.output.file == Path(os.sep, "somewhere", "x.mp4")


def test_channel_0_is_sent_as_it_is_with_a_note(camreel_: Camreel, exported: FakeExport) -> None:
    """Some devices count from 0; most refuse it, and the note says so."""
    said = camreel_([*BASIC, "--channel", "0"])
    assert said.code == 0
    assert exported.request.query.channel == 0
    assert "note: camreel sends --channel 0" in said.err
    assert "note" not in said.out


@pytest.mark.parametrize("value", ["MKV", "mkv"])
def test_choices_are_known_in_any_case(camreel_: Camreel, exported: FakeExport, value: str) -> None:
    """--output-format MKV."""
    assert camreel_([*BASIC, "--output-format", value]).code == 0
    assert exported.request.output.format is OutputFormat.MKV
