"""What this room needs to know of a camera."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from camreel.model import Recording


class Part(Protocol):
    """Which part of a file an answer is: from byte ``first`` up to ``end``, of ``total``. None where it is not said."""

    @property
    def first(self) -> int | None: ...
    @property
    def end(self) -> int | None: ...
    @property
    def total(self) -> int | None: ...


class BodySource(Protocol):
    """A recording on its way: ``length`` in bytes as announced, None where it was not; ``part`` where it is not all."""

    @property
    def length(self) -> int | None: ...
    @property
    def chunks(self) -> AsyncIterator[bytes]: ...
    @property
    def part(self) -> Part | None: ...


class Source(Protocol):
    """Where recordings come from: a camera, as far as this room knows."""

    def open(
        self, recording: Recording, *, first: int = 0, end: int | None = None
    ) -> AbstractAsyncContextManager[BodySource]:
        """Begin to receive ``recording``, from byte ``first`` up to ``end`` where the camera can do that.

        ``BodySource.part`` tells. A negative ``first`` asks for so many of the last bytes.
        """
        ...

    def open_by_time(self, recording: Recording) -> AbstractAsyncContextManager[BodySource]:
        """Begin to receive the footage of its time as a DHAV stream; what comes has to be checked."""
        ...

    async def knock(self) -> None:
        """Raise a CameraError where nobody is at home."""
        ...

    async def lists(self, recording: Recording) -> bool:
        """Whether the camera still lists ``recording``."""
        ...
