"""A worker that is reached over a socket alone, as on another machine: the same messages do it."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import anyio
import anyio.abc
import pytest
from anyio.streams.buffered import BufferedByteReceiveStream

from camreel.media.worker.executor import _BESIDE_THE_PACKAGE, WorkerEnded, environment
from camreel.media.worker.messages import LapseClip, StillOrder, TimelapseOrder
from camreel.media.worker.process import MergeDied, MergeProcess, StillProcess, lapse
from camreel.media.worker.wire import LONGEST_LINE, Message, decode, encode

pytestmark = [pytest.mark.anyio, pytest.mark.slow(reason="starts worker processes")]


class OverSocket:
    """An executor whose worker is reached over TCP alone; ``sent`` and ``received`` are the names of its messages."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.received: list[str] = []
        self.worker: anyio.abc.Process | None = None

    async def start(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self._stream = await anyio.connect_tcp(*listener.getsockname())
            there, _ = listener.accept()
        with there:
            command = [sys.executable, "-m", "camreel.media.worker.main"]
            pipe = there.fileno()
            self.worker = await anyio.open_process(command, stdin=pipe, stdout=pipe, stderr=None, env=environment())
        self._lines = BufferedByteReceiveStream(self._stream)

    async def send(self, *messages: Message) -> None:
        self.sent += [type(each).__name__ for each in messages]
        await self._stream.send(b"".join(map(encode, messages)))

    async def receive(self) -> Message:
        try:
            message = decode(await self._lines.receive_until(b"\n", LONGEST_LINE))
        except (anyio.IncompleteRead, anyio.BrokenResourceError):
            raise WorkerEnded from None
        self.received.append(type(message).__name__)
        return message

    async def close(self) -> None:
        await self._stream.aclose()
        if self.worker is not None:
            await self.worker.wait()  # it ends by itself when its connection does


async def test_a_merge_over_a_socket(studio):
    """The film is the same to the byte, and what went over the socket is the messages and nothing else."""
    clips = [*studio.row(3), studio.file(b"<html>")]
    here = studio.merge("mp4", clips, output=str(studio.folder / "here.part"))
    executor = OverSocket()
    job = studio.job("mp4")
    async with MergeProcess(job, lambda *_: None, executor=executor) as merge:
        results = [await merge.add(clip) for clip in clips]
        result = await merge.finish()
    assert [*(outcome for each in results for outcome in each.outcomes), *result.outcomes] == here.outcomes
    assert Path(job.output).read_bytes() == here.path.read_bytes()
    assert executor.sent == ["MergeJob", *["ClipFile"] * 4, "Finish"]
    assert [name for name in executor.received if name not in {"ClipBegun", "MergeProgress"}] == [
        *["ClipResults"] * 4, "MergeResult", "PlaybackProgress", "PlaybackResult",
    ]  # fmt: skip


async def test_pictures_and_a_timelapse_over_a_socket(studio):
    """All that is asked of a worker goes this way."""
    (clip,) = studio.row(1)
    picture = studio.folder / "one.jpg"
    async with StillProcess(executor=OverSocket()) as stills:
        await stills.still(StillOrder(clip.path, str(picture), 160))
    assert picture.read_bytes().startswith(b"\xff\xd8")
    part = LapseClip(1, clip.path, clip.label, clip.span.start, clip.span)
    made = await lapse(
        TimelapseOrder(studio.job("mp4"), 2.0, (clip.span,), (part,)), lambda *_: None, executor=OverSocket()
    )
    assert [outcome.video_packets for outcome in made.outcomes] == [1]


async def test_a_connection_that_breaks_names_the_clip(studio):
    """As a child that dies does: so a job goes on without that clip, wherever its worker runs."""
    first, second = studio.row(2)
    executor = OverSocket()
    async with MergeProcess(studio.job("mp4"), lambda *_: None, executor=executor) as merge:
        await merge.add(first)
        assert executor.worker is not None
        executor.worker.kill()
        with pytest.raises(MergeDied, match=r"died while 08\.00\.03\.mp4 was being merged") as died:
            await merge.add(second)
    assert died.value.number == second.number


def test_the_worker_starts_beside_the_package():
    """`-m` puts the working directory first on the path: in the package, its modules would be top-level ones."""
    assert (_BESIDE_THE_PACKAGE / "camreel" / "__init__.py").is_file()
    assert not (_BESIDE_THE_PACKAGE / "text.py").exists()
