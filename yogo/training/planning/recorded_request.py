"""Completes a request from a run's record. A light module: it is used before torch is imported."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from typing import Any

from yogo.errors import RunError
from yogo.run.directory import RunDirectory
from yogo.run.job import JobIdentity
from yogo.run.manifest import Manifest
from yogo.training.request import TrainingRequest


def as_recorded(request: TrainingRequest, environment: Mapping[str, str] = os.environ) -> TrainingRequest:
    """The request with the run that it resumes, and that run's options."""
    request = _requeued(request, environment)
    manifest = _manifest(RunDirectory(request.resume)) if request.resume else None
    if manifest is None:
        return request
    known: dict[str, Any] = {"note": manifest.note, "tags": manifest.tags}
    if manifest.wandb is not None:
        # Another entity or project would create another W&B run with the same id.
        known |= {f"wandb_{name}": getattr(manifest.wandb, name) or None for name in ("id", "entity", "project")}
    return request.model_copy(update={name: value for name, value in known.items() if not getattr(request, name)})


def _requeued(request: TrainingRequest, environment: Mapping[str, str]) -> TrainingRequest:
    """In a restarted job: resume the run that this job began, because its command is the same as before."""
    job = JobIdentity.from_environment(environment)
    if request.resume or request.test or not job.id or not job.restarts:
        return request
    names = [request.name] if request.name else sorted(path.name for path in request.runs.glob("*"))
    for run in (RunDirectory.of(name, request.runs) for name in names):
        if run.result.exists() or (manifest := _manifest(run)) is None or manifest.job_id != job.id:
            continue
        if request.name or manifest.command == request.command:
            return request.model_copy(update={"resume": run.path})
    return request


def _manifest(run: RunDirectory) -> Manifest | None:
    # A damaged file is reported where the run is read; another run's file does not matter here.
    with contextlib.suppress(FileNotFoundError, RunError):
        return Manifest.read(run.manifest)
    return None
