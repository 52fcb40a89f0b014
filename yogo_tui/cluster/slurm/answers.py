"""What Slurm's commands say when they fail, told apart: a refusal, or no answer."""

from __future__ import annotations

import re

from yogo.terminal import printable
from yogo_tui.errors import ClusterError, ClusterUnknown
from yogo_tui.hosts.base import Completed

_NO_ANSWER = re.compile(
    r"socket timed out|unable to contact slurm|zero bytes were transmitted|connection (refused|reset|timed out)"
    r"|communication (connection )?(failure|error)|slurmctld.*(down|not respond)|authentication error|munge"
    r"|configuration (source|file|\(slurm)",
    re.IGNORECASE,
)

# sbatch exits with the same status when it was refused and when it lost the connection after the job was queued.
# Only these words are sure to mean that there is no job.
_REFUSALS = re.compile(
    r"invalid (account|partition|qos|user|job array|feature|generic resource|gres|trackable resource|reservation"
    r"|directive|numeric value|--|time limit|node name)"
    r"|requested (node configuration|time limit|partition|reservation).*(not available|invalid)"
    r"|requested time limit is invalid|violates accounting|policy|unrecognized option|unable to open file"
    r"|does not look like a batch script|batch script is empty|contains dos line breaks|permission denied"
    r"|not permitted|not in .*allowed|more processors requested than permitted"
    r"|memory specification can ?not be satisfied|required partition not available|node count specification invalid"
    r"|cpu count (specification|per node) |job dependency problem|option requires an argument|ambiguous"
    r"|pathname of a file|too many tasks|invalid .*specification|no partition specified",
    re.IGNORECASE,
)

_NO_CONFIGURATION = re.compile(r"could not establish a configuration source|unable to process configuration file", re.I)
_LOST = "its commands are here, and no configuration (slurm.conf) says where its cluster is"
_NOBODY_THERE = re.compile(rf"unable to contact slurm|connection refused|{re.escape(_LOST)}", re.IGNORECASE)
_INSTEAD = "To run jobs on this machine without it: `yogo-tui --cluster local`, or `cluster: local` in the settings."

_PREFIX = re.compile(r"^\w+: (error|fatal): ", re.MULTILINE)


def no_answer(argv0: str, done: Completed) -> ClusterError:
    """The error for a question that failed."""
    words = spoken(done)
    if _NO_ANSWER.search(words):
        instead = f" {_INSTEAD}" if _NOBODY_THERE.search(words) else ""
        return ClusterUnknown(f"Slurm does not answer: {words}.{instead}")
    return ClusterError(f"{argv0} failed: {words}.")


def not_submitted(done: Completed) -> ClusterError:
    """The error for an sbatch that failed: ClusterUnknown unless it is sure that there is no job."""
    words = spoken(done)
    if _REFUSALS.search(words) and not _NO_ANSWER.search(words):
        return ClusterError(f"Slurm did not take the job: {words}.")
    return ClusterUnknown(f"It is not known whether Slurm took the job: {words}.")


def spoken(done: Completed) -> str:
    """What the command said, in one line: the last words of Slurm, without the command's name before each."""
    if _NO_CONFIGURATION.search(done.stderr):
        return _LOST
    lines = [_PREFIX.sub("", line).strip() for line in done.stderr.splitlines()]
    told = [line.removeprefix("Batch job submission failed: ") for line in lines if line]
    kept = [line for line in dict.fromkeys(told) if not line.startswith("Try ")]
    return printable(" ".join(kept)).rstrip(".") or f"it ended with status {done.status} and said nothing"
