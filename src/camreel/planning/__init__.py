"""What to fetch of a listing, and what of a range is recorded. Pure."""

from __future__ import annotations
