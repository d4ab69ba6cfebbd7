"""Build the wheel, install it where nothing else is, and use it as a stranger would: --help, --version, the demo.

It runs away from the source tree, with an empty PATH and HOME: what works here needs no ffmpeg and no checkout. Then
once more without what only the command line and the merge need, as a program may have it that searches and downloads.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from environment import ROOT, create, venv_python
from packaging.requirements import Requirement

COUNT_FRAMES = """
import sys
import av
with av.open(sys.argv[1]) as video:
    print(sum(1 for frame in video.decode(video=0)))
"""

NOT_NEEDED = {"av", "click", "jinja2", "platformdirs", "tomlkit"}  # to search and to download

SEARCH_AND_FETCH = """
import asyncio, importlib.util, sys
import camreel

async def main(host, folder):
    async with camreel.connect(host, "admin", "simulated-1") as camera:
        found = await camera.recordings("2026-01-16 08:00", "2026-01-16 08:02")
        for recording in found:
            path = await camera.download(recording, folder)
            assert path.stat().st_size == recording.size, path
        print(f"{camera.device.model}: {len(found)} recordings, {len(found.gaps)} gap")
    with camreel.sync.connect(host, "admin", "simulated-1") as camera:
        assert camera.recordings(camreel.day("2026-01-16")).items == found.items

host, folder, *absent = sys.argv[1:]
present = [name for name in absent if importlib.util.find_spec(name)]
assert not present, present
asyncio.run(main(host, folder))
"""

INSTALLED = "import json; from importlib.metadata import requires; print(json.dumps(requires('camreel')))"


def run(command: list[str | Path], *, cwd: Path, env: dict[str, str] | None = None) -> str:
    """Run it and return what it printed; show everything where it fails."""
    told = subprocess.run(
        command,
        cwd=cwd,
        env=env,
        check=False,
        text=True,
        errors="replace",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=600,
    )
    if told.returncode:
        print(told.stdout)
        sys.exit(f"exit code {told.returncode}: " + " ".join(map(str, command)))
    return told.stdout


def build(folder: Path) -> Path:
    # hatchling is among the pinned tools, and the editable install has shown that build-system.requires is enough.
    run([sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT], cwd=folder)
    (wheel,) = folder.glob("camreel-*.whl")
    return wheel


def install(venv: Path, *wanted: str | Path) -> None:
    """Make ``venv`` if there is none, and install what is ``wanted``."""
    uv = shutil.which("uv")
    if not venv.exists():
        create(venv, uv)
    python = venv_python(venv)
    installer: list[str | Path] = [python, "-m", "pip", "install", "--no-input"]
    if uv:
        installer = [uv, "pip", "install", "--python", python]
    run([*installer, "--constraint", "constraints.txt", *wanted], cwd=ROOT)


def clean_environment(folder: Path) -> dict[str, str]:
    """Nobody's: an empty PATH, and a home of its own."""
    home = folder / "home"
    empty = folder / "empty"
    home.mkdir(exist_ok=True)
    empty.mkdir(exist_ok=True)
    env = {"PATH": str(empty), "HOME": str(home), "USERPROFILE": str(home), "TMPDIR": str(folder), "LANG": "C.UTF-8"}
    if "SYSTEMROOT" in os.environ:
        env["SYSTEMROOT"] = os.environ["SYSTEMROOT"]  # Windows has no sockets without it
    return env


def script(venv: Path) -> Path:
    """The program that pip has made."""
    return venv_python(venv).with_name("camreel.exe" if os.name == "nt" else "camreel")


def use(venv: Path, folder: Path) -> None:
    env = clean_environment(folder)
    empty = folder / "empty"
    camreel = script(venv)

    usage = run([camreel, "--help"], cwd=empty, env=env)
    assert re.match(r"Usage: .*camreel", usage), usage
    print(run([camreel, "--version"], cwd=empty, env=env), end="")

    made = folder / "demo"
    printed = run([camreel, "demo", "--output-dir", made], cwd=empty, env=env)
    print(printed, end="")
    videos = sorted(path for path in made.rglob("*") if path.suffix in {".mp4", ".mkv"} and str(path) in printed)
    assert videos, f"the demo printed no path of a video in {made}"
    leftovers = list(made.rglob("*.part"))
    assert not leftovers, f"the demo left {leftovers}"
    for video in videos:
        frames = int(run([venv_python(venv), "-c", COUNT_FRAMES, video], cwd=empty, env=env))
        assert frames > 0, f"{video} has no picture"
        print(f"{video.name}: {frames} frames decoded")
    assert not list(empty.iterdir()), "something was left in the current folder"


def use_without_media(wheel: Path, venv: Path, light: Path, folder: Path) -> None:
    """Search and download with the wheel in ``light``, from a camera simulated by the program in ``venv``."""
    needed = [Requirement(line) for line in json.loads(run([venv_python(venv), "-c", INSTALLED], cwd=folder))]
    wanted = [str(each) for each in needed if each.name.lower() not in NOT_NEEDED and "extra" not in str(each.marker)]
    assert len(wanted) < len(needed), needed
    install(light, *wanted)
    install(light, "--no-deps", wheel)
    fetched = folder / "fetched"
    fetched.mkdir()
    env = clean_environment(folder)
    with simulated(venv, folder) as address:
        command: list[str | Path] = [venv_python(light), "-c", SEARCH_AND_FETCH, address, fetched, *sorted(NOT_NEEDED)]
        print(run(command, cwd=folder / "empty", env=env), end="")
    assert len(list(fetched.iterdir())) == len(list(fetched.glob("*.mp4"))) == 3, list(fetched.iterdir())


@contextmanager
def simulated(venv: Path, folder: Path) -> Iterator[str]:
    """A camera in a process of its own; its address."""
    command = [str(script(venv)), "simulate", "--port", "0"]
    camera = subprocess.Popen(command, env=clean_environment(folder), cwd=folder, text=True, stdout=subprocess.PIPE)
    try:
        assert camera.stdout is not None
        found = re.search(r"http://(\S+:[0-9]+)", camera.stdout.readline())
        assert found, "the simulated camera did not say where it is"
        yield found[1]
    finally:
        camera.terminate()
        camera.wait(timeout=30)


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="camreel-wheel-") as name:
        folder = Path(name).resolve()
        wheel = build(folder)
        print(f"built {wheel.name} ({wheel.stat().st_size // 1024} KiB)", flush=True)
        install(folder / "venv", wheel)
        use(folder / "venv", folder)
        use_without_media(wheel, folder / "venv", folder / "light", folder)
    print("the wheel works")
    return 0


if __name__ == "__main__":
    sys.exit(main())
