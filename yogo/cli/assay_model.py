"""`yogo assay PTH DEFINITION_OR_SAMPLES`: what a model's counts are worth, shown and written."""

from __future__ import annotations

import sys

from yogo.assay.views.report_lines import report_lines
from yogo.evaluation.assay import assayed
from yogo.evaluation.assay_request import AssayRequest
from yogo.evaluation.assay_results import check_places, record_of, written
from yogo.text.output import must_arrive
from yogo.text.terminal import printable


def tell_of_model(request: AssayRequest) -> int:
    """Raises signals.Stop, YogoError, OSError."""
    if request.as_json or not (request.dump or request.csv or request.html or request.files or request.save):
        must_arrive()
    check_places(request)
    report = assayed(request, _note)
    record = record_of(report, request)
    if request.as_json:
        print(record.model_dump_json(indent=2))
    else:
        print("\n".join(report_lines(report, all_thresholds=request.all_thresholds)))
    for path in written(record, request):
        print(f"written: {printable(str(path))}", file=sys.stderr)
    return 0


def _note(sentence: str) -> None:
    print(f"note: {printable(sentence)}", file=sys.stderr)
