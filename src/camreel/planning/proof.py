"""Prove that a camera's list is whole: what to ask beside it, and what stays unproven. Pure.

A list may end early: at a number of recordings, after a day, at its newest, in an error. So the camera is asked again
behind the last recording and before the first, and between recordings if the list is in doubt. All spans are by the
camera's clock, as it lists them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from itertools import pairwise

from camreel.model import Recording, Span, WallTime
from camreel.planning.account import uncovered

DAY = timedelta(days=1)
FEWEST_SEARCHES = 4  # that a proof may take
LISTED_PER_SEARCH = 100  # for each so many recordings it may take another
_MOST_SEARCHES = 200  # a camera that lists something new each time buys itself no more
_IN_DOUBT_ALONE = 2  # searches between recordings if nothing but the look of the list speaks against it
_SECOND = timedelta(seconds=1)
_RESOLUTION = timedelta(seconds=2)  # listed times are whole seconds, cut: neighbors lie up to a second apart


@dataclass(frozen=True, slots=True)
class ListAnswer:
    """The list that a camera gave for `window`.

    `is_refused`: it said no, which is how it answers a window without recordings, and one that it does not like.
    `is_suspect`: it looks as if it had been cut. `doubt`: why its end is not its end, as the rest of a sentence about
    the list; without `keeps_order`, the rest may be of any time. `unplaced` counts items without a time that can be
    read.
    """

    window: Span
    recordings: tuple[Recording, ...]
    is_refused: bool = False
    is_suspect: bool = False
    doubt: str = ""
    keeps_order: bool = True
    unplaced: int = 0

    @property
    def looks_cut(self) -> bool:
        """Return whether its length is one at which lists are cut."""
        return self.is_suspect or _is_round(len(self.recordings))


@dataclass(frozen=True, slots=True)
class SearchProof:
    """What is proven of a list: nothing, if it is not `is_asked`.

    `searches` were made beside it. In `unproven` there may be recordings that it does not have; `why`, as the rest of a
    sentence.
    """

    is_asked: bool = False
    searches: int = 0
    unproven: tuple[Span, ...] = ()
    why: str = ""

    @property
    def is_proven(self) -> bool:
        """Return whether the list is whole."""
        return self.is_asked and not self.unproven


UNASKED = SearchProof()


def is_long(window: Span) -> bool:
    """Return whether `window` is longer than a day: some recorders refuse that."""
    return window.end - window.start > DAY


def days_of(window: Span) -> tuple[Span, ...]:
    """Return `window` in parts of a day at most, cut at midnight: some recorders list the first day alone."""
    first = datetime.combine(window.start.naive.date(), time())
    count = (window.end.naive - first) // DAY
    cuts = [WallTime(first + number * DAY) for number in range(1, count + 1)]
    ends = [window.start, *(cut for cut in cuts if cut < window.end), window.end]
    return tuple(Span(start, end) for start, end in pairwise(ends))


def joined(answers: Sequence[ListAnswer], window: Span) -> ListAnswer:
    """Return the answers to the parts of `window` as one, in their order. Recordings over two parts are in it once."""
    recordings = dict.fromkeys(recording_key(one) for answer in answers for one in answer.recordings)
    by_key = {recording_key(one): one for answer in reversed(answers) for one in answer.recordings}
    return ListAnswer(
        window,
        numbered([by_key[key] for key in recordings]),
        is_refused=all(answer.is_refused for answer in answers),
        is_suspect=any(answer.is_suspect for answer in answers),
        doubt=next((answer.doubt for answer in answers if answer.doubt), ""),
        keeps_order=all(answer.keeps_order for answer in answers),
        unplaced=sum(answer.unplaced for answer in answers),
    )


def numbered(recordings: Iterable[Recording]) -> tuple[Recording, ...]:
    """Return the recordings with their places in this list."""
    return tuple(
        one if one.position == number else replace(one, position=number) for number, one in enumerate(recordings)
    )


def recording_key(recording: Recording) -> tuple[str, Span]:
    """Return what tells a recording from the others of a list."""
    return recording.path, recording.span


@dataclass(frozen=True, slots=True)
class ListProof:
    """A proof as far as it has come: `next_window` is to be asked, and the answer given to `with_answer`.

    `answers` are those of the search itself, one for each window that it asked. `is_wanted` tells which recordings
    the range is to be covered by. `takes` is the longest window that the camera is known to answer: that it refuses a
    longer one proves nothing.
    """

    span: Span
    answers: tuple[ListAnswer, ...]
    is_wanted: Callable[[Recording], bool]
    recordings: tuple[Recording, ...]
    takes: timedelta
    searches: int = 0
    found: int = 0
    stopped: str = ""
    doubt: str = ""
    _proven: tuple[Span, ...] = ()
    _assumed: tuple[Span, ...] = ()
    _doubted: tuple[Span, ...] = ()
    _between: int = 0

    @classmethod
    def of(
        cls, span: Span, answers: Sequence[ListAnswer], is_wanted: Callable[[Recording], bool], takes: timedelta
    ) -> ListProof:
        """Return the proof of the search for `span` that gave `answers`, before anything is asked."""
        whole = joined(answers, span)
        refused = [answer.window for answer in answers if answer.is_refused]
        empty = tuple(window for window in refused if window.end - window.start <= takes)
        doubted = tuple(window for window in refused if window not in empty)
        start = cls(span, tuple(answers), is_wanted, whole.recordings, takes)
        return replace(start, doubt=whole.doubt, _proven=empty, _doubted=doubted)

    @property
    def budget(self) -> int:
        """Return how many searches the proof may take. What a list has beyond the range buys none: it may never end."""
        listed = sum(_touches(one, self.span) for one in self.recordings)
        return min(FEWEST_SEARCHES + listed // LISTED_PER_SEARCH, _MOST_SEARCHES)

    @property
    def _lane(self) -> tuple[Recording, ...]:
        wanted = tuple(one for one in self.recordings if self.is_wanted(one))
        return self.recordings if not (wanted or self._is_in_doubt) else wanted

    @property
    def _is_in_order(self) -> bool:
        starts = [one.span.start for one in self._lane]
        return _is_rising(starts) or _is_rising(starts[::-1])

    @property
    def _is_in_doubt(self) -> bool:
        """Return whether there may be recordings also between those that are listed."""
        return bool(self.found or self.doubt or any(answer.looks_cut or answer.unplaced for answer in self.answers))

    def _open(self, closed: Sequence[Span]) -> tuple[list[Span], list[Span]]:
        """Return the parts without a recording at the ends of the list, last first, and those between.

        Those in `closed` and those that are proven are left out.
        """
        covered = [Span(one.span.start, self.span.end if one.writing else one.span.end) for one in self._lane]
        parts = uncovered(self.span, [*covered, *self._proven, *closed], _RESOLUTION)
        # A list that was cut ends within the range.
        windows = [self.span, *(answer.window for answer in self.answers if answer.looks_cut or answer.doubt)]
        ends = [
            part
            for part in parts
            if any(part.start < each.end <= part.end or part.start <= each.start < part.end for each in windows)
        ]
        return ends[::-1], [part for part in parts if part not in ends]

    def next_window(self) -> Span | None:
        """Return what to ask next; None if the proof ends here."""
        if not self.recordings or self.stopped or self.searches >= self.budget:
            return None
        ends, between = self._open(self._doubted)
        if ends:
            return self._askable(ends[0])
        if not (between and self._is_in_doubt):
            return None
        left = self.budget - self.searches
        if not self.found:
            left = min(left, _IN_DOUBT_ALONE - self._between)
        if left <= 0:
            return None
        group = between[: -(-len(between) // left)]
        return self._askable(Span(group[0].start, group[-1].end))

    def _askable(self, part: Span) -> Span:
        """Return as much of `part` as can be asked at once, and is another question than the first.

        It lies a second within the part: a list that is cut must not be filled with the recordings beside it.
        """
        if len(self.answers) > 1:
            part = days_of(part)[0]
        if part == self.span:
            half = (part.end - part.start) // 2
            part = Span(part.start, part.start + timedelta(seconds=half // _SECOND))
        start = part.start if part.start == self.span.start else part.start + _SECOND
        end = part.end if part.end == self.span.end else part.end - _SECOND
        part = Span(start, end) if start < end else part
        # One that is listed to end in the second in which the range begins may reach into it.
        return Span(part.start - _SECOND, part.end) if part.start == self.span.start else part

    @property
    def _lists_one_day(self) -> bool:
        """Return whether all that is listed is of the first of several days: the answers may be of one day, too."""
        first = days_of(self.span)[0].end
        return len(self.answers) == 1 and first < self.span.end and all(one.span.start < first for one in self._lane)

    def with_answer(self, answer: ListAnswer) -> ListProof:
        """Return the proof with the answer to `next_window`."""
        known = {recording_key(one) for one in self.recordings}
        fresh = [one for one in answer.recordings if recording_key(one) not in known]
        found = sum(_touches(one, self.span) and not _ends_at(one, self.span.start) for one in fresh)
        longest = max(len(each.recordings) for each in self.answers)
        is_believed = (
            not (found or answer.doubt or answer.unplaced)
            and not (answer.is_refused and answer.window.end - answer.window.start > self.takes)
            # One that says nothing of the window did not understand it; one as long as the list may be cut as that.
            and (not answer.recordings or any(_touches(one, answer.window) for one in answer.recordings))
            and not (answer.is_suspect and len(answer.recordings) >= longest)
        )
        asked = answer.window
        proven = days_of(asked)[0] if self._lists_one_day else asked
        is_end = any(part.overlap(asked) for part in self._open(())[0])
        return replace(
            self,
            recordings=_merged(self.recordings, fresh),
            searches=self.searches + 1,
            found=self.found + found,
            doubt=self.doubt or answer.doubt,
            _proven=(*self._proven, proven) if is_believed else self._proven,
            # The days behind are asked one after the other; an alarm for those that the budget leaves would be false.
            _assumed=(*self._assumed, asked) if is_believed and proven != asked else self._assumed,
            _doubted=self._doubted if is_believed or found else (*self._doubted, answer.window),
            _between=self._between + (not is_end),
        )

    def without_answer(self, why: str) -> ListProof:
        """Return the proof as it ends if the camera does not answer, for the reason `why` (a sentence)."""
        return replace(self, stopped=why, searches=self.searches + 1)

    def result(self) -> SearchProof:
        """Return what is proven."""
        unplaced = sum(answer.unplaced for answer in self.answers)
        ends, between = self._open(() if self.found else self._assumed)
        # A list in order is whole up to where it ends.
        keeps_order = self._is_in_order and all(answer.keeps_order for answer in self.answers)
        if not self._is_in_doubt or (keeps_order and not unplaced):
            between = []
        unproven = tuple(sorted([*ends, *between])) if self.recordings else ()
        return SearchProof(True, self.searches, unproven, self._why(unplaced) if unproven else "")

    def _why(self, unplaced: int) -> str:
        if self.stopped:
            return f"a further search failed ({self.stopped.rstrip('.')})"
        if unplaced:
            return "the camera lists recordings without a time that can be read"
        if self.doubt:
            return f"the camera's list {self.doubt}"
        if self.searches >= self.budget:
            return f"the camera lists only some at a time, and {self.searches} further searches did not reach the end"
        return "the camera does not answer what it is asked"

    @property
    def shows_one_day(self) -> bool:
        """Return whether the list ended with its first day, and what was found lies behind that."""
        if len(self.answers) != 1 or not self.found or not is_long(self.span):
            return False
        first = {recording_key(one) for one in self.answers[0].recordings}
        ended = max(one.span.start for one in self.answers[0].recordings)
        later = min(
            (one.span.start for one in self.recordings if recording_key(one) not in first and one.span.start > ended),
            default=ended,
        )
        reach = days_of(self.span)[0].end, self.span.start + DAY
        return any(ended < border <= later for border in reach)


def _touches(recording: Recording, window: Span) -> bool:
    return recording.span.start <= window.end and recording.span.end >= window.start


def _ends_at(recording: Recording, start: WallTime) -> bool:
    return recording.span.start < recording.span.end <= start


def _is_rising(times: Sequence[WallTime]) -> bool:
    return all(one <= other for one, other in pairwise(times))


def _is_round(count: int) -> bool:
    """Return whether people would limit a list to so many: 50, 100, 1000; 16, 32, 64."""
    return count >= 10 and (count % 10 == 0 or count & (count - 1) == 0)


def _merged(known: tuple[Recording, ...], fresh: Sequence[Recording]) -> tuple[Recording, ...]:
    """Return both, in the order of the list; recordings of one second keep theirs."""
    if not fresh:
        return known
    starts = [one.span.start for one in known]
    falling = not _is_rising(starts) and _is_rising(starts[::-1])
    return tuple(sorted([*known, *fresh], key=lambda one: one.span.start, reverse=falling))
