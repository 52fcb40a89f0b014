"""What differs between runs: settings of the recipe, data, code, size and network. What is the same is left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from yogo.recipe import knobs
from yogo_tui.comparing.subject import Subject
from yogo_tui.words import as_typed, thousands

PART_WORDS = {"train": "training", "val": "validation", "test": "test"}

_DIGITS = 8
"""Of a digest or a commit: enough to tell a lab's apart."""


@dataclass(frozen=True, slots=True)
class Difference:
    label: str
    values: tuple[str, ...]
    """One for each run; empty where it is not known."""

    @property
    def is_one(self) -> bool:
        """Whether two runs are known to differ in it."""
        return len(set(filter(None, self.values))) > 1


def differences(subjects: Sequence[Subject]) -> tuple[Difference, ...]:
    """Where two runs are known to differ, the settings of the recipe first."""
    return tuple(one for one in facts(subjects) if one.is_one)


def unlike_but_seed(one: Subject, other: Subject) -> bool:
    """Whether they are known to differ in more than their seed, and in the split of the same data that follows from
    it."""
    by_seed = ("seed", *(_label(part) for part in PART_WORDS if has_own_split(one, other)))
    return any(row.label not in by_seed for row in differences((one, other)))


def has_own_split(one: Subject, other: Subject) -> bool:
    """Whether they have the same images in all, and as many in each part, but not the same in each."""
    sizes, digests = (
        [{part: getattr(data, of) for part, data in run.read.data.items()} for run in (one, other)]
        for of in ("images", "digest")
    )
    is_same_data = bool(one.read.all_data) and one.read.all_data == other.read.all_data
    return is_same_data and sizes[0] == sizes[1] and digests[0] != digests[1]


def facts(subjects: Sequence[Subject]) -> Iterator[Difference]:
    """All that is compared, whether it differs or not."""
    every = [dict(_facts(one)) for one in subjects]
    for label in dict.fromkeys(label for one in every for label in one):
        yield Difference(label, tuple(one.get(label, "") for one in every))


def _facts(one: Subject) -> Iterator[tuple[str, str]]:
    if recipe := one.recipe:
        for knob in knobs():
            value = getattr(recipe, knob.name)
            yield knob.name, "none" if value is None else as_typed(_rounded(value))
    yield from _data(one)
    yield from _weights(one)
    yield from _machine(one)


def _rounded(value: object) -> object:
    """Anchors that were computed from other images differ by less than means anything."""
    return float(f"{value:.6g}") if isinstance(value, float) else value


def _data(one: Subject) -> Iterator[tuple[str, str]]:
    if one.run.definition:
        yield "definition", PurePath(one.run.definition).name
    if manifest := one.run.manifest:
        yield "classes", ", ".join(manifest.classes)
        bits = manifest.image_bits
        yield "image bits", "8" if bits is None else str(bits)
    for part in PART_WORDS:
        if data := one.read.data.get(part):
            yield _label(part), f"{data.digest[:_DIGITS]} ({thousands(data.images)} images)"


def _label(part: str) -> str:
    return f"{PART_WORDS[part]} data"


def _weights(one: Subject) -> Iterator[tuple[str, str]]:
    """The network, and what it started from."""
    if manifest := one.run.manifest:
        if manifest.num_parameters:
            yield "parameters", thousands(manifest.num_parameters)
        started = PurePath(manifest.pretrained) if manifest.pretrained else None
        digest = f" {manifest.pretrained_sha256[:_DIGITS]}" if manifest.pretrained_sha256 else ""
        yield "starts from", f"{started.parent.name}/{started.name}{digest}" if started else "scratch"
        yield "new class outputs", as_typed(manifest.reset_head)


def _machine(one: Subject) -> Iterator[tuple[str, str]]:
    """The code, and what it ran on."""
    if launch := one.run.launch:
        yield "GPUs", str(launch.size.gpus)
        yield "nodes", str(launch.size.nodes)
    if manifest := one.run.manifest:
        yield "processes", str(manifest.world_size)
        if manifest.global_batch_size:
            yield "images a step", str(manifest.global_batch_size)
        yield "device", manifest.device
        yield "precision", manifest.precision
        if manifest.code:
            yield "code", manifest.code[:_DIGITS]
        for name, version in manifest.versions.items():
            yield f"version of {name}", version
