"""Where the password comes from: a file, a pipe, the environment, the settings, or the keyboard. Never an argument."""

from __future__ import annotations

import os
import re
import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

from camreel.cli import screen
from camreel.cli.chosen import Chosen
from camreel.cli.secret_text import MOST_BYTES, checked_password, first_line, one_line
from camreel.errors import UsageError

VARIABLE = "AMCREST_PASSWORD"
FILE_VARIABLE = "AMCREST_PASSWORD_FILE"

_WAYS = (
    f"Run it in a terminal to be asked, or set {VARIABLE}, or set {FILE_VARIABLE} to a file whose first line is the "
    "password."
)
# -p, -psecret, -qp secret, --password, --password=secret, --pass secret; not --port, and not -o party.mp4.
_PASSWORD_ARGUMENT = re.compile(r"-[hqv]*p.*|--pass(?!word-(?:(?:file|command)(?:=|$)|stdin$)).*", re.DOTALL)


def refuse_password_arguments(arguments: Sequence[str]) -> None:
    """UsageError where a password was given as an argument. Before anything is parsed, so that nothing repeats it."""
    for argument in arguments:
        if argument == "--":
            return
        if _PASSWORD_ARGUMENT.fullmatch(argument):
            raise UsageError(
                "A password cannot be an argument: everybody on this computer could read it.",
                hint=f"Leave it out and you are asked for it. For unattended runs set {VARIABLE} or {FILE_VARIABLE}, "
                "or give --password-file.",
            )


@dataclass(frozen=True, slots=True)
class Given:
    """What the options say of the password."""

    file: str | None = None
    from_stdin: bool = False
    no_input: bool = False

    def __post_init__(self) -> None:
        if self.file is not None and self.from_stdin:
            raise UsageError("--password-file and --password-stdin exclude each other.")


class Passwords:
    """The passwords of one run: each is read, or asked for, once."""

    def __init__(self, given: Given) -> None:
        self._given = given
        self._direct: str | None = None
        self._known: dict[tuple[str, str, str | None], str] = {}

    def of(self, username: str, where: str, chosen: Chosen | None = None) -> str:
        """The password for ``username`` at ``where``.

        What is typed goes before the environment, that before the settings (the camera's own before those of all), and
        all before the keyboard. AMCREST_PASSWORD is taken out of the environment, so that no child process has it.
        """
        key = (username, where, chosen.name if chosen else None)
        if key not in self._known:
            self._known[key] = self._for_all() or self._of_settings(username, chosen) or self._ask(username, where)
        return self._known[key]

    def _for_all(self) -> str | None:
        if self._direct is None:
            self._direct = _read_direct(self._given)
        return self._direct

    def _of_settings(self, username: str, chosen: Chosen | None) -> str | None:
        if chosen is None:
            return None
        from camreel.cli.keeping import password_in_settings  # noqa: PLC0415 - the help page does not need it

        return password_in_settings(username, chosen)

    def _ask(self, username: str, where: str) -> str:
        if self._given.no_input:
            raise UsageError("There is no password, and --no-input forbids to ask for it.", hint=_WAYS)
        return checked_password(ask(f"Password for {username} at {where}: "), "The password")


def _read_direct(given: Given) -> str | None:
    """The password that options or the environment give for whatever camera it is."""
    direct = os.environ.pop(VARIABLE, None)
    if given.from_stdin:
        return checked_password(_from_stdin(), "The password on standard input")
    if given.file is not None:
        return checked_password(first_line(given.file, "--password-file"), f"The password file {given.file}")
    if direct is not None:
        return checked_password(direct, VARIABLE)
    path = os.environ.get(FILE_VARIABLE)
    if path == "":
        raise UsageError(f"{FILE_VARIABLE} is set, but names no file.", hint=f"Set it to one, or unset it. {_WAYS}")
    if path is not None:
        return checked_password(first_line(path, FILE_VARIABLE), f"The password file {path}")
    return None


def _from_stdin() -> str:
    if sys.stdin is None:
        raise UsageError("--password-stdin was given, and standard input is closed.")
    source = getattr(sys.stdin, "buffer", None)
    raw = source.readline(MOST_BYTES) if source is not None else sys.stdin.readline(MOST_BYTES).encode()
    return one_line(raw, "The password on standard input", None)


def ask(prompt: str) -> str:
    """What is typed, unseen. UsageError where there is no terminal, or nothing is typed."""
    if sys.stdin is None or not sys.stdin.isatty():
        raise UsageError("There is no password, and no terminal to ask for it.", hint=_WAYS)
    # Once more after an empty line: that costs no login.
    password = _typed(prompt) or _typed(f"Nothing was typed. {prompt}")
    if not password:
        raise _nothing_typed()
    return password


def _typed(prompt: str) -> str:
    import getpass  # noqa: PLC0415 - the help page does not need it

    try:
        with warnings.catch_warnings():
            # Where echo cannot be switched off getpass warns and asks all the same; we do not.
            warnings.simplefilter("error", getpass.GetPassWarning)
            return getpass.getpass(prompt, stream=sys.stderr)
    except getpass.GetPassWarning:
        raise UsageError("This terminal would show the password.", hint=_WAYS) from None
    except EOFError:
        screen.remark()  # the cursor stands behind the prompt
        raise _nothing_typed() from None


def _nothing_typed() -> UsageError:
    return UsageError("No password was typed.", hint=f"Run it again and type it, or set {VARIABLE} or {FILE_VARIABLE}.")
