"""The folder in which the clips of one camera wait."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from camreel.errors import DiskError
from camreel.model import Address
from camreel.transfer.store import ROOT, Store, suffix_for

HERE = Address("cam.example", 80)


@pytest.mark.parametrize(
    ("head", "suffix"),
    [(b"\x00\x00\x00\x20ftypisom", ".mp4"), (b"DHAV\xfd\x00", ".dav"), (b"DAHUA\x00", ".dav"),
     (b"\xff\xd8\xff", ".bin"), (b"", ".bin"), (b"ftyp", ".bin"), (b"xxxxDHAV", ".bin")],
)  # fmt: skip
def test_a_clip_is_known_by_its_first_bytes(head, suffix):
    """Names, folders and Type disagree on real cameras; the bytes do not."""
    assert suffix_for(head) == suffix


EVIL_PATHS = [
    "/../../../etc/passwd",
    "/mnt/sd/CON.mp4",
    "/a\x00b\n\x1b[2J",
    "/\u202egpj.exe",
    "/" + "x" * 5000,
    "\\\\server\\share",
    "C:\\Windows\\a.mp4",
    "/a\ud800",
    "/-rf *",
]


@pytest.mark.parametrize("path", EVIL_PATHS, ids=lambda path: ascii(path[:12]))
def test_nothing_of_the_cameras_path_is_in_a_name(store, recording, path):
    """Names are made of times and a hash: safe on every system, and always in the store's own folder."""
    name = store.stem(recording(path=path))
    assert re.fullmatch(r"2025-06-01_10\.00\.00-10\.05\.00_[0-9a-f]{12}", name)
    assert store.part(recording(path=path)).parent == store.folder


def test_recordings_that_differ_have_different_names(store, recording):
    """Path, start, end and size tell recordings apart: a file that grew is another one."""
    first = recording(size=5)
    others = [
        recording(path="/other.mp4", size=5),
        recording(1, path=first.path, size=5),
        replace(first, size=6),
        replace(first, size=None),
        replace(first, span=replace(first.span, end=recording(1).span.end)),
    ]
    assert len({store.stem(one) for one in [first, *others]}) == 6
    assert store.stem(replace(first, position=7, events=("x",))) == store.stem(first)


@pytest.mark.parametrize(
    ("address", "name"),
    [
        (HERE, "cam.example"),
        (Address("cam.example", 8080), "cam.example_8080"),
        (Address("fe80::1", 80), "_fe80__1_"),
        (Address("../../etc", 80), "_.._etc"),
        (Address("..", 80), "camera"),
        (Address("a/b\\c:d\x00", 81), "_a_b_c_d___81"),
    ],
)
def test_a_camera_has_a_folder_of_its_own(tmp_path, address, name):
    """Made of its address, safe as a name, and never outside the work folder."""
    assert Store(tmp_path, address).folder == tmp_path / ROOT / name


def test_a_complete_clip_is_found_again(store, recording):
    """What an earlier run has fetched is used by the next."""
    one = recording()
    assert store.find(one) is None
    store.part(one).write_bytes(b"data")
    assert store.find(one) is None, "a part is not a clip"
    final = store.complete(one, ".mp4")
    assert store.find(one) == final
    assert final.read_bytes() == b"data"
    assert not store.part(one).exists()
    assert store.find(recording(1)) is None


def test_a_folder_with_a_clips_name_is_no_clip(store, recording):
    """Only a file can be reused."""
    (store.folder / f"{store.stem(recording())}.mp4").mkdir()
    assert store.find(recording()) is None


def test_completing_again_takes_the_new_copy(store, recording):
    """The same recording, fetched again: an older copy is as good, so nothing is asked."""
    for data in (b"old", b"new"):
        store.part(recording()).write_bytes(data)
        final = store.complete(recording(), ".dav")
    assert final.read_bytes() == b"new"


def complete(store, recording):
    store.part(recording).write_bytes(b"data")
    return store.complete(recording, ".mp4")


def test_discarding_removes_clip_and_part(store, recording):
    """After the output is verified nothing of a recording is left."""
    complete(store, recording())
    store.part(recording()).write_bytes(b"half")
    store.discard(recording())
    assert list(store.folder.iterdir()) == []
    store.discard(recording())


def test_discarding_touches_no_other_clip(store, recording):
    """Only what it is told to."""
    other = complete(store, recording(1))
    store.discard(recording(0))
    assert other.exists()


def test_kept_clips_survive_and_are_found(store, recording):
    """--keep-files is for good: a later run uses them and does not delete them."""
    store.keep(complete(store, recording()))
    kept = store.find(recording())
    assert kept is not None
    assert kept.parent == store.kept_folder
    store.discard(recording())
    store.keep(kept)
    assert kept.read_bytes() == b"data"


def test_the_folder_goes_when_it_is_empty(tmp_path, recording):
    """Nothing is left of a run that left nothing."""
    store = Store(tmp_path, HERE)
    with store.locked():
        complete(store, recording())
        store.discard(recording())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("keep", [True, False])
def test_the_folder_stays_with_what_is_in_it(tmp_path, recording, keep):
    """Clips of a run that ended early wait for the next, and kept ones for good."""
    store = Store(tmp_path, HERE)
    with store.locked():
        clip = complete(store, recording())
        if keep:
            store.keep(clip)
    assert Store(tmp_path, HERE).find(recording()) is not None


def test_a_second_run_is_refused(tmp_path):
    """Two runs never share a folder: the second is told, with advice, before it touches anything."""
    first, second = Store(tmp_path, HERE), Store(tmp_path, HERE)
    with first.locked(), pytest.raises(DiskError, match="Another run") as caught, second.locked():
        pytest.fail("both have it")
    assert "--output-dir" in str(caught.value.hint)


def test_a_refused_second_run_does_not_break_the_first(tmp_path, recording):
    """The folder is still there and still locked after somebody else was refused."""
    store = Store(tmp_path, HERE)
    with store.locked():
        for _try in range(2):
            with pytest.raises(DiskError, match="Another run"), Store(tmp_path, HERE).locked():
                pytest.fail("both have it")
        complete(store, recording())


def test_a_run_is_refused_where_an_earlier_one_left_clips(tmp_path, recording):
    """The folder and the lock's file are there from last time: the lock holds all the same."""
    store = Store(tmp_path, HERE)
    with store.locked():
        complete(store, recording())
    with store.locked(), pytest.raises(DiskError, match="Another run"), Store(tmp_path, HERE).locked():
        pytest.fail("both have it")


def test_another_camera_is_not_in_the_way(tmp_path):
    """Each camera has its own folder and lock; leaving one does not take the other's folder away."""
    first, second = Store(tmp_path, HERE), Store(tmp_path, Address("cam2.example", 80))
    with first.locked():
        with second.locked():
            assert first.folder != second.folder
        assert first.folder.is_dir()
    assert list(tmp_path.iterdir()) == []


def test_the_lock_is_free_after_an_error(tmp_path):
    """Whatever ends a run, the next can begin."""
    with pytest.raises(RuntimeError), Store(tmp_path, HERE).locked():
        raise RuntimeError
    with Store(tmp_path, HERE).locked():
        pass


def test_a_folder_that_cannot_be_made_is_a_disk_error(tmp_path):
    """A file in the way is named."""
    (tmp_path / "videos").write_text("in the way")
    with pytest.raises(DiskError, match="videos"), Store(tmp_path / "videos", HERE).locked():
        pytest.fail("nothing is locked")


def test_what_a_run_that_was_killed_at_its_very_end_has_left_goes(tmp_path):
    """Its clips and its note were gone already, its folder and its lock were not; what others keep there stays."""
    store = Store(tmp_path, HERE)
    store.folder.mkdir(parents=True)
    (tmp_path / ROOT / f"{store.folder.name}.lock").touch()
    store.let_go("a job", output=tmp_path / "o.mp4", keep=False)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / ROOT).mkdir()
    for left in ("lock", "holder"):
        (tmp_path / ROOT / f"{store.folder.name}.{left}").touch()
    store.let_go("a job", output=tmp_path / "o.mp4", keep=False)
    assert list(tmp_path.iterdir()) == []
    store.folder.mkdir(parents=True)
    (store.folder / "clip.mp4").touch()
    store.let_go("a job", output=tmp_path / "o.mp4", keep=False)
    assert (store.folder / "clip.mp4").is_file()


def test_a_clip_that_is_kept_takes_its_note_with_it(tmp_path, recording):
    """It is on the disk then, and nothing else is left behind."""
    store = Store(tmp_path, HERE)
    with store.locked():
        clip = complete(store, recording())
        store.note(recording()).touch()
        store.keep(clip)
    assert [path.name for path in store.folder.iterdir()] == ["kept"]
