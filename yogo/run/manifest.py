"""run.json: the actual settings of a run. Rank 0 writes it when an attempt starts."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from yogo.recipe import Recipe
from yogo.run.record import Part, Record, now


class WandbRun(Part):
    mode: str
    """online, offline or disabled."""

    id: str = ""
    url: str = ""
    entity: str = ""
    project: str = ""
    """As requested."""


class PastJob(Part):
    id: str
    cluster: str


class Manifest(Record):
    name: str
    attempt: int = 0
    """0 at first, then one more each time the run is resumed."""

    started_at: datetime = Field(default_factory=now)
    definition: str
    """Absolute path of the dataset definition."""

    classes: tuple[str, ...]
    recipe: Recipe
    """As resolved: after the pretrained file's model, normalisation, colour and frame size were passed on."""

    pretrained: str | None = None
    """Absolute path of the .pth that the run started from."""

    pretrained_sha256: str | None = None
    reset_head: bool = False
    """Whether it started with new class outputs in place of that file's."""

    image_bits: int | None = None
    """Of images of more than 8 bits per value, how many are brightness; None where their upper eight were read."""

    command: tuple[str, ...] = ()
    precision: str
    """The actual type of the activations: fp32, bf16 or fp16."""

    world_size: int = 1
    hosts: tuple[str, ...] = ()
    device: str = "cpu"
    """Name of the device of rank 0, as the hardware calls itself."""

    num_parameters: int = 0
    num_train: int = 0
    num_val: int = 0
    num_test: int = 0
    num_groups: dict[str, int] = Field(default_factory=dict)
    """Split to its number of groups; empty if the images have none, or an older yogo wrote this."""

    steps_per_epoch: int = 0
    global_batch_size: int = 0
    versions: dict[str, str] = Field(default_factory=dict)
    """Of yogo, python, torch, torchvision, cuda."""

    code: str = ""
    """Git commit of the package's source, where there is one."""

    job_id: str | None = None
    cluster: str = ""
    """The job's. Empty outside of one."""

    past_jobs: tuple[PastJob, ...] = ()
    """Those of its earlier attempts, the first one first."""

    log: str = ""
    """Absolute path of the job's log, wherever that is; empty if it is not known."""

    pid: int | None = None
    wandb: WandbRun | None = None
    note: str = ""
    tags: tuple[str, ...] = ()
