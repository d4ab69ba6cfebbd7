"""Each run of the product has a folder of its own."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Clips that were fetched are kept where the program was started."""
    monkeypatch.chdir(tmp_path)
