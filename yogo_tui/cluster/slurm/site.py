"""Asks Slurm what it offers: partitions from scontrol and sinfo, accounts from sacctmgr."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from yogo.text.terminal import printable
from yogo_tui.cluster.site import Association, Partition
from yogo_tui.cluster.slurm.fields import gpus_by_type
from yogo_tui.cluster.slurm.nodes import is_usable, max_hours, max_nodes
from yogo_tui.cluster.slurm.queue import FIELD, RECORD

PARTITIONS = ("scontrol", "--oneliner", "show", "partition")

_NAMES = ("NodeList", "Partition", "StateLong", "CPUs", "Memory", "Gres")
_FORMAT = ",".join(f"{name}:{FIELD}" for name in _NAMES[:-1]) + f",{_NAMES[-1]}:{RECORD}"
NODES = ("sinfo", "--Node", "--noheader", f"--Format={_FORMAT}")

_ASSOCIATION = ("Cluster", "DefaultAccount", "Account", "Partition", "QOS")
# The user is the one that the command runs as, whom the console does not know where it works on another machine.
ASSOCIATIONS = (
    "sh",
    "-c",
    'exec sacctmgr --noheader --parsable2 show user "$(id -un)" withassoc format="$1"',
    "sacctmgr",
    ",".join(_ASSOCIATION),
)

_PAIR = re.compile(r"(\w+)=(\S*)")


@dataclass(slots=True)
class _Nodes:
    """The nodes of one partition that accept jobs."""

    number: int = 0
    cpus: int = 0
    memory: int = 0
    gpus: dict[str, int] = field(default_factory=dict)
    gpus_of_node: dict[str, int] = field(default_factory=dict)

    def add(self, cpus: str, memory: str, gres: str) -> None:
        self.number += 1
        self.cpus = max(self.cpus, _whole(cpus) or 0)
        self.memory = max(self.memory, (_whole(memory) or 0) << 20)
        for kind, count in gpus_by_type(gres).items():
            self.gpus[kind] = self.gpus.get(kind, 0) + count
            self.gpus_of_node[kind] = max(self.gpus_of_node.get(kind, 0), count)


def parse_partitions(shown: str, nodes: str) -> tuple[Partition, ...]:
    """The partitions that `scontrol show partition` lists, with the nodes that `sinfo` does. What is not a name without
    control characters is left out."""
    of_partition = _by_partition(nodes)
    found = (_partition(line, of_partition) for line in shown.splitlines())
    return tuple(one for one in found if one is not None)


def parse_associations(table: str, cluster: str) -> tuple[Association, ...]:
    """The user's associations on this cluster, from the output of sacctmgr. Other lines are skipped."""
    rows = [line.split("|") for line in table.splitlines()]
    return tuple(
        Association(account, partition, _listed(qos), is_default=account == default)
        for of_cluster, default, account, partition, qos in (row for row in rows if len(row) == len(_ASSOCIATION))
        if of_cluster == cluster and _is_name(account)
    )


def _by_partition(table: str) -> Mapping[str, _Nodes]:
    found: dict[str, _Nodes] = {}
    for record in table.split(RECORD):
        fields = record.lstrip("\n").split(FIELD)
        if len(fields) == len(_NAMES) and is_usable(fields[2]):
            found.setdefault(fields[1].rstrip("*"), _Nodes()).add(*fields[3:])
    return found


def _partition(line: str, of_partition: Mapping[str, _Nodes]) -> Partition | None:
    said = dict(_PAIR.findall(line))
    name = said.get("PartitionName", "")
    if not _is_name(name):
        return None
    nodes = of_partition.get(name, _Nodes())
    most = _whole(said.get("MaxCPUsPerNode", ""))
    return Partition(
        name,
        is_default=said.get("Default") == "YES",
        is_up=said.get("State") == "UP",
        max_hours=max_hours(line),
        max_nodes=max_nodes(line),
        num_nodes=nodes.number,
        num_cpus=min(nodes.cpus, most) if most else nodes.cpus,
        memory=nodes.memory,
        gpus=nodes.gpus,
        gpus_of_node=nodes.gpus_of_node,
        accounts=_listed(said.get("AllowAccounts", "ALL")),
        denied_accounts=_listed(said.get("DenyAccounts", "")),
        qos=_listed(said.get("AllowQos", "ALL")),
    )


def _listed(text: str) -> tuple[str, ...]:
    """The names in a list with commas; none for ALL."""
    return tuple(_names(text)) if text != "ALL" else ()


def _names(text: str) -> Iterator[str]:
    yield from (name for name in text.split(",") if _is_name(name))


def _is_name(text: str) -> bool:
    return bool(text) and text == printable(text) and text.isprintable()


def _whole(text: str) -> int | None:
    """The number in a field such as "128" or "256000+"; None for UNLIMITED and anything else."""
    digits = text.rstrip("+")
    return int(digits) if digits.isdecimal() else None
