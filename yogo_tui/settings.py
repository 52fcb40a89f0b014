"""The console's settings: typed, in one YAML file, every one with a default that works."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError

from yogo.run.directory import RUNS
from yogo.run.launch import Size
from yogo_tui.errors import SettingsError


class SizePreset(Size):
    """One of the sizes that Launch offers."""

    template: str
    """Name of the script template, such as 4gpu.sbatch."""


class Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    _file: Path | None = PrivateAttr(default=None)

    workspace: Path = Path(".")
    """Where runs are written: in its folder trained_models. Relative to the settings file, where there is one."""

    definitions: tuple[Path, ...] = (Path("dataset_defs"),)
    """Folders of dataset definitions, relative to the workspace."""

    runs: tuple[Path, ...] = ()
    """Further folders of runs to show."""

    presets: tuple[Path, ...] = ()
    """Further folders of presets; the user's own lie in the folder `recipes` beside the settings file."""

    templates: Path | None = None
    """Folder of script templates that stand in front of the shipped ones; `templates` beside the settings file."""

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

    @property
    def file(self) -> Path:
        """Where these settings were read from, or would be written to."""
        return self._file or default_file()

    @property
    def workspace_folder(self) -> Path:
        base = self._file.parent if self._file else Path.cwd()
        return Path(os.path.abspath(base / self.workspace.expanduser()))

    @property
    def runs_folder(self) -> Path:
        """Where new runs are written."""
        return self.workspace_folder / RUNS

    @property
    def run_folders(self) -> tuple[Path, ...]:
        """Every folder of runs to look at, the one that is written to first."""
        return (self.runs_folder, *(self.absolute(folder) for folder in self.runs))

    @property
    def definition_folders(self) -> tuple[Path, ...]:
        return tuple(self.absolute(folder) for folder in self.definitions)

    @property
    def own_presets_folder(self) -> Path:
        """Where the user's own presets are saved."""
        return self.file.parent / "recipes"

    @property
    def preset_folders(self) -> tuple[Path, ...]:
        return (self.own_presets_folder, *(self.absolute(folder) for folder in self.presets))

    @property
    def templates_folder(self) -> Path:
        """Where the user's own script templates lie."""
        return self.absolute(self.templates) if self.templates else self.file.parent / "templates"

    @property
    def yogo_words(self) -> tuple[str, ...]:
        """The trainer's command as words. Raises SettingsError."""
        if self.yogo_command:
            try:
                return tuple(shlex.split(self.yogo_command))
            except ValueError as error:
                raise SettingsError(f"yogo_command in {self.file} cannot be read as a command: {error}") from error
        beside = shutil.which("yogo", path=os.path.dirname(sys.executable))
        return (os.path.abspath(beside),) if beside else (sys.executable, "-m", "yogo")

    def absolute(self, path: Path) -> Path:
        """`path`, with ~ as the home folder and a relative one as below the workspace."""
        return Path(os.path.abspath(self.workspace_folder / path.expanduser()))

    def size(self, gpus: int) -> SizePreset:
        """The size with this many GPUs. Raises SettingsError."""
        for size in self.sizes:
            if size.gpus == gpus:
                return size
        offered = ", ".join(str(size.gpus) for size in self.sizes)
        raise SettingsError(f"There is no size of {gpus} GPUs; the settings have {offered}.")


def definition_files(settings: Settings) -> tuple[tuple[Path, Path], ...]:
    """Every YAML file under the folders of definitions, by folder and name, each with that folder."""
    return tuple(
        (path, root)
        for root in settings.definition_folders
        for path in sorted(root.rglob("*.y*ml"))
        if path.suffix in {".yml", ".yaml"} and not any(part[0] == "." for part in path.relative_to(root).parts)
    )


def default_file(env: Mapping[str, str] = os.environ) -> Path:
    """$XDG_CONFIG_HOME/yogo-tui/settings.yaml; XDG's own rule is that a relative value counts as unset."""
    configured = Path(env.get("XDG_CONFIG_HOME", ""))
    folder = configured if configured.is_absolute() else Path.home() / ".config"
    return folder / "yogo-tui" / "settings.yaml"


def load(file: Path | None = None, *, workspace: Path | None = None, env: Mapping[str, str] = os.environ) -> Settings:
    """The settings in `file`, else in $YOGO_TUI_SETTINGS, else in the default file, else the defaults.

    `workspace` overrides the file's, relative to the working directory. Raises SettingsError.
    """
    named = file or (Path(env["YOGO_TUI_SETTINGS"]) if env.get("YOGO_TUI_SETTINGS") else None)
    path = Path(os.path.abspath((named or default_file(env)).expanduser()))
    try:
        settings = parse(path.read_text(encoding="utf-8"), path)
    except FileNotFoundError:
        if named is not None:
            raise SettingsError(f"There is no settings file {path}.") from None
        settings = Settings()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"The settings in {path} cannot be read: {error}") from error
    if workspace is not None:
        settings = settings.model_copy(update={"workspace": Path(os.path.abspath(workspace.expanduser()))})
    if not settings.workspace_folder.is_dir():
        raise SettingsError(f"The workspace {settings.workspace_folder} is not a folder: make it, or name another.")
    return settings


def parse(text: str, path: Path) -> Settings:
    """The settings in `text`; `path` is the file that it came from. Raises SettingsError with line and field."""
    try:
        document = yaml.compose(text, Loader=yaml.SafeLoader)
        values = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise SettingsError(f"{path}, line {line}: this is not YAML: {error.problem}") from error
    except (yaml.YAMLError, ValueError) as error:
        raise SettingsError(f"{path} is not YAML: {error}") from error
    if values is None:
        values = {}
    if not isinstance(values, dict):
        raise SettingsError(f"{path}, line 1: settings are a list of `name: value`, this is something else")
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        where = tuple(part for part in first["loc"] if isinstance(part, int | str))
        raise SettingsError(_sentence(path, _line(document, where), where, first["type"], first["msg"])) from error
    settings._file = path
    return settings


def _sentence(path: Path, line: int, where: tuple[int | str, ...], kind: str, message: str) -> str:
    field = ".".join(str(part) for part in where)
    if kind == "extra_forbidden":
        return f"{path}, line {line}: there is no setting named {field}; there are {', '.join(Settings.model_fields)}"
    return f"{path}, line {line}: {field}: {message}"


def _line(node: yaml.Node | None, where: tuple[int | str, ...]) -> int:
    """The line, from 1, of the deepest node on the way `where` leads."""
    line = node.start_mark.line + 1 if node else 1
    for part in where:
        found: yaml.Node | None = None
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == part:
                    line, found = key.start_mark.line + 1, value
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            found = node.value[part]
            line = node.value[part].start_mark.line + 1
        node = found
    return line
