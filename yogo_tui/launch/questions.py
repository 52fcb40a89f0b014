"""Questions about job scripts: their templates are those of the machine where the runs are."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import ClassVar

from yogo_tui.errors import TemplateError
from yogo_tui.hosts.base import Host, Tell
from yogo_tui.launch import proofread, script, templates
from yogo_tui.launch.plan import LaunchPlan
from yogo_tui.settings import PinnedSettings, Settings, SizePreset


@dataclass(frozen=True)
class RenderRun:
    """The job script of a plan, or of another job that resumes the run in the folder `resumed`.

    Raises TemplateError, with `must_parse` also for a script that bash cannot read.
    """

    settings: PinnedSettings
    plan: LaunchPlan
    token: str
    resumed: PurePosixPath | None = None
    must_parse: bool = False

    def answer(self, tell: Tell) -> str:
        text = script.render(self.settings.unpacked(), self.plan, self.token, resumed=self.resumed)
        if self.must_parse and (error := proofread.syntax_error(text)):
            what = "the edited script" if self.plan.script else f"the script of {self.plan.size.template}"
            raise TemplateError(f"bash cannot read {what}: {error}.")
        return text


@dataclass(frozen=True)
class RenderShipped:
    """The job script of a plan by the shipped template; None if no shipped one has the name. Raises TemplateError."""

    settings: PinnedSettings
    plan: LaunchPlan
    token: str

    def answer(self, tell: Tell) -> str | None:
        return script.render_shipped(self.settings.unpacked(), self.plan, self.token)


@dataclass(frozen=True)
class ProofreadScript:
    """A sentence on each name that a script uses and that nothing sets. A job inherits this machine's environment."""

    script: str

    def answer(self, tell: Tell) -> tuple[str, ...]:
        return proofread.doubts(self.script, os.environ)


@dataclass(frozen=True)
class RenderWrapper:
    """A script of this size that runs the command in its arguments. Raises TemplateError."""

    settings: PinnedSettings
    size: SizePreset

    def answer(self, tell: Tell) -> str:
        return script.render_wrapper(self.settings.unpacked(), self.size)


@dataclass(frozen=True)
class RenderUse:
    """A script that runs `yogo` with `words` in `workspace`, as the job `name` with its log in `folder`. Raises
    TemplateError."""

    settings: PinnedSettings
    size: SizePreset
    name: str
    folder: PurePosixPath
    words: Sequence[str]
    workspace: PurePosixPath

    def answer(self, tell: Tell) -> str:
        return script.render_use(
            self.settings.unpacked(),
            self.size,
            name=self.name,
            folder=self.folder,
            words=self.words,
            workspace=self.workspace,
        )


@dataclass(frozen=True, slots=True)
class Template:
    """A template that a run can be launched with."""

    name: str
    is_own: bool
    """The user's own."""


@dataclass(frozen=True)
class ListTemplates:
    """The templates that a run can be launched with."""

    settings: PinnedSettings

    def answer(self, tell: Tell) -> tuple[Template, ...]:
        settings = self.settings.unpacked()
        own = settings.templates_folder
        return tuple(Template(name, (own / name).exists()) for name in templates.names(own, settings.header))


@dataclass(frozen=True)
class CopyTemplate:
    """The path of the user's own template, to be edited; it is copied from the shipped one if missing."""

    settings: PinnedSettings
    name: str

    changes: ClassVar = "the template was copied"

    def answer(self, tell: Tell) -> Path:
        settings = self.settings.unpacked()
        return templates.own_copy(self.name, settings.templates_folder, settings.header)


@dataclass(frozen=True)
class DropTemplate:
    """Remove the user's own template if it equals the shipped one."""

    settings: PinnedSettings
    path: Path

    changes: ClassVar = "the unchanged template was removed"

    def answer(self, tell: Tell) -> None:
        templates.drop_unchanged(self.path, self.settings.unpacked().header)


async def rendered(
    host: Host,
    settings: Settings,
    plan: LaunchPlan,
    token: str,
    *,
    resumed: PurePosixPath | None = None,
    must_parse: bool = False,
) -> str:
    """What RenderRun answers. Raises TemplateError, HostError."""
    return await host.ask(RenderRun(PinnedSettings.of(settings), plan, token, resumed, must_parse))
