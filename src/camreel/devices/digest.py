"""HTTP authentication, Digest and Basic: from a camera's challenge to our answer. Pure.

Own code, because these devices want less than what libraries send: ``qop`` and ``nc`` unquoted (Amcrest
IP5M-1190EW and Dahua IPC-T2431T-AS answer 401 otherwise), ``uri`` equal to the bytes on the wire, and Basic only
if nothing else is offered.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from camreel.model import Credentials


@dataclass(frozen=True, slots=True)
class Challenge:
    """One scheme that a 401 offers; parameter names in lower case."""

    scheme: str
    parameters: Mapping[str, str]

    @property
    def stale(self) -> bool:
        """Whether the camera says that only the nonce was too old, not the login wrong."""
        return self.parameters.get("stale", "").lower() == "true"

    @property
    def qops(self) -> tuple[str, ...]:
        """The qualities of protection on offer."""
        return tuple(part.strip().lower() for part in self.parameters.get("qop", "").split(",") if part.strip())


# Elements of WWW-Authenticate: a scheme, a parameter, or a scheme with its first parameter. Values may be quoted and
# hold commas; firmware differs in blanks round commas and in what it quotes.
_ELEMENT = re.compile(
    r"""[\s,]*
        (?:(?P<scheme>[A-Za-z][A-Za-z0-9-]*)(?=\s+[A-Za-z0-9_-]+\s*=|\s*(?:,|$))(?!\s*=)\s*)?
        (?:(?P<key>[A-Za-z0-9_-]+)\s*=\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<bare>[^\s,"]*)))?""",
    re.VERBOSE,
)


def parse_challenges(headers: Iterable[str]) -> list[Challenge]:
    """Return all challenges of all ``WWW-Authenticate`` headers, in order. What does not parse ends its header."""
    challenges: list[Challenge] = []
    for header in headers:
        found: list[tuple[str, dict[str, str]]] = []
        position = 0
        while position < len(header):
            element = _ELEMENT.match(header, position)
            if element is None or element.end() == position or not (element["scheme"] or element["key"]):
                break
            position = element.end()
            if element["scheme"]:
                found.append((element["scheme"].lower(), {}))
            if element["key"] and found:
                quoted = element["quoted"]
                value = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else element["bare"]
                found[-1][1].setdefault(element["key"].lower(), value)
        challenges += [Challenge(scheme, parameters) for scheme, parameters in found]
    return challenges


_HASHES = {"MD5": "md5", "SHA-256": "sha256"}
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")  # no header of ours can hold these


def choose(challenges: Iterable[Challenge]) -> Challenge | None:
    """Return the challenge to answer: Digest with a known hash, ``auth`` before ``auth-int``; else Basic; else None."""
    offered = list(challenges)
    digests = [c for c in offered if c.scheme == "digest" and _can_answer(c)]
    digests.sort(key=lambda c: bool(c.qops) and "auth" not in c.qops)
    if any(c.scheme == "digest" for c in offered):
        return next(iter(digests), None)  # never the password in clear where something better was offered
    return next((c for c in offered if c.scheme == "basic"), None)


def _can_answer(challenge: Challenge) -> bool:
    """Return whether an answer can be right: a wrong one counts as a failed login."""
    parameters, qops = challenge.parameters, challenge.qops
    if not _hash_name(challenge) or not parameters.get("nonce"):
        return False
    return (not qops or bool({"auth", "auth-int"} & {*qops})) and not any(map(_CONTROL.search, parameters.values()))


def _hash_name(challenge: Challenge) -> str | None:
    return _HASHES.get(challenge.parameters.get("algorithm", "MD5").upper().removesuffix("-SESS"))


def answer(challenge: Challenge, credentials: Credentials, method: str, target: str, cnonce: str) -> str:
    """Return the ``Authorization`` header for one request; ``target`` as it is sent. Each nonce is used once."""
    if challenge.scheme == "basic":
        pair = f"{credentials.username}:{credentials.password}".encode("utf-8", "surrogateescape")
        return "Basic " + b64encode(pair).decode("ascii")
    parameters = challenge.parameters
    algorithm, realm, nonce = parameters.get("algorithm"), parameters.get("realm", ""), parameters["nonce"]
    hash_name = _hash_name(challenge)
    assert hash_name is not None, "choose() takes no other"

    def digest(*parts: str) -> str:
        # A realm in Latin-1 or GBK arrives with surrogate escapes; the camera hashes the bytes it sent.
        joined = ":".join(parts).encode("utf-8", "surrogateescape")
        return hashlib.new(hash_name, joined, usedforsecurity=False).hexdigest()

    secret = digest(credentials.username, realm, credentials.password)
    if algorithm and algorithm.upper().endswith("-SESS"):
        secret = digest(secret, nonce, cnonce)
    qop = next((known for known in ("auth", "auth-int") if known in challenge.qops), None)
    asked = digest(method, target, digest("")) if qop == "auth-int" else digest(method, target)
    response = digest(secret, nonce, "00000001", cnonce, qop, asked) if qop else digest(secret, nonce, asked)
    fields = [
        f"username={_quoted(credentials.username)}",
        f"realm={_quoted(realm)}",
        f"nonce={_quoted(nonce)}",
        f"uri={_quoted(target)}",
        f'response="{response}"',
    ]
    if parameters.get("opaque"):  # an empty one is left out, as the clients do that are known to work
        fields.append(f"opaque={_quoted(parameters['opaque'])}")
    if algorithm:
        fields.append(f"algorithm={algorithm}")
    if qop:
        fields += [f"qop={qop}", "nc=00000001", f'cnonce="{cnonce}"']
    return "Digest " + ", ".join(fields)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
