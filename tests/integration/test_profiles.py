"""Every device profile with every quirk: the right recordings, or a clear sentence. One table."""

from __future__ import annotations

import pytest
from tests.conftest import tuning

from camreel_simulator import PROFILES, QUIRKS, SCENE_END, SCENE_START, camera_of, conflict, quirked, seen_frames

ALL = list(range(288_000, 288_120))  # the pictures from 08:00:00 to 08:00:12, ten a second

# What a quirk costs, on every device: (exit code, pictures, words in the report or the error). Any other costs nothing.
COSTS = {
    # The newest file is still open.
    "writing-suffix": (4, ALL[:80], "still writing"),
    "writing-state": (4, ALL[:80], "still writing"),
    # The oldest file is gone by the time it is asked for.
    "overwritten-404": (4, ALL[40:], "it is gone: the camera has overwritten"),
    "overwritten-400": (4, ALL[40:], "it is gone: the camera has overwritten"),
    "overwritten-500": (4, ALL[40:], "it is gone: the camera has overwritten"),
    "overwritten-reset": (4, ALL[40:], "it is gone: the camera has overwritten"),
}
# Where only files in mp4 cannot be had in another way.
COSTS_MP4: dict[str, tuple[int, list[int], str]] = {
    "empty-files": (6, [], "broke off"),
    "silent-files": (6, [], "empty file"),
}
# What no client could get right is refused in a clear sentence.
REFUSED: dict[tuple[str, str], tuple[int, list[int], str]] = {
    ("second-length", ""): (6, [], "not HTTP"),
    ("no-by-time", "intelbras"): (6, [], "broke off"),
}
NOT_HERE = {
    "https-redirect": "needs two servers and a certificate: test_devices.py",
    "reboot": "the camera's clock stands still in this table: it would never be back; test_devices.py",
    "no-stream-key": "a device that lists both streams names them; only those without a sub stream leave the name out",
    "refusal-body-never": "a second for each request, which is all it shows: test_a_refusal_without_its_body",
}
HAS_MP4 = {"amcrest-sd", "amcrest-ai"}


def combinations() -> list[tuple[str, str]]:
    """Each device as it is, and each quirk on a device with mp4 and on one with dav files, in turn.

    The simulator says which switches exclude each other.
    """
    chosen = [(profile, "") for profile in PROFILES] + [("intelbras", "no-by-time")]
    for kinds in (sorted(HAS_MP4), sorted(set(PROFILES) - HAS_MP4)):
        for number, quirk in enumerate(quirk for quirk in QUIRKS if quirk not in NOT_HERE):
            in_turn = kinds[number % len(kinds) :] + kinds[: number % len(kinds)]
            able = [profile for profile in in_turn if not conflict(quirked(PROFILES[profile].quirks, quirk))]
            chosen += [(profile, quirk) for profile in able[:1]]
    possible = list(dict.fromkeys(chosen))
    assert {quirk for _profile, quirk in possible} >= set(QUIRKS) - set(NOT_HERE)
    return possible


@pytest.mark.parametrize(("profile", "quirk"), combinations())
def test_a_device_with_a_quirk(bench, profile, quirk):
    """The export has each picture that the device gives, once and in order, and names the rest."""
    camera = camera_of(profile, *([quirk] if quirk else []))
    stand = bench(camera)
    # Where connections are counted, waiting would help, and waiting takes no time here: so fewer at once.
    most = 1 if quirk.startswith("connection-limit") else 4
    run = stand.export(SCENE_START.isoformat(), SCENE_END.isoformat(), tune=tuning(), max_concurrent=most)
    costs = COSTS | (COSTS_MP4 if profile in HAS_MP4 else {})
    refused = REFUSED.get((quirk, profile)) or REFUSED.get((quirk, ""))
    code, pictures, words = refused or costs.get(quirk, (0, ALL, ""))
    said = f"{run.report} {run.error}"
    assert (run.report or run.error).exit_code == code, said
    assert words in said
    assert [number for _seconds, number in seen_frames(run.output)] == pictures if run.report else not pictures
    assert camera.rejected_logins == 0
    assert camera.open_finders == 0
