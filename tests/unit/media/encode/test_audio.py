"""Sound decoded, brought to another rate, encoded, and silence: to the sample."""

from __future__ import annotations

import math
from array import array
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camreel.errors import MergeError
from camreel.media.clips.clip import SoundKind
from camreel.media.clips.open import open_clip
from camreel.media.encode.audio import (
    AacEncoder,
    Setup,
    SoundTranscoder,
    aac_rate,
    quiet_samples,
    read_setup,
    silent_frame,
)
from camreel_simulator import ClipSpec, beep_times, make_clip, make_dav

pytestmark = pytest.mark.slow(reason="encodes and decodes sound, sample by sample")

EIGHT = datetime(2026, 1, 16, 8, 0, 0)  # noqa: DTZ001 - the clock of a camera
AAC_RATES = (7350, 8000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 64_000, 88_200, 96_000)


def clip_of(folder: Path, audio: Any, rate: int, *, dav: bool = False, seconds: float = 3) -> Path:
    spec = ClipSpec(EIGHT, seconds, fps=2, audio=audio, audio_rate=rate, size=(64, 64), audio_extra=0)
    path = folder / f"{audio} {rate}.{'dav' if dav else 'mp4'}"
    path.write_bytes(make_dav(spec) if dav else make_clip(spec))
    return path


def sound_packets(clip: Any) -> list[Any]:
    return [packet for packet in clip.packets() if packet.stream_index == clip.sound.index]


def transcoded(path: Path, rate: int, channels: int) -> tuple[array[int], int]:
    """The sound of a clip, and how many samples its packets stand for."""
    with open_clip(str(path)) as clip:
        coder = SoundTranscoder(clip, rate, channels)
        packets = sound_packets(clip)
        data = b"".join([coder.add(packet) for packet in packets])
        assert coder.given == len(data) // (2 * channels)
        data += coder.finish()
        assert coder.damaged == 0
        aac = clip.sound is not None and clip.sound.codec_context.name == "aac"
        return array("h", data), sum(1024 if aac else packet.size for packet in packets)


def floats(samples: array[int]) -> list[float]:
    return [sample / 32768 for sample in samples]


@pytest.mark.parametrize(
    ("audio", "rate"), [("aac", 8000), ("aac", 48_000), ("aac", 64_000), ("alaw", 8000), ("mulaw", 16_000)]
)
@pytest.mark.parametrize(("to", "channels"), [(None, 1), (None, 2), (8000, 1), (11_025, 1), (44_100, 2)])
def test_as_long_as_it_was(audio, rate, to, channels, tmp_path):
    """No sample more or less at any rate, nor any earlier or later: the beeps are where they were."""
    path, to = clip_of(tmp_path, audio, rate), to or rate
    plain, _ = transcoded(path, rate, 1)
    samples, count = transcoded(path, to, channels)
    assert abs(len(samples) / channels - count * to / rate) <= 1
    for channel in range(channels):
        heard = beep_times(floats(samples[channel::channels]), to)
        assert heard == pytest.approx(beep_times(floats(plain), rate), abs=0.002)
        assert max(samples[channel::channels]) == pytest.approx(max(plain), rel=0.15)


@pytest.mark.parametrize("audio", ["aac", "alaw"])
def test_of_a_dav(audio, tmp_path):
    """A .dav recording's sound comes the same way."""
    samples, count = transcoded(clip_of(tmp_path, audio, 8000, dav=True), 16_000, 1)
    assert abs(len(samples) - 2 * count) <= 1
    assert len(beep_times(floats(samples), 16_000)) >= 2


@pytest.mark.parametrize("codec", ["pcm_s16le", "pcm_s16be", "pcm_s8", "pcm_u8", "pcm_alaw"])
@pytest.mark.parametrize("layout", ["mono", "stereo"])
def test_samples_of_any_form(codec, layout, tmp_path):
    """What a tone is in one form it is in another."""
    path, channels = tmp_path / "tone.mov", {"mono": 1, "stereo": 2}[layout]
    tone = array("h", [round(9000 * math.sin(n / 3)) for n in range(8000) for _ in range(channels)])
    with av.open(str(path), "w", format="mov") as out, av.open(str(clip_of(tmp_path, "aac", 8000))) as source:
        video = out.add_stream_from_template(source.streams.video[0], opaque=True)
        stream: Any = out.add_stream(codec, rate=8000, layout=layout)
        picture: Any = next(source.demux(source.streams.video[0]))
        picture.stream = video
        out.mux(picture)
        frame = av.AudioFrame(format="s16", layout=layout, samples=8000)
        frame.planes[0].update(tone.tobytes().ljust(frame.planes[0].buffer_size, b"\0"))
        frame.sample_rate, frame.pts, frame.time_base = 8000, 0, Fraction(1, 8000)
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    with open_clip(str(path)) as clip:
        coder = SoundTranscoder(clip, 8000, 1)
        samples = array("h", b"".join([*map(coder.add, sound_packets(clip)), coder.finish()]))
    assert len(samples) == 8000
    assert max(abs(one - other) for one, other in zip(samples, tone[::channels], strict=True)) < 400


def test_damage_is_silence_of_its_length(tmp_path):
    """A packet that cannot be decoded is counted and takes its time; the sound goes on where it was."""
    path = clip_of(tmp_path, "aac", 8000)
    whole, _ = transcoded(path, 16_000, 1)
    with open_clip(str(path)) as clip:
        packets = sound_packets(clip)
        broken: Any = av.Packet(b"\xff" * 60)
        broken.stream, broken.time_base, broken.pts = clip.sound, packets[5].time_base, packets[5].pts
        packets[5] = broken
        coder = SoundTranscoder(clip, 16_000, 1)
        samples = array("h", b"".join([*map(coder.add, packets), coder.finish()]))
        assert coder.damaged == 1
    assert len(samples) == len(whole)
    assert samples[8 * 2048 + 64 :] == pytest.approx(whole[8 * 2048 + 64 :], abs=2)


def test_runs(tmp_path):
    """After a finish another run begins, and counts anew."""
    with open_clip(str(clip_of(tmp_path, "alaw", 8000))) as clip:
        coder = SoundTranscoder(clip, 44_100, 1)
        packets = sound_packets(clip)
        for run in (packets[:7], packets[20:40]):
            data = b"".join([*map(coder.add, run), coder.finish()])
            assert abs(len(data) / 2 - sum(packet.size for packet in run) * 44_100 / 8000) <= 1
            assert coder.given == 0
        assert coder.finish() == b""


@pytest.mark.parametrize("channels", [1, 2])
def test_frames_of_960_samples(channels, tmp_path):
    """AAC with the short frames: silence decodes to so many samples of it."""
    kind = SoundKind("aac", 48_000, channels, Setup(48_000, channels, 960).hex)
    silent = silent_frame(kind)
    assert silent is not None
    assert decoded(bytes.fromhex(kind.setup), [silent] * 5, channels) == [array("h", bytes(2 * 5 * 960))] * channels


# --- AAC


def decoded(extradata: bytes, packets: list[Any], channels: int) -> list[array[int]]:
    """The samples of each channel, as 16 bits. Raises where a packet has an error."""
    decoder: Any = av.CodecContext.create("aac", "r")
    decoder.extradata = extradata
    made = [array("h") for _ in range(channels)]
    for packet in packets:
        for frame in decoder.decode(av.Packet(bytes(packet))):
            for channel, plane in zip(made, frame.planes, strict=True):
                heard = array("f", bytes(plane)[: 4 * frame.samples])
                channel.extend(max(-32768, min(32767, round(32768 * sample))) for sample in heard)
    return made


def chirp(count: int, rate: int, channels: int = 1) -> array[int]:
    """From 200 Hz up, with a click each 1500 samples; the channels differ in their loudness."""
    made = array("h")
    for n in range(count):
        t = n / rate
        value = 7000 * math.sin(2 * math.pi * (200 + 300 * t) * t) + (9000 if n % 1500 < 6 else 0)
        made.extend(round(value / (channel + 1)) for channel in range(channels))
    return made


def lag(fed: array[int], heard: array[int], start: int, count: int = 3000) -> int:
    """By how many samples ``heard`` comes after ``fed``: where the two are most alike."""

    def likeness(shift: int) -> float:
        return sum(fed[n] * heard[n + shift] for n in range(start, start + count))

    return max(range(-40, 41), key=likeness)


@pytest.mark.parametrize(("rate", "channels"), [(8000, 1), (16_000, 2), (48_000, 1), (64_000, 1), (16_000, 6)])
def test_a_sample_stays_where_it_is(rate, channels):
    """Sample k fed is sample k decoded; with its run-up kept, from the very first on."""
    fed = chirp(9000, rate, channels)
    encoder = AacEncoder(rate, channels, keep_run_up=True)
    packets = encoder.add(fed[: 700 * channels].tobytes()) + encoder.add(fed[700 * channels :].tobytes())
    packets += encoder.finish()
    assert [packet.pts for packet in packets] == list(range(-1024, 9000, 1024))
    assert encoder.extradata[:2].hex() == encoder.setup.hex
    for channel, whole in enumerate(decoded(encoder.extradata, packets, channels)):
        if channel == 3:
            continue  # of six the low-frequency one, which has no chirp
        heard, source = whole[1024:], fed[channel::channels]
        assert lag(source, heard, 100) == lag(source, heard, 5500) == 0
        noise = sum((a - b) ** 2 for a, b in zip(source, heard, strict=False)) / len(source)
        assert noise < sum(a * a for a in source) / len(source) / 10


def test_what_is_dropped():
    """By default the frame at 0 is the first, and fades in; the second on is as with the run-up."""
    fed = chirp(6000, 16_000)
    packets = {}
    for keep in (True, False):
        encoder = AacEncoder(16_000, 1, keep_run_up=keep)
        packets[keep] = [*encoder.add(fed.tobytes()), *encoder.finish()]
    assert [bytes(packet) for packet in packets[False]] == [bytes(packet) for packet in packets[True][1:]]
    heard, whole = (decoded(encoder.extradata, packets[keep], 1)[0] for keep in (False, True))
    assert [packet.pts for packet in packets[False]] == [0, 1024, 2048, 3072, 4096, 5120]
    assert heard[1024:] == whole[2048:]


def test_a_joint_with_a_run_up():
    """Sound encoded in two parts goes on through the seam where the run-up replaces the last packet before it."""
    fed, rate = chirp(8192, 16_000), 16_000
    first = AacEncoder(rate, 1, bit_rate=96_000)  # so that what is wrong is not the coding
    second = AacEncoder(rate, 1, bit_rate=96_000, run_up=fed[:4096].tobytes(), keep_run_up=True)
    before = [*first.add(fed[:4096].tobytes()), *first.finish()]
    behind = [*second.add(fed[4096:].tobytes()), *second.finish()]
    assert (len(before), len(behind)) == (4, 5)
    heard = decoded(first.extradata, [*before[:-1], *behind], 1)[0]
    for start in (2048, 3072, 4096, 5120):
        wrong = [abs(a - b) for a, b in zip(fed[start : start + 1024], heard[start : start + 1024], strict=True)]
        assert sum(wrong) / 1024 < 250, start  # ten times that without the run-up


@pytest.mark.parametrize("rate", [8000, 16_000, 48_000])
def test_among_the_packets_of_a_camera(rate, tmp_path):
    """A track of camera packets, encoded ones and camera packets again decodes without an error."""
    with open_clip(str(clip_of(tmp_path, "aac", rate))) as clip:
        camera = sound_packets(clip)
        assert clip.kind.sound is not None
        setup = read_setup(clip.kind.sound.setup)
        assert clip.sound is not None
        extradata = clip.sound.codec_context.extradata or b""
    assert setup == Setup(rate, 1, 1024)
    encoder = AacEncoder(setup.rate, setup.channels)
    ours = [*encoder.add(chirp(6000, rate).tobytes()), *encoder.finish()]
    silent = silent_frame(SoundKind("aac", rate, 1, setup.hex))
    assert encoder.extradata[:2] == extradata[:2]
    heard = decoded(extradata, [*camera[:9], *ours, silent, silent, *camera[9:]], 1)[0]
    assert len(heard) == 1024 * (len(camera) + len(ours) + 2)
    assert lag(chirp(6000, rate), heard[9 * 1024 :], 1500) == 0


@pytest.mark.parametrize("rate", [*AAC_RATES, 5000, 9000, 44_000, 96_001, 192_000])
def test_rates(rate):
    """A rate that AAC does not know becomes the next higher one; above 96 kHz there is none."""
    known = next((each for each in AAC_RATES if each >= rate), 96_000)
    assert aac_rate(rate) == known
    encoder = AacEncoder(rate, 1)
    assert [*encoder.add(bytes(8192)), *encoder.finish()]
    assert read_setup(encoder.extradata[:2].hex()) == Setup(known, 1, 1024)


@given(st.sampled_from(AAC_RATES), st.integers(1, 6), st.sampled_from([960, 1024]))
def test_setups_there_and_back(rate, channels, frame):
    """Two bytes say rate, channels and samples."""
    setup = Setup(rate, channels, frame)
    assert read_setup(setup.hex) == setup


@pytest.mark.parametrize("setup", ["", "1", "158", "15880", "zz88", "2b88", "0d88", "1780", "1580", "15b8", "1668"])
def test_setups_that_cannot_be_made(setup):
    """Other profiles, rates and channels by a description of their own, and what is no setup at all."""
    assert read_setup(setup) is None
    assert silent_frame(SoundKind("aac", 8000, 1, setup)) is None


@pytest.mark.parametrize("channels", [0, 7, 8])
def test_channels_that_aac_has_no_form_for(channels):
    """They are told in a sentence."""
    with pytest.raises(MergeError, match=f"{channels} channels"):
        AacEncoder(48_000, channels)


# --- Silence


@pytest.mark.parametrize("channels", range(1, 7))
def test_silence_of_aac(channels):
    """At each rate it decodes without an error to zeros."""
    for rate in AAC_RATES:
        setup = Setup(rate, channels, 1024).hex
        silent = silent_frame(SoundKind("aac", rate, channels, setup))
        assert silent is not None
        assert len(silent) < 32
        for heard in decoded(bytes.fromhex(setup), [silent] * 4, channels):
            assert len(heard) == 4096
            assert max(map(abs, heard)) <= 1


@pytest.mark.parametrize("codec", ["pcm_alaw", "pcm_mulaw", "pcm_u8", "pcm_s8", "pcm_s16le", "pcm_s24be", "pcm_s32le"])
def test_silence_of_samples(codec):
    """It decodes to the smallest value that the codec has, for as many samples as were asked for."""
    quiet = quiet_samples(codec, 2, 100)
    assert quiet is not None
    decoder: Any = av.CodecContext.create(codec, "r")
    decoder.sample_rate, decoder.layout = 8000, "stereo"
    frames = decoder.decode(av.Packet(quiet))
    assert sum(frame.samples for frame in frames) == 100
    resampler = av.AudioResampler(format="s16", layout="stereo", rate=8000)
    heard = array("h", b"".join(bytes(even.planes[0])[:400] for frame in frames for even in resampler.resample(frame)))
    assert len(heard) == 200
    assert max(map(abs, heard)) <= 8


def test_no_silence_for_what_has_no_sample_of_its_own():
    """ADPCM and the like."""
    assert quiet_samples("adpcm_g726", 1, 100) is None
    assert silent_frame(SoundKind("pcm_alaw", 8000, 1)) is None
