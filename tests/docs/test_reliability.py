"""Each promise of docs/reliability.md names a test that is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROMISES = [
    line
    for line in (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| ")
]
NAMED = [found[1] for line in PROMISES if (found := re.search(r"\| `(tests/\S+)` \|$", line))]


def test_each_promise_has_its_test():
    """No row of the tables is without one, but for their headings."""
    assert len(NAMED) == len([line for line in PROMISES if line != "| promise | test |"])
    assert len(NAMED) > 30


@pytest.mark.parametrize("name", NAMED)
def test_the_named_test_is_there(name):
    """A file and a function in it, by the names that pytest knows them by."""
    file, _, function = name.partition("::")
    text = (ROOT / file).read_text(encoding="utf-8")
    assert re.search(rf"^(async )?def {function}\(", text, re.MULTILINE)
