"""Questions and answers of mediaFileFind -> searches. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from camreel.devices.dahua import protocol
from camreel.doctor.notebook import Asked
from camreel.model import Recording


@dataclass(frozen=True, slots=True)
class Search:
    """One search: its pages, and what came after the last. ``end`` is None where that was not seen.

    ``why`` is the reason where the question was not answered; ``refused_empty`` and ``is_empty``: it was answered that
    there is nothing, by a 400 or by a list without anything.
    """

    pages: tuple[protocol.Page, ...] = ()
    asked_for: int = 0
    bodies: tuple[str, ...] = ()
    end: str | None = None
    why: str = ""
    refused_empty: bool = False
    accepted: bool = False
    close_refused: bool = False

    @property
    def recordings(self) -> tuple[Recording, ...]:
        """All that it listed."""
        return tuple(one for page in self.pages for one in page.recordings)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing in its window, by the camera's own word."""
        return self.refused_empty or (self.accepted and not self.recordings and not self.why)


def searches_of(asked: Iterable[Asked]) -> tuple[Search, ...]:
    """The searches of a visit, in order."""
    groups: list[dict[str, list[Asked]]] = []
    for one in asked:
        if "/mediaFileFind.cgi?" not in one.target:
            continue
        action = one.target.partition("action=")[2].partition("&")[0]
        if action == "factory.create":
            groups.append({})
        if groups:
            groups[-1].setdefault(action, []).append(one)
    return tuple(_search(group) for group in groups)


def _search(group: dict[str, list[Asked]]) -> Search:
    found = next(iter(group.get("findFile", ())), None)
    if found is None:
        return Search(why=_reason(group["factory.create"][0]))
    close_refused = any(protocol.is_error(one.text) for one in group.get("close", ()))
    if found.status == 400:
        return Search(refused_empty=True, close_refused=close_refused)
    if found.status != 200 or found.text.strip().upper() != "OK":
        return Search(why=_reason(found), close_refused=close_refused)
    answers = group.get("findNextFile", [])
    pages, bodies, end, why = [], [], None, ""
    seen: set[str] = set()
    for one in answers:
        page = protocol.parse_page(one.text, len(seen))
        fresh = {item.path for item in page.recordings} - seen
        if one.status is None:
            why = _reason(one)
        elif one.status != 200 or not fresh:
            end = _end(one, page, repeats=bool(page.recordings))
        else:
            pages.append(page)
            bodies.append(one.text)
            seen |= fresh
    count = int(answers[0].target.rpartition("count=")[2]) if answers else 0
    return Search(tuple(pages), count, tuple(bodies), end, why, accepted=True, close_refused=close_refused)


def _end(one: Asked, page: protocol.Page, *, repeats: bool) -> str:
    if repeats:
        return "its last page again"
    if one.status != 200:
        return f"HTTP {one.status}"
    if protocol.is_error(one.text):
        return "Error"
    if page.found is not None:
        return f"found={page.found}"
    return "an empty answer" if not one.text.strip() else "something else"


def _reason(one: Asked) -> str:
    if one.status is None:
        return one.problem.rstrip(".")
    return f"not told (HTTP {one.status}{', but no list' if one.status == 200 else ''})"
