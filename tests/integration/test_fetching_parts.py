"""Only the wanted part of a long recording is fetched, and the video is the same to the byte as from all of it."""

from __future__ import annotations

import zlib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import av
import pytest
from tests.conftest import START, at, frame_md5s, tuning

from camreel_simulator import ClipSpec, Recorded, junk, make_dav

LENGTH = 90
ALL, PARTS = 1 << 60, 0  # bytes that a part must save to be fetched as one


def recorded(start: float = 0, kind: str = "mp4", seconds: int = LENGTH, **changes: object) -> Recorded:
    fields: dict[str, object] = {"fps": 10, "size": (160, 90), "gop": 20}
    begin = START + timedelta(seconds=start)
    spec = ClipSpec(start=begin, seconds=seconds, **(fields | changes))  # type: ignore[arg-type]
    return Recorded(begin, begin + timedelta(seconds=seconds), spec, kind=kind)


def packets(video: Path) -> list[tuple[object, ...]]:
    """Everything that is stored in a video: which track, when, and what."""
    with av.open(str(video)) as container:
        return [
            (packet.stream_index, packet.pts, packet.dts, packet.is_keyframe, zlib.crc32(bytes(packet)))
            for packet in container.demux()
        ]


def both_ways(bench, recordings, start, end, **settings):
    """An export of parts and one of whole recordings, of the same range; and the bytes that each took."""
    stand = bench(recordings=recordings, **settings)
    runs, sent = [], []
    for name, least in (("parts", PARTS), ("whole", ALL)):
        before = sum(stand.camera.bytes_sent.values())
        tune, output = tuning(least_saved=least), stand.folder / f"{name}.mp4"
        runs.append(stand.export(at(start), at(end), tune=tune, output=output))
        assert runs[-1].ok.exit_code == 0, runs[-1].ok
        sent.append(sum(stand.camera.bytes_sent.values()) - before)
    assert [path.name for path in stand.folder.iterdir() if path.is_dir()] == [], "nothing is left of the downloads"
    return (*runs, *sent)


def assert_same(parts, whole):
    assert frame_md5s(parts.output) == frame_md5s(whole.output)
    assert packets(parts.output) == packets(whole.output)
    assert parts.ok.account == whole.ok.account
    assert [clip.covered for clip in parts.ok.clips] == [clip.covered for clip in whole.ok.clips]


KINDS = {
    "camera": {},
    "no-sound": {"audio": None},
    "b-frames": {"bframes": 2},
    "h265": {"video": "hevc"},
    "odd-rate": {"fps": 15, "gop": 40, "audio_rate": 16000},
}
PLACES = pytest.mark.parametrize(
    ("start", "end"), [(0, 9), (40.3, 51.7), (78, 90)], ids=["first", "middle", "last"]
)


@PLACES
@pytest.mark.parametrize("kind", KINDS)
def test_a_part_of_an_mp4_gives_the_same_video(bench, kind, start, end):
    """At the beginning, in the middle and at the end: every packet and every picture, and less than half the bytes."""
    parts, whole, sent, all_sent = both_ways(bench, [recorded(**KINDS[kind])], start, end)
    assert_same(parts, whole)
    assert sent < all_sent / 2


DAVS = {
    "h264": {"audio": "alaw"},
    "h265": {"video": "hevc", "audio": "aac"},
    "no-sound": {"audio": None, "fps": 15},
}


@PLACES
@pytest.mark.parametrize("kind", DAVS)
def test_a_part_of_a_dav_gives_the_same_video(bench, kind, start, end):
    """The same for the files of recorders."""
    parts, whole, sent, all_sent = both_ways(bench, [recorded(kind="dav", **DAVS[kind])], start, end)
    assert_same(parts, whole)
    assert sent < all_sent / 2


@pytest.mark.parametrize("clutter", ["junk", "stale", "header"])
def test_what_lies_before_the_footage_is_no_hindrance(bench, clutter):
    """Junk of 13 kB, frames of an older recording, or a header of its own: found behind it."""
    plain = recorded(kind="dav")
    old = ClipSpec(start=START - timedelta(days=9), seconds=30, fps=10, size=(160, 90), gop=20)
    how = {"junk": {"junk": junk(13_000)}, "stale": {"stale": old}, "header": {"header": True}}[clutter]
    parts, whole, sent, all_sent = both_ways(bench, [replace(plain, content=make_dav(plain.content, **how))], 40, 50)
    assert_same(parts, whole)
    assert sent < all_sent / 2
