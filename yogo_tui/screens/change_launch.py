"""The form of what is changed for one launch alone: every field of its recipe and of its job's size."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from typing import ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.events import DescendantFocus
from textual.widgets import Static

from yogo.text.terminal import printable
from yogo.text.wording import counted
from yogo_tui.screens.ask import Ask, Dialog
from yogo_tui.session.changes import Setup, changed, differences, launch_knobs
from yogo_tui.widgets.key_bar import key_of
from yogo_tui.widgets.knob_form import KnobForm, UndoableInput, help_of


class ChangeInput(UndoableInput):
    END: ClassVar = "ctrl+s keeps the changes, and esc leaves the form."


class ChangeLaunch(Dialog[Setup | None]):
    """Returns recipe and size as they are changed; None if the form was left."""

    CSS_PATH = "change_launch.tcss"
    AUTO_FOCUS = "ChangeInput"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "keep", "keep the changes", id="change.keep"),
        Binding("ctrl+r", "reset", "take all changes back", id="change.reset"),
        Binding("escape", "leave", "leave", id="change.leave"),
    ]

    form = getters.query_one(KnobForm)

    def __init__(
        self, whose: str, base: Setup, now: Setup, *, weights: bool = False, left_out: Collection[str] = ()
    ) -> None:
        """`base` are recipe and size as they are chosen. With `weights`, what pretrained weights decide cannot be
        changed. Fields that are `left_out` are not shown."""
        super().__init__()
        self._whose = whose
        self._base = base
        self._now = now
        self._knobs = tuple(one for name, one in launch_knobs().items() if name not in left_out)
        self._fixed = {one.name: "the weights decide" for one in self._knobs if weights and one.knob.inherited}

    def compose(self) -> ComposeResult:
        with Vertical(classes="paper"):
            yield Static(printable(self._whose), classes="title", markup=False)
            yield KnobForm(self._knobs, partial(changed, self._base), ChangeInput)
            yield Static(id="about", markup=False)
            yield Static(classes="keys", id="keys", markup=False)

    def on_mount(self) -> None:
        super().on_mount()
        values, beside = ({**dict(one.recipe), **dict(one.size)} for one in (self._now, self._base))
        self.form.show(values, beside=beside, fixed=self._fixed)
        self._tell(*self.form.read())
        if isinstance(self.focused, ChangeInput):  # it had the focus before it held anything
            self.focused.select_all()

    @on(KnobForm.Changed)
    def _typed(self, event: KnobForm.Changed) -> None:
        self._tell(event.made, event.problem)

    def _tell(self, setup: Setup | None, problem: str) -> None:
        count = len(differences(self._base, setup)) if setup else 0
        keep, reset, leave = (key_of(self, f"change.{name}") for name in ("keep", "reset", "leave"))
        first = f"{keep} keep {counted(count, 'change')}" if setup else f"✖ {problem}"
        self.query_one("#keys", Static).update(
            f"{printable(first)}   enter next field   ctrl+z undo   {reset} all back   {leave} leave"
        )

    @on(DescendantFocus)
    def _tell_about(self) -> None:
        name = self.focused.name if self.focused else None
        self.query_one("#about", Static).update(printable(help_of(name or "")))

    def action_keep(self) -> None:
        made, problem = self.form.read()
        if made is None:
            self.app.notify(problem, title="not kept", severity="warning", markup=False)
        else:
            self.dismiss(made)

    def action_reset(self) -> None:
        self.form.fill_all({**dict(self._base.recipe), **dict(self._base.size)})

    @work(exclusive=True, group="leave")
    async def action_leave(self) -> None:
        """Leave, and ask first if something was typed that would be lost."""
        made, _ = self.form.read()
        if made != self._now and not await self.app.push_screen_wait(Ask("Leave the changes that you typed?")):
            return
        self.dismiss(None)
