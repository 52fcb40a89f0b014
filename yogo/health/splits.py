"""What is odd about how images and classes are spread over training, validation and test."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from yogo.definition.split import Splits
from yogo.health.alike import AlikePair
from yogo.health.finding import DataFinding
from yogo.text.wording import counted, listed

NEAR_PIXELS = 32
"""Images that are shifted by no more are near-duplicates; those shifted further show parts of the same place."""

PARTS = {"train": "training", "val": "validation", "test": "test"}
"""As they are called in sentences."""


def pair_findings(
    pairs: Sequence[AlikePair], paths: Sequence[str], parts: Sequence[str], groups: Sequence[str]
) -> Iterator[DataFinding]:
    """One for each pair, at the image of the later split; pairs in two splits come first. `groups` are empty for images
    without one."""
    order = [*PARTS]
    for pair in sorted(pairs, key=lambda one: parts[one.one] == parts[one.other]):
        first, second = sorted((pair.one, pair.other), key=lambda place: (order.index(parts[place]), place))
        moved = _moved(pair)
        is_near = pair.how.moved <= NEAR_PIXELS
        what = "shows the same as" if is_near else "shows a part of the same place as"
        this = f"This {PARTS[parts[second]]} image"
        said = f"{this} {what} the {PARTS[parts[first]]} image {paths[first]}{moved}"
        if groups[first] != groups[second] and groups[first] and groups[second]:
            said += f"; it is of the group {groups[second]}, and that one of {groups[first]}: are these one group?"
        yield DataFinding("near_duplicate" if is_near else "overlap", said, paths[second], others=(paths[first],))


def run_findings(
    pairs: Sequence[AlikePair], paths: Sequence[str], parts: Sequence[str], run: str
) -> Iterator[DataFinding]:
    """The same for images that a run was trained on: `other` of each pair."""
    for pair in pairs:
        same = paths[pair.one] == paths[pair.other]
        what = "This" if same else f"{paths[pair.other]}, which shows the same{_moved(pair)},"
        said = f"{what} is a training image of {run}, and a {PARTS[parts[pair.one]]} image here"
        others = () if same else (paths[pair.other],)
        yield DataFinding("known_to_run", said, paths[pair.one], others=others)


def _moved(pair: AlikePair) -> str:
    how = pair.how
    words = [how.mirror] if how.mirror else []
    if how.moved >= 1:
        words.append(f"shifted by about {counted(round(how.moved), 'pixel')}")
    return f", {' and '.join(words)}" if words else ""


def class_findings(counts: Mapping[str, Mapping[str, int]], splits: Splits, definition: str) -> Iterator[DataFinding]:
    """`counts` is class to part to number of boxes. Splits without images are left out."""
    used = [part for part, samples in splits.items() if samples]
    for name, numbers in counts.items():
        there = [part for part in used if numbers[part]]
        missing = [PARTS[part] for part in used if not numbers[part]]
        if not there:
            yield DataFinding("never", f"The class {name} never occurs", definition)
        elif missing:
            total = counted(sum(numbers.values()), "box")
            where = listed(PARTS[part] for part in there)
            said = f"The class {name} ({total}) occurs in {where} only, and not in {listed(missing)}"
            yield DataFinding("one_split", said, definition)
