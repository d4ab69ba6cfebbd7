"""SECURITY.md promises what a test holds, and docs/reference/requests.md names every endpoint."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from tests.system.hostile.conftest import ENDPOINTS

ROOT = Path(__file__).parents[2]
SECURITY = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
REQUESTS = (ROOT / "docs" / "reference" / "requests.md").read_text(encoding="utf-8")
ROWS = [row for row in SECURITY.splitlines() if row.startswith("| ") and "tests/" in row]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip()[:50])
def test_each_promise_has_its_test(row: str) -> None:
    """The tests that are named are there."""
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", row)
    assert len(named) == row.count("tests/")
    for file, name in named:
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        assert name in {node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))}


def test_the_table_is_read() -> None:
    """It has rows, and README leads to it."""
    assert len(ROWS) > 15
    assert "(SECURITY.md)" in README


PARAMETERS = {"action", "object", "count", "condition", "channel", "Channel", "subtype"}
PARAMETERS |= {"startTime", "StartTime", "endTime", "EndTime"}


def test_the_endpoints_are_those_that_are_documented() -> None:
    """What hostile cameras are held to (:data:`ENDPOINTS`) is what requests.md says that a camera is asked."""
    words = set(re.findall(r"[A-Za-z_]{5,}", ENDPOINTS.pattern)) - PARAMETERS
    assert {"magicBox", "loadfile", "RPC_Loadfile", "getSystemInfo", "findNextFile", "ChannelTitle"} <= words
    missing = [word for word in words if word not in REQUESTS]
    assert not missing
