"""The keys of the setting `keymap`: which actions can have another key, and what is wrong with a key that is given.

It imports every screen, so it is asked only where somebody has set keys.
"""

from __future__ import annotations

import importlib
import pkgutil
import string
import sys
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from textual.binding import Binding
from textual.dom import DOMNode
from textual.keys import Keys
from textual.screen import ModalScreen, Screen
from textual.widget import Widget

import yogo_tui.screens
import yogo_tui.widgets
from yogo.text.wording import listed, meant
from yogo_tui.errors import SettingsError
from yogo_tui.modes import MODES
from yogo_tui.screens.base import FramedScreen
from yogo_tui.settings import Settings
from yogo_tui.settings.parsing import parse, parsed
from yogo_tui.widgets.key_bar import KEY_WORDS, key_word

_FIXED = frozenset(("app.palette", *(f"app.{mode.name}" for mode in MODES)))
_SIGNS = {
    "solidus": "slash",
    "reverse_solidus": "backslash",
    "commercial_at": "at",
    "hyphen_minus": "minus",
    "plus_sign": "plus",
    "low_line": "underscore",
}
"""Textual's names of signs that Unicode calls otherwise."""

_NAMED = frozenset(key.value for key in Keys) | set(KEY_WORDS)
_WORDS = {word: key for key, word in KEY_WORDS.items()}


@dataclass(frozen=True, slots=True)
class KeyedAction:
    """An action of the console that has keys."""

    id: str
    words: str
    keys: tuple[str, ...]
    """As Textual names them."""

    owner: type[DOMNode]


def remappable(app: type[DOMNode]) -> dict[str, KeyedAction]:
    """The actions that can have other keys, by their ids: those of whole screens and of what they consist of. Dialogs
    name their keys themselves, and `:` and the keys of the modes are the same for everyone."""
    _import_all()
    found: dict[str, KeyedAction] = {}
    for group in _groups(app):
        for kind in group:
            for action in _of(kind):
                if action.id not in _FIXED and not issubclass(kind, ModalScreen):
                    found.setdefault(action.id, action)
    return found


def keymap(settings: Settings, app: type[DOMNode]) -> dict[str, str]:
    """The keys that the settings give to actions, for Textual. Raises SettingsError with the line and a proposal."""
    if not settings.keymap:
        return {}
    known = remappable(app)
    wanted: dict[str, str] = {}
    for name, text in settings.keymap.items():
        if name not in known:
            raise _wrong(settings, name, f'There is no action "{name}" that can have another key. {meant(name, known)}')
        wanted[name] = _key(settings, name, text)
    for name in wanted:
        _check(settings, name, wanted, app)
    return wanted


def check_keys(text: str, file: Path, app: type[DOMNode]) -> None:
    """Raise SettingsError if keys in the text of this settings file, or in a profile of it, cannot be given."""
    for profile in ("", *parse(text, file).profiles):
        keymap(parsed(text, file, profile)[0], app)


def _check(settings: Settings, name: str, wanted: Mapping[str, str], app: type[DOMNode]) -> None:
    """Raise SettingsError if a key of this action is another one's too, where both work at the same time."""
    for group in _groups(app):
        actions = [action for kind in group for action in _of(kind)]
        if name not in {action.id for action in actions}:
            continue
        own = next(action for action in actions if action.id == name)
        if wanted[name] in own.keys:
            continue
        others = [one for one in actions if one.id != name and _meet(own.owner, one.owner)]
        taken = {key: one for one in others for key in ([wanted[one.id]] if one.id in wanted else one.keys)}
        first = wanted[name].split()[0]
        clash = taken.get(wanted[name]) or taken.get(first)
        clash = clash or next((one for key, one in taken.items() if key.split()[0] == wanted[name]), None)
        if clash:
            letters = [letter for letter in string.ascii_letters if letter not in taken]
            free = listed(letters[:3])
            raise _wrong(
                settings,
                name,
                f"{name}: {key_word(first)} is the key of `{clash.id}` ({clash.words}) there. "
                f"Among those that are free are {free}.",
            )


def _meet(one: type[DOMNode], other: type[DOMNode]) -> bool:
    """Whether both can be asked for the same key: two widgets beside each other never are."""
    are_widgets = all(not issubclass(kind, Screen) and issubclass(kind, Widget) for kind in (one, other))
    return not are_widgets or issubclass(one, other) or issubclass(other, one)


def _key(settings: Settings, name: str, text: str) -> str:
    """A key, or two that are typed one after the other, as Textual names them."""
    keys = text.split()
    if not 1 <= len(keys) <= 2:
        raise _wrong(settings, name, f"{name}: one key is expected, or two with a blank between, such as `g x`.")
    return " ".join(_named(settings, name, key) for key in keys)


def _named(settings: Settings, name: str, key: str) -> str:
    *modifiers, last = key.split("+") if len(key) > 1 else [key]
    if set(modifiers) - {"ctrl", "shift", "alt"}:
        raise _wrong(settings, name, f'{name}: "{key}" is not a key. Only ctrl+, shift+ and alt+ stand before a key.')
    if last in _WORDS:
        last = _WORDS[last]
    elif len(last) == 1 and not last.isalnum():
        sign = unicodedata.name(last, "").lower().replace("-", "_").replace(" ", "_")
        last = _SIGNS.get(sign, sign)
    elif len(last) != 1 and last not in _NAMED:
        raise _wrong(settings, name, f'{name}: "{key}" is not a key. {meant(last, sorted(_NAMED))}')
    return "+".join([*modifiers, last])


def _wrong(settings: Settings, name: str, sentence: str) -> SettingsError:
    said = f"{sentence} docs/keys.md lists the ids."
    line = settings.lines.get(f"keymap.{name}")
    return SettingsError(f"{settings.file}, line {line}: keymap: {said}" if line else said)


def _import_all() -> None:
    for package in (yogo_tui.screens, yogo_tui.widgets):
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)


def _groups(app: type[DOMNode]) -> Iterator[tuple[type[DOMNode], ...]]:
    """The classes whose keys work on the same screen: the app, a screen with what it inherits, and its widgets."""
    apps = tuple(kind for kind in app.__mro__ if issubclass(kind, DOMNode))
    for screen in _below(FramedScreen):
        kinds = dict.fromkeys(kind for kind in screen.__mro__ if issubclass(kind, DOMNode))
        for kind in [kind for kind in kinds if issubclass(kind, FramedScreen)]:
            for one in vars(sys.modules[kind.__module__]).values():
                if isinstance(one, type) and issubclass(one, Widget) and not issubclass(one, Screen):
                    kinds |= dict.fromkeys(base for base in one.__mro__ if issubclass(base, DOMNode))
        yield (*apps, *kinds)


def _below(kind: type[Screen[None]]) -> Iterator[type[Screen[None]]]:
    for one in kind.__subclasses__():
        yield one
        yield from _below(one)


def _of(kind: type[DOMNode]) -> Iterator[KeyedAction]:
    for binding in vars(kind).get("BINDINGS", ()):
        if isinstance(binding, Binding) and binding.id:
            words = binding.tooltip or binding.description
            yield KeyedAction(binding.id, words, tuple(key.strip() for key in binding.key.split(",")), kind)
