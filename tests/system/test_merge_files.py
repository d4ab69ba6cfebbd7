"""Clips that lie on disk, merged: decoded pictures against the clips', and all that is missing by name."""

from __future__ import annotations

import io
import json
import os
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import anyio
import av
import pytest
from tests.conftest import START, changed, frame_md5s

from camreel.clock import parse_range
from camreel.errors import CamreelError, DiskError, MergeError, NothingRecorded, UsageError
from camreel.files import find_files
from camreel.formats.containers import OutputFormat
from camreel.jobs.merge_files import merge
from camreel.media.clips.timestamps import own_times
from camreel.media.worker.process import MergeProcess
from camreel.model import IfExists, MergeRequest, Output
from camreel.planning.account import LossKind, LostReason
from camreel.report import Report, hole_text, report_json, report_text
from camreel_simulator import ClipSpec, Recorded, make_clip, seen_frames
from camreel_simulator.device.card import placed

SAMPLES = os.environ.get("CAMREEL_SAMPLES")


def clip_at(seconds: float, length: float = 4, **more: object) -> Recorded:
    """A recording of the simulated camera from so many seconds after eight o'clock on."""
    start = START + timedelta(seconds=seconds)
    spec = ClipSpec(start, length, size=(160, 90))
    return Recorded(start, start + timedelta(seconds=length), spec, **more)  # type: ignore[arg-type]


def on_card(folder: Path, *recordings: Recorded) -> list[Path]:
    """The recordings where the camera would put them, below ``folder``."""
    paths = []
    for recorded in recordings:
        path = folder / recorded.path.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        body = recorded.body()
        assert isinstance(body, bytes)
        path.write_bytes(body)
        paths.append(path)
    return paths


def request(folder: Path, *given: Path, **changes: object) -> tuple[MergeRequest, tuple[str, ...]]:
    output = folder / "out.mp4"
    found = find_files([str(path) for path in given or (folder / "card",)], output)
    return changed(MergeRequest(found.files, Output(folder, output)), **changes), found.notes


def merged(folder: Path, *given: Path, **changes: object) -> Report:
    """The report of a merge of what was given, or of the card in ``folder``."""
    wanted, notes = request(folder, *given, **changes)
    return anyio.run(partial(merge, wanted, lambda _event: None, notes=notes))


def frames(*paths: Path) -> list[str]:
    return [md5 for path in paths for md5 in frame_md5s(path)]


def footage(*recordings: Recorded) -> list[str]:
    """The pictures of recordings, as an mp4 of the same footage decodes."""
    return [
        md5 for each in recordings if isinstance(each.content, ClipSpec) for md5 in frame_md5s(make_clip(each.content))
    ]


@pytest.mark.parametrize("container", ["mp4", "mkv"])
def test_a_card_becomes_one_video(tmp_path: Path, container: str) -> None:
    """Every picture once and bit-exact, in order of time; the gap is named, and the clips are unchanged."""
    paths = on_card(tmp_path / "card", clip_at(0), clip_at(4), clip_at(12))
    before = [(path.read_bytes(), path.stat().st_mtime_ns) for path in paths]
    output = tmp_path / f"out.{container}"
    report = merged(tmp_path, file=output, format=OutputFormat(container))
    assert frames(output) == frames(*paths)
    assert (report.exit_code, report.status) == (0, "complete")
    assert [(str(gap.span), hole_text(gap)) for gap in report.account.gaps] == [
        ("2026-01-16 08:00:08 to 08:00:12", "none of the clips has it")
    ]
    assert [title for _, title in report.outputs[0].chapters] == [
        "2026-01-16 08:00:00",
        "2026-01-16 08:00:12 (after a gap of 4 s)",
    ]
    assert report.times_from == (("names", 3),)
    assert [(path.read_bytes(), path.stat().st_mtime_ns) for path in paths] == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["card", output.name]


def test_the_order_on_disk_does_not_matter(tmp_path: Path) -> None:
    """Clips come in order of time, also where names sort otherwise."""
    paths = on_card(tmp_path / "card", clip_at(4), clip_at(0))
    for number, path in enumerate(paths):
        path.rename(tmp_path / f"{'ba'[number]}_{'20260116_08000' + '40'[number]}.mp4")
    late, early = tmp_path / "b_20260116_080004.mp4", tmp_path / "a_20260116_080000.mp4"
    report = merged(tmp_path, late, early)
    assert frames(tmp_path / "out.mp4") == frames(early, late)
    assert report.account.gaps == ()
    assert str(report.span) == "2026-01-16 08:00:00 to 08:00:08"


def test_a_recorders_disk(tmp_path: Path) -> None:
    """.dav from a recorder's folders: dated by their frames, also where names say whole seconds only."""
    recordings = [
        placed(clip_at(second + 0.4, kind="dav", channel=3), "/mnt/dvr", "nvr") for second in (0, 4)
    ]  # fmt: skip
    on_card(tmp_path / "card", *recordings)
    report = merged(tmp_path)
    assert frames(tmp_path / "out.mp4") == footage(*recordings)
    assert report.times_from == (("frames", 2),)
    assert report.span is not None
    assert report.span.seconds == pytest.approx(8, abs=0.1)
    assert report.account.gaps == report.account.lost == ()


def test_a_dav_whose_name_says_nothing(tmp_path: Path) -> None:
    """The clock in the frames dates it, and decides where a name says another time, which is told."""
    one, two = on_card(tmp_path, clip_at(0, kind="dav"), clip_at(4, kind="dav"))
    one.rename(tmp_path / "export.dav")
    two.rename(tmp_path / "2026-01-16_09-30-00.dav")
    report = merged(tmp_path, tmp_path / "2026-01-16_09-30-00.dav", tmp_path / "export.dav")
    assert frames(tmp_path / "out.mp4") == footage(clip_at(0), clip_at(4))
    (told,) = report.warnings
    by_name, by_frames = "2026-01-16 09:30:00 by its name", "2026-01-16 08:00:04 by its frames"
    assert told == f"2026-01-16_09-30-00.dav is dated {by_name} and {by_frames}; the frames were believed."


def test_a_range(tmp_path: Path) -> None:
    """As for a camera: from the keyframe before the start up to the asked end; other clips are counted."""
    on_card(tmp_path / "card", clip_at(0), clip_at(4), clip_at(8))
    report = merged(tmp_path, asked=parse_range("2026-01-16 08:00:05", "2026-01-16 08:00:07"))
    numbers = [number for _, number in seen_frames(tmp_path / "out.mp4")]
    first = clip_at(4).content
    assert isinstance(first, ClipSpec)
    assert numbers == list(range(numbers[0], first.first_frame_number + 30))
    assert numbers[0] <= first.first_frame_number + 10
    assert report.left_out == (("outside the range", 2),)
    assert (report.exit_code, report.covered_seconds) == (0, 2)


def test_a_range_in_real_time_needs_the_zone(tmp_path: Path) -> None:
    """With it, it is the same range as by the camera's clock."""
    on_card(tmp_path / "card", clip_at(0), clip_at(4))
    asked = parse_range("2026-01-16T07:00:04Z", "2026-01-16T07:00:08Z")
    with pytest.raises(UsageError, match="has an offset from UTC") as refused:
        merged(tmp_path, asked=asked)
    assert refused.value.hint is not None
    assert "--camera-tz" in refused.value.hint
    report = merged(tmp_path, asked=asked, camera_tz="Europe/Berlin")
    assert frames(tmp_path / "out.mp4") == footage(clip_at(4))
    assert str(report.span) == "2026-01-16 08:00:04 to 08:00:08"


def test_the_zone_dates_the_video(tmp_path: Path) -> None:
    """creation_time and chapters have the offset, where --camera-tz tells it; else there is no creation_time."""
    on_card(tmp_path / "card", clip_at(0))
    merged(tmp_path)
    with av.open(str(tmp_path / "out.mp4")) as film:
        assert "creation_time" not in film.metadata
    report = merged(tmp_path, camera_tz="Europe/Berlin", if_exists=IfExists.OVERWRITE)
    with av.open(str(tmp_path / "out.mp4")) as film:
        assert film.metadata["creation_time"] == "2026-01-16T07:00:00.000000Z"
    assert [title for _, title in report.outputs[0].chapters] == ["2026-01-16 08:00:00+01:00"]


def test_nothing_in_the_range(tmp_path: Path) -> None:
    """Exit code 3, and from when the clips are."""
    on_card(tmp_path / "card", clip_at(0), clip_at(4))
    with pytest.raises(NothingRecorded, match="None of the 2 clips") as refused:
        merged(tmp_path, asked=parse_range("2026-01-16 09:00", "2026-01-16 10:00"))
    assert refused.value.hint == "By their own times they are from 2026-01-16 08:00:00 to 08:00:08."
    assert [path.name for path in tmp_path.iterdir()] == ["card"]


BROKEN = {
    "empty": (lambda body: b"", "the file is empty"),
    "page": (lambda body: b"<html>404</html>", "web page"),
    "zeros": (lambda body: bytes(len(body)), "zeros"),
    "no index": (lambda body: body[: body.rindex(b"moov") - 4], "no index"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_clip_that_is_of_no_use_is_lost_by_name(tmp_path: Path, what: str) -> None:
    """Its seconds are lost with the reason, the rest is in the video, exit code 4."""
    breaking, complaint = BROKEN[what]
    one, two, three = on_card(tmp_path / "card", clip_at(0), clip_at(4), clip_at(8))
    two.write_bytes(breaking(two.read_bytes()))
    report = merged(tmp_path)
    assert frames(tmp_path / "out.mp4") == frames(one, three)
    assert (report.exit_code, report.status) == (4, "partial")
    (hole,) = report.account.lost
    assert str(hole.span) == "2026-01-16 08:00:04 to 08:00:08"
    assert complaint in hole_text(hole)
    assert report.clips[1].path == str(two)
    assert complaint in report_text(report)


def test_a_recording_that_the_camera_had_not_closed(tmp_path: Path) -> None:
    """Named mp4_ and without an index: it cannot be used, and that is not passed over."""
    one, two = on_card(tmp_path / "card", clip_at(0), replace(clip_at(4), writing=True))
    two.rename(two.with_name("08.00.04-08.00.04[M][0@0][0].mp4_"))
    report = merged(tmp_path)
    assert frames(tmp_path / "out.mp4") == frames(one)
    assert [clip.status for clip in report.clips] == ["merged", "unusable"]
    assert report.exit_code == 4


def test_a_clip_that_kills_the_merge_is_left_out_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The merge process dies alone, and starts again without the clip."""
    one, two, three = on_card(tmp_path / "card", clip_at(0), clip_at(4), clip_at(8))
    wanted, _ = request(tmp_path)
    expected = frames(one, three)

    class Trap(MergeProcess):
        async def add_all(self, clips, on_result):
            await super().add_all(map(self._trapped, clips), on_result)

        def _trapped(self, clip):
            if clip.path == str(two) and two.is_file():
                two.unlink()
                os.mkfifo(two)  # the worker waits for ever for somebody to write into it
            return clip

    monkeypatch.setattr("camreel.jobs.merge_files.MergeProcess", partial(Trap, stall_seconds=5))
    report = anyio.run(merge, wanted, lambda _event: None)
    assert [clip.status for clip in report.clips] == ["merged", "unusable", "merged"]
    assert report.exit_code == 4
    assert frames(tmp_path / "out.mp4") == expected


def test_nothing_but_broken_clips(tmp_path: Path) -> None:
    """No video, no leftovers, exit code 7 and the first reason."""
    (one,) = on_card(tmp_path / "card", clip_at(0))
    one.write_bytes(b"<html>404</html>")
    with pytest.raises(MergeError, match=r"None of the clips is usable\..*web page"):
        merged(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["card"]


def test_copies_count_once(tmp_path: Path) -> None:
    """The same bytes under another name, the same file given twice: said, and in the video once."""
    one, two = on_card(tmp_path / "card", clip_at(0), clip_at(4))
    (tmp_path / "backup.mp4").write_bytes(one.read_bytes())
    report = merged(tmp_path, tmp_path / "backup.mp4", tmp_path / "card", two)
    assert frames(tmp_path / "out.mp4") == frames(one, two)
    assert report.warnings == (
        "1 file was given twice and counted once.",
        f"{tmp_path / 'backup.mp4'} is the same as {one.name} and was counted once.",
    )
    assert report.left_out == (("copy of another", 1),)
    assert report.exit_code == 0


def test_other_files_are_named(tmp_path: Path) -> None:
    """Some of them, and how many there are; hidden ones, and the output of an earlier run, are among them."""
    (one,) = on_card(tmp_path / "card", clip_at(0))
    for number in range(7):
        (tmp_path / "card" / f"{number}.jpg").write_bytes(b"jpg")
    (tmp_path / "card" / "._08.00.00-08.00.04[M][0@0][0].mp4").write_bytes(b"of macOS")
    (tmp_path / "card" / ".Trashes").mkdir()
    (tmp_path / "card" / "yesterday").symlink_to(tmp_path)
    output = tmp_path / "card" / "zz.mp4"
    assert merged(tmp_path, file=output).exit_code == 0
    found = find_files([str(tmp_path / "card")], output)
    assert [file.path for file in found.files] == [one]
    assert found.notes == (
        "9 files are not recordings and were left out: 0.jpg, 1.jpg, 2.jpg, 3.jpg, 4.jpg and 4 more.",
        "2 folders are hidden or links and were not searched: .Trashes/, yesterday/.",
    )


def test_a_clip_is_never_replaced(tmp_path: Path) -> None:
    """Its name as that of the output is refused, whether it was given or found; a link to it is no way round."""
    one, two = on_card(tmp_path / "card", clip_at(0), clip_at(4))
    before = one.read_bytes()
    link = tmp_path / "link.mp4"
    link.symlink_to(one)
    for given, output in (([one, two], one), ([tmp_path / "card"], one), ([tmp_path / "card"], link)):
        with pytest.raises(UsageError, match="is itself one of the clips"):
            find_files([str(path) for path in given], output)
    assert one.read_bytes() == before


@pytest.mark.parametrize("given", ["missing.mp4", "empty"])
def test_nothing_to_merge(tmp_path: Path, given: str) -> None:
    """What is not there, and a folder without a recording."""
    (tmp_path / "empty").mkdir()
    with pytest.raises((UsageError, NothingRecorded), match=given):
        find_files([str(tmp_path / given)], tmp_path / "out.mp4")


@pytest.mark.parametrize("kind", ["mp4", "dav"])
def test_several_channels_are_refused(tmp_path: Path, kind: str) -> None:
    """Mixed, they would be a video of nothing: told by the folders, and by the frames where these say nothing."""
    paths = on_card(tmp_path / "card", clip_at(0, kind=kind), clip_at(4, kind=kind, channel=2))
    if kind == "dav":
        for number, path in enumerate(paths):
            path.rename(tmp_path / "card" / f"{number}.dav")
    else:
        assert {path.parts[-4] for path in paths} == {"001", "002"}
    with pytest.raises(UsageError, match="2 cameras, channels or streams: "):
        merged(tmp_path)


def test_what_cannot_be_dated_is_refused_by_name(tmp_path: Path) -> None:
    """And laid end to end where that is asked for, as given."""
    one, two = on_card(tmp_path, clip_at(0), clip_at(4))
    first, second = tmp_path / "z.mp4", tmp_path / "a.mp4"
    one.rename(first)
    two.rename(second)
    with pytest.raises(UsageError, match=r"^2 of 2 files cannot be dated: z\.mp4, a\.mp4\.$") as refused:
        merged(tmp_path, first, second)
    assert refused.value.hint is not None
    assert "--in-order" in refused.value.hint
    report = merged(tmp_path, second, first, in_order=True)
    assert frames(tmp_path / "out.mp4") == frames(second, first)
    assert report.times_from == (("order", 2),)
    assert report.account.gaps == ()
    with av.open(str(tmp_path / "out.mp4")) as film:
        assert "creation_time" not in film.metadata


def created(path: Path, moment: str) -> None:
    """Give the clip a ``creation_time``, which those of the simulated camera have none of."""
    body = io.BytesIO(path.read_bytes())
    with av.open(body) as source, av.open(str(path), "w", format="mp4") as film:
        film.metadata["creation_time"] = moment
        video = film.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = video
                film.mux(packet)


def test_creation_times_across_the_end_of_summer(tmp_path: Path) -> None:
    """In UTC they are in order; the camera's clock shows 02:59:58 before 02:00:02, and the chapters say so."""
    paths = [tmp_path / "b.mp4", tmp_path / "a.mp4"]
    for number, (path, moment) in enumerate(zip(paths, ("2025-10-26T00:59:56Z", "2025-10-26T01:00:02Z"), strict=True)):
        path.write_bytes(make_clip(ClipSpec(START + timedelta(seconds=4 * number), 4, size=(160, 90))))
        created(path, moment)
    expected = frames(*paths)
    with pytest.raises(UsageError, match="cannot be dated") as refused:
        merged(tmp_path, *paths)
    assert refused.value.hint is not None
    assert "They have a creation_time, which is in UTC: --camera-tz" in refused.value.hint
    report = merged(tmp_path, *paths, camera_tz="Europe/Berlin")
    assert frames(tmp_path / "out.mp4") == expected
    assert report.times_from == (("creation_time", 2),)
    first, second = (title for _, title in report.outputs[0].chapters)
    assert first == "2025-10-26 02:59:56+02:00"
    assert second.startswith("2025-10-26 02:00:02+01:00 (")
    (gap,) = report.account.gaps
    assert gap.span.seconds == 2


def test_the_place_of_the_output(tmp_path: Path) -> None:
    """As for a camera: another's file is left alone, our own of the same clips is already there, others are replaced
    where that is asked for.
    """
    on_card(tmp_path / "card", clip_at(0))
    output = tmp_path / "out.mp4"
    output.write_bytes(b"of somebody")
    with pytest.raises(UsageError, match="already exists and was not overwritten"):
        merged(tmp_path)
    assert merged(tmp_path, if_exists=IfExists.SKIP).already_there
    assert output.read_bytes() == b"of somebody"
    assert merged(tmp_path, if_exists=IfExists.OVERWRITE).exit_code == 0
    again = merged(tmp_path)
    assert (again.already_there, again.exit_code, again.status) == (True, 0, "already there")
    assert "nothing was merged" in report_text(again)
    on_card(tmp_path / "card", clip_at(4))
    with pytest.raises(UsageError, match="already exists"):
        merged(tmp_path)


def test_a_place_that_cannot_be_written_to(tmp_path: Path) -> None:
    """Said before anything is merged."""
    on_card(tmp_path / "card", clip_at(0))
    with pytest.raises((DiskError, CamreelError), match="not a directory"):
        merged(tmp_path, file=next((tmp_path / "card").rglob("*.mp4")) / "out.mp4")


def test_the_json_of_a_merge(tmp_path: Path) -> None:
    """The keys are those of an export; there is no camera, and nothing was asked for in particular."""
    (path,) = on_card(tmp_path / "card", clip_at(0))
    document = json.loads(json.dumps(report_json(merged(tmp_path))))
    assert list(document) == [
        "schema", "program", "status", "exit_code", "asked", "camera", "range", "skipped", "not_wanted", "search",
        "found", "coverage", "gaps", "pending", "lost", "doubts", "clips", "outputs", "playback", "downloads",
        "concurrency", "overwritten", "exec_failures", "unread", "warnings",
    ]  # fmt: skip
    assert (document["asked"], document["camera"], document["downloads"]) == (None, None, None)
    assert document["found"] == {
        "recordings": 1,
        "bytes": path.stat().st_size,
        "left_out": {},
        "times_from": {"names": 1},
    }
    assert (document["range"]["start"], document["range"]["seconds"]) == ("2026-01-16T08:00:00", 4.0)


def test_gaps_matter_where_they_are_said_to(tmp_path: Path) -> None:
    """--require-complete: exit code 4."""
    on_card(tmp_path / "card", clip_at(0), clip_at(8))
    report = merged(tmp_path, require_complete=True)
    assert report.exit_code == 4
    assert "gaps between the clips" in report_text(report)


def test_an_end_in_the_name_that_the_clip_does_not_reach(tmp_path: Path) -> None:
    """What is missing of it is named, with the clip."""
    (one,) = on_card(tmp_path / "card", clip_at(0))
    one.rename(one.with_name("08.00.00-08.00.30[M][0@0][0].mp4"))
    (gap,) = merged(tmp_path).account.gaps
    assert (str(gap.span), hole_text(gap)) == (
        "2026-01-16 08:00:04 to 08:00:30",
        "clip 1 is listed for this time but has no frame of it",
    )


def test_a_broken_clip_whose_name_has_no_end(tmp_path: Path) -> None:
    """It is taken to have gone on up to the next: that time is lost with its reason."""
    paths = on_card(tmp_path, clip_at(0), clip_at(4), clip_at(8))
    names = [tmp_path / f"2026-01-16_08-00-0{second}.mp4" for second in (0, 4, 8)]
    for path, name in zip(paths, names, strict=True):
        path.rename(name)
    names[1].write_bytes(b"<html>404</html>")
    report = merged(tmp_path, *names)
    assert frames(tmp_path / "out.mp4") == frames(names[0], names[2])
    assert [str(hole.span) for hole in report.account.lost] == ["2026-01-16 08:00:04 to 08:00:08"]
    assert (report.exit_code, report.account.gaps) == (4, ())


def in_fragments(path: Path) -> None:
    """The clip as programs write it that record streams: without an index that says how long it is."""
    body = io.BytesIO(path.read_bytes())
    flags = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
    with av.open(body) as source, av.open(str(path), "w", format="mp4", options=flags) as film:
        video = film.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = video
                film.mux(packet)


@pytest.mark.parametrize("seconds", [None, (3, 11)])
def test_clips_in_fragments(tmp_path: Path, seconds: tuple[int, int] | None) -> None:
    """None tells how long it is: the gap between them is one all the same, and a range finds the one it begins in."""
    paths = on_card(tmp_path, clip_at(0), clip_at(8))
    names = [tmp_path / f"2026-01-16_08-00-0{second}.mp4" for second in (0, 8)]
    for path, name in zip(paths, names, strict=True):
        path.rename(name)
        in_fragments(name)
    assert own_times(str(names[0])).seconds is None
    asked = None if seconds is None else parse_range(*(f"2026-01-16 08:00:{each:02}" for each in seconds))
    report = merged(tmp_path, *names, asked=asked)
    numbers = [number for _, number in seen_frames(tmp_path / "out.mp4")]
    first = clip_at(0).content
    assert isinstance(first, ClipSpec)
    base = first.first_frame_number
    begin, end = (0, 120) if seconds is None else (21, 110)  # keyframes are pictures 0, 1, 21
    assert numbers == [base + n for n in range(begin, end) if not 40 <= n < 80]
    assert [str(gap.span) for gap in report.account.gaps] == ["2026-01-16 08:00:04 to 08:00:08"]
    assert report.account.gaps[0].reason == LostReason(LossKind.IN_NO_CLIP)
    assert report.exit_code == 0


@pytest.mark.skipif(not SAMPLES, reason="CAMREEL_SAMPLES names no folder with the real recording")
def test_a_real_recording_by_its_creation_time(tmp_path: Path) -> None:
    """Every picture, at the time that the camera wrote into the file."""
    assert SAMPLES is not None
    sample = Path(SAMPLES) / "amcrest_1591028951.mp4"
    report = merged(tmp_path, sample, camera_tz="America/New_York")
    assert frames(tmp_path / "out.mp4") == frames(sample)
    assert str(report.span) == "2020-06-01 12:29:17 to 12:29:42"
    assert report.times_from == (("creation_time", 1),)
    assert report.exit_code == 0
    with av.open(str(tmp_path / "out.mp4")) as film:
        assert film.metadata["creation_time"].startswith("2020-06-01T16:29:17")


def test_times_are_those_of_a_camera(tmp_path: Path) -> None:
    """A naive time throughout: no zone of this computer comes in."""
    on_card(tmp_path / "card", clip_at(0))
    report = merged(tmp_path)
    assert report.span is not None
    assert report.span.start.naive == datetime(2026, 1, 16, 8)  # noqa: DTZ001 - by the camera's clock
    assert report.clock is None
