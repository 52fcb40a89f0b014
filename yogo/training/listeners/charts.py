"""Charts of a test in W&B: the confusion matrix, and curves with a line per class."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from yogo.run.metrics import Metrics


def charts(metrics: Metrics) -> dict[str, Any]:
    import wandb

    found = {"test confusion": _confusion(metrics)}
    for title, x_name, lines in _curves(metrics):
        if lines:
            xs, ys = [line[0] for line in lines.values()], [line[1] for line in lines.values()]
            found[f"test {title}"] = wandb.plot.line_series(xs, ys, keys=list(lines), title=title, xname=x_name)
    return found


def _confusion(metrics: Metrics) -> Any:
    import wandb

    rows = [
        [actual, predicted, count]
        for actual, counts in zip(metrics.names, metrics.confusion, strict=True)
        for predicted, count in zip(metrics.names, counts, strict=True)
    ]
    fields = {name: name for name in ("Actual", "Predicted", "nPredictions")}
    table = wandb.Table(columns=list(fields), data=rows)
    return wandb.plot_table("wandb/confusion_matrix/v1", table, fields, {"title": "test confusion"})


def _curves(metrics: Metrics) -> Iterator[tuple[str, str, dict[str, tuple[list[float], list[float]]]]]:
    """Title, axis name and, for each class that has a curve, its xs and ys."""

    def lines(of: Any) -> dict[str, tuple[list[float], list[float]]]:
        points = {name: [p for p in of(curves) if None not in p] for name, curves in metrics.curves.items()}
        return {name: ([x for x, _ in some], [y for _, y in some]) for name, some in points.items() if some}

    yield "precision over recall", "recall", lines(lambda one: [(n / 100, y) for n, y in enumerate(one.precision)])
    yield (
        "ROC",
        "false positive rate",
        lines(lambda one: zip(one.roc_false_positive_rate, one.roc_true_positive_rate, strict=True)),
    )
    yield (
        "calibration",
        "probability",
        lines(lambda one: zip(one.calibration_confidence, one.calibration_accuracy, strict=True)),
    )
