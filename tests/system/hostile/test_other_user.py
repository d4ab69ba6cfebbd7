"""Another user of this computer may write the output folder: what that user puts there is in no video of ours."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import START, Bench, at, frame_md5s, three_clips
from tests.fakes import only_run

from camreel_simulator import ClipSpec, scene_schedule

OTHER = 54322
ME = os.geteuid() if hasattr(os, "geteuid") else 0
ROOT = ".amcrest_download"

pytestmark = pytest.mark.skipif(ME != 0 or not hasattr(os, "fork"), reason="only root can be another user, too")


def _can_run_camreel() -> bool:
    """Whether the other user can read this installation."""
    try:
        command = [sys.executable, "-c", "import camreel.jobs.export"]
        done = subprocess.run(command, user=OTHER, group=OTHER, extra_groups=[], capture_output=True, check=False)
    except (OSError, ValueError, subprocess.SubprocessError):
        return False
    return done.returncode == 0


@pytest.fixture
def share() -> Iterator[Path]:
    """A folder that everybody can write, and one for each user's home."""
    box = Path(tempfile.mkdtemp(prefix="camreel-share-"))
    box.chmod(0o755)
    (box / "out").mkdir()
    (box / "out").chmod(0o777)
    for user in (ME, OTHER):
        home = box / str(user)
        home.mkdir(mode=0o700)
        os.chown(home, user, user)
    yield box / "out"
    shutil.rmtree(box)


def begun(stand: Bench, out: Path, user: int, *more: str, name: str = "o.mp4") -> subprocess.Popen[str]:
    home = out.parent / str(user)
    as_user: dict[str, Any] = {"user": user, "group": user, "extra_groups": []} if user != ME else {}
    command = [
        sys.executable, "-m", "camreel", "get", "--host", stand.address.authority, "--username", "admin",
        "--start", at(0), "--end", at(12), "--output-dir", str(out), "--output-file", name, "--json", *more,
    ]  # fmt: skip
    variables = {"HOME": str(home), "AMCREST_PASSWORD": "simulated-1", "PATH": os.environ["PATH"]}
    return subprocess.Popen(
        command, env=variables, cwd="/", text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **as_user,
    )  # fmt: skip


def ended(process: subprocess.Popen[str]) -> tuple[int, dict[str, Any]]:
    out, err = process.communicate(timeout=90)
    assert out, err
    return process.returncode, only_run(out)


def as_other(plant: Callable[[], None]) -> None:
    """Do something as the other user."""
    child = os.fork()
    if not child:
        try:
            os.setgroups([])
            os.setgid(OTHER)
            os.setuid(OTHER)
            os.umask(0)
            plant()
        except BaseException:  # noqa: BLE001 - it ends here in any case
            os._exit(1)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0


@pytest.fixture
def stand(bench: Callable[..., Bench]) -> Bench:
    return bench(recordings=three_clips())


def pictures(stand: Bench) -> list[str]:
    return [md5 for one in stand.camera.recordings for md5 in frame_md5s(one.body())]


@pytest.fixture
def names(stand: Bench, share: Path) -> list[str]:
    """The names of the clips, as another export of the same shows them."""
    folder = share.parent / "seen"
    folder.mkdir()
    folder.chmod(0o777)
    code, _told = ended(begun(stand, folder, ME, "--keep-files"))
    assert code == 0
    return sorted(path.name for path in folder.rglob("*.mp4") if path.parent.name == "kept")


@pytest.mark.parametrize("whose", [OTHER, ME], ids=["their folder", "my open folder"])
def test_a_planted_clip_is_in_no_video(stand, share, names, whose):
    """Right names, right sizes, media that plays, in the folder and among the kept ones; parts and forged notes."""
    folder = share / ROOT / f"127.0.0.1_{stand.address.port}"
    if whose == ME:
        for each in (share / ROOT, folder, folder / "kept"):
            each.mkdir()
            each.chmod(0o777)
            os.chown(each, ME, ME)
    evil = scene_schedule(START, 4, seconds=4, spec=ClipSpec(START, 4, size=(160, 90)))[3].body()

    def plant() -> None:
        (folder / "kept").mkdir(parents=True, exist_ok=True)
        for name in names:
            stem = name.removesuffix(".mp4")
            for place in (name, f"kept/{name}", f"{stem}.part", f"{stem}.unusable.mp4"):
                (folder / place).write_bytes(evil)
            (folder / f"{stem}.about.part").write_text("{}")

    as_other(plant)
    code, told = ended(begun(stand, share, ME, "--keep-files"))
    assert code == 0
    assert frame_md5s(share / "o.mp4") == pictures(stand)
    assert [text for text in told["warnings"] if "Others can write to" in text]


@pytest.mark.skipif(not _can_run_camreel(), reason="the other user cannot read this installation")
def test_two_users_in_one_folder(stand, share):
    """At the same time, each into a video of its own; nothing of their downloads is left."""
    both = [begun(stand, share, user, name=f"{user}.mp4") for user in (ME, OTHER)]
    assert [ended(process)[0] for process in both] == [0, 0]
    for user in (ME, OTHER):
        assert frame_md5s(share / f"{user}.mp4") == pictures(stand)
        assert (share / f"{user}.mp4").stat().st_uid == user
    assert sorted(path.name for path in share.iterdir()) == [f"{ME}.mp4", f"{OTHER}.mp4"]


def test_what_is_kept_is_used_again_as_long_as_its_hashes_are_known(stand, share):
    """And fetched again without them."""
    for run, again in ((0, False), (1, False), (2, True)):
        if again:
            shutil.rmtree(share.parent / str(ME) / ".local")
        before = sum(stand.camera.bytes_sent.values())
        code, _told = ended(begun(stand, share, ME, "--keep-files", name=f"{run}.mp4"))
        assert code == 0
        assert (sum(stand.camera.bytes_sent.values()) > before) == (run == 0 or again)
        assert frame_md5s(share / f"{run}.mp4") == pictures(stand)


def test_a_shared_folder_can_be_refused(stand, share):
    """Exit code 7 before the first byte; a folder of one's own is none."""
    code, told = ended(begun(stand, share, ME, "--shared-folder", "refuse"))
    assert code == 7
    assert "Others can write to" in str(told["error"])
    assert not stand.camera.bytes_sent
    assert not list(share.iterdir())
    mine = share.parent / str(ME) / "videos"
    code, told = ended(begun(stand, mine, ME, "--shared-folder", "refuse"))
    assert code == 0
    assert "Others" not in str(told["warnings"])


def test_a_link_in_the_place_of_the_folder(stand, share):
    """Into a private folder of mine with a video: nothing in it is touched, and the run is complete."""
    private = share.parent / str(ME) / "private"
    (private / f"127.0.0.1_{stand.address.port}").mkdir(parents=True)
    (private / "wedding.mp4").write_bytes(b"precious")
    for path in (private, *private.iterdir()):
        os.chown(path, ME, ME)
    as_other(lambda: (share / ROOT).symlink_to(private))
    code, _told = ended(begun(stand, share, ME, "--keep-files"))
    assert code == 0
    assert frame_md5s(share / "o.mp4") == pictures(stand)
    assert sorted(path.name for path in private.rglob("*")) == [f"127.0.0.1_{stand.address.port}", "wedding.mp4"]
    assert (private / "wedding.mp4").read_bytes() == b"precious"


def test_a_folder_of_another_user(stand, share):
    """As another run has made it, for its user alone: ours has one beside it, and leaves nothing."""
    as_other(lambda: (share / ROOT).mkdir(mode=0o700))
    code, _told = ended(begun(stand, share, ME))
    assert code == 0
    assert frame_md5s(share / "o.mp4") == pictures(stand)
    assert sorted(path.name for path in share.iterdir()) == [ROOT, "o.mp4"]
    assert (share / ROOT).stat().st_uid == OTHER
