"""Many packets at once are the same as one after the other."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction
from io import BytesIO
from itertools import accumulate, chain
from pathlib import Path
from random import Random
from typing import Any

import av
import pytest

from camreel.formats.mp4 import read_outline, read_tracks
from camreel.formats.mp4.boxes import made
from camreel.media.clips.indexed_clip import IndexedClip, open_indexed
from camreel.media.clips.packets import GopRun
from camreel.media.merge.merger import Merger
from camreel.media.mux.direct import DirectOutput
from camreel.model import AudioMode, Span, WallTime
from camreel_simulator import ClipSpec, make_clip

pytestmark = pytest.mark.slow(reason="merges each clip twice and compares the files")

EIGHT = datetime(2026, 1, 16, 8, 0, 0)  # noqa: DTZ001 - the clock of a camera

# What is told of a packet that was written: its track, its times, its kind and its bytes.
Told = tuple[int, int | None, int | None, bool, bytes]


def told(path) -> list[Told]:
    """The packets of a film, track by track."""
    with av.open(str(path)) as film:
        packets = [
            (each.stream_index, each.pts, each.dts, each.is_keyframe, bytes(each)) for each in film.demux() if each.size
        ]
    return sorted(packets, key=lambda each: each[0])


def jittery(spec: ClipSpec, seed: int) -> bytes:
    """The clip with pictures and sound some milliseconds early or late, as real cameras stamp them."""
    random = Random(seed)
    buffer = BytesIO()
    with (
        av.open(BytesIO(make_clip(spec))) as clip,
        av.open(buffer, "w", format="mp4", options={"use_editlist": "0"}) as out,
    ):
        tracks = {each.index: out.add_stream_from_template(each, opaque=True) for each in clip.streams}
        for packet in clip.demux():
            if packet.dts is None:
                continue
            spread = Fraction(4, 1000) if random.random() < 0.9 else Fraction(60, 1000)
            moved = random.randint(0, int(spread / packet.time_base)) if packet.dts else 0
            packet.dts += moved
            packet.pts = max(packet.pts + moved, packet.dts)
            packet.stream = tracks[packet.stream_index]
            out.mux(packet)
    return buffer.getvalue()


def indexed(path) -> IndexedClip:
    """The clip at ``path``, which is one that is read by its index."""
    clip = open_indexed(str(path))
    assert clip is not None
    return clip


def places(packets: Iterable[Any]) -> list[tuple[int, int, int, bool]]:
    """Where and when packets are."""
    return [(each.at, each.size, each.pts, each.is_keyframe) for each in packets]


@pytest.fixture
def taken(monkeypatch) -> list[GopRun]:
    """The stretches that were written at once."""
    found: list[GopRun] = []
    real = DirectOutput.put_pictures

    def put(self, stretch, *more):
        found.append(stretch)
        real(self, stretch, *more)

    monkeypatch.setattr(DirectOutput, "put_pictures", put)
    return found


def both(studio, monkeypatch, clips, seconds=(0, 3600), **more):
    """The same merge twice: with stretches, and packet by packet."""
    fast = studio.merge("mp4", clips, seconds, **more)
    packets = told(fast.path)
    with monkeypatch.context() as patch:
        patch.setattr(IndexedClip, "stretches", IndexedClip.packets)
        slow = studio.merge("mp4", clips, seconds, **more)
    assert told(slow.path) == packets
    assert slow.outcomes == fast.outcomes
    # Two files are never the same one, nor of the same size.
    assert replace(slow.result, size=0, file=fast.result.file) == replace(fast.result, size=0)
    return fast, slow


@pytest.mark.parametrize(
    "kind",
    [
        {},
        {"video": "hevc"},
        {"audio": None},
        {"gop": 5, "two_keyframes": False},
        {"gop": 400},
        {"in_band": False},
        {"audio_extra": -1.0},
        {"audio_rate": 16000},
    ],
    ids=str,
)
def test_a_row_of_clips(studio, monkeypatch, taken, source_hashes, kind):
    """Every kind of clip that is read by its index: the same packets, and all pictures of the clips."""
    clips = studio.row(3, seconds=10, **kind)
    fast, slow = both(studio, monkeypatch, clips)
    assert sum(len(each.pictures) for each in taken) > fast.result.video_packets * 0.6
    assert fast.hashes() == source_hashes(clips)
    assert fast.result.size - slow.result.size < 3 * 10 * 64


@pytest.mark.parametrize("seed", range(6))
def test_clips_whose_times_jitter(studio, monkeypatch, taken, seed):
    """Steps of all lengths, also such of sound that leave holes or overlap."""
    specs = [ClipSpec(EIGHT + timedelta(seconds=12 * n), 12, bframes=seed % 3) for n in range(2)]
    clips = [studio.file(jittery(each, 10 * seed + n), each.start, 12) for n, each in enumerate(specs)]
    both(studio, monkeypatch, clips)
    assert taken


@pytest.mark.parametrize("seconds", [(3.3, 17.7), (0, 9.95), (7, 8), (10, 20)], ids=str)
def test_a_part_of_them(studio, monkeypatch, seconds):
    """The range begins and ends between keyframes."""
    clips = studio.row(3, seconds=8, bframes=1)
    both(studio, monkeypatch, clips, seconds)


def test_the_edges_of_a_clip(studio, monkeypatch):
    """Clips that overlap by the clock, in the same pictures and in others: what is left out is left out of both."""
    body = make_clip(ClipSpec(EIGHT, 8))
    clips = [studio.file(body, EIGHT, 8), studio.file(body, EIGHT, 8)]
    clips += [studio.clip(ClipSpec(EIGHT + timedelta(seconds=at), 8)) for at in (5, 9.5, 30)]
    fast, _ = both(studio, monkeypatch, clips)
    assert [each.inside for each in fast.outcomes] == [None, 0, None, None, None]
    assert [each.video_packets for each in fast.outcomes] == [80, 0, 80, 80, 80]


def test_sound_that_begins_late(studio, monkeypatch, taken):
    """The silence before it is as long as it is, however long the first stretch is."""
    body = BytesIO()
    with (
        av.open(BytesIO(make_clip(ClipSpec(EIGHT, 12, gop=200, two_keyframes=False)))) as clip,
        av.open(body, "w", format="mp4", options={"use_editlist": "0"}) as out,
    ):
        tracks = {each.index: out.add_stream_from_template(each, opaque=True) for each in clip.streams}
        for packet in clip.demux():
            if packet.dts is not None:
                if packet.stream.type == "audio":
                    packet.dts += int(Fraction(15, 100) / packet.time_base)
                    packet.pts = packet.dts
                packet.stream = tracks[packet.stream_index]
                out.mux(packet)
    clips = [studio.file(body.getvalue(), EIGHT, 12)]
    with indexed(clips[0].path) as made:
        kinds = [made.is_picture(each) for each in made.packets()]
    assert kinds[:3] == [True, True, False]
    both(studio, monkeypatch, clips)
    assert len(taken[0].pictures) == 64


def test_two_parts_of_a_range_from_one_clip(studio, monkeypatch):
    """An hour that comes twice is two parts; a recording that spans both gives its pictures of each."""
    clips = studio.row(1, seconds=30)
    between = Span(WallTime(EIGHT + timedelta(seconds=8)), WallTime(EIGHT + timedelta(seconds=22)))
    fast, _ = both(studio, monkeypatch, clips, (2, 28), skipped=(between,))
    seen = fast.numbers()
    numbers = [number - seen[0] for number in seen]
    assert numbers == [*range(79), *range(200, 279)]  # each from the keyframe before it


def test_a_clip_that_is_gone_once_it_is_in_the_film(studio):
    """A folder that is emptied by age: what follows is merged all the same."""
    first, second = (studio.clip(ClipSpec(EIGHT + timedelta(seconds=at), 8)) for at in (0, 6))
    merger = Merger(studio.job("mp4"))
    merger.add(first, lambda *_: None)
    Path(first.path).unlink()
    merger.add(second, lambda *_: None)
    assert merger.finish().films[0].video_packets == 160


def test_what_is_not_to_be_heard_is_not_in_the_file(studio, monkeypatch, taken):
    """Without sound its bytes are not copied along either."""
    clips = studio.row(2, seconds=8, audio_rate=16000)
    film = studio.merge("mp4", clips, audio=AudioMode.NONE)
    assert not any(each.sounds for each in taken)
    with indexed(clips[0].path) as clip:
        assert any(each.sounds for each in clip.stretches() if isinstance(each, GopRun))
        sound = [bytes(each) for each in clip.packets() if not clip.is_picture(each)]
    body = film.path.read_bytes()
    assert not any(each in body for each in sound if len(each) > 20)


def test_stretches_are_all_packets_in_order(tmp_path):
    """Unpacked they are what the clip is without them."""
    for number, spec in enumerate((ClipSpec(EIGHT, 9), ClipSpec(EIGHT, 9, audio=None), ClipSpec(EIGHT, 20, gop=999))):
        path = tmp_path / f"{number}.mp4"
        path.write_bytes(make_clip(spec))
        with indexed(path) as clip:
            flat = chain.from_iterable(each if isinstance(each, GopRun) else (each,) for each in clip.stretches())
            assert places(flat) == places(clip.packets())


def with_sound_behind(data: bytes) -> bytes:
    """A clip of one sample a chunk, all pictures first, then all sound."""
    at = data.rindex(b"moov") - 4
    index = bytearray(data[at:])
    outline, media = read_outline(bytes(index)), b""
    movie = read_tracks(outline, len(data), *outline.tracks)
    begins = data.index(b"mdat") - 4
    for track, stored in zip(outline.tracks, (movie.pictures, movie.sound), strict=True):
        assert stored is not None
        places = accumulate(stored.sizes, initial=begins + 8 + len(media))
        media += b"".join(data[at : at + size] for at, size in zip(stored.offsets, stored.sizes, strict=True))
        table = track.tables[b"stco"]
        assert (table.end - table.body) // 4 - 2 == stored.count
        struct.pack_into(f">{stored.count}I", index, table.body + 8, *list(places)[:-1])
    return data[:begins] + made(b"mdat", media) + bytes(index)


def test_a_clip_whose_sound_lies_elsewhere_is_taken_packet_by_packet(studio, monkeypatch, taken):
    """All pictures first, then all sound: nothing lies together, and nothing is copied that is not wanted."""
    clips = [studio.file(with_sound_behind(make_clip(ClipSpec(EIGHT, 40))), EIGHT, 40)]
    fast, slow = both(studio, monkeypatch, clips)
    assert not any(each.sounds for each in taken)
    assert fast.result.size == slow.result.size
