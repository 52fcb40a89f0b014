"""Reads a settings file, and reports errors with file, line and field."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import yogo_tui
from yogo.files.places import NoHome, expanded
from yogo.run.directory import RUNS
from yogo_tui.errors import SettingsError
from yogo_tui.settings.entries import HostPreset
from yogo_tui.settings.model import Settings
from yogo_tui.settings.patience import answer
from yogo_tui.settings.workspace import default_file, named_definitions, standing

if TYPE_CHECKING:
    from yogo.files.yaml12 import Document


def load(
    file: Path | None = None,
    *,
    workspace: Path | None = None,
    cluster: str | None = None,
    profile: str | None = None,
    start: Path | None = None,
    env: Mapping[str, str] = os.environ,
    is_new: bool = False,
) -> Settings:
    """The settings in `file`, else in $YOGO_TUI_SETTINGS, else in the default file, else the defaults.

    `workspace`, `cluster` and `profile` override the file's; an empty profile is none. Relative paths are below
    `start`, by default the working directory. A file that is named must exist, unless it `is_new`: then it may be
    missing. Raises SettingsError.
    """
    try:
        settings = _load(file, workspace, profile, start, env, is_new=is_new)
        return settings.model_copy(update={"cluster": cluster}) if cluster else settings
    except NoHome as error:
        raise SettingsError(str(error)) from error


def _load(
    file: Path | None,
    workspace: Path | None,
    profile: str | None,
    start: Path | None,
    env: Mapping[str, str],
    *,
    is_new: bool,
) -> Settings:
    named = _named(file, env)
    settings, document = _read(named, profile, start, env, is_new=is_new)
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


def hosts_in(
    file: Path | None, env: Mapping[str, str] = os.environ, *, profile: str | None = None
) -> tuple[str, tuple[HostPreset, ...]]:
    """The settings `host` and `hosts` of the file that `load` would read; without a file there are none. Raises
    SettingsError."""
    try:
        if not os.path.lexists(file_of(file, env)):
            return "", ()
        settings, _ = _read(_named(file, env), profile, None, env)
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
    named: Path | None, profile: str | None, start: Path | None, env: Mapping[str, str], *, is_new: bool = False
) -> tuple[Settings, Document | None]:
    try:
        path = _absolute(named, start) if named else default_file(env)
    except NoHome:
        if named:
            raise
        return Settings(), None
    if (named is None or is_new) and not os.path.lexists(path):
        if profile:
            raise SettingsError(f"There is no profile {profile}: the settings file {path} does not exist.")
        return Settings(), None
    # only who has settings needs it
    from yogo.files import yaml12
    from yogo_tui.settings.parsing import parsed

    try:
        return parsed(yaml12.read_text(path), path, profile)
    except yaml12.YamlError as error:
        if error.missing:
            raise SettingsError(f"There is no settings file {path}.") from None
        raise SettingsError.at(path, error.line, f"{error}.") from error


def check(text: str, path: Path) -> None:
    """Raises SettingsError if these settings, in the file `path`, cannot be used."""
    from yogo_tui.settings.parsing import parsed

    settings, document = parsed(text, path)
    if settings.workspace is not None and settings.workspace.parts:
        folder = _with_workspace(settings, settings.workspace, document).workspace_folder
        if not os.path.isdir(folder):
            raise SettingsError.at(path, document.line("workspace"), f"The workspace {folder} is not a folder.")
    _check_templates(settings, path, document)


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
        raise SettingsError.at(file, document.line("sizes", number, "template"), said)


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
