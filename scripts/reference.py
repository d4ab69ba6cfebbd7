"""Write the pages that are made from the code: docs/reference/, docs/library.md, docs/man/camreel.1. For `make docs`.

With `--check` nothing is written: exit code 1 names the pages that are stale.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import library_page
from manual import manual, options

from camreel import errors
from camreel.cli.commands.get import get
from camreel.cli.help import HelpCommand, Option
from camreel.cli.options import KEYS
from camreel.cli.registry import COMMANDS, every_command
from camreel.errors import MEANINGS, CamreelError

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = Path("docs") / "reference"
MANUAL = Path("docs") / "man" / "camreel.1"
_MADE = "<!-- Made by scripts/reference.py (make docs). Changes belong there, or to the code. -->"

# What a person does about it. Each error's own hint is more exact; a script has the exit code.
ADVICE = {
    "CamreelError": "A bug, if it is no other kind: run it again with `--debug`, and report the output.",
    "UsageError": "Change the command, or the settings that the message names. The camera got no request.",
    "NothingRecorded": "Check the times, the channel and the zone; `camreel doctor` shows which exist.",
    "LoginError": "See the five below.",
    "LoginRefused": "Check the user and the password. camreel tried them once: more attempts could lock the account.",
    "BasicNotAllowed": "Use https with the certificate's fingerprint, or `--allow-basic`. Nothing was sent.",
    "LoginDowngraded": "Use https with the certificate's fingerprint. A replaced camera: `camreel cameras forget`.",
    "CertificateChanged": "If the camera was replaced, pin its new certificate. If not, somebody may be listening.",
    "AccountLocked": "Wait as long as the message says. Each attempt can restart the lock time.",
    "CameraError": "See the kinds of it below.",
    "CameraUnreachable": "Is it on, and is the address right? camreel has waited as long as `--retry-for` says.",
    "CameraBusy": "Use fewer downloads at a time (`--max-concurrent 1`), or later; else restart it.",
    "BadTransfer": "Run it again: whole recordings are kept. If it is always the same one, its file may be damaged.",
    "CameraRefused": "The message has the camera's status. Often the user lacks the right to play back the channel.",
    "NotACamera": "The address belongs to another device, like a router; or the port is not the HTTP port.",
    "DiskError": "Free some space, or choose another folder with `--output-dir`. Downloads are kept.",
    "MergeError": "The clips are kept: `camreel merge` can merge them. `--keep-files` keeps them for good.",
    "ResourceError": "Raise the limit that the message names, or close other programs. Downloads are kept.",
    "Interrupted": "Run the same command again: it continues.",
}
# What a script does.
_REACTION = {
    0: "nothing",
    1: "tell a person",
    2: "tell a person: another run will not help",
    3: "nothing, or check the time range",
    4: "run the same command again later; downloads are kept",
    5: "tell a person, and stop: more attempts may lock the account",
    6: "run it again later",
    7: "tell a person: the disk may be full, or the command of --exec failed",
    130: "run it again",
}

_SETTINGS = """\
# The settings

TOML, in `~/.config/camreel/config.toml`; on macOS `~/Library/Application Support/camreel/config.toml`,
on Windows `%LOCALAPPDATA%\\camreel\\config.toml`; or the file that `CAMREEL_CONFIG` names. `camreel config path`
prints the path, `camreel config show [NAME]` each value and where it comes from.

A key is the name of its option with `_` for `-`. The command line takes precedence over the
environment, then come the camera's own section `[camera.NAME]`, `[defaults]`, and the program's defaults. An
unknown key is an error that names the nearest one. A file with `password` or `password_command` must be
readable by its owner alone (mode 600).

| Key | Value | Meaning | Option | Where |
|---|---|---|---|---|"""

_CODES = """
`--require-complete` makes a gap in the recording 4. With several cameras the code is the worst: of 0, 3, 4, 6,
5, 7, 2, 1, 130 the one that stands last here. `camreel doctor` uses the same codes: 3 if a camera lists no
recordings at all, 6 also if it does not search."""

_ABOUT_ERRORS = """\
# Errors

Each error is one sentence about what happened, and a second one about what to do. With
`--json` it is `error` in the document, or in its run (`kind`, `message`, `hint`), with `--progress json` in the last
line; in the library it is raised.

| Kind | Exit code | Is a | When | What to do |
|---|---|---|---|---|"""


def pages() -> dict[Path, str]:
    """Return the text of each page in Markdown, by its path in the repository."""
    made = {
        REFERENCE / "commands.md": _commands(),
        REFERENCE / "config.md": _config(),
        REFERENCE / "exit-codes.md": _exit_codes(),
        REFERENCE / "errors.md": _errors(),
    }
    texts = {path: "\n".join([_MADE, "", *lines]) + "\n" for path, lines in made.items()}
    return {**texts, Path("docs") / "library.md": library_page.page()}


def _commands() -> Iterator[str]:
    yield from ("# Commands and options", "", "The name of `get` is optional: `camreel --host ...`.", "")
    for late in COMMANDS:
        yield f"- [`camreel {late.name}`](#camreel-{late.name}): {late.summary}"
    for words, command in every_command():
        yield from ("", f"## camreel {' '.join(words)}", "", command.help or "")
        if isinstance(command, HelpCommand):
            yield from ("", "```", f"camreel {command.usage or ' '.join(words) + ' [options]'}", "```", "")
            yield from options(command)
            yield from _variables(command)
    hidden = [option for option in get.params if isinstance(option, Option) and option.hidden]
    yield from ("", "## Understood, for those who come from amcrest-downloader", "")
    yield (
        ", ".join(f"`{max(option.opts, key=len)}`" for option in hidden)
        + " of `get`; see [Move from amcrest-downloader](../how-to/amcrest-downloader.md)."
    )


def _variables(command: HelpCommand) -> Iterator[str]:
    options_ = [option for option in command.params if isinstance(option, Option) and option.envvar]
    if named := [(option.envvar, max(option.opts, key=len)) for option in options_]:
        yield from ("", "From the environment: " + ", ".join(f"`{name}` for `{flag}`" for name, flag in named) + ".")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _config() -> Iterator[str]:
    yield from _SETTINGS.splitlines()
    options = {option.name: max(option.opts, key=len) for option in get.params if isinstance(option, Option)}
    for key in KEYS.values():
        option = f"`{options[key.name]}`" if key.name in options else ""
        where = "a camera" if key.of_camera else "`[defaults]`" if key.of_all else "a camera, `[defaults]`"
        yield f"| `{key.name}` | {key.kind.value} | {_cell(key.meaning)} | {option} | {where} |"


def _kinds() -> list[type[CamreelError]]:
    found = [kind for kind in vars(errors).values() if inspect.isclass(kind) and issubclass(kind, CamreelError)]
    return sorted(found, key=lambda kind: (kind.exit_code, len(kind.__mro__), kind.__name__))


def _exit_codes() -> Iterator[str]:
    yield from ("# Exit codes", "", "| Exit code | Meaning | Errors | What a script does |", "|---|---|---|---|")
    for code, meaning in MEANINGS.items():
        named = ", ".join(f"[`{kind.__name__}`](errors.md)" for kind in _kinds() if kind.exit_code == code)
        yield f"| {code} | {meaning} | {named} | {_REACTION[code]} |"
    yield from _CODES.splitlines()


def _errors() -> Iterator[str]:
    yield from _ABOUT_ERRORS.splitlines()
    for kind in _kinds():
        parent = kind.__mro__[1].__name__
        when = " ".join(inspect.cleandoc(kind.__doc__ or "").split()).replace("``", "`")
        base = f"`{parent}`" if kind is not CamreelError else ""
        yield f"| `{kind.__name__}` | {kind.exit_code} | {base} | {_cell(when)} | {ADVICE[kind.__name__]} |"


def _text_of(path: Path) -> str | None:
    return path.read_text("utf-8") if path.exists() else None


def main() -> int:
    """Write them, or only look."""
    made = pages()
    if find_spec("sphinx"):
        made[MANUAL] = manual()
    else:
        print(f"{MANUAL} is left as it is: it needs Sphinx, which needs Python 3.11")
    stale = [path for path, text in made.items() if _text_of(ROOT / path) != text]
    if "--check" in sys.argv[1:]:
        for path in stale:
            print(f"{path} is stale: make docs")
        return bool(stale)
    for path in stale:
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(made[path], "utf-8")
        print(f"wrote {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
