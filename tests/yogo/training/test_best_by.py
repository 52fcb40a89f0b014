"""What best.pth is chosen by, and the count thresholds that it holds."""

from __future__ import annotations

import math
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.yogo.training.planted_errors import IMAGE_HW, made_cells
from tests.yogo.training.test_ddp import train_all
from tests.yogo.training.tiny import TINY, Done, Steered, Yogo, write_dataset
from yogo import signals
from yogo.checkpoint import load_checkpoint
from yogo.definition import DatasetDefinition
from yogo.definition.record import DataRecord
from yogo.errors import InferenceError
from yogo.infer import predict
from yogo.infer.rows import boxes_of_batch
from yogo.run import events
from yogo.run.best import CRITERIA, BestBy
from yogo.run.count_thresholds import CountThresholds
from yogo.run.history import History
from yogo.run.metrics import Metrics
from yogo.run.result import verify
from yogo.run.worst import WorstImages

CELLS = ("--model", "quarter_filters", "--image-hw", *IMAGE_HW, "--normalize-images", "--precision", "fp32")
SCHEDULE = ("--epochs", "12", "--batch-size", "4", "--lr", "1e-2", "--wandb", "disabled")


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> tuple[Yogo, dict[BestBy, Done]]:
    """One training three times, which differs in what best.pth is chosen by alone."""
    yogo = Yogo(tmp_path_factory.mktemp("cells"))
    data = made_cells(yogo.home / "data", seed=1, pictures=64)
    data.write_text(data.read_text().replace("{train: 0.75, val: 0.25}", "{train: 0.5, val: 0.375, test: 0.125}"))
    name, other = DatasetDefinition.from_yaml(data).classes[:2]
    roles = f"roles: {{total: [{name}, {other}], target: [{name}], per_microlitre: 5.0e6, cells: 2.0e5}}\n"
    data.write_text(data.read_text() + roles)
    done: dict[BestBy, Done] = {}
    for by in CRITERIA:
        done[by] = yogo.train(data, "--name", by, *CELLS, *SCHEDULE, "--best-by", by)
        assert (done[by].returncode, done[by].stderr) == (0, "")
    return yogo, done


def validations(yogo: Yogo, name: str) -> list[events.Validated]:
    return [event for event in yogo.events(name) if isinstance(event, events.Validated)]


@pytest.mark.parametrize("by", CRITERIA)
def test_best_pth_holds_the_epoch_that_is_best_by_what_was_asked_for(
    cells: tuple[Yogo, dict[BestBy, Done]], by: BestBy
) -> None:
    yogo, done = cells
    reached = [
        event.metrics.get(CRITERIA[by].key) if CRITERIA[by].key else event.losses.loss
        for event in validations(yogo, by)
    ]
    # An epoch that tells healthy cells from the target in no way has no limit of detection.
    known = [math.inf if by == "lod" and figure is None else figure for figure in reached]
    assert len(known) == 12
    assert None not in known
    sign = -1 if by == "map" else 1
    best = min(
        range(12), key=lambda epoch: (sign * (known[epoch] or 0.0), validations(yogo, by)[epoch].losses.loss or 0.0)
    )
    receipt = verify(yogo.run(by))
    assert receipt.best_epoch == best
    assert receipt.best_by == by
    assert receipt.best_score == (None if by == "loss" else reached[best])
    assert receipt.best_loss == validations(yogo, by)[best].losses.loss
    assert load_checkpoint(yogo.run(by).best).epoch == best + 1
    history = History.read(yogo.run(by).events)
    assert history.best is not None
    assert history.best.epoch == best
    saved = [event for event in yogo.events(by) if isinstance(event, events.Checkpointed) and event.file == "best.pth"]
    assert {event.by for event in saved} == {by}
    if by != "loss":
        assert saved[-1].score == reached[best]
    if by != "loss" and reached[best] is not None:
        shown = f"{reached[best]:,.0f}" if by == "lod" else f"{reached[best]:.4g}"
        assert f"saved best.pth ({CRITERIA[by].words} {shown})" in done[by].stdout


def test_of_epochs_that_reach_the_same_the_one_with_the_lowest_loss_is_kept(tmp_path: Path) -> None:
    """As long as nothing is found where it is, all of them do."""
    yogo = Yogo(tmp_path)
    data = made_cells(yogo.home / "data", seed=1, pictures=12)
    schedule = ("--epochs", "6", "--batch-size", "4", "--lr", "1e-3", "--wandb", "disabled")
    done = yogo.train(data, "--name", "map", *CELLS, *schedule, "--best-by", "map")
    assert done.returncode == 0, done.stderr
    seen = validations(yogo, "map")
    assert {event.metrics.get("mAP50") for event in seen} == {0}
    losses = [event.losses.loss or 0.0 for event in seen]
    assert losses.index(min(losses)) > 0
    assert verify(yogo.run("map")).best_epoch == losses.index(min(losses))


def test_they_choose_different_epochs_of_the_same_training(cells: tuple[Yogo, dict[BestBy, Done]]) -> None:
    yogo, _ = cells
    losses = {by: [event.losses.loss for event in validations(yogo, by)] for by in CRITERIA}
    assert losses["loss"] == losses["map"] == losses["count"] == losses["lod"]
    assert len({verify(yogo.run(by)).best_epoch for by in CRITERIA}) > 1


def test_inference_counts_what_the_thresholds_were_chosen_to_count(
    cells: tuple[Yogo, dict[BestBy, Done]], tmp_path: Path
) -> None:
    yogo, _ = cells
    best = yogo.run("count").best
    own = load_checkpoint(best).count_thresholds
    assert own is not None
    review = WorstImages.read(yogo.run("count").worst)
    record = yogo.run("count")
    folder = tmp_path / "val"
    folder.mkdir()
    samples = DataRecord.read(record.data).splits().val
    for sample in samples:
        (folder / Path(sample.image_file).name).symlink_to(sample.image_file)
    assert len(samples) == own.num_images == review.num_images
    with warnings.catch_warnings():  # of classes that have no threshold
        warnings.simplefilter("ignore", RuntimeWarning)
        predict(best, folder, output_dir=tmp_path / "out", save_preds=True, thresholds="counts")
    kinds = [int(row.split()[0]) for file in (tmp_path / "out").glob("*.txt") for row in file.read_text().splitlines()]
    found = {name: kinds.count(place) for place, name in enumerate(own.of_class)}
    assert found == {name: one.counted for name, one in own.of_class.items()}
    at_own = {name: one for name, one in own.of_class.items() if one.score is not None}
    assert at_own, "a detector that learned something has a threshold for some class"
    assert all(one.counted == one.labelled for one in at_own.values())
    assert review.metrics is not None
    assert review.metrics.counts is not None
    assert review.metrics.counts.chosen_here
    assert review.metrics.counts.thresholds == own


def test_a_test_reports_counts_at_them_beside_the_usual_ones(cells: tuple[Yogo, dict[BestBy, Done]]) -> None:
    yogo, done = cells
    counts = Metrics.read(yogo.run("map").metrics).counts
    assert counts is not None
    assert counts.thresholds == load_checkpoint(yogo.run("map").best).count_thresholds
    assert not counts.chosen_here
    assert len(counts.own) == len(counts.usual) == len(counts.thresholds.of_class)  # type: ignore[union-attr]
    assert "chosen on the validation set" in done["map"].stdout


def test_the_rest_of_inference_is_as_it_was(cells: tuple[Yogo, dict[BestBy, Done]], tmp_path: Path) -> None:
    yogo, _ = cells
    pictures = yogo.home / "data" / "images" / "fine-tuning"
    best = yogo.run("loss").best
    with pytest.raises(InferenceError, match="leave out --obj-thresh and --iou-thresh"):
        predict(best, pictures, thresholds="counts", obj_thresh=0.7, iou_thresh=0.3)
    contents = torch.load(best, weights_only=True)
    old = tmp_path / "old.pth"
    torch.save({key: value for key, value in contents.items() if key != "count_thresholds"}, old)
    with pytest.raises(InferenceError, match="holds no count thresholds"):
        predict(old, pictures, thresholds="counts")
    own = load_checkpoint(best).count_thresholds
    assert own is not None
    (pred, *_) = predict(best, pictures)
    plain = boxes_of_batch(pred[None], obj_thresh=0.05, iou_thresh=0.5, min_class_confidence_threshold=0)[0]
    (counted,) = boxes_of_batch(
        pred[None], obj_thresh=0.05, iou_thresh=0.5, min_class_confidence_threshold=0, count_scores=own.scores
    )
    kept = [row for row in plain if row[4] * row[5:].max() > own.scores[int(row[5:].argmax())]]
    assert torch.equal(counted, torch.stack(kept)) if kept else not len(counted)


def test_early_stopping_follows_it_and_says_so(yogo: Yogo, definition: Path) -> None:
    flags = ("--name", "short", "--epochs", "40", "--lr", "1e-9", "-bs", "2", "--early-stopping", "2")
    done = yogo.train(definition, *TINY[:-2], *flags, "--best-by", "map")
    assert done.returncode == 0, done.stderr
    receipt = verify(yogo.run("short"))
    best = receipt.best_epoch
    assert best is not None, "nothing is found in any epoch, and the lowest loss decides"
    assert receipt.epochs == best + 3
    assert (
        receipt.reason == f"stopped early: in 2 epochs the validation mAP50 was never higher than in epoch {best + 1}"
    )
    assert receipt.reason in done.stdout


@pytest.mark.parametrize("by", ["map", "count"])
def test_a_resumed_run_remembers_the_best_figure(definition: Path, tmp_path: Path, by: BestBy) -> None:
    options: dict[str, Any] = {"learning_rate": 1e-3, "epochs": 6, "best_by": by}
    whole, stopped = Steered(tmp_path / "whole", definition, **options), Steered(tmp_path, definition, **options)
    whole.go()
    with pytest.raises(signals.Stop):
        stopped.go(stop_after=("train", 3, 1))
    assert load_checkpoint(stopped.run.last).count_thresholds is None, "weights that were never validated have none"
    stopped.go(resume=True)
    ours, theirs = load_checkpoint(whole.run.last), load_checkpoint(stopped.run.last)
    assert ours.training["best_epoch"] == theirs.training["best_epoch"]
    assert ours.training["best_score"] == theirs.training["best_score"] is not None
    assert ours.count_thresholds == theirs.count_thresholds
    assert load_checkpoint(whole.run.best).count_thresholds == load_checkpoint(stopped.run.best).count_thresholds


def test_without_a_validation_set_it_is_said_to_be_idle_and_there_are_no_thresholds(yogo: Yogo, tmp_path: Path) -> None:
    definition = write_dataset(tmp_path / "data", num_pictures=4, fractions="{train: 1.0}")
    done = yogo.train(definition, *TINY, "--name", "blind", "--epochs", "1", "-bs", "4", "--best-by", "count")
    assert done.returncode == 0
    assert "--best-by has no effect: there is no validation set" in done.stdout
    assert load_checkpoint(yogo.run("blind").best).count_thresholds is None


def test_two_processes_choose_what_one_chooses(tmp_path: Path) -> None:
    write_dataset(tmp_path / "data", num_pictures=20, fractions="{train: 0.5, val: 0.25, test: 0.25}")
    ((one,), two) = train_all(tmp_path, [(1, 1), (2, 1)], best_by="count")
    assert one["count_thresholds"] is not None
    assert CountThresholds.model_validate(one["count_thresholds"]).num_images == 5
    assert two[0]["count_thresholds"] == one["count_thresholds"]
    assert two[0]["at"]["best_score"] == two[1]["at"]["best_score"] == one["at"]["best_score"] is not None
    assert two[0]["at"]["best_epoch"] == two[1]["at"]["best_epoch"] == one["at"]["best_epoch"]


def test_by_the_limit_of_detection_takes_roles_and_a_validation_set(yogo: Yogo, tmp_path: Path) -> None:
    definition = write_dataset(tmp_path / "data", num_pictures=4)
    done = yogo.train(definition, *TINY, "--name", "none", "--best-by", "lod")
    assert done.returncode == 1
    assert f"--best-by lod takes roles in {definition}" in " ".join(done.stderr.split())
    blind = write_dataset(tmp_path / "blind", num_pictures=4, fractions="{train: 1.0}")
    name = DatasetDefinition.from_yaml(blind).classes[0]
    blind.write_text(f"{blind.read_text()}roles: {{total: [{name}], target: [{name}], per_microlitre: 5.0e6}}\n")
    done = yogo.train(blind, *TINY, "--name", "blind", "--best-by", "lod")
    assert done.returncode == 1
    assert "--best-by lod takes a validation set" in done.stderr


def test_checkpoint_holds_the_correction_and_the_test_tells_the_assay_at_its_threshold(
    cells: tuple[Yogo, dict[BestBy, Done]],
) -> None:
    yogo, done = cells
    run = yogo.run("lod")
    correction = load_checkpoint(run.best).count_correction
    assert correction is not None
    assert correction.num_images == len(DataRecord.read(run.data).splits().val)
    report = Metrics.read(run.metrics).assay
    assert report is not None
    assert not report.chosen_here
    assert report.best is not None
    assert report.best.threshold == correction.threshold
    assert {"lod_per_ul", "false_positives_per_ul"} <= Metrics.read(run.metrics).figures.keys()
    assert "False positives there:" in done["lod"].stdout
