"""Values that a shell completes behind an option or an argument, by the name of the parameter."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import date, timedelta

import click
from click.shell_completion import CompletionItem

from camreel.config import Config
from camreel.errors import CamreelError


def complete(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return what ``parameter`` could be; nothing when the settings are broken: a shell has no place for an error.

    The object of the root context reads the settings.
    """
    name = str(parameter.name)
    if kind := _PLACES.get(name):
        return [CompletionItem(incomplete, type=kind)]
    known = _VALUES.get(f"{ctx.command.name}.{name}") or _VALUES.get(name)
    given = ctx.params.get(name) or ()
    with suppress(CamreelError):
        values = known(ctx.find_root().obj()) if known else ()
        return [CompletionItem(value) for value in values if value.startswith(incomplete) and value not in given]
    return []


def _cameras(config: Config) -> Iterable[str]:
    return config.cameras


def _channels(config: Config) -> Iterable[str]:
    """Those that the settings have, and the first four: others are the recorder's own affair."""
    own = (str(values["channel"]) for values in config.cameras.values() if "channel" in values)
    return dict.fromkeys([*own, "1", "2", "3", "4"])


def _days(_config: Config) -> Iterable[str]:
    today = date.today()  # noqa: DTZ011 - for typing it; the camera's own day is the one that counts
    return ["today", "yesterday", *((today - timedelta(days=back)).isoformat() for back in range(8))]


def _lengths(_config: Config) -> Iterable[str]:
    return ("10m", "30m", "1h", "2h", "12h", "24h")


def _zones(_config: Config) -> Iterable[str]:
    from zoneinfo import available_timezones  # noqa: PLC0415 - only here

    return sorted(available_timezones())


def _events(_config: Config) -> Iterable[str]:
    from camreel.planning.event_filter import event_words  # noqa: PLC0415 - only here

    return event_words()


def _settings(config: Config) -> Iterable[str]:
    """The keys of all cameras, then those of each."""
    general = [key.name for key in config.keys.values() if not key.of_camera]
    own = [key.name for key in config.keys.values() if not key.of_all]
    return [*general, *(f"{name}.{key}" for name in config.cameras for key in own)]


def _nothing(_config: Config) -> Iterable[str]:
    return ()


# By the name of the parameter, whatever command it belongs to; by both where that one means another thing.
_VALUES: dict[str, Callable[[Config], Iterable[str]]] = {
    "add.name": _nothing,
    "setup.name": _nothing,
    "clean.cameras": _nothing,
    "key": _settings,
    "rename.new": _nothing,
    "camera": _cameras,
    "cameras": _cameras,
    "name": _cameras,
    "names": _cameras,
    "channel": _channels,
    "date": _days,
    "last": _lengths,
    "duration": _lengths,
    "events": _events,
    "times_in": _zones,
    "camera_tz": _zones,
    "split": lambda _config: ("day", "hour", "4G"),
    "clock_drift": lambda _config: ("off",),
}
_PLACES = {
    "output_dir": "dir",
    "folder": "dir",
    **dict.fromkeys(
        ("output_file", "password_file", "ca_file", "log_file", "replay", "capture", "file", "files"), "file"
    ),
}
