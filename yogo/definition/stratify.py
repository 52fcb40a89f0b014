"""Spreads groups over splits so that each gets its share of images and of each class's boxes, as nearly as can be.

A greedy stratification after Sechidis et al., "On the stratification of multi-label data" (2011), for groups in place
of single examples: the group that brings most of what is rare is placed first, each where it is missed most. Moves and
exchanges improve on that; of few groups, every way to place them is tried.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence

MOST_WAYS = 10_000
"""Ways to place all groups that are tried."""

_MOST_MOVED = 2_000
_MOST_EXCHANGED = 120
_ROUNDS = 10
_LEAST_GAIN = 1e-12

Amounts = Sequence[int]
"""What a group brings of each thing: images first, then the boxes of each class."""


def spread(groups: Sequence[Amounts], shares: Sequence[float]) -> list[int]:
    """The part of each group: a place in `shares`, which sum to 1. Groups of equal weight are placed in their order.

    No part with a share stays empty, if there are groups enough; else those of the largest shares get one each.
    """
    used = sorted((part for part, share in enumerate(shares) if share), key=lambda part: -shares[part])[: len(groups)]
    if not groups or len(used) == 1:
        return [used[0] for _ in groups]
    placing = _Placing(groups, [shares[part] for part in used])
    found = placing.best() if len(used) ** len(groups) <= MOST_WAYS else placing.good()
    return [used[part] for part in found]


class _Placing:
    """Costs are the squared distances from the parts' shares, of each thing alike, in relation to the share."""

    def __init__(self, groups: Sequence[Amounts], shares: Sequence[float]) -> None:
        whole = sum(shares)
        self._shares = [share / whole for share in shares]
        totals = [sum(amounts) for amounts in zip(*groups, strict=True)]
        self._groups = [
            [(thing, amount / totals[thing]) for thing, amount in enumerate(amounts) if amount] for amounts in groups
        ]
        """Of each group the things that it brings, in fractions of all there is."""

        self._reached = [[0.0] * len(totals) for _ in shares]
        self._numbers = [0] * len(shares)
        self._things = [thing for thing, total in enumerate(totals) if total]

    def best(self) -> list[int]:
        """The cheapest of all ways; of equal ones the first."""
        parts = range(len(self._shares))
        ways = itertools.product(parts, repeat=len(self._groups))
        return [*min((way for way in ways if len({*way}) == len(parts)), key=self._cost)]

    def _cost(self, way: Sequence[int]) -> float:
        cost = 0.0
        for part, share in enumerate(self._shares):
            reached = [-share] * len(self._reached[0])
            for group, at in zip(self._groups, way, strict=True):
                if at == part:
                    for thing, fraction in group:
                        reached[thing] += fraction
            # Rounded, so that the order of a sum decides nothing.
            cost += sum(reached[thing] ** 2 for thing in self._things) / share
        return round(float(cost), 12)

    def good(self) -> list[int]:
        groups = self._groups
        where = [-1] * len(groups)
        order = sorted(range(len(groups)), key=lambda place: -round(sum(amount for _, amount in groups[place]), 12))
        for done, place in enumerate(order):
            empty = [part for part, number in enumerate(self._numbers) if not number]
            parts = empty if len(order) - done <= len(empty) else range(len(self._shares))
            where[place] = min(parts, key=lambda part: self._change(place, part, 1))
            self._put(place, where[place], 1)
        if len(groups) <= _MOST_MOVED:
            for _ in range(_ROUNDS):
                if not (self._move(where) | self._exchange(where)):
                    break
        return where

    def _change(self, place: int, part: int, sign: int) -> float:
        """What it costs to put a group into a part (1), or to take it out (-1)."""
        reached, share = self._reached[part], self._shares[part]
        return math.fsum(
            amount * (2 * sign * (reached[thing] - share) + amount) / share for thing, amount in self._groups[place]
        )

    def _put(self, place: int, part: int, sign: int) -> None:
        self._numbers[part] += sign
        for thing, amount in self._groups[place]:
            self._reached[part][thing] += sign * amount

    def _move(self, where: list[int]) -> bool:
        moved = False
        for place, here in enumerate(where):
            if self._numbers[here] == 1:
                continue
            out = self._change(place, here, -1)
            gain, there = min(
                (out + self._change(place, part, 1), part) for part in range(len(self._shares)) if part != here
            )
            if gain < -_LEAST_GAIN:
                self._put(place, here, -1)
                self._put(place, there, 1)
                where[place], moved = there, True
        return moved

    def _exchange(self, where: list[int]) -> bool:
        exchanged = False
        for one, other in self._pairs(where):
            here, there = where[one], where[other]
            if here == there:
                continue
            cost = 0.0
            for place, part, sign in ((one, here, -1), (other, there, -1), (one, there, 1), (other, here, 1)):
                cost += self._change(place, part, sign)
                self._put(place, part, sign)
            where[one], where[other] = there, here
            if cost < -_LEAST_GAIN:
                exchanged = True
                continue
            where[one], where[other] = here, there
            for place, part, sign in ((one, there, -1), (other, here, -1), (one, here, 1), (other, there, 1)):
                self._put(place, part, sign)
        return exchanged

    def _pairs(self, where: Sequence[int]) -> Iterator[tuple[int, int]]:
        """Of the groups that weigh most, where there are many."""
        heavy = sorted(range(len(where)), key=lambda place: -sum(amount for _, amount in self._groups[place]))
        return itertools.combinations(heavy[:_MOST_EXCHANGED], 2)
