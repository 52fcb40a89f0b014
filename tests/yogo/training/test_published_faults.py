"""Faults of published yogo that only a whole run shows; each of these failed there."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.yogo.training.tiny import SIZE, TINY, Steered, Yogo, write_dataset
from yogo import signals
from yogo.checkpoint import load_checkpoint
from yogo.device.precision import choose
from yogo.model import YOGO
from yogo.run import events


def first_losses(yogo: Yogo, definition: Path, weight: int) -> events.Losses:
    flags = ("--name", f"weight-{weight}", "--epochs", "1", "-bs", "6", "--no-flips")
    assert yogo.train(definition, *TINY, *flags, "--classify-weight", weight).returncode == 0
    return next(event.losses for event in yogo.events(f"weight-{weight}") if isinstance(event, events.Step))


def test_the_class_weight_of_the_command_line_reaches_the_loss(yogo: Yogo, definition: Path) -> None:
    once, tenfold = (first_losses(yogo, definition, weight) for weight in (1, 10))
    assert once.classification_loss is not None
    assert tenfold.classification_loss == pytest.approx(10 * once.classification_loss, rel=1e-4)
    assert tenfold.iou_loss == pytest.approx(once.iou_loss, rel=1e-4)


def test_a_colour_run_that_normalises_keeps_both_and_its_class_names(yogo: Yogo, definition: Path) -> None:
    flags = ("--name", "colour", "--epochs", "1", "-bs", "6", "--rgb-images", "--normalize-images")
    assert yogo.train(definition, *TINY, *flags).returncode == 0
    model, info = YOGO.from_pth(yogo.run("colour").best, inference=True)
    assert (bool(model.is_rgb), bool(model.normalize_images), info["normalize_images"]) == (True, True, True)
    assert info["class_names"] == ["red", "white"]
    with torch.no_grad():
        assert model(torch.rand(1, 3, SIZE, SIZE)).shape[1] == 7


def test_a_bare_run_needs_no_network_and_lies_in_the_working_directory(
    yogo: Yogo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    definition = write_dataset(tmp_path / "data", num_pictures=4)
    monkeypatch.chdir(tmp_path)
    done = yogo.command("train", definition, *TINY, "--epochs", "1", "-bs", "2", WANDB_MODE="offline")
    assert (done.returncode, done.stderr) == (0, "")
    (run,) = (tmp_path / "trained_models").iterdir()
    assert load_checkpoint(run / "best.pth").run_name == run.name


def test_sixteen_bit_floats_train_with_a_scaled_loss_and_no_others_do(yogo: Yogo, definition: Path) -> None:
    flags = (*TINY[:-4], "--epochs", "1", "-bs", "6", "--name", "fp16", "--precision", "fp16")
    assert yogo.train(definition, *flags).returncode == 0
    kept = load_checkpoint(yogo.run("fp16").last).scaler_state_dict
    assert kept is not None
    assert kept["scale"] > 1
    for name in ("bf16", "fp32"):
        assert not choose(name, torch.device("cpu")).scaler().is_enabled()


def test_each_element_of_a_gradient_is_clamped_to_one(definition: Path, tmp_path: Path) -> None:
    run = Steered(tmp_path, definition)
    with pytest.raises(signals.Stop):
        run.go(stop_after=("train", 0, 1))
    kept = load_checkpoint(run.run.last).optimizer_state_dict
    assert kept is not None
    # After one step AdamW's first moment is a tenth of the gradient.
    largest = max(float(moments["exp_avg"].abs().max()) for moments in kept["state"].values())
    assert largest == pytest.approx(0.1)
