"""Quirks: one switch for each way in which firmware differs, their names, and which exclude each other. Data only.

``docs/devices.md`` says where each was seen, or that it is inferred. A new quirk is a switch and a name here, a line in
``docs/devices.md`` with its source, and a test.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Literal


@dataclass(frozen=True)
class Quirks:
    """Switches, one per way in which firmware differs. The defaults are an Amcrest SD-card camera on a good day."""

    # Connections
    connection_close: bool = False
    """Close after each answer, the 401 included, as many devices do: each call is then a new connection."""
    closes_unsaid: bool = False
    """Close after each answer without saying so: a client that takes the connection for kept finds it closed."""
    refusal_ends: Literal["goes on", "close", "reset"] = "goes on"
    """What becomes of a connection after a 401, without a word of it. A login over a new one is taken."""
    http_1_0: bool = False
    """Answer in HTTP/1.0, whose connections end with each answer."""
    odd_headers: bool = False
    """Headers with a blank before the colon, with a blank in the name, without a colon, and one of 9,000 characters."""
    connection_limit: int | None = None
    """More connections at a time are reset (real limits are 10 to 20)."""
    limit_answers: bool = False
    """They are answered 401 ``Exceeded maximum number of connections`` instead, without a challenge (PF8-PV)."""
    second_length: bool = False
    """``Content-Length`` is sent twice, with the same number."""
    reboot_at: int | None = None
    """The device reboots when this request arrives (counted from 1): all connections are cut, new ones reset."""
    reboot_seconds: float = 30.0
    """How long a reboot takes by ``DeviceClock.utc``; ``SimulatedCamera.finish_reboot`` ends it at once."""
    https_redirect: bool = False
    """Port 80 only answers 302 to https, where the certificate is the device's own. See ``running``."""
    unknown_is_501: bool = False
    """Firmware of 2024 answers 501 to what it does not know; else 400."""

    magic_box: Literal["there", "404", "405", "page"] = "there"
    """Not there: questions to it are answered 404, 405, or 200 with a page of HTML, and the rest works."""

    # Login
    algorithm: Literal["MD5", "SHA-256"] = "MD5"
    """MD5 is not named in the challenge, as on real devices; SHA-256 is."""
    basic_only: bool = False
    """Firmware of 2014 (2.420): only ``Basic realm="Device_CGI"`` is offered, and only that is accepted."""
    basic_too: bool = False
    """Basic is offered first, then Digest, in two headers; both are accepted."""
    basic_after: int | None = None
    """After so many accepted logins only Basic is offered, and taken: what a man in the middle would do."""
    unknown_algorithm: str | None = None
    """Basic is offered and taken; beside it stands a Digest of this algorithm, which nobody can answer."""
    several_challenges: bool = False
    """Three headers: Basic (which is refused), Digest with SHA-256, Digest with MD5."""
    offers_auth_int: bool = False
    """``qop="auth,auth-int"``; only ``auth`` is accepted."""
    realm: str | None = None
    """Instead of ``Login to`` and the serial number, in Latin-1; a comma in it breaks clients that split at commas."""
    long_challenge: bool = False
    """Firmware of 2024: realm of 32 hex digits, nonce of 64 characters, empty opaque, ``stale="false"``."""
    nonce_bound_to_connection: bool = False
    """A nonce used on another connection counts as a rejected login, without ``stale``."""
    nonce_single_use: bool = False
    """A second use of a nonce is answered 401 with a fresh one and ``stale=TRUE``; it is no rejected login."""
    reuse_status: Literal[401, 403] = 401
    """What a nonce that has gone stale is answered with; 403 has no challenge (``Authority:check failure.``)."""
    stale_once: bool = False
    """The first right answer is refused with ``stale=TRUE`` and a fresh nonce."""
    says_stale: bool = True
    """Off: a nonce that has gone stale is refused without saying so."""
    unquoted_only: bool = False
    """Refuse ``qop="auth"``, ``nc="00000001"`` and a quoted algorithm (IP5M-1190EW and others)."""
    strict_uri: bool = True
    """The ``uri`` of an answer must be the target byte for byte. Off, as on many devices: but for percent escapes."""
    refusal_body_seconds: float = 0.0
    """The body of a 401 comes so much later than its headers; ``math.inf``: never."""
    lock_after: int | None = None
    """So many rejected logins in a row lock the account, for every request from then on."""
    lock_shape: Literal["json", "500", "401"] = "json"
    """Locked: 403 with JSON and ``RmLock``; 500 without a challenge and without a body; 401 like a wrong password."""
    lock_seconds: int = 1800
    """What ``RmLock`` says."""

    # Search
    page_cap: int = 100
    """The most items on one page, whatever ``count`` asks for."""
    channel_zero: bool = False
    """Take ``condition.Channel=0`` for channel 1, as Amcrest SD cameras of 2020 and the NVR4108 (3.215) do."""
    filters_stream: bool = False
    """Honour ``condition.VideoStream``; some firmware ignores it."""
    lists_stream: bool = True
    """Name ``VideoStream`` in each item; Amcrest SD cameras of 2020 do not."""
    one_based_items: bool = False
    """Items say the channel as it was asked for; else counted from 0."""
    send_utc_offset: bool = False
    """Name ``UTCOffset`` (seconds) in each item, as newer camera firmware does."""
    encoded_brackets: bool = False
    """Accept ``%5B0%5D`` in a query; else it is answered 400."""
    plus_is_space: bool = False
    """Accept ``+`` for a space in a query; else it is answered 400."""
    finder_limit: int | None = None
    """So many finders at most that are not destroyed; ``factory.create`` then answers 503."""
    index_lag: float | None = None
    """Recordings are listed only this many seconds after their end, by the camera's clock. None: always."""
    empty_is_ok: bool = False
    """A window without recordings: ``OK``, then no items (older firmware); else 400."""
    found: Literal["right", "more", "fewer", "absent"] = "right"
    """What ``found=`` says of a page that has items: how many, one too many, one too few; or there is no such line."""
    list_end: Literal["found=0", "error", "400", "repeat"] = "found=0"
    """After the last page: ``found=0``, 200 ``Error``, 400, or the last page again and again."""
    relative_paths: bool = False
    """Paths are listed without the slash that they begin with."""
    list_cap: int | None = None
    """So many recordings at most in one search, which then ends as if these were all."""
    newest_first: bool = False
    """The newest recording is listed first."""
    first_day_only: bool = False
    """A search lists nothing from the next midnight after its start on."""
    longest_search: float | None = None
    """A search over more hours is answered 400, like an empty window."""
    breaks_after: int | None = None
    """After so many recordings of one search, pages are answered like the end of a list (``list_end``)."""
    runs_on: bool = False
    """The end of the window is not heeded, and after the last recording come others that do not exist, for ever."""
    close_refused: bool = False
    """``close`` is answered 200 ``Error`` and does nothing; ``destroy`` works."""

    # How it writes
    spaced: bool = False
    """``items[0]. StartTime = ...``, as in the vendor's documents."""
    unpadded: bool = False
    """``2026-1-6 8:05:00``, as in the vendor's documents."""
    am_pm: bool = False
    """``2026-01-06 08:05:00 AM`` in items."""
    lf: bool = False
    """Lines of text answers end in LF; else in CR LF."""

    # What lies on the card
    writing: Literal["no", "suffix", "state"] = "no"
    """The newest recording of each channel and stream is not finished: its name ends in ``_`` and has the start twice
    (``.mp4_``), or it is listed with ``FileState=Temporary``. Its body lacks the end, hence an mp4 its ``moov``."""
    overwritten: Literal["404", "400", "500", "reset"] | None = None
    """The oldest recording is overwritten once it has been listed: fetching it gives this."""
    allocated_length: bool = False
    """``Length`` is what the disk gave: a multiple of 65536, and more than the file has. Recorders do this."""

    # Download
    ranges: bool = True
    """Answer ``Range`` with 206; else ignore it and send the whole file."""
    head: bool = True
    """Answer HEAD; else 400."""
    multipart: bool = False
    """A recording comes in two parts: JSON that says ``OK``, then the file as ``application/http``."""
    empty_files: Literal["no", "promised", "silent"] = "no"
    """``RPC_Loadfile``: 200, the right Content-Length, no body, close (iMHDX 3008); or 200 and Content-Length 0."""

    # loadfile.cgi: by time
    by_time: bool = True
    """It is there; else it is unknown."""
    by_time_junk: bool = False
    """Some 10,000 bytes of something else come first, each time as many others (NV4108E-HS)."""
    by_time_empty_at_5: bool = False
    """A start at a whole multiple of five minutes: the right Content-Length and no body (LTN6416)."""
    by_time_one_file: bool = False
    """What lies in another file than the start is missing (LTN6416)."""
    by_time_hours: float = 6.0
    """Longer windows are answered 400: 6 h are good on a 608H, 8 h are not."""
    by_time_seek_error: float = 0.0
    """What is sent begins so many seconds later than asked, or earlier if negative."""
    by_time_wedges_after: int | None = None
    """After so many downloads that the client broke off, each is answered 400 until a reboot (NV4108E-HS)."""
    by_time_lengthless: bool = False
    """There is no Content-Length: the end is where the connection ends."""


_CHANGES: dict[str, dict[str, Any]] = {
    # Connections
    "connection-close": {"connection_close": True},
    "closes-unsaid": {"closes_unsaid": True},
    "refusal-closes": {"refusal_ends": "close"},
    "refusal-resets": {"refusal_ends": "reset"},
    "http-1.0": {"http_1_0": True},
    "odd-headers": {"odd_headers": True},
    "connection-limit": {"connection_limit": 2},
    "connection-limit-401": {"connection_limit": 2, "limit_answers": True},
    "second-length": {"second_length": True},
    "reboot": {"reboot_at": 12},
    "https-redirect": {"https_redirect": True},
    "unknown-501": {"unknown_is_501": True},
    "no-magicbox": {"magic_box": "404"},
    "no-magicbox-405": {"magic_box": "405"},
    "no-magicbox-page": {"magic_box": "page"},
    # Login
    "sha-256": {"algorithm": "SHA-256"},
    "basic-only": {"basic_only": True},
    "basic-too": {"basic_too": True},
    "basic-later": {"basic_after": 3},
    "unknown-digest": {"unknown_algorithm": "SHA-512-256"},
    "several-challenges": {"several_challenges": True},
    "auth-int-offered": {"offers_auth_int": True},
    "realm-with-comma": {"realm": "Login to CAMERA, front, nonce=1"},
    "realm-latin-1": {"realm": 'Login to K\xfcche "S\xfcd" \\1'},
    "long-challenge": {"long_challenge": True},
    "nonce-bound": {"nonce_bound_to_connection": True},
    "nonce-once": {"nonce_single_use": True},
    "nonce-once-silent": {"nonce_single_use": True, "says_stale": False},
    "nonce-once-403": {"nonce_single_use": True, "reuse_status": 403},
    "stale-once": {"stale_once": True},
    "unquoted-only": {"unquoted_only": True},
    "strict-uri": {"strict_uri": True},
    "lax-uri": {"strict_uri": False},
    "refusal-body-late": {"refusal_body_seconds": 0.05},
    "refusal-body-never": {"refusal_body_seconds": math.inf},
    "lock-json": {"lock_after": 1, "lock_shape": "json"},
    "lock-500": {"lock_after": 1, "lock_shape": "500"},
    "lock-401": {"lock_after": 1, "lock_shape": "401"},
    # Search
    "literal-brackets": {"encoded_brackets": False, "plus_is_space": False},
    "lax-query": {"encoded_brackets": True, "plus_is_space": True},
    "page-cap-32": {"page_cap": 32},
    "page-cap-64": {"page_cap": 64},
    "page-cap-1": {"page_cap": 1},
    "channel-zero": {"channel_zero": True},
    "one-based-items": {"one_based_items": True},
    "no-stream-key": {"lists_stream": False},
    "stream-filter": {"filters_stream": True},
    "utc-offset": {"send_utc_offset": True},
    "finder-limit": {"finder_limit": 1},
    "index-lag": {"index_lag": 600.0},
    "empty-is-ok": {"empty_is_ok": True},
    "found-more": {"found": "more"},
    "found-fewer": {"found": "fewer"},
    "found-absent": {"found": "absent"},
    "end-error": {"list_end": "error"},
    "end-400": {"list_end": "400"},
    "end-repeat": {"list_end": "repeat"},
    "relative-paths": {"relative_paths": True},
    "list-cap": {"list_cap": 2},
    "newest-first": {"newest_first": True},
    "newest-first-cap": {"newest_first": True, "list_cap": 2},
    "first-day-only": {"first_day_only": True},
    "longest-search": {"longest_search": 24.0},
    "breaks-off": {"page_cap": 2, "breaks_after": 2, "list_end": "error"},
    "runs-on": {"runs_on": True},
    "close-refused": {"close_refused": True},
    # How it writes
    "spaced": {"spaced": True},
    "unpadded": {"unpadded": True},
    "am-pm": {"am_pm": True},
    "lf": {"lf": True},
    # What lies on the card
    "writing-suffix": {"writing": "suffix"},
    "writing-state": {"writing": "state"},
    "overwritten-404": {"overwritten": "404"},
    "overwritten-400": {"overwritten": "400"},
    "overwritten-500": {"overwritten": "500"},
    "overwritten-reset": {"overwritten": "reset"},
    "allocated-length": {"allocated_length": True},
    # Download
    "no-range": {"ranges": False},
    "no-head": {"head": False},
    "multipart": {"multipart": True},
    "empty-files": {"empty_files": "promised"},
    "silent-files": {"empty_files": "silent"},
    "no-by-time": {"by_time": False},
    "by-time-junk": {"by_time_junk": True},
    "by-time-empty-at-5": {"by_time_empty_at_5": True},
    "by-time-one-file": {"by_time_one_file": True},
    "by-time-late": {"by_time_seek_error": 2.0},
    "by-time-early": {"by_time_seek_error": -2.0},
    "by-time-wedges": {"by_time_wedges_after": 2},
    "by-time-lengthless": {"by_time_lengthless": True},
}

QUIRKS: Mapping[str, Quirks] = MappingProxyType({name: replace(Quirks(), **it) for name, it in _CHANGES.items()})


"""Each quirk by name, over an Amcrest SD-card camera on a good day."""


def quirked(base: Quirks, *names: str) -> Quirks:
    """``base`` with these quirks as well. Raises :class:`KeyError` where there is no such name."""
    for name in names:
        base = replace(base, **_CHANGES[name])
    return base


@dataclass(frozen=True)
class Conflict:
    """Two switches that cannot both be changed, or not to that value, and why."""

    first: str | tuple[str, object]
    second: str | tuple[str, object]
    why: str

    def strikes(self, quirks: Quirks) -> bool:
        """True if ``quirks`` has both."""
        return _is_changed(quirks, self.first) and _is_changed(quirks, self.second)


def _is_changed(quirks: Quirks, switch: str | tuple[str, object]) -> bool:
    if isinstance(switch, tuple):
        return bool(getattr(quirks, switch[0]) == switch[1])
    return bool(getattr(quirks, switch) != getattr(_PLAIN, switch))


_PLAIN = Quirks()
_NO_DIGEST = "a device that knows only Basic has no digest to be different in"

_DIGEST = (
    "algorithm", "several_challenges", "offers_auth_int", "realm", "long_challenge", "nonce_bound_to_connection",
    "nonce_single_use", "stale_once", "unquoted_only", "basic_too", "basic_after", "unknown_algorithm",
)  # fmt: skip

_BY_TIME = (
    "by_time_junk", "by_time_empty_at_5", "by_time_one_file", "by_time_seek_error", "by_time_wedges_after",
    "by_time_lengthless",
)  # fmt: skip

CONFLICTS: tuple[Conflict, ...] = (
    Conflict(
        "nonce_bound_to_connection",
        "connection_close",
        "the connection that gave the nonce is closed before it can be used",
    ),
    *(
        Conflict("nonce_bound_to_connection", switch, "no login can come over the connection that gave the nonce")
        for switch in ("closes_unsaid", "refusal_ends", "http_1_0")
    ),
    Conflict("http_1_0", ("refusal_body_seconds", math.inf), "a body without an end is the whole of its connection"),
    Conflict(
        "nonce_bound_to_connection",
        ("refusal_body_seconds", math.inf),
        "the connection that gave the nonce never gets free to use it",
    ),
    *(Conflict("basic_only", switch, _NO_DIGEST) for switch in _DIGEST),
    Conflict("several_challenges", "algorithm", "both algorithms are offered already"),
    Conflict("several_challenges", "basic_too", "one accepts Basic, the other refuses it"),
    *(Conflict("several_challenges", switch, "one refuses Basic") for switch in ("basic_after", "unknown_algorithm")),
    Conflict("long_challenge", "realm", "each says what the realm is"),
    Conflict("multipart", "empty_files", "there is no body to put into parts"),
    Conflict("second_length", "by_time_lengthless", "one has two Content-Length, the other none"),
    *(Conflict(("by_time", False), switch, "there is no loadfile.cgi to be different in") for switch in _BY_TIME),
)


"""What no device can be at once."""


def conflict(quirks: Quirks) -> str | None:
    """Why no device can be like that; None if one can."""
    return next((it.why for it in CONFLICTS if it.strikes(quirks)), None)
