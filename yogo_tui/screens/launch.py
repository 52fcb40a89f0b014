"""Launch: data × recipe × size, the script that they make, and one question before it is submitted."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import ClassVar

from rich.syntax import Syntax
from textual import getters, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Static

from yogo.errors import RunError, YogoError
from yogo.presets import Preset
from yogo.run.directory import check_name
from yogo.run.launch import Kind
from yogo.terminal import printable
from yogo.wording import counted
from yogo_tui.cluster.base import Estimate, Resources
from yogo_tui.errors import ConsoleError, OtherClasses
from yogo_tui.launch import templates
from yogo_tui.launch.machine import size_words
from yogo_tui.launch.plan import Plan
from yogo_tui.screens.ask import Ask
from yogo_tui.screens.base import Draft, ModeScreen
from yogo_tui.screens.choose import Choice, Choose, Prompt
from yogo_tui.screens.editor import edit
from yogo_tui.screens.launch_form import (
    Form,
    Then,
    definition_for,
    inherited_words,
    launch_form,
    make_plan,
    make_then,
    parent_words,
    preset_for,
    recipe_words,
    shorten,
)
from yogo_tui.session import DefinitionFile
from yogo_tui.widgets.launch_summary import Check, LaunchSummary, Line
from yogo_tui.widgets.rule import TitledRule


class LaunchScreen(ModeScreen):
    MODE = "launch"
    CSS_PATH = "launch.tcss"
    AUTO_FOCUS = "#script"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "launch", "launch", id="launch.launch"),
        Binding("e", "edit", "edit script", id="launch.edit", tooltip="edit your copy of the template in $EDITOR"),
        Binding("t", "template", "template", id="launch.template", tooltip="choose the script's template"),
        Binding("g", "size", "GPUs", id="launch.size", tooltip="the next size: GPUs, CPUs and hours"),
        Binding("n", "then", "then…", id="launch.then", tooltip="queue a fine-tune behind it, or take that back"),
        Binding("d", "data", "data", id="launch.data", show=False, tooltip="choose the dataset definition"),
        Binding("r", "recipe", "recipe", id="launch.recipe", show=False, tooltip="choose the recipe"),
        Binding("a", "name", "name", id="launch.name", show=False, tooltip="give the run another name"),
        Binding("p", "parent", "from a .pth", id="launch.parent", show=False, tooltip="fine-tune from any .pth file"),
        Binding("w", "when", "when", id="launch.when", show=False, tooltip="ask when each size would start"),
        Binding("f", "full_screen", "full screen", id="launch.full", show=False, tooltip="the script in full screen"),
        Binding("y", "copy", "copy", id="launch.copy", show=False, tooltip="copy the script"),
    ]

    summary = getters.query_one(LaunchSummary)
    script_view = getters.query_one("#script-text", Static)

    def body(self) -> ComposeResult:
        with Horizontal(id="halves"):
            with Vertical(id="what"):
                yield TitledRule("what")
                yield LaunchSummary()
            with Vertical(id="preview"):
                yield TitledRule("script", id="script-rule")
                with VerticalScroll(id="script"):
                    yield Static("The job script is shown here once the data is chosen.", id="script-text")

    def on_mount(self) -> None:
        self._resources: Resources | None = None
        self._estimates: dict[int, Estimate] = {}
        self._script = ""
        self._problem = ""
        self._other_classes = ""
        self._files: tuple[DefinitionFile, ...] = ()
        session = self.app.session
        self.summary.machine = session.machine
        self._form = Form(
            name=session.propose_name(),
            size=session.settings.sizes[0],
            preset=preset_for(session.presets(), Kind.PRETRAIN),
        )
        self.watch(self.app, "draft", self._take)

    @work(exclusive=True, group="files")
    async def on_screen_resume(self) -> None:
        """Look for definitions, each time that the screen is shown; folders may be many, and slow."""
        self._files = await asyncio.to_thread(self.app.session.definitions)
        if self._form.definition is None:
            word = "fine-tun" if self._form.parent else "pre-train"
            self.show_form(replace(self._form, definition=definition_for(self._files, word)))
        else:
            self.summary.show(self._lines(self._form))

    def _take(self, draft: Draft) -> None:
        """Begin with what another screen asked for."""
        form = self._form
        if draft.definition:
            form = replace(form, definition=draft.definition)
        if draft.preset is not None:
            form = replace(form, preset=self._preset(draft.preset))
        if draft.parent:
            data = draft.definition or self._definition_behind()
            form = replace(form, definition=data, parent=draft.parent, preset=self._finetune_preset(), then=None)
        self.show_form(form)

    def _preset(self, slug: str) -> Preset:
        presets = self.app.session.presets()
        return next((preset for preset in presets if preset.slug == slug), presets[0])

    def _finetune_preset(self) -> Preset:
        return preset_for(self.app.session.presets(), Kind.FINETUNE)

    def show_form(self, form: Form) -> None:
        form = form.after(self._form)
        if form.size != self._form.size or form.definition != self._form.definition:
            self._estimates = {}
        self._form = form
        self.summary.show(self._lines(form))
        self.summary.show_sizes(self.app.session.settings.sizes, form.size, self._resources, self._estimates)
        self.preview(form)

    def _lines(self, form: Form) -> list[Line]:
        files = self._files
        data = shorten(form.definition, files) if form.definition else "– choose it with d"
        notes = inherited_words(form.parent) if form.parent else ()
        then = (shorten(form.then.definition, files), f"with {form.then.preset.title}") if form.then else ()
        return [
            Line("d", "data", data),
            Line("r", "recipe", *recipe_words(form.preset)),
            Line("a", "name", form.name),
            Line("p", "from", parent_words(form.parent) if form.parent else "– no parent", notes),
            Line("g", "size", self._size_words(form)),
            Line("n", "then", f"fine-tune {form.then.name}" if form.then else "–", then),
        ]

    def _size_words(self, form: Form) -> str:
        machine, cpus = self.app.session.machine, counted(form.size.cpus, "CPU")
        has_gpus = machine is None or machine.num_gpus > 0
        return f"{size_words(form.size, machine)}, {cpus}" if has_gpus else f"{cpus}, {form.size.hours:g} h"

    @work(exclusive=True, group="preview")
    async def preview(self, form: Form) -> None:
        """The script as it would be submitted, and what can be said of it before."""
        self._script, self._problem, self._other_classes = "", form.missing, ""
        session = self.app.session
        checks = []
        if not form.missing:
            try:
                plan = await make_plan(session, form)
                then = await make_then(session, form, plan)
                self._script = session.render(plan)
                said = await session.check_script(self._script)
                await session.check_plan(plan)
                notices = [one.notice for one in (plan, then) if one and one.notice]
                notices.append(session.settings.wandb_words)
                checks = [Check(said or "bash -n", not said), *self._fits(plan), *(Check(n, True) for n in notices)]
                self._problem = said
            except OtherClasses as error:
                self._other_classes = error.lists
                self._problem = f"the classes differ (enter asks): {error.lists}"
            except (ConsoleError, YogoError) as error:
                self._problem = str(error)
        if self._problem and not checks:
            checks = [Check(self._problem, False)]
        self.summary.show_checks(checks)
        self._show_script(form)

    def _show_script(self, form: Form) -> None:
        self.query_one("#script-rule", TitledRule).title = form.job_size.template
        if self._script:
            safe = "\n".join(printable(line) for line in self._script.expandtabs(4).split("\n"))
            is_ansi = self.app.current_theme.ansi
            paper = "default" if is_ansi else self.app.theme_variables["background"]
            theme = "ansi_dark" if is_ansi else "monokai"
            self.script_view.update(Syntax(safe, "bash", theme=theme, background_color=paper, word_wrap=True))
        else:
            self.script_view.update("The job script is shown here once what is missing is there.")

    def _fits(self, plan: Plan) -> list[Check]:
        known = self._resources
        if known is None:
            return []
        if known.max_hours is not None and plan.size.hours > known.max_hours:
            return [Check(f"the partition gives {known.max_hours:g} h at most", False)]
        if known.total_gpus and plan.size.gpus > known.total_gpus:
            return [Check(f"there are {known.total_gpus} GPUs in all", False)]
        return [Check("fits the partition", True)]

    @work(exclusive=True, group="choose")
    async def action_data(self) -> None:
        definition = await self._ask_definition("data", self._form.definition)
        if definition:
            self.show_form(replace(self._form, definition=definition))

    async def _ask_definition(self, title: str, current: Path | None) -> Path | None:
        files = self._files
        if not files:
            folders = ", ".join(str(folder) for folder in self.app.session.settings.definitions)
            self.app.notify(f"no definitions lie under {folders}", severity="warning", markup=False)
            return None
        paths = [file.path for file in files]
        selected = paths.index(current) if current in paths else None
        chosen = await self.app.push_screen_wait(
            Choose(title, [Choice(shorten(path, files)) for path in paths], selected)
        )
        return None if chosen is None else paths[chosen]

    @work(exclusive=True, group="choose")
    async def action_recipe(self) -> None:
        if preset := await self._ask_preset("recipe", self._form.preset):
            self.show_form(replace(self._form, preset=preset))

    async def _ask_preset(self, title: str, current: Preset) -> Preset | None:
        presets = self.app.session.presets()
        selected = presets.index(current) if current in presets else None
        choices = [Choice(preset.title, preset.note.partition("\n")[0], preset.problem) for preset in presets]
        chosen = await self.app.push_screen_wait(Choose(title, choices, selected))
        return None if chosen is None else presets[chosen]

    def action_size(self) -> None:
        sizes = self.app.session.settings.sizes
        size = sizes[(sizes.index(self._form.size) + 1) % len(sizes)]
        self.show_form(replace(self._form, size=size, template=""))

    @work(exclusive=True, group="choose")
    async def action_template(self) -> None:
        own = self.app.session.settings.templates_folder
        names, current = templates.names(own), self._form.job_size.template
        choices = [Choice(name, "yours" if (own / name).exists() else "") for name in names]
        selected = names.index(current) if current in names else None
        chosen = await self.app.push_screen_wait(Choose("template of the script", choices, selected))
        if chosen is not None:
            self.show_form(replace(self._form, template=names[chosen]))

    def action_edit(self) -> None:
        name = self._form.job_size.template
        with self.app.telling(f"{name} was not edited"):
            path = templates.own_copy(name, self.app.session.settings.templates_folder)
            try:
                edit(self.app, path)
            finally:
                templates.drop_unchanged(path)
        self.preview(self._form)

    @work(exclusive=True, group="choose")
    async def action_name(self) -> None:
        name = await self.app.push_screen_wait(Prompt("name of the run", self._form.name, check=_name_problem))
        if name:
            self.show_form(replace(self._form, name=name))

    @work(exclusive=True, group="choose")
    async def action_parent(self) -> None:
        """Ask for a .pth; an empty line takes the parent back."""
        before = self._form.parent.parent.checkpoint if self._form.parent else ""
        path = await self.app.push_screen_wait(Prompt("fine-tune from this .pth; empty for none", before))
        if path is None:
            return
        if not path.strip():
            self.show_form(replace(self._form, parent=None))
            return
        with self.app.telling("this file cannot be fine-tuned from"):
            path = os.path.abspath(os.path.expanduser(path.strip()))
            self.app.notify(f"reading {path}", markup=False, timeout=3)
            parent = await self.app.session.inspect(PurePosixPath(path))
            self.show_form(replace(self._form, parent=parent, preset=self._finetune_preset(), then=None))

    @work(exclusive=True, group="choose")
    async def action_then(self) -> None:
        if self._form.then:
            self.show_form(replace(self._form, then=None))
            return
        definition = await self._ask_definition("then fine-tune on", self._definition_behind())
        preset = definition and await self._ask_preset("with the recipe", self._finetune_preset())
        if definition and preset:
            then = Then(definition, preset, self.app.session.propose_name())
            self.show_form(replace(self._form, then=then))

    def _definition_behind(self) -> Path | None:
        return definition_for(self._files, "fine-tun") or self._form.definition

    @work(exclusive=True, group="when")
    async def action_when(self) -> None:
        """Ask the cluster when each size would start."""
        session, sizes = self.app.session, self.app.session.settings.sizes
        with self.app.telling("the cluster gave no estimate"):
            for index, size in enumerate(sizes):
                asking = f"asking the cluster · {index + 1} of {len(sizes)}"
                self.summary.show_sizes(sizes, self._form.size, self._resources, self._estimates, asking)
                if not self._form.missing:
                    template = self._form.template if size == self._form.size else ""
                    plan = await make_plan(session, replace(self._form, size=size, template=template))
                    self._estimates[index] = await session.estimate(plan)
            self._resources = await session.resources()
        self.summary.show_sizes(sizes, self._form.size, self._resources, self._estimates)
        self.preview(self._form)

    def action_full_screen(self) -> None:
        self.toggle_class("-full")

    def action_copy(self) -> None:
        if self._script:
            self.app.copy(self._script, f"{len(self._script.splitlines())} lines of {self._form.name}'s script")

    @work(exclusive=True, group="launch")
    async def action_launch(self) -> None:
        form = self._form
        if self._other_classes:
            question = f"{self._other_classes}. Begin with new class outputs, and keep the rest?"
            if await self.app.push_screen_wait(Ask(question)):
                self.show_form(replace(form, reset_head=True))
            return
        if self._problem:
            self.app.notify(self._problem, title="it cannot be launched yet", severity="warning", markup=False)
            return
        if not await self.app.push_screen_wait(Ask(form.question(self.app.session.machine), is_safe=True)):
            return
        with self.app.telling("not everything was launched" if form.then else f"{form.name} was not launched"):
            self.app.notify(await launch_form(self.app.session, form), markup=False)
            self._launched(form.name)

    def _launched(self, name: str) -> None:
        """Show it among the runs, and make room for the next."""
        self.show_form(replace(self._form, name=self.app.session.propose_name(), then=None, parent=None))
        self.app.session.look_now()
        self.app.show_runs(name)


def _name_problem(name: str) -> str:
    try:
        check_name(name)
    except RunError as error:
        return str(error)
    return ""
