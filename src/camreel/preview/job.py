"""Look at a camera: search, choose moments, fetch their pictures.

connect -> clock -> search -> choose -> keyframes -> thumbnails

`output` makes the page of them, when each camera has been looked at.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import anyio

from camreel import events
from camreel.devices import lockout
from camreel.errors import CameraError, NothingRecorded, UsageError, unwrap_group
from camreel.jobs.search import CameraSearch, SearchResult
from camreel.media.worker.process import StillProcess
from camreel.model import Credentials, Request
from camreel.output.finalize import make_folders, prepare
from camreel.planning.coverage import CoverageSpan, coverage
from camreel.preview.choose import MOST_ASKED, MomentChoice, choose
from camreel.preview.fetch import PictureFetcher
from camreel.preview.model import Look, LookOptions
from camreel.preview.output import key_of, look_name, looked_already
from camreel.text import count_text, size_text
from camreel.transfer.runtime import Runtime


@contextmanager
def picture_folder() -> Iterator[Path]:
    """Make a folder for the pictures of all cameras, until the page is written."""
    with tempfile.TemporaryDirectory(prefix="camreel-look-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


async def look(
    request: Request,
    looking: LookOptions,
    credentials: Credentials,
    on_event: events.Listener,
    *,
    folder: Path,
    tuning: Runtime | None = None,
    keep: Callable[[Look], None] = lambda _look: None,
) -> Look:
    """Look at the requested range. The pictures are put into `folder`, for the page `request.output.file`.

    If it is cancelled, `keep` is called with what there is by then, if that is a picture at least.
    Raises a `CamreelError` if there is nothing to show. Pictures that could not be fetched are in the result.
    """
    tuning = tuning or Runtime()
    if (there := looked_already(request, looking)) is not None:
        return there
    with lockout.guard(request.target, tuning.utc_now), unwrap_group():
        return await _Look(request, looking, credentials, on_event, folder=folder, tuning=tuning, keep=keep).run()


class _Look:
    """One run. The methods stand in the order of their calls."""

    def __init__(
        self,
        request: Request,
        looking: LookOptions,
        credentials: Credentials,
        emit: events.Listener,
        *,
        folder: Path,
        tuning: Runtime,
        keep: Callable[[Look], None],
    ) -> None:
        self._request, self._looking, self._folder, self._keep = request, looking, folder, keep
        self._emit, self._tuning = emit, tuning
        self._inquiry = CameraSearch(request.target, request.query, credentials, emit, tuning, parts=True)

    async def run(self) -> Look:
        prepare(self._request.output)
        found = await self._inquiry.run()
        request = _named(self._request, found, self._looking)
        if (there := looked_already(request, self._looking)) is not None:
            return there
        recorded = coverage(found.plan, found.unsettled_from(self._tuning.utc_now()))
        choice = self._choose(recorded, found)
        make_folders(request.output)
        async with StillProcess() as stills:
            gathering = PictureFetcher(
                request,
                found,
                self._looking,
                inquiry=self._inquiry,
                tuning=self._tuning,
                emit=self._emit,
                stills=stills,
                folder=self._folder,
            )
            try:
                await gathering.run(choice.places)
            except anyio.get_cancelled_exc_class():
                gathering.interrupt()
                if gathering.shots:
                    made = self._made(request, found, recorded, choice, gathering)
                    self._keep(replace(made, is_interrupted=bool(made.misses)))
                raise
        _check_anything(gathering)
        return self._made(request, found, recorded, choice, gathering)

    def _made(
        self,
        request: Request,
        found: SearchResult,
        recorded: tuple[CoverageSpan, ...],
        choice: MomentChoice,
        gathering: PictureFetcher,
    ) -> Look:
        return Look(
            request,
            found,
            self._looking.line,
            recorded,
            choice,
            gathering.shots,
            gathering.misses,
            gathering.received,
            tuple(self._inquiry.warnings),
            key=key_of(request, self._looking),
        )

    def _choose(self, recorded: Sequence[CoverageSpan], found: SearchResult) -> MomentChoice:
        looking = self._looking
        choice = choose(
            recorded, found.plan.recordings, every=looking.every, most=looking.most, ceiling=looking.ceiling
        )
        if not choice.places:
            raise NothingRecorded(
                "Nothing is recorded in this range.", hint="Check it by the clock in the camera's picture."
            )
        if looking.most is not None and looking.most > looking.ceiling and choice.is_thinned:
            self._inquiry.warn(
                f"--most {looking.most} was cut to {looking.ceiling}: a page has {MOST_ASKED} pictures for all cameras."
            )
        return choice


def _named(request: Request, found: SearchResult, looking: LookOptions) -> Request:
    """Return the request without relative words, and with the name of its range for the page."""
    target, query, output = request.target, replace(request.query, asked=found.where.asked), request.output
    if output.named_by_range:
        output = replace(output, file=output.file.with_name(look_name(target, query, looking)), named_by_range=False)
    return Request(target, query, output)


def _check_anything(gathering: PictureFetcher) -> None:
    """Raise if there is not one picture."""
    if gathering.shots:
        return
    question, misses = gathering.question, gathering.misses
    if question is not None and not gathering.is_undecoded:
        size = f", {size_text(question.size)}" if question.size is not None else ""
        raise UsageError(
            "This camera does not send single pictures of its recordings: it takes "
            f"{count_text(question.recordings, 'whole recording')}{size}, to look at this range.",
            hint="--yes fetches them. --most N takes fewer, --stream sub smaller ones.",
        )
    if gathering.is_undecoded:
        raise CameraError(
            f"None of {count_text(len(misses), 'picture')} can be shown. The first came, but {misses[0].reason}.",
            hint="Download one of these recordings to see whether it plays, or try the other --stream.",
        )
    raise CameraError(
        f"None of {count_text(len(misses), 'picture')} is available. The first: {misses[0].reason}.",
        hint="Run the same command again; --max-concurrent 1 is gentler on the camera.",
    )
