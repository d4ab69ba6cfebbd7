"""Answers about a device -> facts: its disks, and how its channels record. Pure."""

from __future__ import annotations

import re

from camreel.devices.dahua.protocol import parse_pairs
from camreel.doctor.checkup import Disk
from camreel.errors import printable

_MOST_DISKS = 64
_MOST_BYTES = 1 << 60
_DISK = re.compile(r"list(?:\.info)?\[(\d{1,3})\]\.(.+)", re.ASCII)  # the document has no «info», the wire has
_PART = re.compile(r"Detail\[\d{1,3}\]\.(TotalBytes|UsedBytes|IsError)", re.ASCII)
_MODE = re.compile(r"table\.RecordMode\[(\d{1,4})\]\.Mode", re.ASCII)
_MODES = {"0": "by schedule", "1": "always (by hand)", "2": "off"}  # DH-NVR608H


def parse_disks(text: str) -> tuple[Disk, ...]:
    """The disks of ``getDeviceAllInfo``, parts summed up. Recorders use all of a disk from the start."""
    disks: dict[int, dict[str, str]] = {}
    sums: dict[int, dict[str, list[str]]] = {}
    for key, value in parse_pairs(text).items():
        if (found := _DISK.fullmatch(key)) and (int(found[1]) in disks or len(disks) < _MOST_DISKS):
            number = int(found[1])
            disks.setdefault(number, {})[found[2]] = value
            if part := _PART.fullmatch(found[2]):
                sums.setdefault(number, {}).setdefault(part[1], []).append(value)
    return tuple(_disk(facts, sums.get(number, {})) for number, facts in sorted(disks.items()))


def _disk(facts: dict[str, str], sums: dict[str, list[str]]) -> Disk:
    return Disk(
        name=printable(facts.get("Name", ""), 40) or "a disk without a name",
        state=printable(facts.get("State", ""), 40) or "no state told",
        total=_sum(sums.get("TotalBytes", [])),
        used=_sum(sums.get("UsedBytes", [])),
        has_error=any(value.lower() == "true" for value in sums.get("IsError", [])),
    )


def _sum(numbers: list[str]) -> int | None:
    """Bytes, written with a fraction: ``63864569856.000000``."""
    found = [re.fullmatch(r"(\d{1,19})(?:\.\d{1,9})?", number, re.ASCII) for number in numbers]
    total = sum(int(one[1]) for one in found if one)
    return total if found and all(found) and total <= _MOST_BYTES else None


def parse_record_modes(text: str) -> tuple[tuple[int, str], ...]:
    """How each channel (from 1) records, in words."""
    found = ((_MODE.fullmatch(key), value) for key, value in parse_pairs(text).items())
    modes = {int(one[1]) + 1: _MODES.get(value, f"mode {printable(value, 20)}") for one, value in found if one}
    return tuple(sorted(modes.items()))
