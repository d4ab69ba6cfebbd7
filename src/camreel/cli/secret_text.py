"""From the bytes that hold a password to the password, where they can be one. Nothing of them is ever repeated."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

from camreel.errors import UsageError

MOST_BYTES = 4096  # of a password file; somebody will point it at a video


def first_line(path: str, named_by: str) -> str:
    """The first line of a password file; ``named_by`` is said where it cannot be had."""
    hint = f"It is named by {named_by}."
    try:
        with Path(path).expanduser().open("rb") as file:
            head = file.read(MOST_BYTES)
    except OSError as error:
        raise UsageError(f"The password file {path} cannot be read: {error.strerror}.", hint=hint) from error
    return one_line(head, f"The password file {path}", hint)


def one_line(head: bytes, what: str, hint: str | None) -> str:
    """The first line of ``head``, which is what came first of ``what``."""
    try:
        text = head.decode("utf-8-sig")  # Notepad writes a mark in front
    except UnicodeDecodeError:
        raise UsageError(f"{what} is not text in UTF-8.", hint=hint) from None
    first, *others = re.split(r"\r?\n", text, maxsplit=1)
    if not others and len(head) == MOST_BYTES:
        raise UsageError(f"{what} does not begin with a line of text.", hint=hint)
    return first


def checked_password(password: str, what: str) -> str:
    """``password``, where it can be one; ``what`` is where it came from."""
    # Each wrong login counts towards a lock of the account: what cannot be right is not tried.
    if not password:
        raise UsageError(f"{what} is empty.", hint="An empty password is not tried: wrong ones lock the account.")
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in password):
        raise UsageError(f"{what} has a control character in it, so it was not tried.", hint="Type or write it again.")
    return password
