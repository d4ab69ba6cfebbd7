"""Passwords that the settings keep, or know where to get: in clear, in a file, from a program, from the keyring."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Mapping
from typing import Any

from camreel.cli.chosen import Chosen, settings_of
from camreel.cli.secret_text import MOST_BYTES, checked_password, first_line, one_line
from camreel.errors import UsageError

SERVICE = "camreel"  # under which the keyring has them
_PASSWORD_KEYS = ("password", "password_file", "password_command", "keyring")
_PATIENCE = 120  # seconds for a password_command: it may ask a person for a master password


def password_in_settings(username: str, chosen: Chosen) -> str | None:
    """The password as the nearest section with one has it, or tells where to get it; None where none does."""
    for section, table in settings_of(chosen):
        ways = [way for way in _PASSWORD_KEYS if table.get(way)]
        if len(ways) > 1:
            raise UsageError(
                f"{ways[0]} and {ways[1]} are both in {section} of {chosen.config.path}.", hint="Keep one of them."
            )
        if ways:
            what = f"{ways[0]} in {section} of {chosen.config.path}"
            return checked_password(_got(ways[0], table, username, chosen, what), f"The password from {what}")
    return None


def _got(way: str, table: Mapping[str, Any], username: str, chosen: Chosen, what: str) -> str:
    if way == "password":
        return str(table[way])
    if way == "password_file":
        return first_line(table[way], what)
    if way == "password_command":
        return _printed_by(table[way], what)
    return from_keyring(keyring_entry(username, chosen), what)


def _printed_by(command: str | list[str], what: str) -> str:
    """The first line that the program prints. No shell is between; it may ask on the terminal."""
    try:
        words = shlex.split(command) if isinstance(command, str) else command
    except ValueError as error:
        raise UsageError(f"{what} is no command: {error}.") from None
    if not words:
        raise UsageError(f"{what} is empty.")
    words = [os.path.expanduser(words[0]), *words[1:]]  # noqa: PTH111 - a program's name may have no folder
    try:
        # S603: it is the person's own command, from a file that nobody else may write.
        ended = subprocess.run(words, stdout=subprocess.PIPE, check=False, timeout=_PATIENCE)  # noqa: S603
    except OSError as error:
        raise UsageError(f"{what} cannot be run: {error.strerror}.") from None
    except subprocess.TimeoutExpired:
        raise UsageError(f"{what} printed nothing within {_PATIENCE} seconds.") from None
    if ended.returncode:
        raise UsageError(f"{what} ended with exit code {ended.returncode}.", hint="Run it by itself to see why.")
    return one_line(ended.stdout[:MOST_BYTES], f"What {what} prints", None)


def keyring_entry(username: str, chosen: Chosen) -> str:
    """By which name the keyring has the password: the camera's, or its host's, and the user's."""
    return f"{username}@{chosen.name or chosen.word}"


def from_keyring(entry: str, what: str) -> str:
    """The password that the system's keyring has for ``entry``."""
    keyring = _keyring(what)
    try:
        found = keyring.get_password(SERVICE, entry)
    except Exception as error:
        raise UsageError(f"The keyring of this system does not answer: {type(error).__name__}.") from error
    if found is None:
        raise UsageError(
            f"The keyring has no password for {entry}.", hint=f"Put it there: keyring set {SERVICE} {entry}"
        )
    return str(found)


def into_keyring(entry: str, password: str) -> None:
    """Let the system's keyring keep ``password``. UsageError where it cannot."""
    keyring = _keyring("--keyring")
    try:
        keyring.set_password(SERVICE, entry, password)
    except Exception as error:
        raise UsageError(f"The keyring of this system does not take it: {type(error).__name__}.") from error


def _keyring(what: str) -> Any:
    try:
        import keyring  # noqa: PLC0415 - an extra
    except ImportError:
        raise UsageError(
            f"{what} needs the package keyring, which is not installed.",
            hint="pip install 'camreel[keyring]' brings it.",
        ) from None
    return keyring
