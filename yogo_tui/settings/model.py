"""Declares every setting with its default and its help. Settings file, help and docs follow from it."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePath, PurePosixPath
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationInfo, field_validator

from yogo.files.places import expanded
from yogo.run.directory import RUNS, HostRunDirectory
from yogo.text.wording import counted, listed
from yogo.wandb_login import Mode, default_mode
from yogo_tui.advice import tui
from yogo_tui.cluster.header import Header
from yogo_tui.cluster.table import CLUSTERS
from yogo_tui.errors import SettingsError
from yogo_tui.settings.entries import HostPreset, SizePreset, written
from yogo_tui.settings.kinds import Digits, Folder, Key, OptionLine, Text, Word
from yogo_tui.settings.patience import answer
from yogo_tui.settings.workspace import config_file, standing, workspace_at

if TYPE_CHECKING:
    ClusterName = str
else:
    ClusterName = Literal[("auto", *CLUSTERS)]


class Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    _file: Path | None = PrivateAttr(default=None)
    _lines: Mapping[str, int] = PrivateAttr(default={})
    _notices: tuple[str, ...] = PrivateAttr(default=())
    _elsewhere: Mapping[Path, Path] = PrivateAttr(default={})
    _old_runs: tuple[Path, ...] = PrivateAttr(default=())
    _named: tuple[Path, ...] = PrivateAttr(default=())
    _wandb: tuple[Mode, str] | None = PrivateAttr(default=None)
    _start: Path | None = PrivateAttr(default=None)
    _values: Mapping[str, Any] = PrivateAttr(default={})
    _profile: tuple[str, str] = PrivateAttr(default=("", ""))

    workspace: Folder | None = Field(default=None, examples=["/data/lab"])
    """The folder whose subfolder `trained_models` receives new runs. Relative folders in this file are below it. The
    default is the current folder, or the nearest one above it that holds `trained_models` or `.yogo`. `--workspace`
    takes precedence."""

    definitions: tuple[Folder, ...] = (Path("dataset_defs"),)
    """Folders in which dataset definitions are looked for, besides those that the variable DDF_PATHS names."""

    runs: tuple[Folder, ...] = Field(default=(), examples=[["/data/lab/trained_models"]])
    """Further folders whose runs are shown, such as the lab's."""

    presets: tuple[Folder, ...] = Field(default=(), examples=[["/data/lab/recipes"]])
    """Further folders of recipes. Your own recipes are in the folder `recipes` beside the settings file."""

    templates: Folder | None = Field(default=None, examples=["/data/lab/templates"])
    """The folder of your own job script templates, which take precedence over the shipped ones. The default is the
    folder `templates` beside the settings file."""

    cluster: ClusterName = "auto"
    """What runs the jobs: `slurm`, `local` (this machine alone), or `auto`, which is Slurm if there is an sbatch, else
    this machine. `--cluster` takes precedence."""

    host: Text = ""
    """The machine to work on through SSH: what you give to ssh, or the name of one of `hosts`. The default is this
    machine. `--host` takes precedence; `--host here` is this machine."""

    hosts: tuple[HostPreset, ...] = Field(
        default=(),
        examples=[
            [
                {
                    "name": "lab",
                    "login": "me@login.example.org",
                    "yogo_tui": "/opt/yogo/bin/yogo-tui",
                    "workspace": "/data/lab",
                }
            ]
        ],
    )
    """Machines to work on through SSH, each with a name for `--host`."""

    partition: Word = "gpu"
    """Slurm's partition for jobs. If it is empty, jobs ask for none. This and the following settings up to `sbatch`,
    and `setup`, hold for the sizes that do not say otherwise."""

    gpu_type: Word = "a100"
    """Type of the GPUs in the site's GRES. Leave it empty if they have no type there."""

    account: Word = ""
    """Slurm's account for jobs. If it is empty, jobs ask for none."""

    qos: Word = Field(default="", examples=["normal"])
    """Slurm's quality of service for jobs. If it is empty, jobs ask for none."""

    constraint: Word = Field(default="", examples=["a100-80gb"])
    """Features that the nodes of a job must have. If it is empty, jobs ask for none."""

    sbatch: tuple[OptionLine, ...] = Field(default=(), examples=[["--exclusive", "--mail-type=END,FAIL"]])
    """Further options of sbatch for jobs, each on an #SBATCH line of its own."""

    sizes: tuple[SizePreset, ...] = Field(
        default=(
            SizePreset(gpus=1, cpus=64, hours=24, template="1gpu.sbatch"),
            SizePreset(gpus=2, cpus=32, hours=16, template="2gpu.sbatch"),
            SizePreset(gpus=4, cpus=64, hours=24, template="4gpu.sbatch"),
            SizePreset(gpus=8, cpus=128, hours=24, nodes=2, template="2nodes.sbatch", name="2nodes"),
        ),
        min_length=1,
    )
    """The sizes that a launch can have: GPUs, CPUs, hours, nodes, job script template, and what else a job asks for.
    Where this machine runs the jobs and no sizes are set, they follow from its GPUs and CPUs."""

    setup: tuple[Text, ...] = Field(default=(), examples=[["module load cuda", "conda activate yogo"]])
    """Shell commands at the start of each job script, such as `module load` and `conda activate`."""

    yogo_command: Text = Field(default="", examples=["/opt/yogo/bin/yogo"])
    """Command that runs the trainer. The default is the `yogo` that is installed beside yogo-tui."""

    wandb: Literal["auto", "online", "offline", "disabled"] = "auto"
    """Whether runs are logged to Weights & Biases. `auto` is online if a login is found (in ~/.netrc or
    WANDB_API_KEY), else disabled. Offline logs are in the run's folder `wandb`; `yogo-tui sync` uploads them."""

    wandb_project: Text = ""
    """Project at Weights & Biases. The default is WANDB_PROJECT, else the trainer's own."""

    wandb_entity: Text = ""
    """Team or user at Weights & Biases. The default is WANDB_ENTITY, else that of your login."""

    local_slots: int = Field(default=0, ge=0, le=10_000)
    """How many jobs of one GPU this machine runs at a time. 0 means as many as it has GPUs, at least 1."""

    columns: tuple[Text, ...] = Field(
        default=(), examples=[["state", "name", "epoch", "mAP50", "learning_rate", "age"]]
    )
    """Columns of the list of runs, among them settings of the recipe. The default depends on the terminal's width."""

    preview: bool = True
    """Whether the run under the cursor is shown beside the list of runs, in a terminal of 120 columns and more."""

    theme: Annotated[Literal["auto", "dark", "light", "colour-blind", "16", "16-light"], Digits] = "auto"
    """The colours of the console: dark, light, colour-blind, or the terminal's own 16 on dark (16) or on light
    (16-light). `auto` is light where the terminal says that it is, else dark, and 16 where it has no more. With
    NO_COLOR there are none."""

    mouse: bool = True
    """Whether the console takes the mouse. If not, the terminal marks and copies with it in its own way; `M` changes
    that until the console is left."""

    notify: tuple[Literal["bell", "osc9", "osc777"], ...] = Field(default=(), examples=[["bell", "osc9"]])
    """How an open console tells its terminal that a run has ended, or a job that uses one, such as a test: `bell`
    rings, and `osc9` and `osc777` are notices of the desktop, each in some terminals. In tmux the last two need its
    option allow-passthrough."""

    notify_command: Text = Field(default="", examples=["/home/me/bin/tell-me --urgent"])
    """A command that is run when a run, or a job that uses one, has ended, where the runs are. It gets YOGO_RUN,
    YOGO_STATE, YOGO_WHY and YOGO_FOLDER in its environment."""

    notify_webhook: Text = Field(default="", examples=["$YOGO_WEBHOOK"])
    """Where the address of a webhook is, which gets a JSON object when a run, or a job that uses one, has ended: an
    environment variable such as $YOGO_WEBHOOK, or a file. The address is a secret, and does not stand here."""

    keymap: dict[Text, Key] = Field(default={}, examples=[{"runs.cancel": "X", "runs.hold": ", h"}])
    """Other keys for actions, each by the action's id, which docs/keys.md lists. Two keys with a blank between are
    typed one after the other. Keys of dialogs, and those that open screens, stay as they are."""

    poll_seconds: float = Field(default=30.0, ge=0.2, le=3600)
    """Seconds between two queries of Slurm while jobs are active. Computing centres ask for at least 30."""

    profile: Text = Field(default="", examples=["lab"])
    """Name of the one of `profiles` to use. The default is the first one that is for this machine. `--profile` takes
    precedence."""

    profiles: dict[Text, dict[str, Any]] = Field(
        default={}, examples=[{"lab": {"machines": ["login*"], "workspace": "/data/lab", "qos": "normal"}}]
    )
    """Named sets of settings, such as one for each site. Where a profile is used, its settings take precedence over
    those of the file. `machines` are the host names that it is for; * stands for anything."""

    @field_validator("sizes")
    @classmethod
    def _sizes(cls, sizes: tuple[SizePreset, ...], info: ValidationInfo) -> tuple[SizePreset, ...]:
        for size in sizes:
            lines = info.data.get("sbatch", ()) if size.sbatch is None else size.sbatch
            if size.memory_gib and any("--mem-per-cpu" in line for line in lines):
                raise ValueError(f"the size {size.title} has memory_gib, and its sbatch has --mem-per-cpu: keep one")
        return tuple(dict.fromkeys(sizes))

    @field_validator("notify_webhook")
    @classmethod
    def _place_of_secret(cls, where: str) -> str:
        if "://" in where:
            raise ValueError("the address is a secret: put it into an environment variable or a file, and name that")
        return where

    @field_validator("yogo_command", "notify_command")
    @classmethod
    def _words(cls, command: str) -> str:
        try:
            shlex.split(command)
        except ValueError as error:
            raise ValueError(f"this cannot be read as a command: {error}") from error
        return command

    @property
    def file(self) -> Path:
        """Path of the file that was read, or that `config init` would write."""
        return self._file or config_file(self.workspace_folder)

    @property
    def lines(self) -> Mapping[str, int]:
        """Line number in the file, from 1, of each setting that the file has."""
        return self._lines

    @property
    def why_profile(self) -> str:
        """What chose the profile in force, such as "--profile"."""
        return self._profile[1] if self._profile[0] else ""

    @property
    def notices(self) -> tuple[str, ...]:
        """Sentences for the user on how these settings were read."""
        return self._notices

    @property
    def values(self) -> Mapping[str, Any]:
        """Each setting as it was written, or as by default, in lists, dictionaries, strings and numbers; but the
        workspace in full."""
        said = {name: written(value) for name, value in self} | {"workspace": str(self.workspace_folder)}
        return self._values or said

    @property
    def start(self) -> Path:
        """The folder that the relative paths which a person types are below: on this machine the current one, on
        another machine its workspace. Raises SettingsError if the current folder is gone."""
        return self._start or standing()

    def as_typed(self, path: PurePath) -> str:
        """A path as a person types it: below `start` from there. Raises SettingsError as `start` does."""
        return str(path.relative_to(self.start) if path.is_relative_to(self.start) else path)

    @property
    def workspace_folder(self) -> Path:
        """Absolute path of the workspace. Raises SettingsError if it depends on a current folder that is gone."""
        if self.workspace is None:
            return workspace_at(self.start)
        path = expanded(self.workspace)
        return Path(os.path.normpath(path if path.is_absolute() else self.start / path))

    @property
    def header(self) -> Header:
        """How the cluster reads the first lines of a script; for `auto`, that of the first kind of cluster."""
        return CLUSTERS.get(self.cluster, next(iter(CLUSTERS.values()))).header

    @property
    def own_runs_folder(self) -> Path:
        """The folder in which new runs are written."""
        return self.workspace_folder / RUNS

    @property
    def all_runs_folders(self) -> tuple[Path, ...]:
        """All folders of runs; the first one receives new runs."""
        return _once((self.own_runs_folder, *(self.absolute(folder) for folder in self.runs), *self._old_runs))

    def run(self, name: str) -> HostRunDirectory:
        """The directory of a new run of this name."""
        return HostRunDirectory.of(name, PurePosixPath(self.own_runs_folder))

    @property
    def definition_folders(self) -> tuple[Path, ...]:
        """Those of the setting, and those that $DDF_PATHS names."""
        return _once((*(self.absolute(folder) for folder in self.definitions), *self._named))

    @property
    def own_presets_folder(self) -> Path:
        """The folder in which the user's own presets are saved."""
        return self.file.parent / "recipes"

    @property
    def preset_folders(self) -> tuple[Path, ...]:
        return _once((self.own_presets_folder, *(self.absolute(folder) for folder in self.presets)))

    @property
    def templates_folder(self) -> Path:
        """The folder of the user's own job script templates."""
        return self.absolute(self.templates) if self.templates else self.file.parent / "templates"

    @property
    def yogo_words(self) -> tuple[str, ...]:
        """The words of the trainer's command. A program that is named by its path is below the workspace, where jobs
        run."""
        if words := shlex.split(self.yogo_command):
            program = str(self.absolute(Path(words[0]))) if "/" in words[0] else words[0]
            return (program, *words[1:])
        beside = shutil.which("yogo", path=os.path.dirname(sys.executable))
        return (os.path.abspath(beside),) if beside else (sys.executable, "-m", "yogo")

    @property
    def wandb_mode(self) -> tuple[Mode, str]:
        """The W&B mode of new runs, and why, such as "a login was found in ~/.netrc"."""
        if self._wandb:
            return self._wandb
        if self.wandb == "auto":
            return default_mode()
        return self.wandb, "the settings say so"

    @property
    def wandb_words(self) -> str:
        """A sentence on the W&B mode of new runs, and where the settings have them go."""
        mode, why = self.wandb_mode
        parts = {"team or user": self.wandb_entity, "project": self.wandb_project}
        to = ", ".join(f"{what} {name}" for what, name in parts.items() if name and mode != "disabled")
        where = f" ({to})" if to else ""
        if mode == "offline":
            return f"W&B is offline{where}. Upload later: {tui()} sync RUN"
        return f"W&B is {'on' if mode == 'online' else 'off'}{where}: {why}."

    def absolute(self, path: Path) -> Path:
        """`path` as an absolute path: ~ is the home folder, and a relative path is below the workspace."""
        if path in self._elsewhere:
            return self._elsewhere[path]
        path = expanded(path)
        return Path(os.path.normpath(path if path.is_absolute() else self.workspace_folder / path))

    def filled(self, size: SizePreset) -> SizePreset:
        """The size, with the settings for all sizes where it says nothing itself."""
        names = ("partition", "gpu_type", "account", "qos", "constraint", "sbatch", "setup")
        missing = {name: getattr(self, name) for name in names if getattr(size, name) is None}
        return size.model_copy(update=missing)

    def size(self, title: str | int) -> SizePreset:
        """The size of this name, or with this number of GPUs. Raises SettingsError."""
        fitting = [size for size in self.sizes if size.name == str(title)]
        fitting = fitting or [size for size in self.sizes if str(size.gpus) == str(title)]
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            named = [size.title for size in fitting if size.name]
            hint = f"say {' or '.join(named)}" if named else f"give them names in {self.file}"
            raise SettingsError(f"There are {len(fitting)} sizes of {counted(fitting[0].gpus, 'GPU')}: {hint}.")
        offered = listed("0 (no GPU, the CPU alone)" if size.title == "0" else size.title for size in self.sizes)
        here = f"The only size here is {offered}" if len(self.sizes) == 1 else f"The sizes here are {offered}"
        raise SettingsError(f"There is no size {title}. {here}; others go into `sizes` of {self.file}.")


def _once(folders: Iterable[Path]) -> tuple[Path, ...]:
    """The folders, without those that are another name of an earlier one."""
    found: dict[str, Path] = {}
    for folder in folders:
        found.setdefault(answer(os.path.realpath, folder) or str(folder), folder)
    return tuple(found.values())
