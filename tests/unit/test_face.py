"""What `import camreel` offers: these names and no others, each with docstring and type, none before its time."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import camreel

# fmt: off
NAMES = [
    "AccountLocked", "Address", "AudioMode", "BadTransfer", "BasicNotAllowed", "Camera", "CameraBusy", "CameraClock",
    "CameraError", "CameraRefused", "CameraUnreachable", "CamreelError", "CertificateChanged", "DeviceInfo",
    "DiskError", "Event", "Gaps", "IfExists", "Interrupted", "LoginDowngraded", "LoginError", "LoginRefused",
    "MergeError", "NotACamera", "NothingRecorded", "Output", "OutputFormat", "Query", "Recording", "Recordings",
    "Report", "Request", "ResourceError", "SharedFolder", "Span", "Split", "Stream", "Target", "TargetOptions",
    "UsageError", "VideoOptions", "WallTime",
    "__version__", "connect", "day", "export", "last", "report_json", "report_text", "request", "sync",
]
# fmt: on


def test_the_public_names_are_these():
    """A name that comes or goes is a change of the contract with programs."""
    assert sorted(camreel.__all__) == sorted(NAMES)
    assert set(NAMES) <= set(dir(camreel))


def test_each_public_name_says_what_it_is():
    """Classes, their public methods and properties, and functions have a docstring of their own."""
    for name in camreel.__all__:
        thing = getattr(camreel, name)
        if name in {"__version__", "Event"}:
            continue
        assert inspect.getdoc(thing), name
        if inspect.isclass(thing) and thing.__module__.startswith("camreel"):
            for member, what in vars(thing).items():
                if not member.startswith("_") and (inspect.isfunction(what) or isinstance(what, property)):
                    assert inspect.getdoc(what), f"{name}.{member}"


def test_the_face_loads_nothing_before_it_is_asked_for():
    code = "import sys, camreel; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout.split()
    assert [name for name in loaded if name.startswith("camreel.")] == ["camreel._version"]


def test_importing_a_room_does_not_hide_a_name():
    """No public name is also the name of a module, but sync: the import system would put the module in its place."""
    folder = Path(camreel.__file__).parent
    rooms = {path.stem for path in folder.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert rooms & set(camreel.__all__) == {"sync"}


def test_a_name_that_is_not_there_is_an_attribute_error():
    assert not hasattr(camreel, "nonsense")


@pytest.mark.slow(reason="starts Python anew")
def test_searching_and_fetching_load_neither_pyav_nor_click_nor_rich():
    code = (
        "import sys, camreel; camreel.connect, camreel.export, camreel.request, camreel.last, camreel.Report; "
        "camreel.sync.connect; print(*sys.modules)"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout.split()
    assert not {name.partition(".")[0] for name in loaded} & {"av", "click", "rich"}


TYPED = """
from __future__ import annotations
from pathlib import Path
from typing_extensions import assert_type
import camreel

async def search() -> None:
    async with camreel.connect("camera", "admin", "secret") as camera:
        assert_type(camera, camreel.Camera)
        found = await camera.recordings(camreel.last("1h"), channel=2)
        assert_type(found, camreel.Recordings)
        assert_type(found[0], camreel.Recording)
        assert_type(await camera.download(found[0], "x.mp4"), Path)
    wish = camreel.request("camera", "admin", camreel.day("today"), output="x.mp4")
    assert_type(await camreel.export(wish, "secret"), camreel.Report)

def scripted() -> None:
    with camreel.sync.connect("camera", "admin", "secret") as camera:
        found = camera.recordings("08:00", "09:00")
        assert_type(found, camreel.Recordings)
        assert_type(camera.download(found[0], "x.mp4"), Path)
        camera.recordings(1)  # WRONG
    camreel.sync.export(camreel.nonsense, "secret")  # WRONG
    camreel.sync.connect("camera", "admin", "secret", https="yes")  # WRONG
    camreel.request("camera", "admin", "08:00", "09:00", output="x.mp4", retry_for=0.0, tls=True)  # WRONG
"""


@pytest.mark.slow(reason="runs mypy")
def test_a_strict_type_checker_sees_the_types_through_the_face(tmp_path):
    """py.typed counts, names that are loaded late have their types, and the twin has its parameters."""
    (tmp_path / "program.py").write_text(TYPED, encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--cache-dir={tmp_path / 'cache'}"]
    ended = subprocess.run(
        [*command, "--follow-imports=silent", "program.py"],
        cwd=tmp_path, capture_output=True, text=True, timeout=110, check=False,
    )  # fmt: skip
    wrong = [number for number, line in enumerate(TYPED.splitlines(), 1) if "# WRONG" in line]
    told = [int(line.split(":")[1]) for line in ended.stdout.splitlines() if ": error:" in line]
    assert told == wrong, ended.stdout + ended.stderr
