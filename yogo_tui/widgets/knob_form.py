"""A form for a recipe, made from its fields. What is wrong with a field is shown below it while it is typed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, get_args, get_origin

from rich.cells import cell_len
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.message import Message
from textual.widgets import Input, Static

from yogo.recipe import KnobField, Recipe, UnfitValues, applied, knobs
from yogo_tui.widgets.text_field import TextField
from yogo_tui.words import as_typed

_WIDTH = 18
"""Of a field, in cells. The cursor moves to what does not fit."""


class KnobInput(TextField):
    """The input of one field. Enter moves to the next field."""

    END: ClassVar = "ctrl+s saves, and esc goes back to the list."
    """What leads out of the form."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "move(1)", "next field", id="form.next"),
        Binding("down", "move(1)", "next field", id="form.down", show=False),
        Binding("up", "move(-1)", "previous field", id="form.previous", show=False),
    ]

    def on_blur(self) -> None:
        self.cursor_position = 0  # so that the sign of what does not fit is at the end of it

    def action_move(self, by: int) -> None:
        """Go to another field. The first and the last one keep the focus: no key of a field leads out of the form."""
        fields = [*self.screen.query(KnobInput)]
        place = fields.index(self) + by
        if 0 <= place < len(fields):
            self.screen.set_focus(fields[place])
        else:
            which = "last" if by > 0 else "first"
            self.app.notify(f"This is the {which} field. {self.END}", markup=False)


class KnobForm(VerticalScroll, can_focus=False):
    DEFAULT_CSS = """
    KnobForm { padding: 0 0 0 1; }
    KnobForm .row { height: 1; }
    KnobForm .label { width: 18; color: $foreground-muted; }
    KnobForm .row:focus-within .label { color: $primary; text-style: bold; }
    KnobForm KnobInput { width: 18; }
    KnobForm .default { width: 1fr; color: $foreground-muted; text-wrap: nowrap; }
    KnobForm .group { text-style: bold; }
    KnobForm .wrong { color: $error; display: none; }
    KnobForm .wrong.-shown { display: block; }
    """

    @dataclass
    class Changed(Message):
        """A field has changed. `recipe` is None while a field is wrong, and `problem` says what is wrong."""

        recipe: Recipe | None
        problem: str

    def compose(self) -> ComposeResult:
        group = ""
        for one in knobs():
            name = one.name
            if one.knob.group != group:
                group = one.knob.group
                yield Static(group, classes="group")
            with Horizontal(classes="row"):
                yield Static(one.knob.label, classes="label")
                yield KnobInput(id=f"knob-{name}", name=name, compact=True, select_on_focus=True)
                yield Static(id=f"default-{name}", classes="default", markup=False)
            yield Static(id=f"wrong-{name}", classes="wrong", markup=False)

    def show(self, recipe: Recipe, *, read_only: bool) -> None:
        for one in knobs():
            field = self._input(one.name)
            field.disabled = read_only
            with field.prevent(Input.Changed):
                field.value = as_typed(getattr(recipe, one.name))
                field.cursor_position = 0
            self._judge(one.name)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._judge(str(event.input.name))
        self.post_message(self.Changed(*self.read()))

    def _judge(self, name: str) -> None:
        """Show what is wrong below the field, and the default beside it if that differs."""
        value, problem = parse_field(name, self._input(name).value)
        default = getattr(Recipe(), name)
        short = f"{default:.5g}" if isinstance(default, float) else as_typed(default)
        typed = self._input(name).value
        cut = "…" if cell_len(typed) > _WIDTH else " "
        beside = cut if problem or value == default else f"{cut}({short})"
        self.query_one(f"#default-{name}", Static).update(beside)
        wrong = self.query_one(f"#wrong-{name}", Static)
        wrong.update(f"✖ {problem}")
        wrong.set_class(bool(problem), "-shown")

    def read(self) -> tuple[Recipe | None, str]:
        """The form's recipe, or None and a sentence that says what is wrong."""
        labels = {one.name: one.knob.label for one in knobs()}
        try:
            return applied(Recipe(), {name: self._input(name).value.strip() for name in labels}), ""
        except UnfitValues as error:
            fault = error.faults[0]
            return None, f"{labels[fault.name]} {fault.message}"

    def _input(self, name: str) -> KnobInput:
        return self.query_one(f"#knob-{name}", KnobInput)


def help_of(name: str) -> str:
    """A field's help, its choices and its default; empty for an unknown field."""
    for one in knobs():
        if one.name == name:
            words = " · ".join(_choices(one))
            choices = f" One of {words}." if words else ""
            return f"{one.text}{choices} The default is {as_typed(one.field.default)}."
    return ""


def _choices(one: KnobField) -> Iterator[str]:
    if one.field.annotation is bool:
        yield from ("yes", "no")
    elif get_origin(one.field.annotation) is Literal:
        yield from get_args(one.field.annotation)
    else:
        yield from one.knob.choices


def parse_field(name: str, typed: str) -> tuple[Any, str]:
    """The value of the typed text, or None and a sentence that says what is wrong."""
    try:
        return getattr(applied(Recipe(), {name: typed.strip()}), name), ""
    except UnfitValues as error:
        return None, error.faults[0].message
