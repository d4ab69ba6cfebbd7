"""A clip read by its own index is the clip that FFmpeg reads: the same packets at the same times, and the same video.

Varied: edit lists of every form, fragments, where the index is, other tracks, how frames are shown; clips of others.
"""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import av
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.conftest import IS_SOAK

from camreel.errors import MergeError
from camreel.formats.containers import OutputFormat
from camreel.formats.sniff import Unusable
from camreel.media.clips import indexed_clip
from camreel.media.clips import open as opening
from camreel.media.clips.clip import open_mp4
from camreel.media.clips.indexed_clip import open_indexed
from camreel.media.merge import film
from camreel.media.merge.merger import Merger
from camreel.media.merge.scan import marks_of
from camreel.media.worker.messages import ClipFile, ClipOutcome, MergeJob
from camreel.model import Span, WallTime

from . import boxes
from .boxes import SCALE, Edit
from .clips import Cut, Feature, _tracks
from .originals import EIGHT, decoded
from .test_edits import Edited

pytestmark = pytest.mark.slow(reason="reads and merges clips of all kinds")

_SAMPLES = Path(os.environ.get("CAMREEL_SAMPLES", "no folder"))
_REAL = sorted([*_SAMPLES.glob("*.mp4"), *_SAMPLES.glob("clips/*.mp4")])

PLAIN, REORDERED = Cut("plain", 49, 28, "aac"), Cut("reordered", 44, 33, "aac")
_ODD = {
    Feature.FRAGMENTED,
    Feature.INDEX_FIRST,
    Feature.BOX_AFTER,
    Feature.NO_OP_EDIT,
    Feature.HIDDEN_HEAD,
    Feature.HIDDEN_TAIL,
    Feature.EMPTY_EDIT,
    Feature.NEGATIVE_OFFSETS,
    Feature.SECOND_SOUND,
    Feature.SECOND_VIDEO,
    Feature.SUBTITLES,
    Feature.TELEMETRY,
    Feature.TURNED,
    Feature.PIXELS,
    Feature.LATE_SOUND,
}


def _bodies() -> Iterator[tuple[str, Cut | Edited]]:
    for cut in (PLAIN, REORDERED):
        yield cut.line, cut
        for feature in sorted(_ODD, key=lambda each: each.value):
            yield f"{cut.line}, {feature.value}", replace(cut, odd=frozenset({feature}))
        for head, tail, wait in ((1, None, 0), (0, 20, 0), (7, None, 0), (9, 19, 0), (11, 13, 3), (0, None, 12)):
            for in_fragments in (False, True):
                name = f"{cut.line}, {head} to {tail}, {wait} late, {'in fragments' if in_fragments else 'in one'}"
                yield name, Edited(cut, head, tail, wait, in_fragments)
    negative = frozenset({Feature.NEGATIVE_OFFSETS})
    yield "edited, negative offsets", replace(REORDERED, odd=negative | {Feature.HIDDEN_HEAD})
    yield "negative offsets at the end alone", replace(REORDERED, count=3, odd=negative)


_KINDS = dict(_bodies())
# What a fragmented clip says of its frames before they are read is less than is known of them.
_SAID = ("kind", "parameters", "time_base", "description", "sound_ticks", "sound_setup", "origin", "besides", "is_cut")
_SAID_BY_INDEX = ("frame_rate", "listed_packets")


def body_of(kind: Cut | Edited) -> bytes:
    return kind.body if isinstance(kind, Cut) else kind.body()


def told(clip: Any) -> dict[bool, list[tuple[Any, ...]]]:
    """All that is asked of its pictures (True) and its sound, in the order in which they come."""
    found: dict[bool, list[tuple[Any, ...]]] = {True: [], False: []}
    for packet in clip.packets():
        is_picture = clip.is_picture(packet)
        is_key, is_hidden = (packet.is_keyframe, clip.hides(packet)) if is_picture else (None, None)
        found[is_picture].append((packet.pts, packet.dts, packet.size, bytes(packet), is_key, is_hidden))
    return found


def compare(path: Path) -> bool:
    """Whether a clip is read by its index; then it is what FFmpeg reads."""
    indexed_clip._known.clear()
    try:
        fast = open_indexed(str(path))
    except Unusable:
        return False
    if fast is None:
        return False
    with fast, open_mp4(str(path)) as slow:
        assert told(fast) == told(slow)
        names = _SAID if b"moof" in path.read_bytes() else _SAID + _SAID_BY_INDEX
        assert {name: getattr(fast, name) for name in names} == {name: getattr(slow, name) for name in names}
    return True


@pytest.mark.parametrize("name", _KINDS)
def test_the_packets_are_those_that_ffmpeg_gives(tmp_path, name):
    """Of each kind of file: times, bytes, keyframes and what is hidden; and it is read by its own index."""
    path = tmp_path / "clip.mp4"
    path.write_bytes(body_of(_KINDS[name]))
    assert compare(path)


@pytest.mark.parametrize("name", [name for name, kind in _KINDS.items() if isinstance(kind, Edited)])
def test_what_clips_are_compared_by_is_the_same(tmp_path, monkeypatch, name):
    """The marks of the frames that are shown, and of the hidden ones that those need."""
    path = tmp_path / "clip.mp4"
    path.write_bytes(body_of(_KINDS[name]))
    fast = marks_of(str(path))
    monkeypatch.setattr(opening, "open_indexed", lambda _path: None)
    assert (list(fast[0]), fast[1]) == marks_of(str(path))


@pytest.mark.parametrize("begins", [300, 1024 * SCALE // 8000, 2 * SCALE, 2 * SCALE + 700])
def test_sound_that_begins_within_a_packet(tmp_path, begins):
    """Its edit list hides a part of the first packet, all of it, or of several a part of the last."""
    pictures, sound = _tracks(PLAIN)
    edited = replace(sound, edits=(Edit(sound.length - begins, begins),))
    path = tmp_path / "clip.mp4"
    path.write_bytes(boxes.write([pictures, edited]))
    assert compare(path)


def test_a_turned_film_is_copied_by_the_system(tmp_path, monkeypatch):
    """It is turned as its clip is, and lies where players show it."""
    monkeypatch.delattr(film, "MuxedOutput")  # FFmpeg writes nothing
    (tmp_path / "clip.mp4").write_bytes(replace(PLAIN, odd=frozenset({Feature.TURNED})).body)
    film_of(tmp_path, [tmp_path / "clip.mp4"])
    made = tmp_path / "film.mp4.part"
    assert [each.look.turned for each in decoded(str(made))] == [270] * PLAIN.count
    head = made.read_bytes()
    at = head.rindex(b"tkhd", 0, head.rindex(b"vmhd")) + 4 + 40
    assert struct.unpack_from(">9i", head, at) == (0, 1 << 16, 0, -(1 << 16), 0, 0, 90 << 16, 0, 1 << 30)


@pytest.mark.skipif(len(_REAL) < 2, reason="CAMREEL_SAMPLES names no folder with clips of others")
def test_the_packets_of_clips_of_others():
    """Of those that can be merged most are read by their own index."""
    fast = [path for path in _REAL if compare(path)]
    assert len(fast) * 3 > len(_REAL) * 2


def film_of(folder: Path, paths: list[Path]) -> tuple[Any, ...]:
    """A merge of clips that lie end to end: the packets of its films, what became of the clips, and what is noted."""
    span = Span(WallTime(EIGHT), WallTime(EIGHT + timedelta(hours=1)))
    merger = Merger(MergeJob(str(folder / "film.mp4.part"), OutputFormat.MP4, span, in_order=True))
    outcomes: list[ClipOutcome] = []
    try:
        for number, path in enumerate(paths):
            begins = WallTime(EIGHT + timedelta(minutes=number))
            clip = ClipFile(number, str(path), Span(begins, begins + timedelta(seconds=10)), path.name)
            outcomes += merger.add(clip, lambda *_: None).outcomes
        result = merger.finish()
    except MergeError as error:
        return str(error), outcomes
    films = [stored(film.path) for film in result.films]
    return films, [*outcomes, *result.outcomes], result.notes, result.doubts


def stored(path: str) -> list[tuple[Any, ...]]:
    with av.open(path) as video:
        packets = [
            (each.stream_index, each.dts, each.pts, each.is_keyframe, hashlib.md5(bytes(each)).digest())
            for each in video.demux()
            if each.size
        ]
    return sorted(packets, key=lambda each: each[:2])


def check_film(folder: Path, monkeypatch: pytest.MonkeyPatch, clip: Path, mate: Path) -> None:
    """A clip alone and among others: the same film and the same account as by FFmpeg."""
    for paths in ([clip], [mate, clip, mate]):
        fast = film_of(folder, paths)
        with monkeypatch.context() as patch:
            patch.setattr(opening, "open_indexed", lambda _path: None)
            assert film_of(folder, paths) == fast


@pytest.mark.parametrize("name", _KINDS if IS_SOAK else list(_KINDS)[::6])
def test_the_film_is_the_same(tmp_path, monkeypatch, name):
    """Of each kind of file; every sixth without ``CAMREEL_SOAK``."""
    paths = [tmp_path / f"{number}.mp4" for number in range(2)]
    for path, kind in zip(paths, (_KINDS[name], PLAIN), strict=True):
        path.write_bytes(body_of(kind))
    check_film(tmp_path, monkeypatch, *paths)


@pytest.mark.skipif(len(_REAL) < 2, reason="CAMREEL_SAMPLES names no folder with clips of others")
@pytest.mark.parametrize("path", _REAL[1:] if IS_SOAK else _REAL[1::6], ids=lambda path: path.name)
def test_the_film_of_a_clip_of_others_is_the_same(tmp_path, monkeypatch, path):
    """Alone and between two real recordings; every sixth without ``CAMREEL_SOAK``."""
    check_film(tmp_path, monkeypatch, path, _REAL[0])


def test_fragments_that_lie_are_left_to_ffmpeg(tmp_path):
    """Samples that are behind the end; and fragments that name more bytes than the file has."""
    whole = replace(PLAIN, sound=None, odd=frozenset({Feature.FRAGMENTED})).body
    begin = whole.rindex(b"moof") - 4
    data_at = whole.index(b"mdat", begin) - 4
    fragment = whole[begin:data_at]
    run = fragment.index(b"trun") + 4  # flags, count, place, and then rows of length, size, flags, offset
    behind = bytearray(fragment)
    struct.pack_into(">i", behind, run + 8, len(whole) - begin - 10)
    again = bytearray(fragment)
    (starts,) = struct.unpack_from(">Q", fragment, fragment.index(b"tfdt") + 8)
    struct.pack_into(">Q", again, fragment.index(b"tfdt") + 8, starts + 100 * SCALE)
    struct.pack_into(">i", again, run + 8, len(fragment) + 8 + begin - len(whole))
    path = tmp_path / "clip.mp4"
    for body, is_fast in (
        (whole, True),
        (whole + bytes(again) + boxes.box(b"mdat", bytes(len(whole))), True),
        (whole[:begin] + bytes(behind) + whole[data_at:], False),
        (whole + bytes(again) + boxes.box(b"mdat"), False),
    ):
        path.write_bytes(body)
        assert compare(path) is is_fast


_HOSTILE = [
    Edited(REORDERED, 1, 20, 2),
    Edited(REORDERED, 0, None, 0, in_fragments=True),
    replace(PLAIN, odd=frozenset({Feature.SECOND_VIDEO, Feature.SUBTITLES})),
]


@settings(
    max_examples=500 if IS_SOAK else 60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_hostile_index_is_read_or_left_to_ffmpeg(tmp_path, data):
    """Some bytes of it changed: never another error, nothing behind the end of the file, no more than the file has."""
    whole = bytearray(body_of(data.draw(st.sampled_from(_HOSTILE))))
    places = [at for kind in (b"moov", b"moof") for at in _places(bytes(whole), kind)]
    for _ in range(data.draw(st.integers(1, 4))):
        begin = data.draw(st.sampled_from(places))
        place = begin + data.draw(st.integers(0, int.from_bytes(whole[begin : begin + 4], "big") - 1))
        whole[place : place + 1] = bytes([data.draw(st.sampled_from([0, 1, 2, 0x7F, 0x80, 0xFF]))])
    path = tmp_path / "clip.mp4"
    path.write_bytes(whole)
    try:
        clip = open_indexed(str(path))
    except Unusable:
        return
    if clip is not None:
        with clip:
            packets = list(clip.packets())
            assert sum(each.size for each in packets) <= len(whole)
            assert all(0 <= each.at <= len(whole) - each.size for each in packets)


def _places(data: bytes, kind: bytes) -> Iterator[int]:
    at = 0
    for form, body in boxes.boxes(data):
        if form == kind:
            yield at
        at += 8 + len(body)
