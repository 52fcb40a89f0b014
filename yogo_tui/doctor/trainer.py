"""What `yogo doctor` says of the machine that it runs on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import PurePosixPath

from pydantic import BaseModel, ConfigDict, ValidationError

from yogo.text.wording import counted
from yogo_tui.advice import tui
from yogo_tui.doctor.finding import Finding, bad, doubt, good, none
from yogo_tui.errors import HostError
from yogo_tui.session import Session

WORDS = ("doctor", "--json")
_PATIENCE_SECONDS = 120.0
_MOST = 300


class GpuFacts(BaseModel):
    model_config = ConfigDict(frozen=True)

    name: str
    bytes: int


class TrainerFacts(BaseModel):
    """What training finds on a machine."""

    model_config = ConfigDict(frozen=True)

    version: str
    python: str
    program: str
    host: str
    cpus: int
    torch: str | None
    cuda: str | None
    gpus: tuple[GpuFacts, ...]
    wandb: str | None
    problem: str
    time: float | None = None
    """Seconds since the epoch, by the clock there, when this was said."""


def facts_in(printed: str) -> TrainerFacts | None:
    """Those in a command's output, which set-up lines may have added to; None if there are none."""
    for line in reversed(printed.splitlines()):
        if line.startswith("{"):
            try:
                return TrainerFacts.model_validate(json.loads(line))
            except (ValueError, ValidationError):
                continue
    return None


def of_facts(facts: TrainerFacts, *, wandb: str, num_gpus: int | None) -> Iterator[Finding]:
    """`wandb` is the mode of runs. `num_gpus` is how many GPUs there must be, or None where none need be."""
    yield good("yogo", f"{facts.version}, Python {facts.python} on {facts.host} ({facts.program})")
    if facts.problem:
        yield bad("torch", f"{facts.problem}.")
        return
    yield good("torch", f"{facts.torch}{f' for CUDA {facts.cuda}' if facts.cuda else ', without CUDA'}")
    yield _of_gpus(facts, num_gpus)
    if wandb != "disabled" and not facts.wandb:
        yield bad("wandb", "runs are logged to W&B, and wandb is not installed beside yogo.", "pip install wandb")


def _of_gpus(facts: TrainerFacts, num_gpus: int | None) -> Finding:
    seen = len(facts.gpus)
    what = ", ".join(f"{gpu.name} ({gpu.bytes / 2**30:.0f} GiB)" for gpu in facts.gpus)
    if num_gpus is None:
        return good("GPUs", what) if seen else none("GPUs", f"none on {facts.host} that torch can use")
    if seen >= num_gpus:
        return good("GPUs", what)
    said = f"torch sees {counted(seen, 'GPU')}, and the job has {num_gpus}."
    return bad("GPUs", said, "See whether this torch fits the node's driver: nvidia-smi says which CUDA it has.")


async def of_trainer(session: Session, *, with_job: bool = False) -> tuple[Finding, ...]:
    """The trainer as it runs where the console works: where a scheduler runs the jobs, that is a login node."""
    settings = session.settings
    words, is_far = shown_words(settings.yogo_words), session.machine is None
    try:
        done = await session.host.run(
            [*settings.yogo_words, *WORDS],
            folder=PurePosixPath(settings.workspace_folder),
            timeout_seconds=_PATIENCE_SECONDS,
            only_looks=True,
        )
    except HostError as error:
        return (bad("yogo", str(error), "The setting yogo_command names the program."),)
    facts = facts_in(done.stdout)
    if facts is None:
        said = (done.stderr.strip() or done.stdout.strip())[-_MOST:] or f"it ended with status {done.status}"
        sentence, advice = f"{words} doctor does not answer: {said}.", "The setting yogo_command names the program."
        if is_far and settings.setup:
            return (doubt("yogo", sentence, f"The setting setup may bring it: {tui()} doctor --job tries that."),)
        return (bad("yogo", sentence, advice),)
    machine_gpus = session.machine.num_gpus if session.machine else None
    found = of_facts(facts, wandb=settings.wandb_mode[0], num_gpus=machine_gpus or None)
    there = (
        none(
            "in a job",
            "not tried: the lines above are of this login node.",
            f"{tui()} doctor --job tries it (J in the console).",
        ),
    )
    return (*found, *(there if is_far and not with_job else ()))


def shown_words(words: tuple[str, ...]) -> str:
    return " ".join(words)
