"""The question for the settings in force where the runs are."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from yogo.files.atomic import cut, replacing, write_atomically
from yogo.files.locks import alone
from yogo.files.places import NoHome, home
from yogo_tui.advice import tui
from yogo_tui.errors import SettingsError
from yogo_tui.hosts.base import Tell
from yogo_tui.settings import PinnedSettings, SettingChange, file_of, load


@dataclass(frozen=True)
class ReadSettings:
    """The settings in `file`, or in the default file; relative paths are below the home folder there. A file that is
    named must exist, unless it `is_new`. Raises SettingsError."""

    file: Path | None = None
    workspace: Path | None = None
    cluster: str | None = None
    profile: str | None = None
    is_new: bool = False

    def answer(self, tell: Tell) -> PinnedSettings:
        settings = load(
            self.file,
            workspace=self.workspace,
            cluster=self.cluster,
            profile=self.profile,
            start=login_folder(),
            is_new=self.is_new,
        )
        # Which folders are the same by another name is known here alone.
        once = {
            "definitions": settings.definition_folders,
            "runs": settings.all_runs_folders,
            "presets": settings.preset_folders,
        }
        return PinnedSettings.of(settings.model_copy(update=once), settings.values)


@dataclass(frozen=True)
class SettingsFile:
    """The settings file that would be read, whether it exists or not; a relative path is below the home folder there.
    Raises SettingsError."""

    file: Path | None = None

    def answer(self, tell: Tell) -> Path:
        return file_of(self.file, start=login_folder())


@dataclass(frozen=True)
class NewSettings:
    """Write a settings file where there is none. Raises SettingsError if there is one with another text, OSError."""

    file: Path
    text: str

    changes: ClassVar = "the settings file was written"

    def answer(self, tell: Tell) -> None:
        from yogo_tui.settings.parsing import parse

        parse(self.text, self.file)
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with alone(self.file.with_name(f".{cut(self.file.name)}.lock")):
            if not os.path.lexists(self.file):
                write_atomically(self.file, self.text)
            elif not self.file.is_file() or self.file.read_bytes() != self.text.encode():
                raise SettingsError(
                    f"{self.file} already exists; it is left as it is. To see the settings in force: "
                    f"{tui()} config show"
                )


@dataclass(frozen=True)
class ChangeSettings:
    """Change single settings in a settings file, which need not exist, and leave the rest of it as it is. Raises
    SettingsError, OSError."""

    file: Path
    settings: tuple[SettingChange, ...]

    changes: ClassVar = "the settings were changed"

    def answer(self, tell: Tell) -> None:
        from yogo_tui.settings.changing import changed

        _rewrite(self.file, lambda file, text: changed(text, file, self.settings))


@dataclass(frozen=True)
class ReplaceSettings:
    """Write the text that was made of the text `before` of a settings file. Raises SettingsError if it cannot be used,
    or if the file was changed meanwhile, OSError."""

    file: Path
    before: str | None
    """None if there was no file."""

    text: str

    changes: ClassVar = "the settings were changed"

    def answer(self, tell: Tell) -> None:
        from yogo_tui.settings.reading import check

        def text_of(file: Path, there: str | None) -> str:
            if there not in (self.before, self.text):
                raise SettingsError(f"{file} was changed by somebody else meanwhile.")
            check(self.text, file)
            return self.text

        _rewrite(self.file, text_of)


def _rewrite(file: Path, text_of: Callable[[Path, str | None], str]) -> None:
    """Write what `text_of` makes of the file's text, or of None if it does not exist. Raises SettingsError, OSError."""
    from yogo.files import yaml12

    file = file.resolve()  # a link stays a link, and the file that it points to is written
    file.parent.mkdir(parents=True, exist_ok=True)
    with alone(file.with_name(f".{cut(file.name)}.lock")):
        is_there = file.exists()
        try:
            text = text_of(file, yaml12.read_text(file) if is_there else None)
        except yaml12.YamlError as error:
            raise SettingsError(f"{file}: {error}.") from error
        with replacing(file, stat.S_IMODE(file.stat().st_mode) if is_there else None) as written:
            written.write(text.encode())


def login_folder() -> Path:
    """The home folder, which relative paths that were said on another machine are below. Raises SettingsError."""
    try:
        return home()
    except NoHome as error:
        raise SettingsError(str(error)) from error
