"""A training recipe: how to train, never on what.

Declared once: the command line's flags, the console's form, presets, validation and help all come
from these fields. Imports pydantic and nothing heavier, so a login node reads a recipe without torch.
"""

from __future__ import annotations

import ast
import functools
import inspect
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    field_validator,
)
from pydantic.fields import FieldInfo

from yogo.architectures import MODEL_NAMES
from yogo.wording import meant


@dataclass(frozen=True, slots=True)
class Knob:
    """How a field is offered to a person."""

    label: str
    group: str
    aliases: tuple[str, ...] = ()
    """Other spellings of its flag, as published commands use them."""

    choices: tuple[str, ...] = ()
    """The words it may take, where the type does not say them."""


Fraction = Annotated[float, Field(ge=0, le=1)]


class Recipe(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    epochs: Annotated[PositiveInt, Knob("Epochs", "Schedule")] = 64
    """Passes over the training set."""

    batch_size: Annotated[PositiveInt, Knob("Batch size", "Schedule", ("-bs",))] = 64
    """Pictures a batch and process; the global batch is this times the processes and the accumulated batches."""

    learning_rate: Annotated[float, Field(gt=0, le=1), Knob("Learning rate", "Schedule", ("-lr", "--lr"))] = 3e-4
    """Learning rate of the first step, or after the warm-up; it decays along a cosine."""

    lr_decay_factor: Annotated[float, Field(ge=1), Knob("Decay factor", "Schedule")] = 10.0
    """The last step's learning rate is the first one's divided by this."""

    weight_decay: Annotated[NonNegativeFloat, Knob("Weight decay", "Schedule", ("-wd",))] = 0.05
    """Decoupled weight decay of AdamW (arXiv:1711.05101)."""

    seed: Annotated[int, Field(ge=0, lt=2**63), Knob("Seed", "Schedule")] = 0
    """Seed of the first weights, the order of the pictures and their augmentation."""

    warmup_epochs: Annotated[NonNegativeFloat, Knob("Warm-up epochs", "Schedule")] = 0.0
    """Epochs, or a part of one, over which the learning rate rises to its full height; 0 begins there."""

    accumulate: Annotated[PositiveInt, Knob("Accumulate", "Schedule")] = 1
    """Batches whose gradients make one step: a larger global batch in the same memory."""

    scale_lr: Annotated[bool, Knob("Scale the rate", "Schedule")] = False
    """Multiply the learning rate by how many batches a step has: processes times accumulated (arXiv:1706.02677)."""

    ema_decay: Annotated[float, Field(ge=0, lt=1), Knob("EMA decay", "Schedule")] = 0.0
    """What an exponential moving average of the weights keeps of itself at each step; it becomes best.pth. 0 is off."""

    early_stopping: Annotated[NonNegativeInt, Knob("Early stopping", "Schedule")] = 0
    """Epochs without a lower validation loss after which the run ends; 0 trains all epochs."""

    iou_weight: Annotated[NonNegativeFloat, Knob("Box weight", "Loss")] = 5.0
    """Weight of the CIoU loss of the boxes (arXiv:1911.08287)."""

    classify_weight: Annotated[NonNegativeFloat, Knob("Class weight", "Loss")] = 1.0
    """Weight of the cross entropy of the classes."""

    no_obj_weight: Annotated[NonNegativeFloat, Knob("Background weight", "Loss")] = 0.5
    """Weight of the objectness error in cells that hold no object; in the others it is 1."""

    label_smoothing: Annotated[Fraction, Knob("Label smoothing", "Loss")] = 0.01
    """Share of each class target that is spread evenly over all classes (arXiv:1512.00567)."""

    class_weights: Annotated[Literal["none", "balanced"], Knob("Class balance", "Loss")] = "none"
    """Weigh each training box's cross entropy; balanced: the rarer its class among the boxes, the more (mean 1)."""

    model: Annotated[str, Knob("Model", "Model", choices=MODEL_NAMES)] = "base_model"
    """Name of the network."""

    image_hw: Annotated[tuple[PositiveInt, PositiveInt], Knob("Frame size", "Model")] = (772, 1032)
    """Height and width, in pixels, of the frames that the network sees."""

    rgb_images: Annotated[bool, Knob("Colour", "Model")] = False
    """Read pictures as three channels instead of one grey one."""

    normalize_images: Annotated[bool, Knob("Normalise", "Model")] = False
    """Divide the pictures' bytes by 255 before the network."""

    sync_batch_norm: Annotated[bool, Knob("Sync batch norm", "Model")] = False
    """Batch norm's statistics over all processes' pictures, not each one's own; on GPUs only."""

    anchor_width: Annotated[PositiveFloat, Knob("Anchor width", "Model")] = 0.04250100424705710
    """Width, as a fraction of the frame, of the box that the network predicts from."""

    anchor_height: Annotated[PositiveFloat, Knob("Anchor height", "Model")] = 0.05551774140353888
    """Height, as a fraction of the frame, of the box that the network predicts from."""

    flips: Annotated[bool, Knob("Flips", "Augmentation")] = True
    """Flip each training picture left to right and top to bottom, each with even odds."""

    rotate: Annotated[bool, Knob("Rotate", "Augmentation")] = False
    """Turn each training picture by 0, 90, 180 or 270 degrees; a quarter turn is resized to the frame's own shape."""

    brightness: Annotated[Fraction, Knob("Brightness", "Augmentation")] = 0.0
    """Make each training picture darker or brighter, by at most this share; 0 leaves it."""

    contrast: Annotated[Fraction, Knob("Contrast", "Augmentation")] = 0.0
    """Lower or raise each training picture's contrast, by at most this share; 0 leaves it."""

    weighted_sampler: Annotated[bool, Knob("Weighted sampler", "Augmentation")] = False
    """Draw training pictures more often the rarer the rarest class on them is, others less often (arXiv:1908.03195)."""

    precision: Annotated[Literal["auto", "fp32", "bf16", "fp16"], Knob("Precision", "Hardware")] = "auto"
    """Data type of the network's activations; auto is bf16 where the hardware has it, else fp32. Weights stay fp32."""

    @field_validator("model")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in MODEL_NAMES:
            raise ValueError(f'There is no model "{name}". {meant(name, MODEL_NAMES)}')
        return name


def knobs(model: type[BaseModel] = Recipe) -> Iterator[tuple[str, FieldInfo, Knob]]:
    """Every field a person may set, in the order it was declared; its description is the docstring below it."""
    for name, field in model.model_fields.items():
        field.description = docstrings(model).get(name)
        for hint in field.metadata:
            if isinstance(hint, Knob):
                yield name, field, hint


def flag(name: str, value: object) -> tuple[str, ...]:
    """The words of `yogo train`'s command line that set a field to a value."""
    dashed = name.replace("_", "-")
    if isinstance(value, bool):
        return (f"--{dashed}" if value else f"--no-{dashed}",)
    if isinstance(value, tuple):
        return (f"--{dashed}", *(str(part) for part in value))
    return (f"--{dashed}", str(value))


def shown(name: str, value: object) -> str:
    """The same as a person types it, for a sentence."""
    return " ".join(flag(name, value))


@functools.cache
def docstrings(model: type[BaseModel]) -> Mapping[str, str]:
    """Field to docstring. Pydantic would read them at import, which takes long, and few who import this ask."""
    (declared,) = ast.parse(inspect.getsource(model)).body
    assert isinstance(declared, ast.ClassDef)
    return {
        field.target.id: inspect.cleandoc(text.value.value)
        for field, text in itertools.pairwise(declared.body)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant) and isinstance(text.value.value, str)
    }


def differences(recipe: Recipe, base: Recipe | None = None) -> dict[str, tuple[object, object]]:
    """What `recipe` sets otherwise than `base` (the defaults, if none): field to (base's, its own)."""
    base = base or Recipe()
    pairs = {name: (getattr(base, name), getattr(recipe, name)) for name in Recipe.model_fields}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
