"""What must be so before a run is launched, or shown as one that could be: the same for every front."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from yogo.definition import Problem, check, survey
from yogo.errors import RunError
from yogo.run.directory import check_name
from yogo_tui.errors import LaunchError
from yogo_tui.hosts.base import Host
from yogo_tui.hosts.here import HereHost
from yogo_tui.launch.making import check_free
from yogo_tui.launch.plan import Plan
from yogo_tui.launch.script import PREVIEW_TOKEN, render
from yogo_tui.settings import Settings

_LABEL_SECONDS = 5.0


async def check_plan(host: Host, settings: Settings, plan: Plan) -> None:
    """Raises LaunchError, TemplateError or HostError for a plan that cannot be launched. Changes nothing."""
    try:
        check_name(plan.name)
    except RunError as error:
        raise LaunchError(str(error)) from error
    if plan.parent and not (plan.parent.run or plan.parent.sha256):
        raise LaunchError(f"{plan.parent.checkpoint} has no digest: inspect it before a run is fine-tuned from it.")
    await _check_definition(host, plan.definition)
    render(settings, plan, PREVIEW_TOKEN)
    await check_free(host, PurePosixPath(settings.runs_folder / plan.name))


async def _check_definition(host: Host, definition: PurePosixPath) -> None:
    if not definition.is_absolute():
        raise LaunchError(f"{definition} must be an absolute path: the job starts in another folder.")
    try:
        await host.read(definition, limit=1)
    except FileNotFoundError:
        raise LaunchError(f"There is no dataset definition {definition}.") from None
    if isinstance(host, HereHost):  # another machine's file may lie under the same path
        await asyncio.to_thread(check_definition, Path(definition))
        await asyncio.to_thread(_check_labels, Path(definition))


def check_definition(definition: Path) -> None:
    """Raises LaunchError with the first error of a definition, and how many more there are."""
    _refuse(definition, check(definition))


def _check_labels(definition: Path) -> None:
    """The same of its labels, as far as they are read in a moment: the trainer reads them all."""
    until = time.monotonic() + _LABEL_SECONDS

    def go_on(_: int) -> None:
        if time.monotonic() > until:
            raise TimeoutError

    with contextlib.suppress(TimeoutError):
        _refuse(definition, survey(definition, progress=go_on).problems)


def _refuse(definition: Path, problems: Iterable[Problem]) -> None:
    errors = [problem for problem in problems if problem.is_error]
    if errors:
        more = f" ({len(errors) - 1} more: yogo-tui datasets {definition})" if errors[1:] else ""
        raise LaunchError(f"{errors[0]}{more}")
