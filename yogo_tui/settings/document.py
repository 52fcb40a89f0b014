"""The settings as a commented file to begin with, and as a page: both drawn from their one declaration.

`python -m yogo_tui.settings.document > docs/settings.md` writes the page.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from yogo.recipe import docstrings
from yogo_tui.settings.model import Settings, SizePreset

_HEAD = """\
# Settings of yogo-tui. A line that begins with # and no space is a setting as it is by default, or an example:
# take its # away to change it. Folders may begin with ~; relative ones are below the workspace.
# `yogo-tui config show` prints what is in force.
"""


def commented() -> str:
    """A settings file that changes nothing: every setting with its help, commented out."""
    parts = [_HEAD]
    for name, field in Settings.model_fields.items():
        help = textwrap.wrap(help_of(Settings, name), 116)
        if name == "sizes":
            help += [f"  {one}: {help_of(SizePreset, one)}" for one in SizePreset.model_fields]
        parts.append("".join(f"# {line}\n" for line in help) + textwrap.indent(_example(name, field), "#"))
    return "\n".join(parts)


def page() -> str:
    """docs/settings.md."""
    head = (
        "# Settings\n\n"
        "One YAML file, `~/.config/yogo-tui/settings.yaml` (`yogo-tui config path` tells where). None is needed: every "
        "setting has a default.\n`yogo-tui config init` writes one with every setting in it, commented out, and never "
        "overwrites; `yogo-tui config show` prints what is in force and who\nsays so. `--settings FILE`, or "
        "`YOGO_TUI_SETTINGS`, names another file.\n\n"
        "Folders may begin with `~`. Relative ones are below the workspace: where you stand, or the nearest folder "
        "above that holds `trained_models` or a `.yogo`,\nunless `workspace` or `--workspace` names another.\n"
    )
    rows = "\n".join(_rows(Settings))
    sizes = "\n".join(_rows(SizePreset))
    table = "| setting | default | |\n|---|---|---|\n"
    return (
        f"{head}\n{table}{rows}\n\n## Each of `sizes`\n\n{table}{sizes}\n\n## The file\n\n```yaml\n{commented()}```\n"
    )


def help_of(model: type[BaseModel], name: str) -> str:
    """A setting's help, in one line."""
    return " ".join(docstrings(model).get(name, "").split())


def written(value: Any) -> Any:
    """A setting's value as YAML has it."""
    if isinstance(value, SizePreset):
        return {name: written(one) for name, one in value if name in value.model_fields_set}
    if isinstance(value, tuple | list):
        return [written(one) for one in value]
    return str(value) if isinstance(value, Path) else value


def dumped(name: str, value: Any) -> str:
    """A setting as lines of YAML."""
    flow = None if name == "sizes" else False
    text: str = yaml.safe_dump(
        {name: written(value)}, sort_keys=False, allow_unicode=True, width=1000, default_flow_style=flow
    )
    return text


def _example(name: str, field: FieldInfo) -> str:
    return dumped(name, field.examples[0] if field.examples else field.default)


def _rows(model: type[BaseModel]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        if name == "sizes":
            default = "1, 2 and 4 GPUs"
        elif field.is_required():
            default = ""
        else:
            value = written(field.default)
            default = "" if value in (None, "", []) else f"`{', '.join(value) if isinstance(value, list) else value}`"
        yield f"| `{name}` | {default} | {help_of(model, name)} |"


if __name__ == "__main__":
    print(page(), end="")
