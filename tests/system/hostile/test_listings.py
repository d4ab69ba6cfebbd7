"""Lists that no camera should give: paths, sizes, counts and times of its own making, and no end of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from pathlib import Path

import anyio
import pytest
from tests.conftest import START, Bench, frame_md5s, tuning
from tests.system.hostile.conftest import PATHS
from tests.system.hostile.server import HostileCamera, http, item, listing

from camreel.devices.dahua import client
from camreel.errors import NotACamera
from camreel.jobs.outcome import account_clips
from camreel.jobs.search import CameraSearch
from camreel.media.worker.messages import ClipOutcome
from camreel.model import Credentials, Recording, Span, Stream, WallTime
from camreel.planning.account import LossKind, LostReason
from camreel.planning.plan import plan_export
from camreel.transfer.store import Fetched

# Each in the place of a recording's path; True: it may be asked for, as a name on the camera like any other.
EVIL_PATHS = {
    "up and out": ("/../../../../etc/passwd", False),
    "up in the middle": ("/mnt/sd/../../etc/passwd", False),
    "up, as on Windows": ("/mnt\\..\\..\\boot.ini", False),
    "a dot": ("/mnt/./sd/a.mp4", False),
    "no slash": ("mnt/sd/a.mp4", False),
    "another host": ("http://127.0.0.1:1/a.mp4", False),
    "another host, ftp": ("ftp://nas/a.mp4", False),
    "another host, in the path": ("@127.0.0.1:1/a.mp4", False),
    "another host, two slashes": ("//127.0.0.1:1/a.mp4", True),
    "a drive": ("C:\\Windows\\a.mp4", False),
    "a device": ("/CON", True),
    "NUL": ("/mnt/sd/a\0b.mp4", False),
    "escapes": ("/mnt/sd/\x1b]0;owned\x07\x1b[2J.mp4", False),
    "C1 controls": ("/mnt/sd/\x9b31m.mp4", True),
    "a line end": ("/mnt/sd/a\x0bb\x85c\u2028d.mp4", False),
    "bidi": ("/mnt/sd/\u202e4pm.exe\u2066", True),
    "10,000 characters": ("/" + "a" * 10_000, False),
    "10,000 folders": ("/a" * 5_000, False),
    "a query": ("/mnt/sd/a.mp4?action=reboot", True),
    "a fragment": ("/mnt/sd/a.mp4#b", True),
    "percents": ("/mnt/sd/%2e%2e/%2e%2e/etc/passwd%00", True),
    "more percents": ("/mnt/sd/%252e%25.mp4%", True),
    "spaces": ("/mnt/sd/a b  c.mp4 HTTP/1.1", True),
    "an ampersand": ("/mnt/sd/a&action=reboot=1;b.mp4", True),
    "a shell": ("/mnt/sd/$(reboot)`id`'\"|;.mp4", True),
    "a format": ("/mnt/sd/%s%n{0}{self}.mp4", True),
    "letters beyond": ("/mnt/sd/\U0001f4a9é.mp4", True),
    "only a slash": ("/", True),
}


def listed(paths: list[str], **fields: list[str]) -> str:
    """A page of abutting recordings, each with its own of every field."""
    told = [dict(zip(fields, each, strict=True)) for each in zip(*fields.values(), strict=True)] or [{}] * len(paths)
    return listing(*(item(number, path, **one) for number, (path, one) in enumerate(zip(paths, told, strict=True))))


def test_a_path_is_only_ever_a_name_on_the_camera(
    hostile: Callable[..., Bench], footage: list[bytes], tmp_path: Path
) -> None:
    """It is asked for under the one endpoint, or lost by name; what is on the disk has names of our own making."""
    paths = [PATHS[0], *(path for path, _ in EVIL_PATHS.values()), PATHS[2]]
    fine = [True, *(asked for _, asked in EVIL_PATHS.values()), True]
    had = [footage[number % 3] for number in range(len(paths))]
    camera = HostileCamera(listed(paths), dict(zip(paths, had, strict=True)))
    run = hostile(camera).export(end="2026-01-16 08:02:00", keep_files=True)
    assert len(run.ok.clips) == len(paths)
    # One that is too long is kept short.
    lost = {clip.path[:1000] for clip in run.ok.clips if clip.is_lost}
    assert lost == {path[:1000] for path, asked in zip(paths, fine, strict=True) if not asked}
    assert all(len(clip.path) < 1100 for clip in run.ok.clips)
    kept = [clip for clip, asked in zip(had, fine, strict=True) if asked]
    assert frame_md5s(run.output) == [md5 for clip in kept for md5 in frame_md5s(clip)]
    (work,) = (tmp_path / "export" / ".amcrest_download").glob("127.0.0.1_*[0-9]")
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    clips = [path for path in files if path.parent == work / "kept"]
    assert len(clips) == sum(fine)
    assert all(set(path.name) <= set("0123456789abcdef-_.mp") for path in clips)
    # Beside them, the video and what the store notes down for itself.
    assert {path.parent for path in files} <= {run.output.parent, work.parent, work, work / "kept"}
    assert all(re.fullmatch(r"[\w.-]{1,64}", path.name, re.ASCII) for path in files)


SIZES = ["-1", "9223372036854775808", "1" * 5000, "lots", "1e9", "0x10", "", " ", "NaN", "0", "\u0663\u0663"]


def test_a_size_that_is_none_is_as_if_not_said(hostile: Callable[..., Bench], footage: list[bytes]) -> None:
    """Negative, 2^63, text: the recording is had all the same."""
    paths = [f"/mnt/sd/{number}.mp4" for number in range(len(SIZES))]
    had = [footage[number % 3] for number in range(len(SIZES))]
    camera = HostileCamera(listed(paths, Length=SIZES, CutLength=SIZES), dict(zip(paths, had, strict=True)))
    run = hostile(camera).export(end="2026-01-16 08:00:44")
    assert run.ok.exit_code == 0
    assert frame_md5s(run.output) == [md5 for clip in had for md5 in frame_md5s(clip)]


@pytest.mark.parametrize("found", ["1000000000", "999999999", "-1", "1" * 5000, "many"])
def test_a_count_is_not_believed(
    hostile: Callable[..., Bench], good: HostileCamera, footage: list[bytes], found: str
) -> None:
    """Nothing is made ready for what is announced: what counts are the items that came."""
    good.page = good.page.replace("found=3", f"found={found}")
    run = hostile(good).export()
    assert run.ok.exit_code == 0
    assert frame_md5s(run.output) == [md5 for clip in footage for md5 in frame_md5s(clip)]


TIMES = {
    "year 0": ("0000-01-01 00:00:00", "0000-01-01 00:00:01"),
    "year 9999": ("9999-12-31 23:59:59", "9999-12-31 23:59:59"),
    "from year 0 to 9999": ("0000-01-01 00:00:00", "9999-12-31 23:59:59"),
    "to year 9999": ("2026-01-16 08:00:04", "9999-12-31 23:59:59"),
    "to year 2199": ("2026-01-16 08:00:04", "2199-12-31 23:59:59"),
    "from year 1990": ("1990-01-01 00:00:00", "2026-01-16 08:00:08"),
    "end before start": ("2026-01-16 08:00:08", "2026-01-16 08:00:04"),
    "end years before start": ("2026-01-16 08:00:04", "1990-01-01 00:00:00"),
    "no length": ("2026-01-16 08:00:04", "2026-01-16 08:00:04"),
    "no such day": ("2026-02-30 08:00:04", "2026-02-31 25:61:61"),
    "no time": ("now", "later"),
    "numbers": ("1", "-1"),
}


@pytest.mark.parametrize("kind", TIMES)
def test_impossible_times_harm_no_other_recording(
    hostile: Callable[..., Bench], good: HostileCamera, footage: list[bytes], kind: str
) -> None:
    """What has no time that can be is named; the recordings before and after are in the video, bit-exact."""
    start, end = TIMES[kind]
    good.page = listing(item(0, PATHS[0]), item(1, PATHS[1], StartTime=start, EndTime=end), item(2, PATHS[2]))
    run = hostile(good).export()
    shown = frame_md5s(run.output)
    first, middle, last = map(frame_md5s, footage)
    assert [md5 for md5 in shown if md5 in {*first, *last}] == first + last
    assert set(shown) <= {*first, *middle, *last}
    if set(shown).isdisjoint(middle):
        account = run.ok.account
        assert sum(hole.span.seconds for hole in (*account.gaps, *account.lost)) == 4


@pytest.mark.parametrize(
    "clock", ["0000-00-00 00:00:00", "9999-12-31 23:59:59", "2199-12-31 23:59:59", "1990-01-01 0:0:0"]
)
def test_an_impossible_clock(hostile: Callable[..., Bench], good: HostileCamera, clock: str) -> None:
    """A camera whose clock cannot be: a video all the same, or one sentence."""
    good.says["getCurrentTime"] = http(f"result={clock}\r\n")
    run = hostile(good).export()
    assert run.report is not None or getattr(run.error, "exit_code", None) == 3, run.error


def test_a_list_that_repeats_itself_ends(
    hostile: Callable[..., Bench], good: HostileCamera, footage: list[bytes]
) -> None:
    """The same page for ever is taken once."""
    good.says["findNextFile"] = http(good.page)
    run = hostile(good).export()
    assert frame_md5s(run.output) == [md5 for clip in footage for md5 in frame_md5s(clip)]
    assert sum(asked.endpoint == "findNextFile" for asked in good.log) == 2


@pytest.mark.parametrize("readable", [True, False])
def test_a_list_without_an_end_is_given_up(
    hostile: Callable[..., Bench], good: HostileCamera, monkeypatch: pytest.MonkeyPatch, readable: bool
) -> None:
    """Page after page of new recordings, or of items that cannot be read: no more than fit into memory are taken."""
    monkeypatch.setattr(client, "MAX_RECORDINGS", 300)
    pages = count()

    def page(_asked: object) -> bytes:
        number = next(pages)
        when = {} if readable else {"StartTime": f"never {number}"}
        return http(listing(*(item(each, f"/{number}/{each}.mp4", **when) for each in range(100))))

    good.says["findNextFile"] = page
    run = hostile(good).export()
    assert isinstance(run.error, NotACamera)
    assert "300 recordings" in str(run.error)
    assert next(pages) == 4
    assert [asked.endpoint for asked in good.log][-2:] == ["close", "destroy"]


@pytest.mark.slow(reason="lists 100,000 recordings")
@pytest.mark.timeout(300)  # some ten seconds, where the computer has nothing else to do
def test_a_list_of_100_000_recordings(hostile: Callable[..., Bench], good: HostileCamera) -> None:
    """Found and planned, each of them; the time-out of the test is what holds it to seconds."""
    pages = count()

    def page(_asked: object) -> bytes:
        first = next(pages) * 1000
        when = START + timedelta(seconds=10 * first)
        each = item(
            7, "/mnt/sd/2026-01-16/001/dav/08/PATH[M][0@0][0].mp4", StartTime=when, EndTime=when, Length=248362892
        )
        return http(
            "".join(
                each.replace("[7]", f"[{number}]").replace("PATH", str(first + number))
                for number in range(1000 if first < 100_000 else 0)
            )
            or "found=0"
        )

    good.says["findNextFile"] = page
    stand = hostile(good)
    request = stand.request("2026-01-16 08:00:00", "2026-01-28 00:00:00")
    events: list[object] = []
    later = tuning(utc_now=lambda: START.astimezone() + timedelta(days=30))
    good.says["getCurrentTime"] = http("result=2026-02-15 08:00:00\r\n")
    inquiry = CameraSearch(request.target, request.query, Credentials("admin", "x"), events.append, later)

    async def planned() -> int:
        return len((await inquiry.run()).plan.recordings)

    assert anyio.run(planned) == 100_000


@pytest.mark.timeout(300)  # compared each with each, it takes half an hour
def test_many_recordings_are_accounted_for() -> None:
    """With a gap after each, half of them lost: what is compared with what must not grow with the square."""
    total = 30_000
    start = WallTime(START)

    def at(number: int) -> Span:
        return Span(start + timedelta(seconds=10 * number), start + timedelta(seconds=10 * number + 5))

    recordings = [Recording(f"/{number}.mp4", at(number), position=number) for number in range(total)]
    plan = plan_export(recordings, Span(start, start + timedelta(seconds=10 * total)), Stream.MAIN)
    half = total // 2
    clips: list[Fetched | LostReason] = [
        *(LostReason(LossKind.OVERWRITTEN) for _ in range(half)),
        *(Fetched(Path("x"), 1, reused=False) for _ in range(half)),
    ]
    outcomes = [*(None for _ in range(half)), *(ClipOutcome(n + 1, covered=at(n)) for n in range(half, total))]
    reports, account = account_clips(plan, clips, outcomes, None)
    assert len(reports) == len(account.gaps) == total
    assert len(account.lost) == half
    assert account.missing_seconds == 5 * total + 5 * half
