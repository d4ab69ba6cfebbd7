"""Which files in a folder are taken: no link that another user could have put there."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from camreel.diskio import FileIdentity, NotRegular
from camreel.errors import NothingRecorded
from camreel.files import find_files
from camreel.formats import source
from camreel.formats.source import open_source

pytestmark = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="Windows has no modes that make a folder shared")
is_root = hasattr(os, "geteuid") and os.geteuid() == 0


@pytest.fixture(autouse=True)
def _as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "_process", source._Process())


@pytest.fixture
def card(reachable: Path) -> Path:
    """A folder with a clip, and a link to another one elsewhere."""
    folder, private = reachable / "card", reachable / "private"
    folder.mkdir()
    private.mkdir(mode=0o700)
    (folder / "a.mp4").write_bytes(b"clip")
    (private / "b.mp4").write_bytes(b"mine")
    (folder / "b.mp4").symlink_to(private / "b.mp4")
    return folder


def found(*given: Path) -> tuple[list[str], tuple[str, ...]]:
    result = find_files([str(each) for each in given], given[0].parent / "out.mp4")
    return [file.path.name for file in result.files], result.notes


SAID = ("1 link that another user could have put there was not followed: b.mp4. To merge it, give it by name.",)


def test_own_links_in_an_own_folder_are_followed(card: Path) -> None:
    """People link recordings that lie on several disks."""
    assert found(card) == (["a.mp4", "b.mp4"], ())


@pytest.mark.parametrize("mode", [0o777, 0o775, 0o1777])
@pytest.mark.parametrize("where", ["itself", "above"])
def test_links_where_others_write_are_left_out(card: Path, mode: int, where: str) -> None:
    """Also below such a folder, where another folder can take the place of this one."""
    top = card
    if where == "above":
        top = card.parent / "top"
        top.mkdir()
        card.rename(top / "card")
    top.chmod(mode)
    is_safe = where == "above" and mode & 0o1000  # with the sticky bit nobody replaces a folder of ours
    assert found(top) == ((["a.mp4", "b.mp4"], ()) if is_safe else (["a.mp4"], SAID))


@pytest.mark.skipif(not is_root, reason="only root can give a link away")
def test_links_of_others_are_left_out(card: Path) -> None:
    """Wherever they are."""
    os.chown(card / "b.mp4", 54321, 54321, follow_symlinks=False)
    assert found(card) == (["a.mp4"], SAID)


def test_links_that_are_given_by_name_are_followed(card: Path) -> None:
    """Whoever names one has looked at it."""
    card.chmod(0o777)
    assert found(card / "a.mp4", card / "b.mp4") == (["a.mp4", "b.mp4"], ())
    assert found(card, card / "b.mp4") == (["a.mp4", "b.mp4"], ())


def test_what_was_left_out_is_missing(card: Path) -> None:
    """But for what is given by name."""
    card.chmod(0o777)
    assert find_files([str(card)], card / "out.mp4").missing == 1
    assert find_files([str(card), str(card / "b.mp4")], card / "out.mp4").missing == 0


def test_several_are_counted(card: Path) -> None:
    """And nothing else is said if there is nothing else."""
    card.chmod(0o777)
    (card / "a.mp4").unlink()
    (card / "c.mp4").symlink_to("nowhere")
    with pytest.raises(NothingRecorded) as caught:
        found(card)
    assert "2 links that another user could have put there were not followed: b.mp4, c.mp4. To merge them," in str(
        caught.value.hint
    )


@pytest.mark.parametrize("way", ["link", "file"])
def test_what_was_found_where_others_write_is_what_is_read(card: Path, way: str) -> None:
    """A link may take the place of a clip a moment after the look; a clip that grows is the same."""
    card.chmod(0o777)
    found(card)
    with (card / "a.mp4").open("ab") as file:
        file.write(b" grows")
    with open_source(card / "a.mp4") as file:
        assert file.read() == b"clip grows"
    (card / "a.mp4").rename(card / "old")  # so that its number is not given again
    (card / "a.mp4").symlink_to(card / "b.mp4") if way == "link" else (card / "a.mp4").write_bytes(b"clip")
    with pytest.raises(NotRegular, match="another program has replaced it"):
        open_source(card / "a.mp4")
    found(card / "a.mp4")  # by name it is whatever it is
    open_source(card / "a.mp4").close()


def test_a_file_system_that_numbers_files_anew(card: Path) -> None:
    """Some network shares do at each look: then it is the same by its owner, size and time."""
    found(card)
    known = FileIdentity.of((card / "a.mp4").lstat())
    source.expect_file(str(card / "a.mp4"), replace(known, inode=known.inode + 1))
    open_source(card / "a.mp4").close()
    source.expect_file(str(card / "a.mp4"), replace(known, inode=known.inode + 1, owner=known.owner + 1))
    with pytest.raises(NotRegular):
        open_source(card / "a.mp4")
