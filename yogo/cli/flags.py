"""Arguments made from a model's knobs: declared once, in the model, and never listed here."""

from __future__ import annotations

import argparse
import re
import types
import typing
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import TypeAdapter, ValidationError

from yogo.recipe import KnobField, Recipe, knobs, spelled
from yogo.text.wording import sentences

_YES, _NO = ("yes", "y", "true", "on"), ("no", "n", "false", "off")
_NUMBER = re.compile(r"-\d")

GIVEN_WITHOUT_VALUE = object()
"""The value of a flag that was given without one, where that is allowed."""


def add_knobs(
    parser: argparse.ArgumentParser,
    model: type = Recipe,
    *,
    required: tuple[str, ...] = (),
    one_of: tuple[str, ...] = (),
) -> None:
    """One argument a knob, grouped as the knobs are: what the model declares itself, then what it shares with others.
    One that was not given leaves no attribute.

    `required` must be given though the model has a default for them; `one_of` exclude each other.
    """
    groups: dict[str, argparse._ActionsContainer] = {}
    for one in sorted(knobs(model), key=lambda one: one.name not in model.__annotations__):
        place = one.knob.group
        if place not in groups:
            groups[place] = parser.add_argument_group(place) if place else parser
        container, is_required = groups[place], one.name in required or one.field.is_required()
        if one.name in one_of:
            if one.name == one_of[0]:
                groups["one of"] = container.add_mutually_exclusive_group(required=is_required)
            container, is_required = groups["one of"], False
        container.add_argument(*_names(one), **_settings(one, is_required=is_required))


def add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--json", action=argparse.BooleanOptionalAction, default=False, help="Print JSON, for programs. (default: no)"
    )


def given(args: argparse.Namespace, model: type = Recipe) -> dict[str, Any]:
    """What the user gave for the model's knobs, by field name."""
    values = {one.name: getattr(args, one.name) for one in knobs(model) if hasattr(args, one.name)}
    return {name: value for name, value in values.items() if value is not GIVEN_WITHOUT_VALUE}


def flag_of(one: KnobField) -> str:
    """The flag that is shown for it."""
    return one.knob.flag or spelled(one.name)


def is_switch(one: KnobField) -> bool:
    """Whether it is given as --FLAG or --no-FLAG."""
    return _kind(one.field.annotation)[0] is bool


def default_of(one: KnobField) -> str:
    """What help says of its default; empty if there is none."""
    return one.knob.default or ("" if one.field.is_required() else _shown(one.field.get_default()))


def help_of(one: KnobField) -> str:
    """Its help as the command prints it, with the default and the words that it may be."""
    choices = _choices(one)
    one_of = f" One of {', '.join(choices)}." if choices else ""
    return _help(one).replace("%%", "%") + one_of


def words_of(one: KnobField, text: str) -> list[str]:
    """The words of a command line that give it this value, as a person types it into a form: yes or no for a switch."""
    if is_switch(one):
        flag = flag_of(one)
        return [flag if text.strip().lower() in _YES else f"--no-{flag.removeprefix('--')}"]
    several = len(one.knob.metavars) > 1 or _kind(one.field.annotation)[1]
    return [flag_of(one), *(text.split() if several and not _choices(one) else [text.strip()])]


def problem_of(one: KnobField, text: str) -> str:
    """What is wrong with a value that a person types into a form, as the command says it; empty if nothing is."""
    if is_switch(one):
        return "" if text.strip().lower() in (*_YES, *_NO) else "must be yes or no"
    if (choices := _choices(one)) and text.strip() not in choices:
        return f"must be one of {', '.join(choices)}"
    parser = _Raising(add_help=False, allow_abbrev=False)
    parser.add_argument(*_names(one), **_settings(one, is_required=False))
    words = words_of(one, text)
    if any(word.startswith("-") and not _NUMBER.match(word) for word in words[1:]):
        return "must not begin with -"
    try:
        parser.parse_args(words)
    except argparse.ArgumentError as error:
        return error.message.removeprefix("it ").removeprefix("it: ")
    except _Refused as refused:
        return str(refused)
    return ""


def _choices(one: KnobField) -> tuple[str, ...]:
    """The words that it may be; empty where it is free."""
    kind, parts = _kind(one.field.annotation)
    return tuple(map(str, one.knob.choices or (parts if kind is typing.Literal else ())))


class _Refused(Exception):
    """Words that no argument takes."""


class _Raising(argparse.ArgumentParser):
    """Raises what is wrong instead of printing it and ending the process."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(exit_on_error=False, **settings)

    def error(self, message: str) -> typing.NoReturn:
        raise _Refused(message)


def _names(one: KnobField) -> tuple[str, ...]:
    if one.knob.is_positional:
        return (one.name,)
    return (*one.knob.aliases, flag_of(one))


def _settings(one: KnobField, *, is_required: bool) -> dict[str, Any]:
    """How argparse reads one field."""
    knob, (kind, parts) = one.knob, _kind(one.field.annotation)
    settings: dict[str, Any] = {"help": _help(one), "default": argparse.SUPPRESS}
    if kind is bool and not knob.is_positional:  # without a metavar, which Python 3.14 refuses here
        return settings | {"dest": one.name, "required": is_required, "action": argparse.BooleanOptionalAction}
    settings["metavar"] = _metavar(one, kind)
    if knob.is_positional:  # without a `type`, with which Python 3.11 would read the default too
        return settings | {"nargs": None if is_required else "?"}
    settings |= {"dest": one.name, "required": is_required}
    if knob.may_be_bare:
        settings |= {"nargs": "?", "const": GIVEN_WITHOUT_VALUE}
    if choices := knob.choices or (parts if kind is typing.Literal else ()):
        by_text = {str(choice): choice for choice in choices}
        return settings | {"choices": choices, "type": lambda text: by_text.get(text, text)}
    if len(knob.metavars) > 1:
        settings["nargs"] = len(knob.metavars)
    elif parts:
        settings["nargs"] = "+"
    whole: Any = Annotated[one.field.annotation, *one.field.metadata]
    return settings | {"type": _reader(parts[0] if parts else whole)}


def _kind(annotation: Any) -> tuple[Any, tuple[Any, ...]]:
    """Its plain type, and what a tuple holds or the words of a Literal: (int, ()) of `Annotated[int, Gt(0)] | None`."""
    kind, parts = typing.get_origin(annotation), typing.get_args(annotation)
    if kind in (typing.Union, types.UnionType, Annotated):
        return _kind(parts[0])
    return kind or annotation, parts


def _metavar(one: KnobField, kind: Any) -> str | tuple[str, ...] | None:
    knob = one.knob
    if knob.is_positional:
        return knob.flag
    if knob.metavars:
        return knob.metavars if len(knob.metavars) > 1 else knob.metavars[0]
    if knob.choices:
        return "NAME" if len(knob.choices) > 6 else None
    return {int: "N", float: "X", str: "TEXT"}.get(kind)


def _help(one: KnobField) -> str:
    default = default_of(one)
    return (f"{one.text} (default: {default})" if default else one.text).replace("%", "%%")


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return " ".join(str(part) for part in value)
    return {True: "yes", False: "no", None: ""}[value] if isinstance(value, bool | None) else str(value)


def _reader(kind: Any) -> Callable[[str], Any]:
    """Reads text as the model would, and says in the model's words what is wrong with it."""

    def read(text: str) -> Any:
        try:
            return TypeAdapter(kind).validate_strings(text)
        except ValidationError as error:
            raise argparse.ArgumentTypeError("; ".join(one.said("it") for one in sentences(error))) from error

    return read
