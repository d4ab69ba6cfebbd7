"""Write an mp4 without FFmpeg: the system copies whole stretches of bytes from clip to output.

FFmpeg carries each byte four times (out of the clip, into a packet, out of it, into the file), the system once; this
module keeps the tables of the index. FFmpeg writes everything unusual: other containers, sound that must be encoded,
subtitles, an index in front, real time across gaps.
"""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any, NamedTuple

from camreel._version import __version__
from camreel.errors import MergeError
from camreel.formats.mp4 import writer
from camreel.formats.mp4.tables import TableFile
from camreel.formats.mp4.writer import SampleIndex
from camreel.formats.nal import widened_configuration
from camreel.media.clips.open import open_to_copy
from camreel.media.clips.packets import LARGEST_HOLE, ClipBytes, GopRun, Stored, opened_before
from camreel.media.mux.base import (
    Creation,
    OutputFile,
    as_camreel_error,
    create_part,
    identity_of,
    picture_time_base,
    writing,
)
from camreel.media.mux.frames import FrameTrack
from camreel.media.mux.sound import AacPackets
from camreel.model import Gaps

if TYPE_CHECKING:
    from av.packet import Packet

    from camreel.diskio import FileIdentity
    from camreel.formats.mp4 import Run
    from camreel.media.clips.clip import Clip
    from camreel.media.clips.description import Description
    from camreel.media.mux.sound import SoundForm
    from camreel.media.worker.messages import Chapter, MergeJob

# So much is gathered and put into the order of the clip's file before it is copied: what belongs together stays near.
_WINDOW = 2 << 20
_MOST_WAITING = 4096  # packets
_AT_A_TIME = 1 << 18  # bytes, where the system does not copy by itself
# What copying by the system can say that writing would say as well; all else it may just not be able to do.
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_EPOCH = datetime(1904, 1, 1, tzinfo=timezone.utc)  # of ISO/IEC 14496-12
_MOST_TURNED = 1 << 31  # what a matrix has room for
_MDAT = struct.Struct(">I4sQ")


def can_be_direct(job: MergeJob, description: Description, form: SoundForm | None) -> bool:
    """Whether a film that begins with frames of ``description`` and has sound of ``form`` can be written here."""
    if (
        not job.format.container.has_own_writer
        or job.video.faststart
        or job.video.subtitles
        or job.video.h264
        or job.video.gaps is Gaps.HOLD
    ):
        return False
    if not description.configuration or any(abs(each) >= _MOST_TURNED for each in description.look.turned):
        return False
    return form is None or (form.codec == "aac" and form.copied and form.rate <= 0xFFFF)


class DirectOutput(OutputFile):
    """See :class:`OutputFile`."""

    def __init__(
        self,
        job: MergeJob,
        path: str,
        clip: Clip,
        form: SoundForm | None,
        created: Creation | None,
        *,
        description: Description,
    ) -> None:
        super().__init__(job, path)
        self._metadata = {"title": job.title, "artist": job.camera, "comment": job.comment}
        self._metadata |= {"date": created.local if created else "", "encoder": f"camreel {__version__}"}
        self._created = 0 if created is None else _since_1904(created.utc)
        self.picture_time_base = picture_time_base(self._format, clip)
        scale, codec, look = self.picture_time_base.denominator, description.codec, description.look
        configuration = widened_configuration(codec, description.configuration)
        self._picture_track = writer.VideoTrackIndex(
            codec,
            configuration,
            description.width,
            description.height,
            scale,
            look.aspect or Fraction(1),
            look.color_box() + look.boxes,
            look.turned,
        )
        self._tables = TableFile(lambda: TemporaryFile(dir=Path(path).parent))  # noqa: SIM115 - close and abandon do
        self._picture_samples, self._sound_samples = SampleIndex(self._tables), SampleIndex(self._tables)
        self.pictures = FrameTrack(self, lowest=None)
        self._sound_track: writer.SoundTrackIndex | None = None
        if form is not None:
            with opened_before(form.path), open_to_copy(form.path) as template:
                self._sound_track = writer.SoundTrackIndex(template.sound_setup, form.kind.rate, form.kind.channels)
            self.sound = AacPackets(self, form.kind, fill=True, stamped=True)
        self._file: _Film = writing(_Film, path, writer.beginning(codec))

    @property
    def sound_codec(self) -> str | None:
        return None if self.sound is None else "aac"

    def put_picture(self, packet: Packet[Any] | Stored) -> None:
        self._put(packet, self._picture_samples)

    def put_sound(self, packet: Packet[Any] | Stored) -> None:
        self._put(packet, self._sound_samples)

    def _put(self, packet: Packet[Any] | Stored, samples: SampleIndex) -> None:
        assert packet.pts is not None
        assert packet.dts is not None
        size = packet.size
        self.bytes += size
        with _putting():
            number = samples.add(size, packet.pts, packet.dts, packet.duration or 0, key=packet.is_keyframe)
            self._file.add(packet, samples, number, is_picture=samples is self._picture_samples)
            self._fsync.written(self.bytes)

    def takes(self, stretch: GopRun) -> bool:
        if stretch.extent is None or not self.pictures.takes(stretch):
            return False
        # What is not to be heard is not to be in the file either.
        return not stretch.sounds if self.sound is None else self.sound.takes_stretches

    def put_pictures(self, stretch: GopRun, start: int, duration: int) -> None:
        self._put_run(stretch, stretch.picture_run, self._picture_samples, start, duration)

    def put_sounds(self, stretch: GopRun, run: Run, start: int, duration: int) -> None:
        self._put_run(stretch, run, self._sound_samples, start, duration)

    def _put_run(self, stretch: GopRun, run: Run, samples: SampleIndex, start: int, duration: int) -> None:
        self.bytes += run.weight
        with _putting():
            number = samples.extend(run, start, duration)
            self._file.add_run(stretch, _Place(samples, number, run.offsets))
            self._fsync.written(self.bytes)

    def settle(self) -> None:
        writing(self._file.flush)
        for samples in (self._picture_samples, self._sound_samples):
            writing(samples.settle)

    def close(self, chapters: Sequence[Chapter]) -> None:
        tracks: list[tuple[writer.Track, SampleIndex]] = [(self._picture_track, self._picture_samples)]
        if self._sound_track is not None:
            tracks.append((self._sound_track, self._sound_samples))
        told = [writer.ChapterEntry(each.start, each.title) for each in chapters]
        self.file = writing(self._file.close, writer.index(tracks, self._metadata, told, self._created))
        writing(self._fsync.end)
        self._tables.close()

    def abandon(self) -> None:
        with suppress(OSError):
            self._file.abandon()
        with suppress(OSError):
            self._tables.close()
        with suppress(OSError):
            self._fsync.end()


def _since_1904(utc: str) -> int:
    moment = datetime.fromisoformat(utc.removesuffix("Z")).replace(tzinfo=timezone.utc)
    return max(0, int((moment - _EPOCH).total_seconds()))


@contextmanager
def _putting() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise as_camreel_error(error) from error
    except OverflowError as error:
        raise MergeError("The video could not be written: a picture is too far from the one before it.") from error


class _Place(NamedTuple):
    """Samples from ``number`` on are told where they are, once their bytes are: at ``offsets`` in the clip's file."""

    samples: SampleIndex
    number: int
    offsets: Sequence[int]


@dataclass(slots=True)
class _Unit:
    """Bytes of a clip's file, and what lies in them. A picture that was changed is ``packet``."""

    file: ClipBytes
    begin: int
    end: int
    places: list[_Place]
    packet: Stored | None = None

    def is_at(self, moved: int) -> None:
        """It is so many bytes further on than in the clip's file."""
        for samples, number, offsets in self.places:
            samples.offsets.set(number, [at + moved for at in offsets])


class _Film:
    """The file itself: bytes of clips, in the order in which they lie there, window by window."""

    def __init__(self, path: str, beginning: bytes) -> None:
        self._handle, self._path = create_part(path), path
        self._mdat = len(beginning)
        self._at = 0
        self._units: list[_Unit] = []
        self._latest: tuple[GopRun, _Unit] | None = None
        self._loose: list[tuple[bytes, SampleIndex, int]] = []
        self._waiting = 0
        self._by_system = hasattr(os, "copy_file_range")
        try:
            self._write(beginning + _MDAT.pack(1, b"mdat", _MDAT.size))
        except BaseException:
            self.abandon()
            raise

    def add(self, packet: Packet[Any] | Stored, samples: SampleIndex, number: int, *, is_picture: bool) -> None:
        """The bytes of sample ``number`` of a track. They get their place soon."""
        # Sound waits for the next picture, so that what belongs to a stretch still finds its bytes here.
        if is_picture or len(self._units) + len(self._loose) >= _MOST_WAITING:
            self._make_room()
        self._waiting += packet.size
        if type(packet) is Stored:
            places = [_Place(samples, number, (packet.at,))]
            changed = packet if packet.is_changed else None
            self._units.append(_Unit(packet.file, packet.at, packet.at + packet.size, places, changed))
        else:
            self._loose.append((bytes(packet), samples, number))

    def add_run(self, stretch: GopRun, place: _Place) -> None:
        """The same for many at once. Of a stretch all bytes are taken when its pictures are, which come first."""
        if self._latest is not None and self._latest[0] is stretch:
            self._latest[1].places.append(place)
            return
        assert stretch.extent is not None
        begin, end = stretch.extent
        self._make_room()
        self._waiting += end - begin
        unit = _Unit(stretch.file, begin, end, [place])
        self._latest = stretch, unit
        self._units.append(unit)

    def _make_room(self) -> None:
        if self._waiting >= _WINDOW or len(self._units) + len(self._loose) >= _MOST_WAITING:
            self.flush()

    def flush(self) -> None:
        """Bring to the file what waits."""
        units, loose = self._units, self._loose
        self._units, self._loose, self._waiting, self._latest = [], [], 0, None
        units.sort(key=_in_file)
        file: ClipBytes | None = None
        begin = end = 0
        for unit in units:
            joins = unit.file is file and unit.packet is None and unit.begin >= begin
            if joins and (unit.end <= end or end <= unit.begin <= end + LARGEST_HOLE):
                unit.is_at(self._at - begin)
                end = max(end, unit.end)
                continue
            if file is not None:
                self._copy(file, begin, end - begin)
            unit.is_at(self._at - unit.begin)
            file, begin, end = unit.file, unit.begin, unit.end
            if unit.packet is not None:
                begin, end = self._copy_changed(unit.packet)
        if file is not None:
            self._copy(file, begin, end - begin)
        for data, samples, number in loose:
            samples.offsets.set(number, (self._at,))
            self._at += len(data)
        if loose:
            self._at -= sum(len(data) for data, _, _ in loose)
            self._write(b"".join(data for data, _, _ in loose))

    def _copy_changed(self, packet: Stored) -> tuple[int, int]:
        """All but its last piece, which is from where to where in the file."""
        *before, (_, begin, size) = packet.pieces()
        for piece in before:
            if isinstance(piece, bytes):
                self._write(piece)
            else:
                self._copy(*piece)
        return begin, begin + size

    def close(self, index: Any) -> FileIdentity:
        """Write what waits, and the index behind it. Return which file it is."""
        self.flush()
        length = self._at - self._mdat
        for piece in index:
            self._write(piece)
        os.lseek(self._handle, self._mdat, os.SEEK_SET)
        self._write(_MDAT.pack(1, b"mdat", length))
        written = identity_of(self._handle, self._path)
        self.abandon()
        return written

    def abandon(self) -> None:
        """Let go of the file as it is."""
        handle, self._handle = self._handle, -1
        if handle >= 0:
            os.close(handle)

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._handle, rest) :]
        self._at += len(data)

    def _copy(self, file: ClipBytes, at: int, size: int) -> None:
        end = at + size
        while at < end and self._by_system:
            try:
                done = os.copy_file_range(file.handle, self._handle, end - at, at)
            except OSError as error:
                if error.errno in _FULL:
                    raise
                done = 0
            # Some file systems copy nothing and say nothing: from here on we do it.
            self._by_system = done > 0
            at += done
            self._at += done
        while at < end:
            piece = file.read(at, min(_AT_A_TIME, end - at))
            self._write(piece)
            at += len(piece)


def _in_file(unit: _Unit) -> tuple[int, int]:
    return unit.file.handle, unit.begin
