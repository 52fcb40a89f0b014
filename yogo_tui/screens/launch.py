"""Launch: choose definition, recipe and size, see the job script, and submit it after one question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.events import Resize

from yogo.presets import Preset, builtin
from yogo.run.launch import Kind
from yogo.text.terminal import printable
from yogo_tui.cluster.base import Estimate, Resources
from yogo_tui.errors import ChainBroken, HostError
from yogo_tui.screens.ask import Ask, Notice
from yogo_tui.screens.base import changes
from yogo_tui.screens.going import Draft
from yogo_tui.screens.launch_command import CopiesCommand
from yogo_tui.screens.launch_form import (
    Preview,
    inherited_words,
    launch_wanted,
    parent_words,
    preview_of,
    recipe_words,
    shorten,
    size_changes,
    then_words,
)
from yogo_tui.screens.launch_times import LaunchTimes
from yogo_tui.screens.sweep_form import StartsSweep
from yogo_tui.session.wanted import Wanted, definition_for, preset_for
from yogo_tui.widgets.key_bar import key_of
from yogo_tui.widgets.launch_summary import LaunchSummary, SummaryLine
from yogo_tui.widgets.rule import TitledRule
from yogo_tui.widgets.script_view import ScriptView

_WIDE = 120
"""In a terminal of at least this many columns, both halves have room for long paths."""


_LEGEND = """
from: the weights that it starts from · then: a fine-tune that waits in the queue until this run has finished
would start by: the scheduler's estimate, which changes with the queue
the command: launches in a shell what the form holds; with --dry-run behind it, it prints the scripts
✔ checked and well · ! a doubt, which does not hinder the launch · ✖ a fault, which does"""


class LaunchScreen(StartsSweep, CopiesCommand, LaunchTimes):
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
        Binding("f", "full_screen", "full screen", id="launch.full", show=False, tooltip="the script in full screen"),
        Binding("y", "copy", "copy", id="launch.copy", show=False, tooltip="copy the script"),
    ]

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
        await self._read_measured()
        if self._form.definition is None:
            word = "fine-tun" if self._form.parent else "pre-train"
            self.show_form(replace(self._form, definition=definition_for(self._files, word)))
        else:
            self.summary.show(self._lines(self._form))
            self._show_sizes()

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


def _read_again(presets: Sequence[Preset], known: Preset) -> Preset:
    """The recipe as it was just read; as it was known before, if it was not read."""
    return next((preset for preset in presets if preset.slug == known.slug), known)
