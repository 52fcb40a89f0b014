"""Flags made from a model's knobs: declared once, in the model, and never listed here."""

from __future__ import annotations

import argparse
import math
import types
import typing
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from yogo.recipe import Knob, Recipe, knobs

GIVEN_WITHOUT_VALUE = object()
"""What a flag holds that was given alone, where it may be."""


def add_knobs(
    parser: argparse.ArgumentParser, model: type[BaseModel] = Recipe, *, optional_value: tuple[str, ...] = ()
) -> None:
    """One flag a knob, grouped as the knobs are. A flag that was not given leaves no attribute."""
    groups: dict[str, argparse._ArgumentGroup] = {}
    for name, field, knob in knobs(model):
        if knob.group not in groups:
            groups[knob.group] = parser.add_argument_group(knob.group.lower())
        names = [*knob.aliases, f"--{name.replace('_', '-')}"]
        settings = _settings(name, field, knob)
        if name in optional_value:
            settings |= {"nargs": "?", "const": GIVEN_WITHOUT_VALUE}
        groups[knob.group].add_argument(*names, dest=name, default=argparse.SUPPRESS, **settings)


def given(args: argparse.Namespace, model: type[BaseModel] = Recipe) -> dict[str, Any]:
    """What the user gave for the model's knobs, by field name."""
    values = {name: getattr(args, name) for name, _, _ in knobs(model) if hasattr(args, name)}
    return {name: value for name, value in values.items() if value is not GIVEN_WITHOUT_VALUE}


def _settings(name: str, field: FieldInfo, knob: Knob) -> dict[str, Any]:
    """How argparse reads one field. Values stay text: the model says what is wrong with them, in its words."""
    kind = field.annotation
    text = f"{field.description or ''} (default: {_shown(field.default)})".replace("%", "%%")
    if kind is bool:
        return {"action": argparse.BooleanOptionalAction, "help": text}
    if typing.get_origin(kind) is tuple:
        letters = tuple(name.rpartition("_")[2].upper())
        return {"nargs": len(letters), "metavar": letters, "help": text}
    choices = knob.choices or _literals(kind)
    if choices:
        return {"choices": choices, "metavar": "NAME" if len(choices) > 6 else None, "help": text}
    return {"metavar": _metavar(kind), "help": text}


def _literals(kind: Any) -> tuple[str, ...]:
    if typing.get_origin(kind) is typing.Literal:
        return tuple(str(value) for value in typing.get_args(kind))
    return ()


def _metavar(kind: Any) -> str:
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        kind = next(part for part in typing.get_args(kind) if part is not type(None))
    return {int: "N", float: "X", str: "TEXT"}.get(typing.get_origin(kind) or kind, "VALUE")


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return " ".join(str(part) for part in value)
    return "none" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def add_image_bits(parser: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:
    parser.add_argument(
        "--image-bits",
        choices=("auto", "8", "10", "12", "14", "16"),
        help="how deep pictures of more than 8 bits are: 12 means that 4095 is white; auto looks at them (default: as "
        "the weights were trained, else auto)",
    )


def image_bits(args: argparse.Namespace) -> Any:
    """What was said of it, as yogo.training.request.ImageBits."""
    said = args.image_bits
    return int(said) if said and said != "auto" else said


def num_processes(text: str) -> int:
    return _count(text, least=1)


def num_workers(text: str) -> int:
    return _count(text, least=0)


def num_pictures(text: str) -> int:
    return _count(text, least=1)


def num_channel(text: str) -> int:
    return _count(text, least=0)


def num_gib(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number < math.inf:
        raise argparse.ArgumentTypeError(f"must be a number of GiB, 0 or more, not {text!r}")
    return number


def _count(text: str, *, least: int) -> int:
    if not text.isdecimal() or int(text) < least:
        raise argparse.ArgumentTypeError(f"must be a whole number, {least} or more, not {text!r}")
    return int(text)
