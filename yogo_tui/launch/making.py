"""Run directories: made whole or not at all, and set aside where a launch came to nothing."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import PurePosixPath

from yogo.errors import RunError
from yogo.run.launch import Launch, Outcome
from yogo_tui.errors import HostError, LaunchError
from yogo_tui.hosts.base import Entry, Host

_PLAIN = {"LC_ALL": "C"}

MAKING = ".launching-"
"""What the name of a run directory begins with until everything is in it."""

ASIDE = ".forgotten"
"""Folder, beside the runs, of launches that came to nothing."""

_LEFT_AFTER_MINUTES = 60
_TRAINED = {"run.json", "events.jsonl", "result.json", "best.pth", "last.pth", "latest.pth", "data.json.gz"}


async def make(host: Host, directory: PurePosixPath, record: Launch, script: str) -> None:
    """The run directory, new, with script and intent on the disk. Raises LaunchError, HostError.

    It is made under a hidden name and renamed, so that a launch that is killed meanwhile takes no name.
    """
    hidden = directory.parent / f"{MAKING}{record.name}-{record.token}"
    made = await host.run(["mkdir", "-p", "--", str(hidden)], env=_PLAIN)
    if made.status:
        raise LaunchError(f"{directory} cannot be made: {made.stderr.strip() or 'mkdir failed'}")
    try:
        await host.write(hidden / "job.sbatch", script.encode())
        await host.write(hidden / "launch.json", (record.model_dump_json(indent=2) + "\n").encode())
        await _rename(host, hidden, directory, record.name)
    except (HostError, LaunchError):
        await host.run(["rm", "-rf", "--", str(hidden)])
        raise
    await _sweep(host, directory.parent)


async def check_free(host: Host, directory: PurePosixPath) -> None:
    """Raises LaunchError if there is a run in `directory`, or what may become one. Changes nothing."""
    try:
        entries = await host.list(directory)
    except FileNotFoundError:
        return
    if await _came_to_nothing(host, directory, entries):
        return
    name = directory.name
    launch = await _launch(host, directory)
    submission = launch.submission if launch else None
    if submission and submission.outcome in (Outcome.INTENDED, Outcome.UNKNOWN):
        raise LaunchError(
            f"There is a run named {name} already, and it is not known whether it was queued: choose another name, or, "
            f"once you have made sure that no job has it, yogo-tui forget {name}"
        )
    raise LaunchError(f"There is a run named {name} already, in {directory}: choose another name.")


async def forget(host: Host, directory: PurePosixPath, *, sure: bool = False) -> None:
    """Free the name of a launch that came to nothing. `sure` is for one of which that is not known.

    Raises LaunchError for one that has trained, or has or had a job; HostError.
    """
    entries = await host.list(directory)
    launch = await _launch(host, directory)
    submission = launch.submission if launch else None
    is_open = submission is not None and submission.outcome in (Outcome.INTENDED, Outcome.UNKNOWN)
    has_trained = bool(_TRAINED & {entry.name for entry in entries})
    if has_trained or not (await _came_to_nothing(host, directory, entries) or (sure and is_open)):
        raise LaunchError(f"{directory.name} is more than a launch that came to nothing: {directory} is left as it is.")
    await _set_aside(host, directory)


async def _rename(host: Host, hidden: PurePosixPath, directory: PurePosixPath, name: str) -> None:
    """Where an empty folder, or a launch that came to nothing, has the name, it gives way."""
    with contextlib.suppress(FileNotFoundError):
        entries = await host.list(directory)
        if entries and await _came_to_nothing(host, directory, entries):
            await _set_aside(host, directory)
    moved = await host.run(["mv", "-fT", "--", str(hidden), str(directory)], env=_PLAIN)
    if not moved.status:
        return
    await check_free(host, directory)
    raise LaunchError(f"{directory} cannot be made: {moved.stderr.strip() or 'mv failed'}")


async def _came_to_nothing(host: Host, directory: PurePosixPath, entries: Sequence[Entry]) -> bool:
    """Whether it holds what a killed launch leaves, or a launch that was refused, and nothing besides."""
    names = {entry.name for entry in entries}
    if "launch.json" not in names:
        return all(name == "job.sbatch" or name.startswith((".job.sbatch.", ".launch.json.")) for name in names)
    launch = await _launch(host, directory)
    submission = launch.submission if launch else None
    is_refused = submission is not None and submission.outcome is Outcome.REFUSED
    return is_refused and not names & (_TRAINED | {"lease"}) and not any(name.endswith(".log") for name in names)


async def _launch(host: Host, directory: PurePosixPath) -> Launch | None:
    with contextlib.suppress(FileNotFoundError, RunError):
        return Launch.parse((await host.read(directory / "launch.json")).data, "launch.json")
    return None


async def _set_aside(host: Host, directory: PurePosixPath) -> None:
    aside = directory.parent / ASIDE
    script = 'mkdir -p -- "$2" && mv -- "$1" "$(mktemp -d -- "$2/$3.XXXXXX")/"'
    done = await host.run(["sh", "-c", script, "sh", str(directory), str(aside), directory.name], env=_PLAIN)
    if done.status:
        raise HostError(f"{directory} cannot be set aside: {done.stderr.strip()}")


async def _sweep(host: Host, runs: PurePosixPath) -> None:
    """Remove what launches left that were killed long ago."""
    old = ["-maxdepth", "1", "-type", "d", "-name", f"{MAKING}*", "-mmin", f"+{_LEFT_AFTER_MINUTES}"]
    with contextlib.suppress(HostError):
        await host.run(["find", str(runs), *old, "-exec", "rm", "-rf", "--", "{}", "+"])
