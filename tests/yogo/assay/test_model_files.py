"""The three files of a model: what is written is what the reader of published files finds."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.made_cells import CLASSES, ROLES, MadeCells, evaluation_of, samples_of
from tests.yogo.assay.reports import report
from yogo.assay.tables import matrix_of, row_at, table_rows
from yogo.assay.views.model_files import write_model_files
from yogo.cli import main
from yogo.errors import AssayError
from yogo.metrics.assay import assay_report
from yogo.run.assay import AssayReport


def test_lines_are_read_as_they_were_written(tmp_path: Path) -> None:
    made = write_model_files(report(), tmp_path, "m")
    assert [path.name for path in made] == [
        "m-cmatrix-mean.npy", "m-inv-cmatrix-std.npy", "m-clinical-compensation-no-heatmaps.csv",
    ]  # fmt: skip
    rows = table_rows(tmp_path, "m", is_clinical=True)
    assert len(rows) == 50
    for one in report().thresholds:
        assert one.line is not None
        found = row_at(rows, one.threshold, "m").line(5e6)
        wanted = (one.line.slope, one.line.intercept, one.line.slope_variance, one.line.intercept_variance)
        got = (found.slope, found.intercept, found.slope_variance, found.intercept_variance)
        assert got == pytest.approx(wanted, rel=1e-12)
        assert found.covariance == pytest.approx(one.line.covariance, rel=1e-9)


def test_the_intercept_is_written_in_targets_per_microlitre(tmp_path: Path) -> None:
    write_model_files(report(), tmp_path, "m")
    head, first, *_ = (tmp_path / "m" / "m-clinical-compensation-no-heatmaps.csv").read_text().splitlines()
    assert head.startswith("conf_val,fit_m,fit_b,cov_m,cov_b")
    assert [float(one) for one in first.split(",")[:5]] == pytest.approx([0.5, 0.75, 550.0, 0.001, 25.0])


def test_the_matrix_is_read_as_it_was_written(tmp_path: Path) -> None:
    write_model_files(report(), tmp_path, "m")
    correction = report().correction
    assert correction is not None
    found = matrix_of(tmp_path, "m", 3)
    assert np.array_equal(found.mean_KK, np.array(correction.matrix))
    assert found.inverse_deviation_KK[0, 0] == pytest.approx(0.001)  # of 1, 1.001 and 1.002
    assert found.inverse_deviation_KK[2, 2] == 0


def test_without_a_matrix_only_the_lines_are_written(tmp_path: Path) -> None:
    one = report().model_copy(update={"correction": None})
    assert [path.suffix for path in write_model_files(one, tmp_path, "m")] == [".csv"]


def test_nothing_to_write_is_told_and_nothing_is_made(tmp_path: Path) -> None:
    nothing = report().model_copy(update={"correction": None, "thresholds": ()})
    with pytest.raises(AssayError, match="neither a matrix nor a line"):
        write_model_files(nothing, tmp_path / "new", "m")
    assert not (tmp_path / "new").exists()


KNOWN = {"n1": 0.0, "n2": 0.0, "n3": 0.0, "n4": 0.0, "a": 5e4, "b": 1e5, "c": 2.5e5, "d": 5e5}


def _of_slides() -> AssayReport:
    """Of 10,000 cells a slide, nine of ten rings are found and three to twelve cells are taken for rings."""
    cells = []
    for number, value in enumerate(KNOWN.values()):
        targets, wrong = round(value / 5e6 * 10_000), 3 + 3 * (number % 4)
        seen = round(0.9 * targets)
        cells += [
            MadeCells(number, "healthy", "healthy", 10_000 - targets - wrong),
            MadeCells(number, "healthy", "ring", wrong),
            MadeCells(number, "ring", "ring", seen),
            MadeCells(number, "ring", "healthy", targets - seen),
        ]
    return assay_report(evaluation_of(len(KNOWN), cells), CLASSES, ROLES, samples_of(dict(KNOWN)))


def test_counts_corrected_by_the_files_give_the_figures_of_the_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Lines alike to the last digits. Of the matrix the files have no covariances, so its intervals differ a little."""
    report = _of_slides()
    write_model_files(report, tmp_path, "m")
    common = {"model": "m", "clinical": True, "classes": CLASSES, "roles": ROLES.model_dump(mode="json")}
    asked = [
        {"kind": kind, "threshold": one.threshold, "counts": [one.counts[name] for name in CLASSES], **common}
        for one in report.samples
        for kind in ("compensate", "deskew")
    ]
    (tmp_path / "counts.json").write_text(json.dumps(asked))
    assert main(["assay", "--counts", str(tmp_path / "counts.json"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    for one, line, matrix in zip(report.samples, found[::2], found[1::2], strict=True):
        assert one.line_per_ul is not None
        assert one.matrix_per_ul is not None
        ours = line["ours"]["per_ul"]
        wanted = (one.line_per_ul.value, one.line_per_ul.low, one.line_per_ul.high)
        assert (ours["value"], ours["low"], ours["high"]) == pytest.approx(wanted, rel=1e-9)
        assert line["per_ul"] == pytest.approx([one.published["line"].per_ul, one.published["line"].half_width])
        assert matrix["ours"]["per_ul"]["value"] == pytest.approx(one.matrix_per_ul.value, rel=1e-9)
        assert matrix["per_ul"] == pytest.approx([one.published["matrix"].per_ul, one.published["matrix"].half_width])
