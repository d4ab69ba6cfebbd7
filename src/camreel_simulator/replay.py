"""Replay the captured answers of a real device as a camera.

A capture is a zip archive. ``capture.json`` in it is a list, in the order in which things were asked, of::

    {
      "method": "GET",
      "target": "/cgi-bin/magicBox.cgi?action=getDeviceType",   as sent, without scheme and host
      "status": 200,
      "headers": {"content-type": "text/plain;charset=utf-8"},  other headers are ignored
      "body": "bodies/0001.txt"                                 a file of the archive, or null for an empty body
    }

Refusals (401) need not be in it: the login is that of the simulator, with the user and the password given to
:func:`load`. A request is answered like the captured one with the same method and the same decoded target, whatever the
finder's number: the first time with the first such answer, and so on, then again and again with the last.
``findNextFile`` is counted from each ``findFile``, so a search can be repeated. What was not captured is answered 400.

An archive may come from a stranger: nothing is unpacked to disk, names are only looked up in the archive, and sizes
have limits, whatever its directory promises.
"""

from __future__ import annotations

import json
import os
import re
import stat
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeGuard
from urllib.parse import unquote

from camreel_simulator.device.camera import SimulatedCamera
from camreel_simulator.device.profiles import AMCREST_SD
from camreel_simulator.device.quirks import Quirks
from camreel_simulator.http.message import BAD_REQUEST, AnswerBody, DeviceAnswer

if TYPE_CHECKING:
    from camreel_simulator.device.faults import Fault
    from camreel_simulator.http.message import HttpRequest

__all__ = ["CaptureError", "Exchange", "ReplayedCamera", "load", "read_capture"]

_INDEX = "capture.json"
_MOST_EXCHANGES = 10_000
_LONGEST_TARGET = 8192
_MIB = 1024 * 1024
_INDEX_LIMIT, _BODY_LIMIT, _TOTAL_LIMIT, _FILE_LIMIT = 16 * _MIB, 64 * _MIB, 256 * _MIB, 64 * _MIB
_OBJECT = re.compile(r"(?<=[?&]object=)[^&]*")
_PRINTABLE = re.compile(r"[ -~]*")


class CaptureError(ValueError):
    """The file is not a capture, or not one that is safe to read."""


@dataclass(frozen=True)
class Exchange:
    """One request and its answer."""

    method: str
    target: str
    status: int
    content_type: str
    body: bytes


class ReplayedCamera(SimulatedCamera):
    """A camera that answers as another did once. Log, faults, login and connections are those of any other."""

    def __init__(self, exchanges: tuple[Exchange, ...], *, username: str, password: str, quirks: Quirks) -> None:
        profile = replace(AMCREST_SD, serial="REPLAYED", machine_name="REPLAYED")
        super().__init__((), profile, quirks, username=username, password=password)
        self.exchanges = exchanges
        self._answers: dict[str, list[Exchange]] = defaultdict(list)
        self._at: dict[tuple[str, str], int] = defaultdict(int)
        self._search: dict[str, str] = {}
        for exchange in exchanges:
            self._answers[self._key(exchange.method, exchange.target)].append(exchange)
        self._search.clear()

    async def _obey(self, request: HttpRequest, fault: Fault | None) -> DeviceAnswer:  # noqa: ARG002 - as it is called
        key, finder = self._key(request.method, request.target), _finder(request.decoded)
        answers = self._answers.get(key)
        if answers is None:
            return BAD_REQUEST
        if "action=findFile" in key:  # its pages begin anew
            for place in [place for place in self._at if place[0] == finder and place[1].endswith(f" of {key}")]:
                del self._at[place]
        at = min(self._at[finder, key], len(answers) - 1)
        self._at[finder, key] = at + 1
        return DeviceAnswer(answers[at].status, AnswerBody.of(answers[at].body), answers[at].content_type)

    def _key(self, method: str, target: str) -> str:
        """What makes two requests the same; a page is a page of a search."""
        decoded = re.sub("/{2,}", "/", unquote(target))
        finder, key = _finder(decoded), f"{method} {_OBJECT.sub('*', decoded)}"
        if "action=findFile" in key:
            self._search[finder] = key
        if "action=findNextFile" in key:
            return f"{key} of {self._search.get(finder, 'nothing')}"
        return key


def load(
    path: Path,
    *,
    username: str = "admin",
    password: str = "simulated-1",  # noqa: S107 - opens nothing but the simulator
    quirks: Quirks | None = None,
) -> ReplayedCamera:
    """The camera in a capture, to be served like any other.

    Raises :class:`CaptureError` if it is not one, :class:`OSError` if it cannot be read.
    """
    return ReplayedCamera(read_capture(path), username=username, password=password, quirks=quirks or Quirks())


def read_capture(path: Path) -> tuple[Exchange, ...]:
    """What was asked and answered, in order. Raises as :func:`load` does."""
    try:
        with _opened(path) as file, zipfile.ZipFile(file) as archive:
            return _Reader(archive).exchanges()
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, UnicodeError, zlib.error) as error:
        raise CaptureError(f"{path.name} is not a readable zip archive: {error}") from error


def _opened(path: Path) -> BinaryIO:
    """Open a regular file that is no larger than a capture can be; a FIFO would be waited for."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise CaptureError(f"{path.name} is not a regular file")
    file = os.fdopen(os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)), "rb")
    found = os.fstat(file.fileno())
    if stat.S_ISREG(found.st_mode) and found.st_size <= _FILE_LIMIT:
        return file
    file.close()
    raise CaptureError(f"{path.name} is larger than a capture may be")


class _Reader:
    """Reads one archive, and trusts it in nothing."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._left = _TOTAL_LIMIT
        self._names = {info.filename: info for info in archive.infolist() if not info.is_dir()}

    def exchanges(self) -> tuple[Exchange, ...]:
        try:
            rows = json.loads(self._read(_INDEX, _INDEX_LIMIT))
        except (json.JSONDecodeError, RecursionError) as error:
            raise CaptureError(f"{_INDEX} is not JSON: {error}") from error
        if not isinstance(rows, list) or len(rows) > _MOST_EXCHANGES:
            raise CaptureError(f"{_INDEX} is not a list of at most {_MOST_EXCHANGES} answers")
        return tuple(self._exchange(row, number) for number, row in enumerate(rows, 1))

    def _exchange(self, row: Any, number: int) -> Exchange:
        if not isinstance(row, Mapping):
            raise CaptureError(f"answer {number} is not an object")
        method, target, status = row.get("method"), row.get("target"), row.get("status")
        if method not in ("GET", "HEAD", "POST"):
            raise CaptureError(f"answer {number}: method {str(method)[:20]!r}")
        if not _is_text(target, _LONGEST_TARGET) or not target.startswith("/"):
            raise CaptureError(f"answer {number}: the target is not a path")
        if type(status) is not int or not 200 <= status <= 599:
            raise CaptureError(f"answer {number}: status {str(status)[:20]!r}")
        headers, body = row.get("headers"), row.get("body")
        kind = headers.get("content-type", "text/plain") if isinstance(headers, Mapping) else "text/plain"
        if not _is_text(kind, 200):
            raise CaptureError(f"answer {number}: the content type is not text")
        if body is not None and not isinstance(body, str):
            raise CaptureError(f"answer {number}: the body is not the name of a file")
        return Exchange(method, target, status, kind, b"" if body is None else self._read(body, _BODY_LIMIT))

    def _read(self, name: str, limit: int) -> bytes:
        info = self._names.get(name)
        if info is None:
            raise CaptureError(f"there is no {name[:100]!r} in the archive")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise CaptureError(f"{name[:100]!r} is packed in a way of its own")
        with self._archive.open(info) as file:
            data = file.read(min(limit, self._left) + 1)
        self._left -= len(data)
        if len(data) > limit or self._left < 0:
            raise CaptureError(f"{name[:100]!r} is larger than a capture may be")
        return data


def _is_text(value: Any, longest: int) -> TypeGuard[str]:
    return isinstance(value, str) and len(value) <= longest and _PRINTABLE.fullmatch(value) is not None


def _finder(target: str) -> str:
    match = _OBJECT.search(target)
    return match[0] if match else ""
