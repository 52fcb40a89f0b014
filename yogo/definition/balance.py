"""How well groups could be spread over the splits: what was asked for, and what was reached."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from yogo.text.wording import agreed, counted, listed

PARTS = ("train", "val", "test")


@dataclass(frozen=True, slots=True)
class GroupBalance:
    """Of the images that are split by fractions; those under test_paths count only in `groups`."""

    num_groups: int
    num_ungrouped: int = 0
    """Images without a group: each is split alone."""

    groups: dict[str, int] = field(default_factory=dict)
    """Split to its number of groups."""

    asked: dict[str, float] = field(default_factory=dict)
    """Split to the share that is asked for. Empty if all are in one split, and nothing is to be balanced."""

    images: dict[str, float] = field(default_factory=dict)
    """Split to the share of the images that it has."""

    boxes: dict[str, dict[str, float]] = field(default_factory=dict)
    """Class to split to the share of the class's boxes that it has; classes without boxes are left out."""

    @property
    def furthest(self) -> tuple[float, str, str]:
        """The largest distance of a share from what was asked, in points of per cent, what it is of, and the split."""
        rows = {"images": self.images, **self.boxes}
        return max(
            (abs(row[part] - share) * 100, name, part)
            for name, row in rows.items()
            for part, share in self.asked.items()
        )


def balance(
    groups_of: Mapping[str, Sequence[str]],
    asked: Mapping[str, float],
    amounts: Mapping[str, Sequence[int]],
    classes: Sequence[str],
) -> GroupBalance:
    """`groups_of` is split to the group of each of its images; `amounts` is split to its images and boxes of each
    class, of those that were split by fractions."""
    everything = [group for groups in groups_of.values() for group in groups]
    whole = [sum(numbers) for numbers in zip(*amounts.values(), strict=True)] if amounts else []
    used = {part: share for part, share in asked.items() if share} if amounts else {}
    shares = [{part: amounts[part][place] / (total or 1) for part in used} for place, total in enumerate(whole)]
    return GroupBalance(
        num_groups=len({*everything} - {""}),
        num_ungrouped=Counter(everything)[""],
        groups={part: len({*groups} - {""}) for part, groups in groups_of.items()},
        asked=used,
        images=shares[0] if shares else {},
        boxes={name: shares[1 + place] for place, name in enumerate(classes) if whole and whole[1 + place]},
    )


def balance_lines(found: GroupBalance) -> Iterator[str]:
    """How many groups there are in each split, and, as a table, how near the shares are to what was asked."""
    yield groups_words(found)
    if not found.asked:
        return
    rows = {"asked": found.asked, "images": found.images, **found.boxes}
    width = max(map(len, rows))
    yield f"{'share':<{width}}" + "".join(f"  {part:>7}" for part in found.asked)
    for name, row in rows.items():
        yield f"{name:<{width}}" + "".join(f"  {row[part]:>7.1%}" for part in found.asked)
    yield furthest_words(found)


def groups_words(found: GroupBalance) -> str:
    """Such as: 34 groups, none in two splits: train 27 · val 4 · test 3."""
    split = " · ".join(f"{part} {number:,}" for part, number in found.groups.items() if number)
    is_shared = sum(found.groups.values()) > found.num_groups
    how = "some in two splits" if is_shared else "none in two splits"
    alone = f"; {counted(found.num_ungrouped, 'image')} in no group" if found.num_ungrouped else ""
    return f"{counted(found.num_groups, 'group')}, {how}: {split}{alone}"


def furthest_words(found: GroupBalance) -> str:
    """How well the shares were reached, in a sentence; empty if none were asked for."""
    if not found.asked:
        return ""
    empty = [part for part, share in found.asked.items() if not found.images[part]]
    if empty:
        few, splits = counted(found.num_groups, "group"), counted(len(found.asked), "split")
        return f"{listed(empty)} {agreed(len(empty), 'stays')} empty: {few} cannot fill {splits}"
    points, name, part = found.furthest
    if points < 0.05:
        return "every share is as asked"
    row = found.images if name == "images" else found.boxes[name]
    what = "images" if name == "images" else f"{name} boxes"
    return f"furthest from what is asked: {part} has {row[part]:.1%} of the {what}, not {found.asked[part]:.1%}"
