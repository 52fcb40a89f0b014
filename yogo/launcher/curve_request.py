"""What a person asked for when they said `yogo curve`. Light: it is read before torch is imported."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, PositiveInt

from yogo.recipe import Knob, Recipe, applied, spelled
from yogo.run.directory import RUNS
from yogo.training.request import MACHINE, ComputingRequest, preset_named

_CURVE = "The curve"

Share = Annotated[float, Field(gt=0, le=1)]


def _rising(parts: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(sorted(set(parts)))


class CurveRequest(ComputingRequest):
    definition: Annotated[Path | None, Knob(flag="DEFINITION")] = None
    """The dataset definition, a YAML file."""

    parts: Annotated[tuple[Share, ...], AfterValidator(_rising), Knob(group=_CURVE, metavars=("SHARE",))] = (
        0.125,
        0.25,
        0.5,
        1.0,
    )
    """Shares of the training images to train on. A smaller one is a part of each larger one."""

    repeats: Annotated[PositiveInt, Knob(group=_CURVE)] = 1
    """Trainings on each part, with the next seeds: other images, and other random choices."""

    name: Annotated[str, Knob(group=_CURVE, metavars=("NAME",))] = "curve"
    """The names of the runs begin with it. Those that are there already are not trained again."""

    runs: Annotated[Path, Knob(group=_CURVE, metavars=("DIR",))] = RUNS
    """The folder in which runs are kept."""

    base: Annotated[
        Recipe, BeforeValidator(preset_named), Knob(flag="--recipe", metavars=("PRESET",), default="defaults")
    ] = Recipe()
    """The recipe for all images: its name or its file. Other flags change single fields of it. Smaller parts are
    trained for more epochs, so that each run sees as many images."""

    pretrained: Annotated[Path | None, Knob(group=_CURVE, flag="--from-pretrained", metavars=("PTH",))] = None
    """Checkpoint whose weights each training starts from."""

    processes: Annotated[PositiveInt | None, Knob(group=MACHINE, default="the number of visible GPUs, at least 1")] = (
        None
    )
    """Number of processes that share the work."""

    cache_folder: Annotated[Path | None, Knob(group=MACHINE, metavars=("DIR",), default="~/.cache/yogo")] = None
    """The folder for decoded images."""

    given: dict[str, Any] = Field(default_factory=dict)
    """Recipe fields given by flags, as text or as values."""

    @property
    def recipe(self) -> Recipe:
        """For all images. Raises RecipeError."""
        return applied(self.base, self.given, named=spelled)

    def of_part(self, share: float, repeat: int) -> dict[str, Any]:
        """The recipe's fields that differ for a part."""
        whole = self.recipe
        return {
            "train_share": share,
            "seed": whole.seed + repeat,
            "epochs": max(1, round(whole.epochs / share)),
            "warmup_epochs": whole.warmup_epochs / share,
            "early_stopping": round(whole.early_stopping / share),
        }

    def name_of(self, share: float, repeat: int) -> str:
        return f"{self.name}-{share:g}" + (f"-{repeat + 1}" if self.repeats > 1 else "")
