"""The command line that exports a moment, to be copied into a terminal. Pure."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from datetime import timedelta, timezone

from camreel.clock import CameraClock, show_moment
from camreel.model import WallTime

# In double quotes these mean themselves to a Unix shell, to PowerShell and to cmd.
_PLAIN = re.compile(r"[A-Za-z0-9 @_+=:,./-]*")
_BARE = re.compile(r"[A-Za-z0-9@_+=:,./-]+")
_MINUTES = 2


@dataclass(frozen=True, slots=True)
class GetLine:
    """``program`` as a shell takes it, then ``words``: the camera and what else was said of it. Never a password.

    ``in_real_time``: a time without an offset would not be by the camera's clock there, so it has to have one.
    """

    program: str
    words: tuple[str, ...]
    in_real_time: bool = False

    def around(self, wall: WallTime, clock: CameraClock | None, minutes: int = _MINUTES) -> str:
        """The line for so many minutes before and after ``wall`` (straight time)."""
        moment = self._typed(wall, clock)
        words = ("get", *self.words, "--around", moment, "--minutes", str(minutes))
        return " ".join((self.program, *(quoted(word) for word in words)))

    def _typed(self, wall: WallTime, clock: CameraClock | None) -> str:
        wall = WallTime(wall.naive.replace(microsecond=0))
        if clock is None:
            return str(wall)
        if self.in_real_time or _is_shown_twice(wall, clock):
            offset = timezone(clock.offset_at(wall))
            return show_moment(clock.to_utc(wall).astimezone(offset)).replace(" ", "T")
        return str(clock.shown(wall))


def _is_shown_twice(wall: WallTime, clock: CameraClock) -> bool:
    """Whether the clock showed this time in another pass, too."""
    shown = clock.shown(wall)
    hours = (timedelta(minutes=30 * step) for step in (-4, -3, -2, -1, 1, 2, 3, 4))
    return any(clock.shown(wall + away) == shown for away in hours)


def quoted(word: str) -> str:
    """``word`` as a shell takes it."""
    if _BARE.fullmatch(word):
        return word
    return f'"{word}"' if _PLAIN.fullmatch(word) else shlex.quote(word)
