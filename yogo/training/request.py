"""What a person asked for when they said `yogo train` or `yogo test`. Light: it is read before torch is imported.

Each argument of the two is declared here, as a knob of the request.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, NonNegativeInt, PositiveInt

from yogo.errors import RunError
from yogo.images.bits import ImageBits
from yogo.recipe import Knob, Recipe, applied, spelled
from yogo.run.directory import RUNS, check_name
from yogo.wandb_login import Mode

MACHINE = "The machine"
_TEST, _RUN, _WANDB = "The test", "The run", "Weights & Biases"


def _run_name(text: str) -> str:
    try:
        return check_name(text)
    except RunError as error:
        raise ValueError(str(error)) from error


def preset_named(value: object) -> object:
    """The recipe of a preset that is named. Raises RecipeError."""
    from yogo.presets import find

    return find(value).recipe if isinstance(value, str) else value


class CheckpointTest(BaseModel):
    """The additional options of `yogo test`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    checkpoint: Annotated[Path, Knob(flag="PTH")]
    """The checkpoint."""

    dump: Annotated[bool, Knob(group=_TEST, flag="--dump-to-disk")] = False
    """Write all figures to a JSON file beside the checkpoint."""

    include_map: Annotated[bool, Knob(group=_TEST, flag="--include-mAP")] = True
    """Compute COCO's average precision."""

    include_background: Annotated[bool, Knob(group=_TEST)] = True
    """Show false alarms and misses in the confusion matrix."""

    batch_size: Annotated[PositiveInt | None, Knob(group=_TEST, default="as trained")] = None
    """Images per batch per process."""

    wandb: Annotated[bool, Knob(group=_TEST)] = False
    """Log to Weights & Biases. WANDB_MODE says whether online or offline."""

    wandb_resume_id: Annotated[str | None, Knob(group=_TEST, metavars=("ID",), default="make a new run")] = None
    """Add the figures to this W&B run."""

    as_json: Annotated[bool, Knob(flag="--json")] = False
    """Print JSON, for programs; all else is told on standard error."""


class ComputingRequest(BaseModel):
    """What every command asks for that computes with a network."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    device: Annotated[
        str | None, Knob(group=MACHINE, metavars=("DEVICE",), may_be_bare=True, default="cuda if there is one")
    ] = None
    """The device to compute on: cpu, cuda or cuda:N."""

    num_workers: Annotated[NonNegativeInt | None, Knob(group=MACHINE, default="as many as suit the machine")] = None
    """Threads per process that read images ahead."""

    image_bits: Annotated[
        ImageBits | None,
        Knob(group=MACHINE, default="as the weights were trained, else auto"),
    ] = None
    """How many bits hold the brightness in images of more than 8 bits: with 12, 4095 is white. auto finds it out from
    the images."""


class SharedRequest(ComputingRequest):
    """What both commands ask for."""

    definition: Annotated[Path | None, Knob(flag="DEFINITION")] = None
    """The dataset definition, a YAML file."""

    half: Annotated[bool | None, Knob(group=MACHINE, default="as the recipe says")] = None
    """Compute in 16-bit numbers: bf16 if the hardware has it, else fp16 (in training with a scaled loss)."""

    processes: Annotated[PositiveInt | None, Knob(group=MACHINE, default="the number of visible GPUs, at least 1")] = (
        None
    )
    """Number of processes that share the work."""

    wandb_entity: Annotated[str | None, Knob(group=_WANDB, metavars=("NAME",))] = None
    """Team or user at Weights & Biases."""

    wandb_project: Annotated[str | None, Knob(group=_WANDB, metavars=("NAME",))] = None
    """Project at Weights & Biases."""

    note: Annotated[str, Knob(group=_WANDB)] = ""
    """A note on the run."""

    tags: Annotated[tuple[str, ...], Knob(group=_WANDB, metavars=("TAG",))] = ()
    """Tags of the run."""


class TrainingRequest(SharedRequest):
    """One call of `yogo train` or `yogo test`. Every process gets the same; rank 0 acts on most of it."""

    base: Annotated[
        Recipe, BeforeValidator(preset_named), Knob(flag="--recipe", metavars=("PRESET",), default="defaults")
    ] = Recipe()
    """The recipe: its name or its file. Other flags change single fields of it."""

    given: dict[str, Any] = {}
    """Recipe fields given by flags, as text or as values."""

    pretrained: Annotated[Path | None, Knob(group=_RUN, flag="--from-pretrained", metavars=("PTH",))] = None
    """Checkpoint whose weights training starts from."""

    reset_head: Annotated[bool, Knob(group=_RUN)] = False
    """Start with new class outputs, so that the classes may differ from those of --from-pretrained."""

    split_override: Annotated[
        tuple[float, float, float] | None,
        Knob(group=_RUN, flag="--dataset-split-override", metavars=("TRAIN", "VAL", "TEST")),
    ] = None
    """Split all of the definition's images, those of its test paths included, into these fractions."""

    name: Annotated[
        Annotated[str, AfterValidator(_run_name)] | None,
        Knob(group=_RUN, metavars=("NAME",), default="a random name"),
    ] = None
    """The name of the run and of its folder."""

    runs: Annotated[Path, Knob(group=_RUN, metavars=("DIR",))] = RUNS
    """The folder in which runs are kept."""

    resume: Annotated[Path | None, Knob(group=_RUN, metavars=("RUN",))] = None
    """Continue the run in this folder from its last.pth."""

    worst_images: Annotated[bool, Knob(group=_RUN)] = True
    """At the end, look at the validation set once more with the best weights, and keep the worst images for
    `yogo-tui results`."""

    take_over: Annotated[bool, Knob(group=_RUN, default="ask, on a terminal")] = False
    """Take the run over from a process on another host that holds it and shows no sign of life."""

    token: Annotated[str | None, Knob(group=_RUN)] = None
    """Token of the launch to claim. Job scripts use it."""

    cache: Annotated[bool, Knob(group=MACHINE)] = True
    """Keep the decoded images on disk, for later epochs and runs."""

    cache_folder: Annotated[Path | None, Knob(group=MACHINE, metavars=("DIR",), default="~/.cache/yogo")] = None
    """The folder for decoded images."""

    cache_limit_gib: Annotated[
        Annotated[float, Field(ge=0, allow_inf_nan=False)] | None,
        Knob(group=MACHINE, flag="--cache-limit", metavars=("GIB",), default="50"),
    ] = None
    """The most space that all caches in that folder may take together, in GiB."""

    wandb: Annotated[Mode | None, Knob(group=_WANDB, default="as WANDB_MODE says")] = None
    """How to log to Weights & Biases."""

    wandb_id: str | None = None
    """Id of the W&B run to continue."""

    command: tuple[str, ...] = ()
    test: CheckpointTest | None = None
    """A checkpoint to test; None trains."""

    @property
    def only_prints(self) -> bool:
        """Whether what is printed is the only result, or is read by a program."""
        if self.test is None:
            return False
        return self.test.as_json or (not self.test.dump and self.wandb == "disabled")

    @property
    def memory(self) -> Path | None:
        """The folder that keeps what was decoded, parsed and hashed; None keeps nothing."""
        from yogo.datasets.cache import own_folder

        return (self.cache_folder or own_folder()) if self.cache else None

    @property
    def recipe(self) -> Recipe:
        """The preset under the flags. Raises RecipeError."""
        given = dict(self.given)
        if self.half is not None:
            # The hardware decides which 16-bit type is used: see `yogo.device.precision`.
            given.setdefault("precision", "fp16" if self.half else "fp32")
        return applied(self.base, given, named=spelled)
