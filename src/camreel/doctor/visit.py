"""Ask one camera how it is, by its own protocol: gently, and always to an end."""

from __future__ import annotations

from dataclasses import dataclass

from camreel.devices.access import Access
from camreel.devices.interview import AnswerSheet, Interview
from camreel.devices.patience import Patience
from camreel.devices.registry import driver_for
from camreel.errors import (
    AccountLocked,
    CameraError,
    CameraRefused,
    CameraUnreachable,
    CamreelError,
    LoginError,
    LoginRefused,
)
from camreel.model import Address, Credentials, Target
from camreel.transfer.runtime import Runtime


@dataclass(frozen=True, slots=True)
class Trouble:
    """The error that ended it: its name, its words, the exit code; ``seconds`` until a locked account opens."""

    kind: str
    message: str
    hint: str | None
    exit_code: int
    seconds: int | None = None

    @classmethod
    def of(cls, error: CamreelError) -> Trouble:
        """Return the error as a value."""
        seconds = error.seconds if isinstance(error, AccountLocked) else None
        return cls(type(error).__name__, str(error), error.hint, error.exit_code, seconds)


@dataclass(frozen=True, slots=True)
class CheckSession:
    """One visit, at ``address``. ``protocol`` names the driver that asked; ``sheet`` has all questions and answers.

    ``trouble`` is what ended it before its end; ``login`` is ``accepted``, ``refused``, ``not asked for`` or ``not
    tried``.
    """

    address: Address
    protocol: str
    sheet: AnswerSheet
    login: str
    trouble: Trouble | None = None
    warnings: tuple[str, ...] = ()


async def visit(target: Target, channel: int, credentials: Credentials, tuning: Runtime | None = None) -> CheckSession:
    """Ask a check-up's questions, and for the recordings of ``channel``.

    What the camera does wrong is in the session; UsageError for a bad CA file.
    """
    tuning = tuning or Runtime()
    interview, warnings = Interview(channel), list[str]()
    access = Access(
        target,
        credentials,
        warnings.append,
        tuning.utc_now,
        timeouts=tuning.timeouts,
        witness=interview.transcript,
        patience=Patience(target.retry_for, tuning.now),
    )
    driver = await driver_for(access)
    error: CamreelError | None = None
    try:
        try:
            await driver.examine(access, interview)
        except CameraRefused as refusal:  # the first answer sends us elsewhere
            if not access.follow(refusal):
                raise
            interview.restart()
            driver = await driver_for(access)
            await driver.examine(access, interview)
    except (LoginError, CameraError) as problem:
        error = problem
    if interview.is_silent:
        error = CameraUnreachable(
            f"{access.address} stopped answering in the middle.",
            hint="Is it restarting, or its network weak? Run it again in a minute or two.",
        )
    sheet = interview.sheet()
    return CheckSession(
        access.address,
        driver.name,
        sheet,
        _login_state(access, sheet, error),
        None if error is None else Trouble.of(error),
        tuple(dict.fromkeys(warnings)),
    )


def _login_state(access: Access, sheet: AnswerSheet, error: CamreelError | None) -> str:
    if isinstance(error, LoginRefused | AccountLocked):
        return "refused"
    if access.login.accepted:
        return "accepted"
    answered = any(one.status < 300 or one.status in {400, 404, 501} for one in sheet.heard)
    return "not asked for" if answered else "not tried"
