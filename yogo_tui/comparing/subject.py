"""A run that is compared: what the list of runs knows of it, and what was read for the comparison."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePath

from yogo.recipe import Recipe
from yogo.run.launch import Launch
from yogo.run.manifest import Manifest
from yogo_tui.questions.comparing import ReadRun
from yogo_tui.runs.model import Run


@dataclass(frozen=True, slots=True)
class Subject:
    run: Run
    read: ReadRun = field(default_factory=ReadRun)
    label: str = ""
    """What it is called in this comparison: its name, with its folder where several have that name."""

    @property
    def source(self) -> Manifest | Launch | None:
        """What really ran; what was asked for, where that is not known."""
        return self.run.manifest or self.run.launch

    @property
    def recipe(self) -> Recipe | None:
        return self.source.recipe if self.source else None

    def digest(self, part: str) -> str:
        """Of the images and labels of a part of its data; empty if it is not known."""
        return self.read.data[part].digest if part in self.read.data else ""


def labelled(subjects: tuple[Subject, ...]) -> tuple[Subject, ...]:
    """The subjects, each with a label of its own."""
    names = [one.run.name for one in subjects]
    return tuple(
        Subject(one.run, one.read, _label(one.run) if names.count(one.run.name) > 1 else one.run.name)
        for one in subjects
    )


def _label(run: Run) -> str:
    if run.path is None:
        return run.key
    workspace = PurePath(run.path).parent.parent
    return f"{workspace.name}/{run.name}"
