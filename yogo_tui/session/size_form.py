"""A size of the settings as fields of a form: their texts, what is wrong with them, and the size that they make."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from yogo.recipe import UnfitValues
from yogo.text.wording import ValidationIssue, sentences
from yogo_tui.session.changes import TEXT_LISTS, preset_knobs, size_knobs, typed_value
from yogo_tui.session.setting_form import SettingForm, entry_of, text_of
from yogo_tui.settings import SizePreset
from yogo_tui.settings.entries import written
from yogo_tui.words import as_typed

_SETTING = "sizes"


class SizeForm:
    """The form of the size in one line of the settings."""

    def __init__(
        self, settings: SettingForm, texts: Mapping[str, str], line: str, entry: Mapping[str, Any] | None = None
    ) -> None:
        """`texts` are those of all lines. The form begins with `entry`, by default with what the line holds."""
        self._settings = settings
        self._lines = texts
        self.line = line
        self.before: Mapping[str, Any] = (entry_of(_SETTING, texts[line]) or {}) if entry is None else entry
        self.texts = {one.name: _text(one.name, self.before.get(one.name)) for one in preset_knobs()}
        """What each field holds at first."""

    @property
    def title(self) -> str:
        """What the form is of."""
        return f"size {title_of(self.before)}" if self.before else "a new size"

    def usual(self) -> dict[str, Any]:
        """What holds where a field is empty, for those that may be."""
        now = self._settings.settings
        own = {one.name: one.field.get_default() for one in size_knobs() if not one.field.is_required()}
        shared = {name: getattr(now, name) or None for name in own if name in type(now).model_fields}
        said = {name: value for name, value in self.before.items() if value == "" and name in own}
        return own | shared | said

    def made(self, texts: Mapping[str, str]) -> dict[str, Any]:
        """The size as the settings file has it. What was not typed stays as it is written there. Raises UnfitValues."""
        given: dict[str, Any] = {}
        for one in preset_knobs():
            name, text = one.name, texts[one.name]
            if text == self.texts[name]:
                given |= {name: self.before[name]} if name in self.before else {}
            elif text or not one.field.is_required():
                value = typed_value(one, text)
                given |= {} if value in (None, "") else {name: value}
        faults: list[ValidationIssue] = []
        try:
            size = SizePreset.model_validate(given)
        except ValidationError as error:
            faults += map(_at_its_field, sentences(error, SizePreset.model_fields))
        if given.get("name") and given["name"] in self._names():
            faults.append(ValidationIssue(("name",), "Another size has this name.", is_sentence=True))
        if not faults:
            made = {
                name: self.before[name] if texts[name] == self.texts[name] else written(getattr(size, name))
                for name in sorted(given, key=[*self.before, *SizePreset.model_fields].index)
            }
            faults += self._faults({**self._lines, self.line: text_of(made)})
        if faults:
            raise UnfitValues(tuple(faults), str)
        return made

    def count(self, made: Mapping[str, Any]) -> int:
        """How many fields of it are otherwise than in the line."""
        before = entry_of(_SETTING, self._lines[self.line]) or {}
        return sum(before.get(name) != made.get(name) for name in {*before, *made})

    def _names(self) -> Iterator[str]:
        for line, entry in entries(self._settings, self._lines):
            if line != self.line and entry.get("name"):
                yield str(entry["name"])

    def _faults(self, lines: Mapping[str, str]) -> Iterator[ValidationIssue]:
        """What is wrong with the settings once they have this size, and was not before."""
        before = {fault.message for fault in _all_faults(self._settings, self._lines)}
        for fault in _all_faults(self._settings, lines):
            if fault.message not in before:
                yield ValidationIssue((), str(fault), is_sentence=True)


def entries(settings: SettingForm, texts: Mapping[str, str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The sizes that can be read, each with its line."""
    for name, line in settings.lines.items():
        if line.setting == _SETTING:
            try:
                entry = entry_of(_SETTING, texts[name])
            except ValueError:
                continue
            if entry:
                yield name, entry


def copy_of(entry: Mapping[str, Any], others: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Another size like this one, with a name that no other one has."""
    taken = {title_of(one) for one in others.values()}
    name = f"{title_of(entry)}-copy"
    numbers = (f"{name}{number or ''}" for number in (0, *range(2, len(taken) + 3)))
    return {**entry, "name": next(one for one in numbers if one not in taken)}


def title_of(entry: Mapping[str, Any]) -> str:
    """What `--size` calls it."""
    return str(entry.get("name") or entry.get("gpus", ""))


def _text(name: str, value: Any) -> str:
    if name in TEXT_LISTS and isinstance(value, list):
        return as_typed(tuple(map(str, value)))
    return as_typed(value)


def _at_its_field(fault: ValidationIssue) -> ValidationIssue:
    """A fault of the whole that begins with the name of a field, as one of that field."""
    name, _, said = fault.message.partition(": ")
    is_its = not fault.where and said and name in SizePreset.model_fields
    return ValidationIssue((name,), said, is_sentence=True) if is_its else fault


def _all_faults(settings: SettingForm, texts: Mapping[str, str]) -> tuple[ValidationIssue, ...]:
    try:
        settings.made(texts)
    except UnfitValues as error:
        return error.faults
    return ()
