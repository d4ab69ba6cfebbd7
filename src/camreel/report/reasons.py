"""The reasons of what is lost or missing, in words. Pure."""

from __future__ import annotations

from camreel.planning.account import Hole, LossKind, LostReason
from camreel.text import count_text

_WORDS = {
    LossKind.NOT_TRIED: "not tried: the camera had stopped answering",
    LossKind.OVERWRITTEN: "it is gone: the camera has overwritten or deleted it since it listed it",
    LossKind.NOT_DOWNLOADED: "{detail}",
    LossKind.NOT_MERGED: "it was not merged",
    LossKind.UNUSABLE: "{detail}",
    LossKind.KILLED_MERGE: "the merge died of it ({detail})",
    LossKind.NO_KEYFRAME: "it holds no keyframe of that time",
    LossKind.NO_FRAME: "it holds no picture in the range",
    LossKind.ENDS_EARLY: "the file ends early: {pictures} that it should have are not in it",
    LossKind.INDEX_CUT: "the file ends within its index: nobody knows how much more it should have",
    LossKind.SOUND_MISSING: "{detail} of its sound is missing: the file ends early, or it cannot be read",
    LossKind.UNDECODABLE: "{pictures} of it cannot be decoded (no keyframe comes before) and cannot be shown",
    LossKind.BOTH_ENDS: "{pictures} of it are lost: it begins without a keyframe, and the file ends early",
    LossKind.DAMAGED: "{pictures} of it are damaged, or need parameter sets that it does not have, and are not shown",
    LossKind.UNACCOUNTED: "{pictures} of it are not accounted for; this is a fault of camreel: please report it",
    LossKind.UNPLAYABLE: "{detail}",
    LossKind.OTHER_TRACK: "{detail}, which it has besides, was left out",
    LossKind.SHOWN_HIDDEN: "the video also shows {pictures} that its edit list hides, because others need them",
    LossKind.DUPLICATE: "clip {detail} shows all of it",
    LossKind.NOT_RECORDED: "nothing was recorded",
    LossKind.IN_NO_CLIP: "none of the clips holds it",
    LossKind.LISTED_WITHOUT_FRAMES: "it is listed for this time but holds no picture of it",
    LossKind.STILL_WRITING: "the camera is still writing this recording; run again later, or --follow",
    LossKind.UNPROVEN: "no recording was found, and that proves nothing: {detail}",
    LossKind.TOO_RECENT: "too recent: the camera may list more of it; "
    "run again after {detail} (its clock), or --follow",
}


def reason_text(reason: LostReason) -> str:
    """Return ``reason`` as the rest of a sentence, without a full stop."""
    detail = reason.detail
    pictures = count_text(detail, "picture") if isinstance(detail, int) else ""
    said = _WORDS[reason.kind].format(detail=detail, pictures=pictures)
    return "; ".join([said, *map(reason_text, reason.also)])


def hole_text(hole: Hole) -> str:
    """Return why ``hole`` is not in the video, with the number of the clip to blame."""
    if hole.clip is None:
        return reason_text(hole.reason)
    if hole.reason.kind is LossKind.LISTED_WITHOUT_FRAMES:
        return f"clip {hole.clip} is listed for this time but holds no picture of it"
    return f"clip {hole.clip}: {reason_text(hole.reason)}"
