"""A look over real sockets: which pictures come, by which way, for how many bytes; and that nothing is lost unsaid."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import re
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio
import av
import pytest
from tests.conftest import START, Bench, at, tuning

from camreel.diskio import place
from camreel.errors import CameraError, DiskError, MergeError, NothingRecorded, UsageError
from camreel.events import Event, Pictured, Warned
from camreel.media.worker.executor import ChildProcess
from camreel.media.worker.messages import Failed, NoStill, Still
from camreel.media.worker.process import StillProcess
from camreel.model import Credentials, IfExists, SharedFolder
from camreel.planning.event_filter import event_text
from camreel.preview import DownloadQuestion, GetLine, Look, LookOptions, Way, look, output, write
from camreel_simulator import ClipSpec, Fault, Quirks, Recorded, make_clip, read_frame_number

has_modes = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="Windows has no such modes")
FPS = 10
SPEC = ClipSpec(START, 20, fps=FPS, gop=20)


@dataclass
class Glance:
    """One look that has ended."""

    look: Look | None = None
    error: Exception | None = None
    asked: list[DownloadQuestion] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    @property
    def ok(self) -> Look:
        assert self.look is not None, self.error
        return self.look

    @property
    def listed_bytes(self) -> int:
        assert self.ok.found is not None
        return self.ok.found.plan.listed_bytes

    @property
    def page(self) -> str:
        return self.ok.outputs[0][0].read_text(encoding="utf-8")


def glance(
    stand: Bench, end: float = 60, *, allow: bool = False, wish: dict[str, Any] | None = None, **changes
) -> Glance:
    """Look at a range from eight o'clock on."""
    ran = Glance()

    async def asked(question: DownloadQuestion) -> bool:
        ran.asked.append(question)
        return allow

    wishes = LookOptions(GetLine("camreel", ("front-door",)), asked, **(wish or {}))
    request = stand.request(at(0), at(end), file=stand.folder / "look.html", **changes)
    credentials = Credentials("admin", stand.password)

    async def run() -> Look:
        seen = await look(request, wishes, credentials, ran.events.append, folder=pictures, tuning=tuning())
        if seen.already_there:
            return seen
        made = await write([seen])
        return replace(seen, outputs=made.outputs, warnings=(*seen.warnings, *made.warnings))

    pictures = stand.folder.with_name("pictures")
    pictures.mkdir(exist_ok=True)
    try:
        ran.look = anyio.run(run)
    except Exception as error:  # noqa: BLE001 - the test looks at it
        ran.error = error
    return ran


def row(count: int, *, kind: str = "mp4", stream: str = "Main", spec: ClipSpec = SPEC, **more) -> list[Recorded]:
    """Recordings of 20 s, one after the other."""
    starts = [START + timedelta(seconds=20 * number) for number in range(count)]
    return [
        Recorded(start, start + timedelta(seconds=20), replace(spec, start=start), kind=kind, stream=stream, **more)
        for start in starts
    ]


def ways(ran: Glance) -> list[tuple[float, Way]]:
    """Seconds after eight, and how, of each picture."""
    eight = START
    return [((shot.wall.naive - eight).total_seconds(), shot.way) for shot in ran.ok.shots]


@pytest.mark.parametrize("kind", ["mp4", "dav"])
def test_keyframes_for_a_fraction_of_the_bytes(bench, kind):
    """Each picture is of its time; what was fetched is counted, and nothing of it is left on the disk."""
    stand = bench(recordings=row(3, kind=kind, spec=replace(SPEC, crf=8, size=(640, 360))))
    seen: list[tuple[float, int]] = []
    keep = StillProcess.still

    async def still(self, order):
        made = await keep(self, order)
        assert isinstance(made, Still)
        with av.open(order.output) as opened:
            seen.append((made.seconds, read_frame_number(next(opened.decode(video=0)))))
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(StillProcess, "still", still)
        ran = glance(stand)
    assert {way for _, way in ways(ran)} == {Way.KEYFRAME}
    assert len(ran.ok.shots) == 6
    assert not ran.ok.misses
    eight = 8 * 3600
    for (second, _), number in zip(ways(ran), sorted(number for _, number in seen), strict=True):
        assert number / FPS - eight == pytest.approx(second, abs=0.01 if kind == "mp4" else 1)
    assert ran.ok.received == sum(stand.camera.bytes_sent.values())
    assert ran.ok.received < ran.listed_bytes * 0.7
    assert sorted(path.name for path in stand.folder.iterdir()) == ["look.html", "look.png"]
    done = [event for event in ran.events if isinstance(event, Pictured)]
    assert (done[0].done, done[-1].done, done[-1].total) == (0, 6, 6)


def test_eight_hours_of_clips_cost_two_per_cent_at_most(bench):
    """480 clips of a minute and 25 MB are 12 GB. What is fetched beside the keyframes is counted here."""
    body = make_clip(replace(SPEC, seconds=60, fps=5, gop=10, size=(640, 360), crf=10, audio=None))
    with av.open(io.BytesIO(body)) as clip:
        keyframe = max(packet.size for packet in clip.demux(video=0) if packet.is_keyframe)
    minutes = [START + timedelta(minutes=number) for number in range(480)]
    stand = bench(recordings=[Recorded(minute, minute + timedelta(minutes=1), body) for minute in minutes])
    ran = glance(stand, 480 * 60)
    assert len(ran.ok.shots) == 120
    assert ran.ok.received == sum(stand.camera.bytes_sent.values())
    beside = ran.ok.received - 120 * keyframe
    largest = 1_000_000  # bytes of a keyframe of 4K; those of most cameras have 100 to 300 kB
    assert beside + 120 * largest < 0.02 * 480 * 25_000_000


def test_snapshots_where_parts_are_not_sent(bench):
    """The camera's own stills of about that time; then recordings of the small stream; whole ones are asked for."""
    moments = [START + timedelta(seconds=second) for second in (11, 31)]
    stills = [Recorded(moment, moment, replace(SPEC, start=moment), kind="jpg") for moment in moments]
    small = row(2, stream="Extra1", spec=replace(SPEC, size=(160, 90)))
    stand = bench(recordings=[*row(3), *small, *stills], quirks=Quirks(ranges=False))
    ran = glance(stand)
    assert [way for _, way in ways(ran)] == [Way.SUB, Way.SNAPSHOT, Way.SUB, Way.SNAPSHOT]
    assert [second for second, _ in ways(ran)] == pytest.approx([4, 11, 24, 31], abs=0.2)
    assert [question.way for question in ran.asked] == [Way.WHOLE]
    assert ran.asked[0].recordings == 1
    assert [(miss.wall.naive - START).total_seconds() for miss in ran.ok.misses] == [45, 55]
    assert ran.ok.exit_code == 4
    for miss in ran.ok.misses:
        assert "whole recordings, which were not downloaded" in miss.reason
    assert ran.page.count("No picture: ") == 2
    assert "2026-01-16 08:00:45, 2026-01-16 08:00:55" in ran.page


@pytest.mark.parametrize("kind", ["mp4", "dav"])
def test_whole_recordings_after_a_yes(bench, kind):
    """They are fetched one by one and let go of again."""
    stand = bench(recordings=row(2, kind=kind), quirks=Quirks(ranges=False))
    ran = glance(stand, 40, allow=True)
    assert {way for _, way in ways(ran)} == {Way.WHOLE}
    assert len(ran.ok.shots) == 4
    assert sum(stand.camera.bytes_sent.values()) >= ran.listed_bytes
    assert sorted(path.name for path in stand.folder.iterdir()) == ["look.html", "look.png"]


def test_without_a_yes_it_stops_with_advice(bench):
    """And with the size, before anything of it is fetched. Nothing is left behind."""
    stand = bench(recordings=row(3), quirks=Quirks(ranges=False))
    ran = glance(stand)
    assert isinstance(ran.error, UsageError)
    assert "3 whole recordings" in str(ran.error)
    assert "kB" in str(ran.error)
    assert "--yes" in (ran.error.hint or "")
    assert not [path for path in stand.folder.rglob("*") if path.is_file()]


def test_a_moment_that_cannot_be_had_is_named(bench):
    """A recording that is gone, and one that is no video: each moment with its reason; the others are there."""
    recordings = row(3)
    recordings[1] = replace(recordings[1], content=b"\0" * 300_000)
    stand = bench(recordings=recordings, faults=[Fault("status", recordings[2].path, status=404, times=None)])
    ran = glance(stand)
    assert [second for second, _ in ways(ran)] == [pytest.approx(4.1, abs=2.1), pytest.approx(14.1, abs=2.1)]
    reasons = {miss.reason for miss in ran.ok.misses}
    assert len(ran.ok.misses) == 4
    assert any("404" in reason for reason in reasons), reasons
    assert "this needs whole recordings, which were not downloaded (1, 300 kB)" in reasons
    assert ran.ok.exit_code == 4
    assert ran.page.count("No picture: ") == 4
    assert "4 moments have no picture; they are listed below." in ran.page


@pytest.mark.parametrize("only", [False, True])
def test_what_camreel_cannot_decode_is_not_blamed_on_the_camera(bench, monkeypatch, only):
    """The first reason is said, another stream is announced, and never taken if the main one was asked for."""

    async def still(_self: StillProcess, _order: Any) -> NoStill:
        return NoStill("its picture is odd")

    monkeypatch.setattr(StillProcess, "still", still)
    small = row(1, stream="Extra1", spec=replace(SPEC, size=(160, 90)))
    gone = Fault("status", small[0].path, status=404, times=None)
    stand = bench(recordings=[*row(1), *small], faults=[gone])
    ran = glance(stand, 20, wish={"only_stream": only})
    assert isinstance(ran.error, CameraError)
    assert str(ran.error) == "None of 2 pictures can be shown. The first came, but its picture is odd."
    said = [event.text for event in ran.events if isinstance(event, Warned)]
    announced = "The main stream gave no picture of 2 moments (its picture is odd): the sub stream is tried."
    assert said == ([] if only else [announced])
    counted = [event.done for event in ran.events if isinstance(event, Pictured)]
    assert counted[-1] == 2, "those without a picture count"


def test_a_failure_of_camreel_itself_ends_the_look(bench, monkeypatch):
    """At the first picture: all others would fail as well."""
    asked: list[Any] = []

    async def exchange(_self: Any, *orders: Any) -> Failed:
        asked.extend(orders)
        return Failed("merge", "Making a picture failed unexpectedly (KeyError).")

    monkeypatch.setattr(ChildProcess, "send", exchange)
    monkeypatch.setattr(ChildProcess, "receive", exchange)
    ran = glance(bench(recordings=row(3)))
    assert isinstance(ran.error, MergeError)
    assert "KeyError" in str(ran.error)
    assert len(asked) == 1


def test_where_there_is_nothing_there_is_no_page(bench):
    """Nothing recorded is exit code 3; not one picture that can be had is an error of the camera's."""
    recordings = row(1)
    stand = bench(recordings=recordings, faults=[Fault("status", recordings[0].path, status=404, times=None)])
    assert isinstance(glance(stand, 60, asked=stand.request(at(3600), at(7200)).asked).error, NothingRecorded)
    ran = glance(stand, 20)
    assert isinstance(ran.error, CameraError)
    assert "None of 2 pictures" in str(ran.error)
    assert not [path for path in stand.folder.rglob("*") if path.is_file()]


def test_what_a_camera_says_is_text_on_the_page(bench):
    """Names and events that are HTML, or end a script, are shown and not obeyed."""
    evil = "</script><img src=x>"
    stand = bench(recordings=row(1, events=(evil,)))
    ran = glance(stand, 20, name="<b>door</b>")
    assert "<img src=x>" not in ran.page
    assert "&lt;/script&gt;&lt;img src=x&gt;" in ran.page
    assert "&lt;b&gt;door&lt;/b&gt;" in ran.page
    assert event_text(evil) == evil
    assert [Path(path).suffix for path, _ in ran.ok.outputs] == [".html", ".png"]


def test_events_that_share_the_pictures_are_told_of(bench):
    """Each has one, and the page says that they should have more, and how to get them."""
    ran = glance(bench(recordings=row(2)), 40, wish={"most": 2})
    assert [round(second, -1) for second, _ in ways(ran)] == [10, 30]
    assert "Too many events for a picture every 10 s" in ran.page
    assert "for more pictures: --most N" in ran.page


def test_the_policy_of_the_page_allows_its_own_style_and_script_alone(bench):
    """By the hash of just what stands between the tags."""
    ran = glance(bench(recordings=row(1)), 20)
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', ran.page)
    for tag in ("style", "script"):
        (text,) = re.findall(rf"<{tag}>(.*?)</{tag}>", ran.page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


@pytest.fixture
def shared(bench, reachable) -> Bench:
    """A camera that sends whole recordings alone, and a folder that everybody can write."""
    stand: Bench = bench(recordings=row(2), quirks=Quirks(ranges=False))
    stand.folder.mkdir()
    stand.folder.chmod(0o777)
    return stand


@has_modes
def test_a_recording_that_is_swapped_is_on_no_page(shared, monkeypatch):
    """In a folder that others can write it is taken by its hash, which the page says once."""
    real = StillProcess.still

    async def swap(process: StillProcess, order: Any) -> Any:
        Path(order.clip).unlink()
        Path(order.clip).write_bytes(make_clip(replace(SPEC, start=START.replace(hour=20))))
        return await real(process, order)

    monkeypatch.setattr(StillProcess, "still", swap)
    ran = glance(shared, 40, allow=True)
    assert isinstance(ran.error, CameraError)
    assert "another program has changed it" in str(ran.error)


@has_modes
def test_a_shared_folder_is_named_or_refused(shared):
    """As by an export."""
    said = [warning for warning in glance(shared, 40, allow=True).ok.warnings if "Others can write to" in warning]
    assert len(said) == 1
    ran = glance(shared, 40, allow=True, if_exists=IfExists.OVERWRITE, shared_folder=SharedFolder.REFUSE)
    assert isinstance(ran.error, DiskError)
    assert "Nothing was downloaded" in str(ran.error)


def test_no_page_without_the_sheet_that_was_made(tmp_path, monkeypatch):
    """Somebody who replaces one of both gets neither into place."""
    parts = {tmp_path / f"{name}.part": tmp_path / name for name in ("look.html", "look.png")}
    for part in parts:
        part.write_bytes(b"ours")

    def swap(part: Path) -> None:
        part.rename(part.with_name("away"))
        part.write_bytes(b"another")

    with monkeypatch.context() as patch:
        patch.setattr(output, "sync_file", lambda part: swap(part) if part.name == "look.png.part" else None)
        with pytest.raises(DiskError, match=r"look\.png\.part was replaced"):
            output.name_all(parts, overwrite=False)
    assert not any(made.exists() for made in parts.values())
    for part in parts:
        part.write_bytes(b"ours")
    real = place
    with monkeypatch.context() as patch:

        def placed(part: Path, made: Path, *, overwrite: bool) -> None:
            real(part, made, overwrite=overwrite)
            swap(made)

        patch.setattr(output, "place", placed)
        with pytest.raises(DiskError, match=r"look\.html was replaced"):
            output.name_all(parts, overwrite=False)
