"""Resumes a run that stopped: submits another job that trains in the run's own directory."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from dataclasses import dataclass
from pathlib import PurePosixPath

from yogo.run.directory import HostRunDirectory
from yogo.run.launch import Launch, Outcome, Submission
from yogo.run.manifest import Manifest
from yogo_tui.cluster.base import Cluster
from yogo_tui.errors import ClusterError, ClusterUnknown, HostError, LaunchError
from yogo_tui.hosts.base import Host
from yogo_tui.hosts.clock import time_there
from yogo_tui.launch import records, submit
from yogo_tui.launch.chain import not_submitted
from yogo_tui.launch.checking import check_nodes
from yogo_tui.launch.plan import Launched, LaunchPlan
from yogo_tui.launch.questions import rendered
from yogo_tui.launch.script import PREVIEW_TOKEN
from yogo_tui.settings import Settings

_HELD_MINUTES = submit.LOOKED_FOR.seconds // 60

_TAKE = (
    f'find "$1" -mmin +{_HELD_MINUTES} -delete 2>/dev/null; cat > "$2" && [ "$(stat -c %s -- "$2")" = "$3" ] && '
    '(set -C; cat -- "$2" > "$1"); taken=$?; rm -f -- "$2"; exit $taken'
)
"""Writes a new file from standard input, by way of another one, and only as a whole; one that is there is replaced only
where it was left long ago."""


@dataclass(frozen=True, slots=True)
class Resumption:
    """A run that can be resumed, and the plan of the job that does it."""

    directory: PurePosixPath
    manifest: Manifest
    launch: Launch | None
    """None for a run that was started in a shell."""

    plan: LaunchPlan
    epoch: float | None
    """The position of last.pth, in epochs; None if the events do not show it."""

    def __str__(self) -> str:
        """A phrase such as "resumes from epoch 3.0 of 16"."""
        edited = self.launch is not None and self.launch.script_edited
        script = "; its script had been edited, and is now what the template makes" if edited else ""
        if self.epoch is None:
            return f"resumes from its last.pth{script}"
        return f"resumes from epoch {self.epoch:.1f} of {self.manifest.recipe.epochs}{script}"


async def script_of(host: Host, settings: Settings, resumption: Resumption, token: str = PREVIEW_TOKEN) -> str:
    """The script of the job that resumes the run. Raises TemplateError, HostError."""
    return await rendered(host, settings, resumption.plan, token, resumed=resumption.directory)


async def resume(host: Host, cluster: Cluster, settings: Settings, resumption: Resumption) -> Launched:
    """Submit one more job. If it is refused, the run stays as it was.

    Raises LaunchError, TemplateError, ClusterError, HostError.
    """
    check_nodes(cluster, resumption.plan.size)
    await cluster.introduce()
    _, at = await asyncio.gather(_check_unchanged(host, resumption), time_there(host))
    token = secrets.token_hex(8)
    before = resumption.launch or _begun_elsewhere(resumption, token)
    further = Submission(
        cluster=cluster.name,
        outcome=Outcome.INTENDED,
        at=at,
        token=token,
        attempt=resumption.manifest.attempt + 1,
    )
    size = resumption.plan.size
    asked = {"size": size, "template": size.template}
    record = before.model_copy(update={"submissions": (*before.submissions, further), **asked})
    script = HostRunDirectory(resumption.directory).further_script(len(record.submissions))
    text = await script_of(host, settings, resumption, token)
    await _take(host, resumption, script, text)
    try:
        await records.write(host, resumption.directory, record)
    except HostError as error:  # it may have been written all the same
        with contextlib.suppress(HostError):
            await _take_back(host, resumption, script)
        raise not_submitted(resumption.plan.name, error) from error
    return await asyncio.shield(_submit(host, cluster, resumption, record, script))


async def _take(host: Host, resumption: Resumption, script: PurePosixPath, text: str) -> None:
    """Write the script, which only one of those who resume the run at one time can. Raises LaunchError, HostError."""
    name, data = resumption.plan.name, text.encode()
    part = script.with_name(f".{script.name}.{secrets.token_hex(4)}.part")
    words = ["sh", "-c", _TAKE, "sh", str(script), str(part), str(len(data))]
    try:
        done = await host.run(words, stdin=text, is_repeatable=True)
        if not done.status:
            return
        await _check_unchanged(host, resumption)
        # A first try may have done it, whose answer was lost. No two scripts are the same: each has its own token.
        if (await host.read(script, limit=len(data) + 1)).data == data:
            return
    except FileNotFoundError:
        raise HostError(f"{name} was not submitted: {script} cannot be written: {done.stderr.strip()}") from None
    except HostError as error:
        raise not_submitted(name, error) from error
    raise LaunchError(
        f"{name} is being resumed from elsewhere, or was to be until the connection was lost: look at it again in "
        f"{_HELD_MINUTES} minutes."
    )


async def _check_unchanged(host: Host, resumption: Resumption) -> None:
    """Raises LaunchError if the run was resumed or cancelled since it was read."""
    now = await records.read(host, resumption.directory)
    if (now.submissions if now else ()) != (resumption.launch.submissions if resumption.launch else ()):
        raise LaunchError(f"{resumption.plan.name} has just changed: look at it again before you resume it.")


async def _submit(
    host: Host, cluster: Cluster, resumption: Resumption, record: Launch, script: PurePosixPath
) -> Launched:
    try:
        return await submit.submit(host, cluster, resumption.directory, record, script)
    except ClusterUnknown:
        raise
    except ClusterError:
        with contextlib.suppress(HostError):  # the refusal is what the user has to know
            if await submit.is_there(host, resumption.directory, record):
                await _take_back(host, resumption, script)
        raise


async def _take_back(host: Host, resumption: Resumption, script: PurePosixPath) -> None:
    """Restore the run's files as they were before the refused submission."""
    unneeded = [script]
    if resumption.launch is None:
        unneeded.append(HostRunDirectory(resumption.directory).launch)
    else:
        await records.write(host, resumption.directory, resumption.launch)
    await host.run(["rm", "-f", "--", *map(str, unneeded)], is_repeatable=True)


def _begun_elsewhere(resumption: Resumption, token: str) -> Launch:
    """The launch.json for a run that was started in a shell and has none."""
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
