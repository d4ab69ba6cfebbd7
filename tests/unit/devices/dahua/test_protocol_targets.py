"""What is asked of a camera: the bytes of the request line."""

from __future__ import annotations

from urllib.parse import unquote

import pytest

from camreel.devices.dahua.protocol import cgi_target, loadfile_target

PREFIX = "/cgi-bin/RPC_Loadfile"


def test_a_search_as_it_goes_over_the_wire():
    """Brackets and colons literal, a space %20 and never +: anything else is answered with 400."""
    target = cgi_target(
        "mediaFileFind",
        action="findFile",
        object="08137",
        condition__StartTime="2025-06-01 10:00:00",
        condition__Channel=1,
    )
    assert target == (
        "/cgi-bin/mediaFileFind.cgi?action=findFile&object=08137"
        "&condition.StartTime=2025-06-01%2010:00:00&condition.Channel=1"
    )


@pytest.mark.parametrize(
    ("value", "quoted"),
    [("a b", "a%20b"), ("a+b", "a%2Bb"), ("[0]", "[0]"), ("a&b=c", "a%26b%3Dc"), ("50%", "50%25"), ("#?", "%23%3F"),
     ("ü", "%C3%BC"), ("\u202e", "%E2%80%AE")],
)  # fmt: skip
def test_values_are_quoted(value, quoted):
    """A value cannot end itself, start another, or end the query."""
    assert cgi_target("x", name=value) == f"/cgi-bin/x.cgi?name={quoted}"


@pytest.mark.parametrize("bad", ["\r\nX: y", "\x00", "\n", "\x1b", "\x7f"], ids=ascii)
def test_a_control_character_never_gets_into_a_query(bad):
    """No request can be split in two."""
    with pytest.raises(ValueError, match="control character"):
        cgi_target("x", name=f"a{bad}b")


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/mnt/sd/2025-06-01/001/dav/10/10.00.00-10.05.00[R][0@0][0].mp4", None),
        ("/mnt/dvr/2025.06.01/0/dav/10/1/0/777/10.00.00-10.30.00[T][0@0][0].dav", None),
        ("/mnt/dvr/sda0/2010/8/11/dav/15:40:50.jpg", None),
        ("//mnt/sd/a.mp4", None),
        ("/a b", "/a%20b"),
        ("/a+b", "/a%2Bb"),
        ("/a#b", "/a%23b"),
        ("/a?b=c&d", "/a%3Fb%3Dc%26d"),
        ("/100%/%2e%2e/x", "/100%25/%252e%252e/x"),
        ('/"q"', "/%22q%22"),
        ("/\u202egpj.mp4", "/%E2%80%AEgpj.mp4"),
        ("/\x85\u2028", "/%C2%85%E2%80%A8"),
        ("/..a/b..", None),
        ("/mnt/...", None),
    ],
)
def test_paths_are_asked_for_byte_by_byte(path, target):
    """Brackets and @ stay literal, what would end or change the path is escaped, and nothing is lost."""
    asked = loadfile_target(path)
    assert asked == PREFIX + (target or path)
    assert unquote(asked.removeprefix(PREFIX)) == path


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("mnt/sd/2025-06-01/001/dav/10/10.00.00-10.05.00[R][0@0][0].mp4", None),
        ("SERIAL/2025-06-01/001/dav/10/a.mp4", None),
        ("a b.mp4", "a%20b.mp4"),
        ("@evil.example/a", None),
    ],
)
def test_a_path_without_its_slash_is_given_one(path, target):
    """Some firmware lists paths so. It is still a path on this camera, whatever it begins with."""
    assert loadfile_target(path) == f"{PREFIX}/{target or path}"


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("ftp://192.0.2.7/cam/a.mp4", "another server"),
        ("/redirect/http://192.0.2.7/a.mp4", "another server"),
        ("", "no path"),
        ("mnt/../../etc/passwd", "leaves its folder"),
        ("/mnt/../../etc/passwd", "leaves its folder"),
        ("/..", "leaves its folder"),
        ("/mnt/./a", "leaves its folder"),
        ("/mnt\\..\\a", "leaves its folder"),
        ("/a\x00.mp4", "control characters"),
        ("/a\r\nHost: evil.example", "control characters"),
        ("/a\x0bb", "control characters"),
        ("/a\x1b[2J", "control characters"),
        ("/a\x7f", "control characters"),
        ("/" + "a" * 10_000, "too long"),
        ("/\ud800", "surrogates not allowed"),
    ],
    ids=["ftp", "http inside", "empty", "traversal without a slash", "traversal", "parent", "dot", "backslash", "NUL",
         "CRLF", "VT", "ESC", "DEL", "long", "surrogate"],
)  # fmt: skip
def test_paths_that_must_not_be_asked_for(path, reason):
    """Nothing a camera lists makes us ask another host, another endpoint, or send a broken request."""
    with pytest.raises(ValueError, match=reason):
        loadfile_target(path)
