"""Tells the user elsewhere that a run, or a job that uses one, has ended."""

from __future__ import annotations

from yogo_tui.hosts.base import Host
from yogo_tui.questions.announcing import AnnounceEnd, RunEnd
from yogo_tui.runs.model import Run
from yogo_tui.settings import Settings


def end_of(run: Run) -> RunEnd:
    return RunEnd(run.name, run.state.value, run.why, str(run.path or run.use_folder or ""))


async def announce(host: Host, settings: Settings, run: Run) -> tuple[str, ...]:
    """Run the user's command and call the webhook, on the machine where the runs are. Returns what went wrong. Raises
    HostError."""
    if not (settings.notify_command or settings.notify_webhook):
        return ()
    return await host.ask(AnnounceEnd(end_of(run), settings.notify_command, settings.notify_webhook))
