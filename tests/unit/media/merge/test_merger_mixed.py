"""Clips of different kinds in one merge: as few files as can hold them, every picture bit-exact, sound in step."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import av
import pytest
from tests.conftest import by_turns

from camreel.errors import MergeError
from camreel.model import AudioMode
from camreel_simulator import ClipSpec, heard_beeps

pytestmark = pytest.mark.slow(reason="merges and decodes dozens of videos")

EIGHT = datetime(2026, 1, 16, 8, 0, 0)  # noqa: DTZ001 - the clock of a camera
IN_STEP = 0.065


def row(studio, *kinds, seconds=3):
    """Clips that follow each other, each of its own kind."""
    return [
        studio.clip(ClipSpec(EIGHT + n * timedelta(seconds=seconds), seconds, **kind)) for n, kind in enumerate(kinds)
    ]


@pytest.mark.parametrize("container", ["mp4", "mkv"])
def test_change_of_codec(studio, source_hashes, container):
    """One file for each run of a codec; nothing is lost between them, and each is a film of its own."""
    clips = row(studio, {}, {}, {"video": "hevc"}, {"video": "hevc"}, {})
    films = studio.merge_all(container, clips)
    assert [film.video_codec for film in films.results] == ["h264", "hevc", "h264"]
    assert films.hashes() == [source_hashes(clips[:2]), source_hashes(clips[2:4]), source_hashes(clips[4:])]
    assert [film.seconds for film in films.results] == pytest.approx([6, 6, 3])
    assert [str(film.span.start)[11:] for film in films.results] == ["08:00:00", "08:00:06", "08:00:12"]
    for film in films.each():
        assert max(map(abs, film.lateness())) <= IN_STEP


SILENT = {"audio": None}


@pytest.mark.parametrize(
    ("container", "sound", "silent"),
    by_turns(["mp4", "mov", "mkv", "avi"], ["aac", "alaw"], [(0,), (1,), (2,), (0, 1), (1, 2), (0, 2)], of=2),
)
def test_sound_missing_in_some_clips(studio, source_hashes, container, sound, silent):
    """The track is there from the start, silent where a clip is, and in step everywhere."""
    clips = row(studio, *(SILENT if n in silent else {"audio": sound} for n in range(3)))
    film = studio.merge(container, clips)
    assert film.hashes() == source_hashes(clips)
    late = film.lateness()
    # avi has no time stamps: there silence is whole frames of AAC, of 128 ms at 8 kHz.
    assert max(map(abs, late)) <= IN_STEP + (0.015 if container == "avi" else 0)
    assert len(late) == pytest.approx(3 * (3 - len(silent)), abs=2)
    if container != "mkv":
        assert _sound_from(film.path) <= 0.2
        assert _longest_hole(film.path) <= 0.13


def _sound_from(path: Path) -> float:
    with av.open(str(path)) as container:
        return next(float(frame.pts * frame.time_base) for frame in container.decode(audio=0))


def _longest_hole(path: Path) -> float:
    with av.open(str(path)) as container:
        places = [
            (frame.pts * frame.time_base, frame.samples / frame.sample_rate) for frame in container.decode(audio=0)
        ]
    ends = [float(start) + length for start, length in places]
    return max((float(start) - end for (start, _), end in zip(places[1:], ends, strict=False)), default=0.0)


_SOUNDS = [
    ({"audio_rate": 8000}, {"audio_rate": 16000}),
    ({"audio_rate": 16000}, {"audio": "alaw"}),
    ({"audio": "mulaw"}, {"audio": "aac"}),
    ({"audio": "alaw"}, {"audio": "mulaw"}),
]


@pytest.mark.parametrize(("container", "sounds"), by_turns(["mp4", "mkv", "avi"], _SOUNDS, of=2))
def test_change_of_sound(studio, source_hashes, container, sounds):
    """The odd clip gets the form that most of the footage has, wherever it comes, and that is said."""
    most, odd = sounds
    for kinds in [(odd, most, most), (most, odd, most)]:
        clips = row(studio, *kinds)
        film = studio.merge(container, clips, output=str(studio.folder / f"{len(studio.clips)}.{container}.part"))
        assert film.hashes() == source_hashes(clips)
        late = film.lateness()
        assert len(late) >= 7
        assert max(map(abs, late)) <= IN_STEP
        assert film.result.converted == 1
        assert "The sound of 1 clip was converted to that of the others." in film.notes


def test_sound_modes(studio):
    """What is written for each wish, in each container."""
    written = {
        ("mp4", "aac", "auto"): "aac",
        ("mp4", "alaw", "auto"): "aac",
        ("mov", "alaw", "auto"): "pcm_alaw",
        ("mkv", "alaw", "auto"): "pcm_s16le",
        ("mkv", "aac", "pcm"): "pcm_s16le",
        ("mp4", "aac", "pcm"): "pcm_s16le",
        ("mkv", "mulaw", "aac"): "aac",
        ("avi", "mulaw", "aac"): "aac",
        ("mov", "mulaw", "copy"): "pcm_mulaw",
        ("mp4", "aac", "none"): None,
    }
    for number, ((container, sound, mode), codec) in enumerate(written.items()):
        clips = studio.row(2, audio=sound)
        output = str(studio.folder / f"{number}.{container}.part")
        film = studio.merge(container, clips, audio=AudioMode(mode), output=output)
        assert film.result.audio_codec == codec, (container, sound, mode)
        with av.open(str(film.path)) as opened:
            assert [stream.codec_context.name for stream in opened.streams.audio] == ([codec] if codec else [])
        if codec:
            assert max(map(abs, film.lateness())) <= IN_STEP


def test_sound_that_cannot_be_copied(studio):
    """The error names what can hold it."""
    with pytest.raises(MergeError, match=r"G\.711 A-law sound cannot be copied into mp4"):
        studio.merge("mp4", studio.row(1, audio="alaw"), audio=AudioMode.COPY)


@pytest.mark.parametrize("container", ["mp4", "mkv"])
def test_no_drift_over_200_clips(studio, container):
    """After 200 clips whose sound is longer than their pictures, sound and pictures end within half an AAC frame."""
    first = studio.clip(ClipSpec(EIGHT, 1, audio_rate=16000))
    body = Path(first.path).read_bytes()
    clips = [first, *(studio.file(body, EIGHT + timedelta(seconds=n), 1) for n in range(1, 200))]
    film = studio.merge(container, clips)
    assert film.result.seconds == pytest.approx(200)
    beeps = [beep for beep in heard_beeps(film.path) if beep > 198.5]
    assert min(abs(beep - 199) for beep in beeps) <= 0.033 + 0.03
    with av.open(str(film.path)) as opened:
        frames = [(float(frame.pts * frame.time_base), frame.samples / 16000) for frame in opened.decode(audio=0)]
    assert abs(sum(frames[-1]) - 200) <= 0.032 + 1 / 1000
