"""A recording out of a multipart answer: some recorders (DHI-NVR5232-EI) send a small JSON part and then the file."""

from __future__ import annotations

from pathlib import Path

from camreel.diskio import disk_errors

_WITHIN = 64 << 10  # where the file's own part begins at the latest
_HEAD = 64
_BLOCK = 1 << 20


def unwrap(part: Path) -> bytes:
    """Strip the wrapper of ``part``, in place; the first bytes of what is left. Blocking.

    What does not look like a multipart answer with a recording in it is left as it is.
    """
    with disk_errors(part), part.open("r+b") as file:
        head = file.read(_WITHIN)
        boundary = head.split(b"\r\n", 1)[0]
        start = _start(head)
        if start is None:
            return head[:_HEAD]
        size = part.stat().st_size
        file.seek(max(0, size - len(boundary) - 16))
        tail = file.read()
        closing = tail.rfind(b"\r\n" + boundary + b"--")
        end = size if closing < 0 else size - len(tail) + closing
        for at in range(start, end, _BLOCK):
            file.seek(at)
            block = file.read(min(_BLOCK, end - at))
            file.seek(at - start)
            file.write(block)
        file.truncate(max(0, end - start))
    return head[start : start + _HEAD]


def _start(head: bytes) -> int | None:
    """Where the recording begins: after the blank line of a part, known by its first bytes."""
    at = head.find(b"\r\n\r\n")
    while at >= 0:
        body = head[at + 4 : at + 12]
        if body[4:8] == b"ftyp" or body.startswith((b"DHAV", b"DAHUA")):
            return at + 4
        at = head.find(b"\r\n\r\n", at + 4)
    return None
