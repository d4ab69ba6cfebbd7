"""What lies at the output's place: left alone, already there, or completed. Asked with each ``--if-exists``."""

from __future__ import annotations

import os
import tracemalloc
from dataclasses import replace
from pathlib import Path

import av
import pytest

from camreel.clock import parse_range
from camreel.errors import UsageError
from camreel.model import Address, FileOnDisk, IfExists, MergeRequest, Output, Query, Request, Target
from camreel.output.finalize import already_there
from camreel.planning.fingerprint import COMPLETE, HAS_GAPS, PARTIAL, comment
from camreel.report import report_text

RANGE = parse_range("2026-01-16 08:00:00", "2026-01-16 09:00:00")


def of_camera(folder: Path) -> Request:
    return Request(Target(Address("192.0.2.1", 80), "admin"), Query(RANGE), Output(folder, folder / "out.mp4"))


def of_files(folder: Path) -> MergeRequest:
    return MergeRequest((FileOnDisk(folder / "clip.mp4", 1000, 1),), Output(folder, folder / "out.mp4"))


def made(path: Path, request: Request | MergeRequest, state: str) -> None:
    """Make a small video that says what made it, and how it ended."""
    with av.open(str(path), "w", format="mp4") as film:
        film.metadata["comment"] = comment(request, state)
        stream = film.add_stream("mpeg4", rate=10)
        stream.width, stream.height = 32, 32
        film.mux(stream.encode(av.VideoFrame(32, 32, "yuv420p")))
        film.mux(stream.encode())


def wished(request, if_exists):
    return replace(request, output=replace(request.output, if_exists=if_exists))


@pytest.fixture(params=[of_camera, of_files])
def request_(request, tmp_path):
    return request.param(tmp_path)


@pytest.mark.parametrize("names", [("out.mp4",), ("out-1of2.mp4", "out-2of2.mp4")])
@pytest.mark.parametrize("if_exists", [None, IfExists.SKIP])
@pytest.mark.parametrize("state", [COMPLETE, HAS_GAPS, PARTIAL])
def test_a_partial_video_is_completed_and_a_complete_one_is_there(request_, tmp_path, state, if_exists, names):
    """Also with skip, which the recipe for a NAS sets; one file or numbered ones, from a camera or from clips."""
    for name in names:
        made(tmp_path / name, request_, state)
    there = already_there(wished(request_, if_exists))
    if state == PARTIAL:
        assert there is None
    else:
        assert there is not None
        assert [Path(output.path).name for output in there.outputs] == list(names)
        assert there.found_as == state


@pytest.mark.parametrize("if_exists", [None, IfExists.SKIP])
def test_another_file_is_left_alone(request_, tmp_path, if_exists):
    """Another's, or that of another request; partial numbered ones beside it change nothing."""
    other = replace(request_, output=replace(request_.output, format=type(request_.output.format)("mkv")))
    made(tmp_path / "out.mp4", other, PARTIAL)
    for name in ("out-1of2.mp4", "out-2of2.mp4"):
        made(tmp_path / name, request_, PARTIAL)
    if if_exists is None:
        with pytest.raises(UsageError, match="already exists"):
            already_there(request_)
    else:
        there = already_there(wished(request_, if_exists))
        assert there is not None
        assert (there.found_as, there.exit_code) == (None, 0)
        assert report_text(there).startswith(
            "Already there  a file of this name is there (--if-exists skip), nothing was "
        )


def test_the_most_complete_of_several_sets_counts(request_, tmp_path):
    """A first run made one file of the little it got, a later one two of all: it is there, and is not made again."""
    made(tmp_path / "out.mp4", request_, PARTIAL)
    for name in ("out-1of2.mp4", "out-2of2.mp4"):
        made(tmp_path / name, request_, COMPLETE)
    there = already_there(wished(request_, IfExists.SKIP))
    assert there is not None
    assert (there.found_as, len(there.outputs)) == (COMPLETE, 2)


@pytest.mark.parametrize("state", [COMPLETE, PARTIAL])
def test_fail_means_that_no_file_is_accepted(request_, tmp_path, state):
    made(tmp_path / "out.mp4", request_, state)
    with pytest.raises(UsageError, match="already exists"):
        already_there(wished(request_, IfExists.FAIL))


def _given_away(path: Path) -> None:
    os.chown(path, 65534, 65534)


def _linked(path: Path) -> None:
    path.rename(path.with_name("elsewhere.mp4"))
    path.symlink_to("elsewhere.mp4")


@pytest.mark.parametrize("plant", [_given_away, _linked])
@pytest.mark.parametrize("state", [COMPLETE, PARTIAL])
def test_a_video_that_another_has_put_there_is_not_believed(request_, tmp_path, state, plant):
    """Whoever can write the folder could copy the note of a video into another one."""
    if plant is _given_away and not (hasattr(os, "geteuid") and os.geteuid() == 0):
        pytest.skip("only root can give a file away")
    made(tmp_path / "out.mp4", request_, state)
    plant(tmp_path / "out.mp4")
    with pytest.raises(UsageError, match="not overwritten"):
        already_there(request_)
    skipped = already_there(wished(request_, IfExists.SKIP))
    assert skipped is not None
    assert skipped.found_as is None


@pytest.mark.parametrize(
    "names",
    [
        ("out-1of1.mp4",),
        ("out-1of02.mp4", "out-2of02.mp4"),
        ("out-01of2.mp4", "out-2of2.mp4"),
        ("out-1of2.mp4", "out-01of2.mp4"),
        ("out-1of2.mp4", "out-3of2.mp4"),
        ("out-0of2.mp4", "out-1of2.mp4"),
        ("out-1of100000.mp4",),
    ],
)
@pytest.mark.parametrize("if_exists", [None, IfExists.SKIP, IfExists.FAIL])
def test_names_that_no_set_has_are_none_of_ours(request_, tmp_path, names, if_exists):
    """Whoever can write the folder may put them there: they are in nobody's way."""
    for name in names:
        (tmp_path / name).touch()
    assert already_there(wished(request_, if_exists)) is None


def test_what_counts_to_many_costs_what_is_there(request_, tmp_path):
    """Thousands of empty files, each the first of a set of 99,999: no set is counted out."""
    for count in range(97_000, 100_000):
        (tmp_path / f"out-1of{count}.mp4").touch()
    tracemalloc.start()
    try:
        assert already_there(request_) is None
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 4 << 20  # the numbers of one such set take more
