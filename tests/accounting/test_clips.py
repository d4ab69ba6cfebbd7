"""The cards are what they say: decoded, a clip is the pictures that its description names, and chance finds all."""

from __future__ import annotations

from io import BytesIO

import pytest

from .cards import is_possible, random_card, random_clips, smaller
from .cases import CASES, FEATURES
from .clips import Cut, Feature
from .known import is_left_out
from .originals import decoded

pytestmark = pytest.mark.slow(reason="encodes all originals")

# FFmpeg does not show these as they are to be shown.
_OTHERWISE = {Feature.ENCRYPTED, Feature.TWO_CHANNELS, Feature.BROKEN, Feature.SHORT_INDEX}
_CUTS = {
    f"{name}, {number}": cut
    for name, case in FEATURES.items()
    for number, cut in enumerate(case.card.cuts)
    if not cut.features & _OTHERWISE
}


@pytest.mark.parametrize("name", _CUTS)
def test_a_clip_holds_what_it_says(name):
    """The pictures that are to be shown, as FFmpeg decodes the file, and how."""
    cut = _CUTS[name]
    shown = decoded(BytesIO(cut.body))
    wanted = [index for index in cut.visible if cut.first_key <= index < cut.held]
    assert [each.md5 for each in shown[: len(wanted)]] == [cut.md5(index) for index in wanted]
    assert len(shown) == len(wanted) or cut.broken  # of the last one a part is left
    assert {each.look for each in shown} == {cut.look}


def test_equal_seeds_give_equal_cards():
    """And others others."""
    cards = [random_card(seed, odd=True) for seed in range(20)]
    assert cards == [random_card(seed, odd=True) for seed in range(20)]
    assert len(set(cards)) > 15
    assert [cut.body for cut in cards[0].cuts] == [cut.body for cut in random_card(0, odd=True).cuts]


def test_chance_finds_everything():
    """Each feature is dealt by and by, and the clips that are dealt are possible."""
    dealt = [card for seed in range(400) for card in (random_card(seed, odd=True), random_clips(seed))]
    assert set().union(*(card.features for card in dealt)) == set(Feature)
    assert all(is_possible(cut) for card in dealt for cut in card.cuts)


def test_what_is_known_is_not_dealt():
    """Nor left in a card by a later draw."""
    dealt = [deal(seed, is_known=is_left_out) for seed in range(200) for deal in (random_card, random_clips)]
    assert not [card for card in dealt if is_left_out(card.features)]


def test_a_smaller_card_has_less():
    """One clip, one oddity, or one choice less, down to an ordinary clip."""
    card = CASES["a range within 1 frame a second, with B-frames"].card
    assert {str(each) for each in smaller(card)} != {str(card)}
    plain = Cut("plain", 7, 21, sound=None)
    assert [*smaller(type(card)((plain,)))] == []
