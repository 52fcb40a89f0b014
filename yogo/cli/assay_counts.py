"""`yogo assay --counts`: what counts that were made elsewhere mean. Without torch."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from yogo.text.output import must_arrive

if TYPE_CHECKING:
    from yogo.assay.counts_file import CountedSample
    from yogo.assay.estimate import SampleEstimate
    from yogo.assay.published import PublishedFigures
    from yogo.assay.roles import Roles
    from yogo.evaluation.assay_request import AssayRequest

ASKED = ("kind", "model", "clinical", "threshold", "sample", "target_per_microlitre")


def add_counts(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("Counts made elsewhere")
    group.add_argument("--counts", metavar="FILE", type=Path, help="The counts, a JSON file, in place of PTH.")
    group.add_argument(
        "--data",
        metavar="FOLDER",
        type=Path,
        help="Holds a folder for each model with its tables. (default: the folder of FILE)",
    )
    group.add_argument(
        "--roles",
        metavar="DEFINITION",
        type=Path,
        help="The classes and roles of counts that name none, those of a dataset definition. (default: malaria's)",
    )
    group.add_argument(
        "--limits",
        action=argparse.BooleanOptionalAction,
        default=False,
        help="Tell of the models, not of each sample. (default: no)",
    )


def tell_of_counts(args: argparse.Namespace, request: AssayRequest) -> int:
    from yogo.assay.counts_file import counted_samples
    from yogo.assay.estimate import estimated
    from yogo.assay.published import published_figures
    from yogo.assay.roles import MALARIA

    must_arrive()
    samples = counted_samples(args.counts, roles_of(args.roles) if args.roles else MALARIA)
    data = args.data or args.counts.parent
    if args.limits:
        return _limits(samples, data, args.counts, request)
    found = []
    for sample in samples:
        correction = sample.correction(data)
        published = published_figures(sample.counts_K, sample.roles, correction)
        found.append((sample, published, estimated(sample.counts_K, sample.roles, correction)))
    if request.as_json:
        print(json.dumps([_data(*one) for one in found], indent=2))
    else:
        print("\n".join(_lines(found)))
    return 0


def roles_of(path: Path) -> Roles:
    """Those of a dataset definition. Raises DefinitionError, and AssayError where it has none."""
    from yogo.assay.roles import Roles
    from yogo.definition import DatasetDefinition
    from yogo.errors import AssayError

    definition = DatasetDefinition.from_yaml(path)
    if definition.roles is None:
        raise AssayError(f"{path} has no roles: they say which classes are counted as a cell and which are looked for")
    return Roles.of(definition.roles, definition.classes)


def _limits(samples: list[CountedSample], data: Path, path: Path, request: AssayRequest) -> int:
    from yogo.assay.counts_file import median_cells, roles_of_all
    from yogo.assay.findings import findings
    from yogo.assay.findings_report import lines_of
    from yogo.assay.roles import mix_of

    roles = roles_of_all(path, samples)
    mix = mix_of(request.mix, roles.target)
    found = findings(samples, roles, data, request.cells or median_cells(path, samples), mix)
    print(json.dumps(found, indent=2) if request.as_json else "\n".join(lines_of(found)))
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
