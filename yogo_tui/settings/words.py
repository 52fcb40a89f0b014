"""What is wrong with a setting, in a sentence."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from yogo_tui.settings.model import Settings, SizePreset

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_WORDS = {
    "string_type": "must be text",
    "path_type": "must be a folder's path",
    "tuple_type": 'must be a list, one a line, each after "- "',
    "model_type": "must be lines such as `gpus: 1`, each a `name: value`",
    "model_attributes_type": "must be lines such as `gpus: 1`, each a `name: value`",
    "too_short": "must hold one entry or more; leave it out for the shipped ones",
    "missing": "is missing",
    "finite_number": "must be a number that ends",
}
_BOUNDS = {
    "greater_than": ("must be greater than", "gt"),
    "greater_than_equal": ("must be at least", "ge"),
    "less_than": ("must be less than", "lt"),
    "less_than_equal": ("must be at most", "le"),
}


def sentence(error: ErrorDetails) -> str:
    """Such as "poll_seconds must be at least 0.2."."""
    names = [str(part) for part in error["loc"] if isinstance(part, str)]
    name = names[-1] if names else "settings"
    kind, context = str(error["type"]), error.get("ctx", {})
    if kind == "extra_forbidden":
        return _unknown(name, list(SizePreset.model_fields if len(names) > 1 else Settings.model_fields))
    if kind in _BOUNDS:
        words, bound = _BOUNDS[kind]
        return f"{name} {words} {context[bound]:g}."
    if kind == "literal_error":
        return f"{name} must be {str(context['expected']).replace(chr(39), '')}."
    if kind.startswith(("int_", "float_")):
        return f"{name} must be a {'whole ' if kind.startswith('int_') else ''}number."
    if kind == "value_error":
        return f"{name} {str(error['msg']).removeprefix('Value error, ')}".rstrip(".") + "."
    return f"{name} {_WORDS.get(kind, error['msg'])}."


def _unknown(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    hint = f'Did you mean "{near[0]}"?' if near else f"There are {', '.join(known)}."
    return f'There is no setting "{name}". {hint}'
