"""A form for a recipe, made from its fields: help for the one in focus, and what is wrong under it as it is typed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, ClassVar, Literal, get_args, get_origin

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.message import Message
from textual.widgets import Input, Static

from yogo.recipe import Knob, Recipe, knobs
from yogo.wording import sentences


class KnobInput(Input):
    """One field; enter goes on to the next."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,down", "app.focus_next", "next field", id="form.next"),
        Binding("up", "app.focus_previous", "previous field", id="form.previous", show=False),
    ]


class KnobForm(VerticalScroll, can_focus=False):
    DEFAULT_CSS = """
    KnobForm { padding: 0 1; }
    KnobForm .row { height: 1; }
    KnobForm .label { width: 19; color: $foreground-muted; }
    KnobForm .row:focus-within .label { color: $primary; text-style: bold; }
    KnobForm KnobInput { width: 21; }
    KnobForm .default { width: 1fr; padding-left: 1; color: $foreground-muted; text-wrap: nowrap; }
    KnobForm .group { text-style: bold; }
    KnobForm .wrong { color: $error; display: none; }
    KnobForm .wrong.-shown { display: block; }
    """

    class Changed(Message):
        """A field has another value: `recipe` is what the form says, None while a field is wrong."""

        def __init__(self, recipe: Recipe | None, problem: str) -> None:
            super().__init__()
            self.recipe = recipe
            self.problem = problem

    def compose(self) -> ComposeResult:
        group = ""
        for name, _, knob in knobs():
            if knob.group != group:
                group = knob.group
                yield Static(group, classes="group")
            with Horizontal(classes="row"):
                yield Static(knob.label, classes="label")
                yield KnobInput(id=f"knob-{name}", name=name, compact=True, select_on_focus=True)
                yield Static(id=f"default-{name}", classes="default", markup=False)
            yield Static(id=f"wrong-{name}", classes="wrong", markup=False)

    def show(self, recipe: Recipe, *, read_only: bool) -> None:
        for name, _, _ in knobs():
            field = self.query_one(f"#knob-{name}", KnobInput)
            field.disabled = read_only
            with field.prevent(Input.Changed):
                field.value = as_typed(getattr(recipe, name))
                field.cursor_position = 0
            self._judge(name)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._judge(str(event.input.name))
        self.post_message(self.Changed(*self.read()))

    def _judge(self, name: str) -> None:
        """Say under the field what is wrong with it, and beside it what the default is, where it is another."""
        value, problem = parse_field(name, self.query_one(f"#knob-{name}", KnobInput).value)
        default = getattr(Recipe(), name)
        beside = "" if problem or value == default else f"({as_typed(default)})"
        self.query_one(f"#default-{name}", Static).update(beside)
        wrong = self.query_one(f"#wrong-{name}", Static)
        wrong.update(f"✖ {problem}")
        wrong.set_class(bool(problem), "-shown")

    def read(self) -> tuple[Recipe | None, str]:
        """What the form says, or why it says nothing that can be used."""
        values: dict[str, Any] = {}
        for name, _, knob in knobs():
            value, problem = parse_field(name, self.query_one(f"#knob-{name}", KnobInput).value)
            if problem:
                return None, f"{knob.label} {problem}"
            values[name] = value
        return Recipe(**values), ""


def help_of(name: str) -> str:
    """A field's help, and the words it may take."""
    for known, field, knob in knobs():
        if known == name:
            words = " · ".join(_choices(field, knob))
            choices = f" One of {words}." if words else ""
            return f"{field.description}{choices} The default is {as_typed(field.default)}."
    return ""


def _choices(field: FieldInfo, knob: Knob) -> Iterator[str]:
    if field.annotation is bool:
        yield from ("yes", "no")
    elif get_origin(field.annotation) is Literal:
        yield from get_args(field.annotation)
    else:
        yield from knob.choices


def as_typed(value: object) -> str:
    """A field's value as a person types it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return " × ".join(str(part) for part in value)
    return f"{value:g}" if isinstance(value, float) and float(f"{value:g}") == value else str(value)


def parse_field(name: str, typed: str) -> tuple[Any, str]:
    """The value of what was typed, and what is wrong with it; empty when nothing is."""
    text = typed.strip()
    given: object = re.split(r"\s*[x×,\s]\s*", text) if name == "image_hw" else text
    try:
        return getattr(Recipe.model_validate({name: given}), name), ""
    except ValidationError as error:
        return None, sentences(error)[0].message
