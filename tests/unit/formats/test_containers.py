"""The table of containers: one row each, and nobody else asks for a format by its name."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import camreel
from camreel.formats.containers import DEFAULT_FORMAT, OutputFormat, format_of_suffix, names
from camreel.media.comment import read_comment

SOURCE = Path(camreel.__file__).parent
TABLE = SOURCE / "formats" / "containers.py"
NAMES = {*map(str.lower, OutputFormat.__members__), *(each.container.muxer for each in OutputFormat)}


def compared_names(tree: ast.AST) -> list[int]:
    """The lines that name a member of the table, or compare something with a format's name."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "OutputFormat":
            found += [node.lineno] if node.attr in OutputFormat.__members__ else []
        if isinstance(node, ast.Compare | ast.Dict | ast.MatchValue):
            inner = node.keys if isinstance(node, ast.Dict) else ast.walk(node)
            found += [node.lineno for each in inner if isinstance(each, ast.Constant) and each.value in NAMES]
    return found


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        ("if job.format is OutputFormat.AVI:\n    pass", [1]),
        ("x = {OutputFormat.MP4: 1}", [1]),
        ("x = 1\ny = form.value == 'mkv'", [2]),
        ("y = demuxer in {'matroska'}", [1]),
        ("x = {'mov': 1}", [1]),
        ("x = OutputFormat('mkv').container.muxer", []),
        ("x = each.container.has_index", []),
    ],
)
def test_the_search_for_names_finds_them(code, lines):
    assert compared_names(ast.parse(code)) == lines


def test_no_module_outside_the_table_asks_for_a_container_by_its_name():
    """To fix: ask for an attribute of the row, and add one to `Container` if there is none."""
    wrong = [
        f"{path.relative_to(SOURCE)}:{line}"
        for path in sorted(SOURCE.rglob("*.py"))
        if path != TABLE
        for line in compared_names(ast.parse(path.read_text()))
    ]
    assert wrong == []


def test_each_suffix_belongs_to_one_row_and_names_of_files_end_in_the_value():
    suffixes = [suffix for each in OutputFormat for suffix in each.container.suffixes]
    assert len(set(suffixes)) == len(suffixes)
    for each in OutputFormat:
        assert each.value in each.container.suffixes
        assert OutputFormat(each.value) is each
        assert [format_of_suffix(suffix.upper()) for suffix in each.container.suffixes] == [each] * len(
            each.container.suffixes
        )
    assert format_of_suffix("dav") is None


def test_rows_agree_with_themselves():
    for each in OutputFormat:
        row = each.container
        assert row.video
        assert {row.sound_fallback} <= row.sound, "other sound must be made into what it holds"
        assert row.has_timestamps or not row.subtitles, "subtitles need times"


def test_names_are_a_list_in_a_sentence():
    assert names() == "mp4, mkv, mov or avi"
    assert names(lambda row: row.faststart, last=" and ") == "mp4 and mov"
    assert names(lambda row: row.has_own_writer) == DEFAULT_FORMAT.value == "mp4"
    assert names(lambda row: "theora" in row.video) == "none"


@pytest.mark.parametrize("output_format", OutputFormat)
def test_a_file_is_known_by_its_first_bytes(output_format, tmp_path):
    row = output_format.container
    at, magic = row.magic
    assert row.begins(bytes(at) + magic)
    assert not row.begins(bytes(32))
    (tmp_path / "broken").write_bytes(bytes(at) + magic)
    assert read_comment(str(tmp_path / "broken")) is None
