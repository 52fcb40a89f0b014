"""Weights & Biases, online, offline or not at all. Whatever goes wrong there is reported once, and stops nothing."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import secrets
import shlex
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from yogo.run import events
from yogo.run.job import JobIdentity
from yogo.run.manifest import WandbRun
from yogo.training.listeners import Listener
from yogo.training.listeners.service import Service
from yogo.training.listeners.terminal import Terminal
from yogo.training.progress import Event, Measured
from yogo.training.request import TrainingRequest
from yogo.wandb_login import Mode, default_mode

if TYPE_CHECKING:
    from yogo.training.plan import TrainingPlan

START_SECONDS = 120.0
"""How long the library may take to be imported: from a cold network drive it is slow."""

INIT_SECONDS = 30.0
BEGIN_SECONDS = INIT_SECONDS + 15.0
FINISH_SECONDS = 30.0
"""W&B itself waits at the end for as long as it cannot be reached."""

SAY_SECONDS = 5.0


def choose_mode(request: TrainingRequest) -> tuple[Mode, str]:
    """The mode, and a sentence that says why: as requested, else WANDB_MODE, else online if that can work."""
    if importlib.util.find_spec("wandb") is None:
        return "disabled", "W&B is off: the package wandb is not installed"
    if request.wandb is not None:
        return request.wandb, ""
    mode, why = default_mode()
    return mode, f"W&B is off: {why}" if mode == "disabled" else ""


def run_id(name: str, request: TrainingRequest) -> str:
    """The id of a W&B run: the one to continue, else one that a requeued job computes again and no other run has.

    W&B would add the curves of a second run with the same id to those of the first.
    """
    job = JobIdentity.from_environment()
    began = request.token or f"{job.id}{job.cluster}" or secrets.token_hex()
    return request.wandb_id or f"{name}-{hashlib.sha256(began.encode()).hexdigest()[:6]}"


@contextlib.contextmanager
def wandb_run(plan: TrainingPlan, request: TrainingRequest, screen: Terminal) -> Iterator[WeightsAndBiases]:
    """A W&B run for the block, which is closed as failed if the block raises."""
    mode, why = choose_mode(request)
    if why:
        screen.notice(why)
    board, failed = WeightsAndBiases(mode, plan, request, screen.notice), True
    try:
        yield board
        failed = False
    finally:
        board.close(failed=failed)


class WeightsAndBiases(Listener):
    """One W&B run with the name of our run, in a separate process."""

    def __init__(self, mode: Mode, plan: TrainingPlan, request: TrainingRequest, report: Callable[[str], None]) -> None:
        self._report = report
        self._asked = {"entity": request.wandb_entity or "", "project": request.wandb_project or ""}
        self._service: Service | None = None
        self._folder = ""
        self.record = WandbRun(mode="disabled", **self._asked)
        if mode != "disabled":
            self._service = Service(plan.run.path / "wandb")
            self._service.tell({"begin": _settings(mode, plan, request)})
            self._begun(self._service)

    def hear(self, event: Event) -> None:
        service = self._service
        if service is None or not self._is_well(service):
            return
        if isinstance(event, Measured):
            service.tell({"metrics": event.metrics.model_dump_json()})
        elif values := _values(event):
            step = event.step if isinstance(event, events.Step | events.Validated) else None
            service.tell({"log": values, "step": step})

    def close(self, *, failed: bool = False) -> None:
        service, self._service = self._service, None
        if service is None:
            return
        try:
            service.tell({"finish": int(failed)})
            answer = self._wait(service, "finished", FINISH_SECONDS, "W&B is slow to finish")
            if "finished" not in answer:
                why = answer.get("error", f"it was still busy after {FINISH_SECONDS:g} seconds")
                self._report(f"W&B did not end well ({why}). What it has: {self._folder}")
        finally:
            service.end()

    def _begun(self, service: Service) -> None:
        answer = self._wait(service, "imported", START_SECONDS, "W&B is slow to start")
        if "imported" in answer:
            answer = self._wait(service, "begun", BEGIN_SECONDS, "W&B is slow to begin the run")
        if "begun" not in answer:
            why = answer.get("error", "it did not answer")
            return self._drop(f"W&B failed to begin: {why}; it is left out")
        self._folder = answer["folder"]
        mode: Mode = "online" if answer["begun"] == "online" else "offline"
        self.record = WandbRun(mode=mode, id=answer["id"], url=answer["url"], **self._asked)
        if mode == "offline":
            why = f", as W&B failed to begin online: {answer['trouble']}" if answer["trouble"] else ""
            self._report(f"W&B is offline{why}. Upload later: wandb sync {shlex.quote(self._folder)}")
        return None

    def _wait(self, service: Service, key: str, seconds: float, slow: str) -> dict[str, str]:
        """The answer with this key, or an error; empty if there is none in time. A delay is reported after a while."""
        answer = service.answer(key, min(seconds, SAY_SECONDS))
        if not answer:
            self._report(f"{slow}; waiting up to {seconds:g} seconds")
            answer = service.answer(key, seconds - SAY_SECONDS)
        return answer

    def _is_well(self, service: Service) -> bool:
        """Whether nothing went wrong in the meantime; else W&B is left out from here on."""
        if answer := service.answer("error", 0.0):
            self._drop(
                f"W&B failed to log: {answer['error']}; it is left out from here on. What it has: {self._folder}"
            )
        return not answer

    def _drop(self, sentence: str) -> None:
        if self._service is not None:
            self._service.end()
            self._service = None
        self._report(sentence)


def _settings(mode: Mode, plan: TrainingPlan, request: TrainingRequest) -> dict[str, Any]:
    """The arguments of wandb.init."""
    config = {**plan.recipe.model_dump(mode="json"), "definition": str(plan.definition), "classes": list(plan.classes)}
    return {
        "mode": mode,
        "id": request.test.wandb_resume_id if request.test else run_id(plan.run.name, request),
        "name": f"{plan.run.name} test" if request.test else plan.run.name,
        "entity": request.wandb_entity,
        "project": request.wandb_project or "yogo",
        "notes": request.note or None,
        "tags": list(request.tags),
        "dir": str(plan.run.path),
        "resume": "allow" if mode == "online" else None,
        "config": config,
        "settings": {
            **{"console": "off", "silent": True, "disable_git": True, "x_stats_pid": os.getpid()},
            **({} if os.environ.get("WANDB_INIT_TIMEOUT") else {"init_timeout": INIT_SECONDS}),
        },
    }


def _values(event: Event) -> dict[str, Any]:
    match event:
        case events.Step():
            more = {"lr": event.lr, "frames_per_s": event.frames_per_s, "data_wait": event.data_wait}
            return _figures("train", event.losses.model_dump()) | {
                key: value for key, value in more.items() if value is not None
            }
        case events.Validated():
            figures = _figures("val", event.metrics)
            return _figures("val", event.losses.model_dump()) | figures | {"epoch": float(event.epoch)}
        case events.Tested():
            return _figures("test", event.losses.model_dump()) | _figures("test", event.metrics)
        case _:
            return {}


def _figures(prefix: str, figures: Mapping[str, float | None]) -> dict[str, float]:
    return {f"{prefix} {name.replace('_', ' ')}": value for name, value in figures.items() if value is not None}
