"""The wrapper of some recorders: a multipart answer with one recording in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from camreel.transfer import download
from camreel.transfer.download import unwrap

RECORDINGS = {
    "mp4": b"\0\0\0\x20ftypisom" + bytes(range(256)),
    "dav": b"DHAV\xfd" + bytes(range(256)),
    "dahua": b"DAHUA" + bytes(range(256)),
    "blank lines": b"DHAV\r\n\r\nabcd" + bytes(200) + b"\r\n\r\nftyp",
}


def written(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "1.part"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("recording", RECORDINGS.values(), ids=RECORDINGS)
@pytest.mark.parametrize("behind", [b"\r\n--edge--\r\n", b"\r\n--edge--", b"", b"\r\n--other--\r\n", b"\r\n--edge\r\n"])
@pytest.mark.parametrize("headers", [b"A: b", b"A: b\r\n\r\nnot yet\r\n\r\nnor here", b"Length: 9\r\nA: b"])
def test_what_is_left_is_the_recording(tmp_path, recording, behind, headers):
    """Behind the blank line that it follows, up to the closing line, if that is there."""
    path = written(tmp_path, b"--edge\r\n" + headers + b"\r\n\r\n" + recording + behind)
    assert unwrap(path) == recording[:64]
    assert path.read_bytes() == recording + (b"" if behind.startswith(b"\r\n--edge--") else behind)


@pytest.mark.parametrize("block", [1, 7, 64, 262, 1 << 20])
def test_it_is_moved_in_blocks(tmp_path, monkeypatch, block):
    """Whatever their size is beside the wrapper's."""
    monkeypatch.setattr(download, "_BLOCK", block)
    recording = RECORDINGS["mp4"]
    path = written(tmp_path, b"--edge\r\nA: b\r\n\r\n" + recording + b"\r\n--edge--\r\n")
    assert unwrap(path) == recording[:64]
    assert path.read_bytes() == recording


def test_the_last_closing_line_counts(tmp_path):
    """What looks like one within the recording is a part of it."""
    recording = RECORDINGS["dav"] + b"\r\n--e--\r\n"
    path = written(tmp_path, b"--e\r\n\r\n" + recording + b"\r\n--e--")
    unwrap(path)
    assert path.read_bytes() == recording


@pytest.mark.parametrize(
    "data",
    [
        b"--edge\r\nA: b\r\n\r\n<html>",
        b"--edge\r\nA: b\r\n\r\n",
        b"--edge\r\nDHAV ftyp",
        b"--edge\r\n\r\nxDHAV",
        b"--edge\r\n\r\nDAHU",
        b"--edge\r\n\r\nftyp",
        RECORDINGS["mp4"],
        b"",
    ],
    ids=ascii,
)
def test_what_is_no_wrapped_recording_stays_as_it_is(tmp_path, data):
    path = written(tmp_path, data)
    assert unwrap(path) == data[:64]
    assert path.read_bytes() == data


@pytest.mark.parametrize(("before", "is_found"), [((64 << 10) - 8, True), ((64 << 10) - 3, False)])
def test_it_begins_soon(tmp_path, before, is_found):
    """Within 64 KiB, its first bytes included."""
    head = b"--edge\r\n".ljust(before - 4, b"x") + b"\r\n\r\n"
    path = written(tmp_path, head + RECORDINGS["mp4"])
    unwrap(path)
    assert path.read_bytes() == (RECORDINGS["mp4"] if is_found else head + RECORDINGS["mp4"])


def test_of_one_that_ends_before_it_begins_nothing_is_left(tmp_path):
    """The closing line among its headers: no bytes are a recording."""
    path = written(tmp_path, b"--b\r\n--b--\r\n\r\nDHAV")
    unwrap(path)
    assert path.read_bytes() == b""
