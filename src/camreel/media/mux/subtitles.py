"""A subtitle track that shows the camera's clock, one line a second."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av

from camreel.errors import MergeError
from camreel.model import WallTime

if TYPE_CHECKING:
    from av.packet import Packet

    from camreel.formats.containers import Container

_TICKS = Fraction(1, 1000)
_SECOND = timedelta(seconds=1)


class SubtitleTrack:
    """Give each line to ``mux`` when the next one begins, with the time that it was shown.

    ``caption`` makes the text of a line. ``packets`` counts the lines.
    """

    def __init__(
        self,
        mux: Callable[[Packet[Any]], None],
        container: av.container.OutputContainer,
        form: Container,
        caption: Callable[[WallTime], str],
    ) -> None:
        self._mux = mux
        self._caption = caption
        if not hasattr(container, "add_mux_stream"):  # since PyAV 17
            raise MergeError(
                f"Subtitles need PyAV 17 or later, and {av.__version__} is installed.",
                hint="Run pip install --upgrade av, or leave out --subtitles.",
            )
        self._stream: Any = container.add_mux_stream(str(form.subtitles), time_base=_TICKS)
        self._stream.metadata["title"] = "Time by the camera's clock"
        self._plain = form.subtitles != "mov_text"  # which has the length of a line before it
        self._line: tuple[int, str] | None = None
        self.packets = 0

    def start_clip(self, at: Fraction, wall: WallTime) -> None:
        """The picture at ``at`` (seconds of the output) was taken at ``wall``."""
        self._at, self._wall = at, wall
        self._next = wall

    def write_until(self, reached: Fraction) -> None:
        """The lines of the pictures up to ``reached`` (seconds of the output)."""
        while (at := self._place(self._next)) < reached:
            self._end_line(round(at / _TICKS))
            self._line = (round(at / _TICKS), self._caption(self._next))
            self._next = WallTime(self._next.naive.replace(microsecond=0)) + _SECOND

    def end_clip(self, at: Fraction) -> None:
        """The pictures end here."""
        self._end_line(round(at / _TICKS))

    def _place(self, wall: WallTime) -> Fraction:
        return self._at + Fraction((wall - self._wall) // timedelta(microseconds=1), 1_000_000)

    def _end_line(self, until: int) -> None:
        if self._line is None:
            return
        start, text = self._line
        self._line = None
        if until <= start:
            return
        body = text.encode()
        packet = av.Packet(body if self._plain else len(body).to_bytes(2, "big") + body)
        packet.stream = self._stream
        packet.time_base = _TICKS
        packet.pts = packet.dts = start
        packet.duration = until - start
        packet.is_keyframe = True
        self.packets += 1
        self._mux(packet)
