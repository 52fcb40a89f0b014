"""A run's recipe in few words: its preset, and what it sets otherwise than that one."""

from __future__ import annotations

import functools
from collections.abc import Iterator

from yogo.recipe import Recipe, knobs
from yogo_tui.runs.model import Run
from yogo_tui.words import as_typed

_SHORT = {"learning_rate": "lr", "batch_size": "batch", "weight_decay": "wd"}
_SETTINGS = tuple((one.name, one.knob.inherited) for one in knobs())


def recipe_words(run: Run) -> str:
    """Such as "pretrain, lr .0005, batch 32"; empty if its recipe is not known.

    Settings that are passed on from its parent's weights are left out. Of a preset that is not built in, it is the
    differences from the defaults, as the file may have changed since.
    """
    source = run.launch or run.manifest
    if source is None:
        return ""
    preset = run.launch.preset if run.launch else ""
    has_parent = bool((run.launch and run.launch.parent) or (run.manifest and run.manifest.pretrained))
    return ", ".join(filter(None, (preset, *_differences(source.recipe, preset, has_parent))))


def _differences(recipe: Recipe, preset: str, has_parent: bool) -> Iterator[str]:
    base = _built_in().get(preset.casefold()) or Recipe()
    for name, is_inherited in _SETTINGS:
        value = getattr(recipe, name)
        if value != getattr(base, name) and not (has_parent and is_inherited):
            yield setting_words(name, value)


def setting_words(name: str, value: object) -> str:
    """Such as "lr .0005", "flips" or "no flips"."""
    word = _SHORT.get(name) or name.replace("_", " ")
    if isinstance(value, bool):
        return word if value else f"no {word}"
    said = as_typed(value)
    return f"{word} {said.removeprefix('0') if said.startswith('0.') else said}"


@functools.cache
def _built_in() -> dict[str, Recipe]:
    # only who shows them waits for them to be read
    from yogo.presets import builtin

    return {one.title.casefold(): one.recipe for one in builtin()} | {one.slug: one.recipe for one in builtin()}
