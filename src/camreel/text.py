"""Format sizes, durations, counts and small tables as people write them. Pure."""

from __future__ import annotations

import codecs
import re
import shlex
import textwrap
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import chain

from camreel.errors import printable

_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def decoded(data: bytes, *, is_all: bool = True) -> str:
    """Decode a text that a person wrote: UTF-8, or UTF-16 if it begins with its mark, as editors of Windows write them.

    The mark is left out. ``is_all``: else a character that is cut at the end is left out, too. Raise
    UnicodeDecodeError, also for a mark alone.
    """
    encoding = "utf-16" if data[:2] in _UTF_16 and len(data) > len(data[:2]) else "utf-8-sig"
    return codecs.getincrementaldecoder(encoding)().decode(data, is_all)


def size_text(count: float) -> str:
    """Bytes with three figures in decimal units, as disks and cameras count them: ``2.04 GB``."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 999.5:
            return f"{count:.0f} {unit}" if unit == "bytes" or count >= 100 else f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.0f} TB" if count >= 100 else f"{count:.3g} TB"


def duration_text(seconds: float) -> str:
    """``9 h 12 min 4 s``, ``4.5 s``; leading and trailing zeros left out."""
    if seconds < 60:
        return f"{seconds:.1f} s".replace(".0 s", " s")
    whole = round(seconds)
    parts = [(whole // 86400, "d"), (whole // 3600 % 24, "h"), (whole // 60 % 60, "min"), (whole % 60, "s")]
    return " ".join(f"{count} {unit}" for count, unit in parts if count)


def clock_text(seconds: float) -> str:
    """A time to wait, short enough for a progress line: ``1:02:03``, ``02:03``."""
    whole = max(0, round(seconds))
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}" if hours else f"{rest // 60:02d}:{rest % 60:02d}"


def count_text(count: int, noun: str) -> str:
    """``1 recording``, ``2 recordings``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


# "2 min", "9 h 12 min 4 s", "87.5 %", "1.19 MB"
_MEASURE = re.compile(r"\d[\d.]* (?:d|h|min|s)\b(?: \d+ (?:h|min|s)\b)*|\d[\d.]* (?:%|(?:bytes|kB|MB|GB|TB)\b)")
_NO_BREAK = "\N{NO-BREAK SPACE}"


def wrapped(text: str, width: int, first: str = "", others: str = "") -> list[str]:
    """``text`` in lines of at most ``width`` columns, broken between words but never inside a measure.

    ``first`` and ``others`` are what the lines begin with. A word that is longer stays whole.
    """
    held = _MEASURE.sub(lambda found: found[0].replace(" ", _NO_BREAK), text)
    lines = textwrap.wrap(
        held,
        width,
        initial_indent=first,
        subsequent_indent=others,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace(_NO_BREAK, " ") for line in lines] or [first]


# In double quotes these mean themselves to a Unix shell, to PowerShell and to cmd.
_PLAIN = re.compile(r"[\w @+=:,./-]*")
_BARE = re.compile(r"[\w@+=:,./-]+")


def quoted(word: str) -> str:
    """Return ``word`` as a shell takes it."""
    if _BARE.fullmatch(word):
        return word
    return f'"{word}"' if _PLAIN.fullmatch(word) else shlex.quote(word)


def command_text(words: Iterable[str]) -> str:
    """Return a command of camreel as it is typed: ``words`` are those behind the program's name."""
    return " ".join(("camreel", *map(quoted, words)))


_CODEC_NAMES = {
    "h264": "H.264",
    "hevc": "H.265",
    "aac": "AAC",
    "pcm_alaw": "G.711 A-law",
    "pcm_mulaw": "G.711 µ-law",
    "pcm_s16le": "PCM",
}


def codec_name(codec: str) -> str:
    """FFmpeg's name of a codec in people's words: ``H.264`` for ``h264``."""
    return _CODEC_NAMES.get(codec, printable(codec, 20))


_BETWEEN = "  "
_NARROWEST = 8  # columns of a column


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], width: int | None = None) -> str:
    """Columns as wide as their widest cell, under their heads. Nothing in a cell can steer a terminal.

    Where there is a ``width``, the widest columns are made narrower until all of them fit, and what is cut ends in an
    ellipsis. Heads are never cut.
    """
    return "\n".join(table_lines(heads, lambda: rows, width))


def table_lines(
    heads: Sequence[str],
    rows: Callable[[], Iterable[Sequence[str]]],
    width: int | None = None,
    *,
    right: Collection[int] = (),
) -> Iterator[str]:
    """The lines of a :func:`table`. ``rows`` is called twice, and no row is kept: there may be 100,000.

    Columns in ``right`` are aligned to the right.
    """
    return (_BETWEEN.join(cells).rstrip() for cells in table_cells(heads, rows, width, right=right))


def table_cells(
    heads: Sequence[str],
    rows: Callable[[], Iterable[Sequence[str]]],
    width: int | None = None,
    *,
    right: Collection[int] = (),
) -> Iterator[list[str]]:
    """The cells of :func:`table_lines`, each as wide as its column."""
    widths = [len(head) for head in heads]
    for row in rows():
        widths = [max(room, len(_cell(cell))) for room, cell in zip(widths, row, strict=True)]
    if width is not None:
        _narrow(widths, [max(len(head), _NARROWEST) for head in heads], width - len(_BETWEEN) * (len(widths) - 1))
    aligned = [str.rjust if column in right else str.ljust for column in range(len(heads))]
    for row in chain([heads], rows()):
        cells = zip(aligned, row, widths, strict=True)
        yield [align(_cut(_cell(cell), room), room) for align, cell, room in cells]


def _narrow(widths: list[int], least: Sequence[int], room: int) -> None:
    """Make the widest columns narrower until all fit into ``room``, or have their ``least`` width."""
    while sum(widths) > room:
        wide = [number for number, width in enumerate(widths) if width > least[number]]
        if not wide:
            return
        widths[max(wide, key=widths.__getitem__)] -= 1


def _cell(cell: object) -> str:
    return printable(str(cell), 200)


def _cut(cell: str, room: int) -> str:
    return cell if len(cell) <= room else f"{cell[: room - 1]}…"
