"""What a device is: its answers, its card, its clock, its quirks and faults."""

from __future__ import annotations
