"""The quirks of a Dahua device, as sentences: seen in its answers, not probed for. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from camreel.devices.dahua import protocol
from camreel.devices.digest import Challenge, parse_challenges
from camreel.devices.interview import AnswerSheet, Question, Reply
from camreel.errors import printable
from camreel.model import Recording


@dataclass(frozen=True, slots=True)
class Search:
    """One search: its pages, and what came after the last. ``end`` is None if that was not seen.

    ``why`` is the reason if the question was not answered; ``refused_empty`` and ``is_empty``: it was answered that
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


def searches_of(asked: Iterable[Question]) -> tuple[Search, ...]:
    """Return the searches among the questions, in order."""
    groups: list[dict[str, list[Question]]] = []
    for one in asked:
        if "/mediaFileFind.cgi?" not in one.target:
            continue
        action = one.target.partition("action=")[2].partition("&")[0]
        if action == "factory.create":
            groups.append({})
        if groups:
            groups[-1].setdefault(action, []).append(one)
    return tuple(_search(group) for group in groups)


def _search(group: dict[str, list[Question]]) -> Search:
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


def _end(one: Question, page: protocol.Page, *, repeats: bool) -> str:
    if repeats:
        return "its last page again"
    if one.status != 200:
        return f"HTTP {one.status}"
    if protocol.is_error(one.text):
        return "Error"
    if page.found is not None:
        return f"found={page.found}"
    return "an empty answer" if not one.text.strip() else "something else"


def _reason(one: Question) -> str:
    if one.status is None:
        return one.problem.rstrip(".")
    return f"not told (HTTP {one.status}{', but no list' if one.status == 200 else ''})"


_BLOCK = 65536


def login_words(heard: Sequence[Reply]) -> str:
    """Return how it wants to be logged in to: ``digest, MD5``."""
    challenges = _challenges(heard)
    schemes = dict.fromkeys(
        f"digest, {printable(one.parameters.get('algorithm', 'MD5'), 20)}" if one.scheme == "digest" else one.scheme
        for one in challenges
    )
    return " and ".join(printable(scheme, 40) for scheme in list(schemes)[:4])


def quirks_of(sheet: AnswerSheet, searches: Sequence[Search]) -> tuple[str, ...]:
    """Return all of them, the most general first."""
    recordings = [one for search in searches for one in search.recordings]
    told = chain(
        _of_connections(sheet),
        _of_login(sheet.heard),
        _of_refusals(sheet.asked),
        _of_writing(sheet.asked, searches),
        _of_pages(searches),
        _of_items(sheet, searches) if recordings else (),
    )
    return tuple(dict.fromkeys(told))


def _of_connections(sheet: AnswerSheet) -> Iterator[str]:
    if sheet.redirected:
        yield "sends http to https"
    closing = [any("close" in value.lower() for value in one.header("Connection")) for one in sheet.heard]
    if closing and all(closing):
        yield "closes the connection after each answer"
    elif any(closing):
        yield "closes the connection after some answers"
    if any(one.status == 200 and not one.header("Content-Length") for one in sheet.heard):
        yield "sends answers without a Content-Length"


def _challenges(heard: Iterable[Reply]) -> list[Challenge]:
    return [one for answer in heard for one in parse_challenges(answer.header("WWW-Authenticate"))]


def _of_login(heard: Sequence[Reply]) -> Iterator[str]:
    challenges = _challenges(heard)
    digests = [one.parameters for one in challenges if one.scheme == "digest"]
    if challenges and not digests:
        yield "knows only basic authentication: the password crosses the network as it is"
    if any(len(answer.header("WWW-Authenticate")) > 1 for answer in heard):
        yield "offers several ways to log in"
    nonces = [one.get("nonce", "") for one in digests]
    if len(nonces) > 1:
        fresh = len(set(nonces)) == len(nonces)
        yield "gives a fresh nonce with each refusal" if fresh else "gives the same nonce more than once"
    if any("auth-int" in one.get("qop", "") for one in digests):
        yield "offers auth-int"
    if any("qop" not in one for one in digests):
        yield "offers no qop"
    if any(re.fullmatch(r"(login to )?[0-9a-f]{32}", one.get("realm", ""), re.IGNORECASE) for one in digests):
        yield "has a realm of 32 hex digits"
    if any("," in one.get("realm", "") for one in digests):
        yield "has a comma in its realm"
    if any(one.signed and one.status == 401 for one in heard):
        stale = any(one.get("stale", "").lower() == "true" for one in digests)
        yield f"refused a login and took it a moment later{', and called the first one stale' if stale else ''}"


def _of_refusals(asked: Iterable[Question]) -> Iterator[str]:
    by_status: dict[int, list[str]] = {}
    for one in asked:
        query = dict(part.partition("=")[::2] for part in one.target.partition("?")[2].split("&"))
        what = query.get("name") or query.get("action", "")
        searching = "/mediaFileFind.cgi" in one.target and one.status in {200, 400}
        if one.status is not None and one.status != 200 and not searching:
            by_status.setdefault(one.status, []).append(what)
        elif one.status == 200 and not searching and one.text.lstrip()[:5].lower() == "error":
            by_status.setdefault(200, []).append(what)
    for status, names in sorted(by_status.items()):
        said = "200 and an error text" if status == 200 else str(status)
        yield f"answers {said} to {', '.join(dict.fromkeys(names))}"


def _of_writing(asked: Iterable[Question], searches: Sequence[Search]) -> Iterator[str]:
    texts = [one.body for one in asked if one.status == 200 and b"=" in one.body]
    if texts and all(b"\r\n" not in body and b"\n" in body for body in texts):
        yield "ends lines with LF"
    if any(re.search(rb"^[^=\r\n]+ = ?", body, re.MULTILINE) for body in texts):
        yield "writes spaces round ="
    bodies = [body for search in searches for body in search.bodies]
    times = [found for body in bodies for found in re.findall(r"Time\s*=\s*([0-9][^\r\n]{6,30})", body[:100_000])]
    if any(re.match(r"\d+-(?:\d-|\d+-\d )", time) for time in times):
        yield "lists dates unpadded (2026-1-6)"
    if any(re.search(r"[AP]M", time, re.IGNORECASE) for time in times):
        yield "lists times with AM and PM"


def _of_pages(searches: Sequence[Search]) -> Iterator[str]:
    if any(search.refused_empty for search in searches):
        yield "answers 400 to a search of a time without recordings"
    elif any(search.is_empty for search in searches):
        yield "answers a search of a time without recordings with an empty list"
    sizes = [len(page.recordings) + len(page.problems) for search in searches for page in search.pages]
    full = [len(search.pages[0].recordings) for search in searches if len(search.pages) > 1 and search.asked_for > 1]
    asked_for = max((search.asked_for for search in searches), default=0)
    if full and max(full) < asked_for:
        yield f"lists at most {max(full)} recordings on a page, where {asked_for} were asked for"
    counted = [page.found for search in searches for page in search.pages]
    if counted and all(found is None for found in counted):
        yield "does not say how many recordings a page has"
    elif any(found is not None and found != size for found, size in zip(counted, sizes, strict=True)):
        yield "counts the recordings of a page wrong"
    if ends := [search.end for search in searches if search.end is not None]:
        yield f"ends a list with {' and with '.join(dict.fromkeys(ends))}"
    if any(search.close_refused for search in searches):
        yield "does not let a search be closed (but destroyed)"


def _of_items(sheet: AnswerSheet, searches: Sequence[Search]) -> Iterator[str]:
    recordings = [one for search in searches for one in search.recordings]
    text = "\n".join(body for search in searches for body in search.bodies)
    channels = {one.channel for one in recordings if one.channel is not None}
    asked = sheet.channel
    if channels:
        base = {asked - 1: "counts channels from 0 in its lists", asked: "counts channels from 1 in its lists"}
        others = "lists other channels than the one asked for"
        yield base.get(next(iter(channels)), others) if len(channels) == 1 else others
    if "VideoStream" not in text:
        yield "does not say which stream a recording is of"
    elif {one.stream for one in recordings} != {recordings[0].stream}:
        yield "lists both streams together"
    if "UTCOffset" in text:
        yield "lists the offset from UTC with each recording"
    if any(one.listed_as == "dav" and one.path.lower().endswith(".mp4") for one in recordings):
        yield "calls its mp4 recordings dav"
    kinds = sorted({found[1].lower() for one in recordings if (found := re.search(r"\.(\w{2,5})_?$", one.path))})
    if kinds:
        yield f"records {', '.join(kinds[:5])}"
    sizes = [one.size for one in recordings if one.size]
    if len(sizes) > 1 and all(size % _BLOCK == 0 for size in sizes):
        yield "lists sizes in steps of 65536 bytes: more than the files have"
    if any(one.writing for one in recordings):
        yield "lists recordings that it is still writing"
    if any(not one.path.startswith("/") for one in recordings):
        yield "lists recordings that lie on another server"
