"""Heads of answers as firmware writes them, in the form that a strict parser takes."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camreel.devices.http_head import HeadRepair, repaired

WELL = b'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Digest realm="a:b"\r\nContent-Length: 2\r\n\r\n'

# What firmware writes, and the header lines that the parser is given.
ODD: dict[str, tuple[bytes, list[bytes]]] = {
    "a blank before the colon": (b"Content-Length : 2\r\nA\t: b", [b"A: b", b"Content-Length: 2"]),
    "a blank in a name": (b"My Header: x\r\nA: b", [b"A: b"]),
    "no colon": (b"Garbage\r\nA: b", [b"A: b"]),
    "a name of other letters": (b"S\xe9r: x\r\nA: b", [b"A: b"]),
    "no name": (b": x\r\nA: b", [b"A: b"]),
    "a long value": (b"X: " + b"a" * 9000 + b"\r\nA: b", [b"A: b"]),
    "a long name": (b"a" * 9000 + b": x\r\nA: b", [b"A: b"]),
    "a NUL": (b"X: a\0b\r\nA: b", [b"A: b"]),
    "a carriage return": (b"X: a\rb\r\nA: b", [b"A: b"]),
    "a line that goes on": (b"A: b\r\n c\r\n\td", [b"A: b c d"]),
    "a line that goes on from nothing": (b" x\r\nA: b", [b"A: b"]),
    "line feeds alone": (b"A: b\nC: d", [b"A: b", b"C: d"]),
    "the length twice": (b"Content-Length: 2\r\ncontent-length: 2", [b"Content-Length: 2"]),
    "the length as a list": (b"Content-Length: 2, 2", [b"Content-Length: 2"]),
    "a length beside chunks": (b"Content-Length: 2\r\nTransfer-Encoding: chunked", [b"Transfer-Encoding: chunked"]),
    "an empty value": (b"A:\r\nC: d", [b"A: ", b"C: d"]),
    # These mean trouble, and are left to the parser.
    "two lengths": (b"Content-Length: 2\r\nContent-Length: 3", [b"Content-Length: 2", b"Content-Length: 3"]),
    "a length that is none": (b"Content-Length: -1", [b"Content-Length: -1"]),
    "a NUL in a challenge": (b'WWW-Authenticate: Digest realm="\0"', [b'WWW-Authenticate: Digest realm="\0"']),
}
STATUS_LINES = {
    b"HTTP/1.1 200 OK": b"HTTP/1.1 200 OK",
    b"HTTP/1.0 200 OK": b"HTTP/1.0 200 OK",
    b"HTTP/1.1 200": b"HTTP/1.1 200 ",
    b"http/1.1 200 OK": b"HTTP/1.1 200 OK",
    b"HTTP/1.1  200  OK": b"HTTP/1.1 200 OK",
    b"\r\nHTTP/1.1 200 OK": b"HTTP/1.1 200 OK",
    b"HTTP/1.2 200 OK": b"HTTP/1.1 200 OK",
    b"HTTP/1.1 200 " + b"O" * 9000: b"HTTP/1.1 200 " + b"O" * 100,
    b"HTTP/1.1 2000 OK": b"HTTP/1.1 2000 OK",
    b"HTTP/2 200 OK": b"HTTP/2 200 OK",
    b"ICY 200 OK": b"ICY 200 OK",
}


@pytest.mark.parametrize("name", ODD)
def test_odd_headers(name: str) -> None:
    """What can be read stays as the camera said it, and nothing else is made of it."""
    odd, lines = ODD[name]
    head = repaired(b"HTTP/1.1 200 OK\r\n" + odd + b"\r\n\r\n")
    assert head == b"\r\n".join([b"HTTP/1.1 200 OK", *lines, b"", b""])


@pytest.mark.parametrize(("odd", "line"), STATUS_LINES.items(), ids=lambda value: value[:20].decode())
def test_status_lines(odd: bytes, line: bytes) -> None:
    """A line that is none is not touched."""
    assert repaired(odd + b"\r\nA: b\r\n\r\n") == line + b"\r\nA: b\r\n\r\n"


def test_many_headers_do_not_crowd_out_what_is_read() -> None:
    """Of five hundred headers those stay that camreel reads."""
    many = b"".join(b"X-%d: 1\r\n" % number for number in range(500))
    lines = repaired(b"HTTP/1.1 200 OK\r\n" + many + b"Content-Length: 2\r\n\r\n").split(b"\r\n")
    assert len(lines) < 128
    assert b"Content-Length: 2" in lines


@given(cuts=st.lists(st.integers(0, 400), max_size=6), body=st.binary(max_size=60), before=st.integers(0, 3))
def test_however_it_comes_in_pieces_it_is_the_same(cuts: list[int], body: bytes, before: int) -> None:
    """The pieces of the network do not matter, and the body is not touched; nor are intermediate answers lost."""
    proceed = b"HTTP/1.1 100 Continue\r\n\r\n"
    whole = proceed * before + WELL.replace(b": ", b" : ") + body
    ends = sorted({0, len(whole), *(min(cut, len(whole)) for cut in cuts)})
    repair = HeadRepair()
    out = b"".join(repair.feed(whole[start:end]) for start, end in pairwise(ends))
    assert out == proceed * before + WELL + body


@given(st.binary(max_size=300))
def test_nothing_is_held_that_cannot_be_a_head(data: bytes) -> None:
    """What is no HTTP reaches the parser at once, so that it can refuse it; what may become a head is held."""
    text = data.lstrip().upper()
    is_http = text.startswith(b"HTTP/") or b"HTTP/".startswith(text)
    out = HeadRepair().feed(data)
    assert out == data if not is_http else (out == b"" or b"\n" in data)


def test_a_head_without_an_end_is_not_held_for_ever() -> None:
    """Beyond 128 KB all goes to the parser, which has its own limits."""
    repair, sent, got = HeadRepair(), 0, 0
    while not got and sent < 1 << 20:
        piece = b"HTTP/1.1 200 OK\r\nX: " if not sent else b"a" * 4096
        sent += len(piece)
        got += len(repair.feed(piece))
    assert got == sent
    assert sent < 256 << 10
