"""Which camera is meant: a name in the settings, or a host; and what the settings say of it."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import click

from camreel.cli.help import HelpCommand
from camreel.cli.options import KEYS
from camreel.config import Config, check_name, config_path, load
from camreel.errors import UsageError

if TYPE_CHECKING:
    from camreel.model import Address

_META = "camreel.chosen"
_UNIT = re.compile(r"d(ays?)?|h(ours?)?|m(in(utes?)?)?|s(ec(onds?)?)?", re.IGNORECASE)
# What begins like a time, and like no camera: not the second half of a time without quotes, which has its own advice.
_TIME = re.compile(
    r"(?:now|today|yesterday|last|mon|tue|wed|thu|fri|sat|sun)(?:day|nesday|rsday|urday|sday)?\b"
    r"|\d{1,2}(?::\d{2})?\s*[ap]m\b|\d{1,2}:\d{2}(?::\d{2})?\s*(?:[ap]m\s*)?(?:-|\.\.|to\b)|\d{1,2}/\d{1,2}/\d{4}",
    re.IGNORECASE,
)
_RANGES = ("date", "last", "around", "start", "end", "duration", "since_last")
_TYPED = click.core.ParameterSource.COMMANDLINE
_FROM_ENVIRONMENT = click.core.ParameterSource.ENVIRONMENT
_HOST_VARIABLE = "AMCREST_HOST"
_PAGES = frozenset({"-h", "--help", "--help-all", "--version"})
# They go other ways than the options of their names: an address is made of them, and secrets are no values of options.
_APART = frozenset(
    {"host", "port", "password", "password_file", "password_command", "keyring", "ping_url", "ping_url_file"}
)


@dataclass(frozen=True, slots=True)
class ActiveCamera:
    """Of several cameras on one command line, the one whose turn it is."""

    word: str


@dataclass(frozen=True, slots=True)
class SelectedCamera:
    """A camera on the command line. ``word`` is what was typed for it, ``name`` what the settings call it."""

    config: Config
    word: str | None = None
    name: str | None = None
    arguments: tuple[str, ...] = field(default=(), repr=False)

    def setting(self, key: str) -> Any:
        """What the settings say of it, or None."""
        return self.config.values_for(self.name).get(key)

    def origin(self, key: str) -> str:
        """Where that stands, as an error names it."""
        return f"{self.config.section_of(self.name, key)} in {self.config.path}"


def read_settings() -> Config:
    """Return the settings. UsageError if they have errors."""
    return load(config_path(), KEYS)


class FileCommand(HelpCommand):
    """A command that asks no camera: of the settings it heeds what is for all, and it does without them."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the settings behind the options."""
        if not (ctx.resilient_parsing or _PAGES.intersection(args)):
            with suppress(UsageError):  # a slip in a file that has cameras is no reason not to merge
                ctx.default_map = {key: value for key, value in read_settings().defaults.items() if KEYS[key].of_all}
        return super().parse_args(ctx, args)


class CameraCommand(HelpCommand):
    """A command for cameras: the settings stand behind its options and the environment."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Find out which camera is meant before the options are read, for its settings are their defaults."""
        if not (ctx.resilient_parsing or _PAGES.intersection(args)):
            args = _with_units(args)
            chosen = self._chosen(ctx, args)
            ctx.meta[_META] = chosen
            values = chosen.config.values_for(chosen.name)
            ctx.default_map = {key: _plain(value) for key, value in values.items() if key not in _APART}
        rest = super().parse_args(ctx, args)
        if _META in ctx.meta and "date" in ctx.params and ctx.params.get("cameras"):  # else it only completes
            cameras, when = split_words(ctx.params["cameras"], chosen_of(ctx).config)
            if when is not None:
                _refuse_two_ranges(ctx, when)
            ctx.params |= {"cameras": tuple(cameras), "date": when or ctx.params["date"]}
        return rest

    def _chosen(self, ctx: click.Context, args: Sequence[str]) -> SelectedCamera:
        config = read_settings()
        try:
            found, _, _ = self.make_parser(ctx).parse_args(list(args))  # before anything is made of them
        except click.UsageError as error:
            error.ctx = ctx
            raise
        given = found.get("cameras", found.get("camera"))
        words = [word for word in (given if isinstance(given, (tuple, list)) else [given]) if isinstance(word, str)]
        if any(parameter.name == "date" for parameter in self.params):
            words = split_words(words, config)[0]
        word = words[0] if len(words) == 1 else None
        if isinstance(ctx.obj, ActiveCamera):
            word = ctx.obj.word
        elif not (words or found.get("host") or found.get("all_cameras") or os.environ.get(_HOST_VARIABLE)):
            word = config.usual_camera
        name = None if word is None else _name_of(word, config)
        return SelectedCamera(config, name or word, name, tuple(args))


def _refuse_two_ranges(ctx: click.Context, when: str) -> None:
    """Raise what is wrong with a range in words where options give one, too."""
    given = {key: ctx.params[key] for key in _RANGES if ctx.params.get(key) not in {None, False}}
    if not given:
        return
    is_whole = given.keys() & {"date", "last", "around"} or {"start", "end"} <= given.keys()
    options = " ".join(f"--{key} {shlex.quote(value)}" for key, value in given.items() if isinstance(value, str))
    raise UsageError(
        f"--{next(iter(given)).replace('_', '-')} and {when!r} exclude each other.",
        hint=f"Without {when!r}: {options}" if is_whole and len(given) <= 2 else "Give only one of them.",
    )


def _with_units(args: Sequence[str]) -> list[str]:
    """Return the arguments with a length and its unit, as in ``--last 1 hour``, as one."""
    found: list[str] = []
    for word in args:
        if found[-2:-1] in (["--last"], ["--duration"]) and found[-1].isdecimal() and _UNIT.fullmatch(word):
            found[-1] += f" {word}"
        else:
            found.append(word)
    return found


def split_words(words: Sequence[str], config: Config) -> tuple[list[str], str | None]:
    """Return the cameras among the words of a command line, and the range that the last of them are, if they are one.

    ``front-door yesterday``, ``front-door last night``, ``front-door 23:00-03:00``. A camera of that name goes first.
    Cameras are called as the settings call them.
    """
    cameras: list[str] = []
    for number, word in enumerate(words):
        known = config.known_as(word)
        if known is None:
            said = " ".join(words[number:])
            if is_range(said):
                return cameras, said
            if _TIME.match(said):
                _refuse_time(said)
        cameras.append(known or word)
    return cameras, None


def _refuse_time(said: str) -> None:
    """Raise what is wrong with words that are times, and no range."""
    from camreel.clock import parse_span  # noqa: PLC0415 - the help page does not need it

    parse_span(said, "The range")
    raise UsageError(
        f"{said!r} is one moment, and no range.",
        hint="Give both ends, like 23:00-03:00, or use --around, or --start with --end or --duration.",
    )


def is_range(text: str) -> bool:
    """Whether a text is a day, or a range in one word."""
    from camreel.clock import parse_span  # noqa: PLC0415 - the help page does not need it

    try:
        return parse_span(text, "RANGE") is not None
    except UsageError:
        return False


def new_name(typed: str) -> str:
    """Return the name of a new camera. UsageError if it cannot be one, or is a time where commands take both."""
    from camreel.clock import parse_point  # noqa: PLC0415 - the help page does not need it

    name = check_name(typed)
    is_time = is_range(name) or bool(_TIME.fullmatch(name))
    with suppress(UsageError):
        is_time = is_time or parse_point(name) is not None
    if is_time:
        raise UsageError(
            f"{name!r} is read as a time, so it cannot name a camera.", hint=f"Add a word, like {name}-camera."
        )
    return name


def chosen_of(ctx: click.Context) -> SelectedCamera:
    """The camera that a CameraCommand was called for."""
    chosen: SelectedCamera = ctx.meta[_META]
    return chosen


def cameras_of(ctx: click.Context) -> list[click.Context]:
    """The command line once for each camera that it names, or, with ``--all``, that the settings have."""
    words = list(dict.fromkeys(ctx.params.get("cameras", ())))
    if ctx.params.get("all_cameras"):
        config = chosen_of(ctx).config
        if words or ctx.get_parameter_source("host") is _TYPED:
            raise UsageError("--all, and a camera besides, exclude each other.", hint="Give only one of them.")
        if not config.cameras:
            raise UsageError(f"There are no cameras in {config.path}.", hint="To find and name one:\ncamreel setup")
        words = list(config.cameras)
    elif len(words) <= 1:
        return [ctx]
    return [again(ctx, word) for word in words]


def again(ctx: click.Context, word: str) -> click.Context:
    """The same command line, read for the camera ``word`` of those that it names."""
    arguments = list(chosen_of(ctx).arguments)
    # A meta of its own: a context shares its parent's.
    alone = (
        click.Context(ctx.parent.command, info_name=ctx.find_root().info_name, obj=ActiveCamera(word))
        if ctx.parent
        else None
    )
    return ctx.command.make_context(ctx.info_name, arguments, parent=alone, obj=ActiveCamera(word))


def address_of(
    ctx: click.Context, *, host: str | None, port: int | None, https: bool, fingerprint: str | None
) -> Address | None:
    """Where the camera of this command line is; None where none is given.

    A camera that is named is where the settings say; AMCREST_HOST and AMCREST_PORT then mean another.
    """
    from camreel.devices.address import parse_address  # noqa: PLC0415 - the help page does not need it

    chosen = chosen_of(ctx)
    source = ctx.get_parameter_source
    typed_port = port if source("port") is _TYPED else None
    if chosen.word is not None and source("host") is _TYPED:
        raise UsageError("The camera is given twice: by itself, and with --host.", hint="Give only one of them.")
    if chosen.name is not None:
        try:
            own = chosen.setting("port")
            usual_port = _valid_port(own)
            where = chosen.setting("host")
            return parse_address(where, port=typed_port, usual_port=usual_port, https=https, fingerprint=fingerprint)
        except UsageError as error:
            raise UsageError(f"{error} It comes from {chosen.origin('host')}.", hint=error.hint) from None
    where = chosen.word if chosen.word is not None else host
    if where is None:
        return None
    usual_port = port if source("port") is _FROM_ENVIRONMENT else None
    return parse_address(where, port=typed_port, usual_port=usual_port, https=https, fingerprint=fingerprint)


def camera_address(chosen: SelectedCamera) -> Address:
    """Return where a camera of the settings is. UsageError if its host is none."""
    from camreel.devices.address import parse_address  # noqa: PLC0415 - the help page does not need it

    return parse_address(
        chosen.setting("host"),
        usual_port=chosen.setting("port"),
        https=bool(chosen.setting("https")),
        fingerprint=chosen.setting("fingerprint"),
    )


def names_at(config: Config, address: str) -> list[str]:
    """Return the cameras of the settings that are at ``address``: its scheme, host and port."""
    found = []
    for name in config.cameras:
        with suppress(UsageError):  # a host that is none
            if str(camera_address(SelectedCamera(config, name, name))) == address:
                found.append(name)
    return found


def _valid_port(port: Any) -> int | None:
    if port is not None and not 1 <= port <= 65535:
        raise UsageError(f"port {port} is not a port (1 to 65535).")
    return port  # type: ignore[no-any-return]  # a number: its key says so


def _name_of(word: str, config: Config) -> str | None:
    """Return the name in the settings that ``word`` is, None if it is a host; UsageError if it can be neither."""
    if (known := config.known_as(word)) is not None:
        return known
    if re.fullmatch(r"\d{1,2}:\d{2}(:.*)?|\d{4}-\d.*", word):  # the second half of a time without quotes
        raise UsageError(
            f"camreel does not know what to do with {word!r}.",
            hint='Put a value with a space in it in quotes: --start "2026-01-16 08:00:00".',
        )
    if re.search(r"[.:\[]", word) or word == "localhost":
        _check_host(word)
        return None
    from camreel.clock import RANGE_WORDS  # noqa: PLC0415 - for an error alone

    return config.name_of(word, get_close_matches(word.lower(), RANGE_WORDS, 1, 0.8))  # raises, with what comes near


def _check_host(word: str) -> None:
    from camreel.devices.address import parse_address  # noqa: PLC0415 - see above

    try:
        parse_address(word)
    except UsageError as error:
        if ":" not in word:
            raise
        # What stands behind a colon may be a password.
        raise UsageError(
            "camreel does not know what to do with an argument that belongs to no option.", hint=error.hint
        ) from None


def _plain(value: Any) -> Any:
    return ",".join(value) if isinstance(value, list) else value


def where_from(ctx: click.Context | None, key: str | None) -> str | None:
    """``[camera.x] in /path``, for a value that the settings gave the option ``key``."""
    chosen: SelectedCamera | None = ctx.meta.get(_META) if ctx else None
    if chosen is None or key is None or key not in KEYS:
        return None
    return chosen.origin(key)


def settings_of(chosen: SelectedCamera) -> Sequence[tuple[str, Mapping[str, Any]]]:
    """What the settings say of a camera, the nearest first, each with the name of its section."""
    found = [("[defaults]", chosen.config.defaults)]
    if chosen.name is not None:
        found.insert(0, (f"[camera.{chosen.name}]", chosen.config.cameras[chosen.name]))
    return found
