"""A correction of counts in lines to read: from what it is, its threshold, its roles, its line and its matrix."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator

from yogo.run.correction import AssayLine, CountCorrection, Matrix
from yogo.text.wording import counted


def correction_lines(known: CountCorrection) -> Iterator[str]:
    yield _origin(known)
    yield f"roles: {known.roles}"
    yield f"counts at a class probability above {known.threshold:g}"
    if known.line is not None:
        yield _line(known.line, known.roles.per_microlitre)
    if known.matrix is not None:
        yield from _matrix(known.classes, known.matrix, known.inverses)


def _origin(known: CountCorrection) -> str:
    images = counted(known.num_images, "image")
    samples = f" of {counted(known.num_samples, 'sample')}" if known.num_samples else ""
    return f"from {images}{samples}{known.definition and f' of {known.definition}'}"


def _line(line: AssayLine, per_microlitre: float) -> str:
    slope = f"{line.slope:.3g} (± {_short(math.sqrt(line.slope_variance))})"
    spread = _short(math.sqrt(line.intercept_variance) * per_microlitre)
    added = (
        f"{'-' if line.intercept < 0 else '+'} {_short(abs(line.intercept) * per_microlitre, 3)} (± {spread}) per µL"
    )
    source = "samples of known value" if line.source == "samples" else "labels"
    return f"line: counted = {slope} x true {added}, from {source}"


def _short(number: float, digits: int = 2) -> str:
    """Rounded to so many digits, without an exponent: 1,300."""
    rounded = float(f"{number:.{digits}g}")
    return f"{rounded:,.0f}" if abs(rounded) >= 100 else f"{rounded:g}"


def _matrix(classes: tuple[str, ...], matrix: Matrix, inverses: tuple[Matrix, ...]) -> Iterator[str]:
    has_spread = len(inverses) > 1
    yield "matrix: of a class's labels, % that are taken for class 0, 1, ..."
    width = max(len(f"{index} {name}") for index, name in enumerate(classes))
    yield f"{'':<{width}}{''.join(f'{index:>7}' for index in range(len(classes)))}{'      ±' if has_spread else ''}"
    for index, (name, row) in enumerate(zip(classes, matrix, strict=True)):
        shown = "".join(f"{100 * share:>7.2f}" for share in row)
        yield f"{f'{index} {name}':<{width}}{shown}{_row_spread(inverses, index) if has_spread else ''}"
    if has_spread:
        yield f"±: the largest spread of the row's inverse between {counted(len(inverses), 'part')}"


def _row_spread(inverses: tuple[Matrix, ...], row: int) -> str:
    """The largest standard deviation of an element of a row."""
    columns = zip(*(inverse[row] for inverse in inverses), strict=True)
    return f"{100 * max(statistics.stdev(values) for values in columns):>7.2f}"
