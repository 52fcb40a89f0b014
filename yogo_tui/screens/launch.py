"""Launch: choose definition, recipe and size, see the job script, and submit it after one question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import ClassVar

from textual import getters, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.events import Resize

from yogo.errors import RunError
from yogo.presets import Preset, builtin
from yogo.run.directory import check_name
from yogo.run.launch import Kind
from yogo.text.terminal import printable
from yogo.text.wording import counted
from yogo_tui.cluster.base import Estimate, Resources
from yogo_tui.errors import ChainBroken, HostError
from yogo_tui.launch.machine import OF_SCHEDULERS, size_words
from yogo_tui.questions.definitions import DefinitionFile
from yogo_tui.questions.paths import FindPath
from yogo_tui.screens.ask import Ask, Notice
from yogo_tui.screens.base import changes
from yogo_tui.screens.choose import Choice, LinePrompt
from yogo_tui.screens.going import Draft
from yogo_tui.screens.held_keys import reads_first
from yogo_tui.screens.launch_form import (
    Preview,
    inherited_words,
    launch_wanted,
    parent_words,
    preset_choices,
    preview_of,
    recipe_words,
    shorten,
    size_changes,
    then_words,
    timings_of,
)
from yogo_tui.screens.sweep_form import StartsSweep
from yogo_tui.session.changes import Setup, size_knobs
from yogo_tui.session.wanted import Then, Wanted, definition_for, preset_for
from yogo_tui.settings import SizePreset
from yogo_tui.widgets.key_bar import key_of
from yogo_tui.widgets.launch_summary import LaunchSummary, SummaryLine
from yogo_tui.widgets.rule import TitledRule
from yogo_tui.widgets.script_view import ScriptView

_WIDE = 120
"""In a terminal of at least this many columns, both halves have room for long paths."""


_LEGEND = """
from: the weights that it starts from · then: a fine-tune that waits in the queue until this run has finished
would start by: the scheduler's estimate, which changes with the queue
✔ checked and well · ! a doubt, which does not hinder the launch · ✖ a fault, which does"""


class LaunchScreen(StartsSweep):
    MODE = "launch"
    HELP = _LEGEND
    CSS_PATH = "launch.tcss"
    AUTO_FOCUS = "#script"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "launch", "launch", id="launch.launch"),
        Binding("c", "change", "change", id="launch.change", tooltip="change any field for this launch alone"),
        Binding("e", "edit", "edit script", id="launch.edit", tooltip="edit your copy of the template in $EDITOR"),
        Binding(
            "v",
            "reading",
            "view",
            id="launch.reading",
            show=False,
            tooltip="the script with its remarks, then what is not as shipped",
        ),
        Binding(
            "E",
            "edit_once",
            "edit for this launch",
            id="launch.edit_once",
            show=False,
            tooltip="edit the script for this launch alone",
        ),
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

    _files: tuple[DefinitionFile, ...] = ()
    """The definitions that were found last."""

    def body(self) -> ComposeResult:
        with Horizontal(id="halves"):
            with Vertical(id="what"):
                yield TitledRule("what")
                yield LaunchSummary(self.app.session.machine)
            yield ScriptView(id="preview")

    def on_mount(self) -> None:
        self._estimates: dict[int, Estimate] = {}
        self._resources: dict[str, Resources] = {}  # of the partitions that were asked for
        session = self.app.session
        self._settings = session.settings
        self._form = Wanted(
            name=session.launcher.propose_name(),
            size=session.settings.sizes[0],
            preset=preset_for(builtin(), Kind.PRETRAIN),
        )
        self._first_preset: Preset | None = self._form.preset
        self.watch(self.app, "draft", self._begin)

    def _begin(self, draft: Draft) -> None:
        self._take(draft)

    def on_resize(self, event: Resize) -> None:
        self.set_class(event.size.width >= _WIDE, "-wide")
        self.call_after_refresh(self._show_again)

    def _show_again(self) -> None:
        self.summary.show(self._lines(self._form))

    @work(exclusive=True, group="files")
    async def on_screen_resume(self) -> None:
        """Look for definitions each time that the screen is shown. The settings may be others by then."""
        now, self.summary.machine = self.app.session.settings, self.app.session.machine
        if now is not self._settings:
            form, self._settings = self._form.refitted(self._settings.sizes, now.sizes), now
            self.show_form(form)
        try:
            self._files = await self.app.session.library.definitions()
        except HostError as error:
            self.when_back(self.on_screen_resume)
            self.app.notify(
                printable(str(error)), title="definitions were not looked for", severity="warning", markup=False
            )
        if self._form.definition is None:
            word = "fine-tun" if self._form.parent else "pre-train"
            self.show_form(replace(self._form, definition=definition_for(self._files, word)))
        else:
            self.summary.show(self._lines(self._form))

    @work(exclusive=True, group="take")
    async def _take(self, draft: Draft) -> None:
        """Fill the form with what another screen asked for."""
        presets = await self._presets()
        form = self._form
        if form.preset is self._first_preset:  # nobody has chosen one: the user's own stands before the shipped one
            form = form.with_preset(preset_for(presets, Kind.PRETRAIN))
        self._first_preset = None
        if draft.whole:
            form = draft.whole
        if draft.definition:
            form = replace(form, definition=draft.definition)
        if draft.preset is not None:
            form = form.with_preset(_read_again(presets, draft.preset))
        if draft.parent:
            data, preset = draft.definition or self._definition_behind(), preset_for(presets, Kind.FINETUNE)
            form = replace(form.with_preset(preset), definition=data, parent=draft.parent, then=None)
        self.show_form(form)

    async def _presets(self) -> Sequence[Preset]:
        """The recipes; the built-in ones alone while the others cannot be read."""
        try:
            return await self.app.session.library.presets()
        except HostError as error:
            self.app.notify(printable(str(error)), title="recipes were not read", severity="warning", markup=False)
            return builtin()

    async def _finetune_preset(self) -> Preset:
        return preset_for(await self._presets(), Kind.FINETUNE)

    def show_form(self, form: Wanted) -> None:
        form = form.after(before := self._form)
        if before.script and not form.script:
            self.app.notify("the script is made anew: what you had edited in it is dropped", markup=False)
        if form.job_size != before.job_size or form.definition != before.definition:
            self._estimates = {}
        self._form = form
        self.summary.show(self._lines(form))
        self._show_sizes()
        self.look_ahead(form)

    def _show_sizes(self, asking: str = "") -> None:
        size, known = self._form.size, self._resources_of(self._form.size)
        sizes = self.app.session.settings.sizes
        timings = timings_of(self.app.session, self._form, self.app.runs.runs, self._estimates)
        self.summary.show_sizes(sizes, size, known, timings, asking)

    def _resources_of(self, size: SizePreset) -> Resources | None:
        """Those of its partition; None until it was asked."""
        return self._resources.get(self.app.session.launcher.partition(size))

    def _lines(self, form: Wanted) -> list[SummaryLine]:
        files, key = self._files, partial(key_of, self)
        data = shorten(form.definition, files) if form.definition else f"– choose it with {key('launch.data')}"
        parent = parent_words(form.parent) if form.parent else "– no parent"
        notes = inherited_words(form.parent) if form.parent else ()
        then = then_words(form, files)
        return [
            SummaryLine(key("launch.data"), "data", data),
            SummaryLine(key("launch.recipe"), "recipe", *recipe_words(form)),
            SummaryLine(key("launch.name"), "name", form.name),
            SummaryLine(key("launch.parent"), "from", parent, notes),
            SummaryLine(key("launch.size"), "size", self._size_words(form), size_changes(form)),
            SummaryLine(key("launch.then"), "then", f"fine-tune {form.then.name}" if form.then else "–", then),
        ]

    def _size_words(self, form: Wanted) -> str:
        machine, size = self.app.session.machine, form.job_size
        cpus, has_gpus = counted(size.cpus, "CPU"), machine is None or machine.num_gpus > 0
        return f"{size_words(size, machine)}, {cpus}" if has_gpus and size.gpus else f"{cpus}, {size.hours:g} h"

    @work(exclusive=True, group="preview")
    async def look_ahead(self, wanted: Wanted, *, is_other: bool = True) -> None:
        """Make the preview of what would be submitted. Until it is there, the one before counts, unless something
        other than that is wanted now."""
        if is_other:
            self.set_reactive(LaunchScreen.preview, Preview(problem=wanted.missing))
        self.preview = await preview_of(self.app.session, wanted, self._files, self._resources_of(wanted.size))
        if self.preview.is_away:
            self.when_back(self.look_again)

    def look_again(self) -> None:
        self.look_ahead(self._form, is_other=False)

    def watch_preview(self, preview: Preview) -> None:
        self.summary.show_checks(preview.checks)
        edited = " · edited" if self._form.script else ""
        self.script_view.show(f"{self._form.job_size.template}{edited}", preview.script, preview.difference)

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

    @work(exclusive=True, group="when")
    async def action_when(self) -> None:
        """Ask the cluster when each size would start."""
        session, sizes = self.app.session, self.app.session.settings.sizes
        with self.app.telling("the cluster gave no estimate"):
            for index, size in enumerate(sizes):
                asking = f"asking the cluster · {index + 1} of {len(sizes)}"
                self._show_sizes(asking)
                if not self._form.missing:
                    form = self._form if size == self._form.size else self._form.with_size(size)
                    plan = await session.planner.first(form)
                    self._estimates[index] = await session.launcher.estimate(plan)
            for partition, size in {session.launcher.partition(size): size for size in sizes}.items():
                self._resources[partition] = await session.launcher.resources(size)
        self._show_sizes()
        self.look_ahead(self._form)

    @changes
    async def action_launch(self) -> None:
        form = self._form
        if self.preview.other_classes:
            question = f"{self.preview.other_classes}. Start with new class outputs, and keep the other weights?"
            if await self.app.push_screen_wait(Ask(question)):
                self.show_form(replace(form, reset_head=True))
            return
        if self.preview.problem:
            self.app.notify(self.preview.problem, title="it cannot be launched yet", severity="warning", markup=False)
            self.look_again()  # the line may be back, or a file mended
            return
        if not await self.app.push_screen_wait(Ask(form.question(self.app.session.machine), is_safe=True)):
            return
        self.app.notify(f"submitting {form.name} …", markup=False)
        with self.app.telling(f"{form.name} was not launched"):
            try:
                said = await launch_wanted(self.app.session, form)
            except ChainBroken as error:
                self.app.push_screen(Notice("not everything was launched", str(error)))
                return
            self.app.notify(said, markup=False)
            self._launched(form.name)

    def _launched(self, name: str) -> None:
        """Show the new run, and prepare the form for the next one: recipe and size as chosen, no time asked for yet."""
        self._estimates, self._resources = {}, {}
        form = self._form.with_preset(self._form.preset).with_size(self._form.size)
        self.show_form(replace(form, name=self.app.session.launcher.propose_name(), then=None, parent=None))
        self.app.session.runs.look_now()
        self.app.show_runs(name)


def _name_problem(name: str) -> str:
    try:
        check_name(name)
    except RunError as error:
        return str(error)
    return ""


def _read_again(presets: Sequence[Preset], known: Preset) -> Preset:
    """The recipe as it was just read; as it was known before, if it was not read."""
    return next((preset for preset in presets if preset.slug == known.slug), known)
