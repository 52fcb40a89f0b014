"""Runs on the test images that they share, in words: which is better, or what it would take to see it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from yogo.metrics.difference import FEWEST_IMAGES, KEYS, NUM_RESAMPLES, PairedFigure, seeds_to_show
from yogo.metrics.verdict import verdict, would_show
from yogo.text.wording import counted
from yogo_tui.questions.pairs import ImagePair, RunPairs
from yogo_tui.words import thousands


@dataclass(frozen=True, slots=True)
class PairInWords:
    """The run that is better, or the best of several, against another one."""

    pair: ImagePair
    first: str
    """What the runs are called."""

    second: str
    deviations: Mapping[str, float]
    """Of each metric over seeds, where runs of either recipe differ by their seed alone."""

    has_same_recipe: bool = False
    """Whether the two runs have, but for the seed."""

    @property
    def title(self) -> str:
        return f"{self.first} against {self.second}"

    @property
    def images(self) -> str:
        """Which images they are compared on, or why they are not compared."""
        pair = self.pair
        if pair.has_other_classes:
            return "not compared: their classes differ"
        one, other = pair.num_of_each
        if pair.num_images == one == other:
            shared = f"the same {thousands(one)}"
        else:
            shared = f"{thousands(pair.num_images)} of {thousands(one)} and {thousands(other)} in both"
        return shared if pair.num_images >= FEWEST_IMAGES else f"too few to compare: {shared}"

    def verdict(self, key: str) -> str:
        """Such as `better by .020 (.005 to .036)`; empty if the figure is not known."""
        figure = self._figure(key)
        return verdict(figure) if figure else ""

    def takes(self, key: str) -> str:
        """What it would take to see a difference that was not seen; empty if one was seen."""
        figure = self._figure(key)
        if figure is None:
            return ""
        return would_show(figure, self.pair.num_images, self.seeds_to_show(figure))

    def seeds_to_show(self, figure: PairedFigure) -> int | None:
        """None where the spread over seeds is not known, or there is no difference."""
        deviation = self.deviations.get(figure.key)
        return None if deviation is None else seeds_to_show(figure.difference, deviation)

    def _figure(self, key: str) -> PairedFigure | None:
        return next((one for one in self.pair.figures if one.key == key), None)


def notes(found: RunPairs, pairs: Sequence[PairInWords], labels: Sequence[str]) -> Iterator[str]:
    """Sentences on what the comparison of images does not say."""
    compared = [one for one in pairs if one.pair.figures]
    if compared:
        yield (
            f"Image by image: intervals of 95 %, by {NUM_RESAMPLES:,} resamples of the test images. "
            "What another seed of the training would change is not in them."
        )
    if any(one.takes(key) for one in compared for key in KEYS):
        yield "What would show a difference shows it in four of five cases."
    if len(pairs) > 1:
        num = len(pairs) + 1
        yield f"{pairs[0].first} has the best mAP50 of {num} tests: the best of several looks better than it is."
    for one in compared:
        yield from _of_pair(one)
    for run in found.old:
        yield (
            f"The test of {labels[run]} kept nothing of single images: `yogo test` with --dump-to-disk on its "
            "best.pth does."
        )
    if found.untested and len(found.untested) < len(labels):
        names = ", ".join(labels[run] for run in found.untested)
        yield f"Without a test, and so not compared image by image: {names}."
    yield from found.problems


def _of_pair(one: PairInWords) -> Iterator[str]:
    pair = one.pair
    if one.has_same_recipe:
        yield f"{one.first} and {one.second} have the same recipe but for the seed: neither is the better recipe."
    if pair.num_relabelled:
        relabelled = counted(pair.num_relabelled, "image", "is")
        yield f"{one.title}: {relabelled} left out, with other labels in the one test than in the other."
    for name, dropped, seen in zip((one.first, one.second), pair.num_dropped, pair.trained_on, strict=True):
        if dropped:
            boxes = counted(dropped, "box", "is")
            yield f"{boxes} left out of the file of {name}, those of the lowest scores: its mAP50 is a little off."
        for run, count in seen.items():
            yield f"{counted(count, 'test image', 'was')} trained on by {run}: that flatters {name}."
