"""What the shells complete: commands and options by click, and here what stands behind them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import date, timedelta

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ShellComplete,
    ZshComplete,
    _resolve_context,
    _resolve_incomplete,
    add_completion_class,
)

from camreel.cli.help import HelpCommand
from camreel.cli.options import debug_option
from camreel.cli.ui import terminal
from camreel.config import Config, config_path, load
from camreel.errors import CamreelError

_VARIABLE = "_CAMREEL_COMPLETE"  # as in camreel.cli.app, which looks for it

_AT_END = """
Where its output belongs:
  bash  ~/.local/share/bash-completion/completions/camreel
  zsh   _camreel in a folder of $fpath
  fish  ~/.config/fish/completions/camreel.fish

It completes the command of that name, camreel, which `pip install .` brings.
"""


@click.command(
    "completion",
    cls=HelpCommand,
    usage="completion bash|zsh|fish",
    help="Print what makes a shell complete commands, options, cameras, channels and zones.",
    at_end=_AT_END,
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@debug_option
@click.pass_context
def completion(ctx: click.Context, *, shell: str) -> int:
    terminal.out(_CLASSES[shell](ctx.find_root().command, {}, "camreel", _VARIABLE).source().rstrip("\n"))
    return 0


def register() -> None:
    """Let click answer shells by this module's classes. Called where a shell asks, and nowhere else."""
    for each in _CLASSES.values():
        add_completion_class(each)


class _Ours(ShellComplete):
    """Values of options and arguments by the name of the parameter; else what click knows."""

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem]:
        with suppress(CamreelError, click.ClickException):  # a shell has no place for an error
            return self._found(args, incomplete)
        return []

    def _found(self, args: list[str], incomplete: str) -> list[CompletionItem]:
        if found := super().get_completions(args, incomplete):
            return found
        ctx = _resolve_context(self.cli, self.ctx_args, self.prog_name, list(args))
        parameter, begun = _resolve_incomplete(ctx, list(args), incomplete)
        name = str(getattr(parameter, "name", ""))
        if kind := _PLACES.get(name):
            return [CompletionItem(begun, type=kind)]
        known = _VALUES.get(f"{ctx.command.name}.{name}") or _VALUES.get(name)
        values = known(load(config_path())) if known else ()
        return [CompletionItem(value) for value in values if value.startswith(begun) and value not in args]


class _Bash(_Ours, BashComplete):
    pass


class _Zsh(_Ours, ZshComplete):
    pass


class _Fish(_Ours, FishComplete):
    pass


_CLASSES: dict[str, type[ShellComplete]] = {"bash": _Bash, "zsh": _Zsh, "fish": _Fish}


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


def _nothing(_config: Config) -> Iterable[str]:
    return ()


# By the name of the parameter, whatever command it belongs to; where that one means another thing, by both.
_VALUES: dict[str, Callable[[Config], Iterable[str]]] = {
    "add.name": _nothing,
    "setup.name": _nothing,
    "clean.cameras": _nothing,
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
