"""The error tree: exit codes, what is worth another try, and text that cannot steer a terminal."""

from __future__ import annotations

import errno
import inspect

import pytest

from camreel import errors
from camreel.errors import AccountLocked, CameraRefused, CamreelError, DiskError, ResourceError, printable

EXIT_CODES = {
    "CamreelError": 1,
    "UsageError": 2,
    "NothingRecorded": 3,
    "LoginError": 5,
    "LoginRefused": 5,
    "AccountLocked": 5,
    "BasicNotAllowed": 5,
    "LoginDowngraded": 5,
    "CertificateChanged": 6,
    "CameraError": 6,
    "CameraUnreachable": 6,
    "CameraBusy": 6,
    "BadTransfer": 6,
    "CameraRefused": 6,
    "NotACamera": 6,
    "DiskError": 7,
    "MergeError": 7,
    "ResourceError": 7,
    "Interrupted": 130,
}


def test_every_error_has_its_exit_code():
    """Exit codes are a contract: this is the whole table, and no class is missing from it."""
    classes = [cls for _name, cls in inspect.getmembers(errors, inspect.isclass) if issubclass(cls, CamreelError)]
    assert {cls.__name__: cls.exit_code for cls in classes} == EXIT_CODES


def test_only_connections_overload_and_bad_bodies_are_worth_another_try():
    """A refusal is never repeated; what may get better by waiting is."""
    classes = [cls for _name, cls in inspect.getmembers(errors, inspect.isclass) if issubclass(cls, errors.CameraError)]
    worth = {cls.__name__ for cls in classes if cls.worth_retrying}
    assert worth == {"CameraUnreachable", "CameraBusy", "BadTransfer"}


def test_a_login_error_is_no_camera_error():
    """Whoever catches camera errors to try again can never catch a refused login by accident."""
    assert not issubclass(errors.LoginError, errors.CameraError)


def test_errors_carry_what_they_know():
    """Message, hint, status and seconds reach the person at the keyboard."""
    error = CameraRefused("no", status=404, hint="look elsewhere")
    assert (str(error), error.hint, error.status) == ("no", "look elsewhere", 404)
    assert AccountLocked("locked", seconds=1800).seconds == 1800
    assert CamreelError("plain").hint is None


@pytest.mark.parametrize(
    "bad",
    ["\x1b[2J", "\n", "\r", "\x00", "\x7f", "\x9b", "\u202e", "\u2066", "\u200b", "\ufeff", "\u2028", "\ud800"],
    ids=ascii,
)
def test_printable_replaces_what_steers_a_terminal(bad):
    """Escapes, new lines, direction marks and lone surrogates are shown as a replacement character."""
    shown = printable(f"a{bad}b")
    assert bad[0] not in shown
    assert shown.startswith("a\N{REPLACEMENT CHARACTER}")
    assert shown.endswith("b")


def test_printable_leaves_people_their_letters():
    """Names in any script are shown as they are."""
    assert printable("Küche 厨房 кухня 🎥") == "Küche 厨房 кухня 🎥"


def test_printable_is_bounded():
    """A text of any length becomes one that fits; a text that fits is not touched."""
    assert printable("x" * 200) == "x" * 200
    assert printable("x" * 201) == "x" * 200 + "…"
    assert printable("abc", limit=2) == "ab…"


@pytest.mark.parametrize(
    ("error", "kind", "hint"),
    [
        (MemoryError(), ResourceError, "ulimit -v"),
        (ImportError("libav.so: failed to map segment from shared object"), ResourceError, "ulimit -v"),
        (RuntimeError("can't start new thread"), ResourceError, "ulimit -u"),
        (OSError(errno.EMFILE, "Too many open files"), ResourceError, "ulimit -n"),
        (OSError(errno.ENFILE, "Too many open files in system"), ResourceError, "--max-concurrent"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), ResourceError, "ulimit -v"),
        (BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable"), DiskError, "ulimit -u"),
        (OSError(errno.EIO, "Input/output error", "/mnt/nas/x"), DiskError, "Check the disk"),
        (OSError(errno.ENOSPC, "No space left on device", "/mnt/nas/x"), DiskError, "Free some space"),
        (PermissionError(errno.EACCES, "Permission denied", "/mnt/nas/x"), DiskError, "permissions"),
    ],
    ids=repr,
)
def test_what_this_computer_lacks_is_no_bug(error, kind, hint):
    """Wherever it shows, also where nobody expected it: exit code 7, the system's words, and what to try."""
    told = errors.unexpected_error(error, "Report it.")
    assert (type(told), told.exit_code, told.__cause__) == (kind, 7, error)
    assert "bug" not in str(told)
    assert hint in str(told.hint)
    if getattr(error, "filename", None):
        assert "/mnt/nas/x" in str(told)


@pytest.mark.parametrize(
    "error",
    [
        ZeroDivisionError("division by zero"),
        RuntimeError("no"),
        ImportError("No module named 'x'"),
        OSError(errno.EBADF, ""),
    ],
    ids=repr,
)
def test_a_bug_is_called_one(error):
    """Nothing is blamed on the computer that may be ours."""
    told = errors.unexpected_error(error, "Report it.")
    assert (told.exit_code, told.hint) == (1, "Report it.")
    assert "this is a bug" in str(told)
