"""What a merge costs, as far as it can be counted: clips are opened once, and nothing is kept of each for good."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

from camreel.formats.containers import OutputFormat
from camreel.media.clips import clip as clip_module
from camreel.media.clips import indexed_clip
from camreel.media.ffmpeg import open_as
from camreel.media.merge.merger import Merger
from camreel.media.worker.messages import MergeJob
from camreel.model import Span, WallTime
from camreel_simulator import ClipSpec

EIGHT = datetime(2026, 1, 16, 8, 0, 0)  # noqa: DTZ001 - the clock of a camera


def test_clips_that_are_alike_are_opened_by_ffmpeg_once(studio, monkeypatch):
    """That walks all boxes of a clip, and cameras write one for each picture: it takes as long as 200 packets."""
    opened: Counter[str] = Counter()

    def counted(path, *rest):
        opened[path] += 1
        return open_as(path, *rest)

    monkeypatch.setattr(clip_module, "open_as", counted)
    monkeypatch.setattr(indexed_clip, "_known", {})
    clips = [studio.clip(ClipSpec(EIGHT + timedelta(seconds=2 * n), 2)) for n in range(5)]
    span = Span(WallTime(EIGHT), WallTime(EIGHT + timedelta(seconds=10)))
    merger = Merger(MergeJob(str(studio.folder / "film.mp4.part"), OutputFormat.MP4, span))
    for clip in clips:
        merger.add(clip, lambda *_: None)
    result = merger.finish()
    assert result.films[0].video_packets == 100
    again = [opened[clip.path] for clip in clips]
    assert again == [1, 0, 0, 0, 0]
