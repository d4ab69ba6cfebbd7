"""A check-up for people, as labelled lines, and for scripts, as JSON: a contract numbered by ``schema``. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from camreel._version import __version__
from camreel.devices.facts import ClockFacts, Disk, Fact, RecordedFootage
from camreel.doctor.checkup import Checkup
from camreel.errors import printable
from camreel.text import duration_text, size_text

_MOST_LISTED = 32

_HIDDEN = (
    "addresses, names, titles and serial numbers are replaced by words like host-1 and serial-1, so you can share this "
    "report"
)


def checkup_text(checkup: Checkup) -> str:
    """Return the check-up as labelled lines; labels have ten columns, as in the report of an export."""
    lines, last = [], ""
    for label, text in _rows(checkup):
        lines.append(f"{'' if label == last else label:<9} {printable(text, 2000)}")
        last = label
    return "\n".join(lines)


def _rows(checkup: Checkup) -> Iterator[tuple[str, str]]:
    yield "Camera", _reached(checkup)
    if checkup.reached:
        yield "Login", _login(checkup)
        yield "Lock", _lock(checkup)
    if checkup.questions and not (checkup.trouble and checkup.trouble.kind == "NotACamera"):
        yield "Model", _model(checkup)
        yield "Serial", f"{_value(checkup.facts.serial)}, called {_value(checkup.facts.name)}"
        yield from _clock(checkup.facts.clock)
        yield "Channels", _numbered(checkup.facts.channels, quoted=True)
        yield from (("Storage", line) for line in _storage(checkup.facts.storage))
        yield "Records", _modes(checkup.facts.recording)
        yield "Footage", _footage(checkup.facts.footage)
        yield from (("Quirks", quirk) for quirk in checkup.facts.quirks or ("none seen",))
    yield "Here", _room(checkup)
    yield "", ", ".join(f"{name} {number}" for name, number in checkup.here.versions)
    yield from (("Note", text) for text in checkup.warnings)
    yield "Note", _HIDDEN
    yield "Result", _result(checkup)
    if checkup.trouble is not None and checkup.trouble.hint:
        yield from (("", line) for line in checkup.trouble.hint.split("\n"))


def _value(told: Fact[str]) -> str:
    return told.value or told.why


def _reached(checkup: Checkup) -> str:
    if not checkup.reached or checkup.seconds is None:
        return f"{checkup.address}: not reached"
    https = checkup.address.startswith("https")
    sent = "; http was answered with a redirect to it" if checkup.redirected else ""
    return f"{checkup.address} answers {_quickly(checkup.seconds)}, over {'https' if https else 'http'}{sent}"


def _quickly(seconds: float) -> str:
    return f"in {seconds * 1000:.0f} ms" if seconds < 1 else f"in {duration_text(round(seconds, 1))}"


def _login(checkup: Checkup) -> str:
    how = f" ({checkup.facts.login_how})" if checkup.facts.login_how else ""
    return f"{checkup.login}{how}{': no login took place' if checkup.login == 'not tried' else ''}"


def _lock(checkup: Checkup) -> str:
    trouble = checkup.trouble
    if trouble is None or trouble.kind != "AccountLocked":
        if checkup.login == "accepted":
            return "the account is not locked"
        if checkup.login == "refused":
            return "not told: a camera that has locked an account may answer as to a wrong password"
        if trouble is not None and trouble.kind == "CameraBusy":
            return "perhaps: some answer so to everybody while they lock an account (half an hour is usual)"
        return "not told"
    left = (
        "for how long, it does not tell" if trouble.seconds is None else f"for another {duration_text(trouble.seconds)}"
    )
    return f"the account is locked: {left}"


def _model(checkup: Checkup) -> str:
    return f"{_value(checkup.facts.model)}, firmware {_value(checkup.facts.firmware)}"


def _clock(told: Fact[ClockFacts]) -> Iterator[tuple[str, str]]:
    clock = told.value
    if clock is None:
        yield "Clock", told.why
        return
    drift = clock.drift.total_seconds()
    how = "right" if not drift else f"{duration_text(abs(drift))} {'fast' if drift > 0 else 'slow'}"
    yield "Clock", f"shows {clock.shown}: {how}, compared with this computer's"
    said = {"UTC": "", "the": f"UTC{clock.offset}, from ", "mea": f"UTC{clock.offset}, "}
    yield "Zone", said.get(clock.source[:3], f"UTC{clock.offset}: ") + clock.source
    if clock.weakness:
        yield "Zone", f"{clock.weakness}; --camera-tz names the zone"
    for text in clock.doubts:
        yield "Zone", text


def _numbered(told: Fact[tuple[tuple[int, str], ...]], *, quoted: bool) -> str:
    if told.value is None:
        return told.why
    shown = [f"{number} “{text}”" if quoted else f"{number} {text}" for number, text in told.value[:_MOST_LISTED]]
    more = len(told.value) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _storage(told: Fact[tuple[Disk, ...]]) -> Iterator[str]:
    if told.value is None:
        yield told.why
    for disk in told.value or ():
        size = "size unknown" if disk.total is None else size_text(disk.total)
        share = f" ({100 * disk.used / disk.total:.0f} %)" if disk.used is not None and disk.total else ""
        used = "" if disk.used is None else f", {size_text(disk.used)} used{share}"
        yield f"{disk.name}: {disk.state}{', WITH AN ERROR' if disk.has_error else ''}, {size}{used}"


def _modes(told: Fact[tuple[tuple[int, str], ...]]) -> str:
    if told.value is None:
        return told.why
    modes = dict.fromkeys(mode for _number, mode in told.value)
    if len(modes) == 1 and len(told.value) > 1:
        return f"all {len(told.value)} channels {next(iter(modes))}"
    return f"channel {_numbered(told, quoted=False)}"


def _footage(told: Fact[RecordedFootage]) -> str:
    footage = told.value
    if footage is None:
        return told.why
    until = "" if footage.exact else " or later (its list is long, and was not read to its end)"
    return f"channel {footage.channel}: from {footage.oldest} to {footage.newest}{until}, by its clock"


def _room(checkup: Checkup) -> str:
    free = checkup.here.free
    return "free space: unknown" if free is None else f"{size_text(free)} free in the output folder"


def _result(checkup: Checkup) -> str:
    if checkup.trouble is not None:
        return checkup.trouble.message
    return {
        "well": "good: the camera accepts the login and lists its recordings",
        "no recordings": "no recordings: the camera lists none of this channel. Does it record, to a card or disk?",
        "no search": "no search: the camera accepts the login, but does not list its recordings. Does the account "
        "have the right to «Playback», and the camera a card or disk?",
    }[checkup.status]


SCHEMA = 1


def checkup_json(checkup: Checkup) -> dict[str, Any]:
    """Return the check-up as plain values. What was not told is null, with its reason under ``not_told``."""
    told: dict[str, Fact[Any]] = {
        "model": checkup.facts.model,
        "firmware": checkup.facts.firmware,
        "serial": checkup.facts.serial,
        "name": checkup.facts.name,
        "clock": checkup.facts.clock,
        "channels": checkup.facts.channels,
        "storage": checkup.facts.storage,
        "recording": checkup.facts.recording,
        "footage": checkup.facts.footage,
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
            "how": checkup.facts.login_how,
            "locked": trouble is not None and trouble.kind == "AccountLocked",
            "locked_seconds": trouble and trouble.seconds,
        },
        "model": checkup.facts.model.value,
        "firmware": checkup.facts.firmware.value,
        "serial": checkup.facts.serial.value,
        "name": checkup.facts.name.value,
        "clock": _clock_json(checkup.facts.clock.value),
        "channels": None
        if checkup.facts.channels.value is None
        else [{"number": number, "title": title} for number, title in checkup.facts.channels.value],
        "storage": None
        if checkup.facts.storage.value is None
        else [
            {
                "name": disk.name,
                "state": disk.state,
                "bytes": disk.total,
                "used_bytes": disk.used,
                "has_error": disk.has_error,
            }
            for disk in checkup.facts.storage.value
        ],
        "recording": None
        if checkup.facts.recording.value is None
        else [{"channel": number, "mode": mode} for number, mode in checkup.facts.recording.value],
        "footage": _footage_json(checkup.facts.footage.value),
        "not_told": {name: answer.why for name, answer in told.items() if answer.value is None},
        "quirks": list(checkup.facts.quirks),
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


def _footage_json(footage: RecordedFootage | None) -> dict[str, Any] | None:
    if footage is None:
        return None
    return {
        "channel": footage.channel,
        "oldest": footage.oldest.isoformat(),
        "newest": footage.newest.isoformat(),
        "exact": footage.exact,
    }
