"""Charts as SVG: text, lines and nothing that is fetched."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from yogo.text.terminal import printable
from yogo_tui.comparing.plotting import INK, Sheet, Stroke, Words, stacked

_FONT = 'font-family="system-ui, \'DejaVu Sans\', sans-serif" font-size="12"'


def as_svg(sheets: Sequence[Sheet]) -> str:
    """The sheets below each other, as one drawing on white paper."""
    width, height = stacked(sheets)
    inside, y = [], 0.0
    for sheet in sheets:
        inside.append(f'<g transform="translate(0 {y:g})">{"".join(_parts(sheet))}</g>')
        y += sheet.height
    title = escape(printable(", ".join(sheet.title for sheet in sheets)))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" '
        f'height="{height:g}" role="img" {_FONT}><title>{title}</title>'
        f'<rect width="{width:g}" height="{height:g}" fill="#ffffff"/>{"".join(inside)}</svg>\n'
    )


def _parts(sheet: Sheet) -> Iterator[str]:
    yield from map(_stroke, sheet.strokes)
    yield from map(_words, sheet.words)


def _stroke(stroke: Stroke) -> str:
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y in stroke.points)
    dashes = f' stroke-dasharray="{" ".join(f"{length:g}" for length in stroke.dashes)}"' if stroke.dashes else ""
    return (
        f'<path d="M{path}" fill="none" stroke="{stroke.colour}" stroke-width="{stroke.width:g}"'
        f' stroke-linejoin="round"{dashes}/>'
    )


def _words(words: Words) -> str:
    weight = ' font-weight="600"' if words.is_bold else ""
    return (
        f'<text x="{words.x:.1f}" y="{words.y:.1f}" text-anchor="{words.anchor}" fill="{INK}"{weight}>'
        f"{escape(printable(words.text))}</text>"
    )
