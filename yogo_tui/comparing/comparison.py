"""A comparison of runs: what differs, the figures, and the spread over seeds."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from yogo.metrics.difference import KEYS
from yogo.text.wording import agreed, counted
from yogo_tui.comparing import FEWEST
from yogo_tui.comparing.assays import ComparedAssays
from yogo_tui.comparing.charts import charts, followed
from yogo_tui.comparing.differences import PART_WORDS, Difference, differences, has_own_split, unlike_but_seed
from yogo_tui.comparing.figures import TEST, Figure, figures
from yogo_tui.comparing.pairs import PairInWords
from yogo_tui.comparing.pairs import notes as notes_on_pairs
from yogo_tui.comparing.plotting import Sheet, laid_out
from yogo_tui.comparing.subject import Subject, labelled
from yogo_tui.curves.assay import axes, charts_together
from yogo_tui.curves.axes import TRAINING, Axis
from yogo_tui.curves.drawing import Chart
from yogo_tui.curves.record import RunCurves
from yogo_tui.questions.pairs import RunPairs


@dataclass(frozen=True)
class Comparison:
    subjects: tuple[Subject, ...]
    paired: RunPairs = field(default_factory=RunPairs)
    """What is known of the test images that the runs share."""

    @classmethod
    def of(cls, subjects: Sequence[Subject]) -> Comparison:
        return cls(labelled(tuple(subjects)))

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(one.label for one in self.subjects)

    @cached_property
    def differences(self) -> tuple[Difference, ...]:
        return differences(self.subjects)

    @cached_property
    def figures(self) -> tuple[Figure, ...]:
        of_assays = [one for one in self.assays.figures() if any(value is not None for value in one.values)]
        return (*figures(self.subjects), *of_assays)

    @cached_property
    def assays(self) -> ComparedAssays:
        """What the runs' counts are worth, on the same images where there are such."""
        return ComparedAssays.of(self.subjects)

    @cached_property
    def seeds(self) -> tuple[tuple[int, ...], ...]:
        """The numbers of runs that differ by seed alone, each group of two or more."""
        groups: list[list[int]] = []
        for number, one in enumerate(self.subjects):
            for group in groups:
                if one.recipe and not any(unlike_but_seed(self.subjects[other], one) for other in group):
                    group.append(number)
                    break
            else:
                groups.append([number])
        return tuple(tuple(group) for group in groups if self._has_seeds(group))

    def _has_seeds(self, group: Sequence[int]) -> bool:
        """Whether each has a seed of its own: the same run twice says nothing about seeds."""
        seeds = [one.recipe.seed for number in group if (one := self.subjects[number]).recipe]
        return len(group) >= FEWEST and len(set(seeds)) == len(group)

    @cached_property
    def pairs(self) -> tuple[PairInWords, ...]:
        """The better run of two, or the best one of several, against each of the others, image by image."""
        return tuple(
            PairInWords(
                pair,
                self.labels[pair.first],
                self.labels[pair.second],
                self._deviations(pair.first, pair.second),
                has_same_recipe=_has_same_recipe(self.subjects[pair.first], self.subjects[pair.second]),
            )
            for pair in self.paired.pairs
        )

    def _deviations(self, *runs: int) -> dict[str, float]:
        """Of each metric of the tests, over the seeds of the recipes of these runs."""
        groups = [group for group in self.seeds if set(runs) & set(group)]
        known = {figure.label: [figure.spread(group) for group in groups] for figure in self.figures}
        return {key: _pooled(found, groups) for key in KEYS if (found := known.get(f"{TEST}{key}")) and all(found)}

    @cached_property
    def curves(self) -> tuple[RunCurves, ...]:
        """Those of each run."""
        return followed(self.subjects)

    def charts(self, axis: Axis) -> Mapping[str, Chart]:
        """The curves of the runs over each other, by the key of the plot."""
        if axis not in TRAINING:
            return charts_together(self.labels, self.assays.alike, axis)
        return charts(self.labels, self.curves, axis)

    @property
    def axes(self) -> tuple[Axis, ...]:
        """What its curves can be drawn over."""
        reports = [one for one in self.assays.alike if one]
        return (*TRAINING, *(axes(reports) if reports else ()))

    def sheets(self, axis: Axis) -> Iterator[Sheet]:
        """All plots on paper: the curves over `axis`, then those of assays."""
        for over in (axis if axis in TRAINING else Axis.EPOCH, *self.axes[len(TRAINING) :]):
            yield from (laid_out(chart, over) for chart in self.charts(over).values())

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """Sentences on what the tables do not say."""
        on_pairs = notes_on_pairs(self.paired, self.pairs, self.labels)
        return (*on_pairs, *self.assays.notes, *self._same_data(), *self._unlike(), *self._unread())

    def _same_data(self) -> Iterator[str]:
        for part, word in PART_WORDS.items():
            digests = [one.digest(part) for one in self.subjects]
            if unknown := [one.label for one, digest in zip(self.subjects, digests, strict=True) if not digest]:
                if len(unknown) < len(digests):
                    what = f"The {word} data of {', '.join(unknown)} {agreed(len(unknown), 'is')} not known"
                    yield f"{what}: whether they are the same is not told."
            elif len(set(digests)) == 1:
                yield f"The {word} data are the same: {digests[0][:8]}."

    def _unlike(self) -> Iterator[str]:
        whys = dict.fromkeys(one.why for one in self.figures if one.others)
        for why in whys:
            yield f"≠ marks a figure {why}: it is not ranked with the others."

    def _unread(self) -> Iterator[str]:
        for one in self.subjects:
            yield from (f"{one.label}: {problem}" for problem in one.read.problems)


def _has_same_recipe(one: Subject, other: Subject) -> bool:
    """Whether they are known to, but for the seed, from which the split of the data may follow."""
    recipes = [run.recipe and run.recipe.model_copy(update={"seed": 0}) for run in (one, other)]
    return recipes[0] is not None and recipes[0] == recipes[1]


def _pooled(spreads: Sequence[tuple[float, float] | None], groups: Sequence[Sequence[int]]) -> float:
    """The standard deviation within groups, of the mean and deviation of each."""
    freedom = [len(group) - 1 for group in groups]
    squares = [free * spread[1] ** 2 for free, spread in zip(freedom, spreads, strict=True) if spread]
    return math.sqrt(sum(squares) / sum(freedom))


def seeds_words(of: Comparison, group: Sequence[int]) -> str:
    first, *others = (of.subjects[number] for number in group)
    own = ", each with its own split" if any(has_own_split(first, one) for one in others) else ""
    return f"mean ± sd of {counted(len(group), 'seed')}{own}"
