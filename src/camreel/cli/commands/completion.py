"""`camreel completion`: print what makes a shell complete commands, options and their values."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from camreel.cli.help import Argument, HelpCommand
from camreel.cli.options import debug_option
from camreel.cli.ui import terminal

_VARIABLE = "_CAMREEL_COMPLETE"  # as in camreel.cli.app, which looks for it
_SHELLS = ("bash", "zsh", "fish")

_AT_END = """
Save its output as:
  bash  ~/.local/share/bash-completion/completions/camreel
  zsh   _camreel in a folder of $fpath
  fish  ~/.config/fish/completions/camreel.fish

It completes the installed command camreel, not main.py.
"""


@click.command(
    "completion",
    cls=HelpCommand,
    usage="completion bash|zsh|fish",
    help="Print the shell code that completes commands, options, cameras, channels and zones.",
    at_end=_AT_END,
)
@click.argument("shell", cls=Argument, type=click.Choice(_SHELLS))
@debug_option
@click.pass_context
def completion(ctx: click.Context, *, shell: str) -> int:
    completed = get_completion_class(shell)
    assert completed is not None, "click knows the three"
    terminal.out(completed(ctx.find_root().command, {}, "camreel", _VARIABLE).source().rstrip("\n"))
    return 0
