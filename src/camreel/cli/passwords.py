"""Get the password: from a file, a pipe, the environment, the settings or the keyboard; never from an argument.

The settings hold it in clear, or name a file, a program or the keyring. No error repeats any of it.
"""

from __future__ import annotations

import os
import re
import select
import shlex
import stat
import subprocess
import sys
import time
import unicodedata
import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from camreel.cli.camera_choice import SelectedCamera, names_at, settings_of
from camreel.cli.options import PING_VARIABLE
from camreel.cli.ui import terminal
from camreel.diskio import open_file
from camreel.errors import UsageError
from camreel.text import decoded, quoted

MOST_BYTES = 4096  # of a password file; somebody will point it at a video


_taken: dict[str, str] = {}


def take_ping_url() -> None:
    """Move the address of the ping from the environment to :func:`taken_ping_url`, so that no child process has it."""
    _taken[PING_VARIABLE] = os.environ.pop(PING_VARIABLE, "")


def taken_ping_url() -> str:
    """Return the address that :func:`take_ping_url` found, or nothing."""
    return _taken.get(PING_VARIABLE, "")


def first_line(path: str, named_by: str, kind: str = "password file") -> str:
    """The first line of a file with a secret of that kind; ``named_by`` is said where it cannot be had."""
    hint = f"It is named by {named_by}."
    try:
        head = _head_of(os.path.expanduser(path))  # noqa: PTH111 - pathlib's own raises RuntimeError without a home
    except TimeoutError as error:
        raise UsageError(f"The {kind} {path} is a pipe or a terminal, and {error}.", hint=hint) from None
    except OSError as error:
        raise UsageError(f"The {kind} {path} cannot be read: {error.strerror}.", hint=hint) from error
    return one_line(head, f"The {kind} {path}", hint)


_UNTIL_WRITTEN = 5  # seconds in which somebody may open a pipe to write into it
_UTF_16 = b"\xff\xfe"  # one of them comes first where a line's end is two bytes


def _head_of(path: str) -> bytes:
    """The first bytes of a file, or of a pipe: `<(pass show camera)` and /dev/stdin are some. TimeoutError, OSError."""
    mode = os.stat(path).st_mode  # noqa: PTH116 - as it was given
    if sys.platform == "win32" or not (stat.S_ISFIFO(mode) or stat.S_ISCHR(mode)):
        with open_file(path, follow=True) as file:
            return file.read(MOST_BYTES)
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    try:
        return _head_of_pipe(handle)
    finally:
        os.close(handle)


def _head_of_pipe(handle: int) -> bytes:
    data, begun, is_written = b"", time.monotonic(), False
    while len(data) < MOST_BYTES and (b"\n" not in data or data[0] in _UTF_16):
        waited = time.monotonic() - begun
        if waited >= (_PATIENCE if is_written else _UNTIL_WRITTEN):
            raise TimeoutError(f"nothing came out of it within {waited:.0f} seconds")
        try:
            more = os.read(handle, MOST_BYTES - len(data))
        except BlockingIOError:  # somebody has it open to write, and has not yet
            is_written = True
            select.select([handle], [], [], _PATIENCE - waited)
            continue
        if not more and (data or is_written or not stat.S_ISFIFO(os.fstat(handle).st_mode)):
            break
        data += more
        if not more:  # nobody has it open to write yet
            time.sleep(0.02)
    return data


def one_line(head: bytes, what: str, hint: str | None) -> str:
    """The first line of ``head``, which is what came first of ``what``."""
    try:
        text = decoded(head, is_all=len(head) < MOST_BYTES)
    except UnicodeDecodeError:
        raise UsageError(f"{what} is not text in UTF-8.", hint=hint) from None
    first, *others = re.split(r"\r\n?|\n", text, maxsplit=1)
    if not others and len(head) == MOST_BYTES:
        raise UsageError(f"{what} does not begin with a line of text.", hint=hint)
    return first


def checked_password(password: str, what: str) -> str:
    """``password``, where it can be one; ``what`` is where it came from."""
    # Each wrong login counts towards a lock of the account: what cannot be right is not tried.
    if not password:
        raise UsageError(f"{what} is empty.", hint="An empty password was not sent: wrong ones lock the account.")
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in password):
        raise UsageError(
            f"{what} has a control character in it, so it was not tried.", hint="Type it again, or mend the file."
        )
    return password


SERVICE = "camreel"  # under which the keyring has them
_PASSWORD_KEYS = ("password", "password_file", "password_command", "keyring")
_PATIENCE = 120  # seconds for a password_command: it may ask a person for a master password


def password_in_settings(username: str, chosen: SelectedCamera) -> str | None:
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


def _got(way: str, table: Mapping[str, Any], username: str, chosen: SelectedCamera, what: str) -> str:
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
        raise UsageError(
            f"{what} ended with exit code {ended.returncode}.", hint="Run that command by itself to see why."
        )
    return one_line(ended.stdout[:MOST_BYTES], f"What {what} prints", None)


def keyring_entry(username: str, chosen: SelectedCamera) -> str:
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
            f"The keyring has no password for {entry}.",
            hint=f"Put it there:\nkeyring set {SERVICE} {quoted(entry)}",
        )
    return str(found)


def into_keyring(entry: str, password: str) -> None:
    """Let the system's keyring keep ``password``. UsageError where it cannot."""
    keyring = _keyring("--keyring")
    try:
        keyring.set_password(SERVICE, entry, password)
    except Exception as error:
        raise UsageError(f"The keyring of this system refuses it: {type(error).__name__}.") from error


def drop_from_keyring(entry: str) -> None:
    """Let the system's keyring forget what it has for ``entry``, if it can: it is needed no more."""
    with suppress(Exception):
        _keyring("").delete_password(SERVICE, entry)


def _keyring(what: str) -> Any:
    try:
        import keyring  # noqa: PLC0415 - an extra
    except ImportError:
        raise UsageError(
            f"{what} needs the package keyring, which is not installed.",
            hint="To install it:\npip install 'camreel[keyring]'",
        ) from None
    return keyring


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
                "A password must not be an argument: every user of this computer could read it.",
                hint=f"Leave it out and camreel asks for it. For unattended runs set {VARIABLE} or {FILE_VARIABLE}, "
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

    def of(self, username: str, where: str, chosen: SelectedCamera | None = None) -> str:
        """The password for ``username`` at ``where``.

        What is typed goes before the environment, that before the settings (the camera's own before those of all), and
        all before the keyboard. AMCREST_PASSWORD is taken out of the environment, so that no child process has it.
        """
        key = (username, where, chosen.name if chosen else None)
        if key not in self._known:
            self._known[key] = (
                self._for_all() or self._of_settings(username, chosen) or self._ask(username, where, chosen)
            )
        return self._known[key]

    def _for_all(self) -> str | None:
        if self._direct is None:
            self._direct = _read_direct(self._given)
        return self._direct

    def _of_settings(self, username: str, chosen: SelectedCamera | None) -> str | None:
        if chosen is None:
            return None
        return password_in_settings(username, chosen)

    def _ask(self, username: str, where: str, chosen: SelectedCamera | None) -> str:
        """Ask. A password that is kept for a camera goes nowhere unless the camera is named: its trust goes with it."""
        known = names_at(chosen.config, where) if chosen is not None and chosen.name is None else []
        advice = (
            f"That is {known[0]} in the settings. With what they say of it:\ncamreel get {known[0]}" if known else ""
        )
        if self._given.no_input:
            raise UsageError("There is no password, and --no-input forbids asking for it.", hint=advice or _WAYS)
        if advice and sys.stdin is not None and sys.stdin.isatty():
            terminal.remark_advice(advice)
        return checked_password(ask(f"Password for {username} at {where}: "), "The password")


def _read_direct(given: Given) -> str | None:
    """The password that options or the environment give for whatever camera it is."""
    direct = os.environ.pop(VARIABLE, None)
    if given.from_stdin:
        return checked_password(_from_stdin(), "The password on standard input")
    if given.file is not None:
        return checked_password(first_line(given.file, "--password-file"), f"The password file {given.file}")
    if direct is not None:
        return checked_password(direct.rstrip("\r\n"), VARIABLE)  # of a file of variables with lines of Windows
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
        terminal.err()  # the cursor stands behind the prompt
        raise _nothing_typed() from None


def _nothing_typed() -> UsageError:
    return UsageError("No password was typed.", hint=f"Run it again and type it, or set {VARIABLE} or {FILE_VARIABLE}.")
