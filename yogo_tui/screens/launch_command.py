"""Launch's key that copies the command of what the form holds."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType

from yogo_tui.questions.paths import FindPath
from yogo_tui.screens.ask import Ask
from yogo_tui.screens.choose import LinePrompt
from yogo_tui.screens.held_keys import reads_first
from yogo_tui.screens.launch_choices import LaunchChoices
from yogo_tui.session.wanted import Wanted


class CopiesCommand(LaunchChoices):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "Y",
            "copy_command",
            "copy the command",
            id="launch.copy_command",
            show=False,
            tooltip="copy the command that launches the same: yogo-tui launch …",
        )
    ]

    @reads_first("reading the recipes")
    @work(exclusive=True, group="choose")
    async def action_copy_command(self) -> None:
        from yogo_tui.session.launch_line import LaunchLine

        app, form = self.app, self._form
        if form.missing:
            app.notify(form.missing, title="there is no command yet", severity="warning", markup=False)
            return
        with app.telling("the command was not copied"):
            line = LaunchLine(app.session.settings, await self._presets(), self._place)
            script = await self._write_script(form) if form.script else None
            if script or not form.script:
                app.copy(line.text(form, script), "the command of this launch")

    @property
    def _place(self) -> tuple[str, ...]:
        """The options that say where the console works, also where that is the folder that one stands in."""
        said = self.app.there.place.words if self.app.there else ()
        settings = self.app.session.settings
        if settings.workspace is None and self.app.is_near:
            said = (*said, "--workspace", str(settings.workspace_folder))
        return said

    async def _write_script(self, form: Wanted) -> PurePosixPath | None:
        """The file into which the edited script was written, for --script; None if the dialog was left. Raises
        HostError."""
        host, settings = self.app.session.host, self.app.session.settings
        about = "the command reads the edited script from this file"
        typed = await self.app.push_screen_wait(LinePrompt(about, f"{form.name}{settings.header.suffix}"))
        if not typed or not typed.strip():
            return None
        found = await host.ask(FindPath(typed.strip(), settings.start))
        if found.is_there and not await self.app.push_screen_wait(Ask(f"Replace {found.path}?")):
            return None
        path = PurePosixPath(found.path)
        await host.write(path, form.script.encode())
        return path
