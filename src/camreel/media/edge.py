"""The pictures between a cut and the next keyframe, encoded again: what lets a film begin with any picture.

From that keyframe on everything is copied. Whoever does that leaves out what follows the keyframe in the file and is
shown before it (B-frames that lead it: they are in the edge), and puts each side's parameter sets into its keyframes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from camreel.media.encode import EDGE, Quality, Reencoder
from camreel.media.opening import open_clip
from camreel.media.probe import Clip

if TYPE_CHECKING:
    from av.packet import Packet

    from camreel.formats.nal import Parameters

# Pictures that H.264 and H.265 can hold back to show others first; behind a keyframe to copy from only its own lead.
_MOST_REORDER = 16


@dataclass(frozen=True, slots=True)
class Edge:
    """``packets`` are of mp4's form, in ticks of the clip; they are made as they are asked for, once.

    ``parameters`` belong to them; None where there are none. ``resume_at`` is the time of the keyframe from which on
    to copy, None where the edge reaches to the end. ``encoder`` counts what could not be decoded.
    """

    parameters: Parameters | None
    packets: Iterator[Packet[Any]]
    resume_at: int | None
    encoder: Reencoder | None = None


@dataclass(frozen=True, slots=True)
class EdgePlan:
    """Ticks of the clip: decode from the keyframe at ``decode_from``, show from ``shown`` on, copy from ``resume_at``.

    Nothing is to be encoded where ``decode_from`` is None.
    """

    decode_from: int | None
    shown: int | None
    resume_at: int | None


def edge(clip: Clip | str, first_pts: int, until: int | None = None, quality: Quality = EDGE) -> Edge:
    """The edge of ``clip`` for a film that begins with the picture shown at ``first_pts`` and ends before ``until``.

    Both are ticks of the clip. The clip is opened again by its path: an open one stays as it is. A picture shown at
    ``first_pts`` is the last one with a time not after it; where there is none, the clip's first. Where that picture
    can be copied, the edge is empty and ``resume_at`` is its time.

    Raises :class:`Unusable` where the clip cannot be opened, :class:`MergeError` where nothing can be encoded here.
    """
    path = clip if isinstance(clip, str) else clip.path
    plan = plan_edge(path, first_pts)
    resume_at = plan.resume_at
    if until is not None and resume_at is not None and resume_at >= until:
        resume_at = None
    if plan.decode_from is None or plan.shown is None:
        return Edge(None, iter(()), resume_at)
    stop = resume_at if resume_at is not None else until
    source = open_clip(path)
    try:
        encoder = Reencoder(source, plan.shown, stop, quality=quality)
    except BaseException:
        source.close()
        raise
    packets = _encoded(source, encoder, plan.decode_from, stop, beyond=_MOST_REORDER if resume_at is None else 1)
    head = next(packets, None)
    if head is None:
        return Edge(None, iter(()), resume_at, encoder)
    return Edge(encoder.parameters, chain((head,), packets), resume_at, encoder)


def plan_edge(path: str, first_pts: int) -> EdgePlan:
    """Where the edge of the clip at ``path`` begins and ends. Reads packets and decodes nothing."""
    with open_clip(path) as scan:
        return _Search(scan, first_pts).run()


class _Search:
    """One walk through a clip, up to the keyframe after the picture that is shown at ``first_pts``."""

    def __init__(self, clip: Clip, first_pts: int) -> None:
        self._clip = clip
        self._first_pts = first_pts
        self._shown: int | None = None
        self._earliest: int | None = None
        self._keys: list[tuple[int, bool]] = []  # time, and whether everything after it can be decoded from there

    def run(self) -> EdgePlan:
        """The plan."""
        for packet in self._clip.packets(sound=False):
            assert packet.dts is not None
            pts = packet.dts if packet.pts is None else packet.pts
            if self._settled(pts):
                break
            self._earliest = pts if self._earliest is None else min(self._earliest, pts)
            if pts <= self._first_pts:
                self._shown = pts if self._shown is None else max(self._shown, pts)
            if packet.is_keyframe:
                self._keys.append((pts, self._clip.parameters.refreshes(memoryview(packet))))
        return self._plan(self._earliest if self._shown is None else self._shown)

    def _settled(self, pts: int) -> bool:
        """Whether nothing later in the file is shown before the next keyframe: those that lead it have been read."""
        return any(refreshes and self._first_pts < key <= pts for key, refreshes in self._keys)

    def _plan(self, shown: int | None) -> EdgePlan:
        if shown is None:
            return EdgePlan(None, None, None)
        resume_at = min((key for key, refreshes in self._keys if refreshes and key >= shown), default=None)
        before = [key for key, refreshes in self._keys if key <= shown and refreshes]
        # Pictures after a keyframe that does not refresh may refer to what came before it.
        before = before or [key for key, _ in self._keys if key <= shown]
        if resume_at == shown or not before:
            return EdgePlan(None, None, resume_at)
        return EdgePlan(max(before), shown, resume_at)


def _encoded(
    source: Clip, encoder: Reencoder, decode_from: int, stop: int | None, beyond: int
) -> Iterator[Packet[Any]]:
    """``beyond`` packets that are shown from ``stop`` on are read: earlier pictures may follow them in the file."""
    with source:
        started = False
        for packet in source.packets(sound=False):
            pts = packet.dts if packet.pts is None else packet.pts
            assert pts is not None
            started = started or (packet.is_keyframe and pts == decode_from)
            if not started:
                continue
            beyond -= stop is not None and pts >= stop
            if beyond < 0:
                break
            yield from encoder.add(packet)
        yield from encoder.finish()
