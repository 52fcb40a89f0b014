"""Checks what images show and where boxes are, for `yogo check --deep`. What was found is remembered:

    <memory>/looks/*.npz     what each image looks like (see yogo.health.looks)
    <memory>/health/*.json   the findings of each definition, and what its files were then

While no file has changed, the findings are those. If it is stopped, the images that it had read are not read again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydantic import TypeAdapter, ValidationError

from yogo.definition.contents import Contents, Progress, all_contents
from yogo.definition.folder_count import FolderCounter
from yogo.definition.folders import Listing, listing
from yogo.definition.labels import examine_labels, read_notes
from yogo.definition.model import DatasetDefinition, resolve
from yogo.definition.problem import InvalidDatasetDefinitionFile
from yogo.definition.record import DataRecord
from yogo.definition.split import share_out
from yogo.definition.stamps import make_room, remember, remembered
from yogo.distribution import VERSION as YOGO
from yogo.errors import RunError
from yogo.health.alike import alike, candidates
from yogo.health.boxes import BoxChecks
from yogo.health.finding import DataFinding, DataHealth, Unit, affected
from yogo.health.images import odd_images
from yogo.health.looks import FORMAT as LOOKS
from yogo.health.looks import Looks, looks
from yogo.health.splits import class_findings, pair_findings, run_findings
from yogo.images.depth import Bits
from yogo.images.headers import ImageHeader, depth, look
from yogo.run.directory import RunDirectory
from yogo.text.wording import agreed, counted

FORMAT = 3
_VERSION = [YOGO, FORMAT, LOOKS]
_TELL_EVERY = 100


def deep_check(
    path: str | Path,
    *,
    base: Path | None = None,
    memory: Path | None = None,
    progress: Progress | None = None,
    against: Path | None = None,
) -> DataHealth:
    """What is wrong with the images and labels of a definition though they open; `base` is that of
    `DatasetDefinition.from_yaml`. `against` is a run directory or its data.json.gz: the images to validate and test on
    are compared with those that the run was trained on.

    Raises what `progress` raises; RunError for a run that cannot be read. The ordinary check (see
    yogo.images.checking) reports what does not open.
    """
    record = _record(against) if against else None
    tell = progress or (lambda *_: None)
    definition, problems, _ = resolve(Path(path), base)
    if definition is None:
        return DataHealth()
    if memory is None or record is not None:
        return _Examination(definition, memory, tell, record, str(against or "")).run()
    kept = _KeptHealth(memory / "health", definition, base)
    labels, images = all_contents(definition, problems, tell)
    if known := kept.found(labels, images):
        return known
    found = _Examination(definition, memory, tell, None, "").run()
    kept.keep(labels, images, found)
    make_room(memory, ("looks", "health", "headers"))
    return found


def known_health(
    path: str | Path, *, base: Path | None = None, memory: Path | None = None, progress: Progress | None = None
) -> DataHealth | None:
    """What an earlier check found; None if nothing is remembered, or a file has changed since. Raises only what
    `progress` raises."""
    tell = progress or (lambda *_: None)
    definition, problems, _ = resolve(Path(path), base)
    if definition is None or memory is None:
        return None
    kept = _KeptHealth(memory / "health", definition, base)
    if not kept.is_there:
        return None
    return kept.found(*all_contents(definition, problems, tell))


class _KeptHealth:
    """What was found in a definition the last time, and what its files were then."""

    def __init__(self, memory: Path, definition: DatasetDefinition, base: Path | None) -> None:
        self._memory = memory
        self._key = json.dumps([str(definition.path), str(base)])
        kept = remembered(memory, self._key)
        self._state, self._found = kept.get("state"), kept.get("found")

    @property
    def is_there(self) -> bool:
        return isinstance(self._state, list) and self._state[:1] == [_VERSION]

    def found(self, labels: Contents, images: Contents) -> DataHealth | None:
        return _read(self._found) if self._state == [_VERSION, labels.digest, images.digest] else None

    def keep(self, labels: Contents, images: Contents, found: DataHealth) -> None:
        if labels.is_sure and images.is_sure:
            said = TypeAdapter(DataHealth).dump_python(found, mode="json")
            state = [_VERSION, labels.digest, images.digest]
            remember(self._memory, self._key, {"state": state, "found": said})


def _record(run: Path) -> DataRecord:
    file = RunDirectory(run).data if run.is_dir() else run
    try:
        return DataRecord.read(file)
    except FileNotFoundError as error:
        what = "no run" if run.is_dir() else "neither a run directory nor its data.json.gz"
        raise RunError(f"{run} is {what}: there is no {file}") from error


def _read(said: object) -> DataHealth | None:
    try:
        return TypeAdapter(DataHealth).validate_python(said)
    except ValidationError:
        return None


class _Examination:
    def __init__(
        self, definition: DatasetDefinition, memory: Path | None, tell: Progress, record: DataRecord | None, run: str
    ) -> None:
        self._definition = definition
        self._memory = memory
        self._tell = tell
        self._record = record
        self._run = run
        pairs = definition.all_dataset_paths
        self._listings = [listing(pair, definition.classes) for pair in pairs]
        num_data = len(definition.dataset_paths)
        counter = FolderCounter(definition.classes, memory and memory / "counts")
        data, test = self._listings[:num_data], self._listings[num_data:]
        self._splits = share_out(data, test, definition.split_fractions, counter=counter)
        self._part: dict[str, str] = {}
        self._group: dict[str, str] = {}
        for part, samples in self._splits.items():
            for sample in samples:
                self._part.setdefault(sample.image_file, part)
                self._group.setdefault(sample.image_file, sample.group)
        self._paths = [*self._part]
        self._found = DataHealth(num_images=len(self._paths))
        self._num_boxes: dict[str, int] = {}
        """Boxes of each image."""

        self._read: set[str] = set()
        """Images that could be read."""

        self._unchecked: set[str] = set()
        """Images with a label that could not be read."""

        self._image_of: dict[str, str] = {}
        """Label file to image."""

        self._counts = {name: dict.fromkeys(("train", "val", "test"), 0) for name in definition.classes}

    def run(self) -> DataHealth:
        found = self._found
        headers = self._headers()
        bits = depth([*headers.values()])
        checks = self._boxes(headers)
        self._images(bits)
        found.num_read = len(self._read)
        found.num_boxes = checks.num_boxes
        found.findings += checks.findings
        found.findings += checks.odd()
        found.findings += class_findings(self._counts, self._splits, str(self._definition.path))
        totals: dict[Unit, int] = {
            "image": found.num_images,
            "box": found.num_boxes,
            "class": len(self._definition.classes),
        }
        found.affected = affected(found.findings, totals, with_run=self._record is not None)
        named = {file for one in found.findings for file in (one.file, *one.others)}
        found.num_sound = len(self._read - self._unchecked - {self._image_of.get(file, file) for file in named})
        if self._unchecked:
            which = counted(len(self._unchecked), "image")
            found.remarks.append(f"not all labels of {which} could be read: those were not checked")
        return found

    def _headers(self) -> dict[str, ImageHeader]:
        folder = self._memory and self._memory / "headers"
        found = look(self._paths, memory=folder, progress=self._telling("looking at images"))
        return {one.path: one for one in found if isinstance(one, ImageHeader)}

    def _boxes(self, headers: dict[str, ImageHeader]) -> BoxChecks:
        checks = BoxChecks(self._definition.classes)
        total = sum(len(one.names) for one in self._listings)
        for one in self._listings:
            self._boxes_of(one, checks, headers, total)
        return checks

    def _boxes_of(self, one: Listing, checks: BoxChecks, headers: dict[str, ImageHeader], total: int) -> None:
        try:
            notes = read_notes(one.pair.labels)
        except InvalidDatasetDefinitionFile:  # the ordinary check says so, and no label can be understood
            self._unchecked.update(f"{one.pair.images}/{picture}" for picture, _ in one.names)
            return
        for picture, label in one.names:
            image, file = f"{one.pair.images}/{picture}", f"{one.pair.labels}/{label}"
            labels, problems = examine_labels(Path(file), self._definition.classes, notes)
            header = headers.get(image)
            checks.add(file, labels, (header.width, header.height) if header else None)
            is_faulty = any(problem.is_error for problem in problems)
            if is_faulty:
                self._unchecked.add(image)
            if len(labels) or labels.num_dropped or not is_faulty:
                self._num_boxes[image] = self._num_boxes.get(image, 0) + len(labels) + labels.num_dropped
            self._image_of[file] = image
            for index in labels.rows[::5]:
                self._counts[self._definition.classes[int(index)]][self._part[image]] += 1
            if len(self._image_of) % _TELL_EVERY == 0:
                self._tell("checking boxes", len(self._image_of), total)

    def _images(self, bits: Bits) -> None:
        """Compare them with the rest, with each other, and with the run's."""
        found, paths = self._found.findings, self._paths
        seen = self._looks(paths, bits, "looking into images")
        self._read = {path for path, is_read in zip(paths, seen.is_read, strict=True) if is_read}
        parts = [self._part[path] for path in paths]
        some = candidates(seen.signatures, tell=self._telling("comparing all with all"))
        pairs = alike(paths, some, parts, bits, self._telling("comparing those that are alike"))
        found += pair_findings(pairs, paths, parts, [self._group[path] for path in paths])
        found += odd_images(seen, self._num_boxes)
        if self._record is not None:
            held = [place for place, part in enumerate(parts) if part != "train"]
            found += self._known_to_run(self._record, [paths[place] for place in held], seen.signatures[held], bits)

    def _known_to_run(
        self, record: DataRecord, held: Sequence[str], signatures: npt.NDArray[np.float16], bits: Bits
    ) -> Iterator[DataFinding]:
        theirs = [sample.image_file for sample in record.splits().train]
        seen = self._looks(theirs, bits, "looking into the run's images")
        if gone := len(theirs) - int(seen.is_read.sum()):
            which = f"{counted(gone, 'training image')} of {self._run}"
            self._found.remarks.append(f"{which} cannot be read any more, and {agreed(gone, 'was')} not compared")
        if not held:
            self._found.remarks.append(f"There is no validation or test image to compare with {self._run}")
        some = candidates(signatures, seen.signatures, self._telling("comparing with the run's images"))
        paths, parts = [*held, *theirs], [*(self._part[path] for path in held), *["run"] * len(theirs)]
        pairs = alike(paths, some, parts, bits, self._telling("comparing those that are alike"))
        yield from run_findings(pairs, paths, parts, self._run)

    def _looks(self, paths: Sequence[str], bits: Bits, what: str) -> Looks:
        return looks(paths, bits, memory=self._memory and self._memory / "looks", tell=self._telling(what))

    def _telling(self, what: str) -> Callable[[int, int], None]:
        return lambda done, total: self._tell(what, done, total)
