"""The settings as the lines of a form: their texts, what is wrong with them, and the changes of the file that follow.

Each setting is a line, and so is each size and each machine, with an empty line for another one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from yogo.files import yaml12
from yogo.files.yaml_places import in_line
from yogo.recipe import Knob, KnobField, UnfitValues, docstrings
from yogo.text.wording import ValidationIssue, meant, sentences
from yogo_tui.errors import SettingsError
from yogo_tui.settings import SettingChange, Settings
from yogo_tui.settings.entries import LISTS, written
from yogo_tui.words import as_typed

_OF_HERE = ("host", "hosts")
_ENTRY = "-"
"""Between the name of a list and the number of its entry, in the name of a line."""


@dataclass(frozen=True, slots=True)
class SettingLine:
    """One line of the form."""

    name: str
    """The setting's, or the list's with the number of the entry: "sizes-0"."""

    value: Any
    """As it is in force; None for the line of another entry."""

    default: Any

    @property
    def key(self) -> str:
        """As `yogo-tui config set` takes it: "sizes.0"."""
        return self.name.replace(_ENTRY, ".")

    @property
    def is_entry(self) -> bool:
        """Whether it is an entry of a list."""
        return _ENTRY in self.name

    @property
    def beside(self) -> Any:
        """The default, as it stands beside another value."""
        return text_of(self.default) if self.default is None or isinstance(self.default, list | dict) else self.default

    @property
    def setting(self) -> str:
        return self.name.partition(_ENTRY)[0]


class SettingForm:
    """The form of these settings. Those that lead to another machine are left out where it `is_far`."""

    def __init__(
        self, settings: Settings, *, is_far: bool = False, check: Callable[[Settings], object] | None = None
    ) -> None:
        """`check` is asked about changed keys. It raises SettingsError."""
        self.settings = settings
        self._check = check
        left_out = _OF_HERE if is_far else ()
        names = [name for name in Settings.model_fields if name not in left_out]
        self.lines = {line.name: line for name in names for line in _lines(settings, name)}
        self.texts = {name: text_of(line.value) for name, line in self.lines.items()}
        """What each line holds at first."""

        self.defaults = {name: text_of(line.default) for name, line in self.lines.items()}

    def fields(self) -> Iterator[KnobField]:
        """The lines, as a form takes them."""
        yield from map(_field, self.lines.values())

    def another(self, setting: str) -> tuple[SettingLine, KnobField]:
        """An empty line below the last one of a list. It is a part of the form once it is added."""
        number = sum(line.setting == setting for line in self.lines.values())
        line = SettingLine(f"{setting}{_ENTRY}{number}", None, None)
        return line, _field(line)

    def add(self, line: SettingLine) -> None:
        self.lines[line.name], self.texts[line.name], self.defaults[line.name] = line, "", ""

    def last(self, setting: str) -> str:
        """The name of the last line of a list, which is for another entry."""
        return [name for name, line in self.lines.items() if line.setting == setting][-1]

    def where(self, name: str) -> str:
        """Where the value of a line comes from."""
        setting, settings = self.lines[name].setting, self.settings
        number = settings.lines.get(setting)
        profile = f", in the profile {settings.profile}" if self._is_of_profile(setting) else ""
        return f"{settings.file}, line {number}{profile}" if number else "default"

    def made(self, texts: Mapping[str, str]) -> tuple[SettingChange, ...]:
        """The changes of the file that make these texts of the first ones. Raises UnfitValues."""
        given: dict[str, Any] = {}
        faults: list[ValidationIssue] = []
        rows: dict[tuple[str, int], str] = {}
        for name, line in self.lines.items():
            try:
                value = value_of(line.setting, texts[name], is_entry=line.is_entry)
            except ValueError as error:
                faults.append(ValidationIssue((name,), str(error), is_sentence=True))
                continue
            if not line.is_entry:
                given |= {} if value is None else {line.setting: value}
            elif value is not None:
                entries = given.setdefault(line.setting, [])
                rows[line.setting, len(entries)] = name
                entries.append(value)
            else:
                given.setdefault(line.setting, [])
        now = Settings()
        try:
            now = Settings.model_validate(given)
        except ValidationError as error:
            faults += [_of_line(fault, rows) for fault in sentences(error)]
        if self._check and now.keymap and now.keymap != self.settings.keymap:
            try:
                self._check(now)
            except SettingsError as error:
                faults.append(ValidationIssue(("keymap",), str(error), is_sentence=True))
        if faults:
            raise UnfitValues(tuple(faults), lambda name: name.replace(_ENTRY, "."))
        return tuple(self._changes(texts, now))

    def _changes(self, texts: Mapping[str, str], now: Settings) -> Iterator[SettingChange]:
        gone: list[SettingChange] = []
        added: Counter[str] = Counter()
        for name, line in self.lines.items():
            text = texts[name]
            if text == self.texts[name]:
                continue
            prefix = f"profiles.{self.settings.profile}." if self._is_of_profile(line.setting) else ""
            key = prefix + line.key
            value = value_of(line.setting, text, is_entry=line.is_entry)
            if line.is_entry and line.value is None:  # an empty line between them is none
                number = sum(one.setting == line.setting and one.value is not None for one in self.lines.values())
                key = f"{prefix}{line.setting}.{number + added[line.setting]}"
                added[line.setting] += 1
            if line.is_entry and value is None:
                gone.insert(0, SettingChange(key, is_unset=True))  # from the end, as the others move up
            elif line.is_entry and isinstance(line.value, dict):
                yield from _of_entry(key, line.value, value)
            elif value is None or (text == self.defaults[name] and not prefix and not line.is_entry):
                yield SettingChange(key, is_unset=True)
            else:
                yield SettingChange(key, value if line.is_entry else written(getattr(now, line.setting)))
        yield from gone

    def _is_of_profile(self, setting: str) -> bool:
        profile = self.settings.profiles.get(self.settings.profile, {})
        return bool(self.settings.profile) and setting in profile


def _field(line: SettingLine) -> KnobField:
    field: FieldInfo = Settings.model_fields[line.setting]
    group = line.setting if line.setting in LISTS else ""
    return KnobField(line.name, field, Knob(line.key, group), docstrings(Settings).get(line.setting, ""))


def text_of(value: Any) -> str:
    """A value as a person types it on one line: "a, b", "gpus: 1, hours: 2", "yes"."""
    if value is None:
        return ""
    if isinstance(value, dict | list | tuple):
        return in_line(value)[1:-1]
    return as_typed(value)


def value_of(setting: str, text: str, *, is_entry: bool = False) -> Any:
    """The value that was typed; None if there is none, which means the default. Raises ValueError, with a sentence."""
    field = Settings.model_fields[setting]
    default = field.get_default(call_default_factory=True)
    if is_entry or isinstance(default, dict):
        if not text.strip():
            return None if is_entry else {}
        return _map("{" + text + "}", setting)
    if isinstance(default, tuple):
        return _texts(f"[{text}]")
    if field.annotation is str:
        return text
    return text if text.strip() else None


def entry_of(setting: str, text: str) -> dict[str, Any] | None:
    """The entry of a list that was typed; None if there is none. Raises ValueError, with a sentence."""
    entry: dict[str, Any] | None = value_of(setting, text, is_entry=True)
    return entry


def _map(text: str, setting: str) -> Any:
    try:
        data = yaml12.parse(text).data
    except yaml12.YamlError as error:
        raise ValueError(f"This must be written as name: value, name: value. {error}.") from error
    known = LISTS[setting].model_fields if setting in LISTS else None
    for name in data if known else ():
        if name not in (known or ()):
            raise ValueError(f'There is no setting "{name}". {meant(str(name), known or ())}')
    return data


def _texts(text: str) -> list[str]:
    try:
        document = yaml12.parse(text)
    except yaml12.YamlError as error:
        raise ValueError(f"This must be a list: a, b. A text with a comma needs quotes. {error}.") from error
    root: Any = document.root
    entries = zip(root.value, document.data, strict=True)
    return [node.value if isinstance(node.value, str) else str(one) for node, one in entries]


def _lines(settings: Settings, name: str) -> Iterator[SettingLine]:
    field = Settings.model_fields[name]
    default = written(field.get_default(call_default_factory=True))
    value = settings.values[name] if name in settings.model_fields_set else default
    if name not in LISTS:
        yield SettingLine(name, value, default)
        return
    for number, entry in enumerate(value):
        yield SettingLine(f"{name}{_ENTRY}{number}", entry, default[number] if number < len(default) else None)
    yield SettingLine(f"{name}{_ENTRY}{len(value)}", None, None)


def _of_entry(key: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[SettingChange]:
    """The changes of an entry's parts, so that its comments stay."""
    for name, value in now.items():
        if name not in before or before[name] != value:
            yield SettingChange(f"{key}.{name}", value)
    for name in before:
        if name not in now:
            yield SettingChange(f"{key}.{name}", is_unset=True)


def _of_line(fault: ValidationIssue, rows: Mapping[tuple[str, int], str]) -> ValidationIssue:
    """The fault with the line that it is in."""
    setting, *rest = fault.where or ("",)
    if setting not in LISTS:
        return ValidationIssue((str(setting),), fault.message, fault.given, fault.is_sentence)
    number = rest[0] if rest and isinstance(rest[0], int) else 0
    row = rows.get((str(setting), number)) or f"{setting}{_ENTRY}0"
    part = ".".join(map(str, rest[1:]))
    message = f"{part} {fault.message}" if part and not fault.is_sentence else fault.message
    return ValidationIssue((row,), message, fault.given, fault.is_sentence)
