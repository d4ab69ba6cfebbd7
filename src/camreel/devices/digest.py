"""HTTP authentication, Digest and Basic: from a camera's challenge to our answer. Pure.

Own code, because these devices want less than what libraries send: ``qop`` and ``nc`` unquoted (Amcrest
IP5M-1190EW and Dahua IPC-T2431T-AS answer 401 otherwise), ``uri`` equal to the bytes on the wire, a realm of any
bytes, and Basic never beside Digest, known or not.

A nonce may serve for several requests, which saves an answer each. Some firmware refuses its second use (401, with or
without ``stale``, or 403), and may count that as a failed login. So nothing is tried before a login has worked. Then
one nonce is used a second time, once, and the verdict holds for the run; a refusal is remembered for later runs, too.
A nonce stays on the connection that it came on: one that a device binds to it would be refused elsewhere. It is free
for any connection only if the device itself has shown that it does not bind it: it closed the connection after its
401, and took the login over another.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from camreel.errors import printable
from camreel.model import Credentials

if TYPE_CHECKING:
    import asyncio


@dataclass(frozen=True, slots=True)
class Challenge:
    """One scheme that a 401 offers; parameter names in lower case. Bytes that are no UTF-8 are surrogate escapes.

    ``quoted`` has the values as they stood between quotes, to be sent back byte for byte.
    """

    scheme: str
    parameters: Mapping[str, str]
    quoted: Mapping[str, str] = field(default_factory=dict, compare=False)

    @property
    def is_digest(self) -> bool:
        """Whether it asks for Digest, in whatever form."""
        return "digest" in self.scheme

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
    """Return all challenges of all ``WWW-Authenticate`` headers, in order. What does not parse ends its header.

    If that has the word Digest in it, it is a challenge without parameters, which nobody can answer.
    """
    challenges: list[Challenge] = []
    for header in headers:
        found: list[tuple[str, dict[str, str], dict[str, str]]] = []
        position = 0
        while position < len(header):
            element = _ELEMENT.match(header, position)
            if element is None or element.end() == position or not (element["scheme"] or element["key"]):
                break
            position = element.end()
            if element["scheme"]:
                found.append((element["scheme"].lower(), {}, {}))
            if element["key"] and found:
                _add(element, *found[-1][1:])
        challenges += [Challenge(*each) for each in found]
        if "digest" in header[position:].lower():
            challenges.append(Challenge("digest", {}))
    return challenges


def _add(element: re.Match[str], parameters: dict[str, str], as_quoted: dict[str, str]) -> None:
    """Add the parameter of ``element``, unless there is one of its name."""
    key, quoted = element["key"].lower(), element["quoted"]
    if key in parameters:
        return
    if quoted is None:
        parameters[key] = element["bare"]
    else:
        as_quoted[key] = quoted
        # Firmware that knows no escapes sends a backslash as it is, and hashes it.
        parameters[key] = re.sub(r'\\(["\\])', r"\1", quoted)


_HASHES = {"SHA-256": "sha256", "MD5": "md5"}  # the strongest first
_STRENGTH = [*_HASHES.values()]
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")  # no header of ours can hold these


def choose(challenges: Iterable[Challenge]) -> Challenge | None:
    """Return the challenge to answer: Digest with the strongest hash, ``auth`` before ``auth-int``; else Basic.

    None if there is neither, and if a Digest that cannot be answered is offered, whatever is offered beside it.
    """
    offered = list(challenges)
    if any(challenge.is_digest for challenge in offered):
        return min(filter(_can_answer, offered), key=_rank, default=None)  # never the password in clear beside Digest
    return next((challenge for challenge in offered if challenge.scheme == "basic"), None)


def _rank(challenge: Challenge) -> tuple[int, bool]:
    return _STRENGTH.index(_hash_name(challenge) or "md5"), bool(challenge.qops) and "auth" not in challenge.qops


def unknown_digest(challenges: Iterable[Challenge]) -> str | None:
    """Return in words what the first Digest asks for that is not known here; None if Digest is not offered."""
    for challenge in challenges:
        if challenge.is_digest:
            algorithm = challenge.parameters.get("algorithm", "MD5")
            if not _hash_name(challenge):
                return f"the algorithm {printable(algorithm, 40)!r}"
            if challenge.qops and not _KNOWN_QOPS.intersection(challenge.qops):
                return f"the qop {printable(', '.join(challenge.qops), 40)!r}"
            return "a malformed challenge"
    return None


_KNOWN_QOPS = frozenset(("auth", "auth-int"))


def _can_answer(challenge: Challenge) -> bool:
    """Return whether an answer can be right: a wrong one counts as a failed login."""
    parameters, qops = challenge.parameters, challenge.qops
    if challenge.scheme != "digest" or not _hash_name(challenge) or not parameters.get("nonce"):
        return False
    return (not qops or bool(_KNOWN_QOPS & {*qops})) and not any(map(_CONTROL.search, parameters.values()))


def _hash_name(challenge: Challenge) -> str | None:
    return _HASHES.get(challenge.parameters.get("algorithm", "MD5").upper().removesuffix("-SESS"))


def can_serve_again(challenge: Challenge) -> bool:
    """Return whether RFC 7616 lets its nonce serve for several requests, each with a count of its own."""
    is_session = challenge.parameters.get("algorithm", "").upper().endswith("-SESS")
    return challenge.is_digest and "auth" in challenge.qops and not is_session


def answer(
    challenge: Challenge, credentials: Credentials, method: str, target: str, cnonce: str, *, count: int = 1
) -> str:
    """Return the ``Authorization`` header for one request; ``target`` as it is sent.

    ``count`` is how often the nonce is used, this time included.
    What the camera sent of bytes that are no UTF-8 is in it as surrogate escapes.
    """
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
    used = f"{count:08x}"
    response = digest(secret, nonce, used, cnonce, qop, asked) if qop else digest(secret, nonce, asked)

    def sent_back(key: str) -> str:
        as_quoted = challenge.quoted.get(key)
        return _quoted(parameters.get(key, "")) if as_quoted is None else f'"{as_quoted}"'

    fields = [
        f"username={_quoted(credentials.username)}",
        f"realm={sent_back('realm')}",
        f"nonce={sent_back('nonce')}",
        f"uri={_quoted(target)}",
        f'response="{response}"',
    ]
    if parameters.get("opaque"):  # an empty one is left out, as the clients do that are known to work
        fields.append(f"opaque={sent_back('opaque')}")
    if algorithm:
        fields.append(f"algorithm={algorithm}")
    if qop:
        fields += [f"qop={qop}", f"nc={used}", f'cnonce="{cnonce}"']
    return "Digest " + ", ".join(fields)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


_FRESH = 20.0  # seconds; a nonce that has run out may be refused without ``stale``, and count as a failed login
_MOST_USES = 200
_MOST_FREE = 8


@dataclass(eq=False)
class Nonce:
    """A challenge that a login has answered. ``given`` counts seconds; ``uses`` is how often it went out."""

    challenge: Challenge
    transport: asyncio.BaseTransport | None
    given: float
    uses: int = 1

    def is_usable(self, now: float) -> bool:
        """Return whether it is neither old nor worn."""
        return now - self.given <= _FRESH and self.uses < _MOST_USES

    @property
    def is_on_open_connection(self) -> bool:
        """Whether the connection that it belongs to is open, as far as that shows."""
        return self.transport is not None and not self.transport.is_closing()


class NonceReuse:
    """What a device does with the second use of a nonce, and the nonces that are free for any connection.

    ``serves_again`` is None until one was tried. ``is_unbound``: it took a nonce on another connection than the one
    that it came on.
    """

    def __init__(self) -> None:
        self.serves_again: bool | None = None
        self.is_unbound = False
        self._on_trial: Nonce | None = None
        self._free: list[Nonce] = []

    def take(self, own: Nonce | None, now: float) -> Nonce | None:
        """Return a nonce for one more request: ``own`` or a free one; None if there is none that may be used.

        Nobody else gets it before it is given back, so that the device sees its counts in their order.
        """
        if self.serves_again is False or self._on_trial is not None:
            return None
        nonce = own if own is not None and own.is_on_open_connection else None
        if self.is_unbound:
            self._free = [each for each in self._free if each.is_usable(now)]
            nonce = self._free.pop() if self._free else None
        if nonce is None or not nonce.is_usable(now):
            return None
        if self.serves_again is None:
            self._on_trial = nonce
        nonce.uses += 1
        return nonce

    def give(self, nonce: Nonce) -> None:
        """Let any connection take ``nonce``, if the device does not bind it."""
        if self.is_unbound and len(self._free) < _MOST_FREE:
            self._free.append(nonce)

    def worked(self, nonce: Nonce) -> None:
        """Note that the device took ``nonce`` once more."""
        self.serves_again = self.serves_again is not False
        self._end_trial(nonce)

    def failed(self, nonce: Nonce, *, stale: bool = False) -> bool:
        """Note that it did not. Return whether later runs should know.

        ``stale``: it said that ``nonce`` is too old, which is no failed login, and no verdict if it was used before.
        """
        has_worked = nonce.uses > 2
        self._end_trial(nonce)
        if not (stale and has_worked):
            self.serves_again = False
            self._free.clear()
        return not has_worked

    def unanswered(self, nonce: Nonce) -> None:
        """Note that no answer came: in this run it is not tried again."""
        if self._on_trial is nonce:
            self.serves_again = False
        self._end_trial(nonce)

    def _end_trial(self, nonce: Nonce) -> None:
        if self._on_trial is nonce:
            self._on_trial = None
