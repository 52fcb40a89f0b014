"""The environment variables of a job: the user's own, and those by which Slurm describes this job."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Mapping, Sequence

from yogo_tui.cluster.local import processes
from yogo_tui.cluster.local.records import Spec
from yogo_tui.cluster.local.store import JobFolder

_FOREIGN = ("SLURM_", "SBATCH_", "SQUEUE_", "SACCT_", "SALLOC_", "SRUN_", "YOGO_JOB_")


def scrubbed(environment: Mapping[str, str]) -> dict[str, str]:
    """`environment` without the variables of another job, and without those that change Slurm's commands."""
    return {
        name: value
        for name, value in environment.items()
        if not name.startswith(_FOREIGN) and name not in (processes.MARK, processes.SUPERVISOR)
    }


def of_job(
    spec: Spec, folder: JobFolder, *, restarts: int, slots: Iterable[int], gpus: Sequence[str]
) -> dict[str, str]:
    """The environment of the batch shell that this process supervises.

    CUDA_VISIBLE_DEVICES is set only if there are `gpus`.
    """
    asks = spec.directives
    slots = tuple(slots)
    num_cpus = os.cpu_count() or 1
    host = socket.gethostname()
    values = {
        processes.MARK: str(folder.path),
        processes.SUPERVISOR: processes.this_supervisor(),
        "ENVIRONMENT": "BATCH",
        "SLURM_CLUSTER_NAME": "local",
        "SLURM_CPUS_ON_NODE": str(num_cpus),
        "SLURM_JOBID": str(spec.id),
        "SLURM_JOB_ID": str(spec.id),
        "SLURM_JOB_NAME": spec.name,
        "SLURM_JOB_NODELIST": host,
        "SLURM_JOB_NUM_NODES": "1",
        "SLURM_NNODES": "1",
        "SLURM_NODELIST": host,
        "SLURM_RESTART_COUNT": str(restarts),
        "SLURM_SUBMIT_DIR": spec.folder,
        "SLURM_SUBMIT_HOST": spec.host,
        "SLURMD_NODENAME": host,
    }
    if asks.cpus:
        # A script for a node of 64 CPUs asks for all of them; this machine may have fewer.
        values["SLURM_CPUS_PER_TASK"] = str(min(asks.cpus, num_cpus))
    if asks.gpus:
        values["SLURM_GPUS_ON_NODE"] = str(len(slots))
    if gpus:
        # If the settings ask for more slots than there are GPUs, jobs share GPUs.
        numbers = sorted({slot % len(gpus) for slot in slots}) if asks.gpus else []
        values["CUDA_VISIBLE_DEVICES"] = ",".join(gpus[number] for number in numbers)
    return scrubbed(os.environ) | values | _of_array(spec)


def _of_array(spec: Spec) -> dict[str, str]:
    """What Slurm tells a task of an array; empty for a job by itself."""
    if not spec.array:
        return {}
    tasks = spec.directives.tasks
    return {
        "SLURM_ARRAY_JOB_ID": str(spec.array[0]),
        "SLURM_ARRAY_TASK_ID": str(spec.task),
        "SLURM_ARRAY_TASK_COUNT": str(len(tasks)),
        "SLURM_ARRAY_TASK_MIN": str(min(tasks)),
        "SLURM_ARRAY_TASK_MAX": str(max(tasks)),
    }
