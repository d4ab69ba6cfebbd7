"""One file of a merge, and the pieces in it: enough to write it again with another sound track."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING

from camreel.media.merge import timeline
from camreel.media.merge.timeline import Placed
from camreel.media.mux.base import Creation, OutputFile
from camreel.media.mux.direct import DirectOutput, can_be_direct
from camreel.media.mux.muxer import MuxedOutput
from camreel.media.mux.playback import PlaybackPart, PlaybackPoint
from camreel.media.mux.sound import SoundForm, sound_form
from camreel.media.mux.verify import verify
from camreel.media.worker.messages import FilmResult, MergeJob, part_name
from camreel.model import Gaps, Span, WallTime

if TYPE_CHECKING:
    from collections.abc import Callable

    from camreel.formats.nal import Parameters
    from camreel.media.clips.clip import Clip, SoundKind
    from camreel.media.clips.description import Description
    from camreel.media.merge.pieces import GopBytes, Piece
    from camreel.media.worker.messages import ClipOutcome

_HEAD = 8192  # bytes of a file that are neither packets nor their index, at most
_INDEX_ENTRY = 24  # bytes that a packet takes in the index of an mp4; less elsewhere


@dataclass(slots=True)
class SoundShare:
    """How much of the film has sound of one kind: seconds, clips, and one of them."""

    path: str
    seconds: float = 0.0
    clips: int = 0


@dataclass(slots=True)
class Film:
    """An output and the pieces in it. ``start`` is when its first picture was taken.

    ``description`` is how that is decoded and shown.
    """

    job: MergeJob
    number: int
    output: OutputFile
    description: Description
    start: WallTime
    form: SoundForm | None
    pieces: list[Piece] = field(default_factory=list)
    placed: list[Placed] = field(default_factory=list)
    parts: list[PlaybackPart] = field(default_factory=list)
    sounds: dict[SoundKind, SoundShare] = field(default_factory=dict)
    _at_keyframe: int = _HEAD
    _largest_gop: int = 0

    @classmethod
    def opened(
        cls,
        job: MergeJob,
        number: int,
        source: Clip,
        start: WallTime,
        form: SoundForm | None,
        *,
        description: Description,
    ) -> Film:
        """A new one, made for pictures like those of ``source`` with ``description``."""
        path, created = part_name(job.output, number), _creation(job, start)
        output = open_output(job, path, source, form, created, description=description)
        return cls(job, number, output, description, start, form)

    def reopen(self, source: Clip, form: SoundForm | None) -> None:
        """Empty, with sound of ``form``; the pieces have to be put in again."""
        self.output.abandon()
        self.form = form
        self.output = open_output(
            self.job,
            part_name(self.job.output, self.number),
            source,
            form,
            _creation(self.job, self.start),
            description=self.description,
        )

    def takes(self, description: Description) -> bool:
        """Whether pictures of ``description`` can be in it."""
        own = self.description
        if description is own:
            return True
        same_size = (description.width, description.height) == (own.width, own.height)
        alike = description.codec == own.codec and description.look == own.look
        return alike and (same_size or self.job.format.container.sizes_may_differ)

    def can_go_on(self, piece: Piece, parameters: Parameters, first: WallTime) -> bool:
        """Whether ``piece`` can be next. Its first frame was taken at ``first`` and needs ``parameters``.

        One that has to begin a file can if it is what the same encoder saw next, as far as can be told.
        """
        if not piece.begins_file:
            return True
        if self.job.in_order or piece.builds_up:  # their times say nothing; half a picture would be seen
            return False
        ended = max((placed.wall.end for placed in self.placed), default=self.start)
        return parameters.sets == self.output.pictures.sets and abs(first - ended) < timeline.RESOLUTION

    def put_in(self, piece: Piece, outcome: ClipOutcome, sound: SoundKind | None, doubt: timedelta) -> None:
        """``piece`` was copied; ``outcome`` is what became of it. Its times may be off by ``doubt``."""
        assert outcome.covered is not None
        self.pieces.append(piece)
        path, is_encoded = part_name(self.job.output, self.number), self.job.video.h264 or self.job.video.exact
        self.parts.append(
            PlaybackPart(path, outcome.starts_at, outcome.video_packets, piece.clip.number, piece.clip.path, is_encoded)
        )
        end = float(self.output.pictures.end * self.output.pictures.time_base)
        held = self.job.video.gaps is Gaps.HOLD
        for span, at in timeline.continuous(outcome.covered, outcome.holes, outcome.starts_at, held=held):
            until = min(end, at + span.seconds)
            self.placed.append(Placed(piece.clip.label, span, at, until, piece.clip.events, doubt))
        if sound is not None:
            share = self.sounds.setdefault(sound, SoundShare(piece.clip.path))
            share.seconds += outcome.covered.seconds
            share.clips += 1

    def best_form(self) -> SoundForm | None:
        """The form of the sound that most of the film has."""
        if not self.sounds:
            return None
        most = max(self.sounds, key=lambda kind: self.sounds[kind].seconds)
        return sound_form(most, self.sounds[most].path, self.job.format, self.job.video.audio)

    def place_of(self, wall: WallTime) -> Fraction | None:
        """Where ``wall`` is in a film that keeps real time; None in one that does not."""
        if self.job.video.gaps is Gaps.JUMP:
            return None
        return Fraction((wall - self.start) // timedelta(microseconds=1), 1_000_000)

    def is_full(self, wall: WallTime, gop: GopBytes) -> bool:
        """Whether a new one begins with the keyframe of ``wall``. To be asked for each keyframe, once.

        If ``gop`` does not know how many bytes come with it, they are taken to be as many as the most so far.
        """
        if not self.output.pictures.packets:
            return False
        size = self._size
        self._largest_gop = max(self._largest_gop, size - self._at_keyframe)
        self._at_keyframe = size
        most = self.job.video.split
        if isinstance(most, int):
            room = max(0, most * 99 // 100 - size)
            coming = gop(room)
            if (self._largest_gop if coming is None else coming) > room:
                return True
        return any(self.start < moment <= wall for moment in self.job.split_at)

    @property
    def _size(self) -> int:
        """The bytes of the file so far, its index with them."""
        sound = 0 if self.output.sound is None else self.output.sound.packets
        return _HEAD + self.output.bytes + _INDEX_ENTRY * (self.output.pictures.packets + sound)

    def close(self) -> FilmResult:
        """Close it, reopen it and compare it with what was written, and bring it to the disk."""
        output, pictures, sound = self.output, self.output.pictures, self.output.sound
        if sound is not None:
            sound.finish()
        chapters = timeline.chapters(self.placed, self.job)
        codec = output.sound_codec  # to be asked of an open file only
        most = self.job.format.container.most_chapters
        output.close(chapters if most is None else timeline.most_telling(chapters, most))
        path = part_name(self.job.output, self.number)
        subtitles = 0 if output.subtitles is None else output.subtitles.packets
        result = FilmResult(
            path=path,
            span=Span(self.start, max(placed.wall.end for placed in self.placed)),
            seconds=float(pictures.end * pictures.time_base),
            size=output.file.size,
            video_codec=self.description.codec,
            width=self.description.width,
            height=self.description.height,
            video_packets=pictures.packets,
            audio_codec=codec,
            audio_from=self._changed_from(codec),
            audio_packets=0 if sound is None else sound.packets,
            chapters=chapters,
            file=output.file,
            converted=0 if sound is None else sound.converted,
            subtitles=subtitles,
        )
        stays = float((pictures.end - pictures.shown) * pictures.time_base)
        verify(path, self.job.format.container, result, (pictures.first_written, pictures.last_written), stays)
        return replace(result, file=output.file.check(path))

    def points(self, number_of: Callable[[str], int | None]) -> list[PlaybackPoint]:
        """Where it begins to need other parameter sets. ``number_of`` tells which clip a file is."""
        pictures, path = self.output.pictures, part_name(self.job.output, self.number)
        return [
            PlaybackPoint(
                path, float(each.at * pictures.time_base), each.sets, number, each.path, each.ticks, each.number
            )
            for each in pictures.points
            if (number := number_of(each.path)) is not None
        ]

    def _changed_from(self, written: str | None) -> str | None:
        return None if self.form is None or self.form.kind.codec == written else self.form.kind.codec


@dataclass(frozen=True, slots=True)
class RewriteTarget:
    """A film that is made again: everything is decided."""

    film: Film

    def output_for(
        self,
        piece: Piece,  # noqa: ARG002 - all is decided
        source: Clip,  # noqa: ARG002
        first: WallTime,  # noqa: ARG002
        description: Description,  # noqa: ARG002
    ) -> OutputFile:
        """Where it goes."""
        return self.film.output

    def place_of(self, wall: WallTime) -> Fraction | None:
        """See :meth:`Film.place_of`."""
        return self.film.place_of(wall)

    def takes(self, description: Description) -> bool:  # noqa: ARG002
        """Each piece ends where it ended before."""
        return True

    def is_full(self, wall: WallTime, gop: GopBytes) -> bool:  # noqa: ARG002
        """It is not asked again."""
        return False


def open_output(
    job: MergeJob,
    path: str,
    clip: Clip,
    form: SoundForm | None,
    created: Creation | None,
    *,
    description: Description,
) -> OutputFile:
    """An output for pictures of ``clip`` that have ``description``, and sound of ``form``.

    Raises what :func:`writing` raises.
    """
    if can_be_direct(job, description, form):
        return DirectOutput(job, path, clip, form, created, description=description)
    caption = partial(timeline.shown, job=job)
    return MuxedOutput(job, path, clip, form, created, description=description, caption=caption)


def _creation(job: MergeJob, first: WallTime) -> Creation | None:
    if job.utc_offset is None:
        return None
    return Creation(
        timeline.creation_time(first, job.utc_offset, job.drift), timeline.shown(first, job).replace(" ", "T", 1)
    )
