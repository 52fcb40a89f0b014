"""Works out settings for a site from what it offers."""

from __future__ import annotations

from collections.abc import Mapping

from yogo_tui.cluster.site import Partition, Site
from yogo_tui.settings import Settings, SizePreset

_TEMPLATES = {1: "1gpu.sbatch", 2: "2gpu.sbatch"}
_TWO_NODES = "2nodes"
_MOST_CPUS, _MOST_HOURS = 64, 24


def best_partition(site: Site) -> Partition | None:
    """The partition to train on: the default setting's if it has GPUs, else the one with the most GPUs that the user
    may use; without any GPU, the site's default. None if there is none that accepts jobs."""
    usual = Settings.model_fields["partition"].default
    usable = [one for one in site.partitions if one.is_up and one.num_nodes and _may_use(site, one)]
    with_gpus = [one for one in usable if one.num_gpus]
    if with_gpus:
        return max(with_gpus, key=lambda one: (one.name == usual, one.num_gpus, one.is_default, one.max_hours or 1e9))
    return max(usable, key=lambda one: (one.is_default, one.num_cpus * one.num_nodes), default=None)


def gpu_type(partition: Partition) -> str:
    """The type that the partition has the most of; empty if it names none."""
    return max(partition.gpus, key=lambda kind: (partition.gpus[kind], kind), default="")


def account(site: Site, partition: Partition) -> str:
    """The account to name in jobs: the user's default one; empty if it is not needed, or if there is none."""
    fitting = [one for one in site.accounts if partition.admits(one)]
    return fitting[0] if fitting and (site.needs_account or len(site.accounts) > 1) else ""


def sizes(partition: Partition) -> tuple[SizePreset, ...]:
    """Sizes that the partition can start: 1, 2, 4 and 8 GPUs as far as a node has them, a whole node, and two nodes."""
    hours = partition.max_hours or float("inf")
    kind = gpu_type(partition)
    of_node = partition.gpus_of_node.get(kind, 0)
    if not of_node:
        cpus = min(_MOST_CPUS, max(1, partition.num_cpus))
        return (SizePreset(gpus=0, cpus=cpus, hours=min(_MOST_HOURS, hours), template="1gpu.sbatch"),)
    usual = {size.gpus: size for size in Settings.model_fields["sizes"].default if size.nodes == 1}
    numbers = sorted({number for number in (1, 2, 4, 8) if number <= of_node} | {min(of_node, 8)})
    made = []
    for number in numbers:
        cpus, time = (usual[number].cpus, usual[number].hours) if number in usual else (_MOST_CPUS, _MOST_HOURS)
        template = _TEMPLATES.get(number, "4gpu.sbatch")
        made.append(
            SizePreset(gpus=number, cpus=_cpus(partition, cpus, number), hours=min(time, hours), template=template)
        )
    if min(partition.num_nodes, partition.max_nodes or partition.num_nodes) > 1:
        largest = made[-1]
        two = {"gpus": 2 * largest.gpus, "cpus": 2 * largest.cpus, "hours": largest.hours}
        made.append(SizePreset(**two, nodes=2, template="2nodes.sbatch", name=_TWO_NODES))
    return tuple(made)


def proposed(site: Site) -> Mapping[str, object]:
    """Settings of the model, by name, for this site; only those that differ from the default where they are many."""
    partition = best_partition(site)
    if partition is None:
        return {}
    found: dict[str, object] = {"partition": partition.name, "gpu_type": gpu_type(partition)}
    if named := account(site, partition):
        found["account"] = named
    if (own := sizes(partition)) != Settings.model_fields["sizes"].default:
        found["sizes"] = own
    return found


def _may_use(site: Site, partition: Partition) -> bool:
    """As far as it is known: without accounting nobody's accounts are."""
    return not site.accounts or any(partition.admits(one) for one in site.accounts)


def _cpus(partition: Partition, usual: int, num_gpus: int) -> int:
    """The usual number, if a node has enough for all usual sizes; else the node's CPUs by the share of its GPUs."""
    if not partition.num_cpus or partition.num_cpus >= _MOST_CPUS:
        return usual
    of_node = sum(partition.gpus_of_node.values())
    return max(1, partition.num_cpus * num_gpus // of_node)
