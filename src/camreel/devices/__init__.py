"""The camera's side of the wire: devices, the protocols they speak, and HTTP with its logins."""

from __future__ import annotations
