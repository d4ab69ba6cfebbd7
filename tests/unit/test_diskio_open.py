"""What lies in a folder is not trusted: links, FIFOs, devices and other users' files."""

from __future__ import annotations

import errno
import os
import socket
import stat
from pathlib import Path
from types import SimpleNamespace

import pytest

from camreel import diskio
from camreel.diskio import (
    NotRegular,
    create_new,
    is_private,
    make_private,
    open_regular,
    own_group,
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

    def full(*_args, **_folders):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, fails, full)
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


@pytest.mark.parametrize("umask", [0, 0o002, 0o777])
def test_missing_folders_above_are_private_too(reachable, umask):
    """With a umask of 002 the group could put another folder in the place of ours."""
    folder = reachable / "state" / "camreel" / "downloads"
    before = os.umask(umask)
    try:
        make_private(folder)
    finally:
        os.umask(before)
    made = (folder, folder.parent, folder.parent.parent)
    assert [stat.S_IMODE(each.stat().st_mode) for each in made] == [0o700] * 3
    assert is_private(folder)


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
def test_who_else_can_write_there(reachable, mode_inside, mode_above, private):
    """The folder itself, and each above it."""
    inside = reachable / "above" / "inside"
    inside.mkdir(parents=True)
    inside.chmod(mode_inside)
    inside.parent.chmod(mode_above)
    assert is_private(inside) is private


@pytest.fixture
def closed(reachable):
    """A folder that nobody else can enter, with one in it that everybody could write."""
    folder = reachable / "home"
    (folder / "open" / "inside").mkdir(parents=True)
    folder.chmod(0o700)
    for each in (folder / "open", folder / "open" / "inside"):
        each.chmod(0o777)
    return folder


@pytest.mark.parametrize(
    ("home", "above", "private"),
    [
        (0o700, 0o755, True),
        (0o700, 0o1777, True),
        (0o700, 0o777, False),  # anybody could put another home in its place
        (0o701, 0o755, False),  # who knows the names can enter
        (0o710, 0o755, False),
        (0o750, 0o755, False),
    ],
)
def test_what_is_below_a_closed_folder_is_private(closed, home, above, private):
    """Modes below it do not count: a umask of 002 is usual, and so is a home that only its user can enter."""
    closed.chmod(home)
    closed.parent.chmod(above)
    assert is_private(closed / "open" / "inside") is private


@pytest.mark.parametrize(
    ("name", "members", "private"),
    [("me", [], True), ("me", ["me"], True), ("me", ["me", "you"], False), ("users", [], False)],
)
def test_the_group_of_one_user_alone_is_nobody_else(reachable, monkeypatch, name, members, private):
    """Many systems give each user a group, and a umask of 002; a home is 0750 there."""
    grp, pwd = pytest.importorskip("grp"), pytest.importorskip("pwd")
    inside = reachable / "home" / "Videos"
    inside.mkdir(parents=True)
    inside.parent.chmod(0o750)
    inside.chmod(0o775)
    found = inside.lstat()
    assert not is_private(inside)
    account = SimpleNamespace(pw_name="me", pw_gid=found.st_gid)
    monkeypatch.setattr(pwd, "getpwuid", lambda _user: account)
    monkeypatch.setattr(grp, "getgrgid", lambda gid: SimpleNamespace(gr_name=name, gr_mem=members, gr_gid=gid))
    with monkeypatch.context() as patch:
        patch.setattr(diskio, "user_id", lambda: found.st_uid or 1)
        group = own_group.__wrapped__()
    monkeypatch.setattr(diskio, "own_group", lambda: group)
    assert is_private(inside) is private
    inside.chmod(0o777)
    inside.parent.chmod(0o755)
    assert not is_private(inside)


@pytest.mark.parametrize("target", [".", "/", "..", "./inside/.."])
def test_a_link_to_where_it_lies_is_followed(reachable, target):
    """Its last step leads to no new name."""
    folder = reachable / "above"
    (folder / "inside").mkdir(parents=True)
    (folder / "link").symlink_to(target)
    for mode in (0o755, 0o777):
        folder.chmod(mode)
        place = Path(os.path.realpath(folder / "link"))
        assert diskio.others_can_write(folder / "link") is (diskio.others_can_write(place) or mode == 0o777)


def test_a_link_out_of_a_closed_folder_does_not_take_it_along(closed):
    """Where it leads to, others may be; where it leads back to, they are not."""
    outside = closed.parent / "outside"
    (outside / "a" / "inside").mkdir(parents=True)
    (outside / "a" / "inside").chmod(0o777)
    (closed / "far").symlink_to(outside)
    (closed / "up").symlink_to("../outside")
    (closed / "near").symlink_to(closed)
    assert not is_private(closed / "far" / "a" / "inside")
    assert not is_private(closed / "up" / "a" / "inside")
    assert is_private(closed / "near" / "open" / "inside")
    (closed / "round").symlink_to("round")
    assert not is_private(closed / "round" / "open" / "inside")


@pytest.mark.skipif(not is_root, reason="only root can give a link away")
def test_a_link_of_another_user_on_the_way_is_not_private(closed):
    """That user can make it lead elsewhere a moment later, whatever it leads to now."""
    link = closed.parent / "link"
    link.symlink_to(closed)
    assert is_private(link / "open" / "inside")
    os.chown(link, 65534, 65534, follow_symlinks=False)
    assert not is_private(link / "open" / "inside")


def test_a_link_that_others_can_replace_is_not_private(closed):
    """It lies in a folder that they can write; with the sticky bit they can only replace their own."""
    place = closed.parent / "place"
    place.mkdir()
    (place / "link").symlink_to(closed)
    place.chmod(0o777)
    assert not is_private(place / "link" / "open" / "inside")
    place.chmod(0o1777)
    assert is_private(place / "link" / "open" / "inside")


@pytest.mark.skipif(not is_root, reason="only root can give a folder away")
@pytest.mark.parametrize("whose", ["open", "open/inside"])
def test_another_users_folder_below_a_closed_one_is_not_private(closed, whose):
    """Something is mounted there, perhaps."""
    os.chown(closed / whose, 65534, 65534)
    assert not is_private(closed / "open" / "inside")


@pytest.mark.skipif(not is_root, reason="only root can give a folder away")
@pytest.mark.parametrize(("whose", "private"), [("", True), ("open", False), ("open/inside", False)])
def test_a_folder_of_root_closes_nothing(closed, monkeypatch, whose, private):
    """What root has put below a closed folder is for several, perhaps, and reached from elsewhere."""
    user = 54321
    for each in (closed, closed / "open", closed / "open" / "inside"):
        os.chown(each, user, user)
    monkeypatch.setattr(diskio, "user_id", lambda: user)
    (closed / "open" / "inside").chmod(0o755)
    if whose:
        os.chown(closed / whose, 0, 0)
    assert is_private(closed / "open" / "inside") is private


def test_what_is_mounted_below_a_closed_folder_is_judged_by_itself(closed, monkeypatch):
    """Others may reach a share from elsewhere."""
    inside, real = closed / "open" / "inside", Path.lstat

    def mounted(path: Path) -> os.stat_result:
        found = real(path)
        device = found.st_dev + ((closed / "open") in (path, *path.parents))
        return os.stat_result((*found[:2], device, *found[3:]))

    monkeypatch.setattr(Path, "lstat", mounted)
    assert not is_private(inside)
    inside.chmod(0o755)
    assert not is_private(inside)
    inside.parent.chmod(0o755)
    assert is_private(inside)


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
