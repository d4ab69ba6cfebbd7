"""Answers that no camera should give: endless, packed, of another length, or from somewhere else."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator

import pytest
from tests.conftest import Bench, frame_md5s, tuning
from tests.system.hostile.conftest import PATHS, exit_code
from tests.system.hostile.server import HostileCamera, http, serving

from camreel.devices.http import Timeouts
from camreel.transfer import download
from camreel.transfer.retry import Backoff

MANY = b"".join(b"X-%d: %s\r\n" % (number, b"a" * 60) for number in range(1000))
OK, CHUNKED = b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
# How an answer begins, and what follows again and again.
ENDLESS: dict[str, tuple[bytes, bytes]] = {
    "one header": (OK + b"X: ", b"a" * 65536),
    "a header's name": (OK, b"a" * 65536),
    "many headers": (OK, MANY),
    "the status line": (b"HTTP/1.1 200 ", b"a" * 65536),
    "no line at all": (b"", b"\0" * 65536),
    "a body": (http(length=None), b"a" * 65536),
    "many small chunks": (CHUNKED, b"1\r\na\r\n" * 10_000),
    "trailers": (CHUNKED + b"0\r\n", MANY),
}
# These are cut off by the clock, for no part of them is an answer yet.
UNTIL_TIME_IS_UP = {
    "intermediate answers": (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
    "an extension of a chunk": (CHUNKED + b"5;", b"a" * 65536),
}
HASTY = tuning(
    timeouts=Timeouts(connect=0.3, headers=0.3, text=0.3, refusal=0.3, stall=0.3),
    talking=Backoff(attempts=1),
    fetching=Backoff(attempts=1),
)


class Endless:
    """Sends for as long as somebody takes it, and counts."""

    def __init__(self, begin: bytes, again: bytes) -> None:
        self._begin, self._again = begin, again
        self.sent = 0

    def __call__(self, _asked: object) -> Iterator[bytes]:
        yield self._begin
        while True:
            yield self._again
            self.sent += len(self._again)


@pytest.mark.parametrize("kind", ENDLESS)
def test_an_answer_without_an_end_is_cut_off(hostile: Callable[..., Bench], kind: str) -> None:
    """A gigabyte of headers is not taken, let alone kept: some megabytes at most, the system's buffers included."""
    endless = Endless(*ENDLESS[kind])
    run = hostile(HostileCamera(says={"getSystemInfo": endless})).export(tune=HASTY)
    assert exit_code(run) == 6
    assert endless.sent < 24 << 20


@pytest.mark.parametrize("kind", UNTIL_TIME_IS_UP)
def test_an_answer_that_never_begins_is_given_up(hostile: Callable[..., Bench], kind: str) -> None:
    """What fills the line with nothing is as good as silence."""
    run = hostile(HostileCamera(says={"getSystemInfo": Endless(*UNTIL_TIME_IS_UP[kind])})).export(tune=HASTY)
    assert exit_code(run) == 6


@pytest.mark.parametrize("kind", ["one header", "many headers", "a body", "trailers", "an extension of a chunk"])
def test_a_recording_without_an_end_is_lost_by_name(
    hostile: Callable[..., Bench],
    good: HostileCamera,
    footage: list[bytes],
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
) -> None:
    """Beyond what the recording can have, nothing is taken; the others are in the video, bit-exact."""
    monkeypatch.setattr(download, "_ROOM_BEYOND_LISTED", 1 << 20)
    good.page = good.page.replace(f"FilePath={PATHS[1]}", f"FilePath={PATHS[1]}\r\nitems[1].Length=30000")
    endless = Endless(*(ENDLESS | UNTIL_TIME_IS_UP)[kind])
    good.says["RPC_Loadfile"] = lambda asked: endless(asked) if PATHS[1] in asked.target else good._well(asked)
    run = hostile(good).export(tune=HASTY)
    assert [clip.number for clip in run.ok.clips if clip.is_lost] == [2]
    assert run.ok.exit_code == 4
    assert frame_md5s(run.output) == frame_md5s(footage[0]) + frame_md5s(footage[2])
    assert not list(run.output.parent.glob("**/*.part"))


@pytest.mark.parametrize("length", ["-1", "abc", "9223372036854775808", "1" * 400, "1, 2", "0x10", ""])
def test_a_length_that_is_none(
    hostile: Callable[..., Bench], good: HostileCamera, footage: list[bytes], length: str
) -> None:
    """Negative, beyond 64 bits, no number: that recording is lost by name."""
    good.says["RPC_Loadfile"] = lambda asked: (
        http(footage[1], length=length) if PATHS[1] in asked.target else good._well(asked)
    )
    run = hostile(good).export(tune=HASTY)
    assert {clip.number for clip in run.ok.clips if clip.is_lost} == {2}
    assert frame_md5s(run.output) == frame_md5s(footage[0]) + frame_md5s(footage[2])


def test_what_comes_after_the_announced_length_is_in_no_clip(
    hostile: Callable[..., Bench], good: HostileCamera, footage: list[bytes]
) -> None:
    """More bytes than announced, or another answer behind the first: never in the clip; else it is lost by name."""
    more = {PATHS[0]: b"x" * (1 << 20), PATHS[1]: http("Error")}
    good.says["RPC_Loadfile"] = lambda asked: [
        good._well(asked),
        *(after for path, after in more.items() if path in asked.target),
    ]
    run = hostile(good).export()
    lost = {clip.number for clip in run.ok.clips if clip.is_lost}
    assert 3 not in lost
    kept = [clip for number, clip in enumerate(footage, 1) if number not in lost]
    assert frame_md5s(run.output) == [md5 for clip in kept for md5 in frame_md5s(clip)]


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "x"])
@pytest.mark.parametrize("endpoint", ["getSystemInfo", "findNextFile", "RPC_Loadfile"])
def test_a_packed_answer_is_refused(
    hostile: Callable[..., Bench], good: HostileCamera, endpoint: str, encoding: str
) -> None:
    """It was not asked for, and 300 KB of it can be 300 MB."""
    packed = http(gzip.compress(bytes(64 << 20), 1), headers=[("Content-Encoding", encoding)])
    good.says[endpoint] = packed
    run = hostile(good).export()
    assert all(asked.headers["accept-encoding"] == "identity" for asked in good.log)
    assert exit_code(run) == 6
    assert "compressed" in str(run.error)


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
@pytest.mark.parametrize("endpoint", ["getSystemInfo", "getCurrentTime", "findFile", "findNextFile", "RPC_Loadfile"])
def test_nothing_is_followed_to_another_host(
    hostile: Callable[..., Bench], good: HostileCamera, endpoint: str, status: int
) -> None:
    """Not with the password, not without: the other host is not even asked."""
    thief = HostileCamera(login=True)
    with serving(thief) as elsewhere:
        there = ("Location", f"http://localhost:{elsewhere.port}/cgi-bin/RPC_Loadfile/mnt/sd/a.mp4")
        good.login = True
        good.says[endpoint] = http(b"", status, [there, ("Refresh", f"0; url={there[1]}")])
        run = hostile(good).export()
    assert thief.log == []
    assert exit_code(run) == 6


def test_no_proxy_is_asked(hostile: Callable[..., Bench], good: HostileCamera, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the environment says: the camera is asked, and nobody else."""
    thief = HostileCamera()
    with serving(thief) as elsewhere:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY"):
            monkeypatch.setenv(name, str(elsewhere))
        monkeypatch.delenv("NO_PROXY", raising=False)
        assert hostile(good).export().ok.exit_code == 0
    assert thief.log == []


def test_a_cookie_goes_to_no_other_host_and_changes_nothing(hostile: Callable[..., Bench], good: HostileCamera) -> None:
    """Cookies for other hosts are dropped; the video is the same."""
    good.says["getSystemInfo"] = http(
        "deviceType=X\r\n", headers=[("Set-Cookie", "a=b; Domain=example.org"), ("Set-Cookie", "secure; HttpOnly")]
    )
    assert hostile(good).export().ok.exit_code == 0
    assert not any("a=b" in asked.headers.get("cookie", "") for asked in good.log)
