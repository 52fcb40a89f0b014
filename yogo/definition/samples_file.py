"""A file of samples, `samples.yml`: folders of images or zarr stores without labels, and what is known of each.

roles: {total: [...], target: [...], per_microlitre: 5.0e6}     # where the checkpoint does not say them
samples:
  slide-1: {images: slides/1, target_per_microlitre: 200}
  tube-7: {zarr: tube-7.zarr, group: day-3}
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from yogo.definition.document_reader import DocumentReader, found
from yogo.definition.folders import PICTURE_SUFFIXES, picture_names
from yogo.definition.model import working_directory
from yogo.definition.problem import Problem, complaint
from yogo.definition.role_reader import RoleReader, amount
from yogo.files import yaml12
from yogo.files.foreign import leads_nowhere
from yogo.files.places import because
from yogo.run.correction import AssayRoles
from yogo.text.wording import shown

_SOURCES = ("images", "zarr")
_KEYS = (*_SOURCES, "group", "target_per_microlitre")


@dataclass(frozen=True, slots=True)
class SampleEntry:
    """A slide, a flow cell, a tube."""

    name: str
    images: Path | None = None
    """A folder of images."""

    zarr: Path | None = None
    """A zarr store; one of the two is given."""

    group: str = ""
    """Samples of one group are alike: of one donor, of one day."""

    target_per_microlitre: float | None = None
    """Known otherwise, such as by PCR; 0 of a negative sample."""

    line: int = 0
    num_images: int | None = None
    """None where they were not counted: those in a store are not."""

    @property
    def place(self) -> Path:
        """The folder or store."""
        place = self.images or self.zarr
        assert place is not None
        return place


@dataclass(frozen=True, slots=True)
class SamplesFile:
    path: Path
    samples: tuple[SampleEntry, ...] = ()
    roles: AssayRoles | None = None
    problems: tuple[Problem, ...] = ()
    """Warnings; of `samples_of`, errors too."""

    @classmethod
    def from_yaml(cls, path: str | Path, *, base: Path | None = None) -> SamplesFile:
        """Folders that are not beside the file are looked for below `base`, by default the working directory. Raises
        InvalidDatasetDefinitionFile, MissingPath."""
        made = samples_of(Path(path), base)
        if made.has_errors:
            raise complaint(made.problems, f"`yogo check {path}` lists all")
        return made

    @property
    def has_errors(self) -> bool:
        return any(one.is_error for one in self.problems)

    def counted(self) -> SamplesFile:
        """The same with the number of each folder's images; one without any, or that cannot be read, is an error."""
        problems = list(self.problems)
        samples = [self._counted(one, problems) for one in self.samples]
        return replace(self, samples=tuple(samples), problems=tuple(problems))

    def _counted(self, one: SampleEntry, problems: list[Problem]) -> SampleEntry:
        if one.images is None:
            return one
        try:
            number = len(picture_names(one.images))
        except OSError as error:
            what = f"images cannot be read: {one.images} ({because(error)})"
            problems.append(Problem("error", what, self.path, one.line))
            return one
        if not number:
            kinds = ", ".join(suffix[1:] for suffix in PICTURE_SUFFIXES)
            what = f"images names a folder without images ({kinds}); folders in it are not looked into: {one.images}"
            problems.append(Problem("error", what, self.path, one.line))
        return replace(one, num_images=number)


def is_samples_file(path: Path) -> bool:
    """Whether this is meant as a file of samples: a map with `samples`, and no key of a definition's data."""
    try:
        data = yaml12.load(path).data
    except yaml12.YamlError:
        return False
    return isinstance(data, dict) and "samples" in data and not {"dataset_paths", "test_paths", "class_names"} & {*data}


def samples_of(path: Path, base: Path | None = None) -> SamplesFile:
    """What the file says, with all that is wrong with it. Never raises."""
    if link := leads_nowhere(path):
        return SamplesFile(path, problems=(Problem("error", f"This is {link}", path, missing=True),))
    try:
        absolute = path.resolve()
    except (OSError, RuntimeError, ValueError) as error:
        wrong = Problem("error", f"This path cannot be looked at: {because(error)}", path)
        return SamplesFile(path, problems=(wrong,))
    return _SamplesReader(absolute, base or working_directory()).read()


class _SamplesReader(DocumentReader):
    def __init__(self, path: Path, base: Path | None) -> None:
        super().__init__(path)
        self._base = base
        self._places: dict[Path, str] = {}

    def read(self) -> SamplesFile:
        data = self.load()
        roles, samples = None, tuple[SampleEntry, ...]()
        if not self.problems and not isinstance(data, dict):
            self.say(f"A file of samples is a map with samples; this is {shown(data)}")
        elif isinstance(data, dict):
            self.unknown(data, ("roles", "samples"))
            roles = RoleReader(self.say, self.unknown, None).read(data)
            samples = tuple(self._samples(data))
        return SamplesFile(self.path, samples, roles, tuple(self.problems))

    def _samples(self, data: dict[Any, Any]) -> Iterator[SampleEntry]:
        given = data.get("samples")
        if not isinstance(given, dict) or not given:
            what = "missing" if "samples" not in data else shown(given) if given else "empty"
            self.say(f"samples is {what}; a map of names to folders of images is expected", "samples")
            return
        names: set[str] = set()
        for name, value in given.items():
            if name is None or name == "":
                self.say("A sample has no name: a name is expected before the colon", "samples", name)
            elif str(name) in names:
                self.say(f"The sample {shown(str(name))} is in samples twice", "samples", name)
            elif not isinstance(value, dict):
                self.say(f"samples has {shown(value)} for {shown(name)}; images or zarr is expected", "samples", name)
            elif (one := self._sample(str(name), value, "samples", name)) is not None:
                yield one
            names.add(str(name))

    def _sample(self, name: str, value: dict[Any, Any], *place: object) -> SampleEntry | None:
        self.unknown(value, _KEYS, *place)
        group, known = self._group(value, *place), amount(value.get("target_per_microlitre"))
        if "target_per_microlitre" in value and known is None:
            what = f"{shown(value['target_per_microlitre'])}; a number of 0 or more is expected"
            self.say(f"target_per_microlitre is {what}", *place, "target_per_microlitre")
        given = [key for key in _SOURCES if key in value]
        if len(given) != 1:
            has = "both" if given else "neither"
            self.say(f"{shown(name)} needs either images or zarr; it has {has}", *place)
            return None
        (key,) = given
        where = self._place(value[key], key, name, *place)
        if where is None:
            return None
        return SampleEntry(
            name,
            images=where if key == "images" else None,
            zarr=where if key == "zarr" else None,
            group=group,
            target_per_microlitre=known,
            line=self.document.line(*place, key),
        )

    def _place(self, text: object, key: str, name: str, *place: object) -> Path | None:
        if (named := self.named(text, key, *place, key)) is None:
            return None
        where = found(named, self.path, self._base, may_be_file=key == "zarr")
        if isinstance(where, Problem):
            self.problems.append(where)
            return None
        if (other := self._places.setdefault(where, name)) != name:
            self.say(f"{key} is that of the sample {shown(other)} too: {where}", *place, key)
        return where

    def _group(self, value: dict[Any, Any], *place: object) -> str:
        given = value.get("group", "")
        if "group" not in value or (not isinstance(given, bool) and isinstance(given, str | int) and given != ""):
            return str(given)
        self.say(f"group is {shown(given)}; a name is expected, in quotes if it looks like a number", *place, "group")
        return ""
