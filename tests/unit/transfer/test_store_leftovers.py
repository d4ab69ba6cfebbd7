"""What earlier runs have left, and the way to be rid of it."""

from __future__ import annotations

import json
import os

import pytest

from camreel.errors import DiskError
from camreel.model import Address
from camreel.transfer.folder import SCRATCH
from camreel.transfer.leftovers import is_held, left_in, others_in, remove
from camreel.transfer.notes import Job, write_job
from camreel.transfer.store import ROOT, Store

HERE = Address("cam.example", 80)
JOB = Job("a1b2c3d4e5f6", "channel 1, a morning, into out.mp4")


@pytest.fixture
def filled(tmp_path, store, recording):
    """A store with a clip, a part, a kept clip, and the note of the job that needs three."""
    for number in (0, 1):
        store.part(recording(number)).write_bytes(bytes(100))
        store.complete(recording(number), ".mp4")
    store.keep(store.find(recording(1)))
    store.part(recording(2)).write_bytes(bytes(30))
    store.note(recording(2)).write_bytes(bytes(7))
    part = tmp_path / "out.mp4.01234567.part"
    part.write_bytes(bytes(50))
    stems = tuple(store.stem(recording(number)) for number in range(3))
    write_job(store.folder, Job(JOB.name, JOB.what, str(part), stems))
    return store


def test_what_is_left_is_counted(tmp_path, filled):
    """Clips, parts and the unfinished video that a next run would use; what is kept for good apart from them."""
    (left,) = left_in(tmp_path)
    (job,) = left.jobs
    assert left.name == "cam.example"
    assert (left.kept_size, len(left.kept)) == (100, 1)
    assert sorted(path.suffix for path in left.waiting) == [".mp4", ".part", ".part", ".part"]
    assert left.size == 100 + 30 + 7 + 50 + (filled.folder / f"{JOB.name}.job").stat().st_size
    assert (job.what, left.clips_of(job), len(job.clips)) == (JOB.what, 2, 3)


def test_removing_leaves_what_is_kept(tmp_path, filled, recording):
    """Clips, parts, notes and the unfinished video go; --keep-files was for good."""
    remove(left_in(tmp_path)[0], kept=False)
    assert [path.name for path in tmp_path.iterdir()] == [ROOT]
    assert [path.name for path in filled.folder.iterdir()] == ["kept"]
    assert filled.find(recording(1)) is not None


def test_removing_all_leaves_nothing(tmp_path, filled):
    """Neither clips nor folders nor locks."""
    remove(left_in(tmp_path)[0], kept=True)
    assert list(tmp_path.iterdir()) == []


def test_what_a_run_has_is_not_removed(tmp_path, filled, recording):
    """It is named with its process and job, and stays as it is."""
    with filled.locked(JOB):
        assert is_held(left_in(tmp_path)[0]) == str(is_held(left_in(tmp_path)[0]))
        assert f"process {os.getpid()}" in str(is_held(left_in(tmp_path)[0]))
        with pytest.raises(DiskError, match=f"process {os.getpid()}.*a morning"):
            remove(left_in(tmp_path)[0], kept=True)
        assert filled.find(recording(0)) is not None
    assert is_held(left_in(tmp_path)[0]) is None


def test_only_files_of_ours_go(tmp_path, filled, recording):
    """A link is removed and not followed; a note that names a file of another kind removes no such file."""
    treasure = tmp_path / "treasure"
    treasure.mkdir()
    (treasure / "a.mp4").write_bytes(b"precious")
    (filled.folder / "link.mp4").symlink_to(treasure / "a.mp4")
    (filled.folder / "folder").symlink_to(treasure)
    (tmp_path / ROOT / "elsewhere").symlink_to(treasure)
    write_job(filled.folder, Job("f" * 12, "evil", str(treasure / "a.mp4"), ()))
    assert [left.name for left in left_in(tmp_path)] == ["cam.example"]
    remove(left_in(tmp_path)[0], kept=True)
    assert (treasure / "a.mp4").read_bytes() == b"precious"


PRECIOUS = ("a.jpg", "thesis.odt", "b.part", "c.job", "d.mp4", "e.unusable.mp4", "kept/f.mp4", "timelapse-holidays/g")


def test_a_folder_without_a_name_of_ours_is_none(tmp_path):
    """Somebody has given a folder of the user's the name of ours: nothing in it is listed, counted or removed."""
    for name in PRECIOUS:
        (path := tmp_path / ROOT / "2020" / name).parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"precious")
    (tmp_path / ROOT / "2020.lock").write_bytes(b"precious")
    (tmp_path / ROOT / "empty").mkdir()
    assert left_in(tmp_path) == ()
    assert others_in(tmp_path, ()) == 2


def test_beside_names_of_ours_all_others_are_left_alone(tmp_path, filled):
    """They are counted, and stay as they are; the clips go."""
    for name in PRECIOUS:
        (path := filled.folder / name).parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"precious")
    (left,) = left_in(tmp_path)
    assert len(left.waiting) == 4
    assert (left.others, others_in(tmp_path, (left,))) == (8, 8)
    remove(left, kept=True)
    assert [(filled.folder / name).read_bytes() for name in PRECIOUS] == len(PRECIOUS) * [b"precious"]
    found = [path for path in filled.folder.rglob("*") if path.is_file()]
    assert len(found) == len(PRECIOUS)
    assert left_in(tmp_path) == ()


def test_all_names_of_ours_go(tmp_path, filled, recording):
    """Whatever a run can have left: no other file keeps the folder."""
    stem = filled.stem(recording(7))
    names = [f"{stem}{end}" for end in (".mp4", ".dav", ".bin", ".unusable.mp4", ".unusable.dav", ".part")]
    names += [f"{stem}.about.part", f"{stem}.about.part.0123abcd.part", f"{JOB.name}.job.0123abcd.part"]
    for name in names:
        (filled.folder / name).touch()
    assert left_in(tmp_path)[0].others == 0
    remove(left_in(tmp_path)[0], kept=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a b", ".hid", "x" * 250, "a\nb", "\u00e9t\u00e9"])
def test_only_names_that_a_store_gives_are_listed(tmp_path, filled, name):
    """Another name would lead to another folder, or to a file name that is too long."""
    try:
        other = filled.folder.parent / name
        other.mkdir()
    except OSError:
        pytest.skip("the file system has no such names")
    (other / "2026-01-16_08.00.00-08.01.00_0123456789ab.mp4").touch()
    assert [left.name for left in left_in(tmp_path)] == ["cam.example"]


@pytest.mark.parametrize("text", ["", "[]", "{", '{"name": 1, "what": 2, "clips": [3]}', '{"clips": 5}', "[" * 50_000])
def test_a_note_that_cannot_be_read_is_listed_all_the_same(tmp_path, filled, text):
    """And goes with the rest."""
    (filled.folder / f"{JOB.name}.job").write_text(text)
    (left,) = left_in(tmp_path)
    assert [job.what for job in left.jobs] == ["a job whose note cannot be read"]
    remove(left_in(tmp_path)[0], kept=True)
    assert ROOT not in [path.name for path in tmp_path.iterdir()]


def test_no_folder_is_nothing_left(tmp_path):
    """Looking makes nothing."""
    assert left_in(tmp_path) == ()
    assert list(tmp_path.iterdir()) == []


def test_a_lock_says_who_has_it(tmp_path):
    """The process, since when and for what; the same job is told in other words."""
    with Store(tmp_path, HERE).locked(JOB):
        with pytest.raises(DiskError) as other, Store(tmp_path, HERE).locked(Job("0", "another")):
            pytest.fail("both have it")
        with pytest.raises(DiskError) as same, Store(tmp_path, HERE).locked(JOB):
            pytest.fail("both have it")
    assert str(other.value).startswith("Another run of camreel is downloading from this camera")
    assert str(same.value).startswith("This same job is already running")
    for error in (other, same):
        assert f"process {os.getpid()}, since " in str(error.value)
        assert JOB.what in str(error.value)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"pid": "x", "since": 1, "name": 2, "what": 3}', "[" * 50_000])
def test_a_lock_whose_note_is_torn_holds_all_the_same(tmp_path, text):
    """Who has it is then not told, and that somebody has it is."""
    with Store(tmp_path, HERE).locked(JOB):
        (tmp_path / ROOT / "cam.example.holder").write_text(text)
        with pytest.raises(DiskError, match="Another run"), Store(tmp_path, HERE).locked():
            pytest.fail("both have it")


def test_what_another_process_says_of_itself_cannot_steer_a_terminal(tmp_path):
    """The note is a file that anybody may have written."""
    with Store(tmp_path, HERE).locked(JOB):
        note = tmp_path / ROOT / "cam.example.holder"
        note.write_text(json.dumps(json.loads(note.read_text()) | {"what": "\x1b[2J", "since": "now\x07"}))
        with pytest.raises(DiskError) as caught, Store(tmp_path, HERE).locked():
            pytest.fail("both have it")
    assert str(caught.value).isprintable()


def test_the_note_of_a_job_goes_with_its_last_clip(tmp_path, recording):
    """A run that leaves nothing to continue leaves no note."""
    store = Store(tmp_path, HERE)
    with store.locked(JOB):
        write_job(store.folder, JOB)
    assert list(tmp_path.iterdir()) == []
    with store.locked(JOB):
        write_job(store.folder, JOB)
        store.part(recording()).write_bytes(b"half")
    assert (store.folder / f"{JOB.name}.job").exists()


def test_what_a_killed_timelapse_has_left_goes_with_the_next_run(tmp_path):
    """Its small clips are in a folder of their own; a link of that name is left alone, and what it leads to."""
    store = Store(tmp_path / "videos", HERE)
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").write_bytes(b"precious")
    scratch = store.folder / f"{SCRATCH}abcd1234"
    scratch.mkdir(parents=True)
    (scratch / "1.mp4").write_bytes(b"small")
    link = store.folder / f"{SCRATCH}efgh5678"
    link.symlink_to(tmp_path / "precious")
    with store.locked(JOB):
        pass
    assert not scratch.exists()
    assert link.is_symlink()
    assert (tmp_path / "precious" / "file").read_bytes() == b"precious"
    link.unlink()
    scratch.mkdir()
    remove(left_in(tmp_path / "videos")[0], kept=False)
    assert list((tmp_path / "videos").iterdir()) == []
