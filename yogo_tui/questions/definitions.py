"""Questions about dataset definitions.

Each names the `workspace`: folders that do not lie beside their definition are looked for below it, as the jobs do,
wherever the process that answers has been started.
"""

from __future__ import annotations

import contextlib
import difflib
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from yogo.definition import (
    DatasetDefinition,
    DatasetSummary,
    InvalidDatasetDefinitionFile,
    Problem,
    check,
    split,
    survey,
)
from yogo.definition.samples_file import is_samples_file, samples_of
from yogo.errors import DefinitionError
from yogo.files.places import expanded
from yogo.text.wording import listed
from yogo_tui.advice import tui
from yogo_tui.errors import LaunchError
from yogo_tui.hosts.base import Tell

_LABEL_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class DefinitionFile:
    """A dataset-definition file that lies under one of the settings' folders."""

    path: Path
    root: Path
    """The folder of the settings that it was found under."""


@dataclass(frozen=True)
class ListDefinitions:
    """Every YAML file under some folders, by folder and name. Large folders are listed again only once they change."""

    folders: tuple[Path, ...]

    def answer(self, tell: Tell) -> tuple[DefinitionFile, ...]:
        from yogo_tui.questions.yaml_files import yaml_files

        found = {path: root for root in reversed(self.folders) for path in reversed(yaml_files(root, tell))}
        return tuple(DefinitionFile(path, root) for path, root in reversed(found.items()))


@dataclass(frozen=True)
class CheckDefinitions:
    """Every definition under some folders with its problems; no label or image is opened."""

    folders: tuple[Path, ...]
    workspace: Path

    def answer(self, tell: Tell) -> tuple[tuple[Path, list[Problem]], ...]:
        files = ListDefinitions(self.folders).answer(tell)
        return tuple((file.path, self._problems(file.path)) for file in files)

    def _problems(self, path: Path) -> list[Problem]:
        if is_samples_file(path):
            return list(samples_of(path, self.workspace).problems)
        return check(path, base=self.workspace)


@dataclass(frozen=True)
class FindDefinition:
    """The definition that `text` means: a file, by its path from `start`, or one in a folder of the settings. Raises
    LaunchError where there is none, or where it is to be checked and has errors."""

    text: str
    start: Path
    folders: tuple[Path, ...]
    workspace: Path
    is_checked: bool = False

    def answer(self, tell: Tell) -> Path:
        places = [self.start / expanded(Path(self.text)), *(folder / self.text for folder in self.folders)]
        found = next((Path(os.path.abspath(place)) for place in places if place.is_file()), None)
        if found is None:
            known = [str(file.path.relative_to(file.root)) for file in ListDefinitions(self.folders).answer(tell)]
            near = near_path(self.text, known)
            hint = f' Did you mean "{near}"?' if near else f" There are {listed(known)}." if 0 < len(known) < 6 else ""
            folders = ", ".join(map(str, self.folders))
            raise LaunchError(
                f"There is no dataset definition {self.text}, neither in {self.start} nor in {folders}.{hint}"
            )
        if self.is_checked:
            _refuse(found, check(found, base=self.workspace))
        return found


@dataclass(frozen=True)
class CheckDefinition:
    """The SHA-256 of what a definition says, once nothing is found that would stop a training on it; None where it
    cannot be read any more. The labels are read for a few seconds: the trainer reads all of them.

    Raises LaunchError with the first error.
    """

    path: Path
    workspace: Path
    parent: Path | None = None
    """The weights that a training on it starts from: its groups are compared with those that they have learnt."""

    seed: int = 0
    """Of the training, by which it is split."""

    def answer(self, tell: Tell) -> str | None:
        if not self.path.exists():
            raise LaunchError(f"There is no dataset definition {self.path}.")
        _refuse(self.path, check(self.path, base=self.workspace))
        until = time.monotonic() + _LABEL_SECONDS

        def go_on(done: int) -> None:
            tell("reading labels", done, 0)
            if time.monotonic() > until:
                raise TimeoutError

        with contextlib.suppress(TimeoutError):
            _refuse(self.path, survey(self.path, base=self.workspace, progress=go_on).problems)
        with contextlib.suppress(InvalidDatasetDefinitionFile):
            definition = DatasetDefinition.from_yaml(self.path, base=self.workspace)
            if self.parent is not None and definition.has_groups:
                self._compare_groups(definition, self.parent)
            return definition.sha256
        return None

    def _compare_groups(self, definition: DatasetDefinition, parent: Path) -> None:
        from yogo.definition.lineage import learnt_before
        from yogo_tui.questions.image_lists import counts_folder

        splits = split(definition, seed=self.seed, memory=counts_folder())
        try:
            learnt_before(definition, splits, parent)
        except DefinitionError as error:
            raise LaunchError(str(error)) from error


@dataclass(frozen=True)
class ClassesOf:
    """The class names of a definition. Raises DefinitionError."""

    path: Path
    workspace: Path

    def answer(self, tell: Tell) -> tuple[str, ...]:
        return DatasetDefinition.from_yaml(self.path, base=self.workspace).classes


@dataclass(frozen=True)
class Survey:
    """The counts of a definition, with every label read and every image looked at; what was found is remembered. Of a
    file of samples, what it names."""

    path: Path
    workspace: Path

    def answer(self, tell: Tell) -> DatasetSummary:
        from yogo.datasets.cache import own_folder
        from yogo.images.checking import full_survey

        if is_samples_file(self.path):
            file = samples_of(self.path, self.workspace).counted()
            return DatasetSummary(num_samples=len(file.samples), problems=list(file.problems), samples_file=file)
        key = self.path, self.workspace

        def show(found: DatasetSummary) -> None:
            _so_far[key] = found

        try:
            return full_survey(self.path, base=self.workspace, memory=own_folder(), progress=tell, partial=show)
        finally:
            _so_far.pop(key, None)


@dataclass(frozen=True)
class SurveySoFar:
    """What is known of a definition while its survey is under way; None where none is, or nothing is known yet."""

    path: Path
    workspace: Path

    def answer(self, tell: Tell) -> DatasetSummary | None:
        return _so_far.get((self.path, self.workspace))


_so_far: dict[tuple[Path, Path], DatasetSummary] = {}
"""By definition and workspace."""


def _refuse(definition: Path, problems: Iterable[Problem]) -> None:
    """Raises LaunchError with the first error, and how many more there are; or because it is no definition."""
    if is_samples_file(definition):
        raise LaunchError(f"{definition.name} is a file of samples: they have no labels to train on.")
    errors = [problem for problem in problems if problem.is_error]
    if errors:
        more = f" ({len(errors) - 1} more: {tui()} datasets {definition})" if errors[1:] else ""
        raise LaunchError(f"{errors[0]}{more}")


def near_path(text: str, known: Sequence[str]) -> str:
    """The relative path that is meant by another spelling of it, or of its name; empty where none is near."""

    def spellings(path: str) -> Iterator[str]:
        yield from (path, path.rpartition("/")[2], path.rpartition("/")[2].rpartition(".")[0])

    by_spelling = {one.casefold(): path for path in reversed(known) for one in spellings(path)}
    found = difflib.get_close_matches(text.casefold(), by_spelling, 1, 0.6)
    return by_spelling[found[0]] if found else ""
