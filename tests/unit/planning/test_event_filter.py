"""Only recordings with certain events: words, the choice, what is not wanted, what is undecided."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camreel.errors import UsageError
from camreel.model import Recording, Span, Stream, WallTime
from camreel.planning.account import uncovered
from camreel.planning.event_filter import (
    event_text,
    event_word,
    events_of,
    has_event,
    not_wanted,
    parse_events,
    unlabelled,
)
from camreel.planning.plan import WITHOUT_EVENTS, plan_export

START = WallTime(datetime(2026, 1, 16, 8))  # noqa: DTZ001 - by the camera's clock
NO_TIME = timedelta(0)


def span(start: float, end: float) -> Span:
    return Span(START + timedelta(seconds=start), START + timedelta(seconds=end))


def recorded(start: float, end: float, *events: str, **settings: object) -> Recording:
    fields = {"path": f"/{start}-{end}.mp4", "span": span(start, end), "events": events, **settings}
    return Recording(**fields)  # type: ignore[arg-type]


HOUR = [recorded(m, m + 60, *(["VideoMotion"] if m in {600, 1200} else [])) for m in range(0, 3600, 60)]
ALL = span(0, 3600)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("motion", ("motion",)),
        ("Motion, alarm,motion", ("alarm", "motion")),
        ("VideoMotion videoblind", ("lens-covered", "motion")),
        ("people,car", ("person", "vehicle")),
        ("human", ("person",)),
        ("humans", ("person",)),
        ("vehicles", ("vehicle",)),
        ("line_crossed", ("line-crossed",)),
        ("TrafficJunction", ("TrafficJunction",)),
        ("AlarmIPC", ("alarm",)),
    ],
)
def test_words_and_the_cameras_own_names(text: str, words: tuple[str, ...]) -> None:
    """Both are understood, each event is there once."""
    assert parse_events(text) == words


WORDS = {
    "VideoMotion": "motion",
    "AlarmLocal": "alarm",
    "AlarmIPC": "alarm",
    "VideoBlind": "lens-covered",
    "VideoLoss": "picture-lost",
    "CrossLineDetection": "line-crossed",
    "CrossRegionDetection": "area-entered",
    "SmartMotionHuman": "person",
    "SmartMotionVehicle": "vehicle",
    "LeftDetection": "object-left",
    "TakenAwayDetection": "object-taken",
    "AudioMutation": "sound",
    "FaceDetection": "face",
}


def test_each_code_of_the_firmware_has_its_word() -> None:
    """To type, and to read; another code is shown as it came, and is a word itself."""
    for code, word in WORDS.items():
        assert event_word(code) == word
        assert event_text(code) == word.replace("-", " ")
        assert parse_events(code) == parse_events(word) == (word,)
    assert event_word("TrafficJunction") == event_text("TrafficJunction") == "TrafficJunction"
    assert event_text("x" * 50) == event_word("x" * 50) == "x" * 40 + "…"


@pytest.mark.parametrize(("text", "said"), [("moton", "Did you mean motion?"), ("", "is empty"), ("xyzzy", "no event")])
def test_what_is_no_event(text: str, said: str) -> None:
    """Named, with what comes near and what there is."""
    with pytest.raises(UsageError) as caught:
        parse_events(text)
    assert said in str(caught.value)
    assert "motion, alarm" in str(caught.value.hint)


def test_the_tag_in_the_name_counts_where_no_event_is_listed() -> None:
    """Old firmware; what is listed goes before it."""
    name = "/mnt/sd/2026-01-16/001/dav/08/08.00.00-08.00.40[M][0@0][0].mp4"
    assert events_of(recorded(0, 1, path=name)) == {"motion"}
    assert events_of(recorded(0, 1, "AlarmLocal", path=name)) == {"alarm"}
    assert events_of(recorded(0, 1, path=name.replace("[M]", "[R]"))) == frozenset()


def test_what_has_no_such_event_is_not_wanted_and_no_gap() -> None:
    """Two of sixty; without a pad nothing is cut."""
    chosen = not_wanted(HOUR, ALL, Stream.MAIN, ["motion"], pad=NO_TIME, settled=None)
    assert chosen.spans == (span(0, 600), span(660, 1200), span(1260, 3600))
    assert chosen.cut == ()
    plan = plan_export(HOUR, ALL, Stream.MAIN, unwanted=chosen.spans, is_wanted=lambda one: has_event(one, ["motion"]))
    assert [one.span for one in plan.recordings] == [span(600, 660), span(1200, 1260)]
    assert plan.gaps == ()
    assert plan.left_out == ((WITHOUT_EVENTS, 58),)


def test_the_pad_is_of_what_was_recorded() -> None:
    """So much of the neighbours, and nothing where there is none: that is no gap either."""
    listing = [recorded(540, 600), recorded(600, 660, "VideoMotion"), recorded(700, 760)]
    chosen = not_wanted(listing, span(500, 800), Stream.MAIN, ["motion"], pad=timedelta(seconds=50), settled=None)
    assert chosen.spans == (span(500, 550), span(660, 700), span(710, 800))
    assert chosen.cut == (span(500, 550), span(710, 800))
    plan = plan_export(listing, span(500, 800), Stream.MAIN, chosen.cut, unwanted=chosen.spans)
    assert len(plan.recordings) == 3
    assert plan.gaps == ()


def test_what_is_undecided_stays_in_the_account() -> None:
    """What the camera is still writing, and where it may still list more: there may be an event yet."""
    listing = [recorded(0, 60), recorded(60, 90, writing=True)]
    assert not_wanted(listing, span(0, 300), Stream.MAIN, ["motion"], pad=NO_TIME, settled=None).spans == (span(0, 60),)
    settled = START + timedelta(seconds=200)
    late = not_wanted(listing[:1], span(0, 300), Stream.MAIN, ["motion"], pad=NO_TIME, settled=settled)
    assert late.spans == (span(0, 200),)


def test_what_no_recording_is_labelled_is_said() -> None:
    """With what they are labelled, and what that means for people and vehicles."""
    assert unlabelled(HOUR, Stream.MAIN, ["motion"]) == ()
    assert unlabelled([], Stream.MAIN, ["person"]) == ()
    (said,) = unlabelled(HOUR, Stream.MAIN, ["motion", "person"])
    assert "60 recordings in the range, and none is labelled person: they are labelled motion (2)." in said
    assert "Most cameras do not label people or vehicles" in said
    for event in ("person", "vehicle"):
        assert "Most cameras do not label" in unlabelled(HOUR, Stream.MAIN, [event])[0]
    (said,) = unlabelled(HOUR, Stream.MAIN, ["person", "vehicle", "alarm"])
    assert "none is labelled person, vehicle or alarm: " in said
    (said,) = unlabelled(HOUR, Stream.MAIN, ["alarm"])
    assert "people" not in said


@given(
    st.lists(st.tuples(st.integers(0, 500), st.integers(0, 60), st.booleans()), max_size=20),
    st.integers(0, 90),
)
def test_each_second_is_wanted_or_not(listed: list[tuple[int, int, bool]], pad: int) -> None:
    """What is wanted is just what was recorded within the pad of an event."""
    listing = [recorded(a, a + b, *(["VideoMotion"] if hit else [])) for a, b, hit in listed]
    whole = span(0, 500)
    chosen = not_wanted(listing, whole, Stream.MAIN, ["motion"], pad=timedelta(seconds=pad), settled=None)
    wanted = uncovered(whole, chosen.spans, NO_TIME)
    for second in range(0, 500, 7):
        at = START + timedelta(seconds=second, milliseconds=500)
        near = any(h and a - pad <= second < max(a + b, a + 1) + pad for a, b, h in listed)
        was = any(a <= second < max(a + b, a + 1) for a, b, _ in listed)
        assert any(part.start <= at < part.end for part in wanted) == (near and was)
