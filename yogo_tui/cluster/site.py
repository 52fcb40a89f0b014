"""What a cluster offers to its user: partitions and their limits, accounts, QOS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Partition:
    """A partition, and what a job may ask of it."""

    name: str
    is_default: bool = False
    is_up: bool = True
    max_hours: float | None = None
    """None if it has no time limit."""

    max_nodes: int | None = None
    """How many nodes it gives to a job; None if it does not limit that."""

    num_nodes: int = 0
    """The nodes that accept jobs."""

    num_cpus: int = 0
    """CPUs that a job may have on its largest node."""

    memory: int = 0
    """Memory of its largest node, in bytes; 0 if that is not known."""

    gpus: Mapping[str, int] = field(default_factory=dict)
    """All GPUs on nodes that accept jobs, by type; a type that the site does not name is ""."""

    gpus_of_node: Mapping[str, int] = field(default_factory=dict)
    """The most on one node, by type."""

    accounts: tuple[str, ...] = ()
    """The accounts that may use it; empty if all may."""

    denied_accounts: tuple[str, ...] = ()
    qos: tuple[str, ...] = ()
    """The QOS that may use it; empty if all may."""

    @property
    def num_gpus(self) -> int:
        return sum(self.gpus.values())

    def admits(self, account: str) -> bool:
        return account not in self.denied_accounts and (not self.accounts or account in self.accounts)


@dataclass(frozen=True, slots=True)
class Association:
    """An account that the user may charge jobs to."""

    account: str
    partition: str = ""
    """The only one that it is for; empty if it is for all."""

    qos: tuple[str, ...] = ()
    is_default: bool = False


@dataclass(frozen=True, slots=True)
class Site:
    """What the cluster offers. This machine alone offers nothing of it."""

    version: str = ""
    """The scheduler and its version, such as "Slurm 22.05.8"; empty for this machine."""

    partitions: tuple[Partition, ...] = ()
    associations: tuple[Association, ...] = ()
    needs_account: bool = False
    """Whether it refuses jobs of users without an account."""

    has_accounting: bool = False
    no_accounting: str = ""
    """Why accounting did not answer; empty if it did, or if there is none."""

    def partition(self, name: str) -> Partition | None:
        return next((one for one in self.partitions if one.name == name), None)

    @property
    def accounts(self) -> tuple[str, ...]:
        """The user's accounts, the default one first."""
        ordered = sorted(self.associations, key=lambda one: not one.is_default)
        return tuple(dict.fromkeys(one.account for one in ordered))

    def qos_of(self, account: str) -> tuple[str, ...]:
        """What the user may ask for with this account; with "", with the default one."""
        chosen = account or next(iter(self.accounts), "")
        return tuple(dict.fromkeys(qos for one in self.associations if one.account == chosen for qos in one.qos))
