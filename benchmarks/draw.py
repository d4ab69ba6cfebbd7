"""The figures as a table, and as a drawing."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from benchmarks.figures import Figure

_ROW, _LABELS, _WIDTH = 26, 560, 960


def as_table(figures: Sequence[Figure]) -> str:
    """Markdown."""
    rows = ["| Figure | Target (at most) | Measured | Spread | Met |", "|---|---|---|---|---|"]
    for each in figures:
        unit = f" {each.unit}" if each.unit else ""
        if each.value is None:
            rows.append(f"| {each.name} | {each.limit:g}{unit} | not measured: {each.note} | | |")
            continue
        spread = f"{min(each.values):.2f} to {max(each.values):.2f}" if len(each.values) > 1 else ""
        holds = "yes" if each.holds else "no"
        rows.append(f"| {each.name} | {each.limit:g}{unit} | {each.value:.2f}{unit} | {spread} | {holds} |")
    return "\n".join(rows)


def as_svg(figures: Sequence[Figure], title: str) -> str:
    """A bar for each, as long as its share of what it may be; the line is the most that it may be."""
    shown = [each for each in figures if each.value is not None]
    height = _ROW * (len(shown) + 2)
    line = _LABELS + (_WIDTH - _LABELS) / 2
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}">',
        "<style>text { font: 12px sans-serif }</style>",
        f'<rect width="{_WIDTH}" height="{height}" fill="#fff"/>',
        f'<text x="8" y="18" font-size="14" font-weight="bold">{escape(title)}</text>',
    ]
    for number, each in enumerate(shown):
        assert each.value is not None
        y = _ROW * (number + 1.5)
        share = min(1.9, each.value / each.limit)
        length = share * (line - _LABELS)
        colour = "#2a7d4f" if each.holds else "#c0562f"
        told = f"{each.value:.2f} of {each.limit:g} {each.unit}"
        out += [
            f'<text x="{_LABELS - 8}" y="{y + 12}" text-anchor="end">{escape(each.name)}</text>',
            f'<rect x="{_LABELS}" y="{y}" width="{length:.1f}" height="16" fill="{colour}"/>',
            f'<text x="{_LABELS + length + 6:.1f}" y="{y + 12}">{escape(told)}</text>',
        ]
    out.append(f'<line x1="{line}" x2="{line}" y1="{_ROW}" y2="{height - 8}" stroke="#333" stroke-dasharray="4 3"/>')
    return "\n".join([*out, "</svg>", ""])
