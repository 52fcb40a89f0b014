"""What stands in the Launch form, and the plan that it makes. No widgets here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from yogo.presets import Preset
from yogo.recipe import differences
from yogo.run.launch import Kind
from yogo.wording import counted
from yogo_tui.errors import ConsoleError, LaunchError, OtherClasses
from yogo_tui.launch.machine import Machine, launch_words
from yogo_tui.launch.plan import Plan, kind_of
from yogo_tui.session import DefinitionFile, ParentInfo, Session
from yogo_tui.settings import SizePreset


@dataclass(frozen=True, slots=True)
class Then:
    """The fine-tune to queue behind."""

    definition: Path
    preset: Preset
    name: str


@dataclass(frozen=True, slots=True)
class Form:
    """Frozen: each key makes a new one."""

    name: str
    size: SizePreset
    preset: Preset
    definition: Path | None = None
    parent: ParentInfo | None = None
    then: Then | None = None
    template: str = ""
    """Another script template than the size's own."""

    reset_head: bool = False
    """Whether a fine-tune on other classes than its parent's may begin with new class outputs."""

    def after(self, before: Form) -> Form:
        """This form, shown after another: what was said of that one's classes holds only for the same ones."""
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
        """Why it cannot be launched yet; empty when it can."""
        if self.definition is None:
            return "choose the data first: press d"
        return f"the recipe cannot be read: {self.preset.problem}" if self.preset.problem else ""

    def question(self, machine: Machine | None) -> str:
        """What launching will do, in a sentence that can be read aloud."""
        assert self.definition is not None
        head = " with new class outputs" if self.reset_head else ""
        said = launch_words(
            self.name,
            definition=self.definition,
            preset=_short_name(self.preset),
            recipe=self.preset.recipe,
            size=self.job_size,
            machine=machine,
        )
        one = f"Submit {said}"
        if self.then:
            epochs = counted(self.then.preset.recipe.epochs, "epoch")
            then = f"{self.then.definition.name}, {_short_name(self.then.preset)}, {epochs}"
            return f"{one} and behind it the fine-tune {self.then.name} ({then}){head}?"
        if self.parent and self.parent.from_run and not self.parent.from_run.state.is_over:
            return f"{one}{head} behind {self.parent.from_run.name}, to start once that has finished?"
        return f"{one}{head}?"


async def make_plan(session: Session, form: Form) -> Plan:
    """The plan for what the form says. Raises LaunchError."""
    assert form.definition is not None
    if form.parent is None:
        return Plan(
            name=form.name,
            kind=form.kind,
            definition=PurePosixPath(form.definition),
            recipe=form.preset.recipe,
            size=form.job_size,
            preset=form.preset.title,
        )
    return await _finetune(session, form, form.parent, Then(form.definition, form.preset, form.name))


async def make_then(session: Session, form: Form, plan: Plan) -> Plan | None:
    """The fine-tune behind `plan`, but for the job to wait for. Raises LaunchError, as where its classes do not fit."""
    if form.then is None:
        return None
    return await _finetune(session, form, await session.parent_of_plan(plan), form.then)


async def _finetune(session: Session, form: Form, parent: ParentInfo, then: Then) -> Plan:
    async def plan(*, reset_head: bool) -> Plan:
        return await session.plan_finetune(
            parent,
            definition=then.definition,
            recipe=then.preset.recipe,
            size=form.job_size,
            name=then.name,
            preset=then.preset.title,
            reset_head=reset_head,
        )

    try:
        return await plan(reset_head=False)
    except OtherClasses:
        if not form.reset_head:
            raise
        return await plan(reset_head=True)  # there alone: where the classes are the same, their outputs are worth much


async def launch_form(session: Session, form: Form) -> str:
    """Submit what the form says; what is worth saying of it. Both plans stand before either is submitted.

    Raises LaunchError, ClusterError, HostError.
    """
    plan = await make_plan(session, form)
    then = await make_then(session, form, plan)
    launched = await session.launch(plan)
    if then is None:
        return launched.notice or f"{plan.name} is submitted"
    if launched.job_id is None:
        raise LaunchError(f"{launched.notice} So {then.name} was not queued behind it.")
    try:
        await session.launch(replace(then, after=launched.job_id))
    except ConsoleError as error:
        raise LaunchError(f"{plan.name} is submitted, but {then.name} behind it is not: {error}") from error
    return f"{plan.name} is submitted, and {then.name} behind it"


def preset_for(presets: Sequence[Preset], kind: Kind) -> Preset:
    """The user's own preset that is named for this kind of run, before the shipped one; else the first."""
    fitting = [preset for preset in presets if kind.value in preset.slug.replace("-", "") and not preset.problem]
    own = [preset for preset in fitting if preset.path is not None]
    shipped = fitting if kind is Kind.FINETUNE else []
    return next(iter((*own, *shipped)), presets[0])


def definition_for(files: Sequence[DefinitionFile], word: str) -> Path | None:
    """The definition to begin with: the only one there is, or the only one whose path holds `word`."""
    fitting = [file.path for file in files if word in str(file.path.relative_to(file.root))]
    return fitting[0] if len(fitting) == 1 else files[0].path if len(files) == 1 else None


def shorten(definition: Path, files: Sequence[DefinitionFile]) -> str:
    """A definition's path below the folder of the settings that it lies in."""
    for file in files:
        if file.path == definition:
            return str(file.path.relative_to(file.root))
    return str(definition)


def parent_words(parent: ParentInfo) -> str:
    return f"{parent.from_run.name}'s best.pth" if parent.from_run else parent.parent.checkpoint


def inherited_words(parent: ParentInfo) -> tuple[str, ...]:
    """What passes forward from the parent, whatever the recipe says."""
    height, width = parent.image_hw
    normalised = "normalised" if parent.normalize_images else "not normalised"
    return f"inherits {parent.model},", f"{normalised}, {'colour' if parent.rgb_images else 'grey'}, {height}×{width}"


def recipe_words(preset: Preset) -> tuple[str, tuple[str, ...]]:
    """The recipe's name, and below it how many fields it sets."""
    count = len(differences(preset.recipe))
    return _short_name(preset), (counted(count, "difference"),) if count else ()


def _short_name(preset: Preset) -> str:
    return preset.slug or preset.title
