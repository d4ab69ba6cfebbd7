"""What came over the wire, noted as it comes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import anyio

_MOST_HEARD = 2000  # answers; a visit has some forty questions, of two answers each


@dataclass(frozen=True, slots=True)
class Heard:
    """One answer, the refusals too. ``signed``: the request carried a login; ``whole``: its body was read."""

    target: str
    status: int
    headers: tuple[tuple[str, str], ...]
    signed: bool
    seconds: float = 0.0
    body: bytes = b""
    whole: bool = False

    def header(self, name: str) -> tuple[str, ...]:
        """All values of a header."""
        return tuple(value for key, value in self.headers if key.lower() == name.lower())

    @property
    def content_type(self) -> str:
        """As it was said."""
        return next(iter(self.header("Content-Type")), "")


@dataclass(frozen=True, slots=True)
class Asked:
    """One question and its last answer: ``status`` None where there was none, ``problem`` says why."""

    target: str
    status: int | None = None
    content_type: str = ""
    body: bytes = b""
    problem: str = ""

    @property
    def text(self) -> str:
        """The body, whatever bytes are in it."""
        return self.body.decode("utf-8", "replace")


@dataclass
class Notebook:
    """A witness of one connection (``camera.http.Witness``)."""

    heard: list[Heard] = field(default_factory=list)
    _since: float = field(default_factory=anyio.current_time)

    def met(self, target: str, status: int, headers: tuple[tuple[str, str], ...], *, signed: bool) -> None:
        """An answer has begun."""
        if len(self.heard) < _MOST_HEARD:
            now = anyio.current_time()
            self.heard.append(Heard(target, status, headers, signed, now - self._since))
            self._since = now

    def read(self, body: bytes) -> None:
        """Its body is here."""
        if self.heard:
            self.heard[-1] = replace(self.heard[-1], body=body, whole=True)
