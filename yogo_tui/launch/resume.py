"""Going on with a run that stopped: a further job, by the same script, in the run's own directory."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from dataclasses import dataclass
from pathlib import PurePosixPath

from yogo.errors import RunError
from yogo.run.launch import Launch, Outcome, Submission
from yogo.run.manifest import Manifest
from yogo_tui.cluster.base import Cluster
from yogo_tui.errors import ClusterError, ClusterUnknown, LaunchError
from yogo_tui.hosts.base import Host
from yogo_tui.launch import submit
from yogo_tui.launch.plan import Launched, Plan
from yogo_tui.launch.script import PREVIEW_TOKEN, render
from yogo_tui.settings import Settings


@dataclass(frozen=True, slots=True)
class Resumption:
    """A run that can be gone on with, and how."""

    directory: PurePosixPath
    manifest: Manifest
    launch: Launch | None
    """None for a run that no launch began."""

    plan: Plan
    epoch: float | None
    """Where last.pth stands, in epochs; None where the events do not tell."""

    def __str__(self) -> str:
        """What it goes on from."""
        if self.epoch is None:
            return "goes on from its last.pth"
        return f"goes on from epoch {self.epoch:.1f} of {self.manifest.recipe.epochs}"


def script_of(settings: Settings, resumption: Resumption, token: str = PREVIEW_TOKEN) -> str:
    """The script of the further job. Raises TemplateError."""
    return render(settings, resumption.plan, token, resumed=resumption.directory)


async def resume(host: Host, cluster: Cluster, settings: Settings, resumption: Resumption) -> Launched:
    """Submit one further job; a refusal leaves the run as it was.

    Raises LaunchError, TemplateError, ClusterError, HostError.
    """
    await cluster.introduce()
    await _check_unchanged(host, resumption)
    token = secrets.token_hex(8)
    before = resumption.launch or _begun_elsewhere(resumption, token)
    further = Submission(
        cluster=cluster.name,
        outcome=Outcome.INTENDED,
        token=token,
        attempt=resumption.manifest.attempt + 1,
    )
    size = resumption.plan.size
    record = before.model_copy(update={"submissions": (*before.submissions, further), "size": size})
    script = resumption.directory / f"job-{len(record.submissions)}.sbatch"
    await host.write(script, script_of(settings, resumption, token).encode())
    await submit.write(host, resumption.directory, record)
    return await asyncio.shield(_submit(host, cluster, resumption, record, script))


async def _check_unchanged(host: Host, resumption: Resumption) -> None:
    """Raises LaunchError where somebody else has gone on with the run, or cancelled it, since it was looked at."""
    now = None
    with contextlib.suppress(FileNotFoundError, RunError):
        now = Launch.parse((await host.read(resumption.directory / "launch.json")).data, "launch.json")
    if (now.submissions if now else ()) != (resumption.launch.submissions if resumption.launch else ()):
        raise LaunchError(f"{resumption.plan.name} has just changed: look again before you go on with it.")


async def _submit(
    host: Host, cluster: Cluster, resumption: Resumption, record: Launch, script: PurePosixPath
) -> Launched:
    try:
        return await submit.submit(host, cluster, resumption.directory, record, script)
    except ClusterUnknown:
        raise
    except ClusterError:
        await _take_back(host, resumption, script)
        raise


async def _take_back(host: Host, resumption: Resumption, script: PurePosixPath) -> None:
    """The run is again what it was before it was asked for."""
    unneeded = [script]
    if resumption.launch is None:
        unneeded.append(resumption.directory / "launch.json")
    else:
        await submit.write(host, resumption.directory, resumption.launch)
    await host.run(["rm", "-f", "--", *map(str, unneeded)])


def _begun_elsewhere(resumption: Resumption, token: str) -> Launch:
    """What launch.json would have said of a run that a person began in a shell."""
    plan = resumption.plan
    return Launch(
        name=plan.name,
        kind=plan.kind,
        token=token,
        created_at=resumption.manifest.started_at,
        definition=str(plan.definition),
        recipe=plan.recipe,
        size=plan.size,
        parent=plan.parent,
        reset_head=plan.reset_head,
    )
