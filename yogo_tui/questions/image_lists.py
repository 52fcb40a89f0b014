"""The images of a definition, and which of them are wanted: by class, split, folder, name, or problem."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from yogo.definition import Problem, Sample
from yogo.definition.folder_count import FileCount, FolderCounter
from yogo.definition.folders import listing
from yogo.definition.model import resolve
from yogo.definition.problem import complaint
from yogo.definition.split import share_out
from yogo.distribution import installing
from yogo.errors import DefinitionError
from yogo.text.wording import listed, meant
from yogo_tui.hosts.base import Tell

if TYPE_CHECKING:
    from yogo.images.depth import Asked

PARTS = ("train", "val", "test")
_KEPT = 4
"""Definitions whose lists of images are kept, and filters of each."""

_TERM = re.compile(r"""(?:(\w+):)?((?:"[^"]*"?|[^\s"])+)""")


@dataclass(frozen=True, slots=True)
class ImageFilter:
    """Which images are wanted. What is empty decides nothing."""

    names: tuple[str, ...] = ()
    """Words that are all in the path of the image."""

    classes: tuple[str, ...] = ()
    """It has a box of each."""

    part: str = ""
    """train, val or test."""

    has_problem: bool = False
    """Something is wrong with the image or its labels."""

    folder: str = ""
    """The folder of the images."""

    files: tuple[str, ...] = ()
    """Its path, or that of its label, is one of these."""

    group: str = ""
    """What the definition says that it belongs to, such as its slide."""

    def __bool__(self) -> bool:
        return self != ImageFilter()


EVERY_IMAGE = ImageFilter()


def filter_of(text: str) -> ImageFilter:
    """What was typed: `class:ring split:val problem folder:/data/run_1 words`. Raises DefinitionError."""
    names: list[str] = []
    classes: list[str] = []
    files: list[str] = []
    part = folder = group = ""
    has_problem = False
    for key, quoted in _TERM.findall(text):
        word = quoted.replace('"', "")
        match key:
            case "class":
                classes.append(word)
            case "split":
                if word not in PARTS:
                    raise DefinitionError(f'There is no split "{word}". {meant(word, PARTS)}')
                part = word
            case "folder":
                folder = word
            case "group":
                group = word
            case "file":
                files.append(word)
            case "" if word in ("problem", "problems"):
                has_problem = True
            case "":
                names.append(word.casefold())
            case _:
                raise DefinitionError(
                    f'A filter has class:, split:, group:, folder:, file:, the word problem, and words; not "{key}:".'
                )
    return ImageFilter(tuple(names), tuple(classes), part, has_problem, folder, tuple(files), group)


@dataclass(slots=True)
class ListedImages:
    """The images of a definition, in their order."""

    classes: tuple[str, ...]
    samples: list[tuple[str, Sample]]
    """Split and image."""

    depth: Asked
    chosen: dict[ImageFilter, Sequence[int]] = field(default_factory=dict)
    """The places of those that are wanted."""


_listed: dict[tuple[Path, Path], ListedImages] = {}
"""By definition and workspace: in another workspace the same definition may have other images."""


def listed_images(path: Path, workspace: Path, wanted: ImageFilter, tell: Tell, *, anew: bool = False) -> ListedImages:
    """The images, with the places of those that are `wanted`: those that were listed before, or listed `anew`.

    Raises DefinitionError.
    """
    key = path, workspace
    if anew or key not in _listed:
        _listed.pop(key, None)
        _listed[key] = _list(path, workspace)
    found = _listed[key]
    if wanted not in found.chosen:
        found.chosen[wanted] = _chosen(path, workspace, found, wanted, tell)
    for kept in (_listed, found.chosen):
        for old in list(kept)[:-_KEPT]:
            kept.pop(old, None)  # type: ignore[call-overload]
    return found


def _list(path: Path, workspace: Path) -> ListedImages:
    """The images that can be found, also where something else is wrong; with none, what is wrong is raised."""
    definition, problems, _ = resolve(path, workspace)
    data = [listing(pair, definition.classes) for pair in definition.dataset_paths] if definition else []
    test = [listing(pair, definition.classes) for pair in definition.test_dataset_paths] if definition else []
    problems += [problem for one in (*data, *test) for problem in one.problems]
    if definition is None or (
        not any(one.names for one in (*data, *test)) and any(problem.is_error for problem in problems)
    ):
        raise complaint(problems)
    counter = FolderCounter(definition.classes, counts_folder())
    parts = share_out(data, test, definition.split_fractions, counter=counter)
    samples = [(part, sample) for part, found in parts.items() for sample in found]
    return ListedImages(definition.classes, samples, image_depth([sample.image_file for _, sample in samples]))


def counts_folder() -> Path | None:
    """Where it is remembered what is in label files; None if nowhere."""
    try:
        from yogo.datasets.cache import own_folder
    except ImportError:
        return None
    memory = own_folder()
    return memory and memory / "counts"


def image_depth(files: Sequence[str]) -> Asked:
    """How deep these images are, together. Raises DefinitionError where Pillow is missing."""
    try:
        from yogo.datasets.cache import default_folder
        from yogo.images.headers import depth_of_set
    except ImportError as error:
        raise DefinitionError(f"Images need Pillow, which is not installed: {installing('tui')}") from error
    return depth_of_set(files, default_folder() / "headers")


def _chosen(path: Path, workspace: Path, found: ListedImages, wanted: ImageFilter, tell: Tell) -> Sequence[int]:
    if unknown := [name for name in wanted.classes if name not in found.classes]:
        raise DefinitionError(f'There is no class "{unknown[0]}" in {path.name}. {meant(unknown[0], found.classes)}')
    places: Sequence[int] = range(len(found.samples))
    for test in _tests(wanted):
        places = [place for place in places if test(*found.samples[place])]
    if wanted.classes:
        indices = {found.classes.index(name) for name in wanted.classes}
        counts = _counts(found, places, tell)
        places = [place for place, count in zip(places, counts, strict=True) if indices <= {*count.boxes[::3]}]
    if wanted.has_problem:
        faulty = {str(problem.file) for problem in _problems(path, workspace, tell)}
        places = [place for place in places if faulty & {*_files(found.samples[place][1])}]
    return places


def _tests(wanted: ImageFilter) -> Iterator[Callable[[str, Sample], bool]]:
    """What decides without a look into a file."""
    if wanted.part:
        yield lambda part, _: part == wanted.part
    if wanted.folder:
        yield lambda _, sample: sample.image_file.rpartition("/")[0] == wanted.folder
    if wanted.files:
        files = {*wanted.files}
        yield lambda _, sample: not files.isdisjoint(_files(sample))
    if wanted.group:
        yield lambda _, sample: sample.group == wanted.group
    if wanted.names:
        yield lambda _, sample: all(word in sample.image_file.casefold() for word in wanted.names)


def _files(sample: Sample) -> tuple[str, str]:
    return sample.image_file, sample.label_file or ""


def _counts(found: ListedImages, places: Sequence[int], tell: Tell) -> Iterator[FileCount]:
    """What is in the label file of each: as it was counted before, where that has not changed."""
    done = 0
    counter = FolderCounter(found.classes, counts_folder())

    def more(number: int) -> None:
        nonlocal done
        done += number
        tell("reading labels", done, len(places))

    wanted: dict[str, list[str]] = {}
    files = [Path(found.samples[place][1].label_file or "") for place in places]
    for file in files:
        wanted.setdefault(str(file.parent), []).append(file.name)
    counts = {folder: counter.count(Path(folder), names, more) for folder, names in wanted.items()}
    return (counts[str(file.parent)][file.name] for file in files)


def _problems(path: Path, workspace: Path, tell: Tell) -> list[Problem]:
    from yogo.datasets.cache import own_folder
    from yogo.images.checking import full_survey

    return full_survey(path, base=workspace, memory=own_folder(), progress=tell).problems


def filter_text(wanted: ImageFilter) -> str:
    """What would have to be typed for it."""
    terms = [*(f"class:{name}" for name in wanted.classes), *([f"split:{wanted.part}"] if wanted.part else [])]
    terms += [f"folder:{wanted.folder}"] if wanted.folder else []
    terms += [f"group:{wanted.group}"] if wanted.group else []
    terms += [f"file:{file}" for file in wanted.files]
    terms = [f'{term.replace(":", ":" + chr(34), 1)}"' if " " in term else term for term in terms]
    return " ".join([*terms, *(["problem"] if wanted.has_problem else []), *wanted.names])


def filter_words(wanted: ImageFilter) -> str:
    """Such as "with ring · val", for a person."""
    words = [f"with {listed(wanted.classes)}"] if wanted.classes else []
    words += [wanted.part] if wanted.part else []
    words += [f"of the group {wanted.group}"] if wanted.group else []
    words += ["with problems"] if wanted.has_problem else []
    words += [f"in {Path(wanted.folder).parent.name or wanted.folder}"] if wanted.folder else []
    words += ["chosen"] if wanted.files else []
    words += [f"“{' '.join(wanted.names)}”"] if wanted.names else []
    return " · ".join(words)
