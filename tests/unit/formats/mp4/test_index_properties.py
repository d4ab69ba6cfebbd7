"""An index that a camera sent is read, or refused; and what is written for a part of it holds just that part."""

from __future__ import annotations

import io
from datetime import datetime
from functools import lru_cache

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camreel.formats.mp4 import BadIndex, choose, header_for, own_note, read_index
from camreel_simulator import ClipSpec, make_clip
from camreel_simulator.footage.mp4_layout import top_boxes

START = datetime(2026, 1, 16, 8)  # noqa: DTZ001 - by the camera's clock
SPEC = ClipSpec(start=START, seconds=20, fps=10, size=(64, 64), gop=10)


@lru_cache
def clip() -> tuple[bytes, bytes]:
    data = make_clip(SPEC)
    return data, next(data[at : at + size] for kind, at, size in top_boxes(data) if kind == b"moov")


def part_of(start: int, end: int | None) -> tuple[bytes, int]:
    data, moov = clip()
    movie = read_index(moov, len(data))
    choice = choose(movie, start, end)
    header = header_for(movie, choice, len(data))
    return header.data + b"".join(data[first:stop] for first, stop in choice.spans), choice.offset


def stored(data: bytes) -> list[tuple[int, int, bytes]]:
    with av.open(io.BytesIO(data)) as film:
        scales = [each.time_base for each in film.streams]
        return [
            (each.stream_index, round(each.pts * scales[each.stream_index] * 90_000), bytes(each))
            for each in film.demux()
            if each.pts is not None and each.size
        ]


@lru_cache
def stored_whole() -> list[tuple[int, int, bytes]]:
    return stored(clip()[0])


@settings(max_examples=20, deadline=None)
@given(start=st.integers(0, 20_000_000), length=st.integers(1, 20_000_000), to_end=st.booleans())
def test_a_part_holds_the_same_pictures_and_sound_at_the_same_distances(start, length, to_end):
    """Whatever part is asked for: nothing of it is missing, and all of it is as far apart as in the whole."""
    made, offset = part_of(start, None if to_end else start + length)
    whole, part = stored_whole(), stored(made)
    first = next(at for track, at, _ in whole if track == 0)
    beginning = next(at for track, at, _ in part if track == 0)
    note = own_note(made[:200])
    assert note is not None
    begins, total = note
    # The file begins with the sound, and the pictures wait for as long as that is earlier.
    assert begins == pytest.approx(offset - (beginning / 0.09 if offset else 0), abs=20)
    assert total == len(clip()[0])
    shift = first + round(offset * 0.09) - beginning
    heard = {(at, data) for track, at, data in whole if track}
    pictures = [(at + shift, data) for track, at, data in part if track == 0]
    shown = {(at, data) for track, at, data in whole if track == 0}
    assert all(each in shown for each in pictures)
    for track, at, data in part:
        assert not track or any((at + shift + ticks, data) in heard for ticks in range(-45, 46))
    end = 20 if to_end else min(20, (start + length) / 1e6)
    wanted = {at for track, at, _ in whole if track == 0 and start * 0.09 <= at - first < end * 90_000}
    assert wanted <= {at for at, _ in pictures}


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_damaged_index_is_read_or_refused(data):
    """Some bytes of it changed, or its end missing: never another error, and nothing beyond the end of the file."""
    whole, moov = clip()
    broken = bytearray(moov)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(broken) - 1))
        broken[place] = data.draw(st.integers(0, 255))
    cut = data.draw(st.one_of(st.none(), st.integers(0, len(broken))))
    try:
        movie = read_index(bytes(broken[:cut]), len(whole))
        choice = choose(movie, 5_000_000, 9_000_000)
        header_for(movie, choice, len(whole))
    except BadIndex:
        return
    assert all(0 <= first < end <= len(whole) for first, end in choice.spans)


@pytest.mark.parametrize("field", ["stsz", "stts", "stsc", "stss"])
def test_a_table_that_claims_four_thousand_million_entries_is_refused(field):
    """Without memory being taken for them."""
    _, moov = clip()
    at = moov.find(field.encode())
    count = at + (12 if field == "stsz" else 8)
    bomb = moov[:count] + b"\xff\xff\xff\xff" + moov[count + 4 :]
    with pytest.raises(BadIndex):
        read_index(bomb, len(clip()[0]))
