"""Changes for one launch alone: any field of its recipe and of its job's size, as a person gives them."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from pydantic import BaseModel

from yogo.recipe import Knob, KnobField, Recipe, UnfitValues, applied, bare, docstrings, knobs, spellings
from yogo.text.wording import ValidationIssue, meant
from yogo_tui.errors import ConsoleError, LaunchError
from yogo_tui.launch.plan import FieldChange
from yogo_tui.runs.parent import ParentInfo
from yogo_tui.settings import SizePreset
from yogo_tui.words import as_typed, duration

_NOT_OF_A_LAUNCH = ("name",)
"""Fields of a size that stay as the settings have them."""

_LABELS = {
    "gpus": "GPUs",
    "cpus": "CPUs",
    "gpu_type": "GPU type",
    "qos": "QOS",
    "memory_gib": "Memory (GiB)",
    "setup": "Set-up lines",
}

TEXT_LISTS = ("sbatch", "setup")
"""Fields that are lists of texts."""

_PARTS = re.compile(r"""(?:'[^']*'|"(?:\\.|[^"\\])*"|\\.|;;|[^;])+""")
"""What a ; outside of quotes parts."""

M = TypeVar("M", bound=BaseModel)


class NoSuchChange(ConsoleError):
    """What was given is no change of a field."""


@dataclass(frozen=True, slots=True)
class Setup:
    """How a run trains, and on what kind of job."""

    recipe: Recipe
    size: SizePreset


@functools.cache
def preset_knobs() -> tuple[KnobField, ...]:
    """Every field of a size, as those of a recipe are described, its name first."""
    texts = docstrings(SizePreset)
    return tuple(
        KnobField(
            name,
            SizePreset.model_fields[name],
            Knob(_LABELS.get(name) or name.replace("_", " ").capitalize(), "" if name in _NOT_OF_A_LAUNCH else "Job"),
            texts.get(name, ""),
        )
        for name in sorted(SizePreset.model_fields, key=lambda name: name not in _NOT_OF_A_LAUNCH)
    )


def size_knobs() -> tuple[KnobField, ...]:
    """The fields of a size that a launch may change."""
    return tuple(one for one in preset_knobs() if one.name not in _NOT_OF_A_LAUNCH)


@functools.cache
def recipe_knobs() -> tuple[KnobField, ...]:
    return tuple(knobs())


@functools.cache
def launch_knobs() -> Mapping[str, KnobField]:
    """Every field that a launch may change, by its name."""
    return {one.name: one for one in (*recipe_knobs(), *size_knobs())}


def read_changes(texts: Iterable[str], flag: str = "--set") -> dict[str, str]:
    """The fields and values in `lr=0.001`, `--batch-size=8`, `normalize-images` or `no-flips`; a field may be spelled
    like any of its flags. Raises NoSuchChange."""
    known, given = launch_knobs(), {}
    for text in texts:
        said, is_sign, value = text.partition("=")
        name = _named(said)
        if not is_sign and (switch := _switch(bare(said))):
            name, value = switch
        elif not said.strip() or (name and not is_sign):
            raise NoSuchChange(f"{flag} {text}: give FIELD=VALUE, such as epochs=16.")
        if name is None:
            raise NoSuchChange(f'There is no field "{said.strip()}". {meant(bare(said), known)}')
        given[name] = value.strip()
    return given


def _named(spelling: str) -> str | None:
    """The field that is spelled so; None if there is none."""
    return spellings(launch_knobs().values()).get(bare(spelling))


def _switch(spelling: str) -> tuple[str, str] | None:
    """The field that is switched on or off by its flag alone, and yes or no; None if it is no switch."""
    for name, value in ((spelling, "yes"), (spelling.removeprefix("no_"), "no")):
        if name in launch_knobs() and launch_knobs()[name].field.annotation is bool:
            return name, value
    return None


def changed(base: Setup, given: Mapping[str, str]) -> Setup:
    """`base` with what was typed for its fields. Raises UnfitValues, with a sentence for each field that is refused."""
    of_size = {one.name for one in size_knobs()}
    faults: list[ValidationIssue] = []

    def taken(model: M, values: Mapping[str, str]) -> M:
        others = {name: text for name, text in values.items() if text != as_typed(getattr(model, name))}
        try:
            return (
                applied(model, {name: typed_value(launch_knobs()[name], text) for name, text in others.items()})
                if others
                else model
            )
        except UnfitValues as error:
            faults.extend(map(_at_its_field, error.faults))
            return model

    recipe = taken(base.recipe, {name: text for name, text in given.items() if name not in of_size})
    size = taken(base.size, {name: text for name, text in given.items() if name in of_size})
    if faults:
        raise UnfitValues(tuple(faults), str)
    return Setup(recipe, size)


def changed_recipe(recipe: Recipe, texts: Iterable[str]) -> Recipe:
    """`recipe` with each `field=value` applied. Raises NoSuchChange, also for a field of a size; UnfitValues."""
    given = read_changes(texts)
    for one in size_knobs():
        if one.name in given:
            raise NoSuchChange(f"{one.name} is no field of a recipe: it belongs to a size, or to a launch.")
    return applied(recipe, given)


def typed_value(one: KnobField, text: str) -> object:
    """What is typed for a field: None where nothing is, and the field may be without a value; a list, where it is one.

    What is left is text, which the field itself reads.
    """
    if not text.strip() and not one.field.is_required() and one.field.get_default() is None:
        return None
    if one.name not in TEXT_LISTS:
        return text
    return [] if text.strip() == as_typed(()) else [part.strip() for part in _PARTS.findall(text) if part.strip()]


def _at_its_field(fault: ValidationIssue) -> ValidationIssue:
    """A fault of the whole that begins with the name of a field, as one of that field."""
    name = fault.message.partition(":")[0]
    return fault if fault.where or name not in launch_knobs() else replace(fault, where=(name,))


def differences(before: Setup, now: Setup) -> tuple[FieldChange, ...]:
    """What `now` has otherwise than `before`."""
    pairs = [
        (field, getattr(one, field), getattr(other, field))
        for one, other in ((before.recipe, now.recipe), (before.size, now.size))
        for field in type(one).model_fields
    ]
    return tuple(
        FieldChange(field, as_typed(later), as_typed(earlier)) for field, earlier, later in pairs if earlier != later
    )


def change_words(change: FieldChange) -> str:
    """A change as the form calls its field, such as "batch size 8, and not 16"; a time limit with its units."""
    now, before = change.now or "none", change.before or "none"
    if change.field == "hours":
        now, before = (_time_words(float(hours)) for hours in (now, before))
        return f"time limit {now}, and not {before}"
    return f"{field_words(change.field)} {now}, and not {before}"


def _time_words(hours: float) -> str:
    return f"{hours:g} h" if hours >= 1 else duration(3_600 * hours)


def field_words(name: str) -> str:
    """What the form calls a field, in the middle of a sentence."""
    label = launch_knobs()[name].knob.label or name
    return label if label[:2].isupper() else label[0].lower() + label[1:]


def without_inherited(changes: Iterable[FieldChange], parent: ParentInfo | None) -> tuple[FieldChange, ...]:
    """Without those that the parent's weights make anyway."""
    return tuple(one for one in changes if parent is None or _has(parent, one.field) != one.now)


def check_changes(parent: ParentInfo, recipe: Recipe, fields: Iterable[str]) -> None:
    """Raises LaunchError if one of these fields, which were changed, is decided by the weights, and otherwise."""
    for field in fields:
        if (has := _has(parent, field)) is not None and has != as_typed(getattr(recipe, field)):
            raise LaunchError(f"{field} cannot be changed for a fine-tune: the weights decide it, and theirs is {has}.")


def _has(parent: ParentInfo, field: str) -> str | None:
    """What the weights decide of this field; None if they do not."""
    return as_typed(getattr(parent.weights, field)) if launch_knobs()[field].knob.inherited else None
