"""What `yogo review` and `yogo label` are asked for. Light: it is read before torch is imported."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, NonNegativeInt

from yogo.errors import RecipeError
from yogo.recipe import Knob, Recipe
from yogo.training.request import MACHINE, ComputingRequest, TrainingRequest, preset_named

_REVIEW, _FOLDS, _LABELS = "The review", "Models of their own", "The labels"

MOST_FOLDS = 20


def _folds(number: int) -> int:
    if number == 1:
        raise ValueError("one model would judge what it learnt: train 2 or more, or leave --folds out")
    return number


class ReviewRequest(ComputingRequest):
    checkpoint: Annotated[Path, Knob(flag="PTH")]
    """The checkpoint that judges, or whose recipe --folds trains with."""

    definition: Annotated[Path, Knob(flag="DEFINITION")]
    """The dataset definition, a YAML file."""

    out: Annotated[
        Path | None, Knob(group=_REVIEW, metavars=("DIR",), default="reviews/ and the definition's name")
    ] = None
    """The review folder. One in which somebody has decided about labels is left as it is."""

    folds: Annotated[
        Annotated[NonNegativeInt, Field(le=MOST_FOLDS), AfterValidator(_folds)],
        Knob(group=_FOLDS, default="none; the checkpoint judges"),
    ] = 0
    """Train so many models, each without one part of the images, and let each judge that part: a model does not judge
    what it learnt. 5 suits most data. A model that is trained already is not trained again, so a stopped command goes
    on where it was."""

    base: Annotated[
        Recipe | None,
        BeforeValidator(preset_named),
        Knob(group=_FOLDS, flag="--recipe", metavars=("PRESET",), default="as the checkpoint was trained"),
    ] = None
    """With --folds: the recipe, its name or its file."""

    pretrained: Annotated[Path | None, Knob(group=_FOLDS, flag="--from-pretrained", metavars=("PTH",))] = None
    """With --folds: the checkpoint whose weights each model starts from. It must not know the reviewed images."""


def misuse(request: ReviewRequest, flags: dict[str, Any]) -> str:
    """What is wrong with these arguments together; `flags` are the recipe's. Empty if nothing is."""
    if not request.folds and (flags or request.base or request.pretrained):
        return "a recipe and --from-pretrained are about the models of --folds: give that too"
    try:
        _ = TrainingRequest(given=flags).recipe
    except RecipeError as error:
        return str(error)
    return ""


class LabelRequest(ComputingRequest):
    """What `yogo label` is asked for."""

    checkpoint: Annotated[Path, Knob(flag="PTH")]
    """The checkpoint."""

    images: Annotated[Path, Knob(flag="IMAGES")]
    """A folder of images."""

    out: Annotated[Path, Knob(flag="OUT")]
    """The folder to write. A label file that is there stays as it is, so a stopped command goes on where it was."""

    error: Annotated[float, Field(gt=0, lt=1), Knob(group=_LABELS, metavars=("SHARE",))] = 0.02
    """The share of objects that may be labelled wrong, or not at all, in the end: it is said how many of the images a
    person should look at for that."""

    on: Annotated[Path | None, Knob(group=_LABELS, metavars=("DEFINITION",), default="the run's validation images")] = (
        None
    )
    """A dataset definition of labelled images like these, on which it is measured how often the model is wrong. The
    model must not have been trained on them."""

    obj_thresh: Annotated[float, Field(ge=0, le=1), Knob(group=_LABELS)] = 0.5
    """The lowest objectness of a cell that is labelled, from 0 to 1."""

    batch_size: Annotated[int, Field(ge=1), Knob(group=MACHINE)] = 64
    """Images per batch."""


class NextRequest(ComputingRequest):
    """What `yogo next` is asked for."""

    checkpoint: Annotated[Path, Knob(flag="PTH")]
    """The checkpoint."""

    images: Annotated[Path, Knob(flag="IMAGES")]
    """A folder of images, of which some may be labelled."""

    labelled: Annotated[Path | None, Knob(metavars=("DEFINITION",), default="none is labelled")] = None
    """A dataset definition of the images that are labelled already: those are not chosen, nor what looks like them."""

    number: Annotated[int, Field(ge=1), Knob(flag="--number", aliases=("-n",))] = 30
    """How many images to choose."""

    out: Annotated[Path | None, Knob(metavars=("DIR",), default="none; the paths are printed only")] = None
    """A new folder for the choice: images/ with a link to each chosen image, which `yogo label` and other programs can
    read, and chosen.csv with the reasons."""

    batch_size: Annotated[int, Field(ge=1), Knob(group=MACHINE)] = 64
    """Images per batch."""
