"""What lies in a folder is not trusted: links, FIFOs, devices and other users' files."""

from __future__ import annotations

import errno
import os
import socket
import stat

import pytest

from camreel.diskio import (
    NotRegular,
    create_new,
    is_private,
    make_private,
    open_regular,
    random_part,
    read_regular,
    write_whole,
)

pytestmark = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="Windows has no owners, FIFOs and modes")
is_root = hasattr(os, "geteuid") and os.geteuid() == 0


def _fifo(path):
    os.mkfifo(path)


def _socket(path):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


def _loop(path):
    path.symlink_to(path)


def _link_to_device(path):
    path.symlink_to("/dev/zero")


ODD = {"fifo": _fifo, "socket": _socket, "folder": lambda path: path.mkdir(), "loop": _loop, "device": _link_to_device}


@pytest.mark.parametrize("flags", [os.O_RDONLY, os.O_RDWR], ids=["read", "write"])
@pytest.mark.parametrize("follow", [False, True], ids=["no links", "links"])
@pytest.mark.parametrize("kind", ODD)
@pytest.mark.timeout(10)
def test_what_is_no_file_is_refused_at_once(tmp_path, kind, follow, flags):
    """A FIFO would be waited for, a device would have no end."""
    ODD[kind](tmp_path / "x")
    with pytest.raises(OSError) as caught:
        open_regular(tmp_path / "x", flags, follow=follow)
    assert isinstance(caught.value, NotRegular) or caught.value.errno == errno.ELOOP


def test_a_link_is_followed_only_if_that_was_asked(tmp_path):
    """People link their settings and clips; nobody links a note of ours."""
    (tmp_path / "file").write_bytes(b"data")
    (tmp_path / "link").symlink_to("file")
    assert read_regular(tmp_path / "link", 4, follow=True) == b"data"
    with pytest.raises(NotRegular, match="link"):
        open_regular(tmp_path / "link")


def test_what_is_put_there_between_look_and_open_is_refused(tmp_path, monkeypatch):
    """The look comes first for the sake of devices; the second, at what was opened, is the one that counts."""
    path = tmp_path / "x"
    path.write_bytes(b"")
    opened = os.open

    def swap(*args, **kwargs):
        path.unlink()
        _fifo(path)
        return opened(*args, **kwargs)

    monkeypatch.setattr(os, "open", swap)
    with pytest.raises(NotRegular):
        open_regular(path)


@pytest.mark.parametrize("flag", [os.O_CREAT, os.O_TRUNC])
def test_it_never_creates_or_truncates(tmp_path, flag):
    """Those would change a file before anybody has looked at it."""
    (tmp_path / "x").write_bytes(b"data")
    with pytest.raises(ValueError, match="neither"):
        open_regular(tmp_path / "x", os.O_RDWR | flag)
    assert (tmp_path / "x").read_bytes() == b"data"


def test_a_second_name_is_not_ours(tmp_path):
    """Another user may be able to give a file of ours a name in his folder."""
    (tmp_path / "mine").write_bytes(b"")
    os.link(tmp_path / "mine", tmp_path / "his")
    open_fine = open_regular(tmp_path / "his")
    os.close(open_fine)
    with pytest.raises(NotRegular, match="second name"):
        open_regular(tmp_path / "his", own=True)


@pytest.mark.skipif(not is_root, reason="only root can give a file away")
def test_another_users_file_is_not_ours(tmp_path):
    """Only where that is asked: anybody's clips are merged."""
    (tmp_path / "x").write_bytes(b"")
    os.chown(tmp_path / "x", 65534, 65534)
    assert read_regular(tmp_path / "x", 1) == b""
    with pytest.raises(NotRegular, match="another user"):
        open_regular(tmp_path / "x", own=True)


def test_reading_has_a_bound(tmp_path):
    """What is longer is no note of ours."""
    (tmp_path / "x").write_bytes(b"12345")
    assert read_regular(tmp_path / "x", 5) == b"12345"
    with pytest.raises(OSError) as caught:
        read_regular(tmp_path / "x", 4)
    assert caught.value.errno == errno.EFBIG


def test_a_new_file_is_never_somebody_elses(tmp_path):
    """Neither through a link that leads nowhere yet."""
    (tmp_path / "link").symlink_to("target")
    with pytest.raises(FileExistsError):
        create_new(tmp_path / "link")
    handle = create_new(tmp_path / "new")
    assert stat.S_IMODE(os.fstat(handle).st_mode) == 0o600
    os.close(handle)
    with pytest.raises(FileExistsError):
        create_new(tmp_path / "new")


def test_a_written_file_replaces_a_link(tmp_path):
    """The victim's file at its other end stays as it is."""
    (tmp_path / "precious").write_bytes(b"precious")
    (tmp_path / "note").symlink_to("precious")
    write_whole(tmp_path / "note", b"note", sync=True)
    assert (tmp_path / "precious").read_bytes() == b"precious"
    assert not (tmp_path / "note").is_symlink()
    assert (tmp_path / "note").read_bytes() == b"note"


@pytest.mark.parametrize("fails", ["fsync", "replace"])
def test_a_failed_write_leaves_nothing(tmp_path, fails, monkeypatch):
    """A full disk tells at any step."""

    def full(*_args):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, fails, full) if fails == "fsync" else monkeypatch.setattr("pathlib.Path.replace", full)
    (tmp_path / "note").write_bytes(b"old")
    with pytest.raises(OSError):
        write_whole(tmp_path / "note", b"new", sync=True)
    assert [path.name for path in tmp_path.iterdir()] == ["note"]
    assert (tmp_path / "note").read_bytes() == b"old"


def test_temporary_names_differ(tmp_path):
    """Nobody can plant what cannot be foretold."""
    assert len({random_part(tmp_path / "a.mp4") for _ in range(100)}) == 100


def test_a_private_folder_is_made_and_known(tmp_path):
    """Whatever the umask is."""
    before = os.umask(0)
    try:
        make_private(tmp_path / "a")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o700
    make_private(tmp_path / "a")
    assert is_private(tmp_path / "a")


@pytest.mark.parametrize("kind", ["fifo", "loop", "file", "link to a folder"])
def test_what_is_no_folder_is_not_made_private(tmp_path, kind):
    """It would be followed, or written over."""
    path = tmp_path / "a"
    made = {**ODD, "file": lambda path: path.write_bytes(b""), "link to a folder": lambda path: path.symlink_to("/tmp")}
    made[kind](path)
    with pytest.raises(OSError):
        make_private(path)


@pytest.mark.parametrize(
    ("mode_inside", "mode_above", "private"),
    [
        (0o700, 0o755, True),
        (0o755, 0o755, True),
        (0o700, 0o1777, True),  # as /tmp is
        (0o700, 0o777, False),  # anybody could put another folder in its place
        (0o700, 0o775, False),
        (0o775, 0o755, False),
        (0o1777, 0o755, False),  # anybody could put files into it
    ],
)
def test_who_else_can_write_there(tmp_path, mode_inside, mode_above, private):
    """The folder itself, and each above it."""
    inside = tmp_path / "above" / "inside"
    inside.mkdir(parents=True)
    inside.chmod(mode_inside)
    inside.parent.chmod(mode_above)
    assert is_private(inside) is private


def test_a_folder_that_is_not_there_is_not_private(tmp_path):
    """Somebody else may be the one who makes it."""
    assert not is_private(tmp_path / "none")


@pytest.mark.skipif(not is_root, reason="only root can give a folder away")
@pytest.mark.parametrize("whose", ["inside", "above"])
def test_another_users_folder_is_not_private(tmp_path, whose):
    """Whatever its mode is: he can change it."""
    inside = tmp_path / "above" / "inside"
    inside.mkdir(parents=True)
    os.chown(inside if whose == "inside" else inside.parent, 65534, 65534)
    assert not is_private(inside)
