"""Pairs of images that show the same place, within a set and between two.

First by signature: the scalar products of all with all, block by block, keep a few candidates of each image. Then each
candidate is compared with the images themselves (see yogo.health.same_place). Images that are joined already by other
pairs are not compared again, so that n images which are all alike cost n comparisons.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from yogo.errors import DefinitionError
from yogo.health.same_place import SamePlace, same_place
from yogo.images.depth import Bits

LEAST_ALIKE = 0.42
"""Of signatures. Of BCCD's 42,486 pairs all that are above it show the same place; the next one that does not is at
0.38."""

MOST_CANDIDATES = 20
"""Of each image: those most like it."""

MOST_FAILED = 5
"""An image that was like none of so many, as where a camera's dust makes all alike, is not compared again."""

_ROWS, _COLUMNS = 1_024, 4_096

Tell = Callable[[int, int], None]


class Candidates(NamedTuple):
    one: npt.NDArray[np.int64]
    """Indices, each below its `other`."""

    other: npt.NDArray[np.int64]
    likeness: npt.NDArray[np.float32]


class AlikePair(NamedTuple):
    one: int
    other: int
    how: SamePlace


def candidates(
    signatures: npt.NDArray[np.float16], others: npt.NDArray[np.float16] | None = None, tell: Tell = lambda *_: None
) -> Candidates:
    """The pairs whose signatures are alike, the most alike first: within a set, or of each with each of `others`, whose
    indices follow. Takes less than 200 MB beside the signatures and the result."""
    begin = 0 if others is None else len(signatures)
    columns = signatures if others is None else others
    found = [_none()]
    for start in range(0, len(signatures), _ROWS):
        rows = signatures[start : start + _ROWS].astype(np.float32)
        best = _none()
        for left in range(start if others is None else 0, len(columns), _COLUMNS):
            products = rows @ columns[left : left + _COLUMNS].astype(np.float32).T
            one, other = np.nonzero(products >= LEAST_ALIKE)
            is_later = other + left + begin > one + start
            one, other = one[is_later], other[is_later]
            fresh = Candidates(one + start, other + left + begin, products[one, other])
            best = _most_alike(_joined(best, fresh))
        found.append(best)
        tell(min(start + _ROWS, len(signatures)), len(signatures))
    whole = _joined(*found)
    return _taken(whole, np.lexsort((whole.other, whole.one, -whole.likeness)))


def _joined(*some: Candidates) -> Candidates:
    return Candidates(*(np.concatenate(parts) for parts in zip(*some, strict=True)))


def _taken(some: Candidates, which: npt.NDArray[Any]) -> Candidates:
    return Candidates(some.one[which], some.other[which], some.likeness[which])


def _none() -> Candidates:
    return Candidates(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32))


def _most_alike(some: Candidates) -> Candidates:
    """The most alike few of each `one`."""
    ordered = _taken(some, np.lexsort((some.other, -some.likeness, some.one)))
    first = np.searchsorted(ordered.one, ordered.one)  # where the candidates of the same image begin
    return _taken(ordered, np.arange(len(first)) - first < MOST_CANDIDATES)


def alike(
    paths: Sequence[str], of: Candidates, parts: Sequence[str], bits: Bits, tell: Tell = lambda *_: None
) -> list[AlikePair]:
    """The candidates that show the same place, but for those that others join already. `parts` says in which split each
    image is: pairs across splits come first, so that each image which is in two splits is named beside one in the
    other. Raises only what `tell` raises."""
    across = np.array([parts[one] != parts[other] for one, other in zip(of.one, of.other, strict=True)], np.bool_)
    joined = _Groups(len(paths))
    failed: Counter[int] = Counter()
    found = []
    order = np.argsort(~across, kind="stable")
    for done, place in enumerate(order, 1):
        one, other = int(of.one[place]), int(of.other[place])
        tell(done, len(order))
        if joined.are_one(one, other) or max(failed[one], failed[other]) >= MOST_FAILED:
            continue
        how = _compared(paths[one], paths[other], bits)
        if how is None:
            failed.update((one, other))
            continue
        joined.join(one, other)
        found.append(AlikePair(one, other, how))
    return found


def _compared(one: str, other: str, bits: Bits) -> SamePlace | None:
    try:
        return same_place(one, other, bits)
    except DefinitionError:  # it was changed since it was looked at
        return None


class _Groups:
    """Which images are joined, by a forest (union-find)."""

    def __init__(self, num: int) -> None:
        self._above = list(range(num))

    def are_one(self, one: int, other: int) -> bool:
        return self._root(one) == self._root(other)

    def join(self, one: int, other: int) -> None:
        self._above[self._root(other)] = self._root(one)

    def _root(self, one: int) -> int:
        while self._above[one] != one:
            self._above[one] = one = self._above[self._above[one]]
        return one
