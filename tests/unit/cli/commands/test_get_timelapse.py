"""`camreel get --timelapse`: how it is written, what it goes with, and what it is called."""

from __future__ import annotations

import pytest
from tests.fakes import BASIC, Camreel, FakeExport


@pytest.mark.parametrize(
    ("typed", "meant", "name"),
    [("60x", 60, "60x"), ("7.5X", 7.5, "7.5x"), ("30s", -30, "30s"), ("2m", -120, "120s")],
)
def test_a_speed_or_a_length(camreel_: Camreel, exported: FakeExport, typed: str, meant: float, name: str) -> None:
    """A number with an x is how fast, a length of time how long; the name of the video says which."""
    assert camreel_([*BASIC, "--timelapse", typed]).code == 0
    assert exported.request.output.video.timelapse == meant
    assert exported.request.output.file.name == f"192.168.1.100_ch1_{name}_2026-01-16_08.00.00_to_09.00.00.mp4"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--timelapse", "1x"], "must be faster"),
        (["--timelapse", "fast"], "--timelapse"),
        (["--timelapse", "60x", "--exact"], "--timelapse and --exact exclude each other"),
        (["--timelapse", "60x", "--gaps", "hold"], "--timelapse and --gaps hold exclude each other"),
        (["--timelapse", "60x", "--output-format", "avi"], "--timelapse cannot be in avi"),
    ],
)
def test_what_it_does_not_go_with(camreel_: Camreel, exported: FakeExport, arguments: list[str], said: str) -> None:
    """One sentence, before anything is asked."""
    run = camreel_([*BASIC, *arguments])
    assert run.code == 2
    assert said in run.err
    assert exported.asked == []
