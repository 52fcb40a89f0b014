"""`yogo assay`: how many targets per microlitre the counts of a sample mean, and how sure that is."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from yogo.cli.flags import add_json

if TYPE_CHECKING:
    from yogo.assay.counts_file import CountedSample
    from yogo.assay.estimate import SampleEstimate
    from yogo.assay.published import PublishedFigures

ABOUT = (
    "Tell how many targets per microlitre the counts of each sample mean: as published code reports it, and ours "
    "beside it, with an interval of 95 %. The counts come from a file: a JSON list of objects with `kind` (skip: "
    "uncorrected; deskew: by the confusion matrix; compensate: by the line at a threshold), `counts` of healthy, "
    "ring, trophozoite, schizont, gametocyte, wbc and misc, and, where the kind needs them, `model`, `clinical` and "
    "`threshold`. With --limits it tells what the models can see: false positives, limits of detection and the best "
    "threshold, from their tables and from samples of known value. Those have `target_per_microlitre` (0: negative), "
    "and a name, `sample`, by which they are the same at several thresholds."
)


ASKED = ("kind", "model", "clinical", "threshold", "sample", "target_per_microlitre")


def register(commands: Any) -> None:
    parser = commands.add_parser("assay", help="targets per microlitre, from counts", description=ABOUT)
    parser.add_argument("--counts", metavar="FILE", type=Path, required=True, help="The counts, a JSON file.")
    parser.add_argument(
        "--data",
        metavar="FOLDER",
        type=Path,
        help="Holds a folder for each model with its tables. (default: the folder of FILE)",
    )
    parser.add_argument(
        "--limits",
        action=argparse.BooleanOptionalAction,
        default=False,
        help="Tell of the models, not of each sample. (default: no)",
    )
    parser.add_argument(
        "--cells",
        metavar="N",
        type=int,
        help="Tell the limits for a sample of N cells. (default: the median of the samples in FILE)",
    )
    add_json(parser)
    parser.set_defaults(run=run, usage_error=parser.error)


def run(args: argparse.Namespace) -> int:
    from yogo.assay.counts_file import counted_samples
    from yogo.assay.estimate import estimated
    from yogo.assay.published import published_figures

    if args.cells is not None and (args.cells < 1 or not args.limits):
        args.usage_error("--cells is above 0, and needs --limits")
    samples, data = counted_samples(args.counts), args.data or args.counts.parent
    if args.limits:
        return _limits(samples, data, args)
    found = []
    for sample in samples:
        correction = sample.correction(data)
        published = published_figures(sample.counts_K, sample.roles, correction)
        found.append((sample, published, estimated(sample.counts_K, sample.roles, correction)))
    if args.json:
        print(json.dumps([_data(*one) for one in found], indent=2))
    else:
        print("\n".join(_lines(found)))
    return 0


def _limits(samples: list[CountedSample], data: Path, args: argparse.Namespace) -> int:
    from yogo.assay.counts_file import median_cells
    from yogo.assay.findings import findings
    from yogo.assay.findings_report import lines_of

    found = findings(samples, data, args.cells or median_cells(args.counts, samples))
    print(json.dumps(found, indent=2) if args.json else "\n".join(lines_of(found)))
    return 0


def _data(sample: CountedSample, published: PublishedFigures, ours: SampleEstimate) -> dict[str, Any]:
    """What the sample says, the figures as published, and ours. Half-widths are the second number of a pair."""
    roles, corrected_K = sample.roles, ours.corrected_K
    of_corrected = None if corrected_K is None else [float(one) for one in corrected_K]
    asked = sample.model_dump(include=set(ASKED), exclude_none=True)
    return {
        **asked,
        "counts": sample.counts,
        "raw_parasitemia": published.raw_parasitemia,
        "percent": published.percent,
        "per_ul": published.per_ul,
        "ours": {
            "counts": roles.by_class(sample.counts),
            "corrected_counts": None if of_corrected is None else roles.by_class(of_corrected),
            "percent": _interval(ours, 100),
            "per_ul": _interval(ours, roles.per_microlitre),
            "is_bounded": ours.is_bounded,
        },
    }


def _interval(ours: SampleEstimate, scale: float) -> dict[str, float | None]:
    values = {"value": ours.share, "uncut": ours.uncut_share, "low": ours.low, "high": ours.high}
    return {name: None if value is None else scale * value for name, value in values.items()}


def _lines(found: list[tuple[CountedSample, PublishedFigures, SampleEstimate]]) -> Iterator[str]:
    yield "Targets per µL: as published, with its half-width; ours, with its 95 % interval."
    yield f"{'sample':>6}  {'by':<6}  {'cells':>11}  {'targets':>7}  {'published':>15}  ours"
    for number, (sample, published, ours) in enumerate(found, 1):
        value, half = published.per_ul
        theirs = f"{value:,.0f} ± {'-' if half is None else f'{half:,.0f}'}"
        cells, targets = sample.roles.num_total(sample.counts_K), sample.roles.num_target(sample.counts_K)
        kind = {"skip": "counts", "deskew": "matrix", "compensate": "line"}[sample.kind]
        shown = _shown(ours, sample.roles.per_microlitre)
        yield f"{number:>6}  {kind:<6}  {cells:>11,.0f}  {targets:>7,.0f}  {theirs:>15}  {shown}"
    if any(ours.share is not None and not ours.is_bounded for _, _, ours in found):
        yield "No upper end: the correction is too uncertain to say how many at most."


def _shown(ours: SampleEstimate, per_microlitre: float) -> str:
    if ours.share is None or ours.low is None or ours.high is None:
        return "no cells"
    value, low, high = (f"{one * per_microlitre:,.0f}" for one in (ours.share, ours.low, ours.high))
    return f"{value} ({low} to {high})" if ours.is_bounded else f"{value} ({low} or more)"
