"""The run directory: the path of each file of a run. It is the whole contract between trainer and console."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath
from typing import Generic, Self, TypeVar, overload

from yogo.errors import RunError

RUNS = Path("trained_models")

LOG = ".log"
"""What the name of a job's log ends with."""

MAKING = ".launching-"
"""Prefix of a run directory's name while a launch writes its files."""

P = TypeVar("P", bound=PurePath)

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}\Z")

_ADJECTIVES = (
    "amber bold brave bright brisk calm clear cosmic crisp daring dawn deep eager early fair fleet fresh gentle "
    "glad golden grand happy hardy honest keen kind light lively lucid lunar mellow mild misty noble olive patient "
    "plain polar proud quick quiet rapid ready rosy royal sage serene silver sleek smooth solar spring stellar still "
    "sunny sure swift tidy vivid warm wise woven young zesty"
).split()
_NOUNS = (
    "acorn badger bear beetle birch brook cat cedar cloud comet coral crane creek dawn dew dove elm ember falcon fern "
    "finch fjord flame forest fox frost garden glade grove harbor hawk heron hill iris island jay lake lark leaf lily "
    "lynx maple meadow moon moss oak ocean orchid otter owl pebble pine plover pond rain reef river robin sky snow "
    "sparrow star stone stream sun swan thunder tide tree valley voice wave willow wind wolf wood wren"
).split()


class _Below:
    """A file or folder below the run's own path; asked of the class, its path from there."""

    def __init__(self, place: str) -> None:
        self._place = place

    @overload
    def __get__(self, run: None, kind: type) -> str: ...

    @overload
    def __get__(self, run: RunLayout[P], kind: type) -> P: ...

    def __get__(self, run: RunLayout[P] | None, kind: type) -> P | str:
        return self._place if run is None else run.path / self._place


@dataclass(frozen=True, slots=True)
class RunLayout(Generic[P]):
    """Where each file of the run at `path` lies. Nothing here touches a disk."""

    path: P

    @classmethod
    def of(cls, name: str, runs: P) -> Self:
        """That of the run `name` in the folder `runs`."""
        return cls(runs / name)

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def workspace(self) -> P:
        """The folder that the job of a launched run works in."""
        return self.path.parent.parent

    launch = _Below("launch.json")
    script = _Below("job.sbatch")
    recipe = _Below("recipe.yaml")
    """Of a sweep's trial that asks for its values when its job starts: what it was told."""
    manifest = _Below("run.json")
    data = _Below("data.json.gz")
    events = _Below("events.jsonl")
    best = _Below("best.pth")
    last = _Below("last.pth")
    previous = _Below("last.previous.pth")
    published = _Below("latest.pth")
    """The checkpoint of a run that published yogo has trained."""
    result = _Below("result.json")
    metrics = _Below("metrics.json")
    image_results = _Below("metrics.images.json.gz")
    """What each image of its test set brought to them."""
    worst = _Below("worst.json.gz")
    """The images on which its best.pth is wrong most often."""
    lease = _Below("lease")
    holder = _Below("lease/holder.json")
    """The process that trains."""
    heartbeat = _Below("lease/heartbeat.json")
    notes = _Below("notes.yaml")
    card = _Below("MODEL.md")
    """What the model is, for people."""
    uses = _Below("uses")
    """What the weights were used for: a folder for each test, look or export."""

    def claim(self, token: str) -> P:
        """Which job has become of the launch with this token."""
        return self.lease / f"token-{token}"

    def further_script(self, number: int) -> P:
        """That of the submission `number`, from 2, which goes on with the run."""
        return self.path / f"job-{number}.sbatch"

    def log(self, job_id: str) -> P:
        """What the job of this id says."""
        return log_in(self.path, self.name, job_id)

    def is_log(self, name: str) -> bool:
        """Whether a file of this name in the directory is the log of one of the run's jobs."""
        return name.startswith(f"{self.name}-") and name.endswith(LOG)


class RunDirectory(RunLayout[Path]):
    """Of a run on this machine's disk."""

    __slots__ = ()


class HostRunDirectory(RunLayout[PurePosixPath]):
    """Of a run on the host that the console asks, which may be another machine."""

    __slots__ = ()


_TELLING = (RunLayout.manifest, RunLayout.events, RunLayout.result, RunLayout.best, RunLayout.last, RunLayout.published)

TRAINED = frozenset({*_TELLING, RunLayout.data})
"""Names of the files that a trainer writes."""

SIGNS = frozenset({*_TELLING, RunLayout.launch})
"""Names of the files each of which tells that this is a run."""


def log_in(folder: P, name: str, job_id: str) -> P:
    """The log, in `folder`, of the job `name`."""
    return folder / f"{name}-{job_id}{LOG}"


def check_name(name: str) -> str:
    """`name`, if it can name a run: a folder, a job, a W&B run. Raises RunError."""
    if not name:
        raise RunError("an empty name cannot name a run: give one such as calm-owl-0728")
    if not _NAME.match(name):
        raise RunError(
            f"{name!r} cannot name a run: letters, digits, '.', '_' and '-' only, "
            "a letter or digit first, at most 100 of them"
        )
    return name


def propose_name(runs: Path | None = None) -> str:
    """A new run name in W&B's style, such as chaos-cat-0727, that no run in `runs` has."""
    while True:
        name = f"{secrets.choice(_ADJECTIVES)}-{secrets.choice(_NOUNS)}-{secrets.randbelow(10_000):04d}"
        if runs is None or not (runs / name).exists():
            return name
