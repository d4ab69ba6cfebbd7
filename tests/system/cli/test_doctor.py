"""`camreel doctor` and `camreel simulate --replay`, as they are typed."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from tests.fakes import Camreel

from camreel_simulator import camera_of, running

PROGRAM = "import sys; from camreel.cli import main; sys.exit(main(sys.argv[1:]))"
PASSWORD = {"AMCREST_PASSWORD": "simulated-1"}


def test_a_checkup_as_text_and_as_json(camreel_: Camreel) -> None:
    """The camera by itself or with --host; the report is on stdout, whole, and has no address in it."""
    with running(camera_of("nvr")) as server:
        text = camreel_(["doctor", f"127.0.0.1:{server.port}", "-u", "admin"], **PASSWORD)
        told = camreel_(["doctor", "--host", f"127.0.0.1:{server.port}", "-u", "admin", "--json"], **PASSWORD)
    assert (text.code, told.code, text.err, told.err) == (0, 0, "", "")
    labels = [line[:10].strip() for line in text.out.splitlines() if line[:10].strip()]
    assert labels == [
        *("Camera", "Login", "Lock", "Model", "Serial", "Clock", "Zone", "Channels", "Storage", "Records", "Footage"),
        *("Quirks", "Here", "Note", "Result"),
    ]
    for private in ("127.0.0.1", "ND00000SIMULATED", "Front door", "simulated-1"):
        assert private not in text.everything + told.everything
    document = json.loads(told.out)
    assert (document["status"], document["exit_code"], document["model"]) == ("well", 0, "DHI-NVR5216-16P")
    assert document["channels"][1] == {"number": 2, "title": "title-2"}


def test_a_refused_login_has_its_exit_code_and_no_second_try(camreel_: Camreel, tmp_path: Path) -> None:
    """Exit 5; the report says so, stderr nothing that could not be shown, and there is no empty capture."""
    camera = camera_of("amcrest-sd")
    with running(camera) as server:
        words = ["doctor", f"127.0.0.1:{server.port}", "-u", "admin", "--capture", "a.zip"]
        run = camreel_(words, AMCREST_PASSWORD="wrong-one-1")
    assert (run.code, camera.rejected_logins) == (5, 1)
    assert run.err == "No capture was written: the camera gave no answer.\n"
    assert list(tmp_path.iterdir()) == []
    assert "Login     refused" in run.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "No camera is given"),
        (["10.0.0.9"], "--username is missing"),
        (["10.0.0.9", "--host", "10.0.0.8", "-u", "x"], "given twice"),
        (["10.0.0.9", "-u", "x", "--insecure", "--fingerprint", "ab" * 32], "different ways"),
        (["10.0.0.9", "-u", "x", "--capture", "there.zip"], "already exists"),
        (["10.0.0.9", "-u", "x", "--capture", "no/such/a.zip"], "there is no folder"),
    ],
)
def test_what_cannot_be_is_said_before_a_password_is_asked_for(
    camreel_: Camreel, tmp_path: Path, arguments: list[str], words: str
) -> None:
    """Exit 2, and the camera has not been asked."""
    (tmp_path / "there.zip").write_text("mine")
    run = camreel_(["doctor", *arguments])
    assert run.code == 2
    assert words in run.err
    assert (tmp_path / "there.zip").read_text() == "mine"


def test_a_capture_that_is_no_capture_is_said(camreel_: Camreel, tmp_path: Path) -> None:
    """Not a zip, a zip of something else, and nothing at all: exit 2 and a sentence."""
    (tmp_path / "a.zip").write_text("no")
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("x", "y")
    for name, words in (("a.zip", "not a readable zip"), ("b.zip", "capture.json"), ("c.zip", "cannot be read")):
        run = camreel_(["simulate", "--port", "0", "--replay", name])
        assert (run.code, words in run.err) == (2, True), run.err


@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT of POSIX")
def test_a_capture_becomes_a_camera(camreel_: Camreel, tmp_path: Path) -> None:
    """doctor --capture, simulate --replay, and doctor again on what that serves: the same device."""
    with running(camera_of("intelbras")) as server:
        first = camreel_(
            ["doctor", f"127.0.0.1:{server.port}", "-u", "admin", "--capture", "a.zip", "--json"], **PASSWORD
        )
    assert first.code == 0
    assert f"    camreel simulate --replay {tmp_path / 'a.zip'}\n" in first.err
    assert (tmp_path / "a.zip").stat().st_mode & 0o777 == 0o600
    command = [sys.executable, "-u", "-c", PROGRAM, "simulate", "--port", "0", "--replay", "a.zip"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            lines: list[str] = []
            while not lines or "Ctrl-C" not in lines[-1]:
                lines.append(process.stdout.readline())
                assert lines[-1]
            assert "which is simulated-1." in lines[-1]
            where = lines[0].rstrip(".\n").rpartition("http://")[2]
            assert f"doctor {where} --username admin" in "".join(lines)
            socket.create_connection(("127.0.0.1", int(where.partition(":")[2])), timeout=10).close()
            second = camreel_(["doctor", where, "-u", "admin", "--json"], **PASSWORD)
            process.send_signal(signal.SIGINT)
            assert process.wait(30) == 0
        finally:
            process.kill()
    one, two = json.loads(first.out), json.loads(second.out)
    assert second.code == 0
    for key in ("model", "firmware", "serial", "name", "channels", "storage", "recording", "footage", "questions"):
        assert one[key] == two[key]
