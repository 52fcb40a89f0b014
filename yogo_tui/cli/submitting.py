"""Submitting plans one behind the other, and telling what became of each."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from pathlib import PurePath

from yogo.terminal import printable
from yogo_tui.cli.output import print_json
from yogo_tui.launch.machine import launch_words
from yogo_tui.launch.plan import Launched, Plan
from yogo_tui.session import Session

_SILENT_SECONDS = 3.0


async def submit_all(session: Session, *plans: Plan) -> list[Launched]:
    """Each plan behind the one before it, until one has no job to wait for. Raises ConsoleError."""
    launched: list[Launched] = []
    for plan in plans:
        before = launched[-1].job_id if launched else None
        launched.append(await _patiently(session.launch(replace(plan, after=before or plan.after)), plan.name))
        if launched[-1].job_id is None:
            break
    return launched


def announce(session: Session, plans: Sequence[Plan], recipes: Sequence[str]) -> None:
    """What is about to be submitted, a line each, and what becomes of it at W&B."""
    for plan, recipe in zip(plans, recipes, strict=False):
        words = launch_words(
            plan.name,
            definition=plan.definition,
            preset=PurePath(recipe).stem,
            recipe=plan.recipe,
            size=plan.size,
            machine=session.machine,
        )
        print(printable(f"submitting {words}"))
    print(printable(session.settings.wandb_words))


async def _patiently(launching: Coroutine[None, None, Launched], name: str) -> Launched:
    """What it gives; a word on standard error where that takes long."""
    answer = asyncio.ensure_future(launching)
    try:
        await asyncio.wait({answer}, timeout=_SILENT_SECONDS)
        if not answer.done():
            print(printable(f"waiting for the cluster to answer whether it takes {name} …"), file=sys.stderr)
        return await answer
    finally:
        answer.cancel()


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
