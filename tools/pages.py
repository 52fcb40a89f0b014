"""The pages of docs/ that are drawn from the declarations: commands, recipe, keys and settings.

    python -m tools.pages

writes all of them; a test compares them with what they would be now.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from textual.binding import Binding
from textual.dom import DOMNode

import yogo.cli
import yogo_tui
import yogo_tui.cli
from yogo.cli.flags import add_knobs
from yogo.presets import builtin
from yogo.recipe import differences, knobs, shown
from yogo_tui.app import Console
from yogo_tui.screens.keymap import remappable
from yogo_tui.settings import document
from yogo_tui.widgets.key_bar import key_word

DOCS = Path(__file__).parent.parent / "docs"


def yogo_commands() -> str:
    return _commands(yogo.cli.parser(), "The commands of `yogo`")


def console_commands() -> str:
    return _commands(yogo_tui.cli.parser(), "The commands of `yogo-tui`")


def recipe() -> str:
    parts = [
        "# The recipe\n\nA recipe says how to train, never on what. The same knobs are the flags of `yogo train`, the "
        "form of the Recipes screen, and the keys of a preset file. A preset file says only what differs from "
        "the defaults.\n"
    ]
    names = {action.dest: _names(action) for action in _knob_actions()}
    group = ""
    for one in knobs():
        name, field = one.name, one.field
        if one.knob.group != group:
            group = one.knob.group
            parts.append(f"\n## {group}\n\n| key and flags | default | |\n|---|---|---|\n")
        default = " ".join(shown(name, field.default).split()[1:]) or ("yes" if field.default else "no")
        parts.append(f"| `{name}`<br>{names[name]} | {default} | {_cell(one.text)} |\n")
    parts.append("\n## The presets that come with it\n")
    for preset in builtin():
        said = " ".join(shown(key, value) for key, (_, value) in differences(preset.recipe).items())
        parts.append(f"\n### {preset.slug}\n\n{preset.title}. {preset.note}\n\n```\n{said or '(the defaults)'}\n```\n")
    return "".join(parts)


_WHERE = {
    "app": "Everywhere",
    "run": "A run",
    "log": "A run's log",
    "plot": "A run's plot",
    "ask": "A question",
    "notice": "A notice that stays",
    "text": "A text to scroll",
    "choose": "A list to choose from",
    "prompt": "A line to type",
    "notes": "Notes of runs, in the list and in a run",
    "columns": "The columns of the list of runs",
    "first": "The first start",
}
"""Headings of the keys whose place is not called as its bindings are."""


_KEYS = """\
# The keys

`?` shows those that work where you are; `:` finds any action, run, recipe, definition or setting by its words.

An action with an id can have another key, by the setting `keymap`:

```yaml
keymap:
  runs.cancel: X
  runs.hold: ", h"   # two keys, typed one after the other
```

A key that another action has already on the same screen is refused, and the sentence names keys that are free. The
line of keys and `?` show the keys as they are set. After the first of two keys, those that can follow are shown.
"""


def keys() -> str:
    others = remappable(Console)
    parts = [_KEYS]
    for place, bindings in _bindings().items():
        parts.append(f"\n## {_WHERE.get(place, place.capitalize())}\n\n| keys | | id |\n|---|---|---|\n")
        for action, (words, of) in bindings.items():
            id = f"`{action}`" if action in others else ""
            parts.append(f"| {' '.join(f'`{key}`' for key in of)} | {_cell(words)} | {id} |\n")
    return "".join(parts)


PAGES: Mapping[str, Callable[[], str]] = {
    "commands-yogo.md": yogo_commands,
    "commands-yogo-tui.md": console_commands,
    "recipe.md": recipe,
    "keys.md": keys,
    "settings.md": document.page,
}


def _commands(top: argparse.ArgumentParser, title: str) -> str:
    parts = [f"# {title}\n\n{top.description}\n\n`{top.prog} COMMAND --help` says the same.\n"]
    (subparsers,) = (action for action in top._actions if isinstance(action, argparse._SubParsersAction))
    of_all = {option for action in top._actions for option in action.option_strings}
    if of_all - {"-h", "--help", "--version"}:
        parts.append(f"\n## Options of all commands\n\n{_options(top._actions)}")
    for name, parser in subparsers.choices.items():
        parts.append(_command(f"{top.prog} {name}", parser, of_all))
    return "".join(parts)


def _command(title: str, parser: argparse.ArgumentParser, of_all: set[str]) -> str:
    parts = [f"\n## {title}\n\n{parser.description}\n\n"]
    parts.append(_options(action for action in parser._actions if not of_all & {*action.option_strings}))
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            parts += [_command(f"{title} {name}", one, of_all) for name, one in action._name_parser_map.items()]
    return "".join(parts)


def _options(actions: Iterator[argparse.Action] | list[argparse.Action]) -> str:
    rows = [
        f"| {_names(action)} | {_cell((action.help or '') % vars(action))} |\n"
        for action in actions
        if action.help != argparse.SUPPRESS and not isinstance(action, argparse._SubParsersAction)
        if not {"-h", "--version"} & {*action.option_strings}
    ]
    return "".join(["| | |\n|---|---|\n", *rows]) if rows else ""


def _names(action: argparse.Action) -> str:
    """An option's spellings, or a positional argument, with what stands behind it."""
    value = _value(action)
    if not action.option_strings:
        return f"`{value}`"
    *others, last = action.option_strings
    return ", ".join(f"`{name}`" for name in (*others, f"{last} {value}".strip()))


def _value(action: argparse.Action) -> str:
    if action.nargs == 0 or isinstance(action, argparse.BooleanOptionalAction):
        return ""
    name = action.metavar or (",".join(map(str, action.choices)) if action.choices else action.dest.upper())
    if isinstance(name, tuple):
        return " ".join(name)
    if isinstance(action.nargs, int):
        return " ".join([name] * action.nargs)
    return {"?": f"[{name}]", "*": f"[{name} …]", "+": f"{name} …", argparse.REMAINDER: "…"}.get(
        action.nargs or "", name
    )


def _knob_actions() -> list[argparse.Action]:
    parser = argparse.ArgumentParser(add_help=False)
    add_knobs(parser)
    return parser._actions


def _bindings() -> dict[str, dict[str, tuple[str, list[str]]]]:
    """Where, the action's id, what for and by which keys: of all classes of the console, in the order of their
    modules."""
    for module in pkgutil.walk_packages(yogo_tui.__path__, "yogo_tui."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    kept: dict[str, dict[str, tuple[str, list[str]]]] = {"app": {}}
    for kind in sorted({*_ours(DOMNode)}, key=lambda kind: (kind.__module__, kind.__qualname__)):
        for binding in vars(kind).get("BINDINGS", ()):
            if isinstance(binding, Binding) and binding.id:
                words = binding.tooltip or binding.description
                of = kept.setdefault(binding.id.partition(".")[0], {}).setdefault(binding.id, (words, []))[1]
                of += [word for key in binding.key.split(",") if (word := key_word(key)) not in of]
    return kept


def _ours(base: type[object]) -> Iterator[type[object]]:
    for kind in base.__subclasses__():
        if kind.__module__.startswith("yogo_tui."):
            yield kind
        yield from _ours(kind)


def _cell(text: str) -> str:
    """Text as a cell of a table."""
    words = " ".join(text.split())
    return words.replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*").replace("_", "\\_")


def main() -> None:
    for name, page in PAGES.items():
        (DOCS / name).write_text(page())


if __name__ == "__main__":
    main()
