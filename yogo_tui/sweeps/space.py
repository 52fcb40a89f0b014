"""What a sweep varies: `lr=1e-4,3e-4`, `epochs=10..50/10`, `seed=0..4`; and the trials that come of it."""

from __future__ import annotations

import itertools
import math
import random
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from yogo.recipe import Recipe, UnfitValues, applied, bare, knobs, spellings
from yogo.run.launch import SearchedField, ValueSearch
from yogo.text.wording import counted, ended, meant
from yogo_tui.errors import ConsoleError
from yogo_tui.words import as_typed

MOST = 1000
"""Trials of a sweep. Slurm takes no more tasks in an array by default (MaxArraySize)."""

_EXAMPLE = "such as lr=1e-4,3e-4 or seed=0..4"
_RANGE = re.compile(r"(?P<low>\S*?)\.\.(?P<high>[^/]*)(?:/(?P<step>.*))?")
_DIGITS = 3
"""Significant digits of a number that is drawn."""

_LOG_FROM = 10.0
"""A range whose end is so many times its start is drawn from logarithmically."""

_TRIES = 100_000

Values = Mapping[str, Any]
"""What a trial has otherwise than the recipe, by field."""


class UnfitSpace(ConsoleError):
    """What was given to vary is refused: sentences."""


@dataclass(frozen=True, slots=True)
class VariedField:
    """A field that is varied."""

    field: str
    text: str
    """Its values as they were typed."""

    values: Sequence[Any] = ()
    """Empty for a range of numbers without a step."""

    low: float = 0.0
    high: float = 0.0

    @property
    def is_endless(self) -> bool:
        """Whether values can only be drawn from it."""
        return not self.values

    @property
    def is_logarithmic(self) -> bool:
        return self.is_endless and self.low > 0 and self.high >= _LOG_FROM * self.low

    @property
    def searched(self) -> SearchedField:
        if self.is_endless:
            return SearchedField(field=self.field, low=self.low, high=self.high, is_logarithmic=self.is_logarithmic)
        if isinstance(self.values, range):
            last = self.values[-1]
            return SearchedField(field=self.field, low=self.values[0], high=last, step=self.values.step)
        return SearchedField(field=self.field, choices=tuple(map(as_typed, self.values)))

    def draw(self, source: random.Random) -> Any:
        if not self.is_endless:
            return self.values[int(source.random() * len(self.values))]
        share = source.random()
        if self.is_logarithmic:
            drawn = math.exp(math.log(self.low) + share * (math.log(self.high) - math.log(self.low)))
        else:
            drawn = self.low + share * (self.high - self.low)
        return min(max(float(f"{drawn:.{_DIGITS}g}"), self.low), self.high)

    def __str__(self) -> str:
        """Such as "epochs 10, 20, 30"."""
        if self.is_endless:
            how = "logarithmically" if self.is_logarithmic else "evenly"
            return f"{self.field} {as_typed(self.low)} to {as_typed(self.high)}, drawn {how}"
        shown = [as_typed(one) for one in itertools.islice(self.values, 12)]
        return f"{self.field} {', '.join(shown)}{' …' if len(self.values) > len(shown) else ''}"


@dataclass(frozen=True, slots=True)
class Space:
    recipe: Recipe
    """Of all trials, with what was given one value only."""

    axes: tuple[VariedField, ...]

    @property
    def num_in_grid(self) -> int | None:
        """How many trials a grid has; None if it cannot be one."""
        if any(axis.is_endless for axis in self.axes):
            return None
        return math.prod(len(axis.values) for axis in self.axes)

    def grid(self) -> tuple[Values, ...]:
        """Every combination. Raises UnfitSpace."""
        if endless := [axis for axis in self.axes if axis.is_endless]:
            raise UnfitSpace(
                f"{endless[0].field}={endless[0].text} is a range without a step, which only a random sample draws "
                "from: a grid needs a step, as in 10..50/10, or a list of values."
            )
        if (number := self.num_in_grid or 0) > MOST:
            raise UnfitSpace(
                f"This grid has {counted(number, 'trial')}, and a sweep has at most {MOST:,}: give fewer values, or "
                "draw a random sample of them."
            )
        rows = itertools.product(*(axis.values for axis in self.axes))
        return tuple(dict(zip((axis.field for axis in self.axes), row, strict=True)) for row in rows)

    def sample(self, number: int, seed: int, taken: Iterable[Values] = ()) -> tuple[Values, ...]:
        """So many combinations at random, each with every seed where seeds are varied too, and none that is `taken`;
        fewer where there are no more. The same for the same seed. Raises UnfitSpace."""
        drawn, seeds = [axis for axis in self.axes if axis.field != "seed"], self._seeds()
        if not drawn:
            drawn, seeds = list(self.axes), ({},)
        source, known = random.Random(seed), {_key(one, drawn) for one in taken}
        rows, total = list[Values](), Space(self.recipe, tuple(drawn)).num_in_grid
        for _ in range(_TRIES):
            if len(rows) == number or len(known) == total:
                break
            row = {axis.field: axis.draw(source) for axis in drawn}
            if _key(row, drawn) not in known:
                known.add(_key(row, drawn))
                rows.append(row)
        if len(rows) * len(seeds) > MOST:
            raise UnfitSpace(f"A sweep has at most {counted(MOST, 'trial')}: this is {len(rows) * len(seeds):,}.")
        return tuple({**row, **seed} for row in rows for seed in seeds)

    def search(self, folder: str, *, prunes: bool) -> ValueSearch:
        """The same for a study in this folder. Raises UnfitSpace."""
        if any(axis.field == "seed" for axis in self.axes):
            raise UnfitSpace("seed is not searched: a study would find the luckiest. Vary it for the best values then.")
        return ValueSearch(folder=folder, fields=tuple(axis.searched for axis in self.axes), prunes=prunes)

    def _seeds(self) -> tuple[Values, ...]:
        """What each combination of a sample is repeated with. Raises UnfitSpace."""
        axis = next((axis for axis in self.axes if axis.field == "seed"), None)
        if axis is not None and len(axis.values) > MOST:
            raise UnfitSpace(
                f"seed={axis.text} is {counted(len(axis.values), 'seed')}: each trial is repeated with all."
            )
        return tuple({"seed": one} for one in axis.values) if axis else ({},)


def _key(values: Values, axes: Iterable[VariedField]) -> tuple[Any, ...]:
    return tuple(values.get(axis.field) for axis in axes)


def texts_in(line: str) -> list[str]:
    """The texts of a line, each FIELD=VALUES, with blanks between them."""
    return re.sub(r"\s*([,=/])\s*", r"\1", line).split()


def read_space(recipe: Recipe, texts: Iterable[str]) -> Space:
    """The space that these texts say, each FIELD=VALUES; one with a single value changes the recipe of all trials.
    Raises UnfitSpace, which says all that is wrong, or that nothing is varied."""
    space = read_fields(recipe, texts)
    single = {one.field: one.values[0] for one in space.axes if len(one.values) == 1}
    axes = tuple(one for one in space.axes if one.field not in single)
    if not axes:
        raise UnfitSpace(f"Nothing is varied: give a field several values, {_EXAMPLE}.")
    return Space(recipe.model_copy(update=single), axes)


def read_fields(recipe: Recipe, texts: Iterable[str], before: Iterable[str] = ()) -> Space:
    """The space that these texts say, where a field may have a single value too; and what was said of other fields
    `before`. Raises UnfitSpace, which says all that is wrong."""
    axes, problems = dict[str, VariedField](), list[str]()
    for text in texts:
        try:
            axis = _axis(recipe, text)
            if axis.field in axes:
                raise UnfitSpace(f"{axis.field} is given twice.")
            axes[axis.field] = axis
        except UnfitSpace as error:
            problems.append(str(error))
    if problems:
        raise UnfitSpace(" ".join(problems))
    said = {one.field: one for one in (_axis(recipe, text) for text in before)}
    return Space(recipe, tuple((said | axes).values()))


def _axis(recipe: Recipe, text: str) -> VariedField:
    spelling, is_sign, said = (part.strip() for part in text.partition("="))
    if not is_sign or not spelling:
        raise UnfitSpace(f"{text.strip()}: give FIELD=VALUES, {_EXAMPLE}.")
    known = spellings(knobs())
    field = known.get(bare(spelling))
    if field is None:
        raise UnfitSpace(f'There is no field "{spelling}". {meant(bare(spelling), known)}')
    if not said:
        raise UnfitSpace(f"{text.strip()}: give its values, {_EXAMPLE}.")
    if found := _RANGE.fullmatch(said):
        return _range(recipe, field, said, found)
    parts = [part.strip() for part in said.split(",")]
    if not all(parts):
        raise UnfitSpace(f"{field}={said}: there is nothing between two commas.")
    values = tuple(_value(recipe, field, part) for part in parts)
    if twice := [part for place, part in enumerate(parts) if values[place] in values[:place]]:
        raise UnfitSpace(f"{field}={said}: {twice[0]} stands there twice.")
    return VariedField(field, said, values)


def _range(recipe: Recipe, field: str, said: str, found: re.Match[str]) -> VariedField:
    if Recipe.model_fields[field].annotation not in (int, float):
        usual = as_typed(getattr(recipe, field))
        raise UnfitSpace(f"{field}={said}: only numbers have ranges. List its values, such as {field}={usual},….")
    low, high = (_value(recipe, field, found[end].strip()) for end in ("low", "high"))
    is_whole, step = isinstance(low, int), found["step"]
    if high <= low:
        raise UnfitSpace(f"{field}={said} is empty: its end must be greater than its start.")
    if step is None:
        return (
            VariedField(field, said, range(low, high + 1)) if is_whole else VariedField(field, said, low=low, high=high)
        )
    try:
        width = int(step) if is_whole else float(step)
    except ValueError:
        width = 0
    if not 0 < width < math.inf:
        whole = "a whole number" if is_whole else "a number"
        raise UnfitSpace(f"{field}={said}: the step behind the / must be {whole} greater than 0.")
    number = int((high - low) / width + 1e-9) + 1
    if is_whole:
        return VariedField(field, said, range(low, high + 1, int(width)))
    if number > MOST:
        raise UnfitSpace(f"{field}={said} is {counted(number, 'value')}: take a greater step.")
    return VariedField(field, said, tuple(float(f"{low + place * width:.10g}") for place in range(number)))


def _value(recipe: Recipe, field: str, text: str) -> Any:
    try:
        return getattr(applied(recipe, {field: text}), field)
    except UnfitValues as error:
        raise UnfitSpace(" ".join(ended(one.said("" if one.is_sentence else field)) for one in error.faults)) from error
