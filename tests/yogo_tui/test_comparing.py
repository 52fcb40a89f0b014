"""Runs compared: what differs, the best figures, the spread over seeds, and the tables of all that."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath

import pytest

from tests.made_runs import trained_run
from tests.yogo_tui.lab import in_force
from yogo.run.events import Losses, Started, Step
from yogo.run.history import History
from yogo.run.steps import Steps
from yogo_tui.cli import main
from yogo_tui.cluster.base import Queue
from yogo_tui.comparing.comparison import Comparison
from yogo_tui.comparing.figures import Figure
from yogo_tui.comparing.tables import Cell, Table, as_csv, as_latex, as_markdown, tables
from yogo_tui.errors import LaunchError
from yogo_tui.hosts.here import HereHost
from yogo_tui.questions.comparing import thinned, trained_seconds
from yogo_tui.runs.folder import Scanner
from yogo_tui.runs.join import join
from yogo_tui.runs.model import Run
from yogo_tui.session.comparing import compare


async def runs_in(folder: Path, names: Sequence[str]) -> list[Run]:
    folders = await Scanner(HereHost(), [PurePosixPath(folder)]).scan()
    found = {run.name: run for run in join(folders, Queue(), cluster="local", now=datetime.now(UTC))}
    return [found[name] for name in names]


async def compared(folder: Path, *names: str) -> Comparison:
    return await compare(HereHost(), await runs_in(folder, names))


async def test_only_what_differs_is_shown_and_the_best_figure_is_marked(tmp_path: Path) -> None:
    trained_run(tmp_path / "one", map50=0.7, changes={"learning_rate": 5e-4}, code="abc")
    trained_run(tmp_path / "two", losses=(3.0, 1.5, 2.0), map50=0.6, data="other", code="def")
    found = await compared(tmp_path, "one", "two")
    said = {row.label: row.values for row in found.differences}
    assert said["learning_rate"] == ("0.0005", "0.0003")
    assert said["epochs"] == ("2", "3")
    assert said["code"] == ("abc", "def")
    assert len(set(said["training data"])) == 2
    assert not {"batch_size", "precision", "classes"} & said.keys()
    figures = {one.label: one for one in found.figures}
    assert figures["best val loss"].values == (2.0, 1.5)
    assert figures["best epoch"].values == (2, 2)
    assert figures["mAP50"].values == (0.7, 0.6)
    assert figures["AP50/RBC"].values == pytest.approx((0.8, 0.7))
    assert figures["time spent"].values == (80, 120)
    assert figures["images/s"].values == (800, 800)
    assert not figures["mAP50"].best, "they were measured on other images"


async def test_data_are_the_same_by_what_the_files_hold(tmp_path: Path) -> None:
    trained_run(tmp_path / "one")
    trained_run(tmp_path / "two", definition="/elsewhere/copy.yml", map50=0.6)
    found = await compared(tmp_path, "one", "two")
    assert [row.label for row in found.differences] == ["definition"]
    assert sum("are the same" in note for note in found.notes) == 3
    assert {one.label: one.best for one in found.figures}["mAP50"] == {1}


async def test_a_loss_of_other_settings_is_not_ranked_with_the_others(tmp_path: Path) -> None:
    trained_run(tmp_path / "one", losses=(3.0, 2.0))
    trained_run(tmp_path / "two", losses=(3.0, 2.5))
    trained_run(tmp_path / "three", losses=(0.3, 0.2), changes={"iou_weight": 0.1})
    found = await compared(tmp_path, "one", "two", "three")
    (loss,) = (one for one in found.figures if one.label == "best val loss")
    assert (set(loss.best), set(loss.others)) == ({0}, {2})
    assert any("other loss settings" in note for note in found.notes)


async def test_runs_that_differ_by_seed_alone_have_mean_and_deviation(tmp_path: Path) -> None:
    for seed, score in enumerate((0.6, 0.7, 0.8)):
        trained_run(tmp_path / f"seed-{seed}", map50=score, changes={"seed": seed})
    trained_run(tmp_path / "other", changes={"seed": 7, "learning_rate": 0.1})
    found = await compared(tmp_path, "seed-0", "seed-1", "other", "seed-2")
    assert found.seeds == ((0, 1, 3),)
    (figure,) = (one for one in found.figures if one.label == "mAP50")
    assert figure.spread(found.seeds[0]) == pytest.approx((0.7, 0.1))


async def test_runs_whose_seed_also_splits_the_data_differ_by_seed_alone(tmp_path: Path) -> None:
    trained_run(tmp_path / "seed-0", map50=0.6)
    trained_run(tmp_path / "seed-1", map50=0.8, changes={"seed": 1}, first_in="val")
    trained_run(tmp_path / "other-data", data="cells", changes={"seed": 2})
    found = await compared(tmp_path, "seed-0", "seed-1", "other-data")
    assert found.seeds == ((0, 1),)
    (figures,) = (one for one in tables(found) if one.title == "figures")
    assert figures.head[-1] == "mean ± sd of 2 seeds, each with its own split: seed-0, seed-1"
    assert [row[-1].text for label, row in figures.rows if label == "mAP50"] == [".700 ± .141"]
    assert {"training data", "validation data"} <= {row.label for row in found.differences}


async def test_epochs_are_told_with_one_digit_behind_the_point(tmp_path: Path) -> None:
    trained_run(tmp_path / "one")
    trained_run(tmp_path / "two", changes={"seed": 1})
    (epochs,) = (one for one in (await compared(tmp_path, "one", "two")).figures if one.label == "epochs")
    assert [epochs.words(value) for value in (6.0, 6.3333, 1.73205)] == ["6", "6.3", "1.7"]


async def test_the_same_seed_twice_is_no_spread_over_seeds(tmp_path: Path) -> None:
    trained_run(tmp_path / "one")
    trained_run(tmp_path / "two", map50=0.6)
    assert (await compared(tmp_path, "one", "two")).seeds == ()


async def test_a_file_that_cannot_be_read_is_told_and_hides_nothing_else(tmp_path: Path) -> None:
    trained_run(tmp_path / "one").data.write_bytes(b"torn")
    trained_run(tmp_path / "two").events.unlink()
    found = await compared(tmp_path, "one", "two")
    assert any(note.startswith("one: ") and "data.json.gz cannot be read" in note for note in found.notes)
    assert any("of one is not known" in note for note in found.notes)
    assert {one.label: one.values for one in found.figures}["best val loss"] == (2.0, 2.0)


async def test_a_comparison_needs_two_runs_and_no_jobs(tmp_path: Path) -> None:
    trained_run(tmp_path / "one")
    (run,) = await runs_in(tmp_path, ["one"])
    with pytest.raises(LaunchError, match="at least 2 runs: there is 1 run"):
        await compare(HereHost(), [run, run])
    with pytest.raises(LaunchError, match="job is not a run in these folders"):
        await compare(HereHost(), [run, Run(name="job", state=run.state)])


def test_which_value_is_best_depends_on_the_figure() -> None:
    values = (-3.0, 0.5, None, 2.0)
    best = {better: Figure("x", values, str, better).best for better in ("more", "less", "zero", "")}
    assert best == {"more": {3}, "less": {0}, "zero": {1}, "": set()}
    assert Figure("x", (1.0, 1.0), str, "more").best == set(), "none is better than the other"


def test_pauses_between_attempts_are_not_training_time() -> None:
    begun = datetime(2026, 1, 1, tzinfo=UTC)
    history = History(started=Started(epochs=1, steps_per_epoch=9, num_train=1, num_val=1, at=begun))
    for attempt, seconds in ((0, 60), (1, 5_000), (1, 5_030)):
        at = begun + timedelta(seconds=seconds)
        history.steps.append(Step(step=seconds, epoch=0, losses=Losses(loss=1), lr=1, attempt=attempt, at=at))
    assert trained_seconds(history) == 90


def test_a_long_run_keeps_its_extremes_and_its_ends() -> None:
    losses = [None if n % 7 == 0 else 1 + (n * 7919 % 1000) / 1000 for n in range(50_000)]
    losses[31_234] = 99.0
    history = History(steps=Steps(Step(step=n, epoch=0, losses=Losses(loss=x), lr=1) for n, x in enumerate(losses)))
    steps = thinned(history, buckets=100).steps
    assert len(steps) <= 202
    assert [step.step for step in steps] == sorted({step.step for step in steps})
    assert (steps[0].step, steps[-1].step) == (0, 49_999)
    assert any(step.losses.loss == 99.0 for step in steps)


EVIL = Table("figures", ("", "a|b", "50%_run"), (("a & b", (Cell("<b>", is_best=True), Cell("=1+1"))),))


def test_no_table_is_broken_by_what_a_name_holds() -> None:
    assert as_markdown((EVIL,)).splitlines()[2:] == [
        r"|  | a\|b | 50%\_run |",
        "|---|---|---|",
        r"| a \& b | **\<b\>** | =1+1 |",
    ]
    assert r"a \& b & \textbf{<b>} & =1+1 \\" in as_latex((EVIL,))
    assert r" & a|b & 50\%\_run \\" in as_latex((EVIL,))
    assert list(csv.reader(as_csv((EVIL,)).splitlines())) == [
        ["table", "what", "a|b", "50%_run"],
        ["figures", "a & b", "<b>", "'=1+1"],
    ]


async def test_csv_holds_the_numbers_unrounded(tmp_path: Path) -> None:
    trained_run(tmp_path / "one", losses=(3.0, 2.123456789))
    trained_run(tmp_path / "two")
    rows = {row[1]: row[2:] for row in csv.reader(as_csv(tables(await compared(tmp_path, "one", "two"))).splitlines())}
    assert rows["best val loss"] == ["2.123456789", "2.0"]


def test_the_command_prints_a_table_or_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    in_force(tmp_path, monkeypatch)
    trained_run(tmp_path / "trained_models/one", map50=0.7)
    trained_run(tmp_path / "trained_models/two", map50=0.6, changes={"seed": 3})
    assert main(["compare", "one", "two"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "what differs one two seed 0 3" in out
    assert "mAP50 .700 ◆ .600 .650 ± .071" in out
    assert main(["compare", "one", "two", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert [run["name"] for run in said["runs"]] == ["one", "two"]
    assert said["differences"] == [{"name": "seed", "values": ["0", "3"]}]
    assert {one["name"]: one["best"] for one in said["figures"]}["mAP50"] == [0]
    assert main(["compare", "one", "one"]) == 1
    assert "at least 2 runs" in capsys.readouterr().err
