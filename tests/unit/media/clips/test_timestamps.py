"""What a clip says of its own times, without FFmpeg."""

from __future__ import annotations

import io
import struct
from datetime import datetime, timedelta, timezone
from pathlib import Path

import av
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from camreel.formats.sniff import Unusable
from camreel.media.clips.timestamps import OwnTimes, own_times
from camreel.model import WallTime
from camreel_simulator import ClipSpec, make_clip, make_dav

EIGHT = datetime(2026, 1, 16, 8, 0, 0)  # noqa: DTZ001 - the clock of a camera
SPEC = ClipSpec(EIGHT, 2, size=(160, 90))


def created(body: bytes, moment: str) -> bytes:
    """The clip with that ``creation_time``, which the simulated camera's have none of."""
    made = io.BytesIO()
    with av.open(io.BytesIO(body)) as source, av.open(made, "w", format="mp4") as film:
        film.metadata["creation_time"] = moment
        video = film.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = video
                film.mux(packet)
    return made.getvalue()


def box(kind: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def test_an_mp4_tells_how_long_its_pictures_are(tmp_path: Path) -> None:
    """The pictures, not the sound, which goes on for longer; and no time of its making, where it has none."""
    path = tmp_path / "clip.mp4"
    path.write_bytes(make_clip(SPEC))
    assert own_times(str(path)) == OwnTimes(seconds=2.0)
    assert own_times(str(path), index=False) == OwnTimes()


def test_an_mp4_tells_when_it_was_made(tmp_path: Path) -> None:
    """In UTC, as FFmpeg writes it."""
    path = tmp_path / "clip.mp4"
    path.write_bytes(created(make_clip(SPEC), "2026-01-16T07:00:00Z"))
    assert own_times(str(path)).created == datetime(2026, 1, 16, 7, tzinfo=timezone.utc)


def test_a_header_with_long_numbers(tmp_path: Path) -> None:
    """Version 1 of mvhd, for times after 2040; no length without a track of pictures."""
    moment = datetime(2050, 1, 1, tzinfo=timezone.utc)
    seconds = int((moment - datetime(1904, 1, 1, tzinfo=timezone.utc)).total_seconds())
    path = tmp_path / "clip.mp4"
    path.write_bytes(
        box(b"ftyp", b"isom") + box(b"moov", box(b"mvhd", b"\1\0\0\0", struct.pack(">QQIQ", seconds, 0, 1000, 5000)))
    )
    assert own_times(str(path)) == OwnTimes(created=moment)


def test_a_dav_tells_its_times(tmp_path: Path) -> None:
    """By the camera's clock, distances to the millisecond; what is stale before them is none of them.

    Where within a second it starts is known to a picture's distance (camreel.formats.dhav.survey).
    """
    start = EIGHT + timedelta(milliseconds=350)
    old = ClipSpec(EIGHT - timedelta(days=9), 1, size=(160, 90))
    path = tmp_path / "clip.dav"
    path.write_bytes(make_dav(ClipSpec(start, 3, size=(160, 90)), stale=old, channel=3))
    found = own_times(str(path))
    assert found.wall is not None
    assert abs(found.wall.start - WallTime(start)) <= timedelta(milliseconds=100)
    assert found.wall.seconds == found.seconds == 3
    assert (found.created, found.channel) == (None, 2)


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (b"", "the file is empty"),
        (bytes(5000), "zeros"),
        (b"<html>404</html>", "web page"),
        (b"DHAV" + bytes(100), r"without a complete frame"),
        (b"\x89PNG and nothing", "a still picture"),
        (b"nothing that is known", "first bytes"),
    ],
)
def test_what_is_no_clip(tmp_path: Path, body: bytes, complaint: str) -> None:
    """Named as what it is."""
    path = tmp_path / "clip.mp4"
    path.write_bytes(body)
    with pytest.raises(Unusable, match=complaint):
        own_times(str(path))


def test_a_clip_without_its_index_says_nothing(tmp_path: Path) -> None:
    """Cut before its moov; whether it is of use is the engine's to say."""
    body = make_clip(SPEC)
    path = tmp_path / "clip.mp4"
    path.write_bytes(body[: body.rindex(b"moov") - 4])
    assert own_times(str(path)) == OwnTimes()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60, derandomize=True)
@given(st.data())
def test_a_hostile_index_is_no_error(tmp_path: Path, data: st.DataObject) -> None:
    """Bytes of the index, changed: a length within reason, a time of this age, or none."""
    body = bytearray(created(make_clip(SPEC), "2026-01-16T07:00:00Z"))
    start = body.rindex(b"moov") - 4
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(start, min(start + 600, len(body) - 1)))
        body[at] = data.draw(st.sampled_from([0, 1, 0x7F, 0xFF]))
    path = tmp_path / "hostile.mp4"
    path.write_bytes(body)
    found = own_times(str(path))
    assert found.seconds is None or 0 < found.seconds <= 2 * 86_400
    assert found.created is None or 1971 <= found.created.year < 2200
