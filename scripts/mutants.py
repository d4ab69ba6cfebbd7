"""`make mutants`: change one thing at a time in the rooms that keep promises, and see whether a test notices.

Works in copies of the checkout: its own sources are never touched. The operators are mutmut's, and three of ours: a
call is left out, an error is not raised, a condition is turned round. mutmut's own runner does not serve: it has no
seed, leaves out what is decorated (properties, context managers) and constants, and a child process (the merge) would
import the sources of the checkout.

Tests run only if they reach the line: pytest-cov says which ones do. What is never mutated, because no test should
notice (:class:`_Finder`): docstrings, annotations, imports for types, what is logged, the wording of texts (strings
with a blank, but for regular expressions, and whatever is handed on as a ``hint``), arguments of decorators,
``__all__``, and checks of the program by itself (``assert``, ``strict=`` of zip). An encoding has the same meaning in
any case. What else cannot be told from the original is in ``mutants.toml``, each with its reason.
"""

from __future__ import annotations

import argparse
import ast
import codecs
import difflib
import os
import queue
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import coverage
import libcst as cst
from libcst import matchers as m
from libcst.metadata import ByteSpanPositionProvider, MetadataWrapper, PositionProvider
from mutmut.mutation.mutators import mutation_operators

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parent.parent
EQUIVALENT = Path(__file__).with_suffix(".toml")
_LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv*", "__pycache__", ".*_cache", ".hypothesis", ".coverage*", "dist", "build"
)


@dataclass(frozen=True)
class Room:
    """Sources, and the tests that have to notice a change in them, quick ones first. Paths are below the root."""

    name: str
    sources: tuple[str, ...]
    tests: tuple[str, ...]


_DEVICES, _UNIT = "src/camreel/devices/", "tests/unit/"
ROOMS = (
    Room("transfer", ("src/camreel/transfer",), (_UNIT + "transfer",)),
    Room("output", ("src/camreel/output",), (_UNIT + "output",)),
    Room(
        "session",
        (_DEVICES + "session.py", _DEVICES + "digest.py"),
        (_UNIT + "devices", "tests/system/test_logins.py"),
    ),
    Room(
        "planning", ("src/camreel/planning",), (_UNIT + "planning", _UNIT + "cli/ui/test_timeline.py", _UNIT + "jobs")
    ),
    Room(
        "verify",
        ("src/camreel/media/mux/verify.py", "src/camreel/jobs/outcome.py"),
        (_UNIT + "jobs/test_outcome.py", _UNIT + "media/mux/test_verify.py", _UNIT + "media/mux/test_verify_long.py"),
    ),
)


# --- What is changed -------------------------------------------------------------------------------------------------


def _left_out(node: cst.Expr) -> Iterator[cst.CSTNode]:
    """Leave out a call that is a statement."""
    if m.matches(node.value, m.Call() | m.Await(m.Call())):
        yield cst.Pass()


def _not_raised(_node: cst.Raise) -> Iterator[cst.CSTNode]:
    yield cst.Pass()


def _turned_round(test: cst.BaseExpression) -> cst.BaseExpression:
    """Turn a condition round."""
    return cst.UnaryOperation(cst.Not(), test.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()]))


_Operator = tuple[type, Callable[[Any], Iterable[cst.CSTNode]]]
OPERATORS: list[_Operator] = [
    *mutation_operators,
    (cst.Expr, _left_out),
    (cst.Raise, _not_raised),
]

_LOGGING = m.Call(func=m.Attribute(value=m.Name("log")))
_NEVER = (
    m.Annotation()
    | m.Decorator()
    | m.Import()
    | m.ImportFrom()
    | m.Assert()
    | m.If(test=m.Name("TYPE_CHECKING"))
    | m.Assign(targets=[m.AssignTarget(m.Name("__all__"))])
    | m.Expr(_LOGGING | m.SimpleString() | m.ConcatenatedString())
    | m.Arg(keyword=m.Name("hint") | m.Name("strict"))
    | m.Call(func=m.Name("cast") | m.Name("TypeVar"))
)


# All that these can be, so that not each node is held against all of them; and what there is nothing to change in.
_MAY_BE_NEVER = (
    *(cst.Annotation, cst.Decorator, cst.Import, cst.ImportFrom, cst.Assert),
    *(cst.If, cst.Assign, cst.Expr, cst.Arg, cst.Call),
)
_BETWEEN = (
    *(cst.BaseParenthesizableWhitespace, cst.TrailingWhitespace, cst.EmptyLine, cst.Newline, cst.Comment),
    *(cst.Comma, cst.Dot, cst.Colon, cst.AssignEqual, cst.LeftParen, cst.RightParen),
)


def _is_never(node: cst.CSTNode) -> bool:
    return isinstance(node, _MAY_BE_NEVER) and m.matches(node, _NEVER)


@dataclass(frozen=True)
class Change:
    """One change in one file: the bytes from ``start`` to ``end`` become ``new``.

    It is in the statement of these lines. ``is_late``: that is run when a function is.
    """

    line: int
    last_line: int
    start: int
    end: int
    new: cst.CSTNode
    is_late: bool


class _Finder(cst.CSTVisitor):
    """Find all changes of a module."""

    METADATA_DEPENDENCIES = (PositionProvider, ByteSpanPositionProvider)

    def __init__(self) -> None:
        super().__init__()
        self.changes: list[Change] = []
        self._bodies: list[cst.CSTNode] = []
        self._depth = 0
        self._lines: list[tuple[int, int]] = []

    def on_visit(self, node: cst.CSTNode) -> bool:
        if isinstance(node, _BETWEEN) or _is_never(node):
            return False
        if isinstance(node, cst.SimpleStatementLine | cst.BaseCompoundStatement):
            self._lines.append(self._lines_of(node))
        if isinstance(node, cst.FunctionDef):
            self._bodies.append(node.body)
        if self._bodies and node is self._bodies[-1]:
            self._depth += 1
        for kind, operator in OPERATORS:
            if isinstance(node, kind):
                for new in operator(node):
                    self._change(node, new)
        if isinstance(node, cst.If | cst.While):
            self._change(node.test, _turned_round(node.test))
        return True

    def on_leave(self, original_node: cst.CSTNode) -> None:
        if self._bodies and original_node is self._bodies[-1]:
            self._depth -= 1
            self._bodies.pop()
        if isinstance(original_node, cst.SimpleStatementLine | cst.BaseCompoundStatement) and not _is_never(
            original_node
        ):
            self._lines.pop()

    def _change(self, old: cst.CSTNode, new: cst.CSTNode) -> None:
        if not _is_wording(old, new):
            span = self.get_metadata(ByteSpanPositionProvider, old)
            place = (span.start, span.start + span.length)
            self.changes.append(Change(*self._lines[-1], *place, new, self._depth > 0))

    def _lines_of(self, node: cst.CSTNode) -> tuple[int, int]:
        """Return the first and the last line of a statement; of a compound one, of its head."""
        place = self.get_metadata(PositionProvider, node)
        body = getattr(node, "body", None)
        if isinstance(body, cst.BaseSuite):
            begins: int = self.get_metadata(PositionProvider, body).start.line
            return place.start.line, max(place.start.line, begins - 1)
        return place.start.line, place.end.line


def _is_text(node: cst.CSTNode) -> bool:
    """Return whether ``node`` is words for people: a string with a blank that is no regular expression."""
    if isinstance(node, cst.ConcatenatedString):
        return True
    if isinstance(node, cst.FormattedString):
        return any(isinstance(part, cst.FormattedStringText) and " " in part.value for part in node.parts)
    return isinstance(node, cst.SimpleString) and " " in node.value and "r" not in node.prefix.lower()


def _is_wording(old: cst.CSTNode, new: cst.CSTNode) -> bool:
    if isinstance(old, cst.SimpleString):
        return _is_text(old) or (isinstance(new, cst.SimpleString) and _same_encoding(old, new))
    if isinstance(old, cst.Call) and isinstance(new, cst.Call):
        kept = {id(arg) for arg in new.args}
        gone = [arg for arg in old.args if id(arg) not in kept]
        return any(_is_text(arg.value) or m.matches(arg, _NEVER) for arg in gone)
    return False


def _same_encoding(old: cst.SimpleString, new: cst.SimpleString) -> bool:
    with suppress(LookupError, ValueError, TypeError):
        return codecs.lookup(str(old.evaluated_value)).name == codecs.lookup(str(new.evaluated_value)).name
    return False


def changes_of(source: str) -> list[Change]:
    """Return all changes of a module that a test should notice."""
    wrapper, finder = MetadataWrapper(cst.parse_module(source)), _Finder()
    wrapper.visit(finder)
    return finder.changes


def changed(source: str, change: Change) -> str | None:
    """Return the source with ``change``; None if it means the same, or is no Python."""
    data, new = source.encode(), cst.Module([]).code_for_node(change.new)
    mutated = (data[: change.start] + new.encode() + data[change.end :]).decode()
    try:
        same = ast.dump(ast.parse(mutated)) == ast.dump(ast.parse(source))
        compile(mutated, "mutant", "exec")
    except SyntaxError:
        return None
    return None if same else mutated


@dataclass(frozen=True)
class Mutant:
    """A file with one change. ``source`` is below the root; ``key`` says what is changed, wherever it is now."""

    room: Room
    source: str
    original: str
    mutated: str
    line: int
    last_line: int
    is_late: bool

    @property
    def diff(self) -> str:
        old, new = (text.splitlines(keepends=True) for text in (self.original, self.mutated))
        return "".join(line for line in list(difflib.unified_diff(old, new, n=0))[2:] if line[:2] != "@@")

    @property
    def key(self) -> tuple[str, str]:
        return Path(self.source).name, " ".join(self.diff.split())


def draw(root: Path, rooms: Sequence[Room], seed: int, equivalent: set[tuple[str, str]]) -> Iterator[Mutant]:
    """Yield all mutants of ``rooms`` in a random order, which is the same for the same sources and seed."""
    files: list[tuple[Room, str]] = []
    for room in rooms:
        for source in room.sources:
            found = [root / source] if source.endswith(".py") else sorted((root / source).rglob("*.py"))
            files += [(room, path.relative_to(root).as_posix()) for path in found]
    texts = {source: (root / source).read_text(encoding="utf-8") for _room, source in files}
    all_of_them = [(room, source, change) for room, source in files for change in changes_of(texts[source])]
    random.Random(seed).shuffle(all_of_them)
    for room, source, change in all_of_them:
        text = texts[source]
        if (mutated := changed(text, change)) is not None:
            mutant = Mutant(room, source, text, mutated, change.line, change.last_line, change.is_late)
            if mutant.key not in equivalent:
                yield mutant


def read_equivalent(file: Path) -> set[tuple[str, str]]:
    """Return the keys of the mutants that no test can notice."""
    entries = tomllib.loads(file.read_text(encoding="utf-8")).get("equivalent", []) if file.exists() else []
    return {(entry["file"], " ".join(entry["diff"].split())) for entry in entries}


# --- What notices it -------------------------------------------------------------------------------------------------


class Place:
    """A copy of the checkout in which tests run."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.root = folder
        shutil.copytree(root, folder, ignore=_LEFT_OUT, symlinks=True)
        # By their content: a file that is changed and changed back within a second keeps its time and size.
        subprocess.run(
            [sys.executable, "-m", "compileall", "-q", "--invalidation-mode", "checked-hash", "src"],
            cwd=folder,
            check=True,
        )

    def pytest(self, *arguments: str, seconds: float | None = None) -> tuple[int | None, str]:
        """Run pytest; return its exit code, None if it took longer, and what it printed."""
        environment = {**os.environ, "PYTHONPATH": str(self.root / "src")}
        with tempfile.TemporaryFile() as said:
            run = subprocess.Popen(
                [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *arguments],
                cwd=self.root, env=environment, stdin=subprocess.DEVNULL, stdout=said, stderr=said,
                start_new_session=True,
            )  # fmt: skip
            try:
                code: int | None = run.wait(seconds)
            except subprocess.TimeoutExpired:
                code = None
            finally:
                _end(run)
            said.seek(0)
            return code, said.read().decode("utf-8", "replace")


def _end(run: subprocess.Popen[bytes]) -> None:
    """End a run, and what it has started."""
    if sys.platform == "win32":
        run.kill()
    else:
        with suppress(ProcessLookupError):
            os.killpg(run.pid, signal.SIGKILL)
    run.wait()


@dataclass
class Reach:
    """Which tests of a room reach which line of a file; how long (seconds) all of them take."""

    seconds: float
    lines: dict[str, dict[int, list[str]]] = field(default_factory=dict)

    def tests_for(self, mutant: Mutant) -> list[str]:
        """Return the tests to run first, in the order of the room: of what runs at import, all that reach the file."""
        lines = self.lines.get(mutant.source, {})
        wanted = range(mutant.line, mutant.last_line + 1) if mutant.is_late else lines
        found = {test for line in wanted for test in lines.get(line, ())}
        return sorted(found, key=lambda test: (_rank(test, mutant.room.tests), test))


def _rank(test: str, places: Sequence[str]) -> int:
    file = test.partition("::")[0]
    return next(number for number, place in enumerate(places) if file == place or file.startswith(place + "/"))


def reach_of(place: Place, room: Room) -> Reach:
    """Run the tests of ``room`` as they are. RuntimeError if they fail."""
    data, began = place.root / f".coverage.{room.name}", time.monotonic()
    sources = sorted({str(Path(each).parent) if each.endswith(".py") else each for each in room.sources})
    config = place.root / "mutants.coveragerc"
    config.write_text(f"[run]\nsource = {','.join(sources)}\ndata_file = {data}\n", encoding="utf-8")
    code, said = place.pytest("--cov", f"--cov-config={config}", "--cov-context=test", "--cov-report=", *room.tests)
    if code != 0:
        raise RuntimeError(f"the tests of {room.name} fail as they are:\n{said[-4000:]}")
    reach, found = Reach(time.monotonic() - began), coverage.CoverageData(str(data))
    found.read()
    for path in found.measured_files():
        contexts = found.contexts_by_lineno(path)
        tests = {line: [each.rpartition("|")[0] for each in names if each] for line, names in contexts.items()}
        reach.lines[Path(path).relative_to(place.root).as_posix()] = tests
    return reach


KILLED, TIMED_OUT, SURVIVED, UNREACHED = "killed", "timed out", "survived", "not reached"


def fate_of(mutant: Mutant, place: Place, reach: Reach) -> str:
    """Run the tests that reach ``mutant``, until one notices it."""
    tests = reach.tests_for(mutant)
    if not tests:
        return UNREACHED
    file, names = place.root / mutant.source, place.root / "mutants.tests"
    names.write_text("\n".join(tests), encoding="utf-8")
    file.write_text(mutant.mutated, encoding="utf-8")
    try:
        seconds = 20 + 3 * reach.seconds
        code, _said = place.pytest("-x", f"@{names}", seconds=seconds)
        # A parameter of a test is made of what is changed, and has another name now; or a value is used elsewhere.
        if code == 4 or (code == 0 and not mutant.is_late):
            code, _said = place.pytest("-x", *mutant.room.tests, seconds=seconds)
    finally:
        file.write_text(mutant.original, encoding="utf-8")
    return TIMED_OUT if code is None else SURVIVED if code == 0 else KILLED


# --- All of it -------------------------------------------------------------------------------------------------------


@dataclass
class Tally:
    """What became of the mutants. ``drawn`` are those that were tried, in their order."""

    fates: dict[int, str] = field(default_factory=dict)
    drawn: list[Mutant] = field(default_factory=list)

    @property
    def share(self) -> float:
        """The share (0 to 1) that a test noticed."""
        return sum(fate in {KILLED, TIMED_OUT} for fate in self.fates.values()) / max(1, len(self.fates))

    def survivors(self) -> list[tuple[Mutant, str]]:
        found = [(self.drawn[number], fate) for number, fate in self.fates.items() if fate in {SURVIVED, UNREACHED}]
        return sorted(found, key=lambda each: (each[0].source, each[0].line))


def try_all(root: Path, rooms: Sequence[Room], *, seed: int, count: int, jobs: int, minutes: float) -> Tally:
    """Try ``count`` mutants of ``rooms``, ``jobs`` at a time, and begin none after ``minutes``."""
    deadline, tally = time.monotonic() + 60 * minutes, Tally()
    with tempfile.TemporaryDirectory(prefix="camreel-mutants-") as folder:
        places: queue.SimpleQueue[Place] = queue.SimpleQueue()
        for number in range(jobs):
            places.put(Place(root, Path(folder) / str(number)))
        reaches: dict[str, Reach] = {}

        def measure(room: Room) -> None:
            place = places.get()
            try:
                reaches[room.name] = reach_of(place, room)
                _say(f"{room.name}: {reaches[room.name].seconds:.0f} s for all of its tests")
            finally:
                places.put(place)

        def try_one(number: int) -> None:
            if time.monotonic() > deadline:
                return
            place, mutant = places.get(), tally.drawn[number]
            try:
                began = time.monotonic()
                fate = tally.fates[number] = fate_of(mutant, place, reaches[mutant.room.name])
                _say(f"{number + 1:4} {fate:<12}{time.monotonic() - began:4.0f} s  {mutant.source}:{mutant.line}")
            finally:
                places.put(place)

        _side_by_side(jobs, measure, rooms)
        # From a copy: the checkout may have changed since.
        drawn = draw(Path(folder) / "0", rooms, seed, read_equivalent(EQUIVALENT))
        tally.drawn = [mutant for mutant, _ in zip(drawn, range(count), strict=False)]
        _side_by_side(jobs, try_one, range(len(tally.drawn)))
    return tally


def _side_by_side(jobs: int, work: Callable[[Any], None], items: Iterable[Any]) -> None:
    with ThreadPoolExecutor(jobs) as pool:
        try:
            for done in [pool.submit(work, item) for item in items]:
                done.result()
        except BaseException:  # Ctrl-C, or tests that fail as they are: what runs ends, and nothing more begins
            pool.shutdown(wait=False, cancel_futures=True)
            raise


_print = threading.Lock()


def _say(text: str) -> None:
    with _print:
        print(text, flush=True)


def report(tally: Tally, seed: int) -> str:
    """Return the figures, and each survivor with its diff."""
    lines = [
        f"\n## {mutant.source}:{mutant.line} ({mutant.room.name}, {fate})\n{mutant.diff.rstrip()}"
        for mutant, fate in tally.survivors()
    ]
    lines += ["", "| Room | Mutants | Killed | Timed out | Survived | Not reached |", "|---|---|---|---|---|---|"]
    by_room: dict[str, Counter[str]] = {}
    for number, fate in tally.fates.items():
        by_room.setdefault(tally.drawn[number].room.name, Counter())[fate] += 1
    for name, fates in sorted(by_room.items()):
        row = (name, fates.total(), *(fates[fate] for fate in (KILLED, TIMED_OUT, SURVIVED, UNREACHED)))
        lines.append("| " + " | ".join(map(str, row)) + " |")
    if len(tally.fates) < len(tally.drawn):
        lines.append(f"\nThe time was over: {len(tally.drawn) - len(tally.fates)} were not tried.")
    lines.append(f"\nSeed {seed}: {len(tally.fates)} mutants, {tally.share:.1%} killed.")
    return "\n".join(lines)


def main() -> None:
    """See ``--help``."""
    parser = argparse.ArgumentParser(prog="make mutants ARGS=...", description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", type=int, default=None, help="which ones are drawn (default: others each time)")
    parser.add_argument("--count", type=int, default=300, help="how many (default: 300)")
    parser.add_argument("--room", action="append", choices=[room.name for room in ROOMS], help="only of these rooms")
    parser.add_argument("--jobs", type=int, default=2, help="how many at a time (default: 2)")
    parser.add_argument("--minutes", type=float, default=30, help="begin none after this time (default: 30)")
    options = parser.parse_args()
    seed = random.SystemRandom().randrange(10**6) if options.seed is None else options.seed
    rooms = [room for room in ROOMS if options.room is None or room.name in options.room]
    print(f"Seed {seed}", flush=True)
    tally = try_all(ROOT, rooms, seed=seed, count=options.count, jobs=options.jobs, minutes=options.minutes)
    print(report(tally, seed))


if __name__ == "__main__":
    main()
