"""A look's page in Chromium: driven over its debugging pipe, with all that it would load noted. No driver is needed."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from tests.ui.browser.watching import SWITCHES


@dataclass
class Tab:
    """One page. ``requests`` are the addresses of all that it asked for, ``troubles`` the browser's complaints."""

    orders: IO[bytes]
    answers: IO[bytes]
    session: str = ""
    number: int = 0
    requests: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    left: bytearray = field(default_factory=bytearray)
    """Of what the browser has said, that nobody has looked at."""

    def tell(self, method: str, **parameters: Any) -> Any:
        """Send an order of the DevTools protocol, and wait for what it gives."""
        self.number += 1
        order = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            order["sessionId"] = self.session
        self.orders.write(json.dumps(order).encode() + b"\0")
        while (answer := self._next()).get("id") != self.number:
            self._note(answer)
        assert "error" not in answer, answer
        return answer["result"]

    def wait_for(self, event: str) -> None:
        """Until the browser tells of ``event``."""
        while (answer := self._next()).get("method") != event:
            self._note(answer)

    def _note(self, answer: dict[str, Any]) -> None:
        name, facts = answer.get("method"), answer.get("params", {})
        if name == "Network.requestWillBeSent":
            self.requests.append(facts["request"]["url"])
        elif name == "Log.entryAdded":
            self.troubles.append(facts["entry"]["text"])
        elif name == "Runtime.exceptionThrown":
            self.troubles.append(facts["exceptionDetails"]["text"])

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self.left:
            more = os.read(self.answers.fileno(), 1 << 16)
            assert more, "the browser has gone"
            self.left += more
        end = self.left.index(b"\0")
        answer: dict[str, Any] = json.loads(self.left[:end])
        del self.left[: end + 1]
        return answer

    def run(self, script: str) -> Any:
        """What an expression is in the page."""
        made = self.tell("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True, userGesture=True)
        assert "exceptionDetails" not in made, made
        return made["result"].get("value")

    def press(self, key: str, *, shift: bool = False) -> None:
        """A key, as a person presses it."""
        text = {"text": "\r"} if key == "Enter" else {}
        for kind in ("keyDown", "keyUp"):
            self.tell(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                code=key,
                windowsVirtualKeyCode=_KEYS[key],
                modifiers=_SHIFT if shift else 0,
                **text,
            )

    def place(self, selector: str, across: float = 0.5) -> tuple[float, float]:
        """Where an element is on the screen, scrolled to: ``across`` of its width, in the middle of its height."""
        x, y = self.run(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            "e.scrollIntoView({block: 'center', behavior: 'instant'}); const b = e.getBoundingClientRect();"
            f"return [b.left + b.width * {across}, b.top + b.height / 2] }})()"
        )
        return x, y

    def click(self, selector: str, *, across: float = 0.5, shift: bool = False) -> None:
        """An element, with the mouse."""
        self.drag(selector, across, across, shift=shift)

    def drag(self, selector: str, start: float, end: float, *, shift: bool = False) -> None:
        """From one place across an element to another, with the mouse button down."""
        x, y = self.place(selector, start)
        till, _ = self.place(selector, end)
        moves = [("mousePressed", x), *([("mouseMoved", till)] if till != x else []), ("mouseReleased", till)]
        for kind, at in moves:
            self.tell(
                "Input.dispatchMouseEvent",
                type=kind,
                x=at,
                y=y,
                button="left",
                buttons=1,
                clickCount=1,
                modifiers=_SHIFT if shift else 0,
            )

    def picture(self) -> bytes:
        """The screen as a PNG."""
        return base64.b64decode(self.tell("Page.captureScreenshot", format="png")["data"])


_SHIFT = 8
_KEYS = {
    "Enter": 13,
    "Tab": 9,
    "Escape": 27,
    "PageUp": 33,
    "PageDown": 34,
    "End": 35,
    "Home": 36,
    "ArrowLeft": 37,
    "ArrowUp": 38,
    "ArrowRight": 39,
    "ArrowDown": 40,
}


@dataclass
class Browser:
    """A browser that runs; one page at a time is looked at."""

    root: Tab

    @contextmanager
    def page(self, page: Path, width: int, *, dark: bool = False, calm: bool = False) -> Iterator[Tab]:
        """``page``, loaded from the disk into a window of ``width`` pixels. ``calm``: nothing should move."""
        target = self.root.tell("Target.createTarget", url="about:blank")["targetId"]
        tab = Tab(self.root.orders, self.root.answers, left=self.root.left)
        tab.session = self.root.tell("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        tab.number = self.root.number
        for room in ("Page", "Runtime", "Network", "Log"):
            tab.tell(f"{room}.enable")
        tab.tell("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=width < 600)
        wanted = {"prefers-color-scheme": "dark" if dark else "light"}
        wanted |= {"prefers-reduced-motion": "reduce"} if calm else {}
        tab.tell("Emulation.setEmulatedMedia", features=[{"name": name, "value": wanted[name]} for name in wanted])
        tab.tell("Page.navigate", url=page.as_uri())
        tab.wait_for("Page.loadEventFired")
        yield tab
        self.root.number = tab.number
        self.root.tell("Target.closeTarget", targetId=target)


@contextmanager
def browsing(chromium: str, folder: Path) -> Iterator[Browser]:
    """Start the browser, and end it."""
    orders_in, orders = os.pipe()
    answers, answers_out = os.pipe()

    # The browser reads orders from 3 and writes answers to 4; what the pipes are here, the shell moves there.
    command = [chromium, *SWITCHES, "--remote-debugging-pipe", f"--user-data-dir={folder}", "about:blank"]
    process = subprocess.Popen(
        ["/bin/sh", "-c", f'exec "$@" 3</dev/fd/{orders_in} 4>/dev/fd/{answers_out}', "sh", *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        pass_fds=(orders_in, answers_out),
    )
    os.close(orders_in)
    os.close(answers_out)
    try:
        with os.fdopen(orders, "wb", buffering=0) as telling, os.fdopen(answers, "rb", buffering=0) as hearing:
            yield Browser(Tab(telling, hearing))
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
