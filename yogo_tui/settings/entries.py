"""What an entry of each setting is that is a list: a size, a host."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from yogo.run.launch import Size
from yogo_tui.settings.kinds import OptionLine, TemplateName, Text, Word


class SizePreset(Size):
    """One of the sizes that a launch can have: what its job asks the cluster for."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    gpus: int = Field(ge=0, le=10_000)
    """Number of GPUs in all. 0 trains on the CPU."""

    cpus: int = Field(ge=1, le=100_000)
    """Number of CPUs in all."""

    hours: float = Field(gt=0, le=100_000)
    """Time limit in hours, such as 24 or 0.5."""

    processes: int | None = Field(default=None, ge=1, le=10_000)
    """Number of processes that train. The default is the number of GPUs, at least 1 on each node."""

    nodes: int = Field(default=1, ge=1, le=10_000)
    """Number of nodes, each with an equal share of the GPUs, CPUs and processes. Several nodes need Slurm."""

    template: TemplateName
    """File name of the job script template, such as 4gpu.sbatch."""

    memory_gib: float | None = Field(default=None, gt=0, le=1_000_000)
    """Memory of the job in all, in GiB, shared equally by the nodes. The default is what the cluster gives to a job."""

    partition: Word | None = None
    """Slurm's partition. The default is the setting `partition`."""

    gpu_type: Word | None = None
    """Type of the GPUs. The default is the setting `gpu_type`."""

    account: Word | None = None
    """Slurm's account. The default is the setting `account`."""

    qos: Word | None = None
    """Slurm's quality of service. The default is the setting `qos`."""

    constraint: Word | None = None
    """Features that the nodes must have. The default is the setting `constraint`."""

    sbatch: tuple[OptionLine, ...] | None = None
    """Further options of sbatch, instead of those of the setting `sbatch`."""

    setup: tuple[Text, ...] | None = None
    """Shell commands at the start of the job, instead of those of the setting `setup`."""

    name: Text = ""
    """Name of the size for `--size`. It is needed if several sizes have the same number of GPUs."""

    @model_validator(mode="after")
    def _shares(self) -> SizePreset:
        for name, count in (("gpus", self.gpus), ("cpus", self.cpus), ("processes", self.num_processes)):
            if count % self.nodes:
                raise ValueError(f"{name}: {count} cannot be shared equally by {self.nodes} nodes")
        return self

    @property
    def title(self) -> str:
        """The value of `--size` for it."""
        return self.name or str(self.gpus)


class HostPreset(BaseModel):
    """A machine that the console can work on through SSH."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: Text = Field(min_length=1)
    """Name of the machine for `--host`."""

    login: Text = Field(min_length=1)
    """What you give to ssh: a name, user@name, or an entry of ~/.ssh/config."""

    yogo_tui: Text = "yogo-tui"
    """Path of yogo-tui there. It is needed if a login does not find the program by its name."""

    ssh_config: Text = ""
    """SSH configuration to use instead of ~/.ssh/config."""

    workspace: str = ""
    """The workspace there. The default is what the settings there say, else the home folder."""

    settings: str = ""
    """The settings file there. The default is the one that yogo-tui reads there by itself."""

    profile: Text = ""
    """The profile of the settings there. The default is what the settings there say."""


LISTS: Mapping[str, type[BaseModel]] = {"sizes": SizePreset, "hosts": HostPreset}
"""The settings that are lists, each with what an entry of it is."""


def written(value: Any) -> Any:
    """A setting's value as lists, dictionaries, strings and numbers, which YAML can hold."""
    if isinstance(value, SizePreset | HostPreset):
        return {name: written(one) for name, one in value if name in value.model_fields_set}
    if isinstance(value, tuple | list):
        return [written(one) for one in value]
    return str(value) if isinstance(value, Path) else value
