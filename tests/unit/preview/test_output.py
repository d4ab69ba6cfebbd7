"""Names of a page, and by what a later look knows it again."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest
from tests.conftest import START

from camreel.errors import DiskError, UsageError
from camreel.media.worker.messages import SheetOrder
from camreel.model import Address, AskedRange, Output, Query, Request, Target, WallTime
from camreel.preview import output
from camreel.preview.command import GetLine
from camreel.preview.model import DownloadQuestion, LookOptions
from camreel.preview.output import called, key_of, look_name, there_already

ASKED = AskedRange(WallTime(START), WallTime(START.replace(hour=18)))
TARGET = Target(Address("10.0.0.1", 80), "admin")


async def no(_question: DownloadQuestion) -> bool:
    return False


LOOKING = LookOptions(GetLine("camreel", ()), no)


def key(*, looking: dict[str, Any] | None = None, query: dict[str, Any] | None = None, **target: Any) -> str:
    request = Request(replace(TARGET, **target), Query(ASKED, **(query or {})), Output(Path(), Path("look.html")))
    return key_of(request, replace(LOOKING, **(looking or {})))


@pytest.mark.parametrize(
    "wish",
    [
        {"camera_tz": "Europe/Berlin"},
        {"clock_drift": timedelta(seconds=5)},
        {"query": {"channel": 2}},
        {"query": {"events": ("VideoMotion",)}},
        {"looking": {"every": timedelta(seconds=5)}},
        {"looking": {"most": 7}},
        {"looking": {"ceiling": 250}},
        {"looking": {"line": GetLine("camreel", (), in_real_time=True)}},
    ],
)
def test_what_makes_another_page(wish):
    """Each changes which pictures there are, their times or their commands: the page there is not that of this look."""
    assert key(**wish) != key()
    assert key(**wish) == key(**wish)


def test_how_a_camera_is_reached_makes_no_other_page():
    assert key(username="other", max_concurrent=1) == key()


def name(*tasks: tuple[str, int]) -> str:
    """The name of the page of cameras and channels."""
    wanted = [(replace(TARGET, name=camera), Query(ASKED, channel=channel)) for camera, channel in tasks]
    return look_name(*wanted[0], replace(LOOKING, called=called(wanted)))


def test_a_name_has_room_on_every_disk():
    """File systems count bytes: fourteen Chinese letters have 42. It is known before anything is fetched."""
    for tasks in ([(letter * 14, 1) for letter in "\u524d\u540e\u5de6\u53f3"], [("\u95e8" * 80, 1)]):
        assert len(os.fsencode(name(*tasks))) <= 220
        assert name(*tasks).endswith("_to_18.00.00.html") or len(tasks) == 1
    assert name(("\u95e8" * 80, 1)) != name(("\u95e8" * 81, 1))


def test_other_cameras_or_channels_have_another_name():
    """Also if they are too many to be named."""
    assert name(("a", 1), ("b", 1)).startswith("look_a+b_ch1_2026-01-16_")
    first, second = (name(*[("a", number) for number in range(start, 20)]) for start in (1, 2))
    assert first.startswith("look_a_19-channels-")
    assert name(*[("a", number) for number in [*range(1, 19), 20]]) != first != second
    many = [f"camera-{number}" for number in range(9)]
    assert name(*[(each, 1) for each in many]).startswith("look_9-cameras-")
    assert name(*[(each, 1) for each in many]) != name(*[(each, 1) for each in [*many[:8], "yard"]])


class Full:
    """A process that finds no free space for the sheet."""

    async def __aenter__(self) -> Full:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def sheet(self, _order: SheetOrder) -> None:
        raise DiskError("/x: no free space.")


def test_the_page_does_not_need_the_sheet(monkeypatch):
    """One that cannot be written is said, and the page that was made is kept."""
    monkeypatch.setattr(output, "StillProcess", Full)
    monkeypatch.setattr(output, "find_spec", lambda _name: True)
    said = anyio.run(output._drawn, SheetOrder("/x", (), (), ()))
    assert said == ("There is no contact sheet: /x: no free space.",)


def test_a_page_of_several_that_lacks_a_camera_is_made_again(tmp_path):
    """This camera is not known there. A page of one, or one that lacks nothing, is another look's."""
    page = tmp_path / "look.html"
    for mark, is_shared in (("partial", True), ("partial", False), ("complete", True)):
        page.write_text(f'<meta name="camreel-look" content="{mark} 2 {"a" * 16}">', encoding="utf-8")
        if (mark, is_shared) == ("partial", True):
            assert there_already(Output(tmp_path, page), "b" * 16, is_shared=True) == ()
            continue
        with pytest.raises(UsageError, match="already exists"):
            there_already(Output(tmp_path, page), "b" * 16, is_shared=is_shared)
