"""The worker's own limits."""

from __future__ import annotations

import io
import queue
import sys

import pytest

from camreel.media.worker import main
from camreel.media.worker.executor import ChildProcess
from camreel.media.worker.messages import Failed, NoStill, SheetOrder, StillOrder
from camreel.media.worker.wire import Message, decode


@pytest.mark.anyio
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the limits of another process")
async def test_the_worker_limits_its_memory_before_it_opens_a_clip(tmp_path):
    """A clip that asks for more gets an error, and the computer keeps its memory."""
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    child = ChildProcess()
    await child.start()
    try:
        await child.send(StillOrder(str(tmp_path / "none.mp4"), str(tmp_path / "still.jpg"), 320))
        assert isinstance(await child.receive(), NoStill)
        assert child.pid is not None
        soft, _ = resource.prlimit(child.pid, resource.RLIMIT_AS)
    finally:
        await child.close()
    assert soft == (main.MOST_MEMORY if hard == resource.RLIM_INFINITY else min(main.MOST_MEMORY, hard))


def test_pictures_need_no_pillow(tmp_path, monkeypatch):
    """Only the contact sheet does, and says so in a sentence."""
    monkeypatch.setitem(sys.modules, "PIL", None)
    monkeypatch.delitem(sys.modules, "camreel.media.sheet", raising=False)
    asked: queue.Queue[Message] = queue.Queue()
    asked.put(SheetOrder(str(tmp_path / "look.png"), (), (), ()))
    answers = io.BytesIO()
    main._make_pictures(StillOrder(str(tmp_path / "none.mp4"), str(tmp_path / "a.jpg"), 320), asked, answers)
    still, sheet = map(decode, answers.getvalue().splitlines(keepends=True))
    assert isinstance(still, NoStill)
    assert isinstance(sheet, Failed)
    assert sheet.message.startswith("it needs Pillow, which cannot be loaded")
