"""The camera's side of the wire: the HTTP API of Amcrest and Dahua devices."""

from __future__ import annotations
