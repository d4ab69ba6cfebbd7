"""Paths as links (OSC 8) that a terminal opens on a click. The text stays what it is: it can be read and copied.

A terminal that does not know such links ignores them, but for a few: they get none.
"""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TextIO

from camreel.errors import printable

VARIABLE = "FORCE_HYPERLINK"
"""``0`` turns links off, anything else on. Other programs know it, too."""

_BEGIN, _END = "\x1b]8;;{}\x1b\\", "\x1b]8;;\x1b\\"
_OLD_TERMINALS = re.compile(r"|dumb|unknown|linux|ansi|cons25.*|vt\d+.*|eterm.*|sun.*|screen.*", re.IGNORECASE)
_FIRST_VTE = 5000  # 0.50: before it, GNOME's terminal shows rubbish
_LONGEST = 4000  # characters of a path


def knows_links(stream: TextIO | None, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether ``stream`` is a terminal that shows links, or at least no rubbish in their place."""
    if stream is None or not stream.isatty() or environment.get("TERM") in {"dumb", "unknown"}:
        return False
    if wish := environment.get(VARIABLE):
        return wish.lower() not in {"0", "false", "no"}
    if "TMUX" not in environment and _OLD_TERMINALS.fullmatch(environment.get("TERM", "")):
        return os.name == "nt" and bool({"WT_SESSION", "TERM_PROGRAM"}.intersection(environment))
    version = environment.get("VTE_VERSION", str(_FIRST_VTE))
    is_older = version.isdecimal() and int(version) < _FIRST_VTE
    return not is_older and "INSIDE_EMACS" not in environment and environment.get("TERM_PROGRAM") != "Apple_Terminal"


def file_url(path: str) -> str:
    """Return the URL of an absolute path: percent-encoded, with the name of this computer, for there may be an ssh."""
    url = Path(path).as_uri()
    host = socket.gethostname()
    if os.name == "nt" or not re.fullmatch(r"[A-Za-z0-9.-]{1,253}", host):
        return url
    return url.replace("file://", f"file://{host}", 1)


def with_links(text: str, paths: Sequence[str]) -> str:
    """Return ``text``, in which each of the absolute ``paths`` is a link: by itself, or by the name of its file."""
    targets: dict[str, str] = {}
    for path in paths:
        for shown in (printable(path, _LONGEST), printable(Path(path).name, _LONGEST)):
            targets.setdefault(shown, path)
    targets.pop("", None)
    if not targets:
        return text
    longest_first = "|".join(re.escape(shown) for shown in sorted(targets, key=len, reverse=True))
    return re.sub(
        rf"(?<![\w/\\-])(?:{longest_first})(?![\w/\\-])",
        lambda found: f"{_BEGIN.format(file_url(targets[found[0]]))}{found[0]}{_END}",
        text,
    )
