"""The HTTP API of Dahua devices and of the brands that are Dahua inside, Amcrest among them."""

from __future__ import annotations
