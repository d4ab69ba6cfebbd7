"""The browser that the tests in this folder use."""

from __future__ import annotations

import shutil

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="module")
def chromium() -> str:
    """The browser; a system without one skips the tests and says how to get it."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        pytest.skip("Chromium is absent: scripts/install-chromium installs Debian's, to play exports in a browser")
    return found
