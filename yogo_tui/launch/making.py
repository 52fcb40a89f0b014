"""Creates run directories atomically, and moves those of failed launches aside."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from pathlib import PurePosixPath

from yogo.run.directory import LOG, MAKING, TRAINED, HostRunDirectory
from yogo.run.launch import Launch, Outcome
from yogo_tui.advice import tui
from yogo_tui.errors import HostError, LaunchError
from yogo_tui.hosts.base import Entry, Host
from yogo_tui.launch import records

_PLAIN = {"LC_ALL": "C"}

ASIDE = ".forgotten"
"""Name of the folder, beside the runs, for failed launches."""

_LEFT_AFTER_MINUTES = 60
_TIDIED_WITHIN_SECONDS = 5.0


async def make(host: Host, directory: PurePosixPath, record: Launch, script: str) -> None:
    """Create the run directory with its script and launch.json. Raises LaunchError, HostError.

    It is created under a hidden name and renamed, so that a launch that is killed meanwhile leaves the name free. One
    that is cancelled removes what it has made.
    """
    making = asyncio.create_task(_make(host, directory, record, script))
    try:
        await asyncio.shield(making)
    except asyncio.CancelledError:
        # What goes on by itself would make it again later. Nothing was submitted yet.
        with contextlib.suppress(TimeoutError, HostError, LaunchError):
            async with asyncio.timeout(_TIDIED_WITHIN_SECONDS):
                await making
                await host.run(["rm", "-rf", "--", str(directory)])
        raise


async def _make(host: Host, directory: PurePosixPath, record: Launch, script: str) -> None:
    hidden = directory.parent / f"{MAKING}{record.name}-{record.token}"
    # All at once, as on a far machine each call that waits for another costs a round trip; each to its end.
    made = await asyncio.gather(
        host.write(HostRunDirectory(hidden).script, script.encode()),
        records.write(host, hidden, record),
        return_exceptions=True,
    )
    try:
        for failure in made:
            if isinstance(failure, BaseException):
                raise failure
        await asyncio.gather(_rename(host, hidden, directory, record), _sweep(host, directory.parent))
    except (HostError, LaunchError):
        with contextlib.suppress(HostError):  # a later launch sweeps it away
            await host.run(["rm", "-rf", "--", str(hidden)], is_repeatable=True)
        raise


async def check_free(host: Host, directory: PurePosixPath) -> None:
    """Raises LaunchError if `directory` holds a run, or a launch that may become one; HostError. Changes nothing."""
    try:
        entries = await host.list(directory)
    except FileNotFoundError:
        return
    if await _came_to_nothing(host, directory, entries):
        return
    name = directory.name
    launch = await records.read(host, directory)
    submission = launch.submission if launch else None
    if submission and submission.is_unsettled:
        raise LaunchError(
            f"There is already a run named {name}, and it is not known whether it was queued: choose another name, or, "
            f"once you have made sure that no job has it, {tui()} forget {name}"
        )
    raise LaunchError(f"There is already a run named {name} in {directory}: choose another name.")


async def check_forgettable(host: Host, directory: PurePosixPath, *, sure: bool = False) -> None:
    """Raises LaunchError for a run that has trained, or has or had a job; HostError. Changes nothing.

    With `sure`, it accepts a launch that may have a job.
    """
    entries = await host.list(directory)
    launch = await records.read(host, directory)
    submission = launch.submission if launch else None
    is_open = submission is not None and submission.is_unsettled
    has_trained = not TRAINED.isdisjoint(entry.name for entry in entries)
    if has_trained or not (await _came_to_nothing(host, directory, entries) or (sure and is_open)):
        raise LaunchError(
            f"{directory.name} is more than a failed launch, so it is left as it is. "
            f"You can remove {directory} by hand."
        )


async def forget(host: Host, directory: PurePosixPath, *, sure: bool = False) -> PurePosixPath:
    """Free the name of a failed launch, and return the folder to which its directory was moved.

    Raises what `check_forgettable` raises.
    """
    await check_forgettable(host, directory, sure=sure)
    await _set_aside(host, directory)
    return directory.parent / ASIDE


async def _rename(host: Host, hidden: PurePosixPath, directory: PurePosixPath, record: Launch) -> None:
    """Rename the new directory. An empty folder of that name is replaced, and a failed launch is moved aside.

    Raises LaunchError, HostError.
    """
    if not (problem := await _moved(host, hidden, directory, record)):
        return
    with contextlib.suppress(FileNotFoundError):
        if await _came_to_nothing(host, directory, await host.list(directory)):
            await _set_aside(host, directory)
            if not (problem := await _moved(host, hidden, directory, record)):
                return
    await check_free(host, directory)
    raise LaunchError(f"{directory} cannot be made: {problem}")


async def _moved(host: Host, hidden: PurePosixPath, directory: PurePosixPath, record: Launch) -> str:
    """Why the new directory could not be renamed; empty if it was, also by a first try whose answer was lost. Raises
    HostError."""
    moved = await host.run(["mv", "-fT", "--", str(hidden), str(directory)], env=_PLAIN, is_repeatable=True)
    if not moved.status:
        return ""
    there = await records.read(host, directory)
    return "" if there is not None and there.token == record.token else moved.stderr.strip() or "mv failed"


async def _came_to_nothing(host: Host, directory: PurePosixPath, entries: Sequence[Entry]) -> bool:
    """Whether the directory holds only what a launch leaves that was killed or refused."""
    names, run = {entry.name for entry in entries}, HostRunDirectory(directory)
    if run.launch.name not in names:
        torn = (f".{run.script.name}.", f".{run.launch.name}.")
        return all(name == run.script.name or name.startswith(torn) for name in names)
    launch = await records.read(host, directory)
    submission = launch.submission if launch else None
    is_refused = submission is not None and submission.outcome is Outcome.REFUSED
    return is_refused and not names & {*TRAINED, run.lease.name} and not any(name.endswith(LOG) for name in names)


async def _set_aside(host: Host, directory: PurePosixPath) -> None:
    aside = directory.parent / ASIDE
    script = '[ -e "$1" ] || exit 0; mkdir -p -- "$2" && mv -- "$1" "$(mktemp -d -- "$2/$3.XXXXXX")/"'
    words = ["sh", "-c", script, "sh", str(directory), str(aside), directory.name]
    done = await host.run(words, env=_PLAIN, is_repeatable=True)
    if done.status:
        raise HostError(f"{directory} cannot be set aside: {done.stderr.strip()}")


async def _sweep(host: Host, runs: PurePosixPath) -> None:
    """Remove the hidden directories of launches that were killed long ago."""
    old = ["-maxdepth", "1", "-type", "d", "-name", f"{MAKING}*", "-mmin", f"+{_LEFT_AFTER_MINUTES}"]
    with contextlib.suppress(HostError):
        await host.run(["find", str(runs), *old, "-exec", "rm", "-rf", "--", "{}", "+"])
