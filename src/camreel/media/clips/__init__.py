"""Open clips on this disk for the merge, whatever their format."""

from __future__ import annotations
