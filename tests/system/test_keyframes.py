"""Single pictures out of a recording on a camera, for a fraction of its bytes."""

from __future__ import annotations

from datetime import timedelta

import anyio
import pytest
from tests.conftest import START, frame_md5s

from camreel.devices.dahua.client import DahuaClient
from camreel.devices.http import Connection
from camreel.devices.session import Login
from camreel.model import Address, Credentials, Recording, Span, WallTime
from camreel.transfer.keyframes import Keyframe, keyframes
from camreel.transfer.ranges import NotInPart
from camreel_simulator import ClipSpec, Quirks, Recorded

SPEC = ClipSpec(start=START, seconds=60, fps=10, size=(160, 90), gop=20, crf=10)


def fetched(stand, kind, **wish) -> list[Keyframe]:
    """The keyframes of a recording of a minute."""
    recorded = stand.camera.recordings[0]
    span = Span(WallTime(recorded.start), WallTime(recorded.end))
    recording = Recording(recorded.path, span, recorded.length())

    async def run() -> list[Keyframe]:
        login = Login()
        credentials = Credentials("admin", "simulated-1")
        address = Address(stand.address.host, stand.address.port)
        async with Connection(address, credentials, login, lambda _text: None) as connection:
            return [each async for each in keyframes(DahuaClient(address, connection), recording, **wish)]

    return anyio.run(run)


def stand_of(bench, kind, **settings):
    recorded = Recorded(START, START + timedelta(seconds=60), SPEC, kind=kind)
    return bench(recordings=[recorded], **settings)


@pytest.mark.parametrize("kind", ["mp4", "dav"])
def test_the_keyframe_of_a_moment(bench, kind):
    """The last one at or before each moment, each once, decoded as in the recording, with the time it was taken."""
    stand = stand_of(bench, kind)
    moments = [WallTime(START) + timedelta(seconds=seconds) for seconds in (33.0, 33.05, 12.5)]
    found = fetched(stand, kind, at=moments)
    all_of_it = frame_md5s(stand.camera.recordings[0].body())
    assert len(found) == 2
    for each, moment in zip(found, (12.5, 33.0), strict=True):
        offset = (each.wall - WallTime(START)).total_seconds()
        assert moment - 4 <= offset <= moment
        assert each.is_dav == (kind == "dav")
        (picture,) = frame_md5s(each.clip)
        number = all_of_it.index(picture)
        assert number / 10 == pytest.approx(offset, abs=0.01 if kind == "mp4" else 1)
        assert number % 20 == 1
    assert sum(stand.camera.bytes_sent.values()) < stand.camera.recordings[0].length() / 2


def test_every_so_many_keyframes_of_an_mp4(bench):
    """By the index, from the first one on."""
    stand = stand_of(bench, "mp4")
    found = fetched(stand, "mp4", every=10)
    all_of_it = frame_md5s(stand.camera.recordings[0].body())
    assert [all_of_it.index(frame_md5s(each.clip)[0]) for each in found] == [0, 181, 381, 581]


def test_without_range_there_are_none(bench):
    """A device that sends whole files is not asked for them."""
    with pytest.raises(NotInPart):
        fetched(stand_of(bench, "mp4", quirks=Quirks(ranges=False)), "mp4", every=10)
