"""Each thing that a clip or a card may have, by itself: right, or wrong in exactly the way that is known."""

from __future__ import annotations

import pytest
from tests.conftest import IS_SOAK

from .account import account
from .cases import CASES
from .known import KNOWN
from .product import get, merge

pytestmark = pytest.mark.slow(reason="runs the product on a hundred cards")


# Every third one outside ``make soak``; random cards have these features as well.
_TRIED = CASES if IS_SOAK else [*CASES][::5]


@pytest.mark.parametrize("name", _TRIED)
def test_a_card_is_accounted_for(tmp_path, name):
    """Each frame is in the video once, or is named; what is known to be wrong has to be wrong as its entry says."""
    case = CASES[name]
    told = (get if case.is_of_camera else merge)(case.card, tmp_path)
    wrong = account(case.card, told)
    known = {kind for each in KNOWN if each.case == name for kind in each.kinds}
    found = {each.kind for each in wrong}
    said = "\n".join(["", *map(str, wrong), str(case.card), str(told)])
    assert not found - known, f"wrong in a way that is not known:{said}"
    mended = ", ".join(each.name for each in known - found)
    assert not mended, f"{mended}: no longer so? Then the entry is to be removed from known.py.{said}"


def test_the_list_of_what_is_known_gets_shorter():
    """Each entry has its case, one entry a case, and the case has the features that random cards are searched for."""
    assert len({each.case for each in KNOWN}) == len(KNOWN)
    for each in KNOWN:
        assert each.features <= CASES[each.case].card.features, each.case
        assert each.kinds, each.case
