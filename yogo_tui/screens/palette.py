"""`:` and ctrl+p: finds an action, a run, a recipe, a definition or a setting by its words."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from textual import work
from textual.binding import ActiveBinding, Binding
from textual.screen import Screen

from yogo.errors import YogoError
from yogo.files.places import told
from yogo.text.terminal import printable
from yogo_tui.errors import ConsoleError
from yogo_tui.modes import MODES
from yogo_tui.runs.model import Run
from yogo_tui.screens.base import BaseConsole
from yogo_tui.screens.choose import Choice, Choose
from yogo_tui.screens.help import only_moves
from yogo_tui.settings import Settings
from yogo_tui.settings.document import help_of
from yogo_tui.widgets.key_bar import key_word
from yogo_tui.words import state_words

_TITLE = "find an action, a run, a recipe, a definition or a setting"
_NOT_LISTED = ("app.back", "app.palette")
_ONLY_THERE = ("leave", "clear_filter")
"""Actions of a screen that mean nothing from another one."""


@dataclass(frozen=True, slots=True)
class PaletteEntry:
    """Something that can be found, and what is done once it is chosen."""

    words: str
    about: str
    do: Callable[[], Awaitable[object]]


class Palette(Choose):
    """Lists the actions of the screen below it and the runs at once, and the rest as it is read."""

    CSS = "Palette { align: center top; } Palette .paper { margin-top: 1; }"

    def __init__(self, app: BaseConsole, below: Screen[Any]) -> None:
        self._groups: list[list[PaletteEntry]] = [
            list(_actions_here(app, below)),
            [],
            list(_runs(app)),
            [],
            [],
            list(_settings(app)),
        ]
        self._reads = {1: partial(_actions_elsewhere, app), 3: partial(_recipes, app), 4: partial(_definitions, app)}
        super().__init__(_TITLE, self._listed)

    def on_mount(self) -> None:
        self.read()

    @work
    async def read(self) -> None:
        """Read the other lists, each at its place."""
        for place, reading in self._reads.items():
            try:
                self._groups[place] = await reading()
            except (ConsoleError, YogoError, OSError) as error:
                self.app.notify(printable(told(error)), title="not all is listed", severity="warning", markup=False)
            else:
                self.relist(self._listed)

    @property
    def _listed(self) -> list[Choice]:
        return [Choice(entry.words, entry.about) for entry in self._entries]

    @property
    def _entries(self) -> list[PaletteEntry]:
        return [entry for group in self._groups for entry in group]

    def entry(self, index: int) -> PaletteEntry:
        return self._entries[index]


def _actions_here(app: BaseConsole, screen: Screen[Any]) -> Iterator[PaletteEntry]:
    """Our bindings, which have an id; an action with several keys once. Those of the screen come before the app's, its
    main keys before the others, and how one moves last."""
    active = [entry for entry in screen.active_bindings.values() if entry.binding.id and entry.enabled]
    known = list({entry.binding.action: entry for entry in reversed(active)}.values())[::-1]
    for entry in sorted(known, key=lambda one: (only_moves(one), one.node is app, not one.binding.show)):
        if entry.binding.id not in _NOT_LISTED:
            yield PaletteEntry(_words(entry.binding), f"key {key_word(entry.binding.key)}", partial(_press, app, entry))


async def _press(app: BaseConsole, entry: ActiveBinding) -> None:
    await app.run_action(entry.binding.action, default_namespace=entry.node)


async def _actions_elsewhere(app: BaseConsole) -> list[PaletteEntry]:
    """What can be done on the first screens of the other modes, which may have to be imported."""
    found = []
    for mode in MODES:
        if mode.name != app.current_mode:
            kind = await asyncio.to_thread(mode.load)
            found += [
                PaletteEntry(
                    _words(binding),
                    f"{mode.title}: keys {mode.key} {key_word(binding.key)}",
                    partial(app.do_in, mode.name, binding.action),
                )
                for binding in _own(kind)
            ]
    return found


def _own(kind: type[Screen[Any]]) -> Iterator[Binding]:
    """The bindings of a screen's classes, each action once."""
    seen = set(_ONLY_THERE)
    for base in kind.__mro__:
        for binding in vars(base).get("BINDINGS", ()):
            if isinstance(binding, Binding) and binding.id and binding.action not in seen:
                seen.add(binding.action)
                if binding.id not in _NOT_LISTED and not binding.action.startswith("app."):
                    yield binding


def _runs(app: BaseConsole) -> Iterator[PaletteEntry]:
    for run in app.runs.runs:
        about = " · ".join(word for word in (f"run, {state_words(run)}", run.title, *run.tags) if word)
        yield PaletteEntry(printable(run.name), printable(about), partial(_open_run, app, run))


async def _open_run(app: BaseConsole, run: Run) -> None:
    """Show a run over the list of runs, where the cursor is on it."""
    from yogo_tui.screens.run import RunScreen

    app.show_runs(run.name)
    app.push_screen(RunScreen(run))


async def _recipes(app: BaseConsole) -> list[PaletteEntry]:
    return [
        PaletteEntry(
            printable(preset.title),
            printable(f"recipe {preset.slug}{'' if preset.path else ', built in'}"),
            partial(app.go_to, "recipes", preset.slug),
        )
        for preset in await app.session.library.presets()
    ]


async def _definitions(app: BaseConsole) -> list[PaletteEntry]:
    return [
        PaletteEntry(
            printable(str(file.path.relative_to(file.root))),
            printable(f"definition in {file.root.name}"),
            partial(app.go_to, "datasets", str(file.path)),
        )
        for file in await app.session.library.definitions()
    ]


def _settings(app: BaseConsole) -> Iterator[PaletteEntry]:
    for name in Settings.model_fields:
        yield PaletteEntry(name, f"setting: {help_of(Settings, name)}", partial(app.open_setting, name))


def _words(binding: Binding) -> str:
    return binding.tooltip or binding.description
