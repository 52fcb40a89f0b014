"""Settings: every setting as a line of a form, checked as it is typed, and written into the settings file. A size has
a form of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

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
from yogo_tui.screens.change_size import ChangeSize
from yogo_tui.session.setting_form import SettingForm, entry_of, text_of
from yogo_tui.session.size_form import SizeForm, copy_of, entries, title_of
from yogo_tui.settings import SettingChange, Settings
from yogo_tui.settings.document import help_of
from yogo_tui.settings.entries import LISTS
from yogo_tui.widgets.knob_form import KnobForm, UndoableInput
from yogo_tui.widgets.rule import TitledRule

_SIZES = "sizes-"
"""How the names of the lines of sizes begin."""

_NEXT_START = ("host", "hosts", "keymap")
"""Settings that hold from the next start on."""


class SettingInput(UndoableInput):
    END: ClassVar = "ctrl+s keeps the changes, and esc leaves the settings."


class SizeInput(SettingInput):
    """The line of a size, or of another one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "edit", "form", id="settings.edit_size", tooltip="the fields of this size, as a form"),
    ]

    def why_not(self, action: str) -> str:
        return self.screen.why_not(action) if isinstance(self.screen, SettingsScreen) else ""

    def action_edit(self) -> None:
        if isinstance(self.screen, SettingsScreen):
            self.screen.edit_size()


def _input_of(*, name: str, **options: Any) -> SettingInput:
    kind = SizeInput if name.startswith(_SIZES) else SettingInput
    return kind(name=name, **options)


class SettingsScreen(FramedScreen):
    CSS_PATH = "settings.tcss"
    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "keep", "keep", id="settings.keep", tooltip="write the changes into the settings file"),
        Binding(
            "f2", "duplicate_size", "duplicate", id="settings.duplicate_size", tooltip="another size like this one"
        ),
        Binding("f3", "delete_size", "delete", id="settings.delete_size", tooltip="delete this size"),
        Binding("ctrl+n", "add_size", "add a size", id="settings.add_size"),
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
        yield KnobForm(list(self._lines.fields()), self._lines.made, _input_of)
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
        self._tell_of_empty()
        sought = (one for one in inputs if one.name and lines[one.name].setting == self._first)
        self.set_focus(next(sought, inputs[0]))
        self._tell(*self.form.read())

    @on(KnobForm.Changed)
    async def _typed(self, event: KnobForm.Changed) -> None:
        await self._have_empty()
        self._tell_of_empty()
        self._tell(event.made, event.problem)
        self.refresh_bindings()

    async def _have_empty(self) -> None:
        """Keep an empty line for another entry at the end of each list."""
        for setting in {line.setting for line in self._lines.lines.values()} & LISTS.keys():
            last = self._lines.last(setting)
            if self.form.texts[last]:
                line, field = self._lines.another(setting)
                await self.form.add(field, last)
                self._lines.add(line)

    def _tell_of_empty(self) -> None:
        """Tell what an empty line of a list is for."""
        for one in self.query(SettingInput):
            line = self._lines.lines.get(one.name or "")
            if line and line.is_entry and not one.disabled:
                goes = isinstance(one, SizeInput)
                new = "enter adds one" if goes else "type here to add one"
                one.placeholder = new if line.value is None else "deleted: ctrl+z brings it back"

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
        parts = " Enter shows the fields of a size as a form." if name.startswith(_SIZES) else parts
        where = self._overrides.get(line.name) or self._lines.where(line.name)
        words = f"{line.key} · {where}\n{help_of(Settings, line.setting)}{parts}"
        self.query_one("#about", Static).update("\n".join(map(printable, words.split("\n"))))

    def action_default(self) -> None:
        """Give the line its default: of a further entry it has none, and the entry goes."""
        focused = self.focused
        if isinstance(focused, SettingInput) and focused.name:
            self.form.fill_all({focused.name: text_of(self._lines.lines[focused.name].default)})

    @property
    def _size_line(self) -> str:
        """The line of the size under the cursor; empty if there is none."""
        return self.focused.name or "" if isinstance(self.focused, SizeInput) else ""

    def why_not(self, action: str) -> str:
        if action not in ("edit", "duplicate_size", "delete_size"):
            return super().why_not(action)
        if not (line := self._size_line):
            return "The cursor is on no size."
        text = self.form.texts[line]
        if action != "edit" and not text:
            return "There is no size in this line."
        others = [name for name, other in self.form.texts.items() if name.startswith(_SIZES) and name != line and other]
        if action == "delete_size":
            return "" if others else "This is the only size, and one is needed."
        try:
            entry_of("sizes", text)
        except ValueError as error:
            return f"This line cannot be read as a size. {error}"
        return ""

    def _told_why_not(self, action: str) -> bool:
        """Whether an action cannot act, which the user is told then."""
        if why := self.why_not(action):
            self.app.notify(printable(why), severity="warning", markup=False)
        return bool(why)

    def edit_size(self) -> None:
        if not self._told_why_not("edit"):
            self._ask_size(SizeForm(self._lines, self.form.texts, self._size_line))

    def action_add_size(self) -> None:
        self._ask_size(SizeForm(self._lines, self.form.texts, self._lines.last("sizes")))

    def action_duplicate_size(self) -> None:
        if not self._told_why_not("duplicate_size"):
            sizes = dict(entries(self._lines, self.form.texts))
            copy = copy_of(sizes[self._size_line], sizes)
            self._ask_size(SizeForm(self._lines, self.form.texts, self._lines.last("sizes"), copy))

    @work(exclusive=True, group="size")
    async def action_delete_size(self) -> None:
        if self._told_why_not("delete_size"):
            return
        line = self._size_line
        title = dict(entries(self._lines, self.form.texts)).get(line, {})
        which = f"the size {title_of(title)}" if title else "this line"
        if await self.app.push_screen_wait(Ask(f"Delete {which}? ctrl+z brings it back.", is_safe=True)):
            self.form.fill_all({line: ""})

    @work(exclusive=True, group="size")
    async def _ask_size(self, size: SizeForm) -> None:
        """Ask for the fields of a size, and put them into its line."""
        made = await self.app.push_screen_wait(ChangeSize(size))
        if made is not None and size.count(made):
            self.form.fill_all({size.line: text_of(made)})
            self.set_focus(self.query_one(f"#knob-{size.line}", SizeInput))

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
