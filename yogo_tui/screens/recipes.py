"""Recipes: lists the recipes, with a form for the selected one and the command that uses it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import ClassVar

from rich.cells import cell_len
from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.events import DescendantFocus, Resize
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from yogo.presets import Preset, builtin
from yogo.recipe import Recipe, applied, differences
from yogo.text.terminal import printable
from yogo.text.wording import counted
from yogo_tui.launch.script import command_of
from yogo_tui.screens.ask import Ask
from yogo_tui.screens.base import changes
from yogo_tui.screens.going import Draft
from yogo_tui.screens.recipe_actions import RecipeActions
from yogo_tui.session.changes import recipe_knobs
from yogo_tui.session.library import difference_words, used_by, uses_in
from yogo_tui.widgets.folded import Folded
from yogo_tui.widgets.key_bar import key_of
from yogo_tui.widgets.knob_form import KnobForm, KnobInput, UndoableInput, help_of
from yogo_tui.widgets.rule import TitledRule
from yogo_tui.words import cut_end, cut_middle

_LIST_ACTIONS = ("copy_preset", "launch", "import", "delete", "undo_delete", "describe", "copy", "reread")
_LIST_WIDTH = 70
_WIDE = 140
"""In a terminal of at least this many columns, the list also shows what each recipe sets."""


_MOST_OF_TITLE = 24
"""Cells of a title beside which there is room for more."""

_MOST_RUNS = 5
_MOST_OF_HELP, _MOST_OF_NOTE, _MOST_OF_COMMAND = 8, 10, 4
"""Lines. All help of a field fits, also in the smallest terminal; a note has more room, as nothing is typed then."""


class PresetList(OptionList):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select", "edit", id="recipes.edit"),
        Binding("j", "cursor_down", "next recipe", id="recipes.next", show=False),
        Binding("k", "cursor_up", "previous recipe", id="recipes.previous", show=False),
        Binding("g,home", "first", "the first recipe", id="recipes.first", show=False),
        Binding("G,end", "last", "the last recipe", id="recipes.last", show=False),
    ]

    def why_not(self, action: str) -> str:
        screen = self.screen
        return screen.why_not("edit") if isinstance(screen, RecipesScreen) and action == "select" else ""


_LEGEND = """
A recipe says how to train, and never on what. Those that are built in are copied to be edited.
yours: in a file of yours · changed: not saved yet · ✖ unreadable: its file has a fault
In the form, the default stands in brackets beside a value that differs. The field in focus is explained below."""


class RecipesScreen(RecipeActions):
    MODE = "recipes"
    HELP = _LEGEND
    CSS_PATH = "recipes.tcss"
    AUTO_FOCUS = "PresetList"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "copy_preset", "copy to edit", id="recipes.copy_preset"),
        Binding("ctrl+s", "save", "save", id="recipes.save"),
        Binding("ctrl+n", "save_as", "save as", id="recipes.save_as", tooltip="save as another recipe"),
        Binding("l", "launch", "launch", id="recipes.launch", tooltip="launch with it"),
        Binding("i", "import", "import", id="recipes.import", tooltip="import from a command line or a run"),
        Binding("x", "delete", "delete", id="recipes.delete"),
        Binding("U", "undo_delete", "undo", id="recipes.undo", show=False, tooltip="bring back what was deleted last"),
        Binding("N", "describe", "title and note", id="recipes.describe", show=False, tooltip="edit title and note"),
        Binding("y", "copy", "copy the command", id="recipes.copy", show=False),
        Binding("escape", "leave", "back to the list", id="recipes.leave"),
        Binding("r", "reread", "read the presets again", id="recipes.reread", show=False),
    ]

    presets = getters.query_one(PresetList)
    form = getters.query_one(KnobForm)
    rule = getters.query_one("#preset-rule", TitledRule)
    below = getters.query_one("#below", Folded)
    command = getters.query_one("#command", Folded)

    def body(self) -> ComposeResult:
        with Horizontal():
            with Vertical(id="list"):
                yield TitledRule("recipes")
                yield PresetList(compact=True, markup=False)
            with Vertical(id="edit"):
                yield TitledRule(id="preset-rule")
                yield KnobForm(recipe_knobs(), partial(applied, Recipe()), UndoableInput)
                yield Folded(_MOST_OF_HELP, id="below")
                yield TitledRule("the same as a command", id="command-rule")
                yield Folded(_MOST_OF_COMMAND, id="command")

    _known: tuple[Preset, ...] = ()
    _changed: Recipe | None = None
    _problem: str = ""

    def on_mount(self) -> None:
        self._wide = self.app.size.width >= _WIDE
        self._fill(builtin())
        self.load()
        self.watch(self.app, "sought", self._go_to_sought)

    def on_screen_resume(self) -> None:
        """Read the recipes again, because other programs may have changed them."""
        self._load_again()

    def _load_again(self) -> None:
        """Read the recipes, unless something is being typed."""
        if self._known and not (self._changed or self._problem or isinstance(self.focused, KnobInput)):
            self.load(self.preset.path)

    @work(exclusive=True, group="load")
    async def load(self, path: Path | None = None) -> None:
        with self.reading("the recipes were not read", self._load_again):
            await self._load(path)

    async def _load(self, path: Path | None) -> None:
        """Read the recipes again, and show the one at `path`, or the one at the same position in the list."""
        self._fill(await self.app.session.library.presets(), path)

    def _fill(self, presets: tuple[Preset, ...], path: Path | None = None) -> None:
        before = self.presets.highlighted or 0
        self._known = presets
        self.presets.clear_options()
        self.presets.add_options([Option(self._line(preset)) for preset in self._known])
        paths = [preset.path for preset in self._known]
        is_there = path is not None and path in paths
        self.presets.highlighted = paths.index(path) if is_there else min(before, len(self._known) - 1)
        self.show()
        self._go_to_sought()

    def _line(self, preset: Preset) -> Content:
        source = "" if preset.path is None else "✖ unreadable" if preset.problem else "yours"
        words = cut_middle(preset.title, 27 - len(source))
        if self._wide:
            room = _LIST_WIDTH - 30 - len(source)
            sets = "" if preset.problem else cut_end(difference_words(preset.recipe), room)
            return Content.assemble(words.ljust(27), " ", (f"{sets:{room}} {source}".rstrip(), "$foreground-muted"))
        return Content.assemble(words, " ", (source, "$foreground-muted"))

    def on_resize(self, event: Resize) -> None:
        self.set_class(event.size.width >= _WIDE, "-wide")
        if self._known and self._wide != (event.size.width >= _WIDE):
            self._wide = not self._wide
            if not (self._changed or self._problem):
                self._fill(self._known, self.preset.path)

    def _go_to_sought(self) -> None:
        """Put the cursor on the recipe that was chosen elsewhere, once it is listed; what is being typed stays."""
        mode, slug = self.app.sought
        slugs = [preset.slug for preset in self._known]
        if mode == self.MODE and slug in slugs:
            self.app.sought = ("", "")
            if self._changed or self._problem:
                self.app.notify("Save or leave the recipe that you are changing first.", markup=False)
            else:
                self.presets.highlighted = slugs.index(slug)

    @property
    def preset(self) -> Preset:
        return self._known[self.presets.highlighted or 0]

    @on(OptionList.OptionHighlighted)
    def show(self) -> None:
        preset = self.preset
        self._changed, self._problem, self.app.unsaved = None, "", ""
        self.presets.disabled = False
        read_only = preset.path is None or bool(preset.problem)
        self.form.show(dict(preset.recipe), beside=dict(Recipe()), read_only=read_only)
        self._tell(preset.recipe)
        self._tell_below()

    def _tell(self, recipe: Recipe) -> None:
        self.refresh_bindings()
        preset = self.preset
        where = "built in" if preset.path is None else "changed" if self._changed else "yours"
        where = "✖ unreadable" if preset.problem else where
        count = len(differences(recipe))
        self.rule.title = cut_middle(preset.title, 27)
        state = where if cell_len(self.rule.title) > _MOST_OF_TITLE else f"{count} set · {where}"
        self.rule.right = f"save is off: {self._problem}" if self._problem else state
        self.command.update("" if preset.problem else printable(command_of(recipe)))

    @on(KnobForm.Changed)
    def _typed(self, event: KnobForm.Changed) -> None:
        self._take(event.made, event.problem)

    def _take(self, recipe: Recipe | None, problem: str) -> None:
        """Take what the form holds: a recipe, or what is wrong with it."""
        self._problem = problem
        if recipe:
            self._changed = recipe if recipe != self.preset.recipe else None
        # A step in the list shows another recipe, so the list is off until the changes are saved or left.
        self.presets.disabled = bool(self._changed or self._problem)
        self.app.unsaved = self.preset.title if self.presets.disabled else ""
        self._tell(recipe or self.preset.recipe)
        self._tell_below()

    def on_descendant_focus(self, _event: DescendantFocus) -> None:
        self._tell_below()

    def _tell_below(self) -> None:
        """Show the help of the field in focus; else the recipe's note, or what is wrong with it."""
        preset, field = self.preset, self.focused
        is_typing = isinstance(field, KnobInput)
        self.below.most = _MOST_OF_HELP if is_typing else _MOST_OF_NOTE
        self.query_one("#command-rule", TitledRule).right = (
            "" if is_typing else f"{key_of(self, 'recipes.copy')} copies it"
        )
        if isinstance(field, KnobInput) and field.name:
            # The rule may have no room for the sentence, and the field that is wrong may not be in view.
            is_cut = cell_len(f"── {self.rule.title}  {self.rule.right} ──") + 3 > self.rule.size.width
            wrong = f"✖ {printable(self._problem)}\n" if self._problem and is_cut else ""
            self.below.update(f"{wrong}{help_of(field.name)}")
        elif preset.problem:
            self.below.update(f"✖ {printable(preset.problem.replace(str(preset.path), Path(str(preset.path)).name))}")
        else:
            sets, runs = difference_words(preset.recipe), used_by(preset, uses_in(self.app.runs.runs))
            named = f"{', '.join(runs[:_MOST_RUNS])}{', …' if runs[_MOST_RUNS:] else ''}"
            lines = (
                " ".join(preset.note.split()),
                f"Sets {sets}." if sets else "Sets nothing otherwise than the defaults.",
                f"Used by {counted(len(runs), 'run')}: {named}." if runs else "No run here was launched with it.",
            )
            self.below.update("\n".join(printable(line) for line in lines if line))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Turn off keys that are letters while a field has the focus, and in the list the one that leads back to it."""
        if action == "leave":
            return not isinstance(self.focused, PresetList)
        if action in ("save", "save_as"):
            return isinstance(self.focused, KnobInput)
        return not (isinstance(self.focused, KnobInput) and action in _LIST_ACTIONS)

    def why_not(self, action: str) -> str:
        if not self._known:  # nothing is listed yet
            return ""
        if action in ("save", "save_as") and self._problem:
            return self._problem
        return super().why_not(action)

    def action_edit(self) -> None:
        if not self.told_why_not("edit"):
            self.form.query(KnobInput).first().focus()

    @on(OptionList.OptionSelected)
    def _entered(self) -> None:
        self.action_edit()

    @work(exclusive=True, group="leave")
    async def action_leave(self) -> None:
        """Return to the list, and ask first if there are unsaved changes."""
        if self._changed or self._problem:
            if not await self.app.push_screen_wait(Ask(f"Leave {self.preset.title} without saving what you changed?")):
                return
            self.show()
        self.presets.focus()

    @changes
    async def action_save(self) -> None:
        preset = self.preset
        self._take(*self.form.read())  # what was typed a moment ago may not have been told yet
        if (why := self.why_not("save")) or preset.path is None or self._changed is None:
            why = why or "nothing has changed"
            self.app.notify(printable(why), title="not saved", severity="warning", markup=False)
            return
        with self.app.telling(f"{preset.title} was not saved"):
            changed = self._changed
            recipe = replace(preset, recipe=changed)
            saved = await self.app.session.library.save(recipe, preset.path, seen=preset.seen)
            if self._changed is changed:
                self._changed = None
                await self._load(saved.path)
            else:  # somebody goes on typing
                self._known = tuple(saved if one is preset else one for one in self._known)
            self.app.notify(f"saved as {printable(saved.path.name) if saved.path else saved.title}", markup=False)

    def read_form(self) -> Recipe | None:
        self._take(*self.form.read())  # what was typed a moment ago may not have been told yet
        if self._problem:
            self.app.notify(self._problem, title="not saved", severity="warning", markup=False)
            return None
        return self._changed or self.preset.recipe

    def action_launch(self) -> None:
        self.app.open_launch(Draft(preset=self.preset))

    def action_copy(self) -> None:
        if not self.told_why_not("copy"):
            self.app.copy(command_of(self._changed or self.preset.recipe))

    def action_reread(self) -> None:
        self.load(self.preset.path)
