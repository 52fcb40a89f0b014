"""From a plan to the script that is submitted. Pure: the same plan, folder and token give the same text."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import PurePosixPath

from yogo.recipe import Recipe, flag, knobs
from yogo.run.directory import RunDirectory
from yogo.run.launch import Parent
from yogo_tui.launch.plan import Plan
from yogo_tui.settings import Settings, SizePreset

MAX_RESTARTS = 5
"""After as many, Slurm itself (MaxBatchRequeue) holds a job by default."""

PREVIEW_TOKEN = "shown-at-launch"
"""Stands in a script that is only looked at."""

COMMENT = "yogo:"
"""What a launch's token is preceded by in its job's comment."""


def render(settings: Settings, plan: Plan, token: str) -> str:
    """The job script of `plan`. Raises TemplateError."""
    from yogo_tui.launch.templates import fill

    run = RunDirectory(settings.runs_folder / plan.name)
    values = {
        **_site(settings, plan.size),
        "name": plan.name,
        "token": token,
        "comment": COMMENT + token,
        "workspace": str(settings.workspace_folder),
        "runs": str(settings.runs_folder),
        "run": str(run.path),
        "last": str(run.last),
        "log_folder": str(run.path),
        "definition": str(plan.definition),
        "flags": flags(plan.recipe),
        "processes": plan.size.processes or max(plan.size.gpus, 1),
        "parent": _parent(plan.parent),
        "reset_head": plan.reset_head,
        "max_restarts": MAX_RESTARTS,
    }
    return fill(plan.size.template, values, own=settings.templates_folder)


def render_wrapper(settings: Settings, size: SizePreset) -> str:
    """A script of this size that takes its command from its arguments. Raises TemplateError."""
    from yogo_tui.launch.templates import fill

    return fill("wrapper.sbatch", _site(settings, size), own=settings.templates_folder)


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
