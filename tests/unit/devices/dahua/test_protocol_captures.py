"""Answers that were captured from real devices, where a folder with such captures is named."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from camreel.devices.dahua.protocol import loadfile_target, parse_page
from camreel.devices.digest import choose, parse_challenges

FOLDER = os.environ.get("CAMREEL_CAPTURES")
TEXTS = sorted(Path(FOLDER).glob("*.txt")) if FOLDER else []
pytestmark = pytest.mark.skipif(not FOLDER, reason="CAMREEL_CAPTURES names no folder of captured answers")


def read(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "replace")


def pages() -> list[Path]:
    """The key=value answers to findNextFile (not the JSON of the other protocol)."""
    return [path for path in TEXTS if "findnext" in path.name and ".json" not in path.name]


def challenges() -> list[str]:
    lines = [line for path in TEXTS for line in read(path).splitlines()]
    return [line.partition(":")[2].strip() for line in lines if line.lower().startswith("www-authenticate:")]


def test_the_folder_holds_captures():
    """A wrong folder is told, not passed."""
    assert pages()
    assert challenges()


@pytest.mark.parametrize("path", pages(), ids=lambda path: path.name)
def test_every_captured_item_is_a_recording(path):
    """Each item that a device sent becomes a recording with all its facts, and none a problem."""
    text = read(path)
    page = parse_page(text)
    indices = set(re.findall(r"items\[(\d+)\]", text))
    assert page.problems == ()
    assert len(page.recordings) == len(indices)
    assert page.is_last is not bool(indices)
    for recording in page.recordings:
        assert recording.size
        assert recording.channel is not None
        assert recording.path in text
        assert f"StartTime={recording.span.start}" in text
        assert f"EndTime={recording.span.end}" in text
        assert loadfile_target(recording.path) == f"/cgi-bin/RPC_Loadfile{recording.path}"
        assert recording.writing is ("FileState=Temporary" in text)


@pytest.mark.parametrize("header", challenges())
def test_every_captured_challenge_can_be_answered(header):
    """Each is one challenge with a realm, and one that we answer."""
    (challenge,) = parse_challenges([header])
    assert choose([challenge]) is challenge
    assert challenge.parameters["realm"]
    assert challenge.scheme in {"digest", "basic"}
    assert challenge.stale is ("stale=TRUE" in header)
