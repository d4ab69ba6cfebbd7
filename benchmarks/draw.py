"""The figures as a table and as bars, the growth as curves, and all of it in the page of the documents."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from html import escape

from benchmarks.model import Curve, Figure, Point, Result

# Legible on a light page and on a dark one: the picture brings its own ground for each.
_STYLE = """<style>
svg { font: 12px sans-serif }
.ground { fill: #ffffff } text { fill: #24292f } .faint { fill: #59636e }
.line { stroke: #59636e; fill: none } .grid { stroke: #d1d9e0 }
.good { fill: #2a7d4f } .bad { fill: #c0562f } .curve { stroke: #0b62c4; fill: none; stroke-width: 2 }
.dot { fill: #0b62c4 }
@media (prefers-color-scheme: dark) {
.ground { fill: #0d1117 } text { fill: #e6edf3 } .faint { fill: #9198a1 }
.line { stroke: #9198a1 } .grid { stroke: #3d444d }
.good { fill: #3fb970 } .bad { fill: #e8825c } .curve { stroke: #6cb0ff } .dot { fill: #6cb0ff }
}
</style>"""
_ROW, _LABELS, _WIDTH = 22, 480, 920


def as_table(results: Iterable[Result]) -> str:
    """Markdown, a line above the figures of each group."""
    rows = ["| Figure | Target (at most) | Measured | Spread | Met |", "|---|---|---|---|---|"]
    for result in results:
        if result.figures:
            rows.append(f"| **{result.title}** | | | | |")
            rows += map(_row, result.figures)
    return "\n".join(rows)


def _row(figure: Figure) -> str:
    unit = f" {figure.unit}" if figure.unit else ""
    limit = "" if figure.limit is None else f"{figure.limit:g}{unit}"
    if figure.value is None:
        return f"| {figure.name} | {limit} | not measured: {figure.note} | | |"
    many = len(figure.values) > 1
    spread = f"{_number(min(figure.values))} to {_number(max(figure.values))}" if many else ""
    met = {None: "", True: "yes", False: "no"}[figure.holds]
    return f"| {figure.name} | {limit} | {_number(figure.value)}{unit} | {spread} | {met} |"


def _number(value: float) -> str:
    return f"{value:g}" if value.is_integer() else f"{value:.2f}" if abs(value) < 100 else f"{value:.0f}"


def as_bars(results: Iterable[Result]) -> str:
    """A bar for each figure that has a target, as long as its share of it; the line is the target."""
    line = _LABELS + (_WIDTH - _LABELS) / 2
    out: list[str] = []
    y = 8
    for result in results:
        shown = [each for each in result.figures if each.value is not None and each.limit is not None]
        if not shown:
            continue
        out.append(f'<text x="8" y="{y + 16}" font-weight="bold">{escape(result.title)}</text>')
        y += _ROW
        for each in shown:
            out += _bar(each, y, line)
            y += _ROW
    out.append(f'<line class="line" x1="{line}" x2="{line}" y1="8" y2="{y}" stroke-dasharray="4 3"/>')
    out.append(f'<text class="faint" x="{line}" y="{y + 16}" text-anchor="middle">target</text>')
    return _svg(_WIDTH, y + 28, out)


def _bar(figure: Figure, y: float, line: float) -> list[str]:
    assert figure.value is not None
    assert figure.limit is not None
    length = max(0.0, min(1.4, figure.value / figure.limit)) * (line - _LABELS)
    colour = "good" if figure.holds else "bad"
    told = f"{_number(figure.value)} of {figure.limit:g} {figure.unit}".strip()
    return [
        f'<text x="{_LABELS - 8}" y="{y + 14}" text-anchor="end">{escape(_short(figure.name))}</text>',
        f'<rect class="{colour}" x="{_LABELS}" y="{y + 3}" width="{length:.1f}" height="14"/>',
        f'<text x="{_LABELS + length + 6:.1f}" y="{y + 14}">{escape(told)}</text>',
    ]


def _short(name: str, most: int = 78) -> str:
    return name if len(name) <= most else f"{name[: most - 1]}…"


_PLOT, _PLOT_HEIGHT, _LEFT = 220, 110, 56
_MEASURES: Sequence[tuple[str, Callable[[Point], float]]] = (
    ("time, s", lambda point: point.wall),
    ("processor, s", lambda point: point.cpu),
    ("memory, MB", lambda point: point.memory / 1e6),
)


def as_curves(curves: Iterable[Curve]) -> str:
    """A row of plots for each curve: time, processor and memory, all from 0 up, by the amount."""
    out: list[str] = []
    y = 8
    for curve in curves:
        out.append(f'<text x="8" y="{y + 14}" font-weight="bold">{escape(curve.name)}</text>')
        for column, (name, of) in enumerate(_MEASURES):
            x = _LEFT + column * (_PLOT + _LEFT + 16)
            out += _plot(name, curve, of, x, y + 40)
        y += _PLOT_HEIGHT + 80
    return _svg(3 * (_PLOT + _LEFT + 16) + 8, y, out)


def _plot(name: str, curve: Curve, of: Callable[[Point], float], x: float, y: float) -> list[str]:
    most_x = max(point.amount for point in curve.points)
    most_y = max(map(of, curve.points)) or 1.0
    bottom = y + _PLOT_HEIGHT
    places = [
        (x + _PLOT * point.amount / most_x, bottom - 0.92 * _PLOT_HEIGHT * of(point) / most_y) for point in curve.points
    ]
    path = " ".join(f"{at_x:.1f},{at_y:.1f}" for at_x, at_y in places)
    last = of(curve.points[-1])
    out = [
        f'<text class="faint" x="{x}" y="{y - 6}">{escape(name)}</text>',
        f'<line class="grid" x1="{x}" x2="{x + _PLOT}" y1="{y}" y2="{y}"/>',
        f'<polyline class="line" points="{x},{y} {x},{bottom} {x + _PLOT},{bottom}"/>',
        f'<polyline class="curve" points="{path}"/>',
        f'<text x="{x - 6}" y="{bottom}" text-anchor="end">0</text>',
        f'<text x="{x - 6}" y="{places[-1][1] + 4:.1f}" text-anchor="end">{last:.3g}</text>',
    ]
    out += [f'<circle class="dot" cx="{at_x:.1f}" cy="{at_y:.1f}" r="3"/>' for at_x, at_y in places]
    for point, (at_x, _) in zip(curve.points, places, strict=True):
        out.append(f'<text class="faint" x="{at_x:.1f}" y="{bottom + 16}" text-anchor="middle">{point.amount:g}</text>')
    out.append(f'<text class="faint" x="{x + _PLOT}" y="{bottom + 30}" text-anchor="end">{escape(curve.unit)}</text>')
    return out


def _svg(width: float, height: float, parts: Sequence[str]) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}">'
    ground = f'<rect class="ground" width="{width:g}" height="{height:g}" rx="6"/>'
    return "\n".join([head, _STYLE, ground, *parts, "</svg>", ""])


_BEGIN, _END = "<!-- figures: from here on written by `make bench` -->", "<!-- figures: until here -->"


def in_page(page: str, text: str) -> str:
    """The page with ``text`` between its marks. ValueError if it has none."""
    before, begin, rest = page.partition(_BEGIN)
    _old, end, after = rest.partition(_END)
    if not begin or not end:
        raise ValueError("the page has no marks for the figures")
    return f"{before}{_BEGIN}\n\n{text.strip()}\n\n{_END}{after}"


def as_text(results: Sequence[Result]) -> str:
    """Where and when, and the table."""
    dates = sorted({result.date for result in results})
    machines = sorted({result.machine for result in results})
    took = sum(result.took for result in results) / 60
    when = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
    rounds = max((len(figure.values) for result in results for figure in result.figures), default=0)
    head = f"Measured on {when}, {'; '.join(machines)}: {took:.0f} minutes, up to {rounds} rounds."
    pictures = ["![The figures as bars](performance.svg)"]
    if any(result.curves for result in results):
        pictures.append("How the cost grows, of camreel alone:\n\n![Growth of the cost as curves](growth.svg)")
    return "\n\n".join([head, as_table(results), *pictures])
