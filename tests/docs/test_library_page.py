"""docs/library.md is what the code says: made anew, it is the same, and all that is public is on it."""

from __future__ import annotations

import library_page

import camreel


def test_the_reference_is_not_stale():
    """If this fails: python scripts/library_page.py, and look at what changed."""
    assert library_page.page() == library_page.PAGE.read_text(encoding="utf-8")


def test_every_public_name_is_on_the_page():
    page = library_page.PAGE.read_text(encoding="utf-8")
    missing = [name for name in camreel.__all__ if f"### `{name}`" not in page and f"| `{name}`" not in page]
    assert missing == ["__version__"]
