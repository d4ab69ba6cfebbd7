"""The parts of `make bench`, with very little footage: its camera serves, and its check finds a difference."""

from __future__ import annotations

from dataclasses import replace

import pytest

av = pytest.importorskip("av")

from benchmarks.check import what_differs, what_is_not_a_part  # noqa: E402
from benchmarks.contenders import whole_job  # noqa: E402
from benchmarks.draw import as_svg, as_table  # noqa: E402
from benchmarks.figures import TINY, Figure  # noqa: E402
from benchmarks.scene import scene  # noqa: E402

from benchmarks import camera, fetched  # noqa: E402
from benchmarks import footage as footage_module  # noqa: E402
from benchmarks import scene as scene_module  # noqa: E402


@pytest.fixture
def cache(tmp_path, monkeypatch):
    for module in (footage_module, scene_module):
        monkeypatch.setattr(module, "CACHE", tmp_path)
    return tmp_path


def test_camreel_exports_from_its_camera_and_the_check_agrees(cache, monkeypatch):
    monkeypatch.setattr("benchmarks.contenders._install_peer", lambda: "not in tests")
    camreel = whole_job()[0]
    with scene(TINY.job) as place:
        cost = camreel.run(place)
        assert cost.code == 0, (place.folder / "log.txt").read_text()
        assert what_differs(camreel.video(place), place.clips) is None
        assert place.log()["last_byte"] > 0
    assert cost.wall > 0
    assert cost.cpu > 0


def test_the_check_finds_what_differs(cache):
    first, second = replace(TINY.job, count=2).paths()
    assert what_differs(first, [first]) is None
    assert what_differs(first, [second]) == "picture 0 differs"
    assert "ends before" in (what_differs(first, [first, second]) or "")
    assert what_differs(cache / "none.mp4", [first]) == "there is no video"


def test_a_figure_that_could_not_be_measured_is_named_as_such():
    figures = [Figure("fast", 1.0, (0.5, 0.75, 0.7)), Figure("slow", 1.0, (2.0,)), Figure("peer", 1.0, note="absent")]
    table = as_table(figures)
    assert "| fast | 1 | 0.70 | 0.50 to 0.75 | yes |" in table
    assert "| slow | 1 | 2.00 |  | no |" in table
    assert "not measured: absent" in table
    assert as_svg(figures, "all").count("<rect") == 3


@pytest.mark.parametrize("kind", ["mp4", "dav"])
def test_of_a_part_little_more_is_fetched_than_it_takes(cache, monkeypatch, kind):
    monkeypatch.setattr(fetched, "CACHE", cache)
    hour = replace(TINY.hour, footage=replace(TINY.hour.footage, size=12_000_000, seconds=240), first=60, length=60)
    share, wrong = fetched.share_fetched(hour, kind)
    assert wrong is None
    if kind == "mp4":  # a .dav as small as this is fetched whole: to look for the place would take more
        assert 0.9 < share < 1.9


def test_what_is_no_part_is_named(cache):
    (clip,) = replace(TINY.job, count=1).paths()
    (other,) = replace(TINY.job, count=1, seconds=3).paths()
    assert what_is_not_a_part(clip, clip, 0, 10) is None
    assert "it holds the pictures from 0 on" in (what_is_not_a_part(clip, clip, 0, 12) or "")
    assert what_is_not_a_part(other, clip, 0, 10) == "it is not a stretch of the recording"
    assert what_is_not_a_part(cache / "none.mp4", clip, 0, 10) == "there is no video"


def test_the_camera_of_the_benchmarks_knows_range(cache):
    assert camera._asked("", 100) == (0, 100)
    assert camera._asked("bytes=5-9", 100) == (5, 10)
    assert camera._asked("bytes=5-", 100) == (5, 100)
    assert camera._asked("bytes=-5", 100) == (95, 100)
    assert camera._asked("bytes=90-200", 100) == (90, 100)
