"""The variables that a job finds: the user's own, with Slurm's about this job in place of any that were there."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Mapping, Sequence

from yogo_tui.cluster.local import processes
from yogo_tui.cluster.local.records import Spec
from yogo_tui.cluster.local.store import JobFolder

_FOREIGN = ("SLURM_", "SBATCH_", "SQUEUE_", "SACCT_", "SALLOC_", "SRUN_")


def scrubbed(environment: Mapping[str, str]) -> dict[str, str]:
    """Without what another job, or the user's habits, would have a script or a scheduler believe."""
    return {
        name: value for name, value in environment.items() if not name.startswith(_FOREIGN) and name != processes.MARK
    }


def of_job(
    spec: Spec, folder: JobFolder, *, restarts: int, slots: Iterable[int], gpus: Sequence[str]
) -> dict[str, str]:
    """What the batch shell is given. Without any `gpus`, none is named."""
    asks = spec.directives
    slots = tuple(slots)
    num_cpus = os.cpu_count() or 1
    host = socket.gethostname()
    values = {
        processes.MARK: str(folder.path),
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
        # A script for a node of 64 CPUs asks for a process on each; here there may be fewer.
        values["SLURM_CPUS_PER_TASK"] = str(min(asks.cpus, num_cpus))
    if asks.gpus:
        values["SLURM_GPUS_ON_NODE"] = str(len(slots))
    if gpus:
        # More slots than GPUs, where the settings say so, means that jobs share them.
        numbers = sorted({slot % len(gpus) for slot in slots}) if asks.gpus else []
        values["CUDA_VISIBLE_DEVICES"] = ",".join(gpus[number] for number in numbers)
    return scrubbed(os.environ) | values
