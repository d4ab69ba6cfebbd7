"""The merge in its own process: it can crash, hang or be left alone, and the program and the disk stay well."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from camreel.diskio import FileIdentity
from camreel.errors import DiskError, MergeError
from camreel.formats.source import ClipTrust
from camreel.media.worker.executor import ChildProcess, WorkerEnded, environment
from camreel.media.worker.messages import (
    ClipFile,
    ClipOutcome,
    ClipResults,
    Failed,
    Finish,
    MergeJob,
    MergeProgress,
    MergeResult,
    PlaybackProgress,
    PlaybackResult,
)
from camreel.media.worker.process import MergeDied, MergeProcess, PlaybackDied
from camreel.media.worker.wire import decode, encode
from camreel.model import Playback, Verify

pytestmark = [pytest.mark.anyio, pytest.mark.slow(reason="starts worker processes that hang and die")]


def nothing(number, wall) -> None:
    """A listener that does not listen."""


def alive(pid: int | None) -> bool:
    """Whether a process runs (a zombie does not)."""
    assert pid is not None
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


async def test_same_film_as_without_a_process(studio, source_hashes):
    """What the process makes is what the merge makes, and the answers are the same."""
    clips = [*studio.row(3), studio.file(b"<html>")]
    here = studio.merge("mp4", clips, output=str(studio.folder / "here.part"))
    job = studio.job("mp4")
    async with MergeProcess(job, nothing) as merge:
        settled = [await merge.add(clip) for clip in clips]
        result = await merge.finish()
    assert [*(outcome for each in settled for outcome in each.outcomes), *result.outcomes] == here.outcomes
    made = result.films[0]
    assert made.file == FileIdentity.of(Path(job.output).lstat())
    assert replace(made, path=here.result.path, file=here.result.file) == here.result
    assert Path(job.output).read_bytes() == here.path.read_bytes()


async def test_relative_paths(studio, monkeypatch):
    """Paths are those of this process, wherever the other one runs."""
    monkeypatch.chdir(studio.folder)
    clip = studio.row(1, seconds=1)[0]
    async with MergeProcess(studio.job("mp4", output="film.part"), nothing) as merge:
        await merge.add(replace(clip, path=Path(clip.path).name))
        await merge.finish()
    assert (studio.folder / "film.part").stat().st_size > 0


async def test_refusal_crosses_the_border(studio):
    """A MergeError of the other process is a MergeError here, with its hint."""
    async with MergeProcess(studio.job("avi"), nothing) as merge:
        with pytest.raises(MergeError, match=r"H\.265 cannot be stored in avi; use mp4, mkv or mov") as refused:
            await merge.add(studio.row(1, video="hevc")[0])
        assert "downloads are kept" in (refused.value.hint or "")
        with pytest.raises(MergeError, match="already ended"):
            await merge.finish()


async def test_disk_full_crosses_the_border(studio, fill_disk):
    """A full disk over there is a DiskError here, with its advice."""
    job = studio.job("mkv")
    fill_disk(Path(job.output))
    async with MergeProcess(job, nothing) as merge:
        await merge.add(studio.row(1, seconds=1)[0])  # little enough to be still in a buffer
        with pytest.raises(DiskError, match="The disk is full") as full:
            await merge.finish()
    assert "Free some space" in (full.value.hint or "")


async def test_death_of_the_process_names_the_clip(studio):
    """A process that dies is a MergeError that names what it was doing; the file stays for its owner."""
    clips = studio.row(2)
    child = ChildProcess()
    async with MergeProcess(studio.job("mp4"), nothing, executor=child) as merge:
        await merge.add(clips[0])
        assert child.pid is not None
        os.kill(child.pid, signal.SIGKILL)
        with pytest.raises(MergeError, match=r"died while 08\.00\.03\.mp4 was being merged"):
            await merge.add(clips[1])
    assert Path(studio.job("mp4").output).exists()


async def test_stall_ends_the_process(studio, hang):
    """A clip that FFmpeg never comes back from ends the merge."""
    clip = studio.row(1)[0]
    hang(Path(clip.path))
    child = ChildProcess()
    async with MergeProcess(studio.job("mp4"), nothing, stall_seconds=1, executor=child) as merge:
        pid = child.pid
        with pytest.raises(MergeError, match=r"said nothing for 1 seconds while 08\.00\.00\.mp4"):
            await merge.add(clip)
        assert not alive(pid)


async def test_cancellation_kills_within_half_a_second(studio, hang):
    """Ctrl-C does not wait for FFmpeg."""
    clip = studio.row(1)[0]
    hang(Path(clip.path))
    child = ChildProcess()
    with anyio.move_on_after(1) as limit:
        async with MergeProcess(studio.job("mp4"), nothing, executor=child) as merge:
            pid = child.pid
            try:
                await merge.add(clip)
            finally:
                began = time.monotonic()
    assert limit.cancelled_caught
    assert time.monotonic() - began < 0.5
    assert not alive(pid)


async def test_leaving_without_finish_kills_and_keeps_the_file(studio):
    """Whoever leaves early leaves no process behind; the unfinished file is the caller's."""
    child = ChildProcess()
    async with MergeProcess(studio.job("mp4"), nothing, executor=child) as merge:
        pid = child.pid
        await merge.add(studio.row(1)[0])
    assert not alive(pid)
    assert Path(studio.job("mp4").output).exists()


async def test_no_secret_in_the_environment(studio, monkeypatch):
    """The process that reads hostile clips never sees the password, nor anything it does not need."""
    for name in ("AMCREST_PASSWORD", "CAMREEL_PASSWORD", "SOME_TOKEN", "SSH_AUTH_SOCK"):
        monkeypatch.setenv(name, "secret")
    passed = environment()
    assert not [name for name in passed if "PASSWORD" in name or "secret" in passed[name]]
    child = ChildProcess()
    async with MergeProcess(studio.job("mp4"), nothing, executor=child) as merge:
        await merge.add(studio.row(1, seconds=1)[0])
        there = Path(f"/proc/{child.pid}/environ")
        if there.exists():
            assert b"secret" not in there.read_bytes()
            assert b"PASSWORD" not in there.read_bytes()


ABANDONED = """
import asyncio, os, sys
from camreel.media.worker.executor import ChildProcess
from camreel.media.worker.process import MergeProcess
from camreel.media.worker.wire import decode

async def main():
    job, clip = (decode(line.encode()) for line in sys.argv[1:])
    child = ChildProcess()
    async with MergeProcess(job, lambda number, wall: None, executor=child) as merge:
        await merge.add(clip)
        print(child.pid, flush=True)
        os._exit(9)

asyncio.run(main())
"""


def test_the_process_ends_with_its_parent(studio):
    """A parent that is killed leaves nothing behind that goes on writing."""
    orders = [encode(each).decode() for each in (studio.job("mp4"), studio.row(1)[0])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    parent = subprocess.run(
        [sys.executable, "-c", ABANDONED, *orders], stdout=subprocess.PIPE, check=False, env=environment, timeout=60
    )
    assert parent.returncode == 9
    pid = int(parent.stdout)
    deadline = time.monotonic() + 10
    while alive(pid) and time.monotonic() < deadline:
        os.sched_yield()
    assert not alive(pid)


def worker(lines: bytes, *, keep_open: bool = False, code: str | None = None) -> subprocess.CompletedProcess[bytes]:
    """Run the worker on ``lines``."""
    command = [sys.executable, *(["-c", code] if code else ["-m", "camreel.media.worker.main"])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    child = subprocess.Popen(command, stdin=-1, stdout=-1, stderr=-1, env=environment)
    assert child.stdin is not None
    assert child.stdout is not None
    assert child.stderr is not None
    child.stdin.write(lines)
    child.stdin.flush()
    if not keep_open:
        child.stdin.close()
    with child:
        out, err = child.stdout.read(), child.stderr.read()
        with suppress(BrokenPipeError):
            child.stdin.close()
        return subprocess.CompletedProcess(command, child.wait(60), out, err)


def test_end_of_input_ends_the_worker(studio):
    """No more input means no more parent."""
    assert worker(encode(studio.job("mp4"))).returncode == 3
    assert worker(b"").returncode == 3
    assert worker(b"nonsense\n").returncode == 3


def test_the_worker_speaks_lines_and_nothing_else(studio):
    """What a library prints does not get between the lines, and an error is a line, not a traceback."""
    lines = b"".join(map(encode, [studio.job("mp4"), *studio.row(1), Finish()]))
    noisy = (
        "import os, camreel.media.merge.merger as m; from camreel.media.worker import main as worker\n"
        "real = m.Merger.add\n"
        "def add(*a): print('noise'); os.write(1, b'more noise'); return real(*a)\n"
        "m.Merger.add = add\n"
        "worker.main()"
    )
    spoken = worker(lines, keep_open=True, code=noisy)
    messages = [decode(line) for line in spoken.stdout.splitlines()]
    assert [type(each) for each in messages[-3:]] == [MergeResult, PlaybackProgress, PlaybackResult]
    broken = worker(lines, keep_open=True, code=noisy.replace("return real(*a)", "raise KeyError('x')"))
    failed = decode(broken.stdout.splitlines()[-1])
    assert isinstance(failed, Failed)
    assert failed.kind == "merge"
    assert "KeyError" in failed.message
    assert b"Traceback" not in broken.stdout


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        ("print('hello')", "not JSON"),
        ("print('{}')", "unknown type"),
        ("import sys; sys.stdout.write('x' * (17 << 20)); sys.stdout.flush()", "without end"),
        ("print(open(%r).read())", "out of turn"),
        ("pass", "died"),
    ],
)
async def test_a_process_that_talks_nonsense(studio, monkeypatch, answer, complaint):
    """Whatever a taken-over process says is at worst a MergeError."""
    wrong = studio.folder / "wrong"
    wrong.write_bytes(encode(studio.job("mp4")))
    code = answer % str(wrong) if "%r" in answer else answer
    real = anyio.open_process
    monkeypatch.setattr(anyio, "open_process", lambda command, **more: real([sys.executable, "-c", code], **more))
    async with MergeProcess(studio.job("mp4"), nothing) as merge:
        with pytest.raises(MergeError, match=complaint):
            await merge.add(studio.row(1, seconds=1)[0])


async def test_progress_comes_while_a_clip_is_merged(studio, monkeypatch):
    """Progress is handed on with the number of its clip."""
    clip = studio.row(1, seconds=1)[0]
    lines = encode(MergeProgress(0, clip.span.start)) + encode(Failed("disk", "The disk is full.", "Free some."))
    said = studio.folder / "said"
    said.write_bytes(lines)
    real = anyio.open_process
    code = f"import sys; sys.stdout.write(open({str(said)!r}).read())"
    monkeypatch.setattr(anyio, "open_process", lambda command, **more: real([sys.executable, "-c", code], **more))
    told = []
    async with MergeProcess(studio.job("mp4"), lambda *news: told.append(news)) as merge:
        with pytest.raises(DiskError, match="The disk is full"):
            await merge.add(clip)
    assert told == [(0, clip.span.start)]


async def test_not_found_from_elsewhere(studio, monkeypatch, tmp_path):
    """The process is found, and is ours, whatever folder we are in."""
    (tmp_path / "av.py").write_text("raise SystemExit('a stranger')")
    monkeypatch.chdir(tmp_path)
    job: MergeJob = studio.job("mp4")
    clip: ClipFile = studio.row(1, seconds=1)[0]
    async with MergeProcess(job, nothing) as merge:
        assert (await merge.add(clip)).outcomes[0].video_packets == 10


async def test_clips_that_are_handed_over_early(studio):
    """Each is answered for in its turn, however many are on their way; and the film is the same."""
    clips = studio.row(9, seconds=1)
    settled: list[int] = []
    async with MergeProcess(studio.job("mp4"), lambda *_: None) as process:
        await process.add_all(iter(clips), lambda clip, _: settled.append(clip.number))
        result = await process.finish()
    assert settled == [clip.number for clip in clips]
    assert result.films[0].video_packets == 9 * 10


async def test_the_clip_that_kills_is_named_also_with_others_on_their_way(studio, hang):
    """Not the one that was sent last."""
    clips = studio.row(8, seconds=1)
    hang(Path(clips[3].path))
    with pytest.raises(MergeDied) as died:
        async with MergeProcess(studio.job("mp4"), lambda *_: None, stall_seconds=5) as process:
            await process.add_all(clips, lambda *_: None)
    assert died.value.number == clips[3].number


class Scripted:
    """An executor whose worker says what it is told to, and ends."""

    def __init__(self, *messages) -> None:
        self._messages = list(messages)

    async def start(self) -> None:
        return

    async def send(self, *messages) -> None:
        return

    async def receive(self):
        if not self._messages:
            raise WorkerEnded
        return self._messages.pop(0)

    async def close(self) -> None:
        return


@pytest.mark.parametrize(
    ("told", "failing", "noted"),
    [
        ([PlaybackProgress(7, 0)], [7], False),
        ([PlaybackProgress(7, 0), Failed("memory", "It needed too much.")], [], True),
        ([], [], True),
        ([PlaybackProgress(8, 0)], [], True),  # of a clip that it was not given
        ([PlaybackProgress(7, 0), PlaybackResult(Playback(Verify.SAMPLE, 1, 1, 25))], [], False),
    ],
    ids=["it dies of a clip", "it needs too much memory", "it dies of nothing", "it makes something up", "all is well"],
)
async def test_decoding_the_video_may_kill_the_process(studio, told, failing, noted):
    """The video is there by then: the clip is named, and nothing else is lost. Nor is it passed over in silence."""
    (clip,) = studio.row(1)
    clip = replace(clip, number=7)
    worker = Scripted(ClipResults(()), MergeResult(()), *told)
    async with MergeProcess(studio.job("mp4"), nothing, executor=worker) as merge:
        await merge.add(clip)
        try:
            result = await merge.finish()
        except PlaybackDied as died:  # as somebody may have killed it: the caller tries again, or takes this
            result = died.result
    assert result.playback is not None
    assert ["not decoded to its end" in note for note in result.notes] == [True] * noted
    assert [failure.number for failure in result.playback.failures] == failing


@pytest.mark.parametrize("trust", ClipTrust)
async def test_the_worker_is_told_which_files_are_clips(studio, trust):
    """A link among them, and a file with a second name: only who names files himself may name a link."""
    clips = studio.row(3, seconds=1)
    for number, leads in ((1, os.symlink), (2, os.link)):
        kept = Path(clips[number].path).rename(studio.folder / f"kept{number}")
        leads(kept, clips[number].path)
    async with MergeProcess(studio.job("mp4", trust=trust), nothing) as process:
        outcomes: list[ClipOutcome] = []
        await process.add_all(clips, lambda _clip, found: outcomes.extend(found.outcomes))
        outcomes += (await process.finish()).outcomes
    usable = {each.number for each in outcomes if each.unusable is None}
    expected = {ClipTrust.ANYBODY: {0, 1, 2}, ClipTrust.NO_LINKS: {0, 2}, ClipTrust.OWN: {0}}
    assert usable == {clips[number].number for number in expected[trust]}
