"""Runs at W&B: which are there, and the upload of those that were logged without a connection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from yogo.text.wording import counted
from yogo_tui.errors import LaunchError
from yogo_tui.hosts.base import Host, Tell, silent
from yogo_tui.questions.wandb import ListOffline, OfflineParts, UploadOffline, UploadOutcome, WandbUpload
from yogo_tui.runs.model import Run
from yogo_tui.session.runs import KnownRuns

_NOTHING = OfflineParts()


@dataclass(frozen=True, slots=True)
class RunAtWandb:
    """What a run has at W&B."""

    run: Run
    parts: OfflineParts = _NOTHING

    @property
    def url(self) -> str:
        """Its address there; empty if it has none, or if it is not known."""
        return _url(self.run) or self.parts.url

    @property
    def is_waiting(self) -> bool:
        """Whether it, or a part of it, is not uploaded."""
        return self.parts.num_waiting > 0

    @property
    def words(self) -> str:
        """What to say of it; empty for a run that has logged nothing there."""
        parts = self.parts
        if self.is_waiting:
            some = f"{parts.num_waiting} of {counted(parts.num_parts, 'part')} " if parts.num_parts > 1 else ""
            there = f", the others: {self.url}" if self.url else ""
            return f"{some}not uploaded{there}"
        return self.url or ("uploaded" if parts.num_parts else "")


class WandbUploads:
    def __init__(self, host: Host, runs: KnownRuns) -> None:
        self._host = host
        self._runs = runs

    async def look(self, runs: Sequence[Run]) -> tuple[RunAtWandb, ...]:
        """What each has there. Raises HostError."""
        logged = [run for run in runs if run.path and has_logged(run)]
        parts = await self._host.ask(ListOffline(tuple(Path(run.path) for run in logged if run.path)))
        found = {run.key: one for run, one in zip(logged, parts, strict=True)}
        return tuple(RunAtWandb(run, found.get(run.key, _NOTHING)) for run in runs)

    async def waiting(self, runs: Sequence[Run]) -> tuple[RunAtWandb, ...]:
        """Those of them that can be uploaded. Raises LaunchError if there is none; HostError."""
        found = await self.look(runs)
        waiting = tuple(one for one in found if one.is_waiting and one.run.state.is_over)
        if not waiting:
            raise LaunchError("\n".join(map(_why_not, found)) or "Every run is at W&B that was logged to it.")
        return waiting

    async def upload(self, run: Run, tell: Tell = silent) -> WandbUpload:
        """Upload it, if a last look shows that nobody trains it. Raises HostError."""
        now = next((one for one in (await self._runs.look()).runs if one.key == run.key), run)
        if not now.state.is_over or now.path is None:
            return WandbUpload(UploadOutcome.FAILED, _unfinished(now))
        return await self._host.ask(UploadOffline(Path(now.path)), tell=tell)


def what_it_does(runs: Sequence[RunAtWandb]) -> str:
    """The question before they are uploaded."""
    named = ", ".join(one.run.name for one in runs)
    whole = f"{counted(len(runs), 'run')} to W&B: {named}" if len(runs) > 1 else f"{named} to W&B"
    return f"Upload {whole}? Who may read the project there can then read them."


def told_of(run: Run, upload: WandbUpload) -> str:
    """The result, in a line."""
    return f"{run.name}: {upload.outcome}{f': {upload.reason}' if upload.reason else ''}"


def has_logged(run: Run) -> bool:
    """Whether its trainer has logged it to W&B, online or not."""
    wandb = run.manifest.wandb if run.manifest else None
    return wandb is not None and wandb.mode != "disabled"


def _url(run: Run) -> str:
    return run.manifest.wandb.url if run.manifest and run.manifest.wandb else ""


def _unfinished(run: Run) -> str:
    return f"{run.name} is {run.state}: it can be uploaded once it is over"


def _why_not(one: RunAtWandb) -> str:
    run = one.run
    if run.of_job:
        return f"{run.name} is {run.of_job}: it has nothing for W&B."
    if one.is_waiting:
        return f"{_unfinished(run)}."
    return f"{run.name} is at W&B: {one.words}." if one.words else f"{run.name} was not logged to W&B."
