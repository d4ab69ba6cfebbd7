"""The report of an export as a frozen value."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from camreel.clock import CameraClock
from camreel.model import DeviceInfo, Doubt, FrameCounts, MergeRequest, Playback, Request, Span
from camreel.planning.account import Account, LostReason, uncovered
from camreel.planning.proof import SearchProof


@dataclass(frozen=True, slots=True)
class ClipReport:
    """One recording of the plan and what became of it.

    ``status``: ``merged``; ``short`` (its bytes ended before its index did; what it has is in the output);
    ``partial`` (some of its frames cannot be shown); ``failed`` (could not be downloaded); ``unusable`` (would not
    demux); ``empty`` (has no picture in the range);
    ``inside`` (another clip shows the same moments). ``size`` is how many bytes the recording has, ``fetched`` how many
    of them are on disk: less, where only a part was wanted. ``frames`` is where each of its frames went, None where
    none was read.
    """

    number: int
    path: str
    span: Span
    status: str
    reason: LostReason | None = None
    size: int | None = None
    covered: Span | None = None
    fetched: int = 0
    frames: FrameCounts | None = None

    @property
    def is_lost(self) -> bool:
        """Whether something the camera has of the range is not in the output because of this clip."""
        return self.status in {"failed", "unusable", "short", "partial"}


@dataclass(frozen=True, slots=True)
class OutputReport:
    """One video file. Duration in seconds, size in bytes. What nobody looked up (it was already there) is None.

    ``span`` is from its first picture to the end of its last, in straight time.
    """

    path: str
    size: int
    seconds: float | None = None
    video: str | None = None
    audio: str | None = None
    chapters: tuple[tuple[float, str], ...] = ()
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class AtATime:
    """Downloads at a time: how many were allowed, the fewest there were, and what it came to."""

    allowed: int
    lowest: int
    settled: int


@dataclass(frozen=True, slots=True)
class Report:
    """All of it. ``downloads`` is the folder where the clips were kept, None where they were not.

    All spans are in straight time (:mod:`camreel.clock.camera_clock`); ``clock`` tells what the picture shows.
    ``skipped`` are parts of ``span`` that are not asked for: they lie between two passes of a repeated hour.
    ``unwanted`` are parts without the events that alone were asked for.
    ``at_a_time``: how many downloads the camera bore, None where nothing was downloaded.
    ``playback``: what came of decoding the video; None if camreel did not decode it.
    ``times_from``: for a merge of clips on disk, how many of them are dated by what (``frames``, ``names``,
    ``creation_time``, ``order``). ``doubts`` are clocks that contradict each other: ``warnings`` has their
    sentences. ``exec_failures`` are sentences: of which video the command of ``--exec`` failed.
    ``search``: whether the camera's list was proven to be whole, None where nothing was searched.
    ``overwritten``: of ``--since-last``, the part of the range of which the camera may have overwritten footage before
    this run; ``warnings`` has its sentence.
    ``unread`` counts files on disk that could not be read or were not followed, and that nothing dates: ``warnings``
    has their sentence.
    """

    request: Request | MergeRequest
    span: Span | None
    clock: CameraClock | None
    device: DeviceInfo | None
    clips: tuple[ClipReport, ...]
    left_out: tuple[tuple[str, int], ...]
    account: Account
    outputs: tuple[OutputReport, ...]
    warnings: tuple[str, ...] = ()
    downloads: str | None = None
    already_there: bool = False
    found_as: str | None = None
    skipped: tuple[Span, ...] = ()
    at_a_time: AtATime | None = None
    times_from: tuple[tuple[str, int], ...] = ()
    unwanted: tuple[Span, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    exec_failures: tuple[str, ...] = ()
    playback: Playback | None = None
    search: SearchProof | None = None
    unread: int = 0
    overwritten: Span | None = None

    @property
    def is_complete(self) -> bool:
        """Whether everything that the camera has of the range is in the output, and that is settled."""
        return self.is_settled and not self.account.pending

    @property
    def is_complete_so_far(self) -> bool:
        """Whether everything is in the output but the end of the range, of which the camera may list more."""
        return self.is_settled and bool(self.account.pending)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was recorded, so that there is no video."""
        return not (self.clips or self.outputs or self.already_there)

    @property
    def is_settled(self) -> bool:
        """Whether nothing is lost, and the camera's list is whole."""
        named = self.unread or self.account.lost or any(clip.is_lost for clip in self.clips)
        return not named and (self.search is None or self.search.is_proven)

    @property
    def exit_code(self) -> int:
        """As ``video_code``; 7 if the video is complete and what was to be done with it then failed.

        4 if the camera may have overwritten footage before this run: the video has all that there is.
        """
        if self.exec_failures and self.video_code == 0:
            return 7
        return 4 if self.overwritten is not None else self.video_code

    @property
    def video_code(self) -> int:
        """0, or 4 where something is missing.

        Gaps in the recording count only with ``--require-complete``. An end that is not settled does not if the range
        was meant up to now, but with ``--require-settled``.
        """
        output = self.request.output
        gaps_matter = output.require_complete
        if self.already_there:
            partial = self.found_as == "partial" or (self.found_as == "has gaps" and gaps_matter)
            return 4 if partial else 0
        query = self.request.query if isinstance(self.request, Request) else None
        so_far = self.is_complete_so_far and query is not None and query.ends_now and not output.require_settled
        return 0 if (self.is_complete or so_far) and not (gaps_matter and self.account.gaps) else 4

    @property
    def status(self) -> str:
        """``complete``, ``complete_so_far``, ``empty``, ``partial`` or ``already there``."""
        if self.already_there:
            return "already there"
        if self.overwritten is not None:
            return "partial"
        if self.is_empty:
            return "empty"
        if self.is_complete_so_far and not (self.request.output.require_complete and self.account.gaps):
            return "complete_so_far"
        return "complete" if self.video_code == 0 else "partial"

    @property
    def covered_seconds(self) -> float:
        """Seconds of the range that are in the output: the range less all that is named as missing."""
        if self.span is None:
            return 0.0
        return max(0.0, self.asked_seconds - self.account.missing_seconds)

    @property
    def asked_seconds(self) -> float:
        """The length of what was asked for."""
        if self.span is None:
            return 0.0
        out = uncovered(self.span, (*self.skipped, *self.unwanted), timedelta(0))
        return sum(span.seconds for span in out)
