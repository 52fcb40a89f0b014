"""Submitting runs one behind the other: the one way of screens and commands."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from yogo_tui.errors import ConsoleError, HostError
from yogo_tui.launch.plan import Launched, LaunchPlan


@dataclass(frozen=True, slots=True)
class Chain:
    """The result of submitting runs, each behind the one before it."""

    launched: tuple[Launched, ...]
    stopped: str = ""
    """A sentence that names the first run that was not submitted; empty if all were."""

    @property
    def problem(self) -> str:
        """Why not all were submitted, in full; empty if all were."""
        last = self.launched[-1]
        return f"{last.notice} {self.stopped}" if self.stopped and last.job_id is None else self.stopped


def not_submitted(name: str, error: HostError) -> HostError:
    """Says so of a job: nobody has to wonder what happened to it."""
    return HostError(f"{name} was not submitted: {error}")


async def launch_chain(submit: Callable[[LaunchPlan], Awaitable[Launched]], plans: Sequence[LaunchPlan]) -> Chain:
    """Submit each plan behind the one before it, until one is refused or it is not known whether it has a job.

    Raises what `submit` raises for the first plan: then nothing was submitted.
    """
    launched: list[Launched] = []
    for plan in plans:
        before = launched[-1] if launched else None
        if before is not None and before.job_id is None:
            return Chain(tuple(launched), f"So {plan.name} was not queued behind it.")
        try:
            launched.append(await submit(replace(plan, after=before.job_id) if before else plan))
        except ConsoleError as error:
            if before is None:
                if isinstance(error, HostError):
                    raise not_submitted(plan.name, error) from error
                raise
            said = f"{before.launch.name} is submitted, but {plan.name} behind it is not: {error}"
            return Chain(tuple(launched), said)
    return Chain(tuple(launched))
