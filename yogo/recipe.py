"""A training recipe: how to train, never on what.

Declared once: the command line's flags, the console's form, presets, validation and help all come
from these fields. Imports pydantic and nothing heavier, so a login node reads a recipe without torch.
"""

from __future__ import annotations

import ast
import functools
import inspect
import itertools
import json
import re
import sys
import textwrap
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    ValidationError,
    field_validator,
)
from pydantic.fields import FieldInfo

from yogo.architectures import MODEL_NAMES
from yogo.errors import RecipeError
from yogo.text.wording import ValidationIssue, meant, sentences


@dataclass(frozen=True, slots=True)
class Knob:
    """How a field is offered to a person."""

    label: str = ""
    """On a form; empty where no form shows it."""

    group: str = ""
    aliases: tuple[str, ...] = ()
    """Other spellings of its flag, as published commands use them."""

    choices: tuple[str, ...] = ()
    """The words it may take, where the type does not say them."""

    metavars: tuple[str, ...] = ()
    """What the value is, or the values are, in order, of a field that takes several."""

    inherited: bool = False
    """Whether pretrained weights decide it, whatever the recipe says."""

    flag: str = ""
    """Where it is not called as the field is; without dashes, it is a positional argument's."""

    may_be_bare: bool = False
    """Whether its flag may stand without a value, and then says nothing."""

    default: str = ""
    """What help says of the default, where the value alone does not tell."""

    @property
    def is_positional(self) -> bool:
        return bool(self.flag) and not self.flag.startswith("-")


Fraction = Annotated[float, Field(ge=0, le=1)]


class Recipe(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    epochs: Annotated[PositiveInt, Knob("Epochs", "Schedule")] = 64
    """How often the run passes over the training set."""

    batch_size: Annotated[PositiveInt, Knob("Batch size", "Schedule", ("-bs",))] = 64
    """Images per batch on each process. A step sees this times the processes times `accumulate`. Lower it where the GPU
    runs out of memory.
    """

    learning_rate: Annotated[float, Field(gt=0, le=1), Knob("Learning rate", "Schedule", ("-lr", "--lr"))] = 3e-4
    """Peak learning rate: that of the first step, or of the step after the warm-up. It then decays along a cosine.
    Lower it for a fine-tune, or where the loss jumps or becomes NaN.
    """

    lr_decay_factor: Annotated[float, Field(ge=1), Knob("Decay factor", "Schedule")] = 10.0
    """The learning rate of the last step is the peak divided by this. 1 keeps it constant."""

    weight_decay: Annotated[NonNegativeFloat, Knob("Weight decay", "Schedule", ("-wd",))] = 0.05
    """Decoupled weight decay of AdamW (arXiv:1711.05101). Raise it where the validation loss rises while the training
    loss falls.
    """

    seed: Annotated[int, Field(ge=0, lt=2**63), Knob("Seed", "Schedule")] = 0
    """Seed of the first weights, the order of the images and their augmentation. Change it to repeat a run with other
    random choices.
    """

    warmup_epochs: Annotated[NonNegativeFloat, Knob("Warm-up epochs", "Schedule")] = 0.0
    """Epochs, or a part of one, over which the learning rate rises to its peak. 0 starts at the peak. Raise it where
    the loss jumps at the start.
    """

    accumulate: Annotated[PositiveInt, Knob("Accumulate", "Schedule")] = 1
    """Batches whose gradients make one step: a larger global batch in the same memory."""

    scale_lr: Annotated[bool, Knob("Scale the rate", "Schedule")] = False
    """Multiply the learning rate by the batches in a step: processes times `accumulate` (arXiv:1706.02677). Turn it on
    to use a recipe for one GPU on several.
    """

    ema_decay: Annotated[float, Field(ge=0, lt=1), Knob("EMA decay", "Schedule")] = 0.0
    """Decay, per step, of a moving average of the weights, such as 0.999. The averaged weights are the ones that are
    validated and saved as best.pth. 0 turns it off. Use it where the validation loss is noisy.
    """

    early_stopping: Annotated[NonNegativeInt, Knob("Early stopping", "Schedule")] = 0
    """Epochs without a better result on the validation set, by what `best_by` says, after which the run ends. 0 trains
    for all epochs.
    """

    best_by: Annotated[Literal["loss", "map", "count", "lod"], Knob("Best by", "Schedule")] = "loss"
    """What best.pth is chosen by on the validation set: `loss` is the lowest loss, `map` the highest mAP50, `count` the
    lowest count error an image, as the mean over classes, at the thresholds at which counts are without bias, `lod` the
    lowest limit of detection of the target, which takes `roles` in the definition.
    """

    train_share: Annotated[float, Field(gt=0, le=1), Knob("Train share", "Schedule")] = 1.0
    """Share of the training images that is trained on: groups whole, and a smaller share is a part of a larger one.
    1 takes all. `yogo curve` trains on several, to tell what more data would bring.
    """

    iou_weight: Annotated[NonNegativeFloat, Knob("Box weight", "Loss")] = 5.0
    """Weight of the box loss, CIoU (arXiv:1911.08287). Raise it where boxes do not fit their objects."""

    size_weight: Annotated[NonNegativeFloat, Knob("Size weight", "Loss")] = 0.0
    """Weight of a second box loss: smooth L1 of the logarithms of width and height. CIoU alone cannot shrink a box that
    has grown larger than the frame. Turn it on, such as by 1, where large cells are found late or never.
    """

    classify_weight: Annotated[NonNegativeFloat, Knob("Class weight", "Loss")] = 1.0
    """Weight of the class loss, a cross entropy. Raise it where objects are found but classes are confused."""

    no_obj_weight: Annotated[NonNegativeFloat, Knob("Background weight", "Loss")] = 0.5
    """Weight of the objectness loss in grid cells without an object; it is 1 in the others. Raise it where background
    is taken for objects, lower it where objects are missed.
    """

    objectness_loss: Annotated[Literal["mse", "bce"], Knob("Objectness loss", "Loss")] = "mse"
    """How objectness is compared with its target: by its squared error, `mse`, which hardly moves an objectness that
    has fallen to zero, or by its cross entropy, `bce`. Use `bce` where cells are missed or background is counted.
    """

    objectness_target: Annotated[Literal["one", "iou"], Knob("Objectness target", "Loss")] = "one"
    """Target of the objectness in grid cells with an object: `one`; or `iou`, the mean of 1 and the overlap (IoU) of
    the cell's box with the label, so that better boxes rank higher (arXiv:2008.13367).
    """

    ignore_overlap: Annotated[Fraction, Knob("Ignore overlap", "Loss")] = 1.0
    """Overlap (IoU) with a label above which the box of an empty grid cell is no false positive: the cell is left out
    of the objectness loss (arXiv:1804.02767). 1 leaves none out.
    """

    label_smoothing: Annotated[Fraction, Knob("Label smoothing", "Loss")] = 0.01
    """Share of each class target, from 0 to 1, that is spread over all classes (arXiv:1512.00567). Raise it where
    labels are noisy or wrong classes get a high probability. 0 turns it off.
    """

    class_weights: Annotated[Literal["none", "balanced"], Knob("Class balance", "Loss")] = "none"
    """Weights of the class loss by class. `balanced` weighs boxes of rare classes more, 1 on average; `none` weighs all
    boxes alike.
    """

    model: Annotated[str, Knob("Model", "Model", choices=MODEL_NAMES, inherited=True, may_be_bare=True)] = "base_model"
    """Name of the network. The larger ones are slower, and may find more."""

    image_hw: Annotated[
        tuple[PositiveInt, PositiveInt], Knob("Frame size", "Model", metavars=("HEIGHT", "WIDTH"), inherited=True)
    ] = (772, 1032)
    """Height and width, in pixels, of the frames that the network sees. Images of another size are resized."""

    rgb_images: Annotated[bool, Knob("Colour", "Model", inherited=True)] = False
    """Read images as three channels instead of one grey one."""

    normalize_images: Annotated[bool, Knob("Normalise", "Model", inherited=True)] = False
    """Divide the images' bytes by 255 before the network."""

    sync_batch_norm: Annotated[bool, Knob("Sync batch norm", "Model")] = False
    """Compute batch norm over the images of all processes instead of each one's own; on GPUs only. Use it where the
    batch of one process is small.
    """

    anchor_width: Annotated[PositiveFloat, Knob("Anchor width", "Model", inherited=True)] = 0.04250100424705710
    """Width of the anchor, the box that predictions scale, as a fraction of the frame. `yogo anchors` finds the one
    that suits a data set.
    """

    anchor_height: Annotated[PositiveFloat, Knob("Anchor height", "Model", inherited=True)] = 0.05551774140353888
    """Height of the anchor, the box that predictions scale, as a fraction of the frame. `yogo anchors` finds the one
    that suits a data set.
    """

    flips: Annotated[bool, Knob("Flips", "Augmentation")] = True
    """Flip each training image left to right and top to bottom, each with even odds."""

    rotate: Annotated[bool, Knob("Rotate", "Augmentation")] = False
    """Rotate each training image by 0, 90, 180 or 270 degrees; after a quarter turn it is resized to the frame's shape.
    """

    brightness: Annotated[Fraction, Knob("Brightness", "Augmentation")] = 0.0
    """Make each training image darker or brighter by a random share, at most this one. 0 turns it off."""

    contrast: Annotated[Fraction, Knob("Contrast", "Augmentation")] = 0.0
    """Lower or raise each training image's contrast by a random share, at most this one. 0 turns it off."""

    weighted_sampler: Annotated[bool, Knob("Weighted sampler", "Augmentation")] = False
    """Draw images with rare classes more often in each epoch, and others less often (arXiv:1908.03195). Use it where
    some classes are much rarer than others.
    """

    suppression_iou: Annotated[Fraction, Knob("Suppression", "Boxes")] = 0.5
    """Largest overlap (IoU) of two boxes in validation and test, and in inference by the weights. Of boxes that overlap
    more, the best one is kept. Lower it where a cell gets several boxes. 0 keeps all.
    """

    average_boxes: Annotated[bool, Knob("Average boxes", "Boxes")] = False
    """Replace each box that is kept by the mean of those that overlap it, weighted by score (arXiv:1505.01749), in
    validation and test, and in inference by the weights. Turn it on where boxes of large cells do not fit.
    """

    precision: Annotated[Literal["auto", "fp32", "bf16", "fp16"], Knob("Precision", "Hardware")] = "auto"
    """Number format of the network's activations: `auto` is bf16 where the hardware has it, else fp32. The weights stay
    fp32.
    """

    @field_validator("model")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in MODEL_NAMES:
            raise ValueError(f'There is no model "{name}". {meant(name, MODEL_NAMES)}')
        return name


@dataclass(frozen=True, slots=True)
class KnobField:
    """A field that a person may set."""

    name: str
    field: FieldInfo
    knob: Knob
    text: str
    """What it does: the docstring below the field."""


def knobs(model: type = Recipe) -> Iterator[KnobField]:
    """Every field of a model, or pydantic dataclass, that a person may set, in the order of declaration."""
    fields: Mapping[str, FieldInfo] = vars(model)["__pydantic_fields__"]
    for name, field in fields.items():
        for hint in field.metadata:
            if isinstance(hint, Knob):
                yield KnobField(name, field, hint, docstrings(model).get(name, ""))


class UnfitValues(RecipeError):
    """What was given for a recipe, or another model, is refused."""

    def __init__(self, faults: tuple[ValidationIssue, ...], named: Callable[[str], str]) -> None:
        super().__init__("; ".join(fault.said(named(fault.name) if fault.name else "") for fault in faults))
        self.faults = faults


M = TypeVar("M", bound=BaseModel)


def applied(base: M, given: Mapping[str, Any], *, strict: bool = False, named: Callable[[str], str] = str) -> M:
    """`base`, such as a recipe, with what was given, by field name: values, or text as a person types it (`193x258`,
    `yes`).

    `strict` takes no text for a number, as files have it. `named` is how a field is spelled where it was given.
    Raises UnfitValues, with a sentence a field.
    """
    several = {one.name: one.knob.metavars for one in knobs(type(base)) if one.knob.metavars}
    values = {name: _parted(value) if name in several else value for name, value in given.items()}
    try:
        if strict:
            # By way of JSON, where strict means that 16 is not text, true is not a number, and a list may be a pair.
            text = json.dumps(base.model_dump(mode="json") | values, default=str)
            return type(base).model_validate_json(text, strict=True)
        return type(base).model_validate(base.model_dump() | values)
    except ValidationError as error:
        known = type(base).model_fields
        usual = {name: (parts, getattr(type(base)(), name)) for name, parts in several.items()}
        faults = sentences(error, known, usual)
        raise UnfitValues(faults if strict else tuple(_as_typed(one, base, given) for one in faults), named) from error


def _as_typed(fault: ValidationIssue, base: BaseModel, given: Mapping[str, Any]) -> ValidationIssue:
    """The fault, for a person who types: yes and no for what is true or false, and an example where nothing stands."""
    name = str(fault.where[0]) if fault.where else ""
    value, usual = given.get(name), getattr(base, name, None)
    if not isinstance(value, str) or name not in type(base).model_fields:
        return fault
    message = "must be yes or no" if isinstance(usual, bool) else fault.message
    if value.strip() or message.startswith("needs "):
        return replace(fault, message=message)
    kind = message.removeprefix("must be ") if message.startswith("must be ") else "a name"
    if isinstance(usual, bool) or kind.startswith("one of "):
        return ValidationIssue((name,), f"needs {kind}")
    return ValidationIssue((name,), f"needs {kind}, such as {f'{usual:g}' if isinstance(usual, float) else usual}")


def _parted(value: object) -> object:
    """The values of a field that takes several, where they are one text."""
    if not isinstance(value, str):
        return value
    parts = re.split(r"\s*[x×*,\s]\s*", value.strip(" []()"))
    return [int(part) if part.isdecimal() else part for part in parts]


def inherited(weights: Recipe) -> dict[str, Any]:
    """What pretrained weights that were trained by this recipe pass on: field to value."""
    return {one.name: getattr(weights, one.name) for one in knobs(type(weights)) if one.knob.inherited}


def inheriting(recipe: Recipe, weights: Recipe) -> Recipe:
    """`recipe`, with what pretrained weights that were trained by `weights` decide. Raises UnfitValues."""
    return applied(recipe, inherited(weights))


def spelled(name: str) -> str:
    """A field's flag: --batch-size."""
    return f"--{name.replace('_', '-')}"


def spellings(fields: Iterable[KnobField]) -> dict[str, str]:
    """Every bare spelling of these fields, such as lr, with the field's name."""
    return {bare(one): field.name for field in fields for one in (field.name, *field.knob.aliases)}


def bare(spelling: str) -> str:
    """A field's name or flag without its dashes, as a person may type it in any case."""
    return spelling.strip().lstrip("-").replace("-", "_").casefold()


def flag(name: str, value: object) -> tuple[str, ...]:
    """The words of `yogo train`'s command line that set a field to a value."""
    if isinstance(value, bool):
        return (spelled(name if value else f"no_{name}"),)
    return (spelled(name), *(str(part) for part in (value if isinstance(value, tuple) else (value,))))


def shown(name: str, value: object) -> str:
    """The same as a person types it, for a sentence."""
    return " ".join(flag(name, value))


_PARSING = threading.Lock()
"""Two threads that parse at once disturb each other, until Python 3.11.8."""


def _parsed(source: str) -> ast.Module:
    with _PARSING:
        return ast.parse(source)


@functools.cache
def _classes(module: str) -> Mapping[str, ast.stmt]:
    """Of a module, by name. The source of each class alone takes several times as long to find."""
    tree = _parsed(inspect.getsource(sys.modules[module]))
    return {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}


@functools.cache
def docstrings(model: type) -> Mapping[str, str]:
    """Field to docstring. Pydantic would read them at import, which takes long, and few who import this ask."""
    declared = _classes(model.__module__).get(model.__qualname__)
    if declared is None:  # within a function
        (declared,) = _parsed(textwrap.dedent(inspect.getsource(model))).body
    assert isinstance(declared, ast.ClassDef)
    above = [base for base in model.__bases__ if vars(base).get("__pydantic_fields__")]
    return {name: text for base in above for name, text in docstrings(base).items()} | {
        field.target.id: " ".join(text.value.value.split())
        for field, text in itertools.pairwise(declared.body)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant) and isinstance(text.value.value, str)
    }


def differences(recipe: Recipe) -> dict[str, tuple[object, object]]:
    """What `recipe` sets otherwise than the defaults: field to (the default, its own)."""
    base = Recipe()
    pairs = {name: (getattr(base, name), getattr(recipe, name)) for name in Recipe.model_fields}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
