"""How the property tests search: the same examples each time, and no files left behind."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("camreel", derandomize=True, database=None, deadline=None, max_examples=40)
settings.load_profile("camreel")
