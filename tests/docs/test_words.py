"""Hold the language of docs/contributing/style.md: in the help."""

from __future__ import annotations

import click
import pytest

from camreel.cli.help import Option
from camreel.cli.registry import every_command

# Each option's help begins with one of these.
VERBS = """
Accept Add Allow Ask Begin Call Check Choose Connect Decode Do Download End Exit Include Join Keep Limit Listen Log Make
Measure Never Open Override Print Put Re-encode Read Remove Replay Run Save Send Set Show Start Take Trust Use Wait Work
Write
"""


OPTIONS = [
    pytest.param(option, id=f"{' '.join(words)} {max(option.opts, key=len)}")
    for words, command in every_command()
    if not isinstance(command, click.Group)
    for option in command.params
    if isinstance(option, Option) and not option.hidden
]


@pytest.mark.parametrize("option", OPTIONS)
def test_the_help_of_an_option_begins_with_a_verb(option: Option) -> None:
    """It says what the option does."""
    assert option.help is not None
    assert option.help.split()[0] in VERBS.split(), option.help
    assert option.help.endswith(".")
