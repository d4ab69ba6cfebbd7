"""What the tests of the merge share: clips of the simulated camera on disk, and a look at the film made of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from pathlib import Path

import av
import pytest
from tests.conftest import frame_md5s

from camreel.formats.containers import OutputFormat
from camreel.media.clips.packets import head_of
from camreel.media.merge.merger import Merger
from camreel.media.worker.messages import ClipFile, ClipOutcome, FilmResult, MergeJob
from camreel.model import Playback, Span, VideoOptions, WallTime
from camreel_simulator import ClipSpec, heard_beeps, make_clip, seen_frames

EIGHT = datetime(2026, 1, 16, 8, 0, 0)  # noqa: DTZ001 - the clock of a camera


@dataclass
class Film:
    """A finished merge and what is in its file."""

    path: Path
    result: FilmResult
    outcomes: list[ClipOutcome]
    notes: tuple[str, ...] = ()

    @property
    def ends(self) -> tuple[bytes, bytes]:
        """How its first and its last picture begin, as stored."""
        with av.open(str(self.path)) as container:
            packets = [packet for packet in container.demux(video=0) if packet.size]
            return head_of(packets[0]), head_of(packets[-1])

    def hashes(self) -> list[str]:
        return frame_md5s(self.path)

    def numbers(self) -> list[int]:
        return [number for _, number in seen_frames(self.path)]

    def lateness(self, fps: int = 10) -> list[float]:
        """For each beep: seconds that it comes after the picture of its whole second. Beeps at an edge are left out."""
        seconds: dict[float, float] = {}
        # FFmpeg's avi reader gives every H.264 picture the time of the next, also in files of its own making.
        early = 1 / fps if self.path.name.endswith(".avi.part") else 0
        for shown, number in seen_frames(self.path):
            if number % fps == 0:
                seconds.setdefault(shown - early, number / fps)
        late = [min((beep - shown for shown in seconds), key=abs) for beep in heard_beeps(self.path)]
        return [each for each in late if abs(each) < 0.4]


@dataclass
class Films:
    """A merge that may have made several files."""

    results: tuple[FilmResult, ...]
    outcomes: list[ClipOutcome]
    notes: tuple[str, ...]
    playback: Playback | None = None

    def each(self) -> list[Film]:
        """The files, one by one."""
        return [Film(Path(result.path), result, self.outcomes, self.notes) for result in self.results]

    def hashes(self) -> list[list[str]]:
        """The decoded pictures of each file."""
        return [film.hashes() for film in self.each()]


@dataclass
class Studio:
    """Makes clips and films in a folder of its own."""

    folder: Path
    clips: list[ClipFile] = field(default_factory=list)
    may_fail: bool = False  # what is made may not play

    def file(self, body: bytes, start: datetime = EIGHT, seconds: float = 10, name: str | None = None) -> ClipFile:
        """Any bytes as a clip that is listed from ``start`` on."""
        number = len(self.clips)
        path = self.folder / (name or f"clip {number}.mp4")
        path.write_bytes(body)
        span = Span(WallTime(start), WallTime(start + timedelta(seconds=seconds)))
        self.clips.append(ClipFile(number, str(path), span, f"{start:%H.%M.%S}.mp4"))
        return self.clips[-1]

    def clip(self, spec: ClipSpec, name: str | None = None) -> ClipFile:
        """A clip of the simulated camera."""
        return self.file(make_clip(spec), spec.start, spec.seconds, name)

    def file_of(self, spec: ClipSpec, listed: float) -> ClipFile:
        """A clip that the camera lists for ``listed`` seconds, whatever it holds."""
        return self.file(make_clip(spec), spec.start, listed)

    def row(self, count: int, seconds: float = 3, gap: float = 0, begin: float = 0, **more) -> list[ClipFile]:
        """Clips that follow each other; the first begins ``begin`` seconds after eight o'clock."""
        first, step = EIGHT + timedelta(seconds=begin), timedelta(seconds=seconds + gap)
        return [self.clip(ClipSpec(first + n * step, seconds, **more)) for n in range(count)]

    def job(self, container: OutputFormat | str, seconds: tuple[float, float] = (0, 3600), **more) -> MergeJob:
        """The range is in seconds from eight o'clock on."""
        start, end = (WallTime(EIGHT + timedelta(seconds=each)) for each in seconds)
        output = more.pop("output", str(self.folder / f"film.{OutputFormat(container).value}.part"))
        options = {field.name: more.pop(field.name) for field in fields(VideoOptions) if field.name in more}
        return MergeJob(output, OutputFormat(container), Span(start, end), VideoOptions(**options), **more)

    def merge(self, container: OutputFormat | str, clips: Sequence[ClipFile], seconds=(0, 3600), **more) -> Film:
        """One file."""
        films = self.merge_all(container, clips, seconds, **more)
        assert len(films.results) == 1
        return Film(Path(films.results[0].path), films.results[0], films.outcomes, films.notes)

    def merge_all(self, container: OutputFormat | str, clips: Sequence[ClipFile], seconds=(0, 3600), **more) -> Films:
        """As many files as it takes. The outcomes are in the order of the clips."""
        merger = Merger(self.job(container, seconds, **more))
        outcomes: list[ClipOutcome] = []
        followed = [*clips[1:], None]
        for clip, after in zip(clips, followed, strict=True):
            known = replace(clip, next_start=after.span.start) if after else clip
            settled = merger.add(known, lambda number, wall: None)
            assert settled.again is None
            outcomes += settled.outcomes
        result = merger.finish()
        playback = merger.play(lambda number, frames: None)
        outcomes += result.outcomes
        order = {clip.number: at for at, clip in enumerate(clips)}
        assert sorted(order) == sorted(outcome.number for outcome in outcomes)
        for outcome in outcomes:
            assert outcome.frames is None or outcome.frames.unaccounted == 0, outcome
        assert playback.failures == () or self.may_fail, playback
        return Films(result.films, sorted(outcomes, key=lambda each: order[each.number]), result.notes, playback)


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path)


@pytest.fixture
def source_hashes() -> Callable[[Sequence[ClipFile]], list[str]]:
    """The pictures of clips on disk, as their own file decodes. The same bytes are decoded once."""
    known: dict[bytes, list[str]] = {}

    def hashes(clips: Sequence[ClipFile]) -> list[str]:
        found: list[str] = []
        for clip in clips:
            path = Path(clip.path)
            body = path.read_bytes()
            if body not in known:
                known[body] = frame_md5s(path)
            found += known[body]
        return found

    return hashes
