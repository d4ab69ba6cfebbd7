"""A foreign client for the simulated camera: the standard library's, which knows nothing of it."""

from __future__ import annotations

import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime

import pytest

from camreel_simulator import Server, SimulatedCamera, running

NOON = datetime(2026, 1, 16, 12, 0, 0)  # noqa: DTZ001 - the camera's wall clock
LOADFILE = "/cgi-bin/RPC_Loadfile"


@dataclass(frozen=True)
class Reply:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass(frozen=True)
class Client:
    """urllib with its own digest: one connection per request."""

    server: Server
    opener: urllib.request.OpenerDirector

    @property
    def camera(self) -> SimulatedCamera:
        return self.server.camera

    def get(self, target: str, method: str = "GET", **headers: str) -> Reply:
        request = urllib.request.Request(self.server.url + target, headers=headers, method=method)
        try:
            with self.opener.open(request, timeout=20) as answer:
                return Reply(answer.status, _lower(answer.headers.items()), answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return Reply(error.code, _lower(error.headers.items()), error.read())

    def create(self) -> str:
        reply = self.get("/cgi-bin/mediaFileFind.cgi?action=factory.create")
        assert reply.status == 200
        name, _, value = reply.text.partition("=")
        assert name.strip() == "result"
        return value.strip()

    def find(self, finder: str, start: str, end: str, extra: str = "", channel: str = "1") -> Reply:
        return self.get(
            f"/cgi-bin/mediaFileFind.cgi?action=findFile&object={finder}&condition.Channel={channel}"
            f"&condition.StartTime={start}&condition.EndTime={end}{extra}"
        )

    def next(self, finder: str, count: int = 100) -> Reply:
        return self.get(f"/cgi-bin/mediaFileFind.cgi?action=findNextFile&object={finder}&count={count}")

    def search(self, start: str, end: str, extra: str = "") -> list[dict[str, str]]:
        """All items of a window, by whole pages; no items where the camera answers 400."""
        finder, items = self.create(), list[dict[str, str]]()
        if self.find(finder, start, end, extra).status == 200:
            while page := parse_items(self.next(finder).text):
                items += page
        return items


def _lower(pairs: object) -> dict[str, str]:
    return {name.lower(): value for name, value in pairs}  # type: ignore[attr-defined]


def parse_items(text: str) -> list[dict[str, str]]:
    """The items of a page; checks CR LF, and ``found`` against the number of items."""
    assert text.endswith("\r\n")
    assert "\n" not in text.replace("\r\n", "")
    first, *rows = text.removesuffix("\r\n").split("\r\n")
    items: dict[int, dict[str, str]] = {}
    for row in rows:
        key, _, value = row.partition("=")
        index, _, name = key.removeprefix("items[").partition("].")
        items.setdefault(int(index), {})[name] = value
    assert first == f"found={len(items)}"
    assert sorted(items) == list(range(len(items)))
    return [items[index] for index in sorted(items)]


@pytest.fixture
def serve() -> Iterator[Callable[..., Client]]:
    """Run cameras until the test is over: ``serve(camera)`` gives a client of it, with another password a stranger."""
    with ExitStack() as stack:

        def start(camera: SimulatedCamera, password: str | None = None) -> Client:
            server = stack.enter_context(running(camera))
            return client_of(server, camera.password if password is None else password)

        yield start


def client_of(server: Server, password: str, trust: ssl.SSLContext | None = None) -> Client:
    secrets = urllib.request.HTTPPasswordMgrWithDefaultRealm()
    secrets.add_password(None, server.url, server.camera.username, password)
    return Client(
        server,
        urllib.request.build_opener(
            urllib.request.ProxyHandler({}),
            urllib.request.HTTPSHandler(context=trust),
            urllib.request.HTTPDigestAuthHandler(secrets),
            urllib.request.HTTPBasicAuthHandler(secrets),
        ),
    )
