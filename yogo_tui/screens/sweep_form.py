"""The form that makes a sweep of a launch: what is varied, how, and what that costs, as it is typed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.events import DescendantFocus
from textual.widgets import Input, Static

from yogo.errors import YogoError
from yogo.files.places import told
from yogo.text.terminal import printable
from yogo.text.wording import counted
from yogo_tui.errors import ConsoleError
from yogo_tui.launch.plan import LaunchPlan
from yogo_tui.screens.ask import Dialog
from yogo_tui.screens.base import BaseConsole, changes
from yogo_tui.screens.held_keys import reads_first
from yogo_tui.screens.script_actions import ScriptActions
from yogo_tui.screens.sweep_board import SweepBoard, submit_after_asking
from yogo_tui.session.sweeps import PlannedSweep
from yogo_tui.sweeps import AT_ONCE
from yogo_tui.sweeps.space import UnfitSpace, texts_in
from yogo_tui.widgets.text_field import TextField
from yogo_tui.words import padded

_SHOWN = 12
"""Trials of the table that are shown; the rest is counted."""


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    label: str
    value: str
    about: str


_FIELDS = (
    _Field(
        "vary",
        "vary",
        "",
        "FIELD=VALUES each: lr=1e-4,3e-4 seed=0..2 epochs=10..50/10, or, to draw from, a range such as lr=1e-5..1e-3.",
    ),
    _Field(
        "random",
        "draw",
        "",
        "How many combinations to draw at random, each with every seed that is varied. Empty: all of them, a grid.",
    ),
    _Field(
        "tpe",
        "or search",
        "",
        "How many trials ask a study (Optuna's TPE) for their values when they start. 20 prune: those that fall behind "
        "end early.",
    ),
    _Field("seed", "its seed", "0", "The seed of the random sample: the same one draws the same."),
    _Field("throttle", "at a time", str(AT_ONCE), "How many trials may run at a time."),
)


class SweepForm(Dialog[PlannedSweep | None]):
    """Returns the sweep that was planned; None if the form was left."""

    CSS = """
    SweepForm .paper { height: 90%; }
    SweepForm .row { height: 1; }
    SweepForm .row .label { width: 11; }
    SweepForm .row TextField { width: 1fr; }
    SweepForm #about { color: $foreground-muted; height: 2; }
    SweepForm #planned { height: 1fr; margin-top: 1; }
    """
    AUTO_FOCUS = "#sweep-vary"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "go_on", "go on", id="vary.go_on"),
        Binding("down", "app.focus_next", "next field", id="vary.next", show=False, priority=True),
        Binding("up", "app.focus_previous", "previous field", id="vary.previous", show=False, priority=True),
        Binding("escape", "dismiss", "leave", id="vary.leave"),
    ]

    app = getters.app(BaseConsole)

    def __init__(self, base: LaunchPlan) -> None:
        super().__init__()
        self._base = base
        self._planned: PlannedSweep | None = None

    def compose(self) -> ComposeResult:
        with Vertical(classes="paper"):
            yield Static(printable(f"a sweep of this launch: {self._base.name}"), classes="title", markup=False)
            for one in _FIELDS:
                with Horizontal(classes="row"):
                    yield Static(one.label, classes="label", markup=False)
                    yield TextField(one.value, id=f"sweep-{one.name}", name=one.name, compact=True)
            yield Static(id="about", markup=False)
            with VerticalScroll(id="planned", can_focus=False):
                yield Static(id="table", markup=False)
            yield Static("ctrl+s go on   enter next field   esc leave", classes="keys")

    @on(DescendantFocus)
    def _tell_about(self) -> None:
        name = self.focused.name if self.focused else None
        self.query_one("#about", Static).update(next((one.about for one in _FIELDS if one.name == name), ""))

    @on(Input.Submitted)
    def _next(self) -> None:
        self.app.action_focus_next()

    @on(Input.Changed)
    def _typed(self) -> None:
        self.plan()

    @work(exclusive=True, group="plan")
    async def plan(self, *, goes_on: bool = False) -> None:
        """Plan what was typed so far, and show it, or what is wrong with it."""
        self._planned = None
        said = {field.name or "": field.value.strip() for field in self.query(TextField)}
        try:
            self._planned = await self._plan(said)
        except (ConsoleError, YogoError, OSError) as error:
            wrong = "" if not said["vary"] and not goes_on else f"✖ {printable(told(error))}"
            self.query_one("#table", Static).update(wrong)
            return
        self.query_one("#table", Static).update(_shown(self._planned))
        if goes_on:
            self.dismiss(self._planned)

    async def _plan(self, said: dict[str, str]) -> PlannedSweep:
        number, _, prune = said["tpe"].partition(" ")
        if prune.strip() not in ("", "prune"):
            raise UnfitSpace('or search: give a number of trials, or one with "prune" behind it.')
        said = said | {"tpe": number}
        numbers = {name: _number(name, said[name]) for name in ("random", "tpe", "seed", "throttle")}
        for name in ("random", "tpe", "throttle"):
            if numbers[name] == 0:
                raise UnfitSpace(f"{_label(name)}: give a number of 1 or more.")
        if numbers["random"] and numbers["tpe"]:
            raise UnfitSpace("Values are drawn or searched: leave one of the two empty.")
        return await self.app.session.sweeps.plan(
            self._base,
            texts_in(said["vary"]),
            self.app.runs.runs,
            sample=numbers["random"],
            tpe=numbers["tpe"],
            prunes=bool(prune),
            seed=numbers["seed"] or 0,
            throttle=numbers["throttle"] or AT_ONCE,
        )

    def action_go_on(self) -> None:
        self.plan(goes_on=True)


def _number(name: str, text: str) -> int | None:
    """None for an empty field. Raises UnfitSpace."""
    if text and not text.isdecimal():
        raise UnfitSpace(f"{_label(name)}: give a whole number, not {text}.")
    return int(text) if text else None


def _label(name: str) -> str:
    return next(one.label for one in _FIELDS if one.name == name)


def _shown(planned: PlannedSweep) -> str:
    head, rows = planned.table
    widths = [max(map(cell_len, column)) for column in zip(head, *rows, strict=True)]
    lines = [
        "  ".join(padded(cell, width, right=n > 0) for n, (cell, width) in enumerate(zip(row, widths, strict=True)))
        for row in (head, *rows[:_SHOWN])
    ]
    more = [f"… and {counted(len(rows) - _SHOWN, 'more trial')}"] if len(rows) > _SHOWN else []
    drawn = [one for one in planned.varied if "drawn" in one]
    return "\n".join(map(printable, (f"{planned.words}.", *drawn, *planned.notes, "", *lines, *more)))


class StartsSweep(ScriptActions):
    """Launch's key that makes a sweep of what the form says."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "sweep", "sweep", id="launch.sweep", show=False, tooltip="a sweep: vary fields of this launch")
    ]

    @reads_first("reading the definition")
    @changes
    async def action_sweep(self) -> None:
        app, form = self.app, self._form
        if form.missing:
            app.notify(form.missing, title="it cannot be varied yet", severity="warning", markup=False)
            return
        with app.telling(f"{form.name} was not submitted"):
            base = await app.session.planner.first(form)
            planned = await app.push_screen_wait(SweepForm(base))
            sweep = await submit_after_asking(self, planned) if planned else None
            if sweep is None:
                return
            app.session.runs.look_now()
            app.show_runs(sweep.name_of(0))
            app.push_screen(SweepBoard(sweep))
