"""Recipes: the presets there are, a form for one of them, and the command that it stands for."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.events import DescendantFocus
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from yogo.presets import Preset, fingerprint, save
from yogo.recipe import Recipe, differences
from yogo.terminal import printable
from yogo_tui.launch.script import flags
from yogo_tui.screens.ask import Ask
from yogo_tui.screens.base import Draft, ModeScreen
from yogo_tui.screens.choose import Prompt
from yogo_tui.widgets.knob_form import KnobForm, KnobInput, help_of
from yogo_tui.widgets.rule import TitledRule
from yogo_tui.widgets.words import cut_middle

_LIST_ACTIONS = ("copy_preset", "launch", "delete", "copy", "reread")


class PresetList(OptionList):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select", "edit", id="recipes.edit"),
        Binding("j", "cursor_down", "next recipe", id="recipes.next", show=False),
        Binding("k", "cursor_up", "previous recipe", id="recipes.previous", show=False),
        Binding("g,home", "first", "the first recipe", id="recipes.first", show=False),
        Binding("G,end", "last", "the last recipe", id="recipes.last", show=False),
    ]


class RecipesScreen(ModeScreen):
    MODE = "recipes"
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
    below = getters.query_one("#below", Static)
    command = getters.query_one("#command", Static)

    def body(self) -> ComposeResult:
        with Horizontal():
            with Vertical(id="list"):
                yield TitledRule("recipes")
                yield PresetList(compact=True, markup=False)
            with Vertical(id="edit"):
                yield TitledRule(id="preset-rule")
                yield KnobForm()
                yield Static(id="below", markup=False)
                yield TitledRule("the same as a command")
                yield Static(id="command", markup=False)

    def on_mount(self) -> None:
        self._known: tuple[Preset, ...] = ()
        self._changed: Recipe | None = None
        self._problem = ""
        self.load()

    def load(self, path: Path | None = None) -> None:
        """Read the presets anew, and show the one at `path`, or that of the same place in the list."""
        before = self.presets.highlighted or 0
        self._known = self.app.session.presets()
        self.presets.clear_options()
        for preset in self._known:
            source = "" if preset.path is None else "✖ unreadable" if preset.problem else "yours"
            words = cut_middle(preset.title, 27 - len(source))
            self.presets.add_option(Option(Content.assemble(words, " ", (source, "$foreground-muted"))))
        paths = [preset.path for preset in self._known]
        self.presets.highlighted = paths.index(path) if path in paths else min(before, len(self._known) - 1)
        self.show()

    @property
    def preset(self) -> Preset:
        return self._known[self.presets.highlighted or 0]

    @on(OptionList.OptionHighlighted)
    def show(self) -> None:
        preset = self.preset
        self._changed, self._problem = None, ""
        self.presets.disabled = False
        self.form.show(preset.recipe, read_only=preset.path is None or bool(preset.problem))
        self._tell(preset.recipe)
        self._tell_below()

    def _tell(self, recipe: Recipe) -> None:
        preset = self.preset
        where = "built in" if preset.path is None else "changed" if self._changed else "yours"
        where = "✖ unreadable" if preset.problem else where
        count = len(differences(recipe))
        self.rule.title = cut_middle(preset.title, 24)
        self.rule.right = f"save is off: {self._problem}" if self._problem else f"{count} set · {where}"
        self.command.update(printable(command_of(recipe)))

    @on(KnobForm.Changed)
    def _typed(self, event: KnobForm.Changed) -> None:
        self._problem = event.problem
        if event.recipe:
            self._changed = event.recipe if event.recipe != self.preset.recipe else None
        # The list shows another preset at a step in it: until what was typed is saved or left, it takes none.
        self.presets.disabled = bool(self._changed or self._problem)
        self._tell(event.recipe or self.preset.recipe)

    def on_descendant_focus(self, _event: DescendantFocus) -> None:
        self._tell_below()

    def _tell_below(self) -> None:
        """The help of the field in focus; else what the preset says of itself, or what is wrong with it."""
        preset, field = self.preset, self.focused
        if isinstance(field, KnobInput) and field.name:
            self.below.update(help_of(field.name))
        elif preset.problem:
            self.below.update(f"✖ {printable(preset.problem.replace(str(preset.path), Path(str(preset.path)).name))}")
        else:
            self.below.update(printable(" ".join(preset.note.split())))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Letters that are typed into a field are no keys."""
        return not (isinstance(self.focused, KnobInput) and action in _LIST_ACTIONS)

    def action_edit(self) -> None:
        if self.preset.path is None:
            self.app.notify("it is built in: c copies it under a name of yours", markup=False)
        else:
            self.form.query(KnobInput).first().focus()

    @on(OptionList.OptionSelected)
    def _entered(self) -> None:
        self.action_edit()

    @work(exclusive=True, group="leave")
    async def action_leave(self) -> None:
        """Back to the list; what was typed and not saved is asked about."""
        if self._changed or self._problem:
            if not await self.app.push_screen_wait(Ask(f"Leave {self.preset.title} without saving what you changed?")):
                return
            self.show()
        self.presets.focus()

    def action_save(self) -> None:
        preset = self.preset
        if self._problem or preset.path is None or self._changed is None:
            why = self._problem or ("it is built in: c copies it" if preset.path is None else "nothing has changed")
            self.app.notify(why, title="not saved", severity="warning", markup=False)
            return
        with self.app.telling(f"{preset.title} was not saved"):
            saved = save(replace(preset, recipe=self._changed), preset.path, seen=preset.seen)
            self._changed = None
            self.load(saved.path)
            self.app.notify(f"saved as {printable(saved.path.name) if saved.path else saved.title}", markup=False)

    @work(exclusive=True, group="copy")
    async def action_copy_preset(self) -> None:
        preset = self.preset
        title = await self.app.push_screen_wait(
            Prompt("title of your copy", f"My {preset.title}", check=self._title_problem)
        )
        if title:
            with self.app.telling(f"{preset.title} was not copied"):
                saved = save(replace(preset, title=title.strip(), seen=None), self._path_for(title), seen=None)
                self.load(saved.path)
                self.action_edit()

    def _path_for(self, title: str) -> Path:
        return self.app.session.presets_folder / f"{_slug(title)}.yaml"

    def _title_problem(self, title: str) -> str:
        if not _slug(title):
            return "a title needs a letter or a digit"
        path = self._path_for(title)
        return f"{path.name} exists already" if fingerprint(path) else ""

    @work(exclusive=True, group="delete")
    async def action_delete(self) -> None:
        preset = self.preset
        if preset.path is None:
            self.app.notify("it is built in and stays", markup=False)
        elif await self.app.push_screen_wait(
            Ask(f"Delete {preset.title}? The file {preset.path} is removed for good.")
        ):
            with self.app.telling(f"{preset.title} was not deleted"):
                preset.path.unlink()
                self.load()

    def action_launch(self) -> None:
        self.app.open_launch(Draft(preset=self.preset.slug))

    def action_copy(self) -> None:
        self.app.copy(command_of(self._changed or self.preset.recipe))

    def action_reread(self) -> None:
        self.load(self.preset.path)


def command_of(recipe: Recipe) -> str:
    """The command that trains by this recipe, with what it sets otherwise than the defaults."""
    changed = differences(recipe)
    words = [
        word for name, flag in zip(Recipe.model_fields, flags(recipe), strict=True) if name in changed for word in flag
    ]
    return f"yogo train DEFINITION {shlex.join(words)}".rstrip()


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
