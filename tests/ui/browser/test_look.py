"""A look's page, as it is used: from the disk, on a phone and on a desk, without a network; and what it says is so."""

from __future__ import annotations

import base64
import json
import shlex
from datetime import timedelta
from pathlib import Path
from typing import Any

import av
import pytest
from tests.conftest import START
from tests.ui.browser.looking import Tab, page_in

from camreel.cli import main
from camreel_simulator import ClipSpec, Recorded, read_frame_number, seen_frames

FPS = 10
SPEC = ClipSpec(START, 40, fps=FPS, gop=20)

# What the page says of each tile, and the picture in it.
TILES = """[...document.querySelectorAll('.tile')].map(tile => ({
  time: tile.querySelector('time').textContent, line: tile.dataset.line, src: tile.querySelector('img').src,
  what: tile.querySelector('.what')?.textContent ?? '', ready: tile.querySelector('img').naturalWidth,
  wide: tile.getBoundingClientRect().width, high: tile.getBoundingClientRect().height }))"""


COPIED = """new Promise(done => { const look = () =>
  document.getElementById('copy').textContent === 'Copied' ? done() : setTimeout(look, 20); look() })"""


@pytest.fixture(scope="module")
def footage() -> list[Recorded]:
    """Forty seconds with motion, a gap, forty without; the camera is called by something that would do harm."""
    late = START + timedelta(seconds=60)
    second = ClipSpec(late, 40, fps=FPS, gop=20)
    return [
        Recorded(START, START + timedelta(seconds=40), SPEC, events=("VideoMotion", "<img src=x onerror=alert(1)>")),
        Recorded(late, late + timedelta(seconds=40), second, events=()),
    ]


@pytest.fixture
def looked(bench, footage, tmp_path, monkeypatch, capsys) -> tuple[Path, dict[str, Any]]:
    """The page of that, made by the command line; and its report."""
    stand = bench(recordings=footage)
    monkeypatch.setenv("AMCREST_PASSWORD", stand.password)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["camreel"])
    words = ["--host", stand.address.authority, "-u", "admin", "-s", "2026-01-16 08:00", "-e", "2026-01-16 08:02"]
    assert main(["look", *words, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    return Path(report["outputs"][0]["path"]), report


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
def test_the_page_from_the_disk(chromium, looked, tmp_path, width, dark):
    """Each tile's label is the time burnt into its picture; nothing is wider than the window; nothing is asked for."""
    page, report = looked
    with page_in(chromium, page, tmp_path / "browser", width, dark=dark) as tab:
        tiles = tab.run(TILES)
        assert len(tiles) == len(report["pictures"]) >= 8
        for tile in tiles:
            assert tile["ready"] == 320
            shown = START.replace(hour=0) + timedelta(seconds=number_in(tile["src"]) // FPS)
            assert tile["time"] == f"{shown:%H:%M:%S}"
            assert (width / 2 - 20 if width == 360 else 150) < tile["wide"] < width / 2
        assert tab.run("document.documentElement.scrollWidth") <= width
        assert {tile["what"] for tile in tiles} == {"<img src=x onerror=alert(1)>, motion", ""}
        assert "Nothing recorded from 2026-01-16 08:00:40 to 08:01:00" in tab.run("document.body.innerText")
        bright = tab.run("getComputedStyle(document.body).backgroundColor")
        assert (int(bright.removeprefix("rgb(").split(",")[0]) < 100) == dark
        check_quiet(tab, page)


def test_what_is_not_of_the_page_does_not_run(chromium, looked, tmp_path):
    """Its policy forbids all scripts but its own, and all addresses: a hole in the escaping would still be harmless."""
    page, _ = looked
    with page_in(chromium, page, tmp_path / "browser", 360) as tab:
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


def test_a_moment_gives_the_command_that_exports_it(chromium, looked, tmp_path, monkeypatch, capsys):
    """By mouse, by Enter, on the timeline; run as it stands there, the video has that moment in it."""
    page, report = looked
    with page_in(chromium, page, tmp_path / "browser", 1280) as tab:
        command = "document.getElementById('command').textContent"
        assert tab.run("document.getElementById('panel').hidden")
        tab.click(".tile:nth-of-type(2)")
        first = tab.run(command)
        assert first == report["pictures"][1]["command"]
        tab.press("ArrowRight")
        tab.press("Enter")
        assert tab.run(command) == report["pictures"][2]["command"]
        tab.click("#timeline svg")  # its middle, 08:01:00, is where the second recording begins
        line = tab.run(command)
        assert line == next(each["command"] for each in report["pictures"] if each["time"] == "2026-01-16T08:01:00")
        tab.run("(m => { m.value = '1'; m.dispatchEvent(new Event('change')) })(document.getElementById('minutes'))")
        line = tab.run(command)
        tab.click("#copy")
        tab.run(COPIED)
        tab.press("Escape")
        assert tab.run("document.getElementById('panel').hidden")
        check_quiet(tab, page)
    assert line.endswith('--around "2026-01-16 08:01:00" --minutes 1')
    assert "simulated-1" not in page.read_text(encoding="utf-8")

    program, *words = shlex.split(line)
    assert program == "camreel"
    monkeypatch.setenv("AMCREST_PASSWORD", "simulated-1")
    assert main([*words, "-o", "moment.mp4", "--json"]) == 0
    video = json.loads(capsys.readouterr().out)["outputs"][0]["path"]
    assert 8 * 3600 * FPS + 60 * FPS in [number for _, number in seen_frames(Path(video))]
