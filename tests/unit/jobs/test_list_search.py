"""The proof of a list, against the simulated camera's search without a network: cards and firmware by chance."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import unquote

import anyio
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from tests.conftest import IS_SOAK, by_turns

from camreel.devices.base import DeviceListing, EmptySearch
from camreel.devices.dahua.client import DahuaClient
from camreel.devices.http import Answer
from camreel.errors import BadTransfer, LoginRefused
from camreel.jobs.list_search import ListedRange, ListSearch
from camreel.model import Address, Recording, Span, Stream, WallTime
from camreel_simulator import AMCREST_SD, DeviceClock, Quirks, Recorded
from camreel_simulator.device.card import Card
from camreel_simulator.device.search import FileFind, parse_query

DAY = datetime(2026, 1, 16)  # noqa: DTZ001 - by the camera's clock
MINUTE = timedelta(minutes=1)
NOW = WallTime(DAY + timedelta(days=9))


@dataclass
class Shelf:
    """A camera's search, and how often it was asked to find something. ``refuse_from``: 401 from that search on."""

    recordings: tuple[Recorded, ...]
    quirks: Quirks
    without_path: bool = False
    refuse_from: int | None = None
    searches: int = 0

    def __post_init__(self) -> None:
        profile = replace(AMCREST_SD, item_without=frozenset({"FilePath"})) if self.without_path else AMCREST_SD
        self._find = FileFind(Card(self.recordings, profile, self.quirks, DeviceClock()), self.quirks)

    async def text(self, target: str) -> Answer:
        """Answer one request, as ``devices.http.Connection`` does."""
        query = parse_query(target.partition("?")[2], self.quirks)
        assert query is not None, unquote(target)
        self.searches += query["action"] == "findFile"
        if self.refuse_from is not None and self.searches >= self.refuse_from:
            raise LoginRefused("The camera refused the login.")
        if "mediaFileFind" not in target:
            return Answer(400, "Error\r\n")
        answer = self._find.call(query, None)
        body = answer.body.source
        assert isinstance(body, bytes)
        return Answer(answer.status, body.decode())


def recorded(first: datetime, seconds: int = 60) -> Recorded:
    """A recording of no content."""
    return Recorded(first, first + timedelta(seconds=seconds), b"x")


def every(count: int, apart: timedelta = MINUTE, first: datetime = DAY, seconds: int = 60) -> tuple[Recorded, ...]:
    """So many recordings, their starts so far apart."""
    return tuple(recorded(first + number * apart, seconds) for number in range(count))


def is_wanted(recording: Recording) -> bool:
    return recording.stream is Stream.MAIN


def searched(shelf: Shelf, start: datetime, end: datetime, *, by_day: bool = False) -> tuple[ListedRange, list[str]]:
    """What is listed of a range and proven of that, and what was learned of the camera."""
    device = DahuaClient(Address("127.0.0.1", 80), shelf)  # type: ignore[arg-type]  # it only asks for texts
    learned: list[str] = []

    async def ask(window: Span, doubt: bool) -> DeviceListing:
        try:
            return await device.search(1, window, doubt=doubt)
        except BadTransfer:
            return await device.search(1, window)

    async def explain() -> EmptySearch:
        return await device.explain_nothing(1)

    async def run() -> ListedRange:
        search = ListSearch(ask, explain, lambda: learned.append("by day"), is_by_day=by_day)
        return await search.prove(await search.search(Span(WallTime(start), WallTime(end))), is_wanted, NOW)

    return anyio.run(run), learned


def missing(shelf: Shelf, listed: ListedRange, start: datetime, end: datetime) -> list[Recorded]:
    """The recordings of the range that are not listed, though nothing is said of their time."""
    paths = {one.path for one in listed.recordings}
    spans = [(part.start.naive, part.end.naive) for part in listed.proof.unproven]
    return [
        each
        for each in shelf.recordings
        if each.path not in paths
        and each.start < end
        and each.end > start
        and not any(first < each.end and each.start < last for first, last in spans)
    ]


CARDS: dict[str, Callable[[], tuple[Recorded, ...]]] = {
    "without gaps": lambda: every(230),
    "an hour each": lambda: every(60, timedelta(hours=1), seconds=3600),
    "motion": lambda: every(130, timedelta(minutes=7), seconds=40),
    "two and a night between": lambda: every(3) + every(3, first=DAY + timedelta(hours=20)),
    "one": lambda: every(1, first=DAY + timedelta(hours=3)),
}
KINDS: dict[str, Quirks] = {
    "ordinary": Quirks(),
    "100 in all": Quirks(list_cap=100),
    "50 in all": Quirks(list_cap=50),
    "37 in all": Quirks(list_cap=37),
    "100 in all, newest first": Quirks(list_cap=100, newest_first=True),
    "newest first": Quirks(newest_first=True),
    "its first day": Quirks(first_day_only=True),
    "a day at most": Quirks(longest_search=24.0),
    "breaks off after a page": Quirks(page_cap=32, breaks_after=32, list_end="error"),
    "breaks off with 400": Quirks(breaks_after=100, list_end="400"),
    "runs on": Quirks(runs_on=True),
    "an empty list": Quirks(empty_is_ok=True),
    "ends in an error": Quirks(list_end="error", page_cap=32),
}


@pytest.mark.parametrize(("card", "kind", "hours"), by_turns(CARDS, KINDS, [3, 60], of=2))
def test_each_recording_is_listed_or_its_time_is_not_proven(card: str, kind: str, hours: int) -> None:
    """Whatever ends a list early: no recording of the range is left out in silence, at a bounded price."""
    shelf = Shelf(CARDS[card](), KINDS[kind])
    start, end = DAY, DAY + timedelta(hours=hours)
    listed, _learned = searched(shelf, start, end)
    assert missing(shelf, listed, start, end) == []
    days = 3 if hours > 24 else 1
    tried_again = bool(KINDS[kind].breaks_after)
    assert shelf.searches <= 1 + tried_again + days + 4 + len(listed.recordings) // 100
    assert listed.proof.is_asked


@pytest.mark.parametrize("card", CARDS)
@pytest.mark.parametrize("kind", ["ordinary", "newest first", "an empty list", "ends in an error"])
@pytest.mark.parametrize("hours", [3, 60])
def test_an_ordinary_list_is_proven(card: str, kind: str, hours: int) -> None:
    """No alarm at a list that is whole, and two searches more for it, or four if its length looks as if it was cut."""
    shelf = Shelf(CARDS[card](), KINDS[kind])
    listed, learned = searched(shelf, DAY, DAY + timedelta(hours=hours))
    assert listed.proof.is_proven, listed.proof
    assert not learned
    tried_again = KINDS[kind].list_end == "error"
    assert shelf.searches <= 1 + tried_again + 4 + len(listed.recordings) // 100
    assert [one.position for one in listed.recordings] == list(range(len(listed.recordings)))


def test_a_range_that_is_covered_costs_nothing() -> None:
    """Recordings from its start to its end: there is nothing to ask."""
    shelf = Shelf(every(115), Quirks())
    listed, _ = searched(shelf, DAY + MINUTE, DAY + 100 * MINUTE)
    assert listed.proof.is_proven
    assert shelf.searches == 1


# So many recordings, and the longest pause between two.
cards = st.builds(
    lambda seed, count, pause: list(_card(seed, count, pause)),
    st.integers(0, 9999),
    st.integers(1, 160),
    st.integers(1, 60),
)
kinds = st.builds(
    Quirks,
    list_cap=st.none() | st.integers(1, 120),
    newest_first=st.booleans(),
    first_day_only=st.booleans(),
    longest_search=st.none() | st.sampled_from([12.0, 24.0, 36.0]),
    page_cap=st.sampled_from([100, 64, 32, 10]),
    breaks_after=st.none() | st.sampled_from([32, 64, 100]),
    list_end=st.sampled_from(["found=0", "error", "400", "repeat"]),
    empty_is_ok=st.booleans(),
) | st.builds(Quirks, runs_on=st.just(True), page_cap=st.sampled_from([100, 64, 32, 10]))


def _card(seed: int, count: int, pause: int) -> Iterator[int]:
    """Minutes at which recordings start."""
    chance, at = random.Random(seed), 0
    for _number in range(count):
        at += chance.randint(1, pause)
        yield at


@settings(
    max_examples=400 if IS_SOAK else 30,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
)
@given(cards, kinds, st.integers(0, 2879), st.integers(1, 2880))
def test_no_card_and_no_firmware_loses_a_recording_in_silence(
    minutes: list[int], quirks: Quirks, first: int, length: int
) -> None:
    """Of any card, any range, any mixture of ways to list: what is not listed is not proven."""
    # After a full page, and with an error: else nothing tells it from the end of a list.
    has_error = quirks.breaks_after is not None and quirks.list_end in {"error", "400"}
    quirks = replace(quirks, breaks_after=quirks.page_cap if has_error else None)
    shelf = Shelf(tuple(recorded(DAY + number * MINUTE, 45) for number in minutes), quirks)
    start = DAY + first * MINUTE
    end = start + length * MINUTE
    listed, _learned = searched(shelf, start, end)
    assert missing(shelf, listed, start, end) == []
    assert shelf.searches <= 1 + 3 + 2 * (4 + len(listed.recordings) // 100)


def test_a_day_at_most_is_learned_and_then_asked_for_at_once() -> None:
    """A refused range is asked by day; the next time there is no other question."""
    shelf = Shelf(every(60, timedelta(hours=1), seconds=3600), Quirks(longest_search=24.0))
    listed, learned = searched(shelf, DAY, DAY + timedelta(hours=60))
    assert (len(listed.recordings), listed.proof.is_proven, learned) == (60, True, ["by day"])
    assert shelf.searches == 1 + 1 + 3  # refused, any time at all, three days
    shelf.searches = 0
    again, _ = searched(shelf, DAY, DAY + timedelta(hours=60), by_day=True)
    assert again.recordings == listed.recordings
    assert shelf.searches == 3


def test_a_first_day_alone_is_learned() -> None:
    """A list that ends with its day, and goes on when it is asked for the next."""
    shelf = Shelf(every(96, timedelta(hours=1), seconds=3600), Quirks(first_day_only=True))
    listed, learned = searched(shelf, DAY, DAY + timedelta(hours=96))
    assert (len(listed.recordings), listed.proof.is_proven, learned) == (96, True, ["by day"])


def test_nothing_is_proven_by_a_question_that_must_have_an_answer() -> None:
    """An empty range and a refused one are answered alike; the last day tells which it is."""
    long_ago = DAY - timedelta(days=30)
    recent = Shelf(every(5, first=NOW.naive - timedelta(hours=3)), Quirks(longest_search=24.0))
    listed, learned = searched(recent, long_ago, long_ago + timedelta(hours=2))
    assert (listed.recordings, listed.proof.is_proven, learned) == ((), True, [])
    listed, learned = searched(recent, long_ago, long_ago + timedelta(days=5))
    assert (listed.recordings, listed.proof.is_proven, learned) == ((), True, ["by day"])


@pytest.mark.parametrize("quirks", [Quirks(longest_search=12.0), Quirks(longest_search=0.0)])
def test_where_nothing_can_be_proven_that_is_said(quirks: Quirks) -> None:
    """A camera that refuses a day, too: nothing is listed, and all of the range is in doubt."""
    shelf = Shelf(every(60, timedelta(hours=1), seconds=3600), quirks)
    listed, _ = searched(shelf, DAY, DAY + timedelta(hours=48))
    assert listed.recordings == ()
    assert listed.proof.unproven == (listed.span,)
    assert "every search alike" in listed.proof.why
    assert shelf.searches <= 5


def test_a_day_that_is_refused_is_not_empty_because_a_shorter_part_was_answered() -> None:
    """Twelve hours at most, and the range ends at noon: the midday is listed, the day before is in doubt."""
    shelf = Shelf(every(60, timedelta(hours=1), seconds=3600), Quirks(longest_search=12.0))
    start, end = DAY, DAY + timedelta(hours=36)
    listed, _ = searched(shelf, start, end)
    assert missing(shelf, listed, start, end) == []
    assert len(listed.recordings) == 14  # with the two that touch
    assert not listed.proof.is_proven


def test_a_401_after_a_login_ends_the_proof() -> None:
    """What was listed stays, nothing more is asked, and the ends are in doubt."""
    shelf = Shelf(every(5, first=DAY + timedelta(hours=1)), Quirks(), refuse_from=2)
    listed, _ = searched(shelf, DAY, DAY + timedelta(hours=3))
    assert len(listed.recordings) == 5
    assert [str(part)[11:19] for part in listed.proof.unproven] == ["00:00:00", "01:05:00"]
    assert "refused the login" in listed.proof.why
    assert shelf.searches == 2


def test_items_without_a_path_are_listed() -> None:
    """They are recordings with a name that says so, which nothing is asked for by."""
    shelf = Shelf(every(3), Quirks(), without_path=True)
    listed, _ = searched(shelf, DAY, DAY + 3 * MINUTE)
    assert listed.recordings[0].path == "(without a path) 2026-01-16 00:00:00 to 2026-01-16 00:01:00"
    assert len({one.path for one in listed.recordings}) == 3


def test_a_list_that_runs_on_ends_after_three_pages() -> None:
    """And a range that it covers is proven all the same."""
    shelf = Shelf(every(120), Quirks(runs_on=True))
    listed, _ = searched(shelf, DAY, DAY + timedelta(hours=2))
    assert listed.proof.is_proven
    assert len(listed.recordings) == 500
    shelf = Shelf(every(60, first=DAY + timedelta(hours=1)), Quirks(runs_on=True))
    listed, _ = searched(shelf, DAY, DAY + timedelta(hours=2))
    assert "runs on past the range" in listed.proof.why
