"""Tells from the output of a Slurm command that failed whether Slurm refused, or gave no answer."""

from __future__ import annotations

import contextlib
import re
import signal

from yogo.text.terminal import printable
from yogo_tui.errors import ClusterError, ClusterUnknown
from yogo_tui.hosts.base import Completed

_NO_ANSWER = re.compile(
    r"socket timed out|unable to contact slurm|zero bytes were transmitted|connection (refused|reset|timed out)"
    r"|communication (connection )?(failure|error)|slurmctld.*(down|not respond)|authentication error|munge"
    r"|configuration (source|file|\(slurm)",
    re.IGNORECASE,
)

# sbatch exits with the same status if it was refused and if it lost the connection after the job was queued, and
# plugins may print on its standard error too. So an answer counts as a refusal only if sbatch itself printed it, and if
# it certainly means that there is no job.
_BEHIND = re.compile(
    r"^sbatch: (?:error|fatal): (?:batch job submission failed|allocation failure): (.+)$", re.IGNORECASE | re.MULTILINE
)
_REFUSALS = re.compile(
    r"invalid (account|partition|qos|user|job array|feature|generic resource|gres|trackable resource|reservation"
    r"|license|wckey|cluster|node name|time limit)"
    r"|requested (node configuration|partition|reservation|operation) .*(not available|invalid|disabled)"
    r"|requested time limit is invalid|job violates accounting/qos policy|(qos|assoc)\w+\b|(access/)?permission denied"
    r"|user's group not permitted|.* not permitted to use|more processors requested than permitted"
    r"|memory specification can ?not be satisfied|required (partition|node) not available"
    r"|node count specification invalid|cpu count (specification|per node)|job dependency problem"
    r"|pathname of a file|too many tasks|no partition specified|you must specify",
    re.IGNORECASE,
)
_OWN = re.compile(
    r"sbatch: (unrecognized option|invalid option|option .*(requires|ambiguous)|(error|fatal): (.*unrecognized option"
    r"|unable to open file|this does not look like a batch script|the first line must start with #!|for instance: #!"
    r"|batch script (is empty|contains)|instead of expected unix line breaks"
    r"|invalid (--|numeric value|directive)|invalid .* specification))",
    re.IGNORECASE,
)
"""What sbatch prints about its options and the script before it contacts Slurm."""

_NO_CONFIGURATION = re.compile(r"could not establish a configuration source|unable to process configuration file", re.I)
_LOST = "its commands are installed, but no configuration (slurm.conf) says where its cluster is"
_NOBODY_THERE = re.compile(rf"unable to contact slurm|connection refused|{re.escape(_LOST)}", re.IGNORECASE)
_INSTEAD = "To run jobs on this machine without it: `yogo-tui --cluster local`, or `cluster: local` in the settings."

_PREFIX = re.compile(r"^\w+: (error|fatal): ", re.MULTILINE)
_WHOSE = re.compile(r"^(Batch job submission failed|allocation failure): ")


def no_answer(argv0: str, done: Completed) -> ClusterError:
    """The error for a failed query: ClusterUnknown if Slurm did not answer, else ClusterError."""
    words = spoken(done)
    if _NO_ANSWER.search(words):
        instead = f" {_INSTEAD}" if _NOBODY_THERE.search(words) else ""
        return ClusterUnknown(f"Slurm does not answer: {words}.{instead}")
    return ClusterError(f"{argv0} failed: {words}.")


_MOST = 300
"""How many characters of a command's output are shown."""


def not_submitted(done: Completed) -> ClusterError:
    """The error for a failed sbatch: ClusterError if it is certain that no job exists, else ClusterUnknown."""
    behind = _BEHIND.findall(done.stderr)
    last = [line for line in done.stderr.splitlines() if line.startswith("sbatch: ")]
    if _REFUSALS.match(behind[-1]) if behind else last and _OWN.match(last[-1]):
        return ClusterError(f"Slurm did not take the job: {spoken(done)}.")
    return ClusterUnknown(f"sbatch failed: {spoken(done)}.")


def spoken(done: Completed) -> str:
    """The message of the command in one line, without the command's name before each sentence.

    It is read from standard error, else from the end of standard output, where scontrol writes that it finds nothing.
    """
    if _NO_CONFIGURATION.search(done.stderr):
        return _LOST
    lines = [
        _PREFIX.sub("", line).strip() for line in (done.stderr.strip() or done.stdout.strip()[-_MOST:]).splitlines()
    ]
    told = [_WHOSE.sub("", line) for line in lines if line]
    kept = [line for line in dict.fromkeys(told) if not line.startswith("Try ")]
    return printable(" ".join(kept)).rstrip(".") or f"it {_ended(done.status)} and printed nothing"


def _ended(status: int) -> str:
    with contextlib.suppress(ValueError):
        return f"was ended by {signal.Signals(-status).name}"
    return f"ended with status {status}"
