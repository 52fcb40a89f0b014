"""Writes the scripts of the published guide for this site: each runs the command in its arguments as a job."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath

from yogo.text.wording import counted, listed
from yogo_tui.errors import LaunchError
from yogo_tui.hosts.base import Host
from yogo_tui.launch.machine import size_words
from yogo_tui.launch.questions import RenderWrapper
from yogo_tui.session.session import Session
from yogo_tui.settings import PinnedSettings, Settings, SizePreset

WRAPPERS: Mapping[str, int] = {
    "submit_cmd.sh": 1,
    "submit_cmd_multi_gpu_light.sh": 2,
    "submit_cmd_multi_gpu.sh": 4,
}
"""The GPUs of each."""


class WrapperState(StrEnum):
    NEW = "new"
    SAME = "same"
    """It is there already, as it would be written."""

    OTHER = "other"
    """There is one with another text."""

    NO_SIZE = "no size"


@dataclass(frozen=True, slots=True)
class Wrapper:
    """One of the scripts, and what is there in its place."""

    path: PurePosixPath
    state: WrapperState
    size: SizePreset | None = None
    text: str = ""

    def words(self, *, is_written: bool) -> str:
        """Whether it was written, in words."""
        what = size_words(self.size) if self.size else ""
        match self.state:
            case WrapperState.NO_SIZE:
                return f"not written: no size here has {counted(WRAPPERS[self.path.name], 'GPU')} on one node"
            case WrapperState.SAME:
                return f"{what}; it was there already"
            case WrapperState.OTHER if not is_written:
                return "left as it is: it differs from what would be written. --replace replaces it"
            case WrapperState.OTHER:
                return f"{what}; replaced"
            case WrapperState.NEW:
                return what


async def wrappers(session: Session, folder: PurePosixPath) -> tuple[Wrapper, ...]:
    """The scripts as they would be in the folder. Raises LaunchError, TemplateError, HostError."""
    if session.machine is not None:
        raise LaunchError("The scripts are for sbatch, and jobs run on this machine here, without Slurm.")
    host, settings = session.host, session.settings
    return tuple(await asyncio.gather(*(_wrapper(host, settings, folder / name) for name in WRAPPERS)))


def what_it_does(found: Sequence[Wrapper]) -> str:
    """The question before they are written, and what is left as it is; empty if there is nothing to write."""
    new = [one.path.name for one in found if one.state is WrapperState.NEW]
    if not new:
        return ""
    folder = found[0].path.parent
    use = f"They run any command as a job: sbatch {folder.name}/{new[0]} yogo train …"
    left = [one.path.name for one in found if one.state is WrapperState.OTHER]
    stays = [f"{listed(left)} there {'differs and stays' if len(left) == 1 else 'differ and stay'}."] if left else []
    return "\n".join([f"Write {listed(new)} into {folder}?", use, *stays])


async def write(host: Host, found: Wrapper, *, replace: bool) -> bool:
    """Write it if it is new, or if another one is to be replaced; whether it was. Raises HostError."""
    is_wanted = found.state is WrapperState.NEW or (found.state is WrapperState.OTHER and replace)
    if is_wanted:
        await host.write(found.path, found.text.encode())
    return is_wanted


async def _wrapper(host: Host, settings: Settings, path: PurePosixPath) -> Wrapper:
    sizes = [size for size in settings.sizes if size.nodes == 1 and size.gpus == WRAPPERS[path.name]]
    if not sizes:
        return Wrapper(path, WrapperState.NO_SIZE)
    text = await host.ask(RenderWrapper(PinnedSettings.of(settings), sizes[0]))
    try:
        is_same = (await host.read(path)).data == text.encode()
    except FileNotFoundError:
        return Wrapper(path, WrapperState.NEW, sizes[0], text)
    return Wrapper(path, WrapperState.SAME if is_same else WrapperState.OTHER, sizes[0], text)
