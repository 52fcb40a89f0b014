"""Figures of an assay, in few characters."""

from __future__ import annotations

from collections.abc import Callable

from yogo.run.assay import AssayFigure

NOTHING = "-"


def per_ul(value: float | None) -> str:
    """At most six characters: 0, 3.2, 638, 1,638, 16,211, 163k, 1.6M."""
    if value is None:
        return NOTHING
    if abs(value) >= 999_500:
        return f"{value / 1e6:.2g}M" if abs(value) < 99.5e6 else f"{value:.0e}".replace("e+0", "e").replace("e+", "e")
    if abs(value) >= 99_999.5:
        return f"{value / 1e3:.0f}k"
    return f"{value:,.0f}" if abs(value) >= 9.95 or value == 0 else f"{value:.1f}" if abs(value) >= 0.05 else "<0.1"


def short_per_ul(value: float | None) -> str:
    """At most five characters, for tables of many columns."""
    return per_ul(value) if value is None or not 9_999.5 <= abs(value) < 99_950 else f"{value / 1e3:.1f}k"


def share(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.3f}"


def per_cent(value: float | None) -> str:
    return NOTHING if value is None else f"{100 * value:.0f} %"


def with_interval(figure: AssayFigure, shown: Callable[[float | None], str] = per_ul) -> str:
    """The value, and its interval in brackets."""
    value = shown(figure.value)
    if figure.value is None:
        return value if figure.low is None else f"{shown(figure.low)} or more"
    if figure.is_open:
        return f"{value} ({shown(figure.low)} or more)"
    return value if figure.low is None or figure.high is None else f"{value} ({ends(figure, shown)})"


def ends(figure: AssayFigure, shown: Callable[[float | None], str] = per_ul) -> str:
    return f"{shown(figure.low)} to {shown(figure.high)}"
