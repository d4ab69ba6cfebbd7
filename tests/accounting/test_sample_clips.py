"""Clips that nobody here made, alone and behind a real recording: complete is only what decodes to the source's frames.

``CAMREEL_SAMPLES`` names the folder that has them; CI sets that. Every third clip is tried in one way, with
``CAMREEL_SOAK`` (``make soak``) all are in all.
"""

from __future__ import annotations

import os
from functools import cache
from itertools import product
from pathlib import Path

import pytest
from tests.conftest import IS_SOAK

from .originals import decoded
from .product import Told, run

_SAMPLES = Path(os.environ.get("CAMREEL_SAMPLES", "no folder"))
_REAL = _SAMPLES / "amcrest_1591028951.mp4"
_CLIPS = sorted(each for each in _SAMPLES.glob("clips/*") if each.suffix != ".md")
_WAYS = list(product([False, True], ["mp4", "mkv"]))
_TRIED = [
    pytest.param(clip, *way, id=f"{clip.name}-{'behind' if way[0] else 'alone'}-{way[1]}")
    for number, clip in enumerate(_CLIPS)
    for place, way in enumerate(_WAYS)
    if IS_SOAK or (number % 3 == 0 and place == number // 3 % len(_WAYS))
]

pytestmark = [
    pytest.mark.slow(reason="merges some twenty clips"),
    pytest.mark.skipif(not _CLIPS, reason="CAMREEL_SAMPLES names no folder with clips of others"),
]


@cache
def _frames(path: Path) -> tuple[str, ...]:
    """The MD5 of each frame that a player shows of a file; none of what no player can read."""
    try:
        return tuple(each.md5 for each in decoded(str(path)))
    except (OSError, ValueError, IndexError, AssertionError):
        return ()


@pytest.mark.parametrize(("clip", "is_behind", "container"), _TRIED)
def test_complete_is_complete(tmp_path, clip, is_behind, container):
    """And what is not is named, and costs the clip before it nothing."""
    files = [_REAL, clip] if is_behind else [clip]
    output = tmp_path / f"video.{container}"
    told = run(["merge", "--in-order", *map(str, files)], output, [str(each) for each in files])
    shown = [each.md5 for part in told.parts for each in part.shown]
    before = list(_frames(_REAL)) if is_behind else []
    assert shown[: len(before)] == before, f"the clip before it is harmed\n{told}"
    of_clip = shown[len(before) :]
    if told.code == 0:
        assert of_clip == list(_frames(clip)), f"{len(of_clip)} of {len(_frames(clip))} frames, said to be all\n{told}"
    else:
        assert told.code == (7 if not told.parts else 4), told
        assert _is_named(told, len(files) - 1), told


def _is_named(told: Told, number: int) -> bool:
    """Whether the report says of the clip what is wrong."""
    if not told.parts:
        return bool((told.report.get("error") or {}).get("message"))
    clip = told.clip(number) or {}
    return bool(clip.get("reason")) or bool(told.report["lost"])
