"""The wanted part of a recording, its keyframes, and its bytes in bounded requests: from a file that lies in memory."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import anyio.lowlevel
import av
import pytest
from tests.conftest import START, frame_md5s

from camreel.devices.http import ContentRange
from camreel.errors import BadTransfer, CameraRefused, CameraUnreachable, DiskError
from camreel.formats.dhav import headers_in
from camreel.formats.mp4 import BadIndex
from camreel.formats.mp4 import choose as choose_part
from camreel.model import Recording, Span, WallTime
from camreel.transfer import partial as partial_module
from camreel.transfer.download import TransferPolicy
from camreel.transfer.keyframes import Keyframe, _samples, keyframes
from camreel.transfer.partial import NotInPart, fetch_part, note_of
from camreel.transfer.ranges import Ranged, RangesUnsupported, WholeFileReceived
from camreel.transfer.resume import OVERLAP, Ranges
from camreel_simulator import ClipSpec, make_clip, make_dav

pytestmark = pytest.mark.anyio

LENGTH, FPS, GOP = 60, 5, 10
BEGIN = WallTime(START)
ALL_OF_IT = Span(BEGIN, BEGIN + timedelta(seconds=LENGTH))


@cache
def footage(kind: str, size: tuple[int, int] = (160, 90)) -> bytes:
    """A minute with a keyframe every two seconds."""
    spec = ClipSpec(start=START, seconds=LENGTH, fps=FPS, gop=GOP, size=size, audio="alaw" if kind == "dav" else "aac")
    return make_dav(spec) if kind == "dav" else make_clip(spec)


def spans(start: float, end: float) -> Span:
    return Span(BEGIN + timedelta(seconds=start), BEGIN + timedelta(seconds=end))


def recorded(kind: str, start: float = 0, end: float = LENGTH, **fields) -> Recording:
    return Recording(f"/mnt/sd/1.{kind}", ALL_OF_IT, fields.pop("size", None), part=spans(start, end), **fields)


@dataclass
class Body:
    length: int | None
    pieces: Sequence[bytes]
    part: ContentRange | None

    @property
    async def chunks(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            await anyio.lowlevel.checkpoint()
            yield piece


@dataclass
class Memory:
    """A source of one file. ``lie`` is given each answer and may change it; ``asked`` are the ranges."""

    data: bytes
    lie: Callable[[Body], Body] = lambda body: body
    asked: list[tuple[int, int | None]] = field(default_factory=list)
    sent: int = 0
    whole: bool = False

    @asynccontextmanager
    async def open(self, _recording: Recording, *, first: int = 0, end: int | None = None) -> AsyncIterator[Body]:
        self.asked.append((first, end))
        await anyio.lowlevel.checkpoint()
        if self.whole:
            yield self.lie(Body(len(self.data), [self.data], None))
            return
        data, total = self.data[first:end], len(self.data)
        half = len(data) // 2
        self.sent += len(data)
        pieces = [data[:half], data[half:]] if half else [data]
        yield self.lie(Body(len(data), pieces, ContentRange(first, first + len(data), total)))


def changing(**fields) -> Callable[[Body], Body]:
    """Lie about the part: each field is given what it is."""

    def lie(body: Body) -> Body:
        assert body.part is not None
        part = {name: getattr(body.part, name) for name in ("first", "end", "total")}
        return Body(
            body.length, body.pieces, ContentRange(**{**part, **{name: of(part[name]) for name, of in fields.items()}})
        )

    return lie


@cache
def key_numbers() -> list[int]:
    """Which frames are keyframes, of the mp4 and the .dav alike."""
    with av.open(io.BytesIO(footage("mp4"))) as opened:
        return [n for n, packet in enumerate(p for p in opened.demux(video=0) if p.size) if packet.is_keyframe]


def last_key(seconds: float) -> int:
    """The last keyframe at or before that."""
    return max(number for number in key_numbers() if number <= seconds * FPS)


def place_in(whole: list[str], part: list[str]) -> int:
    """The frame of the whole that the part begins with; all its frames follow each other there."""
    (at,) = [n for n in range(len(whole)) if whole[n : n + len(part)] == part]
    return at


# --- Bytes ---


def ranged(source: Any, one: Recording, *more: Any, **how: Any) -> Ranged:
    return Ranged(source, one, *more, **how)


async def test_bytes_are_read_as_they_are(recording):
    source = Memory(bytes(range(256)) * 4)
    file = ranged(source, recording(), Ranges())
    assert await file.read(10, 20) == bytes(range(10, 20))
    assert (file.received, file.total) == (10, 1024)
    assert await file.read(1000, 2000) == source.data[1000:]
    assert file.received == 34
    assert source.asked == [(10, 20), (1000, 2000)]


async def test_each_piece_is_paid_for(recording):
    paid: list[int] = []

    async def spend(count: int) -> None:
        paid.append(count)

    await ranged(Memory(bytes(100)), recording(), Ranges(), spend).read(0, 10)
    assert paid == [5, 5]


async def test_finding_a_place_takes_so_many_requests_and_bytes_and_no_more(recording):
    source = Memory(bytes(100))
    file = ranged(source, recording(), Ranges(), most_requests=2, most_bytes=1000)
    await file.read(0, 10)
    await file.read(0, 10)
    with pytest.raises(NotInPart, match="too much"):
        await file.read(0, 10)
    file = ranged(source, recording(), Ranges(), most_requests=9, most_bytes=20)
    await file.read(0, 20)
    with pytest.raises(NotInPart, match="too much"):
        await file.read(0, 1)
    assert len(source.asked) == 3


@pytest.mark.parametrize(
    "lie",
    [
        changing(first=lambda first: first + 1),
        changing(end=lambda end: end - 1),
        changing(end=lambda end: end + 1),
        changing(total=lambda _total: None),
        changing(total=lambda _total: 15),
    ],
    ids=["begins later", "ends earlier", "ends later", "of unknown length", "of less"],
)
async def test_another_part_is_never_taken_and_the_device_not_asked_again(recording, lie):
    ranges, source = Ranges(), Memory(bytes(100), lie)
    with pytest.raises(NotInPart, match="another part"):
        await ranged(source, recording(), ranges).read(10, 20)
    assert ranges.are_refused
    with pytest.raises(RangesUnsupported):
        await ranged(source, recording(), ranges).read(10, 20)
    assert len(source.asked) == 1


async def test_a_file_that_changes_its_length_is_not_the_same(recording):
    source = Memory(bytes(100))
    file = ranged(source, recording(), Ranges())
    await file.read(0, 10)
    source.data = bytes(101)
    with pytest.raises(NotInPart, match="not as long as it was"):
        await file.read(0, 10)


@pytest.mark.parametrize(
    ("size", "fits"), [(None, True), (100, True), (101, False), (99, False), (1 << 16, True), (3 << 16, True)]
)
async def test_the_listed_size_counts_unless_it_is_what_was_allocated(recording, size, fits):
    """Recorders list sizes in steps of 64 KiB."""
    file = ranged(Memory(bytes(100)), recording(size=size), Ranges())
    if fits:
        assert len(await file.read(0, 10)) == 10
    else:
        with pytest.raises(NotInPart, match="not as long"):
            await file.read(0, 10)


@pytest.mark.parametrize("length", [9, 11])
async def test_two_lengths_are_none(recording, length):
    source = Memory(bytes(100), lambda body: Body(length, body.pieces, body.part))
    with pytest.raises(NotInPart, match="another length"):
        await ranged(source, recording(), Ranges()).read(0, 10)


async def test_a_body_without_a_length_is_counted(recording):
    source = Memory(bytes(100), lambda body: Body(None, body.pieces, body.part))
    assert len(await ranged(source, recording(), Ranges()).read(0, 10)) == 10


async def test_more_than_was_said_is_refused(recording):
    source = Memory(bytes(100), lambda body: Body(None, [*body.pieces, b"x"], body.part))
    with pytest.raises(NotInPart, match="more than it said"):
        await ranged(source, recording(), Ranges()).read(0, 10)


async def test_less_than_was_said_is_asked_for_again(recording):
    source = Memory(bytes(100), lambda body: Body(None, body.pieces[:1], body.part))
    with pytest.raises(BadTransfer, match="it sent 5 of 10 bytes") as caught:
        await ranged(source, recording(), Ranges()).read(0, 10)
    assert caught.value.once_more


async def test_the_whole_file_in_place_of_a_part_is_broken_off_or_taken(recording):
    source, ranges, took = Memory(bytes(100), whole=True), Ranges(), []

    async def take(body: Body) -> None:
        took.append(body.length)

    with pytest.raises(WholeFileReceived):
        await ranged(source, recording(), ranges, take_whole=take).read(0, 10)
    assert (took, ranges.are_refused) == ([100], True)
    with pytest.raises(RangesUnsupported, match="whole file"):
        await ranged(source, recording(), Ranges()).read(0, 10)


@pytest.mark.parametrize(
    ("status", "usable", "raised"),
    [
        (416, None, NotInPart), (416, True, NotInPart), (400, None, NotInPart), (400, True, CameraRefused),
        (404, None, CameraRefused), (403, None, CameraRefused), (410, True, CameraRefused),
    ],
)  # fmt: skip
async def test_a_refused_part_may_be_the_parts_fault(recording, status, usable, raised):
    """What is gone is gone; firmware that has never sent a part may refuse the very question."""
    ranges = Ranges()
    ranges.usable = usable

    def refuse(_body: Body) -> Body:
        raise CameraRefused("no", status=status)

    with pytest.raises(raised):
        await ranged(Memory(bytes(100), refuse), recording(), ranges).read(0, 10)
    with anyio.fail_after(1):
        await ranges.wait_to_ask()  # nobody waits for the one that asked


# --- The wanted part ---


async def part_of(source: Any, store, one: Recording, ranges: Ranges | None = None) -> tuple[Path, list[int]]:
    told: list[int] = []
    manner = TransferPolicy(ranges=ranges or Ranges())
    return await fetch_part(source, one, store, told.append, manner), told


@pytest.mark.parametrize(("start", "end"), [(0, 6), (20.5, 31), (50, 60)], ids=["first", "middle", "last"])
@pytest.mark.parametrize("kind", ["mp4", "dav"])
async def test_the_wanted_part_is_fetched_and_no_more(store, kind, start, end):
    """From the keyframe at or before it, with all frames up to its end; the clip says where it was."""
    source, one = Memory(footage(kind)), recorded(kind, start, end)
    path, told = await part_of(source, store, one)
    whole, part = frame_md5s(source.data), frame_md5s(path)
    first = place_in(whole, part)
    if kind == "mp4":
        assert first == last_key(start)
    else:  # its clock counts whole seconds
        assert first in key_numbers()
        assert last_key(max(0, start - 4)) <= first <= last_key(start)
    assert end * FPS <= first + len(part) <= end * FPS + (2 if kind == "mp4" else 4 * FPS)
    assert source.sent < len(source.data) * (0.6 if kind == "mp4" else 1.5)
    assert path.suffix == f".{kind}"
    assert store.find(one) == path
    assert told[0] == 0
    assert told == sorted(told)
    assert told[-1] == path.stat().st_size
    offset, size = note_of(path, one)
    if kind == "mp4":
        with av.open(str(path)) as opened:
            shown = min(packet.pts * packet.time_base for packet in opened.demux(video=0) if packet.size)
        assert abs(offset.total_seconds() + shown - first / FPS) < 0.001
        assert size == len(source.data)
    else:
        assert (offset, size) == (timedelta(0), None)


async def test_of_a_whole_clip_there_is_no_note(store):
    one = Recording("/mnt/sd/1.mp4", ALL_OF_IT)
    store.part(one).write_bytes(footage("mp4"))
    assert note_of(store.complete(one, ".mp4"), one) == (timedelta(0), None)


@pytest.mark.parametrize("kind", ["mp4", "dav"])
async def test_a_part_that_broke_off_is_continued(store, kind):
    """What came before is not asked for again, but for the overlap, and the clip is the same."""
    one, data = recorded(kind, 10, 40), footage(kind, (640, 360))
    path, _ = await part_of(Memory(data), store, one)
    expected = path.read_bytes()
    assert len(expected) > 4 * OVERLAP
    store.discard(one)

    def break_off(body: Body) -> Body:
        return Body(body.length, body.pieces[:1], body.part) if store.part(one).exists() else body

    with pytest.raises(BadTransfer):
        await part_of(Memory(data, break_off), store, one)
    assert store.find(one) is None
    kept = store.part(one).stat().st_size
    assert kept > 2 * OVERLAP
    path, told = await part_of(Memory(data), store, one)
    assert path.read_bytes() == expected
    assert kept - OVERLAP < told[1] < len(expected)


@pytest.mark.parametrize("kind", ["mp4", "dav"])
async def test_other_bytes_than_the_index_says_are_refused_and_not_kept(store, kind):
    """Of the right length, from the right place; in place of an mp4's frames or a .dav's."""
    one, data = recorded(kind, 10, 40), footage(kind)

    def lie(body: Body) -> Body:
        return (
            Body(body.length, [bytes(len(each)) for each in body.pieces], body.part)
            if (body.length or 0) > 60_000
            else body
        )

    source = Memory(data, lie)
    with pytest.raises((NotInPart, BadTransfer)):
        await part_of(source, store, one)
    assert store.find(one) is None
    assert not store.part(one).exists()


async def test_a_part_that_is_nearly_all_of_it_is_not_worth_its_requests(store):
    with pytest.raises(NotInPart, match="nearly all"):
        await part_of(Memory(footage("mp4")), store, recorded("mp4", 0, 59.5))


async def test_what_is_neither_mp4_nor_dav_has_no_parts(store):
    with pytest.raises(NotInPart, match="neither"):
        await part_of(Memory(b"RIFF" + bytes(100_000)), store, recorded("mp4", 10, 20))


@pytest.mark.parametrize("cut", [100, 200_000])
async def test_an_mp4_without_its_index_has_no_parts(store, cut):
    with pytest.raises(NotInPart):
        await part_of(Memory(footage("mp4")[:-cut]), store, recorded("mp4", 10, 20))


async def test_a_clock_that_changed_meanwhile_finds_no_place_in_a_dav(store):
    other = spans(3600, 3600 + LENGTH + 5)
    with pytest.raises(NotInPart, match="clock was changed"):
        await part_of(Memory(footage("dav")), store, recorded("dav", 10, 20, listed=other))


async def test_a_dav_of_another_day_is_not_searched(store):
    listed = Span(BEGIN + timedelta(days=-1), BEGIN + timedelta(days=-1, seconds=LENGTH))
    with pytest.raises(NotInPart, match="no date, or one that makes no sense"):
        await part_of(Memory(footage("dav")), store, recorded("dav", 10, 20, listed=listed))


async def test_the_whole_mp4_in_place_of_a_part_is_the_clip(store):
    source = Memory(footage("mp4"), whole=True)
    one = recorded("mp4", 10, 20)
    path, _ = await part_of(source, store, one)
    assert path.read_bytes() == source.data
    assert len(source.asked) == 1


async def test_a_device_that_sends_no_parts_is_not_asked_for_one(store):
    ranges, source = Ranges(), Memory(footage("mp4"))
    ranges.refuse("a test")
    with pytest.raises(NotInPart, match="does not send parts"):
        await part_of(source, store, recorded("mp4", 10, 20), ranges)
    assert source.asked == []


async def test_a_camera_that_goes_away_is_not_the_parts_fault(store):
    def away(_body: Body) -> Body:
        raise CameraUnreachable("gone")

    with pytest.raises(CameraUnreachable):
        await part_of(Memory(footage("mp4"), away), store, recorded("mp4", 10, 20))


# --- Keyframes ---


async def found(source: Any, kind: str, **how) -> list[Keyframe]:
    one = Recording(f"/mnt/sd/1.{kind}", ALL_OF_IT)
    return [each async for each in keyframes(source, one, **how)]


def moments(*seconds: float) -> list[WallTime]:
    return [BEGIN + timedelta(seconds=each) for each in seconds]


@pytest.mark.parametrize("kind", ["mp4", "dav"])
async def test_the_last_keyframe_at_or_before_each_moment(kind):
    """Each once, in order, as a clip of one frame."""
    source = Memory(footage(kind))
    keys = await found(source, kind, at=moments(41, 21.9, 21.9, 0))
    expected = [last_key(each) for each in (0, 21.9, 41)]
    step = 1 if kind == "mp4" else FPS  # a clock of whole seconds
    assert [each.wall for each in keys] == moments(*(number // step * step / FPS for number in expected))
    assert {each.is_dav for each in keys} == {kind == "dav"}
    whole = frame_md5s(source.data)
    if kind == "mp4":
        assert [frame_md5s(each.clip) for each in keys] == [[whole[number]] for number in expected]
    else:
        assert all(each.clip.startswith(b"DHAV") and each.clip in source.data for each in keys)


async def test_every_so_many_keyframes_of_an_mp4():
    keys = await found(Memory(footage("mp4")), "mp4", every=7)
    assert [each.wall for each in keys] == moments(*(number / FPS for number in key_numbers()[::7]))


async def test_a_moment_before_the_first_keyframe_has_none():
    assert await found(Memory(footage("mp4")), "mp4", at=moments(-5)) == []


async def test_a_dav_has_no_index_of_its_keyframes():
    with pytest.raises(NotInPart, match="no index"):
        await found(Memory(footage("dav")), "dav", every=2)


@pytest.mark.parametrize("how", [{}, {"every": 0}, {"every": -1}])
async def test_nothing_to_look_for_is_an_error(how):
    with pytest.raises(ValueError, match="either moments"):
        await found(Memory(footage("mp4")), "mp4", **how)


async def test_of_a_device_without_parts_there_are_no_keyframes():
    ranges, source = Ranges(), Memory(footage("mp4"))
    ranges.refuse("a test")
    with pytest.raises(NotInPart):
        await found(source, "mp4", every=1, manner=TransferPolicy(ranges=ranges))
    assert source.asked == []


async def test_the_footage_is_what_these_tests_take_it_for():
    for kind in ("mp4", "dav"):
        assert len(frame_md5s(footage(kind))) == LENGTH * FPS
    assert len(key_numbers()) > 20


# --- A time in a .dav ---


@cache
def with_a_gap() -> bytes:
    """The same minute, larger, of which the twenty seconds in the middle are missing."""
    first = ClipSpec(start=START, seconds=20, fps=FPS, gop=GOP, size=(640, 360), audio="alaw")
    return make_dav(first) + make_dav(replace(first, start=START + timedelta(seconds=40)))


@pytest.mark.parametrize("start", [3, 9.5, 14, 18, 21, 30, 39, 40, 44.5, 51, 57])
@pytest.mark.parametrize("seconds", [1, 6])
async def test_each_place_is_found_beside_a_gap(store, start, seconds):
    """From a keyframe at or before it, with all frames up to the end. In the gap there may be no part, and no clip."""
    data, end, one = with_a_gap(), min(LENGTH, start + seconds), recorded("dav", start, min(LENGTH, start + seconds))
    try:
        path, _ = await part_of(Memory(data), store, one)
    except NotInPart:
        assert start < 41
        assert end > 18
        assert store.find(one) is None
        return
    part = path.read_bytes()
    assert part in data
    found, whole = list(headers_in(part)), list(headers_in(data))
    assert found[0].is_key
    assert found[0].at == 0
    begin = whole[0].second or 0
    shown = [(frame.second or 0) - begin for frame in found]
    assert (start - 5 if start < 20 or start >= 45 else 14) <= shown[0] <= start
    wanted = {(frame.second or 0) - begin for frame in whole}
    assert {second for second in wanted if start <= second < int(end)} <= {*shown}


@dataclass
class ByTime:
    """A device that sends no parts, and ``data`` for any time; ``spans`` are the times that it was asked for."""

    data: bytes
    spans: list[Span] = field(default_factory=list)

    @asynccontextmanager
    async def open_by_time(self, recording: Recording) -> AsyncIterator[Body]:
        assert recording.listed is not None
        self.spans.append(recording.listed)
        await anyio.lowlevel.checkpoint()
        yield Body(len(self.data), [self.data], None)


def cut(start: float, end: float) -> bytes:
    begin = START + timedelta(seconds=start)
    return make_dav(ClipSpec(start=begin, seconds=end - start, fps=FPS, gop=GOP, size=(160, 90), audio="alaw"))


@pytest.mark.parametrize(("start", "asked"), [(20, 10), (5, 0), (0, 0)])
async def test_by_time_a_dav_costs_a_fraction_where_parts_are_not_sent(store, start, asked):
    """It is asked for from ten seconds before."""
    one, ranges, source = recorded("dav", start, 30), Ranges(), ByTime(cut(asked, 30))
    ranges.refuse("a test")
    path, _ = await part_of(source, store, one, ranges)
    assert path.read_bytes() == source.data
    assert store.find(one) == path
    assert source.spans == [spans(asked, 30)]


@pytest.mark.parametrize(
    "data", [b"", bytes(1000), cut(23, 30), cut(10, 22), cut(100, 130)],
    ids=["nothing", "no frames", "begins too late", "ends too early", "another time"],
)  # fmt: skip
async def test_by_time_what_is_not_the_part_is_not_kept(store, data):
    one, ranges = recorded("dav", 20, 30), Ranges()
    ranges.refuse("a test")
    with pytest.raises(NotInPart):
        await part_of(ByTime(data), store, one, ranges)
    assert store.find(one) is None


async def test_by_time_a_part_that_begins_a_second_late_is_not_kept(store):
    """As a whole it could be right: listed times are whole seconds."""
    one, ranges = recorded("dav", 1, 30), Ranges()
    ranges.refuse("a test")
    with pytest.raises(NotInPart, match="begins too late"):
        await part_of(ByTime(cut(2, 30)), store, one, ranges)
    assert store.find(one) is None


async def test_after_a_refused_part_a_dav_is_asked_for_by_time(store):
    """In the same call; the whole file is broken off."""

    @dataclass
    class Both(Memory, ByTime):
        pass

    source = Both(cut(10, 30), whole=True)
    path, _ = await part_of(source, store, recorded("dav", 20, 30))
    assert path.read_bytes() == source.data
    assert len(source.asked) == len(source.spans) == 1


async def test_an_index_that_makes_no_sense_has_no_keyframes():
    broken = footage("mp4").replace(b"stsz", b"xxxx")
    with pytest.raises(NotInPart):
        await found(Memory(broken), "mp4", every=1)


async def test_of_a_clip_of_another_make_there_is_no_note(store):
    """A part of an mp4 that does not say where it was."""
    one = recorded("mp4", 10, 20)
    store.part(one).write_bytes(footage("mp4"))
    assert note_of(store.complete(one, ".mp4"), one) == (timedelta(0), None)


async def test_a_clip_that_is_gone_is_a_disk_error_that_names_it(store):
    with pytest.raises(DiskError, match=r"gone\.mp4"):
        note_of(store.folder / "gone.mp4", recorded("mp4", 10, 20))


@pytest.mark.parametrize("kind", ["mp4", "dav"])
async def test_a_picture_that_is_too_large_is_none(monkeypatch, kind):
    """Just as large as allowed is none too large."""
    (key,) = await found(Memory(footage(kind)), kind, at=moments(30))
    largest = len(key.clip) if kind == "dav" else picture_size(key.clip)
    monkeypatch.setattr("camreel.transfer.keyframes._LARGEST", largest)
    assert await found(Memory(footage(kind)), kind, at=moments(30)) == [key]
    monkeypatch.setattr("camreel.transfer.keyframes._LARGEST", largest - 1)
    with pytest.raises(NotInPart):
        await found(Memory(footage(kind)), kind, at=moments(30))


def picture_size(clip: bytes) -> int:
    with av.open(io.BytesIO(clip)) as opened:
        (size,) = (packet.size for packet in opened.demux(video=0) if packet.size)
    return int(size)


# --- what is checked of a part ---


@pytest.mark.parametrize("head", [b"DAHUA".ljust(17 << 10, b"\0"), bytes(100)], ids=["a header", "junk"])
async def test_a_dav_is_known_by_its_first_bytes(store, head):
    """Whatever it is called."""
    one = replace(recorded("dav", 20, 31), path="/mnt/sd/1.bin")
    path, _ = await part_of(Memory(head + footage("dav")), store, one)
    assert path.suffix == ".dav"


async def test_what_has_only_the_name_of_a_dav_is_taken_for_one(store):
    with pytest.raises(NotInPart, match="no keyframe"):
        await part_of(Memory(bytes(1 << 20)), store, recorded("dav", 20, 31))


def check(store, data: bytes, start: float, end: float, *, ends: bool = False) -> str:
    """Say what is wrong with ``data`` as the part from ``start`` to ``end``."""
    path = store.folder / "1.dav"
    path.write_bytes(data)
    try:
        partial_module._check_frames(path, recorded("dav", start, end), ends=ends)
    except NotInPart as reason:
        return str(reason)
    return ""


@pytest.mark.parametrize(
    ("data", "start", "end", "ends", "wrong"),
    [
        (cut(10, 20), 10, 20, False, ""),
        (cut(10, 20), 12, 20.8, False, ""),  # its last frame is less than a second before it
        (cut(10, 20), 12, 20.81, False, "ends before"),
        (cut(10, 20), 12, 22, False, "ends before"),
        (cut(10, 20), 12, 22, True, ""),
        (cut(10, 20), 9.8, 20, False, "keyframe"),
        (cut(1, 20), 0, 20, False, ""),  # the recording begins with it
        (cut(10, 20)[20:], 12, 20, False, "keyframe"),
        (cut(10, 20) + cut(0, 60)[:100], 12, 20, False, "not all frames"),
        (cut(10, 20) + cut(0, 60)[:100], 12, 20, True, ""),
        (cut(10, 15) + bytes(5000) + cut(15, 20), 12, 20, True, "not all frames"),
        (bytes(5000), 12, 20, True, "what came holds no complete"),
    ],
)
def test_a_part_of_a_dav_is_all_frames_of_its_time(store, *, data, start, end, ends, wrong):
    said = check(store, data, start, end, ends=ends)
    assert wrong in said
    assert bool(said) is bool(wrong)


async def test_what_is_wanted_of_an_mp4_is_asked_for_in_whole_microseconds(store, monkeypatch):
    """From the start of the recording on; without an end if it is wanted up to its end."""
    asked, real = [], choose_part

    def choose(movie: Any, start: int, end: int | None) -> Any:
        asked.append((start, end))
        return real(movie, start, end)

    monkeypatch.setattr(partial_module, "choose", choose)
    for start, end in ((10.000001, 20.5), (-3, 20), (30, LENGTH), (30, LENGTH + 5)):
        await part_of(Memory(footage("mp4")), store, recorded("mp4", start, end))
    assert asked == [(10_000_001, 20_500_000), (0, 20_000_000), (30_000_000, None), (30_000_000, None)]
    assert all(type(number) in {int, type(None)} for each in asked for number in each)


async def test_an_mp4_of_several_parts_is_continued_in_each(store):
    """Only what is still to come is fetched, and the bytes that are there are not asked for again."""
    one, data = recorded("mp4", 10, 40), footage("mp4", (640, 360))
    expected = (await part_of(Memory(data), store, one))[0].read_bytes()
    store.discard(one)

    def break_off(body: Body) -> Body:
        return Body(body.length, body.pieces[:1], body.part) if store.part(one).exists() else body

    with pytest.raises(BadTransfer):
        await part_of(Memory(data, break_off), store, one)
    first = Memory(data)
    kept = store.part(one).stat().st_size
    path, told = await part_of(first, store, one)
    assert path.read_bytes() == expected
    assert told[1] - (kept - OVERLAP) <= len(expected) - kept + OVERLAP
    footage_asked = first.asked[-1]
    assert (footage_asked[1] or 0) - footage_asked[0] == len(expected) - (kept - OVERLAP)


def test_the_rest_of_a_part_is_what_is_not_written():
    """Header, then the spans one after the other."""
    wanted = partial_module._Wanted(b"12345", ((100, 110), (200, 205), (300, 301)))
    assert wanted.size == 5 + 10 + 5 + 1
    rests = {
        5: [(100, 110), (200, 205), (300, 301)],
        6: [(101, 110), (200, 205), (300, 301)],
        14: [(109, 110), (200, 205), (300, 301)],
        15: [(200, 205), (300, 301)],
        17: [(202, 205), (300, 301)],
        20: [(300, 301)],
        21: [],
    }
    assert {written: [*partial_module._rest(wanted, written)] for written in rests} == rests
    others = (replace(wanted, header=b"12346"), replace(wanted, spans=((100, 110),)), replace(wanted, spans=()))
    assert len({each.key for each in (wanted, *others)}) == 4
    assert replace(wanted, pictures=((1, 2),), length_size=4).key == wanted.key


@pytest.mark.parametrize(("kind", "at"), [(b"avcC", 8), (b"hvcC", 25)])
def test_how_long_a_length_is_stands_in_the_description(kind, at):
    for value, size in ((0xFC, 1), (0xFD, 2), (0xFF, 4), (3, 4)):
        description = b"...." + kind + bytes(at - 4) + bytes([value])
        assert partial_module._length_size(description) == size
        assert partial_module._length_size(description + b"\xfc") == size
        with pytest.raises(BadIndex, match="another kind"):
            partial_module._length_size(description[:-1])
    with pytest.raises(BadIndex):
        partial_module._length_size(b"mp4v" + bytes(50))


@pytest.mark.parametrize(
    ("data", "fits"),
    [(b"\0\0\0\1a\0\0\0\2ab", True), (b"\0\0\0\7abcdefg", True), (b"\0\0\0\1a\0\0\0\3ab", False),
     (b"\0\0\0\1a\0\0\0\1ab", False), (b"\0\0\0\7abcdef", False)],
)  # fmt: skip
def test_units_fill_each_frame(store, data, fits):
    path = store.folder / "1.mp4"
    path.write_bytes(b"header" + data)
    for pictures in (((6, 11),), ((6, 11), (6, 11))):
        if fits:
            partial_module._check_pictures(path, pictures, 4)
        else:
            with pytest.raises(NotInPart, match="not what its index says"):
                partial_module._check_pictures(path, pictures, 4)


async def test_why_there_is_no_part_is_said(store):
    """The message is for the log."""
    with pytest.raises(NotInPart, match=r"no index was found at its end|boxes make no sense"):
        await part_of(Memory(footage("mp4")[:-100]), store, recorded("mp4", 10, 20))


# --- moments of an mp4 ---


@pytest.mark.parametrize("scale", [1, 25, 90_000, 2**32 - 1])
def test_a_moment_of_a_keyframe_is_its_own(scale):
    """To the tick, however many of them a second has, hours after the start."""
    seconds = (0, 1, 135, 86_399)
    track = SimpleNamespace(keys=[0, 5, 7, 9], scale=scale, count=12, shown={0: 77})
    track.shown = {0: 77, **{key: 77 + second * scale for key, second in zip(track.keys, seconds, strict=True)}}.get
    movie: Any = SimpleNamespace(pictures=track)
    one = Recording("/1.mp4", Span(BEGIN, BEGIN + timedelta(days=1)))
    for key, second in zip(track.keys, seconds, strict=True):
        for later in (0, 0.5):
            assert [*_samples(movie, one, moments(second + later), None)] == [key]
        earlier = [*_samples(movie, one, moments(second - 0.000001), None)]
        assert earlier == track.keys[: track.keys.index(key)][-1:]
    assert [*_samples(movie, one, moments(*seconds, *seconds), None)] == track.keys
    assert [*_samples(movie, one, [], 2)] == [0, 7]
    track.keys = None
    assert [*_samples(movie, one, [], 5)] == [0, 5, 10]


@pytest.mark.parametrize(("at", "pictures"), [((), 10_000), ((1, 2, 3), 3)])
async def test_keyframes_are_bounded_by_their_number(monkeypatch, at, pictures):
    """Sixty requests and 24 MiB each are more than any camera needs."""
    bounds = []

    class Bounded(Ranged):
        def __init__(self, *given: Any, most_requests: int, most_bytes: int) -> None:
            bounds.append((most_requests, most_bytes))
            super().__init__(*given, most_requests=most_requests, most_bytes=most_bytes)

    monkeypatch.setattr("camreel.transfer.keyframes.Ranged", Bounded)
    await found(Memory(footage("mp4")), "mp4", at=moments(*at), every=None if at else 100)
    assert bounds == [(150 + pictures * 60, (pictures + 4) * (24 << 20))]


@pytest.mark.parametrize("refused", ["before", "now"])
async def test_without_parts_of_files_it_is_asked_for_by_time_in_the_same_manner(store, monkeypatch, refused):
    """With its limit of bytes a second, and what is known of the device."""
    manner, asked = TransferPolicy(), []

    async def by_time(*given: Any) -> Path:
        asked.append(given)
        await anyio.lowlevel.checkpoint()
        return Path("clip.dav")

    async def wanted(*_given: Any) -> Any:
        await anyio.lowlevel.checkpoint()
        raise RangesUnsupported("no")

    monkeypatch.setattr(partial_module, "_by_time", by_time)
    monkeypatch.setattr(partial_module, "_wanted", wanted)
    if refused == "before":
        manner.ranges.refuse("it got one wrong")
    source, told = object(), print
    recording: Any = SimpleNamespace(path="/1.dav", part=None, span=Span(WallTime(START), WallTime(START)))
    assert await fetch_part(source, recording, store, told, manner) == Path("clip.dav")  # type: ignore[arg-type]
    assert asked == [(source, recording, store, told, manner)]
