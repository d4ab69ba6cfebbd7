"""Whether this run may still try its password."""

from __future__ import annotations

import pytest

from camreel.devices.session import Login
from camreel.errors import AccountLocked, LoginRefused
from camreel.model import Address


def test_a_fresh_login_may_be_tried():
    """Nothing is refused and nothing accepted before the first call."""
    login = Login()
    login.check_refusal()
    assert login.accepted is False


def test_after_one_refusal_nobody_asks_again():
    """Every later request of the run gets the first refusal, without a byte being sent."""
    login, first = Login(), AccountLocked("locked", seconds=60)
    assert login.refuse(first) is first
    for _worker in range(4):
        with pytest.raises(AccountLocked) as caught:
            login.check_refusal()
        assert caught.value is first


def test_the_first_refusal_stays():
    """Workers that were under way when it came tell of the same cause."""
    login, first = Login(), LoginRefused("wrong password")
    login.refuse(first)
    assert login.refuse(AccountLocked("locked since")) is first


def test_a_refusal_ends_a_login_that_had_worked():
    """A password that is changed in the middle of a run is not tried on."""
    login = Login()
    login.accepted = True
    login.refuse(LoginRefused("no more"))
    with pytest.raises(LoginRefused):
        login.check_refusal()


def test_a_login_of_its_own_knows_the_device():
    """All that was learned of it goes along; a refusal does not, neither way."""
    login = Login()
    assert known_to(login.proven()) == (False, False, None, False)
    login.accepted = login.by_digest = login.closes_refused = True
    login.redirected_from = Address("cam", 80)
    other = login.proven()
    assert known_to(other) == (True, True, Address("cam", 80), True)
    assert other.nonces is login.nonces
    other.refuse(LoginRefused("no more"))
    login.check_refusal()


def known_to(login: Login) -> tuple[object, ...]:
    return login.accepted, login.by_digest, login.redirected_from, login.closes_refused
