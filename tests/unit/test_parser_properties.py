"""Every parser, on garbage that looks like what it reads: the documented error or a value, and soon."""

from __future__ import annotations

import json
import struct
import tempfile
from contextlib import suppress
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import IS_SOAK

from camreel.clock import parse_moment, parse_range
from camreel.clock.parse import parse_length
from camreel.devices.address import https_instead
from camreel.devices.dahua.protocol import parse_page, parse_pairs, parse_titles, parse_zone_facts
from camreel.devices.http_errors import login_problem
from camreel.errors import LoginError, UsageError
from camreel.formats import dhav
from camreel.formats.nal import BadParameters, length_prefixed, read_parameters
from camreel.media.worker.messages import Failed
from camreel.media.worker.wire import BadMessage, decode, encode
from camreel.model import Address, Recording, Span
from camreel.transfer.download import unwrap
from camreel.transfer.store import Store

digits = st.text("0123456789", max_size=6)
times = st.one_of(
    st.text(max_size=30),
    st.builds(
        "{}-{}-{}{}{}:{}:{}{}".format,
        digits,
        digits,
        digits,
        st.sampled_from("T \t_"),
        digits,
        digits,
        digits,
        st.sampled_from(["", "Z", "+99:99", "-00", ".5", ".", "PM", "\0"]),
    ),
    st.sampled_from(
        ["now", "today", "yesterday 25:00", "9999-12-31T23:59:59Z", "0000-01-01 00:00", "1970-01-01 00:00+14:00"]
    ),
)


@settings(max_examples=150)
@given(times, times)
def test_any_typed_time_is_one_or_a_usage_error(start, end):
    """Whatever is typed; one sentence says what is wrong with it."""
    for parse in (lambda: parse_moment(start), lambda: parse_range(start, end), lambda: parse_length(start, "--last")):
        try:
            parse()
        except UsageError:
            continue


keys = st.sampled_from(
    [
        "NTP.TimeZone",
        "NTP.TimeZoneDesc",
        "Locales.DSTEnable",
        "Locales.DSTStart.Month",
        "Locales.DSTStart.Week",
        "Locales.DSTStart.Day",
        "Locales.DSTEnd.Month",
        "Locales.DSTEnd.Hour",
        "ChannelTitle[0].Name",
        "ChannelTitle[99999].Name",
    ]
)
tables = st.lists(st.builds("table.{}={}".format, keys, st.one_of(digits, st.text(max_size=10), st.just("true")))).map(
    "\n".join
)


@given(tables, tables)
def test_any_settings_are_read_or_not(ntp, locales):
    """What cannot be is as if it were not said."""
    facts = parse_zone_facts(ntp, locales)
    assert facts.summer is None or facts.has_rule
    assert all(len(title) <= 61 for title in parse_titles(ntp).values())


@given(
    st.one_of(
        st.text(),
        st.builds(
            "{}://{}{}".format,
            st.sampled_from(["https", "HTTPS", "http", "ftp"]),
            st.sampled_from(["cam", "CAM", "other", "[::", "cam:99999", "a@cam", "cam@other"]),
            st.text(max_size=8),
        ),
    )
)
def test_any_redirect_leads_to_the_same_host_or_nowhere(location):
    """Only ever from http to https, on the host that was named."""
    there = https_instead(Address("cam", 80), location)
    assert there is None or (there.host == "cam" and there.https)
    assert https_instead(Address("cam", 443, https=True), location) is None


numbers = st.one_of(st.integers(-(2**70), 2**70), st.floats(), st.none(), st.text(max_size=5))
documents = st.recursive(
    numbers,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["is", "kind", "message", "hint", "number", "wall", "RmLock", "ErrorCode"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@settings(max_examples=300 if IS_SOAK else 60)
@given(st.one_of(documents.map(json.dumps).map(str.encode), st.binary(max_size=80), st.just(b"[" * 100_000)))
def test_any_line_is_a_message_or_a_bad_one(line):
    """Between the processes; and the same bytes as the body of a refusal."""
    with suppress(BadMessage):
        message = decode(line)
        assert decode(encode(message)) == message
    for status in (200, 401, 403, 500):
        assert isinstance(login_problem(Address("cam", 80), status, line, proven=True), LoginError | None)


@given(st.text(max_size=300), st.text(max_size=50) | st.none())
def test_any_failure_crosses_the_border(message, hint):
    """Whatever its words are."""
    assert decode(encode(Failed("merge", message, hint))) == Failed("merge", message, hint)


configurations = st.one_of(
    st.binary(max_size=60),
    st.builds(
        lambda head, count, sets: b"\1" + head + bytes([count]) + sets,
        st.binary(min_size=4, max_size=4),
        st.integers(0, 255),
        st.binary(max_size=60),
    ),
    st.builds(lambda head, arrays: b"\1" + head + arrays, st.binary(min_size=21, max_size=21), st.binary(max_size=60)),
)


@settings(max_examples=150)
@given(st.sampled_from(["h264", "hevc"]), configurations, st.binary(max_size=100))
def test_any_configuration_is_read_or_bad(codec, data, picture):
    """avcC and hvcC, and pictures with them: nothing grows beyond what was given."""
    try:
        parameters = read_parameters(codec, data)
    except BadParameters:
        return
    assert len(parameters.sets) <= 4 * len(data)
    at = parameters.place_for_sets(memoryview(picture))
    assert len(parameters.with_sets(picture, at)) == len(picture) + (at is not None) * len(parameters.sets)
    assert at is None or 0 <= at <= len(picture)
    assert parameters.refreshes(memoryview(picture)) in {True, False}
    assert len(length_prefixed(picture)) <= 2 * len(picture)


frames = st.builds(
    lambda kind, length, date, counter, extra, data: (
        struct.pack("<4sBBBBIIIHBB", b"DHAV", kind, 0, 0, 0, 0, length, date, counter, extra, 0)
        + data
        + struct.pack("<4sI", b"dhav", length)
    ),
    st.sampled_from([0xFD, 0xFC, 0xF0, 0xF1, 0x00]),
    st.sampled_from([0, 24, 32, 40, 2**31, 2**32 - 1]),
    st.integers(0, 2**32 - 1),
    st.integers(0, 65535),
    st.sampled_from([0, 4, 8, 255]),
    st.binary(max_size=12),
)


@settings(max_examples=200 if IS_SOAK else 40)
@given(st.lists(st.one_of(frames, st.binary(max_size=30)), max_size=20).map(b"".join))
def test_any_frames_are_a_summary_or_no_dhav(data):
    """Structured garbage: lengths and dates of all sizes."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "a.dav")
        file.write_bytes(data)
        with suppress(dhav.NotDhav):
            found = dhav.summary(file)
            assert 0 <= found.offset < found.end <= len(data)
            assert found.first <= found.last
        head = unwrap(file)
        assert len(head) <= 64
        assert file.stat().st_size <= len(data)


@given(st.text(), st.integers(0, 1 << 60) | st.none(), st.text(max_size=40))
def test_any_recording_has_a_harmless_name(path, size, host):
    """Of our own making, in the folder of its camera, for any path and any host."""
    span = parse_page("items[0].FilePath=/a\nitems[0].StartTime=2026-01-16 08:00:00").recordings[0].span
    store = Store(Path("/out"), Address(host, 80))
    part = store.part(Recording(path, Span(span.start, span.end), size))
    assert part.parent.parent == Path("/out/.amcrest_download")
    assert part.parent.name not in {"", ".", ".."}
    assert set(part.name) <= set("0123456789abcdef-_.part")


@given(
    st.lists(
        st.sampled_from(
            [
                "items[0]",
                "items[00]",
                "items [0]",
                ".",
                " ",
                "\t",
                "\u2003",
                "FilePath",
                "=",
                "/a",
                "\r",
                "\n",
                "found",
                "2026-01-16 08:00:00",
                "StartTime",
            ]
        ),
        max_size=40,
    ).map("".join)
)
def test_a_page_is_read_as_its_pairs(text):
    """The quick way through a page finds what the plain one does."""
    pairs = parse_pairs(text)
    page = parse_page(text)
    paths = {value for key, value in pairs.items() if key in {"items[0].FilePath", "items[00].FilePath"}}
    assert {recording.path for recording in page.recordings} <= paths
