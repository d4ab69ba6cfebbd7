"""Whatever a camera recorded, and however odd the clips are: each frame is in the videos once, or is named.

``CAMREEL_SOAK=300,100`` tries so many cards and clips, ``CAMREEL_SOAK=300,100,5000`` those from seed 5000 on
(``make soak``). A failure shows the seed, and the smallest card that fails in the same way.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from .account import Wrong, account
from .cards import Card, random_card, random_clips, smaller
from .known import is_left_out, unexpected
from .product import Told, get, merge

pytestmark = pytest.mark.slow(reason="runs the product on random cards")

_CARDS, _CLIPS, _FIRST = (*map(int, os.environ.get("CAMREEL_SOAK", "16,20").split(",")), 0)[:3]
_MOST_TRIES = 40  # to find a smaller card

Run = Callable[[Card, Path], Told]


@pytest.mark.parametrize("seed", range(_FIRST, _FIRST + _CARDS))
def test_a_camera(tmp_path, seed):
    """A card of a camera, fetched and merged."""
    _check(random_card(seed, odd=True, is_known=is_left_out), get, tmp_path)


@pytest.mark.parametrize("seed", range(_FIRST, _FIRST + _CLIPS))
def test_odd_clips(tmp_path, seed):
    """Clips on disk, odd in several ways at once."""
    _check(random_clips(seed, is_known=is_left_out), merge, tmp_path)


def _check(card: Card, run: Run, folder: Path) -> None:
    told = run(card, folder)
    if wrong := unexpected(card, account(card, told)):
        said = "\n".join([*map(str, wrong), str(card), str(told)])
        pytest.fail(f"{said}\nThe smallest that is found to go wrong likewise:\n{_smallest(card, wrong, run)}", False)


def _smallest(card: Card, wrong: list[Wrong], run: Run) -> Card:
    kinds = {each.kind for each in wrong}
    left = _MOST_TRIES
    candidates = smaller(card)
    while left and (candidate := next(candidates, None)) is not None:
        left -= 1
        with TemporaryDirectory() as folder:
            found = unexpected(candidate, account(candidate, run(candidate, Path(folder))))
        if {each.kind for each in found} & kinds:
            card, candidates = candidate, smaller(candidate)
    return card
