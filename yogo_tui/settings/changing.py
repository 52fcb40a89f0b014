"""Changes single settings in a settings file, and keeps its comments, its order and all else in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from yogo.files import yaml12
from yogo.files.yaml_places import Place, with_value, without
from yogo.text.wording import meant
from yogo_tui.advice import tui
from yogo_tui.errors import SettingsError
from yogo_tui.settings.change import SettingChange
from yogo_tui.settings.document import commented
from yogo_tui.settings.entries import LISTS, written
from yogo_tui.settings.model import Settings
from yogo_tui.settings.parsing import MACHINES
from yogo_tui.settings.reading import check


def changed(
    text: str | None, file: Path, changes: Sequence[SettingChange], check: Callable[[str, Path], None] = check
) -> str:
    """`text`, of the settings file `file`, with these changes. A file that does not exist yet (None) begins with every
    setting, commented out. Nothing is written. Raises SettingsError, without the line, if `check` refuses a value."""
    new = commented() if text is None else text
    for change in changes:
        try:
            new = _with(new, change)
        except yaml12.YamlError as error:
            raise SettingsError(f"{change.key} cannot be changed in {file}: {error}. Edit the file instead.") from error
    try:
        check(new, file)
    except SettingsError as error:
        raise SettingsError(_of_change(text or "", file, str(error), check)) from error
    return new


def _with(text: str, change: SettingChange) -> str:
    data = yaml12.parse(text).data
    values: Mapping[str, Any] = data if isinstance(data, dict) else {}
    prefix, key = _split(change.key)
    of = _of_profile(values, prefix)
    if not key:
        return without(text, prefix) if change.is_unset else with_value(text, prefix, change.value)
    if prefix and key.split(".")[0] == MACHINES:
        place: Place = (MACHINES,)
        entries = None
    else:
        place = place_of(key, of)
        entries = _entries(of if of.get(str(place[0])) is not None else values, str(place[0]))
    name, whole = str(place[0]), (*prefix, *place)
    if change.is_unset:
        if (
            len(place) == 2
            and of.get(name) is None
            and isinstance(number := place[1], int)
            and number < len(entries or ())
        ):
            return with_value(text, (*prefix, name), [*(entries or ())[:number], *(entries or ())[number + 1 :]])
        if len(place) > 1 and of.get(name) is None:
            raise SettingsError(f"{change.key} is not set in the file, so it is as by default.")
        return without(text, whole)
    if len(place) > 1 and not of.get(name) and entries:  # what is in force, which this part of the file does not have
        text = with_value(text, (*prefix, name), entries)
    if len(place) == 3 and place[1] == len(entries or ()):  # an entry that is named and not there yet
        return with_value(text, whole[:-1], {"name": key.split(".")[1], str(place[2]): change.value})
    return with_value(text, whole, change.value)


def _split(key: str) -> tuple[Place, str]:
    """The place of the profile that `key` is in, if it is in one, and the key there."""
    name, *rest = key.split(".", 2)
    if name != "profiles" or not rest:
        return (), key
    return (name, rest[0]), "".join(rest[1:])


def _of_profile(values: Mapping[str, Any], prefix: Place) -> Mapping[str, Any]:
    found: Any = values
    for step in prefix:
        found = found.get(step) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def typed(key: str, words: Sequence[str]) -> Any:
    """The value of the setting `key` that a person typed as these words: a list has a word for each entry, or is one
    word such as "[a, b]"; an entry with parts is written "{name: value, ...}". Raises SettingsError."""
    prefix, inner = _split(key)
    name, *rest = inner.split(".", 2)
    if prefix and not inner:
        return _one(words, key, is_text=False)
    model = Settings if not rest[1:] else LISTS.get(name, Settings)
    field = model.model_fields.get(rest[1] if rest[1:] else name)
    kind = "tuple" if name == MACHINES else str(field.annotation) if field else "str"
    if len(rest) == 1:
        return _one(words, key, is_text=name not in LISTS)
    if "tuple" in kind and not (len(words) == 1 and words[0].startswith("[")):
        return [_one([word], key, is_text=name not in LISTS or bool(rest)) for word in words]
    return _one(words, key, is_text=not any(sign in kind for sign in ("int", "float", "bool", "tuple", "dict")))


def _one(words: Sequence[str], key: str, *, is_text: bool) -> Any:
    if len(words) != 1:
        raise SettingsError(f"{key} has one value, and these are {len(words)}: put quotes around a value with spaces.")
    if is_text:
        return words[0]
    try:
        return yaml12.parse(words[0]).data
    except yaml12.YamlError as error:
        raise SettingsError(f"{key} cannot be {words[0]}: {error}.") from error


def place_of(key: str, values: Mapping[str, Any]) -> Place:
    """Where `key` is in a file that says `values`. Raises SettingsError, with near misses, if there can be no such
    setting."""
    name, *rest = key.split(".", 2)
    if name not in Settings.model_fields:
        raise SettingsError(f'There is no setting "{name}". {meant(name, Settings.model_fields)}')
    if not rest:
        return (name,)
    entries, model = _entries(values, name), LISTS.get(name)
    if not isinstance(Settings.model_fields[name].default, tuple):
        if "dict" in str(Settings.model_fields[name].annotation):
            whole = f"'{{{key.removeprefix(f'{name}.')}: VALUE, …}}'"
            raise SettingsError(f"{name} is set as a whole: yogo-tui config set {name} {whole}.")
        raise SettingsError(f"{name} has one value and no parts: {key} is not a setting.")
    place: Place = (name, _number(key, entries, rest[0], is_new=rest[1:] == ["login"]))
    if not rest[1:]:
        return place
    if model is None or rest[1] not in model.model_fields:
        known = model.model_fields if model else ()
        near = f" {meant(rest[1], known)}" if known else f" {name} is a list of texts."
        raise SettingsError(f'There is no setting "{rest[1]}" in {name}.{near}')
    return (*place, rest[1])


def _entries(values: Mapping[str, Any], name: str) -> list[Any]:
    """The entries of a list: those of the file, else the default ones."""
    said = values.get(name)
    if said is None:
        said = written(Settings.model_fields[name].default)
    return said if isinstance(said, list) else []


def _number(key: str, entries: Sequence[Any], said: str, *, is_new: bool) -> int:
    """The number of the entry called `said`: its name, or counted from 0. The next number, and a new name if that
    `is_new`, add one. Raises SettingsError."""
    names = [str(one.get("name") or one.get("gpus", "")) if isinstance(one, dict) else "" for one in entries]
    if said in names and names.count(said) == 1 and not said.isdecimal():
        return names.index(said)
    if said.isdecimal() and int(said) <= len(entries):
        return int(said)
    if is_new and not said.isdecimal():
        return len(entries)
    name = key.partition(".")[0]
    known = [one for one in names if one and not one.isdecimal()]
    last = f"they are counted from 0 to {len(entries) - 1}" if entries else "there are none"
    near = f" {meant(said, known)}" if known and not said.isdecimal() else ""
    raise SettingsError(f"There is no entry {said} in {name}: {last}, and {name}.{len(entries)} adds one.{near}")


def _of_change(text: str, file: Path, problem: str, check: Callable[[str, Path], None]) -> str:
    """The problem without its line, which nobody can look up: what it is about was not written. A problem that the
    file has already keeps its line."""
    try:
        check(text, file)
    except SettingsError as error:
        return f"{error} Correct this first: {tui()} config edit"
    place, _, sentence = problem.partition(": ")
    return sentence if place.startswith(str(file)) and sentence else problem
