"""What a model's counts are worth is seen on a screen, and told by a command, of a test and of an assay."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.made_assay import THRESHOLDS, made_assay
from tests.yogo_tui.fake_session import see, shown, until
from tests.yogo_tui.opened_results import results
from tests.yogo_tui.results import metrics
from yogo.run.assay import AssayAtThreshold, AssayFigure, AssayFile, ChosenThreshold
from yogo.run.metrics import kind_of_results
from yogo_tui.cli import main
from yogo_tui.curves.assay import assay_charts, axes, charts_together
from yogo_tui.curves.axes import Axis
from yogo_tui.curves.drawing import View, draw
from yogo_tui.session.assay import assay_tables, in_short, threshold_words


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A finished run whose definition has roles, and an assay of a file of samples."""
    folder = tmp_path / "lab" / "trained_models" / "tidy-fox-0001"
    folder.mkdir(parents=True)
    (folder / "run.json").write_text("{}")
    metrics().model_copy(update={"assay": made_assay(140)}).write(folder / "metrics.json")
    AssayFile(definition="/lab/my-test-slides.yml", report=made_assay()).write(
        folder / "best-assay-my-test-slides.json"
    )
    return folder


async def test_the_assay_of_a_test_is_seen_by_a_and_left_by_escape(run: Path) -> None:
    async with results(run) as pilot:
        await see(pilot, "results · test images", "by class")
        await pilot.press("a")
        await see(pilot, "assay · test images", "LoD 140 (98 to 182) per µL at 0.85", "plot 1 of 3", "◆", "┄┄ from")
        await see(pilot, "LoD elsewhere", "168")
        await pilot.press("tab", "f", *["j"] * 30)
        await see(pilot, "26,644", "Targets are ring by healthy, ring", "Two samples are of one day.")
        await pilot.press("g", "a", "m")
        await see(pilot, "what the figures say", "Limit of detection")
        await pilot.press("escape")
        await pilot.pause(0.3)
        await pilot.press("escape")
        await see(pilot, "results · test images", "by class")


async def test_an_assay_is_chosen_and_its_samples_stand_over_what_is_known_of_them(run: Path) -> None:
    async with results(run, (160, 45)) as pilot:
        await see(pilot, "by class")
        await pilot.press("t")
        await see(pilot, "assay of my-test-slides")
        await pilot.press("down", "enter")
        await see(pilot, "tidy-fox-0001 · assay of my-test-slides", "LoD 92", "false positives (log", "sensitivity  ──")
        await pilot.press("x")
        await see(pilot, "by known per µL", "┄┄ as known  • by counts  ◇ by line", "10,000 ┤")
        await pilot.press("escape")
        await see(pilot, "An assay has no matrix and no images. a shows it.")


async def test_without_roles_no_assay_is_offered(run: Path) -> None:
    (run / "best-assay-my-test-slides.json").unlink()
    metrics().write(run / "metrics.json")
    async with results(run) as pilot:
        await see(pilot, "by class")
        await pilot.press("a")
        assert "assay" not in shown(pilot)


async def test_a_damaged_assay_is_told_of(run: Path) -> None:
    (run / "best-assay-my-test-slides.json").write_text('{"report": {}}')
    async with results(run) as pilot:
        await see(pilot, "by class")
        await pilot.press("t")
        await see(pilot, "assay of my-test-slides")
        await pilot.press("down", "enter")
        await until(pilot, lambda: "best-assay-my-test-slides.json is damaged" in shown(pilot).replace("\n ", ""))


def test_results_are_told_apart_by_the_first_word_of_their_file() -> None:
    assert kind_of_results("best-test-blood-assay-1.json") == ("test", "blood-assay-1")
    assert kind_of_results("best-assay-my-test-slides.json") == ("assay", "my-test-slides")
    assert kind_of_results("metrics.json") == kind_of_results("best-test-cells.images.json.gz") == ("", "")


def test_a_command_tells_it_and_gives_it_to_programs(
    run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    words = ["--workspace", str(tmp_path / "lab"), "--cluster", "local"]
    assert main(["results", run.name, *words]) == 0
    said = capsys.readouterr().out
    assert "2. assay of my-test-slides: " in said
    assert "slide-2" in said
    assert "Best threshold: 0.85." in said
    assert main(["results", run.name, "--json", *words]) == 0
    test, assay = json.loads(capsys.readouterr().out)
    assert (test["metrics"]["num_images"], assay["metrics"]) == (40, None)
    assert [one["assay"]["best"]["lod_per_ul"]["value"] for one in (test, assay)] == [140, 92]


def test_many_thresholds_are_shown_at_each_twentieth_and_the_best() -> None:
    at = made_assay().thresholds[0]
    many = tuple(at.model_copy(update={"threshold": round(0.5 + 0.01 * number, 2)}) for number in range(50))
    best = made_assay().best
    assert best
    report = made_assay(thresholds=many, best=best.model_copy(update={"threshold": 0.83}))
    _, table, _ = assay_tables(report)
    names = [row[0] for row in table.rows]
    assert names == [*(threshold_words(one) for one in THRESHOLDS[:7]), "0.83 ◆", "0.85", "0.90", "0.95", "0.99"]
    assert len(assay_tables(report, is_whole=True)[1].rows) == 50


def test_an_interval_without_an_upper_end_and_a_limit_that_is_none_leave_a_gap() -> None:
    none = AssayAtThreshold(threshold=0.99, false_positives_per_ul=AssayFigure(value=0.0), sensitivity=AssayFigure())
    report = made_assay(thresholds=(*made_assay().thresholds, none))
    charts = assay_charts(report, Axis.THRESHOLD)
    assert list(charts) == ["lod", "false_positives", "sensitivity"]
    assert (charts["lod"].is_log, charts["false_positives"].is_log) == (True, False)
    text = "".join(
        piece.text for row in draw(charts["lod"], View(Axis.THRESHOLD), width=80, height=12) for piece in row
    )
    assert "✖" not in text
    assert "0.5" in text
    assert assay_tables(report)[1].rows[-1] == ("0.99", "0", "-", "-", "-", "-", "-")


def test_a_threshold_without_a_limit_is_told_in_words() -> None:
    assert in_short(made_assay()) == "LoD 92 (64 to 120) per µL at 0.85"
    assert in_short(made_assay(best=ChosenThreshold(threshold=0.5))) == "no limit of detection"


def test_estimates_of_two_models_stand_by_their_own_signs() -> None:
    first, second = made_assay(), made_assay(200, samples=made_assay().samples[:2])
    assert axes([first]) == (Axis.THRESHOLD, Axis.KNOWN)
    assert axes([made_assay(samples=())]) == (Axis.THRESHOLD,)
    (chart,) = charts_together(("a", "none", "b"), (first, None, second), Axis.KNOWN).values()
    assert [(line.series.name, line.sign, len(line.series)) for line in chart.lines[1:]] == [
        ("a", "•", 2),
        ("b", "▲", 1),
    ]
    together = charts_together(("a", "b"), (first, second), Axis.THRESHOLD)
    assert [line.series.name for line in together["lod"].lines] == ["a", "b"]
