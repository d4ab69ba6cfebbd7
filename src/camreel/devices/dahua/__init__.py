"""The HTTP API of Dahua devices and of the brands that are Dahua inside."""

from __future__ import annotations
