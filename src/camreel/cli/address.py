"""What people type for a camera: see :mod:`camreel.devices.address`, which the library has, too."""

from __future__ import annotations

from camreel.devices.address import parse_address

__all__ = ["parse_address"]
