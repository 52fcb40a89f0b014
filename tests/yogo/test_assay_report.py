"""An assay's report of labelled images and of samples: known answers, and intervals that hold the truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from tests.made_cells import CLASSES, ROLES, MadeCells, evaluation_of, images_of, samples_of
from yogo.assay.confidence import CONFIDENCES
from yogo.assay.limits import detection_limit
from yogo.assay.roles import Roles
from yogo.definition.roles import SampleFacts
from yogo.metrics.assay import AssayBasis, assay_report, report_of_sums
from yogo.metrics.assay_correction import correction_of
from yogo.metrics.assay_intervals import AssayIntervals
from yogo.metrics.assay_limits import AssayEvidence
from yogo.metrics.assay_units import AssaySums, AssayUnits
from yogo.run.assay import AssayAtThreshold, AssayReport

ROLES_OF = Roles.of(ROLES, CLASSES)
NUM_IMAGES = 20
NUM_TESTS = 60


def _images() -> list[MadeCells]:
    """Of each image: 100 cells, 5 rings of which 4 are found, a healthy cell and dirt that are taken for rings, the
    cell with little confidence, and a ring taken for a trophozoite."""
    return [
        cells
        for image in range(NUM_IMAGES)
        for cells in (
            MadeCells(image, "healthy", "healthy", 99),
            MadeCells(image, "healthy", "ring", 1, 0.6),
            MadeCells(image, "", "ring", 1 if image == 0 else 0, 0.98),
            MadeCells(image, "ring", "ring", 3),
            MadeCells(image, "ring", "troph", 1),
            MadeCells(image, "ring", "", 1),
            MadeCells(image, "wbc", "wbc", 1),
        )
    ]


def _at(report: AssayReport, threshold: float) -> AssayAtThreshold:
    (found,) = [one for one in report.thresholds if abs(one.threshold - threshold) < 1e-9]
    return found


def _of_images() -> AssayReport:
    return assay_report(evaluation_of(NUM_IMAGES, _images()), CLASSES, ROLES, images_of(NUM_IMAGES))


def test_rates_are_of_labels() -> None:
    report = _of_images()
    assert [one.threshold for one in report.thresholds] == [round(0.5 + place / 100, 2) for place in range(50)]
    low, high = _at(report, 0.55), _at(report, 0.65)
    # 20 cells and one piece of dirt are wrong, of 2,000 cells that are no target; above 0.6 only the dirt.
    assert low.false_positives_per_ul.value == pytest.approx(21 / 2000 * 5e6)
    assert high.false_positives_per_ul.value == pytest.approx(1 / 2000 * 5e6)
    assert _at(report, 0.99).false_positives_per_ul.value == 0
    assert high.sensitivity.value == pytest.approx(0.8)
    assert high.sensitivities.keys() == {"ring"}
    assert report.mix == {"ring": 1.0, "troph": 0.0}
    assert (report.over, report.num, report.num_images, report.num_negatives) == ("images", 20, 20, 0)


def test_limit_is_of_the_usual_number_of_cells_and_counts_half_a_false_positive_more() -> None:
    found = _at(_of_images(), 0.65)
    expected = float(detection_limit(0.8 - 1 / 2000, 1.5 / 2000, 2e6)) * 5e6
    assert found.lod_per_ul.value == pytest.approx(expected)
    assert found.lod_per_ul.low is not None
    assert found.lod_per_ul.high is not None
    assert found.lod_per_ul.low < expected < found.lod_per_ul.high


def test_none_seen_is_not_none() -> None:
    found = _at(_of_images(), 0.99)
    high = found.false_positives_per_ul.high
    # Half the chance of 0 being left out, as all intervals are: -ln(0.05) by the cells.
    assert found.false_positives_per_ul.low == 0
    assert high == pytest.approx(3.0 / 2000 * 5e6, rel=0.01)
    assert high is not None
    assert found.lod_per_ul.high is not None
    assert found.lod_per_ul.high >= float(detection_limit(0.8, high / 5e6, 2e6)) * 5e6 * 0.999


def test_three_cells_that_are_all_found_do_not_make_a_sensitivity_certain() -> None:
    cells = [MadeCells(image, "healthy", "healthy", 50) for image in range(12)]
    cells += [MadeCells(image, "ring", "ring") for image in range(3)]
    found = _at(assay_report(evaluation_of(12, cells), CLASSES, ROLES, images_of(12)), 0.9).sensitivities["ring"]
    assert (found.value, found.high) == (1, 1)
    assert found.low is not None
    assert found.low < 0.5


def test_best_threshold_is_told_with_its_choices_and_of_the_half_that_did_not_choose() -> None:
    report = _of_images()
    best = report.best
    assert best is not None
    assert report.chosen_here
    assert report.at_best is not None
    assert best.threshold == pytest.approx(0.98)  # the lowest at which the dirt is no more counted
    assert best.lod_per_ul == report.at_best.lod_per_ul
    assert best.low is not None
    assert best.high is not None
    assert best.low <= best.threshold <= best.high
    assert best.lod_elsewhere_per_ul is not None


def test_point_figures_are_those_of_the_report() -> None:
    data, report = evaluation_of(NUM_IMAGES, _images()), _of_images()
    assert report.at_best is not None
    false, limit = AssayBasis(ROLES, CLASSES, images_of(NUM_IMAGES)).figures(data)
    assert false == pytest.approx(report.at_best.false_positives_per_ul.value)
    assert limit == pytest.approx(report.at_best.lod_per_ul.value)


def test_matrix_has_a_row_for_each_label_and_five_inverses() -> None:
    correction = _of_images().correction
    assert correction is not None
    assert correction.matrix is not None
    assert np.allclose(np.sum(correction.matrix, 1), 1)
    assert np.allclose(correction.matrix[0], [0.99, 0.01, 0, 0])
    assert np.allclose(correction.matrix[1], [0, 0.75, 0.25, 0])
    assert np.allclose(correction.matrix[2], [0, 0, 1, 0])  # none is labelled: as it is
    assert len(correction.inverses) == 5
    assert np.allclose(np.array(correction.inverses[0]) @ correction.matrix, np.eye(4), atol=0.05)
    assert correction.threshold == pytest.approx(0.98)
    assert (correction.num_images, correction.num_samples) == (NUM_IMAGES, 0)


def test_a_class_of_which_no_label_is_found_is_told_of() -> None:
    assert any(one.startswith("No label of troph is found by a box: the matrix") for one in _of_images().remarks)
    others = [one for one in _images() if one.label != "wbc"]
    report = assay_report(evaluation_of(NUM_IMAGES, others), CLASSES, ROLES, images_of(NUM_IMAGES))
    assert any(one.startswith("No label of troph or wbc is found") for one in report.remarks)


def test_line_is_of_the_cells_that_are_counted_above_the_threshold() -> None:
    line = _at(_of_images(), 0.65).line
    assert line is not None
    assert line.source == "labels"
    # 1,980 healthy, the dirt and 80 rings are counted where 2,100 cells are.
    kept = (1980 + 1 + 80) / 2100
    assert line.slope == pytest.approx((0.8 - 1 / 2000) / kept)
    assert line.intercept == pytest.approx(1 / 2000 / kept)
    assert line.slope_variance > 0
    assert line.intercept_variance > 0


def test_correction_at_a_checkpoint_is_that_of_the_report() -> None:
    found = correction_of(evaluation_of(NUM_IMAGES, _images()), ROLES, ROLES_OF, images_of(NUM_IMAGES))
    assert found == _of_images().correction


def _known(name: str, per_ul: float, images: int, wrong: int, number: int) -> list[MadeCells]:
    """A sample of 10,000 cells, of which 0.9 of the targets are found."""
    targets = round(per_ul / 5e6 * 10_000)
    seen = round(0.9 * targets)
    return [
        MadeCells(number, "healthy", "healthy", 10_000 - targets - wrong),
        MadeCells(number, "healthy", "ring", wrong),
        MadeCells(number, "ring", "ring", seen),
        MadeCells(number, "ring", "healthy", targets - seen),
    ]


KNOWN = {"n1": 0.0, "n2": 0.0, "n3": 0.0, "n4": 0.0, "a": 5e4, "b": 1e5, "c": 2.5e5, "d": 5e5}
WRONG = (2, 6, 12, 4, 6, 6, 6, 6)


def _titrated() -> list[MadeCells]:
    return [
        cells
        for number, (name, value) in enumerate(KNOWN.items())
        for cells in _known(name, value, 1, WRONG[number], number)
    ]


def test_false_positives_of_two_samples_that_differ_much_have_no_upper_end() -> None:
    made = [*_known("n1", 0.0, 1, 0, 0), *_known("n2", 0.0, 1, 300, 1)]
    found = _at(assay_report(evaluation_of(2, made), CLASSES, ROLES, samples_of({"n1": 0.0, "n2": 0.0})), 0.9)
    of = found.false_positives_per_ul
    assert of.value == pytest.approx(75_000)
    assert (of.high, of.is_open) == (None, True)


def test_negative_samples_say_what_is_counted_in_vain_and_how_much_they_differ() -> None:
    report = assay_report(evaluation_of(8, _titrated()), CLASSES, ROLES, samples_of(dict(KNOWN)))
    found = _at(report, 0.9)
    assert (report.over, report.num_negatives) == ("samples", 4)
    assert any(one.startswith("4 negative samples hardly tell how much samples differ") for one in report.remarks)
    assert found.false_positives_per_ul.value == pytest.approx(24 / 40_000 * 5e6)
    assert found.spread_per_ul is not None
    assert found.spread_per_ul > 0
    assert found.line is not None
    assert found.line.source == "samples"
    assert found.line.slope == pytest.approx(0.9, abs=0.02)
    assert found.near is not None
    assert found.near.value == 1
    plain = float(detection_limit(0.9, 24 / 40_000, 2e6)) * 5e6
    assert found.lod_per_ul.value is not None
    assert found.lod_per_ul.value > 2 * plain


def test_samples_that_differ_where_much_is_counted_do_not_pass_for_alike_where_little_is() -> None:
    """Above 0.6 each blank has one false positive or none; below it they have from none to 60."""
    cells = []
    for image, (often, wrong) in enumerate(((0, 0), (2, 1), (20, 1), (60, 0))):
        cells += [MadeCells(image, "healthy", "healthy", 3000 - often - wrong)]
        cells += [MadeCells(image, "healthy", "ring", often, 0.6), MadeCells(image, "healthy", "ring", wrong, 0.9)]
    cells += [MadeCells(4, "ring", "ring", 90), MadeCells(4, "ring", "healthy", 10)]
    units = samples_of({"n1": 0, "n2": 0, "n3": 0, "n4": 0, "p": 5e6})
    evidence = AssayEvidence(AssaySums.of(evaluation_of(5, cells), ROLES_OF, units), units)
    rates, low, high = evidence.rates(evidence.whole), 6, 21
    assert CONFIDENCES[[low, high]].tolist() == [0.55, 0.7]
    assert rates.false[0, high] == pytest.approx(2 / 12_000)
    assert rates.dispersion[0, high] == rates.dispersion[0, low] > 1
    alike = float(detection_limit(0.9, 2.5 / 12_000, 2e6))
    assert 4 * alike < rates.limits(2e6)[0, high] < rates.limits(2e6)[0, low]


def test_samples_are_estimated_at_the_best_threshold() -> None:
    report = assay_report(evaluation_of(8, _titrated()), CLASSES, ROLES, samples_of(dict(KNOWN)))
    found = {one.name: one for one in report.samples}
    assert report.best is not None
    assert found["d"].threshold == report.best.threshold
    assert found["d"].raw_per_ul.value == pytest.approx((900 + 6) / 10_000 * 5e6)
    for one in (found["d"].line_per_ul, found["d"].matrix_per_ul):
        assert one is not None
        assert one.low is not None
        assert one.high is not None
        assert one.low < 5e5 < one.high
    assert found["n1"].known_per_ul == 0
    assert found["n1"].targets == 2
    assert found["d"].published.keys() == {"raw", "line", "matrix"}


def test_counts_alone_are_enough_for_samples_of_known_value() -> None:
    whole = AssaySums.of(evaluation_of(8, _titrated()), ROLES_OF, samples_of(dict(KNOWN)))
    nothing = np.zeros_like(whole.wrong_TU)
    bare = AssaySums(
        ROLES_OF, whole.count_TUK, nothing, nothing[:, :, None].repeat(2, 2), np.zeros_like(whole.labels_UK)
    )
    found, labelled = (report_of_sums(one, samples_of(dict(KNOWN)), ROLES) for one in (bare, whole))
    assert found.best == labelled.best
    assert found.thresholds[0].sensitivities == {}
    assert found.mix == {}
    assert found.thresholds[0].sensitivity.value == pytest.approx(0.9, abs=0.02)
    assert found.correction is not None
    assert found.correction.matrix is None


def test_samples_of_unknown_value_are_corrected_by_the_checkpoint_alone() -> None:
    own = correction_of(evaluation_of(NUM_IMAGES, _images()), ROLES, ROLES_OF, images_of(NUM_IMAGES))
    data = evaluation_of(2, [MadeCells(0, "", "healthy", 9_000), MadeCells(1, "", "ring", 90)])
    report = assay_report(data, CLASSES, ROLES, samples_of({"slide": None}, 2), own=own)
    assert report.thresholds == ()
    assert not report.chosen_here
    (slide,) = report.samples
    assert slide.threshold == pytest.approx(own.threshold)
    assert slide.line_per_ul is not None
    assert slide.line_per_ul.value != slide.raw_per_ul.value
    assert slide.num_images == 2


def test_correction_of_other_roles_is_not_used() -> None:
    own = correction_of(evaluation_of(NUM_IMAGES, _images()), ROLES, ROLES_OF, images_of(NUM_IMAGES))
    others = ROLES.model_copy(update={"target": ("ring",)})
    report = assay_report(evaluation_of(NUM_IMAGES, _images()), CLASSES, others, images_of(NUM_IMAGES), own=own)
    assert report.chosen_here
    assert any("other roles" in one for one in report.remarks)


def test_units_are_samples_then_groups_then_images() -> None:
    facts = [SampleFacts("s"), SampleFacts("s"), SampleFacts(), SampleFacts(), SampleFacts()]
    units = AssayUnits.of(facts, ["g", "h", "g", "g", ""])
    assert units.unit_I.tolist() == [0, 0, 1, 1, 2]
    assert (units.over, units.names, units.groups) == ("samples", ("s", "", ""), ("g", "g", ""))


@dataclass(frozen=True, slots=True)
class MadeTest:
    """One in fifty cells is a ring, and nine of ten are found."""

    false: float
    spread: float
    """The dispersion between units of their false positives."""

    num_units: int
    cells: int
    """Of a unit."""

    is_sample: bool = False

    @property
    def units(self) -> AssayUnits:
        numbers = range(self.num_units)
        return samples_of({f"s{unit}": None for unit in numbers}) if self.is_sample else images_of(self.num_units)


@pytest.mark.parametrize(
    "made", [MadeTest(1e-6, 0.0, 40, 80), MadeTest(1e-3, 2.0, 60, 80), MadeTest(5e-4, 0.3, 20, 20_000, is_sample=True)]
)
def test_intervals_hold_the_truth(made: MadeTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("yogo.metrics.assay_intervals.NUM_RESAMPLES", 60)
    monkeypatch.setattr("yogo.metrics.assay_intervals.NUM_DRAWS", 20)
    rng, held = np.random.default_rng(1), np.zeros(3)
    spread = made.spread if made.is_sample else 0.0
    limit = float(detection_limit(0.9 - made.false, made.false, 2e6, spread))
    for _ in range(NUM_TESTS):
        found = AssayIntervals.of(_simulated(rng, made), 2e6)
        truths = ((found.false, made.false), (found.sensitivity, 0.9), (found.limit, limit))
        held += [one.low[1] <= truth <= one.high[1] for one, truth in truths]
    # 0.92 and more, but for what chance does to so few.
    assert (held >= 0.88 * NUM_TESTS).all(), held


def _simulated(rng: np.random.Generator, made: MadeTest) -> AssayEvidence:
    spread, num_units = made.spread, made.num_units
    own_U = made.false * (rng.gamma(1 / spread, spread, num_units) if spread else np.ones(num_units))
    all_U = rng.poisson(made.cells, num_units)
    rings_U = rng.binomial(all_U, 0.02)
    wrong_U, found_U = rng.poisson((all_U - rings_U) * own_U), rng.binomial(rings_U, 0.9)
    counts_UK = np.stack([all_U - wrong_U - found_U, wrong_U + found_U], 1).astype(np.float64)
    twice = [np.stack([one, one]).astype(np.float64) for one in (counts_UK, wrong_U, found_U[:, None])]
    sums = AssaySums(
        roles=Roles(("healthy", "ring"), ("healthy", "ring"), ("ring",), 5e6),
        count_TUK=twice[0],
        wrong_TU=twice[1],
        found_TUC=twice[2],
        labels_UK=np.stack([all_U - rings_U, rings_U], 1).astype(np.float64),
        thresholds=np.array([0, 0.5]),
    )
    return AssayEvidence(sums, made.units)
