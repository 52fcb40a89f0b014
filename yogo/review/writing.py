"""Writes a review out: a new folder of labels, with a definition that names the same images; nothing old is touched.

OUT/<definition>.yml      as the reviewed one, but with the new labels; all its paths are absolute
OUT/labels/*.txt          of a definition of several folders: OUT/<its name there>/labels/*.txt
OUT/classes.txt           the class names, beside each folder of labels
OUT/notes.json            what the numbers in the labels mean, as Label Studio exports it, likewise
OUT/history.json          each decision: by whom, when, what it was about, and whether it counts
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from pydantic import Field

from yogo.definition.folder_pair import FolderPair
from yogo.definition.labels import notes_file, read_notes
from yogo.definition.model import DatasetDefinition
from yogo.errors import RunError
from yogo.files.atomic import cut
from yogo.review.decisions import DecidedLine, LabelReview, review_in
from yogo.review.journal import LabelDecision, ReviewVerb
from yogo.review.rewriting import LabelChange, NewLabel, rewritten
from yogo.run.record import Part, Record, now

HISTORY = "history.json"

Progress = Callable[[str, int, int], None]

_NOT_CHANGING = (ReviewVerb.KEEP, ReviewVerb.SKIP)


class HistoryEntry(Part):
    """One decision of a reviewer."""

    reviewer: str
    at: datetime
    decides: LabelDecision
    state: str
    """counts, undone, overruled, or left out (and why)."""


class ReviewedLabels(Record):
    """history.json: each decision of a review, and whether it counts."""

    made_at: datetime = Field(default_factory=now)
    key: str = ""
    """Given by whoever wrote it, so that it is not written twice."""

    review: str
    definition: str
    """The one that was reviewed; absolute, like all paths here."""

    checkpoint: str
    written: str
    """The new definition."""

    num_files: int = 0
    num_changed_files: int = 0
    verbs: dict[str, int] = Field(default_factory=dict)
    """How many decisions of each verb count and were written."""

    by_rule: int = 0
    """How many of these were made by a rule, as `rule` of each tells."""

    left_out: tuple[str, ...] = ()
    """Decisions that were not written, and why, a sentence each."""

    history: tuple[HistoryEntry, ...] = ()


def write_review(
    folder: Path, out: Path, *, key: str = "", base: Path | None = None, progress: Progress | None = None
) -> ReviewedLabels:
    """Write the labels as reviewed to `out`, a folder that must not exist yet. Folders of the definition that are not
    beside it are looked for below `base`. Raises RunError, DefinitionError, OSError."""
    review = review_in(folder)
    if os.path.lexists(out):
        if key and (written := _written_before(out)) and written.key == key:
            return written
        raise RunError(f"{out} exists already, and is left as it is: name another folder")
    out = Path(os.path.abspath(out))
    definition = DatasetDefinition.from_yaml(review.ranking.definition, base=base)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{cut(out.name)}.", suffix=".part", dir=out.parent) as made:
        record = _ReviewWriter(review, definition, Path(made) / "out", out, progress).write(key)
        try:
            os.rename(Path(made) / "out", out)  # an empty folder that was made meanwhile is no loss
        except OSError as error:
            if not os.path.lexists(out):
                raise
            raise RunError(f"{out} was made by somebody else meanwhile, and is left as it is") from error
    return record


def _written_before(out: Path) -> ReviewedLabels | None:
    return ReviewedLabels.read(out / HISTORY) if (out / HISTORY).is_file() else None


@dataclass
class _ReviewWriter:
    review: LabelReview
    definition: DatasetDefinition
    folder: Path
    """What is written, until it is whole."""

    out: Path
    """Where it will be."""

    progress: Progress | None
    left_out: dict[str, str] = field(default_factory=dict)
    """Why a decision is not written, by the key of its line."""

    num_files: int = 0
    num_changed: int = 0

    def write(self, key: str) -> ReviewedLabels:
        places = self._places()
        by_file: dict[str, list[DecidedLine]] = {}
        for one in self.review.all_counting:
            if one.decision.verb not in _NOT_CHANGING:
                by_file.setdefault(_file_of(one.decision), []).append(one)
        for labels, place in places.items():
            self._write_folder(labels, self.folder / place, by_file)
        for file, several in by_file.items():
            self._leave(several, f"{file} is in none of the definition's folders any more")
        written = self.folder / f"{self.definition.path.stem}.yml"
        written.write_text(_definition(self.definition, {old: self.out / new for old, new in places.items()}))
        record = self._record(self.out / written.name, key)
        record.write(self.folder / HISTORY)
        return record

    def _places(self) -> dict[Path, Path]:
        """Of each folder of labels, the one below `out` that is written for it."""
        pairs = self.definition.all_dataset_paths
        folders = list(dict.fromkeys(pair.labels for pair in pairs))
        if len(folders) == 1:
            return {folders[0]: Path("labels")}
        found: dict[Path, Path] = {}
        taken: set[str] = set()
        for pair in pairs:
            if pair.labels not in found:
                plain = "".join(one if one.isalnum() or one in "-_." else "-" for one in pair.label).strip(".-")
                names = (f"{cut(plain) or 'data'}{f'-{number}' if number else ''}" for number in range(len(pairs)))
                name = next(name for name in names if name.casefold() not in taken)
                taken.add(name.casefold())
                found[pair.labels] = Path(name, "labels")
        return found

    def _write_folder(self, labels: Path, to: Path, by_file: dict[str, list[DecidedLine]]) -> None:
        to.mkdir(parents=True)
        words = _ClassWords(labels, self.definition.classes)
        with os.scandir(labels) as entries:
            names = {entry.name for entry in entries if _is_label(entry)}
        names |= {file.rpartition("/")[2] for file in by_file if file.rpartition("/")[0] == str(labels)}
        for done, name in enumerate(sorted(names)):
            if self.progress and done % 100 == 0:
                self.progress(f"writing {to.parent.name if to.parent != self.folder else 'labels'}", done, len(names))
            several = by_file.pop(f"{labels}/{name}", [])
            source = labels / name
            data = source.read_bytes() if source.exists() else b""
            if several:
                data = self._reviewed(data, several, words)
            (to / name).write_bytes(data)
        self.num_files += len(names)
        words.write_beside(to)

    def _reviewed(self, data: bytes, several: Sequence[DecidedLine], words: _ClassWords) -> bytes:
        """A label file as decided; as it is now where it is not the one that was ranked."""
        now_is = hashlib.sha256(data).hexdigest()
        stale = [one for one in several if one.decision.label_sha256 not in (None, now_is)]
        self._leave(stale, f"{_file_of(several[0].decision)} was changed since it was ranked")
        changes: dict[int, LabelChange] = {}
        added: list[NewLabel] = []
        for one in (one for one in several if one not in stale):
            made, line = one.decision, one.decision.line
            if made.verb is ReviewVerb.DELETE and line:
                changes[line] = LabelChange(is_deleted=True)
            elif line:
                changes[line] = LabelChange(made.class_name and words.of(made.class_name), made.box)
            elif made.class_name and made.box:
                added.append(NewLabel(words.of(made.class_name), made.box))
        try:
            found = rewritten(data, changes, added)
        except RunError as error:
            self._leave(several, f"{_file_of(several[0].decision)}: {error}")
            return data
        self.num_changed += found != data
        return found

    def _leave(self, several: Iterable[DecidedLine], why: str) -> None:
        for one in several:
            self.left_out[one.line.key] = why

    def _record(self, written: Path, key: str) -> ReviewedLabels:
        counting = self.review.all_counting
        written_ones = [one.decision for one in counting if one.line.key not in self.left_out]
        reasons = Counter(self.left_out.values())
        return ReviewedLabels(
            key=key,
            review=str(self.review.folder),
            definition=str(self.definition.path),
            checkpoint=self.review.ranking.checkpoint,
            written=str(written),
            num_files=self.num_files,
            num_changed_files=self.num_changed,
            verbs=dict(Counter(one.verb.value for one in written_ones)),
            by_rule=sum(one.rule is not None for one in written_ones),
            left_out=tuple(f"{why} ({number} left out)" for why, number in reasons.items()),
            history=tuple(self._history({one.line.key for one in counting})),
        )

    def _history(self, counting: set[str]) -> Iterator[HistoryEntry]:
        made = [
            (line.at, name, line, {one.key for one in journal.stacks[0]})
            for name, journal in self.review.journals.items()
            for line in journal.lines
            if line.decides
        ]
        for at, name, line, held in sorted(made, key=lambda one: one[:2]):
            state = "counts" if line.key in counting else "overruled" if line.key in held else "undone"
            if line.key in self.left_out:
                state = f"left out: {self.left_out[line.key]}"
            assert line.decides
            yield HistoryEntry(reviewer=name, at=at, decides=line.decides, state=state)


class _ClassWords:
    """What the first column of a label says for each class, and the notes that explain it."""

    def __init__(self, labels: Path, classes: Sequence[str]) -> None:
        """Raises DefinitionError."""
        self._classes = classes
        self._source = notes_file(labels)
        self._lists = labels.parent / "classes.txt"
        notes = read_notes(labels)
        self._taken = {*(notes or ())}
        self._words: dict[str, str] = {}
        self._more: list[dict[str, object]] = []
        if notes is None:
            self._words = {name: str(index) for index, name in enumerate(classes)}
        else:
            for category in json.loads(self._source.read_bytes())["categories"]:
                self._words.setdefault(str(category["name"]), str(category["id"]))

    def of(self, name: str) -> str:
        if name not in self._words:
            fresh = next(number for number in range(len(self._taken) + 1) if str(number) not in self._taken)
            self._taken.add(str(fresh))
            self._more.append({"id": fresh, "name": name})
            self._words[name] = str(fresh)
        return self._words[name]

    def write_beside(self, labels: Path) -> None:
        """notes.json and classes.txt: as they are beside the old labels, if they are there."""
        if self._source.exists():
            data = self._source.read_bytes()
            if self._more:
                said = json.loads(data)
                said["categories"] = [*said["categories"], *self._more]
                data = json.dumps(said, indent=2, ensure_ascii=False).encode()
            notes_file(labels).write_bytes(data)
        else:
            categories = [{"id": index, "name": name} for index, name in enumerate(self._classes)]
            info = {"year": now().year, "version": "1.0", "contributor": "yogo"}
            text = json.dumps({"categories": categories, "info": info}, indent=2, ensure_ascii=False)
            notes_file(labels).write_text(f"{text}\n")
        if self._lists.is_file() and not self._more:
            shutil.copyfile(self._lists, labels.parent / "classes.txt")
        else:
            names = self._words if self._source.exists() else self._classes
            (labels.parent / "classes.txt").write_text("".join(f"{name}\n" for name in names))


def _is_label(entry: os.DirEntry[str]) -> bool:
    return entry.name.lower().endswith(".txt") and not entry.name.startswith(".") and entry.is_file()


def _file_of(decision: LabelDecision) -> str:
    return decision.label_file or f"{Path(decision.image).parent}/{Path(decision.image).stem}.txt"


def _definition(definition: DatasetDefinition, labels: dict[Path, Path]) -> str:
    """The text of the new definition. Its images are split as those of the old one are: each keeps its label there."""
    lines = [f"class_names: {_quoted(list(definition.classes))}", "", "dataset_split_fractions:"]
    lines += [f"  {part}: {share!r}" for part, share in definition.split_fractions.items() if share]
    taken: set[str] = set()
    rules: list[str] = []
    for heading, pairs in (("dataset_paths", definition.dataset_paths), ("test_paths", definition.test_dataset_paths)):
        lines += ["", f"{heading}:"] if pairs else []
        for pair in pairs:
            name, rule = _quoted(_label(pair, taken)), pair.grouping
            lines += [f"  {name}:", f"    image_path: {_quoted(str(pair.images))}"]
            lines += [f"    label_path: {_quoted(str(labels[pair.labels]))}"]
            said = {"group": rule.name, "group_pattern": rule.pattern, "sample": pair.sample.name}
            told: dict[str, object] = {key: text for key, text in said.items() if text}
            if pair.sample.target_per_microlitre is not None:
                told["target_per_microlitre"] = pair.sample.target_per_microlitre
            rules += [f"  {name}: {_quoted(told)}"] if told else []
    lines += ["", "folders:", *rules] if rules else []
    lines += ["", f"shared_groups: {_quoted(list(definition.shared_groups))}"] if definition.shared_groups else []
    lines += ["", f"roles: {_quoted(definition.roles.model_dump(exclude_none=True))}"] if definition.roles else []
    if definition.thumbnail_augmentation:
        lines += ["", "thumbnail_augmentation:"]
        for name, folders in definition.thumbnail_augmentation.items():
            lines += [f"  {_quoted(name)}: {_quoted([str(folder) for folder in folders])}"]
    return "\n".join(lines) + "\n"


def _label(pair: FolderPair, taken: set[str]) -> str:
    """As the split numbers pairs of the same label, which one file cannot have twice."""
    name, number = pair.label, 2
    while name in taken:
        name, number = f"{pair.label}~{number}", number + 1
    taken.add(name)
    return name


def _quoted(value: object) -> str:
    """As in JSON, which YAML can read."""
    return json.dumps(value, ensure_ascii=False)
