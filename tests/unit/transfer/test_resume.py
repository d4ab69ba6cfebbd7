"""A part is continued only where it is certain that the bytes that come are its own rest."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

import anyio
import pytest

from camreel.errors import CameraRefused, CameraUnreachable, DiskError
from camreel.transfer import resume
from camreel.transfer.download import TransferPolicy, fetch
from camreel.transfer.resume import OVERLAP, PartialFile, Ranges, flush

pytestmark = pytest.mark.anyio

WHOLE = b"\x00\x00\x00\x20ftypisom" + bytes(range(256)) * 2000
BREAK = 400_000


@dataclass
class Part:
    first: int | None
    end: int | None
    total: int | None


@pytest.fixture
def broken(camera, body, store, recording):
    """A recording of which BREAK bytes have come before the connection broke."""

    async def run(**fields: Any) -> Any:
        one = recording(**fields)
        camera.answers[one.path] = [body(len(WHOLE), [WHOLE[:BREAK], CameraUnreachable("It broke.")])]
        with pytest.raises(CameraUnreachable):
            await fetch(camera, one, store, lambda _size: None)
        camera.firsts.clear()
        return one

    return run


@pytest.fixture
def rest(body):
    """The answer to a request for the rest: right, but for the changes."""

    def make(data: bytes | None = None, length: int | None = None, **changes: int | None) -> Any:
        first = BREAK - OVERLAP
        part = replace(Part(first, len(WHOLE), len(WHOLE)), **changes)
        data = WHOLE[first:] if data is None else data
        return body(len(data) if length is None else length, [data[:1000], data[1000:200_000], data[200_000:]], part)

    return make


async def test_a_break_at_any_place_costs_the_overlap(broken, rest, camera, store):
    """What is there is not fetched again but for the last 64 KiB, and the file is the same."""
    one = await broken()
    camera.answers[one.path] = [rest()]
    told: list[int] = []
    manner = TransferPolicy()
    path = await fetch(camera, one, store, told.append, manner=manner)
    assert path.read_bytes() == WHOLE
    assert camera.firsts == [BREAK - OVERLAP]
    assert told[0] == BREAK
    assert told[-1] == len(WHOLE)
    assert manner.ranges.usable is True
    flush(store, one)
    assert list(store.folder.iterdir()) == [path]


WRONG: dict[str, dict[str, Any]] = {
    "wrong start": {"first": BREAK},
    "earlier start": {"first": 0, "data": WHOLE},
    "changed total": {"total": len(WHOLE) + 1, "end": len(WHOLE) + 1},
    "end before total": {"end": len(WHOLE) - 1},
    "wrong length": {"length": 10},
    "other bytes": {"data": bytes(len(WHOLE) - BREAK + OVERLAP)},
    "one other byte": {"data": WHOLE[BREAK - OVERLAP : BREAK - 1] + b"?" + WHOLE[BREAK:]},
    "nothing said": {"first": None, "end": None, "total": None},
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
async def test_what_is_not_the_rest_is_never_spliced(broken, rest, camera, store, *, wrong):
    """That one clip starts again, at once, and comes out right."""
    one = await broken()
    camera.answers[one.path] = [rest(**wrong), WHOLE]
    path = await fetch(camera, one, store, lambda _size: None)
    assert path.read_bytes() == WHOLE
    assert camera.firsts == [BREAK - OVERLAP, 0]


@pytest.mark.parametrize("answer", ["whole", "416"])
async def test_a_device_without_range_starts_again_and_is_not_asked_twice(broken, camera, store, answer):
    """A 200 is taken as it comes, a 416 is followed by one request for the whole; the next clip asks for no part."""
    manner = TransferPolicy()
    for number, requests in ((0, 1 if answer == "whole" else 2), (1, 1)):
        one = await broken(n=number)
        camera.answers[one.path] = (
            [CameraRefused("No.", status=416), WHOLE] if answer == "416" and not number else [WHOLE]
        )
        path = await fetch(camera, one, store, lambda _size: None, manner=manner)
        assert path.read_bytes() == WHOLE
        assert len(camera.firsts) == requests
        assert manner.ranges.usable is False
    assert camera.firsts == [0]


async def test_a_break_in_the_rest_is_continued_too(broken, rest, body, camera, store):
    """Each break costs the overlap, however many there are."""
    one = await broken()
    first, second = BREAK - OVERLAP, 450_000
    part = Part(first, len(WHOLE), len(WHOLE))
    camera.answers[one.path] = [
        body(len(WHOLE) - first, [WHOLE[first:second], CameraUnreachable("Again.")], part),
        body(len(WHOLE) - second + OVERLAP, [WHOLE[second - OVERLAP :]], replace(part, first=second - OVERLAP)),
    ]
    with pytest.raises(CameraUnreachable):
        await fetch(camera, one, store, lambda _size: None)
    path = await fetch(camera, one, store, lambda _size: None)
    assert path.read_bytes() == WHOLE
    assert camera.firsts == [first, second - OVERLAP]


async def test_a_part_that_has_all_is_not_fetched(broken, camera, store):
    """Killed between the last byte and the name: nothing is asked of the camera."""
    one = await broken()
    store.part(one).write_bytes(WHOLE)
    path = await fetch(camera, one, store, lambda _size: None)
    assert path.read_bytes() == WHOLE
    assert camera.firsts == []


@pytest.mark.parametrize(
    "change",
    [{"path": "/other.mp4"}, {"start": "2025-06-01T10:00:01"}, {"end": "2025-06-01T11:00:00"}, {"size": 7},
     {"total": BREAK - 1}, {"total": "much"}, {"total": -1}, {"boot": "another"}],
    ids=str,
)  # fmt: skip
async def test_a_part_of_something_else_is_not_continued(broken, store, change):
    """Its note has to fit: the path, the times, the listed size, the length; after a restart only what was synced."""
    one = await broken()
    assert resume.held(store, one) == PartialFile(BREAK, len(WHOLE))
    note = json.loads(store.note(one).read_text())
    store.note(one).write_text(json.dumps(note | change))
    assert resume.held(store, one) is None


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "\x00" * 100, '{"path": 1}', "[" * 100_000])
async def test_a_torn_note_is_none(broken, store, text):
    """Whatever a crash leaves in it: the clip starts again."""
    one = await broken()
    store.note(one).write_text(text)
    assert resume.held(store, one) is None


async def test_after_a_power_cut_only_what_was_synced_counts(broken, rest, camera, store):
    """Another start of the system: what was written since the last sync may be anything, and is cut off."""
    one = await broken()
    resume.synced(store, one, 300_000)
    note = json.loads(store.note(one).read_text())
    store.note(one).write_text(json.dumps(note | {"boot": "another"}))
    store.part(one).write_bytes(WHOLE[:300_000] + bytes(100_000))
    assert resume.held(store, one) == PartialFile(300_000, len(WHOLE))
    first = 300_000 - OVERLAP
    camera.answers[one.path] = [rest(data=WHOLE[first:], first=first)]
    assert (await fetch(camera, one, store, lambda _size: None)).read_bytes() == WHOLE


async def test_a_beginning_that_is_no_recording_is_not_continued(camera, body, store, recording):
    """A page of text, or a multipart wrapper, that broke off is not the beginning of a clip."""
    one = recording()
    camera.answers[one.path] = [body(len(WHOLE), [b"<html>" + WHOLE[:BREAK], CameraUnreachable("It broke.")])]
    with pytest.raises(CameraUnreachable):
        await fetch(camera, one, store, lambda _size: None)
    assert resume.held(store, one) is None


async def test_without_an_announced_length_nothing_is_continued(camera, body, store, recording):
    """Nobody could tell later whether it is still the same file."""
    one = recording()
    camera.answers[one.path] = [body(None, [WHOLE[:BREAK], CameraUnreachable("It broke.")])]
    with pytest.raises(CameraUnreachable):
        await fetch(camera, one, store, lambda _size: None)
    assert resume.held(store, one) is None


async def test_little_is_not_worth_a_part(camera, body, store, recording):
    """Up to 64 KiB would be fetched again anyway."""
    one = recording()
    camera.answers[one.path] = [body(len(WHOLE), [WHOLE[:OVERLAP], CameraUnreachable("It broke.")])]
    with pytest.raises(CameraUnreachable):
        await fetch(camera, one, store, lambda _size: None)
    assert resume.held(store, one) is None


async def test_after_a_power_cut_nothing_stays_behind_what_counts(broken, rest, camera, store):
    """The file may be longer than the recording by then: it is cut to what was synced before the rest is written."""
    one = await broken()
    resume.synced(store, one, 300_000)
    note = json.loads(store.note(one).read_text())
    store.note(one).write_text(json.dumps(note | {"boot": "another"}))
    store.part(one).write_bytes(WHOLE[:300_000] + bytes(2 * len(WHOLE)))
    first = 300_000 - OVERLAP
    camera.answers[one.path] = [rest(data=WHOLE[first:], first=first)]
    path = await fetch(camera, one, store, lambda _size: None)
    assert path.read_bytes() == WHOLE


@pytest.mark.parametrize("key", [None, "0123456789abcdef"])
def test_a_part_is_for_just_these_bytes(store, recording, key):
    """Its note has the key that it was begun with, and only with that it is continued."""
    one, size = recording(size=7), 2 * OVERLAP
    store.part(one).write_bytes(b"old")
    resume.begin(store, one, 3 * OVERLAP, key)
    assert not store.part(one).exists()
    assert json.loads(store.read_note(one)) == {
        "path": one.path, "start": "2025-06-01T10:00:00", "end": "2025-06-01T10:05:00", "size": 7,
        "total": 3 * OVERLAP, "synced": 0, "boot": resume._boot(), "key": key,
    }  # fmt: skip
    store.part(one).write_bytes(WHOLE[:size])
    for other in (None, "0123456789abcdef", "0123456789abcdee", ""):
        found = resume.held(store, one, other)
        assert found == (PartialFile(size, 3 * OVERLAP) if other == key else None)
    assert resume.is_held(store, one)


@pytest.mark.parametrize(
    ("size", "total", "is_held"),
    [(OVERLAP, OVERLAP, False), (OVERLAP + 1, OVERLAP + 1, True), (OVERLAP + 2, OVERLAP + 1, False)],
)
def test_a_part_is_continued_from_just_more_than_the_overlap_to_all_of_it(store, recording, *, size, total, is_held):
    resume.begin(store, recording(), total)
    store.part(recording()).write_bytes(WHOLE[:size])
    found = resume.held(store, recording())
    assert found == (PartialFile(size, total) if is_held else None)
    assert resume.is_held(store, recording()) is is_held
    if found is not None:
        assert found.first == size - OVERLAP


@pytest.mark.parametrize(("number", "fits"), [(0, True), (1 << 50, True), ((1 << 50) + 1, False), (-1, False)])
@pytest.mark.parametrize("name", ["total", "synced"])
def test_a_number_in_a_note_is_a_size(name, number, fits):
    note = {"path": "/1", "start": "a", "end": "b", "size": None, "total": 5, "synced": 5} | {name: number}
    assert (resume._decoded(json.dumps(note).encode()) is not None) is fits
    for odd in (1.5, True, "5", None):
        assert resume._decoded(json.dumps(note | {name: odd}).encode()) is None


def test_without_a_part_nothing_is_noted_as_synced(store, recording):
    resume.synced(store, recording(), 5)
    assert [*store.folder.iterdir()] == []
    assert not resume.is_held(store, recording())


@pytest.mark.parametrize(
    ("change", "survives"), [({}, True), ({"total": 6}, False), ({"boot": "another"}, False), ({"boot": None}, False)]
)
def test_a_clip_may_be_named_before_it_is_on_the_disk_if_its_note_tells(store, recording, change, survives):
    """Of its size, and of this start of the system."""
    one = recording()
    assert not resume.survives_unsynced(store, one, 5)
    resume.begin(store, one, 5)
    note = json.loads(store.read_note(one))
    note["boot"] = resume._boot() or "this one"
    store.write_note(one, json.dumps(note | change).encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resume, "_boot", lambda: note["boot"])
        assert resume.survives_unsynced(store, one, 5) is survives
        patch.setattr(resume, "_boot", lambda: None)
        assert not resume.survives_unsynced(store, one, 5)


@pytest.mark.parametrize("meanwhile", ["nothing", "put away", "fetched anew"])
def test_a_flush_is_of_the_clip_that_was_there(store, recording, monkeypatch, meanwhile):
    """Its note goes once it is on the disk; that of another one stays; one that was put away is no error."""
    one, synced = recording(), []

    def sync(path: Any) -> None:
        synced.append(path)
        if meanwhile == "put away" and path == clip:
            clip.unlink()
            raise DiskError("gone")
        if meanwhile == "fetched anew":
            store.note(one).unlink()
            store.write_note(one, b"{  }")

    resume.flush(store, one)
    resume.begin(store, one, 5)
    store.part(one).write_bytes(WHOLE[:5])
    clip = store.complete(one, ".mp4")
    monkeypatch.setattr(resume, "sync_file", sync)
    monkeypatch.setattr(resume, "sync_folder", sync)
    flush(store, one)
    assert synced == ([clip] if meanwhile == "put away" else [clip, store.folder])
    assert store.note(one).exists() is (meanwhile != "nothing")
    if meanwhile == "nothing":
        flush(store, one)
        assert len(synced) == 2


def test_a_flush_that_fails_is_told(store, recording, monkeypatch):
    def sync(_path: Any) -> None:
        raise DiskError("full")

    one = recording()
    resume.begin(store, one, 5)
    store.part(one).write_bytes(WHOLE[:5])
    store.complete(one, ".mp4")
    monkeypatch.setattr(resume, "sync_file", sync)
    with pytest.raises(DiskError, match="full"):
        flush(store, one)
    assert store.note(one).exists()


async def test_one_asks_first_whether_parts_are_sent_and_the_others_wait():
    """If it stays unknown, the next one asks; once it is known nobody waits."""
    ranges, order = Ranges(), list[str]()

    async def ask(name: str, usable: bool | None) -> None:
        await ranges.wait_to_ask()
        order.append(f"{name} asks")
        if ranges.usable is None:
            await anyio.wait_all_tasks_blocked()
        order.append(f"{name} knows")
        if ranges.usable is None:
            ranges.usable = usable
        ranges.asked()

    ranges.asked()
    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            for name, usable in (("a", None), ("b", True), ("c", None)):
                tasks.start_soon(ask, name, usable)
        assert order == ["a asks", "a knows", "b asks", "b knows", "c asks", "c knows"]
        await ranges.wait_to_ask()
        await ranges.wait_to_ask()
    assert not ranges.are_refused
    ranges.refuse("a test")
    assert ranges.are_refused
