"""Recipes: lists the recipes, with a form for the selected one and the command that uses it."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.events import DescendantFocus
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from yogo.presets import Preset, builtin, copied
from yogo.recipe import Recipe, applied, differences
from yogo.text.terminal import printable
from yogo_tui.launch.script import command_of
from yogo_tui.screens.ask import Ask
from yogo_tui.screens.base import ModeScreen, changes
from yogo_tui.screens.choose import LinePrompt
from yogo_tui.screens.going import Draft
from yogo_tui.session.changes import recipe_knobs
from yogo_tui.widgets.folded import Folded
from yogo_tui.widgets.key_bar import key_of
from yogo_tui.widgets.knob_form import KnobForm, KnobInput, UndoableInput, help_of
from yogo_tui.widgets.rule import TitledRule
from yogo_tui.words import cut_middle

_LIST_ACTIONS = ("copy_preset", "launch", "delete", "copy", "reread")


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


_LEGEND = """
A recipe says how to train, and never on what. Those that are built in are copied to be edited.
yours: in a file of yours · changed: not saved yet · ✖ unreadable: its file has a fault
A field that has the focus is explained below the form."""


class RecipesScreen(ModeScreen):
    MODE = "recipes"
    HELP = _LEGEND
    CSS_PATH = "recipes.tcss"
    AUTO_FOCUS = "PresetList"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "copy_preset", "copy to edit", id="recipes.copy_preset"),
        Binding("ctrl+s", "save", "save", id="recipes.save"),
        Binding("l", "launch", "launch", id="recipes.launch", tooltip="launch with it"),
        Binding("x", "delete", "delete", id="recipes.delete"),
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

    def on_mount(self) -> None:
        self._known: tuple[Preset, ...] = ()
        self._changed: Recipe | None = None
        self._problem = ""
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
        for preset in self._known:
            source = "" if preset.path is None else "✖ unreadable" if preset.problem else "yours"
            words = cut_middle(preset.title, 27 - len(source))
            self.presets.add_option(Option(Content.assemble(words, " ", (source, "$foreground-muted"))))
        paths = [preset.path for preset in self._known]
        self.presets.highlighted = paths.index(path) if path in paths else min(before, len(self._known) - 1)
        self.show()
        self._go_to_sought()

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
        self._changed, self._problem = None, ""
        self.presets.disabled = False
        read_only = preset.path is None or bool(preset.problem)
        self.form.show(dict(preset.recipe), beside=dict(Recipe()), read_only=read_only)
        self._tell(preset.recipe)
        self._tell_below()

    def _tell(self, recipe: Recipe) -> None:
        preset = self.preset
        where = "built in" if preset.path is None else "changed" if self._changed else "yours"
        where = "✖ unreadable" if preset.problem else where
        count = len(differences(recipe))
        self.rule.title = cut_middle(preset.title, 24)
        self.rule.right = f"save is off: {self._problem}" if self._problem else f"{count} set · {where}"
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
        self._tell(recipe or self.preset.recipe)

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
            self.below.update(help_of(field.name))
        elif preset.problem:
            self.below.update(f"✖ {printable(preset.problem.replace(str(preset.path), Path(str(preset.path)).name))}")
        else:
            self.below.update(printable(" ".join(preset.note.split())))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Turn off keys that are letters while a field has the focus, and in the list the one that leads back to it."""
        if action == "leave":
            return not isinstance(self.focused, PresetList)
        return not (isinstance(self.focused, KnobInput) and action in _LIST_ACTIONS)

    def action_edit(self) -> None:
        if self.preset.path is None:
            self.app.notify(
                f"it is built in: {key_of(self, 'recipes.copy_preset')} copies it under your own name", markup=False
            )
        elif not self._told_unreadable():
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
        if self._problem or preset.path is None or self._changed is None:
            copies = f"it is built in: {key_of(self, 'recipes.copy_preset')} copies it"
            why = self._problem or (copies if preset.path is None else "nothing has changed")
            self.app.notify(why, title="not saved", severity="warning", markup=False)
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

    @changes
    async def action_copy_preset(self) -> None:
        if self._told_unreadable():
            return
        preset = self.preset
        title = await self.app.push_screen_wait(
            LinePrompt("title of your copy", f"My {preset.title}", check=self._title_problem)
        )
        if title:
            with self.app.telling(f"{preset.title} was not copied"):
                copy = copied(preset, title)
                saved = await self.app.session.library.save(copy, self._path_for(title), seen=None)
                await self._load(saved.path)
                self.action_edit()

    def _path_for(self, title: str) -> Path:
        return self.app.session.library.presets_folder / f"{_slug(title)}.yaml"

    def _title_problem(self, title: str) -> str:
        if not _slug(title):
            return "a title needs a letter or a digit, such as Night shift"
        path = self._path_for(title)
        return f"{path.name} already exists" if any(preset.path == path for preset in self._known) else ""

    @changes
    async def action_delete(self) -> None:
        preset = self.preset
        if preset.path is None:
            self.app.notify("it is built in and stays", markup=False)
        elif await self.app.push_screen_wait(Ask(f"Delete {preset.title}? The file {preset.path} cannot be restored.")):
            with self.app.telling(f"{preset.title} was not deleted"):
                await self.app.session.library.remove(preset.path, seen=preset.seen)
                await self._load(None)

    def action_launch(self) -> None:
        self.app.open_launch(Draft(preset=self.preset))

    def action_copy(self) -> None:
        if not self._told_unreadable():
            self.app.copy(command_of(self._changed or self.preset.recipe))

    def _told_unreadable(self) -> bool:
        """Whether the recipe cannot be read. Its values are not known then, and the user is told so."""
        if is_unreadable := bool(self.preset.problem):
            words = f"{printable(self.preset.title)} cannot be read. Mend its file, then press r."
            self.app.notify(words, severity="warning", markup=False)
        return is_unreadable

    def action_reread(self) -> None:
        self.load(self.preset.path)


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
