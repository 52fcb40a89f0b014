"""Reads and writes launch.json through a host."""

from __future__ import annotations

import contextlib
from datetime import datetime, timedelta
from pathlib import PurePosixPath

from yogo.errors import RunError
from yogo.run.directory import HostRunDirectory
from yogo.run.launch import Launch
from yogo_tui.hosts.base import Host
from yogo_tui.launch.plan import LaunchPlan


def intended(plan: LaunchPlan, token: str, at: datetime, definition_sha256: str | None) -> Launch:
    """The launch.json of a plan of which nothing was submitted yet."""
    return Launch(
        name=plan.name,
        kind=plan.kind,
        token=token,
        created_at=at,
        definition=str(plan.definition),
        definition_sha256=definition_sha256,
        recipe=plan.recipe,
        preset=plan.preset,
        size=plan.size,
        template=plan.size.template,
        script_edited=bool(plan.script),
        parent=plan.parent,
        reset_head=plan.reset_head,
        search=plan.search,
    )


async def read(host: Host, directory: PurePosixPath) -> Launch | None:
    """The launch.json of the run in `directory`; None if there is none that can be read. Raises HostError."""
    file = HostRunDirectory(directory).launch
    with contextlib.suppress(FileNotFoundError, RunError):
        return Launch.parse((await host.read(file)).data, file.name)
    return None


async def age(host: Host, directory: PurePosixPath) -> timedelta | None:
    """How long ago the run's launch.json was written, by the clock of the disk that it is on; None if that cannot be
    found out. The clock of who wrote it, and that of who looks, may be wrong. Raises HostError."""
    script = (
        'new=$(mktemp "$1/.age-XXXXXX") || exit; then=$(stat -c %Y -- "$1/launch.json"); at=$(stat -c %Y -- "$new"); '
        'rm -f -- "$new"; echo $((at - then))'
    )
    told = await host.run(["sh", "-c", script, "sh", str(directory)], only_looks=True)
    with contextlib.suppress(ValueError):
        return timedelta(seconds=int(told.stdout))
    return None


async def write(host: Host, directory: PurePosixPath, record: Launch) -> None:
    """Replace the run's launch.json. Raises HostError."""
    await host.write(HostRunDirectory(directory).launch, (record.model_dump_json(indent=2) + "\n").encode())
