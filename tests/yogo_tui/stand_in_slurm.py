"""Slurm's commands as small scripts on PATH: a queue that is a file, and an sbatch that does what the test says."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from tests.yogo_tui.lab import workspace
from tests.yogo_tui.test_slurm_answers import HEADING, queue_row
from yogo_tui.cluster.slurm import SlurmCluster
from yogo_tui.hosts.here import HereHost
from yogo_tui.session import Session
from yogo_tui.settings import Settings

_CONFIG = "echo ClusterName=lab; echo AccountingStorageType=accounting_storage/slurmdbd"


@dataclass
class StandIn:
    """`queues` is what an sbatch does that takes the job as 43; `say` sets what it does."""

    folder: Path

    def __post_init__(self) -> None:
        self.folder.mkdir()
        (self.folder / "queue").write_text(HEADING)
        (self.folder / "row").write_text(queue_row("43", "PENDING", "Priority", name="NAME", comment="yogo:TOKEN"))
        self.program("scontrol", _CONFIG)
        self.program("squeue", f"cat {self.folder}/queue")
        self.program("sacct", "")
        self.program("scancel", f'echo "$@" >> {self.folder}/cancelled')
        self.say("echo 43", queues=True)

    def program(self, name: str, body: str) -> None:
        (self.folder / name).write_text(f"#!/bin/bash\n{body}\n")
        (self.folder / name).chmod(0o755)

    def say(self, body: str, *, queues: bool) -> None:
        """What sbatch does; where it `queues`, its job appears in the queue first, as number 43."""
        script = "for script; do :; done\n"
        script += "name=$(sed -n 's/^#SBATCH --job-name=//p' $script); token=$(sed -n 's/.*yogo://p' $script)\n"
        append = f'sed "s/NAME/$name/; s/TOKEN/$token/" {self.folder}/row >> {self.folder}/queue\n'
        self.program(
            "sbatch", f'echo "$@" >> {self.folder}/submitted\n{script if queues else ""}{append * queues}{body}'
        )

    def add(self, *rows: str) -> None:
        with (self.folder / "queue").open("a") as queue:
            queue.write("".join(rows))

    @property
    def cancelled(self) -> list[str]:
        """Each scancel's words."""
        file = self.folder / "cancelled"
        return file.read_text().splitlines() if file.exists() else []

    @property
    def submitted(self) -> list[str]:
        """Each sbatch's words."""
        file = self.folder / "submitted"
        return file.read_text().splitlines() if file.exists() else []

    def session(self, lab: Path) -> Session:
        return self.session_of(workspace(lab).model_copy(update={"cluster": "slurm", "poll_seconds": 30.0}))

    def session_of(self, settings: Settings) -> Session:
        host = HereHost({"PATH": f"{self.folder}:{os.environ['PATH']}"})
        return Session(settings, host, SlurmCluster(host))
