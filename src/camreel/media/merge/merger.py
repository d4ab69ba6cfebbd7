"""Merge clips in the order of the wall clock, each moment once, into one file or as few as can hold them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from camreel.errors import MergeError, printable
from camreel.formats.containers import names
from camreel.formats.sniff import Unusable
from camreel.media.clips.clip import Clip
from camreel.media.clips.dav_clip import moved, notes_on
from camreel.media.clips.open import open_to_copy, own_clock
from camreel.media.clips.packets import ClipUnreadable, opened_before
from camreel.media.merge import timeline
from camreel.media.merge.clip_copy import ClipCopy
from camreel.media.merge.film import Film, RewriteTarget
from camreel.media.merge.overlap import NEAR, ClipFrames, Seam, find_hidden, find_seam
from camreel.media.merge.pieces import GopBytes, Piece, StopReason
from camreel.media.merge.reencode import H264Clip
from camreel.media.merge.scan import end_of, first_gop_bytes, goes_on, marks_of
from camreel.media.merge.timeline import Placed
from camreel.media.mux.frames import UnevenRate
from camreel.media.mux.playback import PlaybackPart, PlaybackPoint, Tell, play_all, play_samples
from camreel.media.mux.sound import sound_form
from camreel.media.worker.messages import ClipFile, ClipOutcome, ClipResults, FilmResult, MergeJob, MergeResult
from camreel.model import Doubt, DoubtKind, Playback, Span, Verify, WallTime
from camreel.text import codec_name, count_text, size_text

if TYPE_CHECKING:
    from camreel.formats.dhav import DhavSummary
    from camreel.media.clips.description import Description
    from camreel.media.mux.base import OutputFile
    from camreel.media.mux.sound import SoundForm

Listener = Callable[[int, WallTime], None]

_KEPT = "The downloads are kept."
# Between whole seconds a recorder's own clock is known to about a picture.
_OWN_CLOCK = timedelta(milliseconds=100)
_NO_START = "is listed to begin by a clock that was set since: it is dated by its listed end"
# So much of a clip behind the end of the one before is looked at, to see whether it goes on.
_BEYOND = timedelta(seconds=2)


@dataclass(slots=True)
class _Work:
    """A clip on its way: what is known of it, and what became of its parts so far."""

    clip: ClipFile
    own: DhavSummary | None
    doubt: timedelta
    notes: list[str]
    doubts: list[Doubt]
    parts: int
    source: Clip | None = None  # open, until the first part of it is copied
    outcomes: list[ClipOutcome] = field(default_factory=list)

    @property
    def listed_end(self) -> WallTime | None:
        """When it ends by the list; None where its own clock tells more."""
        return None if self.own is not None and self.doubt == _OWN_CLOCK else self.clip.span.end


@dataclass(slots=True)
class _Last:
    """The piece that was copied last. It is ``open`` while its end waits for the next clip."""

    copy: ClipCopy
    work: _Work
    open: bool = True


class Merger:
    """One merge. Clips are added in the order of their listed start; files are made as there is something for them."""

    def __init__(self, job: MergeJob) -> None:
        self._job = job
        self._films: list[FilmResult] = []
        self._film: Film | None = None
        self._last: _Last | None = None
        self._placed: list[Placed] = []
        self._notes: list[str] = []
        self._doubts: list[Doubt] = []
        self._reached: WallTime | None = None  # where the next clip begins, if they are laid end to end
        self._outcomes: list[ClipOutcome] = []
        self._on_progress: Listener = lambda _number, _wall: None
        self._numbers: dict[str, int] = {}
        self._points: list[PlaybackPoint] = []
        self._parts: list[PlaybackPart] = []
        self._left_out: dict[str, dict[str, None]] = {}  # other tracks, and which clips have them
        self._size: tuple[int, int] | None = None  # of the pictures, where they are all encoded again

    def add(self, clip: ClipFile, on_progress: Listener) -> ClipResults:
        """Take ``clip``. ``on_progress`` gets the clip's number and the wall time reached, a few times a second.

        Raises :class:`MergeError` where the clip is well but cannot be in any file of this merge, :class:`DiskError`
        where one cannot be written.
        """
        self._on_progress = on_progress
        self._outcomes = []
        self._numbers[clip.path] = clip.number
        if self._job.in_order:
            self._end_last()
            clip = self._laid(clip)
        try:
            work = self._look_at(clip)
        except Unusable as reason:
            if clip.again:
                return ClipResults((), str(reason))
            self._outcomes.append(ClipOutcome(clip.number, unusable=str(reason)))
            self._go_on(clip)
            return ClipResults(tuple(self._outcomes))
        try:
            if clip.again and (broken := _broken(work)) is not None:
                return ClipResults((), broken)
            for part in timeline.wanted_parts(work.clip, self._job):
                self._take(work, Piece(work.clip, part))
        finally:
            if work.source is not None:
                work.source.close()
        return ClipResults(tuple(self._outcomes))

    def _laid(self, clip: ClipFile) -> ClipFile:
        """``clip`` as it begins where the one before it ended."""
        start = clip.span.start if self._reached is None else self._reached
        self._reached = start + (clip.span.end - clip.span.start)
        return replace(clip, span=Span(start, self._reached))

    def number_of(self, path: str) -> int | None:
        """Which of the added clips the file at ``path`` is."""
        return self._numbers.get(path)

    def finish(self) -> MergeResult:
        """Close what is open; each file is opened again, compared with what was written, and brought to the disk.

        Raises :class:`MergeError` where nothing could be used or a file is not what was written.
        """
        self._outcomes = []
        self._end_last()
        self._close_film()
        if not self._films:
            raise MergeError("None of the clips holds a picture of the range.", hint=_KEPT)
        self._notes += [_left_out_note(track, list(labels)) for track, labels in self._left_out.items()]
        if self._job.video.h264:
            self._notes.append("All pictures were re-encoded as H.264 (--h264).")
        most = self._job.video.split
        if isinstance(most, int) and (larger := [film for film in self._films if film.size > most]):
            files = "1 file is" if len(larger) == 1 else f"{len(larger)} files are"
            self._notes.append(
                f"{files} larger than --split {size_text(most)}: a file begins with a keyframe, "
                "and keyframes are far apart."
            )
        told = [doubt.span for doubt in self._doubts if doubt.kind is DoubtKind.SHOWN_TWICE]
        twice = tuple(
            each for each in timeline.overlaps(self._placed, self._job) if not any(map(each.span.overlap, told))
        )
        notes = (*self._notes, *timeline.sentences(twice))
        return MergeResult(tuple(self._films), tuple(self._outcomes), notes, (*self._doubts, *twice))

    def play(self, tell: Tell) -> Playback:
        """Decode of the finished files what is to be decoded. ``tell`` is as in :func:`play_samples`."""
        container = self._job.format.container
        if self._job.video.verify is Verify.NONE:
            return Playback(Verify.NONE)
        if self._job.video.verify is Verify.FULL:
            return play_all(self._points, self._parts, container, tell)
        return play_samples(self._points, container, tell)

    def _look_at(self, clip: ClipFile) -> _Work:
        """What can be said of a clip before it is copied. Raises :class:`Unusable`."""
        own = own_clock(clip.path)
        source = open_to_copy(clip.path) if own is None else None
        doubts: list[Doubt] = []
        placed, doubt = clip, timeline.RESOLUTION
        found = None if own is None else timeline.by_own_clock(clip, self._job, own.firsts)
        if own is not None and found is not None:
            (placed, first), doubt = found, _OWN_CLOCK
            is_planned = any(placed.span.start <= change.at <= placed.span.end for change in self._job.changes)
            if not is_planned and (said := moved(own, first)) is not None:
                doubts.append(_clock_doubt(clip, "frames", said))
        elif clip.is_dated_by_end:
            placed = _dated_by_end(clip, _length(source) if own is None else own.seconds)
            doubts.append(_clock_doubt(clip, "end", f"{_NO_START}, {clip.span.end}"))
        elif own is not None:
            said = f"is dated {own.first} by its own clock; the listed {clip.span.start} was taken"
            doubts.append(_clock_doubt(clip, "list", said))
        parts = len(timeline.wanted_parts(placed, self._job))
        return _Work(placed, own, doubt, [] if own is None else notes_on(own), doubts, parts, source)

    def _take(self, work: _Work, piece: Piece) -> None:
        """Put a piece behind the last one."""
        try:
            piece_or_none = self._behind_last(work, piece)
            if piece_or_none is None:
                self._go_on(work.clip)
                return
            source = self._open_first(work, piece_or_none)
        except Unusable as reason:
            self._part_done(work, ClipOutcome(work.clip.number, unusable=str(reason)))
            return
        copy = ClipCopy(piece_or_none, self._job, source, self, self._progress_of(work.clip))
        self._last = _Last(copy, work)
        self._go_on(work.clip)

    def _open_first(self, work: _Work, piece: Piece) -> Clip:
        """A clip is opened once, where nothing else needs it: that walks all its boxes."""
        source = work.source
        if source is None or self._job.video.h264:
            return self._open(piece)
        work.source = None
        return source

    def _open(self, piece: Piece) -> Clip:
        if not self._job.video.h264:
            return open_to_copy(piece.clip.path)
        source = H264Clip(piece, self._job, self._size)
        self._size = self._size or (source.kind.width, source.kind.height)
        return source

    def _progress_of(self, clip: ClipFile) -> Callable[[WallTime], None]:
        return lambda wall: self._on_progress(clip.number, wall)

    def _behind_last(self, work: _Work, piece: Piece) -> Piece | None:
        """The piece as it follows the last one, whose end is settled by it. None where the last one shows all of it."""
        last = self._last
        if last is not None and last.work is work:  # another part of the range, from the same clip
            self._end_last()
            return piece
        found = Seam() if last is None else self._find_seam(last, work, piece)
        if last is None or found == Seam():
            self._end_last()
            return piece
        if not last.copy.has_written:  # it may turn out to have nothing of the range
            self._end_last()
        copy = last.copy
        if not copy.has_written:
            return piece
        if found.inside:
            missing = self._cut_off(last, work, piece.clip.span.start + found.shift)
            inside = ClipOutcome(work.clip.number, inside=last.work.clip.number, missing_packets=missing)
            self._part_done(work, self._with_besides(work.clip, inside, work.source))
            return None
        self._end_last()
        if work.source is not None and not self._job.video.h264 and not self.takes(work.source.description):
            # It goes into another file, where it cannot go on in the middle of a group.
            self._note_twice(piece, self._footage(last, piece.span).end)
            return piece
        return self._following(piece, found)

    def _note_twice(self, piece: Piece, until: WallTime) -> None:
        span = Span(piece.clip.span.start, max(piece.clip.span.start, until))
        said = (
            f"The beginning of {printable(piece.clip.label)} is in the recording before it, too, and is shown twice:"
            " they cannot share a file."
        )
        self._doubts.append(Doubt(DoubtKind.SHOWN_TWICE, "both", said, span))
        self._notes.append(said)

    def _with_besides(self, clip: ClipFile, outcome: ClipOutcome, source: Clip | None) -> ClipOutcome:
        """The outcome with the other tracks of the clip, which is opened if it is not."""
        if source is None:
            with open_to_copy(clip.path) as opened:
                return self._with_besides(clip, outcome, opened)
        for track in (*source.besides.lost, *source.besides.noted):
            self._left_out.setdefault(track, {})[clip.label] = None
        return replace(outcome, lost_tracks=source.besides.lost)

    def _cut_off(self, last: _Last, work: _Work, start: WallTime) -> int:
        """How many pictures a clip lacks that its index has, of the time after all of the last one."""
        source = work.source
        if source is None or not source.is_cut:
            return 0
        marks, _ = marks_of(work.clip.path)
        beyond = start + timedelta(seconds=source.listed_seconds) - self._footage(last, last.copy.piece.span).end
        pictures = round(Fraction(beyond // timedelta(microseconds=1), 1_000_000) * source.frame_rate)
        return max(0, min(pictures, source.listed_packets - len(marks)))

    def _following(self, piece: Piece, found: Seam) -> Piece:
        """The part of ``piece`` behind the pictures that the last one shows."""
        marks, _ = marks_of(piece.clip.path)
        shown = max(mark.at for mark in marks[: found.skip])
        first = marks[found.skip].at
        with open_to_copy(piece.clip.path) as source:
            begin = timeline.ticks_at(timedelta(microseconds=first), source.time_base)
        span = Span(piece.clip.span.start + found.shift, piece.clip.span.end + found.shift)
        lag = Fraction(first - shown, 1_000_000)
        return replace(piece, clip=replace(piece.clip, span=span), skip=found.skip, lag=lag, begin=begin)

    def _find_seam(self, last: _Last, work: _Work, piece: Piece) -> Seam:
        """Where the last piece and the next hold the same."""
        copy, clip, doubt = last.copy, piece.clip, max(last.work.doubt, work.doubt)
        if not last.open and not (copy.marks and copy.has_written):
            return Seam()
        if self._job.in_order and not _hides_its_start(work.source):
            return Seam()
        before = self._footage(last, piece.span)
        apart = clip.span.start - before.end
        if apart >= NEAR:
            return Seam()
        try:
            around = clip.span.start - before.start
            if before.sure_end - clip.span.start < doubt and not goes_on(
                before.marks, around, work.clip.path, work.source
            ):
                return Seam()  # most clips, which just follow each other
            before = replace(before, marks=list(before.marks))  # asked for again and again from here on
        except ClipUnreadable as error:
            if last.open or error.path != copy.piece.clip.path:
                raise
            return Seam()  # it is in the film, and gone from the disk: at worst something is shown twice
        # Its listed start may be late: as much of it is looked at as the one before can hold.
        until = before.end - min(clip.span.start, before.end - NEAR) + _BEYOND
        if not self._job.video.whole_clips:
            until = min(until, piece.span.end - clip.span.start)
        head, whole = marks_of(clip.path, until=max(1, until // timedelta(microseconds=1)))
        end = clip.span.start + end_of(head, copy.frame_rate)
        if not whole and end < piece.span.end:
            end = max(end, before.end + _BEYOND)
        after = ClipFrames(clip.span.start, end, head, work.doubt, work.listed_end)
        return find_hidden(before, after) if self._job.in_order else find_seam(before, after)

    def _footage(self, last: _Last, span: Span) -> ClipFrames:
        """All pictures of the last piece's clip, up to the end of the range."""
        copy = last.copy
        marks = copy.marks
        if last.open and copy.listed_marks is not None:
            marks = copy.listed_marks
        elif last.open or self._job.video.h264:
            read = [] if self._job.video.h264 else list(marks)
            with opened_before(copy.piece.clip.path):
                rest, _ = marks_of(copy.piece.clip.path, len(read))
            marks = read + rest
        start = copy.piece.clip.span.start
        end = start + end_of(marks, copy.frame_rate)
        if copy.stopped_at_range_end:
            end = max(end, span.end)
        return ClipFrames(start, end, marks, last.work.doubt, last.work.listed_end)

    def _go_on(self, clip: ClipFile) -> None:
        """Copy of the last piece what need not wait for the clip after ``clip``."""
        last = self._last
        if last is None or not last.open:
            return
        until = None
        if clip.next_start is not None:
            begins = clip.next_start - last.copy.piece.clip.span.start
            until = timeline.ticks_at(max(begins, timedelta(0)), last.copy.source.time_base)
        self._run(last, until)

    def _end_last(self) -> None:
        if self._last is not None and self._last.open:
            self._run(self._last, None)

    def _run(self, last: _Last, until: int | None) -> None:
        """Copy on; where the file is full, into the next one."""
        try:
            with opened_before(last.copy.piece.clip.path):
                while (reached := last.copy.run(until)) is StopReason.SPLIT:
                    self._part(last)
        except UnevenRate as error:
            label, form = printable(last.work.clip.label), self._job.format.value
            better = names(lambda container: container.has_timestamps)
            said = f"{label} does not have the constant rate of pictures that {form} needs; use {better}."
            raise MergeError(said, hint=_KEPT) from error
        if reached is StopReason.END:
            self._close_piece(last)
            last.open = False
            last.copy.source.close()

    def _part(self, last: _Last) -> None:
        """The rest of the clip goes into another file."""
        copy = last.copy
        assert copy.split_at is not None
        rest = replace(copy.piece, skip=0, begin=copy.split_at, is_rest=True)
        copy.limit(copy.split_at)
        copy.stop()
        last.work.parts += 1
        self._close_piece(last)
        copy.source.close()
        self._close_film()
        last.copy = ClipCopy(rest, self._job, self._open(rest), self, self._progress_of(last.work.clip))

    def _close_piece(self, last: _Last) -> None:
        copy = last.copy
        try:
            outcome = copy.outcome()
        except Unusable as reason:
            outcome = ClipOutcome(last.work.clip.number, unusable=str(reason))
        if outcome.covered is not None:
            assert self._film is not None
            if not last.work.outcomes:
                self._notes += [f"{printable(last.work.clip.label)} {note}." for note in copy.source.notes]
            outcome = self._with_besides(last.work.clip, outcome, copy.source)
            self._film.put_in(copy.piece, outcome, copy.source.kind.sound, last.work.doubt)
        if copy.encoded:
            pictures = count_text(copy.encoded, "picture")
            self._notes.append(f"The first {pictures}, up to the next keyframe, were re-encoded (--exact).")
        self._part_done(last.work, outcome)

    def _part_done(self, work: _Work, outcome: ClipOutcome) -> None:
        work.outcomes.append(outcome)
        if len(work.outcomes) < work.parts:
            return
        whole = timeline.together(work.outcomes)
        if whole.covered is not None:
            self._doubts += work.doubts
            self._notes += [doubt.text for doubt in work.doubts]
        if whole.covered is not None and work.own is not None:
            self._notes += [f"{printable(work.clip.label)} {note}." for note in work.notes]
            short = min(work.clip.span.end, self._job.span.end) - whole.covered.end
            if work.own.cut and short >= timeline.RESOLUTION and not whole.duplicates:
                whole = replace(whole, missing_packets=whole.missing_packets + 1)
        if self._reached is not None and whole.covered is not None:
            self._reached = max(self._reached, whole.covered.end)
        if whole.hidden_shown:
            one = whole.hidden_shown == 1
            self._notes.append(
                f"{printable(work.clip.label)}: {count_text(whole.hidden_shown, 'frame')} that its edit list hides"
                f" {'is' if one else 'are'} shown, because later frames need {'it' if one else 'them'}."
            )
        self._outcomes.append(whole)

    # What a piece asks of the place it goes to.

    def output_for(self, piece: Piece, source: Clip, first: WallTime, description: Description) -> OutputFile:
        """The output for a piece, made now if the one that is open cannot take it."""
        kind = source.kind
        if kind.codec not in self._job.format.container.video:
            better = names(lambda container: kind.codec in container.video)
            said = f"{codec_name(kind.codec)} cannot be stored in {self._job.format.value}; use {better}."
            raise MergeError(said, hint=_KEPT)
        film = self._film
        begins_next = film is not None and self._begins_next(piece, source, first)
        goes_on = film is None or film.can_go_on(piece, description.parameters, first)
        if begins_next or not goes_on or not self.takes(description):
            self._close_film()
        form = None
        if kind.sound is not None:
            form = sound_form(kind.sound, piece.clip.path, self._job.format, self._job.video.audio)
        if self._film is None:
            self._film = Film.opened(self._job, len(self._films) + 1, source, first, form, description=description)
        elif self._film.form is None and form is not None:
            self._again(self._film, form)
        return self._film.output

    def place_of(self, wall: WallTime) -> Fraction | None:
        """See :meth:`Film.place_of`."""
        return None if self._film is None else self._film.place_of(wall)

    def takes(self, description: Description) -> bool:
        """See :meth:`Film.takes`."""
        return self._film is None or self._film.takes(description)

    def is_full(self, wall: WallTime, gop: GopBytes) -> bool:
        """See :meth:`Film.is_full`."""
        return self._film is not None and self._film.is_full(wall, gop)

    def _begins_next(self, piece: Piece, source: Clip, first: WallTime) -> bool:
        """Whether a piece goes into the next file as a whole. One that goes on behind another's frames cannot."""

        def gop(room: int) -> int | None:
            if source.is_encoded:
                return None
            try:
                size = Path(piece.clip.path).stat().st_size
            except OSError:  # it is gone, which reading tells
                return None
            return size if size <= room else first_gop_bytes(piece.clip.path)

        return piece.skip == 0 and self.is_full(first, gop)

    def _again(self, film: Film, form: SoundForm | None) -> None:
        """Make the film once more with another sound track: a track can only be added to an empty file."""
        with opened_before(film.pieces[0].clip.path), self._open(film.pieces[0]) as first:
            film.reopen(first, form)
        for piece in film.pieces:
            with opened_before(piece.clip.path), self._open(piece) as source:
                copy = ClipCopy(
                    piece, self._job, source, RewriteTarget(film), self._progress_of(piece.clip), counting=False
                )
                copy.run()
                copy.outcome()

    def _close_film(self) -> None:
        film, self._film = self._film, None
        if film is None:
            return
        best = film.best_form()
        if best is not None and film.form is not None and best.kind != film.form.kind:
            self._again(film, best)
        result = film.close()
        self._points += film.points(self.number_of)
        self._parts += film.parts
        self._films.append(result)
        self._placed += film.placed
        most, chapters = self._job.format.container.most_chapters, len(result.chapters)
        if most and chapters > most:
            has_all = names(lambda container: container.most_chapters is None)
            self._notes.append(
                f"An {self._job.format.value} holds {most} of the {chapters} chapters; {has_all} has all."
            )
        if film.output.unsaid and film.pieces:
            label, how = printable(film.pieces[0].clip.label), " and ".join(film.output.unsaid)
            said = f"{label}: its pictures are to be shown {how}, which the {self._job.format.value} does not say."
            self._notes.append(said)
        if result.converted:
            clips = count_text(result.converted, "clip")
            self._notes.append(f"The sound of {clips} was converted to that of the others.")


def _left_out_note(track: str, labels: Sequence[str]) -> str:
    more = f" and {count_text(len(labels) - 1, 'more clip')}" if len(labels) > 1 else ""
    return f"{printable(labels[0])}{more}: {track} {'was' if len(labels) == 1 else 'of each was'} left out."


def _hides_its_start(clip: Clip | None) -> bool:
    first = None if clip is None or clip.origin is None else clip.first_picture()
    return clip is not None and first is not None and clip.hides(first)


def _clock_doubt(clip: ClipFile, believed: str, said: str) -> Doubt:
    """The clocks that date ``clip`` differ; ``said`` is the rest of a sentence."""
    return Doubt(DoubtKind.CLOCK, believed, f"{printable(clip.label)} {said}.", clip.span)


def _length(source: Clip | None) -> float:
    return 0.0 if source is None else source.listed_seconds


def _dated_by_end(clip: ClipFile, seconds: float) -> ClipFile:
    """``clip`` as it begins if it is so long, and ends when it is listed to."""
    start = clip.span.end - timedelta(seconds=seconds) if seconds else clip.span.start
    return replace(clip, span=Span(start, clip.span.end))


def _broken(work: _Work) -> str | None:
    """Why not all of a clip is there that should be."""
    if work.own is not None:
        return "the file ends within a frame" if work.own.cut else None
    return "the file ends before its index does" if work.source is not None and work.source.is_cut else None
