"""What the merge process is told of the files that it opens."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from camreel.formats.source import ClipTrust
from camreel.jobs import order
from camreel.jobs.order import trust_in

pytestmark = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="Windows has other rights")


@pytest.fixture
def folder(reachable: Path) -> Path:
    """One that this user has made, and nobody else can write to."""
    (reachable / "store").mkdir(mode=0o700)
    return reachable / "store"


def test_downloads_are_no_links(folder: Path) -> None:
    """In a folder of this user's alone more is not asked: people link copies of their files (`cp -al`)."""
    assert trust_in(folder) is ClipTrust.NO_LINKS


def test_where_others_write_they_are_this_users_own(folder: Path) -> None:
    """Somebody else's file may have taken the place of a download."""
    folder.chmod(0o777)
    assert trust_in(folder) is ClipTrust.OWN


def test_where_all_files_belong_to_one_user_owners_mean_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on many network shares."""
    folder.chmod(0o777)
    monkeypatch.setattr(order, "keeps_owners", lambda _folder: False)
    assert trust_in(folder) is ClipTrust.NO_LINKS
