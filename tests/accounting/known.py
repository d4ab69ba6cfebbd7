"""What is known to go wrong today. The list may only get shorter: each entry is a fault that waits to be mended.

Whoever mends one removes its entry: the test of its case fails until then, and random cards hold it from then on.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .account import Kind, Wrong
from .cards import Card
from .clips import Feature


@dataclass(frozen=True)
class Known:
    """One fault: ``case`` is the smallest card in which it happens, ``features`` are what random cards need to have it.

    Random cards do not hold these together, but where it is ``excused``: then they do, and may be wrong in that way.
    """

    case: str
    features: frozenset[Feature]
    kinds: frozenset[Kind]
    sentence: str
    excused: bool = False


KNOWN: tuple[Known, ...] = ()


def is_left_out(features: frozenset[Feature]) -> bool:
    """Whether random cards must not hold these together."""
    return any(each.features <= features for each in KNOWN if not each.excused)


def unexpected(card: Card, wrong: Iterable[Wrong]) -> list[Wrong]:
    """What is wrong with a random card, and not excused."""
    kinds = {kind for each in KNOWN if each.excused and each.features <= card.features for kind in each.kinds}
    return [each for each in wrong if each.kind not in kinds]
