"""Decide what to download of a listing, and which parts of a range are recorded. Pure.

`plan` chooses recordings and accounts for every second, `coverage` draws it, `event_filter` selects by events, and
`fingerprint` tells whether a file was made by the same request.
"""

from __future__ import annotations
