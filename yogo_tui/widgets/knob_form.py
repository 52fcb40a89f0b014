"""A form for a recipe, or another model, made from its fields.

What is wrong with a field is shown below it while it is typed, and what was typed can be undone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Literal, TypeVar, get_args, get_origin

from pydantic_core import PydanticUndefined
from rich.cells import cell_len
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Static

from yogo.recipe import KnobField, UnfitValues
from yogo.text.terminal import printable
from yogo.text.wording import ValidationIssue
from yogo_tui.session.changes import TEXT_LISTS, launch_knobs
from yogo_tui.widgets.text_field import TextField
from yogo_tui.widgets.typed_steps import TypedSteps
from yogo_tui.words import as_typed

T = TypeVar("T")

_WIDTH = 18
"""Of a field, in cells. The cursor moves to what does not fit."""

_NO_BOUND = 1_000_000
"""A bound above this is not told: nobody comes near it."""


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
        fields = [field for field in self.screen.query(KnobInput) if not field.disabled]
        place = fields.index(self) + by
        if 0 <= place < len(fields):
            self.screen.set_focus(fields[place])
        else:
            which = "last" if by > 0 else "first"
            self.app.notify(f"This is the {which} field. {self.END}", markup=False)


class UndoableInput(KnobInput):
    """A field of a KnobForm, which takes back what was typed in any of its fields."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+z", "undo", "undo what was typed", id="form.undo", show=False),
        Binding("ctrl+y", "redo", "redo what was undone", id="form.redo", show=False),
    ]

    def on_blur(self) -> None:
        self.form.steps.pause()

    @property
    def form(self) -> KnobForm[Any]:
        return next(node for node in self.ancestors if isinstance(node, KnobForm))

    def action_undo(self) -> None:
        self.form.step(self.form.steps.undo(), "nothing to undo")

    def action_redo(self) -> None:
        self.form.step(self.form.steps.redo(), "nothing to redo")


class KnobForm(VerticalScroll, Generic[T], can_focus=False):
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
        """A field has changed. `made` is None while a field is wrong, and `problem` says what is wrong."""

        made: Any
        problem: str

    def __init__(
        self, fields: Sequence[KnobField], made: Callable[[Mapping[str, str]], T], field: Callable[..., UndoableInput]
    ) -> None:
        """`made` makes what the form is for from the text of each field. It raises UnfitValues. `field` makes the input
        of a field."""
        super().__init__()
        self._fields = {one.name: one for one in fields}
        self._made = made
        self._field = field
        self._beside: Mapping[str, Any] = {}
        self._fixed: Mapping[str, str] = {}
        self.steps = TypedSteps()
        self._is_shown = False

    def compose(self) -> ComposeResult:
        group = ""
        for name, one in self._fields.items():
            if one.knob.group != group:
                group = one.knob.group
                yield Static(group, classes="group")
            yield from self._row(name, one)

    def _row(self, name: str, one: KnobField) -> Iterator[Widget]:
        yield Horizontal(
            Static(one.knob.label, classes="label"),
            self._field(id=f"knob-{name}", name=name, compact=True, select_on_focus=True),
            Static(id=f"default-{name}", classes="default", markup=False),
            classes="row",
        )
        yield Static(id=f"wrong-{name}", classes="wrong", markup=False)

    async def add(self, one: KnobField, below: str) -> None:
        """Add an empty field below the one called `below`."""
        await self.mount(*self._row(one.name, one), after=f"#wrong-{below}")
        self._fields[one.name] = one

    def show(
        self,
        values: Mapping[str, Any],
        *,
        beside: Mapping[str, Any],
        read_only: bool = False,
        fixed: Mapping[str, str] | None = None,
    ) -> None:
        """Fill the form. `beside` are the values that stand in brackets beside a field that differs from them. The
        `fixed` fields cannot be changed, for the reason that stands beside them."""
        self._beside, self._fixed = beside, fixed or {}
        for name in self._fields:
            self._input(name).disabled = read_only or name in self._fixed
            self._fill(name, as_typed(values[name]))
        self.steps, self._is_shown = TypedSteps(self.texts), True
        self._judge(self._tried()[1])

    def on_resize(self) -> None:
        """A field may have another width."""
        if self._is_shown:
            self._judge(self._tried()[1])

    def _fill(self, name: str, text: str) -> None:
        field = self._input(name)
        with field.prevent(Input.Changed):
            field.value = text
            field.cursor_position = 0
        if field.has_focus:  # as when it gets it: what is typed takes the place of what it holds
            field.action_select_all()

    @property
    def texts(self) -> dict[str, str]:
        """What each field holds."""
        return {name: self._input(name).value.strip() for name in self._fields}

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self.steps.take(str(event.input.name), event.value)
        self._changed()

    def fill_all(self, values: Mapping[str, Any]) -> None:
        """Give each field this value, as if it were typed: it can be undone."""
        self.steps.pause()
        for name, value in values.items():
            if name in self._fields and not self._input(name).disabled:
                self.steps.take(name, as_typed(value))
                self._fill(name, as_typed(value))
        self._changed()

    def step(self, to: tuple[str, str] | None, nothing: str) -> None:
        """Give a field the text that it had, and go there; say so if there is none."""
        if to is None:
            self.app.notify(nothing, markup=False)
            return
        name, text = to
        self._fill(name, text)
        self.screen.set_focus(self._input(name))
        self._changed()

    def _changed(self) -> None:
        made, faults = self._tried()
        self._judge(faults)
        self.post_message(self.Changed(made, self._said(faults)))

    def _tried(self) -> tuple[T | None, Sequence[ValidationIssue]]:
        """What the form makes, or None and what is wrong."""
        try:
            return self._made(self.texts), ()
        except UnfitValues as error:
            return None, error.faults

    def _judge(self, faults: Sequence[ValidationIssue]) -> None:
        """Show what is wrong below each field, and beside it what it differs from."""
        wrong = {fault.name: fault.message for fault in reversed(faults)}
        for name in self._fields:
            typed, usual = self._input(name).value, self._beside.get(name)
            short = f"{usual:.5g}" if isinstance(usual, float) else as_typed(usual)
            cut = "…" if cell_len(typed) > (self._input(name).content_size.width or _WIDTH) else " "
            is_usual = name in wrong or name not in self._beside or _says(typed, usual)
            said = self._fixed.get(name) or ("" if is_usual else f"({printable(short) or 'by default'})")
            self._tell(f"#default-{name}", f"{cut}{said}")
            problem = wrong.get(name, "")
            self._tell(f"#wrong-{name}", f"✖ {printable(problem)}").set_class(bool(problem), "-shown")

    def _tell(self, where: str, words: str) -> Static:
        line = self.query_one(where, Static)
        if line.content != words:
            line.update(words)
        return line

    def _said(self, faults: Sequence[ValidationIssue]) -> str:
        """The first fault as a sentence; empty if there is none."""
        for fault in faults:
            label = known.knob.label if (known := self._fields.get(fault.name)) else ""
            if not label or label in fault.message:
                return fault.message
            return f"{label}{':' if fault.is_sentence else ''} {fault.message}"
        return ""

    def read(self) -> tuple[T | None, str]:
        """What the form makes, or None and a sentence that says what is wrong."""
        made, faults = self._tried()
        return made, self._said(faults)

    def _input(self, name: str) -> UndoableInput:
        return self.query_one(f"#knob-{name}", UndoableInput)


def _says(typed: str, value: object) -> bool:
    """Whether what is typed is this value, perhaps written in another way."""
    try:
        return float(typed) == value
    except ValueError:
        return typed.replace("x", "×").replace(" ", "") == as_typed(value).replace("x", "×").replace(" ", "")


def help_of(name: str) -> str:
    """The help of a field that a launch may change; empty for an unknown field."""
    one = launch_knobs().get(name)
    return help_of_field(one) if one else ""


def help_of_field(one: KnobField) -> str:
    """A field's help, what it may be, and its default."""
    default = one.field.get_default()
    has_default = default is not PydanticUndefined and default not in (None, "")
    usual = f" The default is {as_typed(default)}." if has_default else ""
    several = " Put ; between several; none stands for no line at all." if one.name in TEXT_LISTS else ""
    return f"{one.text}{several}{_may_be(one)}{usual}"


def _may_be(one: KnobField) -> str:
    """What a field may be: one of some words, or a number within bounds."""
    if words := " · ".join(_choices(one)):
        return f" One of {words}."
    bounds = ", ".join(_bounds(one))
    kind = {int: "A whole number", float: "A number"}.get(_plain(one.field.annotation))
    return f" {kind}{bounds and ', '}{bounds}." if kind and bounds else ""


def _bounds(one: KnobField) -> Iterator[str]:
    for name, words in (("gt", "more than"), ("ge", "at least"), ("lt", "less than"), ("le", "at most")):
        for bound in (getattr(hint, name, None) for hint in one.field.metadata):
            if bound is not None and bound < _NO_BOUND:
                yield f"{words} {bound:g}"


def _plain(annotation: Any) -> Any:
    """Its type without None."""
    return next((one for one in get_args(annotation) if one is not type(None)), annotation)


def _choices(one: KnobField) -> Iterator[str]:
    if one.field.annotation is bool:
        yield from ("yes", "no")
    elif get_origin(one.field.annotation) is Literal:
        yield from get_args(one.field.annotation)
    else:
        yield from one.knob.choices
