"""What a person asked for when they said `yogo train`. Light: it is read before torch is imported."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from yogo.errors import RecipeError
from yogo.recipe import Recipe
from yogo.wording import sentences

ImageBits = Literal["auto", 8, 10, 12, 14, 16] | None
WandbMode = Literal["online", "offline", "disabled"]


class CheckpointTest(BaseModel):
    """What `yogo test` asks for besides."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    checkpoint: Path
    batch_size: int | None = None
    """Pictures a process at a time; None is what the checkpoint was trained with."""

    include_map: bool = True
    include_background: bool = True
    dump: bool = False
    """Keep everything that is found in a file beside the checkpoint."""

    wandb_resume_id: str | None = None
    """The W&B run that the figures are added to; None makes a new one."""


class Request(BaseModel):
    """One `yogo train`, or `yogo test`. Every process gets the same; only rank 0 acts on most of it."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    definition: Path | None = None
    """The dataset definition; None only when a run is resumed."""

    base: Recipe = Recipe()
    """The preset that the flags change."""

    given: dict[str, Any] = {}
    """What flags said of the recipe, as text or as their values."""

    half: bool | None = None
    """Sixteen bits asked for, or refused."""

    pretrained: Path | None = None
    reset_head: bool = False
    """Begin with new class outputs, for other classes than the pretrained file's."""

    split_override: tuple[float, float, float] | None = None
    """Shares of training, validation and test set, over all of the definition's pictures."""

    image_bits: ImageBits = None
    """How deep pictures of more than 8 bits are; None is as the weights say, or as the pictures are."""

    device: str | None = None
    processes: int | None = None
    num_workers: int | None = None
    """Threads a rank that read pictures ahead; None leaves it to the loader."""

    cache: bool = True
    """Keep the decoded pictures, for later epochs and runs."""

    cache_folder: Path | None = None
    cache_limit_gib: float | None = None
    """How much all caches in the folder may take; None leaves it to yogo.data.cache."""

    runs: Path
    name: str | None = None
    resume: Path | None = None
    token: str | None = None
    """The launch that this run is, to be claimed."""

    take_over: bool = False
    """Take the run from a holder that has shown no sign of life for long enough, though nothing says that it ended."""

    note: str = ""
    tags: tuple[str, ...] = ()
    wandb: WandbMode | None = None
    wandb_entity: str | None = None
    wandb_project: str | None = None
    wandb_id: str | None = None
    """Of the W&B run to go on with."""

    command: tuple[str, ...] = ()
    test: CheckpointTest | None = None
    """A checkpoint to test; None trains."""

    @property
    def only_prints(self) -> bool:
        """Whether what is printed is all that it gives."""
        return self.test is not None and not self.test.dump and self.wandb == "disabled"

    @property
    def memory(self) -> Path | None:
        """Where is kept what was decoded, parsed and hashed before; None keeps nothing."""
        from yogo.data.cache import own_folder

        return (self.cache_folder or own_folder()) if self.cache else None

    @property
    def recipe(self) -> Recipe:
        """The preset under the flags. Raises RecipeError."""
        values = self.base.model_dump() | self.given
        if self.half is not None and "precision" not in self.given:
            # Which sixteen bits is the hardware's to say: see `yogo.training.precision`.
            values["precision"] = "fp16" if self.half else "fp32"
        try:
            return Recipe.model_validate(values)
        except ValidationError as error:
            found = (str(one).replace(one.name, "--" + one.name.replace("_", "-"), 1) for one in sentences(error))
            raise RecipeError("; ".join(found)) from error
