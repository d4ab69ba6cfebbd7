"""constraints.txt pins all that is installed for development, and names nothing but packages and versions."""

from __future__ import annotations

import re
import sys
from importlib import import_module, metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

# Until 3.10 leaves, tomllib may be tomli, which mypy has no need to find.
tomllib = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
ROOT = Path(__file__).parents[2]
LINES = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
GROUPS = PROJECT["dependency-groups"]
DEVELOPMENT = [line for line in GROUPS["dev"] if isinstance(line, str)] + GROUPS["docs"]


def pins() -> dict[str, str]:
    """The versions for this Python."""
    here = [Requirement(line) for line in LINES]
    here = [requirement for requirement in here if requirement.marker is None or requirement.marker.evaluate()]
    return {canonicalize_name(requirement.name): str(requirement.specifier)[2:] for requirement in here}


def test_every_line_is_a_name_and_a_version() -> None:
    for line in LINES:
        assert re.fullmatch(r'[\w.-]+==[\w.]+(; python_version (<|==|>=) "3\.\d+")?', line), line


def test_lines_are_in_order() -> None:
    names = [line.partition("==")[0] for line in LINES]
    assert names == sorted(names)


def test_everything_asked_for_is_pinned_within_its_bounds() -> None:
    asked = PROJECT["project"]["dependencies"] + DEVELOPMENT
    asked += PROJECT["build-system"]["requires"] + ["pip"]
    pinned = pins()
    for line in asked:
        requirement = Requirement(line)
        version = pinned.get(canonicalize_name(requirement.name))
        if requirement.marker is None or requirement.marker.evaluate():
            assert version is not None, f"{requirement.name} has no version in constraints.txt"
            assert requirement.specifier.contains(version), f"{line}, but constraints.txt has {version}"


def test_everything_that_this_needs_in_turn_is_pinned() -> None:
    pinned = pins()
    asked = [Requirement(line) for line in DEVELOPMENT]
    waiting = [each.name for each in asked if each.marker is None or each.marker.evaluate()] + ["camreel"]
    seen: set[str] = set()
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name in seen:
            continue
        seen.add(name)
        for line in metadata.requires(name) or []:
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                waiting.append(requirement.name)
    assert seen - {"camreel"} <= set(pinned), "not in constraints.txt"
