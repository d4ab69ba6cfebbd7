"""Everything that can go wrong, as one tree.

    CamreelError (1)
    ├── UsageError (2)             options, times, paths: the request itself is wrong
    ├── NothingRecorded (3)        the camera has no recording in the range
    ├── LoginError (5)
    │   ├── LoginRefused           user or password wrong, or the account has no right to do this
    │   ├── AccountLocked          too many failed logins: the camera refuses everybody for a while
    │   ├── BasicNotAllowed        nothing but Basic is offered, and nobody allowed that; nothing was sent
    │   ├── LoginDowngraded        Basic is asked for where Digest has worked; nothing was sent
    │   └── CertificateChanged (6) another certificate than the pinned one, or than before in the same run
    ├── CameraError (6)
    │   ├── CameraUnreachable      no connection, or it broke                          (worth another try)
    │   ├── CameraBusy             5xx: overloaded, rebooting                          (worth another try)
    │   ├── BadTransfer            what came is not the recording, or not a list        (worth another try)
    │   ├── CameraRefused          the camera answered, and the answer is no           (final)
    │   └── NotACamera             something answered, but not in the camera's way     (final)
    │                              (either is tried once more if no such answer belongs there: 204, a redirect)
    ├── DiskError (7)              cannot write where we were told to
    ├── MergeError (7)             FFmpeg's libraries refused, or the merge process died
    ├── ResourceError (7)          memory, threads or open files of this computer ran out
    └── Interrupted (130)          Ctrl-C or SIGTERM

The number is the exit code of the program. An error is one sentence: what happened to what; ``hint`` says what to try:
a command in it is a line of its own that begins with ``camreel``, and is shown as it can be typed.
Neither holds a password, and text from a camera goes through :func:`printable` first. Task groups raise several errors
at once; :func:`unwrap_group` picks the one to report, and :func:`most_severe` the exit code of several runs.
"""

from __future__ import annotations

import errno
import os
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


def printable(text: str, limit: int = 200) -> str:
    """``text`` as it may be shown on a terminal: one line, no control or direction characters, bounded length."""
    cut = text[: limit + 1]
    if len(cut) <= limit and cut.isprintable():  # nearly always, and quick
        return cut
    shown = "".join("\N{REPLACEMENT CHARACTER}" if unicodedata.category(c) in _UNPRINTABLE else c for c in cut)
    return shown if len(cut) <= limit else shown[:limit] + "…"


# Cc control, Cf format (bidi overrides, zero width), Cs surrogates, Zl and Zp line and paragraph separators.
_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


class CamreelError(Exception):
    """An error whose message is meant for the person at the keyboard."""

    exit_code = 1
    hint: str | None = None
    is_reported = False
    """Whether all but its sentence was shown: a run's JSON, and its report."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        if hint is not None:
            self.hint = hint


class UsageError(CamreelError):
    """The request cannot be right, whatever the camera says."""

    exit_code = 2


class NothingRecorded(CamreelError):
    """The camera has no recording in the range. ``since``: of ``--since-last``, all up to that moment is exported."""

    exit_code = 3
    since: datetime | None = None


class LoginError(CamreelError):
    """The camera refuses the login, or the login is not safe. Everything meant for the device stops at once."""

    exit_code = 5


class LoginRefused(LoginError):
    """User or password wrong, or the account lacks a right."""


class AccountLocked(LoginError):
    """Too many failed logins; ``seconds`` until the camera unlocks the account, if it says so."""

    def __init__(self, message: str, *, seconds: int | None = None, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.seconds = seconds


class BasicNotAllowed(LoginError):
    """The device offers only Basic authentication, which you did not allow. Nothing was sent."""


class LoginDowngraded(LoginError):
    """The device asks for Basic authentication although Digest has worked before. Nothing was sent."""


class CertificateChanged(LoginError):
    """The device presents another certificate than the pinned one, or than before in the same run. Nothing was sent."""

    exit_code = 6


class CameraError(CamreelError):
    """The camera cannot be reached or does not do what was asked.

    ``worth_retrying``: it may do it a moment later; ``once_more``: but only one more time. ``is_strain``: it may have
    been asked for too much at a time.
    """

    exit_code = 6
    worth_retrying = False
    once_more = False
    is_strain = False

    def __init__(self, message: str, *, hint: str | None = None, once_more: bool = False) -> None:
        super().__init__(message, hint=hint)
        if once_more:
            self.worth_retrying = self.once_more = True


class CameraUnreachable(CameraError):
    """No connection, or it broke or stalled. ``silent_for``: seconds without data before that."""

    worth_retrying = True
    silent_for = 0.0


class CameraBusy(CameraError):
    """The camera answered 5xx: overloaded, rebooting, out of finders."""

    worth_retrying = True
    is_strain = True


class BadTransfer(CameraError):
    """The answer does not fit the request: a recording too short or too long, a page of text, half a list."""

    worth_retrying = True


class CameraRefused(CameraError):
    """The camera understood and refused: ``status`` is its HTTP status (or 200 with an ``Error`` body).

    ``location`` is where a redirect would lead.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int,
        hint: str | None = None,
        location: str | None = None,
        once_more: bool = False,
    ) -> None:
        super().__init__(message, hint=hint, once_more=once_more)
        self.status = status
        self.location = location


class NotACamera(CameraError):
    """Something answered, but not an Amcrest or Dahua device."""


class DiskError(CamreelError):
    """A file or folder cannot be written."""

    exit_code = 7


class MergeError(CamreelError):
    """The clips could not be made into one video; they are kept."""

    exit_code = 7


class ResourceError(CamreelError):
    """Memory, threads or open files of this computer ran out."""

    exit_code = 7


class Interrupted(CamreelError):
    """Ctrl-C or SIGTERM."""

    exit_code = 130


@contextmanager
def unwrap_group() -> Iterator[None]:
    """Raise what the body raises; of several errors at a time, as task groups raise them, the one to report."""
    try:
        yield
    except BaseException as error:
        leading = _leading(error)
        if leading is error:
            raise
        raise leading from None


def _leading(error: BaseException) -> BaseException:
    """Return the error to report of a group's: a login's before a disk's before any other; the unexpected first."""
    # Known by its parts: on Python 3.10 the type is in a package, which the help page does not load.
    parts: tuple[BaseException, ...] = getattr(error, "exceptions", ())
    ranks = (LoginError, DiskError, CamreelError)

    def rank(one: BaseException) -> int:
        return next((number for number, kind in enumerate(ranks, 1) if isinstance(one, kind)), 0)

    return min(map(_leading, parts), key=rank, default=error)


_FREE_SPACE = "Free some space and run the same command again: downloads are kept."
_FREE_MEMORY = (
    "Close other programs, or raise the limit (ulimit -v, the container's). Then run the same command again: what was "
    "downloaded is kept."
)
_MORE_FILES = "Raise the limit of open files (ulimit -n), or use a smaller --max-concurrent or --jobs."
_MORE_THREADS = (
    "Raise the limit of processes (ulimit -u, the container's), or use a smaller --max-concurrent or --jobs. Then run "
    "the same command again: downloads are kept."
)
_CHECK_DISK = "Check the disk or the share. Then run the same command again: downloads are kept."
_OTHER_FOLDER = "Choose another folder with --output-dir, or change its permissions."

# What to try, by what the system says. It is about this computer, and no bug of camreel.
_ADVICE = {
    errno.ENOSPC: _FREE_SPACE,
    errno.EDQUOT: _FREE_SPACE,
    errno.EFBIG: "This file system cannot hold a file that large (FAT32 ends at 4 GiB): choose another disk.",
    errno.EACCES: _OTHER_FOLDER,
    errno.EPERM: _OTHER_FOLDER,
    errno.EROFS: "Choose another folder with --output-dir: this disk is read-only.",
    errno.ENOMEM: _FREE_MEMORY,
    errno.ENOBUFS: _FREE_MEMORY,
    errno.EAGAIN: _MORE_THREADS,
    errno.EMFILE: _MORE_FILES,
    errno.ENFILE: _MORE_FILES,
    errno.ENAMETOOLONG: "Give a shorter --output-file or --output-dir.",
    errno.ENOENT: "Was it removed or renamed? Run the same command again: downloads are kept.",
    errno.EBUSY: "Another program uses it. Close that, and run the same command again: downloads are kept.",
    **dict.fromkeys(
        (
            errno.EIO,
            errno.ENODEV,
            errno.ENXIO,
            errno.ENOTCONN,
            errno.ETIMEDOUT,
            errno.EHOSTUNREACH,
            errno.EREMOTEIO if sys.platform == "linux" else errno.EIO,
            getattr(errno, "ESTALE", errno.EIO),
            getattr(errno, "EHOSTDOWN", errno.EIO),
            getattr(errno, "EUCLEAN", errno.EIO),
        ),
        _CHECK_DISK,
    ),
}
_SHORT_OF = {errno.ENOMEM, errno.ENOBUFS, errno.EMFILE, errno.ENFILE}


def reason_of_system(error: OSError) -> str:
    """Return the system's words for ``error``, as the rest of a sentence."""
    reason = error.strerror or (os.strerror(error.errno) if error.errno else str(error)) or type(error).__name__
    return f"{reason[:1].lower()}{reason[1:]}"


def system_advice(error: Exception) -> str | None:
    """Return what to try after ``error``; None if nothing is known of it. It may be FFmpeg's, with the same numbers."""
    return _ADVICE.get(getattr(error, "errno", None) or 0)


def shortage(error: BaseException) -> ResourceError | None:
    """Return the error that says which resource ran out; None if ``error`` is about something else."""
    said = str(error).lower()
    if isinstance(error, MemoryError) or (isinstance(error, ImportError) and _is_about_memory(said)):
        return ResourceError("This computer's memory ran out.", hint=_FREE_MEMORY)
    if isinstance(error, RuntimeError) and "can't start new thread" in said:
        return ResourceError("The system lets camreel start no more threads.", hint=_MORE_THREADS)
    if isinstance(error, OSError) and error.errno in _SHORT_OF:
        return ResourceError(f"The system has no more resources: {reason_of_system(error)}.", hint=system_advice(error))
    return None


def _is_about_memory(said: str) -> bool:
    """Return whether a module could not be loaded for want of memory, in the words of the linker."""
    return "cannot allocate memory" in said or "failed to map segment" in said


def unexpected_error(error: Exception, hint: str) -> CamreelError:
    """Return an error that reports ``error``, which nobody expected and is its cause.

    Unless it is about this computer's disk or resources, it is a bug of camreel.
    """
    told = shortage(error) or _disk_error(error)
    if told is not None:
        told.__cause__ = error
        return told
    bug = CamreelError(f"this is a bug in camreel: {type(error).__name__}: {error}".rstrip(": "), hint=hint)
    bug.__cause__ = error
    return bug


def _disk_error(error: Exception) -> DiskError | None:
    if not isinstance(error, OSError) or (advice := system_advice(error)) is None:
        return None
    what = f"Cannot use {printable(str(error.filename), 1000)}" if error.filename else "The system refused a request"
    return DiskError(f"{what}: {reason_of_system(error)}.", hint=advice)


# What each exit code means, for the pages and the manual.
MEANINGS = {
    0: "complete: everything the camera has of the range is in the video; the report names gaps in the recording",
    1: "a bug in camreel; the message says how to report it",
    2: "wrong use: an option, a time, a name or a setting",
    3: "nothing is recorded in the range",
    4: "partial: the report names each loss, and what the camera may still be writing; also if the camera stopped "
    "answering midway",
    5: "the login was refused, or the account is locked",
    6: "the camera cannot be reached, or it stopped answering before the first recording",
    7: "the disk or the merge failed, or another run uses this camera and folder (downloads are kept); or the command "
    "of --exec failed (the video is complete)",
    130: "interrupted; run it again to continue",
}

# From well to worst: nothing was recorded, so nothing is missing; something is missing; a camera was away, which may
# pass; a login or a disk that a person must see to; a command or a program that is wrong; stopped.
_ORDER = (0, 3, 4, 6, 5, 7, 2, 1, 130)


def most_severe(codes: Iterable[int]) -> int:
    """The worst of ``codes``; 0 for none."""
    return max(codes, key=_ORDER.index, default=0)
