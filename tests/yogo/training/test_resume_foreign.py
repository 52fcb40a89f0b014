"""A file in a run's folder that opens, but is another run's, is named and passed over: no run goes on from it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.yogo.training.tiny import SIZE, Steered, Yogo
from yogo import signals
from yogo.checkpoint import save_checkpoint
from yogo.errors import RunError
from yogo.model import YOGO, get_model_func

Contents = dict[str, Any]


@pytest.fixture
def stopped(definition: Path, tmp_path: Path) -> Steered:
    """A run that was stopped in its second epoch."""
    steered = Steered(tmp_path, definition)
    with pytest.raises(signals.Stop):
        steered.go(stop_after=("train", 1, 2))
    return steered


@pytest.mark.parametrize(
    ("name", "size", "rgb", "classes"),
    [
        ("half_filters", SIZE, False, ("red", "white")),
        ("quarter_filters", SIZE * 2, False, ("red", "white")),
        ("quarter_filters", SIZE, True, ("red", "white")),
        ("quarter_filters", SIZE, False, ("white", "red")),
    ],
    ids=["network", "frame", "colour", "classes"],
)
def test_the_last_checkpoint_of_a_run_of_another_kind_is_passed_over(
    stopped: Steered, name: str, size: int, rgb: bool, classes: tuple[str, ...]
) -> None:
    model = YOGO((size, size), 0.1, 0.1, 2, is_rgb=rgb, model_func=get_model_func(name))
    optimizer = torch.optim.AdamW(model.parameters(), fused=True)
    model(torch.rand(1, 3 if rgb else 1, size, size)).sum().backward()
    optimizer.step()
    state = optimizer.state_dict()
    save_checkpoint(
        stopped.run.last, model, epoch=1, step=9, classes=classes, run_name="other", optimizer_state_dict=state
    )
    plan = stopped.plan(resume=True)
    assert plan.checkpoint == stopped.run.previous
    (notice,) = [notice for notice in stopped.notices if "last.pth" in notice]
    assert f"last.pth belongs to another run: it holds {'colour' if rgb else 'grey'} {name} of {size}x{size}" in notice


def _shapes(contents: Contents) -> None:
    contents["optimizer_state_dict"]["state"][0]["exp_avg"] = torch.zeros(3)


CHANGES: dict[str, Callable[[Contents], None]] = {
    "no groups": lambda contents: contents.update(optimizer_state_dict={"state": {}}),
    "moments of other weights": _shapes,
    "a place that is no number": lambda contents: contents["training"].update(batch="first"),
    "an average of other weights": lambda contents: contents["training"].update(unaveraged={"a": torch.zeros(1)}),
    "a step below 0": lambda contents: contents.update(step=-1),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_state_that_the_run_cannot_take_up_is_passed_over(stopped: Steered, change: str) -> None:
    contents = torch.load(stopped.run.last, weights_only=True)
    CHANGES[change](contents)
    torch.save(contents, stopped.run.last)
    stopped.run.previous.unlink()
    stopped.run.best.unlink()
    with pytest.raises(RunError, match=r"cannot be resumed: .*last\.pth belongs to another run"):
        stopped.plan(resume=True)


def test_a_best_checkpoint_of_another_network_is_named_when_the_run_is_tested(stopped: Steered, yogo: Yogo) -> None:
    contents = torch.load(stopped.run.last, weights_only=True)
    contents["best_loss"] = 0.0  # no epoch to come replaces it
    torch.save(contents, stopped.run.last)
    other = YOGO((SIZE, SIZE), 0.1, 0.1, 2, model_func=get_model_func("half_filters"))
    save_checkpoint(stopped.run.best, other, epoch=1, step=9, classes=("red", "white"), run_name="other")
    done = yogo.command("train", "--resume", stopped.run.path, "--no-cache", "--device", "cpu", "--wandb", "disabled")
    assert done.returncode == 1
    assert f"{stopped.run.best} belongs to another run" in done.stderr
    assert "Traceback" not in done.stderr
