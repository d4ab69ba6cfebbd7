"""Hold the layout of src: sizes of folders, names, imports without a circle, and tests that mirror it.

Each failure says what to do.
"""

from __future__ import annotations

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SRC = ROOT / "src"
UNIT = ROOT / "tests" / "unit"

MOST_IN_A_FOLDER = 15
SMALL = 60  # lines
MOST_SMALL = 3

SAME_NAME_ON_PURPOSE = {"Camera": {"camreel.api.camera", "camreel.sync"}}  # the same thing, with and without a loop


def _words(text: str) -> set[str]:
    return set(text.split())


# Words of which no module is named. A gerund or an adverb is known by its end, so some nouns have to be excused.
GERUNDS = _words("naming planning dating")  # names of a subject that have no shorter noun
NOUNS = _words("listing speed feed seed")
QUESTIONS = _words("who whom whose what when where why which how")
PRONOUNS = _words("i me my it its this that these those they them we us our you your he she each some any all none")
ADVERBS = _words("again ago always away here late never now often once soon still there")
PARTICIPLES = _words("made given taken found kept lost held seen said told gone known left done sent written shown")
BAD_EXAMPLES = _words("settle worst")


def _modules() -> dict[str, Path]:
    """Return each module of src by its dotted name; a package is its `__init__`."""
    found = {}
    for path in sorted(SRC.rglob("*.py")):
        parts = path.relative_to(SRC).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = _modules()
TREES = {name: ast.parse(path.read_text("utf-8"), str(path)) for name, path in MODULES.items()}


def _imported(name: str) -> Iterator[str]:
    """Yield what a module imports of src, at its top, late, or under TYPE_CHECKING; packages on the way not counted."""
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in MODULES)
        elif isinstance(node, ast.ImportFrom):
            base = _base(name, node)
            for alias in node.names:
                full = f"{base}.{alias.name}"
                yield from (each for each in (full if full in MODULES else base,) if each in MODULES)


def _base(name: str, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    package = name.split(".") if MODULES[name].name == "__init__.py" else name.split(".")[:-1]
    parents = package[: len(package) - node.level + 1]
    return ".".join([*parents, *([node.module] if node.module else [])])


IMPORTS = {name: set(_imported(name)) - {name} for name in MODULES}


def _circles(imports: Mapping[str, set[str]]) -> set[str]:
    """Return the circles of imports, each as its modules, sorted; one import is left out for each circle found."""
    graph = {name: set(others) for name, others in imports.items()}
    found = set()
    while True:
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            # graphlib names a node after what it is imported by: the circle's first and last are the same.
            circle: list[str] = error.args[1]
            graph[circle[1]].discard(circle[0])
            found.add(" <-> ".join(sorted(set(circle))))
        else:
            return found


def _complaint(word: str, *, alone: bool) -> str | None:
    """Say what is wrong with a word in a module's name; a participle is fine before a noun (`listed_times`)."""
    if word in GERUNDS | NOUNS:
        return None
    rules = {
        "a gerund": word.endswith("ing"),
        "an adverb": word.endswith("ly") or word in ADVERBS,
        "a pronoun": word in PRONOUNS,
        "a question word": word in QUESTIONS,
        "a bare participle": alone and (word.endswith("ed") or word in PARTICIPLES),
        "no noun and no plain verb of its one function": word in BAD_EXAMPLES,
    }
    return next((rule for rule, broken in rules.items() if broken), None)


def _badly_named(names: Iterable[str]) -> dict[str, str]:
    found = {}
    for name in names:
        words = name.rpartition(".")[2].strip("_").split("_")
        for word in words:
            if complaint := _complaint(word, alone=len(words) == 1):
                found[name] = f"{word!r} is {complaint}"
    return found


def test_a_folder_can_be_overlooked():
    folders = Counter(path.parent for path in MODULES.values() if path.name != "__init__.py")
    full = [f"{folder.relative_to(SRC)} ({count})" for folder, count in folders.items() if count > MOST_IN_A_FOLDER]
    assert not full, (
        f"A folder has at most {MOST_IN_A_FOLDER} modules. Make a sub-package of what belongs together: {full}"
    )


def test_small_modules_are_few():
    importers = Counter(other for others in IMPORTS.values() for other in others)
    small = [
        f"{name} ({lines} lines)"
        for name, path in MODULES.items()
        if path.name != "__init__.py"
        and importers[name] == 1
        and (lines := len(path.read_text("utf-8").splitlines())) < SMALL
    ]
    assert len(small) <= MOST_SMALL, f"Move what has one importer and under {SMALL} lines into that importer: {small}"


def test_a_class_name_has_one_meaning():
    places = defaultdict(set)
    for name, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                places[node.name].add(name)
    twice = {
        kind: where for kind, where in places.items() if len(where) > 1 and where != SAME_NAME_ON_PURPOSE.get(kind)
    }
    assert not twice, f"Rename one of each pair by what it means: {twice}"


def test_imports_have_no_circle():
    circles = _circles(IMPORTS)
    assert not circles, f"Cut the circle: a small protocol, or the shared part in a module below both: {circles}"


def test_modules_are_named_by_nouns():
    bad = _badly_named(MODULES)
    assert not bad, f"Name the module by a noun of the field, or by the verb of its one function: {bad}"


def test_unit_tests_mirror_src():
    """`tests/unit/clock/test_zones_properties.py` is about `clock/zones.py`, or about a package of that name."""
    unmatched = []
    for path in UNIT.rglob("test_*.py"):
        folder = path.parent.relative_to(UNIT)
        names = {each.stem for each in (SRC / "camreel" / folder).glob("*") if not each.name.startswith("__")}
        stem = path.stem.removeprefix("test_")
        if not any(stem == name or stem.startswith(f"{name}_") for name in names):
            unmatched.append(path.relative_to(UNIT).as_posix())
    of_the_whole = {"test_house.py", "test_face.py", "test_parser_properties.py"}
    strays = set(unmatched) - of_the_whole
    assert not strays, f"Name each by the module that it tests, in that module's folder: {sorted(strays)}"


@pytest.mark.parametrize(
    ("imports", "circles"),
    [
        ({"a": {"b"}, "b": {"c"}, "c": set()}, set()),
        ({"a": {"b"}, "b": {"a"}}, {"a <-> b"}),
        ({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"e"}, "e": {"d"}}, {"a <-> b <-> c", "d <-> e"}),
    ],
)
def test_circles_are_found(imports, circles):
    assert _circles(imports) == circles


@pytest.mark.parametrize(
    "name",
    ["wanting", "keeping", "tuning", "when", "worst", "settle", "worst_code", "quickly", "made", "reached", "its_clip"],
)
def test_bad_names_are_found(name):
    assert _badly_named([f"camreel.{name}"])


@pytest.mark.parametrize(
    "name", ["naming", "planning", "dating", "listed_times", "indexed_clip", "resolve", "__main__"]
)
def test_good_names_are_not(name):
    assert not _badly_named([f"camreel.{name}"])


def test_all_of_src_is_looked_at():
    assert {name.partition(".")[0] for name in MODULES} == {"camreel", "camreel_simulator"}
    assert "camreel.cli.batch" in IMPORTS["camreel.cli.commands.get"] | IMPORTS["camreel.cli.commands.list"]
    assert "camreel.model" in IMPORTS["camreel.planning.plan"]


# Files are opened and made by camreel.diskio, which waits for nothing, follows no link unless asked, and makes files
# under new names. What does it by itself has a reason.
MAY_TOUCH_FILES = {
    ("camreel.diskio", "*"): "it is the place for that",
    ("camreel.cli.passwords", "os.open"): "a password may come through a pipe, which has a time limit",
    ("camreel.cli.results", "mkdir"): "the folder that the user asked for",
    ("camreel.cli.run", "os.open"): "a log may go to a pipe or a terminal, without waiting",
    ("camreel.cli.ui.terminal", "os.open"): "the system's own null device",
    ("camreel.config.edit", "mkdir"): "the settings' folder, where the user's settings are",
    ("camreel.doctor.capture", "zipfile.ZipFile"): "into a file that diskio has made",
    ("camreel.media.clips.dav_clip", "av.open"): "of memory",
    ("camreel.media.clips.foreign_clip", "av.open"): "of memory",
    ("camreel.media.encode.video", "av.open"): "of memory",
    ("camreel.media.ffmpeg", "av.open"): "of what formats.source has checked",
    ("camreel.media.mux.direct", "tempfile.TemporaryFile"): "it is this user's alone, and has no name",
    ("camreel.media.mux.muxer", "av.open"): "of what create_part has made",
    ("camreel.media.worker.executor", "read_text"): "the system's own file",
    ("camreel.output.finalize", "mkdir"): "the folder that the user asked for",
    ("camreel.preview.job", "tempfile.TemporaryDirectory"): "this user's alone, under a random name",
    ("camreel.preview.page", "read_text"): "a file of the package",
    ("camreel.transfer.folder", "mkdir"): "in a folder that it holds",
    ("camreel.transfer.lock", "tempfile.gettempdir"): "only the name of the folder; it is made private",
    ("camreel.transfer.store", "mkdir"): "the folder that the user asked for",
    ("camreel.transfer.resume", "read_text"): "the system's own file",
}
TOUCHES = _words(
    "write_text write_bytes read_text read_bytes touch mkdir makedirs mknod mkfifo symlink_to hardlink_to symlink"
    " FileHandler fromfile tofile"
)
BY_NAME = _words("tempfile zipfile tarfile shutil")
TOUCHING_MODULES = _words("tempfile zipfile tarfile shutil av io codecs gzip")
HARMLESS = _words(
    "shutil.disk_usage shutil.get_terminal_size shutil.which zipfile.ZipInfo io.BytesIO io.StringIO io.TextIOWrapper"
)
MODE = re.compile(r"[rwaxbtU+]{1,4}")


def _touches(call: ast.Call) -> str | None:
    """How a call opens or makes a file by its name; None if it does not."""
    if isinstance(call.func, ast.Name):
        return "open" if call.func.id == "open" else None
    if not isinstance(call.func, ast.Attribute):
        return None
    name, owner = call.func.attr, call.func.value
    whole = f"{owner.id}.{name}" if isinstance(owner, ast.Name) else name
    module = whole.partition(".")[0]
    if whole in HARMLESS:
        return None
    if whole == "os.open" or name in TOUCHES:
        return whole if whole == "os.open" else name
    if module in TOUCHING_MODULES and (name == "open" or module not in {"av", "io", "codecs", "gzip"}):
        return whole
    modes = [*call.args[:1], *(each.value for each in call.keywords if each.arg == "mode")]
    said = [each.value for each in modes if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    is_path = isinstance(owner, ast.Call) and isinstance(owner.func, ast.Name) and owner.func.id == "Path"
    return "Path.open" if name == "open" and (is_path or any(map(MODE.fullmatch, said))) else None


def _touching(trees: Mapping[str, ast.AST]) -> set[tuple[str, str]]:
    calls = ((name, node) for name, tree in trees.items() for node in ast.walk(tree) if isinstance(node, ast.Call))
    found = {(name, way) for name, call in calls if (way := _touches(call)) is not None}
    for name, tree in trees.items():  # a name that is imported by itself
        imports = (node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom))
        whole = (f"{node.module}.{alias.name}" for node in imports for alias in node.names)
        found |= {(name, way) for way in whole if way.partition(".")[0] in BY_NAME and way not in HARMLESS}
    return found


def test_files_are_touched_in_one_place():
    """What lies in a folder may be a FIFO, a link or a trap: see the promises in SECURITY.md."""
    found = {each for each in _touching(TREES) if each[0].startswith("camreel.")}
    strays = {each for each in found if each not in MAY_TOUCH_FILES and (each[0], "*") not in MAY_TOUCH_FILES}
    assert not strays, f"Use camreel.diskio (open_file, read_regular, create_new, write_whole): {sorted(strays)}"
    gone = {each for each in MAY_TOUCH_FILES if each[1] != "*" and each not in found}
    assert not gone, f"These have a reason that nobody needs any more: {sorted(gone)}"


@pytest.mark.parametrize(
    "code",
    [
        'open("x")',
        'with path.open("wb") as file: pass',
        'path.open(mode="r+b")',
        "Path(name).open()",
        "os.open(path, os.O_RDONLY)",
        'path.write_text("x")',
        "Path(name).read_bytes()",
        "path.touch()",
        "tempfile.mkstemp()",
        "from tempfile import NamedTemporaryFile",
        "shutil.copy(one, other)",
        "zipfile.ZipFile(path)",
        "logging.FileHandler(path)",
        "av.open(path)",
        'io.open("x")',
    ],
)
def test_no_new_way_to_touch_a_file_is_overlooked(code):
    assert _touching({"camreel.new": ast.parse(code)}), code


@pytest.mark.parametrize("code", ["source.open(recording)", "self.open()", "av.Packet(data)", "io.BytesIO()"])
def test_other_things_may_be_opened(code):
    assert not _touching({"camreel.new": ast.parse(code)}), code
