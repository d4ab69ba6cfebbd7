"""docs/library.md: its reference part, from the docstrings and signatures of what is public."""

from __future__ import annotations

import ast
import dataclasses
import enum
import inspect
import itertools
import re
import textwrap
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import camreel

PAGE = Path(__file__).parents[1] / "docs" / "library.md"
MARK = "<!-- From here on made by scripts/reference.py (make docs). -->"
_ROLE = re.compile(r":(?:class|func|meth|data|mod|attr):`~?([^`]+)`")

GROUPS = {
    "Search and fetch": ["connect", "TargetOptions", "Camera", "Recordings", "Recording", "DeviceInfo", "Address"],
    "One video of a range": [
        "request",
        "export",
        "Request",
        "Target",
        "Query",
        "Output",
        "VideoOptions",
        "Report",
        "report_text",
        "report_json",
        "Event",
    ],
    "Times": ["last", "day", "WallTime", "Span", "CameraClock"],
    "Choices": ["Stream", "OutputFormat", "AudioMode", "Gaps", "Split", "IfExists", "SharedFolder"],
    "Without an event loop": ["sync"],
}


def text_of(thing: object) -> str:
    """Its docstring, as Markdown."""
    said = _ROLE.sub(lambda found: f"`{found[1].removeprefix('camreel.')}`", inspect.getdoc(thing) or "")
    return said.replace("``", "`").replace("::\n", ":\n")


def parameter_text(parameter: inspect.Parameter) -> str:
    """``name: type = default``, as it is written."""
    kind = "" if parameter.annotation is parameter.empty else f": {parameter.annotation}"
    if parameter.default is parameter.empty:
        return f"{'**' if parameter.kind is parameter.VAR_KEYWORD else ''}{parameter.name}{kind}"
    default = parameter.default
    shown = f"{type(default).__name__}.{default.name}" if isinstance(default, enum.Enum) else repr(default)
    if dataclasses.is_dataclass(default):
        shown = f"{type(default).__name__}()"
    return f"{parameter.name}{kind} = {shown}" if kind else f"{parameter.name}={shown}"


def signature_of(name: str, thing: Any) -> str:
    """How it is called, in lines that fit. What only tests give is left out."""
    given = inspect.signature(thing)
    shown = [each for each in given.parameters.values() if each.name not in {"self", "cls", "tuning"}]
    parts = [parameter_text(each) for each in shown]
    keywords = [number for number, each in enumerate(shown) if each.kind is each.KEYWORD_ONLY]
    if keywords:
        parts.insert(keywords[0], "*")
    back = given.return_annotation if isinstance(given.return_annotation, str) else ""
    back = back.replace("AsyncIterator[", "AbstractAsyncContextManager[")  # by a decorator that is not in it
    back = f" -> {back}" if back else ""
    prefix = "async " if inspect.iscoroutinefunction(thing) else ""
    line = f"{prefix}{name}({', '.join(parts)}){back}"
    if len(line) > 110:
        line = f"{prefix}{name}(\n" + "".join(f"    {part},\n" for part in parts) + f"){back}"
    return f"```python\n{line}\n```"


def members(kind: type) -> Iterator[str]:
    """Its public methods and properties, in the order in which they are written."""
    for name, what in vars(kind).items():
        if name.startswith("_"):
            continue
        plain = what.__func__ if isinstance(what, (classmethod, staticmethod)) else what
        if isinstance(what, property):
            yield f"**`{name}`**: {text_of(what)}"
        elif inspect.isfunction(plain):
            yield signature_of(name, plain)
            yield text_of(plain)


def body_of(kind: type) -> list[ast.stmt]:
    """What is written in a class."""
    (whole,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    assert isinstance(whole, ast.ClassDef)
    return whole.body


def fields_of(kind: type) -> Iterator[str]:
    """Its fields that have a docstring of their own, as a list."""
    for field, text in itertools.pairwise(body_of(kind)):
        if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant):
            yield f"- `{ast.unparse(field.target)}`: {' '.join(str(text.value.value).replace('``', '`').split())}"


def options_of(kind: type) -> Iterator[str]:
    """The keys of a TypedDict, as keyword arguments."""
    keys = [ast.unparse(each) for each in body_of(kind) if isinstance(each, ast.AnnAssign)]
    yield "\n".join(["```python", *keys, "```"])


def entry(name: str) -> Iterator[str]:
    """One public name."""
    thing = getattr(camreel, name)
    yield f"### `{name}`"
    if name == "Event":
        yield "The argument of `on_event`: one of these, from `camreel.events`."
        yield "\n".join(f"- `{each.__name__}`: {' '.join(text_of(each).split())}" for each in typing.get_args(thing))
    elif inspect.ismodule(thing):
        yield text_of(thing)
        yield "It has " + ", ".join(f"`{each}`" for each in thing.__all__) + "."
    elif inspect.isclass(thing) and issubclass(thing, enum.Enum):
        yield text_of(thing)
        yield "Values: " + ", ".join(f"`{each.name}` (`{each.value}`)" for each in thing) + "."
    elif inspect.isclass(thing):
        if dataclasses.is_dataclass(thing):
            yield signature_of(name, thing)
        elif typing.is_typeddict(thing):
            yield from options_of(thing)
        yield text_of(thing)
        yield "\n".join(fields_of(thing))
        yield from members(thing)
    else:
        yield signature_of(name, thing)
        yield text_of(thing)


def errors() -> Iterator[str]:
    """All that is raised on purpose."""
    yield "## Errors"
    yield (
        "Each is a `CamreelError`: one sentence, and in `hint` what to do about it, or None. `exit_code` is what the "
        "program ends with."
    )
    rows = ["| error | exit code | when |", "|---|---|---|"]
    kinds = (getattr(camreel, name) for name in camreel.__all__)
    for kind in kinds:
        if inspect.isclass(kind) and issubclass(kind, camreel.CamreelError):
            parent = "" if kind is camreel.CamreelError else f" ({kind.__mro__[1].__name__})"
            rows.append(f"| `{kind.__name__}`{parent} | {kind.exit_code} | {' '.join(text_of(kind).split())} |")
    yield "\n".join(rows)


def reference() -> str:
    """The generated part."""
    parts: list[str] = []
    for heading, names in GROUPS.items():
        parts.append(f"## {heading}")
        for name in names:
            parts += entry(name)
    parts += errors()
    return "\n\n".join(textwrap.dedent(part).strip() for part in parts if part) + "\n"


def page() -> str:
    """The whole page: what is written by hand, and the reference."""
    head = PAGE.read_text(encoding="utf-8").partition(MARK)[0]
    return f"{head}{MARK}\n\n{reference()}"
