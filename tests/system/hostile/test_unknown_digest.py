"""A login in a Digest that is not known, with Basic beside it: not a byte of the password goes out."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.conftest import Bench
from tests.system.hostile.conftest import exit_code
from tests.system.hostile.server import HostileCamera, http

BASIC = ("WWW-Authenticate", 'Basic realm="Login to X"')


@pytest.mark.parametrize("algorithm", ["MD4", "SHA-512-256", "SHA3-256-sess"])
@pytest.mark.parametrize("basic_first", [True, False], ids=["Basic first", "Basic last"])
def test_nothing_is_sent(hostile: Callable[..., Bench], good: HostileCamera, algorithm: str, basic_first: bool) -> None:
    digest = ("WWW-Authenticate", f'Digest realm="Login to X", qop="auth", nonce="n1", algorithm={algorithm}')
    good.says["*"] = http(b"Error", 401, [BASIC, digest] if basic_first else [digest, BASIC])
    run = hostile(good).export()
    assert exit_code(run) != 0
    assert good.log
    assert not [asked for asked in good.log if "authorization" in asked.headers]
