"""Reads a settings file, and reports errors with file, line and field."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

import yogo_tui
from yogo.files.places import NoHome, expanded
from yogo.run.directory import RUNS
from yogo.text.wording import ValidationIssue, ended, meant, sentences
from yogo_tui.errors import SettingsError
from yogo_tui.settings.entries import LISTS, HostPreset
from yogo_tui.settings.model import Settings
from yogo_tui.settings.old_yaml import as_once
from yogo_tui.settings.patience import answer
from yogo_tui.settings.workspace import default_file, named_definitions, standing

if TYPE_CHECKING:
    from yogo.files.yaml12 import Document


def load(
    file: Path | None = None,
    *,
    workspace: Path | None = None,
    cluster: str | None = None,
    start: Path | None = None,
    env: Mapping[str, str] = os.environ,
    is_new: bool = False,
) -> Settings:
    """The settings in `file`, else in $YOGO_TUI_SETTINGS, else in the default file, else the defaults.

    `workspace` and `cluster` override the file's. Relative paths are below `start`, by default the working directory.
    A file that is named must exist, unless it `is_new`: then it may be missing. Raises SettingsError.
    """
    try:
        settings = _load(file, workspace, start, env, is_new=is_new)
        return settings.model_copy(update={"cluster": cluster}) if cluster else settings
    except NoHome as error:
        raise SettingsError(str(error)) from error


def _load(
    file: Path | None, workspace: Path | None, start: Path | None, env: Mapping[str, str], *, is_new: bool
) -> Settings:
    named = _named(file, env)
    settings, document = _read(named, start, env, is_new=is_new)
    settings._start, settings._named = start, named_definitions(env)
    if workspace is not None:
        settings = settings.model_copy(update={"workspace": _absolute(workspace, start)})
    elif settings.workspace is not None:
        settings = _with_workspace(settings, settings.workspace, document)
    if not os.path.isdir(settings.workspace_folder):
        raise SettingsError(f"The workspace {settings.workspace_folder} is not a folder: create it, or name another.")
    if settings._file is not None:
        _find_old_places(settings, settings._file, document)
        _check_templates(settings, settings._file, document)
        _look_for_trainer(settings, settings._file)
    return settings


def hosts_in(file: Path | None, env: Mapping[str, str] = os.environ) -> tuple[str, tuple[HostPreset, ...]]:
    """The settings `host` and `hosts` of the file that `load` would read; without a file there are none. Raises
    SettingsError."""
    try:
        if not os.path.lexists(file_of(file, env)):
            return "", ()
        settings, _ = _read(_named(file, env), None, env)
    except NoHome as error:
        raise SettingsError(str(error)) from error
    return settings.host, settings.hosts


def _named(file: Path | None, env: Mapping[str, str]) -> Path | None:
    return file or (Path(env["YOGO_TUI_SETTINGS"]) if env.get("YOGO_TUI_SETTINGS") else None)


def file_of(file: Path | None, env: Mapping[str, str] = os.environ, *, start: Path | None = None) -> Path:
    """Path of the settings file, whether or not it exists; `start` is that of `load`. Raises SettingsError."""
    named = _named(file, env)
    try:
        return _absolute(named, start) if named else default_file(env)
    except NoHome as error:
        raise SettingsError(str(error)) from error


def _read(
    named: Path | None, start: Path | None, env: Mapping[str, str], *, is_new: bool = False
) -> tuple[Settings, Document | None]:
    try:
        path = _absolute(named, start) if named else default_file(env)
    except NoHome:
        if named:
            raise
        return Settings(), None
    if (named is None or is_new) and not os.path.lexists(path):
        return Settings(), None
    # only who has settings needs it
    from yogo.files import yaml12

    try:
        return _parsed(yaml12.read_text(path), path)
    except yaml12.YamlError as error:
        if error.missing:
            raise SettingsError(f"There is no settings file {path}.") from None
        raise _wrong(path, error.line, f"{error}.") from error


def parse(text: str, path: Path) -> Settings:
    """The settings in `text`, which was read from `path`. Raises SettingsError with line and field."""
    return _parsed(text, path)[0]


def check(text: str, path: Path) -> None:
    """Raises SettingsError if these settings, in the file `path`, cannot be used."""
    settings, document = _parsed(text, path)
    if settings.workspace is not None and settings.workspace.parts:
        folder = _with_workspace(settings, settings.workspace, document).workspace_folder
        if not os.path.isdir(folder):
            raise _wrong(path, document.line("workspace"), f"The workspace {folder} is not a folder.")
    _check_templates(settings, path, document)


def _parsed(text: str, path: Path) -> tuple[Settings, Document]:
    from yogo.files import yaml12

    try:
        document = yaml12.parse(text)
    except yaml12.YamlError as error:
        raise _wrong(path, error.line, f"{error}.") from error
    values = {} if document.data is None else document.data
    if not isinstance(values, dict):
        raise _wrong(path, 1, "Each line must be `name: value`, such as `partition: gpu`.")
    changed: dict[int, str] = {}
    try:
        settings = Settings.model_validate(_fit(values, document, changed))
    except ValidationError as error:
        fault = sentences(error)[0]
        raise _wrong(path, document.line(*fault.where), _said(fault)) from error
    for one in LISTS:
        for number, name in _repeated([entry.name for entry in getattr(settings, one)]):
            raise _wrong(path, document.line(one, number), f'Of `{one}`, two {one} are named "{name}".')
    settings._file = path
    settings._notices = tuple(f"{path}, line {line}: {what}" for line, what in changed.items())
    settings._lines = {name: document.line(name) for name in settings.model_fields_set}
    return settings, document


def _wrong(path: Path, line: int | None, sentence: str) -> SettingsError:
    return SettingsError(f"{path}, line {line}: {sentence}" if line else f"{path}: {sentence}")


def _fit(value: Any, document: Document, changed: dict[int, str], *place: Any) -> Any:
    """The value for pydantic: an empty value means the default, true and false are neither numbers nor words, and
    numbers have the meaning of YAML 1.1. `changed` receives a sentence for each line where YAML 1.2 differs."""
    if isinstance(value, bool):
        field = Settings.model_fields.get(str(place[0])) if len(place) == 1 else None
        return value if field and field.annotation is bool else _Truth(value)
    if isinstance(value, list):
        return [_fit(one, document, changed, *place, number) for number, one in enumerate(value)]
    if isinstance(value, dict):
        said = {name: one for name, one in value.items() if place or one is not None}
        return {str(name): _fit(one, document, changed, *place, name) for name, one in said.items()}
    name, text = str(place[-1]), document.text(*place)
    meant = as_once(LISTS[place[0]] if place[1:] and place[0] in LISTS else Settings, name, value, text)
    if meant != value and not isinstance(meant, str):
        line, sentence = document.line(*place), f"{name}: {text} means {meant:g}. Write {name}: {meant:g} instead."
        changed[line] = f"{changed[line]} {sentence}" if line in changed else sentence
    return meant


class _Truth:
    """Stands for true or false, which pydantic would read as 1 or 0."""

    def __init__(self, value: bool) -> None:
        self._value = value

    def __str__(self) -> str:
        return str(self._value).lower()


def _said(fault: ValidationIssue) -> str:
    name = fault.where[-1] if fault.where else ""
    fields = LISTS.get(str(fault.where[0]), Settings) if len(fault.where) > 1 else Settings
    if not isinstance(name, str) or name in fields.model_fields:
        return ended(str(fault))
    return f'There is no setting "{name}". {meant(name, fields.model_fields)}'


def _repeated(names: list[str]) -> Iterator[tuple[int, str]]:
    for number, name in enumerate(names):
        if name and name in names[:number]:
            yield number, name


def _absolute(path: Path, start: Path | None) -> Path:
    path = expanded(path)
    return Path(os.path.normpath(path if path.is_absolute() else (start or standing()) / path))


def _with_workspace(settings: Settings, named: Path, document: Document | None) -> Settings:
    """The settings with the workspace that the file names. A relative one is relative to the file, as it always was."""
    if not named.parts:
        return settings.model_copy(update={"workspace": None})
    path = expanded(named)
    if path.is_absolute():
        return settings
    file = settings.file
    path = Path(os.path.normpath(file.parent / path))
    settings = settings.model_copy(update={"workspace": path})
    line = document.line("workspace") if document else 1
    settings._notices += (
        f"{file}, line {line}: the workspace {named} is read from this file's folder: {path}. "
        f"To keep it wherever the file lies, write `workspace: {path}`.",
    )
    return settings


def _find_old_places(settings: Settings, file: Path, document: Document | None) -> None:
    """Find folders beside the file that are not in the workspace: in earlier versions, the file's folder was the
    workspace."""
    beside, workspace = file.parent, settings.workspace_folder
    notices, elsewhere = list(settings._notices), dict[Path, Path]()
    if settings.workspace is None and beside != workspace and os.path.isdir(beside / RUNS):
        settings._old_runs = (beside / RUNS,)
        notices.append(
            f"New runs are written in {workspace / RUNS}. Those in {beside / RUNS} are shown too: they were written "
            f"there when the settings file's own folder was the workspace. To use that folder again, "
            f"write `workspace: {beside}` into {file}; to keep the present one, write `workspace: {workspace}`."
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
            notices.append(f"{place}{path}, which `{name}` names, does not answer: its disk may be unavailable.")
        elif os.path.isdir(old):
            elsewhere[folder] = old
            pin = f"{name}: {old}" if name == "templates" else f"{name}: [{old}]"
            notices.append(
                f"{place}{folder} is not in the workspace {workspace}; {old}, beside the settings file, is used. "
                f"To pin it, write `{pin}` into {file}."
            )
        elif is_said and folder not in (Settings.model_fields[name].default or ()):
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
    own, shipped, header = settings.templates_folder, shipped_templates(), settings.header
    for number, size in enumerate(settings.sizes):
        if any((folder / header.template(size.template)).is_file() for folder in (own, header.templates or shipped)):
            continue
        known = ", ".join(sorted(path.name for path in (header.templates or shipped).glob(f"[!._]*gpu{header.suffix}")))
        said = f'There is no script template "{size.template}", neither in {own} nor among the shipped ones ({known}).'
        raise _wrong(file, document.line("sizes", number, "template"), said)


def _look_for_trainer(settings: Settings, file: Path) -> None:
    """Add a notice if the trainer's command is not on this machine. It may still be where the jobs run."""
    if settings.yogo_command.strip() and shutil.which(settings.yogo_words[0]) is None:
        settings._notices += (
            f"{file}, line {settings.lines['yogo_command']}: yogo_command names {settings.yogo_words[0]}, "
            "and there is no such program on this machine.",
        )


def shipped_templates() -> Path:
    """The folder of the shipped job script templates: inside the wheel, or at the top of a checkout."""
    package = Path(yogo_tui.__file__).parent
    inside = package / "sbatch_templates"
    return inside if inside.is_dir() else package.parent / "sbatch_templates"
