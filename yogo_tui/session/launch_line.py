"""The command that launches what the form of Launch holds: `yogo-tui launch …`, for a fine-tune `yogo-tui chain …`."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from yogo.presets import Preset
from yogo.recipe import Recipe
from yogo_tui.errors import SettingsError
from yogo_tui.launch.plan import FieldChange
from yogo_tui.session.changes import Setup, differences, launch_knobs, without_inherited
from yogo_tui.session.wanted import Wanted
from yogo_tui.settings import Settings, SizePreset


@dataclass(frozen=True, slots=True)
class LaunchLine:
    """Makes the command. With `--dry-run` behind it, it prints the scripts that the form would submit."""

    settings: Settings
    presets: Sequence[Preset]
    """Those that can be named by --recipe."""

    place: Sequence[str] = ()
    """The options that say where the console works."""

    def words(self, form: Wanted, script: PurePosixPath | None = None) -> list[str]:
        """Its arguments. `script` is the file of the script that was edited for this launch; None if none was. Raises
        SettingsError if no size of the settings can be named."""
        recipe, base = self._recipe(form.preset)
        title, size = self._size(form.job_size)
        changes = without_inherited(differences(Setup(base, size), form.setup), form.parent)
        return [
            *self._begun(form),
            *("--recipe", recipe, "--size", title, "--name", form.name),
            *_set("--set", changes),
            *(["--reset-head"] if form.reset_head and form.parent else []),
            *self._then(form),
            *(["--script", str(script)] if script else []),
            *self.place,
        ]

    def text(self, form: Wanted, script: PurePosixPath | None = None) -> str:
        """The whole line, for a shell. Raises as `words`."""
        return shlex.join(["yogo-tui", *self.words(form, script)])

    def _begun(self, form: Wanted) -> list[str]:
        if form.parent is None:
            return ["launch", str(form.definition)]
        return ["chain", form.parent.parent.run or form.parent.parent.checkpoint, str(form.definition)]

    def _then(self, form: Wanted) -> list[str]:
        then = form.then
        if then is None:
            return []
        recipe, base = self._recipe(then.preset)
        changes = differences(Setup(base, form.job_size), Setup(then.recipe, form.job_size))
        return [
            *("--then-finetune", str(then.definition), "--then-recipe", recipe, "--then-name", then.name),
            *_set("--then-set", (one for one in changes if not launch_knobs()[one.field].knob.inherited)),
            *(["--then-reset-head"] if form.reset_head else []),
        ]

    def _recipe(self, preset: Preset) -> tuple[str, Recipe]:
        """What names the recipe for --recipe, and what is read by that name. One that is a run's own is named by what
        is nearest to it."""
        for name in filter(None, (preset.slug, str(preset.path or ""))):
            found = self._named(name)
            if found and (found.path, found.title) == (preset.path, preset.title):
                return name, found.recipe
        near = self._named(preset.slug) or self._named("defaults")
        return (near.slug, near.recipe) if near else ("defaults", Recipe())

    def _named(self, name: str) -> Preset | None:
        """The user's own before a built-in one, as --recipe finds it."""
        known = sorted((one for one in self.presets if not one.problem), key=lambda one: one.path is None)
        for one in known:
            if name.casefold() in (one.slug.casefold(), one.title.casefold()) or name == str(one.path):
                return one
        return None

    def _size(self, wanted: SizePreset) -> tuple[str, SizePreset]:
        """What names the size that is nearest to it for --size, and that size."""
        nearest = sorted(self.settings.sizes, key=lambda one: _distance(one, wanted))
        for size in nearest:
            try:
                return size.title, self.settings.size(size.title)
            except SettingsError:
                continue
        return nearest[0].title, self.settings.size(nearest[0].title)


def _distance(one: SizePreset, other: SizePreset) -> int:
    recipe = Recipe()
    return len(differences(Setup(recipe, one), Setup(recipe, other)))


def _set(flag: str, changes: Iterable[FieldChange]) -> list[str]:
    given = [f"{one.field}={one.now.replace(' × ', 'x')}" for one in changes]
    return [flag, *given] if given else []
