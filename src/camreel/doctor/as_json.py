"""A check-up as JSON: a contract with scripts, numbered by ``schema``. Pure."""

from __future__ import annotations

from typing import Any

from camreel._version import __version__
from camreel.doctor.checkup import Checkup, ClockFacts, Footage, Told

SCHEMA = 1


def checkup_json(checkup: Checkup) -> dict[str, Any]:
    """All of it as plain values. What was not told is null, and its reason stands under ``not_told``."""
    told: dict[str, Told[Any]] = {
        "model": checkup.model,
        "firmware": checkup.firmware,
        "serial": checkup.serial,
        "name": checkup.name,
        "clock": checkup.clock,
        "channels": checkup.channels,
        "storage": checkup.storage,
        "recording": checkup.recording,
        "footage": checkup.footage,
    }
    trouble = checkup.trouble
    return {
        "schema": SCHEMA,
        "program": f"camreel {__version__}",
        "status": checkup.status,
        "exit_code": checkup.exit_code,
        "error": trouble and {"kind": trouble.kind, "message": trouble.message, "hint": trouble.hint},
        "camera": {
            "address": checkup.address,
            "reached": checkup.reached,
            "seconds": None if checkup.seconds is None else round(checkup.seconds, 3),
            "redirected": checkup.redirected,
        },
        "login": {
            "state": checkup.login,
            "how": checkup.login_how,
            "locked": trouble is not None and trouble.kind == "AccountLocked",
            "locked_seconds": trouble and trouble.seconds,
        },
        "model": checkup.model.value,
        "firmware": checkup.firmware.value,
        "serial": checkup.serial.value,
        "name": checkup.name.value,
        "clock": _clock_json(checkup.clock.value),
        "channels": None
        if checkup.channels.value is None
        else [{"number": number, "title": title} for number, title in checkup.channels.value],
        "storage": None
        if checkup.storage.value is None
        else [
            {
                "name": disk.name,
                "state": disk.state,
                "bytes": disk.total,
                "used_bytes": disk.used,
                "has_error": disk.has_error,
            }
            for disk in checkup.storage.value
        ],
        "recording": None
        if checkup.recording.value is None
        else [{"channel": number, "mode": mode} for number, mode in checkup.recording.value],
        "footage": _footage_json(checkup.footage.value),
        "not_told": {name: answer.why for name, answer in told.items() if answer.value is None},
        "quirks": list(checkup.quirks),
        "warnings": list(checkup.warnings),
        "questions": checkup.questions,
        "here": {"free_bytes": checkup.here.free, "versions": dict(checkup.here.versions)},
    }


def _clock_json(clock: ClockFacts | None) -> dict[str, Any] | None:
    if clock is None:
        return None
    return {
        "shown": clock.shown.isoformat(),
        "drift_seconds": clock.drift.total_seconds(),
        "utc_offset": clock.offset,
        "zone": clock.zone,
        "source": clock.source,
        "weakness": clock.weakness or None,
        "doubts": list(clock.doubts),
    }


def _footage_json(footage: Footage | None) -> dict[str, Any] | None:
    if footage is None:
        return None
    return {
        "channel": footage.channel,
        "oldest": footage.oldest.isoformat(),
        "newest": footage.newest.isoformat(),
        "exact": footage.exact,
    }
