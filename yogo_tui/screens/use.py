"""The form of a use: the options of its command, as yogo declares them, each checked while it is typed."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.events import DescendantFocus
from textual.widgets import Input, Static

from yogo.errors import YogoError
from yogo.text.terminal import printable
from yogo_tui.errors import ConsoleError, SettingsError
from yogo_tui.launch.use import Purpose
from yogo_tui.questions.uses import Option
from yogo_tui.runs.model import Run
from yogo_tui.screens.ask import Dialog
from yogo_tui.screens.base import BaseConsole
from yogo_tui.settings import SizePreset
from yogo_tui.widgets.knob_form import KnobInput

SIZE = "size"


class OptionInput(KnobInput):
    END: ClassVar = "ctrl+s goes on, and esc leaves the form."


@dataclass(frozen=True, slots=True)
class Said:
    """What was chosen in the form."""

    options: tuple[str, ...]
    """Words of the command."""

    size: SizePreset


class UseForm(Dialog[Said | None]):
    """Returns what was chosen; None if the form was left."""

    CSS_PATH = "use.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "go_on", "go on", id="use.go_on"),
        Binding("escape", "dismiss", "leave", id="use.leave"),
    ]

    app = getters.app(BaseConsole)

    def __init__(self, run: Run, purpose: Purpose, source: PurePosixPath | None, options: Iterable[Option]) -> None:
        super().__init__()
        self._run = run
        self._purpose = purpose
        self._source = source
        self._goes_on = False
        """Whether the form was asked to close, and what was typed is still judged."""

        about = "What the job asks of the cluster: the name of a size in the settings, or a number of GPUs."
        self._options = (Option(SIZE, SIZE, "The job", about), *options)

    def compose(self) -> ComposeResult:
        on_what = f" · {self._source.name}" if self._source else ""
        with Vertical(classes="paper"):
            yield Static(printable(f"{self._purpose} {self._run.name}{on_what}"), classes="title", markup=False)
            yield Static(id="seen", markup=False)
            with VerticalScroll(id="form", can_focus=False):
                for group, options in itertools.groupby(self._options, key=lambda one: one.group):
                    yield Static(group, classes="group", markup=False)
                    for one in options:
                        yield from self._row(one)
            yield Static(id="about", markup=False)
            yield Static("ctrl+s go on   enter next field   esc leave", classes="keys")

    def _row(self, one: Option) -> ComposeResult:
        with Horizontal(classes="row"):
            yield Static(one.flag.removeprefix("--").replace("-", " "), classes="label", markup=False)
            value = self.app.session.settings.sizes[0].title if one.name == SIZE else ""
            field = OptionInput(value, placeholder=one.default, id=f"option-{one.name}", name=one.name, compact=True)
            yield field
        yield Static(id=f"wrong-{one.name}", classes="wrong", markup=False)

    def on_mount(self) -> None:
        super().on_mount()
        if self._purpose is Purpose.TEST and self._source:
            self.look_for_seen(self._source)

    @work(group="seen")
    async def look_for_seen(self, definition: PurePosixPath) -> None:
        """Warn where the model has seen the images that it is to be tested on."""
        try:
            seen = await self.app.session.uses.seen_before(self._run, definition)
        except (ConsoleError, YogoError) as error:
            seen = (str(error),)
        self.query_one("#seen", Static).update("\n".join(f"! {printable(sentence)}" for sentence in seen))

    @on(DescendantFocus)
    def _tell_about(self) -> None:
        name = self.focused.name if self.focused else None
        about = next((one.about for one in self._options if one.name == name), "")
        self.query_one("#about", Static).update(printable(about))

    @on(Input.Changed)
    def _typed(self) -> None:
        self.judge(goes_on=self._goes_on)

    def action_go_on(self) -> None:
        self._goes_on = True
        self.judge(goes_on=True)

    @work(exclusive=True, group="judge")
    async def judge(self, *, goes_on: bool) -> None:
        """Show below each field what is wrong with it. If nothing is, the form may close."""
        given = {str(field.name): field.value for field in self.query(OptionInput)}
        try:
            checked = await self.app.session.uses.check(self._purpose, given)
        except (ConsoleError, YogoError) as error:
            self._goes_on = False
            self.query_one("#about", Static).update(f"✖ {printable(str(error))}")
            return
        self._goes_on = False
        wrong, size = dict(checked.wrong), None
        try:
            size = self.app.session.settings.size(given[SIZE].strip())
        except SettingsError as error:
            wrong[SIZE] = str(error)
        for one in self._options:
            below = self.query_one(f"#wrong-{one.name}", Static)
            below.update(f"✖ {printable(wrong.get(one.name, ''))}")
            below.set_class(one.name in wrong, "-shown")
        if goes_on and wrong:
            self.query_one(f"#option-{next(one.name for one in self._options if one.name in wrong)}").focus()
        elif goes_on and size:
            self.dismiss(Said(checked.words, size))
