"""From a plan to the script that is submitted. Pure: the same plan, folder and token give the same text."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from yogo.recipe import Recipe, flag, knobs
from yogo.run.directory import RunDirectory
from yogo.run.launch import Parent
from yogo_tui.errors import TemplateError
from yogo_tui.launch.plan import Plan
from yogo_tui.launch.quoting import sbatch, shell
from yogo_tui.settings import Settings, SizePreset

MAX_RESTARTS = 5
"""After as many, Slurm itself (MaxBatchRequeue) holds a job by default."""

_ENDINGS = {
    75: "it saved, and Slurm did not take it back into the queue",
    76: f"it came back {MAX_RESTARTS} times and has not finished",
}
"""What the exit status of a script says (_signals.sbatch)."""

_WORDS = {
    "TIMEOUT": "its time was up, and it did not come back into the queue",
    "DEADLINE": "its deadline passed",
    "NODE_FAIL": "its node failed, and it did not come back into the queue",
    "BOOT_FAIL": "its node did not start",
    "PREEMPTED": "others came first, and it did not come back into the queue",
}

PREVIEW_TOKEN = "shown-at-launch"
"""Stands in a script that is only looked at."""

COMMENT = "yogo:"
"""What a launch's token is preceded by in its job's comment."""


def render(settings: Settings, plan: Plan, token: str, *, resumed: PurePosixPath | None = None) -> str:
    """The job script of `plan`, or of a further job that goes on with the run in the folder `resumed`.

    Raises TemplateError.
    """
    from yogo_tui.launch.templates import fill, with_signals

    values = _values(settings, plan, token, resumed)
    _check(values)
    script = fill(plan.size.template, values, own=settings.templates_folder)
    # A template of the user's own may be older than --resume is: its job would begin again.
    if resumed and script == fill(plan.size.template, values | {"resume": False}, own=settings.templates_folder):
        raise TemplateError(
            f"The script template {plan.size.template}, or what it includes, in {settings.templates_folder} does not "
            "know how to go on with a run: take over `{% if resume %}` from the shipped _train.sbatch."
        )
    return with_signals(script, values, own=settings.templates_folder)


_OWNERS = {
    "log_folder": "the folder of the run, in the workspace",
    "workspace": "the workspace",
    "definition": "the path of the dataset definition",
    "partition": "the setting partition",
    "account": "the setting account",
    "gpus": "the setting gpu_type",
    "yogo": "the setting yogo_command",
    "setup": "the setting setup",
}
"""Where the values come from that a person writes."""


def _check(values: Mapping[str, object]) -> None:
    """Raises TemplateError, naming whose value it is that no script can hold: a template's line would mislead."""
    for name, owner in _OWNERS.items():
        value = values[name]
        try:
            if name in ("log_folder", "partition", "account", "gpus"):
                sbatch(value)
            shell(value)
        except ValueError as error:
            raise TemplateError(
                f"{owner[0].upper()}{owner[1:]} cannot be used: {error}. Choose another one."
            ) from error


def _values(settings: Settings, plan: Plan, token: str, resumed: PurePosixPath | None) -> dict[str, object]:
    run = RunDirectory(Path(resumed or settings.runs_folder / plan.name))
    return {
        **_site(settings, plan.size),
        "name": plan.name,
        "token": token,
        "comment": COMMENT + token,
        "workspace": str(settings.workspace_folder),
        "runs": str(run.path.parent),
        "run": str(run.path),
        "last": str(run.last),
        "log_folder": str(run.path),
        "definition": str(plan.definition),
        "flags": flags(plan.recipe),
        "processes": plan.size.processes or max(plan.size.gpus, 1),
        "parent": _parent(plan.parent),
        "reset_head": plan.reset_head,
        "max_restarts": MAX_RESTARTS,
        "resume": resumed is not None,
    }


def render_wrapper(settings: Settings, size: SizePreset) -> str:
    """A script of this size that takes its command from its arguments. Raises TemplateError."""
    from yogo_tui.launch.templates import fill

    return fill("wrapper.sbatch", _site(settings, size), own=settings.templates_folder)


def render_use(settings: Settings, size: SizePreset, *, name: str, folder: PurePosixPath, words: Sequence[str]) -> str:
    """A script that says `words` to yogo, as the job `name`, whose log lies in `folder`. Raises TemplateError."""
    from yogo_tui.launch.templates import fill

    own = {"name": name, "folder": str(folder), "workspace": str(settings.workspace_folder), "words": list(words)}
    return fill("use.sbatch", {**_site(settings, size), **own}, own=settings.templates_folder)


def ending(word: str, exit_status: int | None) -> str:
    """What a job's end says of its run, which can be gone on with; empty where that is not known from it."""
    return _WORDS.get(word) or _ENDINGS.get(exit_status or 0, "")


def flags(recipe: Recipe) -> list[tuple[str, ...]]:
    """Every knob of `recipe` as the words of `yogo train`'s command line, in the order they were declared."""
    return [flag(name, getattr(recipe, name)) for name, _, _ in knobs(type(recipe))]


def log_path(directory: PurePosixPath, job_id: str) -> PurePosixPath:
    """Where the job writes what it says."""
    return directory / f"{directory.name}-{job_id}.log"


def _site(settings: Settings, size: SizePreset) -> Mapping[str, object]:
    """What depends on the machine alone."""
    seconds = math.ceil(size.hours * 3600)
    return {
        "partition": settings.partition,
        "account": settings.account,
        "gpus": f"{settings.gpu_type}:{size.gpus}" if settings.gpu_type and size.gpus else size.gpus,
        "cpus": size.cpus,
        "time": f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}",
        "signal_seconds": min(180, seconds // 4),
        "setup": settings.setup,
        "yogo": settings.yogo_words,
        "wandb": settings.wandb_mode[0],
        "wandb_project": settings.wandb_project,
        "wandb_entity": settings.wandb_entity,
    }


def _parent(parent: Parent | None) -> Mapping[str, str] | None:
    if parent is None:
        return None
    return {"checkpoint": parent.checkpoint, "run": parent.run or "", "sha256": parent.sha256 or ""}
