"""How a finished video gets its name, and what becomes of the downloads and of what was there before."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from tests.conftest import changed
from tests.fakes import CLOCK, DEVICE, SPAN

from camreel.clock import parse_range
from camreel.diskio import FileIdentity, place
from camreel.errors import DiskError, MergeError, UsageError
from camreel.media.comment import replace_in_place
from camreel.media.worker.messages import Chapter, FilmResult, MergeResult
from camreel.model import Address, FileOnDisk, IfExists, MergeRequest, Output, Query, Recording, Request, Stream, Target
from camreel.output import finalize
from camreel.output.finalize import already_there, finish, job_name, make_folders, part_for, prepare
from camreel.planning.account import Account, Hole, LossKind, LostReason
from camreel.planning.fingerprint import COMPLETE, HAS_GAPS, PARTIAL, comment
from camreel.planning.plan import ExportPlan, plan_export
from camreel.report import ClipReport, Report
from camreel.transfer.notes import Job, write_job
from camreel.transfer.store import Store

GAP = Hole(SPAN, LostReason(LossKind.NOT_RECORDED))
LOSS = Hole(SPAN, LostReason(LossKind.NOT_DOWNLOADED, "404"), 1)
BODY = b"head %s tail"


@pytest.fixture(autouse=True)
def _short_films(monkeypatch):
    """A film is any file with a comment in it."""

    def read(path: str) -> str | None:
        found = re.search(rb"camreel request=[^\0]*", Path(path).read_bytes())
        return found and found[0].decode()

    monkeypatch.setattr(finalize, "read_comment", read)


@dataclass
class Desk:
    """A request, its store with the clips of two recordings, and the films that were made of them."""

    folder: Path
    request: Request
    plan: ExportPlan
    store: Store

    def film(self, number: int = 1, said: str = COMPLETE, **changes) -> FilmResult:
        path = self.folder / f"film{number}.part"
        path.write_bytes(b"head %s\0tail %d" % (comment(self.request, said).encode(), number))
        file = FileIdentity.of(path.lstat())
        made = FilmResult(str(path), SPAN, 60.0, file.size, "h264", 640, 360, 10, "aac", None, 5, (), file)
        return replace(made, **changes)

    def report(self, *, gaps=(), lost=(), statuses=("merged", "merged"), request=None) -> Report:
        clips = tuple(
            ClipReport(number, each.path, each.span, status)
            for number, (each, status) in enumerate(zip(self.plan.recordings, statuses, strict=True), 1)
        )
        return Report(request or self.request, SPAN, CLOCK, DEVICE, clips, (), Account(gaps, (), lost), ())

    def finish(self, *films: FilmResult, request=None, store: Store | None = None, notes=(), **of_report) -> Report:
        films = films or (self.film(),)
        report = self.report(request=request, **of_report)
        return finish(report, self.plan, store or self.store, MergeResult(films, (), notes))

    def clips(self) -> list[str]:
        """The clips in the store, by the number of their recording, and where they are."""
        names = {self.store.stem(each): str(number) for number, each in enumerate(self.plan.recordings, 1)}
        found = (path.relative_to(self.store.folder) for path in self.store.folder.rglob("*.mp4"))
        return sorted(re.sub("|".join(names), lambda stem: names[stem[0]], path.as_posix()) for path in found)

    def videos(self) -> dict[str, str]:
        """What lies where outputs go, and the state that each says of itself."""
        found = {path.name: path.read_bytes() for path in sorted(self.request.output.file.parent.glob("*.mp4"))}
        states = {name: re.search(rb"request=\w+ ([a-z ]+)", body) for name, body in found.items()}
        return {name: state[1].decode().strip() if state else "" for name, state in states.items()}


@pytest.fixture
def desk(tmp_path) -> Desk:
    output = Output(tmp_path, tmp_path / "out" / "evening.mp4")
    request = Request(
        Target(Address("cam.example", 80), "admin"), Query(parse_range("2026-01-16T08:00", "2026-01-16T09:00")), output
    )
    half = SPAN.start + (SPAN.end - SPAN.start) / 2
    recordings = [
        Recording("/mnt/sd/1.mp4", replace(SPAN, end=half), 4),
        Recording("/mnt/sd/2.mp4", replace(SPAN, start=half), 4),
    ]
    store = Store(tmp_path, request.target.address)
    store.folder.mkdir(parents=True)
    output.file.parent.mkdir()
    plan = plan_export(recordings, SPAN, Stream.MAIN)
    for recording in plan.recordings:
        store.part(recording).write_bytes(b"clip")
        store.complete(recording, ".mp4")
    return Desk(tmp_path, request, plan, store)


def put(desk: Desk, name: str, state: str | None = None, request: Request | None = None) -> Path:
    """Lay a file where an output goes: of ``request`` with ``state``, else a stranger's."""
    path = desk.request.output.file.with_name(name)
    path.write_bytes(b"not ours" if state is None else b"x %s\0" % comment(request or desk.request, state).encode())
    return path


def test_a_complete_video_gets_its_name_and_the_downloads_go(desk):
    report = desk.finish()
    assert desk.videos() == {"evening.mp4": "complete"}
    assert desk.clips() == []
    assert report.downloads is None
    assert report.outputs[0].path == str(desk.request.output.file)


def test_downloads_are_there_until_the_video_has_its_name(desk, monkeypatch):
    """Whatever happens before that, the next run needs them."""
    there: list[list[str]] = []

    def named(part: Path, final: Path, *, overwrite: bool = False) -> None:
        there.append(desk.clips())
        place(part, final, overwrite=overwrite)

    monkeypatch.setattr(finalize, "place", named)
    desk.finish(desk.film(1), desk.film(2))
    assert there == [["1.mp4", "2.mp4"]] * 2
    assert desk.clips() == []


@pytest.mark.parametrize("keep", [True, False], ids=["keep", "do not keep"])
def test_a_video_that_gets_no_name_costs_no_download(desk, keep):
    """Somebody took the name in the meantime: the clips are where they were, and the video is beside."""
    put(desk, "evening.mp4")
    with pytest.raises(DiskError, match="was created by another program"):
        desk.finish(request=changed(desk.request, keep_files=keep))
    assert desk.clips() == ["1.mp4", "2.mp4"]
    assert (desk.folder / "film1.part").exists()
    assert desk.request.output.file.read_bytes() == b"not ours"


# --- Others write there, too ---


def _another(path: Path) -> None:
    """As long as ours, and made at another moment."""
    body = path.read_bytes()
    path.rename(path.with_name("ours"))
    path.write_bytes(bytes(len(body)))
    os.utime(path, ns=(1, 1))


def _longer(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def _linked(path: Path) -> None:
    path.rename(path.with_name("ours"))
    path.symlink_to("ours")


def _given_away(path: Path) -> None:
    """What has the number of a file that was removed, as another's new file may."""
    if not (hasattr(os, "geteuid") and os.geteuid() == 0):
        pytest.skip("only root can give a file away")
    os.chown(path, 65534, 65534)


@pytest.mark.parametrize("swap", [_another, _longer, _linked, _given_away, Path.unlink])
@pytest.mark.parametrize("lost", [(), (LOSS,)], ids=["complete", "partial"])
def test_a_video_that_was_replaced_gets_no_name(desk, swap, lost):
    """What was checked is what is named, or nothing is; the downloads are where they were."""
    film = desk.film()
    swap(Path(film.path))
    with pytest.raises(DiskError, match=r"film1\.part was replaced by another program"):
        desk.finish(film, lost=lost)
    assert desk.clips() == ["1.mp4", "2.mp4"]
    assert desk.videos() == {}


def test_a_video_that_is_replaced_while_its_note_is_changed(desk, monkeypatch):
    film = desk.film()

    def changed_and_swapped(path: str, old: bytes, new: bytes) -> int:
        count = replace_in_place(path, old, new)
        _linked(Path(path))
        return count

    monkeypatch.setattr(finalize, "replace_in_place", changed_and_swapped)
    with pytest.raises(DiskError, match="was replaced"):
        desk.finish(film, lost=(LOSS,))
    assert desk.videos() == {}


@pytest.mark.parametrize("swap", [_another, _longer, _linked, Path.unlink])
def test_a_video_that_is_replaced_while_it_is_named(desk, monkeypatch, swap):
    """Too late to keep the name from it: it is told, and no download goes."""

    def placed(part: Path, final: Path, *, overwrite: bool = False) -> None:
        place(part, final, overwrite=overwrite)
        swap(final)

    monkeypatch.setattr(finalize, "place", placed)
    with pytest.raises(DiskError, match=r"evening\.mp4 was replaced by another program"):
        desk.finish()
    assert desk.clips() == ["1.mp4", "2.mp4"]


@pytest.mark.parametrize("lost", [(), (LOSS,)], ids=["complete", "partial"])
def test_a_file_system_that_numbers_a_file_anew(desk, lost):
    """Some do so each time they are asked; what else is known of the file has to do."""
    film = desk.film()
    desk.finish(replace(film, file=replace(film.file, inode=film.file.inode + 1)))
    assert desk.videos() == {"evening.mp4": "complete"}
    assert desk.clips() == []


# --- What is there already ---


def asked(desk: Desk, wish: IfExists | None = None, **changes) -> Request:
    return changed(desk.request, if_exists=wish, **changes)


@pytest.mark.parametrize("wish", [None, *IfExists])
def test_a_free_name_is_free(desk, wish):
    assert already_there(asked(desk, wish)) is None


@pytest.mark.parametrize("state", [COMPLETE, HAS_GAPS])
@pytest.mark.parametrize("wish", [None, IfExists.SKIP])
def test_a_video_of_the_same_request_need_not_be_made_again(desk, wish, state):
    path = put(desk, "evening.mp4", state)
    report = already_there(asked(desk, wish))
    assert report is not None
    assert (report.already_there, report.found_as) == (True, state)
    assert [(output.path, output.size) for output in report.outputs] == [(str(path), path.stat().st_size)]


@pytest.mark.parametrize("wish", [None, IfExists.SKIP])
def test_a_partial_video_is_to_be_completed(desk, wish):
    put(desk, "evening.mp4", PARTIAL)
    assert already_there(asked(desk, wish)) is None


def test_another_file_is_refused_or_skipped_as_was_asked(desk):
    put(desk, "evening.mp4")
    with pytest.raises(UsageError, match=r"evening\.mp4 already exists and was not overwritten") as caught:
        already_there(asked(desk))
    assert "--if-exists overwrite" in (caught.value.hint or "")
    report = already_there(asked(desk, IfExists.SKIP))
    assert report is not None
    assert report.found_as is None


@pytest.mark.parametrize("state", [COMPLETE, PARTIAL])
def test_a_video_of_another_request_is_another_file(desk, state):
    put(desk, "evening.mp4", state, changed(desk.request, channel=2))
    with pytest.raises(UsageError):
        already_there(asked(desk))


def test_fail_refuses_whatever_is_there(desk):
    put(desk, "evening.mp4", COMPLETE)
    with pytest.raises(UsageError):
        already_there(asked(desk, IfExists.FAIL))


def test_what_is_to_be_replaced_is_not_in_the_way(desk):
    put(desk, "evening.mp4")
    assert already_there(asked(desk, IfExists.OVERWRITE)) is None


def test_a_dangling_link_is_in_the_way(desk):
    desk.request.output.file.symlink_to(desk.folder / "nowhere")
    with pytest.raises(UsageError):
        already_there(asked(desk))


def test_a_name_that_is_not_known_yet_is_not_looked_for(desk):
    put(desk, "evening.mp4")
    assert already_there(asked(desk, named_by_range=True)) is None
    assert already_there(asked(desk, asked=parse_range("today", "now"))) is None


def test_a_whole_set_of_numbered_files_is_one_video(desk):
    put(desk, "evening-1of2.mp4", COMPLETE)
    assert already_there(asked(desk)) is None  # its second half is not there
    put(desk, "evening-2of2.mp4", HAS_GAPS)
    put(desk, "evening-1of3.mp4", COMPLETE)
    put(desk, "evening-x1of1.mp4", COMPLETE)
    report = already_there(asked(desk))
    assert report is not None
    assert [Path(output.path).name for output in report.outputs] == ["evening-1of2.mp4", "evening-2of2.mp4"]
    assert report.found_as == HAS_GAPS


def test_the_worst_of_a_set_counts(desk):
    put(desk, "evening-1of3.mp4", COMPLETE)
    put(desk, "evening-2of3.mp4", PARTIAL)
    put(desk, "evening-3of3.mp4", HAS_GAPS)
    assert already_there(asked(desk)) is None
    put(desk, "evening-2of3.mp4")
    with pytest.raises(UsageError):
        already_there(asked(desk))


def test_what_a_killed_run_left_of_a_complete_video_is_tidied_up(desk):
    put(desk, "evening.mp4", COMPLETE)
    job = Job(job_name(desk.request), "x", "", tuple(desk.store.stem(each) for each in desk.plan.recordings))
    write_job(desk.store.folder, job)
    assert already_there(asked(desk), tidy=False) is not None
    assert desk.clips() == ["1.mp4", "2.mp4"]
    assert already_there(asked(desk)) is not None
    assert desk.clips() == []


@pytest.mark.parametrize("keep", [True, False])
def test_what_is_kept_for_good_is_kept_then_too(desk, keep):
    put(desk, "evening.mp4", HAS_GAPS)
    job = Job(job_name(desk.request), "x", "", (desk.store.stem(desk.plan.recordings[0]),))
    write_job(desk.store.folder, job)
    already_there(asked(desk, keep_files=keep))
    assert desk.clips() == (["2.mp4", "kept/1.mp4"] if keep else ["2.mp4"])


def test_what_a_partial_video_needs_is_left(desk):
    put(desk, "evening.mp4", PARTIAL)
    write_job(desk.store.folder, Job(job_name(desk.request), "x", "", (desk.store.stem(desk.plan.recordings[0]),)))
    assert already_there(asked(desk)) is None
    assert desk.clips() == ["1.mp4", "2.mp4"]


# --- Places ---


def test_a_job_has_the_same_name_for_the_same_request(desk):
    assert job_name(desk.request) == job_name(asked(desk, IfExists.SKIP))
    assert job_name(desk.request) != job_name(changed(desk.request, channel=2))
    assert re.fullmatch(r"[0-9a-f]{12}", job_name(desk.request))


def test_an_unfinished_video_lies_beside_its_place_under_another_name_each_time(desk):
    part, other = (part_for(desk.request) for _ in range(2))
    assert part.parent == desk.request.output.file.parent
    assert re.fullmatch(r"evening\.mp4\.[0-9a-f]{8}\.part", part.name)
    assert part != other


def test_folders_are_made_when_there_is_something_for_them(desk):
    output = Output(desk.folder / "a" / "b", desk.folder / "c" / "d" / "x.mp4")
    before = sorted(desk.folder.rglob("*"))
    prepare(output)
    assert sorted(desk.folder.rglob("*")) == before
    make_folders(output)
    assert (desk.folder / "a" / "b").is_dir()
    assert (desk.folder / "c" / "d").is_dir()
    make_folders(output)


@pytest.mark.parametrize("which", ["folder", "file"])
def test_a_file_in_place_of_a_folder_is_found_before_anything_is_done(desk, which):
    (desk.folder / "taken").write_bytes(b"")
    here, there = desk.folder, desk.folder / "taken"
    output = Output(there if which == "folder" else here, (there if which == "file" else here) / "x.mp4")
    with pytest.raises(DiskError, match=f"Cannot write {re.escape(str(there))}: .*not a directory") as caught:
        prepare(output)
    assert caught.value.hint


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_to_is_found_before_anything_is_done(desk):
    (desk.folder / "locked").mkdir(mode=0o500)
    with pytest.raises(DiskError, match="permission denied"):
        prepare(Output(desk.folder / "locked", desk.folder / "x.mp4"))


# --- The name, and what becomes of the rest ---


@pytest.mark.parametrize(
    ("of_report", "state"),
    [
        ({}, COMPLETE),
        ({"gaps": (GAP,)}, HAS_GAPS),
        ({"lost": (LOSS,)}, PARTIAL),
        ({"gaps": (GAP,), "lost": (LOSS,)}, PARTIAL),
    ],
    ids=["complete", "gaps", "lost", "both"],
)
def test_a_video_says_of_itself_what_it_is(desk, of_report, state):
    """Each file of it."""
    desk.finish(desk.film(1), desk.film(2), **of_report)
    assert desk.videos() == {"evening-1of2.mp4": state, "evening-2of2.mp4": state}


def test_a_video_that_cannot_say_it_gets_no_name(desk):
    with pytest.raises(MergeError, match="note of what it is"):
        desk.finish(desk.film(said=PARTIAL), lost=(LOSS,))
    assert desk.videos() == {}
    assert desk.clips() == ["1.mp4", "2.mp4"]


def test_a_partial_video_of_the_same_request_is_replaced(desk):
    put(desk, "evening.mp4", PARTIAL)
    desk.finish()
    assert desk.videos() == {"evening.mp4": "complete"}


def test_what_came_meanwhile_is_replaced_if_that_was_asked_for(desk):
    put(desk, "evening.mp4")
    desk.finish(request=asked(desk, IfExists.OVERWRITE))
    assert desk.videos() == {"evening.mp4": "complete"}


@pytest.mark.parametrize("state", [COMPLETE, HAS_GAPS])
def test_a_partial_video_replaces_no_complete_one(desk, state):
    """It is put beside it, and a warning says so."""
    put(desk, "evening.mp4", state)
    report = desk.finish(lost=(LOSS,))
    assert desk.videos() == {"evening-partial.mp4": "partial", "evening.mp4": state}
    assert any("evening.mp4 from an earlier run contains more" in said for said in report.warnings)
    assert report.outputs[0].path.endswith("evening-partial.mp4")


def test_a_partial_video_replaces_a_partial_one_without_a_word(desk):
    put(desk, "evening.mp4", PARTIAL)
    report = desk.finish(lost=(LOSS,))
    assert desk.videos() == {"evening.mp4": "partial"}
    assert report.warnings == ()


def test_what_the_next_run_needs_of_a_partial_video_is_left(desk):
    report = desk.finish(lost=(LOSS,), statuses=("merged", "unusable"))
    assert desk.clips() == ["1.mp4", "2.unusable.mp4"]
    assert report.downloads == str(desk.store.folder)


@pytest.mark.parametrize("status", ["unusable", "short"])
def test_what_could_not_be_used_is_set_aside(desk, status):
    """The next run fetches it anew; also where clips are kept."""
    desk.finish(statuses=(status, "merged"), request=asked(desk, keep_files=True))
    assert desk.clips() == ["1.unusable.mp4", "kept/2.mp4"]


def test_what_is_kept_is_kept(desk):
    report = desk.finish(request=asked(desk, keep_files=True))
    assert desk.clips() == ["kept/1.mp4", "kept/2.mp4"]
    assert report.downloads == str(desk.store.kept_folder)


def test_downloads_that_cannot_be_put_away_cost_no_video(desk, monkeypatch):
    """It has its name, and the report says where they are."""

    def refuse(_store: Store, _recording: Recording) -> None:
        raise DiskError("Cannot remove it: busy.")

    monkeypatch.setattr(Store, "discard", refuse)
    report = desk.finish(notes=("a note",))
    assert desk.videos() == {"evening.mp4": "complete"}
    assert report.warnings == ("a note", "Not all downloads could be removed: Cannot remove it: busy.")
    assert report.downloads == str(desk.store.folder)


def test_of_clips_on_disk_nothing_is_let_go(desk):
    """Without a store there are no downloads."""
    request = MergeRequest((FileOnDisk(Path("a.mp4"), 1),), desk.request.output)
    film = desk.film()
    Path(film.path).write_bytes(b"head %s\0" % comment(request, COMPLETE).encode())
    film = replace(film, file=FileIdentity.of(Path(film.path).lstat()))
    report = finish(desk.report(request=request), desk.plan, None, MergeResult((film,), (), ()))
    assert desk.clips() == ["1.mp4", "2.mp4"]
    assert report.downloads is None
    assert desk.request.output.file.exists()


def test_the_report_describes_each_file(desk):
    chapters = (Chapter(0.0, 60.0, SPAN, "08:00"),)
    first = desk.film(1, chapters=chapters, audio_from="pcm_alaw")
    second = desk.film(2, audio_codec=None, width=1920, height=1080, seconds=30.0)
    report = desk.finish(first, second, notes=("a note",))
    one, two = report.outputs
    assert (one.video, one.audio, one.seconds, one.span) == ("H.264 640x360", "AAC (from G.711 A-law)", 60.0, SPAN)
    assert (one.size, one.chapters) == (first.size, ((0.0, "08:00"),))
    assert (two.video, two.audio, two.seconds) == ("H.264 1920x1080", None, 30.0)
    assert report.warnings == ("a note",)


def test_a_codec_that_not_everything_plays_is_told(desk):
    assert desk.finish().warnings == ()
    (said,) = desk.finish(desk.film(video_codec="hevc"), request=asked(desk, IfExists.OVERWRITE)).warnings
    assert said.startswith("The video is H.265")
    assert "--h264" in said


def test_a_codec_of_one_of_several_files_is_told_as_such(desk):
    (said,) = desk.finish(desk.film(1), desk.film(2, video_codec="hevc")).warnings
    assert said.startswith("The video is in part H.265")


def test_a_complete_video_takes_the_place_of_partial_ones_under_other_names(desk):
    """Those of this request alone."""
    put(desk, "evening-1of2.mp4", PARTIAL)
    put(desk, "evening-2of2.mp4", PARTIAL)
    desk.finish()
    assert desk.videos() == {"evening.mp4": "complete"}
    put(desk, "evening-1of1.mp4")
    desk.finish()
    assert desk.videos() == {"evening-1of1.mp4": "", "evening.mp4": "complete"}


def test_a_name_in_a_folder_that_is_not_there_is_free(desk):
    assert already_there(asked(desk, file=desk.folder / "none" / "evening.mp4")) is None


@pytest.mark.parametrize(("alone", "in_set", "names"), [
    (HAS_GAPS, COMPLETE, ["evening-1of2", "evening-2of2"]), (COMPLETE, PARTIAL, ["evening"]),
])  # fmt: skip
def test_of_several_videos_of_the_same_request_the_most_complete_counts(desk, alone, in_set, names):
    put(desk, "evening.mp4", alone)
    put(desk, "evening-1of2.mp4", in_set)
    put(desk, "evening-2of2.mp4", in_set)
    report = already_there(asked(desk))
    assert report is not None
    assert [Path(output.path).stem for output in report.outputs] == names
    assert report.found_as == COMPLETE
