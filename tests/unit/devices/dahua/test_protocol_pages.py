"""Bodies that a camera sends: pairs, times, finder ids, and pages of a listing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest

from camreel.devices.dahua.protocol import (
    Page,
    format_time,
    is_error,
    of_channel,
    parse_object,
    parse_page,
    parse_pairs,
    parse_time,
)
from camreel.model import Recording, Span, Stream, WallTime
from camreel.planning.proof import recording_key


def wall(text: str) -> WallTime:
    return WallTime.fromisoformat(text)


CLIP = {
    "Channel": "0",
    "StartTime": "2025-06-01 10:00:00",
    "EndTime": "2025-06-01 10:05:00",
    "FilePath": "/mnt/sd/2025-06-01/001/dav/10/10.00.00-10.05.00[R][0@0][0].mp4",
    "Length": "40000001",
    "VideoStream": "Main",
    "Type": "dav",
}


def body(*items: Mapping[str, str | None], found: object = None, newline: str = "\r\n") -> str:
    """A page with ``items``, each a change to :data:`CLIP`; None takes a key away."""
    lines = [f"found={len(items) if found is None else found}"]
    for index, change in enumerate(items):
        merged = {**CLIP, **change}
        lines += [f"items[{index}].{key}={value}" for key, value in merged.items() if value is not None]
    return newline.join([*lines, ""])


def one(**change: str | None) -> Recording:
    page = parse_page(body(change))
    assert page.problems == ()
    (recording,) = page.recordings
    return recording


@pytest.mark.parametrize("newline", ["\r\n", "\n", "\r\n\r\n"])
def test_pairs_with_any_line_ends(newline):
    """CRLF on the wire, LF in what people paste, blank lines anywhere."""
    assert parse_pairs(newline.join(["a=1", "b=2", ""])) == {"a": "1", "b": "2"}


@pytest.mark.parametrize(
    ("line", "pair"),
    [
        ("a=1", ("a", "1")),
        ("  a  =  1  ", ("a", "1")),
        ("items[0]. StartTime =2025-6-1 1:00:00", ("items[0].StartTime", "2025-6-1 1:00:00")),
        ("a=", ("a", "")),
        ("a= ", ("a", "")),
        ("a=b=c==", ("a", "b=c==")),
        ("=x", ("", "x")),
    ],
)
def test_pairs_with_odd_spacing(line, pair):
    """Blanks round keys, dots and values go; a value may hold = or nothing."""
    assert parse_pairs(line) == dict([pair])


def test_lines_without_an_equals_sign_are_dropped():
    """OK, Error and empty lines are no pairs."""
    assert parse_pairs("OK\r\n\r\nsome text\r\nresult=7") == {"result": "7"}


@pytest.mark.parametrize("separator", ["\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"], ids=ascii)
def test_only_line_ends_of_the_wire_end_a_line(separator):
    """A path with an odd character in it is that path: it is not cut there, and what follows makes no new key."""
    pairs = parse_pairs(f"items[0].FilePath=/mnt/a{separator}items[0].Length=5\r\n")
    assert pairs == {"items[0].FilePath": f"/mnt/a{separator}items[0].Length=5"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025-06-01 10:00:00", "2025-06-01T10:00:00"),
        ("2025-6-1 1:2:3", "2025-06-01T01:02:03"),
        (" 2025-06-01  10:00:00\r", "2025-06-01T10:00:00"),
        ("2025-06-01T10:00:00", "2025-06-01T10:00:00"),
        ("2025-06-01 03:04:05 PM", "2025-06-01T15:04:05"),
        ("2025-06-01 03:04:05 am", "2025-06-01T03:04:05"),
        ("2025-06-01 12:00:00 AM", "2025-06-01T00:00:00"),
        ("2025-06-01 12:00:00PM", "2025-06-01T12:00:00"),
    ],
)
def test_times_of_cameras(text, expected):
    """Padded or not, 24 hours or AM and PM."""
    assert parse_time(text) == wall(expected)


@pytest.mark.parametrize(
    "text",
    ["", "0", "yesterday", "2025-06-01", "2025-13-01 10:00:00", "2025-02-30 10:00:00", "2025-06-01 24:00:00",
     "2025-06-01 10:00:60", "0000-00-00 00:00:00", "0001-01-01 00:00:00", "9999-12-31 23:59:59",
     "2025-06-01 10:00:00 XM", "2025-06-01 10:00:00.5", "-2025-06-01 10:00:00", "٢٠٢٥-06-01 10:00:00",
     "99999999999999-01-01 00:00:00"],
)  # fmt: skip
def test_what_is_no_time_of_a_camera_is_none(text):
    """Nothing is guessed, nothing overflows, nothing raises."""
    assert parse_time(text) is None


def test_search_times_have_whole_seconds_that_lose_nothing():
    """A fraction is answered with 400: a start goes down, an end goes up to the next second."""
    fine = WallTime(datetime(2025, 6, 1, 10, 0, 0, 1))  # noqa: DTZ001
    assert format_time(fine) == "2025-06-01 10:00:00"
    assert format_time(fine, round_up=True) == "2025-06-01 10:00:01"
    assert format_time(wall("2025-06-01T10:00:00"), round_up=True) == "2025-06-01 10:00:00"


@pytest.mark.parametrize(
    "text", ["Error\r\nBad Request!\r\n", "error", "\r\n Error: 5", "ERROR\nAuthorization Failed!"]
)
def test_an_error_page_is_known_in_any_case(text):
    """Devices say Error with status 200 too."""
    assert is_error(text)


@pytest.mark.parametrize("text", ["", "OK\r\n", "result=Error", "Err", "found=0"])
def test_other_answers_are_no_error(text):
    """A value that says Error is no error page."""
    assert not is_error(text)


@pytest.mark.parametrize("finder", ["08137", "3039757640", "18446744073709551616", "a-b_C9"])
def test_finder_ids_are_opaque(finder):
    """Some exceed 2^31, some start with zeros: the text is kept as it is."""
    assert parse_object(f"result={finder}\r\n") == finder


@pytest.mark.parametrize(
    "text", ["", "OK", "result=", "result=a b", "result=1&action=reboot", "result=../x", f"result={'1' * 65}"]
)
def test_an_id_that_could_change_the_next_request_is_none(text):
    """The id goes into a query: nothing but letters, digits, - and _ may be in it."""
    assert parse_object(text) is None


@pytest.mark.parametrize("newline", ["\r\n", "\n"])
def test_a_page_of_recordings(newline):
    """Times, size, stream, channel and tags as listed; the position goes on from the page before."""
    later = {"StartTime": "2025-06-01 10:05:00", "EndTime": "2025-06-01 10:09:00", "FilePath": "/later.mp4",
             "Events[0]": "VideoMotion", "Events[1]": "AlarmLocal", "Flags[0]": "Event"}  # fmt: skip
    page = parse_page(body({}, later, newline=newline), first_position=100)
    assert (page.found, page.problems, page.is_last) == (2, (), False)
    assert page.recordings == (
        Recording(
            path=CLIP["FilePath"],
            span=Span(wall("2025-06-01T10:00:00"), wall("2025-06-01T10:05:00")),
            size=40_000_001,
            channel=0,
            position=100,
            listed_as="dav",
        ),
        Recording(
            path="/later.mp4",
            span=Span(wall("2025-06-01T10:05:00"), wall("2025-06-01T10:09:00")),
            size=40_000_001,
            channel=0,
            events=("VideoMotion", "AlarmLocal"),
            flags=("Event",),
            position=101,
            listed_as="dav",
        ),
    )


def test_the_order_of_keys_means_nothing():
    """Key order differs between firmwares: items are put together by their index."""
    lines = body({}, {"FilePath": "/other.mp4"}).split("\r\n")
    assert parse_page("\r\n".join(reversed(lines))) == parse_page("\r\n".join(lines))


@pytest.mark.parametrize(("found", "count"), [("99", 99), ("0", 0), ("", None), ("-1", None), ("many", None)])
def test_what_is_listed_counts_whatever_found_says(found, count):
    """``found`` may lie, also by saying 0: an item that was sent is never dropped."""
    page = parse_page(body({}, found=found))
    assert (page.found, len(page.recordings), page.is_last) == (count, 1, False)


@pytest.mark.parametrize("text", ["found=0\r\n", "", "found=7\r\n", "OK\r\n", "<html></html>", "Error\r\n"])
def test_a_page_without_items_is_the_last(text):
    """No items: nothing more to ask for, whatever else is said."""
    assert parse_page(text).is_last


def test_a_page_of_unreadable_items_is_not_the_last():
    """Items that do not parse are named, and the pages after them are still asked for."""
    assert not parse_page(body({"StartTime": "?"})).is_last
    assert Page(1, (), ("a problem",)).is_last is False


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"FilePath": None, "StartTime": None}, "without a path"),
        ({"FilePath": "", "StartTime": ""}, "without a path"),
        ({"StartTime": None}, "start time '' is not a time"),
        ({"StartTime": "soon"}, "start time 'soon' is not a time"),
    ],
)
def test_an_item_that_cannot_be_used_is_named(change, words):
    """What does not parse is a problem with words, not a silent hole; its neighbours are not touched."""
    page = parse_page(body(change, {"FilePath": "/good.mp4"}))
    assert [recording.path for recording in page.recordings] == ["/good.mp4"]
    (problem,) = page.problems
    assert words in problem


def test_problems_are_printable():
    """What the camera wrote is shown without its escapes."""
    (problem,) = parse_page(body({"FilePath": "/a\x1b[2J\u202e", "StartTime": "\x1b]0;x\x07"})).problems
    assert problem.isprintable()


@pytest.mark.parametrize(
    ("change", "seconds"),
    [
        ({"EndTime": None}, 0),
        ({"EndTime": None, "Duration": "90"}, 90),
        ({"EndTime": "", "Duration": "90"}, 90),
        ({"EndTime": "?", "Duration": "-5"}, 0),
        ({"EndTime": None, "Duration": "604800"}, 604_800),
        ({"EndTime": None, "Duration": "604801"}, 0),
        ({"EndTime": None, "Duration": "99999999999"}, 0),
        ({"EndTime": None, "Duration": "1000000000000000"}, 0),
        ({"EndTime": "2025-06-01 10:00:00"}, 0),
        ({"EndTime": "2025-06-01 09:00:00"}, 0),
        ({"EndTime": "2025-06-01 10:00:01", "Duration": "90"}, 1),
    ],
)
def test_the_length_of_a_recording(change, seconds):
    """EndTime, else Duration; an end before the start (a clock jump) or a mad duration makes zero seconds."""
    recording = one(**change)
    assert recording.span.end - recording.span.start == timedelta(seconds=seconds)


def test_the_last_time_a_camera_can_say_with_the_longest_duration():
    """The largest values that are accepted, together, do not overflow."""
    recording = one(StartTime="2199-12-31 23:59:59", EndTime=None, Duration="604800")
    assert recording.span.seconds == 604_800


@pytest.mark.parametrize(
    ("text", "size"),
    [("0", 0), ("1", 1), (str(1 << 50), 1 << 50), (str((1 << 50) + 1), None), (str(1 << 63), None),
     ("9" * 400, None), ("-1", None), ("1e9", None), ("12 MB", None), ("", None), (None, None), ("٣", None)],
)  # fmt: skip
def test_sizes_are_counts_or_not_said(text, size):
    """Negative, absurd or worded sizes are as if the camera had not said any."""
    assert one(Length=text).size == size


@pytest.mark.parametrize(
    ("text", "stream"),
    [("Main", Stream.MAIN), (None, Stream.MAIN), ("", Stream.MAIN), ("Extra1", Stream.SUB), ("extra2", Stream.SUB)],
)
def test_streams(text, stream):
    """Extra1 to Extra3 are the sub stream; a camera that says nothing lists the main stream."""
    assert one(VideoStream=text).stream is stream


@pytest.mark.parametrize(
    ("change", "writing"),
    [({}, False), ({"FilePath": "/nas/10.00.00-10.00.00[R][0@0][0].mp4_"}, True), ({"FileState": "Temporary"}, True),
     ({"FileState": ""}, False), ({"FilePath": "/a_b.mp4"}, False)],
)  # fmt: skip
def test_files_that_are_still_open(change, writing):
    """A name that ends in _ or FileState=Temporary marks a file the camera has not closed."""
    assert one(**change).writing is writing


def test_deep_keys_do_no_harm():
    """Summaries nest deep and say nothing: they are not mistaken for an item's own keys."""
    recording = one(**{"Summary.TrafficCar.PlateNumber": " ", "SummaryNew[0].Value.StartTime": "x"})
    assert recording == one()


def test_indices_beyond_reason_are_ignored():
    """An index of seven digits is no item; nothing is allocated for it."""
    assert parse_page("items[9999999].FilePath=/a\r\nitems[-1].FilePath=/b\r\n").recordings == ()


def listed(*channels: int | None) -> list[Recording]:
    span = Span(wall("2025-06-01T10:00:00"), wall("2025-06-01T10:05:00"))
    return [Recording(f"/{place}.mp4", span, channel=channel) for place, channel in enumerate(channels)]


@pytest.mark.parametrize(
    ("channels", "asked", "kept"),
    [
        ((0, 0), 1, [0, 1]),
        ((1, 1), 1, [0, 1]),
        ((7, 7), 1, [0, 1]),
        ((None, None), 1, [0, 1]),
        ((0, 1, 0), 1, [0, 2]),
        ((0, 1, 0), 2, [1]),
        ((1, 2), 1, [0]),
        ((0, 1, None), 1, [0, 2]),
        ((0, 1), 0, [0]),
        ((), 1, []),
    ],
    ids=["0-based", "1-based", "any one", "not said", "mixed", "mixed, second", "mixed from 1", "some not said",
         "asked for 0", "none"],
)  # fmt: skip
def test_channels(channels, asked, kept):
    """Asked from 1, answered from 0 on most devices: the answer's number only parts channels that come mixed."""
    recordings = listed(*channels)
    mine, others, _doubt = of_channel(iter(recordings), asked)
    assert mine == [recordings[place] for place in kept]
    assert len(mine) + len(others) == len(recordings)


def test_a_channel_that_was_not_asked_for_is_doubted():
    """An answer with another channel's number is used, but never without a word."""
    assert of_channel(listed(2), 3)[2] is None
    assert of_channel(listed(3), 3)[2] is None
    assert "calls what it lists channel 0" in (of_channel(listed(0), 3)[2] or "")


def test_the_path_is_a_second_witness_of_the_channel():
    """A device that counts from 1 in its answers too is known by the folder ``/002/``."""
    one = Recording("/mnt/sd/2025-06-01/001/dav/a.mp4", Span(wall("2025-06-01"), wall("2025-06-01")), channel=1)
    two = Recording("/mnt/sd/2025-06-01/002/dav/b.mp4", Span(wall("2025-06-01"), wall("2025-06-01")), channel=2)
    assert of_channel([one, two], 2)[0] == [two]


def test_streams_without_paths_are_told_apart():
    """They are of the same times: under one name, one of them would be taken for the other."""
    twins = ({"FilePath": None}, {"FilePath": None, "VideoStream": "Extra1"})
    main, sub = parse_page(body(*twins)).recordings
    assert (main.stream, sub.stream) == (Stream.MAIN, Stream.SUB)
    assert recording_key(main) != recording_key(sub)


def test_recordings_share_what_is_the_same():
    """A list may have 100,000: what is said of all of them, and a time at which two meet, is one value."""
    first = {"StartTime": "2025-06-01 10:00:00", "EndTime": "2025-06-01 10:05:00"}
    second = {"StartTime": "2025-06-01 10:05:00", "EndTime": "2025-06-01 10:10:00"}
    said = {"Events[0]": "VideoMotion", "Events[1]": "\x1b[31m", "Flags[0]": "Event", "Flags[1]": "x" * 200}
    (one,), (other,) = (parse_page(body({**times, **said})).recordings for times in (first, second))
    assert one.events == ("VideoMotion", "\ufffd[31m")
    assert one.flags == ("Event", "x" * 60 + "…")
    assert one.events is other.events
    assert one.flags is other.flags
    assert one.listed_as is other.listed_as
    assert one.span.end is other.span.start
