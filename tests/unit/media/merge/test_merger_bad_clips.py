"""Whatever a camera sends in place of a recording costs that clip, is named, and costs nothing else."""

from __future__ import annotations

import os
import random
from dataclasses import replace
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import av
import pytest

from camreel.errors import MergeError
from camreel.media.clips import open as open_module
from camreel.media.clips.clip import Clip, open_mp4
from camreel.media.clips.packets import ClipUnreadable
from camreel.media.merge import merger as merger_module
from camreel.media.merge import reencode
from camreel.media.merge.merger import Merger
from camreel.media.mux import direct, muxer
from camreel.media.worker.messages import ClipFile
from camreel.model import WallTime
from camreel_simulator import ClipSpec, make_clip

pytestmark = pytest.mark.slow(reason="merges and decodes dozens of videos")

EIGHT = datetime(2026, 1, 16, 8, 0, 0)  # noqa: DTZ001 - the clock of a camera
WHOLE = make_clip(ClipSpec(EIGHT + timedelta(seconds=3), 3))


def boxes(data: bytes) -> list[tuple[bytes, bytes]]:
    """The top-level boxes of an mp4: kind and all of its bytes."""
    found, at = [], 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        found.append((data[at + 4 : at + 8], data[at : at + size]))
        at += size
    return found


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "the file is empty"),
        (bytes(5000), "the file holds zeros instead of video"),
        (b"<!DOCTYPE html><html>Login</html>", "the camera sent a web page instead of video"),
        (b"\r\n <HTML><body>404", "the camera sent a web page instead of video"),
        (b"Error\r\nBad Request!\r\n", "the camera sent an error message instead of video (Error)"),
        (b"Error: \x1b[2J\xff", "the camera sent an error message instead of video (Error: \ufffd[2J\ufffd)"),
        (random.Random(1).randbytes(9000), "its first bytes are not those of a recording"),
        (b"#EXTM3U\n#EXTINF:1,\n/etc/passwd\n", "it is a playlist"),
        (b"ffconcat version 1.0\nfile /etc/passwd\n", "its first bytes are not those of a recording"),
        (b"DHAV" + bytes(100), "it is a .dav recording without a complete frame"),
        (WHOLE[: len(WHOLE) * 6 // 10], "it has no index (moov box)"),
        (b"".join(body for kind, body in boxes(WHOLE) if kind != b"moov"), "it has no index (moov box)"),
        (b"\0\0\0\x18ftypisom" + bytes(500), "it has no index (moov box)"),
        (WHOLE.replace(b"avc1", b"mp4x"), "its pictures are"),
        (WHOLE.replace(b"avcC", b"xxxx"), "its index cannot be read"),
        (WHOLE.replace(b"vide", b"soun"), "it holds no pictures"),
    ],
)
def test_named_and_skipped(studio, source_hashes, body, sentence):
    """The clip is unusable with one clear sentence; the clips around it are merged, bit-exact."""
    good = [studio.clip(ClipSpec(EIGHT, 3)), studio.clip(ClipSpec(EIGHT + timedelta(seconds=6), 3))]
    bad = studio.file(body, EIGHT + timedelta(seconds=3), 3)
    film = studio.merge("mp4", [good[0], bad, good[1]])
    assert film.outcomes[1].unusable is not None
    assert film.outcomes[1].unusable.startswith(sentence)
    assert film.outcomes[1].covered is None
    assert film.hashes() == source_hashes(good)
    assert film.result.chapters[1].title == "2026-01-16 08:00:06 (after a gap of 3 s)"


def test_missing_file(studio):
    """A clip that is not there is unusable, not a crash."""
    good, gone = studio.row(2)
    Path(gone.path).unlink()
    film = studio.merge("mp4", [good, gone])
    assert film.outcomes[1].unusable == "it cannot be read (No such file or directory)"


@pytest.mark.parametrize("container", ["mp4", "mkv", "avi"])
def test_cut_short_gives_what_it_has(studio, source_hashes, container):
    """An index in front, and not all of the bytes it lists: what is there is used, what is missing is counted."""
    parts = boxes(WHOLE)
    moov = next(body for kind, body in parts if kind == b"moov")
    rest = b"".join(body for kind, body in parts if kind not in {b"moov", b"ftyp"})
    whole = parts[0][1] + moved(moov, len(moov)) + rest
    clips = [
        studio.file(whole[: len(parts[0][1]) + len(moov) + len(rest) // 2], EIGHT + timedelta(seconds=3), 3),
        studio.clip(ClipSpec(EIGHT + timedelta(seconds=6), 3)),
    ]
    film = studio.merge(container, clips)
    outcome = film.outcomes[0]
    assert 0 < outcome.missing_packets < 30
    assert outcome.video_packets == 30 - outcome.missing_packets
    expected = source_hashes([studio.file(WHOLE)])[: outcome.video_packets] + source_hashes(clips[1:])
    assert film.hashes() == expected
    assert outcome.holds == pytest.approx(outcome.video_packets / 10)


def moved(moov: bytes, by: int) -> bytes:
    """The index with its chunk offsets (stco) moved: it goes in front of what it points at."""
    out, at = bytearray(moov), 0
    while (at := moov.find(b"stco", at)) >= 0:
        count = int.from_bytes(moov[at + 8 : at + 12], "big")
        for place in range(at + 12, at + 12 + 4 * count, 4):
            out[place : place + 4] = (int.from_bytes(moov[place : place + 4], "big") + by).to_bytes(4, "big")
        at += 4
    return bytes(out)


def _from_the_middle(spec: ClipSpec, first: int) -> bytes:
    """The clip without its first pictures, as it is where a camera begins to write between keyframes."""
    buffer = BytesIO()
    with av.open(BytesIO(make_clip(spec))) as source, av.open(buffer, "w", format="mp4") as out:
        video = source.streams.video[0]
        copied = out.add_stream_from_template(video, opaque=True)
        for number, packet in enumerate(source.demux(video)):
            if packet.dts is not None and number >= first:
                packet.stream = copied
                out.mux(packet)
    return buffer.getvalue()


@pytest.mark.parametrize("container", ["mp4", "mkv", "avi"])
def test_no_keyframe_at_the_start(studio, source_hashes, container):
    """Pictures before the first keyframe cannot be decoded; they are dropped and counted."""
    spec = ClipSpec(EIGHT, 4, two_keyframes=False)
    clip = studio.file(_from_the_middle(spec, 5), EIGHT, 4)  # its edit list says that it waits for half a second
    film = studio.merge(container, [clip])
    outcome = film.outcomes[0]
    assert (outcome.undecodable_dropped, outcome.video_packets, outcome.missing_packets) == (15, 20, 0)
    assert outcome.covered is not None
    assert outcome.covered.start.naive == EIGHT + timedelta(seconds=2)
    assert film.hashes() == source_hashes([studio.clip(spec)])[20:]


def test_a_range_that_begins_before_the_first_keyframe(studio, source_hashes):
    """The clip is shown from that keyframe on; what is lost are the frames of the range before it, and no others."""
    spec = ClipSpec(EIGHT, 4, two_keyframes=False)
    clip = studio.file(_from_the_middle(spec, 5), EIGHT, 4)  # an empty edit is in front of it
    film = studio.merge("mp4", [clip], (1, 3))
    frames = film.outcomes[0].frames
    assert frames is not None
    assert (frames.written, frames.undecodable, frames.outside) == (10, 10, frames.read - 20)
    assert film.hashes() == source_hashes([studio.clip(spec)])[20:30]


def test_no_keyframe_at_all(studio):
    """A clip of which nothing can be decoded is unusable."""
    bad = studio.file(_from_the_middle(ClipSpec(EIGHT, 2, two_keyframes=False), 5))
    film = studio.merge("mp4", [bad, studio.clip(ClipSpec(EIGHT + timedelta(seconds=2), 2))])
    assert film.outcomes[0].unusable == "none of its pictures can be decoded by itself (no keyframe)"


def test_all_clips_bad(studio):
    """Nothing usable is an error that says so."""
    with pytest.raises(MergeError, match="None of the clips"):
        studio.merge("mp4", [studio.file(b"<html>"), studio.file(b"")])


@pytest.mark.parametrize(("container", "sound"), [("mp4", "aac"), ("mp4", "mulaw"), ("mkv", "alaw"), ("avi", "aac")])
def test_damaged_bytes_never_escape(studio, container, sound):
    """Random damage to a clip, index or media, gives an outcome or a MergeError, never anything else."""
    chance = random.Random(20260116)
    good = studio.clip(ClipSpec(EIGHT, 3, audio=sound))
    whole = make_clip(ClipSpec(EIGHT + timedelta(seconds=3), 3, audio=sound))
    moov = whole.index(b"moov")
    for _ in range(25):
        body = bytearray(whole)
        for _ in range(chance.choice([1, 3, 30])):
            body[chance.randrange(chance.choice([0, moov]), len(body))] = chance.randrange(256)
        bad = studio.file(bytes(body), EIGHT + timedelta(seconds=3), 3, "damaged.mp4")
        try:
            film = studio.merge(container, [good, bad])
        except MergeError as refused:
            assert "while the clips before it" in str(refused) or "avi" in str(refused)  # noqa: PT017
            continue
        assert film.outcomes[0].video_packets == 30
        assert film.result.seconds < 3 * 86400


# --- Clips that become something else after they were opened once ---


def _fifo(path: Path) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("this system has no FIFOs")
    path.unlink()
    os.mkfifo(path)


def _emptied(path: Path) -> None:
    path.unlink()
    path.touch()


SWAPS = [
    (_fifo, "its file cannot be read (it is not a regular file)"),
    (Path.unlink, "its file cannot be read (No such file or directory)"),
    (_emptied, "its file cannot be read (the file is empty)"),
]


def swap_before(monkeypatch, where: object, name: str, swap, path: str) -> None:
    """Swap the file at ``path`` when ``where.name`` is called."""
    real = getattr(where, name)

    def swapped(*args, **more):
        if Path(path).is_file() and Path(path).stat().st_size:
            swap(Path(path))
        return real(*args, **more)

    monkeypatch.setattr(where, name, swapped)


def added(merger: Merger, clips: list[ClipFile]) -> None:
    for clip, after in zip(clips, [*clips[1:], None], strict=True):
        merger.add(replace(clip, next_start=after.span.start if after else None), lambda number, wall: None)
    merger.finish()


@pytest.mark.parametrize(("swap", "said"), SWAPS)
@pytest.mark.parametrize("container", ["mp4", "mkv", "avi"])
def test_a_clip_that_changes_before_a_sound_track_is_added(studio, monkeypatch, container, swap, said):
    """The film is made again, with sound: the first clip is opened once more."""
    clips = [*studio.row(1, audio=None), *studio.row(1, begin=3)]
    swap_before(monkeypatch, Merger, "_again", swap, clips[0].path)
    merger = Merger(studio.job(container))
    with pytest.raises(ClipUnreadable) as caught:
        added(merger, clips)
    assert (caught.value.path, str(caught.value)) == (clips[0].path, said)
    assert merger.number_of(caught.value.path) == clips[0].number


@pytest.mark.parametrize(("swap", "said"), SWAPS)
@pytest.mark.parametrize(("container", "module", "name"), [
    ("mp4", direct, "open_to_copy"), ("mkv", muxer, "open_clip"), ("avi", muxer, "open_clip"),
])  # fmt: skip
def test_a_clip_that_changes_before_its_sound_is_described(studio, monkeypatch, container, module, name, swap, said):
    """The track of sound is made like the clip's, which is opened for that."""
    clips = studio.row(2)
    swap_before(monkeypatch, module, name, swap, clips[0].path)
    with pytest.raises(ClipUnreadable) as caught:
        added(Merger(studio.job(container)), clips)
    assert (caught.value.path, str(caught.value)) == (clips[0].path, said)


@pytest.mark.parametrize(("swap", "said"), SWAPS)
@pytest.mark.parametrize("changing", [1, 2], ids=["the one its sound is like", "another"])
@pytest.mark.parametrize("container", ["mp4", "mkv", "avi"])
def test_of_several_clips_the_one_that_changes_is_named(studio, monkeypatch, container, changing, swap, said):
    """Most clips have other sound than the first: the film is made again from all, and the others are well."""
    clips = [*studio.row(1), *studio.row(2, begin=3, audio_rate=16000)]
    swap_before(monkeypatch, Merger, "_again", swap, clips[changing].path)
    with pytest.raises(ClipUnreadable) as caught:
        added(Merger(studio.job(container)), clips)
    assert (caught.value.path, str(caught.value)) == (clips[changing].path, said)


@pytest.mark.parametrize(("swap", "said"), SWAPS)
def test_a_clip_that_changes_before_the_next_file(studio, monkeypatch, swap, said):
    """Its rest goes into another file."""
    clips = studio.row(1, seconds=8)
    swap_before(monkeypatch, Merger, "_part", swap, clips[0].path)
    split = WallTime(EIGHT + timedelta(seconds=4))
    with pytest.raises(ClipUnreadable) as caught:
        added(Merger(studio.job("mp4", split_at=(split,))), clips)
    assert (caught.value.path, str(caught.value)) == (clips[0].path, said)


@pytest.mark.parametrize(("swap", "said"), SWAPS)
def test_a_clip_that_changes_before_its_edge_is_encoded(studio, monkeypatch, swap, said):
    """The range begins between two keyframes of it."""
    clips = studio.row(1, seconds=4)
    swap_before(monkeypatch, reencode, "plan_edge", swap, clips[0].path)
    with pytest.raises(ClipUnreadable) as caught:
        added(Merger(studio.job("mp4", (1.5, 60), exact=True)), clips)
    assert (caught.value.path, str(caught.value)) == (clips[0].path, said)


def test_what_becomes_a_fifo_while_it_is_opened(studio, monkeypatch):
    """Between the look at its first bytes and FFmpeg's: unusable, as if it had been one before."""
    good, bad = studio.row(2)
    monkeypatch.setattr(merger_module, "open_to_copy", open_module.open_clip)

    def late(path: str, *more: Any) -> Clip:
        if path == bad.path:
            _fifo(Path(path))
        return open_mp4(path, *more)

    monkeypatch.setattr(open_module, "open_mp4", late)
    film = studio.merge("mp4", [good, bad])
    assert film.outcomes[1].unusable == "it cannot be read (it is not a regular file)"
