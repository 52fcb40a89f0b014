"""What a request need not say, since a run has it on record. Light: it is asked before torch is imported."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from typing import Any

from yogo.errors import RunError
from yogo.run.directory import RunDirectory
from yogo.run.manifest import Manifest
from yogo.training.request import Request


def as_recorded(request: Request, environment: Mapping[str, str] = os.environ) -> Request:
    """The request with the run that it goes on with, and what was said of that one."""
    request = _requeued(request, environment)
    manifest = _manifest(RunDirectory(request.resume)) if request.resume else None
    if manifest is None:
        return request
    known: dict[str, Any] = {"note": manifest.note, "tags": manifest.tags}
    if manifest.wandb is not None:
        # Another entity or project would make another W&B run of the same id.
        known |= {f"wandb_{name}": getattr(manifest.wandb, name) or None for name in ("id", "entity", "project")}
    return request.model_copy(update={name: value for name, value in known.items() if not getattr(request, name)})


def _requeued(request: Request, environment: Mapping[str, str]) -> Request:
    """In a job that was started again: to go on with the run that this job began, for it says the same once more."""
    job_id = environment.get("SLURM_JOB_ID")
    if request.resume or request.test or not job_id or environment.get("SLURM_RESTART_COUNT", "0") == "0":
        return request
    folders = [request.runs / request.name] if request.name else sorted(request.runs.glob("*"))
    for run in map(RunDirectory, folders):
        if run.result.exists() or (manifest := _manifest(run)) is None or manifest.job_id != job_id:
            continue
        if request.name or manifest.command == request.command:
            return request.model_copy(update={"resume": run.path})
    return request


def _manifest(run: RunDirectory) -> Manifest | None:
    # A damaged one is told where the run is read; another run's is none of this one's business.
    with contextlib.suppress(FileNotFoundError, RunError):
        return Manifest.read(run.manifest)
    return None
