"""The first start: finds out what a site has, and the settings that follow from it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from yogo.run.directory import RUNS
from yogo.text.wording import counted, listed
from yogo_tui.cluster.base import Machine
from yogo_tui.cluster.site import Partition, Site
from yogo_tui.cluster.table import CLUSTERS
from yogo_tui.doctor.finding import Finding, bad, doubt, good, none
from yogo_tui.doctor.proposal import best_partition, proposed
from yogo_tui.errors import ClusterError, HostError
from yogo_tui.hosts.base import Host
from yogo_tui.questions.paths import FindPath
from yogo_tui.questions.settings import NewSettings
from yogo_tui.questions.surroundings import DefinitionFolder, FindDefinitionFolders
from yogo_tui.session import Session
from yogo_tui.settings import Settings
from yogo_tui.words import short_home

LOCAL = {"cluster": "local"}


@dataclass(frozen=True, slots=True)
class Discovery:
    """What a site has."""

    settings: Settings
    home_folder: str
    """The home folder there, which is shown as ~."""

    machine: Machine | None
    """This machine, if it runs the jobs itself."""

    has_scheduler: bool
    """Whether a scheduler's commands are here."""

    site: Site | None
    """None if the scheduler did not answer."""

    problem: str
    """Why it did not; empty if it did."""

    folders: tuple[DefinitionFolder, ...]
    has_runs: bool
    """Whether the workspace holds runs."""

    @property
    def proposal(self) -> Mapping[str, object]:
        """The settings that follow from it, by name; the others are best at their defaults."""
        found = dict(proposed(self.site)) if self.site else {}
        if more := [one.folder for one in self.folders if not one.is_known and one.folder != self._workspace]:
            found["definitions"] = (*self.settings.definitions, *more)
        return found

    @property
    def findings(self) -> tuple[Finding, ...]:
        return tuple(self._findings())

    def _findings(self) -> Iterator[Finding]:
        yield from self._of_cluster()
        runs = "it holds runs" if self.has_runs else f"new runs go into its {RUNS}"
        yield good("workspace", f"{self._short(self._workspace)}: {runs}")
        yield self._of_definitions()
        mode, why = self.settings.wandb_mode
        yield (none if mode == "disabled" else good)("W&B", f"{'off' if mode == 'disabled' else mode}: {why}")

    def _of_cluster(self) -> Iterator[Finding]:
        if self.machine:
            chosen = "chosen by you" if self.has_scheduler else "there is no Slurm here"
            yield good("jobs", f"they run on this machine: {chosen}. {self.machine}")
        elif self.site is None:
            yield bad(CLUSTERS[self.settings.cluster].about, self.problem)
        else:
            yield good(self.site.version or "cluster", self._accounts(self.site))
            yield from _of_partitions(self.site)

    def _accounts(self, site: Site) -> str:
        if not site.has_accounting:
            return "it answers, and keeps no accounts"
        if site.no_accounting:
            return f"it answers; its accounting does not: {site.no_accounting}"
        if not site.accounts:
            return "it answers; you have no account" + (", and jobs need one" if site.needs_account else "")
        first, *others = site.accounts
        qos = f", QOS {listed(site.qos_of(first), 'or')}" if site.qos_of(first) else ""
        more = f"; you may also use {listed(others)}" if others else ""
        return f"it answers; your account is {first}{qos}{more}"

    def _of_definitions(self) -> Finding:
        if not self.folders:
            return none(
                "data", f"no dataset definitions in {self._short(self._workspace)}", "Put them into dataset_defs."
            )
        found = [f"{one.number} in {self._short(one.folder)}" for one in self.folders]
        return good("data", f"dataset definitions: {', '.join(found)}")

    @property
    def _workspace(self) -> Path:
        return self.settings.workspace_folder

    def _short(self, folder: Path) -> str:
        return short_home(str(folder), self.home_folder)


def _of_partitions(site: Site) -> Iterator[Finding]:
    best = best_partition(site)
    others = [one.name for one in site.partitions if one is not best]
    if best is None:
        yield doubt("partition", f"none accepts jobs: {listed(others) or 'Slurm lists none'}")
        return
    also = f". Others: {', '.join(others)}" if others else ""
    yield (good if best.num_gpus else doubt)("partition", f"{partition_words(best)}{also}")


def partition_words(partition: Partition) -> str:
    """Such as "gpu: 2 nodes with 128 CPUs, 8 GPUs (a100), at most 24 h a job"."""
    gpus = [f"{number} {kind}" if kind else str(number) for kind, number in partition.gpus.items()]
    what = counted(partition.num_gpus, "GPU") if partition.num_gpus else "no GPU"
    if any(partition.gpus):
        what += f" ({', '.join(gpus if len(gpus) > 1 else partition.gpus)})"
    limit = f"at most {partition.max_hours:g} h a job" if partition.max_hours else "no time limit"
    return f"{partition.name}: {counted(partition.num_nodes, 'node')} of {partition.num_cpus} CPUs, {what}, {limit}"


async def is_first(session: Session) -> bool:
    """Whether there is no settings file yet. Raises HostError."""
    if session.settings.lines:
        return False
    return not (await session.host.ask(FindPath(str(session.settings.file), Path("/")))).is_there


async def discover(session: Session) -> Discovery:
    """Ask the cluster and the disk, all at once. What does not answer is told in its findings."""
    settings, host = session.settings, session.host
    asked = FindDefinitionFolders(settings.workspace_folder, settings.definition_folders)
    (site, problem), has_scheduler, folders, home, runs = await asyncio.gather(
        _site(session),
        _has_scheduler(host),
        _folders(host, asked),
        host.ask(FindPath("~", Path("/"))),
        host.ask(FindPath(str(settings.own_runs_folder), Path("/"))),
    )
    return Discovery(
        settings, str(home.path), session.machine, has_scheduler, site, problem, folders, has_runs=runs.is_there
    )


async def _site(session: Session) -> tuple[Site | None, str]:
    try:
        return await session.cluster.site(), ""
    except (ClusterError, HostError) as error:
        return None, str(error)


async def _folders(host: Host, asked: FindDefinitionFolders) -> tuple[DefinitionFolder, ...]:
    try:
        return await host.ask(asked)
    except HostError:  # a disk that is away is told where its files are shown
        return ()


async def _has_scheduler(host: Host) -> bool:
    """Whether a cluster other than the last of the table, this machine, may be there."""
    *schedulers, _ = CLUSTERS.values()
    return any([await kind.is_there(host) for kind in schedulers])


async def write_settings(host: Host, file: Path, found: Mapping[str, object]) -> None:
    """Write a file with every setting and its help; all but those `found` are commented out. It replaces none.

    Raises SettingsError, HostError.
    """
    from yogo_tui.settings.document import commented

    await host.ask(NewSettings(file, commented(found)))
