"""Finds the error that ended a run: in its receipt, in the state of its job, or in the end of its log."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from yogo.run.killed import STATUS as KILLED_STATUS


class Lack(StrEnum):
    """What a run had too little of, and what it is to have more of when it is launched again."""

    TIME = "time"
    MEMORY = "memory"
    GPU_MEMORY = "GPU memory"


@dataclass(frozen=True, slots=True)
class Fault:
    """An error that ended a run."""

    said: str
    """As the log or the receipt says it, in one line; empty if only the scheduler told of it."""

    words: str = ""
    """In plain words; empty where `said` is all that is known."""

    advice: str = ""
    """The next step, in a sentence or two."""

    where: str = ""
    """File and line, such as "train.py, line 127"; empty if they are not known."""

    lack: Lack | None = None

    @property
    def is_guess(self) -> bool:
        """Whether it is only likely that it lacked that."""
        return self.advice == _IF_MEMORY


@dataclass(frozen=True, slots=True)
class _Rule:
    signs: re.Pattern[str]
    words: str
    advice: str
    lack: Lack | None = None


def _rule(signs: str, words: str, advice: str, lack: Lack | None = None) -> _Rule:
    return _Rule(re.compile(signs, re.IGNORECASE | re.ASCII), words, advice, lack)


_BIGGER = "Launch it again bigger: A, or yogo-tui again --bigger."
GO_ON_OR = "Resume it, or "
"""Before an advice, for a run that has begun to train."""

_GO_ON_OR_BIGGER = f"{GO_ON_OR}{_BIGGER[0].lower()}{_BIGGER[1:]}"
_IF_MEMORY = f"{GO_ON_OR.strip()}, if its memory may have been full, {_BIGGER[0].lower()}{_BIGGER[1:]}"
_KILLED = "it was killed, most often because the memory was full"
_NODE = "The node may be broken: resume it, and tell the people who run the cluster if it fails there again."
_SETUP = "Correct `setup` in the settings, and launch it again."

_RULES = (
    _rule(
        r"CUDA out of memory|OutOfMemoryError: CUDA|CU(BLAS|DNN)_STATUS_ALLOC_FAILED|HIP out of memory"
        r"|CUDA error: out of memory|MPS backend out of memory",
        "the GPU's memory was full",
        f"Half the batch, accumulated twice, needs about half the memory. {_BIGGER}",
        Lack.GPU_MEMORY,
    ),
    _rule(
        r"insufficient shared memory|unable to (open|allocate|resize) shared memory|/dev/shm.*No space left",
        "the shared memory of the node (/dev/shm) was full",
        "Ask the people who run the cluster for more of it; a container has an option for it (--shm-size).",
    ),
    _rule(
        r"oom[-_ ]?kill|out[- ]of[- ]memory handler|out[- ]of[- ]memory killer|Out of memory: Kill"
        r"|exceeded (job|step|virtual) memory limit|exceeded memory limit|is killed by signal: Killed"
        r"|^MemoryError|Cannot allocate memory"
        r"|can't allocate memory|std::bad_alloc|Unable to allocate .*iB"
        r"|the memory was full: the kernel killed|tasks? [\d,-]+: Out Of Memory",
        "the job's memory was full",
        _BIGGER,
        Lack.MEMORY,
    ),
    _rule(
        r"No space left on device",
        "the disk was full",
        "Make room there (`df -h` shows which disk it is), then resume it.",
    ),
    _rule(r"Disk quota exceeded", "your quota on the disk was used up", "Make room there, then resume it."),
    _rule(
        r"Stale (NFS )?file handle|Transport endpoint is not connected|Input/output error|Remote I/O error",
        "the file system did not answer",
        "Resume it once its folders can be read again.",
    ),
    _rule(r"Read-only file system", "a folder cannot be written to", "Use another workspace, or ask why it is so."),
    _rule(
        r"Too many open files",
        "too many files were open",
        "Write `ulimit -n 65536` into `setup` in the settings, and resume it.",
    ),
    _rule(r"DUE TO TIME LIMIT", "it reached its time limit", _GO_ON_OR_BIGGER, Lack.TIME),
    _rule(
        r"DUE TO PREEMPTION",
        "jobs of a higher priority preempted it",
        "Resume it: it goes on from its last checkpoint.",
    ),
    _rule(r"DUE TO NODE FAILURE|NODE FAIL", "its node failed", f"Resume it. {_NODE}"),
    _rule(
        r"unable to locate a modulefile|following module\(s\) (are|is) unknown|module: (command )?not found"
        r"|Unable to find module",
        "a module that it loads does not exist there",
        f"`module avail` lists those that there are. {_SETUP}",
    ),
    _rule(
        r"EnvironmentNameNotFound|EnvironmentLocationNotFound|Could not find conda environment"
        r"|conda(\.sh)?: .*not found|conda(\.sh)?: No such file|Run 'conda init'"
        r"|(micro)?mamba: .*not found|bin/activate: No such file",
        "the Python environment was not found",
        f"`conda env list` lists those that there are. {_SETUP}",
    ),
    _rule(
        r"^This line of the setting setup failed",
        "a line of the setting setup failed",
        _SETUP,
    ),
    _rule(
        r"yogo\S*: command not found|yogo\S*: No such file|execve\(\): \S*yogo\S*|No module named '?yogo",
        "yogo was not found there",
        "Set `yogo_command` in the settings to its path, or activate its environment in `setup`.",
    ),
    _rule(
        r"ModuleNotFoundError: |ImportError: ",
        "a Python package is missing there",
        f"Install it in the environment of the job, or activate the right one. {_SETUP}",
    ),
    _rule(r": command not found$|execve\(\): ", "a program was not found there", _SETUP),
    _rule(
        r"No CUDA GPUs are available|no CUDA-capable device|Found no NVIDIA driver|CUDA driver version is insufficient"
        r"|Torch not compiled with CUDA|Can't communicate with the GPU|no kernel image is available",
        "the node's GPU could not be used",
        f"Its driver may be older than PyTorch needs (`nvidia-smi` there shows it). {_NODE}",
    ),
    _rule(
        r"uncorrectable ECC|CUDA error: (unspecified launch failure|an illegal memory access|misaligned)"
        r"|GPU has fallen off the bus|Xid \(|CUDA error: unknown error",
        "the GPU failed",
        f"Resume it. {_NODE}",
    ),
    _rule(
        r"device-side assert",
        "the GPU stopped at a value that cannot be, such as a class index that the model does not have",
        "Check the labels that it was trained on: yogo check says what is wrong, as Datasets does.",
    ),
)
"""The first of these that fits anywhere in the end of a log tells why: a cause comes before what follows from it."""

_FOLLOWS = (
    _rule(
        r"NCCL error|NCCL watchdog|NCCL timeout"
        r"|ncclSystemError|ncclUnhandledCudaError|ncclRemoteError|ncclInternalError"
        r"|Watchdog caught collective|DistBackendError|DistStoreError|DistNetworkError|Connection closed by peer"
        r"|Connection reset by peer|\bgloo\b.*(error|timeout|timed out)|Broken pipe|RendezvousError",
        "the processes of the run lost each other (NCCL)",
        "One of them ended or hung, or the network between the nodes failed: look further up in its log, resume it.",
    ),
    _rule(
        r"Segmentation fault|Bus error|core dumped|SIGSEGV|SIGBUS|SIGABRT|Illegal instruction",
        "a library crashed",
        f"Resume it. If it crashes again, the installation does not fit the node: yogo --version there. {_NODE}",
    ),
    _rule(
        r"^Killed$|:? \d+ Killed\b|tasks? [\d,-]+: Killed|signal 9\b|SIGKILL|exit(ed with exit)? code 137"
        r"|exit(ed with exit)? status 137",
        _KILLED,
        _IF_MEMORY,
        Lack.MEMORY,
    ),
    _rule(
        r"another process of the run was killed or lost",
        "it lost one of its processes, which may have been killed because the memory was full",
        _IF_MEMORY,
        Lack.MEMORY,
    ),
    _rule(r"CANCELLED AT", "it was cancelled", "Resume it: it goes on from its last checkpoint."),
)
"""What often follows from another error, and counts only where no other is found."""

KNOWN = tuple(rule.signs for rule in (*_RULES, *_FOLLOWS))
"""One of these is in each line that tells of an error with a name of its own."""

_OWN = re.compile(r"^yogo(?:-tui)?: (?!note\b|warning\b)(.+)")
_SLURM = re.compile(r"^(?:srun|slurmstepd|slurmd|sbatch)(?:\[\d+\])?: (?:error|fatal): (.+)")
_BACK = re.compile(r"DUE TO (PREEMPTION|JOB REQUEUE|NODE FAILURE)|^The job goes back into the queue")
_RANK = re.compile(r"^(?:\[?(?:rank|default)?\d+\]?: ?|\s*[|+] )")
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_TRACEBACK = "Traceback (most recent call last):"
_CHAINED = ("During handling of the above exception", "The above exception was the direct cause")
_PLACE = re.compile(r'^\s*File "(.+)", line (\d+)')
_ERROR = re.compile(
    r"^[A-Za-z_][\w.]*(?:Error|Exception|Warning|Interrupt|Exit|Timeout|Lost|Iteration|Group)?\b(?::|$)"
)
_CALLED_ERROR = re.compile(
    r"^[\w.]*(?:Error|Exception|Interrupt)\b(?::|$)|\b(?:error|fatal): |out of memory", re.IGNORECASE
)
_LIBRARIES = re.compile(r"/(site|dist)-packages/|/lib/python\d|<frozen |<string>")


def lines_of(text: str) -> list[str]:
    """The lines of a log's end without colours, prefixes of ranks, and what a progress bar has drawn over."""
    return [_RANK.sub("", _ESCAPES.sub("", line).rstrip()) for line in re.split(r"[\r\n]+", text)]


def tells_of_error(line: str) -> bool:
    """Whether a line, as `lines_of` gives it, tells of an error, be it one that ended the run or not."""
    if line.startswith(_TRACEBACK) or _CALLED_ERROR.search(line) or _OWN.match(line):
        return True
    return any(signs.search(line) for signs in KNOWN)


def fault_in(text: str) -> Fault | None:
    """The error in the end of a log that ended it; None if there is none that is known to be one."""
    lines = lines_of(text)
    # A job that went back into the queue goes on with its log: what its last start says comes first.
    begun = next((number for number in range(len(lines), 0, -1) if _BACK.search(lines[number - 1])), 0)
    if begun and (found := _cause(lines[begun:])):
        return found
    if found := _cause(lines) or _by_rule(_FOLLOWS, lines, list(_tracebacks(lines))):
        return found
    slurm = [match[1] for line in lines if (match := _SLURM.match(line))]
    return (
        Fault(slurm[-1], advice="Resume it. If it ends so again, ask the people who run the cluster.")
        if slurm
        else None
    )


def _cause(lines: Sequence[str]) -> Fault | None:
    """The error that does not follow from another one; None if there is none."""
    errors = list(_tracebacks(lines))
    if found := _by_rule(_RULES, lines, errors):
        return found
    causes = [error for error in errors if not _follows(error.said)]
    own = [match[1] for line in lines if (match := _OWN.match(line)) and not _follows(line)]
    if causes or not own:
        return causes[-1] if causes else None
    return Fault(own[-1], advice="Mend what it says, then resume it, or launch it again.")


def _follows(sentence: str) -> bool:
    return any(rule.signs.search(sentence) for rule in _FOLLOWS)


def fault_of(sentence: str) -> Fault:
    """The error that a receipt names, in plain words where it is a known one."""
    return _by_rule((*_RULES, *_FOLLOWS), [sentence], ()) or Fault(sentence)


def fault_of_end(word: str, exit_status: int | None) -> Fault | None:
    """The error that a scheduler's word for the end of a job tells of; None if it tells of none."""
    match word:
        case "TIMEOUT" | "DEADLINE":
            return Fault("", "it reached its time limit", _GO_ON_OR_BIGGER, lack=Lack.TIME)
        case "OUT_OF_MEMORY":
            return Fault("", "the job's memory was full", _BIGGER, lack=Lack.MEMORY)
        case "NODE_FAIL" | "BOOT_FAIL":
            return Fault("", "its node failed", f"Resume it. {_NODE}")
        case "PREEMPTED":
            return Fault(
                "", "jobs of a higher priority preempted it", "Resume it: it goes on from its last checkpoint."
            )
    if exit_status == KILLED_STATUS:
        return Fault("", _KILLED, _IF_MEMORY, lack=Lack.MEMORY)
    return None


def _by_rule(rules: Sequence[_Rule], lines: Sequence[str], errors: Sequence[Fault]) -> Fault | None:
    for rule in rules:
        said = next((line.strip() for line in reversed(lines) if rule.signs.search(line)), None)
        if said is None:
            continue
        where = next((error.where for error in reversed(errors) if error.said == said), "")
        return Fault(said, rule.words, rule.advice, where, rule.lack)
    return None


def _tracebacks(lines: Sequence[str]) -> Iterator[Fault]:
    """The error at the end of each Python traceback. Of errors that follow from one another it is the last."""
    number = 0
    while number < len(lines):
        if lines[number].strip() != _TRACEBACK:
            number += 1
            continue
        places, number = list[tuple[str, str]](), number + 1
        while number < len(lines) and (lines[number].startswith((" ", "\t")) or not lines[number]):
            if place := _PLACE.match(lines[number]):
                places.append((place[1], place[2]))
            number += 1
        if number < len(lines) and _ERROR.match(lines[number]) and not _goes_on(lines, number + 1):
            yield Fault(lines[number].strip(), where=_where(places), advice="Its log shows how it came to that.")


def _goes_on(lines: Sequence[str], number: int) -> bool:
    """Whether another traceback follows from the error above this line."""
    after = next((line for line in lines[number : number + 3] if line.strip()), "")
    return after.startswith(_CHAINED)


def _where(places: Sequence[tuple[str, str]]) -> str:
    """The innermost line of a traceback that is not of a library; else the innermost."""
    own = [place for place in places if not _LIBRARIES.search(place[0])] or places
    return f"{own[-1][0]}, line {own[-1][1]}" if own else ""
