"""`--on-failure` and the ping: who is told how a run ended, and that nothing secret is."""

from __future__ import annotations

import errno
import http.server
import json
import os
import shlex
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.fakes import BASIC, Camreel, FakeExport

from camreel.cli import notification, results
from camreel.cli.options import PING_VARIABLE
from camreel.errors import CameraUnreachable, CamreelError, DiskError, Interrupted, LoginRefused, NothingRecorded

SECRET = "8f6a-secret-uuid"
RECORDER = """
import json, os, sys
names = ("CAMREEL_STATUS", "CAMREEL_EXIT_CODE", "CAMREEL_ERROR", "AMCREST_PASSWORD", "CAMREEL_PING_URL")
with open(sys.argv[1], "a") as log:
    log.write(json.dumps([sys.argv[2:], {name: os.environ.get(name) for name in names}]) + "\\n")
print("recorded")
sys.exit(int(sys.argv[2]) if sys.argv[2:] and sys.argv[2].isdecimal() else 0)
"""


@pytest.fixture
def recorder(tmp_path: Path) -> tuple[str, Callable[[], list[tuple[list[str], dict[str, str | None]]]]]:
    """A command that notes its arguments and its environment, and what it has noted."""
    program, log = tmp_path / "it's one.py", tmp_path / "log"
    program.write_text(RECORDER)

    def noted() -> list[tuple[list[str], dict[str, str | None]]]:
        return [tuple(json.loads(line)) for line in log.read_text().splitlines()] if log.exists() else []

    return f'"{sys.executable}" "{program}" "{log}"', noted


class Service:
    """A service that watches jobs, at `url`. `status` is what it answers."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self.status = 200
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                service.heard.append((self.path, body))
                self.send_response(service.status)
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/{SECRET}"


@pytest.fixture
def service() -> Iterator[Service]:
    made = Service()
    thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


ERRORS = [
    (NothingRecorded("Nothing there."), 3),
    (LoginRefused("The camera refused \x1b[31m."), 5),
    (CameraUnreachable("No connection."), 6),
]


@pytest.mark.parametrize(("error", "code"), ERRORS, ids=["nothing", "login", "away"])
def test_a_run_that_failed_runs_the_command(camreel_: Camreel, exported: FakeExport, recorder, error, code) -> None:
    """Once, with what happened in its environment, harmless and without a secret; no argument but its own."""
    command, noted = recorder
    exported.error = error
    run = camreel_([*BASIC, "--on-failure", command], CAMREEL_PING_URL="http://127.0.0.1:1/x")
    assert run.code == code
    ((arguments, environment),) = noted()
    assert arguments == []
    assert environment["CAMREEL_EXIT_CODE"] == str(code)
    assert environment["CAMREEL_STATUS"] == "error"
    assert environment["AMCREST_PASSWORD"] is environment["CAMREEL_PING_URL"] is None
    said = str(error).replace("\x1b", "\N{REPLACEMENT CHARACTER}")
    assert environment["CAMREEL_ERROR"] == f"192.168.1.100 ch1: {said}"


def test_a_partial_video_is_a_failure_too(camreel_: Camreel, exported: FakeExport, recorder) -> None:
    """The message names the camera, and takes the place of `{}`."""
    command, noted = recorder
    exported.complete = False
    assert camreel_([*BASIC, "--on-failure", f"{command} said {{}}"]).code == 4
    ((arguments, environment),) = noted()
    assert environment["CAMREEL_STATUS"] == "partial"
    assert environment["CAMREEL_ERROR"] == (
        "192.168.1.100 ch1: The video is partial: something is missing, as its report says."
    )
    assert arguments == ["said", environment["CAMREEL_ERROR"]]


def test_nothing_failed(camreel_: Camreel, exported: FakeExport, recorder) -> None:
    """A complete video runs no command."""
    command, noted = recorder
    assert camreel_([*BASIC, "--on-failure", command]).code == 0
    assert noted() == []


def test_a_dry_run_tells_nobody(camreel_: Camreel, recorder, service: Service, monkeypatch) -> None:
    """A look before an export is not a run, even if the camera is away."""
    monkeypatch.setenv("AMCREST_PASSWORD", "x")
    command, noted = recorder
    words = ["--dry-run", "--retry-for", "0", "--host", "127.0.0.1:1", "--on-failure", command]
    assert camreel_([*BASIC, *words], CAMREEL_PING_URL=service.url).code == CameraUnreachable.exit_code
    assert noted() == []
    assert service.heard == []


@pytest.mark.parametrize("words", [["get", "--dry-run"], ["list"]], ids=["dry-run", "list"])
def test_no_command_passes_the_address_on(camreel_: Camreel, recorder, tmp_path: Path, monkeypatch, words) -> None:
    """A command for the password does not see it, whatever camreel does."""
    command, noted = recorder
    settings = tmp_path / "config.toml"
    login = f'username = "admin"\npassword_command = {json.dumps(shlex.split(command))}'
    settings.write_text(f'[camera.front]\nhost = "127.0.0.1:1"\n{login}\n')
    settings.chmod(0o600)
    monkeypatch.delenv("AMCREST_PASSWORD", raising=False)
    place = {"CAMREEL_CONFIG": str(settings), "CAMREEL_PING_URL": f"http://127.0.0.1:1/{SECRET}"}
    run = camreel_([*words, "front", "--last", "1h", "--retry-for", "0"], **place)
    assert noted(), run.everything
    assert noted()[0][1]["CAMREEL_PING_URL"] is None


@pytest.mark.parametrize(
    ("words", "calls"),
    [(["--last", "bogus"], 1), (["--camera-tz", "X/Y"], 1), (["--max-concurrent", "abc"], 0)],
    ids=["time", "zone", "number"],
)
def test_what_of_the_options_is_told(camreel_: Camreel, exported: FakeExport, recorder, words, calls) -> None:
    """What click refuses is no run; a time or a zone that nobody knows is a failure, as the documentation says."""
    command, noted = recorder
    times = [] if words[0] == "--last" else BASIC[4:]
    run = camreel_([*BASIC[:4], *times, *words, "--on-failure", command])
    assert run.code == 2
    assert [environment["CAMREEL_EXIT_CODE"] for _, environment in noted()] == ["2"] * calls


@pytest.mark.parametrize("word", ["'echo {}'", "said={}", "{}{}"])
def test_the_message_is_never_a_part_of_a_word(camreel_: Camreel, exported: FakeExport, recorder, word) -> None:
    """A shell would run what a camera wrote: an error before anything is asked, with the way that is safe."""
    run = camreel_([*BASIC, "--on-failure", f"{recorder[0]} {word}"])
    assert (run.code, exported.asked) == (2, [])
    assert "$CAMREEL_ERROR" in run.err


def test_a_person_who_stops_it_needs_no_message(camreel_: Camreel, exported: FakeExport, recorder, service) -> None:
    """The command does not run, and no ping is sent. The service notices by itself that the end does not come."""
    command, noted = recorder
    exported.error = Interrupted("interrupted")
    assert camreel_([*BASIC, "--on-failure", command], CAMREEL_PING_URL=service.url).code == 130
    assert noted() == []
    assert {path for path, _ in service.heard} <= {f"/{SECRET}/start"}


def test_several_cameras_are_one_run(camreel_: Camreel, exported: FakeExport, recorder, tmp_path: Path) -> None:
    """One message for all that failed; the command is in the settings."""
    command, noted = recorder
    exported.complete = False
    settings = tmp_path / "config.toml"
    both = "".join(f'[camera.{name}]\nhost = "192.168.1.{name}"\nusername = "admin"\n' for name in ("20", "21"))
    settings.write_text(f"[defaults]\non_failure = {json.dumps(command)}\n{both}")
    settings.chmod(0o600)
    run = camreel_(["get", "--all", *BASIC[4:]], CAMREEL_CONFIG=str(settings))
    assert run.code == 4, run.everything
    ((_, environment),) = noted()
    assert [line.split(":")[0] for line in (environment["CAMREEL_ERROR"] or "").splitlines()] == ["20 ch1", "21 ch1"]


def test_its_own_failure_is_said_and_hides_nothing(camreel_: Camreel, exported: FakeExport, recorder) -> None:
    """The exit code stays that of the run."""
    exported.error = NothingRecorded("Nothing there.")
    run = camreel_([*BASIC, "--quiet", "--on-failure", f"{recorder[0]} 9"])
    assert run.code == 3
    assert "the command of --on-failure failed (exit code 9)" in run.err
    assert "Nothing there." in run.err


def test_a_command_that_is_none_is_an_error_before_anything_is_asked(camreel_: Camreel, exported: FakeExport) -> None:
    """As with --exec."""
    run = camreel_([*BASIC, "--on-failure", "no-such-program-here"])
    assert (run.code, exported.asked) == (2, [])
    assert "--on-failure: there is no program" in run.err


@pytest.mark.parametrize(
    ("error", "end"),
    [
        (None, ("", b"exit code 0: complete")),
        (LoginRefused("The camera at 192.168.1.100 refused admin."), ("/fail", b"exit code 5: error")),
    ],
)
def test_the_ping(camreel_: Camreel, exported: FakeExport, service: Service, error, end) -> None:
    """Start and end, with a status and nothing else; the address is nowhere."""
    exported.error = error
    run = camreel_([*BASIC, "-v", "--debug", "--json"], CAMREEL_PING_URL=service.url)
    assert service.heard == [(f"/{SECRET}/start", b"start"), (f"/{SECRET}{end[0]}", end[1])]
    assert SECRET not in run.everything
    assert PING_VARIABLE not in os.environ


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="Linux has it")
@pytest.mark.parametrize("error", [None, LoginRefused("The camera refused admin.")], ids=["complete", "refused"])
def test_a_result_that_is_not_out_is_a_failure(
    camreel_: Camreel, exported, service: Service, recorder, error, monkeypatch
) -> None:
    """The end is told when the exit code is known: a full disk behind stdout is no success."""
    command, noted = recorder
    exported.error = error
    with open("/dev/full", "w", encoding="utf-8") as full:  # noqa: PTH123 - a device
        monkeypatch.setattr("sys.stdout", full)
        run = camreel_([*BASIC, "--json", "--on-failure", command], CAMREEL_PING_URL=service.url)
    assert run.code == DiskError.exit_code, run.everything
    assert service.heard[1:] == [(f"/{SECRET}/fail", b"exit code 7: error")]
    assert [environment["CAMREEL_EXIT_CODE"] for _, environment in noted()] == ["7"]


def test_a_report_that_cannot_be_written_is_a_failure(
    camreel_: Camreel, exported, service: Service, recorder, monkeypatch
) -> None:
    """It is told with the exit code that the run has."""

    def no_space(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    command, noted = recorder
    monkeypatch.setattr(results, "write_whole", no_space)
    run = camreel_([*BASIC, "--report", "report.txt", "--on-failure", command], CAMREEL_PING_URL=service.url)
    assert run.code == DiskError.exit_code, run.everything
    assert service.heard[1:] == [(f"/{SECRET}/fail", b"exit code 7: error")]
    ((_, environment),) = noted()
    assert "report.txt" in (environment["CAMREEL_ERROR"] or "")


def test_a_query_stays_behind_the_path(camreel_: Camreel, exported: FakeExport, service: Service) -> None:
    """Some services take options there."""
    camreel_(BASIC, CAMREEL_PING_URL=f"{service.url}?create=1")
    assert [path for path, _ in service.heard] == [f"/{SECRET}/start?create=1", f"/{SECRET}?create=1"]


@pytest.mark.parametrize("status", [302, 404, 500])
def test_a_ping_that_fails_is_a_warning(camreel_: Camreel, exported: FakeExport, service: Service, status) -> None:
    """It changes no exit code, goes to no other place, and its words have no address."""
    service.status = status
    run = camreel_([*BASIC, "--quiet"], CAMREEL_PING_URL=service.url)
    assert run.code == 0
    assert run.err == f"camreel: warning: the ping was not sent: the service answered HTTP {status}.\n"
    assert len(service.heard) == 2


@pytest.mark.parametrize("error", [None, NothingRecorded("Nothing there.")])
def test_no_service_is_there(camreel_: Camreel, exported: FakeExport, error) -> None:
    """Its host is not named: it may be part of the secret. The end of a run is the last line of JSON."""
    exported.error = error
    run = camreel_([*BASIC, "--progress", "json", "--quiet"], CAMREEL_PING_URL=f"http://127.0.0.1:1/{SECRET}")
    assert run.code == (3 if error else 0)
    lines = [json.loads(line) for line in run.err.splitlines()]
    assert lines[-1]["event"] == "end"
    assert "the ping was not sent: no connection: ConnectionRefusedError" in str(lines)
    assert SECRET not in run.everything
    assert "127.0.0.1" not in run.everything


def test_a_service_that_never_answers_does_not_hold_up_the_end(camreel_: Camreel, exported, monkeypatch) -> None:
    """It is given some seconds, here less."""
    done = threading.Event()
    monkeypatch.setattr(notification, "_PATIENCE", 0.05)
    monkeypatch.setattr(notification, "_post", lambda *_: done.wait(20))
    run = camreel_([*BASIC, "--quiet"], CAMREEL_PING_URL="http://127.0.0.1:1/x")
    done.set()
    assert (run.code, "it took too long" in run.err) == (0, True)


@pytest.mark.parametrize("way", ["ping_url", "ping_url_file"])
def test_the_address_in_the_settings(camreel_: Camreel, exported: FakeExport, service, tmp_path: Path, way) -> None:
    """Itself, or a file with it. `config show` does not show it."""
    secret = tmp_path / "ping"
    secret.write_text(f"{service.url}\n")
    settings = tmp_path / "config.toml"
    settings.write_text(f"[defaults]\n{way} = {json.dumps(service.url if way == 'ping_url' else str(secret))}\n")
    settings.chmod(0o600)
    camreel_(BASIC, CAMREEL_CONFIG=str(settings))
    assert len(service.heard) == 2
    for words in (["config", "show"], ["config", "show", "--json"]):
        shown = camreel_(words)
        assert shown.code == 0
        assert SECRET not in shown.everything
        assert way in shown.out


@pytest.mark.skipif(os.name != "posix", reason="modes are of POSIX")
def test_settings_with_the_address_are_for_nobody_else(camreel_: Camreel, exported: FakeExport, tmp_path: Path) -> None:
    """As with a password."""
    settings = tmp_path / "config.toml"
    settings.write_text(f'[defaults]\nping_url = "http://127.0.0.1:1/{SECRET}"\n')
    settings.chmod(0o644)
    run = camreel_(BASIC, CAMREEL_CONFIG=str(settings))
    assert (run.code, exported.asked) == (2, [])
    assert "chmod 600" in run.err


@pytest.mark.parametrize("url", [f"ftp://{SECRET}", f"http://{SECRET} x", SECRET, f"http://{SECRET}\n/x"])
def test_what_is_no_address(camreel_: Camreel, exported: FakeExport, url: str) -> None:
    """The error does not repeat it."""
    run = camreel_(BASIC, CAMREEL_PING_URL=url)
    assert (run.code, exported.asked) == (2, [])
    assert f"{PING_VARIABLE} is no URL of http or https." in run.err
    assert SECRET not in run.everything


def test_a_bug_is_told_without_its_words() -> None:
    """They may hold anything."""
    told: list[str] = []
    notice = notification.RunNotice(None, None, told.append)
    ends: list[tuple[int, list[str]]] = []
    notice.end = lambda code, failures: ends.append((code, list(failures)))  # type: ignore[method-assign]
    with pytest.raises(ValueError, match="secret"), notice.around():
        raise ValueError("secret")
    assert ends == [(CamreelError.exit_code, ["a bug in camreel: ValueError"])]


def test_an_error_of_a_library_is_told_without_its_words() -> None:
    """They may have the address."""
    assert notification._post(f"http://[{SECRET}", "/start", "start") == "no connection: ValueError"
