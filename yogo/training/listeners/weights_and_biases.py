"""Weights & Biases, online, offline or not at all. Whatever goes wrong there is reported once, and stops nothing."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import secrets
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from yogo.run import events
from yogo.run.lease import job
from yogo.run.manifest import WandbRun
from yogo.training.listeners.charts import charts
from yogo.training.progress import Event, Measured
from yogo.training.request import Request, WandbMode
from yogo.wandb_login import MODES, login

if TYPE_CHECKING:
    from yogo.training.plan import Plan

FINISH_IN_TIME = {"finish_timeout": 30.0, "finish_timeout_raises": True}
"""In seconds. Without it, W&B waits at the end for as long as it cannot be reached; versions before 0.31 lack it."""


def choose_mode(request: Request) -> tuple[WandbMode, str]:
    """The mode, and why, as a sentence: what was asked for, else WANDB_MODE, else online if that can work."""
    if importlib.util.find_spec("wandb") is None:
        return "disabled", "W&B is off: the package wandb is not installed"
    if request.wandb is not None:
        return request.wandb, ""
    asked = os.environ.get("WANDB_MODE", "")
    if asked:
        mode = MODES.get(asked, "disabled")
        return mode, f"W&B is {mode}, as WANDB_MODE={asked} says"
    if not login():
        return "disabled", "W&B is off: nobody is logged in here (`wandb login`, or --wandb offline)"
    return "online", ""


def run_id(name: str, request: Request) -> str:
    """Of a W&B run: the one to go on with, else one that a requeue finds again and no other run of that name has.

    W&B would add the curves of a second run of one id to those of the first.
    """
    began = request.token or "".join(job()) or secrets.token_hex()
    return request.wandb_id or f"{name}-{hashlib.sha256(began.encode()).hexdigest()[:6]}"


class WeightsAndBiases:
    """One W&B run, named as ours is."""

    def __init__(self, mode: WandbMode, plan: Plan, request: Request, report: Callable[[str], None]) -> None:
        self.mode = mode
        self._report = report
        self._run: Any = None
        self._asked = {"entity": request.wandb_entity or "", "project": request.wandb_project or ""}
        if mode == "online":
            self._try("begin", lambda: self._begin(plan, request), "its files are kept here, for `wandb sync`")
            self.mode = "online" if self._run is not None else "offline"
        if mode != "disabled" and self._run is None:
            self._try("begin", lambda: self._begin(plan, request))

    @property
    def record(self) -> WandbRun:
        if self._run is None:
            return WandbRun(mode="disabled", **self._asked)
        url = str(self._run.url) if self.mode == "online" else ""
        return WandbRun(mode=self.mode, id=str(self._run.id), url=url, **self._asked)

    def hear(self, event: Event) -> None:
        if self._run is not None and (values := _values(event)):
            step = event.step if isinstance(event, events.Step | events.Validated) else None
            self._try("log", lambda: self._run.log(values, step=step))

    def close(self, *, failed: bool = False) -> None:
        if self._run is not None:
            self._try("finish", lambda: self._run.finish(exit_code=int(failed)), "`wandb sync` uploads what it lacks")

    def _begin(self, plan: Plan, request: Request) -> None:
        import wandb

        if self.mode == "offline":
            # A service that could not reach W&B holds on to the run's id.
            wandb.teardown()
        config = {**plan.recipe.model_dump(mode="json"), "definition": str(plan.definition), "classes": plan.classes}
        settings = {"console": "off", "silent": True, "disable_git": True} | FINISH_IN_TIME
        self._run = wandb.init(
            mode=self.mode,
            id=request.test.wandb_resume_id if request.test else run_id(plan.run.name, request),
            name=f"{plan.run.name} test" if request.test else plan.run.name,
            entity=request.wandb_entity,
            project=request.wandb_project or os.environ.get("WANDB_PROJECT") or "yogo",
            notes=request.note or None,
            tags=list(request.tags),
            dir=str(plan.run.path),
            resume="allow" if self.mode == "online" else None,
            config=config,
            settings={name: value for name, value in settings.items() if name in wandb.Settings.model_fields},
        )

    def _try(self, what: str, action: Callable[[], object], instead: str = "it is left out from here on") -> None:
        try:
            action()
        # W&B raises of many kinds, of other libraries too, and none of them is worth a run.
        except Exception as error:
            self._run = None
            first_line = (str(error).splitlines() or [type(error).__name__])[0]
            self._report(f"W&B failed to {what}: {first_line}; {instead}")


def _values(event: Event) -> dict[str, Any]:
    match event:
        case events.Step():
            more = {"lr": event.lr, "frames_per_s": event.frames_per_s, "data_wait": event.data_wait}
            return _numbers("train", event.losses) | {key: value for key, value in more.items() if value is not None}
        case events.Validated():
            figures = _figures("val", event.metrics)
            return _numbers("val", event.losses) | figures | {"epoch": float(event.epoch)}
        case events.Tested():
            return _numbers("test", event.losses) | _figures("test", event.metrics)
        case Measured(metrics):
            return charts(metrics)
        case _:
            return {}


def _numbers(prefix: str, losses: events.Losses) -> dict[str, float]:
    found = losses.model_dump(exclude_none=True)
    return {f"{prefix} {name.replace('_', ' ')}": float(value) for name, value in found.items()}


def _figures(prefix: str, figures: Mapping[str, float | None]) -> dict[str, float]:
    return {f"{prefix} {name.replace('_', ' ')}": value for name, value in figures.items() if value is not None}
