"""Reads the roles of a definition file: `roles: {total: [...], target: [...], per_microlitre: 5.0e6}`, and `cells` of a
sample."""

from __future__ import annotations

import math
from typing import Any

from yogo.definition.entry_reader import Say, Unknown
from yogo.run.correction import AssayRoles
from yogo.text.wording import meant, shown

_LISTS = ("total", "target")
_NEEDED = (*_LISTS, "per_microlitre")
_KEYS = (*_NEEDED, "cells")


class RoleReader:
    """`say` reports what is wrong at a place of the file, and `unknown` the keys that are not known."""

    def __init__(self, say: Say, unknown: Unknown, classes: tuple[str, ...] | None) -> None:
        self._say = say
        self._unknown = unknown
        self._classes = classes

    def read(self, data: dict[Any, Any]) -> AssayRoles | None:
        """None where there are none, or where they cannot be used."""
        given = data.get("roles")
        if given is None:
            return None
        if not isinstance(given, dict):
            self._say(f"roles is {shown(given)}; a map of total, target and per_microlitre is expected", "roles")
            return None
        self._unknown(given, _KEYS, "roles")
        if missing := [key for key in _NEEDED if key not in given]:
            self._say(f"roles lacks {' and '.join(missing)}", "roles")
            return None
        total, target = (self._named(given[key], key) for key in _LISTS)
        per_microlitre = amount(given["per_microlitre"])
        if not per_microlitre:
            what = "the number of cells in a microlitre is expected, such as 5.0e6"
            self._say(f"per_microlitre is {shown(given['per_microlitre'])}; {what}", "roles", "per_microlitre")
        cells = amount(given["cells"]) if "cells" in given else None
        if "cells" in given and not cells:
            what = "the number of cells in a sample is expected, such as 2.0e6"
            self._say(f"cells is {shown(given['cells'])}; {what}", "roles", "cells")
        if not (total and target and per_microlitre):
            return None
        return AssayRoles(total=total, target=target, per_microlitre=per_microlitre, cells=cells or None)

    def _named(self, given: object, key: str) -> tuple[str, ...] | None:
        if not isinstance(given, list) or not given:
            self._say(f"{key} is {shown(given)}; a list of classes is expected", "roles", key)
            return None
        names: list[str] = []
        for index, name in enumerate(given):
            if str(name) in names:
                self._say(f"The class {shown(name)} is in {key} twice", "roles", key, index)
            elif self._classes is not None and str(name) not in self._classes:
                near = meant(str(name), self._classes)
                self._say(f"{key} names {shown(name)}, which is not in class_names. {near}", "roles", key, index)
            names.append(str(name))
        known = self._classes or names
        return tuple(name for name in dict.fromkeys(names) if name in known)


def amount(given: object) -> float | None:
    """A finite number of 0 or more."""
    if isinstance(given, bool) or not isinstance(given, int | float) or not math.isfinite(given) or given < 0:
        return None
    return float(given)
