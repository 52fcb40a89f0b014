"""Why a job ended, by what its script and Slurm say of it."""

from __future__ import annotations

from yogo.run.killed import STATUS

MAX_RESTARTS = 5
"""How often a job is requeued. Slurm holds a job after as many requeues by default (MaxBatchRequeue)."""

_ENDINGS = {
    75: "it saved, and Slurm did not requeue it",
    76: f"it was requeued {MAX_RESTARTS} times and has not finished",
    STATUS: "it was killed, perhaps because the memory was full",
}
"""Meanings of a script's exit status; the first two are set by _signals.sbatch."""

FULL_MEMORY = "OUT_OF_MEMORY"
"""The word of a scheduler for a job that the kernel killed because its memory was full."""

_WORDS = {
    "TIMEOUT": "it reached its time limit, and was not requeued",
    FULL_MEMORY: "the job's memory was full",
    "DEADLINE": "its deadline passed",
    "NODE_FAIL": "its node failed, and it was not requeued",
    "BOOT_FAIL": "its node did not start",
    "PREEMPTED": "jobs of a higher priority preempted it, and it was not requeued",
}


def ending(word: str, exit_status: int | None) -> str:
    """Why a run that can be resumed ended, from its job's state and exit status; empty if they do not tell."""
    return _WORDS.get(word) or _ENDINGS.get(exit_status or 0, "")
