"""Slurm's reasons why a job waits: each in plain words, with what one can do about it."""

from __future__ import annotations

import re
from typing import NamedTuple


class Reason(NamedTuple):
    words: str = ""
    """Why it waits, to follow a colon; empty if Slurm's word is not known."""

    advice: str = ""
    """What one can do, in a sentence or two."""


_WAIT = "It starts by itself: there is nothing to do."
_TURN = "It starts by itself when its turn comes. A job of fewer GPUs or hours often starts sooner."
_ASK = "Ask the people who run the cluster."
_ACCOUNT = (
    "Set `account` in the settings to one of yours (`sacctmgr show associations user=$USER`), and launch it again."
)
_PARTITION = "Set `partition` in the settings to one that takes it (`sinfo` lists them), and launch it again."
_SMALLER = "Cancel it, and launch it again with a size that asks for less."
_LIMIT = "It starts by itself when others of these jobs have ended. Cancel what is not needed any more."
_RELEASE = "Release it when it may start."
_LOOK = "Look at its log, release it to try once more, or cancel it."

_REASONS = {
    "AccountNotAllowed": Reason("its account may not use the partition", _ACCOUNT),
    "AccountingPolicy": Reason("a limit of its account or QOS holds it back", _LIMIT),
    "AssociationJobLimit": Reason("its account has as many jobs as it may have", _LIMIT),
    "AssociationResourceLimit": Reason("its account uses all that it may use", _LIMIT),
    "AssociationTimeLimit": Reason("its account has used up its time", f"Use another account. {_ASK}"),
    "BadConstraints": Reason("no node has what it asks for", _SMALLER),
    "BeginTime": Reason("its start time has not come yet", "After a requeue that is about two minutes. " + _WAIT),
    "BurstBufferOperation": Reason("an operation of its burst buffer failed", _ASK),
    "BurstBufferResources": Reason("its burst buffer has no room yet", _WAIT),
    "BurstBufferStageIn": Reason("its data are being copied into the burst buffer", _WAIT),
    "Cleaning": Reason("Slurm is still cleaning up after its last start", _WAIT),
    "DeadLine": Reason("it cannot end before its deadline", _SMALLER),
    "Dependency": Reason("another job must end first", "It starts once that job has finished: see its own state."),
    "DependencyNeverSatisfied": Reason(
        "the job that it waits for failed",
        "It can never start. Cancel it, resume the run that it waits for, and chain it again.",
    ),
    "FedJobLock": Reason("the clusters of the federation are agreeing where it runs", _WAIT),
    "FrontEndDown": Reason("the node that would start it is down", _ASK),
    "InactiveLimit": Reason("it was inactive for too long", "Cancel it, and launch it again."),
    "InvalidAccount": Reason("its account does not exist", _ACCOUNT),
    "InvalidQOS": Reason("its QOS does not exist", "Mend the QOS in your script template, and launch it again."),
    "JobArrayTaskLimit": Reason("the array's limit on running tasks is reached", _WAIT),
    "JobHeldAdmin": Reason("an administrator holds it", f"Only they can release it. {_ASK}"),
    "JobHeldUser": Reason("its owner holds it", _RELEASE),
    "JobHoldMaxRequeue": Reason("it was requeued too often, and is held", _LOOK),
    "JobLaunchFailure": Reason(
        "it could not be started on its node",
        f"Its folder may be missing there, or the node is broken: cancel it, and launch it again. {_ASK}",
    ),
    "Licenses": Reason("its licences are in use", _WAIT),
    "MaxMemPerLimit": Reason("it asks for more memory than the partition allows", _SMALLER),
    "NodeDown": Reason("a node that it needs is down", f"It starts when the node is back. {_ASK}"),
    "Nodes required for job are DOWN": Reason(
        "the nodes that could run it are down, drained or kept for jobs of a higher priority",
        f"It starts when they are free. `sinfo -R` says why nodes are down. {_PARTITION}",
    ),
    "NonZeroExitCode": Reason("its last start failed", _LOOK),
    "None": Reason("Slurm has not looked at it yet", _WAIT),
    "OutOfMemory": Reason("its last start ran out of memory", "Cancel it, and launch it again bigger."),
    "PartitionConfig": Reason("the partition does not allow what it asks for", _SMALLER),
    "PartitionDown": Reason("the partition starts no jobs now", f"It starts when the partition is up again. {_ASK}"),
    "PartitionInactive": Reason("the partition starts no jobs now", f"{_ASK} {_PARTITION}"),
    "PartitionNodeLimit": Reason("it asks for more or fewer nodes than the partition allows", _SMALLER),
    "PartitionTimeLimit": Reason(
        "it asks for more time than the partition allows",
        "Cancel it, and launch it again with fewer hours: a run that is not finished then is requeued and goes on.",
    ),
    "Priority": Reason("other jobs come before it", _TURN),
    "Prolog": Reason("its node is being prepared", _WAIT),
    "QOSJobLimit": Reason("its QOS has reached its limit of running jobs", _LIMIT),
    "QOSNotAllowed": Reason("its QOS may not use the partition", _PARTITION),
    "QOSResourceLimit": Reason("its QOS uses all that it may use", _LIMIT),
    "QOSTimeLimit": Reason("its QOS has used up its time", f"Use another QOS. {_ASK}"),
    "QOSUsageThreshold": Reason(
        "its QOS has used too much lately", "It starts when the use of the last days has faded, or with another QOS."
    ),
    "RaisedSignal": Reason("a signal ended its last start", _LOOK),
    "ReqNodeNotAvail": Reason(
        "a node that it needs is down, drained or reserved",
        "It starts when the node is back. A maintenance that begins before its time limit ends holds it back too: "
        "fewer hours then help (`scontrol show reservation`).",
    ),
    "Reservation": Reason("its reservation has not begun yet", _WAIT),
    "ReservationDeleted": Reason("its reservation was deleted", "Cancel it, and launch it again without it."),
    "Resources": Reason("no node has enough free for it", _TURN),
    "SchedDefer": Reason("Slurm puts off looking at it", _WAIT),
    "SystemFailure": Reason("Slurm itself failed", _ASK),
    "TimeLimit": Reason("its last start reached its time limit", "Cancel it, and launch it again bigger."),
    "WaitingForScheduling": Reason("Slurm has not looked at it yet", _WAIT),
    "job requeued in held state": Reason("it was requeued, and is held", _RELEASE),
    "launch failed requeued held": Reason("it could not be started on its node, and is held", _LOOK),
    "user env retrieval failed requeued held": Reason("your login failed on its node, and it is held", _LOOK),
}
"""By Slurm's own word. Limits, such as QOSMaxJobsPerUserLimit, are put together from their parts."""

_HELD = frozenset(
    (
        "JobHeldAdmin",
        "JobHeldUser",
        "JobHoldMaxRequeue",
        "job requeued in held state",
        "launch failed requeued held",
        "user env retrieval failed requeued held",
    )
)

_LIMITS = re.compile(r"(Assoc|QOS|)(Grp|Max|Min)([A-Z][a-z]+|[A-Z]+(?=[A-Z][a-z]|$))(\w*)")
_THINGS = {
    "BB": "burst buffer",
    "Billing": "billing units",
    "CPU": "CPUs",
    "CPUs": "CPUs",
    "Cpu": "CPUs",
    "Energy": "energy",
    "GRES": "GPUs",
    "Job": "jobs",
    "Jobs": "jobs",
    "License": "licences",
    "Mem": "memory",
    "Memory": "memory",
    "Node": "nodes",
    "Submit": "submitted jobs",
    "Unknown": "resources",
    "Wall": "time",
}


def explained(reason: str) -> Reason:
    """The reason in plain words, with what one can do; empty if it is not known."""
    word = reason.partition(",")[0].strip()  # such as "ReqNodeNotAvail, UnavailableNodes:gpu1"
    if word in _REASONS:
        return _REASONS[word]
    limit = _LIMITS.fullmatch(word)
    return _limited(*limit.groups()) if limit and limit[3] in _THINGS else Reason()


def is_held(reason: str) -> bool:
    """Whether the job waits until somebody releases it."""
    return reason.partition(",")[0] in _HELD


def _limited(whose: str, kind: str, what: str, rest: str) -> Reason:
    """The words for a limit such as QOSMaxJobsPerUserLimit, AssocGrpGRESRunMinutes or MaxCpuPerAccount."""
    thing = f"{_THINGS[what].removesuffix('s')} time" if "Minutes" in rest else _THINGS[what]
    giver = "its QOS" if whose == "QOS" else "its account"
    if kind == "Min":
        return Reason(
            f"{giver} demands more {thing}", "Cancel it, and launch it again with a bigger size, or another QOS."
        )
    if "PerJob" in rest or "PerNode" in rest:
        return Reason(f"it asks for more {thing} than {giver} allows for one job", _SMALLER)
    is_shared = kind == "Grp" or "PerAccount" in rest
    if thing.endswith("jobs"):
        who = giver if is_shared else "you"
        return Reason(
            f"{who} {'has' if is_shared else 'have'} as many {thing} as {'it' if is_shared else 'you'} may have", _LIMIT
        )
    if is_shared:
        advice = f"It starts when the use of the last days has faded. {_ASK}" if "Minutes" in rest else _LIMIT
        return Reason(f"the jobs of {giver} together use all the {thing} that they may use", advice)
    return Reason(f"your jobs together use all the {thing} that {giver} allows for one user", _LIMIT)
