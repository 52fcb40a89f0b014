"""What the entries of settings are: texts, folders, sizes and machines."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from yogo.files.places import NoHome, expanded
from yogo.run.launch import Size


def _plain(value: str) -> str:
    if any(ord(sign) < 32 or ord(sign) == 127 for sign in value):
        raise ValueError("this holds a control character")
    return value


def _said(value: object) -> object:
    if value == "":
        raise ValueError("a folder's path is expected, and this is empty")
    return value


def _folder(path: Path) -> Path:
    _plain(str(path))
    try:
        expanded(path)
    except NoHome as error:
        raise ValueError(f"{path} is not known. {error}") from error
    return path


def _template(name: str) -> str:
    if "/" in name or name[:1] in ("", ".", "_") or Path(name).stem == "wrapper":
        raise ValueError("the name of a script template is expected, such as 1gpu.sbatch")
    return _plain(name)


Text = Annotated[str, AfterValidator(_plain)]
Folder = Annotated[Path, BeforeValidator(_said), AfterValidator(_folder)]


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

    template: Annotated[str, AfterValidator(_template)]
    """File name of the job script template, such as 4gpu.sbatch."""

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
