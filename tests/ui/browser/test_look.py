"""A look's page, as it is used: from the disk, on a phone and on a desk, by mouse and by keyboard; no network."""

from __future__ import annotations

import base64
import io
import json
import shlex
from collections.abc import Iterator
from contextlib import redirect_stdout
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import av
import pytest
from tests.conftest import START
from tests.ui.browser.looking import Browser, Tab, browsing

from camreel.cli import main
from camreel_simulator import (
    ClipSpec,
    DeviceClock,
    Recorded,
    SimulatedCamera,
    read_frame_number,
    running,
    seen_frames,
)

FPS = 10
SPEC = ClipSpec(START, 40, fps=FPS, gop=20)
LATE = START + timedelta(seconds=60)

# What the page says of each tile, and the picture in it.
TILES = """[...document.querySelectorAll('.tile')].map(tile => ({
  time: tile.querySelector('time').textContent, src: tile.querySelector('img').src,
  what: tile.querySelector('.what')?.textContent ?? '', ready: tile.querySelector('img').naturalWidth,
  wide: tile.getBoundingClientRect().width, high: tile.getBoundingClientRect().height }))"""
COPIED = """new Promise(done => { const look = () =>
  document.getElementById('copy').textContent === 'Copied' ? done() : setTimeout(look, 20); look() })"""
REFUSED = """(() => { document.getElementById('copy').textContent = '';
  navigator.clipboard.writeText = () => Promise.reject(new Error()); document.execCommand = () => false; })()"""
SELECTED = """new Promise(done => { const look = () => {
  const said = document.getElementById('copy').textContent;
  said ? done(said.startsWith('Selected')) : setTimeout(look, 20); }; look() })"""
COMMAND = "document.getElementById('command').textContent"
FOCUS = "document.activeElement.className + document.activeElement.id"
IS_LARGE = "document.getElementById('viewer').open"
CHOOSE = "(m => {{ m.value = '{}'; m.dispatchEvent(new Event('change')) }})(document.getElementById('pad'))"
WHEN = "document.getElementById('when').textContent"
IS_CHOSEN = "!document.getElementById('panel').hidden"
GET = "camreel get --host {host} --username admin"


@pytest.fixture(scope="module")
def browser(chromium, tmp_path_factory) -> Iterator[Browser]:
    """One for all tests here: it takes seconds to start."""
    with browsing(chromium, tmp_path_factory.mktemp("browser")) as opened:
        yield opened


@pytest.fixture(scope="module")
def camera() -> Iterator[str]:
    """Forty seconds with motion, a gap, forty without; the event is called by something that would do harm."""
    second = ClipSpec(LATE, 40, fps=FPS, gop=20)
    recordings = [
        Recorded(START, START + timedelta(seconds=40), SPEC, events=("VideoMotion", "<img src=x onerror=alert(1)>")),
        Recorded(LATE, LATE + timedelta(seconds=40), second, events=()),
    ]
    recordings += [
        Recorded(each.start, each.end, second if each.start == LATE else SPEC, channel=2, events=())
        for each in recordings
    ]
    clock = DeviceClock.fixed(datetime(2026, 1, 17, tzinfo=timezone.utc))
    with running(SimulatedCamera(recordings, clock=clock)) as server:
        yield f"127.0.0.1:{server.port}"


def run(*words: str) -> dict[str, Any]:
    """The report of the command line."""
    out = io.StringIO()
    with redirect_stdout(out), pytest.MonkeyPatch.context() as patch:
        patch.setenv("AMCREST_PASSWORD", "simulated-1")
        patch.setattr("sys.argv", ["camreel"])
        assert main([*words, "--json"]) == 0
    report: dict[str, Any] = json.loads(out.getvalue())
    return report | (report["runs"][0] if len(report["runs"]) == 1 else {})


RANGE = ["-u", "admin", "-s", "2026-01-16 08:00", "-e", "2026-01-16 08:02"]


@pytest.fixture(scope="module")
def looked(camera, tmp_path_factory) -> tuple[Path, dict[str, Any]]:
    """The page of that, made by the command line; and its report."""
    page = tmp_path_factory.mktemp("one") / "page.html"
    return page, run("look", "--host", camera, *RANGE, "-o", str(page))


def number_in(source: str) -> int:
    """The frame number burnt into a picture of the page."""
    data = base64.b64decode(source.removeprefix("data:image/jpeg;base64,"))
    context = av.CodecContext.create("mjpeg", "r")
    return read_frame_number([*context.decode(av.Packet(data)), *context.decode(None)][0])


def check_quiet(tab: Tab, page: Path) -> None:
    """Nothing was asked for but the page itself and what is in it, and the browser had nothing to say."""
    assert {address for address in tab.requests if not address.startswith("data:")} <= {page.as_uri()}
    assert tab.troubles == []


@pytest.mark.parametrize(("width", "dark"), [(360, False), (360, True), (1280, False), (1280, True)])
def test_the_page_from_the_disk(browser, looked, width, dark):
    """Each tile's label is the time burnt into its picture; nothing is wider than the window; nothing is asked for."""
    page, report = looked
    with browser.page(page, width, dark=dark) as tab:
        tiles = tab.run(TILES)
        assert len(tiles) == len(report["pictures"]) >= 8
        for tile in tiles:
            assert tile["ready"] == 640
            shown = START.replace(hour=0) + timedelta(seconds=number_in(tile["src"]) // FPS)
            assert tile["time"] == f"{shown:%H:%M:%S}"
            assert (width / 2 - 20 if width == 360 else 150) < tile["wide"] < width / 2
        assert tab.run("document.documentElement.scrollWidth") <= width
        assert {tile["what"] for tile in tiles} == {"<img src=x onerror=alert(1)>, motion", ""}
        assert "Nothing recorded from 2026-01-16 08:00:40 to 08:01:00" in tab.run("document.body.innerText")
        bright = tab.run("getComputedStyle(document.body).backgroundColor")
        assert (int(bright.removeprefix("rgb(").split(",")[0]) < 100) == dark
        tab.click(".tile")
        box = tab.run("(b => [b.left, b.right, b.bottom])(document.getElementById('panel').getBoundingClientRect())")
        assert (box[0] >= 0, box[1] <= width, box[2] <= 801) == (True, True, True)
        assert tab.run("document.getElementById('large').getBoundingClientRect().height") >= 180
        check_quiet(tab, page)


def test_what_is_not_of_the_page_does_not_run(browser, looked):
    """Its policy forbids all scripts but its own, and all addresses: a hole in the escaping would still be harmless."""
    page, _ = looked
    with browser.page(page, 360) as tab:
        tab.run(
            "document.body.insertAdjacentHTML('beforeend', "
            '\'<img src="http://127.0.0.1:9/x" onerror="document.title = 1">\');'
            "const script = document.createElement('script'); script.textContent = 'document.title = 2';"
            "document.body.append(script)"
        )
        refused = tab.run("fetch('http://127.0.0.1:9/').then(() => 'sent', () => 'refused')")
        assert refused == "refused"
        assert tab.run("document.title").startswith("SIMULATED")
        assert sum("Content Security Policy" in trouble for trouble in tab.troubles) >= 3


def test_a_moment_gives_the_command_that_exports_it(browser, looked, camera, tmp_path):
    """By mouse, on a picture and on the timeline, a range with Shift and by dragging; run as it stands there."""
    page, report = looked
    get = GET.format(host=camera)
    with browser.page(page, 1280) as tab:
        assert not tab.run(IS_CHOSEN)
        for number in (2, 7):  # one of the event, whose whole recording it is; one without
            tab.click(f".tile:nth-of-type({number})")
            assert tab.run(IS_LARGE)
            assert tab.run(COMMAND) == report["pictures"][number - 1]["command"]
            tab.press("Escape")
            assert (tab.run(IS_LARGE), tab.run(IS_CHOSEN)) == (False, True)
        tab.click(".tile:nth-of-type(2)", shift=True)  # from a moment back to an event: what was marked, and no more
        first, next_one = (datetime.fromisoformat(report["pictures"][number]["time"]) for number in (1, 7))
        begins, ends = first.replace(microsecond=0), (next_one + timedelta(seconds=1)).replace(microsecond=0)
        assert tab.run(COMMAND) == f'{get} --start "{begins}" --end "{ends}"'
        assert tab.run(WHEN).startswith(f"{begins} to {ends:%H:%M:%S} (1 min ")
        assert tab.run("document.querySelectorAll('.tile.within').length") == 6
        tab.run(CHOOSE.format("whole"))  # the first lies in an event, the last does not
        assert tab.run(COMMAND).startswith(
            f'{get} --start "2026-01-16 07:59:50" --end "{ends + timedelta(seconds=10)}"'
        )
        assert "whole events" in tab.run("document.getElementById('pad').innerText")
        tab.click(".timeline", across=0.75)  # 08:01:30, of which there is no picture
        assert tab.run(COMMAND) == f'{get} --start "2026-01-16 07:59:30" --end "2026-01-16 08:03:30"'
        tab.drag(".timeline", 0.25, 0.75)
        assert tab.run(COMMAND) == f'{get} --start "2026-01-16 08:00:30" --end "2026-01-16 08:01:30"'
        assert tab.run("document.querySelectorAll('.tile.within').length") == 4
        tab.run(CHOOSE.format("10"))
        line = tab.run(COMMAND)
        tab.click("#copy")
        tab.run(COPIED)
        tab.run(REFUSED)
        tab.click("#copy")
        assert tab.run(SELECTED)
        tab.click("#closer")
        closer = tab.run(COMMAND)
        tab.press("Escape")
        assert not tab.run(IS_CHOSEN)
        check_quiet(tab, page)
    times = '--start "2026-01-16 08:00:20" --end "2026-01-16 08:01:40"'
    assert line == f"{get} {times}"
    assert closer == f"{line.replace(' get ', ' look ')} --every 2s"
    assert "simulated-1" not in page.read_text(encoding="utf-8")

    video = run(*shlex.split(line)[1:], "-o", str(tmp_path / "moment.mp4"))["outputs"][0]["path"]
    numbers = [number for _, number in seen_frames(Path(video))]
    assert [(8 * 3600 + second) * FPS in numbers for second in (20, 39, 60, 99)] == [True] * 4


def test_by_keyboard_alone(browser, looked, camera):
    """All of it: the timeline, a picture, its neighbours, a range, and out again; it can be seen where one is."""
    page, report = looked
    commands = [each["command"] for each in report["pictures"]]
    get = GET.format(host=camera)
    with browser.page(page, 1280, calm=True) as tab:
        assert tab.run("getComputedStyle(document.documentElement).scrollBehavior") == "auto"
        tab.press("Tab")
        assert tab.run(FOCUS) == "timeline"
        assert tab.run("parseInt(getComputedStyle(document.activeElement).outlineWidth)") >= 2
        tab.press("End")
        tab.press("PageDown")
        assert tab.run("document.activeElement.ariaValueText") == "2026-01-16 08:01:50"
        tab.press("ArrowLeft", shift=True)
        assert tab.run(COMMAND) == f'{get} --start "2026-01-16 08:01:49" --end "2026-01-16 08:01:50"'
        tab.press("Tab")
        assert tab.run(FOCUS).startswith("tile")
        tab.press("Enter")
        assert (tab.run(IS_LARGE), tab.run(COMMAND)) == (True, commands[0])
        tab.press("ArrowLeft")  # there is none before
        tab.press("ArrowRight")
        tab.press("ArrowRight")
        assert (tab.run(IS_LARGE), tab.run(COMMAND)) == (True, commands[2])
        assert "08:00:" in tab.run("document.getElementById('shown').textContent")
        tab.press("Escape")
        assert not tab.run(IS_LARGE)
        assert tab.run("[...document.querySelectorAll('.tile')].indexOf(document.activeElement)") == 2
        tab.press("ArrowRight")
        tab.press("Enter", shift=True)
        assert (tab.run(IS_LARGE), tab.run(IS_CHOSEN)) == (False, True)
        first, last = (report["pictures"][number]["time"][:19].replace("T", " ") for number in (2, 3))
        assert tab.run(COMMAND).startswith(f'{get} --start "{first}" --end "{last[:17]}')
        assert tab.run("document.querySelectorAll('.tile.within').length") == 2
        tab.press("Escape")
        assert not tab.run(IS_CHOSEN)
        check_quiet(tab, page)


def test_several_channels_on_one_axis(browser, camera, tmp_path):
    """A row each, of the timeline and of the pictures; each with the command for its own."""
    page = tmp_path / "page.html"
    report = run("look", "--host", camera, *RANGE, "--channel", "1,2", "-o", str(page))
    with browser.page(page, 360) as tab:
        edges = tab.run("[...document.querySelectorAll('.timeline')].map(each => each.getBoundingClientRect().left)")
        assert (len(edges), len(set(edges))) == (2, 1)
        assert tab.run("document.documentElement.scrollWidth") <= 360
        count = len(report["runs"][1]["pictures"])
        tab.click(".tile[data-row='1']")
        assert "channel 2" in tab.run("document.getElementById('shown').textContent")
        assert tab.run(COMMAND) == report["runs"][1]["pictures"][0]["command"]
        assert "--channel 2" in tab.run(COMMAND)
        tab.press("ArrowLeft")
        assert "channel 2" in tab.run("document.getElementById('shown').textContent")
        assert tab.run("document.querySelectorAll(\".tile[data-row='1']\").length") == count
        tab.press("Escape")
        tab.click(".tile[data-row='0']", shift=True)  # a range is of one camera: this one is looked at
        assert "channel 1" in tab.run("document.getElementById('shown').textContent")
        assert tab.run(COMMAND) == report["runs"][0]["pictures"][0]["command"]
        check_quiet(tab, page)


def test_times_of_an_hour_that_comes_twice(browser, tmp_path):
    """The page writes them with their offset, as the report does; else both passes would be exported."""
    begins = datetime(2026, 10, 25, 2, 20)  # noqa: DTZ001 - by the camera's clock, of the second pass
    spec = ClipSpec(begins, 20, fps=5, gop=10, size=(160, 90), audio=None)
    recording = Recorded(begins, begins + timedelta(seconds=20), spec, events=())
    clock = DeviceClock.fixed(datetime(2026, 10, 25, 12, tzinfo=timezone.utc))
    page = tmp_path / "page.html"
    with running(SimulatedCamera([recording], clock=clock)) as server:
        words = ["--host", f"127.0.0.1:{server.port}", "-u", "admin", "--camera-tz", "Europe/Berlin"]
        times = ["-s", "2026-10-25T02:19:00+01:00", "-e", "2026-10-25T02:21:00+01:00", "--clock-drift", "off"]
        report = run("look", *words, *times, "-o", str(page))
    with browser.page(page, 1280) as tab:
        tab.click(".tile")
        assert tab.run(COMMAND) == report["pictures"][0]["command"]
        assert "--start 2026-10-25T02:18:0" in tab.run(COMMAND)
        assert tab.run(COMMAND).count("+01:00") == 2
