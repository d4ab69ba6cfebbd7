"""What a camera has of a range, as a program sees it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import overload

from camreel.clock import CameraClock
from camreel.model import Recording, Span, WallTime


@dataclass(frozen=True, slots=True)
class Recordings(Sequence[Recording]):
    """The recordings of one channel and stream in a range, in order of time: a sequence of :class:`Recording`.

    All spans are by the camera's clock, counted straight: as it would show them, had it kept the offset that it had
    at the start of the range. On nearly all days that is what it does show. :meth:`when` gives real time.

    ``span`` is the range; ``clock`` the camera's clock in it, None where nobody knows its zone; ``gaps`` are the
    parts of ``span`` that no recording is listed for; ``writing`` the recordings that the camera has not closed yet,
    which cannot be fetched; ``channel`` is its number, from 1; ``warnings`` are sentences for a person.

    Listed times have whole seconds. A recording may be listed only minutes after its end (measured: up to 15), so a gap
    at the very end of a range that ends now says nothing.
    """

    items: tuple[Recording, ...]
    span: Span
    clock: CameraClock | None
    gaps: tuple[Span, ...]
    writing: tuple[Recording, ...]
    channel: int
    warnings: tuple[str, ...] = ()

    def when(self, of: Recording | Span) -> tuple[datetime, datetime] | None:
        """Real start and end of a recording of these, or of a gap, in the camera's zone; None without ``clock``.

        What the camera's clock is wrong by today is taken off.
        """
        if self.clock is None:
            return None
        span = of.span if isinstance(of, Recording) else of
        return self._moment(self.clock, span.start), self._moment(self.clock, span.end)

    @staticmethod
    def _moment(clock: CameraClock, at: WallTime) -> datetime:
        shown = clock.in_zone(at)
        return clock.to_utc(at).astimezone(shown.tzinfo)

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Recording]:
        return iter(self.items)

    @overload
    def __getitem__(self, index: int) -> Recording: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Recording, ...]: ...
    def __getitem__(self, index: int | slice) -> Recording | tuple[Recording, ...]:
        return self.items[index]
