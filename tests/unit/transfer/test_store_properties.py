"""Names, waits and figures, for any input."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from camreel.model import Address, Recording, Span, WallTime
from camreel.text import clock_text, duration_text, size_text
from camreel.transfer.retry import Backoff
from camreel.transfer.store import ROOT, Store, suffix_for

times = st.datetimes(datetime(1990, 1, 1), datetime(2199, 12, 31)).map(WallTime)  # noqa: DTZ001
STORE = Store(Path("out"), Address("cam.example", 80))


@given(st.text(st.characters()), times, times, st.none() | st.integers(0, 1 << 50))
def test_any_recording_has_a_safe_name(path, start, end, size):
    """Digits, dots, dashes and a hash: a name on every system, and never a place outside the store."""
    recording = Recording(path, Span(start, end), size)
    name = STORE.part(recording).name
    assert re.fullmatch(r"\d{4}-\d\d-\d\d_\d\d\.\d\d\.\d\d-\d\d\.\d\d\.\d\d_[0-9a-f]{12}\.part", name)
    assert STORE.part(recording).parent == STORE.folder


@given(st.text(), st.integers(1, 65535), st.booleans())
def test_any_host_has_a_folder_in_the_work_folder(host, port, https):
    """One level below the work folder, whatever the host is called."""
    folder = Store(Path("out"), Address(host, port, https)).folder
    assert folder.parent == Path("out") / ROOT
    assert re.fullmatch(r"[A-Za-z0-9._-]+", folder.name)
    assert folder.name.strip(".")


@given(st.binary(max_size=80))
def test_any_bytes_have_a_suffix(head):
    """Only bytes that say so are called mp4 or dav."""
    assert (suffix_for(head) == ".mp4") is (head[4:8] == b"ftyp")
    assert suffix_for(head) in {".mp4", ".dav", ".bin"}


@given(st.integers(1, 40), st.floats(0.1, 10), st.floats(1, 5), st.floats(10, 100))
def test_waits_never_shrink_and_end(attempts, first, factor, longest):
    """Growing, bounded, and None exactly from the last try on."""
    backoff = Backoff(attempts, first, factor, longest)
    waits = [wait for wait in map(backoff.wait_after, range(1, attempts + 3)) if wait is not None]
    assert len(waits) == attempts - 1
    assert waits == sorted(waits)
    assert all(wait <= longest for wait in waits)


@given(st.integers(0, 1 << 60), st.floats(0, 1e9))
def test_figures_are_plain(count, seconds):
    """No powers of ten, no empty text, for any size and time."""
    assert re.fullmatch(r"\d+(\.\d+)? (bytes|kB|MB|GB|TB)", size_text(count))
    assert re.fullmatch(r"\d+(\.\d)? (d|h|min|s)( \d+ (h|min|s))*", duration_text(seconds))
    assert re.fullmatch(r"(\d+:)?\d\d:\d\d", clock_text(seconds))
