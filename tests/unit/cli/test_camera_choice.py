"""Cameras by name: where each value comes from, and the commands that show and change the settings."""

from __future__ import annotations

import json
import stat
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from tests.conftest import Bench
from tests.fakes import PASSWORD, Camreel, FakeExport, FakeKeyring

from camreel.cli.camera_choice import new_name, read_settings
from camreel.cli.registry import COMMANDS
from camreel.devices.downgrade import digest_memory, remember_digest
from camreel.devices.lockout import state_folder
from camreel.model import Address, Stream
from camreel_simulator import QUIRKS

RANGE = ["-s", "2026-01-16T08:00:00", "-e", "2026-01-16T09:00:00"]
SETTINGS = """
[defaults]
username = "me"
max_concurrent = 2
stream = "sub"

[camera.front-door]
host = "192.168.1.20"
port = 81
username = "door"
camera_tz = "Europe/Berlin"
clock_drift = 7

[camera.garage]
host = "https://garage.lan"
keep_files = true
"""
Settle = Callable[[str], Path]


@pytest.fixture
def settle(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Settle:
    """Write settings, for their owner alone."""
    path = tmp_path / "settings" / "config.toml"

    def write(text: str) -> Path:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(0o600)
        return path

    monkeypatch.setenv("CAMREEL_CONFIG", str(path))
    return write


def test_a_camera_by_its_name(camreel_: Camreel, exported: FakeExport, settle: Settle) -> None:
    """Its own settings, those of all, and the defaults of the program, in this order; the video has its name."""
    settle(SETTINGS)
    run = camreel_(["get", "front-door", *RANGE])
    assert run.code == 0, run.err
    request = exported.request
    target = request.target
    assert (target.address, target.username, target.max_concurrent) == (Address("192.168.1.20", 81), "door", 2)
    assert (request.query.stream, target.camera_tz, target.clock_drift) == (
        Stream.SUB,
        "Europe/Berlin",
        timedelta(seconds=7),
    )
    assert request.output.file.name == "front-door_ch1_sub_2026-01-16_08.00.00_to_09.00.00.mp4"


def test_what_is_typed_goes_first_then_the_environment(camreel_: Camreel, exported: FakeExport, settle: Settle) -> None:
    """Flag before environment before settings before default, for one option after the other."""
    settle(SETTINGS)
    assert camreel_(["get", "front-door", *RANGE], AMCREST_USERNAME="env").code == 0
    assert exported.request.target.username == "env"
    exported.asked.clear()
    assert camreel_(["get", "front-door", "-u", "typed", "--stream", "main", *RANGE], AMCREST_PASSWORD="x").code == 0
    assert (exported.request.target.username, exported.request.query.stream) == ("typed", Stream.MAIN)


def test_a_name_says_where_the_camera_is(camreel_: Camreel, exported: FakeExport, settle: Settle) -> None:
    """AMCREST_HOST and AMCREST_PORT mean another; a port that is typed goes before the settings'."""
    settle(SETTINGS)
    assert camreel_(["get", "garage", *RANGE], AMCREST_HOST="elsewhere", AMCREST_PORT="99").code == 0
    assert exported.request.target.address == Address("garage.lan", 443, https=True)
    assert exported.request.output.keep_files
    exported.asked.clear()
    assert camreel_(["get", "front-door", "--port", "82", *RANGE], AMCREST_PASSWORD="x").code == 0
    assert exported.request.target.address.port == 82


def test_a_host_takes_the_settings_of_all(camreel_: Camreel, exported: FakeExport, settle: Settle) -> None:
    """By --host, or by itself; a host that is a camera's is not taken for it."""
    settle(SETTINGS)
    for arguments in (["--host", "192.168.1.20"], ["get", "192.168.1.20"]):
        assert camreel_([*arguments, *RANGE], AMCREST_PASSWORD="x").code == 0
        assert (exported.request.target.address.port, exported.request.target.username) == (80, "me")
        exported.asked.clear()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["get", "front-dor"], "There is no camera named 'front-dor' in "),
        (["get", "front-dor"], "Did you mean front-door?"),
        (["get", "front-door", "--host", "x"], "The camera is given twice"),
        (["Front-Door"], "Front-Door is a camera, and no command"),
        (["front-dor"], "There is no command 'front-dor'. Did you mean front-door?"),
        (["last", "night"], "Try:\n    camreel get last night\n"),
        (["23:00-03:00"], "Try:\n    camreel get 23:00-03:00\n"),
        (["get", "--all", "garage"], "--all, and a camera besides, exclude each other"),
        (["get", "front-door", "garage", "-o", "x.mp4"], "--output-file is for one video, and this makes 2"),
        (["doctor", "frontdoor"], "Did you mean front-door?"),
        (["cameras", "remove", "gargae"], "Did you mean garage?"),
        (["cameras", "add", "garage", "--host", "x"], "There is a camera named garage in"),
        (["cameras", "add", "a b", "--host", "x"], "'a b' is not a name for a camera"),
        (["cameras", "add", "attic", "--host", "x", "--camera-tz", "Nowhere"], "not a time zone"),
        (["cameras", "add", "attic", "--host", "admin:s3cret"], "not a port"),
        (["cameras", "add", "attic"], "--host is missing"),
        (["cameras", "renam"], "There is no command 'renam' of camreel cameras. Did you mean rename?"),
        (["cameras", "rename", "garage", "Front-Door"], "There is a camera named front-door in"),
        (["cameras", "rename", "gargae", "x"], "Did you mean garage?"),
        (["cameras", "rename"], "OLD is missing.\n  camreel cameras rename OLD NEW\n"),
        (["cameras", "rename", "garage"], "NEW is missing.\n  camreel cameras rename OLD NEW\n"),
        (["cameras", "remove", "attic"], "Choose from front-door, garage."),
        (["get", "yesterdy"], "There is no camera named 'yesterdy' in "),
        (["get", "yesterdy"], "Did you mean yesterday?"),
        (["config", "show", "attic"], "There is no camera named 'attic'"),
    ],
)
def test_what_cannot_be_meant(
    camreel_: Camreel, exported: FakeExport, settle: Settle, arguments: list[str], said: str
) -> None:
    """Exit 2, one sentence, and the settings as they were."""
    path = settle(SETTINGS)
    run = camreel_([*arguments, *(RANGE if arguments[0] == "get" else [])])
    assert run.code == 2
    assert said in run.err
    assert "s3cret" not in run.everything
    assert path.read_text() == SETTINGS
    assert exported.asked == []


def test_the_only_camera_is_called_that(camreel_: Camreel, settle: Settle) -> None:
    settle('[camera.garage]\nhost = "192.168.1.20"\n')
    assert "The only one is garage." in camreel_(["cameras", "remove", "attic"]).err


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        (
            "max_concurrent = 99",
            "--max-concurrent: '99' is not a whole number from 1 to 32. It comes from [camera.a] in",
        ),
        ('stream = "mian"', "--stream: 'mian' is not one of"),
        ('channel = "1,5-3"', "--channel: '1,5-3' is not a list of channels"),
        ("port = 99999", "port 99999 is not a port"),
        ('pasword = "x"', "Did you mean password?"),
    ],
)
def test_a_bad_setting_is_named_with_its_place(
    camreel_: Camreel, exported: FakeExport, settle: Settle, setting: str, said: str
) -> None:
    """As a bad option is."""
    path = settle(f'[camera.a]\nhost = "x.lan"\nusername = "u"\n{setting}\n')
    run = camreel_(["get", "a", *RANGE])
    assert run.code == 2
    assert said in run.err
    assert str(path) in run.err
    assert exported.asked == []


def test_help_does_not_need_good_settings(camreel_: Camreel, settle: Settle) -> None:
    """Nor does the version."""
    settle("broken")
    assert camreel_(["get", "--help"]).code == 0
    assert camreel_(["--version"]).code == 0


def test_show_says_where_each_value_comes_from(camreel_: Camreel, settle: Settle) -> None:
    """And never shows a secret."""
    path = settle(SETTINGS.replace("port = 81", f'port = 81\npassword = "{PASSWORD}"'))
    rows = {
        line.split()[0]: line.split()[1:]
        for line in camreel_(["config", "show", "front-door"]).out.splitlines()
        if line
    }
    assert rows["host"] == ["192.168.1.20", "[camera.front-door]"]
    assert rows["username"] == ["door", "[camera.front-door]"]
    assert rows["stream"] == ["sub", "[defaults]"]
    assert rows["audio"] == ["auto", "default"]
    assert rows["password"] == ["in", "the", "settings", "[camera.front-door]"]
    run = camreel_(["config", "show", "front-door", "--json"], AMCREST_USERNAME="env")
    values = json.loads(run.out)["values"]
    assert values["username"] == {"value": "env", "from": "AMCREST_USERNAME"}
    assert values["max_concurrent"] == {"value": 2, "from": "[defaults]"}
    assert values["password"] == {"value": "in the settings", "from": "[camera.front-door]"}
    assert PASSWORD not in run.everything
    assert camreel_(["config", "path"]).out == f"{path}\n"


def test_cameras_are_added_listed_and_removed(camreel_: Camreel, settle: Settle) -> None:
    """A password is asked for, or read, only where it is to be kept; then the file is its owner's alone."""
    path = settle("# mine\n")
    path.chmod(0o644)
    assert camreel_(["cameras", "add", "attic", "--host", "10.0.0.1", "-u", "u", "-c", "1,3"]).code == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    run = camreel_(
        ["cameras", "add", "door", "--host", "10.0.0.2", "-u", "u", "--https", "--save-password"],
        AMCREST_PASSWORD=PASSWORD,
    )
    assert run.code == 0, run.err
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert PASSWORD in path.read_text()
    listed = camreel_(["cameras", "list"])
    assert listed.out.splitlines()[1:] == [
        "attic  10.0.0.1          u     1,3      asked for",
        "door   https://10.0.0.2  u     1        in the settings",
        "A command needs a name, or a default:",
        "  camreel config set default_camera attic",
    ]
    assert camreel_(["cameras"]).out == listed.out
    document = json.loads(camreel_(["cameras", "list", "--json"]).out)
    assert document == json.loads(camreel_(["cameras", "--json"]).out)
    assert document["schema"] == 2
    assert document["default_camera"] is None
    assert document["cameras"][1] == {
        "name": "door", "address": "https://10.0.0.2", "username": "u", "channel": "1", "password": "in the settings",
    }  # fmt: skip
    assert PASSWORD not in listed.everything + json.dumps(document)
    assert camreel_(["cameras", "remove", "door"]).code == 0
    assert camreel_(["cameras", "remove", "attic"]).code == 0
    assert path.read_text().strip() == "# mine"


@pytest.mark.parametrize(
    ("ways", "password"),
    [
        ('password = "in clear"', "in clear"),
        ('password_file = "secret"', "from a file"),
        (f'password_command = ["{sys.executable}", "-c", "print(chr(65) * 3)"]', "AAA"),
        ("password_command = \"echo 'two words' and more\"", "two words and more"),
    ],
)
def test_passwords_that_the_settings_know(
    camreel_: Camreel,
    exported: FakeExport,
    settle: Settle,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    ways: str,
    password: str,
) -> None:
    """In clear, in a file, from a program; AMCREST_PASSWORD goes before all of them."""
    (tmp_path / "secret").write_text("from a file\n")
    settle(f'[defaults]\nusername = "u"\npassword = "of all"\n[camera.a]\nhost = "x.lan"\n{ways}\n')
    assert camreel_(["get", "a", *RANGE], AMCREST_PASSWORD=PASSWORD).code == 0
    assert exported.password == PASSWORD
    exported.asked.clear()
    run = camreel_(["get", "a", *RANGE])  # the variable is gone by now
    assert run.code == 0, run.err
    assert exported.password == password


@pytest.mark.parametrize(
    ("ways", "said"),
    [
        ('password_command = "false"', "password_command in [camera.a] of {path} ended with exit code 1"),
        ('password_command = "no-such-program-here"', "cannot be run: No such file"),
        ('password_command = "echo \'"', "is no command"),
        ('password_command = "true"', "is empty"),
        ('password_file = "nowhere"', "The password file nowhere cannot be read"),
        ('password = "x"\nkeyring = true', "password and keyring are both in [camera.a]"),
        ("keyring = true", "needs the package keyring"),
    ],
)
def test_passwords_that_the_settings_do_not_get(
    camreel_: Camreel,
    exported: FakeExport,
    settle: Settle,
    monkeypatch: pytest.MonkeyPatch,
    ways: str,
    said: str,
) -> None:
    """Exit 2 with the place; nothing is asked of the camera."""
    monkeypatch.delenv("AMCREST_PASSWORD")
    monkeypatch.setitem(sys.modules, "keyring", None)
    path = settle(f'[camera.a]\nhost = "x.lan"\nusername = "u"\n{ways}\n')
    run = camreel_(["get", "a", *RANGE])
    assert run.code == 2
    assert said.format(path=path) in run.err
    assert exported.asked == []


@pytest.mark.parametrize(
    ("settings", "typed", "meant"),
    [
        ("", [], "front-door"),
        ('default_camera = "GARAGE"', [], "garage"),
        ('default_camera = "garage"', ["Front-Door"], "front-door"),
        ('default_camera = "garage"', ["--host", "10.9.9.9"], "10.9.9.9"),
        ('default_camera = "garage"', ["10.9.9.9"], "10.9.9.9"),
    ],
)
def test_no_name_is_needed_for_the_usual_camera(
    camreel_: Camreel, exported: FakeExport, settle: Settle, settings: str, typed: list[str], meant: str
) -> None:
    """The only one, or `default_camera`, with its own settings. What is typed goes first, in any case of letters."""
    own = SETTINGS if settings else SETTINGS.partition("[camera.garage]")[0]
    settle(own.replace("[defaults]", f"[defaults]\n{settings}"))
    run = camreel_(["get", *typed, "2026-01-16"])
    assert run.code == 0, run.err
    hosts = {"front-door": "192.168.1.20", "garage": "garage.lan"}
    assert exported.request.target.address.host == hosts.get(meant, meant)
    assert exported.request.output.file.name.startswith(f"{meant}_ch1")
    assert exported.request.output.keep_files == (meant == "garage")


def test_the_environment_goes_before_the_usual_camera(camreel_: Camreel, exported: FakeExport, settle: Settle) -> None:
    """AMCREST_HOST stands in for --host. All cameras are all of them, with the settings of each."""
    settle(SETTINGS.replace("[defaults]", '[defaults]\ndefault_camera = "garage"'))
    assert camreel_(["get", *RANGE], AMCREST_HOST="10.9.9.9").code == 0
    assert exported.request.target.address.host == "10.9.9.9"


def test_a_camera_without_a_user_stops_no_other(camreel_: Camreel, exported: FakeExport, settle: Settle) -> None:
    """`--all` goes on, and says whose user is missing. `cameras add` takes none without, unless all have one."""
    path = settle('[camera.a]\nhost = "a.lan"\n[camera.b]\nhost = "b.lan"\nusername = "u"\n')
    run = camreel_(["get", "--all", *RANGE])
    assert run.code == 2
    assert "a has no username in the settings" in run.everything
    assert exported.request.target.address.host == "b.lan"
    run = camreel_(["cameras", "add", "c", "--host", "c.lan"])
    assert run.code == 2
    assert "--username is missing" in run.err
    path = settle('[defaults]\nusername = "me"\n')
    assert camreel_(["cameras", "add", "c", "--host", "c.lan"]).code == 0
    assert "[camera.c]" in path.read_text()


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        (["front-door.camera_tz", "Europe/Paris"], "Europe/Paris"),
        (["Front-Door.clock-drift", "-7"], -7),
        (["front-door.clock_drift", "off"], "off"),
        (["front-door.channel", "1,3-5"], "1,3-5"),
        (["front-door.https", "TRUE"], True),
        (["front-door.host", "10.0.0.9"], "10.0.0.9"),
        (["stream", "main"], "main"),
        (["default_camera", "GARAGE"], "garage"),
    ],
)
def test_a_setting_is_set_as_it_is_typed(camreel_: Camreel, settle: Settle, typed: list[str], value: object) -> None:
    """For one camera or all, in the type of its key; and it is said."""
    path = settle(SETTINGS)
    run = camreel_(["config", "set", *typed])
    assert run.code == 0, run.err
    camera, _, key = typed[0].replace("-drift", "_drift").rpartition(".")
    config = read_settings()
    assert (config.cameras["front-door"] if camera else config.defaults)[key] == value
    assert run.out.startswith(f"{key} = ")
    assert camreel_(["config", "unset", typed[0]]).code == (2 if key == "host" else 0)
    assert "# " not in path.read_text()


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (["front-door.camera_tz", "Nowhere"], "is not a time zone"),
        (["jobs", "x"], "--jobs: 'x' is not a whole number"),
        (["stream", "mian"], "is not one of"),
        (["https", "maybe"], "https must be true or false, got 'maybe'"),
        (["host", "x"], "host belongs to one camera"),
        (["garage.host", "admin:s3cret"], "not a port"),
        (["garage.password", "s3cret"], "cannot be an argument"),
        (["garage.jobz", "s3cret"], "There is no setting 'jobz'. Did you mean jobs?"),
        (["garage.default_camera", "garage"], "default_camera belongs to no camera"),
        (["default_camera", "attic"], "There is no camera named 'attic'"),
        (["attic.jobs", "1"], "There is no camera named 'attic'"),
    ],
)
def test_a_setting_that_cannot_be_is_not_set(camreel_: Camreel, settle: Settle, typed: list[str], said: str) -> None:
    """Exit 2, one sentence without what may be a secret, and the file as it was."""
    path = settle(SETTINGS)
    run = camreel_(["config", "set", *typed])
    assert run.code == 2
    assert said in " ".join(run.err.split())
    assert "s3cret" not in run.everything
    assert path.read_text() == SETTINGS
    assert "is not set in [defaults]" in camreel_(["config", "unset", "jobs"]).err


@pytest.mark.parametrize("default", ["", 'default_camera = "Front-Door"'])
def test_config_shows_the_camera_of_a_command_without_a_name(camreel_: Camreel, settle: Settle, default: str) -> None:
    """The only one, or `default_camera`: all its values with their section, and its name. With none, null."""
    own = SETTINGS if default else SETTINGS.partition("[camera.garage]")[0]
    settle(own.replace("[defaults]", f"[defaults]\n{default}"))
    document = json.loads(camreel_(["config", "--json"]).out)
    assert document == json.loads(camreel_(["config", "show", "front-door", "--json"]).out)
    assert document["camera"] == "front-door"
    for key, value in {"host": "192.168.1.20", "port": 81, "camera_tz": "Europe/Berlin", "username": "door"}.items():
        assert document["values"][key] == {"value": value, "from": "[camera.front-door]"}
    shown = camreel_(["config"]).out.splitlines()
    assert shown[1] == "Camera: front-door"
    assert (shown[-1] == "  camreel config show garage") == bool(default)
    settle(SETTINGS)
    document = json.loads(camreel_(["config", "--json"]).out)
    assert document["camera"] is None
    assert "host" not in document["values"]
    document = json.loads(camreel_(["config", "--json"], AMCREST_HOST="10.9.9.9").out)
    assert document["values"]["host"] == {"value": "10.9.9.9", "from": "AMCREST_HOST"}


@pytest.mark.parametrize(
    "name", ["yesterday", "TODAY", "now", "last", "monday", "sat", "2026-01-16", "20260116", "8pm", "20260116T0800"]
)
def test_no_new_camera_is_called_like_a_time(camreel_: Camreel, settle: Settle, name: str) -> None:
    """`get yesterday` would mean that camera. One that the settings have is still known."""
    path = settle(SETTINGS)
    for command in (["add", name, "--host", "10.0.0.1", "-u", "u"], ["rename", "garage", name]):
        run = camreel_(["cameras", *command])
        assert (run.code, path.read_text()) == (2, SETTINGS)
        assert f"'{name}' is read as a time, so it cannot name a camera." in run.err
    settle(f'[camera.{name}]\nhost = "x"\n')
    assert f"{name} is gate now" in camreel_(["cameras", "rename", name, "gate"]).out


@pytest.mark.parametrize("name", ["sun-deck", "monday-cam", "last-door", "cam8", "1", "garage-2026"])
def test_a_new_camera_may_be_called_nearly_like_a_time(name: str) -> None:
    assert new_name(name) == name


def test_the_list_of_cameras_says_which_is_the_usual_one(camreel_: Camreel, settle: Settle) -> None:
    """And the config shows it."""
    settle(SETTINGS.replace("[defaults]", '[defaults]\ndefault_camera = "garage"'))
    assert (
        "A command without a name means garage (default_camera):\n  camreel get --last 1h\n"
        in camreel_(["cameras"]).out
    )
    shown = camreel_(["config"])
    assert (shown.code, shown.out) == (0, camreel_(["config", "show"]).out)
    assert ["default_camera", "garage", "[defaults]"] in [line.split() for line in shown.out.splitlines()]
    assert camreel_(["cameras", "rename", "GARAGE", "Garage 2"]).code == 2
    assert camreel_(["cameras", "rename", "GARAGE", "carport"]).out.startswith("garage is carport now, in ")
    assert "means carport" in camreel_(["cameras"]).out
    assert camreel_(["cameras", "remove", "Carport"]).code == 0
    assert "means front-door (the only one)" in camreel_(["cameras"]).out


def test_the_keyring_keeps_a_password(
    camreel_: Camreel, exported: FakeExport, settle: Settle, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under camreel, by user and camera; the settings only say that it is there."""
    keyring = FakeKeyring()
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    path = settle("")
    run = camreel_(["cameras", "add", "door", "--host", "x.lan", "-u", "u", "--keyring"])
    assert run.code == 0, run.err
    assert keyring.kept == {("camreel", "u@door"): PASSWORD}
    assert PASSWORD not in path.read_text()
    assert camreel_(["get", "door", *RANGE]).code == 0
    assert exported.password == PASSWORD
    assert camreel_(["cameras", "rename", "door", "Haustür"]).code == 0
    assert keyring.kept == {("camreel", "u@Haustür"): PASSWORD}
    keyring.kept.clear()
    run = camreel_(["get", "haustür", *RANGE])
    assert run.code == 2
    assert "keyring set camreel u@Haustür" in run.err


def test_cameras_test_tells_each_and_tries_a_refused_login_once(
    camreel_: Camreel, settle: Settle, bench: Callable[..., object]
) -> None:
    """One line for each; the exit code is the worst, and one wrong password costs one login."""
    camera = bench()
    port = camera.address.port  # type: ignore[attr-defined]
    common = f'host = "127.0.0.1"\nport = {port}\nusername = "admin"\n'
    settle(
        f'[camera.right]\n{common}password = "simulated-1"\n'
        f'[camera.wrong]\n{common}password = "{PASSWORD}"\n[camera.again]\n{common}password = "{PASSWORD}"\n'
    )
    run = camreel_(["cameras", "test"])
    assert run.code == 5
    assert run.out.startswith("right: IP5M-T1277EB-AI “SIMULATED”; clock: ")
    assert camera.camera.rejected_logins == 1  # type: ignore[attr-defined]
    document = json.loads(camreel_(["cameras", "test", "right", "--json"]).out)
    assert document["exit_code"] == 0
    assert document["cameras"][0]["channels"]
    assert PASSWORD not in run.everything


def test_cameras_forget_takes_a_name_or_a_host(camreel_: Camreel, settle: Settle) -> None:
    """By its port, if one is said; else all of the host. What is not known is no error."""
    settle('[camera.door]\nhost = "10.0.0.7"\nport = 8080\n[camera.attic]\nhost = "https://10.0.0.8"\n')

    def left(*forgotten: str) -> list[str]:
        places = [Address("10.0.0.7", 8080), Address("10.0.0.7", 80), Address("10.0.0.8", 443), Address("fe80::1", 80)]
        for place in places:
            remember_digest(place)
        for each in forgotten:
            run = camreel_(["cameras", "forget", each])
            assert (run.code, run.out) == (0, f"Forgot that Digest has worked at {each}.\n")
        return [place.authority for place in places if digest_memory(place).places]

    assert left("door") == ["10.0.0.7", "10.0.0.8:443", "[fe80::1]"]
    assert left("attic", "http://10.0.0.7:80") == ["10.0.0.7:8080", "[fe80::1]"]
    assert left("10.0.0.7", "fe80::1") == ["10.0.0.8:443"]
    run = camreel_(["cameras", "forget", "10.9.9.9"])
    assert (run.code, run.out) == (0, "Nothing was remembered of 10.9.9.9.\n")
    assert camreel_(["cameras", "forget", "admin:secret"]).code == 2


def test_cameras_forget_says_what_it_cannot_remove(camreel_: Camreel, settle: Settle) -> None:
    """Exit 7: the note is still there, and Basic is still refused."""
    settle("")
    remember_digest(Address("cam", 80))
    (note,) = (path for path in state_folder().rglob("*.json"))
    note.unlink()
    note.mkdir()
    run = camreel_(["cameras", "forget", "cam"])
    assert run.code == 7
    assert "Cannot remove" in run.err
    assert digest_memory(Address("cam", 80)).places


@pytest.mark.parametrize("allowed", [False, True])
def test_cameras_test_sends_a_password_in_clear_only_if_the_settings_allow_it(
    camreel_: Camreel, settle: Settle, bench: Callable[..., Bench], allowed: bool
) -> None:
    """`allow_basic` is of one camera."""
    stand = bench(quirks=QUIRKS["basic-only"])
    common = f'host = "127.0.0.1"\nport = {stand.address.port}\nusername = "admin"\npassword = "simulated-1"\n'
    settle(f"[camera.old]\n{common}{'allow_basic = true' if allowed else ''}\n")
    run = camreel_(["cameras", "test"])
    assert run.code == (0 if allowed else 5)
    assert any(one.authorization for one in stand.camera.log) == allowed
    settle(f"[defaults]\nallow_basic = true\n[camera.old]\n{common}")
    assert camreel_(["cameras", "test"]).code == 2


@pytest.mark.parametrize("typed", [["get", "front-door"], ["get", "--last", "1h"], ["get"]])
def test_what_is_missing_is_shown_with_the_camera_that_is_known(
    camreel_: Camreel, settle: Settle, typed: list[str]
) -> None:
    """The named one, or the first of the settings: a line that can be typed as it is."""
    settle(SETTINGS)
    run = camreel_(typed)
    assert run.code == 2
    assert "camreel get front-door --last 1h" in " ".join(run.err.split())


@pytest.mark.parametrize("words", [["get", "front-door"], ["list"], ["look", "front-door"], ["merge", "a"], ["demo"]])
def test_plain_lines_can_be_in_the_settings(settle: Settle, words: list[str]) -> None:
    """For a screen reader: of each command that has progress, also of those that ask no camera. Typed goes first."""
    settle(SETTINGS.replace("[defaults]", '[defaults]\nprogress = "plain"'))
    name, *arguments = words
    command = {each.name: each for each in COMMANDS}[name].load()
    assert command.make_context(name, list(arguments)).params["progress"] == "plain"
    assert command.make_context(name, [*arguments, "--progress", "auto"]).params["progress"] == "auto"
    settle(SETTINGS)
    assert command.make_context(name, list(arguments)).params["progress"] == "auto"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ('[defaults]\nprogress = "json"', "progress must be auto or plain in the settings, got 'json'."),
        ('[defaults]\nprogress = "loud"', "'loud' is not one of"),
        ('[camera.x]\nhost = "x"\nprogress = "plain"', "progress"),
    ],
)
def test_what_progress_cannot_be_in_the_settings(
    camreel_: Camreel, exported: FakeExport, settle: Settle, settings: str, said: str
) -> None:
    """JSON lines are for a program, which asks for them; and it is for all cameras."""
    path = settle(settings)
    run = camreel_(["get", "192.168.1.9", "-u", "me", *RANGE])
    assert run.code == 2
    assert said in run.err
    assert str(path) in run.err or "settings" in run.err
    assert not exported.asked


def test_merge_needs_no_settings(settle: Settle) -> None:
    """A slip in them is no reason not to merge clips."""
    settle("[defaults\n")
    command = {each.name: each for each in COMMANDS}["merge"].load()
    assert command.make_context("merge", ["a"]).params["progress"] == "auto"
