"""The three files that remo-stats-utils keeps of a model: see yogo.assay.tables, which reads them."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np

from yogo.errors import AssayError
from yogo.files.atomic import write_atomically
from yogo.run.assay import AssayReport

_COLUMNS = ("conf_val", "fit_m", "fit_b", "cov_m", "cov_b", "cov_corr")


def write_model_files(report: AssayReport, folder: Path, model: str) -> tuple[Path, ...]:
    """In a folder by the model's name. Raises OSError, and AssayError where there is neither a matrix nor a line."""
    made = {name: data for name, data in model_files(report, model).items() if data}
    if not made:
        raise AssayError(
            "these images give neither a matrix nor a line: there is nothing to write for remo-stats-utils"
        )
    place = folder / model
    place.mkdir(parents=True, exist_ok=True)
    for name, data in made.items():
        write_atomically(place / name, data)
    return tuple(place / name for name in made)


def model_files(report: AssayReport, model: str) -> dict[str, bytes]:
    """Their bytes by name; none where the report does not have what they hold."""
    matrix = report.correction.matrix if report.correction else None
    inverses = report.correction.inverses if report.correction else ()
    has_matrix = matrix is not None and len(inverses) > 1
    return {
        f"{model}-cmatrix-mean.npy": _array(np.array(matrix, np.float64)) if has_matrix else b"",
        # Of the parts' inverses, as the sample standard deviation that the covariances of ours are made with.
        f"{model}-inv-cmatrix-std.npy": _array(np.std(np.array(inverses), axis=0, ddof=1)) if has_matrix else b"",
        f"{model}-clinical-compensation-no-heatmaps.csv": _lines(report).encode(),
    }


def _array(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> bytes:
    file = io.BytesIO()
    np.save(file, values, allow_pickle=False)
    return file.getvalue()


def _lines(report: AssayReport) -> str:
    """The intercept and its variance in targets per microlitre; what the columns call cov are variances."""
    scale = report.roles.per_microlitre
    rows = []
    for one in report.thresholds:
        if (line := one.line) is not None:
            spread = (line.slope_variance * line.intercept_variance) ** 0.5
            values = (line.slope, line.intercept * scale, line.slope_variance, line.intercept_variance * scale**2)
            rows.append((one.threshold, *values, line.covariance / spread if spread else 0.0))
    if not rows:
        return ""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows([repr(float(value)) for value in row] for row in rows)
    return text.getvalue()
