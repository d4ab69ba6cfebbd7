"""Recognize simulated footage in a video: which frames it holds, and when it beeps."""

from __future__ import annotations

from array import array
from io import BytesIO
from pathlib import Path

from camreel_simulator.footage.frames import read_frame_number
from camreel_simulator.footage.sound import BEEP_LEVEL, beep_times


def seen_frames(video: Path | bytes) -> list[tuple[float, int]]:
    """Seconds and frame number of each decoded picture, in order of display.

    Raises :class:`ValueError` at a picture whose number cannot be read.
    """
    import av  # noqa: PLC0415 - a camera that serves ready bytes need not pay for it

    with av.open(_source(video)) as container:
        return [(_seconds(frame.time), read_frame_number(frame)) for frame in container.decode(video=0)]


def heard_beeps(video: Path | bytes) -> list[float]:
    """Seconds of the onset of each beep, on the time line of the pictures: silence where there is no sound.

    What is not half as loud as a beep is none, so a recording without a beep has none.
    """
    import av  # noqa: PLC0415 - as above

    heard, rate = array("f"), 1
    with av.open(_source(video)) as container:
        resampler = av.AudioResampler(format="flt", layout="mono")
        for frame in container.decode(audio=0):
            rate = frame.sample_rate
            at = round(_seconds(frame.time) * rate)
            samples = array("f")
            for mono in resampler.resample(frame):
                samples.frombytes(bytes(mono.planes[0])[: 4 * mono.samples])
            heard.extend([0.0] * (at - len(heard)))
            heard[max(at, 0) : at + len(samples)] = samples[max(-at, 0) :]
    loudest = max(map(abs, heard), default=0.0)
    return beep_times(heard, rate) if loudest >= BEEP_LEVEL / 2 else []


def _seconds(time: float | None) -> float:
    if time is None:
        raise ValueError("a frame without a time")
    return time


def _source(video: Path | bytes) -> str | BytesIO:
    return BytesIO(video) if isinstance(video, bytes) else str(video)
