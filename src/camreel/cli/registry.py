"""Which commands there are, each in a line, and where its code is: loaded when it is wanted, so that help is quick."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module

import click


@dataclass(frozen=True)
class LazyCommand:
    """A command that is not loaded yet. ``place`` is ``module:attribute``, ``summary`` its line on the help page.

    What is not ``usual`` is only named there, and has its line on that of ``--help-all``.
    """

    name: str
    place: str
    summary: str
    usual: bool = True

    def load(self) -> click.Command:
        """The command itself."""
        module, _, attribute = self.place.partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command


# In the order of the help page; the main one first.
COMMANDS = (
    LazyCommand("get", "camreel.cli.commands.get:get", "export a video of a time range"),
    LazyCommand("setup", "camreel.cli.commands.setup:setup", "find a camera on the network, and name it"),
    LazyCommand("cameras", "camreel.cli.commands.cameras:cameras", "list, add, remove or test named cameras"),
    LazyCommand(
        "config",
        "camreel.cli.commands.config:config_commands",
        "show or change the settings",
        usual=False,
    ),
    LazyCommand("list", "camreel.cli.commands.list:list_", "show what is recorded, as a timeline and a table"),
    LazyCommand("look", "camreel.cli.commands.look:look", "make a page of pictures, to find the minute"),
    LazyCommand("merge", "camreel.cli.commands.merge:merge", "make the same video from clips on disk"),
    LazyCommand("doctor", "camreel.cli.commands.doctor:doctor", "diagnose a camera; private data is removed"),
    LazyCommand(
        "clean", "camreel.cli.commands.clean:clean", "list or remove downloads of unfinished runs", usual=False
    ),
    LazyCommand(
        "demo", "camreel.cli.commands.simulate:demo", "export a first video from the simulated camera", usual=False
    ),
    LazyCommand(
        "simulate", "camreel.cli.commands.simulate:simulate", "run the simulated camera, to try camreel on", usual=False
    ),
    LazyCommand(
        "completion",
        "camreel.cli.commands.completion:completion",
        "print the completion for bash, zsh or fish",
        usual=False,
    ),
)


def in_lines(commands: Iterable[LazyCommand]) -> str:
    """Commands and what they do, one a line."""
    listed = list(commands)
    width = max(len(command.name) for command in listed)
    return "\n".join(f"  {command.name:<{width}}  {command.summary}" for command in listed)


def all_of_them() -> str:
    """Every command but the main one, one a line."""
    return in_lines(COMMANDS[1:])


def overview() -> str:
    """Return the first page: the commands, and how to begin."""
    others = ", ".join(command.name for command in COMMANDS if not command.usual)
    return f"""\
Usage: camreel COMMAND [options]

  Find and export footage of Amcrest and Dahua cameras: one correct video of a
  time range, with an account of every second.

Commands:
{in_lines(command for command in COMMANDS if command.usual)}
  Also: {others}.

First steps:
  camreel setup
  camreel list "last night"
  camreel look --start 23:00 --end 03:00
  camreel get --last 1h

Options of a command: camreel help COMMAND."""


def every_command() -> list[tuple[tuple[str, ...], click.Command]]:
    """Each command, loaded, by its words: ``("cameras", "add")``. What is hidden is left out."""
    found: list[tuple[tuple[str, ...], click.Command]] = []
    for late in COMMANDS:
        command = late.load()
        found.append(((late.name,), command))
        if isinstance(command, click.Group):
            found += [((late.name, name), each) for name, each in command.commands.items()]
    return [(words, command) for words, command in found if not command.hidden]
