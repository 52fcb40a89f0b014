"""From a settings file to settings: what is wrong in it is told by file, line and field."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

import yogo_tui
from yogo.places import NoHome, expanded
from yogo.run.directory import RUNS
from yogo.wording import Fault, meant, sentences
from yogo_tui.errors import SettingsError
from yogo_tui.settings.model import Settings, SizePreset
from yogo_tui.settings.patience import answer
from yogo_tui.settings.workspace import default_file, standing

if TYPE_CHECKING:
    from yogo.yaml12 import Document


def load(
    file: Path | None = None,
    *,
    workspace: Path | None = None,
    cluster: str | None = None,
    env: Mapping[str, str] = os.environ,
) -> Settings:
    """The settings in `file`, else in $YOGO_TUI_SETTINGS, else in the default file, else the defaults.

    `workspace` and `cluster` override the file's; the workspace is relative to the working directory.
    Raises SettingsError.
    """
    try:
        settings = _load(file, workspace, env)
        return settings.model_copy(update={"cluster": cluster}) if cluster else settings
    except NoHome as error:
        raise SettingsError(str(error)) from error


def _load(file: Path | None, workspace: Path | None, env: Mapping[str, str]) -> Settings:
    named = file or (Path(env["YOGO_TUI_SETTINGS"]) if env.get("YOGO_TUI_SETTINGS") else None)
    settings, document = _read(named, env)
    if workspace is not None:
        settings = settings.model_copy(update={"workspace": _absolute(workspace)})
    elif settings.workspace is not None:
        settings = _with_workspace(settings, settings.workspace, document)
    if not os.path.isdir(settings.workspace_folder):
        raise SettingsError(f"The workspace {settings.workspace_folder} is not a folder: make it, or name another.")
    if settings._file is not None:
        _find_old_places(settings, settings._file, document, is_named=workspace is not None)
        _check_templates(settings, settings._file, document)
        _look_for_trainer(settings, settings._file)
    return settings


def file_of(file: Path | None, env: Mapping[str, str] = os.environ) -> Path:
    """The settings file that would be read, be it there or not. Raises SettingsError."""
    named = file or (Path(env["YOGO_TUI_SETTINGS"]) if env.get("YOGO_TUI_SETTINGS") else None)
    try:
        return _absolute(named) if named else default_file(env)
    except NoHome as error:
        raise SettingsError(str(error)) from error


def _read(named: Path | None, env: Mapping[str, str]) -> tuple[Settings, Document | None]:
    from yogo import yaml12

    try:
        path = _absolute(named) if named else default_file(env)
    except NoHome:
        if named:
            raise
        return Settings(), None
    if named is None and not os.path.lexists(path):
        return Settings(), None
    try:
        return _parsed(yaml12.read_text(path), path)
    except yaml12.YamlError as error:
        if error.missing:
            raise SettingsError(f"There is no settings file {path}.") from None
        raise _wrong(path, error.line, f"{error}.") from error


def parse(text: str, path: Path) -> Settings:
    """The settings in `text`; `path` is the file that it came from. Raises SettingsError with line and field."""
    return _parsed(text, path)[0]


def _parsed(text: str, path: Path) -> tuple[Settings, Document]:
    from yogo import yaml12

    try:
        document = yaml12.parse(text)
    except yaml12.YamlError as error:
        raise _wrong(path, error.line, f"{error}.") from error
    values = {} if document.data is None else document.data
    if not isinstance(values, dict):
        raise _wrong(path, 1, "Settings are lines such as `partition: gpu`, each a `name: value`; this is not.")
    try:
        settings = Settings.model_validate(_fit(values))
    except ValidationError as error:
        fault = sentences(error)[0]
        raise _wrong(path, document.line(*fault.where), _said(fault)) from error
    for number, name in _repeated([size.name for size in settings.sizes]):
        raise _wrong(path, document.line("sizes", number), f'Of `sizes`, two sizes are named "{name}".')
    settings._file = path
    settings._lines = {name: document.line(name) for name in settings.model_fields_set}
    return settings, document


def _wrong(path: Path, line: int | None, sentence: str) -> SettingsError:
    return SettingsError(f"{path}, line {line}: {sentence}" if line else f"{path}: {sentence}")


def _fit(values: dict[Any, Any]) -> dict[str, Any]:
    """What pydantic is to see: an empty value is the default, and true is neither a number nor a word."""
    return {str(name): _without_truth(value) for name, value in values.items() if value is not None}


class _Truth:
    """A true or a false, where neither is expected: pydantic would read it as 1 or 0."""

    def __init__(self, value: bool) -> None:
        self._value = value

    def __str__(self) -> str:
        return str(self._value).lower()


def _said(fault: Fault) -> str:
    name = fault.where[-1] if fault.where else ""
    if not isinstance(name, str) or name in (fields := SizePreset if len(fault.where) > 1 else Settings).model_fields:
        return f"{fault}."
    return f'There is no setting "{name}". {meant(name, fields.model_fields)}'


def _without_truth(value: Any) -> Any:
    if isinstance(value, bool):
        return _Truth(value)
    if isinstance(value, list):
        return [_without_truth(one) for one in value]
    return {str(name): _without_truth(one) for name, one in value.items()} if isinstance(value, dict) else value


def _repeated(names: list[str]) -> Iterator[tuple[int, str]]:
    for number, name in enumerate(names):
        if name and name in names[:number]:
            yield number, name


def _absolute(path: Path) -> Path:
    path = expanded(path)
    return Path(os.path.normpath(path if path.is_absolute() else standing() / path))


def _with_workspace(settings: Settings, named: Path, document: Document | None) -> Settings:
    """With the workspace that the file names. A relative one was once relative to the file, and still is."""
    if not named.parts:
        return settings.model_copy(update={"workspace": None})
    path = expanded(named)
    if path.is_absolute():
        return settings
    file = settings.file
    path = Path(os.path.normpath(file.parent / path))
    settings = settings.model_copy(update={"workspace": path})
    line = document.line("workspace") if document else 1
    settings._notices = (
        f"{file}, line {line}: the workspace {named} is read from this file's folder: {path}. "
        f"To keep it wherever the file lies, write `workspace: {path}`.",
    )
    return settings


def _find_old_places(settings: Settings, file: Path, document: Document | None, *, is_named: bool) -> None:
    """Keep what lies beside the file and is not in the workspace: once, the file's folder was the workspace."""
    beside, workspace = file.parent, settings.workspace_folder
    notices, elsewhere = list(settings._notices), dict[Path, Path]()
    if settings.workspace is None and beside != workspace and os.path.isdir(beside / RUNS):
        settings._old_runs = (beside / RUNS,)
        notices.append(
            f"New runs are written in {workspace / RUNS}. Those in {beside / RUNS} are shown too: they were written "
            f"there when the settings file's own folder was the workspace. To go on there, write "
            f"`workspace: {beside}` into {file}; to pin this one, `workspace: {workspace}`."
        )
    for name, folder in _folders(settings):
        path, old = settings.absolute(folder), Path(os.path.normpath(beside / folder))
        is_said = name in settings.model_fields_set
        line = document.line(name) if document and is_said else 0
        place = f"{file}, line {line}: " if line else ""
        is_there = answer(os.path.isdir, path)
        if is_there:
            continue
        if is_there is None:
            notices.append(f"{place}{path}, which `{name}` names, does not answer: its disk may be away.")
        elif os.path.isdir(old):
            elsewhere[folder] = old
            pin = f"{name}: {old}" if name == "templates" else f"{name}: [{old}]"
            notices.append(
                f"{place}{folder} is not in the workspace {workspace}; {old}, beside the settings file, is used. "
                f"To pin it, write `{pin}` into {file}."
            )
        elif is_said and getattr(settings, name) != Settings.model_fields[name].default:
            notices.append(f"{place}{path}, which `{name}` names, is not a folder.")
    settings._elsewhere = elsewhere
    settings._notices = tuple(notices)


def _folders(settings: Settings) -> Iterator[tuple[str, Path]]:
    for name in ("definitions", "runs", "presets"):
        for folder in getattr(settings, name):
            yield name, folder
    if settings.templates is not None:
        yield "templates", settings.templates


def _check_templates(settings: Settings, file: Path, document: Document | None) -> None:
    if document is None or "sizes" not in settings.model_fields_set:
        return
    own, shipped = settings.templates_folder, shipped_templates()
    for number, size in enumerate(settings.sizes):
        if any((folder / size.template).is_file() for folder in (own, shipped)):
            continue
        known = ", ".join(sorted(path.name for path in shipped.glob("[!._]*gpu.sbatch")))
        said = f'There is no script template "{size.template}", neither in {own} nor among the shipped ones ({known}).'
        raise _wrong(file, document.line("sizes", number, "template"), said)


def _look_for_trainer(settings: Settings, file: Path) -> None:
    """A trainer that is not here may still be where the jobs run: that is for a person to know."""
    if settings.yogo_command.strip() and shutil.which(settings.yogo_words[0]) is None:
        settings._notices += (
            f"{file}, line {settings.lines['yogo_command']}: yogo_command names {settings.yogo_words[0]}, "
            "and there is no such program on this machine.",
        )


def shipped_templates() -> Path:
    """The script templates that came with the program: inside the wheel, or at the top of a checkout."""
    package = Path(yogo_tui.__file__).parent
    inside = package / "sbatch_templates"
    return inside if inside.is_dir() else package.parent / "sbatch_templates"
