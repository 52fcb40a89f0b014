"""A data set's health in words, as `yogo check --deep` prints it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from yogo.health.finding import KINDS, Affected, DataHealth
from yogo.text.wording import agreed, counted, listed

MOST_OF_A_KIND = 5
"""Findings of one kind that are printed; the rest is counted."""


def report(health: DataHealth) -> Iterator[str]:
    """The lines: a table by kind, then what was found. Names are unchanged: make them printable before you print."""
    yield from table(health)
    for kind, what in KINDS.items():
        found = [one for one in health.findings if one.kind == kind]
        if not found:
            continue
        yield ""
        yield f"{what.name}: {what.advice}"
        yield from (f"! {one}" for one in found[:MOST_OF_A_KIND])
        if (rest := len(found) - MOST_OF_A_KIND) > 0:
            yield f"! and {rest:,} more (--json lists all)"


def as_data(health: DataHealth) -> dict[str, Any]:
    """The same for a program, with the advice of each finding and the share of each kind."""
    findings = [dataclasses.asdict(one) | {"advice": one.advice} for one in health.findings]
    shares = [dataclasses.asdict(one) | {"share": one.share} for one in health.affected]
    return dataclasses.asdict(health) | {"findings": findings, "affected": shares}


def table(health: DataHealth) -> Iterator[str]:
    """How many images, boxes and classes each kind of finding affects, and what all was looked for."""
    some = [one for one in health.affected if one.number]
    if some:
        width = max(len(one.name) for one in some)
        yield f"{'found':<{width}}  {'affected':>8}  {'share':>7}"
        yield from (f"{one.name:<{width}}  {one.number:>8,}  {shown_share(one):>7}" for one in some)
    if none := [one.name for one in health.affected if not one.number]:
        yield f"not found: {listed(none)}"
    yield from summary(health)


def summary(health: DataHealth) -> Iterator[str]:
    """On how many images nothing was found, and what could not be compared or checked."""
    sound = f"{health.num_sound:,} of {counted(health.num_images, 'image')}"
    yield f"nothing was found on {sound}{_per_cent(health.num_sound, health.num_images)}, nor in their labels"
    if unread := health.num_images - health.num_read:
        yield f"{counted(unread, 'image')} could not be read, and {agreed(unread, 'was')} not compared"
    yield from health.remarks


def shown_share(one: Affected) -> str:
    """Per cent; never 0 where something is affected."""
    return f"{100 * one.share:.1f} %" if one.share >= 0.001 else "<0.1 %"


def _per_cent(part: int, total: int) -> str:
    return f" ({100 * part / total:.0f} %)" if total else ""
