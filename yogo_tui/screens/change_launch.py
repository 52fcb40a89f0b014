"""The form of what is changed for one launch alone: every field of its recipe and of its job's size."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial
from typing import Any

from yogo_tui.screens.form_dialog import DialogInput, FormDialog
from yogo_tui.session.changes import Setup, changed, differences, launch_knobs
from yogo_tui.widgets.knob_form import KnobForm, help_of


class ChangeLaunch(FormDialog[Setup]):
    """Returns recipe and size as they are changed; None if the form was left."""

    def __init__(
        self, whose: str, base: Setup, now: Setup, *, weights: bool = False, left_out: Collection[str] = ()
    ) -> None:
        """`base` are recipe and size as they are chosen. With `weights`, what pretrained weights decide cannot be
        changed. Fields that are `left_out` are not shown."""
        super().__init__(whose)
        self._base = base
        self._now = now
        self._knobs = tuple(one for name, one in launch_knobs().items() if name not in left_out)
        self._fixed = {one.name: "the weights decide" for one in self._knobs if weights and one.knob.inherited}

    def make_form(self) -> KnobForm[Setup]:
        return KnobForm(self._knobs, partial(changed, self._base), DialogInput)

    def show_form(self) -> None:
        self.form.show(_fields(self._now), beside=_fields(self._base), fixed=self._fixed)

    def count(self, made: Setup) -> int:
        return len(differences(self._base, made))

    def about(self, name: str) -> str:
        return help_of(name)

    def unchanged(self) -> Mapping[str, Any]:
        return _fields(self._base)


def _fields(setup: Setup) -> dict[str, Any]:
    return {**dict(setup.recipe), **dict(setup.size)}
