"""Settings as they go from the machine that they hold for to another one."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from yogo.wandb_login import Mode
from yogo_tui.settings.model import Settings


@dataclass(frozen=True, slots=True)
class PinnedSettings:
    """Settings whose folders are absolute, so that another machine reads the same from them; and how they were read."""

    settings: Settings
    said: frozenset[str]
    """The fields that somebody set: the others are as by default."""

    file: Path
    lines: Mapping[str, int]
    notices: tuple[str, ...]
    wandb: tuple[Mode, str]
    why_profile: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    """What `config` shows of them; empty where nobody asks that."""

    @classmethod
    def of(cls, settings: Settings, values: Mapping[str, Any] | None = None) -> PinnedSettings:
        """On the machine that they hold for. No folder but the workspace is looked at: its disk may hang."""
        own = (settings.own_runs_folder, *map(settings.absolute, settings.runs), *settings._old_runs)
        folders = {
            "workspace": settings.workspace_folder,
            "definitions": (*map(settings.absolute, settings.definitions), *settings._named),
            "runs": tuple(dict.fromkeys(own)),
            "presets": tuple(map(settings.absolute, settings.presets)),
            "templates": settings.templates_folder,
            "yogo_command": shlex.join(settings.yogo_words),
        }
        said = frozenset(settings.model_fields_set)
        pinned = Settings.model_validate(dict(settings) | folders)
        return cls(
            pinned,
            said,
            settings.file,
            settings.lines,
            settings.notices,
            settings.wandb_mode,
            settings.why_profile,
            values or {},
        )

    def unpacked(self) -> Settings:
        """On another machine."""
        settings = Settings.model_construct(set(self.said), **dict(self.settings))
        settings._file, settings._lines, settings._notices = self.file, self.lines, self.notices
        settings._wandb, settings._start = self.wandb, self.settings.workspace_folder
        settings._values, settings._profile = self.values, (self.settings.profile, self.why_profile)
        return settings
