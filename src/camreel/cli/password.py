"""Where the password comes from: the environment, a file, or the keyboard. Never an argument."""

from __future__ import annotations

import getpass
import os
import re
import sys
import unicodedata
import warnings
from collections.abc import Sequence
from pathlib import Path

from camreel.cli import screen
from camreel.errors import UsageError

VARIABLE = "AMCREST_PASSWORD"
FILE_VARIABLE = "AMCREST_PASSWORD_FILE"

_WAYS = (
    f"Run it in a terminal to be asked, or set {VARIABLE}, or set {FILE_VARIABLE} to a file whose first line is the "
    "password."
)
_MOST_BYTES = 4096  # of a password file; somebody will point it at a video
# -p, -psecret, -qp secret, --password, --password=secret, --pass secret; not --port, and not -o party.mp4.
_PASSWORD_ARGUMENT = re.compile(r"-[hqv]*p.*|--pass.*", re.DOTALL)


def refuse_password_arguments(arguments: Sequence[str]) -> None:
    """UsageError where a password was given as an argument. Before anything is parsed, so that nothing repeats it."""
    for argument in arguments:
        if argument == "--":
            return
        if _PASSWORD_ARGUMENT.fullmatch(argument):
            raise UsageError(
                "A password cannot be an argument: everybody on this computer could read it.",
                hint=f"Leave it out and you are asked for it. For unattended runs set {VARIABLE} or {FILE_VARIABLE}.",
            )


def read_password(username: str, where: str) -> str:
    """The password for ``username`` at ``where``.

    AMCREST_PASSWORD goes before AMCREST_PASSWORD_FILE, and that before the keyboard. The variable is taken out of
    the environment, so that no child process has it.
    """
    direct = os.environ.pop(VARIABLE, None)
    if direct is not None:
        return _checked(direct, VARIABLE)
    path = os.environ.get(FILE_VARIABLE)
    if path == "":
        raise UsageError(f"{FILE_VARIABLE} is set, but names no file.", hint=f"Set it to one, or unset it. {_WAYS}")
    if path is not None:
        return _checked(_first_line(path), f"The password file {path}")
    return _checked(_ask(f"Password for {username} at {where}: "), "The password")


def _first_line(path: str) -> str:
    try:
        with Path(path).expanduser().open("rb") as file:
            head = file.read(_MOST_BYTES)
            text = head.decode("utf-8-sig")  # Notepad writes a mark in front
    except OSError as error:
        raise UsageError(f"The password file {path} cannot be read: {error.strerror}.", hint=_SEE_VARIABLE) from error
    except UnicodeDecodeError:
        raise UsageError(f"The password file {path} is not text in UTF-8.", hint=_SEE_VARIABLE) from None
    first, *others = re.split(r"\r?\n", text, maxsplit=1)
    if not others and len(head) == _MOST_BYTES:
        raise UsageError(f"The password file {path} does not begin with a line of text.", hint=_SEE_VARIABLE)
    return first


_SEE_VARIABLE = f"It is named by {FILE_VARIABLE}."


def _ask(prompt: str) -> str:
    if sys.stdin is None or not sys.stdin.isatty():
        raise UsageError("There is no password, and no terminal to ask for it.", hint=_WAYS)
    # Once more after an empty line: that costs no login.
    password = _typed(prompt) or _typed(f"Nothing was typed. {prompt}")
    if not password:
        raise _nothing_typed()
    return password


def _typed(prompt: str) -> str:
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


def _checked(password: str, what: str) -> str:
    # Each wrong login counts towards a lock of the account: what cannot be right is not tried.
    if not password:
        raise UsageError(f"{what} is empty.", hint="An empty password is not tried: wrong ones lock the account.")
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in password):
        raise UsageError(f"{what} has a control character in it, so it was not tried.", hint="Type or write it again.")
    return password
