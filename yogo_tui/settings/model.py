"""What can be set, each with its default and its help: the one declaration that files, help and docs come from."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr, field_validator

from yogo.places import NoHome, expanded
from yogo.run.directory import RUNS
from yogo.run.launch import Size
from yogo.wandb_login import Mode, default_mode
from yogo_tui.errors import SettingsError
from yogo_tui.settings.patience import answer
from yogo_tui.settings.workspace import config_file, standing, workspace_at


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
    if "/" in name or name[:1] in ("", ".", "_") or name == "wrapper.sbatch":
        raise ValueError("the name of a script template is expected, such as 1gpu.sbatch")
    return _plain(name)


Text = Annotated[str, AfterValidator(_plain)]
Folder = Annotated[Path, BeforeValidator(_said), AfterValidator(_folder)]


class SizePreset(Size):
    """One of the sizes that Launch offers: what a job asks its cluster for."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    gpus: int = Field(ge=0, le=10_000)
    """GPUs of one node; 0 trains on the CPU."""

    cpus: int = Field(ge=1, le=100_000)
    """CPUs."""

    hours: float = Field(gt=0, le=100_000)
    """Time limit, in hours; 0.5 is half an hour."""

    processes: int | None = Field(default=None, ge=1, le=10_000)
    """Processes to train with; as many as GPUs where it is not said."""

    template: Annotated[str, AfterValidator(_template)]
    """Name of the script template, such as 4gpu.sbatch."""

    name: Text = ""
    """What `--size` calls it, where the number of GPUs is not enough."""

    @property
    def title(self) -> str:
        """What `--size` takes for it."""
        return self.name or str(self.gpus)


class Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    _file: Path | None = PrivateAttr(default=None)
    _lines: Mapping[str, int] = PrivateAttr(default={})
    _notices: tuple[str, ...] = PrivateAttr(default=())
    _elsewhere: Mapping[Path, Path] = PrivateAttr(default={})
    _old_runs: tuple[Path, ...] = PrivateAttr(default=())

    workspace: Folder | None = Field(default=None, examples=["/data/lab"])
    """Where runs are written (in its folder trained_models) and what relative folders below are relative to. Not set,
    it is where you stand, or the nearest folder above that holds `trained_models` or a `.yogo`. `--workspace` wins."""

    definitions: tuple[Folder, ...] = (Path("dataset_defs"),)
    """Folders of dataset definitions."""

    runs: tuple[Folder, ...] = Field(default=(), examples=[["/data/lab/trained_models"]])
    """Further folders of runs to show, such as the lab's."""

    presets: tuple[Folder, ...] = Field(default=(), examples=[["/data/lab/recipes"]])
    """Further folders of recipes; your own lie in the folder `recipes` beside the settings file."""

    templates: Folder | None = Field(default=None, examples=["/data/lab/templates"])
    """Folder of script templates that are used before the shipped ones; not set, `templates` beside the settings
    file."""

    cluster: Literal["auto", "slurm", "local"] = "auto"
    """Who runs the jobs: slurm, or local for this machine alone. auto is Slurm where there is an sbatch, else this
    machine. `--cluster` wins."""

    partition: Text = "gpu"
    """Slurm's partition; empty asks for none."""

    gpu_type: Text = "a100"
    """The GPUs as the site's GRES calls them; empty where they have no type."""

    account: Text = ""
    """Slurm's account; empty asks for none."""

    sizes: tuple[SizePreset, ...] = Field(
        default=(
            SizePreset(gpus=1, cpus=64, hours=24, template="1gpu.sbatch"),
            SizePreset(gpus=2, cpus=32, hours=16, template="2gpu.sbatch"),
            SizePreset(gpus=4, cpus=64, hours=24, template="4gpu.sbatch"),
        ),
        min_length=1,
    )
    """The sizes that a launch may have: GPUs, CPUs, hours and the script's template."""

    setup: tuple[str, ...] = Field(default=(), examples=[["module load cuda", "conda activate yogo"]])
    """Lines of shell at the head of each script, such as `module load` and `conda activate`."""

    yogo_command: Text = Field(default="", examples=["/opt/yogo/bin/yogo"])
    """The trainer's command; not set, the yogo beside this Python."""

    wandb: Literal["auto", "online", "offline", "disabled"] = "auto"
    """Weights & Biases. auto is online where a login is found (in ~/.netrc, or WANDB_API_KEY), else disabled. What is
    logged offline lies in the run's folder `wandb`, and `wandb sync` uploads it."""

    wandb_project: Text = ""
    """The project of Weights & Biases; not set, WANDB_PROJECT or the trainer's own."""

    wandb_entity: Text = ""
    """The team or user of Weights & Biases; not set, WANDB_ENTITY or the login's own."""

    local_slots: int = Field(default=0, ge=0, le=10_000)
    """Jobs that this machine runs at a time, counted in GPUs; 0 asks the hardware (its GPUs, else 1)."""

    poll_seconds: float = Field(default=30.0, ge=0.2, le=3600)
    """How often Slurm is asked while jobs are active, in seconds. Centres ask for no less than 30."""

    @field_validator("sizes")
    @classmethod
    def _sizes(cls, sizes: tuple[SizePreset, ...]) -> tuple[SizePreset, ...]:
        return tuple(dict.fromkeys(sizes))

    @field_validator("yogo_command")
    @classmethod
    def _words(cls, command: str) -> str:
        try:
            shlex.split(command)
        except ValueError as error:
            raise ValueError(f"this cannot be read as a command: {error}") from error
        return command

    @property
    def file(self) -> Path:
        """Where these settings were read from, or would be written to."""
        return self._file or config_file(self.workspace_folder)

    @property
    def lines(self) -> Mapping[str, int]:
        """Line of the file, from 1, of each setting that it has."""
        return self._lines

    @property
    def notices(self) -> tuple[str, ...]:
        """What a person should know of how these settings were read, a sentence each."""
        return self._notices

    @property
    def workspace_folder(self) -> Path:
        """Absolute. Raises SettingsError where it depends on a working directory that is gone."""
        if self.workspace is None:
            return workspace_at(standing())
        path = expanded(self.workspace)
        return Path(os.path.normpath(path if path.is_absolute() else standing() / path))

    @property
    def runs_folder(self) -> Path:
        """Where new runs are written."""
        return self.workspace_folder / RUNS

    @property
    def run_folders(self) -> tuple[Path, ...]:
        """Every folder of runs to look at, the one that is written to first."""
        return _once((self.runs_folder, *(self.absolute(folder) for folder in self.runs), *self._old_runs))

    @property
    def definition_folders(self) -> tuple[Path, ...]:
        return _once(self.absolute(folder) for folder in self.definitions)

    @property
    def own_presets_folder(self) -> Path:
        """Where the user's own presets are saved."""
        return self.file.parent / "recipes"

    @property
    def preset_folders(self) -> tuple[Path, ...]:
        return _once((self.own_presets_folder, *(self.absolute(folder) for folder in self.presets)))

    @property
    def templates_folder(self) -> Path:
        """Where the user's own script templates lie."""
        return self.absolute(self.templates) if self.templates else self.file.parent / "templates"

    @property
    def yogo_words(self) -> tuple[str, ...]:
        """The trainer's command as words."""
        if words := shlex.split(self.yogo_command):
            return tuple(words)
        beside = shutil.which("yogo", path=os.path.dirname(sys.executable))
        return (os.path.abspath(beside),) if beside else (sys.executable, "-m", "yogo")

    @property
    def wandb_mode(self) -> tuple[Mode, str]:
        """What a run will do with Weights & Biases, and why, such as "a login was found in ~/.netrc"."""
        if self.wandb == "auto":
            return default_mode()
        return self.wandb, "the settings say so"

    @property
    def wandb_words(self) -> str:
        """The same as a sentence."""
        mode, why = self.wandb_mode
        if mode == "offline":
            return "W&B is offline. Upload later: wandb sync RUN/wandb/offline-run-*"
        return f"W&B is {'on' if mode == 'online' else 'off'}: {why}."

    def absolute(self, path: Path) -> Path:
        """`path`, with ~ as the home folder and a relative one as below the workspace."""
        if path in self._elsewhere:
            return self._elsewhere[path]
        path = expanded(path)
        return Path(os.path.normpath(path if path.is_absolute() else self.workspace_folder / path))

    def size(self, title: str | int) -> SizePreset:
        """The size of this name, or with this many GPUs. Raises SettingsError."""
        fitting = [size for size in self.sizes if size.name == str(title)]
        fitting = fitting or [size for size in self.sizes if str(size.gpus) == str(title)]
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            named = [size.title for size in fitting if size.name]
            hint = f"say {' or '.join(named)}" if named else f"give them names in {self.file}"
            raise SettingsError(f"There are {len(fitting)} sizes of {title} GPUs: {hint}.")
        offered = ", ".join("0 (the CPU)" if size.title == "0" else size.title for size in self.sizes)
        raise SettingsError(f"There is no size {title}; the settings have {offered}.")


def _once(folders: Iterable[Path]) -> tuple[Path, ...]:
    """Each folder once, whatever it is called."""
    found: dict[str, Path] = {}
    for folder in folders:
        found.setdefault(answer(os.path.realpath, folder) or str(folder), folder)
    return tuple(found.values())


def definition_files(settings: Settings) -> tuple[tuple[Path, Path], ...]:
    """Every YAML file under the folders of definitions, by folder and name, each with that folder."""
    found = {
        path: root
        for root in reversed(settings.definition_folders)
        for path in sorted(root.rglob("*.y*ml"), reverse=True)
        if path.suffix in {".yml", ".yaml"} and not any(part[0] == "." for part in path.relative_to(root).parts)
    }
    return tuple(reversed(found.items()))
