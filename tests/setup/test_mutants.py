"""`make mutants`: a change that no test notices is told, and one that a test notices is not."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("mutmut.mutation.mutators", reason="mutmut does not run on this system")
import mutants as script

SOURCE = """'''A thing.'''
from __future__ import annotations

LIMIT = 3


def is_much(count: int) -> bool:
    '''Tell it.'''
    return count > LIMIT


def is_little(count: int) -> bool:
    return count < LIMIT


def check(count: int) -> None:
    if count > LIMIT:
        raise ValueError("that is too much")
"""
TESTS = """from thing.amounts import check, is_much


def test_it():
    assert is_much(4)
    assert not is_much(3)
    check(2)
"""
ROOM = script.Room("amounts", ("src/thing",), ("tests",))


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A project of one module: one function is tested well, one ill, one not at all."""
    for name, text in {"src/thing/__init__.py": "", "src/thing/amounts.py": SOURCE, "tests/test_it.py": TESTS}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def became(mutant: script.Mutant) -> str:
    return mutant.diff.partition("+")[2].strip()


@pytest.mark.timeout(300)  # it starts pytest six times
def test_what_no_test_notices_is_told(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And what one notices is not; the project stays as it is."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # loading them takes longest
    monkeypatch.setenv("PYTEST_PLUGINS", "pytest_cov.plugin")
    before = {path: path.read_bytes() for path in checkout.rglob("*.py")}
    tally = script.try_all(checkout, [ROOM], seed=5, count=1000, jobs=1, minutes=5)
    assert {became(tally.drawn[number]): fate for number, fate in tally.fates.items()} == {
        "LIMIT = 4": script.KILLED,
        "LIMIT = None": script.KILLED,
        "return count >= LIMIT": script.KILLED,
        "return count <= LIMIT": script.UNREACHED,
        "if count >= LIMIT:": script.SURVIVED,
        "if not (count > LIMIT):": script.KILLED,
        "pass": script.UNREACHED,
    }
    said = script.report(tally, 5)
    assert (
        "## src/thing/amounts.py:13 (amounts, not reached)\n-    return count < LIMIT\n+    return count <= LIMIT"
        in said
    )
    assert "## src/thing/amounts.py:17 (amounts, survived)\n-    if count > LIMIT:" in said
    assert "| amounts | 7 | 4 | 0 | 1 | 2 |" in said
    assert said.endswith("Seed 5: 7 mutants, 57.1% killed.")
    assert {path: path.read_bytes() for path in checkout.rglob("*.py")} == before


def test_the_same_seed_draws_the_same(checkout: Path) -> None:
    drawn = [[became(each) for each in script.draw(checkout, [ROOM], seed, set())] for seed in (5, 5, 6)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert sorted(drawn[0]) == sorted(drawn[2])


def test_what_is_equivalent_is_not_drawn(checkout: Path, tmp_path: Path) -> None:
    change = "- return count < LIMIT + return count <= LIMIT"
    listed = tmp_path / "equivalent.toml"
    listed.write_text(
        f'[[equivalent]]\nfile = "amounts.py"\ndiff = "{change}"\nreason = "an example"\n', encoding="utf-8"
    )
    known = script.read_equivalent(listed)
    found = [became(each) for each in script.draw(checkout, [ROOM], 5, known)]
    assert len(found) == 6
    assert "return count <= LIMIT" not in found


@pytest.mark.parametrize(
    "source",
    [
        "'A docstring.'",
        "from x import y",
        "number: int",
        "log.info('so many', 1)",
        "__all__ = ['x']",
        "assert x == 1",
        "@dataclass(frozen=True)\nclass X: ...",
    ],
)
def test_what_no_test_should_notice_stays(source: str) -> None:
    assert [script.changed(source, change) for change in script.changes_of(source)] == []


@pytest.mark.parametrize(
    ("source", "mutated"),
    [
        ("x = f(a)", {"x = None", "x = f(None)"}),
        ("f(a)", {"pass", "f(None)"}),
        ("await f()", {"pass"}),
        ("raise X", {"pass"}),
        ("if a: f()", {"if not (a): f()", "if a: pass"}),
        ("while a: f()", {"while not (a): f()", "while a: pass"}),
        ("f(a == 'ab')", {"pass", "f(None)", "f(a != 'ab')", "f(a == 'XXabXX')", "f(a == 'AB')"}),
        ("f(encoding='utf-8')", {"pass", "f(encoding=None)", "f(encoding='XXutf-8XX')"}),
        ("f('words for people')", {"pass"}),
        ("f(r'[a ]')", {"pass", "f(None)", "f(r'XX[a ]XX')", "f(r'[A ]')"}),
        ("f(a, strict=True)", {"pass", "f(None, strict=True)", "f(strict=True)"}),
        ("f(a, hint=b)", {"pass", "f(None, hint=b)", "f(hint=b)"}),
        ("def f(a: int = 1): f()", {"def f(a: int = 2): f()", "def f(a: int = 1): pass"}),
    ],
)
def test_what_is_changed(source: str, mutated: set[str]) -> None:
    found = {script.changed(source, change) for change in script.changes_of(source)} - {None}
    assert {" ".join((each or "").replace("( ", "(").split()) for each in found} == mutated
