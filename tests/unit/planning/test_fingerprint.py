"""How an output says which request it was made by."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.conftest import changed

from camreel.clock import parse_around, parse_range
from camreel.formats.containers import OutputFormat
from camreel.model import Address, FileOnDisk, Gaps, IfExists, MergeRequest, Output, Query, Request, Stream, Target
from camreel.planning.fingerprint import COMPLETE, STATES, comment, fingerprint, is_ours, made_by

REQUEST = Request(
    Target(Address("cam.example", 80), "admin"),
    Query(parse_range("2026-01-16T08:00", "2026-01-16T09:00")),
    Output(Path("videos"), Path("videos/evening.mp4")),
)


@pytest.mark.parametrize(
    "change",
    [
        {"address": Address("cam2.example", 80)},
        {"address": Address("cam.example", 8080)},
        {"channel": 2},
        {"stream": Stream.SUB},
        {"asked": parse_range("2026-01-16T08:00", "2026-01-16T09:01")},
        {"asked": parse_range("2026-01-16T08:00Z", "2026-01-16T09:00Z")},
        {"whole_clips": True},
        {"format": OutputFormat.MKV},
    ],
    ids=lambda change: next(iter(change)),
)
def test_another_video_has_another_fingerprint(change):
    """Whatever changes what is in the video changes the fingerprint, so no other request is «already there»."""
    other = changed(REQUEST, **change)
    assert fingerprint(other) != fingerprint(REQUEST)
    assert made_by(comment(other, COMPLETE), REQUEST) is None


@pytest.mark.parametrize(
    "change",
    [
        {"username": "guest"},
        {"file": Path("elsewhere.mp4")},
        {"max_concurrent": 8},
        {"keep_files": True},
        {"if_exists": IfExists.SKIP},
        {"address": Address("CAM.example", 80)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_the_same_video_has_the_same_fingerprint(change):
    """How it is fetched and where it is put does not make it another video."""
    assert fingerprint(changed(REQUEST, **change)) == fingerprint(REQUEST)


def test_the_fingerprint_is_32_hex_digits():
    """Short enough for a comment, and without any name or address in it."""
    assert len(fingerprint(REQUEST)) == 32
    assert set(fingerprint(REQUEST)) <= set("0123456789abcdef")


def test_all_comments_are_as_long():
    """A finished file is marked otherwise by writing over the word, which needs the same length."""
    assert len({len(comment(REQUEST, state).encode()) for state in STATES}) == 1
    assert len({comment(REQUEST, state) for state in STATES}) == 3


@pytest.mark.parametrize("state", STATES)
def test_an_output_is_known_again(state):
    """Also where the container dropped or padded blanks."""
    text = comment(REQUEST, state)
    assert made_by(text, REQUEST) == made_by(text.strip(), REQUEST) == made_by(f" {text}\n", REQUEST) == state


@pytest.mark.parametrize("text", [None, "", "a holiday", "camreel request= complete", "camreel request=0000 complete"])
def test_any_other_file_is_nobodys(text):
    """A file without our comment is never taken for ours."""
    assert made_by(text, REQUEST) is None


FILES = (FileOnDisk(Path("/card/a.mp4"), 100, 1), FileOnDisk(Path("/card/b.mp4"), 200, 2))
MERGE = MergeRequest(FILES, Output(Path("/videos"), Path("/videos/out.mp4")))


@pytest.mark.parametrize(
    "change",
    [
        {"files": FILES[:1]},
        {"files": (FILES[0], replace(FILES[1], changed=3))},
        {"files": (FILES[0], replace(FILES[1], size=201))},
        {"asked": parse_range("2026-01-16 08:00", "2026-01-16 09:00")},
        {"format": OutputFormat.MKV},
        {"whole_clips": True},
        {"camera_tz": "+01:00"},
        {"in_order": True},
    ],
)
def test_merges_of_other_clips_are_other_requests(change: dict[str, object]) -> None:
    """Other files, changed ones, and everything that changes the video."""
    other = changed(MERGE, **change)
    assert fingerprint(other) != fingerprint(MERGE)
    assert made_by(comment(other, COMPLETE), MERGE) is None


def test_the_order_of_clips_matters_only_where_it_is_asked_for() -> None:
    """And the place of the output never does."""
    turned = changed(MERGE, files=FILES[::-1], file=Path("/elsewhere.mp4"))
    assert fingerprint(turned) == fingerprint(MERGE)
    assert fingerprint(replace(turned, in_order=True)) != fingerprint(replace(MERGE, in_order=True))
    assert is_ours(comment(MERGE, COMPLETE))
    assert not is_ours("of somebody")
    assert not is_ours(None)


ODDLY = changed(
    REQUEST,
    asked=parse_around("2026-01-16T08:00", 5, "Europe/Berlin"),
    camera_tz="Europe/Lisbon",
    events=("motion",),
    pad=timedelta(seconds=5),
    clock_drift=timedelta(seconds=-2),
    h264=True,
    gaps=Gaps.HOLD,
)
GOLDEN = [
    (REQUEST, "92d5bc76508b14c0c14aff82e5641c43"),
    (ODDLY, "903ce08358dafa7bdac1706f68ab1f99"),
    (
        changed(REQUEST, asked=parse_range("2026-01-16T08:00", "2026-01-16T09:00", "Europe/Berlin")),
        "d3838456c1e007cc154a865cbc206528",
    ),
    (MERGE, "b9cfff6f13cc20bc1516afa2a3d54949"),
    (replace(MERGE, camera_tz="Europe/Berlin", in_order=True), "cae243a5d632d3203ffa25c72571ffc5"),
]


@pytest.mark.parametrize(("request_", "known"), GOLDEN)
def test_a_video_of_an_earlier_version_is_known_again(request_, known):
    """What a fingerprint is made of, and how, does not change."""
    assert fingerprint(request_) == known
