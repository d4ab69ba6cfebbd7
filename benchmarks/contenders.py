"""What a person could run instead, each from the same camera or the same clips to a video."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.camera import PASSWORD, USERNAME
from benchmarks.footage import CACHE
from benchmarks.measure import Cost, run
from benchmarks.scene import Scene, environment

CAMREEL = "camreel"
UNPLAYED = "camreel --verify none"
TOOLS = "curl --parallel, then ffmpeg -c copy"
PEER = "amcrest-downloader 0.3.0"
FFMPEG = "ffmpeg -f concat -c copy"
CAT = "cat"
CURL = "curl --parallel alone, then sync"
TOOLS_SYNCED, FFMPEG_SYNCED, CAT_SYNCED = f"{TOOLS}, then sync", f"{FFMPEG}, then sync", f"{CAT}, then sync"
_AT_A_TIME = 4
_PEER_FOLDER = CACHE / "amcrest-downloader"


@dataclass(frozen=True)
class Contender:
    """``command`` is what is run in a scene; ``makes_video``: whether what it leaves is to be a video of the clips."""

    name: str
    command: Callable[[Scene], list[str]]
    makes_video: bool = True
    why_absent: str | None = None

    def run(self, scene: Scene, *, before: Sequence[str] = (), watched: bool = False) -> Cost:
        """Once, in an empty folder; ``before`` goes in front of the command."""
        scene.clear()
        prepared = [*before, *self.command(scene)]
        return run(prepared, log=scene.folder / "log.txt", env=environment(), cwd=scene.folder, watched=watched)

    def video(self, scene: Scene) -> Path:
        """What it has made."""
        return next(iter(sorted(scene.folder.glob("*.mp4"))), scene.folder / "none.mp4")


def whole_job() -> dict[str, Contender]:
    """From the camera to the video."""
    absent = _missing("curl", "ffmpeg")
    return _by_name(
        Contender(CAMREEL, _camreel_get),
        Contender(TOOLS, _curl_and_ffmpeg, why_absent=absent),
        Contender(TOOLS_SYNCED, lambda scene: _synced(_curl_and_ffmpeg(scene), "out.mp4"), why_absent=absent),
        Contender(CURL, _curl_alone, makes_video=False, why_absent=absent),
        Contender(PEER, _peer, why_absent=_missing("ffmpeg") or _install_peer()),
    )


def merges() -> dict[str, Contender]:
    """From clips on the disk to the video."""
    absent = _missing("ffmpeg")
    return _by_name(
        Contender(CAMREEL, _camreel_merge),
        Contender(UNPLAYED, lambda scene: camreel_merge(scene, "out.mp4", "--verify", "none")),
        Contender(FFMPEG, _ffmpeg, why_absent=absent),
        Contender(FFMPEG_SYNCED, lambda scene: _synced(_ffmpeg(scene), "out.mp4"), why_absent=absent),
        Contender(CAT, _cat, makes_video=False, why_absent=_missing("cat")),
        Contender(CAT_SYNCED, lambda scene: _synced(_cat(scene), "out.bin"), False, _missing("cat")),
    )


def _by_name(*all_of_them: Contender) -> dict[str, Contender]:
    return {each.name: each for each in all_of_them}


def camreel_command() -> list[str]:
    """As it is installed beside the Python that runs this."""
    return [str(Path(sys.executable).with_name("camreel"))]


def _missing(*programs: str) -> str | None:
    gone = [name for name in programs if shutil.which(name) is None]
    return f"{' and '.join(gone)} not installed" if gone else None


def _install_peer() -> str | None:
    """Into an environment of its own, once; why not, where that cannot be."""
    program = _PEER_FOLDER / "bin" / "amcrest-downloader"
    if program.exists():
        return None
    venv.create(_PEER_FOLDER, with_pip=True)
    command = [str(_PEER_FOLDER / "bin" / "pip"), "install", "--quiet", "amcrest-downloader==0.3.0"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=300, check=False)
    except subprocess.TimeoutExpired:
        return "pip could not install it in five minutes"
    return None if done.returncode == 0 else "pip could not install it"


def camreel_get(scene: Scene, *options: str) -> list[str]:
    """The command line for all that the camera has."""
    start, end = (moment.isoformat() for moment in scene.footage.span)
    where = ["--host", "127.0.0.1", "--port", str(scene.port), "--username", USERNAME]
    return [*camreel_command(), *where, "--start", start, "--end", end, *options]


def _camreel_get(scene: Scene) -> list[str]:
    return camreel_get(scene)


def _camreel_merge(scene: Scene) -> list[str]:
    return camreel_merge(scene, "out.mp4")


def camreel_merge(scene: Scene, name: str, *options: str) -> list[str]:
    """The command line for all clips of a folder of links to them."""
    folder = scene.folder / "clips"
    folder.mkdir()
    for clip in scene.clips:
        (folder / clip.name).symlink_to(clip)
    return [*camreel_command(), "merge", str(folder), "-o", str(scene.folder / name), "--quiet", *options]


def _peer(scene: Scene) -> list[str]:
    start, end = (moment.isoformat() for moment in scene.footage.span)
    where = ["--host", "127.0.0.1", "--port", str(scene.port), "-u", USERNAME, "-p", PASSWORD]
    return [str(_PEER_FOLDER / "bin" / "amcrest-downloader"), *where, "--start", start, "--end", end]


def camreel_get_all(scene: Scene) -> list[str]:
    """The command line for all that the cameras of the settings have."""
    start, end = (moment.isoformat() for moment in scene.footage.span)
    return [*camreel_command(), "get", "--all", "--start", start, "--end", end]


def _curl_and_ffmpeg(scene: Scene) -> list[str]:
    """Told where the clips are: it does not have to search."""
    curl, names = _curl(scene)
    return ["/bin/sh", "-e", "-c", f"{curl}\n{_concat(scene, names)}\nrm -r clips"]


def _curl_alone(scene: Scene) -> list[str]:
    """What it takes to have the bytes on the disk once: the least that anybody can need."""
    curl, _names = _curl(scene)
    return ["/bin/sh", "-e", "-c", f"{curl}\nsync clips/*"]


def _curl(scene: Scene) -> tuple[str, list[Path]]:
    folder = scene.folder / "clips"
    folder.mkdir()
    names = [folder / f"{number:05d}{scene.footage.kind.suffix}" for number in range(len(scene.clips))]
    pairs = zip(scene.urls, names, strict=True)
    (scene.folder / "curl.txt").write_text("".join(f'url = "{url}"\noutput = "{name}"\n' for url, name in pairs))
    login = f"--digest -u {USERNAME}:{PASSWORD}"
    return f"curl -sS -g --parallel --parallel-max {_AT_A_TIME} {login} -K curl.txt", names


def _ffmpeg(scene: Scene) -> list[str]:
    return ["/bin/sh", "-e", "-c", _concat(scene, list(scene.clips))]


def _synced(command: list[str], made: str) -> list[str]:
    """As camreel leaves its video: on the disk, and not in memory alone."""
    *shell, script = command
    return [*shell, f"{script}\nsync {made}"]


def _concat(scene: Scene, clips: list[Path]) -> str:
    (scene.folder / "concat.txt").write_text("".join(f"file '{clip}'\n" for clip in clips))
    return "ffmpeg -nostdin -v error -f concat -safe 0 -i concat.txt -c copy out.mp4"


def _cat(scene: Scene) -> list[str]:
    (scene.folder / "names.txt").write_text("".join(f"{shlex.quote(str(clip))}\n" for clip in scene.clips))
    return ["/bin/sh", "-e", "-c", "xargs cat < names.txt > out.bin"]
