"""What may be said to the commands that use a model, for their form."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from yogo_tui.errors import LaunchError
from yogo_tui.hosts.base import Host
from yogo_tui.launch.purpose import Purpose
from yogo_tui.questions.definitions import FindDefinition
from yogo_tui.questions.paths import FindPath
from yogo_tui.questions.uses import CheckedOptions, CheckOptions, ListOptions, LookForRoles, Option, SeenBefore
from yogo_tui.runs.model import Run
from yogo_tui.settings import Settings

DATA = {
    Purpose.TEST: ("a definition", "A definition: its test images are looked at. ctrl+o lists those that there are."),
    Purpose.INFER: (
        "a folder, a zarr store or a file of samples",
        "The images to find cells in: a folder, or a zarr store; ctrl+o looks for them. Of a file of samples (.yml), "
        "the targets per µL of each sample are told too, with intervals.",
    ),
    Purpose.ASSAY: (
        "a definition or a file of samples",
        "A definition with roles, whose test images are looked at, or a file of samples, which need no labels. ctrl+o "
        "lists those that there are.",
    ),
    Purpose.REVIEW: (
        "a definition",
        "A definition: its labels are ranked by how much the model disagrees. ctrl+o lists those that there are. A "
        "model does not see errors that it has learnt: models of folds have not learnt them.",
    ),
    Purpose.LABEL: ("a folder of images", "The images to label: a folder. ctrl+o looks for it."),
    Purpose.NEXT: (
        "a folder of images",
        "The images to choose among: a folder, of which some may be labelled. ctrl+o looks for it.",
    ),
}
"""What the data of a use are, and a sentence about them."""

OUT = {
    Purpose.REVIEW: (
        "beside the definition",
        "The review folder. (default: a new one in reviews, beside the definition, where d in Datasets lists it)",
    ),
    Purpose.LABEL: (
        "in the run's folder",
        "The folder to write. A label file that is there stays as it is, so a job that was stopped is gone on with by "
        "naming its folder again. (default: a new folder below uses in the run's folder)",
    ),
    Purpose.NEXT: (
        "in the run's folder",
        "A new folder, for links to the chosen images and the reasons. (default: one below uses in the run's folder)",
    ),
}
"""The default of the folder that a use writes, in short, and a sentence about it."""


class Uses:
    def __init__(self, host: Host, settings: Settings) -> None:
        self._host = host
        self._settings = settings

    async def options(self, purpose: Purpose) -> tuple[Option, ...]:
        """The options of its command, as yogo declares them. Raises HostError."""
        return await self._host.ask(ListOptions(str(purpose)))

    async def check(self, purpose: Purpose, given: Mapping[str, str]) -> CheckedOptions:
        """The options as words of its command, and a sentence for each that is wrong. Raises HostError."""
        return await self._host.ask(CheckOptions(str(purpose), dict(given), self._settings.workspace_folder))

    async def source(self, purpose: Purpose, typed: str) -> PurePosixPath | None:
        """The data that a person has typed: a definition, or a folder or a zarr store of images; None for an export,
        which needs none. Raises LaunchError where they are not there, HostError."""
        text = typed.strip()
        match purpose:
            case Purpose.EXPORT:
                return None
            case Purpose.TEST | Purpose.ASSAY | Purpose.REVIEW if text:
                folders, workspace = self._settings.definition_folders, self._settings.workspace_folder
                question = FindDefinition(text, self._settings.start, folders, workspace)
                return PurePosixPath(await self._host.ask(question))
            case Purpose.INFER | Purpose.LABEL | Purpose.NEXT if text:
                found = await self._host.ask(FindPath(text, self._settings.start))
                if not found.is_there:
                    raise LaunchError(f"{found.path} does not exist")
                if purpose is not Purpose.INFER and found.is_file:
                    raise LaunchError(f"{found.path} is a file: name the folder of images")
                return PurePosixPath(found.path)
        raise LaunchError(f"{DATA[purpose][0]} is needed")

    async def is_definition(self, run: Run, source: PurePosixPath) -> bool:
        """Whether an assay of the run on these data looks at the test images of a definition, else at samples. Raises
        LaunchError where they have no roles, DefinitionError, HostError."""
        question = LookForRoles(Path(source), Path(run.path or ""), self._settings.workspace_folder)
        return await self._host.ask(question)

    async def place(self, typed: str) -> PurePosixPath:
        """Where a path that a person has typed leads, whether something is there or not. Raises HostError."""
        return PurePosixPath((await self._host.ask(FindPath(typed, self._settings.start))).path)

    async def seen_before(self, run: Run, definition: PurePosixPath) -> tuple[str, ...]:
        """Sentences on test images that the run, or one that it comes from, was trained on. Raises DefinitionError,
        HostError."""
        if run.path is None:
            return ()
        return await self._host.ask(SeenBefore(Path(run.path), Path(definition), self._settings.workspace_folder))
