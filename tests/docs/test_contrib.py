"""The files in contrib/: units that systemd takes, and command lines that camreel takes."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import zoneinfo
from pathlib import Path

import pytest

from camreel.errors import NothingRecorded

CONTRIB = Path(__file__).parents[2] / "contrib"
SERVICE = (CONTRIB / "systemd" / "camreel@.service").read_text(encoding="utf-8")
NEEDS_SYSTEMD = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not here")


@NEEDS_SYSTEMD
def test_systemd_takes_the_units(tmp_path):
    program = "/opt/camreel/bin/camreel"
    assert program in SERVICE
    (tmp_path / "camreel@.service").write_text(SERVICE.replace(program, "/bin/true"), encoding="utf-8")
    shutil.copy(CONTRIB / "systemd" / "camreel@.timer", tmp_path)
    units = [str(tmp_path / f"camreel@front-door.{kind}") for kind in ("service", "timer")]
    told = subprocess.run(
        ["systemd-analyze", "verify", *units], capture_output=True, text=True, timeout=60, check=False
    )
    assert [line for line in told.stderr.splitlines() if "camreel" in line] == []
    assert told.returncode == 0, told.stderr


def test_the_services_command_is_one(camreel_, exported, tmp_path):
    """With a camera of that name in the settings, and the folders that systemd fills in."""
    (tmp_path / "config.toml").write_text('[camera.front-door]\nhost = "192.168.1.20"\nusername = "admin"\n')
    (line,) = re.findall(r"^ExecStart=\S+ (.*)$", SERVICE, re.MULTILINE)
    words = shlex.split(line.replace("%i", "front-door").replace("/srv/footage", str(tmp_path / "footage")))
    exported.error = NothingRecorded("Nothing is new.")  # the range is known to the camera alone
    assert camreel_(words, CAMREEL_CONFIG=str(tmp_path / "config.toml")).code == 3
    assert exported.request.target.name == "front-door"
    assert exported.request.query.since_last
    assert exported.request.output.allow_empty
    assert exported.request.output.folder == tmp_path / "footage" / "front-door"


def test_the_service_can_write_where_its_owner_can_read():
    """And its marks stay when it ends."""
    (path,) = re.findall(r"^ReadWritePaths=(\S+)$", SERVICE, re.MULTILINE)
    assert f"--output-dir {path}/%i" in SERVICE
    readme = (CONTRIB / "README.md").read_text(encoding="utf-8")
    assert f"install -d -o camreel -g YOU -m 2750 {path}" in readme
    assert "User=camreel" in SERVICE
    assert "DynamicUser" not in SERVICE
    assert "XDG_STATE_HOME=%S\n" in SERVICE
    assert "StateDirectory=camreel\n" in SERVICE


def test_the_compose_files_command_is_one(camreel_, exported):
    compose = (CONTRIB / "docker" / "compose.yaml").read_text(encoding="utf-8")
    (command,) = re.findall(r"^\s+command: (\[.*\])$", compose, re.MULTILINE)
    (entry,) = re.findall(r"^\s+entrypoint: (\[.*\])$", compose, re.MULTILINE)
    assert json.loads(entry) == ["every", "3600", "camreel"]
    exported.error = NothingRecorded("Nothing is new.")
    assert camreel_(json.loads(command)).code == 3
    assert exported.request.target.address.host == "192.168.1.20"
    assert exported.request.query.since_last
    zoneinfo.ZoneInfo(re.findall(r"^\s+TZ: (\S+)$", compose, re.MULTILINE)[0])


@pytest.mark.skipif(os.name != "posix", reason="it is for a container with Linux")
def test_the_loop_runs_again_and_stops_when_it_is_told_to(tmp_path):
    """Also a command that fails; one that runs is ended, and waited for."""
    log = tmp_path / "log"
    script = "echo run >> log; [ $(wc -l < log) -lt 3 ] && exit 4; trap 'echo ended >> log; exit' TERM; sleep 60 & wait"
    loop = subprocess.Popen([CONTRIB / "docker" / "every", "0", "sh", "-c", script], cwd=tmp_path)
    try:
        while not log.exists() or log.read_text().count("run") < 3:
            assert loop.poll() is None
        loop.terminate()
        assert loop.wait(10) == 0
    finally:
        loop.kill()
    assert log.read_text().splitlines() in (["run"] * 3 + ["ended"], ["run"] * 3)


def test_the_build_gets_what_the_package_is_made_of():
    """And no virtual environment, no history, no secret."""
    lines = (CONTRIB.parent / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert lines[1] == "*"
    kept = {line[1:] for line in lines if line.startswith("!")}
    project = (CONTRIB.parent / "pyproject.toml").read_text(encoding="utf-8")
    needed = {"pyproject.toml", "constraints.txt", "README.md", "LICENSE", "src", "docs/man/camreel.1"}
    assert kept == needed | {"contrib/docker/every"}
    assert all((CONTRIB.parent / path).exists() for path in kept)
    assert '"docs/man/camreel.1" = ' in project


def test_the_secret_is_for_the_user_of_the_image():
    """Compose mounts it with the owner and the mode that it has."""
    (uid,) = re.findall(r"useradd --uid (\d+)", (CONTRIB / "docker" / "Dockerfile").read_text(encoding="utf-8"))
    readme = (CONTRIB / "README.md").read_text(encoding="utf-8")
    compose = (CONTRIB / "docker" / "compose.yaml").read_text(encoding="utf-8")
    (secret,) = re.findall(r"^\s+file: \./(\S+)$", compose, re.MULTILINE)
    assert f"install -o {uid} -m 400 password.txt {secret}" in readme
    assert f"install -d -o {uid} videos" in readme


def test_what_a_container_remembers_is_not_among_the_videos():
    """Whoever can write the videos could else say which downloads are ours; and it outlives the container."""
    text = (CONTRIB / "docker" / "Dockerfile").read_text(encoding="utf-8")
    (state,) = re.findall(r"^ENV XDG_STATE_HOME=(\S+)$", text, re.MULTILINE)
    (volumes,) = re.findall(r"^VOLUME (.+)$", text, re.MULTILINE)
    assert volumes.split() == ["/videos", state]
    compose = (CONTRIB / "docker" / "compose.yaml").read_text(encoding="utf-8")
    (mounts,) = re.findall(r"^\s+volumes: (\[.*\])$", compose, re.MULTILINE)
    assert [mount.split(":")[1] for mount in json.loads(mounts)] == ["/videos", state]


def test_no_password_is_in_any_of_them():
    """And where it comes from is what camreel reads."""
    texts = [path.read_text(encoding="utf-8") for path in CONTRIB.rglob("*") if path.is_file()]
    assert not any(re.search(r"AMCREST_PASSWORD[=:]", text) for text in texts)
    assert sum("AMCREST_PASSWORD_FILE" in text for text in texts) == 2
