"""One recording to one file: what is taken for a recording, and what never gets a name."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator
from io import FileIO
from pathlib import Path
from typing import Any

import anyio
import pytest

from camreel.devices.http import ContentRange
from camreel.errors import BadTransfer, CameraUnreachable, DiskError
from camreel.transfer import download, resume
from camreel.transfer.download import fetch

pytestmark = pytest.mark.anyio

STEP = 1 << 16  # recorders list sizes in multiples of this


@pytest.fixture
def get(camera, store, body, recording):
    """Fetch a recording of ``size`` that is sent in ``pieces``; ``announced`` defaults to what they hold."""

    async def run(
        *pieces: bytes | Exception, size: int | None = None, announced: Any = "sum", doubt: bool = False
    ) -> tuple[Path, list[int]]:
        if announced == "sum":
            announced = sum(len(piece) for piece in pieces if isinstance(piece, bytes))
        one = recording(size=size)
        camera.answers[one.path] = [body(announced, list(pieces))]
        told: list[int] = []
        return await fetch(camera, one, store, told.append, doubt=doubt), told

    return run


@pytest.fixture
def refused(get, store, recording):
    """As ``get``, for what must fail: BadTransfer, and nothing that has a name."""

    async def run(*pieces: bytes | Exception, size: int | None = None, **more: Any) -> str:
        before = {*store.folder.iterdir()}
        with pytest.raises(BadTransfer) as caught:
            await get(*pieces, size=size, **more)
        assert store.find(recording(size=size)) is None
        assert {path.suffix for path in {*store.folder.iterdir()} - before} <= {".part"}
        return str(caught.value)

    return run


async def test_a_recording_becomes_a_file(get, store, recording, movie):
    """Every byte, under a name of our own, with no part left; progress counts bytes."""
    path, told = await get(movie[:5], movie[5:100], movie[100:])
    assert path.read_bytes() == movie
    assert path.suffix == ".mp4"
    resume.flush(store, recording())
    assert list(store.folder.iterdir()) == [path]
    assert told[:2] == [0, 5]
    assert told[-1] == len(movie)
    assert sorted(told) == told


@pytest.mark.parametrize(("head", "suffix"), [(b"DHAV", ".dav"), (b"\x01\x02\x03", ".bin")])
async def test_the_suffix_is_by_the_first_bytes(get, head, suffix):
    """Also where they come one at a time."""
    path, _told = await get(*(bytes([byte]) for byte in head), bytes(100))
    assert path.suffix == suffix


async def test_an_earlier_part_is_not_mixed_in(get, store, recording, movie):
    """A longer part of an earlier try leaves no tail."""
    store.part(recording()).write_bytes(bytes(10_000))
    path, _told = await get(movie)
    assert path.read_bytes() == movie


@pytest.mark.parametrize(
    ("announced", "size"), [(1050, None), (1050, 1036), (1050, 2 * STEP), (1036 * 2, None)], ids=str
)
async def test_fewer_bytes_than_announced_are_no_recording(refused, movie, announced, size):
    """Content-Length is exact, whatever is listed."""
    assert f"{len(movie):,} of {announced:,} bytes" in await refused(movie, announced=announced, size=size)


async def test_more_bytes_than_announced_are_no_recording(refused, movie):
    """A length that lies downwards is caught before the disk gets the surplus."""
    assert "more than" in await refused(movie, b"x", announced=len(movie))


async def test_a_length_that_is_not_a_size_is_not_believed(refused):
    """A Content-Length of exabytes is refused before the first byte, listed or not."""
    assert "announced" in await refused(b"", announced=1 << 60)
    assert "announced" in await refused(b"", announced=1 << 60, size=5000)


async def test_a_body_without_an_end_is_cut_off(refused, movie):
    """Without a length, at most twice the listed size and 64 MiB are taken: the disk is not filled."""
    megabytes = [bytes(1 << 20)] * 70
    assert "more than" in await refused(movie, *megabytes, announced=None, size=1000)


async def test_a_listed_size_of_zero_says_nothing(get, movie):
    """Some cameras list 0 for clips that have pictures: the body's own length counts then."""
    megabytes = [bytes(1 << 20)] * 65
    path, _told = await get(movie, *megabytes, size=0)
    assert path.stat().st_size == len(movie) + (65 << 20)


async def test_an_exact_listed_size_holds_where_no_length_is_sent(get, refused, movie):
    """SD cards list exact sizes: without Content-Length, shorter and longer are wrong."""
    path, _told = await get(movie, announced=None, size=len(movie))
    assert path.read_bytes() == movie
    assert "of 2,000 bytes" in await refused(movie, announced=None, size=2000)
    assert "of 1,000 bytes" in await refused(movie, announced=None, size=1000)


@pytest.mark.parametrize("size", [STEP, 7 * STEP, None, 0])
async def test_an_allocated_size_is_no_promise(get, movie, size):
    """Recorders list multiples of 64 KiB, the space and not the file: a shorter body is complete."""
    path, _told = await get(movie, announced=None, size=size)
    assert path.read_bytes() == movie


async def test_a_short_body_that_says_it_is_whole_is_doubted_once(get, refused, movie):
    """Content-Length below the listed size: asked again at first, believed when the camera insists."""
    assert "of 2,000 bytes" in await refused(movie, size=2000, doubt=True)
    path, _told = await get(movie, size=2000, doubt=False)
    assert path.read_bytes() == movie


@pytest.mark.parametrize("size", [len(bytes(1000)), 2 * STEP, None])
async def test_doubt_does_not_touch_what_is_long_enough(get, movie, size):
    """A body of the listed size or more, an allocated size, or none listed: nothing to doubt."""
    path, _told = await get(movie, size=size, doubt=True)
    assert path.read_bytes() == movie


@pytest.mark.parametrize("pieces", [(), (b"",), (b"", b"")])
@pytest.mark.parametrize("announced", [0, None])
async def test_an_empty_body_is_no_recording(refused, pieces, announced):
    """200 and nothing: some firmware does that to every download."""
    assert "empty file" in await refused(*pieces, announced=announced)


@pytest.mark.parametrize(
    "page",
    [b"<html><body>Login</body></html>", b"\r\n  <!DOCTYPE html>", b"\xef\xbb\xbf<html>", b"Error\r\nBad Request!\r\n",
     b"ERROR\nAuthorization Failed!", b'{"error":{"code":404}}', b"<\x1b[2J\n\x07>"],
    ids=lambda page: ascii(page[:10]),
)  # fmt: skip
@pytest.mark.parametrize("cut", [1, 100])
async def test_a_page_of_text_is_no_recording(refused, page, cut):
    """Errors that come with status 200 are known by their words, and shown without escapes."""
    message = await refused(page[:cut], page[cut:])
    assert "page of text" in message
    assert message.isprintable()


async def test_a_broken_connection_leaves_only_a_part(get, store, recording, movie):
    """What broke in the middle has no name, and the error is the camera's."""
    with pytest.raises(CameraUnreachable):
        await get(movie, CameraUnreachable("it broke"))
    assert {*store.folder.iterdir()} == {store.part(recording()), store.note(recording())}
    assert store.find(recording()) is None


async def test_a_cancelled_download_leaves_only_a_part(camera, store, body, recording, movie):
    """Ctrl-C in the middle: nothing gets a name, and the connection is let go."""

    async def never() -> bytes:
        await anyio.sleep_forever()
        raise AssertionError

    camera.answers[recording().path] = [never]
    with anyio.move_on_after(0) as scope:
        await fetch(camera, recording(), store, lambda _count: None)
    assert scope.cancelled_caught
    assert (camera.open_now, store.find(recording())) == (0, None)


async def test_a_disk_that_takes_half_a_piece_gets_the_other_half_too(get, movie, monkeypatch):
    """The system may write less than it was given, without an error: the file is whole all the same."""

    class Reluctant(FileIO):
        def write(self, data: Any, /) -> int:
            return super().write(bytes(data)[:7])

    with monkeypatch.context() as patch:
        patch.setattr(download, "FileIO", Reluctant)
        path, _told = await get(movie[:50], movie[50:])
    assert path.read_bytes() == movie


class FullOnWrite(FileIO):
    """A disk that is full from the start."""

    def write(self, _data: Any, /) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


class FullOnClose(FileIO):
    """A network share that says only at the end that it is full."""

    def close(self) -> None:
        if not self.closed:
            super().close()
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("kind", [FullOnWrite, FullOnClose])
async def test_a_full_disk_is_said_with_advice(get, store, recording, *, movie, monkeypatch, kind):
    """A DiskError with what to do, exit 7, and no half clip under a name."""
    with monkeypatch.context() as patch:
        patch.setattr(download, "FileIO", kind)
        with pytest.raises(DiskError, match="no space left") as caught:
            await get(movie)
    assert "Free some space" in str(caught.value.hint)
    assert store.find(recording()) is None


async def test_a_store_that_vanished_is_a_disk_error(get, store, movie):
    """Somebody removed the folder meanwhile: said in words, not a crash."""
    store.folder.rmdir()
    with pytest.raises(DiskError):
        await get(movie)


def failing_sync(_handle: int) -> None:
    raise OSError(errno.EIO, os.strerror(errno.EIO))


async def test_nobody_waits_for_the_disk(get, store, recording, movie, monkeypatch):
    """A clip is named before it is on the disk; its note stays until it is; up to a restart it is believed."""
    monkeypatch.setattr(resume, "_boot", lambda: "this one")
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", failing_sync)
        await get(movie)
    clip = store.find(recording())
    assert clip is not None
    assert store.note(recording()).exists()
    resume.recover(store)
    assert store.find(recording()) == clip
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", failing_sync)
        with pytest.raises(DiskError):
            resume.flush(store, recording())
    resume.flush(store, recording())
    assert not store.note(recording()).exists()
    monkeypatch.setattr(resume, "_boot", lambda: "the next one")
    resume.recover(store)
    assert store.find(recording()) == clip


async def test_what_was_not_on_the_disk_when_the_system_went_down_is_a_part_again(
    get, store, recording, movie, monkeypatch
):
    """And only what was synced of it is sure."""
    monkeypatch.setattr(resume, "_boot", lambda: "this one")
    await get(movie)
    monkeypatch.setattr(resume, "_boot", lambda: "the next one")
    resume.recover(store)
    assert store.find(recording()) is None
    assert store.part(recording()).read_bytes() == movie
    assert resume.held(store, recording()) is None


@pytest.mark.parametrize("announced", [True, False])
async def test_where_no_note_can_tell_a_clip_is_synced_before_it_gets_its_name(
    get, store, recording, *, movie, monkeypatch, announced
):
    """Without a length there is no note; and some systems do not tell whether they were started anew."""
    monkeypatch.setattr(resume, "_boot", lambda: None if announced else "this one")
    monkeypatch.setattr(os, "fsync", failing_sync)
    with pytest.raises(DiskError):
        await get(movie, announced=len(movie) if announced else None)
    assert store.find(recording()) is None


@pytest.mark.parametrize(
    ("listed", "most"), [(None, 64 << 30), (0, 64 << 30), (1, (64 << 20) + 2), (5000, (64 << 20) + 10_000)]
)
def test_what_is_announced_may_be_twice_what_is_listed(listed, most):
    """And 64 MiB more; just so much is taken, and bounds what comes."""
    assert download._limit(None, listed) == most
    for announced in (0, 1, most):
        assert download._limit(announced, listed) == announced
    with pytest.raises(BadTransfer, match="it announced") as caught:
        download._limit(most + 1, listed)
    assert caught.value.once_more


class Disk:
    """Brings the part to the disk at once, up to the last byte but one."""

    def __init__(self, path: str) -> None:
        self.path, self.done, self.ended = path, 0, False

    def written(self, size: int) -> None:
        self.done = size - 1

    def end(self) -> None:
        self.ended = True


async def test_what_came_to_the_disk_meanwhile_is_noted(camera, store, body, recording, *, movie, monkeypatch):
    """With each sync: after a power cut the next run can trust it."""
    disks, noted, one = list[Disk](), list[int](), recording()

    def disk(path: str) -> Disk:
        disks.append(Disk(path))
        return disks[-1]

    monkeypatch.setattr(download, "BackgroundFsync", disk)
    monkeypatch.setattr(resume, "synced", lambda _store, _recording, size: noted.append(size))
    camera.answers[one.path] = [body(len(movie), [movie[:100], movie[100:101], movie[101:]])]
    await fetch(camera, one, store, lambda _size: None)
    assert noted == [99, 100, len(movie) - 1]
    assert [(each.path, each.ended) for each in disks] == [(str(store.part(one)), True)]


async def test_what_was_synced_is_said_by_the_note(camera, store, body, recording, *, movie, monkeypatch):
    """Also where the download breaks off, and the rest of it is continued."""
    monkeypatch.setattr(download, "BackgroundFsync", Disk)
    one, data = recording(), movie + bytes(3 << 16)
    camera.answers[one.path] = [body(len(data) * 2, [data, CameraUnreachable("it broke")])]
    with pytest.raises(CameraUnreachable):
        await fetch(camera, one, store, lambda _size: None)
    note = resume._decoded(store.read_note(one))
    assert note is not None
    assert (note.synced, note.total, note.path, note.key) == (len(data) - 1, 2 * len(data), one.path, None)
    monkeypatch.setattr(resume, "_boot", lambda: "the next one")
    held = resume.held(store, one)
    assert held is not None
    assert (held.size, held.first) == (len(data) - 1, len(data) - 1 - resume.OVERLAP)
    part = ContentRange(held.first, held.total, held.total)
    whole = data * 2
    rest = whole[held.first :]
    camera.answers[one.path] = [body(len(rest), [rest[:200_000], CameraUnreachable("it broke")], part)]
    with pytest.raises(CameraUnreachable):
        await fetch(camera, one, store, lambda _size: None)
    held = resume.held(store, one)
    assert held is not None
    assert held.size == len(whole) - len(rest) + 200_000 - 1


async def test_progress_is_told_at_once_then_ten_times_a_second(camera, store, body, recording, *, movie, monkeypatch):
    """And at the end, whatever came since."""
    now, told, one = [50.0], list[int](), recording()
    monkeypatch.setattr(time, "monotonic", lambda: now[0])

    def pieces() -> Iterator[bytes]:
        for at in range(10):
            now[0] = 50 + at * 0.04
            yield movie[at * 100 : at * 100 + 100]
        yield movie[1000:]

    camera.answers[one.path] = [body(len(movie), pieces())]
    await fetch(camera, one, store, told.append)
    assert told == [0, 100, 400, 700, 1000, len(movie)]
