"""Plots of an assay as SVG: text, lines and nothing that is fetched."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from yogo.assay.views.charts import AssayChart, ChartScale
from yogo.text.terminal import printable

WIDTH, HEIGHT = 460, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 16, 30, 44
_BLUE, _ORANGE, _INK, _FAINT = "#0072b2", "#d55e00", "#333333", "#dddddd"
_FONT = 'font-family="system-ui, \'DejaVu Sans\', sans-serif" font-size="12"'

Spots = Sequence[tuple[float, float]]


def chart_svg(chart: AssayChart) -> str:
    inside = "".join([*_grid(chart), *(_curve(chart) if chart.is_curve else _samples(chart))])
    title = escape(printable(chart.title))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" {_FONT}>'
        f'<title>{title}</title><rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>{inside}</svg>'
    )


def _x(scale: ChartScale, value: float) -> float:
    return _LEFT + scale.at(value) * (WIDTH - _LEFT - _RIGHT)


def _y(scale: ChartScale, value: float) -> float:
    return _TOP + (1 - scale.at(value)) * (HEIGHT - _TOP - _BOTTOM)


def _grid(chart: AssayChart) -> Iterator[str]:
    right, foot = WIDTH - _RIGHT, HEIGHT - _BOTTOM
    for at, words in chart.upwards.ticks(6):
        y = _TOP + (1 - at) * (foot - _TOP)
        yield _path(((_LEFT, y), (right, y)), _FAINT)
        yield _text(words, _LEFT - 6, y + 4, "end")
    for at, words in chart.across.ticks(7):
        x = _LEFT + at * (right - _LEFT)
        yield _path(((x, foot), (x, foot + 4)), _INK)
        yield _text(words, x, foot + 17, "middle")
    yield _path(((_LEFT, _TOP), (_LEFT, foot), (right, foot)), _INK)
    yield _text(f"{chart.title}{' (logarithmic)' if chart.is_log_y else ''}", 8, 16, bold=True)
    yield _text(chart.x_title, right, HEIGHT - 8, "end")


def _curve(chart: AssayChart) -> Iterator[str]:
    across, upwards = chart.across, chart.upwards
    highs = [(_x(across, one.x), _y(upwards, one.high)) for one in chart.points]
    lows = [(_x(across, one.x), _y(upwards, one.low)) for one in chart.points]
    band = "L".join(f"{x:.1f} {y:.1f}" for x, y in [*highs, *reversed(lows)])
    yield f'<path d="M{band}Z" fill="{_BLUE}" fill-opacity="0.15"/>'
    if chart.mark is not None:
        x = _x(across, chart.mark)
        yield _path(((x, _TOP), (x, HEIGHT - _BOTTOM)), _ORANGE, dashes="4 3")
    middle = [(_x(across, one.x), _y(upwards, one.y)) for one in chart.points]
    yield _path(middle, _BLUE, 1.8) if len(middle) > 1 else _dot(*middle[0])


def _samples(chart: AssayChart) -> Iterator[str]:
    across, upwards = chart.across, chart.upwards
    low, high = max(across.low, upwards.low), min(across.high, upwards.high)
    ends = [10**place if across.is_log else place for place in (low, high)]
    yield _path([(_x(across, end), _y(upwards, end)) for end in ends], _INK, dashes="4 3")
    for one in chart.points:
        x = _x(across, one.x)
        yield _path(((x, _y(upwards, one.low)), (x, _y(upwards, one.high))), _BLUE)
        yield _dot(x, _y(upwards, one.y))


def _dot(x: float, y: float) -> str:
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{_BLUE}"/>'


def _path(spots: Spots, colour: str, width: float = 1.0, *, dashes: str = "") -> str:
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y in spots)
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="{width:g}"{dashed}/>'


def _text(text: str, x: float, y: float, anchor: str = "start", *, bold: bool = False) -> str:
    weight = ' font-weight="600"' if bold else ""
    said = escape(printable(text))
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{_INK}"{weight}>{said}</text>'
