"""Submits plans, each behind the one before it, and reports the result of each."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine, Sequence
from pathlib import PurePath, PurePosixPath
from typing import TypeVar

from yogo.text.terminal import printable
from yogo_tui.cli.output import print_json
from yogo_tui.errors import HostError
from yogo_tui.hosts.base import Host
from yogo_tui.launch.chain import Chain, launch_chain
from yogo_tui.launch.machine import change_lines, launch_words
from yogo_tui.launch.plan import Launched, LaunchPlan
from yogo_tui.session import Session

T = TypeVar("T")

_SILENT_SECONDS = 3.0


async def submit_all(session: Session, *plans: LaunchPlan) -> Chain:
    """Submit each plan behind the one before it, and say so on standard error if that takes long.

    Raises ConsoleError if the first one is refused; then nothing was submitted.
    """

    async def submit(plan: LaunchPlan) -> Launched:
        folder = session.settings.run(plan.name).path
        return await patiently(session.launcher.launch(plan), plan.name, session.host, folder)

    return await launch_chain(submit, plans)


def announce(session: Session, plans: Sequence[LaunchPlan], recipes: Sequence[str]) -> None:
    """Print what is about to be submitted, a line each, and whether it is logged to W&B."""
    for plan, recipe in zip(plans, recipes, strict=False):
        words = launch_words(
            plan.name,
            definition=plan.definition,
            preset=PurePath(recipe).stem,
            recipe=plan.recipe,
            size=plan.size,
            machine=session.machine,
            changes=plan.changes,
        )
        for line in (f"submitting {words}", *change_lines(plan.changes, plan.name if plans[1:] else "")):
            print(printable(line))
    print(printable(session.settings.wandb_words))


async def patiently(
    submitting: Coroutine[None, None, T], name: str, host: Host, folder: PurePosixPath | None, *, look: str = "runs"
) -> T:
    """The result of `submitting`. Says so on standard error if that takes long, or if the user stops waiting.

    If `folder` exists by then, the job `name` may have been submitted, and `yogo-tui LOOK` shows whether it was.
    """
    answer = asyncio.ensure_future(submitting)
    try:
        await asyncio.wait({answer}, timeout=_SILENT_SECONDS)
        if not answer.done():
            print(printable(f"waiting for the cluster to answer whether it takes {name} …"), file=sys.stderr)
        return await answer
    except asyncio.CancelledError:
        if folder is None or await _may_be_there(host, folder):
            doubt = f"! It is not known whether the cluster has {name}. To find out: yogo-tui {look} {name}"
            print(printable(doubt), file=sys.stderr)
        raise
    finally:
        answer.cancel()


async def _may_be_there(host: Host, folder: PurePosixPath) -> bool:
    """Whether a folder exists, also where the host does not say so in a moment."""
    try:
        async with asyncio.timeout(_SILENT_SECONDS):
            await host.list(folder)
    except FileNotFoundError:
        return False
    except (HostError, TimeoutError):
        return True
    return True


def say_chain(chain: Chain, *, as_json: bool) -> bool:
    """Print the result of each submission. Returns whether all of them have a job."""
    say(chain.launched, as_json=as_json)
    if chain.stopped:
        print(printable(f"! {chain.stopped}"), file=sys.stderr)
    return not chain.stopped and all(one.job_id for one in chain.launched)


def say(launched: Sequence[Launched], *, as_json: bool) -> None:
    if as_json:
        print_json(
            [
                {"name": one.launch.name, "path": one.directory, "job": one.job_id, "notice": one.notice}
                for one in launched
            ]
        )
    for one in launched:
        if one.notice:
            print(printable(f"! {one.notice}"), file=sys.stderr)
        if one.job_id and not as_json:
            after = one.launch.submissions[-1].after
            waits = f", after job {after}" if after else ""
            print(printable(f"{one.launch.name} is job {one.job_id}{waits}, in {one.directory}"))
