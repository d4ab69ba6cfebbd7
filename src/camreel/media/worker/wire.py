"""Encode the values of :mod:`.messages` as lines of JSON, and decode them.

Both ends check each line: the parent because the child reads hostile media, the child because a wrong line is a bug
that must show at once. A line names its type; it has every field, of the declared type, and no other.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache, partial
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from camreel.media.worker.messages import (
    ClipBegun,
    ClipFile,
    ClipResults,
    Failed,
    Finish,
    MergeJob,
    MergeProgress,
    MergeResult,
    NoStill,
    PlaybackProgress,
    PlaybackResult,
    Sheet,
    SheetOrder,
    Still,
    StillOrder,
    TimelapseOrder,
    TimelapseResult,
)
from camreel.model import Span, WallTime

Message = (
    MergeJob | ClipFile | Finish | ClipBegun | MergeProgress | ClipResults | MergeResult | Failed
    | PlaybackProgress | PlaybackResult
    | StillOrder | Still | NoStill | SheetOrder | Sheet | TimelapseOrder | TimelapseResult
)  # fmt: skip
_TYPES: dict[str, type] = {kind.__name__: kind for kind in get_args(Message)}

# A week of clips a minute each is a result of 2 MB (its chapters).
LONGEST_LINE = 16 << 20


class BadMessage(ValueError):
    """A line that is not one of ours."""


def encode(message: Message) -> bytes:
    """One line of ASCII, with its line end. Paths that are no valid Unicode pass unharmed."""
    body = {"is": type(message).__name__, **_fields_of(message)}
    return json.dumps(body, ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode() + b"\n"


def decode(line: bytes) -> Message:
    """The reverse of :func:`encode`. Raises :class:`BadMessage`."""
    if len(line) > LONGEST_LINE:
        raise BadMessage("a line that is too long")
    try:
        body = json.loads(line, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise BadMessage("a line that is not JSON") from error
    if not isinstance(body, dict):
        raise BadMessage("a line that is not an object")
    kind = _TYPES.get(str(body.pop("is", None)))
    if kind is None:
        raise BadMessage("a line of an unknown type")
    message: Message = _reader_of(kind)(body)
    return message


def _no_constant(name: str) -> float:
    raise BadMessage(f"{name} is not a number")


def _fields_of(value: Any) -> dict[str, Any]:
    return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}


def _plain(value: object) -> Any:
    if isinstance(value, Enum):
        return str(value.value)
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, WallTime):
        return value.isoformat()
    if isinstance(value, Span):
        return [value.start.isoformat(), value.end.isoformat()]
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if is_dataclass(value):
        return _fields_of(value)
    raise TypeError(f"not a value of a merge: {value!r}")


@cache
def _reader_of(kind: Any) -> Callable[[Any], Any]:
    """What reads a value that is declared as ``kind``. To find that out takes longer than to read."""
    if kind in _READERS:
        return partial(_read, kind, _READERS[kind])
    inner = get_args(kind)
    if get_origin(kind) in {UnionType, Union}:
        return partial(_read_first, [_reader_of(each) for each in inner])
    if get_origin(kind) is tuple:
        return partial(_read_list, _reader_of(inner[0]))
    if issubclass(kind, Enum):
        return partial(_read, kind, kind)
    readers = {name: _reader_of(hint) for name, hint in get_type_hints(kind).items()}
    return partial(_read_object, kind, readers)


def _read_object(kind: type, readers: dict[str, Callable[[Any], Any]], body: object) -> Any:
    if not isinstance(body, dict) or body.keys() != readers.keys():
        raise BadMessage(f"not the fields of a {kind.__name__}")
    return kind(**{name: read(body[name]) for name, read in readers.items()})


def _read_first(readers: list[Callable[[Any], Any]], value: object) -> Any:
    """Return ``value`` as the first of several kinds that it can be."""
    for read in readers:
        with suppress(BadMessage):
            return read(value)
    raise BadMessage("of another kind than it may be")


def _read_none(value: object) -> None:
    if value is not None:
        raise TypeError(value)


def _read_list(read: Callable[[Any], Any], value: object) -> Any:
    if not isinstance(value, list):
        raise BadMessage("not a list")
    return tuple([read(each) for each in value])


def _read(kind: type, reader: Callable[[Any], Any], value: object) -> Any:
    try:
        return reader(value)
    except (TypeError, ValueError) as error:
        raise BadMessage(f"not a {kind.__name__}") from error


def _of_type(kind: type) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if type(value) is not kind:  # exactly: True is not the number 1 here
            raise TypeError(value)
        return value

    return read


def _read_float(value: Any) -> float:
    if type(value) not in {int, float} or not math.isfinite(value):
        raise TypeError(value)
    return float(value)


def _read_wall(value: Any) -> WallTime:
    return WallTime.fromisoformat(value)


def _read_span(value: Any) -> Span:
    start, end = value
    return Span(_read_wall(start), _read_wall(end))


_READERS: dict[Any, Callable[[Any], Any]] = {
    str: _of_type(str),
    int: _of_type(int),
    bool: _of_type(bool),
    float: _read_float,
    NoneType: _read_none,
    WallTime: _read_wall,
    Span: _read_span,
}
