"""Compares runs: what the console knows of them, with what is read of their directories in one round trip."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path, PurePosixPath

from yogo.definition.data_difference import MOST_NAMED, DataDifference
from yogo.run.directory import HostRunDirectory
from yogo.text.wording import agreed, counted
from yogo_tui.comparing import FEWEST
from yogo_tui.comparing.comparison import Comparison
from yogo_tui.comparing.subject import Subject
from yogo_tui.curves.axes import Axis
from yogo_tui.errors import LaunchError
from yogo_tui.hosts.base import Host, Tell, silent
from yogo_tui.hosts.here import HereHost
from yogo_tui.questions.comparing import ReadRuns
from yogo_tui.questions.data import DiffData
from yogo_tui.questions.pairs import PairRuns
from yogo_tui.runs.model import Run


def comparable(runs: Sequence[Run]) -> tuple[Run, ...]:
    """The runs, each once. Raises LaunchError if they cannot be compared."""
    once = tuple({run.key: run for run in runs}.values())
    if jobs := [run.name for run in once if run.path is None]:
        what = f"{', '.join(jobs)} {agreed(len(jobs), 'is')} not {'a run' if len(jobs) == 1 else 'runs'}"
        raise LaunchError(f"{what} in these folders: there is nothing to compare.")
    if len(once) < FEWEST:
        raise LaunchError(f"A comparison needs at least {FEWEST} runs: there is {counted(len(once), 'run')} here.")
    return once


async def compare(host: Host, runs: Sequence[Run], *, with_images: bool = False, tell: Tell = silent) -> Comparison:
    """The comparison of two runs or more, without that of single images. Raises LaunchError, HostError."""
    return await described(host, comparable(runs), with_images=with_images, tell=tell)


async def image_by_image(host: Host, found: Comparison, *, tell: Tell = silent) -> Comparison:
    """The comparison with that of single images, which takes seconds. Raises HostError."""
    paths = tuple(Path(one.run.path) for one in found.subjects if one.run.path)
    return replace(found, paired=await host.ask(PairRuns(paths), tell=tell))


async def data_difference(host: Host, workspace: Path, runs: tuple[Run, Run], *, tell: Tell = silent) -> DataDifference:
    """What differs between the data of two runs, with the first changes of each kind. Raises RunError if one does not
    say what it has trained on, HostError."""
    first, second = (Path(str(run.path)) for run in runs)
    found = await host.ask(DiffData(first, second, workspace, MOST_NAMED), tell=tell)
    return replace(found, names=(runs[0].name, runs[1].name))


async def described(host: Host, runs: Sequence[Run], *, with_images: bool = False, tell: Tell = silent) -> Comparison:
    """The same of any number of runs that have a directory, as one alone. Raises HostError."""
    paths = tuple(Path(run.path) for run in runs if run.path)
    read = await host.ask(ReadRuns(paths, with_images), tell=tell)
    return Comparison.of([Subject(run, one) for run, one in zip(runs, read, strict=True)])


async def save(found: Comparison, name: str, *, is_forced: bool = False, axis: Axis = Axis.EPOCH) -> PurePosixPath:
    """Write the comparison to a file of the machine that a person sits at, which its suffix says the kind of. Returns
    its path. Raises LaunchError if there is such a file, unless `is_forced`; HostError."""
    from yogo_tui.comparing.exporting import exported, suffix_of

    here, path = HereHost(), PurePosixPath(name)
    suffix = suffix_of(name)
    if not is_forced and await _text(here, path) is not None:
        raise LaunchError(f"{name} exists already: give another name, or add --force to replace it.")
    await here.write(path, exported(found, suffix, made_at=datetime.now().astimezone(), axis=axis))
    return path


async def write_card(host: Host, run: Run) -> PurePosixPath:
    """Write MODEL.md beside the run's best.pth, and return its path. Raises LaunchError if there is no best.pth, or if
    a person has changed the card; HostError."""
    from yogo_tui.comparing.card import is_changed, model_card

    if run.path is None or not run.has_best:
        raise LaunchError(f"{run.name} has no best.pth: there is no model to describe.")
    path = HostRunDirectory(run.path).card
    found, before = await asyncio.gather(described(host, [run]), _text(host, path))
    if before is not None and is_changed(before):
        raise LaunchError(f"{path} was written or changed by a person, and is left as it is: rename it, and try again.")
    await host.write(path, model_card(found).encode("utf-8", "backslashreplace"))
    return path


async def _text(host: Host, path: PurePosixPath) -> str | None:
    try:
        return (await host.read(path)).data.decode(errors="replace")
    except FileNotFoundError:
        return None
