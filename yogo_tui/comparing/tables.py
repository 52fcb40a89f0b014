"""The tables of a comparison, for the terminal, and as CSV, Markdown and LaTeX."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from yogo.metrics.difference import KEYS
from yogo_tui.comparing.comparison import Comparison, seeds_words
from yogo_tui.comparing.figures import Figure
from yogo_tui.comparing.pairs import PairInWords
from yogo_tui.listing.losses import OTHER_LOSS

BEST = "◆"

BY_CLASS = "figures by class"


@dataclass(frozen=True, slots=True)
class Cell:
    text: str
    is_best: bool = False
    is_other: bool = False
    """Whether it cannot be compared with its row's other values."""

    value: float | None = None
    """The number that the text rounds; None for text."""

    @property
    def shown(self) -> str:
        return f"{OTHER_LOSS} {self.text}" if self.is_other and self.text else self.text


@dataclass(frozen=True, slots=True)
class Table:
    title: str
    head: tuple[str, ...]
    """Above the rows' names it is empty."""

    rows: tuple[tuple[str, tuple[Cell, ...]], ...]
    """The name of each row, and a cell for each further column."""

    is_numbers: bool = False
    is_by_run: bool = True
    """Whether its columns are the runs."""

    def lines(self) -> list[list[str]]:
        """The rows as a terminal shows them: the best values are marked, the others keep the room of the mark."""
        return [[name, *_marked(cells)] for name, cells in self.rows]


def tables(of: Comparison) -> tuple[Table, ...]:
    """What differs, the test images that are shared, the assays, the figures, and those of single classes; a table
    without a row is left out."""
    every = (
        _differences(of),
        _pairs(of),
        _assays(of),
        _figures(of, "figures"),
        _figures(of, BY_CLASS, of_classes=True),
    )
    return tuple(one for one in every if one.rows)


def _differences(of: Comparison) -> Table:
    rows = [(row.label, tuple(map(Cell, row.values))) for row in of.differences]
    return Table("what differs", ("", *of.labels), tuple(rows))


def _pairs(of: Comparison) -> Table:
    """Below each verdict, in rows without a name, is what it would take to see a difference."""
    rows = [("test images", tuple(Cell(one.images) for one in of.pairs))] if of.pairs else []
    for key in KEYS:
        for name, words in ((key, PairInWords.verdict), ("", PairInWords.takes)):
            told = tuple(Cell(words(one, key)) for one in of.pairs)
            rows += [(name, told)] if any(cell.text for cell in told) else []
    return Table("image by image", ("", *(one.title for one in of.pairs)), tuple(rows), is_by_run=False)


def _assays(of: Comparison) -> Table:
    pairs = of.assays.pairs
    rows = [("assay of", tuple(Cell(of.assays.images) for _ in pairs))] if pairs else []
    for label in dict.fromkeys(one.label for pair in pairs for one in pair.differences):
        found = ({one.label: one for one in pair.differences} for pair in pairs)
        rows.append((label, tuple(Cell(one[label].verdict if label in one else "") for one in found)))
    return Table("by assay", ("", *(one.title for one in pairs)), tuple(rows), is_by_run=False)


def _figures(of: Comparison, title: str, *, of_classes: bool = False) -> Table:
    between = _intervals_words(of)
    head = ("", *of.labels, *between, *(f"{seeds_words(of, group)}: {_names(of, group)}" for group in of.seeds))
    rows = [
        (
            figure.label,
            (
                *_values(figure),
                *(Cell("".join(figure.intervals)) for _ in between),
                *(_spread(figure, group) for group in of.seeds),
            ),
        )
        for figure in of.figures
        if figure.is_of_class is of_classes
    ]
    return Table(title, head, tuple(rows), is_numbers=True)


def _intervals_words(of: Comparison) -> tuple[str, ...]:
    """The head of the column of intervals, which a run by itself has."""
    (metrics, *others) = (one.read.metrics for one in of.subjects)
    if others or not metrics or not metrics.intervals or not metrics.resampling:
        return ()
    return (f"95 % over {metrics.resampling.words}",)


def _names(of: Comparison, group: tuple[int, ...]) -> str:
    return ", ".join(of.labels[number] for number in group)


def _values(figure: Figure) -> Iterator[Cell]:
    best = figure.best
    for n, value in enumerate(figure.values):
        yield Cell(figure.shown(n), n in best, n in figure.others, value)


def _spread(figure: Figure, group: tuple[int, ...]) -> Cell:
    if (spread := figure.spread(group)) is None:
        return Cell("")
    mean, deviation = spread
    return Cell(f"{figure.words(mean)} ± {figure.words(deviation).lstrip('+')}")


def _marked(cells: tuple[Cell, ...]) -> Iterator[str]:
    room = "  " if any(cell.is_best for cell in cells) else ""
    for cell in cells:
        yield f"{cell.shown} {BEST}" if cell.is_best else f"{cell.shown}{room}"


def as_csv(found: tuple[Table, ...]) -> str:
    """One table: the name of its part, of the row, then the values, unrounded."""
    sink = io.StringIO()
    rows = csv.writer(sink, lineterminator="\n")
    heads = max((table.head for table in found), key=len, default=("",))
    rows.writerow(("table", "what", *heads[1:]))
    for table in found:
        for name, cells in table.rows:
            rows.writerow((table.title, name, *(_inert(cell) for cell in cells)))
    return sink.getvalue()


def _inert(cell: Cell) -> str:
    """Text that a spreadsheet would take for a formula is quoted, as it asks for."""
    if cell.value is not None:
        return repr(cell.value)
    return f"'{cell.text}" if cell.text[:1] in tuple("=+@") else cell.text


def as_markdown(found: tuple[Table, ...]) -> str:
    """The best values are bold."""
    return "\n".join("\n".join(_markdown(table)) for table in found)


def _markdown(table: Table) -> Iterator[str]:
    yield f"### {table.title}\n"
    yield _row(map(markdown_words, table.head))
    yield "|" + "|".join(["---", *("---:" if table.is_numbers else "---" for _ in table.head[1:])]) + "|"
    for name, cells in table.rows:
        words = [markdown_words(cell.shown) for cell in cells]
        bold = [f"**{word}**" if cell.is_best else word for word, cell in zip(words, cells, strict=True)]
        yield _row([markdown_words(name), *bold])
    yield ""


def _row(words: Iterable[str]) -> str:
    return f"| {' | '.join(words)} |"


def markdown_words(text: str) -> str:
    return re.sub(r"([\\`*_\[\]<>|#~&])", r"\\\1", " ".join(text.split()))


_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "±": r"$\pm$",
    "≠": r"$\neq$",
    "×": r"$\times$",
    "–": "--",
} | {sign: f"\\{sign}" for sign in "&%$#_{}"}


def as_latex(found: tuple[Table, ...]) -> str:
    """A tabular for each table, with the rules of the package booktabs. The best values are bold."""
    return "\n".join("\n".join(_latex(table)) for table in found)


def _latex(table: Table) -> Iterator[str]:
    yield f"% {table.title}; needs \\usepackage{{booktabs}}"
    yield f"\\begin{{tabular}}{{l{('r' if table.is_numbers else 'l') * (len(table.head) - 1)}}}"
    yield "\\toprule"
    yield f"{' & '.join(map(_latex_words, table.head))} \\\\"
    yield "\\midrule"
    for name, cells in table.rows:
        words = [
            f"\\textbf{{{_latex_words(cell.shown)}}}" if cell.is_best else _latex_words(cell.shown) for cell in cells
        ]
        yield f"{' & '.join([_latex_words(name), *words])} \\\\"
    yield "\\bottomrule"
    yield "\\end{tabular}\n"


def _latex_words(text: str) -> str:
    return "".join(_LATEX.get(sign, sign) for sign in " ".join(text.split()))
