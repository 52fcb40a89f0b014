"""Plans, submits, continues and shows sweeps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from yogo.recipe import knobs
from yogo.run.directory import check_name
from yogo.run.launch import Outcome, ValueSearch
from yogo.text.wording import counted, listed, meant
from yogo_tui.advice import tui
from yogo_tui.cluster.base import Cluster, Machine
from yogo_tui.errors import LaunchError
from yogo_tui.hosts.base import Host
from yogo_tui.launch.checking import check_plan
from yogo_tui.launch.machine import size_words
from yogo_tui.launch.plan import LaunchPlan
from yogo_tui.launch.submit import LOOKED_FOR
from yogo_tui.runs import resumption
from yogo_tui.runs.model import Run, RunState
from yogo_tui.runs.pace import KnownPaces, measured_paces
from yogo_tui.settings import Settings, SizePreset
from yogo_tui.sweeps import AT_ONCE
from yogo_tui.sweeps.board import TrialRow, rows_of
from yogo_tui.sweeps.cost import Cost, cost_of
from yogo_tui.sweeps.optuna import OptunaCheck
from yogo_tui.sweeps.questions import KnownSweeps, ReadSweeps
from yogo_tui.sweeps.record import Sweep, Trial, folder_of
from yogo_tui.sweeps.space import MOST, Space, UnfitSpace, Values, read_fields, read_space
from yogo_tui.sweeps.submit import SubmittedArray, TrialPlan, submit_array
from yogo_tui.words import AT_START, as_typed

_NEVER_RAN = (RunState.CANCELLED, RunState.STOPPED)
_GOES_ON = (RunState.RUNNING, RunState.WAITING, RunState.HELD, RunState.SUSPENDED)


@dataclass(frozen=True, slots=True)
class PlannedSweep:
    """Trials that can be submitted together, as an array."""

    sweep: Sweep
    trials: tuple[TrialPlan, ...]
    cost: Cost
    varied: tuple[str, ...] = ()
    """What is varied and how it is drawn, a phrase for each field."""

    notes: tuple[str, ...] = ()
    """Sentences on what is left out, and why."""

    @property
    def table(self) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        """The head, and a row for each trial: its name, and what is varied, as it is typed."""
        chosen = {one.index: one for one in self.trials}
        trials = [trial for trial in self.sweep.trials if trial.index in chosen]
        fields = list(dict.fromkeys(field for trial in trials for field in trial.values))
        asked = self.sweep.search.names if self.sweep.search else ()
        rows = [
            (
                self.sweep.name_of(trial.index),
                *(as_typed(getattr(self.sweep.recipe_of(trial), field)) for field in fields),
                *(AT_START if chosen[trial.index].resumed is None else "as before" for _ in asked),
                "goes on" if chosen[trial.index].resumed else "begins",
            )
            for trial in trials
        ]
        if all(row[-1] == "begins" for row in rows):
            return ("trial", *fields, *asked), [row[:-1] for row in rows]
        return ("trial", *fields, *asked, ""), rows

    @property
    def words(self) -> str:
        """Such as "12 trials, at most 3 at a time: about 36 GPU hours, by the pace of earlier runs like these"."""
        at_once = min(self.sweep.throttle, len(self.trials))
        return f"{counted(len(self.trials), 'trial')}, at most {at_once} at a time: {self.cost}"

    def launched(self, machine: Machine | None) -> str:
        """Such as "rates-00 to rates-03 (cells.yml, pretrain, 16 epochs; 1 GPU, 24 h)"; no epochs where these vary."""
        sweep, names = self.sweep, [one.plan.name for one in self.trials]
        epochs = {one.plan.recipe.epochs for one in self.trials}
        is_searched = sweep.search is not None and "epochs" in sweep.search.names
        said = [PurePosixPath(sweep.definition).name, PurePosixPath(sweep.preset).stem]
        if len(epochs) == 1 and not is_searched:
            said.append(counted(epochs.pop(), "epoch"))
        which = names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}"
        return f"{which} ({', '.join(filter(None, said))}; {size_words(sweep.size, machine)})"


class Sweeps:
    def __init__(self, host: Host, cluster: Cluster, settings: Settings, acted: Callable[[], None]) -> None:
        """`acted` is called after a change of the queue."""
        self._host = host
        self._cluster = cluster
        self._settings = settings
        self._acted = acted
        self._optuna = OptunaCheck(host, settings)

    async def plan(
        self,
        base: LaunchPlan,
        texts: Iterable[str],
        seen: Sequence[Run],
        *,
        sample: int | None = None,
        tpe: int | None = None,
        prunes: bool = False,
        seed: int = 0,
        throttle: int = AT_ONCE,
    ) -> PlannedSweep:
        """A sweep called as `base` is, whose trials are that launch with what the texts vary (FIELD=VALUES): a grid, a
        random sample, or so many trials that ask a study (`tpe`). The runs `seen` tell what it costs. Changes nothing.

        Raises UnfitSpace, LaunchError, TemplateError, RunError, HostError.
        """
        space = read_space(base.recipe, texts)
        if base.parent and (fixed := [one.field for one in space.axes if one.field in _inherited()]):
            raise UnfitSpace(f"{listed(fixed)} cannot be varied for a fine-tune: the weights decide that.")
        check_name(base.name)
        search = self._search(base.name, space, prunes=prunes) if tpe else None
        values = _asking(space, tpe) if tpe else space.grid() if sample is None else space.sample(sample, seed)
        how = {"sample": sample, "seed": seed, "throttle": throttle, "search": search}
        sweep = _new_sweep(base, space).model_copy(update=how).with_trials(values)
        check_name(sweep.name_of(sweep.trials[-1].index))
        if (await self._read(sweep.name)).sweeps:
            raise LaunchError(f"There is already a sweep named {sweep.name}: choose another name.")
        plans = [_begun(sweep, trial, base) for trial in sweep.trials]
        checked = await check_plan(self._host, self._cluster, self._settings, plans[0].plan)
        sweep = sweep.model_copy(update={"definition_sha256": checked.definition_sha256})
        notes = await self._of_search(len(values), tpe, base.size) if tpe else _fewer(len(values), sample, space)
        return await self._planned(sweep, plans, seen, space, notes)

    async def _of_search(self, number: int, wanted: int, size: SizePreset) -> tuple[str, ...]:
        """Sentences on a search. Raises LaunchError if the jobs lack what it needs."""
        kept = "Each trial asks for its values when it starts; its study is kept by Optuna, which the job needs."
        few = f"No more than {counted(number, 'trial')} can differ from the others."
        return (kept, *await self._optuna.notes(size), *([few] if number < wanted else []))

    def _search(self, name: str, space: Space, *, prunes: bool) -> ValueSearch:
        return space.search(str(folder_of(Path(self._settings.own_runs_folder), name)), prunes=prunes)

    async def more(
        self, sweep: Sweep, seen: Sequence[Run], texts: Sequence[str] = (), *, sample: int | None = None
    ) -> PlannedSweep:
        """Further trials: of other values (FIELD=VALUES), with all that the sweep varies else; or so many more draws.
        What it has already is not repeated. Raises as `plan`."""
        space = read_fields(sweep.recipe, texts, sweep.space)
        if sweep.search:
            return await self._more_asking(sweep, seen, space, texts, sample)
        taken = [sweep.values_of(trial) for trial in sweep.trials]
        if sample is None and not texts:
            raise LaunchError("Say what to add: other values (FIELD=VALUES), or how many trials to draw (--random).")
        # Another seed: the same one would draw the same again.
        found = space.grid() if sample is None else space.sample(sample, sweep.seed + len(sweep.submissions), taken)
        recipes = {sweep.recipe_of(trial) for trial in sweep.trials}
        new = [one for one in found if sweep.recipe.model_copy(update=dict(one)) not in recipes]
        if not new:
            raise LaunchError(f"{sweep.name} has all of these trials already.")
        num_before = len(sweep.trials)
        sweep = sweep.with_trials(new)
        plans = [_begun(sweep, trial) for trial in sweep.trials[num_before:]]
        await check_plan(self._host, self._cluster, self._settings, plans[0].plan)
        left = len(found) - len(new)
        notes = (f"{counted(left, 'trial', 'is')} in the sweep already.",) if left else ()
        return await self._planned(sweep, plans, seen, space, notes)

    async def _more_asking(
        self, sweep: Sweep, seen: Sequence[Run], space: Space, texts: Sequence[str], number: int | None
    ) -> PlannedSweep:
        if texts or number is None:
            raise LaunchError(f"Its study chooses the values of {sweep.name}: say how many trials to add (--random).")
        num_before = len(sweep.trials)
        values = _asking(space, num_before + number)[num_before:]
        if not values:
            raise LaunchError(f"{sweep.name} has as many trials as there are different ones.")
        sweep = sweep.with_trials(values)
        plans = [_begun(sweep, trial) for trial in sweep.trials[num_before:]]
        await check_plan(self._host, self._cluster, self._settings, plans[0].plan)
        return await self._planned(sweep, plans, seen, space, await self._of_search(len(values), number, sweep.size))

    async def rest(self, sweep: Sweep, seen: Sequence[Run], *, with_failed: bool = False) -> PlannedSweep:
        """The trials that have no job and have not finished: those never submitted begin, those that were stopped or
        cancelled go on where they stopped. Failed ones are only among them where that is asked for. Raises LaunchError
        if there is none, HostError."""
        plans, notes = list[TrialPlan](), list[str]()
        rows = rows_of(sweep, seen)
        failed = [row for row in rows if _has_failed(row)]
        for row in rows:
            if _is_open(row) or (with_failed and row in failed):
                plans.append(await self._again(sweep, row))
        if unknown := [row.name for row in rows if row.run and row.run.state is RunState.UNKNOWN]:
            has = "has" if len(unknown) == 1 else "have"
            notes.append(
                f"It is not known whether {listed(unknown)} {has} a job. Of a submission that got no answer it is "
                f"known after {LOOKED_FOR.seconds // 60} minutes: ask again then."
            )
        if failed and not with_failed:
            what = "stays as it is" if len(failed) == 1 else "stay as they are"
            notes.append(f"{counted(len(failed), 'trial')} failed and {what}: --failed repeats.")
        if not plans:
            raise LaunchError(" ".join([f"No trial of {sweep.name} is left to submit.", *notes]))
        return await self._planned(sweep, plans, seen, None, tuple(notes))

    async def _again(self, sweep: Sweep, row: TrialRow) -> TrialPlan:
        if row.run is None or row.run.path is None:
            return _begun(sweep, row.trial)
        begun = replace(_begun(sweep, row.trial), launch=row.run.launch)
        if row.run.manifest is None:
            return begun
        try:
            found = await resumption.plan_resume(self._host, self._settings, row.run)
        except LaunchError:
            if row.run.progress and row.run.progress.epoch >= 1:
                raise
            return begun  # it has saved nothing yet
        plan = replace(found.plan, size=sweep.size)
        return replace(begun, plan=plan, resumed=found.directory, attempt=found.manifest.attempt + 1)

    async def submit(self, planned: PlannedSweep) -> SubmittedArray:
        """Submit the trials once, as an array. Raises what `submit_array` raises."""
        try:
            return await submit_array(self._host, self._cluster, self._settings, planned.sweep, planned.trials)
        finally:
            self._acted()

    async def all(self) -> KnownSweeps:
        """Those of the workspace, the latest first. Raises HostError."""
        return await self._read()

    async def find(self, name: str) -> Sweep:
        """Raises LaunchError with the nearest names if there is none, or if it cannot be read; HostError."""
        known = await self._read()
        for sweep in known.sweeps:
            if sweep.name == name:
                return sweep
        if problems := [one for one in known.problems if f"/{name}/" in one]:
            raise LaunchError(problems[0])
        raise LaunchError(f"There is no sweep {name}. {meant(name, [one.name for one in known.sweeps])}")

    async def _read(self, *names: str) -> KnownSweeps:
        return await self._host.ask(ReadSweeps(Path(self._settings.own_runs_folder), names))

    async def _planned(
        self, sweep: Sweep, plans: Sequence[TrialPlan], seen: Sequence[Run], space: Space | None, notes: Sequence[str]
    ) -> PlannedSweep:
        measured = await measured_paces(self._host, PurePosixPath(self._settings.own_runs_folder))
        paces = KnownPaces(seen, self._cluster.name, measured)
        cost = cost_of([one.plan.recipe for one in plans], sweep.definition, sweep.size, paces, sweep.search)
        varied = tuple(map(str, space.axes)) if space else ()
        return PlannedSweep(sweep, tuple(plans), cost, varied, tuple(notes))


def _new_sweep(base: LaunchPlan, space: Space) -> Sweep:
    return Sweep(
        name=base.name,
        kind=base.kind,
        definition=str(base.definition),
        recipe=space.recipe,
        preset=base.preset,
        size=base.size,
        parent=base.parent,
        reset_head=base.reset_head,
        space=tuple(f"{one.field}={one.text}" for one in space.axes),
    )


def to_stop(sweep: Sweep, seen: Sequence[Run], *, with_running: bool = False) -> tuple[Run, ...]:
    """The runs of its trials that wait in the queue, and those that run where that is asked for."""
    runs = [row.run for row in rows_of(sweep, seen) if row.run is not None]
    return tuple(run for run in runs if run.state.is_waiting or (with_running and run.state in _GOES_ON))


def stop_words(sweep: Sweep, runs: Sequence[Run]) -> str:
    """The question before the jobs of these runs are cancelled."""
    running = sum(not run.state.is_waiting for run in runs)
    waiting = len(runs) - running
    what = listed([*([f"{waiting} that wait"] if waiting else []), *([f"{running} that run"] if running else [])])
    kept = " Those that run save what they have." if running else ""
    go_on = f"They go on by: {tui()} sweep continue {sweep.name}"
    return f"Cancel {counted(len(runs), 'trial')} of {sweep.name}, {what}?{kept} {go_on}"


def values_of(sweep: Sweep, index: int) -> dict[str, str]:
    """What a trial has otherwise than the others may have, as it is typed."""
    trial = next(one for one in sweep.trials if one.index == index)
    return {field: as_typed(value) for field, value in sweep.values_of(trial).items()}


def _begun(sweep: Sweep, trial: Trial, base: LaunchPlan | None = None) -> TrialPlan:
    plan = LaunchPlan(
        name=sweep.name_of(trial.index),
        kind=sweep.kind,
        definition=PurePosixPath(sweep.definition),
        recipe=sweep.recipe_of(trial),
        size=sweep.size,
        preset=sweep.preset,
        parent=sweep.parent,
        reset_head=sweep.reset_head,
        after=base.after if base else None,
        search=sweep.search,
    )
    return TrialPlan(trial.index, plan)


def _asking(space: Space, number: int) -> tuple[Values, ...]:
    """So many trials without values, and no more than there are different ones. Raises UnfitSpace."""
    if number > MOST:
        raise UnfitSpace(f"A sweep has at most {counted(MOST, 'trial')}: this is {number:,}.")
    return ({},) * min(number, space.num_in_grid or number)


def _is_open(row: TrialRow) -> bool:
    """Whether it waits for nothing and has not come to an end of its own."""
    if row.run is None:
        return True
    return row.run.state in _NEVER_RAN or _was_refused(row.run)


def _was_refused(run: Run) -> bool:
    submission = run.submission
    return run.state is RunState.FAILED and submission is not None and submission.outcome is Outcome.REFUSED


def _has_failed(row: TrialRow) -> bool:
    return row.run is not None and row.run.state is RunState.FAILED and not _is_open(row)


def _inherited() -> set[str]:
    return {one.name for one in knobs() if one.knob.inherited}


def _fewer(number: int, sample: int | None, space: Space) -> tuple[str, ...]:
    if sample is None:
        return ()
    seeds = next((len(one.values) for one in space.axes if one.field == "seed"), 1)
    seeds = 1 if len(space.axes) == 1 else seeds
    each = f", each with {counted(seeds, 'seed')}" if seeds > 1 else ""
    if number // seeds < sample:
        return (f"There are only {number // seeds:,} different ones{each}.",)
    return (f"{counted(sample, 'combination')} drawn at random{each}.",) if each else ()
