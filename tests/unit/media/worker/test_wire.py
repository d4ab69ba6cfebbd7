"""What crosses the process border arrives as it was sent, and nothing else gets through."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camreel.media.worker.messages import ClipFile
from camreel.media.worker.wire import BadMessage, Message, decode, encode
from camreel.model import Span, WallTime

# Paths that are no valid Unicode hold lone surrogates.
texts = st.text(st.characters(exclude_categories=()))
whole = st.integers(-(1 << 62), 1 << 62)
seconds = st.floats(allow_nan=False, allow_infinity=False)
for kind, values in {
    str: texts,
    int: whole,
    float: seconds,
    WallTime: st.datetimes().map(WallTime),
}.items():
    st.register_type_strategy(kind, values)
# Every field of every value, by its type.
messages = st.one_of(*map(st.from_type, get_args(Message)))


@given(messages)
def test_there_and_back(message):
    """Every value arrives as it was, in one line of ASCII."""
    line = encode(message)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert line.isascii()
    assert decode(line) == message


AT = WallTime(datetime(2026, 1, 16, 8))  # noqa: DTZ001 - the clock of a camera
GOOD = {
    "is": "ClipFile",
    "number": 1,
    "path": "/a",
    "span": ["2026-01-16T08:00:00", "2026-01-16T09:00:00"],
    "label": "a",
    "next_start": None,
    "events": [],
    "again": False,
    "is_dated_by_end": False,
    "digest": None,
    "found": None,
}


@pytest.mark.parametrize(
    "change",
    [
        {"number": "1"},
        {"number": 1.0},
        {"number": True},
        {"number": None},
        {"path": None},
        {"path": ["/a"]},
        {"span": "2026"},
        {"span": ["2026-01-16T08:00:00"]},
        {"span": ["2026-01-16T08:00:00", "tomorrow"]},
        {"span": ["2026-01-16T08:00:00+01:00", "2026-01-16T09:00:00"]},
        {"span": [1, 2]},
        {"more": 1},
        {"is": "Span"},
        {"is": ["ClipFile"]},
        {"found": {"device": 1, "inode": 2, "owner": 3, "size": 4}},
    ],
)
def test_wrong_fields(change):
    """A field of the wrong type, one too many, or an unknown type is refused."""
    assert decode(json.dumps(GOOD).encode()) == ClipFile(1, "/a", Span(AT, AT + timedelta(hours=1)), "a")
    with pytest.raises(BadMessage):
        decode(json.dumps(GOOD | change).encode())


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b"\xff",
        b'{"is":"Finish","x":NaN}',
        b"[" * 100_000,
        b" " * (17 << 20),
        b'{"number":1}',
    ],
)
def test_wrong_lines(line):
    """What is not an object of ours is refused, however long or deep."""
    with pytest.raises(BadMessage):
        decode(line)
