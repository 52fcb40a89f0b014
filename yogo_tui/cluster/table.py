"""All kinds of clusters, in the order in which `auto` looks for them. A new one is added here only.

The package of a cluster is imported when the cluster is opened.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from yogo_tui.cluster.header import SBATCH, Header
from yogo_tui.errors import ClusterError

if TYPE_CHECKING:
    from yogo_tui.cluster.base import Cluster
    from yogo_tui.hosts.base import Host


@dataclass(slots=True)
class Options:
    """The settings that opening a cluster needs."""

    slots: int = 0
    """Jobs at a time, counted in GPUs; 0 means the number of the machine's GPUs, at least 1."""

    folder: PurePosixPath | None = None
    """Where jobs begin: relative paths of their scripts are below it. None: where the console or a login runs. It may
    be said later than a cluster is opened, and before it is used."""


@dataclass(frozen=True, slots=True)
class ClusterKind:
    """One kind of cluster."""

    about: str
    """What runs the jobs, in a few words."""

    is_there: Callable[[Host], Awaitable[bool]]
    """Whether `auto` may choose it on this host. Raises HostError."""

    open: Callable[[Host, Options], Cluster]
    header: Header
    """Suffix of its script templates, and how it reads their first lines."""


async def _has_sbatch(host: Host) -> bool:
    return (await host.run(["sh", "-c", "command -v sbatch"], only_looks=True)).status == 0


async def _always(_: Host) -> bool:
    return True


def _slurm(host: Host, options: Options) -> Cluster:
    from yogo_tui.cluster.slurm import SlurmCluster

    return SlurmCluster(host, lambda: options.folder)


def _local(host: Host, options: Options) -> Cluster:
    """Raises ClusterError for another machine: only who is logged in there can have it run jobs by itself."""
    from yogo_tui.cluster.local import LocalCluster, state_folder
    from yogo_tui.hosts.here import HereHost

    if not isinstance(host, HereHost):
        raise ClusterError(f"There is no Slurm on {host.name}: to train on it alone, log in there and run yogo-tui.")

    folder = Path(options.folder) if options.folder else None
    return LocalCluster(state_folder(), folder=folder, slots=options.slots)


CLUSTERS = {
    "slurm": ClusterKind("Slurm", _has_sbatch, _slurm, SBATCH),
    "local": ClusterKind("this machine", _always, _local, SBATCH),
}
"""By their names in the setting `cluster`."""
