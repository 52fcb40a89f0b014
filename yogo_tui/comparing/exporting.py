"""A comparison as a file: tables, plots or a report, by the suffix of its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import PurePath

from yogo_tui.comparing.comparison import Comparison
from yogo_tui.comparing.plotting import Sheet
from yogo_tui.comparing.tables import as_csv, as_latex, as_markdown, tables
from yogo_tui.curves.axes import Axis
from yogo_tui.errors import LaunchError


def _svg(sheets: Sequence[Sheet]) -> bytes:
    from yogo_tui.comparing.svg import as_svg

    return as_svg(sheets).encode()


def _png(sheets: Sequence[Sheet]) -> bytes:
    from yogo_tui.comparing.png import as_png

    return as_png(sheets)


_TABLES = {".csv": as_csv, ".md": as_markdown, ".tex": as_latex}
PLOTS: Mapping[str, Callable[[Sequence[Sheet]], bytes]] = {".svg": _svg, ".png": _png}

FORMATS = {
    ".html": "a report that holds everything, for a browser",
    ".csv": "the tables, for a spreadsheet",
    ".md": "the tables, in Markdown",
    ".tex": "the tables, in LaTeX",
    ".svg": "the plots, as a drawing",
    ".png": "the plots, as an image",
}
"""What each suffix stands for."""


def suffix_of(name: str) -> str:
    """The suffix of a file to write. Raises LaunchError with those that there are."""
    suffix = PurePath(name).suffix.lower()
    if suffix not in FORMATS:
        raise LaunchError(f"{name} does not say what to write: end its name in {', '.join(FORMATS)}.")
    return suffix


def exported(of: Comparison, suffix: str, *, made_at: datetime, axis: Axis = Axis.EPOCH) -> bytes:
    """The content of the file. Raises LaunchError if there is no curve to plot."""
    if suffix in _TABLES:
        return _TABLES[suffix](tables(of)).encode("utf-8", "backslashreplace")
    if suffix in PLOTS:
        sheets = [*of.sheets(axis)]
        if not sheets:
            raise LaunchError("There is no curve to plot: none of these runs has recorded a loss.")
        return PLOTS[suffix](sheets)
    from yogo_tui.comparing.report import as_html

    return as_html(of, made_at=made_at, axis=axis).encode()
