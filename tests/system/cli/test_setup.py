"""`camreel setup` on a terminal: four answers, one login, and then the camera has a name. A slip is asked again."""

from __future__ import annotations

import os
import re
import select
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from tests.fakes import PASSWORD, Camreel

from camreel_simulator import ClipSpec, DeviceClock, SimulatedCamera, camera_of, discovery, running, scene_schedule

if sys.platform == "win32":
    pytest.skip("terminals of POSIX", allow_module_level=True)

import pty

PROGRAM = "import sys; from camreel.cli import main; sys.argv[0] = 'camreel'; sys.exit(main(sys.argv[1:]))"
RIGHT = "simulated-1"


def on_a_terminal(arguments: Sequence[str], answers: Sequence[tuple[str, str]], home: Path) -> tuple[int, str]:
    """Run the program in an empty HOME; type each answer when its question is there. Exit code, and what is shown."""
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("AMCREST_", "XDG_", "CAMREEL_"))
    }
    outer, inner = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *arguments],
        cwd=home,
        env=environment | {"HOME": str(home), "TERM": "xterm", "COLUMNS": "80"},
        stdin=inner,
        stdout=inner,
        stderr=inner,
        start_new_session=True,
    )
    os.close(inner)
    shown, left, until = "", list(answers), time.monotonic() + 60
    try:
        while time.monotonic() < until:
            if select.select([outer], [], [], 0.1)[0]:
                try:
                    data = os.read(outer, 4096)
                except OSError:  # Linux: the other side is closed
                    break
                if not data:
                    break
                shown += data.decode()
            if left and shown.rpartition("\n")[2].startswith(left[0][0]):
                os.write(outer, f"{left.pop(0)[1]}\n".encode())
        code = process.wait(timeout=10)
    finally:
        process.kill()
        process.wait()
        os.close(outer)
    assert not left, shown
    return code, shown.replace("\r\n", "\n")


def last_minute() -> SimulatedCamera:
    """A camera whose clock is right, with footage of the last half hour's beginning."""
    now = datetime.now(timezone.utc)
    start = now.replace(tzinfo=None, microsecond=0) - timedelta(minutes=30)
    return SimulatedCamera(
        scene_schedule(start, 2, seconds=4, spec=ClipSpec(start=start, seconds=4, size=(160, 90))),
        clock=DeviceClock(zone=timezone.utc),
    )


def test_four_answers_and_then_its_name_works(tmp_path: Path) -> None:
    """In an empty HOME: which, the user, the password, the name. The settings are their owner's alone.

    A number that is not in the list and a name that cannot be are asked again. No password is shown. With one camera
    in the settings no name is needed.
    """
    camera = last_minute()
    for recording in camera.recordings:
        recording.length()
    with running(camera) as server, discovery.discoverable(server) as port:
        login = [("User [admin]:", ""), ("Password for admin at", RIGHT)]
        answers = [("Which one?", "7"), ("Which one?", "1"), *login, ("Name [", "a b"), ("Name [", "Haustür")]
        code, shown = on_a_terminal(["setup", "--ask", f"127.0.0.1:{port}"], answers, tmp_path)
        assert code == 0, shown
        assert f"1  127.0.0.1:{server.port}  IP5M-T1277EB-AI  SIMULATED" in shown
        assert "There is no number 7: the list has number 1." in shown
        assert "'a b' is not a name for a camera." in shown
        assert "Name [cam-1]: " in shown
        assert "Clock     right, UTC+00:00" in shown
        assert "Channels  1 " in shown
        assert "camreel get Haustür --last 1h" in shown
        assert "camreel look Haustür --start 23:00 --end 03:00" in shown
        path = tmp_path / ".config" / "camreel" / "config.toml"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert RIGHT not in shown
        code, shown = on_a_terminal(["get", "--last", "1h", "--if-exists", "overwrite"], [], tmp_path)
        assert code in {0, 4}, shown  # the last quarter of an hour is never settled
        assert list(tmp_path.glob("Haustür_ch1_*.mp4"))
        assert RIGHT not in shown
        answers = [("Which one?", "1"), *login, ("Name [cam-1]", "HAUSTÜR"), ("Name [cam-1]", "")]
        code, shown = on_a_terminal(["setup", "--ask", f"127.0.0.1:{port}"], answers, tmp_path)
        assert "Haustür" in shown.partition("Which")[0]
        assert "There is a camera named Haustür in" in " ".join(shown.split())
        assert path.read_text().count("[camera.") == 2
    assert camera.rejected_logins == 0


def set_up_unfound(
    camera: SimulatedCamera, password: str, folder: Path, *more: str, then: Sequence[tuple[str, str]] = ()
) -> tuple[int, str]:
    """Run `setup` where no camera answers, so that its address is asked for; ``then`` are further answers."""
    with running(camera) as server:
        with discovery.discoverable(server) as port:
            pass  # closed again: nobody answers there
        answers = [
            ("Its address:", f"127.0.0.1:{server.port}"),
            ("User [admin]:", "admin"),
            ("Password for admin at", password),
            *then,
        ]
        return on_a_terminal(["setup", "--ask", f"127.0.0.1:{port}", *more], answers, folder)


@pytest.mark.parametrize("answer", ["", "n", "yes"])
def test_basic_alone_is_asked_about(tmp_path: Path, answer: str) -> None:
    """What it means is said; without a yes nothing is sent or saved, with it the settings have it."""
    camera = camera_of("old")
    code, shown = set_up_unfound(
        camera, camera.password, tmp_path, "--name", "old", then=[("Send the password anyway", answer)]
    )
    words = " ".join(shown.split())
    assert (
        "offers only Basic authentication, which sends the password so that everybody on the network can read it"
        in words
    )
    sent = [one for one in camera.log if one.authorization]
    path = tmp_path / ".config" / "camreel" / "config.toml"
    if answer != "yes":
        assert code == 5, shown
        assert not sent
        assert not path.exists()
        return
    assert code == 0, shown
    assert sent
    assert "allow_basic = true" in path.read_text()


@pytest.mark.parametrize(
    ("then", "code", "rejected"),
    [
        ([("Try once more", "")], 5, 1),
        (
            # The same one again is not sent.
            [("Try once more", "y"), ("User [admin]", ""), ("Password", PASSWORD), ("Password", RIGHT), ("Name [", "")],
            0,
            1,
        ),
        ([("Try once more", "y"), ("User [admin]", "boss"), ("Password", "other")], 5, 2),
    ],
    ids=["no", "right", "wrong"],
)
def test_a_refused_login_may_be_corrected_once(
    tmp_path: Path, then: Sequence[tuple[str, str]], code: int, rejected: int
) -> None:
    """The camera and the user are not lost; the lock is warned of; two at most go out. Nothing is saved without."""
    camera = SimulatedCamera([])
    ended, shown = set_up_unfound(camera, PASSWORD, tmp_path, then=then)
    assert ended == code, shown
    assert "No camera answered." in shown
    assert "refused the login" in shown
    assert "Most cameras lock the account" in " ".join(shown.split())
    assert camera.rejected_logins == rejected
    assert (tmp_path / ".config").exists() == (code == 0)
    assert PASSWORD not in shown


def test_a_wrong_clock_is_called_out_and_the_password_may_stay_out(tmp_path: Path) -> None:
    """--no-save-password."""
    camera = SimulatedCamera([], clock=DeviceClock(zone=timezone.utc, drift=-7200))
    with running(camera) as server, discovery.discoverable(server) as port:
        answers = [("Which one?", ""), ("User [admin]:", ""), ("Password for admin at", RIGHT), ("Name [", "")]
        code, shown = on_a_terminal(["setup", "--ask", f"127.0.0.1:{port}", "--no-save-password"], answers, tmp_path)
    assert code == 0, shown
    assert re.search(r"(?:2 h|2 h \d s|1 h 59 min 5\d s) slow", shown), shown  # to the second, on a busy machine
    assert "Set it: recordings are found" in shown
    text = next((tmp_path / ".config").rglob("config.toml")).read_text()
    assert "password" not in text


def test_an_address_where_nobody_is_may_be_corrected(tmp_path: Path) -> None:
    """What was found is still there; what is no address is asked again at once."""
    camera = SimulatedCamera([])
    with running(camera) as server, discovery.discoverable(server) as port:
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            nobody = f"127.0.0.1:{closed.getsockname()[1]}"
        answers = [
            ("Which one?", "a b"),
            ("Which one?", nobody),
            ("User [admin]:", ""),
            ("Password for admin at", RIGHT),
            ("Which one?", "1"),
            ("User [admin]:", ""),
            ("Password for admin at", RIGHT),
        ]
        code, shown = on_a_terminal(
            ["setup", "--ask", f"127.0.0.1:{port}", "--name", "door", "--no-save-password"], answers, tmp_path
        )
    assert code == 0, shown
    assert "connection refused" in shown


def test_without_a_terminal_it_says_what_does_the_same(camreel_: Camreel) -> None:
    """Exit 2 at once."""
    run = camreel_(["setup"])
    assert run.code == 2
    assert "camreel cameras add front-door --host 192.168.1.100 --username admin\n" in run.err
