"""How one secret can be written: as it is, escaped, in base64, as a hash. Pure."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from urllib.parse import quote, quote_plus

_LEAST_BASE64 = 6  # characters; less is found everywhere by chance


def written_forms(value: str) -> tuple[str, ...]:
    """``value``, and percent-encoded in each usual way."""
    data = value.encode("utf-8", "surrogateescape")
    escaped = (quote(data, safe=""), quote(data), quote(data, safe="[]:/.-_~,*@"), quote_plus(data))
    return tuple(dict.fromkeys((value, *escaped)))


def coded_forms(value: str) -> tuple[str, ...]:
    """``value`` in base64, at each of the three places where it can begin, and as MD5."""
    data = value.encode("utf-8", "surrogateescape")
    return (*_base64_forms(data), hashlib.md5(data).hexdigest())  # noqa: S324 - to find it


def login_forms(username: str, realm: str, password: str) -> tuple[str, ...]:
    """What a login looks like on the wire: Basic's pair, and the hash that opens digest (MD5 and SHA-256)."""
    pair = f"{username}:{password}".encode("utf-8", "surrogateescape")
    secret = f"{username}:{realm}:{password}".encode("utf-8", "surrogateescape")
    hashes = (hashlib.md5(secret).hexdigest(), hashlib.sha256(secret).hexdigest())  # noqa: S324 - to find it
    return (*_base64_forms(pair), *hashes)


def _base64_forms(data: bytes) -> tuple[str, ...]:
    """The characters that ``data`` alone decides, wherever it begins within a group of three bytes."""
    forms = []
    for before in range(3):
        text = b64encode(b"\0" * before + data).decode("ascii")
        form = text[-(-before * 8 // 6) : (before + len(data)) * 8 // 6]
        if len(form) >= _LEAST_BASE64:
            forms.append(form)
    return tuple(forms)
