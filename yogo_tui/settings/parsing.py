"""Reads the text of a settings file with its profile in force, and reports errors with file, line and field."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from yogo.files import yaml12
from yogo.files.yaml12 import Document
from yogo.text.wording import ValidationIssue, ended, meant, sentences
from yogo_tui.errors import SettingsError
from yogo_tui.settings.entries import LISTS
from yogo_tui.settings.model import Settings
from yogo_tui.settings.old_yaml import as_once

MACHINES = "machines"
"""What a profile has besides settings: the host names that it is for."""

_OF_FILE = ("profile", "profiles")


@dataclass(frozen=True, slots=True)
class _Profiled(Document):
    """A settings file whose settings are, where a profile has them, those of the profile."""

    profile: str = ""

    def _place(self, place: tuple[object, ...]) -> tuple[object, ...]:
        of = (self.data or {}).get("profiles") or {}
        is_its = self.profile and place and place[0] in (of.get(self.profile) or ())
        return ("profiles", self.profile, *place) if is_its else place

    def line(self, *place: object) -> int:
        return Document.line(self, *self._place(place))

    def text(self, *place: object) -> str:
        return Document.text(self, *self._place(place))


def parse(text: str, path: Path) -> Settings:
    """The settings in `text`, which was read from `path`. Raises SettingsError with line and field."""
    return parsed(text, path)[0]


def parsed(text: str, path: Path, profile: str | None = None) -> tuple[Settings, Document]:
    """The settings in `text`, which was read from `path`, and where they stand in it. A profile that is named takes
    precedence over the one that the file names or that is for this machine. Raises SettingsError with line and field.
    """
    try:
        document = yaml12.parse(text)
    except yaml12.YamlError as error:
        raise SettingsError.at(path, error.line, f"{error}.") from error
    values = {} if document.data is None else document.data
    if not isinstance(values, dict):
        raise SettingsError.at(path, 1, "Each line must be `name: value`, such as `partition: gpu`.")
    settings, plain = _settings(values, document, path, "")
    for name, of in settings.profiles.items():
        _check_profile(name, of, document, path)
        _settings(values, document, path, name)
    name, why = _chosen(settings, path, profile)
    if not name:
        settings._profile = ("", why)
        return settings, plain
    settings, profiled = _settings(values, document, path, name)
    settings = settings.model_copy(update={"profile": name})
    settings._profile = (name, why)
    return settings, profiled


def _settings(values: Mapping[str, Any], document: Document, path: Path, profile: str) -> tuple[Settings, Document]:
    found = _Profiled(document.data, document.root, profile)
    of = (values.get("profiles") or {}).get(profile) or {} if profile else {}
    changed: dict[int, str] = {}
    given = _fit({**values, **{name: one for name, one in of.items() if name != MACHINES}}, found, changed)
    try:
        settings = Settings.model_validate(given)
    except ValidationError as error:
        fault = sentences(error)[0]
        raise SettingsError.at(path, found.line(*fault.where), _said(fault)) from error
    for one in LISTS:
        for number, name in _repeated([entry.name for entry in getattr(settings, one)]):
            raise SettingsError.at(path, found.line(one, number), f'Of `{one}`, two {one} are named "{name}".')
    settings._file = path
    settings._notices = tuple(f"{path}, line {line}: {what}" for line, what in changed.items())
    settings._lines = {name: found.line(name) for name in settings.model_fields_set}
    settings._lines |= {f"keymap.{name}": found.line("keymap", name) for name in settings.keymap}
    return settings, found


def _check_profile(name: str, of: Mapping[str, Any], document: Document, path: Path) -> None:
    """Raises SettingsError for what only the file itself can say, and for machines that are no names."""
    for one in _OF_FILE:
        if one in of:
            raise SettingsError.at(path, document.line("profiles", name, one), f"`{one}` cannot be in a profile.")
    machines = of.get(MACHINES, [])
    if not isinstance(machines, list) or not all(isinstance(one, str) for one in machines):
        line = document.line("profiles", name, MACHINES)
        raise SettingsError.at(path, line, f"{MACHINES} must be a list of host names, such as [login*].")


def _chosen(settings: Settings, path: Path, asked: str | None) -> tuple[str, str]:
    """The profile in force, and why; empty if there is none. Raises SettingsError."""
    known, name, why = settings.profiles, asked, "--profile"
    if name is None and settings.profile:
        name, why = settings.profile, f"{path}, line {settings.lines['profile']}"
    if name is None:
        here = socket.gethostname()
        fitting = (one for one, of in known.items() if any(fnmatch(here, like) for like in of.get(MACHINES, [])))
        name, why = next(fitting, ""), f"this machine is {here}"
    if name and name not in known:
        where = f"{path}: " if asked is not None else f"{why}: "
        raise SettingsError(f'{where}There is no profile "{name}". {meant(name, known)}')
    return name, why


def _fit(value: Any, document: Document, changed: dict[int, str], *place: Any) -> Any:
    """The value for pydantic: an empty value means the default, true and false are neither numbers nor words, and
    numbers have the meaning of YAML 1.1. `changed` receives a sentence for each line where YAML 1.2 differs."""
    if place == ("profiles",):  # each is looked at with the settings that it changes
        return value
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
    if not isinstance(name, str) or name in fields.model_fields or fault.where[0] == "profiles":
        return ended(str(fault))
    return f'There is no setting "{name}". {meant(name, fields.model_fields)}'


def _repeated(names: list[str]) -> Iterator[tuple[int, str]]:
    for number, name in enumerate(names):
        if name and name in names[:number]:
            yield number, name
