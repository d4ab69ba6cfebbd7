"""Whether this run may still try its password. One value shared by all connections to one camera."""

from __future__ import annotations

import anyio

from camreel.errors import LoginError


class Login:
    """The state of one login: untried, accepted once, or refused for good.

    A wrong password tried again and again locks the account, often for half an hour and for everybody, so the first
    refusal ends the run: whoever asks afterwards gets the same error without a byte being sent. While one connection
    finds out whether a refusal was the nonce's or the password's (``doubt``), the others wait.
    """

    def __init__(self) -> None:
        self.accepted = False
        self.doubt = anyio.Lock()
        self._refusal: LoginError | None = None

    async def check(self) -> None:
        """Raise the refusal, if there was one; wait while that is being found out."""
        if self.doubt.locked():
            async with self.doubt:
                pass
        self.check_refusal()

    def check_refusal(self) -> None:
        """Raise the refusal, if there was one."""
        if self._refusal is not None:
            raise self._refusal

    def refuse(self, error: LoginError) -> LoginError:
        """Remember ``error`` (the first one stays) and return it."""
        self._refusal = self._refusal or error
        return self._refusal
