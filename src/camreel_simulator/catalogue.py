"""The quirks by name, to put over any profile, and which cannot be combined. Data, and three lines to look things up.

A new quirk is a switch in ``quirks.py``, a name here, a line in ``docs/devices.md`` with its source, and a test.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from camreel_simulator.quirks import Quirks

_CHANGES: dict[str, dict[str, Any]] = {
    # Connections
    "connection-close": {"connection_close": True},
    "connection-limit": {"connection_limit": 2},
    "connection-limit-401": {"connection_limit": 2, "limit_answers": True},
    "second-length": {"second_length": True},
    "reboot": {"reboot_at": 12},
    "https-redirect": {"https_redirect": True},
    "unknown-501": {"unknown_is_501": True},
    # Login
    "sha-256": {"algorithm": "SHA-256"},
    "basic-only": {"basic_only": True},
    "basic-too": {"basic_too": True},
    "several-challenges": {"several_challenges": True},
    "auth-int-offered": {"offers_auth_int": True},
    "realm-with-comma": {"realm": "Login to CAMERA, front, nonce=1"},
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
    "nonce_single_use", "stale_once", "unquoted_only", "basic_too",
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
    Conflict(
        "nonce_bound_to_connection",
        ("refusal_body_seconds", math.inf),
        "the connection that gave the nonce never gets free to use it",
    ),
    *(Conflict("basic_only", switch, _NO_DIGEST) for switch in _DIGEST),
    Conflict("several_challenges", "algorithm", "both algorithms are offered already"),
    Conflict("several_challenges", "basic_too", "one accepts Basic, the other refuses it"),
    Conflict("long_challenge", "realm", "each says what the realm is"),
    Conflict("multipart", "empty_files", "there is no body to put into parts"),
    Conflict("second_length", "by_time_lengthless", "one has two Content-Length, the other none"),
    *(Conflict(("by_time", False), switch, "there is no loadfile.cgi to be different in") for switch in _BY_TIME),
)
"""What no device can be at once."""


def conflict(quirks: Quirks) -> str | None:
    """Why no device can be like that; None if one can."""
    return next((it.why for it in CONFLICTS if it.strikes(quirks)), None)
