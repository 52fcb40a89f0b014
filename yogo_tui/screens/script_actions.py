"""What the keys of Launch do with the job script: its template, its text, and how it is read."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace

from textual import getters, work
from textual.reactive import reactive

from yogo.text.wording import counted
from yogo_tui.errors import HostError
from yogo_tui.launch.questions import CopyTemplate, DropTemplate, ListTemplates
from yogo_tui.screens.base import ModeScreen, changes
from yogo_tui.screens.choose import Choice
from yogo_tui.screens.editor import edit, edit_text
from yogo_tui.screens.held_keys import reads_first
from yogo_tui.screens.launch_form import Preview
from yogo_tui.session.changes import Setup
from yogo_tui.session.wanted import Wanted
from yogo_tui.settings import PinnedSettings
from yogo_tui.widgets.script_view import ScriptView


class ScriptActions(ModeScreen):
    """A screen with a form, and the script that it makes."""

    script_view = getters.query_one(ScriptView)

    preview: reactive[Preview] = reactive(Preview(), init=False, always_update=True)
    """The preview of the present form."""

    _form: Wanted

    @abstractmethod
    def show_form(self, form: Wanted) -> None:
        """Show these choices, and make their preview."""

    @abstractmethod
    def look_again(self) -> None:
        """Make the preview of the present form again."""

    @reads_first("looking for templates")
    @work(exclusive=True, group="choose")
    async def action_template(self) -> None:
        session, form = self.app.session, self._form
        with self.app.telling("the templates were not listed"):
            found = await session.host.ask(ListTemplates(PinnedSettings.of(session.settings)))
            choices = [(one.name, Choice(one.name, "yours" if one.is_own else "")) for one in found]
            if name := await self.choose("template of the script", choices, form.job_size.template):
                size = form.job_size.model_copy(update={"template": name})
                self.show_form(form.with_setup(Setup(form.recipe, size)))

    @changes
    async def action_edit(self) -> None:
        host, settings = self.app.session.host, self.app.session.settings
        name, pinned = settings.header.template(self._form.job_size.template), PinnedSettings.of(settings)
        with self.app.telling(f"{name} was not edited"):
            path = await host.ask(CopyTemplate(pinned, name))
            try:
                await edit(self.app, path)
            finally:
                await self._drop(DropTemplate(pinned, path))
        self.show_form(self._form)

    @changes
    async def action_edit_once(self) -> None:
        """Edit the script for this launch alone. A change of the form drops it again."""
        form, script = self._form, self.preview.script
        if not script:
            self.app.notify("There is no script to edit yet.", markup=False)
            return
        with self.app.telling("the script was not edited"):
            text = await edit_text(self.app, f"{form.name}{self.app.session.settings.header.suffix}", script)
            if text != script:
                self.show_form(replace(self._form, script=text))

    def action_reading(self) -> None:
        self.script_view.turn()

    def action_full_screen(self) -> None:
        self.toggle_class("-full")

    def action_copy(self) -> None:
        if self.preview.script:
            lines = counted(self.preview.script.count("\n"), "line")
            self.app.copy(self.preview.script, f"{lines} of {self._form.name}'s script")
        else:
            self.app.notify("There is no script to copy yet.", markup=False)

    async def _drop(self, question: DropTemplate) -> None:
        """Remove a copy that was not changed. Over a line that is cut this waits, and hides nothing that was told."""
        try:
            await self.app.session.host.ask(question)
        except HostError:
            self.when_back(lambda: self.run_worker(self._drop(question)))
