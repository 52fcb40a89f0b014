"""Questions about the commands that use a model: their options, as yogo declares them, and what is wrong with one."""

from __future__ import annotations

import contextlib
import importlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yogo.cli.flags import default_of, flag_of, help_of, is_switch, problem_of, words_of
from yogo.definition import DatasetDefinition, Sample, Splits
from yogo.definition.lineage import digests, digests_of_test, groups_seen, records, trained_on
from yogo.definition.record import DataRecord
from yogo.definition.samples_file import SamplesFile, is_samples_file
from yogo.definition.tested import tested_images
from yogo.errors import RunError, YogoError
from yogo.recipe import KnobField, Recipe, knobs
from yogo.run.directory import RunDirectory
from yogo.run.manifest import Manifest
from yogo.run.metrics import Metrics
from yogo.text.wording import counted, listed
from yogo_tui.errors import LaunchError
from yogo_tui.hosts.base import Tell
from yogo_tui.questions.image_lists import counts_folder

_MODELS: Mapping[str, tuple[str, ...]] = {
    "test": ("yogo.training.request.CheckpointTest", "yogo.training.request.SharedRequest"),
    "infer": ("yogo.infer.request.InferenceRequest",),
    "assay": ("yogo.evaluation.assay_request.AssayRequest",),
    "export": ("yogo.export.request.ExportRequest",),
    "review": ("yogo.review.request.ReviewRequest",),
    "label": ("yogo.review.request.LabelRequest",),
    "next": ("yogo.review.request.NextRequest",),
}
"""Whose fields are the arguments of each command. Imported when one is asked for: each takes its time."""

_OURS = {
    "test": ("checkpoint", "definition", "dump", "as_json"),
    "infer": (
        "path_to_pth",
        "path_to_images",
        "path_to_zarr",
        "samples",
        "output_dir",
        "use_tqdm",
        "heatmap_mask_path",
        "save_preds",
        "count_predictions",
    ),
    "assay": ("checkpoint", "source", "dump", "as_json"),
    "export": ("pth", "output"),
    "review": ("checkpoint", "definition", "out"),
    "label": ("checkpoint", "images", "out"),
    "next": ("checkpoint", "images", "out"),
}
"""Those that a use itself gives, or that have no effect."""

_INPUTS = ("pictures", "data", "pretrained", "on", "labelled", "roles")
"""Those that name a file or folder that has to be there."""

_NEEDS = {"review": {"base": "folds", "pretrained": "folds"}}
"""Those that have no meaning without another one."""


_FLAG = re.compile(r"--[a-z][a-z-]*")


def is_yaml(path: str) -> bool:
    """Whether the data are a file of samples, where they may be images too."""
    return path.strip().endswith((".yml", ".yaml"))


def label_of(flag: str) -> str:
    """What a form calls the option of this flag."""
    return flag.removeprefix("--").replace("-", " ")


@dataclass(frozen=True, slots=True)
class Option:
    """An option of a command."""

    name: str
    flag: str
    group: str
    about: str
    """Its help, with its default; other options as the form calls them."""

    default: str = ""
    is_switch: bool = False
    """Whether it is yes or no."""


@dataclass(frozen=True, slots=True)
class CheckedOptions:
    """Options that a person has typed."""

    words: tuple[str, ...]
    wrong: Mapping[str, str]
    """A sentence for each option that is wrong, by its name."""


@dataclass(frozen=True)
class ListOptions:
    """The options of `yogo COMMAND` that a person may choose, each group together, in the order of declaration."""

    command: str

    def answer(self, tell: Tell) -> tuple[Option, ...]:
        fields = [*_fields(self.command)]
        flags = {flag_of(one): label_of(flag_of(one)) for one in fields}

        def about(one: KnobField) -> str:
            return _FLAG.sub(lambda flag: flags.get(flag[0], flag[0]), help_of(one))

        found = [
            Option(one.name, flag_of(one), one.knob.group or "Options", about(one), default_of(one), is_switch(one))
            for one in fields
        ]
        groups = [*dict.fromkeys(one.group for one in found)]
        return tuple(sorted(found, key=lambda one: groups.index(one.group)))


@dataclass(frozen=True)
class CheckOptions:
    """The options of `yogo COMMAND`, each as a person types it, as the words of its command line; and a sentence for
    each that is wrong. A file that does not exist below `start` is wrong too."""

    command: str
    given: Mapping[str, str]
    start: Path

    def answer(self, tell: Tell) -> CheckedOptions:
        words, wrong = list[str](), dict[str, str]()
        for one in _fields(self.command):
            if text := self.given.get(one.name, "").strip():
                words += words_of(one, text)
                if problem := problem_of(one, text) or self._missing(one, text) or self._alone(one):
                    wrong[one.name] = problem
        return CheckedOptions(tuple(words), wrong)

    def _alone(self, one: KnobField) -> str:
        if self.command == "infer" and one.name == "roles" and not is_yaml(self.given.get("source", "")):
            return "needs a file of samples as the data"
        needed = _NEEDS.get(self.command, {}).get(one.name, "")
        return f"needs {needed}: give that too" if needed and self.given.get(needed, "").strip() in ("", "0") else ""

    def _missing(self, one: KnobField, text: str) -> str:
        if one.name not in _INPUTS:
            return ""
        path = self.start / Path(text).expanduser()
        return "" if path.exists() else f"{path} does not exist"


@dataclass(frozen=True)
class SeenBefore:
    """Sentences on how many of a definition's test images the run in `run`, or one that it comes from, was trained on.
    Empty if none is known. Raises DefinitionError."""

    run: Path
    definition: Path
    workspace: Path

    def answer(self, tell: Tell) -> tuple[str, ...]:
        run = RunDirectory(self.run)
        definition = DatasetDefinition.from_yaml(self.definition, base=self.workspace)
        samples, _, record = tested_images(definition, run, seed=_seed(run), memory=counts_folder())
        known = list(records(run))
        tested = digests_of_test(record) if record else digests(_of_known_sizes(samples, known))
        num = len(samples)
        told = tuple(
            f"{count:,} of {counted(num, 'test image')} {'was' if count == 1 else 'were'} trained on by {name}: "
            "the test flatters the model"
            for name, count in trained_on(tested, known).items()
        )
        return *told, *groups_seen(Splits((), (), samples), known)


@dataclass(frozen=True)
class LookForRoles:
    """Whether `source` is a definition, and not a file of samples. Raises LaunchError where it does not say what is
    counted and what is looked for, and the run in `run` does not know that either; DefinitionError."""

    source: Path
    run: Path
    workspace: Path

    def answer(self, tell: Tell) -> bool:
        is_definition = not is_samples_file(self.source)
        read = DatasetDefinition.from_yaml if is_definition else SamplesFile.from_yaml
        if read(self.source, base=self.workspace).roles is None and not self._run_knows():
            raise LaunchError(
                f"{self.source.name} has no roles: an assay has to know what is counted and what is looked for. Add "
                "roles: {total: [...], target: [...], per_microlitre: 5.0e6} to it"
            )
        return is_definition

    def _run_knows(self) -> bool:
        """Whether its checkpoint holds roles, which a training on a definition with roles leaves in it."""
        with contextlib.suppress(YogoError, FileNotFoundError):
            return Metrics.read(RunDirectory(self.run).metrics).assay is not None
        return False


@dataclass(frozen=True)
class LookAtSamples:
    """Nothing where the samples in the file `source` can be counted with these options of `yogo infer`. Raises
    LaunchError, DefinitionError."""

    source: Path
    options: tuple[str, ...]
    workspace: Path

    def answer(self, tell: Tell) -> None:
        wrong = [one for one in ("--draw-boxes", "--save-preds", "--save-npy") if one in self.options]
        if wrong or {"counts", "--thresholds=counts"} & {*self.options}:
            unfit = f"leave out {listed(wrong or ['--thresholds counts'])}"
            raise LaunchError(f"{self.source.name} is a file of samples, which are counted only: {unfit}")
        SamplesFile.from_yaml(self.source, base=self.workspace)


@dataclass(frozen=True)
class LookForUnlabelled:
    """Nothing where a folder has an image that is not in the definition of the labelled ones. Raises YogoError where it
    has none, or that cannot be known."""

    images: Path
    labelled: Path
    workspace: Path

    def answer(self, tell: Tell) -> None:
        from yogo.infer.images import PictureFiles
        from yogo.review.unlabelled import labelled_images, unlabelled

        labelled = self.workspace / self.labelled.expanduser()
        known = labelled_images(labelled, base=self.workspace, memory=counts_folder())
        next(unlabelled(PictureFiles(self.images), known))


def _seed(run: RunDirectory) -> int:
    """That by which its images were split."""
    with contextlib.suppress(RunError, FileNotFoundError):
        return Manifest.read(run.manifest).recipe.seed
    return Recipe().seed


def _of_known_sizes(samples: tuple[Sample, ...], known: list[tuple[str, DataRecord]]) -> list[Sample]:
    """Those whose file is as large as one that was trained on: the others need not be read."""
    sizes = {entry.image_stamp.size for _, record in known for entry in record.files if entry.split == "train"}
    return [sample for sample in samples if sample.image.stat().st_size in sizes]


def _fields(command: str) -> Iterator[KnobField]:
    for path in _MODELS[command]:
        module, _, name = path.rpartition(".")
        model: type[Any] = getattr(importlib.import_module(module), name)
        for one in sorted(knobs(model), key=lambda one: one.name not in model.__annotations__):  # its own first
            if one.name not in _OURS[command]:
                yield one
