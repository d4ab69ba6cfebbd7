"""The files in contrib/: units that systemd takes, and command lines that camreel takes."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

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
    words = shlex.split(line.replace("%i", "front-door").replace("%S", str(tmp_path / "state")))
    run = camreel_(words, CAMREEL_CONFIG=str(tmp_path / "config.toml"))
    assert (run.code, run.everything) == (0, "")
    assert exported.request.target.name == "front-door"
    assert exported.request.output.folder == tmp_path / "state" / "camreel" / "front-door"


def test_the_compose_files_command_is_one(camreel_, exported):
    compose = (CONTRIB / "docker" / "compose.yaml").read_text(encoding="utf-8")
    (command,) = re.findall(r"^\s+command: (\[.*\])$", compose, re.MULTILINE)
    run = camreel_(json.loads(command))
    assert (run.code, run.everything) == (0, "")
    assert exported.request.target.address.host == "192.168.1.20"


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
