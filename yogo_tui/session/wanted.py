"""What the user has chosen to launch so far. It may be incomplete, and is not checked yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from yogo.presets import Preset
from yogo.run.launch import Kind
from yogo.text.wording import counted
from yogo_tui.cluster.base import Machine
from yogo_tui.launch.machine import launch_words
from yogo_tui.launch.plan import kind_of
from yogo_tui.questions.definitions import DefinitionFile
from yogo_tui.runs.parent import ParentInfo
from yogo_tui.settings import SizePreset


@dataclass(frozen=True, slots=True)
class Then:
    """The fine-tune to queue behind the run."""

    definition: Path
    preset: Preset
    name: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """The choices of the Launch screen. It is immutable: each choice makes a new one."""

    name: str
    size: SizePreset
    preset: Preset
    definition: Path | None = None
    parent: ParentInfo | None = None
    then: Then | None = None
    template: str = ""
    """Name of a script template to use instead of the size's own; empty for the latter."""

    reset_head: bool = False
    """Whether a fine-tune whose classes differ from its parent's may start with new class outputs."""

    def after(self, before: Wanted) -> Wanted:
        """These choices after `before`. `reset_head` is kept only if definition, parent and fine-tune are the same."""
        same = (self.definition, self.parent, self.then) == (before.definition, before.parent, before.then)
        return self if same else replace(self, reset_head=False)

    @property
    def job_size(self) -> SizePreset:
        """The size, with the template that was chosen."""
        return self.size.model_copy(update={"template": self.template}) if self.template else self.size

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
        """The question that asks whether to launch, in one sentence."""
        assert self.definition is not None
        head = " with new class outputs" if self.reset_head else ""
        said = launch_words(
            self.name,
            definition=self.definition,
            preset=self.preset.title,
            recipe=self.preset.recipe,
            size=self.job_size,
            machine=machine,
        )
        one = f"Submit {said}"
        if self.then:
            epochs = counted(self.then.preset.recipe.epochs, "epoch")
            then = f"{self.then.definition.name}, {self.then.preset.title}, {epochs}"
            return f"{one} and behind it the fine-tune {self.then.name} ({then}){head}?"
        if self.parent and self.parent.from_run and not self.parent.from_run.state.is_over:
            return f"{one}{head} behind {self.parent.from_run.name}, to start once that has finished?"
        return f"{one}{head}?"


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
