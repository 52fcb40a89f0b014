"""Which process this one is, among those that train together: as torchrun, srun or our own launcher say it."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from yogo.device.cores import visible_cores
from yogo.errors import TrainingError
from yogo.run.job import JobIdentity
from yogo.text.wording import agreed

Environment = Mapping[str, str]

ALONE = "to train with this process alone, unset {}"


@dataclass(frozen=True, slots=True)
class RankInfo:
    """Which process this one is, among those that train together."""

    rank: int = 0
    world_size: int = 1
    local_rank: int = 0
    local_world_size: int = 1
    init_method: str = ""
    """How the ranks find each other (torch's init_method), as file://PATH or tcp://HOST:PORT; empty for one process."""

    launcher_speaks: bool = False
    """Whether the launcher of this process reports it if another process is killed."""

    key: str = "yogo"
    """Distinguishes this rendezvous from others at the same port."""

    is_hosted: bool = False
    """Whether the launcher listens at the port; otherwise rank 0 does."""

    advice: str = ""
    """How to train without the others."""

    own_cores: int = 0
    """The number of cores that srun gives to each of its tasks (--cpus-per-task); 0 if it does not say so."""

    @property
    def num_sharing_cores(self) -> int:
        """How many processes share the cores that this one sees: 1 if srun shows each task only its own."""
        return 1 if visible_cores() <= self.own_cores else self.local_world_size

    @classmethod
    def from_environment(cls, environment: Environment = os.environ) -> RankInfo | None:
        """As torchrun or srun set it; None if neither started this process. Raises TrainingError."""
        if _is_torchrun(environment):
            return _torchrun(environment)
        # A batch script has SLURM_PROCID too; only srun's tasks are in a step of several.
        if "SLURM_PROCID" not in environment or _typed_in_a_shell():
            return None
        tasks = _number(environment, "SLURM_STEP_NUM_TASKS", default=1, least=1)
        return _srun(environment, tasks) if tasks > 1 else None


def has_own_gpu(rank_info: RankInfo, environment: Environment = os.environ) -> bool:
    """Whether srun shows each of its tasks one GPU only (--gpus-per-task, --gpu-bind), all of them called 0."""
    if environment.get("SLURM_GPUS_PER_TASK"):
        return True
    of_node = environment.get("SLURM_STEP_GPUS") or environment.get("SLURM_JOB_GPUS", "")
    return len(of_node.split(",")) >= rank_info.local_world_size > 1


def _number(
    environment: Environment, name: str, *, least: int = 0, most: int | None = None, default: int | None = None
) -> int:
    """Raises TrainingError."""
    text = environment.get(name, "" if default is None else str(default))
    number = int(text) if re.fullmatch(r"\d{1,18}", text) else -1
    if number < least or (most is not None and number > most):
        upto = f"from {least} to {most}" if most is not None else f"of {least} or more"
        raise TrainingError(f"{name}={text} in the environment is not a whole number {upto}: correct it, or unset it")
    return number


def _is_torchrun(environment: Environment) -> bool:
    """Whether both variables that name a rank are set. Raises TrainingError if only one is set."""
    names = [name for name in ("RANK", "WORLD_SIZE") if environment.get(name)]
    if len(names) == 1:
        (there,) = names
        if environment[there] == ("0" if there == "RANK" else "1"):
            return False
        missing = "WORLD_SIZE" if there == "RANK" else "RANK"
        raise TrainingError(
            f"{there}={environment[there]} is in the environment, but {missing} is not: set both, as torchrun does; "
            + ALONE.format(there)
        )
    return len(names) == 2


def _torchrun(environment: Environment) -> RankInfo:
    world = _number(environment, "WORLD_SIZE", least=1)
    rank = _number(environment, "RANK", most=world - 1)
    local_world = _number(environment, "LOCAL_WORLD_SIZE", default=world, least=1)
    is_ours = "YOGO_MEETING" in environment
    own_slurm = environment.get("SLURM_LOCALID") if "LOCAL_RANK" not in environment else None
    return RankInfo(
        rank=rank,
        world_size=world,
        local_rank=int(own_slurm)
        if own_slurm and own_slurm.isdecimal()
        else _number(environment, "LOCAL_RANK", default=rank % local_world),
        local_world_size=local_world,
        init_method=environment["YOGO_MEETING"] if is_ours else _address(environment, rank, world),
        launcher_speaks=is_ours,
        key=f"yogo-{environment.get('TORCHELASTIC_RUN_ID', '')}-{environment.get('TORCHELASTIC_RESTART_COUNT', '0')}",
        is_hosted=environment.get("TORCHELASTIC_USE_AGENT_STORE") == "True",
        advice=ALONE.format("RANK and WORLD_SIZE"),
    )


def _address(environment: Environment, rank: int, world: int) -> str:
    if world == 1:
        return ""
    if missing := [name for name in ("MASTER_ADDR", "MASTER_PORT") if not environment.get(name)]:
        raise TrainingError(
            f"RANK={rank} and WORLD_SIZE={world} say that this is one process of {world}, but {' and '.join(missing)}, "
            f"where they meet, {agreed(len(missing), 'is')} not set: torchrun sets all of them; "
            + ALONE.format("RANK and WORLD_SIZE")
        )
    return f"tcp://{environment['MASTER_ADDR']}:{_port(environment)}"


def _port(environment: Environment) -> int:
    return _number(environment, "MASTER_PORT", least=1, most=65_535)


def _srun(environment: Environment, tasks: int) -> RankInfo:
    nodes = environment.get("SLURM_STEP_NODELIST") or environment.get("SLURM_JOB_NODELIST", "")
    first = re.sub(r"\[(\w+)[^]]*\]", r"\1", nodes).partition(",")[0]  # of a[1-2]b[3,5] it is a1b3
    # The network may not know Slurm's name of a node; on a single node it is not needed.
    is_alone = environment.get("SLURM_STEP_NUM_NODES") == "1"
    host = first if first and not is_alone else "127.0.0.1"
    job = JobIdentity.from_environment(environment)
    port = _port(environment) if environment.get("MASTER_PORT") else 20_000 + (job.number * 7 + job.step) % 12_000
    per_node = re.match(r"\d+", environment.get("SLURM_STEP_TASKS_PER_NODE", ""))
    return RankInfo(
        rank=_number(environment, "SLURM_PROCID", most=tasks - 1),
        world_size=tasks,
        local_rank=_number(environment, "SLURM_LOCALID", default=0),
        local_world_size=int(per_node[0]) if per_node else tasks,
        init_method=f"tcp://{environment.get('MASTER_ADDR') or host}:{port}",
        key=f"yogo-{job.number}-{job.step}-{job.restarts}",
        own_cores=_number(environment, "SLURM_CPUS_PER_TASK", default=0),
        advice=f"srun started {tasks} tasks; " + ALONE.format("SLURM_PROCID"),
    )


def _typed_in_a_shell() -> bool:
    """Whether a person typed the command: in a shell of srun --pty, each command inherits a task's variables."""
    try:
        return sys.stdin.isatty() and os.getpgrp() != os.getsid(0) and os.tcgetpgrp(0) == os.getpgrp()
    except (OSError, ValueError):
        return False
