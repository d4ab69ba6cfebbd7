"""Settings of Sphinx for the site and the manual page (`make docs`). Its sources are the pages of the repository."""

from __future__ import annotations

from typing import TYPE_CHECKING

from docutils import nodes
from pygments.lexers.special import TextLexer

from camreel import __version__

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "camreel"
author = project_copyright = "The camreel authors"
version = release = __version__

extensions = ["myst_parser"]
root_doc = "README"
include_patterns = ["*.md", "contrib/README.md", "docs/**"]
exclude_patterns = [".*", "build", "benchmarks", "examples", "scripts", "src", "tests"]

myst_heading_anchors = 3
smartquotes = False  # -- begins an option

html_theme = "furo"
html_title = "camreel"

man_pages = [("camreel", "camreel", "export one correct video of a time range from an Amcrest or Dahua camera", "", 1)]
today = " "  # a page that is committed must not change by itself

# Where each page stands in the menu. README.md has no place for it: GitHub would show it as code.
_CONTENTS = """
```{toctree}
:hidden:
:caption: Start
docs/tutorial
docs/README
```
```{toctree}
:hidden:
:glob:
:caption: How to
docs/how-to/*
```
```{toctree}
:hidden:
:glob:
:caption: Look up
docs/reference/*
docs/devices
docs/library
```
```{toctree}
:hidden:
:glob:
:caption: Understand
docs/explanation/*
docs/performance
docs/reliability
SECURITY
```
```{toctree}
:hidden:
:caption: Develop
CONTRIBUTING
docs/contributing/style
docs/architecture
docs/dependencies
contrib/README
CHANGELOG
```
"""


def _add_contents(_app: Sphinx, page: str, text: list[str]) -> None:
    if page == "README":
        text[0] += _CONTENTS


def _define(_app: Sphinx, tree: nodes.document) -> None:
    """Make definitions of each list of options: items that are code, a colon, and what it means."""
    for listed in list(tree.findall(nodes.bullet_list)):
        parts = [_parts(item) for item in listed.children if isinstance(item, nodes.list_item)]
        whole = [part for part in parts if part is not None]
        if whole and len(whole) == len(parts):
            listed.replace_self(nodes.definition_list("", *whole))


def _parts(item: nodes.list_item) -> nodes.definition_list_item | None:
    text = item.children[0].children if item.children else []
    if len(text) < 2 or not isinstance(text[0], nodes.literal) or not text[1].astext().startswith(": "):
        return None
    meaning = nodes.paragraph("", "", nodes.Text(text[1].astext().removeprefix(": ")), *text[2:])
    term = nodes.term("", "", nodes.strong("", text[0].astext()))
    return nodes.definition_list_item("", term, nodes.definition("", meaning))


def setup(app: Sphinx) -> None:
    """Connect what is ours to Sphinx."""
    app.add_lexer("mermaid", TextLexer)
    app.connect("source-read", _add_contents)
    app.connect("doctree-read", _define)
