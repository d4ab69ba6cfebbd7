"""The head of an HTTP answer, rewritten if firmware writes it in a form that a strict parser refuses. Pure.

Browsers and curl read these heads, so that nobody mends the firmware. What a camera says stays as it is: names and
values are never changed, a header that cannot be one is left out, and what is no HTTP at all passes untouched.
"""

from __future__ import annotations

import re

_MOST = 128 << 10  # bytes of one head; beyond that it is the parser's to refuse
_LONGEST = 8000  # bytes of one header; aiohttp takes 8190
_MOST_HEADERS = 100  # aiohttp takes 128
_BEGINNING = b"HTTP/"
_END = re.compile(rb"\r?\n\r?\n")
_STATUS_LINE = re.compile(rb"\s*HTTP/1\.([0-9])[ \t]+([0-9]{3})(?![^\s])[ \t]*([^\r\n]*)", re.IGNORECASE)
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_NUMBER = re.compile(rb"[0-9]{1,18}")
_NO_VALUE = re.compile(rb"[\x00\r]")
# What camreel reads. A bad one is left to the parser, which refuses the answer.
_READ = frozenset(
    (
        *(b"www-authenticate", b"content-length", b"content-range", b"content-type", b"content-encoding"),
        *(b"transfer-encoding", b"connection", b"location"),
    )
)


class HeadRepair:
    """Holds the bytes of one answer until its head is whole, and gives them out rewritten; then all bytes as they come.

    Intermediate answers (1xx) pass as well.
    """

    def __init__(self) -> None:
        self._held: bytearray | None = bytearray()

    def feed(self, data: bytes) -> bytes:
        """Return what of ``data``, and of what was held before, can go to the parser."""
        if self._held is None:
            return data
        held, known = self._held, len(self._held)
        held += data
        out, at, search = bytearray(), 0, max(0, known - 3)
        while _may_be_http(held, at) and (end := _END.search(held, search)):
            head = bytes(held[at : end.end()])
            out += repaired(head)
            at = search = end.end()
            if not _is_intermediate(head):
                break
        else:
            if _may_be_http(held, at) and len(held) - at <= _MOST:
                del held[:at]
                return bytes(out)
        self._held = None
        return bytes(out + held[at:])


def _may_be_http(held: bytearray, at: int) -> bool:
    begun = bytes(held[at : at + 64]).lstrip()[: len(_BEGINNING)].upper()
    return _BEGINNING.startswith(begun)


def _is_intermediate(head: bytes) -> bool:
    found = _STATUS_LINE.match(head)
    return found is not None and found[2].startswith(b"1") and found[2] != b"101"


def repaired(head: bytes) -> bytes:
    """Return ``head``, which ends with its empty line, in a form that a strict parser takes; as it is if it is none."""
    found = _STATUS_LINE.match(head)
    if found is None:
        return head
    lines = [b"HTTP/1.%d %s %s" % (min(1, int(found[1])), found[2], found[3][:100])]
    headers = _headers(head[found.end() :])
    said = [value for name, value in headers if name.lower() == b"content-length"]
    lengths = {part.strip() for value in said for part in value.split(b",")}
    is_chunked = any(name.lower() == b"transfer-encoding" and b"chunked" in value.lower() for name, value in headers)
    one_length = len(lengths) == 1 and all(_NUMBER.fullmatch(length) for length in lengths)
    for name, value in headers:
        if name.lower() != b"content-length" or not (one_length or is_chunked):
            lines.append(name + b": " + value)
    if one_length and not is_chunked:  # the end of a chunked body is in its chunks, whatever a length says
        lines.append(b"Content-Length: " + lengths.pop())
    return b"\r\n".join([*lines, b"", b""])


def _headers(text: bytes) -> list[tuple[bytes, bytes]]:
    """Return the headers that can be read, in order; a line that begins with a blank goes on with the one before."""
    found: list[tuple[bytes, bytes]] = []
    for line in text.split(b"\n"):
        if line[:1] in {b" ", b"\t"}:
            if found:
                found[-1] = (found[-1][0], found[-1][1] + b" " + line.strip())
            continue
        name, colon, value = line.partition(b":")
        if colon and _NAME.fullmatch(name.rstrip(b" \t")):
            found.append((name.rstrip(b" \t"), value.strip(b" \t\r")))
    return [each for number, each in enumerate(found) if _is_kept(*each, number)]


def _is_kept(name: bytes, value: bytes, number: int) -> bool:
    if name.lower() in _READ:
        return True
    return number < _MOST_HEADERS and len(name) + len(value) < _LONGEST and not _NO_VALUE.search(value)
