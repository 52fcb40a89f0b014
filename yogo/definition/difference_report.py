"""The difference between two data sets in words, as commands and screens show it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from yogo.definition.balance import PARTS
from yogo.definition.data_difference import (
    ADDED,
    CHANGED,
    KINDS,
    MOVED,
    RELABELLED,
    REMOVED,
    RENAMED,
    DataDifference,
    totals,
)
from yogo.text.wording import counted, listed

_COLUMNS = {ADDED: "added", REMOVED: "removed", CHANGED: "changed", RELABELLED: "relabelled", MOVED: "moved here"}


def difference_report(found: DataDifference, lists_all: str = "--all names all") -> Iterator[str]:
    """The lines. Names in them are unchanged: make them printable before you print them."""
    yield from _heads(found)
    yield ""
    if found.is_same:
        yield f"The data are the same: {counted(found.num_same, 'image')} with the same labels in the same splits"
    else:
        yield from difference_tables(found)
        yield from _named(found, lists_all)
    if found.remarks:
        yield ""
        yield from (f"! {remark}" for remark in found.remarks)


def _heads(found: DataDifference) -> Iterator[str]:
    for letter, name, is_run, numbers in zip("AB", found.names, found.are_runs, found.num_images, strict=True):
        what = "as the run had it" if is_run else "as it is now"
        split = " · ".join(f"{part} {numbers[part]:,}" for part in PARTS)
        yield f"{letter}  {name}, {what}: {counted(sum(numbers.values()), 'image')} ({split})"


def difference_tables(found: DataDifference) -> Iterator[str]:
    """From A to B: the numbers of images by split, and of boxes by class."""
    same = counted(found.num_same, "image")
    yield f"From A to B, {same} stayed as {'it was' if found.num_same == 1 else 'they were'}"
    yield from _classes(found)
    heads = [head for kind, head in _COLUMNS.items() if kind in found.images]
    yield ""
    yield f"{'images':<8}{'A':>10}{'B':>10}" + "".join(f"{head:>12}" for head in heads)
    for part in PARTS:
        row = [found.images[kind][part] for kind in _COLUMNS if kind in found.images]
        before, after = (numbers[part] for numbers in found.num_images)
        if before or after or any(row):
            yield f"{part:<8}{before:>10,}{after:>10,}" + "".join(f"{number:>12,}" for number in row)
    if renamed := sum(found.images.get(RENAMED, {}).values()):
        yield f"{counted(renamed, 'image', 'has')} another name or place"
    if found.moves:
        yield "from split to split: " + " · ".join(f"{move} {number:,}" for move, number in found.moves.items())
    yield from _boxes(found)


def _classes(found: DataDifference) -> Iterator[str]:
    if found.classes_added:
        yield f"new in class_names: {listed(found.classes_added)}"
    if found.classes_removed:
        yield f"no longer in class_names: {listed(found.classes_removed)}"
    if found.is_reordered:
        yield "class_names has the same classes in another order"


def _boxes(found: DataDifference) -> Iterator[str]:
    if not found.boxes:
        return
    width = max(8, *(len(name) + 2 for name in found.boxes))
    yield ""
    yield f"{'boxes':<{width}}{'added':>10}{'removed':>10}{'changed':>10}  in"
    for name, parts in found.boxes.items():
        total = totals(parts)
        where = " · ".join(part for part in PARTS if part in parts)
        yield f"{name:<{width}}{total.added:>10,}{total.removed:>10,}{total.changed:>10,}  {where}"
    if found.class_changes:
        yield "class changed: " + " · ".join(f"{change} {number:,}" for change, number in found.class_changes.items())


def _named(found: DataDifference, lists_all: str) -> Iterator[str]:
    for kind in KINDS:
        changes = [change for change in found.changes if change.kind == kind]
        if changes:
            yield ""
            yield f"{kind} · {found.num_changes[kind]:,}"
            for change in changes:
                yield f"  {change.split:<6}{change.image}{f': {change.said}' if change.said else ''}"
            if (rest := found.num_changes[kind] - len(changes)) > 0:
                yield f"  and {rest:,} more ({lists_all})"


def difference_data(found: DataDifference) -> dict[str, Any]:
    """For JSON."""
    return dataclasses.asdict(found) | {"is_same": found.is_same}
