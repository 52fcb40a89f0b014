"""The form of one size of the settings. What it makes is written with the other changes of the settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from yogo_tui.screens.form_dialog import DialogInput, FormDialog
from yogo_tui.session.changes import preset_knobs
from yogo_tui.session.size_form import SizeForm
from yogo_tui.widgets.knob_form import KnobForm, help_of_field


class ChangeSize(FormDialog[dict[str, Any]]):
    """Returns the size as the settings file has it; None if the form was left."""

    def __init__(self, size: SizeForm) -> None:
        super().__init__(size.title)
        self._of = size
        self._knobs = {one.name: one for one in preset_knobs()}

    def make_form(self) -> KnobForm[dict[str, Any]]:
        return KnobForm([*self._knobs.values()], self._of.made, DialogInput)

    def show_form(self) -> None:
        self.form.show(self._of.texts, beside=self._of.usual())

    def count(self, made: dict[str, Any]) -> int:
        return self._of.count(made)

    def about(self, name: str) -> str:
        return help_of_field(self._knobs[name]) if name in self._knobs else ""

    def unchanged(self) -> Mapping[str, Any]:
        return self._of.texts
