"""Decide what to download of a listing, and which parts of a range are recorded. Pure.

`plan` chooses recordings, `account` names every second that is not in the video, and `coverage` divides the range for
timelines. `event_filter` selects by events. `fingerprint` tells whether a file was made by the same request.
"""

from __future__ import annotations
