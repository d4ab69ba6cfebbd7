"""``python -m benchmarks``: run all contenders, print the table, write it as JSON and as a drawing."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from dataclasses import asdict, replace
from pathlib import Path

from benchmarks.draw import as_svg, as_table
from benchmarks.figures import FULL, QUICK, TINY, all_figures, today
from benchmarks.footage import CACHE

_SIZES = {"full": FULL, "quick": QUICK, "tiny": TINY}


def main() -> None:
    """See ``--help``."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("--size", choices=_SIZES, default="full")
    parser.add_argument("--only", choices=("job", "merge", "throttled", "memory", "fetched", "start"), default="")
    parser.add_argument("--rounds", type=int, help="of each comparison, in place of what the size has")
    parser.add_argument("--json", type=Path, default=CACHE / "figures.json", help="where the figures go")
    parser.add_argument("--svg", type=Path, help="where a drawing goes")
    options = parser.parse_args()
    # What an installation compiles, so that no contender is charged for it.
    import compileall  # noqa: PLC0415

    compileall.compile_dir(Path(__file__).parents[1] / "src", quiet=2)
    sizes = _SIZES[options.size]
    if options.rounds:
        sizes = replace(sizes, rounds=options.rounds)
    figures = list(all_figures(sizes, _say, options.only))
    machine = f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    print(f"\n{today()}, {machine}; ratios are medians of rounds that take turns\n\n{as_table(figures)}")
    if sizes.job != FULL.job:
        print("\nWith this little footage the start of the program is most of it: to see a change by, not the limits.")
    options.json.parent.mkdir(exist_ok=True)
    told = {"date": today(), "machine": machine, "figures": [asdict(each) for each in figures]}
    options.json.write_text(json.dumps(told, indent=2) + "\n")
    if options.svg:
        options.svg.write_text(as_svg(figures, f"camreel, {today()}, {machine}"))


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
