"""What a camera says, for anything it may say: nothing raises, and nothing gets out of its bounds."""

from __future__ import annotations

import re
from datetime import datetime
from urllib.parse import unquote

from hypothesis import given, settings
from hypothesis import strategies as st

from camreel.devices.dahua.protocol import (
    Page,
    cgi_target,
    format_time,
    is_error,
    loadfile_target,
    of_channel,
    parse_object,
    parse_page,
    parse_pairs,
    parse_time,
)
from camreel.devices.http_errors import from_status, login_problem
from camreel.errors import printable
from camreel.model import Address, Recording, Stream, WallTime
from camreel.planning.plan import plan_export

STEERS = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
PREFIX = "/cgi-bin/RPC_Loadfile"
times = st.datetimes(datetime(1990, 1, 1), datetime(2199, 12, 31, 23, 59, 59)).map(  # noqa: DTZ001
    lambda moment: WallTime(moment.replace(microsecond=0))
)
numbers = st.one_of(st.integers(-5, 1 << 70).map(str), st.sampled_from(["0", "65536", "9" * 15, "9" * 16, "1e9"]))
values = st.one_of(st.text(max_size=20), numbers, times.map(str), st.sampled_from(["Extra1", "Temporary", "/a.mp4_"]))
keys = st.sampled_from(
    ["Channel", "StartTime", "EndTime", "FilePath", "Length", "Duration", "VideoStream", "FileState", "Events[0]", ""]
)
lines = st.one_of(
    st.builds("items[{}].{}={}".format, st.integers(-1, 3), keys, values),
    st.builds("items[0].{}={}".format, keys, values),
    st.builds("found={}".format, values),
    st.text(max_size=20),
)
# A full item first, so that the lines that follow spoil one that was good.
good = ["found=1", "items[0].FilePath=/a.mp4", "items[0].StartTime=2025-06-01 10:00:00"]
bodies = st.one_of(
    st.text(),
    st.builds(
        lambda start, rest, newline: newline.join([*start, *rest]),
        st.sampled_from([[], good]),
        st.lists(lines, max_size=12),
        st.sampled_from(["\r\n", "\n", "\r"]),
    ),
)


@settings(max_examples=100)
@given(bodies, st.integers(0, 1_000_000))
def test_any_page_is_understood_or_named(text, first):
    """No body raises; what becomes a recording is within bounds; what does not has words that can be shown."""
    page = parse_page(text, first)
    assert isinstance(page, Page)
    for recording in page.recordings:
        assert recording.path
        assert recording.span.start <= recording.span.end
        assert recording.size is None or 0 <= recording.size <= 1 << 50
        assert recording.position >= first
    assert not any(STEERS.search(problem) for problem in page.problems)
    assert page.is_last is not bool(page.recordings or page.problems)


@given(bodies)
def test_any_page_can_be_planned(text):
    """What a camera lists goes through the next step whatever it is, and none of it vanishes there."""
    page = parse_page(text)
    mine, others, _doubt = of_channel(page.recordings, 1)
    assert len(mine) + len(others) == len(page.recordings)
    span = Recording("/x", parse_page("\n".join(good)).recordings[0].span).span
    plan = plan_export(mine, span, Stream.MAIN)
    assert len(plan.recordings) + len(plan.writing) + sum(n for _, n in plan.left_out) == len(mine)


@given(bodies)
def test_pairs_of_any_text(text):
    """Keys have no blanks, values no line ends or outer blanks."""
    for key, value in parse_pairs(text).items():
        assert key == "".join(key.split())
        assert value == value.strip()
        assert not re.search(r"[\r\n]", value)


@given(st.one_of(st.text(), values, times.map(str)))
def test_any_time_is_a_time_or_none(text):
    """No text raises; what is a time reads the same when it is written again."""
    found = parse_time(text)
    assert found is None or parse_time(str(found)) == found


@given(times)
def test_times_come_back_as_they_went(wall):
    """A time of a search, sent back in an answer, is the same time."""
    assert parse_time(format_time(wall)) == wall == parse_time(format_time(wall, round_up=True))


@given(
    st.one_of(
        st.text(), st.text().map("result={}".format), st.text("0123456789abc-_", min_size=1).map("result={}".format)
    )
)
def test_any_finder_id_is_safe_in_a_query(text):
    """An id is letters, digits, - and _ or it is none: it cannot add to the query it goes into."""
    found = parse_object(text)
    assert found is None or re.fullmatch(r"[A-Za-z0-9_-]{1,64}", found)
    assert is_error(text) in {True, False}


paths = st.one_of(st.text(), st.text().map("/{}".format), st.text("/.%#? \\[]@\r\x00a", max_size=30).map("/{}".format))


@settings(max_examples=100)
@given(paths)
def test_any_path_stays_in_the_one_endpoint(path):
    """The target begins with the endpoint, is plain ASCII without blanks, # or ?, and means that path."""
    try:
        target = loadfile_target(path)
    except ValueError:
        return
    assert target.startswith(f"{PREFIX}/")
    assert re.fullmatch(r"[!-~]+", target)
    assert not set('#?+\\"<>') & set(target)
    assert unquote(target.removeprefix(PREFIX)) == (path if path.startswith("/") else f"/{path}")
    assert not {".", ".."} & set(path.split("/"))


@given(st.dictionaries(st.from_regex(r"[a-z]{1,5}(__[A-Z])?", fullmatch=True), st.text(max_size=20), min_size=1))
def test_any_value_stays_in_its_parameter(parameters):
    """However odd, a value comes out as one parameter, with nothing added and no + for a space."""
    try:
        target = cgi_target("x", **parameters)
    except ValueError:
        return
    assert re.fullmatch(r"[!-~]+", target)
    assert "+" not in target
    pairs = [pair.split("=") for pair in target.removeprefix("/cgi-bin/x.cgi?").split("&")]
    assert {key: unquote(value) for key, value in pairs} == {
        key.replace("__", "."): value for key, value in parameters.items()
    }


@given(st.text(), st.integers(0, 50))
def test_any_text_is_printable_and_bounded(text, limit):
    """One line, nothing that steers a terminal, no longer than asked (and a mark where it was cut)."""
    shown = printable(text, limit)
    assert len(shown) <= limit + 1
    assert not STEERS.search(shown)
    assert printable(shown, limit + 1) == shown


@given(st.integers(100, 599), st.one_of(st.binary(), st.text().map(str.encode)), st.none() | st.text())
def test_any_answer_has_words(status, body, location):
    """Whatever a camera answers, the error is one printable line of bounded length."""
    address = Address("cam.example", 80)
    found = from_status(address, status, body, location=location)
    assert str(found)
    assert len(str(found)) < 300
    assert not STEERS.search(str(found))
    lock = login_problem(address, status, body, proven=True)
    assert lock is None or status == 403
