"""What in a folder of a store is ours, by its name."""

from __future__ import annotations

import pytest

from camreel.transfer.folder import is_clip, is_file_of_ours, open_folder

STEM = "2026-01-16_08.00.00-08.01.00_0123456789ab"


@pytest.mark.parametrize(
    ("name", "clip", "ours"),
    [
        (f"{STEM}.mp4", True, True),
        (f"{STEM}.dav", True, True),
        (f"{STEM}.bin", True, True),
        (f"{STEM}.unusable.mp4", True, True),
        (f"{STEM}.part", False, True),
        (f"{STEM}.about.part", False, True),
        ("0123456789ab.job", False, True),
        (f"{STEM}.txt", False, False),
        (f"{STEM}.mp4.txt", False, False),
        (f"x{STEM}.mp4", False, False),
        (f"{STEM}xmp4", False, False),
        (f"{STEM}.unusable.part", False, False),
        ("0123456789ab.jobs", False, False),
        ("0123456789aB.job", False, False),
        ("holiday.mp4", False, False),
    ],
)
def test_files_of_ours_have_names_of_their_own(name, clip, ours):
    assert (is_clip(name), is_file_of_ours(name)) == (clip, ours)


@pytest.mark.parametrize(
    ("name", "files", "is_scratch"),
    [
        ("timelapse-abcd_123", [], True),
        ("timelapse-abcd_123", ["0.mp4", "123456789.dav"], True),
        ("timelapse-abcd_123", ["1.mp4", "notes.txt"], False),
        ("timelapse-abcd_123", ["1234567890.mp4"], False),
        ("timelapse-abcd_123", ["1.mp4x"], False),
        ("timelapse-abcd_1234", ["1.mp4"], False),
        ("timelapse-ABCD_123", ["1.mp4"], False),
        ("other-abcd_123", ["1.mp4"], False),
    ],
)
def test_the_folder_of_a_timelapse_goes_with_its_clips_alone(tmp_path, name, files, is_scratch):
    (tmp_path / name).mkdir()
    for file in files:
        (tmp_path / name / file).touch()
    with open_folder(tmp_path) as folder:
        assert folder is not None
        assert folder.is_scratch(name) is is_scratch
        assert not folder.is_scratch("timelapse-missing1")
        folder.remove_scratch("timelapse-missing1")
        if is_scratch:
            folder.remove_scratch(name)
            assert folder.names() == []
            return
        folder.remove_scratch(name)
        left = [file for file in files if file != "1.mp4"]
        assert folder.names() == ([name] if left else [])
        assert not left or sorted(path.name for path in (tmp_path / name).iterdir()) == left


def test_what_is_no_folder_is_not_opened(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path)
    for name in ("missing", "file", "link"):
        with open_folder(tmp_path / name) as folder:
            assert folder is None
    with open_folder(tmp_path) as folder:
        assert folder is not None
        assert folder.find("missing") is None
        assert folder.find("file") is not None
        for name in ("missing", "file", "link"):
            with folder.open(name) as inner:
                assert inner is None
        folder.remove("missing")
        folder.remove("link")
        folder.remove("file")
        assert folder.names() == []
