"""Files that exist under their name only when they are complete."""

from __future__ import annotations

import errno
import os

import pytest

from camreel.diskio import disk_errors, part_of, place, sync_file
from camreel.errors import DiskError

NO_LINKS = [errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV, errno.EINVAL]


@pytest.fixture
def final(tmp_path):
    return tmp_path / "evening.mp4"


@pytest.fixture
def part(final):
    part_of(final).write_bytes(b"new")
    return part_of(final)


def without_links(monkeypatch: pytest.MonkeyPatch, number: int = errno.EPERM) -> None:
    def refuse(*_args: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "link", refuse)


def names(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_part_lies_beside_its_file(final):
    """On the same disk, so that the name can be given without copying."""
    assert part_of(final) == final.with_name("evening.mp4.part")


def test_a_complete_part_gets_its_name(part, final):
    """After that there is one file, under the name."""
    place(part, final)
    assert final.read_bytes() == b"new"
    assert names(final.parent) == ["evening.mp4"]


@pytest.mark.parametrize("number", NO_LINKS, ids=errno.errorcode.get)
def test_a_part_gets_its_name_without_hard_links(part, final, number, monkeypatch):
    """FAT, exFAT, network shares and Windows, each with its own way of saying that it has no links."""
    without_links(monkeypatch, number)
    place(part, final)
    assert final.read_bytes() == b"new"
    assert names(final.parent) == ["evening.mp4"]


@pytest.mark.parametrize("links", [True, False], ids=["links", "no links"])
def test_an_existing_file_is_never_overwritten(part, final, links, monkeypatch):
    """It is left alone, and the new video stays beside it and is named."""
    if not links:
        without_links(monkeypatch)
    final.write_bytes(b"old")
    with pytest.raises(DiskError) as caught:
        place(part, final)
    assert (final.read_bytes(), part.read_bytes()) == (b"old", b"new")
    assert str(final) in str(caught.value)
    assert part.name in str(caught.value.hint)


@pytest.mark.parametrize("links", [True, False], ids=["links", "no links"])
def test_overwriting_is_done_only_when_asked_for(part, final, links, monkeypatch):
    """Then in one step: the old file or the new one, never none."""
    if not links:
        without_links(monkeypatch)
    final.write_bytes(b"old")
    place(part, final, overwrite=True)
    assert final.read_bytes() == b"new"
    assert names(final.parent) == ["evening.mp4"]


@pytest.mark.parametrize("overwrite", [True, False])
def test_a_part_that_is_gone_is_a_disk_error(final, overwrite):
    """No name is given to nothing."""
    with pytest.raises(DiskError):
        place(part_of(final), final, overwrite=overwrite)
    assert not final.exists()


def test_a_link_that_fails_for_another_reason_is_an_error(part, final, monkeypatch):
    """A full disk is not taken for a file system without links."""
    without_links(monkeypatch, errno.ENOSPC)
    with pytest.raises(DiskError, match="no space left"):
        place(part, final)
    assert names(final.parent) == [part.name]


def test_the_name_is_put_on_the_disk_too(part, final, monkeypatch):
    """After a power cut a complete file has its name: the folder is synced once the name is given."""
    synced = []
    monkeypatch.setattr(os, "fsync", lambda handle: synced.append((os.fstat(handle).st_ino, names(final.parent))))
    place(part, final)
    assert synced == [(final.parent.stat().st_ino, ["evening.mp4"])]


def test_a_folder_that_cannot_be_synced_is_no_error(part, final, monkeypatch):
    """Some network file systems have no fsync for folders; the file has its name all the same."""

    def refuse(_handle: int) -> None:
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(os, "fsync", refuse)
    place(part, final)
    assert final.exists()


def test_a_file_that_cannot_be_synced_is_a_disk_error(part, monkeypatch):
    """What is not on the disk is not complete."""

    def refuse(_handle: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(DiskError, match="input/output error"):
        sync_file(part)


def test_syncing_leaves_the_file_as_it_is(part):
    """It is opened for writing (some systems want that) and not cut."""
    sync_file(part)
    assert part.read_bytes() == b"new"


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.ENOSPC, "Free some space and run the same command again"),
        (errno.EDQUOT, "Free some space"),
        (errno.EFBIG, "FAT32 ends at 4 GiB"),
        (errno.EACCES, "permissions"),
        (errno.EROFS, "read-only"),
        (errno.ENOTDIR, "--output-dir"),
        (errno.EMFILE, "ulimit -n"),
        (errno.ENFILE, "--max-concurrent"),
        (errno.ENOMEM, "ulimit -v"),
        (errno.EAGAIN, "ulimit -u"),
        (errno.ENAMETOOLONG, "shorter --output-file"),
        (errno.ENOENT, "removed or renamed"),
        (errno.EBUSY, "Another program uses it"),
        (errno.EIO, "Check the disk or the share"),
        (errno.ENODEV, "Check the disk or the share"),
        (getattr(errno, "ENOTCONN", errno.EIO), "Check the disk or the share"),
        (getattr(errno, "ESTALE", errno.EIO), "Check the disk or the share"),
    ],
    ids=lambda value: errno.errorcode.get(value) if isinstance(value, int) else None,
)
def test_disk_errors_say_what_and_what_to_do(tmp_path, number, advice):
    """One sentence with the path and the system's reason, advice for this reason, exit code 7."""
    with pytest.raises(DiskError) as caught, disk_errors(tmp_path / "x"):
        raise OSError(number, "")
    assert str(tmp_path / "x") in str(caught.value)
    assert os.strerror(number)[1:] in str(caught.value)
    assert advice in str(caught.value.hint)
    assert caught.value.exit_code == 7


@pytest.mark.parametrize("number", [errno.EBUSY, errno.EPERM, errno.EIO])
def test_a_file_that_keeps_its_temporary_name_has_its_own(part, final, monkeypatch, number):
    """It is complete there: that is no failure, and is said."""

    def refuse(path, **_more):
        raise OSError(number, os.strerror(number), str(path))

    monkeypatch.setattr(os, "unlink", refuse)
    said = place(part, final)
    assert final.read_bytes() == b"new"
    assert said is not None
    assert part.name in said
    assert "is complete" in said


def test_disk_errors_let_everything_else_through(tmp_path):
    """Only what the system says about the disk is a disk error."""
    with pytest.raises(ValueError, match="a bug"), disk_errors(tmp_path):
        raise ValueError("a bug")
