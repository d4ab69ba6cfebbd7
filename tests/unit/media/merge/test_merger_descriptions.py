"""What a frame needs is what was in force at it: sample descriptions, sets in band, start codes, encryption."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction
from io import BytesIO
from pathlib import Path

import av
import pytest
from tests.accounting import boxes
from tests.accounting.boxes import SCALE, Sample, Track, box
from tests.accounting.clips import Cut, Feature, _tracks
from tests.accounting.originals import decoded

from camreel.errors import MergeError
from camreel.media.clips import open as opening
from camreel.media.clips.indexed_clip import IndexedClip
from camreel.media.clips.open import open_to_copy
from camreel.media.timelapse import make_lapse
from camreel.media.worker.messages import LapseClip, TimelapseOrder

pytestmark = pytest.mark.slow(reason="merges and decodes dozens of videos")

EIGHT = datetime(2026, 1, 16, 8, 0, 0)  # noqa: DTZ001 - the clock of a camera
LINES = ("plain", "coarse", "large", "h265", "h265 large", "other sets", "other size", "h265 other size")
FORMS = (
    set[Feature](),
    {Feature.DESCRIPTIONS},
    {Feature.DESCRIPTIONS, Feature.FRAGMENTED},
    {Feature.NO_SETS},
    {Feature.NO_SETS, Feature.FRAGMENTED},
    {Feature.ANNEX_B},
    {Feature.ANNEX_B, Feature.FRAGMENTED},
    {Feature.SHORT_LENGTHS},
)


def body_of(cut: Cut) -> bytes:
    """The file of a clip; fragments may have several descriptions, which FFmpeg does not read."""
    write = boxes.write_fragments if Feature.FRAGMENTED in cut.odd else boxes.write
    return write(_tracks(cut))


def dealt(chance: random.Random) -> Cut:
    """A clip of four to seven groups of frames, from a keyframe on."""
    name = chance.choice(LINES)
    cut = Cut(name, 0, 1, sound=None)
    keys = cut.source.keys
    first = chance.randrange(len(keys) - 8)
    last = keys[first + chance.randint(4, 7)]
    form = chance.choice([form for form in FORMS if Feature.DESCRIPTIONS not in form or " other" in f" {name}"])
    return Cut(name, keys[first], last - keys[first], sound=None, odd=frozenset(form))


@pytest.mark.parametrize("seed", range(24))
def test_every_frame_is_decoded_with_its_own_sets(studio, seed):
    """Random clips (descriptions, sets in band, sizes, codecs, start codes), ranges that begin after a change."""
    chance = random.Random(seed)
    cuts = [dealt(chance) for _ in range(chance.randint(1, 3))]
    clips, at = [], 0.0
    for cut in cuts:
        length = float(cut.count * cut.period)
        clips.append(studio.file(body_of(cut), EIGHT + timedelta(seconds=at), length))
        at += length
    begin = chance.choice([0, chance.randint(0, int(cuts[0].count * cuts[0].period) - 1)])
    first = max(key for key in cuts[0].keys if key * cuts[0].period <= begin)
    films = studio.merge_all(chance.choice(["mp4", "mkv"]), clips, (begin, 3600))
    wanted = [cut.md5(index) for n, cut in enumerate(cuts) for index in range(first if n == 0 else 0, cut.count)]
    assert [md5 for film in films.hashes() for md5 in film] == wanted
    assert not any(outcome.unusable or outcome.undecodable_dropped for outcome in films.outcomes)


def encoded(codec: str, parameters: str, frames: int = 20) -> tuple[bytes, list[tuple[bytes, bool]]]:
    """The sample description of a clip of noise, and its frames without parameter sets, with whether it is a key."""
    buffer, chance = BytesIO(), random.Random(parameters)
    with av.open(buffer, "w", format="mp4") as out:
        private = "x264-params" if codec == "h264" else "x265-params"
        name = "libx264" if codec == "h264" else "libx265"
        common = "keyint=5:min-keyint=5:scenecut=0:bframes=0"
        stream = out.add_stream(name, rate=10, options={"preset": "ultrafast", private: f"{common}:{parameters}"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        if codec == "hevc":
            stream.codec_context.codec_tag = "hvc1"
        for _ in range(frames):
            frame = av.VideoFrame(64, 48, "yuv420p")
            for plane in frame.planes:
                plane.update(bytes([chance.randrange(16, 235)]) * plane.buffer_size)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    with av.open(BytesIO(buffer.getvalue())) as source:
        packets = [(bytes(packet), packet.is_keyframe) for packet in source.demux(video=0) if packet.size]
    return boxes.entries_of(buffer.getvalue(), b"vide")[0], packets


def in_front(sets: list[bytes], data: bytes) -> bytes:
    return b"".join(len(unit).to_bytes(4, "big") + unit for unit in sets) + data


def with_another_pps(data: bytes) -> bytes:
    """A keyframe of H.265 whose slice says that it needs PPS 1. Other frames as they are."""
    at, changed = 0, bytearray(data)
    while at < len(data):
        if 16 <= data[at + 4] >> 1 & 0x3F < 24:  # two flags, and then the number: 010
            changed[at + 6] = data[at + 6] & 0xC7 | 0x10
        at += 4 + int.from_bytes(data[at : at + 4], "big")
    return bytes(changed)


def written(entries: list[bytes], packets: list[tuple[bytes, bool, int]]) -> bytes:
    """A clip of 10 frames a second; each packet with its entry, from 1."""
    step = SCALE // 10
    samples = tuple(
        Sample(data, number * step, number * step, step, key, entry)
        for number, (data, key, entry) in enumerate(packets)
    )
    return boxes.write([Track(b"vide", tuple(entries), samples, (), (64, 48))])


@pytest.fixture(params=[False, True], ids=["by its index", "by FFmpeg"])
def by_ffmpeg(request, monkeypatch) -> bool:
    """Whether clips are left to FFmpeg."""
    if request.param:
        monkeypatch.setattr(opening, "open_indexed", lambda _path: None)
    return bool(request.param)


@pytest.mark.parametrize("container", ["mp4", "mkv"])
@pytest.mark.parametrize("begin", [0, 3])
def test_sets_that_come_before_they_are_needed(studio, container, by_ffmpeg, begin):
    """A frame between keyframes brings sets of another id; a later keyframe, without any, needs them."""
    one, first = encoded("h264", "sps-id=0:repeat-headers=0")
    other, then = encoded("h264", "sps-id=1:repeat-headers=0:cabac=0:qp=30")
    packets = [(data, key, 1) for data, key in [*first, *then]]
    packets[7] = (in_front(boxes.sets_of(other), packets[7][0]), False, 1)
    body = written([one], packets)
    wanted = [each.md5 for each in decoded(BytesIO(body))]
    assert len(set(wanted)) == 40, "the clip itself is not right"
    clip = studio.file(body, EIGHT, 4)
    with open_to_copy(clip.path) as opened:
        assert isinstance(opened, IndexedClip) is not by_ffmpeg
    film = studio.merge(container, [clip], (begin, 3600))
    assert film.hashes() == wanted[begin * 10 :]


@pytest.mark.usefixtures("by_ffmpeg")
def test_sets_in_front_of_every_frame_that_change(studio):
    """Frames between keyframes each bring a set of one length, once another; the next keyframe, without, needs it."""
    entry, packets = encoded("h264", "sps-id=0:repeat-headers=0:cabac=0:qp=24")
    other, _ = encoded("h264", "sps-id=0:repeat-headers=0:cabac=0:qp=22")
    old, new = ([unit for unit in boxes.sets_of(each) if unit[0] & 0x1F == 8] for each in (entry, other))
    assert (old != new, [*map(len, old)]) == (True, [*map(len, new)])
    rows = [
        (data if key else in_front(new if 5 <= number < 10 else old, data), key, 1)
        for number, (data, key) in enumerate(packets)
    ]
    body = written([entry], rows)
    wanted = [each.md5 for each in decoded(BytesIO(body))]
    film = studio.merge("mp4", [studio.file(body, EIGHT, 2)])
    assert film.hashes() == wanted


def test_a_set_too_long_for_a_description_costs_only_its_clip(studio):
    """A hostile clip: no decoder configuration can hold its sets. It is named, and the clip around it is whole."""
    entry, packets = encoded("h264", "sps-id=0:repeat-headers=0")
    bare = boxes.with_configuration(entry, boxes.configuration_of(entry)[1][:5] + b"\xe0\0")
    first, *others = boxes.sets_of(entry)
    sets = [first + bytes([0x80]) * 70_000, *others]
    good = written([entry], [(data, key, 1) for data, key in packets])
    bad = written([bare], [(in_front(sets, data) if key else data, key, 1) for data, key in packets])
    clips = [studio.file(good, EIGHT, 2), studio.file(bad, EIGHT + timedelta(seconds=2), 2)]
    film = studio.merge("mp4", clips)
    assert film.outcomes[1].unusable
    assert film.hashes() == [each.md5 for each in decoded(BytesIO(good))]


def test_a_stale_description(studio):
    """Sets in band are newer than the description: they hold for later keyframes, and the output has them."""
    stale, _ = encoded("h264", "sps-id=0:cabac=1:ref=1")
    fresh, packets = encoded("h264", "sps-id=0:cabac=0:ref=3:qp=30:repeat-headers=0")
    sets = boxes.sets_of(fresh)
    rows = [(in_front(sets, data) if number == 0 else data, key, 1) for number, (data, key) in enumerate(packets)]
    body = written([stale], rows)
    wanted = [each.md5 for each in decoded(BytesIO(body))]
    film = studio.merge("mp4", [studio.file(body, EIGHT, 2)])
    assert film.hashes() == wanted
    assert boxes.sets_of(entry_in(film.path)) == sets


def test_a_keyframe_without_its_sets_is_named(studio):
    """Frames up to the first keyframe whose sets have come cannot be decoded; they are dropped and counted."""
    entry, packets = encoded("h264", "sps-id=0:repeat-headers=0")
    bare = boxes.with_configuration(entry, boxes.configuration_of(entry)[1][:5] + b"\xe0\0")
    sets = boxes.sets_of(entry)
    rows = [(in_front(sets, data) if number == 10 else data, key, 1) for number, (data, key) in enumerate(packets)]
    film = studio.merge("mp4", [studio.file(written([bare], rows), EIGHT, 2)])
    assert (film.outcomes[0].undecodable_dropped, film.outcomes[0].video_packets) == (10, 10)


@pytest.mark.parametrize("container", ["mp4", "mkv"])
@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_keyframes_in_mid_clip_without_their_sets_are_lost_by_number(studio, codec, container):
    """Up to the next one that has them, nothing is decoded; what comes before and behind loses nothing."""
    entry, packets = encoded(codec, "repeat-headers=0")
    if codec == "h264":
        _, others = encoded(codec, "sps-id=5:repeat-headers=0")
    else:
        others = [(with_another_pps(data), key) for data, key in packets]
    rows = [(data, key, 1) for data, key in (*packets, *others[:10], *packets)]
    good = written([entry], [(data, key, 1) for data, key in packets])
    film = studio.merge(container, [studio.file(written([entry], rows), EIGHT, 5)])
    (outcome,) = film.outcomes
    assert (outcome.damaged, outcome.video_packets, outcome.missing_packets) == (10, 40, 0)
    assert outcome.frames is not None
    assert (outcome.frames.damaged, outcome.frames.unaccounted) == (10, 0)
    assert film.hashes() == [each.md5 for each in decoded(BytesIO(good))] * 2


def test_a_timelapse_names_keyframes_without_their_sets(studio):
    """They are left out, and the others are those of the clip."""
    entry, packets = encoded("h264", "repeat-headers=0")
    _, others = encoded("h264", "sps-id=5:repeat-headers=0")
    good = written([entry], [(data, key, 1) for data, key in packets])
    rows = [(data, key, 1) for data, key in (*others[:10], *packets)]
    clip = studio.file(written([entry], rows), EIGHT, 3)
    moments = tuple(number / 2 + 0.01 for number in range(6))
    part = LapseClip(1, clip.path, clip.label, clip.span.start, clip.span, moments)
    job = studio.job("mp4")
    (outcome,) = make_lapse(TimelapseOrder(job, 2.0, (clip.span,), (part,)), lambda number, wall: None).outcomes
    assert (outcome.video_packets, outcome.damaged) == (4, 2)
    keys = [each.md5 for each, (_, is_key) in zip(decoded(BytesIO(good)), packets, strict=True) if is_key]
    assert [each.md5 for each in decoded(job.output)] == keys


def test_a_clip_without_any_sets_costs_only_itself(studio):
    """Nothing says how its frames are decoded: it is named, and the clips around it lose nothing."""
    entry, packets = encoded("h264", "sps-id=0:repeat-headers=0")
    bare = boxes.with_configuration(entry, boxes.configuration_of(entry)[1][:5] + b"\xe0\0")
    good = written([entry], [(data, key, 1) for data, key in packets])
    bad = written([bare], [(data, key, 1) for data, key in packets])
    clips = [studio.file(body, EIGHT + timedelta(seconds=2 * n), 2) for n, body in enumerate([good, bad, good])]
    film = studio.merge("mp4", clips)
    assert film.outcomes[1].unusable == "it has no parameter sets: its pictures cannot be decoded"
    assert film.hashes() == [each.md5 for each in decoded(BytesIO(good))] * 2


@pytest.mark.parametrize("fragmented", [False, True])
@pytest.mark.parametrize("name", ["plain", "h265"])
def test_an_encrypted_clip_costs_only_itself(studio, name, fragmented):
    """It is named, and the clips around it lose nothing; alone there is no video."""
    good = Cut(name, 0, Cut(name, 0, 1).source.keys[4], sound=None)
    form = {Feature.ENCRYPTED, *({Feature.FRAGMENTED} if fragmented else set())}
    cuts = [good, replace(good, odd=frozenset(form)), good]
    length = float(good.count * good.period)
    clips = [studio.file(body_of(cut), EIGHT + timedelta(seconds=n * length), length) for n, cut in enumerate(cuts)]
    film = studio.merge("mp4", clips)
    assert film.outcomes[1].unusable == "its pictures are encrypted"
    assert film.hashes() == [good.md5(index) for index in range(good.count)] * 2
    with pytest.raises(MergeError, match="None of the clips"):
        studio.merge("mp4", [clips[1]])


def test_some_encrypted_frames(studio):
    """Where one of several descriptions is encrypted the clip is named, too."""
    entry, packets = encoded("h264", "sps-id=0:repeat-headers=0")
    secret = boxes.with_boxes(entry, box(b"sinf", box(b"frma", b"avc1")), kind=b"encv")
    rows = [(data, key, 1 + (number >= 10)) for number, (data, key) in enumerate(packets)]
    clips = [
        studio.file(written([entry], [(data, key, 1) for data, key in packets]), EIGHT, 2),
        studio.file(written([entry, secret], rows), EIGHT + timedelta(seconds=2), 2),
    ]
    assert studio.merge("mp4", clips).outcomes[1].unusable == "its pictures are encrypted"


# How frames are to be shown, as boxes of the sample description.
LOOKS = {
    "pixels": box(b"pasp", (4).to_bytes(4, "big") + (3).to_bytes(4, "big")),
    "range": box(b"colr", b"nclx", bytes([0, 1, 0, 1, 0, 1, 0x80])),
    "primaries": box(b"colr", b"nclx", bytes([0, 9, 0, 16, 0, 9, 0])),
    "quicktime's colors": box(b"colr", b"nclc", bytes([0, 9, 0, 16, 0, 9])),
    "cropping": box(b"clap", b"".join(n.to_bytes(4, "big") for n in (32, 1, 32, 1, 0, 1, 0, 1))),
    "light": box(b"clli", bytes([3, 0xE8, 0, 100])),
    "mastering": box(b"mdcv", bytes(24)),
    "fields": box(b"fiel", b"\2\1"),
}
ALIKE = {
    "square pixels": box(b"pasp", (7).to_bytes(4, "big") + (7).to_bytes(4, "big")),
    "no cropping": box(b"clap", b"".join(n.to_bytes(4, "big") for n in (64, 1, 48, 1, 0, 1, 0, 1))),
    "progressive": box(b"fiel", b"\1\0"),
    "unspecified colors": box(b"colr", b"nclx", bytes([0, 2, 0, 2, 0, 2, 0])),
    "a rate": box(b"btrt", bytes(12)),
}


@pytest.mark.parametrize("odd_first", [False, True])
@pytest.mark.parametrize("name", [*LOOKS, *ALIKE])
def test_what_looks_different_makes_another_file(studio, name, odd_first):
    """Each file has the look of its frames; what says nothing, or what goes without saying, makes none."""
    entry, packets = encoded("h264", "sps-id=0:repeat-headers=0")
    rows = [(data, key, 1) for data, key in packets]
    look = LOOKS.get(name) or ALIKE[name]
    entries = [entry, boxes.with_boxes(without(entry, look[4:8]), look)]
    entries.reverse() if odd_first else None
    clips = [studio.file(written([each], rows), EIGHT + timedelta(seconds=2 * n), 2) for n, each in enumerate(entries)]
    films = studio.merge_all("mp4", clips)
    one = [each.md5 for each in decoded(BytesIO(written([entry], rows)))]
    if name in ALIKE:
        assert films.hashes() == [[*one, *one]]
        return
    assert len(films.results) == 2
    found = [entry_in(film.path) for film in films.each()]
    told = box(b"colr", b"nclx", look[12:18] + b"\0") if name == "quicktime's colors" else look
    assert [told in each for each in found] == [odd_first, not odd_first]
    if name != "cropping":  # of which the decoder shows less
        assert films.hashes() == [one, one]


def entry_in(path: Path) -> bytes:
    """The sample description of a film of one track."""
    data = path.read_bytes()
    at = data.rindex(b"stsd") + 12
    return data[at : at + int.from_bytes(data[at : at + 4], "big")]


def without(entry: bytes, kind: bytes) -> bytes:
    """The sample description without boxes of that kind, which FFmpeg writes."""
    rest = [box(each, content) for each, content in boxes.boxes(entry[86:]) if each != kind]
    return box(entry[4:8], entry[8:86], *rest)


def test_a_look_that_changes_within_a_clip(studio):
    """A description with other pixels begins another file, at its keyframe, and no frame is lost."""
    entry, packets = encoded("h264", "sps-id=0:repeat-headers=0")
    wide = boxes.with_boxes(without(entry, b"pasp"), LOOKS["pixels"])
    rows = [(data, key, 1 + (number >= 10)) for number, (data, key) in enumerate(packets)]
    body = written([without(entry, b"pasp"), wide], rows)
    films = studio.merge_all("mp4", [studio.file(body, EIGHT, 2)])
    assert [each for film in films.hashes() for each in film] == [each.md5 for each in decoded(BytesIO(body))]
    assert [len(film) for film in films.hashes()] == [10, 10]
    assert [aspect_of(film.path) for film in films.each()] == [1, Fraction(4, 3)]


def aspect_of(path: Path) -> Fraction:
    with av.open(str(path)) as film:
        aspect = film.streams.video[0].sample_aspect_ratio
        return Fraction(aspect.numerator, aspect.denominator) if aspect else Fraction(1)


@pytest.mark.parametrize("parts", ["sar=4/3", "fullrange=on:colorprim=bt709:transfer=bt709:colormatrix=bt709"])
@pytest.mark.parametrize("coded_first", [False, True])
def test_who_says_how_it_looks_does_not_matter(studio, parts, coded_first):
    """What the container says of one clip and the sequence of another is the same: one file, which says it."""
    coded, inner = encoded("h264", f"sps-id=0:repeat-headers=0:{parts}")
    plain, outer = encoded("h264", "sps-id=0:repeat-headers=0")
    name = "pixels" if parts.startswith("sar") else "range"
    kind = LOOKS[name][4:8]
    rows = [
        ([without(coded, kind)], [(data, key, 1) for data, key in inner]),
        ([boxes.with_boxes(without(plain, kind), LOOKS[name])], [(data, key, 1) for data, key in outer]),
    ]
    rows = rows if coded_first else rows[::-1]
    clips = [studio.file(written(*row), EIGHT + timedelta(seconds=2 * n), 2) for n, row in enumerate(rows)]
    film = studio.merge("mp4", clips)
    assert LOOKS[name] in entry_in(film.path)
    assert {(each.look.pixel, each.look.is_full) for each in decoded(str(film.path))} == {
        (Fraction(4, 3), False) if name == "pixels" else (Fraction(1), True)
    }


@pytest.mark.parametrize(
    "form", [{Feature.DESCRIPTIONS}, {Feature.DESCRIPTIONS, Feature.FRAGMENTED}, {Feature.ANNEX_B}]
)
def test_what_is_encoded_again_is_decoded_so_too(studio, form):
    """--h264 and --exact decode each frame with what is in force at it: none is lost, and none looks like another."""
    keys = Cut("other sets", 0, 1).source.keys
    cut = Cut("other sets", 0, keys[7], sound=None, odd=frozenset(form))
    clip = studio.file(body_of(cut), EIGHT, float(cut.count * cut.period))
    whole = studio.merge("mp4", [clip], h264=True)
    numbers = whole.numbers()
    assert numbers == list(range(numbers[0], numbers[0] + cut.count))
    begin = 3
    film = studio.merge("mp4", [clip], (begin, 3600), exact=True)
    assert film.numbers() == numbers[begin * 10 :]
    still = next(key for key in keys if key >= 30)
    assert film.hashes()[still - begin * 10 :] == [cut.md5(index) for index in range(still, cut.count)]


@pytest.mark.parametrize("again", [False, True], ids=["copied", "encoded again"])
@pytest.mark.parametrize("container", ["mp4", "mov", "mkv", "avi"])
@pytest.mark.parametrize("odd", [Feature.TURNED, Feature.PIXELS, Feature.FULL_RANGE])
def test_a_container_shows_it_or_the_report_says_so(studio, odd, container, again):
    """What FFmpeg cannot say in a container is said in a note; else the file shows its frames as the clip does."""
    plain = Cut("plain", 0, Cut("plain", 0, 1).source.keys[3], sound=None)
    cuts = [plain, replace(plain, odd=frozenset({odd})), plain]
    length = float(plain.count * plain.period)
    clips = [studio.file(body_of(cut), EIGHT + timedelta(seconds=n * length), length) for n, cut in enumerate(cuts)]
    films = studio.merge_all(container, clips, h264=again)
    assert len(films.results) == 3
    shown = [{each.look for each in decoded(str(film.path))} for film in films.each()]
    notes = [note for note in films.notes if "its pictures are to be shown" in note]
    as_wanted = [{cut.look} for cut in cuts]
    assert [notes != [] or each == want for each, want in zip(shown, as_wanted, strict=True)] == [True] * 3
    can_say = {
        Feature.TURNED: {"mp4", "mov", "mkv"},
        Feature.PIXELS: {"mp4", "mov"},
        Feature.FULL_RANGE: {"mp4", "mkv"},
    }[odd]
    if not (again and odd is Feature.TURNED and not hasattr(av.VideoStream, "set_display_matrix")):
        assert (notes == []) is (container in can_say), notes


def test_encrypted_sound_is_missing_by_name(studio):
    """The pictures of such a clip are merged, and its sound is named as missing."""
    cut = Cut("plain", 0, Cut("plain", 0, 1).source.keys[4], sound="aac")
    pictures, sound = _tracks(cut)
    secret = boxes.with_boxes(sound.entries[0], box(b"sinf", box(b"frma", b"mp4a")), kind=b"enca")
    length = float(cut.count * cut.period)
    bodies = [boxes.write([pictures, each]) for each in (sound, replace(sound, entries=(secret,)))]
    clips = [studio.file(body, EIGHT + timedelta(seconds=n * length), length) for n, body in enumerate(bodies)]
    film = studio.merge("mp4", clips)
    assert film.hashes() == [cut.md5(index) for index in range(cut.count)] * 2
    assert [outcome.sound_missing > 1 for outcome in film.outcomes] == [False, True]
