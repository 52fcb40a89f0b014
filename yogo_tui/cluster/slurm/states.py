"""What Slurm's words for a job's state mean, and which reasons for waiting never go away."""

from __future__ import annotations

from yogo_tui.cluster.base import JobState

_PENDING = (
    "PENDING",
    "REQUEUED",
    "REQUEUE_FED",
    "REQUEUE_HOLD",
    "RESV_DEL_HOLD",
    "SPECIAL_EXIT",
    "EXPEDITING",
    "PREEMPTED",  # in the queue: it may come back
)
_RUNNING = (
    "RUNNING",
    "COMPLETING",
    "CONFIGURING",
    "POWER_UP_NODE",
    "RESIZING",
    "SIGNALING",
    "STAGE_OUT",
    "STOPPED",
    "SUSPENDED",
)
_FAILED = ("FAILED", "BOOT_FAIL", "DEADLINE", "NODE_FAIL", "OUT_OF_MEMORY", "TIMEOUT")

STATES: dict[str, JobState] = {
    **dict.fromkeys(_PENDING, JobState.PENDING),
    **dict.fromkeys(_RUNNING, JobState.RUNNING),
    **dict.fromkeys(_FAILED, JobState.FAILED),
    "COMPLETED": JobState.DONE,
    "CANCELLED": JobState.CANCELLED,
}

# Reasons that waiting does not remove. A reason that ends once other jobs end or a node returns is not one of them.
_HOPELESS = frozenset(
    {
        "AssocMaxWallDurationPerJobLimit",
        "BadConstraints",
        "DependencyNeverSatisfied",
        "InvalidAccount",
        "InvalidQOS",
        "PartitionTimeLimit",
        "QOSMaxWallDurationPerJobLimit",
    }
)


def first_word(state: str) -> str:
    """The first word of a state such as "CANCELLED by 1000"."""
    return state.partition(" ")[0].rstrip("+")


def meaning(word: str) -> JobState:
    """The state for Slurm's word; UNKNOWN for one that a later version of Slurm adds."""
    return STATES.get(word, JobState.UNKNOWN)


def is_hopeless(state: JobState, reason: str) -> bool:
    return state is JobState.PENDING and reason in _HOPELESS
