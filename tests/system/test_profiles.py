"""Every device profile with every quirk, the whole main job each: the right pictures, or a clear sentence. One table.

Some 410 exports, of which half are tried outside ``make soak``. To have those in a minute on two cores, the recordings
are small and made once for each profile, a few exports run side by side, and videos with the same packets are decoded
once. Each export is still the whole job, from the login to the checked video, with a merge process of its own. A test
that is asked for alone (``-k``) runs its own export alone. What is not run stands in NOT_RUN, with the reason.
"""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import av
import pytest
import trustme
from tests.conftest import IS_SOAK, Bench, Ran, no_wait, tuning

from camreel.devices.downgrade import forget_digest
from camreel.devices.http import Timeouts
from camreel.errors import LoginDowngraded
from camreel.model import Address
from camreel.report import report_text
from camreel_simulator import (
    PROFILES,
    QUIRKS,
    SCENE_END,
    SCENE_START,
    Recorded,
    SimulatedCamera,
    camera_of,
    conflict,
    quirked,
    running,
    scene_recordings,
    seen_frames,
)

ALL = list(range(288_000, 288_120))  # the pictures from 08:00:00 to 08:00:12, ten a second
_AT_ONCE = 3

# What a quirk costs, on every device: (exit code, pictures, words in the report or the error). Any other costs nothing.
COSTS = {
    # The newest file is still open.
    "writing-suffix": (4, ALL[:80], "may still be writing"),
    "writing-state": (4, ALL[:80], "may still be writing"),
    # The oldest file is gone by the time it is asked for.
    "overwritten-404": (4, ALL[40:], "the camera has overwritten or deleted it"),
    "overwritten-400": (4, ALL[40:], "the camera has overwritten or deleted it"),
    "overwritten-500": (4, ALL[40:], "the camera has overwritten or deleted it"),
    "overwritten-reset": (4, ALL[40:], "the camera has overwritten or deleted it"),
    # The password would cross in clear.
    "basic-later": (5, [], "intercepting the connection"),
    "unknown-digest": (6, [], "SHA-512-256"),
}
# The same where only files in mp4 cannot be had in another way.
COSTS_MP4: dict[str, tuple[int, list[int], str]] = {
    "empty-files": (6, [], "broke off"),
    "silent-files": (6, [], "empty file"),
}
# The same for one device.
COSTS_THERE: dict[tuple[str, str], tuple[int, list[int], str]] = {
    ("intelbras", "no-by-time"): (6, [], "broke off"),
    # It starts at the key frame after the one asked for, which comes a tenth of a second later in these files: too
    # little to be called a gap, and counted.
    ("intelbras", "by-time-late"): (0, [n for n in ALL if n % 40], "slivers=(Span"),
}
HAS_MP4 = {"amcrest-sd", "amcrest-ai"}


def cells() -> list[tuple[str, str]]:
    """Each device as it is, and each with each quirk, but for what :func:`why_not` excludes."""
    return [(profile, quirk) for profile in PROFILES for quirk in ("", *QUIRKS) if not why_not(profile, quirk)]


def tried() -> list[tuple[str, str]]:
    """Each device as it is, and each quirk on one, by turns; with ``CAMREEL_SOAK`` all of :func:`cells`."""
    if IS_SOAK:
        return cells()
    chosen = [cell for cell in cells() if not cell[1]]
    for number, quirk in enumerate(QUIRKS):
        having = [cell for cell in cells() if cell[1] == quirk]
        chosen.append(having[number % len(having)])
    return chosen


def why_not(profile: str, quirk: str) -> str | None:
    """Why a quirk cannot be put over a profile: the simulator says which switches exclude each other."""
    return conflict(quirked(PROFILES[profile].quirks, quirk)) if quirk else None


@dataclass(frozen=True)
class Outcome:
    """One export that has ended, the pictures of its video, and what the camera saw of it."""

    run: Ran
    pictures: tuple[int, ...]
    rejected_logins: int
    open_finders: int


@cache
def made(profile: str) -> tuple[Recorded, ...]:
    """The recordings of a profile, with their video."""
    recordings = tuple(scene_recordings(PROFILES[profile]))
    for recorded in recordings:
        recorded.body()
    return recordings


def camera_with(profile: str, quirk: str) -> SimulatedCamera:
    """The device of one cell."""
    recordings = made(profile)
    if quirk == "no-stream-key":  # a device that has both streams does name them
        recordings = tuple(recorded for recorded in recordings if recorded.stream == "Main")
    return camera_of(profile, *([quirk] if quirk else []), recordings=recordings)


def exported(profile: str, quirk: str, folder: Path, certificate: ssl.SSLContext) -> Outcome:
    """The whole main job on one device."""
    camera = camera_with(profile, quirk)

    async def sleep(seconds: float) -> None:
        camera.finish_reboot()  # it is over by the time that anybody tries again
        await no_wait(seconds)

    # A body of a 401 that never comes costs this much in each request.
    patience = Timeouts(connect=5, headers=10, text=10, refusal=0.05 if quirk == "refusal-body-never" else 2, stall=5)
    # Where connections are counted, waiting would help, and waiting takes no time here: so fewer at once.
    most = 1 if quirk.startswith("connection-limit") else 4
    redirects = quirk == "https-redirect"
    with running(camera, ssl_context=certificate if redirects else None) as server:
        forget_digest("127.0.0.1", server.port)  # of another simulated camera, whose port came again
        stand = Bench(camera, Address("127.0.0.1", server.port), folder)
        run = stand.export(
            SCENE_START.isoformat(),
            SCENE_END.isoformat(),
            tune=tuning(timeouts=patience, sleep=sleep),
            max_concurrent=most,
            insecure=redirects,
            allow_basic=camera.quirks.basic_only,
        )
    pictures = pictures_of(run.output) if run.report else ()
    return Outcome(run, pictures, camera.rejected_logins, camera.open_finders)


_decoded: dict[bytes, tuple[int, ...]] = {}


def pictures_of(video: Path) -> tuple[int, ...]:
    """The numbers in the decoded pictures; looked up where the very same packets were decoded before."""
    digest = hashlib.sha256()
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        digest.update(stream.codec_context.extradata or b"")
        for packet in container.demux(stream):
            digest.update(f"{packet.pts} {packet.dts} {packet.size} {packet.is_keyframe}".encode() + bytes(packet))
    key = digest.digest()
    if key not in _decoded:
        _decoded[key] = tuple(number for _seconds, number in seen_frames(video))
    return _decoded[key]


@pytest.fixture(scope="module")
def outcomes(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[tuple[str, str], Future[Outcome]]]:
    """The exports of all cells that are to be tested, begun in their order, a few at a time."""
    asked = [getattr(item, "callspec", None) for item in request.session.items if item.path == request.path]
    wanted = [(one.params["profile"], one.params["quirk"]) for one in asked if one and "quirk" in one.params]
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    for profile in dict.fromkeys(profile for profile, _quirk in wanted):
        made(profile)
    folder = tmp_path_factory.mktemp("profiles")
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        yield {
            (profile, quirk): pool.submit(exported, profile, quirk, folder / f"{profile}+{quirk}", context)
            for profile, quirk in wanted
        }
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize(("profile", "quirk"), tried())
def test_a_device_with_a_quirk(outcomes, profile, quirk):
    """The export has each picture that the device gives, once and in order, and names the rest."""
    done = outcomes[profile, quirk].result()
    run = done.run
    costs = COSTS | (COSTS_MP4 if profile in HAS_MP4 else {})
    code, pictures, words = COSTS_THERE.get((profile, quirk)) or costs.get(quirk, (0, ALL, ""))
    told = " ".join(report_text(run.report).split()) if run.report else ""
    said = f"{told} {run.report} {run.error}"
    assert (run.report or run.error).exit_code == code, said
    assert words in said
    assert list(done.pictures) == pictures
    assert done.rejected_logins == 0
    # Nothing more is sent to who may be in between: a finder that was made stays.
    assert done.open_finders <= (1 if isinstance(run.error, LoginDowngraded) else 0)


def test_what_is_not_run_has_its_reason():
    """The table is all of profiles x quirks, less what no device can be; of that each one is named, with why."""
    left_out = {(profile, quirk): why for profile in PROFILES for quirk in QUIRKS if (why := why_not(profile, quirk))}
    assert set(cells()) | set(left_out) == {(profile, quirk) for profile in PROFILES for quirk in ("", *QUIRKS)}
    assert not set(cells()) & set(left_out)
    assert {quirk for _profile, quirk in tried()} == {"", *QUIRKS}
    assert left_out == NOT_RUN


_CLOSES = "the connection that gave the nonce is closed before it can be used"
_NO_LOGIN = "no login can come over the connection that gave the nonce"
_NO_DIGEST = "a device that knows only Basic has no digest to be different in"
_DIGEST = (
    *("sha-256", "basic-too", "several-challenges", "auth-int-offered", "realm-with-comma", "long-challenge"),
    *(
        "basic-later",
        "unknown-digest",
        "realm-latin-1",
        "nonce-once",
        "nonce-once-silent",
        "nonce-once-403",
        "stale-once",
        "unquoted-only",
    ),
)
# All that is left out, and why: what these devices do by themselves excludes it.
NOT_RUN: dict[tuple[str, str], str] = {
    **{(profile, "nonce-bound"): _CLOSES for profile in ("amcrest-ai", "dahua-emmc", "nvr", "old", "intelbras")},
    **{("old", quirk): _NO_DIGEST for quirk in _DIGEST},
    ("amcrest-ai", "basic-only"): _NO_DIGEST,
    ("amcrest-ai", "realm-latin-1"): "each says what the realm is",
    ("amcrest-ai", "realm-with-comma"): "each says what the realm is",
    ("nvr", "no-by-time"): "there is no loadfile.cgi to be different in",
    ("intelbras", "multipart"): "there is no body to put into parts",
}
