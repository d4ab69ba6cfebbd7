"""Every fault of the camera on every clip, once and always: bit-exact for what the report claims, or named.

The invariant of each cell: the output holds exactly the pictures of the clips that the report says are merged; what
is lost is named with its path; the exit code says so; nothing is left half-named; no finder stays open; no login is
refused.
"""

from __future__ import annotations

import pytest
from tests.conftest import Bench, Ran, frame_md5s, three_clips

from camreel_simulator import Fault

KINDS = [
    Fault("drop", at=5000),
    Fault("reset"),
    Fault("stall", at=5000),
    Fault("silent"),
    Fault("short_body", at=5000),
    Fault("wrong_length", at=5000),
    Fault("garbage"),
    Fault("empty"),
    Fault("status", status=503),
    Fault("status", status=404),
    Fault("error_page"),
    Fault("error_text", text="Error\r\nBad Request!\r\n"),
]
# What is not worth another try is lost the first time: the camera said that it is not there.
FINAL = {("status", 404)}
# These look like a whole recording and are only found out when they are opened.
FOUND_LATE = {"garbage"}
# What in the end is on the disk and cannot be opened: exit 7. A short body is asked for once more, then believed.
UNUSABLE = {"garbage", "short_body"}
# More bytes than announced: whether the client sees them as a broken answer or not at all is a matter of timing.
EITHER = {"wrong_length"}


def _named(fault: Fault) -> str:
    return f"{fault.kind}-{fault.status}" if fault.kind == "status" else fault.kind


def check_invariant(stand: Bench, run: Ran, lost: set[int]) -> None:
    """Hold the output, the report and the folder against each other."""
    recordings = stand.camera.recordings
    assert stand.camera.open_finders == 0
    assert stand.camera.rejected_logins == 0
    left = [path.name for path in stand.folder.iterdir()]
    assert not [name for name in left if name.endswith(".part")], left
    report = run.ok
    assert {clip.number for clip in report.clips if clip.is_lost} == lost
    expected = [m for n, r in enumerate(recordings, 1) if n not in lost for m in frame_md5s(r.body())]
    assert frame_md5s(run.output) == expected
    assert report.exit_code == (4 if lost else 0)
    for clip in report.clips:
        if clip.is_lost:
            assert clip.reason
            assert any(hole.span == clip.span for hole in report.account.lost)
    assert report.covered_seconds == 12 - 4 * len(lost)


@pytest.mark.parametrize("position", [1, 2, 3], ids=["first", "middle", "last"])
@pytest.mark.parametrize("fault", KINDS, ids=_named)
@pytest.mark.parametrize("times", [1, None], ids=["once", "always"])
def test_a_fault_of_one_clip(bench, fault, position, times):
    """One clip fails once or for good: the others are never harmed, and the loss is named."""
    recordings = three_clips()
    struck = Fault(
        fault.kind,
        target=recordings[position - 1].path,
        times=times,
        at=fault.at,
        status=fault.status,
        text=fault.text,
    )
    stand = bench(recordings=recordings, faults=[struck])
    run = stand.export()
    stays = times is None or (fault.kind, fault.status) in FINAL or fault.kind in FOUND_LATE
    check_invariant(stand, run, {position} if stays else set())


@pytest.mark.parametrize("fault", KINDS, ids=_named)
def test_a_fault_of_every_clip(bench, fault):
    """Nothing can be had: no video, no half-made file, one sentence, exit 6 or 7."""
    struck = Fault(fault.kind, target="RPC_Loadfile", times=None, at=fault.at, status=fault.status, text=fault.text)
    stand = bench(faults=[struck])
    run = stand.export()
    assert run.error is not None
    assert run.error.exit_code in ({6, 7} if fault.kind in EITHER else {7} if fault.kind in UNUSABLE else {6})
    assert not list(stand.folder.glob("*.mp4"))
    assert not list(stand.folder.glob("*.part"))
    assert stand.camera.open_finders == 0


@pytest.mark.parametrize("action", ["getCurrentTime", "factory.create", "findFile", "findNextFile"])
@pytest.mark.parametrize("kind", ["reset", "status", "silent"])
def test_a_fault_while_asking_is_survived(bench, action, kind):
    """A call that fails once is made again; the video is the same."""
    recordings = three_clips()
    stand = bench(recordings=recordings, faults=[Fault(kind, target=action)])
    check_invariant(stand, stand.export(), set())


@pytest.mark.parametrize("action", ["close", "destroy"])
def test_a_finder_that_will_not_close_costs_nothing(bench, action):
    """The answer to close and destroy does not matter to the video."""
    recordings = three_clips()
    stand = bench(recordings=recordings, faults=[Fault("status", target=f"action={action}", status=503, times=None)])
    run = stand.export()
    assert run.ok.exit_code == 0
    assert frame_md5s(run.output) == [md5 for clip in recordings for md5 in frame_md5s(clip.body())]


@pytest.mark.parametrize("kind", ["reset", "status", "silent"])
def test_a_first_login_without_a_clear_answer_is_not_tried_again(bench, kind):
    """An answer that breaks off may have been a failed login: the password goes out once, and the run ends."""
    stand = bench(faults=[Fault(kind, target="getSystemInfo", times=None)])
    run = stand.export()
    assert run.error is not None
    assert run.error.exit_code == 6
    assert "not tried twice" in (run.error.hint or "")
    assert sum(request.authorized for request in stand.camera.log) <= 1


def test_a_bare_500_at_the_login_may_be_a_lock(bench):
    """That is how some firmware locks: exit 5, and the advice to wait."""
    run = bench(faults=[Fault("status", status=500, target="getSystemInfo", times=None)]).export()
    assert run.error is not None
    assert run.error.exit_code == 5
    assert "half an hour" in (run.error.hint or "")


@pytest.mark.parametrize(
    "fault",
    [
        Fault("error_page", target="findNextFile"),
        Fault("empty", target="findNextFile"),
        Fault("short_body", target="findNextFile", at=700),
        Fault("error_page", target="findFile"),
        Fault("empty", target="findFile"),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.target}",
)
def test_a_garbled_list_is_asked_for_again(bench, fault):
    """Half a list, or a page of text in its place, is not the end of the list: no recording is lost to it."""
    recordings = three_clips()
    stand = bench(recordings=recordings, faults=[fault])
    check_invariant(stand, stand.export(), set())


@pytest.mark.parametrize("target", ["findNextFile", "action=findFile"])
def test_a_list_that_stays_garbled_is_not_an_empty_range(bench, target):
    """A camera that never lists anything is exit 6, and never «nothing recorded»."""
    run = bench(faults=[Fault("error_page", target=target, times=None)]).export()
    assert run.error is not None
    assert run.error.exit_code == 6
