"""One module a command, named like it."""

from __future__ import annotations
