"""launch.json: what was asked for, and what became of each asking. Written by the console, before and after sbatch."""

from __future__ import annotations

import socket
from datetime import datetime
from enum import StrEnum

from pydantic import Field

from yogo.recipe import Recipe
from yogo.run.record import Part, Record, now

LOCAL = "local"
"""The cluster that is one machine."""


class Kind(StrEnum):
    PRETRAIN = "pretrain"
    FINETUNE = "finetune"
    TRAIN = "train"


class Outcome(StrEnum):
    """What became of one call of sbatch."""

    INTENDED = "intended"
    SUBMITTED = "submitted"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    """No answer came, or none that could be read: the job may or may not exist."""


class Submission(Part):
    cluster: str
    """The cluster's own name; "local" is this machine."""

    outcome: Outcome
    job_id: str | None = None
    at: datetime = Field(default_factory=now)
    after: str | None = None
    """The job that it waits for."""

    detail: str = ""
    """The scheduler's own words, when it refused or did not answer."""

    cancelled_at: datetime | None = None
    """When the user asked to cancel the job: schedulers forget how a job ended, this file does not."""

    token: str = ""
    """Of a submission that goes on with the run; empty where it is the launch's own."""

    attempt: int = 0
    """The attempt that its job begins with: 0 trains from the start, later ones go on with the run."""

    host: str = Field(default_factory=socket.gethostname)
    """Where it was submitted."""

    def is_on(self, cluster: str) -> bool:
        """Whether that is its cluster, as seen from this machine: "local" is another one on each."""
        return self.cluster == cluster and (cluster != LOCAL or self.host == socket.gethostname())


class Size(Part):
    """What a job asks its cluster for."""

    gpus: int = Field(ge=0)
    cpus: int = Field(ge=1)
    hours: float = Field(gt=0)
    processes: int | None = Field(default=None, ge=1)
    """Ranks to train on; as many as GPUs where it is not said."""


class Parent(Part):
    """Where a fine-tune's weights come from."""

    checkpoint: str
    """Absolute path of the .pth."""

    run: str | None = None
    """Absolute path of the run directory that it belongs to; none for a file of unknown origin."""

    sha256: str | None = None
    """Its digest, where it was known at the launch; else the parent's result.json tells it."""


class Launch(Record):
    name: str
    kind: Kind
    token: str
    """Random; stands in the job's comment and is claimed once in `lease/`, so one launch runs once."""

    created_at: datetime = Field(default_factory=now)
    definition: str
    """Absolute path of the dataset definition."""

    definition_sha256: str | None = None
    """Of what it said, as `DatasetDefinition.sha256` gives it, where it could be read."""

    recipe: Recipe
    preset: str = ""
    """Title of the preset that the recipe began as."""

    size: Size
    parent: Parent | None = None
    reset_head: bool = False
    """Whether it begins with new class outputs in place of the parent's."""

    submissions: tuple[Submission, ...] = ()

    @property
    def submission(self) -> Submission | None:
        """The latest one."""
        return self.submissions[-1] if self.submissions else None

    @property
    def latest_token(self) -> str:
        """What the latest submission's job carries in its comment."""
        return (self.submission.token if self.submission else "") or self.token

    @property
    def tokens(self) -> frozenset[str]:
        """What the jobs of all its submissions carry."""
        return frozenset((self.token, *(one.token for one in self.submissions if one.token)))
