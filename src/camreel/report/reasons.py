"""The reasons of what is lost or missing, in words. Pure."""

from __future__ import annotations

from camreel.planning.account import Hole, LossKind, LostReason
from camreel.text import count_text

MAY_GROW = "the camera may still be writing it"
_WORDS = {
    LossKind.NOT_TRIED: "not tried: the camera had stopped answering",
    LossKind.OVERWRITTEN: "the camera has overwritten or deleted it since it listed it",
    LossKind.NOT_DOWNLOADED: "{detail}",
    LossKind.NOT_MERGED: "it was not merged",
    LossKind.UNUSABLE: "{detail}",
    LossKind.KILLED_MERGE: "it crashed the merge ({detail})",
    LossKind.NO_KEYFRAME: "it has no keyframe of that time",
    LossKind.NO_FRAME: "it has no frame in the range",
    LossKind.ENDS_EARLY: "the file ends early and lacks {frames}",
    LossKind.INDEX_CUT: "the file ends within its index; how much is missing is unknown",
    LossKind.SOUND_MISSING: "{detail} of its sound is missing: the file ends early, or the sound cannot be read",
    LossKind.UNDECODABLE: "{frames} cannot be decoded or shown (no keyframe comes before)",
    LossKind.BOTH_ENDS: "{frames} lost: it begins without a keyframe, and the file ends early",
    LossKind.DAMAGED: "{frames} not shown: damaged, or without their parameter sets",
    LossKind.UNACCOUNTED: "{frames} not accounted for; this is a bug in camreel: please report it",
    LossKind.UNPLAYABLE: "{detail}",
    LossKind.OTHER_TRACK: "{detail} was left out",
    LossKind.SHOWN_HIDDEN: "the video also shows {frames} that its edit list hides, because others need them",
    LossKind.DUPLICATE: "clip {detail} shows all of it",
    LossKind.NOT_RECORDED: "nothing was recorded",
    LossKind.IN_NO_CLIP: "none of the clips has it",
    LossKind.LISTED_WITHOUT_FRAMES: "it is listed for this time but has no frame of it",
    LossKind.STILL_WRITING: MAY_GROW,
    LossKind.NEVER_CLOSED: "the camera never closed the recording (did it lose power?)",
    LossKind.UNPROVEN: "no recording was listed, but the list may not be whole: {detail}",
    LossKind.TOO_RECENT: MAY_GROW,
}


def reason_text(reason: LostReason) -> str:
    """Return ``reason`` as the rest of a sentence, without a full stop."""
    detail = reason.detail
    frames = count_text(detail, "frame") if isinstance(detail, int) else ""
    said = _WORDS[reason.kind].format(detail=detail, frames=frames)
    return "; ".join([said, *map(reason_text, reason.also)])


def hole_text(hole: Hole) -> str:
    """Return why ``hole`` is not in the video, with the number of the clip to blame."""
    if hole.clip is None:
        return reason_text(hole.reason)
    if hole.reason.kind is LossKind.LISTED_WITHOUT_FRAMES:
        return f"clip {hole.clip} is listed for this time but has no frame of it"
    return f"clip {hole.clip}: {reason_text(hole.reason)}"
