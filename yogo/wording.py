"""How things are said: numbers with their nouns, values, near misses, and what pydantic has against a value.

Whatever a person wrote and pydantic refuses is told in the sentences of this module; its own words ("Input should be
a valid tuple") are for programmers.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import ValidationError


def counted(number: int, noun: str) -> str:
    """1 epoch, 2 epochs, 1,000 epochs: for nouns that take an s."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def shown(value: object) -> str:
    """A value as a message shows it: as YAML would have it, cut short, and a collection by its kind."""
    match value:
        case str():
            return repr(value if len(value) <= 60 else f"{value[:59]}…")
        case dict():
            return "a map"
        case list() | tuple() | set():
            return "a list"
        case None:
            return "empty"
    return str(value).lower() if isinstance(value, bool) else str(value)[:60]


def listed(names: Iterable[str], last: str = "and") -> str:
    """All names, as a sentence has them: a, b and c."""
    *first, end = [*names] or [""]
    return f"{', '.join(first)} {last} {end}" if first else end


def meant(word: str, known: Iterable[str]) -> str:
    """`Did you mean "epochs"?`, or, where nothing is near, what there is: `There are epochs and model.`"""
    names = list(dict.fromkeys(known))
    by_case = {name.casefold(): name for name in reversed(names)}
    near = difflib.get_close_matches(word.casefold(), by_case, 2, 0.6)
    if near:
        return f"Did you mean {listed([f'{chr(34)}{by_case[one]}{chr(34)}' for one in near], 'or')}?"
    if not names:
        return "There are none."
    return f"There {'are' if names[1:] else 'is'} {listed(names)}."


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that pydantic has against what a person wrote."""

    where: tuple[str | int, ...]
    """The keys and places, from 0, that lead to it."""

    message: str
    """What is to be said after its name: `must be a whole number`."""

    given: str = ""
    """The value that was refused, as a message shows it; empty where it is of no help."""

    is_sentence: bool = False
    """The message stands for itself, without the name."""

    @property
    def name(self) -> str:
        """`sizes.0.gpus`; empty where the whole is at fault."""
        return ".".join(map(str, self.where))

    def __str__(self) -> str:
        if self.is_sentence:
            return f"{self.name}: {self.message}" if self.name else self.message
        given = f", not {self.given}" if self.given else ""
        return f"{self.name or 'This'} {self.message}{given}"


def sentences(error: ValidationError, known: Iterable[str] = ()) -> tuple[Fault, ...]:
    """What is wrong, each as a sentence by `str()`, in order; `known` are the names that there are at the top."""
    found = [_fault(one, tuple(known)) for one in error.errors()]
    return tuple(dict.fromkeys(found))


_TYPES = {
    "int": "a whole number",
    "float": "a number",
    "decimal": "a number",
    "finite": "a number that is finite",
    "bool": "true or false",
    "string": "text",
    "tuple": 'a list, one a line, each after "- "',
    "list": 'a list, one a line, each after "- "',
    "set": 'a list, one a line, each after "- "',
    "iterable": 'a list, one a line, each after "- "',
    "dict": "a map, a `name: value` a line",
    "mapping": "a map, a `name: value` a line",
    "model": "a map, a `name: value` a line",
    "dataclass": "a map, a `name: value` a line",
    "path": "a path",
    "datetime": "a date and a time",
    "date": "a date",
    "time": "a time",
    "timezone": "a time with its zone",
    "none": "empty",
}
"""What is expected, by the first word of pydantic's name for a fault."""

_BOUNDS = {
    "greater_than": ("greater than", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("less than", "lt"),
    "less_than_equal": ("at most", "le"),
    "multiple_of": ("a multiple of", "multiple_of"),
}
_PAIRS = {"image_hw": "needs height and width, such as 240x320"}
"""Fields of two values whose order a person has to know."""


def _fault(error: Any, known: tuple[str, ...]) -> Fault:
    where = tuple(part for part in error["loc"] if isinstance(part, str | int))
    if where and where[0] in _PAIRS:
        where = where[:1]
    kind, context = str(error["type"]), error.get("ctx") or {}
    if kind in {"value_error", "assertion_error"}:
        return Fault(where, str(context.get("error") or error["msg"]), is_sentence=True)
    if kind == "json_invalid":
        return Fault(where, f"This is not JSON: {context.get('error', 'it is malformed')}", is_sentence=True)
    if kind in {"missing", "too_short", "too_long", "extra_forbidden"} or (where and where[0] in _PAIRS):
        return _of_its_parts(where, kind, context, known) or _refused(where, error, kind)
    return _refused(where, error, kind)


def _of_its_parts(
    where: tuple[str | int, ...], kind: str, context: Mapping[str, Any], known: tuple[str, ...]
) -> Fault | None:
    """What is too much or too little; None where a value is at fault."""
    if where and where[0] in _PAIRS:
        odd = kind in {"missing", "too_long", "too_short"} or kind.endswith("_type")
        return Fault(where, _PAIRS[str(where[0])]) if odd else None
    if kind == "extra_forbidden":
        near = f". {meant(str(where[-1]), known)}" if known and len(where) == 1 else ""
        return Fault(where, f"is not known{near}")
    if kind == "missing":
        return Fault(where, "is missing")
    least = kind == "too_short"
    return Fault(
        where, f"must have at {'least' if least else 'most'} {context['min_length' if least else 'max_length']}"
    )


def _refused(where: tuple[str | int, ...], error: Any, kind: str) -> Fault:
    expected = _expected(kind, error.get("ctx") or {}, str(error["msg"]))
    return Fault(where, f"must be {expected}", shown(error["input"]))


def _expected(kind: str, context: Mapping[str, Any], message: str) -> str:
    if kind in _BOUNDS:
        words, key = _BOUNDS[kind]
        return f"{words} {context.get(key)}"
    if kind in {"literal_error", "enum"}:
        words = str(context.get("expected", "")).replace("'", "")
        return f"one of {words}" if " or " in words else words
    if kind in {"string_too_short", "string_too_long"}:
        bound = context.get("min_length") if kind == "string_too_short" else context.get("max_length")
        return f"text of at {'least' if kind == 'string_too_short' else 'most'} {counted(int(bound or 0), 'character')}"
    if kind == "string_pattern_mismatch":
        return f"text such as {context.get('pattern')}"
    if plain := _TYPES.get(kind.partition("_")[0]):
        return plain
    return message.removeprefix("Input should be ").removeprefix("Input should have ").removeprefix("Value should be ")
