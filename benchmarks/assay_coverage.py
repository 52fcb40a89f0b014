"""How often the intervals of `yogo assay` hold the truth, at nominal 95 %: `python benchmarks/assay_coverage.py`.

Counts are Poisson. Without a correction nothing else varies. A line is drawn from its table's variances, as the
titration that made it could have been another; a line whose slope is not above 0 is refused by `yogo assay`, so only
samples with an interval are counted, and the share of refused lines is told. A matrix is drawn element by element from
the spread of its parts' inverses, a new one for each sample; or it is the mean for all (`fixed`).

Wanted: 0.93 at least, and 0.97 at most wherever ten or more target cells are expected. Fewer are discrete, and at 0 an
interval has one end only, which by itself holds 0.975. So does one that is open above, as where the slope's deviation
is larger than the slope: where most are, 0.975 is the most.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from yogo.assay.corrections import CorrectionLine, CorrectionMatrix
from yogo.assay.estimate import estimated
from yogo.assay.interval import LinesOfSamples, share_interval
from yogo.assay.roles import MALARIA, Doubles
from yogo.assay.tables import matrix_of, row_at, table_rows

DATA = Path(__file__).resolve().parents[2] / "shared" / "assay"
DENSITIES = (0, 50, 200, 1_000, 50_000)
TOTALS = (2e5, 2e6)
LEAST, MOST, MOST_OF_ONE_END, ENOUGH = 0.93, 0.97, 0.975, 10
LINES = (("elated-smoke-4492", 0.985), ("still-voice-4405", 0.97), ("frightful-wendigo-1931", 0.82))
MATRIX = "frightful-wendigo-1931"
MIX = {"ring": 0.8, "trophozoite": 0.15, "schizont": 0.05}


@dataclass(frozen=True, slots=True)
class CoverageCell:
    """Of the samples with an interval: the share whose interval holds the truth, and that without an upper end."""

    correction: str
    cells: float
    per_microlitre: float
    held: float
    open_above: float = 0.0
    refused: float = 0.0

    @property
    def expected(self) -> float:
        return self.cells * self.per_microlitre / MALARIA.per_microlitre

    @property
    def is_met(self) -> bool:
        most = MOST_OF_ONE_END if self.open_above > 0.5 else MOST
        return self.held >= LEAST and (self.held <= most or self.expected < ENOUGH)


def drawing(name: str, cells: float, density: float) -> np.random.Generator:
    """One for each place of the table: with the same for all, an unlucky draw would stand in every row."""
    return np.random.default_rng([int(cells), int(density), *name.encode()])


def line_coverage(name: str, line: CorrectionLine, cells: float, density: float, samples: int) -> CoverageCell:
    rng, share = drawing(name, cells, density), density / MALARIA.per_microlitre
    drawn = rng.normal(line.slope, line.slope_variance**0.5, 3 * samples)
    slope_B, refused = drawn[drawn > 0][:samples], float((drawn <= 0).mean())
    samples = len(slope_B)
    intercept_B = rng.normal(line.intercept, line.intercept_variance**0.5, samples)
    count_B = rng.poisson(cells * max(line.slope * share + line.intercept, 0), samples).astype(np.float64)
    one_B = np.ones(samples)
    variances = (one_B * line.slope_variance, one_B * line.intercept_variance, one_B * line.covariance)
    lines = LinesOfSamples(slope_B, intercept_B, *variances)
    low_B, high_B = share_interval(count_B, one_B * cells, lines)
    held_B = (low_B <= share) & (share <= high_B)
    return CoverageCell(name, cells, density, float(held_B.mean()), float((high_B == 1).mean()), refused)


def matrix_coverage(
    matrix: CorrectionMatrix, cells: float, density: float, samples: int, *, is_drawn: bool
) -> CoverageCell:
    name = f"matrix, {'drawn' if is_drawn else 'fixed'}"
    rng, share = drawing(name, cells, density), density / MALARIA.per_microlitre
    true_K = np.array([MIX.get(name, 0.0) * share * cells for name in MALARIA.classes])
    true_K[0], true_K[5], true_K[6] = cells * (1 - share), cells * 5e-4, cells * 2e-3  # healthy, wbc, misc
    num_held = num_open = 0
    for _ in range(samples):
        inverse_KK = matrix.inverse_KK
        if is_drawn:
            inverse_KK = inverse_KK + rng.normal(0, 1, inverse_KK.shape) * matrix.inverse_deviation_KK
        found = estimated(_counts(rng, true_K, inverse_KK), MALARIA, matrix)
        if found.low is not None and found.high is not None:
            num_held += found.low <= share <= found.high
            num_open += not found.is_bounded
    return CoverageCell(name, cells, density, num_held / samples, num_open / samples)


def _counts(rng: np.random.Generator, true_K: Doubles, inverse_KK: Doubles) -> Doubles:
    return rng.poisson(np.maximum(true_K @ np.linalg.inv(inverse_KK), 0)).astype(np.float64)


def covered(data: Path, samples: int) -> Iterator[CoverageCell]:
    lines = {"none": CorrectionLine(1.0)}
    for model, threshold in LINES:
        rows = table_rows(data, model, is_clinical=True)
        lines[f"line, {model}"] = row_at(rows, threshold, model).line(MALARIA.per_microlitre)
    matrix = matrix_of(data, MATRIX, len(MALARIA.classes))
    places = [(cells, density) for cells in TOTALS for density in DENSITIES]
    for name, line in lines.items():
        yield from (line_coverage(name, line, *place, samples) for place in places)
    for is_drawn in (False, True):
        yield from (matrix_coverage(matrix, *place, samples, is_drawn=is_drawn) for place in places)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=2000)
    parser.add_argument("--data", type=Path, default=DATA)
    args = parser.parse_args()
    if not args.data.is_dir():
        print(f"There are no tables in {args.data}: --data names the folder that holds one for each model")
        return
    print(f"{'correction':<29}{'cells':>10}{'per µL':>8}{'targets':>8}{'held':>8}{'open':>7}{'refused':>9}")
    found = []
    for one in covered(args.data, args.samples):
        found.append(one)
        figures = f"{one.held:>8.4f}{one.open_above:>7.3f}{one.refused:>9.3f}{'' if one.is_met else '  missed'}"
        place = f"{one.cells:>10,.0f}{one.per_microlitre:>8,.0f}{one.expected:>8,.0f}"
        print(f"{one.correction:<29}{place}{figures}", flush=True)
    held = [one.held for one in found]
    missed = sum(not one.is_met for one in found)
    above = sum(one.held > MOST and one.expected >= ENOUGH for one in found)
    target = f"{LEAST} at least; from {ENOUGH} targets on, {MOST} at most, {MOST_OF_ONE_END} where most are open above"
    verdict = {"what": "the share of intervals of 95 % that hold the truth", "ratio": min(held), "target": target}
    verdict |= {"highest": max(held), "missed": missed, "above_0.97": above, "of": len(found), "met": not missed}
    print(json.dumps(verdict))


if __name__ == "__main__":
    main()
