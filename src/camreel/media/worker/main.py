"""Run merges, timelapses and pictures in a process of their own: ``python -m camreel.media.worker.main``.

Reads and writes lines of :mod:`.wire`; the first line says which work it is.

A clip is hostile input for a million lines of C. Here it can crash, hang or exhaust memory without harm to the
program. The process ends when its input ends, or with its parent where the system can arrange that.
"""

from __future__ import annotations

import ctypes
import gc
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import IO

from camreel.errors import CamreelError, DiskError, MergeError, printable, shortage
from camreel.formats.source import ClipTrust, changed_clip, expect_clip, expect_file, trust_clips
from camreel.media.worker.messages import (
    ClipBegun,
    ClipFile,
    Failed,
    Finish,
    MergeJob,
    MergeProgress,
    MergeResult,
    PlaybackProgress,
    PlaybackResult,
    SheetOrder,
    StillOrder,
    TimelapseOrder,
)
from camreel.media.worker.wire import LONGEST_LINE, Message, decode, encode
from camreel.model import WallTime

_PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """The end of input tells it too, but only to a thread that gets to run: FFmpeg may hang while nothing else can.

    Linux only; elsewhere nothing happens.
    """
    if sys.platform != "linux":
        return
    parent = os.getppid()
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before it was said
        os._exit(1)


# A day of clips in one mp4 takes 0.3 GB; a clip that makes FFmpeg ask for more than this is not a recording.
MOST_MEMORY = 4 << 30
LOST_PARENT = 3
_EVERY = 0.25  # seconds


def main() -> None:
    """Serve one merge. It returns when that ended as told, also with a failure that was reported."""
    die_with_parent()
    answers = _take_stdout()
    asked: queue.Queue[Message] = queue.Queue()
    try:
        threading.Thread(target=_read_orders, args=(sys.stdin.buffer, asked), daemon=True).start()
        _limit_memory()
        _serve(asked, answers)
    except Exception as error:  # noqa: BLE001 - the border of the process: it becomes one line
        _send(answers, _as_failed(error))


def _take_stdout() -> IO[bytes]:
    """Keep the pipe to the parent for ourselves: whatever a library prints goes to stderr."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return answers


def _read_orders(source: IO[bytes], asked: queue.Queue[Message]) -> None:
    """Also the watchdog: this thread runs while FFmpeg is busy in another, and ends the process with its input."""
    while line := source.readline(LONGEST_LINE + 1):
        try:
            asked.put(decode(line))
        except ValueError:
            break
    os._exit(LOST_PARENT)


def _limit_memory() -> None:
    if sys.platform == "win32":
        return
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    try:
        resource.setrlimit(resource.RLIMIT_AS, (_most_memory(), hard))
    except (ValueError, OSError):
        return  # macOS has the call and refuses it


def _most_memory() -> int:
    """Return how many bytes this process may have: fewer than ours if whoever started us allows no more."""
    if sys.platform == "win32":
        return MOST_MEMORY
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    return MOST_MEMORY if hard == resource.RLIM_INFINITY else min(MOST_MEMORY, hard)


def _serve(asked: queue.Queue[Message], answers: IO[bytes]) -> None:
    gc.disable()  # modules stay: looking for garbage among them takes 44 to 78 ms of each worker's start
    import av.logging

    gc.enable()
    av.logging.set_level(None)
    first = asked.get()
    trust_clips(_trust_of(first))
    if isinstance(first, MergeJob):
        _merge(first, asked, answers)
    elif isinstance(first, TimelapseOrder):
        from camreel.media.timelapse import make_lapse

        for clip in first.clips:
            expect_clip(clip.path, clip.digest)
        _send(answers, make_lapse(first, _Calm(partial(_report, answers))))
        asked.get()  # the parent ends it
    else:
        _make_pictures(first, asked, answers)


def _trust_of(first: Message) -> ClipTrust:
    job = first.job if isinstance(first, TimelapseOrder) else first
    return job.trust if isinstance(job, MergeJob) else ClipTrust.NO_LINKS


def _merge(job: MergeJob, asked: queue.Queue[Message], answers: IO[bytes]) -> None:
    gc.disable()
    from camreel.media.clips.packets import ClipUnreadable
    from camreel.media.merge.merger import Merger

    gc.freeze()
    gc.enable()
    merger = Merger(job)

    def finished() -> MergeResult:
        result = merger.finish()
        if (changed := changed_clip()) is not None:
            raise ClipUnreadable(changed, "another program has changed it")
        return result

    try:
        while isinstance(order := asked.get(), ClipFile):
            _send(answers, ClipBegun(order.number))
            expect_clip(order.path, order.digest)
            expect_file(order.path, order.found)
            results = merger.add(order, partial(_report, answers))
            if results.again is not None:  # nothing of it is used
                expect_clip(order.path, None)
            _send(answers, results)
        assert isinstance(order, Finish)
        _send(answers, finished())
        # All is on the disk, and told: whatever decoding does to this process harms nothing.
        playback = merger.play(lambda number, frames: _send(answers, PlaybackProgress(number, frames)))
        _send(answers, PlaybackResult(playback))
    except ClipUnreadable as error:  # it may be in the film by half: that is made again without it
        _send(answers, Failed("clip", str(error), None, merger.number_of(error.path)))


def _make_pictures(order: Message, asked: queue.Queue[Message], answers: IO[bytes]) -> None:
    try:
        while isinstance(order, StillOrder | SheetOrder):
            _send(answers, _still(order) if isinstance(order, StillOrder) else _sheet(order))
            order = asked.get()
    except Exception as error:  # noqa: BLE001 - as in main
        _send(answers, _as_failed(error, "Making a picture"))


def _still(order: StillOrder) -> Message:
    from camreel.media.stills import make_still

    expect_clip(order.clip, order.digest)
    return make_still(order)


def _sheet(order: SheetOrder) -> Message:
    try:
        from camreel.media.sheet import draw_sheet  # needs Pillow, which no other picture does
    except ImportError as error:
        raise MergeError(f"it needs Pillow, which cannot be loaded ({printable(str(error))}).") from error
    return draw_sheet(order)


class _Calm:
    """Passes a report on: the first of each clip, and then a few times a second."""

    def __init__(self, report: Callable[[int, WallTime], None]) -> None:
        self._report, self._next, self._number = report, 0.0, 0

    def __call__(self, number: int, wall: WallTime) -> None:
        if number != self._number or time.monotonic() >= self._next:
            self._next, self._number = time.monotonic() + _EVERY, number
            self._report(number, wall)


def _report(answers: IO[bytes], number: int, wall: WallTime) -> None:
    _send(answers, MergeProgress(number, wall))


def _send(answers: IO[bytes], message: Message) -> None:
    answers.write(encode(message))
    answers.flush()


def _in_binary(size: int) -> str:
    return f"{size >> 30} GiB" if size >= 1 << 30 else f"{size >> 20} MiB"


def _as_failed(error: Exception, doing: str = "Merging") -> Failed:
    if isinstance(error, CamreelError):
        return Failed("disk" if isinstance(error, DiskError) else "merge", str(error), error.hint)
    if isinstance(error, MemoryError):
        return Failed("memory", f"It needed more than {_in_binary(_most_memory())} of memory.", MergeError.hint)
    if (short := shortage(error)) is not None:
        return Failed("merge", f"The merge process could not start: {short}", short.hint)
    return Failed("merge", f"{doing} failed unexpectedly ({type(error).__name__}: {printable(str(error))}).", None)


if __name__ == "__main__":
    main()
    os._exit(0)  # all is said, and Python would take FFmpeg's modules down one by one
