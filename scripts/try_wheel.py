"""Build the wheel, install it where nothing else is, and use it as a stranger would: --help, --version, the demo.

It runs away from the source tree, with an empty PATH and HOME: what works here needs no ffmpeg and no checkout.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from environment import ROOT, create, venv_python

COUNT_FRAMES = """
import sys
import av
with av.open(sys.argv[1]) as video:
    print(sum(1 for frame in video.decode(video=0)))
"""


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


def install(wheel: Path, venv: Path) -> None:
    uv = shutil.which("uv")
    create(venv, uv)
    python = venv_python(venv)
    installer: list[str | Path] = [python, "-m", "pip", "install", "--no-input"]
    if uv:
        installer = [uv, "pip", "install", "--python", python]
    run([*installer, "--constraint", "constraints.txt", wheel], cwd=ROOT)


def use(venv: Path, folder: Path) -> None:
    home = folder / "home"
    empty = folder / "empty"
    home.mkdir()
    empty.mkdir()
    env = {"PATH": str(empty), "HOME": str(home), "USERPROFILE": str(home), "TMPDIR": str(folder), "LANG": "C.UTF-8"}
    if "SYSTEMROOT" in os.environ:
        env["SYSTEMROOT"] = os.environ["SYSTEMROOT"]  # Windows has no sockets without it
    camreel = venv_python(venv).with_name("camreel.exe" if os.name == "nt" else "camreel")

    usage = run([camreel, "--help"], cwd=empty, env=env)
    assert "Usage: camreel" in usage, usage
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


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="camreel-wheel-") as name:
        folder = Path(name).resolve()
        wheel = build(folder)
        print(f"built {wheel.name} ({wheel.stat().st_size // 1024} KiB)", flush=True)
        install(wheel, folder / "venv")
        use(folder / "venv", folder)
    print("the wheel works")
    return 0


if __name__ == "__main__":
    sys.exit(main())
