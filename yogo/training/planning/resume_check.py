"""Whether a run can be resumed from a checkpoint: a valid one may be another run's, copied into its folder."""

from __future__ import annotations

import torch

from yogo.checkpoint import Checkpoint
from yogo.errors import CheckpointError
from yogo.model import YOGO, open_model
from yogo.run.manifest import Manifest
from yogo.training.checkpoints.checkpointer import UNAVERAGED


def check_fits(checkpoint: Checkpoint, manifest: Manifest) -> None:
    """Raises CheckpointError unless the file is the run's own and holds all that resuming needs."""
    if not checkpoint.optimizer_state_dict:
        raise CheckpointError(f"{checkpoint.path} holds no optimizer state, so no run can be resumed from it")
    model, _ = open_model(checkpoint)
    recipe = manifest.recipe
    height, width = model.img_size.tolist()
    theirs = _described(model.model_version, height, width, bool(model.is_rgb), checkpoint.classes)
    ours = _described(recipe.model, *recipe.image_hw, recipe.rgb_images, manifest.classes)
    if theirs != ours:
        raise CheckpointError(
            f"{checkpoint.path} belongs to another run: it holds {theirs}, and this run trains {ours}"
        )
    try:
        _go_on(model, checkpoint)
    # A file of another program can make torch raise anything; in each case the run cannot be resumed from it.
    except Exception as error:
        raise CheckpointError(
            f"{checkpoint.path} belongs to another run: its optimizer state or its position does not fit"
        ) from error


def _described(name: str, height: int, width: int, rgb: bool, classes: tuple[str, ...] | None) -> str:
    return f"{'colour' if rgb else 'grey'} {name} of {height}x{width} pixels, classes {', '.join(classes or ())}"


def _go_on(model: YOGO, checkpoint: Checkpoint) -> None:
    """Take a step as the trainer would, on a temporary model, and read the counters as the trainer would."""
    if UNAVERAGED in checkpoint.training:
        model.load_state_dict(checkpoint.training[UNAVERAGED])
    optimizer = torch.optim.AdamW(model.parameters(), fused=True)
    optimizer.load_state_dict(checkpoint.optimizer_state_dict or {})
    for parameter in model.parameters():
        moments = optimizer.state[parameter]
        if any(moments[name].shape != parameter.shape for name in ("exp_avg", "exp_avg_sq") if name in moments):
            raise ValueError("moments of other weights")
        parameter.grad = torch.zeros_like(parameter)
    optimizer.found_inf = torch.zeros(())  # type: ignore[attr-defined]
    optimizer.step()
    at = checkpoint.training
    if min(checkpoint.epoch, checkpoint.step, int(at.get("batch", 0)), int(at.get("best_epoch") or 0)) < 0:
        raise ValueError("a counter below 0")
    float(at.get("best_score") or 0)
