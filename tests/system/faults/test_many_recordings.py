"""Many recordings of a megabyte, of which one in twenty goes wrong the first time."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from tests.conftest import IS_SOAK, START, at, frame_md5s

from camreel.transfer.resume import OVERLAP
from camreel_simulator import ClipSpec, Fault, Recorded, make_clip

COUNT = 2000 if IS_SOAK else 300
SIZE = 1_000_000
SHARE = 0.05


def recording(number: int, body: bytes) -> Recorded:
    start = START + timedelta(seconds=number)
    return Recorded(start, start + timedelta(seconds=1), body)


def random_fault(chance: random.Random, path: str) -> Fault:
    far = chance.randrange(SIZE)
    return chance.choice(
        [
            Fault("drop", target=path, at=far),
            Fault("drop", target=path, at=far),
            Fault("stall", target=path, at=far),
            Fault("short_body", target=path, at=far),
            Fault("reset", target=path),
            Fault("status", target=path, status=503),
            Fault("error_page", target=path),
            Fault("empty", target=path),
        ]
    )


@pytest.mark.slow(reason="serves a third of a gigabyte")
@pytest.mark.timeout(600)
def test_many_recordings_with_random_faults_end_complete(bench):
    """All of them are in the video, each in its place; what broke off far in was continued."""
    clip = make_clip(ClipSpec(START, seconds=1, fps=5, size=(160, 90), gop=5))
    # All of them from one buffer: a real clip, and a box that says that it holds nothing.
    body = clip + (SIZE - len(clip)).to_bytes(4, "big") + b"free" + bytes(SIZE - len(clip) - 8)
    recordings = [recording(number, body) for number in range(COUNT)]
    chance = random.Random(5)
    faults = [random_fault(chance, one.path) for one in recordings if chance.random() < SHARE]
    stand = bench(recordings=recordings, faults=faults)
    run = stand.export(at(0), at(COUNT))
    assert run.ok.exit_code == 0
    assert not run.ok.account.gaps
    assert run.ok.covered_seconds == COUNT
    assert frame_md5s(run.output) == frame_md5s(clip) * COUNT
    assert stand.camera.faults_fired == len(faults) > COUNT * SHARE / 2
    assert stand.camera.rejected_logins == 0
    assert not list(stand.folder.rglob("*.part"))
    continued = {fault.target: fault.at for fault in faults if fault.kind in {"drop", "stall"} and fault.at > OVERLAP}
    sent = stand.camera.bytes_sent
    assert {path: sent[path] for path in continued} == dict.fromkeys(continued, SIZE + OVERLAP)
