"""Bad input: one clear sentence that names the thing, a hint, exit code 2, and nobody asked for a password."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.fakes import BASIC, PASSWORD, Camreel, FakeExport

CASES = {
    "nothing but a host": (["--host", "x"], "--username, --start and --end are missing"),
    "one option missing": (BASIC[:-2], "--end is missing"),
    "start not before end": ([*BASIC, "-e", "2026-01-16T07:00:00"], "is not before --end"),
    "start is end": ([*BASIC, "-e", "2026-01-16T08:00:00"], "are the same"),
    "unparsable time": ([*BASIC, "-s", "someday"], "--start 'someday' is not a time"),
    "last and start": ([*BASIC, "--last", "2h"], "--last and --end exclude each other"),
    "date and start": ([*BASIC[:6], "--date", "2026-01-16"], "--date and --start exclude each other"),
    "end and duration": ([*BASIC, "--duration", "1h"], "--duration and --end exclude each other"),
    "minutes of nothing": ([*BASIC, "--minutes", "5"], "--minutes belongs to --around"),
    "duration of nothing": ([*BASIC[:4], "--duration", "1h"], "--start is missing"),
    "no length": ([*BASIC[:6], "--duration", "30"], "--duration '30' is not a length of time"),
    "no zone": ([*BASIC, "--times-in", "Berlin"], "--times-in 'Berlin' is not a time zone"),
    "no camera zone": ([*BASIC, "--camera-tz", "CET"], "--camera-tz 'CET' is not clear"),
    "no drift": ([*BASIC, "--clock-drift", "7s"], "--clock-drift '7s' is neither off nor a number of seconds"),
    "empty time": ([*BASIC, "-s", ""], "--start '' is not a time"),
    "a day that does not exist": ([*BASIC, "-s", "2026-02-30T08:00"], "does not exist"),
    "mixed offsets": ([*BASIC, "-s", "2026-01-16T08:00Z"], "--end has no offset from UTC and --start has one"),
    "unquoted time": ([*BASIC, "-s", "2026-01-16", "08:00"], "'08:00'"),
    "negative channel": ([*BASIC, "-c", "-1"], "--channel: '-1' is not a channel: they are counted from 1"),
    "half a channel": ([*BASIC, "-c", "1.5"], "--channel: '1.5'"),
    "concurrency 0": ([*BASIC, "--max-concurrent", "0"], "--max-concurrent: '0' is not a whole number from 1 to 32"),
    "concurrency 1_0": ([*BASIC, "--max-concurrent", "1_0"], "--max-concurrent: '1_0'"),
    "port 0": ([*BASIC, "--port", "0"], "--port: '0' is not a whole number from 1 to 65535"),
    "two ports": ([*BASIC, "--host", "x:81", "--port", "82"], "--host says another port than --port 82"),
    "http and https": ([*BASIC, "--host", "http://x", "--https"], "says http, and --https says https"),
    "unknown format": ([*BASIC, "--output-format", "webm"], "--output-format: 'webm' is not one of"),
    "contradictory suffix": ([*BASIC, "-o", "x.mkv", "--output-format", "mp4"], "ends in .mkv, but --output-format"),
    "unknown suffix": ([*BASIC, "-o", "x.webm"], "does not write .webm"),
    "output is a folder": ([*BASIC, "-o", "folder"], "--output-file 'folder' is a folder"),
    "output in a file": ([*BASIC, "-o", "file/x.mp4"], "is not a folder"),
    "output-dir is a file": ([*BASIC, "--output-dir", "file"], "is not a folder"),
    "output-dir below a file": ([*BASIC, "--output-dir", "file/x/y"], "is not a folder"),
    "empty output-dir": ([*BASIC, "--output-dir", ""], "--output-dir is empty"),
    "login in the URL": (
        [*BASIC, "--host", "http://admin:s3cret@x"],
        "--host must not contain a user name or a password",
    ),
    "login in the host": ([*BASIC, "--host", "admin:s3cret"], "behind the colon that is not a port"),
    "login in the host with a path": ([*BASIC, "--host", "admin:s3cret/x"], "--host has a path in it"),
    "login as a bare word": (["admin:s3cret"], "There is no such command"),
    "login behind the options": ([*BASIC, "admin:s3cret"], "an argument that belongs to no option"),
    "a host as a bare word": (["192.168.1.100"], "is a camera, and no command"),
    "a host and port as a bare word": (["kitchen.home.net:81", *BASIC], "is a camera, and no command"),
    "no user": ([*BASIC, "-u", " "], "is not a user name"),
    "user with a colon": ([*BASIC, "-u", "admin:s3cret"], "--username must not contain a colon"),
    "user with a control character": ([*BASIC, "-u", "a\x1b[2Jb"], "is not a user name"),
    "no fingerprint": ([*BASIC, "--fingerprint", "AB:CD"], "--fingerprint 'AB:CD' is not the SHA-256"),
    "ca-file and insecure": (
        [*BASIC, "--https", "--ca-file", "file", "--insecure"],
        "--insecure and --ca-file are different ways",
    ),
    "no such ca-file": ([*BASIC, "--https", "--ca-file", "nowhere"], "--ca-file 'nowhere' is not a file"),
    "quiet and verbose": ([*BASIC, "-q", "-v"], "--quiet and --verbose exclude each other"),
    "misspelt option": ([*BASIC, "--output-fromat", "mkv"], "--output-format"),
    "a host behind -h": (["-h127.0.0.1", *BASIC], "-h shows the help page"),
    "option without its value": ([*BASIC, "-o"], "requires an argument"),
    "unknown command": (["fetch", *BASIC], "There is no command 'fetch'"),
    "misspelt command": (["gte", *BASIC], "There is no command 'gte'. Did you mean get?"),
}


@pytest.mark.parametrize(("arguments", "said"), CASES.values(), ids=CASES.keys())
def test_bad_input(camreel_: Camreel, exported: FakeExport, tmp_path: Path, arguments: list[str], said: str) -> None:
    """Exit code 2, one sentence with what is wrong in it, one of advice, whole commands, and nothing exported."""
    (tmp_path / "file").touch()
    folder = tmp_path / "folder.mp4"
    folder.mkdir()
    if "folder" in arguments:
        arguments = [*arguments[:-1], "folder.mp4"]
        said = said.replace("'folder'", "'folder.mp4'")
    run = camreel_(arguments)
    assert run.code == 2
    assert run.out == ""
    first, *rest = run.err.splitlines()
    assert first.startswith("camreel: error: ")
    assert said in first
    assert all(line.startswith("    camreel ") for line in rest[1:])
    assert all(re.match("  [^ ]", line) for line in rest[:1])
    assert "\x1b" not in run.err
    assert "s3cret" not in run.err
    assert exported.asked == []


def test_the_options_that_are_proposed_are_those_of_the_command(camreel_: Camreel, exported: FakeExport) -> None:
    """Also if the line could not be read."""
    for words in (["get", "front-door", "--last"], ["get", "front-door", "--lst", "1h"]):
        assert camreel_(words).err.endswith("\n  To list the options:\n    camreel get --help\n")


@pytest.mark.parametrize("option", ["--host", "--username"])
@pytest.mark.parametrize("before", ["admin:", "http://admin:", "x:y:"])
def test_what_stands_behind_a_colon_is_not_repeated(
    camreel_: Camreel, exported: FakeExport, option: str, before: str
) -> None:
    """It may be the password: neither the sentence nor its JSON has it."""
    run = camreel_([*BASIC, "--json", option, f"{before}{PASSWORD}"])
    assert run.code == 2
    assert PASSWORD not in run.everything
    assert exported.asked == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["-p", PASSWORD],
        [f"-p{PASSWORD}"],
        ["-p"],
        ["-qp", PASSWORD],
        ["--password", PASSWORD],
        [f"--password={PASSWORD}"],
        ["--pass", PASSWORD],
        ["--passwd", PASSWORD],
        ["--start", "--password", PASSWORD],
    ],
)
def test_a_password_is_never_an_argument(camreel_: Camreel, exported: FakeExport, arguments: list[str]) -> None:
    """Exit 2 with the ways to give one; whatever the form, it is not repeated."""
    run = camreel_([*BASIC, *arguments])
    assert run.code == 2
    assert "A password must not be an argument" in run.err
    assert "AMCREST_PASSWORD_FILE" in run.err
    assert PASSWORD not in run.everything
    assert exported.asked == []


@pytest.mark.parametrize("arguments", [["-o", "party.mp4"], ["--port", "81"], ["-qo", "p"]])
def test_other_options_with_a_p_are_not_passwords(
    camreel_: Camreel, exported: FakeExport, arguments: list[str]
) -> None:
    """--port, and names that begin with p."""
    assert camreel_([*BASIC, *arguments]).code == 0


def test_a_bad_environment_is_named(camreel_: Camreel, exported: FakeExport) -> None:
    """Who set AMCREST_PORT long ago is told where the value comes from."""
    run = camreel_(BASIC, AMCREST_PORT="http")
    assert run.code == 2
    assert "AMCREST_PORT" in run.err
    assert "'http'" in run.err


def test_without_arguments_the_help_page_is_shown(camreel_: Camreel) -> None:
    """It is what is meant: no error."""
    run = camreel_([])
    assert run.code == 0
    assert run.out.startswith("Usage: camreel COMMAND")
