"""Sound against pictures, measured from what the film shows and plays."""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import av
import pytest

from camreel.media.merge.merger import Merger
from camreel_simulator import ClipSpec, heard_beeps, make_clip, seen_frames

pytestmark = pytest.mark.slow(reason="merges hundreds of clips and decodes their sound")

# Seconds: half an AAC frame at 8 kHz, and a millisecond for finding the onset of a beep.
IN_STEP = 0.065

EIGHT = datetime(2026, 1, 16, 8, 0, 0)  # noqa: DTZ001 - the clock of a camera


@pytest.mark.parametrize("container", ["mp4", "mkv", "avi"])
@pytest.mark.parametrize("sound", ["aac", "alaw"])
@pytest.mark.parametrize("extra", [1.9, -1.0])
def test_no_drift_over_many_clips(studio, container, sound, extra):
    """After 31 clips, each with too much or too little sound, a beep is still within 64 ms of its picture."""
    clips = studio.row(31, seconds=2.4 if extra > 0 else 3, begin=0.4, audio=sound, audio_extra=extra, fps=5)
    film = studio.merge(container, clips)
    late = film.lateness(fps=5)
    assert len(late) >= 60
    assert max(map(abs, late)) <= IN_STEP


@pytest.mark.parametrize("container", ["mp4", "mkv"])
def test_longer_sound_neither_freezes_the_picture_nor_plays_on(studio, container):
    """The 1.9 s that the sound of a real clip goes on are cut and counted; pictures follow each other evenly."""
    clips = studio.row(4, seconds=3)
    film = studio.merge(container, clips)
    times = [shown for shown, _ in seen_frames(film.path)]
    steps = [round(b - a, 3) for a, b in pairwise(times)]
    assert set(steps) == {0.1}
    assert len(heard_beeps(film.path)) == 12
    for outcome in film.outcomes:
        assert outcome.audio_cut_seconds == pytest.approx(1.9, abs=0.13)


@pytest.mark.parametrize("container", ["mp4", "mkv"])
def test_shorter_sound_leaves_a_hole(studio, container):
    """Where a clip's sound ends first, the next clip's sound starts with its own pictures."""
    clips = studio.row(2, seconds=5, audio_extra=-3.2)
    film = studio.merge(container, clips)
    assert heard_beeps(film.path) == pytest.approx([0.06, 1, 5.06, 6], abs=IN_STEP)
    assert film.outcomes[0].audio_cut_seconds == 0


def _with_priming(spec: ClipSpec) -> bytes:
    """The clip as FFmpeg would write it: the AAC encoder's run-up in front, and an edit list that hides it."""
    buffer = BytesIO()
    source = av.open(BytesIO(make_clip(spec)), "r")
    video, sound = source.streams.video[0], source.streams.audio[0]
    with av.open(buffer, "w", format="mp4") as out:
        copied = out.add_stream_from_template(video, opaque=True)
        encoded = out.add_stream("aac", rate=spec.audio_rate, layout="mono")
        packets = []
        for frame in source.decode(sound):
            packets += encoded.encode(frame)
        packets += encoded.encode(None)
        source.seek(0)
        for packet in source.demux(video):
            if packet.dts is not None:
                packet.stream = copied
                packets.append(packet)
        for packet in sorted(packets, key=lambda each: each.dts * Fraction(each.time_base)):
            out.mux(packet)
    source.close()
    return buffer.getvalue()


@pytest.mark.parametrize("container", ["mp4", "mkv"])
def test_priming_is_not_heard_as_a_delay(studio, container):
    """Clips whose AAC begins with an encoder's run-up are in step, and the film's sound begins with its pictures."""
    clips = [
        studio.file(_with_priming(spec), spec.start, spec.seconds)
        for spec in (ClipSpec(EIGHT.replace(second=3 * n), 3) for n in range(3))
    ]
    film = studio.merge(container, clips)
    late = film.lateness()
    assert len(late) >= 7
    assert max(map(abs, late)) <= IN_STEP
    with av.open(str(film.path)) as reopened:
        starts = [stream.start_time * stream.time_base for stream in reopened.streams]
    assert max(starts) - min(starts) <= IN_STEP


@pytest.mark.parametrize("rate", [16000, 64000])
def test_other_rates(studio, rate):
    """AAC at 16 and 64 kHz, which cameras really use, is copied as it is."""
    film = studio.merge("mp4", studio.row(3, audio_rate=rate))
    assert film.result.audio_codec == "aac"
    assert max(map(abs, film.lateness())) <= IN_STEP
    with av.open(str(film.path)) as reopened:
        assert reopened.streams.audio[0].rate == rate


@pytest.mark.parametrize("container", ["mp4", "mkv", "avi"])
def test_a_rate_that_aac_does_not_know(studio, container):
    """G.711 at any rate is in step, also where AAC has no such rate."""
    film = studio.merge(container, studio.row(3, audio="alaw", audio_rate=10000))
    assert len(film.lateness()) >= 7
    assert max(map(abs, film.lateness())) <= IN_STEP


def _without_early_sound(spec: ClipSpec, first: float) -> bytes:
    """The clip without the sound before ``first`` seconds."""
    buffer = BytesIO()
    with av.open(BytesIO(make_clip(spec)), "r") as source, av.open(buffer, "w", format="mov") as out:
        copied = [out.add_stream_from_template(stream, opaque=True) for stream in source.streams]
        for packet in source.demux():
            if packet.dts is not None and (packet.stream_index == 0 or packet.dts * packet.time_base >= first):
                packet.stream = copied[packet.stream_index]
                out.mux(packet)
    return buffer.getvalue()


@pytest.mark.parametrize("sound", ["aac", "mulaw"])
@pytest.mark.parametrize("container", ["mp4", "mkv", "avi"])
def test_sound_that_comes_late(studio, source_hashes, container, sound):
    """Where sound comes only after many pictures they go to the disk all the same, and the sound is in step."""
    spec = ClipSpec(EIGHT, 12, audio=sound, two_keyframes=False)
    clips = [studio.file(_without_early_sound(spec, 7.5), EIGHT, 12), *studio.row(1, begin=12, audio=sound)]
    film = studio.merge(container, clips)
    assert film.hashes() == source_hashes(clips)
    assert [round(beep) for beep in heard_beeps(film.path)] == [8, 9, 10, 11, 12, 13, 14]
    assert max(map(abs, film.lateness())) <= IN_STEP


def _with_large_pictures(body: bytes) -> bytes:
    """The clip with 20 KB of filler (a NAL unit of type 12) in each picture."""
    filler = b"\x0c" + b"\xff" * 20_000
    buffer = BytesIO()
    with av.open(BytesIO(body), "r") as source, av.open(buffer, "w", format="mov") as out:
        copied = [out.add_stream_from_template(stream, opaque=True) for stream in source.streams]
        for packet in source.demux():
            if packet.dts is None:
                continue
            if packet.stream_index == 0:
                large = av.Packet(bytes(packet) + len(filler).to_bytes(4, "big") + filler)
                large.pts, large.dts, large.duration = packet.pts, packet.dts, packet.duration
                large.time_base, large.is_keyframe = packet.time_base, packet.is_keyframe
                large.stream = copied[0]
                out.mux(large)
            else:
                packet.stream = copied[1]
                out.mux(packet)
    return buffer.getvalue()


def test_late_sound_does_not_keep_the_film_in_memory(studio, monkeypatch):
    """An mp4 is written while its pictures come, also where the first sound comes much later."""
    monkeypatch.setattr("camreel.media.merge.clip_copy.EVERY", 0)
    monkeypatch.setattr("camreel.media.merge.clip_copy._LOOK_EVERY", 1)
    clip = studio.file(_with_large_pictures(_without_early_sound(ClipSpec(EIGHT, 30), 28)), EIGHT, 30)
    job = studio.job("mp4")
    sizes = [0]
    merger = Merger(job)
    merger.add(clip, lambda _, wall: sizes.append(Path(job.output).stat().st_size if Path(job.output).exists() else 0))
    halfway = sizes[len(sizes) // 2]
    assert halfway > 1_000_000
    assert merger.finish().films[0].size > 6_000_000


def test_g711_in_mkv_is_lossless(studio):
    """The PCM in an mkv is, sample by sample, what the G.711 of the clip decodes to."""
    clip = studio.row(1, audio="alaw", audio_extra=0)[0]
    film = studio.merge("mkv", [clip])
    assert _samples(film.path) == _samples(clip.path)


def _samples(path) -> bytes:
    with av.open(str(path)) as container:
        return b"".join(bytes(frame.planes[0])[: frame.samples * 2] for frame in container.decode(audio=0))
