"""The settings file onto the disk: whole or not at all, and no more readable than what it holds may be."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from camreel.config.read import has_secrets, parse
from camreel.errors import DiskError

_OWN = 0o600


def write_config(path: Path, text: str) -> None:
    """Put ``text`` in the place of the settings in ``path``. DiskError where that cannot be done; then nothing changed.

    A new file, and one with a secret in it, is its owner's alone; another keeps its rights. A link stays a link.
    """
    secret = has_secrets(parse(text, path))
    target = Path(os.path.realpath(path))
    new = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        mode = _OWN
        if not secret:
            with suppress(FileNotFoundError):
                mode = target.stat().st_mode & 0o777
        with suppress(FileNotFoundError):
            new.unlink()
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWN)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            new.chmod(mode)
            new.replace(target)
        except BaseException:
            with suppress(OSError):
                new.unlink()
            raise
    except OSError as error:
        raise DiskError(f"The settings cannot be written to {path}: {error.strerror}.") from error
