"""The console's settings: typed, in one YAML file, every one with a default that works."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from yogo.run.launch import Size


class SizePreset(Size):
    """One of the sizes that Launch offers."""

    template: str
    """Name of the script template, such as 4gpu.sbatch."""


class Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    workspace: Path = Path(".")
    """Where runs are written: in its folder trained_models."""

    definitions: tuple[Path, ...] = (Path("dataset_defs"),)
    """Folders of dataset definitions, relative to the workspace."""

    runs: tuple[Path, ...] = ()
    """Further folders of runs to show."""

    presets: tuple[Path, ...] = ()
    """Further folders of presets; the user's own lie in the folder `recipes` beside the settings file."""

    templates: Path | None = None
    """Folder of script templates that stand in front of the shipped ones."""

    cluster: Literal["auto", "slurm", "local"] = "auto"
    """auto is Slurm where there is an sbatch, else this machine."""

    partition: str = "gpu"
    gpu_type: str = "a100"
    """As the site's GRES call it; empty where they have no type."""

    account: str = ""
    sizes: tuple[SizePreset, ...] = (
        SizePreset(gpus=1, cpus=64, hours=24, template="1gpu.sbatch"),
        SizePreset(gpus=2, cpus=32, hours=16, template="2gpu.sbatch"),
        SizePreset(gpus=4, cpus=64, hours=24, template="4gpu.sbatch"),
    )
    setup: tuple[str, ...] = ()
    """Lines of shell at the head of each script: modules, conda."""

    yogo_command: str = ""
    """The trainer; the yogo beside this Python where it is not said."""

    wandb: Literal["online", "offline", "disabled"] = "disabled"
    local_slots: int = Field(default=0, ge=0)
    """Jobs that this machine runs at a time, counted in GPUs; 0 asks the hardware (its GPUs, else 1)."""

    poll_seconds: float = Field(default=30.0, ge=0.2)
    """How often Slurm is asked while jobs are active. Centres ask for no less than 30."""
