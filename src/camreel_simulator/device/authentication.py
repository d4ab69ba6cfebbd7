"""Authenticate requests by Digest (RFC 7616, ``qop=auth``) or Basic, with device differences as switches."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Mapping

    from camreel_simulator.device.quirks import Quirks
    from camreel_simulator.http.message import HttpRequest

_PAIR = re.compile(r'(\w+)\s*=\s*("(?:[^"\\]|\\.)*"|[^,\s]*)')
_BASIC = 'Basic realm="Device_CGI"'


@dataclass(frozen=True)
class Verdict:
    """What the door says to one request."""

    welcome: bool
    reason: str | None = None
    """Why not; None where no credentials came."""
    counts: bool = False
    """True if this was a rejected login, one of those that lock an account."""
    stale: bool = False
    """True if the password was right and only the nonce was not."""
    forbidden: bool = False
    """Answer 403 without a challenge instead of 401."""


@dataclass
class _Nonce:
    connection: int
    used: set[int] = field(default_factory=set)


class Door:
    """Checks logins, hands out nonces, and counts what was rejected."""

    def __init__(self, username: str, password: str, serial: str, quirks: Quirks) -> None:
        self._username, self._password, self._quirks = username, password, quirks
        name = hashlib.md5(serial.encode(), usedforsecurity=False).hexdigest() if quirks.long_challenge else serial
        self._realm = f"Login to {name}" if quirks.realm is None else quirks.realm
        opaque = hashlib.sha1(serial.encode(), usedforsecurity=False).hexdigest()
        self._opaque = "" if quirks.long_challenge else opaque
        self._nonces: dict[str, _Nonce] = {}
        self._row = 0
        self._stale_due = quirks.stale_once
        self.rejected = 0
        self._accepted = 0

    @property
    def locked(self) -> bool:
        """True once too many logins in a row were rejected."""
        limit = self._quirks.lock_after
        return limit is not None and self._row >= limit

    def unlock(self) -> None:
        """As if the lock had run out."""
        self._row = 0

    def check(self, request: HttpRequest) -> Verdict:
        """Judge the ``Authorization`` of a request, and count it."""
        scheme, _, rest = request.headers.get("authorization", "").partition(" ")
        if not scheme:
            return Verdict(welcome=False)
        if scheme.lower() != "basic" and self._is_only_basic_now:
            return Verdict(welcome=False, reason="only Basic is taken now")
        verdict = self._basic(rest) if scheme.lower() == "basic" else self._digest(request, scheme, rest)
        if verdict.counts:
            self.rejected += 1
            self._row += 1
        elif verdict.welcome:
            self._row = 0
            self._accepted += 1
        return verdict

    def reboot(self) -> None:
        """A reboot forgets nonces and the lock."""
        self._nonces.clear()
        self._row = 0

    def challenges(self, connection: int, *, stale: bool) -> tuple[tuple[str, str], ...]:
        """The ``WWW-Authenticate`` headers of a 401, with a fresh nonce."""
        if self._quirks.basic_only or self._is_only_basic_now:
            return (("WWW-Authenticate", _BASIC),)
        offers = [_BASIC] if self._quirks.basic_too or self._quirks.several_challenges else []
        if self._quirks.unknown_algorithm is not None:
            offers = [_BASIC, self._offer(self._quirks.unknown_algorithm, self._fresh(connection), stale=False)]
            return tuple(("WWW-Authenticate", offer) for offer in offers)
        nonce = self._fresh(connection)
        offers += [self._offer(algorithm, nonce, stale=stale) for algorithm in reversed(self._algorithms)]
        return tuple(("WWW-Authenticate", offer) for offer in offers)

    @property
    def _is_only_basic_now(self) -> bool:
        return self._quirks.basic_after is not None and self._accepted >= self._quirks.basic_after

    @property
    def _algorithms(self) -> tuple[str, ...]:
        return ("MD5", "SHA-256") if self._quirks.several_challenges else (self._quirks.algorithm,)

    def _fresh(self, connection: int) -> str:
        short = f"{secrets.randbelow(10**9)}{len(self._nonces):04}"
        nonce = secrets.token_hex(32) if self._quirks.long_challenge else short
        self._nonces[nonce] = _Nonce(connection)
        return nonce

    def _offer(self, algorithm: str, nonce: str, *, stale: bool) -> str:
        qop = "auth,auth-int" if self._quirks.offers_auth_int else "auth"
        realm = re.sub(r'(["\\])', r"\\\1", self._realm)
        offer = f'Digest realm="{realm}",qop="{qop}",nonce="{nonce}",opaque="{self._opaque}"'
        if algorithm != "MD5":
            offer += f",algorithm={algorithm}"
        stale = stale and self._quirks.says_stale
        if self._quirks.long_challenge:
            return f'{offer}, stale="{str(stale).lower()}"'
        return f"{offer},stale=TRUE" if stale else offer

    def _basic(self, encoded: str) -> Verdict:
        quirks = self._quirks
        if not (quirks.basic_only or quirks.basic_too or quirks.unknown_algorithm or self._is_only_basic_now):
            return _rejected("Basic is not accepted here")
        wanted = base64.b64encode(f"{self._username}:{self._password}".encode())
        right = hmac.compare_digest(encoded.strip().encode(), wanted)
        return Verdict(welcome=True) if right else _rejected("wrong user or password")

    def _digest(self, request: HttpRequest, scheme: str, rest: str) -> Verdict:
        if scheme.lower() != "digest" or self._quirks.basic_only:
            return _rejected(f"{scheme} is not accepted here")
        raw = dict(_PAIR.findall(rest))
        if self._quirks.unquoted_only and any(raw.get(key, "").startswith('"') for key in ("qop", "nc", "algorithm")):
            return _rejected("quoted qop, nc or algorithm")
        fields = {key.lower(): _unquoted(value) for key, value in raw.items()}
        problem = self._mistake(request, fields)
        if problem is not None:
            return _rejected(problem)
        return self._nonce_verdict(request, fields)

    def _mistake(self, request: HttpRequest, fields: Mapping[str, str]) -> str | None:
        """What is wrong with the answer itself, whatever became of its nonce."""
        wanted = {
            "username": self._username,
            "realm": self._realm,
            "uri": self._signed_target(request, fields),
            "qop": "auth",
        }
        if "opaque" in fields:  # curl sends it back, other clients leave it out: devices take both
            wanted["opaque"] = self._opaque
        for key, value in wanted.items():
            if fields.get(key) != value:
                return f"{key} is {fields.get(key)!r}, not {value!r}"
        if fields.get("algorithm", "MD5").upper() not in self._algorithms:
            return f"algorithm is {fields.get('algorithm')!r}"
        if not re.fullmatch(r"[0-9a-fA-F]{8}", fields.get("nc", "")) or not fields.get("cnonce"):
            return "nc is not 8 hex digits, or there is no cnonce"
        if not hmac.compare_digest(fields.get("response", "").encode(), self._response(request, fields).encode()):
            return "wrong password"
        return None

    def _signed_target(self, request: HttpRequest, fields: Mapping[str, str]) -> str:
        """What ``uri`` must be; where the device is lax, what it is, if it means the same."""
        uri = fields.get("uri", "")
        lax = not self._quirks.strict_uri and unquote(uri) == request.decoded
        return uri if lax else request.target

    def _nonce_verdict(self, request: HttpRequest, fields: Mapping[str, str]) -> Verdict:
        nonce = self._nonces.get(fields.get("nonce", ""))
        if nonce is None:
            return Verdict(welcome=False, reason="unknown nonce", stale=True)
        if self._quirks.nonce_bound_to_connection and nonce.connection != request.connection:
            return _rejected("nonce of another connection")
        count = int(fields["nc"], 16)
        if count in nonce.used or (nonce.used and self._quirks.nonce_single_use):
            return Verdict(
                welcome=False, reason="nonce was used before", stale=True, forbidden=self._quirks.reuse_status == 403
            )
        nonce.used.add(count)
        if self._stale_due:
            self._stale_due = False
            return Verdict(welcome=False, reason="declared stale", stale=True)
        return Verdict(welcome=True)

    def _response(self, request: HttpRequest, fields: Mapping[str, str]) -> str:
        name = "md5" if fields.get("algorithm", "MD5").upper() == "MD5" else "sha256"

        def digest(value: str | bytes) -> str:
            data = value.encode() if isinstance(value, str) else value
            return hashlib.new(name, data, usedforsecurity=False).hexdigest()

        who = (self._username.encode(), self._realm.encode("latin-1"), self._password.encode())
        ha1 = digest(b":".join(who))
        ha2 = digest(f"{request.method}:{fields['uri']}")
        return digest(":".join((ha1, fields.get("nonce", ""), fields["nc"], fields["cnonce"], fields["qop"], ha2)))


def _rejected(reason: str) -> Verdict:
    return Verdict(welcome=False, reason=reason, counts=True)


def _unquoted(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value
