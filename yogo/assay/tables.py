"""The files that remo-stats-utils keeps of a model, in a folder by its name: lines by threshold, and its matrix."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.linalg import LinAlgError

from yogo.assay.corrections import CorrectionLine, CorrectionMatrix
from yogo.assay.roles import Doubles
from yogo.errors import AssayError
from yogo.files.foreign import opened
from yogo.files.places import because

NEAR = 1e-9


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row of a table of lines, as it stands there: `intercept` in targets per microlitre. What the file calls
    cov_m and cov_b are variances, of the slope and of the intercept in (per microlitre)²."""

    threshold: float
    slope: float
    intercept: float
    slope_variance: float
    intercept_variance: float
    correlation: float

    def line(self, per_microlitre: float) -> CorrectionLine:
        """In shares. The correlation of slope and intercept is 0 where the table has none."""
        both = self.slope_variance * self.intercept_variance / per_microlitre**2
        return CorrectionLine(
            slope=self.slope,
            intercept=self.intercept / per_microlitre,
            slope_variance=self.slope_variance,
            intercept_variance=self.intercept_variance / per_microlitre**2,
            covariance=self.correlation * both**0.5,
        )


@cache
def table_rows(data: Path, model: str, *, is_clinical: bool) -> tuple[TableRow, ...]:
    """A model's lines by rising threshold. Raises AssayError."""
    kind = "clinical" if is_clinical else "cultured"
    path = _model_folder(data, model) / f"{model}-{kind}-compensation-no-heatmaps.csv"
    try:
        with io.TextIOWrapper(opened(path), encoding="utf-8", newline="") as file:
            rows = [_row(path, line, row) for line, row in enumerate(csv.DictReader(file), 2) if row.get("fit_m")]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise AssayError(f"{path} cannot be read: {because(error)}") from error
    if not rows:
        raise AssayError(f"{path} has no line: it needs the columns conf_val, fit_m, fit_b, cov_m and cov_b")
    return tuple(sorted(rows, key=lambda row: row.threshold))


def row_at(rows: tuple[TableRow, ...], threshold: float, where: str) -> TableRow:
    """The row of that threshold. Raises AssayError where there is none; nothing is interpolated."""
    for row in rows:
        if abs(row.threshold - threshold) < NEAR:
            if row.slope <= 0:
                raise AssayError(f"{where} has the slope {row.slope:g} at threshold {threshold:g}: it must be above 0")
            return row
    known = f"{rows[0].threshold:g} to {rows[-1].threshold:g}"
    raise AssayError(f"{where} has no line at threshold {threshold:g}; it has {len(rows)}, from {known}")


@cache
def matrix_of(data: Path, model: str, num_classes: int) -> CorrectionMatrix:
    """A model's matrix. Raises AssayError."""
    folder = _model_folder(data, model)
    mean_KK = _array(folder / f"{model}-cmatrix-mean.npy", num_classes)
    deviation_KK = _array(folder / f"{model}-inv-cmatrix-std.npy", num_classes)
    try:
        inverse_KK = np.asarray(np.linalg.inv(mean_KK), np.float64)
    except LinAlgError as error:
        raise AssayError(f"{model}-cmatrix-mean.npy in {folder} has no inverse: two rows say the same") from error
    return CorrectionMatrix(mean_KK, inverse_KK, deviation_KK)


def _model_folder(data: Path, model: str) -> Path:
    if not model or "/" in model or model.startswith("."):
        raise AssayError(f"{model!r} is no model's name: it names a folder in {data}")
    if not (data / model).is_dir():
        raise AssayError(f"{data} has no folder {model}; --data names the folder that holds one for each model")
    return data / model


def _array(path: Path, num_classes: int) -> Doubles:
    try:
        with opened(path) as file:
            found = np.load(file, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise AssayError(f"{path} cannot be read: {because(error)}") from error
    if not isinstance(found, np.ndarray) or found.shape != (num_classes, num_classes) or found.dtype.kind not in "fiu":
        raise AssayError(f"{path} is not {num_classes} x {num_classes} numbers, a row and a column a class")
    if not np.isfinite(found).all():
        raise AssayError(f"{path} holds numbers that are not finite")
    return found.astype(np.float64)


def _row(path: Path, line: int, row: Mapping[str, str]) -> TableRow:
    try:
        values = [float(row[name]) for name in ("conf_val", "fit_m", "fit_b", "cov_m", "cov_b")]
        correlation = float(row.get("cov_corr") or 0)
    except (KeyError, TypeError, ValueError) as error:
        wanted = "numbers in the columns conf_val, fit_m, fit_b, cov_m and cov_b"
        raise AssayError(f"{path}, line {line} lacks {wanted}") from error
    if not np.isfinite([*values, correlation]).all() or min(values[3:]) < 0:
        raise AssayError(f"{path}, line {line}: the numbers must be finite, and cov_m and cov_b at least 0")
    threshold, slope, intercept, slope_variance, intercept_variance = values
    kept = min(1.0, max(-1.0, correlation))
    return TableRow(threshold, slope, intercept, slope_variance, intercept_variance, kept)
