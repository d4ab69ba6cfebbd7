"""How far an index reaches, by FFmpeg and, for older PyAV, by our own reader: the same."""

from __future__ import annotations

import av
import pytest
from tests.conftest import START

from camreel.media.clips.clip import reach_of_index
from camreel_simulator import ClipSpec, make_clip


class OlderStream:
    """A stream of PyAV 16, which does not tell its index."""


@pytest.mark.parametrize("left", [1.0, 0.7])
def test_our_own_reader_says_what_ffmpeg_says(tmp_path, left):
    """Of a whole file and of one that was cut off behind its index (the index in front)."""
    made = make_clip(ClipSpec(start=START, seconds=4, size=(160, 90)))
    with av.open(str(tmp_path / "front.mp4"), "w", options={"movflags": "faststart"}) as front:
        (tmp_path / "clip.mp4").write_bytes(made)
        with av.open(str(tmp_path / "clip.mp4")) as clip:
            track = front.add_stream_from_template(clip.streams.video[0])
            for packet in clip.demux(video=0):
                if packet.dts is not None:
                    packet.stream = track
                    front.mux(packet)
    whole = (tmp_path / "front.mp4").read_bytes()
    path = tmp_path / "kept.mp4"
    path.write_bytes(whole[: int(len(whole) * left)])
    with av.open(str(path)) as film:
        ours = reach_of_index(str(path), OlderStream())
        assert (ours > path.stat().st_size) == (left < 1)
        if hasattr(film.streams.video[0], "index_entries"):
            assert ours == reach_of_index(str(path), film.streams.video[0])


def test_what_has_no_index_reaches_nowhere(tmp_path):
    for number, content in enumerate([b"", b"\0" * 100, b"nonsense" * 100]):
        path = tmp_path / f"{number}.mp4"
        path.write_bytes(content)
        assert reach_of_index(str(path), OlderStream()) == 0
