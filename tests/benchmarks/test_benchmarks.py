"""The parts of `make bench`, with very little footage: its camera serves, and its check finds a difference."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

av = pytest.importorskip("av")

from benchmarks.check import Clips, what_is_not_a_part  # noqa: E402
from benchmarks.contenders import CAMREEL, TOOLS, whole_job  # noqa: E402
from benchmarks.draw import as_bars, as_curves, as_table, in_page  # noqa: E402
from benchmarks.figures import groups  # noqa: E402
from benchmarks.footage import Kind  # noqa: E402
from benchmarks.measure import Cost, Moment, run  # noqa: E402
from benchmarks.model import FULL, TINY, Curve, Figure, Point, Result  # noqa: E402
from benchmarks.scene import ROOT, Pace, environment, scene  # noqa: E402
from benchmarks.slow import slowed  # noqa: E402
from benchmarks.turns import Turns  # noqa: E402

from benchmarks import camera, fetched  # noqa: E402
from benchmarks import footage as footage_module  # noqa: E402
from benchmarks import scene as scene_module  # noqa: E402
from camreel.formats.mp4.boxes import boxes  # noqa: E402


@pytest.fixture
def cache(tmp_path, monkeypatch):
    for module in (footage_module, scene_module):
        monkeypatch.setattr(module, "CACHE", tmp_path)
    monkeypatch.setattr("benchmarks.contenders._install_peer", lambda: "not in tests")
    return tmp_path


def test_camreel_exports_from_its_camera_and_the_check_agrees(cache):
    camreel = whole_job()[CAMREEL]
    with scene(TINY.job) as place:
        cost = camreel.run(place, watched=True)
        assert cost.code == 0, (place.folder / "log.txt").read_text()
        assert Clips.read(place.clips).what_differs(camreel.video(place)) is None
        told = place.log()
        assert 0 < cost.ended - cost.wall < told["first_byte"] <= told["last_byte"] < cost.ended
        assert told["in_a_row"] > 2
        place.clear()
        assert place.log()["last_byte"] == 0
    assert cost.wall > 0
    assert cost.cpu > 0
    assert cost.memory() > 1_000_000


@pytest.mark.parametrize("kind", Kind)
def test_footage_of_each_kind_has_about_as_many_bytes_and_the_same_pictures(cache, kind):
    made = replace(TINY.job, size=200_000, kind=kind)
    (first, second) = made.paths()
    assert first.suffix == kind.suffix
    assert all(0.9 < path.stat().st_size / 200_000 < 1.1 for path in (first, second))
    clips = Clips.read([first, second])
    assert len(set(clips.digests)) == 20
    assert [len(each) for each in clips.decoded.values()][-1] == 5
    with av.open(str(first)) as container:
        frames = list(container.decode(video=0))
        assert len(frames) == 10
        assert [frame.pts for frame in frames] == sorted(frame.pts for frame in frames)


def test_each_kind_of_mp4_has_what_makes_it_that_kind(cache):
    def kinds(kind):
        data = (
            replace(TINY.job, count=1, kind=kind, overhang=1.0 if kind is Kind.CAMERA else 0.0).paths()[0].read_bytes()
        )
        return data, Counter(box.kind for box in boxes(data)), [box.kind for box in boxes(data)]

    data, counts, order = kinds(Kind.CAMERA)
    assert counts[b"mdat"] > 10
    assert order[-1] == b"moov"
    assert b"elst" not in data
    data, counts, order = kinds(Kind.FFMPEG)
    assert counts[b"mdat"] == 1
    places = [found.end() for found in re.finditer(b"elst", data)]
    assert [int.from_bytes(data[at + 12 : at + 16], "big") > 0 for at in places] == [True, True]  # of B-frames, priming
    assert b"ctts" in data
    for kind, sidx in ((Kind.FRAGMENTED, False), (Kind.INDEXED, True)):
        data, counts, order = kinds(kind)
        assert counts[b"moof"] == 2
        assert (counts[b"sidx"] > 0) is sidx


def test_the_sound_of_a_camera_goes_on_after_the_picture(cache):
    (path,) = replace(TINY.job, count=1, overhang=1.5).paths()
    with av.open(str(path)) as container:
        ends = {each.type: float(each.duration * each.time_base) for each in container.streams}
    assert ends["audio"] - ends["video"] == pytest.approx(1.5, abs=0.15)


@pytest.mark.parametrize("kind", [Kind.CAMERA, Kind.DAV])
def test_the_check_finds_what_differs(cache, kind):
    first, second = replace(TINY.job, kind=kind).paths()
    assert Clips.read([first]).what_differs(first) is None
    assert Clips.read([second]).what_differs(first) == "10 of 10 pictures are lost"
    assert Clips.read([first, second]).what_differs(first) == "10 of 20 pictures are lost"
    assert Clips.read([first]).what_differs(cache / "none.mp4") == "there is no video"


def test_the_check_finds_pictures_twice_in_disorder_and_decoded_to_something_else(cache):
    (path,) = replace(TINY.job, count=1).paths()
    clips = Clips.read([path])
    assert (
        replace(clips, digests=clips.digests[:-1]).what_differs(path)
        == "it has 1 pictures more than the 9 of the clips"
    )
    assert replace(clips, digests=clips.digests[::-1]).what_differs(path) == "its pictures are in disorder"
    assert replace(clips, order=clips.order[::-1]).what_differs(path) == "its pictures are shown in another order"
    wrong = clips.decoded | {5: ["0"] * 5}
    assert replace(clips, decoded=wrong).what_differs(path) == "the pictures from 5 on are decoded to something else"


def test_pictures_with_b_frames_are_compared_as_they_are_shown(cache):
    (path,) = replace(TINY.job, count=1, kind=Kind.FFMPEG).paths()
    clips = Clips.read([path])
    assert clips.order != tuple(range(10))
    assert clips.what_differs(path) is None


def test_a_figure_that_could_not_be_measured_is_named_as_such():
    figures = (
        Figure("fast", 1.0, (0.5, 0.75, 0.7)),
        Figure("slow", 1.0, (2.0,)),
        Figure("peer", 1.0, note="absent"),
        Figure("told", None, (3.0,), "s"),
    )
    result = Result("All", "2026-01-16", "2 cores", 60.0, figures)
    table = as_table([result])
    assert "| **All** | | | | |" in table
    assert "| fast | 1 | 0.70 | 0.50 to 0.75 | yes |" in table
    assert "| slow | 1 | 2 |  | no |" in table
    assert "not measured: absent" in table
    assert "| told |  | 3 s |  |  |" in table
    assert as_bars([result]).count("<rect") == 3


def test_a_contender_whose_result_does_not_count_is_left_out():
    cost = Cost(1.0, 1.0, 0)
    turns = Turns({CAMREEL: [cost], TOOLS: []}, {TOOLS: "its result does not count: 3 of 9 pictures are lost"})
    ratio = turns.ratio("time", 0.8, TOOLS, lambda each: each.wall)
    assert ratio.holds is None
    assert ratio.note == "its result does not count: 3 of 9 pictures are lost"


def test_the_table_in_the_page_is_replaced_between_its_marks():
    page = (ROOT / "docs" / "performance.md").read_text()
    once = in_page(page, "| new |")
    assert in_page(in_page(page, "| old |"), "| new |") == once
    assert "| new |" in once
    assert once.startswith(page[:40])
    assert once.endswith(page[-40:])
    with pytest.raises(ValueError, match="no marks"):
        in_page("no page", "| new |")


def test_results_survive_json_and_are_drawn():
    from dataclasses import asdict

    curve = Curve("Merge", "clips", (Point(1, 1.0, 0.5, 5e7), Point(2, 1.5, 0.8, 6e7)))
    result = Result("All", "2026-01-16", "2 cores", 60.0, (Figure("fast", 1.0, (0.5,)),), (curve,))
    assert Result.from_json(asdict(result)) == result
    drawing = as_curves([curve])
    assert drawing.count("<circle") == 6
    assert "prefers-color-scheme: dark" in drawing


def test_groups_have_names_of_their_own_and_each_kind_a_row():
    names = [each.name for each in groups(FULL)]
    assert len(set(names)) == len(names)
    assert {f"{what}-{kind.name.lower()}" for what in ("job", "merge") for kind in Kind} <= set(names)


def test_the_processor_between_two_moments_is_told_apart():
    course = tuple(Moment(float(at), at / 10, at * 100) for at in range(10))
    cost = Cost(9.0, 1.0, 0, 9.0, course)
    assert cost.cpu_between(2.5, 6.5) == pytest.approx(0.3)
    assert cost.memory(until=4.0) == 400
    assert cost.memory() == 900


def test_a_slowed_command_gets_its_share_of_a_core(cache):
    with slowed(0.25) as slow:
        if slow.why_not is not None:
            pytest.skip(slow.why_not)
        group = Path(slow.before[-1]).parent
        old, new = group / "cpu.cfs_quota_us", group / "cpu.max"
        quota = int(old.read_text() if old.exists() else new.read_text().split()[0])
        cost = run([*slow.before, "/bin/cat", "/proc/self/cgroup"], log=cache / "log.txt", env=environment())
    assert quota == 25_000
    assert cost.code == 0
    assert f"/{group.name}\n" in (cache / "log.txt").read_text()
    assert not group.exists()


@pytest.mark.parametrize("kind", [Kind.CAMERA, Kind.DAV])
def test_of_a_part_little_more_is_fetched_than_it_takes(cache, monkeypatch, kind):
    monkeypatch.setattr(fetched, "CACHE", cache)
    hour = replace(TINY.hour, footage=replace(TINY.hour.footage, size=12_000_000, seconds=240), first=60, length=60)
    share, wrong = fetched.share_fetched(hour, kind)
    assert wrong is None
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


def test_answers_side_by_side_count_once():
    assert camera.in_a_row([]) == 0
    assert camera.in_a_row([(0, 1), (1, 2), (2, 3)]) == 3
    assert camera.in_a_row([(0, 1), (1, 2), (1.1, 2.1), (1.2, 2.2), (2.3, 3)]) == 3


def test_a_nonce_serves_once_or_again():
    for once, second in ((True, False), (False, True)):
        device = camera.Camera([], [], nonce_serves_once=once)
        nonce = device.challenge().partition('nonce="')[2].partition('"')[0]
        login = _login(nonce)
        assert device.is_let_in(login, "GET")
        assert device.is_let_in(login, "GET") is second
        assert not device.is_let_in(_login("never given"), "GET")
        assert not device.is_let_in("", "GET")


def _login(nonce):
    from hashlib import md5

    first = md5(f"{camera.USERNAME}:{camera.REALM}:{camera.PASSWORD}".encode()).hexdigest()
    second = md5(b"GET:/x").hexdigest()
    response = md5(f"{first}:{nonce}:1:c:auth:{second}".encode()).hexdigest()
    return f'Digest username="admin", nonce="{nonce}", uri="/x", nc=1, cnonce="c", response="{response}"'


def test_a_camera_may_be_slow_to_answer():
    assert Pace().options == ["--answer-after", "0.0"]
    assert Pace(5.0, 0.08, nonce_serves_once=True).options == [
        "--bytes-a-second",
        "5.0",
        "--answer-after",
        "0.08",
        "--nonce-serves-once",
    ]
