"""A folder that others can write: what lies there is used only if camreel has noted its hash."""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import secrets
import shutil
import tracemalloc
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from camreel import diskio
from camreel.devices.lockout import state_folder
from camreel.diskio import create_new
from camreel.errors import BadTransfer, CameraUnreachable, DiskError
from camreel.model import Address
from camreel.transfer import hashes, notes, resume
from camreel.transfer import partial as partial_module
from camreel.transfer import store as store_module
from camreel.transfer.download import fetch
from camreel.transfer.leftovers import left_in, remove, unfinished
from camreel.transfer.lock import acquire
from camreel.transfer.notes import Job, read_jobs, write_holder, write_job
from camreel.transfer.resume import OVERLAP, PartialFile
from camreel.transfer.store import ROOT, Store, files_in, roots_in

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(not hasattr(os, "geteuid"), reason="Windows has no modes that make a folder shared"),
]

HERE = Address("cam.example", 80)
WHOLE = b"\x00\x00\x00\x20ftypisom" + bytes(range(256)) * 2000
EVIL = b"\x00\x00\x00\x20ftypisom" + bytes(reversed(range(256))) * 2000
BREAK = 400_000
STEM = "2026-01-16_08.00.00-08.01.00_0123456789ab"


@pytest.fixture(autouse=True)
def state(tmp_path: Path, reachable: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """An output folder that everybody can write."""
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o777)
    return folder


@pytest.fixture
def store(shared: Path) -> Store:
    """A store there, which has been made as a run makes it."""
    made = Store(shared, HERE)
    made.folder.mkdir(parents=True)
    return made


def again(store: Store) -> Store:
    """What the next run has."""
    return Store(store.folder.parent.parent, HERE)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*"))


@pytest.fixture
def get(camera, body, store, recording) -> Any:
    """Fetch one recording, as a run does."""

    async def run(data: bytes = WHOLE, **fields: Any) -> Any:
        one = recording(**fields)
        camera.answers[one.path] = [data]
        return one, await fetch(camera, one, store, lambda _size: None)

    return run


async def test_what_camreel_fetched_is_used_again(get, store):
    """By the next run, whole; also what is kept for good."""
    one, clip = await get()
    assert store.is_shared
    assert again(store).is_there(one)
    assert again(store).find(one) == clip
    store.keep(clip)
    assert again(store).find(one) == store.kept_folder / clip.name


@pytest.mark.parametrize("suffix", [".mp4", ".dav", ".bin"])
@pytest.mark.parametrize("place", ["", "kept"])
async def test_what_others_put_there_is_not(store, recording, place, suffix):
    """A clip under the right name, of any suffix."""
    folder = store.folder / place
    folder.mkdir(exist_ok=True)
    (folder / f"{store.stem(recording())}{suffix}").write_bytes(EVIL)
    assert store.find(recording()) is None
    assert not store.is_there(recording())


@pytest.mark.parametrize("change", [EVIL, WHOLE[:-1], WHOLE + b"x", WHOLE[:-1] + b"x", b""], ids=len)
async def test_what_others_changed_is_not(get, store, change):
    """In its place, or in itself, also within one run; and set aside it does not come back."""
    one, clip = await get()
    clip.write_bytes(change)
    assert store.find(one) is None
    assert again(store).find(one) is None
    store._aside(clip).write_bytes(change)
    assert store.take_back(one) is None


async def test_another_clip_of_ours_is_not(get, store, recording):
    """The hash is of one name: yesterday's clip is not today's."""
    _one, clip = await get()
    other = recording(1)
    shutil.copy(clip, store.folder / f"{store.stem(other)}.mp4")
    assert again(store).find(other) is None


async def test_a_clip_that_is_fetched_again_replaces_what_is_there(get, store, recording):
    """And the last hash of a name counts."""
    one, clip = await get(WHOLE)
    clip.write_bytes(EVIL)
    await get(WHOLE[:-4])
    assert again(store).find(one) == clip
    assert clip.read_bytes() == WHOLE[:-4]


def test_a_private_folder_has_no_hashes(tmp_path, state, recording):
    """It costs nothing there."""
    store = Store(tmp_path / "mine", HERE)
    with store.locked():
        assert not store.is_shared
        assert store.remembers
        assert store.hash_of(recording()) is None
    assert not state.exists()


async def test_without_notes_nothing_is_used_again(get, store, state):
    """A lost home folder, or another computer: the clip is fetched again, and nothing is lost."""
    one, clip = await get()
    shutil.rmtree(state)
    assert again(store).find(one) is None
    assert clip.exists()


@pytest.mark.parametrize("where", ["in the output", "shared", "no folder"])
async def test_notes_that_others_could_write_are_none(
    get, store, shared, monkeypatch, tmp_path, where, camera, recording
):
    """The state folder lies in the output folder, or others can write it, or there is none: the run works."""
    folder = {"in the output": shared / "state", "shared": tmp_path / "open", "no folder": Path("/dev/null/x")}[where]
    if where == "shared":
        folder.mkdir()
        folder.chmod(0o777)
    monkeypatch.setenv("XDG_STATE_HOME", str(folder))
    store = Store(shared, HERE)
    one = recording()
    camera.answers[one.path] = [WHOLE]
    clip = await fetch(camera, one, store, lambda _size: None)
    assert not store.remembers
    assert store.find(one) == clip  # within the run
    assert again(store).find(one) is None


def test_notes_in_the_output_folder_are_none(store, shared, monkeypatch):
    """Not even where the sticky bit keeps others from moving them."""
    monkeypatch.setenv("XDG_STATE_HOME", str(shared / "state"))
    shared.chmod(0o1777)
    store.folder.chmod(0o777)
    assert Store(shared, HERE).is_shared
    assert not Store(shared, HERE).remembers


@pytest.fixture
def broken(camera, body, store, recording) -> Any:
    async def run() -> Any:
        one = recording()
        camera.answers[one.path] = [body(len(WHOLE), [WHOLE[:BREAK], CameraUnreachable("It broke.")])]
        with pytest.raises(CameraUnreachable):
            await fetch(camera, one, store, lambda _size: None)
        return one

    return run


class Part:
    def __init__(self, first: int) -> None:
        self.first, self.end, self.total = first, len(WHOLE), len(WHOLE)


async def test_a_part_is_continued(broken, store, camera, body):
    """After an orderly break up to the last byte; more bytes behind it are cut off, and the clip is noted whole."""
    one = await broken()
    with store.part(one).open("ab") as file:
        file.write(b"more")
    late = again(store)
    assert resume.held(late, one) == PartialFile(BREAK, len(WHOLE))
    first = BREAK - OVERLAP
    camera.answers[one.path] = [body(len(WHOLE) - first, [WHOLE[first:BREAK], WHOLE[BREAK:]], Part(first))]
    clip = await fetch(camera, one, late, lambda _size: None)
    assert camera.firsts == [0, first]
    assert clip.read_bytes() == WHOLE
    assert again(store).find(one) == clip


async def test_a_part_that_others_changed_is_not(broken, store):
    """One byte long before its end, with the right tail: it is fetched from the start."""
    one = await broken()
    data = bytearray(store.part(one).read_bytes())
    data[100] ^= 1
    store.part(one).write_bytes(data)
    assert resume.held(again(store), one) is None
    assert resume.held(again(store), one, check=False) == PartialFile(BREAK, len(WHOLE)), "an estimate"


async def test_a_part_that_others_change_while_the_camera_is_asked_is_not(broken, store, camera, body):
    """Between the look at it and the first byte: the clip is fetched from the start."""
    one = await broken()
    late, first = again(store), BREAK - OVERLAP

    async def swap() -> Any:
        late.part(one).write_bytes(EVIL[:100] + WHOLE[100:BREAK])
        return body(len(WHOLE) - first, [WHOLE[first:]], Part(first))

    camera.answers[one.path] = [swap, WHOLE]
    clip = await fetch(camera, one, late, lambda _size: None)
    assert clip.read_bytes() == WHOLE


@pytest.mark.parametrize("change", [{"total": BREAK}, {"boot": "another"}, {"key": "0"}, {}], ids=str)
async def test_a_note_that_others_wrote_is_none(broken, store, change):
    """It could call a part complete."""
    one = await broken()
    note = json.loads(store.note(one).read_text())
    store.note(one).write_text(json.dumps(note | change) + " ")
    assert resume.held(again(store), one) is None


async def test_a_planted_note_turns_no_clip_into_a_part(get, store):
    """The note of a clip that comes from another start of the system: its hash says that all of it is there."""
    one, clip = await get()
    note = json.loads(store.note(one).read_text())
    store.note(one).write_text(json.dumps(note | {"boot": "another"}))
    late = again(store)
    resume.recover(late)
    assert late.find(one) == clip


async def test_what_a_wrapper_left_is_noted(camera, store, recording):
    """The hash is of the clip, not of the answer that it came in."""
    one = recording()
    answer = b"--edge\r\nContent-Type: x\r\n\r\n" + WHOLE + b"\r\n--edge--\r\n"
    camera.answers[one.path] = [answer]
    clip = await fetch(camera, one, store, lambda _size: None)
    assert clip.read_bytes() == WHOLE
    assert again(store).find(one) == clip


# --- roots ------------------------------------------------------------------------------------------------------------


def _link(path: Path, target: Path) -> None:
    path.symlink_to(target, target_is_directory=True)


def _dangling(path: Path, target: Path) -> None:
    path.symlink_to(target / "nowhere")


def _file(path: Path, _target: Path) -> None:
    path.write_bytes(b"in the way")


def _fifo(path: Path, _target: Path) -> None:
    os.mkfifo(path)


PLANTED = [_link, _dangling, _file, _fifo]


@pytest.mark.parametrize("plant", PLANTED)
@pytest.mark.parametrize("name", [ROOT, f"{ROOT}/cam.example"])
@pytest.mark.timeout(20)
async def test_what_has_the_place_of_the_folder_is_left_alone(shared, tmp_path, camera, recording, plant, name):
    """Another folder is used, which the next run knows, and `clean` too."""
    target = tmp_path / "private"
    target.mkdir()
    (target / "kept.mp4").write_bytes(b"precious")
    place = shared / name
    place.parent.mkdir(exist_ok=True)
    plant(place, target)
    store, one = Store(shared, HERE), recording()
    camera.answers[one.path] = [WHOLE]
    with store.locked(Job("a" * 12, "one")):
        clip = await fetch(camera, one, store, lambda _size: None)
    assert names(target) == ["kept.mp4"]
    assert store.folder.parent.stat().st_mode & 0o777 == 0o700
    assert clip.parent.parent.name.startswith(f"{ROOT}-")
    late = again(store)
    assert late.find(one) == clip
    (left,) = left_in(shared)
    assert left.folder == store.folder
    remove(left, kept=True)
    assert names(shared) == sorted({ROOT, Path(name).name})
    assert not list(state_folder().glob("downloads/*"))
    assert names(target) == ["kept.mp4"]


def test_the_folder_is_this_users_alone(tmp_path):
    """Whatever the umask."""
    before = os.umask(0)
    try:
        store = Store(tmp_path / "videos", HERE)
        with store.locked(Job("a" * 12, "one")):
            (store.folder / "x").touch()
            write_job(store.folder, Job("a" * 12, "one"))
            assert {path.stat().st_mode & 0o777 for path in (store.folder, store.folder.parent)} == {0o700}
            notes = [*store.folder.glob("*.job"), *store.folder.parent.glob("*.holder")]
            assert {path.stat().st_mode & 0o777 for path in notes} == {0o600}
            assert len(notes) == 2
    finally:
        os.umask(before)


@pytest.mark.parametrize(("opened", "mode"), [(True, 0o644), (False, 0o666)])
async def test_nobody_writes_to_a_clip_where_others_can_enter(get, store, opened, mode):
    """A folder that an older version made with a umask of 002: a clip there is not for its group to change."""
    for folder in (store.folder, store.folder.parent):
        folder.chmod(0o777 if opened else 0o700)
    before = os.umask(0)
    try:
        _one, clip = await get()
    finally:
        os.umask(before)
    assert clip.stat().st_mode & 0o777 == mode


@pytest.fixture
def no_owners(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system that gives every file to another user, as a share does."""
    for module in ("camreel.diskio", "camreel.transfer.store"):
        monkeypatch.setattr(f"{module}.user_id", lambda: os.geteuid() + 1)
    # The state folder is on another file system.
    monkeypatch.setattr(hashes, "_file_of", lambda store: state_folder() / f"{store.name}.sha256")
    monkeypatch.setattr(hashes, "read_regular", lambda file, most, own: diskio.read_regular(file, most))
    monkeypatch.setattr(hashes, "open_regular", lambda file, flags, own: diskio.open_regular(file, flags))
    state_folder().mkdir(parents=True)


async def test_where_files_have_no_owners_it_works(no_owners, shared, recording, camera, body):
    """The usual folder is used, though it looks like another's; a part and a clip are used again by their hashes."""
    for data, reused in ((WHOLE[:BREAK], None), (WHOLE, None), (WHOLE, True)):
        store, one = Store(shared, HERE), recording()
        with store.locked(Job("a" * 12, "one")):
            assert store.is_shared
            assert store.folder.parent.name == ROOT
            if reused:
                found = store.find(one)
                assert found is not None
                assert found.read_bytes() == WHOLE
                (store.folder / f"{store.stem(one)}.mp4").write_bytes(EVIL)
                assert store.find(one) is None
            elif data == WHOLE:
                assert resume.held(store, one) == PartialFile(BREAK, len(WHOLE))
                camera.answers[one.path] = [WHOLE]
                await fetch(camera, one, store, lambda _size: None)
            else:
                camera.answers[one.path] = [body(len(WHOLE), [data, CameraUnreachable("It broke.")])]
                with pytest.raises(CameraUnreachable):
                    await fetch(camera, one, store, lambda _size: None)


# --- folders that are replaced ---------------------------------------------------------------------------------------


FILES = ["{}.mp4.part", "{}.part", "{}.about.part", "{}.mp4", "{}.unusable.mp4", "{}.unusable.dav", "kept/{}.dav"]


def filled(root: Path, stem: str, data: bytes) -> Path:
    """A store with a file of each kind for the recording ``stem``."""
    for name in FILES:
        file = root / "cam.example" / name.format(stem)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        file.chmod(0o640)
    (root / "cam.example" / f"{'a' * 12}.job").write_text(
        json.dumps(asdict(Job("a" * 12, "one", str(root.parent / "o.mp4.01234567.part"), (stem,))))
    )
    (root.parent / "o.mp4.01234567.part").write_bytes(data)
    (root / "cam.example" / "timelapse-1").mkdir()
    (root / "cam.example.holder").write_bytes(data)
    (root / "cam.example.holder.01234567.part").write_bytes(data)
    return root


def state_of(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """All of a folder, so that any change is seen."""
    found = {}
    for path in sorted(folder.rglob("*")):
        about = path.lstat()
        data = path.read_bytes() if path.is_file() else b""
        found[str(path)] = (about.st_ino, about.st_mode, data)
    return found


def _root_to_store(store: Store, other: Path) -> None:
    root = store.folder.parent
    root.rename(root.with_name("away"))
    root.symlink_to(other, target_is_directory=True)


def _root_to_folder(store: Store, other: Path) -> None:
    root = store.folder.parent
    root.rename(root.with_name("away"))
    other.rename(root)


def _camera_to_store(store: Store, other: Path) -> None:
    store.folder.rename(store.folder.with_name("away"))
    store.folder.symlink_to(other / "cam.example", target_is_directory=True)


def _camera_to_folder(store: Store, other: Path) -> None:
    store.folder.rename(store.folder.with_name("away"))
    (other / "cam.example").rename(store.folder)


SWAPS = [_root_to_store, _root_to_folder, _camera_to_store, _camera_to_folder]
DOES = {
    "find": lambda store, one: store.find(one),
    "part": lambda store, one: store.part(one),
    "create_part": lambda store, one: store.create_part(one),
    "open_part": lambda store, one: store.open_part(one, os.O_RDWR),
    "write_note": lambda store, one: store.write_note(one, b"x"),
    "read_note": lambda store, one: store.read_note(one),
    "complete": lambda store, one: store.complete(one, ".mp4"),
    "drop_note": lambda store, one: store.drop_note(one),
    "keep": lambda store, one: store.keep(store.folder / f"{store.stem(one)}.mp4"),
    "set_aside": lambda store, one: store.set_aside(one),
    "take_back": lambda store, one: store.take_back(one),
    "drop_part": lambda store, one: store.drop_part(one),
    "discard": lambda store, one: store.discard(one),
    "begin_again": lambda store, one: store.begin_again(store.folder / f"{store.stem(one)}.mp4"),
    "drop_output": lambda store, one: store.drop_output("a" * 12, store.folder.parent.parent),
    "write_job": lambda store, one: store.write_job(Job("a" * 12, "mine")),
    "scratch": lambda store, one: store.scratch().__enter__(),
    "write_scratch": lambda store, one: store.write_scratch(store.folder / "timelapse-1" / "1.mp4", b"x"),
}


def seen_in(shared: Path, other: Path) -> Path:
    """Where the other folder is after it was swapped in."""
    return other if other.exists() else shared / ROOT


@pytest.fixture
def other(tmp_path: Path, recording: Any) -> Path:
    """Another store of this user, in a folder of the user's own, with files of the same names."""
    return filled(tmp_path / "home" / ROOT, Store(tmp_path, HERE).stem(recording()), EVIL)


@pytest.mark.parametrize("swap", SWAPS)
@pytest.mark.parametrize("do", DOES)
def test_another_folder_in_its_place_is_left_alone(store, shared, other, recording, swap, do):
    """A link to another store, or another folder, in mid-run: an error, and nothing there changes, nor here."""
    one = recording()
    filled(store.folder.parent, store.stem(one), WHOLE)
    (shared / "o.mp4.01234567.part").touch()
    with store.locked():
        other_before = {
            name.rpartition("cam.example")[2]: seen for name, seen in state_of(other / "cam.example").items()
        }
        own_before = {name.rpartition("cam.example")[2]: seen for name, seen in state_of(store.folder).items()}
        inode = store.folder.lstat().st_ino
        swap(store, other)
        with pytest.raises(DiskError, match="was replaced by another program during the run") as error:
            DOES[do](store, one)
        assert "only you can write" in str(error.value.hint)
    now = store.folder
    assert {name.rpartition("cam.example")[2]: seen for name, seen in state_of(now.resolve()).items()} == other_before
    away = next(path for path in shared.rglob("*") if not path.is_symlink() and path.lstat().st_ino == inode)
    own = {name.removeprefix(str(away)): seen for name, seen in state_of(away).items()}
    assert own == own_before
    assert (shared / "o.mp4.01234567.part").exists()


@pytest.mark.parametrize("swap", SWAPS)
def test_the_end_of_a_run_leaves_such_a_folder_alone(store, shared, other, recording, swap):
    """Neither its torn notes, its jobs, its holder nor its empty folders go; the lock does."""
    with store.locked():
        (other / "cam.example" / "empty").mkdir()
        before = [(name.rpartition("/")[2], seen) for name, seen in state_of(other).items()]
        swap(store, other)
    root = other if swap is not _root_to_folder else shared / ROOT
    if swap is _camera_to_folder:
        before = [each for each in before if not each[0].startswith("cam.example")]
        root = store.folder
    assert [(name.rpartition("/")[2], seen) for name, seen in state_of(root).items()] == before


@pytest.mark.parametrize("swap", [_root_to_store, _camera_to_store])
@pytest.mark.parametrize("do", ["complete", "open_part", "drop_note", "drop_part", "discard", "begin_again", "find"])
def test_nothing_there_is_touched_if_the_look_came_too_early(store, other, recording, swap, do, monkeypatch):
    """Somebody who is quicker than the look: files are removed and renamed in the folder itself, not by its name."""
    one = recording()
    filled(store.folder.parent, store.stem(one), WHOLE)
    with store.locked():
        before = state_of(other)
        swap(store, other)
        with monkeypatch.context() as patch:
            patch.setattr(Store, "_check_places", lambda _store: None)
            if do in {"complete", "open_part"}:
                with pytest.raises((DiskError, OSError), match="in another folder"):
                    DOES[do](store, one)
            else:
                assert DOES[do](store, one) is None
        assert state_of(other) == before


WRITES: dict[str, Callable[[Store, Any], Any]] = {
    "write_note": DOES["write_note"],
    "create_part": lambda store, one: os.close(store.create_part(one)),
    "keep": DOES["keep"],
    "write_job": DOES["write_job"],
    "drop_job": lambda store, one: store.drop_job(Job("a" * 12, "one")),
    "scratch": lambda store, one: _entered(store.scratch()),
}


def _entered(context: Any) -> Any:
    context.__enter__()
    return context


@pytest.mark.parametrize("swap", [_root_to_store, _camera_to_store])
@pytest.mark.parametrize("do", WRITES)
def test_nothing_is_written_there_if_the_look_came_too_early(store, other, recording, swap, do, monkeypatch):
    """As for what is removed: notes, parts and folders are made in the folder itself, not by its name."""
    one = recording()
    filled(store.folder.parent, store.stem(one), WHOLE)
    with store.locked():
        before, inode = state_of(other), store.folder.lstat().st_ino
        swap(store, other)
        away = next(path for path in store._output_dir.rglob("*") if path.lstat().st_ino == inode)
        here = state_of(away)
        with monkeypatch.context() as patch:
            patch.setattr(Store, "_check_places", lambda _store: None)
            patch.setattr(store_module, "sync_file", lambda _file: None)
            opened = WRITES[do](store, one)
        assert state_of(other) == before
        assert state_of(away) != here
        del opened


def test_the_holder_is_written_where_the_lock_is(store, other, monkeypatch):
    """Not where the name of the folder leads to a moment later."""
    before = state_of(other)
    real = write_holder

    def quicker(*given: Any) -> None:
        _root_to_store(store, other)
        real(*given)

    monkeypatch.setattr(store_module, "write_holder", quicker)
    with store.locked():
        pass
    assert state_of(other) == before


@pytest.mark.parametrize("name", ["kept", "timelapse-0123abcd"])
def test_a_folder_in_ours_is_held_too(store, other, recording, name, monkeypatch):
    """Whoever can write in ours could put a link in its place, through which a clip would leave it."""
    monkeypatch.setattr(secrets, "token_hex", lambda _count: "0123abcd")
    one, two = recording(), recording(1)
    filled(store.folder.parent, store.stem(one), WHOLE)
    clip = store.folder / f"{store.stem(two)}.mp4"
    clip.write_bytes(WHOLE)
    with store.locked():
        before = state_of(other)
        store.keep(store.folder / f"{store.stem(one)}.mp4")
        with store.scratch() as scratch:
            assert scratch.name == "timelapse-0123abcd"
            assert scratch.stat().st_mode & 0o777 == 0o700
            inner = store.folder / name
            inner.rename(inner.with_name("away"))
            inner.symlink_to(other / "cam.example")
            with pytest.raises(DiskError, match="was replaced by another program during the run"):
                store.keep(clip) if name == "kept" else store.write_scratch(scratch / "1.mp4", b"x")
            with monkeypatch.context() as patch:
                patch.setattr(Store, "_check_places", lambda _store: None)
                store.keep(clip) if name == "kept" else store.write_scratch(scratch / "1.mp4", b"x")
    assert state_of(other) == before


def test_an_empty_folder_that_took_the_place_of_ours_stays(store, other):
    """It is somebody's, whatever its name."""
    shutil.rmtree(other)
    other.mkdir()
    with store.locked():
        _root_to_folder(store, other)
    assert (store.folder.parent).is_dir()


def test_the_note_of_a_job_stays_if_another_folder_holds_only_notes(store, other, recording):
    """What is in that says nothing of ours, in which a clip waits."""
    filled(store.folder.parent, store.stem(recording()), WHOLE)
    shutil.rmtree(other / "cam.example")
    (other / "cam.example").mkdir()
    (other / "cam.example" / f"{'a' * 12}.job").write_text(json.dumps(asdict(Job("a" * 12, "one"))))
    with store.locked():
        _camera_to_folder(store, other)
    assert (store.folder.with_name("away") / f"{'a' * 12}.job").exists()


def test_a_scratch_folder_goes_with_its_clips(store, tmp_path):
    """Shared or not; what else lies in it stays, and a clip has a hash only where others could change it."""
    mine = Store(tmp_path / "mine", HERE)
    for each, is_shared in ((store, True), (mine, False)):
        with each.locked():
            with each.scratch() as scratch:
                digest = each.write_scratch(scratch / "1.mp4", b"clip")
                assert digest == (hashlib.sha256(b"clip").hexdigest() if is_shared else None)
                assert (scratch / "1.mp4").read_bytes() == b"clip"
            assert not scratch.exists()
            with each.scratch() as scratch:
                (scratch / "other").touch()
            assert [path.name for path in scratch.iterdir()] == ["other"]


@pytest.mark.parametrize("swap", [_root_to_store, _root_to_folder, _camera_to_store])
def test_what_is_swapped_while_the_lock_is_taken_is_not_held(shared, other, monkeypatch, swap):
    """Between the look at the folders and the lock: another root is used, or it is an error."""
    before = state_of(other / "cam.example")
    swapped: list[Path] = []

    def quicker(file: Path) -> Any:
        lock = acquire(file)
        if not swapped:
            swapped.append(file)
            swap(Store(shared, HERE, root=file.parent), other)
        return lock

    monkeypatch.setattr(store_module, "acquire", quicker)
    late = Store(shared, HERE)
    with late.locked():
        assert late.is_shared
        if swap is not _root_to_folder:  # that one is a folder of ours indeed
            assert late.folder.parent.name.startswith(f"{ROOT}-")
            assert state_of(other / "cam.example") == before


def test_a_private_store_is_not_looked_at(tmp_path, recording, monkeypatch):
    """It costs nothing there: no handles, and no look at a folder."""
    store, one = Store(tmp_path / "mine", HERE), recording()
    with store.locked():
        assert not store.is_shared
        assert not store._held._known
        looks: list[Path] = []
        real = Path.lstat

        def looked(path: Path) -> os.stat_result:
            looks.append(path)
            return real(path)

        monkeypatch.setattr(Path, "lstat", looked)
        os.close(store.create_part(one))
        clip = store.complete(one, ".mp4")
        looks.clear()
        assert store.find(one) == clip
        store.drop_note(one)
        store.set_aside(one)
        store.take_back(one)
        store.discard(one)
        assert not {store.folder, store.folder.parent} & {*looks}


def test_the_output_folder_is_as_the_umask_has_it(tmp_path):
    """It is for the videos, which others may see; only what is in the store is ours alone."""
    before = os.umask(0o022)
    try:
        with Store(tmp_path / "new" / "videos", HERE).locked():
            assert (tmp_path / "new" / "videos").stat().st_mode & 0o777 == 0o755
            assert (tmp_path / "new").stat().st_mode & 0o777 == 0o755
    finally:
        os.umask(before)


def test_a_link_makes_no_folder_private(tmp_path):
    """What it leads to may be; it can be made to lead elsewhere."""
    real = tmp_path / "real" / ROOT / "cam.example"
    real.mkdir(parents=True, mode=0o700)
    linked, camera = tmp_path / "linked", tmp_path / "camera" / ROOT
    linked.mkdir()
    camera.mkdir(parents=True)
    (linked / ROOT).symlink_to(real.parent)
    (camera / "cam.example").symlink_to(real)
    (tmp_path / "output").symlink_to(tmp_path / "real")
    assert diskio.is_private(real)
    assert diskio.is_private(tmp_path / "output" / ROOT / "cam.example")
    assert not diskio.is_private(linked / ROOT / "cam.example")
    assert not diskio.is_private(camera / "cam.example")


@pytest.mark.parametrize("umask", [0o777, 0o277, 0o077, 0o022, 0])
def test_a_umask_takes_no_right_of_ours(tmp_path, recording, umask):
    """Folders are ours, a part can be continued, and the clip has the mode of any file."""
    (tmp_path / "videos").mkdir()
    store, one = Store(tmp_path / "videos", HERE), recording()
    before = os.umask(umask)
    try:
        with store.locked(Job("a" * 12, "one")):
            os.close(store.create_part(one))
            assert store.part(one).stat().st_mode & 0o777 == 0o600
            assert {path.stat().st_mode & 0o777 for path in (store.folder, store.folder.parent)} == {0o700}
            clip = store.complete(one, ".mp4")
            assert clip.stat().st_mode & 0o777 == 0o666 & ~umask | 0o600
            store.keep(clip)
            assert store.kept_folder.stat().st_mode & 0o777 == 0o700
    finally:
        os.umask(before)


# --- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.timeout(20)
@pytest.mark.parametrize("plant", ["link", "hard link", "fifo", "dangling"])
async def test_nothing_is_written_through_what_has_a_name_of_ours(store, shared, recording, camera, tmp_path, plant):
    """Parts, notes, locks, clips: each name that can be foretold."""
    one = recording()
    victim = tmp_path / "victim"
    victim.write_bytes(WHOLE)
    places = [
        store.part(one),
        store.note(one),
        *(store.folder / f"{store.stem(one)}{suffix}" for suffix in (".mp4", ".dav", ".bin")),
        store.folder / f"{'a' * 12}.job",
        store.folder.parent / "cam.example.holder",
        store.folder.parent / "cam.example.lock",
        store.folder.parent / f"cam.example.holder.{os.getpid()}.part",
        store.folder / f"{'a' * 12}.job.{os.getpid()}.part",
    ]
    for place in places:
        if plant == "link":
            place.symlink_to(victim)
        elif plant == "hard link":
            place.hardlink_to(victim)
        elif plant == "fifo":
            os.mkfifo(place)
        else:
            place.symlink_to(tmp_path / "made")
    late = again(store)
    with late.locked(Job("a" * 12, "one")):
        write_job(late.folder, Job("a" * 12, "one"))
        assert late.find(one) is None
        assert resume.held(late, one) is None
        camera.answers[one.path] = [b"<html>", WHOLE]
        with pytest.raises(BadTransfer):
            await fetch(camera, one, late, lambda _size: None)
        clip = await fetch(camera, one, late, lambda _size: None)
        assert clip.read_bytes() == WHOLE
        late.set_aside(one)
        assert late.take_back(one) == clip
        late.keep(clip)
    assert victim.read_bytes() == WHOLE
    assert not (tmp_path / "made").exists()
    for left in left_in(shared):
        remove(left, kept=True)
    assert victim.read_bytes() == WHOLE
    assert not list(shared.iterdir())


@pytest.mark.parametrize(
    "change",
    [{"clips": ["/etc/passwd"]}, {"clips": ["../x"]}, {"clips": [".."]}, {"clips": ["victim"]}, {"clips": [7]},
     {"clips": "victim"}, {"name": "b" * 12}, {"name": 7}, {"what": "x" * 5000}, {"part": 7}, {"more": 1}],
    ids=str,
)  # fmt: skip
def test_a_job_with_names_that_are_none_of_ours_is_unknown(store, tmp_path, change):
    """Nothing that it names is touched."""
    victim = store.folder.parent / "victim.mp4"
    victim.write_bytes(b"precious")
    store.folder.joinpath("victim.mp4").write_bytes(b"precious")
    note = asdict(Job("a" * 12, "one"))
    (store.folder / f"{'a' * 12}.job").write_text(json.dumps(note | change))
    (job,) = read_jobs(store.folder).values()
    assert job == Job("a" * 12, "a job whose note cannot be read")
    store.let_go("a" * 12, output=tmp_path / "o.mp4", keep=True)
    assert victim.exists()
    assert (store.folder / "victim.mp4").exists()


@pytest.mark.parametrize("keep", [True, False])
def test_a_job_lets_go_only_of_its_own_output_beside_the_video(store, shared, tmp_path, keep):
    """A part elsewhere, or of another pattern, or a link, is not its."""
    mine = [shared / "o.mp4.01234567.part", shared / "o.mp4.01234567.2.part"]
    other = [tmp_path / "o.mp4.01234567.part", shared / "o.mp4.part", shared / "o.mp4.76543210.part", shared / "o.mp4"]
    for path in (*mine, *other):
        path.write_bytes(b"data")
    link = shared / "o.mp4.01234567.3.part"
    link.symlink_to(other[0])
    for part in (*other, link, mine[0]):
        write_job(store.folder, Job("a" * 12, "one", str(part)))
        with store.locked():
            store.drop_output("a" * 12, shared)
            (store.folder / "clip.mp4").touch()
        if part in {mine[0], link}:
            assert not any(path.exists() for path in mine)
        elif part != other[2]:
            assert all(path.exists() for path in mine)
    assert [path.exists() for path in other] == [True, True, False, True]
    assert link.is_symlink()


@pytest.mark.timeout(20)
def test_clean_neither_follows_nor_waits(store, shared, tmp_path):
    """Links, FIFOs, notes without an end: listed, removed, and nothing behind them."""
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "a.mp4").write_bytes(b"precious")
    os.mkfifo(store.folder / f"{'a' * 12}.job")
    (store.folder / f"{'b' * 12}.job").symlink_to("/dev/zero")
    with (store.folder / f"{'c' * 12}.job").open("wb") as huge:
        huge.truncate(1 << 40)
    os.mkfifo(store.folder.parent / "cam.example.holder")
    (store.folder / "kept").symlink_to(victim, target_is_directory=True)
    (store.folder / f"{STEM}.mp4").symlink_to(victim / "a.mp4")
    (left,) = left_in(shared)
    assert [job.what for job in left.jobs] == 3 * ["a job whose note cannot be read"]
    assert left.kept == ()
    remove(left, kept=True)
    assert names(victim) == ["a.mp4"]
    assert not list(shared.iterdir())


@pytest.mark.parametrize("moment", ["camreel.transfer.store.write_holder", "camreel.transfer.leftovers._left"])
def test_clean_removes_nothing_where_a_link_leads(store, shared, tmp_path, monkeypatch, moment):
    """Somebody puts a link in the place of the folder that was listed, when it is locked, or read."""
    clip = store.folder / f"{STEM}.mp4"
    clip.write_bytes(b"ours")
    secret = tmp_path / "home" / "pictures" / store.folder.name
    precious = [
        secret / name for name in (clip.name, "a.jpg", "kept/b.jpg", f"kept/{clip.name}", "timelapse-holidays/c")
    ]
    for path in precious:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"precious")
    (left,) = left_in(shared)
    module, name = moment.rsplit(".", 1)
    before = getattr(importlib.import_module(module), name)

    def swap(*given: Any) -> Any:
        done = before(*given)
        if not store.folder.parent.is_symlink():
            store.folder.parent.rename(shared / "aside")
            store.folder.parent.symlink_to(secret.parent, target_is_directory=True)
        return done

    monkeypatch.setattr(moment, swap)
    remove(left, kept=True)
    assert store.folder.parent.is_symlink()
    assert [path.read_bytes() for path in precious] == len(precious) * [b"precious"]


@pytest.fixture
def strangers() -> Callable[[Path], None]:
    """Give files to another user."""
    if os.geteuid() != 0:
        pytest.skip("only root can give a file to another user")
    return lambda path: os.lchown(path, 4321, 4321)


@pytest.mark.timeout(60)
def test_who_fills_the_folder_holds_nobody_up(store, shared, strangers, monkeypatch):
    """What is another's is asked for once a file system, not once a name, and nothing is made in another's folder."""
    made: list[Path] = []
    monkeypatch.setattr(diskio, "_keeping", {})

    def create(path: Path) -> int:
        made.append(path)
        return create_new(path)

    monkeypatch.setattr(diskio, "create_new", create)
    (store.folder / f"{STEM}.mp4").write_bytes(b"ours")
    for number in range(300):
        (part := shared / f"x.mp4.{number:08x}.part").touch()
        (folder := shared / f"{ROOT}-{number:08x}").mkdir()
        (inside := folder / store.folder.name).mkdir()
        for path in (part, folder, inside):
            strangers(path)
    (left,) = left_in(shared)
    assert unfinished(shared, (left,)) == ()
    assert again(store).folder == store.folder
    assert [path.parent for path in made] == [shared]


def test_folders_beyond_a_bound_are_not_looked_at(shared, store):
    """The usual one comes first."""
    for number in range(150):
        (shared / f"{ROOT}-{number:08x}").mkdir()
    found = roots_in(shared)
    assert (len(found), found[0]) == (100, store.folder.parent)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("kind", ["[]", "{}", '{"a": 1}', '"x"'])
def test_notes_are_bounded_together(store, monkeypatch, kind):
    """Of a note that is full of values none is made; what is read of all has a bound, whether it can be used or not."""
    text = f'{{"clips": [{",".join(8_000_000 // (len(kind) + 1) * [kind])}]}}'
    first = store.folder / f"{0:012x}.job"
    first.write_text(text)
    for number in range(1, 12):
        (store.folder / f"{number:012x}.job").hardlink_to(first)
    read: list[int] = []

    def count(path: Path, most: int) -> bytes:
        data = diskio.read_regular(path, most)
        read.append(len(data))
        return data

    monkeypatch.setattr(notes, "read_regular", count)
    tracemalloc.start()
    try:
        assert {job.what for job in read_jobs(store.folder).values()} == {"a job whose note cannot be read"}
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()
    assert sum(read) <= 32 << 20
    assert len(read_jobs(store.folder)) == 12


def test_of_a_thousand_notes_the_others_are_unknown(store):
    """They go with the rest all the same."""
    for number in range(1003):
        write_job(store.folder, Job(f"{number:012x}", "one [part] {of} a: b"))
    found = [job.what for job in read_jobs(store.folder).values()]
    assert found == 1000 * ["one [part] {of} a: b"] + 3 * ["a job whose note cannot be read"]


def test_clean_finds_what_killed_runs_left(store, shared, tmp_path):
    """Videos that nobody has written to for a day, probes and torn notes; nothing that is another's."""
    old = [shared / "o.mp4.01234567.part", shared / "o.mp4.01234567.2.part"]
    young = shared / "p.mp4.01234567.part"
    torn = [
        shared / ".camreel-123-0123abcd.part",
        shared / ".camreel.0123abcd.part",
        store.folder.parent / "gone.holder.77.part",
    ]
    kept = [shared / "thesis.part", shared / "o.mp4.123.part"]
    for path in (*old, young, *torn, *kept):
        path.write_bytes(b"data")
    for path in (*old, *kept):
        os.utime(path, (0, 0))
    link = shared / "l.mp4.01234567.part"
    link.symlink_to(kept[0])
    assert sorted(unfinished(shared, ())) == sorted((*old, *torn))


def test_a_torn_note_goes_with_the_next_run(tmp_path):
    """Of a run that was killed, or of an older version, while it wrote one."""
    store = Store(tmp_path, HERE)
    store.folder.mkdir(parents=True)
    torn = [
        store.folder / f"{'a' * 12}.job.123.part",
        store.folder / f"{'a' * 12}.job.0123abcd.part",
        store.folder / "x.about.part.0123abcd.part",
        store.folder.parent / "cam.example.holder.123.part",
    ]
    for path in torn:
        path.touch()
    with store.locked():
        pass
    assert not list(tmp_path.iterdir())


# --- the file of hashes -----------------------------------------------------------------------------------------------


def test_lines_that_are_torn_are_passed_over(store):
    """A run that was killed, or a full disk."""
    notes = hashes.HashNotes(store.folder)
    known = hashes.KnownFile("a" * 64, 7)
    notes.add("one", known)
    (file,) = (state_folder() / "downloads").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    file.write_bytes(
        b"\xff\n" + b"b" * 64 + b" 9 tw\n" + b"c" * 63 + b" 1 x\nshort" + b"\n" + file.read_bytes() + b"d" * 40
    )
    late = hashes.HashNotes(store.folder)
    assert late.get("one") == known
    assert late.get("tw") == hashes.KnownFile("b" * 64, 9)
    assert late.get("x") is None


def test_the_file_does_not_grow_for_ever(store):
    """What is gone is forgotten."""
    notes = hashes.HashNotes(store.folder)
    for number in range(1000):
        notes.add("one", hashes.KnownFile(f"{number:064x}", number))
    notes.add("two", hashes.KnownFile("a" * 64, 1))
    notes.keep_only({"one"})
    (file,) = (state_folder() / "downloads").iterdir()
    assert file.read_text() == f"{999:064x} 999 one\n"
    assert hashes.HashNotes(store.folder).get("two") is None


def test_a_link_in_its_place_is_not_followed(store, tmp_path):
    """Also there."""
    victim = tmp_path / "victim"
    victim.write_text(f"{'a' * 64} 7 one\n")
    hashes.HashNotes(store.folder)
    file = hashes._file_of(store.folder)
    assert file is not None
    file.symlink_to(victim)
    notes = hashes.HashNotes(store.folder)
    assert notes.get("one") is None
    notes.add("one", hashes.KnownFile("b" * 64, 9))
    assert victim.read_text() == f"{'a' * 64} 7 one\n"


def test_a_disk_without_room_for_a_hash_is_no_error(store, monkeypatch):
    """This run knows it, the next does not."""
    notes = hashes.HashNotes(store.folder)

    def full(*_args: object, **_more: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    notes.add("one", hashes.KnownFile("b" * 64, 9))
    assert notes.get("one") == hashes.KnownFile("b" * 64, 9)


def test_a_folder_that_is_taken_again_and_again_is_an_error(shared, monkeypatch):
    """Somebody who is always quicker: one sentence, no loop."""
    monkeypatch.setattr(Store, "_is_usable", lambda _store, _root: True)
    (shared / ROOT).symlink_to(shared)
    with pytest.raises(DiskError, match="is not a folder"), Store(shared, HERE).locked():
        pytest.fail("it is not ours")


def test_a_lock_that_another_user_holds_is_named(store, shared):
    """Without a wait. It was made by an old version, readable for all; once it is removed nobody else can lock it."""
    fcntl = pytest.importorskip("fcntl")
    lock_file = store.folder.with_name("cam.example.lock")
    lock_file.touch(mode=0o644)
    with lock_file.open("rb") as planted:
        fcntl.flock(planted, fcntl.LOCK_EX)
        for _again in range(2):
            with pytest.raises(DiskError, match="Another run of camreel is downloading") as caught, store.locked():
                pytest.fail("two have it")
        assert f"another user holds {lock_file}: remove it" in str(caught.value.hint)
        lock_file.unlink()
        with store.locked():
            assert lock_file.stat().st_mode & 0o777 == 0o600
            with pytest.raises(DiskError, match="Another run"), again(store).locked():
                pytest.fail("two have it")


def test_a_lock_in_a_private_folder_is_nobody_elses(tmp_path):
    """No word of others there."""
    one, two = Store(tmp_path / "mine", HERE), Store(tmp_path / "mine", HERE)
    with one.locked(), pytest.raises(DiskError, match="Another run") as caught, two.locked():
        pytest.fail("two have it")
    assert "another user" not in str(caught.value.hint)


@pytest.mark.parametrize("gone", ["lock", "folder"])
def test_who_removes_the_lock_again_and_again_holds_nobody_up(store, monkeypatch, gone):
    """The tries are counted."""
    tries: list[Path] = []

    def removed(file: Path) -> Any:
        lock = acquire(file)
        tries.append(file)
        file.unlink() if gone == "lock" else store.folder.rmdir()
        return lock

    monkeypatch.setattr(store_module, "acquire", removed)
    with pytest.raises(DiskError, match="again and again"), store.locked():
        pytest.fail("it is not there")
    assert len(tries) == 100


def test_a_folder_that_a_run_took_away_just_now_is_made_again(shared, monkeypatch):
    """Between the making and the holding: the lock that was taken for it is let go first."""
    looks, real = [False, False, True], Store._hold

    def hold(store: Store) -> bool:
        return real(store) and looks.pop(0)

    monkeypatch.setattr(Store, "_hold", hold)
    with Store(shared, HERE).locked():
        assert looks == []


async def test_of_a_wanted_part_what_is_there_is_continued_with_its_hash(store, recording):
    """From the overlap on; the hash goes on from just there."""
    one, data = recording(), WHOLE[: 2 * OVERLAP]
    wanted = partial_module._Wanted(data[:32], ((0, 3 * OVERLAP),))
    file, written = await partial_module._begun(store, one, wanted)
    with file:
        assert written == 32
        file.write(data[32:])
    running = store.hash_of(one)
    assert running is not None
    running.update(data[32:])
    store.note_part(one)
    late = again(store)
    file, written = await partial_module._begun(late, one, wanted)
    with file:
        assert written == file.tell() == len(data) - OVERLAP
    going_on = late.hash_of(one)
    assert going_on is not None
    assert going_on.size == written
    assert store.part(one).read_bytes() == data[:written]


async def test_a_clip_has_its_hash_where_others_could_change_it(get, store):
    """For the process that opens it; none for a file that is not known."""
    one, clip = await get()
    late = again(store)
    assert late.find(one) == clip
    assert late.digest_of(clip) == hashlib.sha256(clip.read_bytes()).hexdigest()
    assert late.digest_of(clip.with_name("another.mp4")) is None


def test_files_and_links_of_a_folder_are_listed(store):
    """Also a link to a folder: it is no folder of ours."""
    folder = store.folder
    (folder / "a.mp4").write_bytes(b"")
    (folder / "inside").mkdir()
    (folder / "link").symlink_to("inside")
    assert [path.name for path in files_in(folder)] == ["a.mp4", "link"]
