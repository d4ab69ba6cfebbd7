"""The settings file: what may stand in it, what is said of mistakes, and changes that lose nothing."""

from __future__ import annotations

import os
import stat
import sys
import unicodedata
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camreel import config as settings
from camreel.cli.options import KEYS
from camreel.config import config_path
from camreel.errors import UsageError

# With the keys that the command line hands over.
load, parse = partial(settings.load, keys=KEYS), partial(settings.parse, keys=KEYS)
with_camera, without_camera = partial(settings.with_camera, keys=KEYS), partial(settings.without_camera, keys=KEYS)
with_name = partial(settings.with_name, keys=KEYS)
with_value = partial(settings.with_value, keys=KEYS)
write_config = partial(settings.write_config, keys=KEYS)

WHERE = Path("config.toml")
SECRET = "s3cret-Password!"

TWO = """\
# My cameras. Written by hand.

[defaults]   # for all
username = "me"
output_dir = "~/videos"  # the big disk

# The door, since May.
[camera.front-door]
host = "192.168.1.20"
# it is 7 s fast
clock_drift = 7

# The garage.
[camera.garage]
host = "192.168.1.21"
channel = "1,3-5"
events = ["motion", "alarm"]

# The end.
"""


def test_the_cameras_own_settings_go_before_those_of_all() -> None:
    """And what only the camera or only the defaults say stands beside it."""
    config = parse(TWO.replace("clock_drift = 7", 'username = "door"'), WHERE)
    assert config.values_for("front-door") == {"host": "192.168.1.20", "username": "door", "output_dir": "~/videos"}
    assert config.values_for(None) == {"username": "me", "output_dir": "~/videos"}
    assert config.section_of("front-door", "username") == "[camera.front-door]"
    assert config.section_of("garage", "username") == "[defaults]"
    assert config.section_of("garage", "camera_tz") is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[defaults]\nuser-name = "x"', "[defaults]: there is no setting 'user-name'. Did you mean username?"),
        ('[camera.a]\nhost = "x"\nchanel = 1', "[camera.a]: there is no setting 'chanel'. Did you mean channel?"),
        ('[camera.a]\nhost = "x"\ncamera-tz = "UTC"', "Did you mean camera_tz?"),
        ('[cameras.a]\nhost = "x"', "there is no section 'cameras'. Did you mean camera?"),
        ('[defaults]\nhost = "x"', "[defaults]: host belongs to one camera"),
        ('[camera]\nhost = "x"', "host stands in no camera's section"),
        ("[camera.a]\nport = 80", "[camera.a]: host is missing"),
        ('[camera.a]\nhost = "x"\nport = "80"', "[camera.a]: port must be a whole number"),
        ('[camera.a]\nhost = "x"\nhttps = 1', "https must be true or false"),
        ('[camera.a]\nhost = "x"\nchannel = true', "channel must be a whole number, or a text in quotes"),
        ('[camera.a]\nhost = "x"\nevents = []', "events must be a text in quotes, or a list of them"),
        ('[camera."a b"]\nhost = "x"', "'a b' is not a name for a camera"),
        ("camera = 3", "camera is no section"),
        ('[camera.a]\nhost = "x"\ndefault_camera = "a"', "[camera.a]: default_camera belongs to no camera"),
        (
            '[defaults]\ndefault_camera = "dor"\n[camera.door]\nhost = "x"',
            "default_camera is 'dor', and no camera has that name. Did you mean door?",
        ),
        ('[camera.Door]\nhost = "x"\n[camera.door]\nhost = "y"', "[camera.Door] and [camera.door] have the same name"),
        ("[camera.a]\nhost = x", "is not TOML, line 2, column 8"),
        (f'[camera.a]\nhost = "x"\npassword = "{SECRET}', "is not TOML"),
    ],
)
def test_a_mistake_is_one_sentence_with_the_place(text: str, said: str) -> None:
    """The file, the section, the key, and what comes near; never what may be a password."""
    with pytest.raises(UsageError) as caught:
        parse(text, WHERE)
    assert str(caught.value).startswith("config.toml") or "not a name" in str(caught.value)
    assert said in str(caught.value)
    assert SECRET not in f"{caught.value} {caught.value.hint}"


def test_no_file_is_no_settings(tmp_path: Path) -> None:
    """And a folder in its place is an error."""
    assert load(tmp_path / "none.toml").cameras == {}
    with pytest.raises(UsageError, match="cannot be read"):
        load(tmp_path)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"#" * (1024 * 1024 + 1)])
def test_what_is_no_settings_file(tmp_path: Path, content: bytes) -> None:
    """A video, say."""
    (tmp_path / "c.toml").write_bytes(content)
    with pytest.raises(UsageError, match=r"not text|too large"):
        load(tmp_path / "c.toml")


def test_the_values_are_not_in_the_repr() -> None:
    """A traceback may show it."""
    assert SECRET not in repr(parse(f'[camera.a]\nhost = "x"\npassword = "{SECRET}"', WHERE))


def test_adding_and_removing_leave_all_other_lines_alone() -> None:
    """Comments too, and those above the section that goes."""
    added = with_camera(TWO, WHERE, "attic", {"host": "10.0.0.1", "https": True, "port": 81})
    assert added == TWO + '\n[camera.attic]\nhost = "10.0.0.1"\nhttps = true\nport = 81\n'
    assert without_camera(added, WHERE, "attic").rstrip("\n") == TWO.rstrip("\n")
    left = without_camera(TWO, WHERE, "front-door")
    gone = {"[camera.front-door]", 'host = "192.168.1.20"', "# it is 7 s fast", "clock_drift = 7"}
    assert left.splitlines() == [line for line in TWO.splitlines() if line not in gone]
    assert without_camera(TWO, WHERE, "garage").endswith("# The garage.\n\n# The end.\n")


def test_windows_line_ends_stay() -> None:
    """And a last line without an end gets one."""
    text = '[camera.a]\r\nhost = "x"\r\n\r\n[camera.b]\r\nhost = "y"'
    assert without_camera(text, WHERE, "a") == '[camera.b]\r\nhost = "y"'
    assert with_camera(text, WHERE, "c", {"host": "z"}).startswith(f"{text}\n\n[camera.c]")


@pytest.mark.parametrize(
    ("kept", "text"),
    [
        ("", 'camera.a.host = "x"\n'),
        ('[camera.b]\nhost = """\n[camera.a]\n"""\n', '[camera."a"]\nhost = "x"\n'),
        ('[camera.b]\nhost="y"\n[defaults]\n# all\n', '[camera.a]  # door\nhost = "x"\n'),
        ('[camera]  # all\n  [camera.b]\n  host = "y"\n', '  [ camera.a ]\n  # near\n  host = "x"\n'),
    ],
)
def test_a_camera_goes_however_it_is_written(kept: str, text: str) -> None:
    """With dots, in quotes, between other sections, indented; a header within a long text is none."""
    assert without_camera(f"{kept}{text}# below\n", WHERE, "a") == f"{kept}# below\n"


@pytest.mark.parametrize(
    "text",
    ['camera = { a = { host = "x" } }\n', '[camera]\na.host = "x"\nb.host = "y"\na.port = 81\n'],
)
def test_what_cannot_be_changed_without_harm_is_refused(text: str) -> None:
    """A camera that does not stand in one piece, or within another value."""
    with pytest.raises(UsageError, match="cannot change without harm"):
        without_camera(text, WHERE, "a")


def test_what_cannot_be_added_to_is_refused() -> None:
    """What comes out is read again: no section can follow an inline table of that name."""
    with pytest.raises(UsageError, match="cannot change without harm"):
        with_camera('camera = { a = { host = "x" } }\n', WHERE, "b", {"host": "y"})


def test_a_name_is_taken_once() -> None:
    """The one that is there stays as it is."""
    with pytest.raises(UsageError, match="There is a camera named garage"):
        with_camera(TWO, WHERE, "garage", {"host": "x"})
    with pytest.raises(UsageError, match=r"no camera named 'garge'.*Did you mean garage"):
        without_camera(TWO, WHERE, "garge")


@pytest.mark.parametrize("name", ["Haustür", "玄関", "Дверь", "दरवाज़ा", "front-door_2", "1", "Straße"])
def test_a_name_may_have_letters_of_any_script(name: str) -> None:
    """However their accents are coded, and whatever their case: it is found, renamed and removed."""
    apart, composed = unicodedata.normalize("NFD", name), unicodedata.normalize("NFC", name)
    assert settings.check_name(apart) == composed
    text = with_camera(TWO, WHERE, apart, {"host": "x"})
    assert list(parse(text, WHERE).cameras) == ["front-door", "garage", composed]
    for other in (apart, name.upper(), name.casefold()):
        assert parse(text, WHERE).known_as(other) == composed
        with pytest.raises(UsageError, match="There is a camera named"):
            with_camera(text, WHERE, other, {"host": "y"})
        assert without_camera(text, WHERE, other).rstrip("\n") == TWO.rstrip("\n")
    typed = f'[camera."{apart}"]\nhost = "x"\n'  # by an editor that leaves them apart
    assert list(parse(typed, WHERE).cameras) == [composed]
    assert without_camera(typed, WHERE, composed) == ""


# Letters and marks that no screen shows: an accent that is none, fillers, vowels that are not spoken, variants.
INVISIBLE = "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180f\u3164\ufe00\ufe0f\uffa0\U000e0100\U000e01ef"


@pytest.mark.parametrize(
    "name",
    ["", "-a", "_a", "a b", "a/b", "a.b", "a:b", "a\0", "a\u202e", "́a", "☃", "½", "a" * 65, "玄" * 22, "\ud800"]
    + [f"a{each}" for each in INVISIBLE],
)
def test_what_is_no_name(name: str) -> None:
    """Nothing that steers a terminal or a shell, no screen shows, or is longer than the name of a file can bear."""
    with pytest.raises(UsageError, match=r"for a camera|of a camera"):
        settings.check_name(name)


RENAMED = """\
# mine
[defaults]  # all
default_camera = "a"  # usual

# door
[camera.a]  # this
# in
host = "x"

[camera.b]
host = "y"
# end
"""


@pytest.mark.parametrize("text", [RENAMED, RENAMED.replace("\n", "\r\n"), '[camera."a"]\nhost = "x"\n'])
def test_a_camera_gets_another_name(text: str) -> None:
    """All other lines and comments stay, and it stays the default camera. Only its case may change, too."""
    renamed = with_name(text, WHERE, "A", "Haustür")
    written = (
        text.replace('"a"', "a").replace("camera.a", 'camera."Haustür"').replace("camera = a", 'camera = "Haustür"')
    )
    assert renamed == written
    assert with_name(renamed, WHERE, "haustür", "a").replace('"a"', "a") == text.replace('"a"', "a")
    assert next(iter(parse(with_name(text, WHERE, "a", "A"), WHERE).cameras)) == "A"


def test_a_name_that_another_camera_has_is_not_given() -> None:
    """Whatever its case; and what cannot be changed without harm is refused."""
    with pytest.raises(UsageError, match="There is a camera named garage"):
        with_name(TWO, WHERE, "front-door", "Garage")
    with pytest.raises(UsageError, match="no camera named 'attic'"):
        with_name(TWO, WHERE, "attic", "cellar")
    for text in ('camera = { a = { host = "x" } }\n', '[camera]\na.host = "x"\na.port = 81\n'):
        with pytest.raises(UsageError, match="cannot change without harm"):
            with_name(text, WHERE, "a", "b")


def test_one_value_is_set_and_removed_and_all_else_stays() -> None:
    """In the section that it is for, above the comments of the next one; a comment behind it stays."""
    zone = 'camera_tz = "Europe/Berlin"\n'
    text = with_value(TWO, WHERE, "front-door", "camera_tz", "Europe/Berlin")
    assert text == TWO.replace("clock_drift = 7\n", f"clock_drift = 7\n{zone}")
    assert with_value(text, WHERE, "Front-Door", "camera_tz", None) == TWO
    assert with_value(TWO, WHERE, None, "output_dir", "x") == TWO.replace('"~/videos"', '"x"')  # and its comment
    assert with_value(TWO, WHERE, None, "jobs", 3) == TWO.replace("big disk\n", "big disk\njobs = 3\n")
    crlf = TWO.replace("\n", "\r\n")
    assert with_value(crlf, WHERE, None, "jobs", 3) == crlf.replace("big disk\r\n", "big disk\r\njobs = 3\r\n")
    assert with_value("", WHERE, None, "jobs", 3) == "[defaults]\njobs = 3\n"
    bare = '[camera.a]\nhost = "x"'  # without an end of the line
    assert with_value(bare, WHERE, "a", "jobs", 3) == f"{bare}\njobs = 3\n"
    assert with_value(bare, WHERE, None, "jobs", 3) == f"{bare}\n\n[defaults]\njobs = 3\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('camera = { a = { host = "x" } }\n', "cannot change without harm"),
        ('[camera]\na.host = "x"\na.port = 81\n', "cannot change without harm"),
        ('[camera.b]\nhost = "x"\n', "no camera named 'a'"),
    ],
)
def test_a_value_that_cannot_be_set_is_refused(text: str, said: str) -> None:
    """Nothing is lost, and no camera is made."""
    with pytest.raises(UsageError, match=said):
        with_value(text, WHERE, "a", "jobs", 3)


def test_the_usual_camera_is_the_default_or_the_only_one() -> None:
    """It goes with its camera, and then the only one that is left is it."""
    assert parse(TWO, WHERE).usual_camera is None
    text = TWO.replace("[defaults]   # for all", '[defaults]   # for all\ndefault_camera = "Garage"')
    assert parse(text, WHERE).usual_camera == "garage"
    assert parse(without_camera(text, WHERE, "front-door"), WHERE).usual_camera == "garage"
    left = without_camera(text, WHERE, "garage")
    assert "default_camera" not in left
    assert "[defaults]   # for all\n" in left
    assert parse(left, WHERE).usual_camera == "front-door"
    assert parse("", WHERE).usual_camera is None


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_any_text_comes_back_as_it_was_written(text: str) -> None:
    """Quotes, backslashes, control characters: a password may have them."""
    config = parse(with_camera("", WHERE, "a", {"host": "x", "password": text, "events": [text]}), WHERE)
    assert config.cameras["a"] == {"host": "x", "password": text, "events": [text]}


posix = pytest.mark.skipif(os.name != "posix", reason="rights of POSIX")


@posix
@pytest.mark.parametrize("key", ["password", "password_command"])
def test_secrets_are_for_their_owner_alone(tmp_path: Path, key: str) -> None:
    """Written with 0600, whatever it was before; and not read where others may read or change it."""
    path = tmp_path / "folder" / "config.toml"
    write_config(path, TWO)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    write_config(path, with_camera(TWO, path, "a", {"host": "x"}))
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    write_config(path, with_camera(TWO, path, "a", {"host": "x", key: "pass show door"}))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o640)
    with pytest.raises(UsageError, match="others may read or change it") as caught:
        load(path)
    assert f"chmod 600 {path}" in str(caught.value.hint)


@posix
def test_writing_is_whole_or_nothing_and_a_link_stays(tmp_path: Path) -> None:
    """Settings that are kept elsewhere and linked to are changed there; nothing is left beside them."""
    real, link = tmp_path / "dotfiles" / "c.toml", tmp_path / "config.toml"
    real.parent.mkdir()
    real.write_text(TWO)
    link.symlink_to(real)
    write_config(link, TWO + "# more\n")
    assert link.is_symlink()
    assert real.read_text().endswith("# more\n")
    assert [path.name for path in real.parent.iterdir()] == ["c.toml"]


def test_where_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """CAMREEL_CONFIG, or the folder of the system."""
    monkeypatch.setenv("CAMREEL_CONFIG", str(tmp_path / "mine.toml"))
    assert config_path() == tmp_path / "mine.toml"
    monkeypatch.delenv("CAMREEL_CONFIG")
    if sys.platform == "linux":
        monkeypatch.setenv("XDG_CONFIG_HOME", "relative")
        monkeypatch.setenv("HOME", str(tmp_path))
        assert config_path() == tmp_path / ".config" / "camreel" / "config.toml"


@posix
@pytest.mark.parametrize("variable", [None, "~/mine.toml"])
def test_a_user_without_a_home_folder_is_told_so(monkeypatch: pytest.MonkeyPatch, variable: str | None) -> None:
    """No HOME, and no entry in the table of users, as in a container with a number for a user."""
    import pwd

    def nobody(_user: object) -> None:
        raise KeyError

    for name in ("HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name)
    monkeypatch.setattr(pwd, "getpwuid", nobody)
    if variable:
        monkeypatch.setenv("CAMREEL_CONFIG", variable)
    with pytest.raises(UsageError, match="this user has no home folder") as caught:
        config_path()
    assert "CAMREEL_CONFIG" in str(caught.value.hint)
    monkeypatch.setenv("CAMREEL_CONFIG", "/etc/camreel.toml")
    assert config_path() == Path("/etc/camreel.toml")


def test_every_key_is_an_option_and_the_other_way_round() -> None:
    """What can be settled on the command line can be in the settings, unless it is of one run."""
    from camreel.cli.commands.get import get

    of_one_run = {
        "cameras", "all_cameras", "start", "end", "last", "date", "around", "minutes", "duration", "output_file",
        "as_json", "quiet", "verbose", "password_stdin", "no_input", "ignore_lock", "debug", "version",
        "help", "dry_run", "yes", "timelapse", "since_last", "opens", "report",
    }  # fmt: skip
    foreign = {"user", "ssl", "no_verify_ssl", "log_level", "log_file", "list_only"}
    options = {parameter.name for parameter in get.params}
    of_settings = {"password", "password_command", "keyring", "default_camera", "ping_url", "ping_url_file"}
    assert options - of_one_run - foreign == set(KEYS) - of_settings
