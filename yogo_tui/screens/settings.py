"""Settings: every setting as a line of a form, checked as it is typed, and written into the settings file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.events import DescendantFocus
from textual.widgets import Static

from yogo.text.terminal import printable
from yogo.text.wording import counted
from yogo_tui.questions.settings import ChangeSettings
from yogo_tui.screens.ask import Ask
from yogo_tui.screens.base import FramedScreen, changes
from yogo_tui.session.setting_form import SettingForm, text_of
from yogo_tui.settings import SettingChange, Settings
from yogo_tui.settings.document import help_of
from yogo_tui.settings.entries import LISTS
from yogo_tui.widgets.knob_form import KnobForm, UndoableInput
from yogo_tui.widgets.rule import TitledRule

_NEXT_START = ("host", "hosts", "keymap")
"""Settings that hold from the next start on."""


class SettingInput(UndoableInput):
    END: ClassVar = "ctrl+s keeps the changes, and esc leaves the settings."


class SettingsScreen(FramedScreen):
    CSS_PATH = "settings.tcss"
    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "keep", "keep", id="settings.keep", tooltip="write the changes into the settings file"),
        Binding("f5", "default", "default", id="settings.default", tooltip="the default of this setting"),
        Binding("escape", "leave", "leave", id="settings.leave"),
    ]

    rule = getters.query_one(TitledRule)

    def __init__(
        self,
        settings: Settings,
        *,
        is_far: bool = False,
        name: str = "",
        overrides: Mapping[str, str] | None = None,
    ) -> None:
        """`overrides` are the settings that options of the command override, each with its option. The setting `name`
        has the focus at first."""
        super().__init__()
        self._lines = SettingForm(settings, is_far=is_far, check=self._check_keys)
        self._overrides = overrides or {}
        self._first = name

    def _check_keys(self, settings: Settings) -> None:
        self.app.check_keys(settings)

    def head(self) -> ComposeResult:
        yield TitledRule("settings")

    def body(self) -> ComposeResult:
        yield KnobForm(list(self._lines.fields()), self._lines.made, SettingInput)
        with Vertical(id="below"):
            yield Static(id="about", markup=False)
            yield Static(id="state", markup=False)

    @property
    def form(self) -> KnobForm[tuple[SettingChange, ...]]:
        return self.query_one(KnobForm)

    def on_mount(self) -> None:
        super().on_mount()
        self.rule.right = printable(str(self._lines.settings.file))
        lines = self._lines.lines
        beside = {name: line.beside for name, line in lines.items() if not line.is_entry}
        self.form.show(self._lines.texts, beside=beside, fixed=self._overrides)
        inputs = [one for one in self.query(SettingInput) if not one.disabled]
        for one in inputs:
            one.placeholder = "" if one.name in beside or one.value else "type here to add one"
        sought = (one for one in inputs if one.name and lines[one.name].setting == self._first)
        self.set_focus(next(sought, inputs[0]))
        self._tell(*self.form.read())

    @on(KnobForm.Changed)
    def _typed(self, event: KnobForm.Changed) -> None:
        self._tell(event.made, event.problem)

    def _tell(self, changes: tuple[SettingChange, ...] | None, problem: str) -> None:
        words = f"✖ {problem}" if changes is None else ""
        if changes:
            words = f"{counted(len(changes), 'change')}: ctrl+s keeps {'them' if changes[1:] else 'it'}"
        self.query_one("#state", Static).update(printable(words))

    @on(DescendantFocus)
    def _tell_about(self) -> None:
        name = self.focused.name if self.focused else None
        if name not in self._lines.lines:
            return
        line = self._lines.lines[name]
        parts = f" An entry has {', '.join(LISTS[line.setting].model_fields)}." if line.setting in LISTS else ""
        where = self._overrides.get(line.name) or self._lines.where(line.name)
        words = f"{line.key} · {where}\n{help_of(Settings, line.setting)}{parts}"
        self.query_one("#about", Static).update("\n".join(map(printable, words.split("\n"))))

    def action_default(self) -> None:
        """Give the line its default: of a further entry it has none, and the entry goes."""
        focused = self.focused
        if isinstance(focused, SettingInput) and focused.name:
            self.form.fill_all({focused.name: text_of(self._lines.lines[focused.name].default)})

    @changes
    async def action_keep(self) -> None:
        made, problem = self.form.read()
        if made is None:
            self.app.notify(problem, title="not kept", severity="warning", markup=False)
            return
        if not made:
            self.app.notify("Nothing was changed.", markup=False)
            return
        file = self._lines.settings.file
        with self.app.telling("the settings were not changed"):
            await self.app.session.host.ask(ChangeSettings(file, made))
            await self.app.open_again()
            later = sorted({change.key.split(".")[0] for change in made} & {*_NEXT_START})
            when = f"{', '.join(later)}: from the next start on" if later else "in force from now on"
            self.app.notify(
                f"{printable(str(file))}\n{when}", title=f"{counted(len(made), 'change')} kept", markup=False
            )
            self.dismiss()

    @work(exclusive=True, group="leave")
    async def action_leave(self) -> None:
        """Leave, and ask first if something was typed that would be lost."""
        if self.form.texts != self._lines.texts and not await self.app.push_screen_wait(
            Ask("Leave the changes that you typed?")
        ):
            return
        self.dismiss()
