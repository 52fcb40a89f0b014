"""What the user has chosen to launch so far. It may be incomplete, and is not checked yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from yogo.presets import Preset
from yogo.recipe import Recipe
from yogo.run.launch import Kind
from yogo.text.wording import counted
from yogo_tui.cluster.base import Machine
from yogo_tui.launch.machine import change_lines, launch_words, preset_words
from yogo_tui.launch.plan import FieldChange, kind_of
from yogo_tui.questions.definitions import DefinitionFile
from yogo_tui.runs.parent import ParentInfo
from yogo_tui.session.changes import Setup, differences, without_inherited
from yogo_tui.settings import SizePreset


@dataclass(frozen=True, slots=True)
class Then:
    """The fine-tune to queue behind the run."""

    definition: Path
    preset: Preset
    name: str
    own_recipe: Recipe | None = None
    """The preset's recipe as it is changed for this fine-tune alone; None if it is not."""

    @property
    def recipe(self) -> Recipe:
        return self.own_recipe or self.preset.recipe


@dataclass(frozen=True, slots=True)
class Wanted:
    """The choices of the Launch screen. It is immutable: each choice makes a new one."""

    name: str
    size: SizePreset
    preset: Preset
    definition: Path | None = None
    parent: ParentInfo | None = None
    then: Then | None = None
    own_recipe: Recipe | None = None
    """The preset's recipe as it is changed for this launch alone; None if it is not."""

    own_size: SizePreset | None = None
    """The size as it is changed for this launch alone; None if it is not."""

    reset_head: bool = False
    """Whether a fine-tune whose classes differ from its parent's may start with new class outputs."""

    script: str = ""
    """A job script that was edited for this launch alone; empty for the template's."""

    def after(self, before: Wanted) -> Wanted:
        """These choices after `before`. `reset_head` is kept only if definition, parent and fine-tune are the same, and
        an edited script only if nothing else has changed."""
        same = (self.definition, self.parent, self.then) == (before.definition, before.parent, before.then)
        kept = self if same else replace(self, reset_head=False)
        is_old = kept.script == before.script and replace(kept, then=before.then) != before
        return replace(kept, script="") if is_old else kept

    @property
    def recipe(self) -> Recipe:
        return self.own_recipe or self.preset.recipe

    def refitted(self, before: Sequence[SizePreset], now: Sequence[SizePreset]) -> Wanted:
        """These choices where the sizes of the settings were `before` and are others now: a size that was one of them
        is the one of the same title, else the first one."""
        if self.size not in before or self.size in now:
            return self
        alike = [size for size in now if size.title == self.size.title]
        return replace(self, size=(alike or [*now])[0])

    @property
    def job_size(self) -> SizePreset:
        return self.own_size or self.size

    @property
    def setup(self) -> Setup:
        """Recipe and size, with what is changed for this launch alone."""
        return Setup(self.recipe, self.job_size)

    @property
    def unchanged(self) -> Setup:
        """Recipe and size as they are chosen."""
        return Setup(self.preset.recipe, self.size)

    @property
    def changes(self) -> tuple[FieldChange, ...]:
        """What is changed for this launch alone, without what the weights decide anyway."""
        return without_inherited(differences(self.unchanged, self.setup), self.parent)

    @property
    def then_changes(self) -> tuple[FieldChange, ...]:
        """What is changed for the fine-tune behind it alone."""
        then, size = self.then, self.job_size
        return differences(Setup(then.preset.recipe, size), Setup(then.recipe, size)) if then else ()

    def with_preset(self, preset: Preset) -> Wanted:
        """With this recipe, unchanged."""
        return replace(self, preset=preset, own_recipe=None)

    def with_size(self, size: SizePreset) -> Wanted:
        """With this size, unchanged."""
        return replace(self, size=size, own_size=None)

    def with_setup(self, setup: Setup) -> Wanted:
        """With these changes of the recipe and the size that were chosen."""
        return replace(self, own_recipe=setup.recipe, own_size=setup.size)

    @property
    def kind(self) -> Kind:
        if self.parent:
            return Kind.FINETUNE
        return Kind.PRETRAIN if self.then else kind_of(self.preset.slug)

    @property
    def missing(self) -> str:
        """Why it cannot be launched yet; empty if it can."""
        if self.definition is None:
            return "choose the data first: press d"
        return f"the recipe cannot be read: {self.preset.problem}" if self.preset.problem else ""

    def question(self, machine: Machine | None) -> str:
        """The question that asks whether to launch, and a line below it on what is changed for this launch alone."""
        assert self.definition is not None
        head = " with new class outputs" if self.reset_head else ""
        said = launch_words(
            self.name,
            definition=self.definition,
            preset=self.preset.title,
            recipe=self.recipe,
            size=self.job_size,
            machine=machine,
            changes=self.changes,
        )
        lines = change_lines(self.changes, self.name if self.then else "")
        end = f"{head}?"
        if self.then:
            epochs = counted(self.then.recipe.epochs, "epoch")
            with_what = preset_words(self.then.preset.title, self.then_changes)
            then = f"{self.then.definition.name}, {with_what}, {epochs}"
            end = f" and behind it the fine-tune {self.then.name} ({then}){head}?"
            lines += change_lines(self.then_changes, self.then.name)
        elif self.parent and self.parent.from_run and not self.parent.from_run.state.is_over:
            end = f"{head} behind {self.parent.from_run.name}, to start once that has finished?"
        return "\n".join((f"Submit {said}{end}", *lines))


def preset_for(presets: Sequence[Preset], kind: Kind) -> Preset:
    """The preset to begin with: the user's own one named for this kind of run, else the shipped one, else the first."""
    fitting = [preset for preset in presets if kind.value in preset.slug.replace("-", "") and not preset.problem]
    own = [preset for preset in fitting if preset.path is not None]
    shipped = fitting if kind is Kind.FINETUNE else []
    return next(iter((*own, *shipped)), presets[0])


def definition_for(files: Sequence[DefinitionFile], word: str) -> Path | None:
    """The definition to begin with: the only one, or the only one whose path contains `word`; None if unclear."""
    fitting = [file.path for file in files if word in str(file.path.relative_to(file.root))]
    return fitting[0] if len(fitting) == 1 else files[0].path if len(files) == 1 else None
