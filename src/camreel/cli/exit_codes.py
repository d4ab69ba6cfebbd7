"""What the program's exit codes mean, in a sentence each. The errors know their codes: see `camreel.errors`.

Of several exit codes the one that a script should see. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable

MEANINGS = {
    0: "complete: everything the camera has of the range is in the video (gaps in the recording itself are reported)",
    1: "a bug in camreel; the message says how to report it",
    2: "the command line: options, times, names, settings",
    3: "nothing is recorded in the range",
    4: "partial: there is a video, and the report names what is missing, or is too recent to be certain of; also when "
    "the camera stopped answering half-way",
    5: "the login was refused, or the account is locked",
    6: "the camera cannot be reached, or it stopped answering before anything could be had",
    7: "the disk or the merge failed, or another run has this camera and folder; the downloads are kept. Or the "
    "command of --exec failed; the video is complete",
    130: "interrupted; run it again to continue",
}

# From well to worst: nothing was recorded, so nothing is missing; something is missing; a camera was away, which may
# pass; a login or a disk that a person must see to; a command or a program that is wrong; stopped.
_ORDER = (0, 3, 4, 6, 5, 7, 2, 1, 130)


def most_severe(codes: Iterable[int]) -> int:
    """The worst of ``codes``; 0 for none."""
    return max(codes, key=_ORDER.index, default=0)
