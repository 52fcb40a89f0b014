"""Compares sizes with what the cluster offers."""

from __future__ import annotations

from collections.abc import Iterator

from yogo.text.wording import counted, listed
from yogo_tui.cluster.site import Partition, Site
from yogo_tui.doctor.finding import Finding, bad, doubt, good
from yogo_tui.settings import Settings, SizePreset


def of_sizes(settings: Settings, site: Site) -> Iterator[Finding]:
    """Whether the cluster can start a job of each size: those that fit on one line, one for each of the others, and one
    for each partition that starts no jobs now."""
    fitting: dict[str, list[str]] = {}
    closed: list[str] = []
    for size in settings.sizes:
        asked = settings.filled(size)
        partition = _partition(site, asked)
        problems = list(_problems(asked, partition, site))
        if problems:
            advice = f"Change `sizes`, or what they name, in {settings.file}."
            yield bad(f"size {size.title}", f"its jobs would never start: {'; '.join(problems)}.", advice)
        else:
            fitting.setdefault(partition.name if partition else "", []).append(size.title)
        if partition and not (partition.is_up and partition.num_nodes):
            closed.append(partition.name)
    for name, titles in fitting.items():
        fits = "fits" if len(titles) == 1 else "fit"
        where = f"the partition {name}" if name else "what the cluster says"
        yield good("sizes", f"{listed(titles)} {fits} {where}")
    for name in dict.fromkeys(closed):
        yield bad(
            "partition", f"{name} starts no jobs now: they wait.", "sinfo shows its nodes, and why they are away."
        )


def of_accounts(settings: Settings, site: Site) -> Iterator[Finding]:
    """Accounting, and whether the user's accounts and QOS are those that the settings name."""
    if not site.has_accounting:
        yield doubt("accounting", "the cluster keeps none: how a job ended is known for a few minutes only.")
        return
    if site.no_accounting:
        said = f"it does not answer: {site.no_accounting}."
        yield bad("accounting", said, "Until it does, it is not known how old jobs ended: ask the administrators.")
        return
    if site.accounts:
        yield good("accounting", f"it answers; your account is {listed(site.accounts, 'or')}")
    elif site.needs_account:
        yield bad("accounting", "you have no account here, and jobs need one.", "Ask the administrators for one.")
    else:
        yield good("accounting", "it answers")


def _partition(site: Site, asked: SizePreset) -> Partition | None:
    """The partition of a job; None if there is none of this name, or if the cluster has no default."""
    if asked.partition:
        return site.partition(asked.partition)
    return next((one for one in site.partitions if one.is_default), None)


def _problems(asked: SizePreset, partition: Partition | None, site: Site) -> Iterator[str]:
    if partition is None:
        known = listed((one.name for one in site.partitions), "or")
        yield (
            f"there is no partition {asked.partition}, but {known}"
            if asked.partition
            else (f"it names no partition, and the cluster has no default one: name {known}")
        )
        return
    yield from _of_account(asked, partition, site)
    if partition.num_nodes:  # else its nodes are not known
        yield from _of_node(asked, partition)


def _of_account(asked: SizePreset, partition: Partition, site: Site) -> Iterator[str]:
    account = asked.account or next(iter(site.accounts), "")
    if asked.account and site.accounts and asked.account not in site.accounts:
        yield f"{asked.account} is none of your accounts, which are {listed(site.accounts)}"
    elif account and not partition.admits(account):
        yield f"the account {account} may not use the partition {partition.name}"
    if asked.qos:
        allowed = site.qos_of(account)
        if allowed and asked.qos not in allowed:
            yield f"the account {account} has no QOS {asked.qos}, but {listed(allowed)}"
        elif partition.qos and asked.qos not in partition.qos:
            yield f"the partition {partition.name} takes no QOS {asked.qos}, but {listed(partition.qos, 'or')}"


def _of_node(asked: SizePreset, partition: Partition) -> Iterator[str]:
    if partition.max_hours is not None and asked.hours > partition.max_hours:
        yield f"{asked.hours:g} h, and {partition.name} allows {partition.max_hours:g} h"
    most = min(partition.num_nodes, partition.max_nodes or partition.num_nodes)
    if asked.nodes > most:
        yield f"{counted(asked.nodes, 'node')}, and {partition.name} gives {most} to a job"
    if asked.cpus // asked.nodes > partition.num_cpus:
        yield f"{asked.cpus // asked.nodes} CPUs on a node, and a node has {partition.num_cpus}"
    memory = (asked.memory_gib or 0) * 2**30 / asked.nodes
    if partition.memory and memory > partition.memory:
        yield f"{memory / 2**30:g} GiB on a node, and a node has {partition.memory / 2**30:.0f} GiB"
    gpus = asked.gpus // asked.nodes
    kinds = partition.gpus_of_node
    if gpus and asked.gpu_type and asked.gpu_type not in kinds:
        has = listed(kind or "GPUs without a type" for kind in kinds) or "no GPU"
        yield f"there is no GPU of the type {asked.gpu_type} in {partition.name}, but {has}"
    elif gpus and gpus > (most := kinds[asked.gpu_type] if asked.gpu_type else sum(kinds.values())):
        yield f"{counted(gpus, 'GPU')} on a node, and a node has {most}"
