"""Wording of messages: numbers with nouns, values, near misses, and pydantic's validation errors.

Validation errors of what a person wrote are reported in the sentences of this module; pydantic's own messages
("Input should be a valid tuple") are for programmers.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import ValidationError


def counted(number: float, noun: str, verb: str = "") -> str:
    """1 epoch, 2 epochs, 1,000 boxes, 6.5 boxes; with a verb: 1 box is, 2 boxes are."""
    shown = int(number) if number == int(number) else number
    return f"{shown:,} {noun if number == 1 else _plural(noun)}{verb and ' '}{agreed(number, verb)}"


def agreed(number: float, verb: str) -> str:
    """`verb`, which is that of one thing, as so many have it: are for is, fit for fits, reach for reaches."""
    if number == 1 or not verb:
        return verb
    irregular = {"is": "are", "has": "have", "was": "were"}
    return irregular.get(verb) or (verb[:-2] if verb.endswith(("ches", "oes")) else verb[:-1])


def _plural(noun: str) -> str:
    """Of a regular noun."""
    if noun.endswith("epoch"):  # its ch is a k
        return f"{noun}s"
    if noun.endswith("is"):
        return f"{noun[:-2]}es"
    return f"{noun}es" if noun.endswith(("s", "x", "ch", "sh")) else f"{noun}s"


def shown(value: object) -> str:
    """A value as shown in a message: as in YAML, cut short, and a collection by its kind."""
    match value:
        case str():
            return repr(value if len(value) <= 60 else f"{value[:59]}…")
        case dict():
            return "a map"
        case list() | tuple() | set():
            return "a list"
        case None:
            return "empty"
    if type(value).__repr__ is object.__repr__ and type(value).__str__ is object.__str__:
        return type(value).__name__  # nothing but an address is known of it
    return str(value).lower() if isinstance(value, bool) else str(value)[:60]


def ended(sentence: str) -> str:
    """`sentence` with a full stop, unless it already ends in punctuation."""
    return f"{sentence}." if sentence[-1:] not in ("", ".", "?", "!", "…") else sentence


def listed(names: Iterable[str], last: str = "and") -> str:
    """All names joined for a sentence: a, b and c."""
    *first, end = [*names] or [""]
    return f"{', '.join(first)} {last} {end}" if first else end


def meant(word: str, known: Iterable[str]) -> str:
    """`Did you mean "epochs"?`, or, if no name is near, the known names: `There are epochs and model.`"""
    names = list(dict.fromkeys(known))
    by_case = {name.casefold(): name for name in reversed(names)}
    near = difflib.get_close_matches(word.casefold(), by_case, 2, 0.6)
    if near:
        return f"Did you mean {listed([f'{chr(34)}{by_case[one]}{chr(34)}' for one in near], 'or')}?"
    if not names:
        return "There are none."
    return f"There {'are' if names[1:] else 'is'} {listed(names)}."


@dataclass(frozen=True, slots=True)
class ValidationIssue:
    """One validation error in what a person wrote."""

    where: tuple[str | int, ...]
    """The keys and places, from 0, that lead to it."""

    message: str
    """What follows its name in a sentence: `must be a whole number`."""

    given: str = ""
    """The refused value as shown in a message; empty if it does not help."""

    is_sentence: bool = False
    """The message is a sentence by itself, without the name."""

    @property
    def name(self) -> str:
        """Such as `sizes.0.gpus`; empty if the whole is at fault."""
        return ".".join(map(str, self.where))

    def said(self, name: str) -> str:
        """The sentence, with another spelling of the name; without the name where that is empty."""
        if self.is_sentence:
            return f"{name}: {self.message}" if name else self.message
        given = f", not {self.given}" if self.given else ""
        return f"{name or 'This'} {self.message}{given}"

    def __str__(self) -> str:
        return self.said(self.name)


Several = Mapping[str, tuple[tuple[str, ...], tuple[object, ...]]]
"""Fields of several values in an order that a person has to know: what they are, and an example."""


def sentences(
    error: ValidationError, known: Iterable[str] = (), several: Several | None = None
) -> tuple[ValidationIssue, ...]:
    """What is wrong, each as a sentence by `str()`, in order; `known` are the names that there are at the top."""
    found = [_fault(one, tuple(known), several or {}) for one in error.errors()]
    return tuple(dict.fromkeys(found))


_TYPES = {
    "int": "a whole number",
    **dict.fromkeys(("float", "decimal"), "a number"),
    "finite": "a number that is finite",
    "bool": "true or false",
    "string": "text",
    **dict.fromkeys(("tuple", "list", "set", "iterable"), 'a list, one a line, each after "- "'),
    **dict.fromkeys(("dict", "mapping", "model", "dataclass"), "a map, a `name: value` a line"),
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


def _fault(error: Any, known: tuple[str, ...], several: Several) -> ValidationIssue:
    where = tuple(part for part in error["loc"] if isinstance(part, str | int))
    kind, context = str(error["type"]), error.get("ctx") or {}
    if kind in {"value_error", "assertion_error"}:
        return ValidationIssue(where, str(context.get("error") or error["msg"]), is_sentence=True)
    if kind == "json_invalid":
        return ValidationIssue(where, f"This is not JSON: {context.get('error', 'it is malformed')}", is_sentence=True)
    if where and where[0] in several:
        return _of_several(where[:1], error, kind, *several[str(where[0])])
    if kind in {"missing", "too_short", "too_long", "extra_forbidden"}:
        return _of_its_parts(where, kind, context, known)
    return _refused(where, error, kind)


def _of_several(
    where: tuple[str | int, ...], error: Any, kind: str, parts: tuple[str, ...], example: tuple[object, ...]
) -> ValidationIssue:
    if kind in {"missing", "too_long", "too_short"} or kind.endswith(("_type", "_parsing")):
        said = listed(part.casefold() for part in parts)
        return ValidationIssue(where, f"needs {said}, such as {'x'.join(map(str, example))}")
    return _refused(where, error, kind)


def _of_its_parts(
    where: tuple[str | int, ...], kind: str, context: Mapping[str, Any], known: tuple[str, ...]
) -> ValidationIssue:
    """What is too much or too little."""
    if kind == "extra_forbidden":
        near = f". {meant(str(where[-1]), known)}" if known and len(where) == 1 else ""
        return ValidationIssue(where, f"is not known{near}")
    if kind == "missing":
        return ValidationIssue(where, "is missing")
    least = kind == "too_short"
    return ValidationIssue(
        where, f"must have at {'least' if least else 'most'} {context['min_length' if least else 'max_length']}"
    )


def _refused(where: tuple[str | int, ...], error: Any, kind: str) -> ValidationIssue:
    expected = _expected(kind, error.get("ctx") or {}, str(error["msg"]))
    return ValidationIssue(where, f"must be {expected}", shown(error["input"]))


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
