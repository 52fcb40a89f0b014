"""The assays of runs beside each other: which are of the same images, their figures, and whether they differ."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from tests.made_assay import figure, made_assay, sample
from tests.made_runs import trained_run
from tests.yogo_tui.lab import in_force
from tests.yogo_tui.test_comparing import compared
from tests.yogo_tui.test_reports import MADE
from yogo.run.assay import AssayedSample, AssayFigure, AssayFile, AssayReport, ChosenThreshold
from yogo_tui.cli import main
from yogo_tui.comparing.exporting import exported
from yogo_tui.comparing.tables import tables
from yogo_tui.curves.axes import TRAINING, Axis

MANY = tuple(sample(f"slide-{number}", 100.0 * (number + 1), 100.0 * (number + 1)) for number in range(8))


def off_by(shares: tuple[float, ...]) -> tuple[AssayedSample, ...]:
    """Those samples with estimates that are off by these shares of what is known."""
    return tuple(
        one.model_copy(update={"line_per_ul": figure((one.known_per_ul or 0) * (1 + share))})
        for one, share in zip(MANY, shares, strict=True)
    )


def assayed(path: Path, report: AssayReport, definition: str = "/lab/samples.yml") -> None:
    run = trained_run(path)
    AssayFile(definition=definition, report=report).write(path / f"{run.best.stem}-assay-{Path(definition).stem}.json")


def limited(value: float, low: float, high: float | None) -> ChosenThreshold:
    limit = AssayFigure(value=value, low=low, high=high, is_open=high is None)
    return ChosenThreshold(threshold=0.85, lod_per_ul=limit)


async def verdicts(folder: Path) -> dict[str, str]:
    found = await compared(folder, "one", "two")
    (table,) = (each for each in tables(found) if each.title == "by assay")
    return {name: cells[0].text for name, cells in table.rows}


async def test_the_run_with_the_lower_limit_is_better_where_their_intervals_bear_it(tmp_path: Path) -> None:
    assayed(tmp_path / "one", made_assay(300, best=limited(300, 260, 340)))
    assayed(tmp_path / "two", made_assay(90, best=limited(90, 70, 110)))
    found = await compared(tmp_path, "one", "two")
    (pair,) = found.assays.pairs
    assert pair.title == "two against one"
    limit = pair.differences[0]
    assert (limit.low, limit.high) == pytest.approx((-210 - math.hypot(20, 40), -210 + math.hypot(20, 40)))
    assert limit.verdict == "better by 210 (165 to 255)"
    assert found.assays.images == "the same 12 samples"
    known = {one.label: one for one in found.figures}
    limits = known["assay LoD per µL"]
    assert (limits.values, set(limits.best)) == ((300, 90), {1})
    assert known["assay threshold"].values == (0.85, 0.85)
    assert any("looks better than it is" in note for note in found.notes)


async def test_no_difference_is_claimed_where_an_interval_has_no_end_or_holds_0(tmp_path: Path) -> None:
    assayed(tmp_path / "one", made_assay(92, best=limited(92, 70, 130)))
    assayed(tmp_path / "two", made_assay(120, best=limited(120, 80, None)))
    said = await verdicts(tmp_path)
    assert said["LoD per µL"] == "no difference seen (27 worse to ∞ better)"
    assert said["sensitivity"].startswith("no difference seen (0.")
    assert said["within 25 %"].startswith("no difference seen")
    assert "error of samples" not in said, "two samples of known value are too few"


async def test_the_error_of_samples_is_compared_sample_by_sample(tmp_path: Path) -> None:
    near, far = (0.1, -0.05, 0.08, -0.1, 0.02, 0.04, -0.06, 0.05), (0.3, -0.3, 0.35, -0.3, 0.2, 0.25, -0.3, 0.3)
    assayed(tmp_path / "one", made_assay(samples=off_by(far)))
    assayed(tmp_path / "two", made_assay(91, samples=off_by(near)))
    found = await compared(tmp_path, "one", "two")
    error = found.assays.pairs[0].differences[-1]
    assert (error.label, error.num_paired, error.is_seen) == ("error of samples", 8, True)
    assert error.verdict.startswith("better by 0.225 (0.")
    assert error.verdict.endswith(", of 8 samples")


async def test_assays_of_other_images_are_not_ranked_and_not_compared(tmp_path: Path) -> None:
    assayed(tmp_path / "one", made_assay(92))
    assayed(tmp_path / "two", made_assay(300), "/lab/others.yml")
    found = await compared(tmp_path, "one", "two")
    assert found.assays.pairs == ()
    assert len(found.charts(Axis.THRESHOLD)["lod"].lines) == 1
    (limit,) = (one for one in found.figures if one.label == "assay LoD per µL")
    assert (len(limit.others), limit.best) == (1, frozenset())
    assert "by assay" not in [table.title for table in tables(found)]
    assayed(tmp_path / "three", made_assay(300, samples=made_assay().samples[:2]), "/lab/samples.yml")
    assert (await compared(tmp_path, "one", "three")).assays.pairs == ()


async def test_plots_stand_over_each_other_and_are_written(tmp_path: Path) -> None:
    assayed(tmp_path / "one", made_assay(92))
    assayed(tmp_path / "two", made_assay(300))
    trained_run(tmp_path / "three")
    found = await compared(tmp_path, "one", "two", "three")
    assert found.axes == (*TRAINING, Axis.THRESHOLD, Axis.KNOWN)
    chart = found.charts(Axis.THRESHOLD)["lod"]
    assert [(line.series.name, line.tone) for line in chart.lines] == [("one", 0), ("two", 1)]
    drawn = exported(found, ".svg", made_at=MADE).decode()
    page = exported(found, ".html", made_at=MADE).decode()
    for text in (drawn, page):
        assert "false positives, per µL (logarithmic)" in text
        assert "estimates, per µL (logarithmic)" in text
        assert "training loss" in text
    assert "by assay" in page


async def test_runs_whose_assay_has_no_limit_are_told_of(tmp_path: Path) -> None:
    assayed(tmp_path / "one", made_assay(92))
    assayed(tmp_path / "two", made_assay(best=None))
    found = await compared(tmp_path, "one", "two")
    assert found.assays.pairs == ()
    assert "Without a limit of detection, and so not compared by assay: two. The results say why." in found.notes


async def test_runs_without_assays_are_compared_as_before(tmp_path: Path) -> None:
    trained_run(tmp_path / "one")
    trained_run(tmp_path / "two", changes={"learning_rate": 0.01})
    found = await compared(tmp_path, "one", "two")
    assert found.axes == TRAINING
    assert not any(one.label.startswith("assay") for one in found.figures)


def test_the_command_tells_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assayed(tmp_path / "trained_models/one", made_assay(300, best=limited(300, 260, 340)))
    assayed(tmp_path / "trained_models/two", made_assay(90, best=limited(90, 70, 110)))
    in_force(tmp_path, monkeypatch)
    assert main(["compare", "one", "two", "--json"]) == 0
    (pair,) = json.loads(capsys.readouterr().out)["by_assay"]
    assert (pair["first"], pair["second"], pair["figures"][0]["is_seen"]) == (1, 0, True)
    assert main(["compare", "one", "two"]) == 0
    assert "better by 210 (165 to 255)" in capsys.readouterr().out
