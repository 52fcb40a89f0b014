"""Writes the settings as a commented file and as a page of docs/, both from their declaration.

`python -m yogo_tui.settings.document > docs/settings.md` writes the page.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from yogo.files import yaml12
from yogo.files.yaml_places import in_line
from yogo.recipe import docstrings
from yogo_tui.settings.entries import LISTS, written
from yogo_tui.settings.model import Settings

_HEAD = """\
# Settings of yogo-tui. Lines that begin with # and no space are settings with their defaults, or examples. To change
# a setting, remove its # and edit the value. Folders may begin with ~; relative ones are below the workspace.
# `yogo-tui config show` prints the settings in force.
"""


def commented(found: Mapping[str, Any] | None = None) -> str:
    """A settings file with every setting and its help. Those that were `found` have these values; all others are
    commented out, so that they change nothing."""
    found = found or {}
    parts = [_HEAD]
    for name, field in Settings.model_fields.items():
        help = textwrap.wrap(help_of(Settings, name), 116)
        if model := LISTS.get(name):
            help += [f"  {one}: {help_of(model, one)}" for one in model.model_fields]
        said = dumped(name, found[name]) if name in found else textwrap.indent(_example(name, field), "#")
        parts.append("".join(f"# {line}\n" for line in help) + said)
    return "\n".join(parts)


def page() -> str:
    """The text of docs/settings.md."""
    head = (
        "# Settings\n\n"
        "The settings are in one YAML file, `~/.config/yogo-tui/settings.yaml`; `yogo-tui config path` prints its "
        "path. No file is needed:\nevery setting has a default. `yogo-tui config init` writes a file that explains "
        "every setting, and never replaces one.\n`yogo-tui config show` prints the settings in force and where each "
        "comes from; `config set` changes one, `config edit` opens the file in your editor, and\n`f6` in the console "
        "shows them as a form. `--settings FILE` or `YOGO_TUI_SETTINGS` names another file.\n\n"
        "Folders may begin with `~`. Relative ones are below the workspace. It is the current folder, or the nearest "
        "one above it that holds\n`trained_models` or `.yogo`, unless `workspace` or `--workspace` names another.\n"
    )
    rows = "\n".join(_rows(Settings))
    table = "| setting | default | |\n|---|---|---|\n"
    lists = "".join(f"\n## Each of `{name}`\n\n{table}{chr(10).join(_rows(LISTS[name]))}\n" for name in LISTS)
    return f"{head}\n{table}{rows}\n{lists}\n## The file\n\n```yaml\n{commented()}```\n"


def schema() -> dict[str, Any]:
    """The JSON schema of a settings file, with the help of each setting."""
    found = Settings.model_json_schema()
    models: list[type[BaseModel]] = [Settings, *LISTS.values()]
    for model in models:
        part = found["$defs"].get(model.__name__, found)
        for field, said in part["properties"].items():
            said["description"] = help_of(model, field)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **found, "title": "Settings of yogo-tui"}


def help_of(model: type[BaseModel], name: str) -> str:
    """The help of a setting, in one line; empty if it has none."""
    return docstrings(model).get(name, "")


def dumped(name: str, value: Any) -> str:
    """A setting as lines of YAML, none of which is indented."""
    if isinstance(value, dict):
        return f"{name}: {in_line(value)}\n"
    return yaml12.dumped({name: written(value)}, flow=None if name in LISTS else False)


def _example(name: str, field: FieldInfo) -> str:
    return dumped(name, field.examples[0] if field.examples else field.default)


_NONE: tuple[object, ...] = (None, "", [], {})


def _rows(model: type[BaseModel]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        if name == "sizes":
            default = "1, 2 and 4 GPUs, and 8 on two nodes"
        elif field.is_required():
            default = ""
        else:
            value = written(field.default)
            value = str(value).lower() if isinstance(value, bool) else value
            default = f"`{', '.join(value) if isinstance(value, list) else value}`" if value not in _NONE else ""
        yield f"| `{name}` | {default} | {help_of(model, name)} |"


if __name__ == "__main__":
    print(page(), end="")
