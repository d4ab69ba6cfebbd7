"""Clips that are not all there, by each way through the engine: what is missing of them is named, sound as well."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.conftest import by_turns

from .cards import Card
from .clips import Cut, Feature
from .product import get, run

pytestmark = pytest.mark.slow(reason="runs the product fifty times")

_FRAMES = 70  # of each clip
_WAYS = {
    "plain": (),
    "mkv": (),
    "from within": ("--exact",),
    "encoded": ("--h264",),
    "subtitles": ("--subtitles",),
    "real time": ("--gaps", "hold"),
}


def _fragments(before: bytes, inside: int) -> bytes:
    """Fragments, cut ``inside`` bytes behind the kind of the last box ``before``."""
    body = Cut("plain", 70, _FRAMES, odd=frozenset({Feature.FRAGMENTED})).body
    return body[: body.rindex(before) + 4 + inside]


_HALVES = {
    "half of what the index in front lists": (Cut("plain", 70, _FRAMES, broken="short").body, "frame"),
    "an index that ends before its sound": (Cut("plain", 70, _FRAMES, broken="short index").body, "sound is missing"),
    "fragments that end within their media": (_fragments(b"mdat", 700), "frame"),
    "fragments that end within their index": (_fragments(b"moof", 60), "index"),
}


@pytest.mark.parametrize(("half", "way"), by_turns(_HALVES, _WAYS, of=2))
def test_a_half_on_disk_is_named(tmp_path, half, way):
    """Between two whole ones, which lose nothing."""
    told = _merged(tmp_path, _HALVES[half][0], way)
    clip = told.clip(1) or {}
    assert (told.code, told.report["status"], clip["status"]) == (4, "partial", "short"), told
    assert _HALVES[half][1] in clip["reason"], told
    assert [(told.clip(number) or {})["status"] for number in (0, 2)] == ["merged", "merged"]
    if way in {"plain", "mkv", "subtitles"}:
        shown = {each.md5 for part in told.parts for each in part.shown}
        for number, first in ((0, 0), (2, 140)):
            whole = Cut("plain", first, _FRAMES)
            assert {whole.md5(index) for index in range(_FRAMES)} <= shown, f"clip {number} lost something\n{told}"


@pytest.mark.parametrize("way", _WAYS)
def test_whole_ones_are_complete(tmp_path, way):
    """The same with nothing cut off: nothing is said to be missing."""
    told = _merged(tmp_path, Cut("plain", 70, _FRAMES).body, way)
    assert (told.code, told.report["status"], told.report["lost"]) == (0, "complete", []), told


@pytest.mark.parametrize("way", ["plain", "mkv"])
def test_sound_that_cannot_be_read_is_named(tmp_path, way):
    """AAC without its configuration: the frames are there, and the others' sound."""
    body = Cut("plain", 70, _FRAMES).body
    told = _merged(tmp_path, body.replace(b"esds", b"free"), way)
    assert told.loses(1, "sound is missing"), told
    assert sum(len(part.shown) for part in told.parts) == 3 * _FRAMES


def test_sound_that_is_not_asked_for_is_not_missing(tmp_path):
    told = _merged(tmp_path, _HALVES["an index that ends before its sound"][0], "plain", "--audio", "none")
    assert told.code == 0, told


def _merged(folder: Path, half: bytes, way: str, *more: str):
    paths = []
    for number, body in enumerate((Cut("plain", 0, _FRAMES).body, half, Cut("plain", 140, _FRAMES).body)):
        path = folder / "card" / f"2026-03-14_08.00.{7 * number:02}.mp4"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(body)
        paths.append(str(path))
    output = folder / ("video.mkv" if way == "mkv" else "video.mp4")
    asked = ["--start", "2026-03-14 08:00:01", "--end", "2026-03-14 08:00:30"] if way == "from within" else []
    return run(["merge", *paths, *asked, *_WAYS[way], *more], output, paths)


@pytest.mark.parametrize("broken", ["short", "short index"])
@pytest.mark.parametrize("more", [(), ("--h264",), ("--timelapse", "2x")], ids=["plain", "encoded", "timelapse"])
def test_a_half_from_a_camera_is_named(tmp_path, broken, more):
    """The camera says that this is all of it, twice. A timelapse has no sound to lose."""
    card = Card(tuple(Cut("plain", first, _FRAMES, broken=broken if first == 70 else None) for first in (0, 70, 140)))
    told = get(card, tmp_path, *more)
    clip = told.clip(1) or {}
    if more[:1] == ("--timelapse",) and broken == "short index":
        assert (told.code, clip["status"]) == (0, "merged"), told
    else:
        assert (told.code, told.report["status"], clip["status"]) == (4, "partial", "short"), told
    assert [(told.clip(number) or {})["status"] for number in (0, 2)] == ["merged", "merged"]
