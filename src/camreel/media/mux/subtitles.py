"""A soft track with the running time of the camera's clock, a line for each of its seconds."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av

from camreel.errors import MergeError
from camreel.media.merge import timeline
from camreel.model import OutputFormat, WallTime

if TYPE_CHECKING:
    from camreel.media.mux.muxed import MuxedOutput
    from camreel.media.worker.messages import MergeJob

_TICKS = Fraction(1, 1000)
_CODECS = {OutputFormat.MP4: "mov_text", OutputFormat.MOV: "mov_text", OutputFormat.MKV: "subrip"}
_SECOND = timedelta(seconds=1)


class SubtitleTrack:
    """Writes each line when the next begins, with the time that it really stayed. ``packets`` counts them."""

    def __init__(self, output: MuxedOutput, container: av.container.OutputContainer, job: MergeJob) -> None:
        self._output = output
        self._job = job
        if not hasattr(container, "add_mux_stream"):  # since PyAV 17
            raise MergeError(
                f"Subtitles need PyAV 17 or later, and {av.__version__} is installed.",
                hint="pip install --upgrade av, or run it again without --subtitles.",
            )
        self._stream: Any = container.add_mux_stream(_CODECS[job.format], time_base=_TICKS)
        self._stream.metadata["title"] = "Time by the camera's clock"
        self._plain = job.format is OutputFormat.MKV
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
            self._line = (round(at / _TICKS), timeline.shown(self._next, self._job))
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
        self._output.mux(packet)
