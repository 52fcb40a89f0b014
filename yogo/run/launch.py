"""launch.json: what was requested, and the result of each submission. The console writes it before and after sbatch."""

from __future__ import annotations

import socket
from datetime import datetime
from enum import StrEnum

from pydantic import Field

from yogo.recipe import Recipe
from yogo.run.job import LOCAL
from yogo.run.record import Part, Record, now


class Kind(StrEnum):
    PRETRAIN = "pretrain"
    FINETUNE = "finetune"
    TRAIN = "train"


class Outcome(StrEnum):
    """The result of one call of sbatch."""

    INTENDED = "intended"
    SUBMITTED = "submitted"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    """There was no readable answer: the job may or may not exist."""


class Submission(Part):
    cluster: str
    """The cluster's own name; "local" is this machine."""

    outcome: Outcome
    job_id: str | None = None
    at: datetime = Field(default_factory=now)
    after: str | None = None
    """The job that it waits for."""

    detail: str = ""
    """The scheduler's own message, if it refused or did not answer."""

    cancelled_at: datetime | None = None
    """When the user asked to cancel the job; kept here because schedulers forget how a job ended."""

    token: str = ""
    """The token of a later submission; empty for the launch's own."""

    array: str = ""
    """The name of the array that its job is a task of; empty for a job by itself, which has the run's name."""

    attempt: int = 0
    """The attempt that its job begins with: 0 trains from the start, later ones resume the run."""

    host: str = Field(default_factory=socket.gethostname)
    """The host where it was submitted."""

    @property
    def is_unsettled(self) -> bool:
        """Whether it is not known if it became a job."""
        return self.outcome in (Outcome.INTENDED, Outcome.UNKNOWN)

    def is_on(self, cluster: str) -> bool:
        """Whether that is its cluster, as seen from this machine: "local" differs between machines."""
        return self.cluster == cluster and (cluster != LOCAL or self.host == socket.gethostname())


class Size(Part):
    """What a job asks its cluster for."""

    gpus: int = Field(ge=0)
    cpus: int = Field(ge=1)
    hours: float = Field(gt=0)
    processes: int | None = Field(default=None, ge=1)
    """Number of ranks (default: the number of GPUs, at least 1 on each node)."""

    nodes: int = Field(default=1, ge=1)
    """Number of nodes; each has an equal share of GPUs, CPUs and ranks."""

    memory_gib: float | None = None
    """In GiB, of all nodes together. Here and below, None is what the settings or the cluster say."""

    gpu_type: str | None = None
    partition: str | None = None
    account: str | None = None
    qos: str | None = None
    constraint: str | None = None
    sbatch: tuple[str, ...] | None = None
    """Further options of sbatch, a line each."""

    setup: tuple[str, ...] | None = None
    """Shell commands at the start of the job."""

    @property
    def num_processes(self) -> int:
        return self.processes or max(self.gpus, self.nodes)


class Parent(Part):
    """Where a fine-tune's weights come from."""

    checkpoint: str
    """Absolute path of the .pth."""

    run: str | None = None
    """Absolute path of the run directory that it belongs to; none for a file of unknown origin."""

    sha256: str | None = None
    """Its digest, if known at the launch; otherwise the parent's result.json holds it."""


class SearchedField(Part):
    """A field of the recipe that a study chooses: one of the choices, or a number of a range."""

    field: str
    choices: tuple[str, ...] = ()
    """As they are typed."""

    low: float = 0.0
    high: float = 0.0
    step: int = 0
    """Of whole numbers; 0 for any number."""

    is_logarithmic: bool = False


class ValueSearch(Part):
    """The study that a trial of a sweep asks for its values when its job starts."""

    folder: str
    """Absolute path of the sweep's folder, where the study is kept."""

    fields: tuple[SearchedField, ...]
    prunes: bool = False
    """Whether a trial that falls behind the others ends early."""

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(one.field for one in self.fields)


class Launch(Record):
    name: str
    kind: Kind
    token: str
    """A random token, stored in the job's comment and claimed once in `lease/`, so that one launch runs once."""

    created_at: datetime = Field(default_factory=now)
    definition: str
    """Absolute path of the dataset definition."""

    definition_sha256: str | None = None
    """Digest of its content, as `DatasetDefinition.sha256` gives it, if it could be read."""

    recipe: Recipe
    preset: str = ""
    """Title of the preset that the recipe is based on."""

    size: Size
    template: str = ""
    """File name of its job script's template; empty if an older version launched it."""

    script_edited: bool = False
    """Whether its job script was edited for this launch, and is not what the template makes."""

    parent: Parent | None = None
    reset_head: bool = False
    """Whether it starts with new class outputs in place of the parent's."""

    sweep: str = ""
    """The sweep that it is a trial of; empty if it is of none."""

    search: ValueSearch | None = None
    """Where it asks for some of the recipe's values when its job starts; None if the recipe is as it stands here."""

    submissions: tuple[Submission, ...] = ()

    @property
    def job_name(self) -> str:
        """The name of the latest submission's job."""
        return (self.submission.array if self.submission else "") or self.name

    @property
    def submission(self) -> Submission | None:
        """The latest one."""
        return self.submissions[-1] if self.submissions else None

    @property
    def latest_token(self) -> str:
        """The token in the comment of the latest submission's job."""
        return (self.submission.token if self.submission else "") or self.token

    @property
    def tokens(self) -> frozenset[str]:
        """The tokens of the jobs of all submissions."""
        return frozenset((self.token, *(one.token for one in self.submissions if one.token)))
