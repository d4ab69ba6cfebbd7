"""What became of each recording, and where every second of the range went."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from camreel.jobs.outcome import account_clips, played, usable
from camreel.media.worker.messages import ClipOutcome
from camreel.model import FrameCounts, Playback, PlaybackFailure, Recording, Span, Stream, Verify, WallTime
from camreel.planning.account import Hole, LossKind, LostReason
from camreel.planning.plan import ExportPlan, plan_export
from camreel.planning.proof import SearchProof
from camreel.report import hole_text, reason_text
from camreel.transfer.store import Fetched


def wall(text: str) -> WallTime:
    return WallTime.fromisoformat(f"2026-01-16T{text}")


def span(start: str, end: str) -> Span:
    return Span(wall(start), wall(end))


def recording(start: str, end: str, *, writing: bool = False) -> Recording:
    return Recording(f"/mnt/sd/{start}.mp4", span(start, end), size=1000, writing=writing)


def plan(*recordings: Recording) -> ExportPlan:
    return plan_export(recordings, ASKED, Stream.MAIN)


ASKED = span("08:00:00", "09:00:00")
WHOLE = recording("08:00:00", "09:00:00")
GONE = LostReason(LossKind.OVERWRITTEN)
ON_DISK = Fetched(Path("clip.mp4"), 900, reused=False)


def merged(start: str, end: str, *, missing: int = 0, number: int = 1) -> ClipOutcome:
    return ClipOutcome(number, span(start, end), missing_packets=missing)


def test_the_kinds_of_loss_are_a_contract():
    """JSON has the values, and programs match them."""
    assert [kind.value for kind in LossKind] == [
        *("not_tried", "overwritten", "not_downloaded", "not_merged", "unusable", "killed_merge", "no_keyframe"),
        *("no_frame", "ends_early", "index_cut", "sound_missing", "undecodable", "both_ends", "damaged", "unaccounted"),
        *("unplayable", "other_track", "shown_hidden", "duplicate", "not_recorded", "in_no_clip"),
        *("listed_without_frames", "still_writing", "never_closed", "unproven", "too_recent"),
    ]
    assert all(kind.value == kind.name.lower() for kind in LossKind)


@pytest.mark.parametrize(
    ("clip", "outcome", "status", "kind", "words"),
    [
        (ON_DISK, merged("08:00:00", "09:00:00"), "merged", None, ""),
        (LostReason(LossKind.NOT_DOWNLOADED, "it sent an empty file"), None, "failed", LossKind.NOT_DOWNLOADED,
         "it sent an empty file"),
        (ON_DISK, None, "unusable", LossKind.NOT_MERGED, "it was not merged"),
        (ON_DISK, usable(ClipOutcome(1, unusable="no video in it")), "unusable", LossKind.UNUSABLE, "no video in it"),
        (ON_DISK, LostReason(LossKind.KILLED_MERGE, "It died"), "unusable", LossKind.KILLED_MERGE,
         "it crashed the merge (It died)"),
        (ON_DISK, ClipOutcome(1), "empty", LossKind.NO_FRAME, "it has no frame in the range"),
        (ON_DISK, ClipOutcome(1, inside=4), "inside", LossKind.DUPLICATE, "clip 4 shows all of it"),
        (ON_DISK, merged("08:00:00", "08:30:00", missing=1), "short", LossKind.ENDS_EARLY,
         "the file ends early and lacks 1 frame"),
        (ON_DISK, merged("08:00:00", "08:30:00", missing=9), "short", LossKind.ENDS_EARLY,
         "the file ends early and lacks 9 frames"),
    ],
    ids=["merged", "failed", "not merged", "unusable", "killed", "empty", "inside", "short by one", "short"],
)  # fmt: skip
def test_each_recording_gets_a_status_and_a_reason(clip, outcome, status, kind, words):
    """One line for each recording; whatever is not plainly merged says why."""
    (report,), _account = account_clips(plan(WHOLE), [clip], [outcome], None)
    assert (report.status, report.number, report.path) == (status, 1, WHOLE.path)
    assert (report.reason and report.reason.kind) == kind
    assert (reason_text(report.reason) if report.reason else "") == words


def test_sizes_are_of_the_file_where_there_is_one():
    """What was received counts; what the camera listed only where nothing was."""
    (had,), _account = account_clips(plan(WHOLE), [ON_DISK], [merged("08:00:00", "09:00:00")], None)
    (lost,), _account = account_clips(plan(WHOLE), [GONE], [None], None)
    assert (had.size, lost.size) == (900, 1000)


def test_a_failed_clip_is_lost_time():
    """The time of a clip that was not had is lost, by its number and reason, and no gap."""
    _reports, account = account_clips(plan(WHOLE), [GONE], [None], None)
    assert account.lost == (Hole(ASKED, GONE, 1),)
    assert hole_text(account.lost[0]).startswith("clip 1: the camera has overwritten or deleted it")
    assert account.gaps == ()


def test_of_a_short_clip_only_the_rest_is_lost():
    """What a cut-off file did hold is covered; from there to its listed end is lost."""
    outcome = merged("08:00:00", "08:40:00", missing=500)
    (report,), account = account_clips(plan(WHOLE), [ON_DISK], [outcome], None)
    assert report.covered == span("08:00:00", "08:40:00")
    assert [hole.span for hole in account.lost] == [span("08:40:00", "09:00:00")]
    assert hole_text(account.lost[0]).startswith("clip 1: the file ends early")


def test_what_a_short_clip_lacks_at_its_start_is_a_gap():
    """Its bytes begin where they begin: only what the file broke off is the loss."""
    _reports, account = account_clips(plan(WHOLE), [ON_DISK], [merged("08:10:00", "08:40:00", missing=500)], None)
    assert [hole.span for hole in account.gaps] == [span("08:00:00", "08:10:00")]
    assert [hole.span for hole in account.lost] == [span("08:40:00", "09:00:00")]


def test_a_short_clip_that_reaches_its_listed_end_loses_no_time():
    """Its status still says so, but no second is missing."""
    (report,), account = account_clips(plan(WHOLE), [ON_DISK], [merged("08:00:00", "09:00:05", missing=3)], None)
    assert report.status == "short"
    assert (account.lost, account.gaps) == ((), ())


def test_time_that_no_clip_is_listed_for_was_not_recorded():
    """A hole between clips is a gap in the recording."""
    first, last = recording("08:00:00", "08:10:00"), recording("08:50:00", "09:00:00")
    outcomes = [merged("08:00:00", "08:10:00"), merged("08:50:00", "09:00:00", number=2)]
    _reports, account = account_clips(plan(first, last), [ON_DISK, ON_DISK], outcomes, None)
    assert [(hole.span, hole_text(hole)) for hole in account.gaps] == [
        (span("08:10:00", "08:50:00"), "nothing was recorded")
    ]


def test_time_that_a_merged_clip_does_not_hold_is_a_gap_with_its_number():
    """A listed time is a promise of the camera's: where the clip has no picture of it, the report says whose."""
    _reports, account = account_clips(plan(WHOLE), [ON_DISK], [merged("08:00:00", "08:40:00")], None)
    assert [hole_text(hole) for hole in account.gaps] == ["clip 1 is listed for this time but has no frame of it"]


def test_a_clip_that_ends_a_moment_early_does_not_explain_an_hour():
    """Listed times are whole seconds: a gap of 50 minutes is not blamed on the clip before it."""
    early = recording("08:00:00", "08:10:00")
    _reports, account = account_clips(plan(early), [ON_DISK], [merged("08:00:00", "08:09:58.800000")], None)
    assert [hole_text(hole) for hole in account.gaps] == ["nothing was recorded"]


def test_from_an_open_recording_on_everything_is_pending():
    """The camera still writes: what is missing from its start on may come."""
    closed, open_file = recording("08:00:00", "08:30:00"), recording("08:30:00", "08:30:00", writing=True)
    _reports, account = account_clips(plan(closed, open_file), [ON_DISK], [merged("08:00:00", "08:30:00")], None)
    assert [(hole.span, hole_text(hole)) for hole in account.pending] == [
        (span("08:30:00", "09:00:00"), "the camera may still be writing it")
    ]
    assert account.gaps == ()


def test_what_is_too_fresh_to_be_listed_is_pending_and_what_is_older_a_gap():
    """The index lags: only what has had time to be listed can be called a gap."""
    clip = recording("08:00:00", "08:10:00")
    _reports, account = account_clips(plan(clip), [ON_DISK], [merged("08:00:00", "08:10:00")], wall("08:45:00"))
    assert [hole.span for hole in account.gaps] == [span("08:10:00", "08:45:00")]
    assert [hole.span for hole in account.pending] == [span("08:45:00", "09:00:00")]
    assert hole_text(account.pending[0]) == "the camera may still be writing it"
    assert account.pending[0].reason.detail == "09:15"


def test_a_lost_clip_stays_lost_however_fresh_it_is():
    """What the camera listed and we did not get is our loss, not something to wait for."""
    _reports, account = account_clips(plan(WHOLE), [GONE], [None], wall("08:00:00"))
    assert [hole.span for hole in account.lost] == [ASKED]
    assert account.pending == ()


def test_clips_and_outcomes_must_match_the_plan():
    """A recording without a line would be a silent loss: it is an error instead."""
    with pytest.raises(ValueError, match="zip"):
        account_clips(plan(WHOLE), [], [], None)


def test_frames_that_cannot_be_decoded_are_lost_where_they_are():
    """What comes before the first keyframe is a loss of its number, at the beginning of the clip."""
    outcome = replace(merged("08:00:10", "09:00:00"), undecodable_dropped=60)
    (report,), account = account_clips(plan(WHOLE), [ON_DISK], [outcome], None)
    assert (report.status, report.is_lost) == ("partial", True)
    assert report.reason is not None
    assert reason_text(report.reason).startswith("60 frames cannot be decoded")
    assert [hole.span for hole in account.lost] == [span("08:00:00", "08:00:10")]
    assert hole_text(account.lost[0]).startswith("clip 1: 60 frames")
    assert account.gaps == ()


def test_a_clip_can_lose_frames_at_both_ends():
    """The sentence has the sum, and each end is lost where it is."""
    outcome = replace(merged("08:00:10", "08:40:00", missing=500), undecodable_dropped=60)
    (report,), account = account_clips(plan(WHOLE), [ON_DISK], [outcome], None)
    assert (report.status, report.reason) == ("short", LostReason(LossKind.BOTH_ENDS, 560))
    assert [hole.span for hole in account.lost] == [span("08:00:00", "08:00:10"), span("08:40:00", "09:00:00")]


def test_a_clip_of_which_nothing_can_be_decoded_is_lost():
    """All of its time, not an empty clip."""
    (report,), account = account_clips(plan(WHOLE), [ON_DISK], [ClipOutcome(1, undecodable_dropped=9)], None)
    assert (report.status, report.is_lost) == ("partial", True)
    assert [hole.span for hole in account.lost] == [ASKED]


@pytest.mark.parametrize(("frames", "count"), [(FrameCounts(read=50, written=48), 2), (FrameCounts(written=3), 3)])
def test_a_frame_that_is_nowhere_is_a_loss(frames, count):
    """Whatever made it so: a result of which the frames do not add up is not complete."""
    outcome = replace(merged("08:00:00", "09:00:00"), frames=frames)
    (report,), _account = account_clips(plan(WHOLE), [ON_DISK], [outcome], None)
    assert (report.status, report.is_lost) == ("partial", True)
    assert (report.reason, report.frames) == (LostReason(LossKind.UNACCOUNTED, count), frames)


def test_frames_that_add_up_are_no_loss():
    """Also where some were not asked for, or are shown by another clip."""
    frames = FrameCounts(read=50, written=20, outside=18, copies=12)
    outcome = replace(merged("08:00:00", "09:00:00"), frames=frames)
    (report,), _account = account_clips(plan(WHOLE), [ON_DISK], [outcome], None)
    assert (report.status, report.is_lost) == ("merged", False)


def test_what_does_not_play_in_the_video_is_lost():
    """The clip is named with it; others, and clips that are lost anyhow, stay as they are."""
    outcomes: dict[int, ClipOutcome | LostReason]
    outcomes = {1: merged("08:00:00", "09:00:00"), 2: merged("09:00:00", "10:00:00", number=2), 3: GONE}
    said = "its pictures look different in the video"
    playback = Playback(Verify.SAMPLE, failures=(PlaybackFailure(1, said), PlaybackFailure(3, said)))
    known = played(outcomes, playback)
    assert (known[2], known[3]) == (outcomes[2], GONE)
    assert played(outcomes, None) == outcomes
    (report,), _account = account_clips(plan(WHOLE), [ON_DISK], [known[1]], None)
    assert (report.status, report.is_lost) == ("partial", True)
    assert report.reason is not None
    assert reason_text(report.reason) == said


def test_what_a_search_does_not_prove_is_lost():
    """But for what is pending, or shown by a clip; with why."""
    clip, first = recording("08:00:00", "08:30:00"), merged("08:00:00", "08:30:00")
    search = SearchProof(True, 4, (span("08:30:00", "08:40:00"), span("08:45:00", "09:00:00")), "it ends early")
    _reports, account = account_clips(plan(clip), [ON_DISK], [first], wall("08:50:00"), search=search)
    unproven = LostReason(LossKind.UNPROVEN, "it ends early")
    assert [(hole.span, hole.reason, hole.clip) for hole in account.lost] == [
        (span("08:30:00", "08:40:00"), unproven, None),
        (span("08:45:00", "08:50:00"), unproven, None),
    ]
    assert [hole.span for hole in account.pending] == [span("08:50:00", "09:00:00")]
    assert [hole.span for hole in account.gaps] == [span("08:40:00", "08:45:00")]


@pytest.mark.parametrize("outcome", [ClipOutcome(1), merged("08:00:00", "08:30:00")])
def test_what_can_be_used_is_its_outcome(outcome):
    assert usable(outcome) is outcome
