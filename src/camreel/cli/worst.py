"""Of several exit codes the one that a script should see. Pure."""

from __future__ import annotations

from collections.abc import Iterable

# From well to worst: nothing was recorded, so nothing is missing; something is missing; a camera was away, which may
# pass; a login or a disk that a person must see to; a command or a program that is wrong; stopped.
_ORDER = (0, 3, 4, 6, 5, 7, 2, 1, 130)


def worst(codes: Iterable[int]) -> int:
    """The worst of ``codes``; 0 for none."""
    return max(codes, key=_ORDER.index, default=0)
