"""How a proof of a list goes on with each answer. By chance: ``tests/unit/jobs/test_list_search``."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from camreel.model import Recording, Span, WallTime
from camreel.planning.proof import ListAnswer, ListProof, days_of, joined, numbered

DAY = WallTime(datetime(2026, 1, 16))  # noqa: DTZ001 - by the camera's clock
HOUR = timedelta(hours=1)


def hours(start: float, end: float) -> Span:
    return Span(DAY + start * HOUR, DAY + end * HOUR)


def recording(start: float, end: float, path: str = "") -> Recording:
    return Recording(path or f"/{start}", hours(start, end))


def proof_of(*answers: ListAnswer, takes: float = 24) -> ListProof:
    return ListProof.of(hours(0, 10), answers, lambda _one: True, takes * HOUR)


LISTED = ListAnswer(hours(0, 10), (recording(2, 3), recording(5, 6)))


def asked_of(proof: ListProof, *, refused: bool = False, doubt: str = "") -> tuple[ListProof, list[Span]]:
    """The proof after the camera has given no recording to all that it asks, and what that was."""
    asked = []
    while (window := proof.next_window()) is not None:
        asked.append(window)
        proof = proof.with_answer(ListAnswer(window, (), is_refused=refused, doubt=doubt))
    return proof, asked


SECOND = timedelta(seconds=1)
BEHIND = Span(DAY + 6 * HOUR + SECOND, DAY + 10 * HOUR)
BEFORE = Span(DAY - SECOND, DAY + 2 * HOUR - SECOND)


def test_both_ends_are_asked_for_and_that_is_the_proof():
    """The last one first, a second within; nothing is asked twice."""
    proof, asked = asked_of(proof_of(LISTED))
    assert asked == [BEHIND, BEFORE]
    found = proof.result()
    assert (found.is_proven, found.searches, found.why, proof.doubt) == (True, 2, "", "")


def test_a_list_that_looks_cut_is_asked_between_its_recordings_too():
    """Twice at most, besides its ends, if nothing else speaks against it."""
    gaps = tuple(recording(hour, hour + 0.5) for hour in range(2, 8))
    proof, asked = asked_of(proof_of(replace(LISTED, recordings=gaps, is_suspect=True)))
    ends = [Span(DAY + 7.5 * HOUR + SECOND, DAY + 10 * HOUR), BEFORE]
    assert asked[:2] == ends
    assert len(asked) == 4
    assert all(window.start > DAY + 2 * HOUR and window.end < DAY + 7 * HOUR for window in asked[2:])
    assert proof.result().is_proven


def test_a_refused_answer_is_one_if_the_camera_takes_as_long_a_window():
    """Else it may be what was not liked, which proves nothing and is not asked again."""
    assert asked_of(proof_of(LISTED), refused=True)[0].result().is_proven
    proof, asked = asked_of(proof_of(LISTED, takes=3), refused=True)
    assert asked == [BEHIND, BEFORE]
    found = proof.result()
    assert found.unproven == (hours(6, 10),)
    assert found.why == "the camera does not answer what it is asked"


def test_a_doubt_about_an_answer_stays():
    """Its reason is that of what is not proven, and what was answered so is asked once."""
    proof, asked = asked_of(proof_of(LISTED), doubt="broke off")
    assert (proof.doubt, len(asked), len(set(asked))) == ("broke off", proof.searches, len(asked))
    found = proof.result()
    assert hours(6, 10) in found.unproven
    assert found.why == "the camera's list broke off"
    assert replace(proof, doubt="").with_answer(ListAnswer(BEHIND, (), doubt="ends")).doubt == "ends"
    assert proof.with_answer(ListAnswer(BEHIND, ())).doubt == "broke off", "the first one"


def test_what_is_found_beside_the_list_is_in_it():
    """Once, in order, and counted; then it is asked again what lies beside that."""
    proof = proof_of(LISTED)
    (window,) = [proof.next_window()]
    assert window == BEHIND
    more = recording(8, 9)
    proof = proof.with_answer(ListAnswer(window, (more, LISTED.recordings[1])))
    assert [one.path for one in proof.recordings] == ["/2", "/5", "/8"]
    assert (proof.found, proof.searches) == (1, 1)
    assert proof.next_window() == Span(DAY + 9 * HOUR + SECOND, DAY + 10 * HOUR)
    proof, _asked = asked_of(proof)
    assert proof.result().is_proven


def test_an_answer_that_fails_ends_it():
    proof = proof_of(LISTED).without_answer("It is away.")
    assert proof.next_window() is None
    assert (proof.searches, proof.result().searches) == (1, 1)
    assert proof.result().unproven == (hours(0, 2), hours(6, 10))
    assert proof.result().why == "a further search failed (It is away)"


def test_the_budget_grows_with_the_list_and_ends():
    """Four, one for each hundred, two hundred at most; what lies beyond the range buys none."""

    def budget(count: int, start: float = 0.0) -> int:
        many = tuple(
            recording(start + 0.0001 * number, start + 0.0001 * number, f"/{number}") for number in range(count)
        )
        return proof_of(ListAnswer(hours(0, 10), many)).budget

    assert [budget(count) for count in (1, 99, 100, 250)] == [4, 4, 5, 6]
    assert budget(300, start=11) == 4
    assert budget(30_000) == 200


@pytest.mark.parametrize(
    ("count", "is_round"), [(9, False), (10, True), (16, True), (17, False), (64, True), (37, False)]
)
def test_a_list_of_a_round_number_looks_cut(count, is_round):
    assert ListAnswer(hours(0, 1), tuple(recording(0, 1, f"/{n}") for n in range(count))).looks_cut == is_round


def test_days_are_cut_at_midnight():
    assert days_of(hours(20, 30)) == (hours(20, 24), hours(24, 30))
    assert days_of(hours(0, 48)) == (hours(0, 24), hours(24, 48))
    assert days_of(hours(1, 2)) == (hours(1, 2),)


def test_answers_are_joined_in_order():
    """What lies over two parts is there once, with its place in the whole; doubts and refusals add up."""
    over = recording(23, 25)
    first = ListAnswer(hours(0, 24), (recording(1, 2), over), is_refused=True, is_suspect=True, unplaced=1)
    other = ListAnswer(hours(24, 48), (over, recording(30, 31)), doubt="broke off", keeps_order=False, unplaced=2)
    whole = joined([first, other], hours(0, 48))
    assert [(one.path, one.position) for one in whole.recordings] == [("/1", 0), ("/23", 1), ("/30", 2)]
    assert (whole.is_refused, whole.is_suspect, whole.doubt) == (False, True, "broke off")
    assert (whole.keeps_order, whole.unplaced) == (False, 3)
    assert joined([first, replace(other, is_refused=True)], hours(0, 48)).is_refused
    assert numbered(whole.recordings) == whole.recordings
