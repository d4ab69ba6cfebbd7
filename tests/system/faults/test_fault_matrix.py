"""Every fault of the camera, once and always: bit-exact for what the report claims, or named.

On one of three clips, by turns; with ``CAMREEL_SOAK`` (``make soak``, ``make faults``) on each of them.

The invariant of each cell: the output holds exactly the pictures of the clips that the report says are merged; what
is lost is named with its path; the exit code says so; nothing is left half-named; no finder stays open; no login is
refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from tests.conftest import Bench, Ran, frame_md5s, three_clips
from tests.system.faults.matrix import CELLS, FAR, KINDS, LIES, ODD, Cell, Outcome, md5s_of_clip, run_cells

from camreel.report import reason_text
from camreel.transfer.resume import OVERLAP
from camreel_simulator import Fault

# What in the end is on the disk and cannot be opened: exit 7. A short body is asked for once more, then believed.
UNUSABLE = {"garbage", "short_body"}
# More bytes than announced: whether the client sees them as a broken answer or not at all is a matter of timing.
EITHER = {"wrong_length"}
# What is said of an odd answer.
WORDS = {
    "status-101": "an unexpected answer (101)",
    "status-202": "an unexpected answer (202)",
    "status-204": "it has nothing to send (204)",
    "status-302": "sends us elsewhere (/elsewhere), and camreel does not send a password there",
    "status-429": "answered 429",
    "part_unasked": "sent a part, though all of it was asked for (206)",
    "part_as_whole": "sent a part, though all of it was asked for",
    "packed": "sent a compressed answer although none was asked for",
    "not_http": "sent an answer that is not HTTP",
}


def _named(fault: Fault) -> str:
    return f"{fault.kind}-{fault.status}" if fault.kind == "status" else fault.kind


@pytest.fixture(scope="module")
def outcomes(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[Cell, Outcome]]:
    """All cells that were selected, run a few at a time."""
    chosen = {
        item.callspec.params["cell"]
        for item in request.session.items
        if isinstance(item, pytest.Function) and hasattr(item, "callspec") and "cell" in item.callspec.params
    }
    folder = tmp_path_factory.mktemp("matrix")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(folder))
        patch.setenv("XDG_STATE_HOME", str(folder / "state"))
        yield run_cells([cell for cell in CELLS if cell in chosen], folder)


@pytest.mark.slow(reason="runs an export for each of some 80 faults")
@pytest.mark.timeout(600)  # the first cell waits for all
@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_a_fault_of_one_clip(outcomes: dict[Cell, Outcome], record_property: Callable[..., None], cell: Cell):
    """One clip fails once or for good: the others are never harmed, and the loss is named."""
    outcome = outcomes[cell]
    lost = {cell.clip} if cell.is_lost else set[int]()
    became = "named" if lost else "whole"
    record_property("cell", (cell.name, cell.ranges, cell.always, cell.clip, became))
    report = outcome.ran.ok
    assert outcome.open_finders == 0
    assert outcome.rejected_logins == 0
    left = [path.name for path in outcome.stand.folder.iterdir()]
    assert not [name for name in left if name.endswith(".part")], left
    assert {clip.number for clip in report.clips if clip.is_lost} == lost
    expected = [md5 for number in (1, 2, 3) if number not in lost for md5 in md5s_of_clip(number)]
    assert frame_md5s(outcome.ran.output) == expected
    assert report.exit_code == (4 if lost else 0)
    for clip in report.clips:
        if clip.is_lost:
            assert clip.reason
            assert any(hole.span == clip.span for hole in report.account.lost)
    assert report.covered_seconds == 12 - 4 * len(lost)
    for recording in outcome.stand.camera.recordings:
        if recording != outcome.struck:
            assert outcome.sent[recording.path] == recording.length(), "each other clip is fetched once"


@pytest.mark.parametrize(
    "cell", [cell for cell in CELLS if cell.fault.kind in {"drop", "stall"} and not cell.always], ids=str
)
def test_a_break_costs_the_overlap_or_starts_again(outcomes: dict[Cell, Outcome], cell: Cell):
    """With Range what was there is not fetched again, but for 64 KiB; without, that one clip is."""
    outcome = outcomes[cell]
    size = outcome.struck.length()
    assert outcome.sent[outcome.struck.path] == (size + OVERLAP if cell.ranges else size + FAR)
    assert [request.range for request in outcome.requests] == [None, f"bytes={FAR - OVERLAP}-"]


@pytest.mark.parametrize("cell", [cell for cell in CELLS if cell.fault in LIES], ids=str)
def test_a_device_that_lies_about_ranges_is_asked_once(outcomes: dict[Cell, Outcome], cell: Cell):
    """After one wrong answer the clip starts again, and no other request of this run asks for a part."""
    requests = outcomes[cell].requests
    assert sum(request.range is not None for request in requests) == 1
    assert len(requests) <= 3


@pytest.mark.parametrize("cell", [cell for cell in CELLS if cell.fault in ODD], ids=str)
def test_an_odd_answer_is_asked_again_once(outcomes: dict[Cell, Outcome], cell: Cell):
    """The second answer stands, good or odd; a redirect is not followed."""
    outcome = outcomes[cell]
    most = 3 if cell.fault.kind == "not_http" else 2  # as good as a connection that breaks
    assert len(outcome.requests) == (most if cell.always else 2)
    assert not [one for one in outcome.log if "elsewhere" in one.target]
    if cell.always:
        reason = reason_text(next(clip.reason for clip in outcome.ran.ok.clips if clip.reason is not None))
        assert "short answer" not in reason
        assert WORDS[cell.name] in reason


@pytest.mark.parametrize("fault", [*KINDS, *ODD], ids=_named)
def test_a_fault_of_every_clip(bench, fault):
    """Nothing can be had: no video, no half-made file, one sentence, exit 6 or 7."""
    struck = replace(fault, target="RPC_Loadfile", times=None, at=5000 if fault.at == FAR else fault.at)
    stand = bench(faults=[struck])
    run = stand.export()
    assert run.error is not None
    assert run.error.exit_code in ({6, 7} if fault.kind in EITHER else {7} if fault.kind in UNUSABLE else {6})
    assert not list(stand.folder.glob("*.mp4"))
    assert not list(stand.folder.glob("*.part"))
    assert stand.camera.open_finders == 0


def check_invariant(stand: Bench, run: Ran, *, open_finders: int = 0) -> None:
    """All of it is there, and nothing is left half-named or open."""
    recordings = stand.camera.recordings
    assert stand.camera.open_finders == open_finders
    assert stand.camera.rejected_logins == 0
    left = [path.name for path in stand.folder.iterdir()]
    assert not [name for name in left if name.endswith(".part")], left
    assert run.ok.exit_code == 0
    assert not [clip for clip in run.ok.clips if clip.is_lost]
    assert frame_md5s(run.output) == [md5 for recording in recordings for md5 in frame_md5s(recording.body())]


@pytest.mark.parametrize("action", ["getCurrentTime", "factory.create", "findFile", "findNextFile"])
@pytest.mark.parametrize("kind", ["reset", "status", "silent"])
def test_a_fault_while_asking_is_survived(bench, action, kind):
    """A call that fails once is made again; the video is the same."""
    recordings = three_clips()
    stand = bench(recordings=recordings, faults=[Fault(kind, target=action)])
    check_invariant(stand, stand.export())


@pytest.mark.parametrize("action", ["getCurrentTime", "factory.create", "action=findFile", "findNextFile"])
@pytest.mark.parametrize("fault", [ODD[0], ODD[2], Fault("packed"), Fault("error_page"), Fault("empty")], ids=_named)
def test_an_odd_answer_while_asking_is_survived(bench, action, fault):
    """It is asked again: the video is the same, and the clock is known as well as ever."""
    stand = bench(recordings=three_clips(), faults=[replace(fault, target=action)])
    run = stand.export()
    # The camera made it, and nobody could read its number.
    unread = action == "factory.create" and fault.kind == "packed"
    check_invariant(stand, run, open_finders=int(unread))
    assert not run.ok.warnings
    assert stand.camera.faults_fired == 1


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
    assert "tries only once" in (run.error.hint or "")
    assert sum(request.authorized for request in stand.camera.log) <= 1


@pytest.mark.parametrize("fault", [ODD[2], Fault("packed")], ids=_named)
def test_an_odd_answer_to_the_first_login_is_final(bench, fault):
    """Nobody can tell whether the camera took the password: it goes out once."""
    stand = bench(faults=[replace(fault, target="getSystemInfo")])
    run = stand.export()
    assert run.error is not None
    assert run.error.exit_code == 6
    assert sum(request.authorized for request in stand.camera.log) == 1


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
    check_invariant(stand, stand.export())


@pytest.mark.parametrize("target", ["findNextFile", "action=findFile"])
def test_a_list_that_stays_garbled_is_not_an_empty_range(bench, target):
    """A camera that never lists anything is exit 6, and never «nothing recorded»."""
    run = bench(faults=[Fault("error_page", target=target, times=None)]).export()
    assert run.error is not None
    assert run.error.exit_code == 6
