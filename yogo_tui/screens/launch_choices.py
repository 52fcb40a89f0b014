"""What the keys of Launch choose: data, recipe, size, name, what it starts from, and the fine-tune behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from textual import work

from yogo.errors import RunError
from yogo.presets import Preset, builtin
from yogo.run.directory import check_name
from yogo.run.launch import Kind
from yogo.text.terminal import printable
from yogo.text.wording import counted
from yogo_tui.errors import HostError
from yogo_tui.launch.machine import OF_SCHEDULERS, size_words
from yogo_tui.questions.definitions import DefinitionFile
from yogo_tui.questions.paths import FindPath
from yogo_tui.screens.choose import Choice, LinePrompt
from yogo_tui.screens.held_keys import reads_first
from yogo_tui.screens.launch_form import preset_choices, shorten
from yogo_tui.screens.script_actions import ScriptActions
from yogo_tui.session.changes import Setup, size_knobs
from yogo_tui.session.wanted import Then, Wanted, definition_for, preset_for


class LaunchChoices(ScriptActions):
    """A screen whose form is filled by keys."""

    _files: tuple[DefinitionFile, ...] = ()
    """The definitions that were found last."""

    @work(exclusive=True, group="choose")
    async def action_data(self) -> None:
        definition = await self._ask_definition("data", self._form.definition)
        if definition:
            self.show_form(replace(self._form, definition=definition))

    async def _ask_definition(self, title: str, current: Path | None) -> Path | None:
        files = self._files
        if not files:
            folders = ", ".join(str(folder) for folder in self.app.session.settings.definitions)
            self.app.notify(f"there are no definitions in {folders}", severity="warning", markup=False)
            return None
        return await self.choose(title, [(file.path, Choice(shorten(file.path, files))) for file in files], current)

    @reads_first("reading the recipes")
    @work(exclusive=True, group="choose")
    async def action_recipe(self) -> None:
        if preset := await self._ask_preset("recipe", self._form.preset):
            self.show_form(self._form.with_preset(preset))

    async def _ask_preset(self, title: str, current: Preset) -> Preset | None:
        return await self.choose(title, preset_choices(await self._presets()), current)

    @work(exclusive=True, group="choose")
    async def action_change(self) -> None:
        """Change fields for this launch alone; where a fine-tune follows, of the one that is chosen."""
        from yogo_tui.screens.change_launch import ChangeLaunch

        form, then = self._form, self._form.then
        whose = [(False, Choice(form.name, f"the run, with {form.preset.title}"))]
        whose += [(True, Choice(then.name, f"the fine-tune behind it, with {then.preset.title}"))] if then else []
        of_then = await self.choose("change what is launched as", whose) if then else False
        if of_then and then:
            base, now = Setup(then.preset.recipe, form.job_size), Setup(then.recipe, form.job_size)
            title = f"for {then.name} alone: {then.preset.title}"
            left_out: tuple[str, ...] = tuple(one.name for one in size_knobs())
            dialog = ChangeLaunch(title, base, now, weights=True, left_out=left_out)
            if setup := await self.app.push_screen_wait(dialog):
                self.show_form(replace(form, then=replace(then, own_recipe=setup.recipe)))
        elif of_then is not None:
            title = f"for {form.name} alone: {form.preset.title} on {self._size_words(form.with_size(form.size))}"
            left_out = (*OF_SCHEDULERS, "nodes") if self.app.session.machine else ()
            has_parent = form.parent is not None
            dialog = ChangeLaunch(title, form.unchanged, form.setup, weights=has_parent, left_out=left_out)
            if setup := await self.app.push_screen_wait(dialog):
                self.show_form(form.with_setup(setup))

    def action_size(self) -> None:
        """Choose the next size, unchanged. One that a run had may not be among those of the settings."""
        sizes, now = self.app.session.settings.sizes, self._form.size
        if len(sizes) == 1:
            self.app.notify("there is only one size; add more under sizes in the settings", markup=False)
        size = sizes[(sizes.index(now) + 1) % len(sizes)] if now in sizes else sizes[0]
        self.show_form(self._form.with_size(size))

    @work(exclusive=True, group="choose")
    async def action_name(self) -> None:
        name = await self.app.push_screen_wait(LinePrompt("name of the run", self._form.name, check=_name_problem))
        if name:
            self.show_form(replace(self._form, name=name))

    @work(exclusive=True, group="choose")
    async def action_parent(self) -> None:
        """Ask for a checkpoint to start from. An empty line removes the parent."""
        before = self._form.parent.parent.checkpoint if self._form.parent else ""
        path = await self.app.push_screen_wait(LinePrompt("fine-tune from this .pth; empty for none", before))
        if path is None:
            return
        if not path.strip():
            self.show_form(replace(self._form, parent=None))
            return
        with self.app.telling("this file cannot be fine-tuned from"):
            session = self.app.session
            found = (await session.host.ask(FindPath(path, session.settings.start))).path
            self.app.notify(f"reading {found}", markup=False, timeout=3)
            parent = await session.planner.parent_of_file(PurePosixPath(found))
            form = self._form.with_preset(await self._finetune_preset())
            self.show_form(replace(form, parent=parent, then=None))

    @reads_first("reading the recipes")
    @work(exclusive=True, group="choose")
    async def action_then(self) -> None:
        if self._form.then:
            self.show_form(replace(self._form, then=None))
            return
        definition = await self._ask_definition("then fine-tune on", self._definition_behind())
        preset = definition and await self._ask_preset("with the recipe", await self._finetune_preset())
        if definition and preset:
            then = Then(definition, preset, self.app.session.launcher.propose_name())
            self.show_form(replace(self._form, then=then))

    def _definition_behind(self) -> Path | None:
        return definition_for(self._files, "fine-tun") or self._form.definition

    async def _presets(self) -> Sequence[Preset]:
        """The recipes; the built-in ones alone while the others cannot be read."""
        try:
            return await self.app.session.library.presets()
        except HostError as error:
            self.app.notify(printable(str(error)), title="recipes were not read", severity="warning", markup=False)
            return builtin()

    async def _finetune_preset(self) -> Preset:
        return preset_for(await self._presets(), Kind.FINETUNE)

    def _size_words(self, form: Wanted) -> str:
        machine, size = self.app.session.machine, form.job_size
        cpus, has_gpus = counted(size.cpus, "CPU"), machine is None or machine.num_gpus > 0
        return f"{size_words(size, machine)}, {cpus}" if has_gpus and size.gpus else f"{cpus}, {size.hours:g} h"


def _name_problem(name: str) -> str:
    try:
        check_name(name)
    except RunError as error:
        return str(error)
    return ""
