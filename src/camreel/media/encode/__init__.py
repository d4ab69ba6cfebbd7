"""Frames and sound encoded again, where copying cannot do."""

from __future__ import annotations
