"""The files that `yogo assay` writes: the figures, tables, a page, the files of remo-stats-utils, a checkpoint."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from yogo.assay.views.model_files import write_model_files
from yogo.assay.views.report_csv import SAMPLES, THRESHOLDS, write_tables
from yogo.assay.views.report_html import report_html
from yogo.checkpoint import load_checkpoint, put, with_correction
from yogo.errors import AssayError
from yogo.evaluation.assay_request import AssayRequest
from yogo.evaluation.dumping import check_dump
from yogo.files.atomic import write_atomically
from yogo.run.assay import AssayFile, AssayReport, assay_beside
from yogo.run.result import sha256

_BEGINS = {".html": b"<!doctype html>", SAMPLES: b"sample,group,", THRESHOLDS: b"threshold,is_best,"}


def check_places(request: AssayRequest) -> None:
    """Before anything is computed. Raises AssayError where a file is in the way that no assay wrote."""
    assert request.checkpoint is not None
    assert request.source is not None
    if request.dump:
        check_dump(assay_beside(request.checkpoint, request.source), AssayFile, maker="assay", error=AssayError)
    if request.save is not None and (request.save.exists() or request.save.is_symlink()):
        raise AssayError(f"{request.save} exists: name a new file with --save")
    if request.html is not None:
        _check_ours(request.html, _BEGINS[".html"])
    for name in (SAMPLES, THRESHOLDS) if request.csv is not None else ():
        _check_ours((request.csv or Path()) / name, _BEGINS[name])


def record_of(report: AssayReport, request: AssayRequest) -> AssayFile:
    assert request.checkpoint is not None
    assert request.source is not None
    return AssayFile(
        checkpoint=str(request.checkpoint.absolute()),
        checkpoint_sha256=sha256(request.checkpoint),
        definition=str(request.source.absolute()),
        report=report,
    )


def written(record: AssayFile, request: AssayRequest) -> Iterator[Path]:
    """Writes what is asked, and gives each path. Raises OSError, YogoError."""
    assert request.checkpoint is not None
    assert request.source is not None
    report = record.report
    if request.dump:
        place = assay_beside(request.checkpoint, request.source)
        record.write(place)
        yield place
    if request.csv is not None:
        yield from write_tables(report, request.csv)
    if request.html is not None:
        request.html.parent.mkdir(parents=True, exist_ok=True)
        title = f"{request.checkpoint.stem} on {request.source.stem}"
        facts = [f"Checkpoint {record.checkpoint}, SHA-256 {record.checkpoint_sha256}.", f"On {record.definition}."]
        write_atomically(request.html, report_html(report, title, facts))
        yield request.html
    if request.files is not None:
        yield from write_model_files(report, request.files, _model(request.checkpoint))
    if request.save is not None:
        if report.correction is None or (report.correction.line is None and report.correction.matrix is None):
            raise AssayError(
                "these images give neither a matrix nor a line: there is no correction to save in a checkpoint"
            )
        request.save.parent.mkdir(parents=True, exist_ok=True)
        put(request.save, with_correction(request.checkpoint, report.correction))
        yield request.save


def _model(path: Path) -> str:
    """The run's name, since most checkpoints are called best; the file's where it cannot name a folder."""
    name = load_checkpoint(path).run_name
    return name if name and name.isprintable() and "/" not in name and not name.startswith(".") else path.stem


def _check_ours(path: Path, begin: bytes) -> None:
    if not path.exists():
        return
    if path.is_file():
        with path.open("rb") as file:
            if file.read(len(begin)) == begin:
                return
    raise AssayError(f"{path} exists, and no assay wrote it: name another place")
