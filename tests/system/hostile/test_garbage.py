"""The whole program against a camera that answers garbage, with a fixed seed: one sentence and a known exit code."""

from __future__ import annotations

import io
import json
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.conftest import IS_SOAK, three_clips, tuning
from tests.system.hostile.conftest import PATHS, bodies_of, check_requests
from tests.system.hostile.server import HostileCamera, Reply, http, item, listing, serving

import camreel.jobs.export
from camreel.cli import main
from camreel.devices.http import Timeouts
from camreel.model import Address
from camreel.transfer.retry import Backoff

HASTY = tuning(
    timeouts=Timeouts(connect=0.3, headers=0.3, text=0.3, refusal=0.3, stall=0.3),
    talking=Backoff(attempts=2),
    fetching=Backoff(attempts=2),
)
ENDPOINTS = [
    "getSystemInfo",
    "getDeviceType",
    "getMachineName",
    "getCurrentTime",
    "NTP",
    "Locales",
    "factory.create",
    "findFile",
    "findNextFile",
    "close",
    "RPC_Loadfile",
]
PAGE = listing(*(item(number, path, Length=28_000) for number, path in enumerate(PATHS)))
REAL = [
    PAGE,
    "OK\r\n",
    "found=0\r\n",
    "result=2026-01-17 12:00:00\r\n",
    "Error\r\nBad Request!\r\n",
    "deviceType=IP Camera\r\n",
    "table.NTP.TimeZone=25\r\ntable.NTP.TimeZoneDesc=America/New_York\r\n",
    "table.Locales.DSTEnable=true\r\ntable.Locales.DSTStart.Month=13\r\ntable.Locales.DSTStart.Week=-9\r\n",
    '{"ErrorCode":268632081,"Result":false,"RmLock":1800}',
]
WORDS = [
    "items[",
    "0",
    "]",
    ".",
    "FilePath",
    "StartTime",
    "EndTime",
    "=",
    "/",
    "..",
    "\r\n",
    "found",
    "-1",
    "9" * 20,
    "Error",
]
HEADERS = [
    ("Content-Length", "7"),
    ("Content-Length", "-5"),
    ("Transfer-Encoding", "chunked"),
    ("Content-Encoding", "gzip"),
    ("Content-Type", "text/html; charset=utf-16"),
    ("Content-Range", "bytes 5-2/1"),
    ("Location", "https://127.0.0.1:1/"),
    ("Location", "http://[::"),
    ("Set-Cookie", "\x01=;"),
    ("WWW-Authenticate", 'Digest realm="a", nonce="b", qop="auth"'),
    ("WWW-Authenticate", 'Digest nonce=,,,", stale=true'),
    ("WWW-Authenticate", "Basic"),
    ("Retry-After", "-1"),
    ("Upgrade", "websocket"),
]

texts = st.one_of(
    st.sampled_from(REAL),
    st.text(max_size=200),
    st.lists(st.sampled_from(WORDS), max_size=60).map("".join),
    st.builds(
        lambda text, at, new: text[:at] + new + text[at + 1 :],
        st.sampled_from(REAL),
        st.integers(0, 300),
        st.text(max_size=3),
    ),
)
bodies = st.one_of(texts.map(lambda text: text.encode("utf-8", "replace")), st.binary(max_size=200))
answers = st.one_of(
    st.builds(
        http,
        bodies,
        st.sampled_from(
            [200, 200, 200, 200, 100, 204, 206, 301, 302, 304, 400, 401, 403, 404, 416, 500, 501, 503, 599, 999]
        ),
        st.lists(st.sampled_from(HEADERS), max_size=3),
        st.sampled_from([-1, -1, -1, None, 0, 1, 10**6]),
    ),
    st.binary(max_size=100),
)


@pytest.fixture(scope="module")
def stage() -> Iterator[tuple[HostileCamera, Address]]:
    """One camera for all examples, and a program that is not patient."""
    footage = bodies_of(three_clips())
    camera = HostileCamera(PAGE, dict(zip(PATHS, footage, strict=True)))
    with pytest.MonkeyPatch.context() as patch, serving(camera) as address:
        patch.setattr(sys, "argv", ["camreel"])
        patch.setattr(camreel.jobs.export, "Runtime", lambda: HASTY)
        yield camera, address


@settings(
    max_examples=200 if IS_SOAK else 20,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(st.dictionaries(st.sampled_from(ENDPOINTS), answers, min_size=1, max_size=3), st.booleans(), st.booleans())
def test_garbage_is_answered_with_a_sentence(
    stage: tuple[HostileCamera, Address], says: dict[str, Reply], login: bool, as_json: bool
) -> None:
    """No traceback, no hang (the time-out of tests), no file outside the folder, an exit code of those documented."""
    camera, address = stage
    camera.says, camera.login = dict(says), login
    camera.log.clear()
    out, err = io.StringIO(), io.StringIO()
    with tempfile.TemporaryDirectory() as folder, redirect_stdout(out), redirect_stderr(err):
        os.environ["AMCREST_PASSWORD"] = "s3cret"
        where = ["--host", str(address), "-u", "admin", "--output-dir", f"{folder}/export", "-v"]
        when = ["-s", "2026-01-16 08:00:00", "-e", "2026-01-16 08:00:12"]
        code = main([*where, *when, *(["--json"] if as_json else [])])
        assert {path.name for path in Path(folder).iterdir()} <= {"export"}
        left = [path.name for path in Path(folder).rglob("*")]
    assert code in {0, 3, 4, 5, 6, 7}, err.getvalue()
    assert "Traceback" not in err.getvalue()
    assert "s3cret" not in out.getvalue() + err.getvalue()
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", out.getvalue() + err.getvalue())
    assert not any(name.endswith(".part") for name in left), left
    assert code in {0, 4} or "camreel: error:" in err.getvalue()
    if as_json:
        json.loads(out.getvalue())
    assert sum("authorization" in asked.headers for asked in camera.log if asked.endpoint == "getSystemInfo") <= 3
    check_requests(camera, address.port)
