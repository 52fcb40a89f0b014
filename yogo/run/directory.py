"""The run directory: where each file of a run lies. It is the whole contract of trainer and console."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from yogo.errors import RunError

RUNS = Path("trained_models")

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


@dataclass(frozen=True, slots=True)
class RunDirectory:
    """The files of the run at `path`. Nothing here touches the disk."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def launch(self) -> Path:
        return self.path / "launch.json"

    @property
    def script(self) -> Path:
        return self.path / "job.sbatch"

    @property
    def manifest(self) -> Path:
        return self.path / "run.json"

    @property
    def data(self) -> Path:
        return self.path / "data.json.gz"

    @property
    def events(self) -> Path:
        return self.path / "events.jsonl"

    @property
    def best(self) -> Path:
        return self.path / "best.pth"

    @property
    def last(self) -> Path:
        return self.path / "last.pth"

    @property
    def previous(self) -> Path:
        """The last.pth before the last one."""
        return self.path / "last.previous.pth"

    @property
    def result(self) -> Path:
        return self.path / "result.json"

    @property
    def metrics(self) -> Path:
        return self.path / "metrics.json"

    @property
    def lease(self) -> Path:
        return self.path / "lease"

    @property
    def holder(self) -> Path:
        """The process that trains."""
        return self.lease / "holder.json"

    @property
    def heartbeat(self) -> Path:
        """The holder's sign of life."""
        return self.lease / "heartbeat.json"

    @property
    def notes(self) -> Path:
        return self.path / "notes.yaml"


def check_name(name: str) -> str:
    """`name`, if it can name a run: a folder, a job, a W&B run. Raises RunError."""
    if not _NAME.match(name):
        raise RunError(
            f"{name!r} cannot name a run: letters, digits, '.', '_' and '-' only, "
            "a letter or digit first, at most 100 of them"
        )
    return name


def propose_name(runs: Path | None = None) -> str:
    """A name in W&B's manner, such as chaos-cat-0727, that no run in `runs` has yet."""
    while True:
        name = f"{secrets.choice(_ADJECTIVES)}-{secrets.choice(_NOUNS)}-{secrets.randbelow(10_000):04d}"
        if runs is None or not (runs / name).exists():
            return name
