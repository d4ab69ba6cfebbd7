"""Whether the end of a file cuts off a part of its index, wherever it is cut."""

from __future__ import annotations

import struct

import pytest

from camreel.media.clips.truncation import tracks_before_cut


def _box(kind: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def _track(handler: bytes) -> bytes:
    return _box(b"trak", _box(b"tkhd", bytes(84)), _box(b"mdia", _box(b"hdlr", bytes(8), handler, bytes(13))))


_HEAD = _box(b"ftyp", b"isom", bytes(4)) + _box(b"mdat", bytes(300))
_SEEN, _HEARD = _track(b"vide"), _track(b"soun")
_INDEX = _box(b"moov", _box(b"mvhd", bytes(100)), _SEEN, _HEARD, _box(b"udta", bytes(40)))
_FRAGMENTS = _box(b"ftyp", b"iso5", bytes(4)) + _INDEX + 2 * (_box(b"moof", bytes(60)) + _box(b"mdat", bytes(200)))


@pytest.mark.parametrize("end", range(len(_HEAD) + 16, len(_HEAD) + len(_INDEX)))
def test_a_track_counts_once_its_box_is_whole(tmp_path, end):
    clip = tmp_path / "clip.mp4"
    clip.write_bytes((_HEAD + _INDEX)[:end])
    seen = len(_HEAD) + 8 + 108 + len(_SEEN)
    expected: frozenset[bytes] = frozenset([b"vide"] if end >= seen else [])
    expected |= frozenset([b"soun"] if end >= seen + len(_HEARD) else [])
    assert tracks_before_cut(str(clip)) == expected


def test_a_whole_index_is_whole_wherever_it_is(tmp_path):
    clip = tmp_path / "clip.mp4"
    for data in (_HEAD + _INDEX, _INDEX + _HEAD, _HEAD + _INDEX + _box(b"free", bytes(9)), _FRAGMENTS):
        clip.write_bytes(data)
        assert tracks_before_cut(str(clip)) is None


def test_media_may_end_early_where_the_index_tells_how_much_there_should_be(tmp_path):
    """What is missing is counted by the index then; and some makers' boxes are longer than what they hold."""
    clip = tmp_path / "clip.mp4"
    clip.write_bytes((_INDEX + _HEAD)[:-100])
    assert tracks_before_cut(str(clip)) is None


@pytest.mark.parametrize("missing", range(1, 260, 7))
def test_of_a_cut_fragment_nothing_is_known(tmp_path, missing):
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(_FRAGMENTS[:-missing])
    assert tracks_before_cut(str(clip)) == frozenset()


@pytest.mark.parametrize("data", [b"", b"no boxes at all, but text", bytes(64), b"\0\0\0\4moov" + bytes(20)])
def test_what_is_no_mp4_is_not_cut(tmp_path, data):
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(data)
    assert tracks_before_cut(str(clip)) is None
