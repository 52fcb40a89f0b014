"""The study of a sweep, kept by Optuna: which values a trial trains with, and whether it is worth going on.

    <the sweep's folder>/study.log    Optuna's journal: each trial's values, and its mAP50 after each epoch

Trials on several machines write it. Its lock is a symbolic link, which any NFS makes for one of them alone, while
locks of the kernel reach other machines only where the disk is mounted so. That of a killed process is removed after
half a minute. A trial that is killed stays open in the study, and the others go on without it.
"""

from __future__ import annotations

import contextlib
import math
import random
import warnings
from collections.abc import Iterator, Mapping
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from yogo.distribution import installing
from yogo.errors import RunError
from yogo.run.launch import SearchedField, ValueSearch

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.study import Study
    from optuna.trial import FrozenTrial

FILE = "study.log"
METRIC = "mAP50"

NUM_DRAWN = 5
"""Trials whose values are drawn at random, before the study learns from them."""

NUM_COMPARED = 4
"""Trials that must have finished before another is pruned."""

PRUNED = "pruned by the sweep"

NEEDS = "This sweep needs"
"""How the sentence begins that says that Optuna is missing."""

_RUN, _WHY, _DIGITS, _TRIES = "run", "why", 3, 1000


class StudyTrial:
    """The part that the run called `name` has in a study."""

    def __init__(self, search: ValueSearch, name: str) -> None:
        """Raises RunError if Optuna is not installed, or the journal cannot be read."""
        self._search = search
        self._name = name
        self._journal = str(Path(search.folder) / FILE)
        self._study = _opened(self._journal)

    def ask(self) -> dict[str, Any]:
        """Its values by field, chosen now or, where it has asked before, the same again; no other trial's while there
        are others. Raises OSError."""
        with _locked(f"{self._journal}.ask"):
            asked = self._mine() or self._chosen()
            return _values(self._search, asked.params)

    def _chosen(self) -> FrozenTrial:
        from optuna.samplers import PartialFixedSampler
        from optuna.trial import TrialState

        space = {one.field: _distribution(one) for one in self._search.fields}
        taken = [_values(self._search, one.params) for one in self._trials() if _RUN in one.user_attrs]
        trial = self._study.ask(space)
        if _values(self._search, trial.params) in taken and (fresh := self._drawn(taken)):
            self._study.tell(trial, state=TrialState.FAIL)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # that it may change in later versions
                self._study.sampler = PartialFixedSampler(fresh, self._study.sampler)
            trial = self._study.ask(space)
        trial.set_user_attr(_RUN, self._name)
        found = self._mine()
        assert found is not None
        return found

    def _drawn(self, taken: list[dict[str, Any]]) -> dict[str, Any] | None:
        """Values at random that no other trial has, as the study has them; None if there are hardly any."""
        source = random.Random()
        for _ in range(_TRIES):
            drawn = {one.field: _draw(one, source) for one in self._search.fields}
            if _values(self._search, drawn) not in taken:
                return drawn
        return None

    @property
    def verdict(self) -> str:
        """Why it was pruned, a sentence; empty if it was not."""
        mine = self._mine()
        return str(mine.user_attrs.get(_WHY, "")) if mine else ""

    def report(self, epoch: int, score: float | None, epochs: int) -> None:
        """Tell its score after so many of its `epochs`; the study may prune it then. Again, it is told once."""
        from optuna.pruners import MedianPruner
        from optuna.trial import Trial, TrialState

        mine = self._mine()
        if mine is None or mine.state.is_finished() or score is None or not math.isfinite(score):
            return
        trial = Trial(self._study, mine._trial_id)
        if epoch not in mine.intermediate_values:
            trial.report(score, epoch)
        self._study.pruner = MedianPruner(NUM_COMPARED, n_warmup_steps=math.ceil(epochs / 5))
        if self._search.prunes and epoch < epochs and trial.should_prune():
            best = max(score, *mine.intermediate_values.values())
            trial.set_user_attr(_WHY, f"{PRUNED}: {METRIC} {best:.3f} at best after epoch {epoch}, below the median")
            self._study.tell(mine.number, state=TrialState.PRUNED)

    def finish(self) -> None:
        """It has trained to its end: its result is its best score."""
        from optuna.trial import TrialState

        mine = self._mine()
        if mine is None or mine.state.is_finished():
            return
        if scores := mine.intermediate_values.values():
            self._study.tell(mine.number, max(scores))
        else:
            self._study.tell(mine.number, state=TrialState.FAIL)

    def _mine(self) -> FrozenTrial | None:
        return next((one for one in self._trials() if one.user_attrs.get(_RUN) == self._name), None)

    def _trials(self) -> list[FrozenTrial]:
        return self._study.get_trials(deepcopy=False)


def optuna_version() -> str:
    """The version that is installed here, of which nothing is imported. Raises RunError if there is none."""
    if find_spec("optuna") is None:
        raise _lacks("optuna")
    return metadata.version("optuna")


def _lacks(package: str | None) -> RunError:
    return RunError(f"{NEEDS} {package}, which is not installed here: {installing('sweep')}")


def _opened(journal: str) -> Study:
    try:
        import optuna
        from optuna.storages import JournalStorage
        from optuna.storages.journal import JournalFileBackend, JournalFileSymlinkLock
    except ImportError as error:
        raise _lacks(error.name) from error
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        storage = JournalStorage(JournalFileBackend(journal, JournalFileSymlinkLock(journal)))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of constant_liar, that it may change in later versions
            sampler = optuna.samplers.TPESampler(n_startup_trials=NUM_DRAWN, constant_liar=True)
        return optuna.create_study(
            study_name="sweep", storage=storage, sampler=sampler, direction="maximize", load_if_exists=True
        )
    except (ValueError, KeyError) as error:
        raise RunError(f"{journal} is damaged: {error}") from error


@contextlib.contextmanager
def _locked(path: str) -> Iterator[None]:
    from optuna.storages.journal import JournalFileSymlinkLock

    lock = JournalFileSymlinkLock(path)
    lock.acquire()
    try:
        yield
    finally:
        with contextlib.suppress(RuntimeError):  # somebody took it for that of a killed process
            lock.release()


def _distribution(one: SearchedField) -> BaseDistribution:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if one.choices:
        return CategoricalDistribution(one.choices)
    if one.step:
        return IntDistribution(int(one.low), int(one.high), step=one.step)
    return FloatDistribution(one.low, one.high, log=one.is_logarithmic)


def _draw(one: SearchedField, source: random.Random) -> Any:
    if one.choices:
        return source.choice(one.choices)
    if one.step:
        return source.randrange(int(one.low), int(one.high) + 1, one.step)
    if one.is_logarithmic:
        return min(max(math.exp(source.uniform(math.log(one.low), math.log(one.high))), one.low), one.high)
    return source.uniform(one.low, one.high)


def _values(search: ValueSearch, params: Mapping[str, Any]) -> dict[str, Any]:
    """What is trained with: a number with as many digits as a person would give it."""
    return {one.field: _short(one, params[one.field]) for one in search.fields if one.field in params}


def _short(one: SearchedField, value: Any) -> Any:
    if one.choices or one.step:
        return value
    return min(max(float(f"{value:.{_DIGITS}g}"), one.low), one.high)
