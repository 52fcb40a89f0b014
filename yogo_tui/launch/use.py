"""Submits jobs that use a run's best.pth: a test, inference on images, an assay, an export, a ranking of labels, new
labels, or a choice of images to label next.

Each use has a folder in the run directory, `uses/PURPOSE-TIME`, with its script, its log and its results. Results that
lie elsewhere are named there, in `makes.txt`.
"""

from __future__ import annotations

import asyncio
import math
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from yogo.review.chosen import CHOSEN
from yogo.review.ranking import DECISIONS, RANKING, REVIEWS
from yogo.run.directory import LOG, HostRunDirectory
from yogo.run.metrics import kind_of_results
from yogo.text.wording import counted
from yogo_tui.advice import tui
from yogo_tui.cluster.base import Cluster, JobId
from yogo_tui.errors import ClusterUnknown, HostError, LaunchError
from yogo_tui.hosts.base import Host
from yogo_tui.hosts.clock import time_there
from yogo_tui.launch.chain import not_submitted
from yogo_tui.launch.purpose import Purpose
from yogo_tui.launch.questions import RenderUse
from yogo_tui.questions.surroundings import LookAtPlace
from yogo_tui.settings import PinnedSettings, Settings, SizePreset

_MAKES = "makes.txt"
"""Names the folder of the results, where that is not the use's own."""

LABELLED = "labelled.yml"
"""The definition of new labels, in their folder."""

_WITH_OUT = (Purpose.REVIEW, Purpose.LABEL, Purpose.NEXT)
"""Those whose results may go into a folder that a person names."""

_INFERRED = {".zarr": "--path-to-zarr", ".zip": "--path-to-zarr", ".yml": "--samples", ".yaml": "--samples"}
"""The option of `yogo infer` by the suffix of the data, where they are no images."""

_FRESH = {RANKING: Purpose.REVIEW, CHOSEN: Purpose.NEXT, "labelled.json": Purpose.LABEL}
"""What a folder of such results holds once there are any, and of what."""


@dataclass(frozen=True, slots=True)
class Use:
    """A use that can be submitted."""

    purpose: Purpose
    run: str
    """The run's name."""

    directory: PurePosixPath
    """The run's folder, which holds best.pth."""

    size: SizePreset
    workspace: PurePosixPath
    """The folder that its job works in."""

    source: PurePosixPath | None = None
    """The definition to test on, to assay on or to review; the file of samples; or the folder of images (or zarr store)
    to look at."""

    options: tuple[str, ...] = ()
    """Further options of the command, as the user wrote them."""

    out: PurePosixPath | None = None
    """The folder for a review, for new labels or for chosen images, where it is not the usual one."""

    @property
    def name(self) -> str:
        """The name of its job."""
        return f"{self.run}-{self.purpose}"

    def words(self, folder: PurePosixPath) -> list[str]:
        """The arguments of `yogo`; the results are written into `folder`."""
        checkpoint, source = str(HostRunDirectory(self.directory).best), str(self.source or "")
        match self.purpose:
            case Purpose.TEST | Purpose.ASSAY:
                words = [checkpoint, source, "--dump-to-disk"]
            case Purpose.INFER:
                kind = _INFERRED.get(self.source.suffix if self.source else "", "--path-to-images")
                saved = ["--save-preds"] if kind == "--path-to-images" else []
                words = [checkpoint, kind, source, "--count", *saved, "--output-dir", str(folder)]
            case Purpose.EXPORT:
                words = [checkpoint, "--output-filename", str(folder / f"{self.run}.onnx")]
            case Purpose.REVIEW | Purpose.NEXT:
                words = [checkpoint, source, "--out", str(self.makes(folder))]
            case Purpose.LABEL:
                words = [checkpoint, source, str(self.makes(folder))]
        return [str(self.purpose), *words, *self.options]

    def makes(self, folder: PurePosixPath) -> PurePosixPath:
        """Path of the results: `folder`, but for a test or an assay the file that is written beside the weights, for a
        review a folder beside the definition, where Datasets finds it, and for labels or chosen images one that holds
        nothing else."""
        match self.purpose:
            case Purpose.TEST | Purpose.ASSAY if self.source:
                return self.directory / f"best-{self.purpose}-{self.source.stem}.json"
            case Purpose.REVIEW if self.source:
                return self.out or self.source.parent / REVIEWS / f"{self.source.stem}-{self.run}"
            case Purpose.LABEL:
                return self.out or folder / "labelled"
            case Purpose.NEXT:
                return self.out or folder / "chosen"
        return folder


@dataclass(frozen=True, slots=True)
class SubmittedUse:
    """A use that was submitted."""

    use: Use
    folder: PurePosixPath
    job_id: JobId | None
    """None if there was no answer, so that it is not known whether the job exists."""

    notice: str = ""

    @property
    def makes(self) -> PurePosixPath:
        """Path of its results."""
        return self.use.makes(self.folder)

    @property
    def next(self) -> str:
        """The command that goes on with the results; empty if there is none."""
        return _going_on(self.use.purpose, self.makes)


def _going_on(purpose: Purpose | None, made: PurePosixPath) -> str:
    if purpose is Purpose.ASSAY:
        return f"{tui()} results {shlex.quote(made.parent.name)}"
    command = {Purpose.REVIEW: "review", Purpose.NEXT: "chosen"}.get(purpose) if purpose else ""
    return f"{tui()} {command} {shlex.quote(str(made))}" if command else ""


@dataclass(frozen=True, slots=True)
class OutputFiles:
    """The files that a use has written."""

    folder: PurePosixPath
    files: tuple[str, ...]
    """Names of its results; the name of its log if there are none."""

    purpose: Purpose | None = None
    """What they are opened as: an assay, a review, labels or a choice; None if they are not opened."""

    @property
    def path(self) -> PurePosixPath:
        """What is opened: the folder, but for an assay its file."""
        return self.folder / self.files[0] if self.purpose is Purpose.ASSAY else self.folder

    @property
    def next(self) -> str:
        """The command that goes on with them; empty if there is none."""
        return _going_on(self.purpose, self.path)


def what_export_does(names: Sequence[str], options: Sequence[str], size: str) -> tuple[str, ...]:
    """What will happen where the best.pth of several runs is exported: sentences, the first one a question."""
    how = f" with {shlex.join(options)}" if options else ""
    each = f"Each exports the run's best.pth to ONNX and OpenVINO{how}, into a new folder of the run ({size})."
    return f"Submit {counted(len(names), 'job')}, one for each run?", each, f"{', '.join(names)}."


async def results(host: Host, directory: PurePosixPath) -> tuple[OutputFiles, ...]:
    """The results in the run `directory`: the figures of tests, beside the weights, then those of each use, the latest
    first. Raises HostError."""
    uses = HostRunDirectory(directory).uses
    try:
        folders = [entry.name for entry in await host.list(uses) if entry.is_folder]
    except FileNotFoundError:
        return ()
    newest = sorted(folders, key=lambda name: name.partition("-")[2], reverse=True)
    tested = sorted([entry.name for entry in await host.list(directory) if kind_of_results(entry.name)[0]])
    beside_it = [OutputFiles(directory, tuple(tested))] if tested else []
    return (*beside_it, *dict.fromkeys([await made_in(host, uses / name) for name in newest]))


async def end_of_use(host: Host, name: str, folder: PurePosixPath, *, is_done: bool, state: str) -> str:
    """What a job that is over has made into its `folder`, and how to go on: a sentence. Raises HostError."""
    run, made = folder.parent.parent.name, await made_in(host, folder)
    if not is_done:
        return f"{name}: {state}. Its log says how far it came: d in {run} names its folder."
    if made.purpose is None:
        return f"{name} is done: d in {run} lists what it made."
    return f"{name} is done: O in {run} opens what it made{f', as does: {made.next}' if made.next else '.'}"


async def made_in(host: Host, folder: PurePosixPath) -> OutputFiles:
    """What the use in `folder` has written. Raises HostError."""
    try:
        entries = await host.list(folder)
    except FileNotFoundError:  # removed meanwhile
        entries = ()
    names = [entry.name for entry in entries]
    begun = next((entry.modified for entry in entries if entry.name == _MAKES), math.inf)
    if _MAKES in names and (elsewhere := await _made_elsewhere(host, folder, begun)):
        return elsewhere
    made = [name for name in names if not name.endswith((".sbatch", LOG)) and name != _MAKES]
    return OutputFiles(folder, tuple(made or [name for name in names if name.endswith(LOG)]))


async def _made_elsewhere(host: Host, folder: PurePosixPath, begun: float) -> OutputFiles | None:
    """What lies where the use in `folder`, which was `begun` then, says; None while there are no results of it."""
    try:
        made = PurePosixPath((await host.read(folder / _MAKES)).data.decode())
        is_file = kind_of_results(made.name)[0] != ""
        entries = await host.list(made.parent if is_file else made)
    except (FileNotFoundError, NotADirectoryError):
        return None
    if is_file:  # another use may have written such a file before
        is_new = any(entry.name == made.name and entry.modified >= begun for entry in entries)
        return OutputFiles(made.parent, (made.name,), Purpose.ASSAY) if is_new else None
    names = sorted(entry.name for entry in entries)
    purpose = next((_FRESH[name] for name in names if name in _FRESH), None)
    if purpose is None:
        return None
    return OutputFiles(made, tuple(names), purpose)


async def use(host: Host, cluster: Cluster, settings: Settings, wanted: Use) -> SubmittedUse:
    """Submit it once. Raises LaunchError if a file that it needs is missing, TemplateError, ClusterError, HostError."""
    at, _ = await asyncio.gather(time_there(host), _check(host, wanted))
    folder = HostRunDirectory(wanted.directory).uses / f"{wanted.purpose}-{at.astimezone():%Y%m%d-%H%M%S-%f}"
    script = HostRunDirectory(folder).script
    words, pinned = wanted.words(folder), PinnedSettings.of(settings)
    text = await host.ask(RenderUse(pinned, wanted.size, wanted.name, folder, words, wanted.workspace))
    try:
        if (made := wanted.makes(folder)) != folder and wanted.purpose is not Purpose.TEST:
            await host.write(folder / _MAKES, str(made).encode())
        await host.write(script, text.encode())
        return SubmittedUse(wanted, folder, await cluster.submit(script))
    except HostError as error:
        raise not_submitted(wanted.name, error) from error
    except ClusterUnknown as error:
        return SubmittedUse(wanted, folder, None, f"It is not known whether the cluster has {wanted.name}: {error}")


async def _check(host: Host, wanted: Use) -> None:
    """Raises LaunchError if a file that the job needs does not exist, HostError."""
    checkpoint = HostRunDirectory(wanted.directory).best
    try:
        await host.read(checkpoint, limit=1)
    except FileNotFoundError:
        raise LaunchError(f"{wanted.run} has no best.pth yet: there is nothing to {wanted.purpose.words}.") from None
    if wanted.source is None and wanted.purpose is not Purpose.EXPORT:
        what = "definition to review" if wanted.purpose is Purpose.REVIEW else f"data to {wanted.purpose} it on"
        raise LaunchError(f"It is not known what {wanted.run} was trained on: name the {what}.")
    if wanted.source is not None and (await host.run(["test", "-e", str(wanted.source)], only_looks=True)).status:
        raise LaunchError(f"{wanted.source} does not exist.")
    if wanted.purpose is Purpose.ASSAY and wanted.source:
        from yogo_tui.questions.uses import LookForRoles

        await host.ask(LookForRoles(Path(wanted.source), Path(wanted.directory), Path(wanted.workspace)))
    if wanted.purpose is Purpose.INFER and wanted.source and _INFERRED.get(wanted.source.suffix) == "--samples":
        from yogo_tui.questions.uses import LookAtSamples

        await host.ask(LookAtSamples(Path(wanted.source), tuple(wanted.options), Path(wanted.workspace)))
    if wanted.purpose is Purpose.REVIEW:
        await _check_undecided(host, wanted.makes(wanted.directory))
    if wanted.purpose is Purpose.NEXT and wanted.source and (labelled := _value_of("--labelled", wanted.options)):
        from yogo_tui.questions.uses import LookForUnlabelled

        await host.ask(LookForUnlabelled(Path(wanted.source), Path(labelled), Path(wanted.workspace)))
    if wanted.purpose in _WITH_OUT and (wanted.out or wanted.purpose is Purpose.REVIEW):
        await _check_writable(host, wanted.makes(wanted.directory), wanted.purpose)


def _value_of(flag: str, words: Sequence[str]) -> str:
    """What the option was given last; empty if it was not."""
    pairs = [word.partition("=")[::2] for word in words]
    after = [*words[1:], ""]
    return next((value or after[place] for place, (name, value) in [*enumerate(pairs)][::-1] if name == flag), "")


async def _check_writable(host: Host, folder: PurePosixPath, purpose: Purpose) -> None:
    """Raises LaunchError if the results cannot be written there, or a choice of images would write over something;
    HostError."""
    place = await host.ask(LookAtPlace(Path(folder), "results"))
    if place.problem:
        does = "cannot be written to" if place.is_there else "cannot be made"
        raise LaunchError(f"{folder} {does}: {place.problem}. Name another folder to write to (--out).")
    if purpose is Purpose.NEXT and place.is_there and await host.list(folder):
        raise LaunchError(f"{folder} exists already, and nothing is written over it: name a new folder (--out).")


async def _check_undecided(host: Host, review: PurePosixPath) -> None:
    """Raises LaunchError if somebody has decided about labels in this review folder, which is then not ranked anew."""
    try:
        names = [entry.name for entry in await host.list(review)]
    except FileNotFoundError:
        return
    if any(fnmatch(name, DECISIONS) for name in names):
        raise LaunchError(
            f"{review} holds what reviewers decided about its ranking: name another folder to write to. "
            f"{_going_on(Purpose.REVIEW, review)} goes on with this one."
        )
