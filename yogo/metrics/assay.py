"""What a test says of a model's counts: false positives, limits, sensitivity, the best threshold, and samples.

`assay_report` is of boxes and labels; `report_of_sums` is of counts alone, such as those of samples without labels.
docs/assay.md says what the figures mean. Axes: U units that are drawn anew, T thresholds, K classes, F parts.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from yogo.assay.limits import blank_limit
from yogo.assay.roles import Roles
from yogo.definition.split import Sample
from yogo.metrics.assay_correction import chosen_correction, correction_of, line_at, part_matrices
from yogo.metrics.assay_intervals import AssayIntervals, figure, figures
from yogo.metrics.assay_limits import LOWEST, AssayEvidence
from yogo.metrics.assay_remarks import on_matrix, remarks_on
from yogo.metrics.assay_samples import assayed_samples, near_by_threshold
from yogo.metrics.assay_units import AssaySums, AssayUnits
from yogo.metrics.boxes import Doubles, EvaluationData, Ints
from yogo.metrics.matching import match
from yogo.run.assay import AssayAtThreshold, AssayFigure, AssayReport, ChosenThreshold
from yogo.run.correction import AssayRoles, CountCorrection


def assay_report(
    data: EvaluationData,
    classes: tuple[str, ...],
    told: AssayRoles,
    units: AssayUnits,
    *,
    own: CountCorrection | None = None,
    mix: Mapping[str, float] | None = None,
    definition: str = "",
) -> AssayReport:
    """Of labelled images. `own` is the checkpoint's correction: its threshold is then the best one, and samples are
    corrected by it. `mix` is the share of each class among the targets, as labelled unless told. `definition` is kept
    in the correction."""
    roles = Roles.of(told, classes)
    matched_N = match(data.kept, data.truth)
    sums = AssaySums.of(data, roles, units, matched_N)
    matrices_FKK = part_matrices(data, units, len(classes), matched_N)
    report = report_of_sums(sums, units, told, own=own, mix=mix, matrices_FKK=matrices_FKK, definition=definition)
    if report.correction is None or report.correction.matrix is None:
        return report
    found_K = np.bincount(data.truth.label[matched_N[matched_N >= 0]], minlength=len(classes))
    unknown = [name for name, num in zip(classes, found_K.tolist(), strict=True) if not num]
    return report.model_copy(update={"remarks": (*report.remarks, *on_matrix(unknown))})


def report_of_sums(
    sums: AssaySums,
    units: AssayUnits,
    told: AssayRoles,
    *,
    own: CountCorrection | None = None,
    mix: Mapping[str, float] | None = None,
    matrices_FKK: Doubles | None = None,
    definition: str = "",
) -> AssayReport:
    """The same of sums. Without labels, false positives come from negative samples, and the sensitivity from a line
    through samples of known value; without these there are the samples alone, by `own`."""
    roles, evidence = sums.roles, AssayEvidence(sums, units, mix)
    fits = own is not None and _fits(own, told, roles)
    used = own if fits else None
    cells = told.usual_cells
    between = AssayIntervals.of(evidence, cells)
    place = _place(evidence, cells, used)
    here = chosen_correction(evidence, told, place or 0, matrices_FKK, definition=definition)
    limits = figures(evidence.rates_here.limits(cells)[0], between.limit, told.per_microlitre)
    best = None
    if place is not None and used is not None:
        best = ChosenThreshold(threshold=here.threshold, lod_per_ul=limits[place])
    elif place is not None:
        best = _chosen(evidence, between, told, place, limits[place])
    return AssayReport(
        roles=told,
        classes=roles.classes,
        over=units.over,
        num=units.num,
        num_images=len(units.unit_I),
        num_negatives=int(evidence.is_blank_U.sum()),
        mix=_mix(evidence),
        thresholds=tuple(_Rows(evidence, between, told, limits, used).all()) if evidence.has_rates else (),
        best=best,
        chosen_here=used is None,
        samples=tuple(assayed_samples(evidence, place or 0, used or here)),
        correction=here,
        remarks=tuple(remarks_on(evidence, told, here, has_matches=matrices_FKK is not None, own=own, fits=fits)),
    )


@dataclass(frozen=True, slots=True, eq=False)
class AssayBasis:
    """What an assay of a set of images takes beside their boxes."""

    told: AssayRoles
    classes: tuple[str, ...]
    units: AssayUnits
    own: CountCorrection | None = None
    """The checkpoint's."""

    definition: str = ""

    @classmethod
    def of(
        cls,
        told: AssayRoles | None,
        classes: Sequence[str],
        images: Sequence[Sample],
        *,
        own: CountCorrection | None = None,
        definition: str = "",
    ) -> AssayBasis | None:
        """None without roles."""
        if told is None:
            return None
        units = AssayUnits.of([one.sample for one in images], [one.group for one in images])
        return cls(told, tuple(classes), units, own, definition)

    @property
    def roles(self) -> Roles:
        return Roles.of(self.told, self.classes)

    def report(self, data: EvaluationData) -> AssayReport:
        return assay_report(data, self.classes, self.told, self.units, own=self.own, definition=self.definition)

    def correction(self, data: EvaluationData) -> CountCorrection:
        """Without intervals, so quick."""
        return correction_of(data, self.told, self.roles, self.units, definition=self.definition)

    def figures(self, data: EvaluationData, matched_N: Ints | None = None) -> tuple[float, float]:
        """False positives and the limit of detection, both per microlitre, at the checkpoint's threshold, or the one
        with the lowest limit; without intervals, so quick. NaN where there are none."""
        units = self.units if self.units.over == "samples" else self.units.as_one()
        evidence = AssayEvidence(AssaySums.of(data, self.roles, units, matched_N), units)
        if not evidence.has_limits:
            return math.nan, math.nan
        cells, scale = self.told.usual_cells, self.told.per_microlitre
        own = self.own if self.own is not None and _fits(self.own, self.told, self.roles) else None
        limits_T = evidence.rates_here.limits(cells)[0]
        place = _place(evidence, cells, own)
        if place is None:
            return math.nan, math.nan
        return float(evidence.rates_here.false[0, place]) * scale, float(limits_T[place]) * scale


def _fits(own: CountCorrection, told: AssayRoles, roles: Roles) -> bool:
    alike = set(own.roles.total) == set(told.total) and set(own.roles.target) == set(told.target)
    return alike and own.classes == roles.classes


def _place(evidence: AssayEvidence, cells: float, own: CountCorrection | None) -> int | None:
    """Of the best threshold; None where no threshold has a limit."""
    if own is not None:
        return int(np.abs(evidence.sums.thresholds - own.threshold).argmin())
    if not evidence.has_limits or not np.isfinite(evidence.rates_here.limits(cells)[0, LOWEST:]).any():
        return None
    return int(evidence.best(evidence.whole, cells)[0])


def _chosen(
    evidence: AssayEvidence, between: AssayIntervals, told: AssayRoles, place: int, limit: AssayFigure
) -> ChosenThreshold:
    thresholds = evidence.sums.thresholds
    elsewhere = evidence.limit_elsewhere(told.usual_cells)
    low, high = between.choices or (None, None)
    return ChosenThreshold(
        threshold=float(thresholds[place]),
        low=None if low is None else float(thresholds[min(low, place)]),
        high=None if high is None else float(thresholds[max(high, place)]),
        lod_per_ul=limit,
        lod_elsewhere_per_ul=None if elsewhere is None else elsewhere * told.per_microlitre,
    )


def _mix(evidence: AssayEvidence) -> dict[str, float]:
    labelled_C = evidence.sums.labelled_UC.sum(0)
    part_C = labelled_C if evidence.mix_C is None else np.where(labelled_C > 0, evidence.mix_C, 0.0)
    if not part_C.sum():
        return {}
    return dict(zip(evidence.sums.roles.target, (part_C / part_C.sum()).tolist(), strict=True))


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """The figures at each threshold."""

    evidence: AssayEvidence
    between: AssayIntervals
    told: AssayRoles
    limits: list[AssayFigure]
    own: CountCorrection | None

    def all(self) -> Iterator[AssayAtThreshold]:
        """Of the thresholds among which the best is chosen."""
        evidence, here, scale = self.evidence, self.evidence.rates_here, self.told.per_microlitre
        false = figures(here.false[0], self.between.false.open_at_all(), scale)
        shown = here.slope[0] if np.isnan(here.sensitivity[0]).all() else here.sensitivity[0]
        seen = figures(shown, self.between.sensitivity)
        by_class = self._by_class()
        blank_T = self._blank() * scale
        spread_T = here.false[0] * np.sqrt(here.dispersion[0]) * scale
        has_spread = evidence.units.over == "samples" and int((evidence.others_U > 0).sum()) > 1
        lines = evidence.titration() if evidence.has_titration else None
        near = near_by_threshold(evidence, self.own)
        for place in range(LOWEST, len(evidence.sums.thresholds)):
            bend = math.nan if lines is None else float(lines.bend_deviations[place])
            yield AssayAtThreshold(
                threshold=float(evidence.sums.thresholds[place]),
                false_positives_per_ul=false[place],
                spread_per_ul=float(spread_T[place]) if has_spread else None,
                sensitivity=seen[place],
                sensitivities=by_class[place],
                lob_per_ul=float(blank_T[place]) if math.isfinite(blank_T[place]) else None,
                lod_per_ul=self.limits[place],
                line=line_at(evidence, place),
                bend=bend if math.isfinite(bend) else None,
                near=near[place],
            )

    def _blank(self) -> Doubles:
        """(T,): the limit of the blank, as a share of the cells."""
        here, cells = self.evidence.rates_here, self.told.usual_cells
        if not self.evidence.others_U.sum():
            return np.full(len(self.evidence.sums.thresholds), np.nan)
        return np.asarray(blank_limit(here.false_and_half[0] * cells, here.dispersion[0]) / cells, np.float64)

    def _by_class(self) -> list[dict[str, AssayFigure]]:
        """(T,): without classes of which none is labelled."""
        names = self.evidence.sums.roles.target
        value_TC, ends = self.evidence.by_class(self.evidence.whole)[0], self.between.sensitivities
        return [
            {
                name: figure(*map(float, one))
                for name, *one in zip(names, value_C, low_C, high_C, strict=True)
                if not math.isnan(one[0])
            }
            for value_C, low_C, high_C in zip(value_TC, ends.low, ends.high, strict=True)
        ]
