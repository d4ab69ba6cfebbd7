"""Search a camera's list, by day if it has to be, and prove that the list is whole: one question at a time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta

from camreel.devices.base import DeviceListing, EmptySearch
from camreel.errors import CameraError, LoginRefused
from camreel.model import Recording, Span, WallTime
from camreel.planning.proof import (
    DAY,
    UNASKED,
    ListAnswer,
    ListProof,
    SearchProof,
    days_of,
    is_long,
    joined,
    numbered,
)

_MOST_DAYS = 2  # asked before it is known that the camera takes a day: with two control questions, four searches
_ALIKE = "the camera answers every search alike, also one for its last 24 hours"
_UNREADABLE = "the camera lists recordings without a time that can be read"


@dataclass(frozen=True, slots=True)
class ListedRange:
    """What a camera lists of a range: ``recordings`` in the order of its list, and how far that is proven.

    ``answers`` are those of the search itself. ``empty`` says why there is nothing, None if that was not asked.
    """

    span: Span
    answers: tuple[ListAnswer, ...]
    recordings: tuple[Recording, ...]
    proof: SearchProof = UNASKED
    empty: EmptySearch | None = None


class ListSearch:
    """The search of one channel. ``ask`` searches a window, patiently, and again if the list is in doubt and its
    second argument says so; ``explain`` says why nothing was found.

    ``is_by_day``: the camera takes a day at most; ``learn`` is called when that is found out.
    """

    def __init__(
        self,
        ask: Callable[[Span, bool], Awaitable[DeviceListing]],
        explain: Callable[[], Awaitable[EmptySearch]],
        learn: Callable[[], None],
        *,
        is_by_day: bool = False,
    ) -> None:
        self._ask, self._explain, self._learn = ask, explain, learn
        self._is_by_day = is_by_day
        self._takes = timedelta(0)  # the longest window that was answered with recordings

    async def search(self, span: Span, known: Sequence[ListAnswer] = ()) -> ListedRange:
        """Ask for ``span``, but for the windows whose answers are ``known``. Nothing is proven yet."""
        by_window = {answer.window: answer for answer in known}
        windows = days_of(span) if self._is_by_day and is_long(span) else (span,)
        answers = tuple([by_window.get(window) or await self._answer(window) for window in windows])
        return ListedRange(span, answers, joined(answers, span).recordings)

    async def prove(
        self, listed: ListedRange, is_wanted: Callable[[Recording], bool], now: WallTime | None
    ) -> ListedRange:
        """Return ``listed`` with what was found besides, and what is proven. ``now`` is by the camera's clock.

        A search that fails ends the proof, and nothing else; only AccountLocked is raised.
        """
        searches, empty = 0, None
        if not listed.recordings:
            listed, searches, empty = await self._from_nothing(listed, now)
        if not listed.recordings:
            return replace(listed, empty=empty, proof=replace(listed.proof, searches=searches))
        answered = [_length(one.window) for one in listed.answers if one.recordings]
        self._takes = max([self._takes, *answered])
        if now is not None and any(one.is_refused and _length(one.window) > self._takes for one in listed.answers):
            searches += 1
            with suppress(CameraError, LoginRefused):
                await self._answer(Span(now - DAY, now))  # if that has recordings, it takes a day
        proof = ListProof.of(listed.span, listed.answers, is_wanted, self._takes)
        while (window := proof.next_window()) is not None:
            try:
                proof = proof.with_answer(await self._answer(window, doubt=not proof.doubt))
                if proof.shows_one_day and not self._is_by_day:
                    self._by_day()
                    listed = await self.search(listed.span)
                    searches += proof.searches
                    proof = ListProof.of(listed.span, listed.answers, is_wanted, self._takes)
            except (CameraError, LoginRefused) as error:
                proof = proof.without_answer(str(error))
        result = proof.result()
        return replace(
            listed, recordings=numbered(proof.recordings), proof=replace(result, searches=searches + result.searches)
        )

    async def _answer(self, window: Span, *, doubt: bool = True) -> ListAnswer:
        listing = await self._ask(window, doubt)
        if listing.recordings:
            self._takes = max(self._takes, _length(window))
        return ListAnswer(
            window,
            listing.recordings,
            is_refused=listing.is_refused,
            is_suspect=listing.is_suspect,
            doubt=listing.doubt,
            keeps_order=listing.keeps_order,
            unplaced=listing.unplaced,
        )

    def _by_day(self) -> None:
        self._is_by_day = True
        self._learn()

    async def _from_nothing(
        self, listed: ListedRange, now: WallTime | None
    ) -> tuple[ListedRange, int, EmptySearch | None]:
        """Find out whether there is nothing, or the question was refused. Both are answered alike.

        Return what is listed by day, or nothing and what is proven of that; and how many searches it took.
        """
        span = listed.span
        whole = joined(listed.answers, span)
        empty = await self._explain()
        if whole.unplaced:
            return replace(listed, proof=SearchProof(True, 0, (span,), _UNREADABLE)), 1, empty
        if empty.is_proven or not whole.is_refused:
            return replace(listed, proof=SearchProof(True)), 1, empty
        known: list[ListAnswer] = []
        days = days_of(span) if is_long(span) and not self._is_by_day else ()
        for day in days[-_MOST_DAYS:][::-1]:  # what is old may be overwritten
            known.append(await self._answer(day))
            if known[-1].recordings:
                break
        takes_days = bool(known and known[-1].recordings)
        searches = 1 + len(known)
        if not takes_days and now is not None:
            searches += 1
            takes_days = bool((await self._answer(Span(now - DAY, now))).recordings)
        if not takes_days:
            return replace(listed, proof=SearchProof(True, 0, (span,), _ALIKE)), searches, empty
        # It lists a day, and refused all time, which has this day in it.
        if days:
            self._by_day()
            listed = await self.search(span, known)
        return replace(listed, proof=SearchProof(True)), searches, replace(empty, is_proven=True)


def _length(window: Span) -> timedelta:
    return window.end - window.start
