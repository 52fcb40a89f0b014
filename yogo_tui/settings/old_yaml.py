"""Keeps the meaning of old settings files, which were read as YAML 1.1: it reads some numbers differently."""

from __future__ import annotations

import re

from pydantic import BaseModel

_OCTAL = re.compile(r"[-+]?0[0-7_]+")
_SIXTIETHS = re.compile(r"[1-9][0-9_]*(:[0-5]?[0-9])+|[0-9][0-9_]*(:[0-5]?[0-9])+\.[0-9_]*")
_WORD = re.compile(r"[-+]?(0o[0-7_]+|0[0-9_]*[89][0-9_]*|[0-9_]+[eE][-+]?[0-9]+|[0-9_]*\.[0-9_]*[eE][0-9]+|\._.*)")


def as_once(model: type[BaseModel], name: str, value: object, text: str) -> object:
    """The value of the field's `text` in YAML 1.1, if the field can have it; else `value`, its value in YAML 1.2."""
    kind = model.model_fields[name].annotation if name in model.model_fields else None
    if kind in (str, str | None):
        return text if isinstance(value, int | float) and _WORD.fullmatch(text) else value
    if kind not in (int, float, int | None, float | None):
        return value
    if isinstance(value, int) and _OCTAL.fullmatch(text):
        return int(text.replace("_", ""), 8)
    if isinstance(value, str) and _SIXTIETHS.fullmatch(text):
        total = 0.0
        for part in text.replace("_", "").split(":"):
            total = 60 * total + float(part)
        return total
    return value
