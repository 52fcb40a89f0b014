"""What the keys of Launch do with the template of the job script."""

from __future__ import annotations

from abc import abstractmethod

from textual import work

from yogo_tui.errors import HostError
from yogo_tui.launch.questions import CopyTemplate, DropTemplate, ListTemplates
from yogo_tui.screens.base import ModeScreen, changes
from yogo_tui.screens.choose import Choice
from yogo_tui.screens.editor import edit
from yogo_tui.screens.held_keys import reads_first
from yogo_tui.session.changes import Setup
from yogo_tui.session.wanted import Wanted
from yogo_tui.settings import PinnedSettings


class TemplateActions(ModeScreen):
    """A screen that chooses and edits the template."""

    _form: Wanted

    @abstractmethod
    def show_form(self, form: Wanted) -> None:
        """Show these choices, and make their preview."""

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

    async def _drop(self, question: DropTemplate) -> None:
        """Remove a copy that was not changed. Over a line that is cut this waits, and hides nothing that was told."""
        try:
            await self.app.session.host.ask(question)
        except HostError:
            self.when_back(lambda: self.run_worker(self._drop(question)))
