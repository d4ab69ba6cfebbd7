"""``python -m benchmarks``: run all contenders, print the table, keep the figures, write the page of the documents."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

from benchmarks.draw import as_bars, as_curves, as_text, in_page
from benchmarks.figures import groups
from benchmarks.footage import CACHE
from benchmarks.model import FULL, QUICK, TINY, Curve, Figure, Group, Result, Run
from benchmarks.scene import ROOT

_SIZES = {"full": FULL, "quick": QUICK, "tiny": TINY}
_DOCS = ROOT / "docs"


def main() -> None:
    """See ``--help``."""
    options = _parser().parse_args()
    sizes = _SIZES[options.size]
    if options.rounds:
        sizes = replace(sizes, rounds=options.rounds)
    all_of_them = groups(sizes)
    wanted = [each for each in all_of_them if not options.rows or any(word in each.name for word in options.rows)]
    if options.list:
        print("\n".join(f"{each.name:18} {each.title}" for each in all_of_them))
        return
    kept = CACHE / f"figures-{options.size}.json"
    results = _kept(kept)
    if not options.no_run:
        _compile()
        run = Run(sizes, _say, options.cold)
        for group in wanted:
            results[group.name] = _result(group, run)
            CACHE.mkdir(exist_ok=True)
            kept.write_text(json.dumps({name: asdict(each) for name, each in results.items()}, indent=2) + "\n")
    told = [results[each.name] for each in wanted if each.name in results]
    print(f"\n{as_text(told)}")
    if options.size != "full":
        print("\nWith this little footage the start of the program is most of it: to see a change by, not the limits.")
    if options.page:
        _write_page([results[each.name] for each in all_of_them if each.name in results])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("--size", choices=_SIZES, default="full")
    parser.add_argument(
        "--rows",
        action="append",
        metavar="NAME",
        help="only groups whose name has NAME in it (--list has the names); may be given again",
    )
    parser.add_argument("--list", action="store_true", help="print the groups")
    parser.add_argument("--rounds", type=int, help="of each comparison, in place of what the size has")
    parser.add_argument("--cold", action="store_true", help="merges read their clips from the disk, not from memory")
    parser.add_argument("--no-run", action="store_true", help="take the figures of earlier runs")
    parser.add_argument(
        "--page",
        action="store_true",
        help="write docs/performance.md and its pictures, with the figures of earlier runs",
    )
    return parser


def _compile() -> None:
    """What an installation compiles, so that no contender is charged for it."""
    import compileall  # noqa: PLC0415

    compileall.compile_dir(Path(__file__).parents[1] / "src", quiet=2)


def _kept(path: Path) -> dict[str, Result]:
    try:
        told = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    return {name: Result.from_json(each) for name, each in told.items()}


def _result(group: Group, run: Run) -> Result:
    _say(f"{group.name} ...")
    begun = time.monotonic()
    found = list(group.measured(run))
    took = time.monotonic() - begun
    _say(f"  {took:.0f} s")
    figures = tuple(each for each in found if isinstance(each, Figure))
    curves = tuple(each for each in found if isinstance(each, Curve))
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.release()}, Python {platform.python_version()}"
    how = ", clips of merges on the disk alone" if run.is_cold else ""
    return Result(group.title, time.strftime("%Y-%m-%d"), machine + how, took, figures, curves)


def _write_page(results: list[Result]) -> None:
    page = _DOCS / "performance.md"
    page.write_text(in_page(page.read_text(), as_text(results)))
    (_DOCS / "performance.svg").write_text(as_bars(results))
    curves = [curve for result in results for curve in result.curves]
    if curves:
        (_DOCS / "growth.svg").write_text(as_curves(curves))


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
