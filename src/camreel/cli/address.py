"""What people type for a camera: see :mod:`camreel.addresses`, which the library has, too."""

from __future__ import annotations

from camreel.addresses import parse_address

__all__ = ["parse_address"]
