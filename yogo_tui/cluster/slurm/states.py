"""What Slurm's words for a job's state, and its reasons for waiting, mean to a user."""

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

# Reasons that no amount of waiting removes. Not among them: what ends when others leave or a node comes back.
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
    """ "CANCELLED by 1000" is one state, and its word the first one."""
    return state.partition(" ")[0].rstrip("+")


def meaning(word: str) -> JobState:
    """A word that Slurm may add tomorrow is no failure, and no end: UNKNOWN."""
    return STATES.get(word, JobState.UNKNOWN)


def is_hopeless(state: JobState, reason: str) -> bool:
    return state is JobState.PENDING and reason in _HOPELESS
