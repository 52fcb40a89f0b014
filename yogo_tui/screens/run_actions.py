"""The actions on a run, for the list of runs and for the run's own screen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual import work
from textual.worker import get_current_worker

from yogo.text.terminal import printable
from yogo.text.wording import counted
from yogo_tui.cluster.base import Change
from yogo_tui.errors import ConsoleError, LaunchError
from yogo_tui.launch.machine import size_words
from yogo_tui.launch.purpose import Purpose
from yogo_tui.runs.cancelling import is_open, what_cancel_does, what_each_cancel_does, what_forget_does
from yogo_tui.runs.chains import behind
from yogo_tui.runs.holding import change_for, done_words, what_it_does
from yogo_tui.runs.model import Run
from yogo_tui.runs.refusals import no_change, no_finetune, no_resume, no_use
from yogo_tui.screens.ask import Ask
from yogo_tui.screens.base import FramedScreen, changes
from yogo_tui.screens.choose import Choice
from yogo_tui.screens.going import Draft
from yogo_tui.screens.held_keys import reads_first
from yogo_tui.words import state_words

if TYPE_CHECKING:
    from pathlib import Path

    from yogo_tui.launch.use import SubmittedUse
    from yogo_tui.session.again import Again

_FINETUNE = "finetune"
_USES: tuple[tuple[str, Choice], ...] = (
    (Purpose.TEST, Choice("test it", "on the test images of a definition")),
    (Purpose.ASSAY, Choice("assay it", "limits and estimates per µL; of a definition, or samples")),
    (Purpose.INFER, Choice("find cells in images", "a folder, a zarr store or samples; counts, labels")),
    (Purpose.EXPORT, Choice("export it", "to ONNX and OpenVINO")),
    (Purpose.REVIEW, Choice("rank labels by it", "of a definition: the most doubted first")),
    (Purpose.LABEL, Choice("label images by it", "a folder; for a person to correct")),
    (Purpose.NEXT, Choice("choose images to label next", "of a folder: where it is unsure")),
    (_FINETUNE, Choice("fine-tune it", "opens Launch, with its weights as the parent")),
)
_SAID = {
    Purpose.TEST: "tests {} on {}",
    Purpose.ASSAY: "assays {} on {}",
    Purpose.INFER: "finds cells in {1} with {0}",
    Purpose.EXPORT: "exports {}",
    Purpose.REVIEW: "ranks the labels of {1} by {0}",
    Purpose.LABEL: "labels the images in the folder {1} by {0}",
    Purpose.NEXT: "chooses images to label next from {1} by {0}",
}


_MOST_NAMED = 3
NO_RUN = "There is no run to choose. Press 3 to launch one."
_ON_A_RUN = frozenset(
    "open results details why finetune again cancel resume use made hold requeue forget trash note tags pin sync "
    "copy".split()
)


class RunActions(FramedScreen):
    """A screen whose keys act on a run."""

    @property
    def acted_on(self) -> Run | None:
        """The run that the keys act on; None if there is none."""
        raise NotImplementedError

    @property
    def marked(self) -> tuple[Run, ...]:
        """The runs that a key for many acts on instead; empty if none is marked."""
        return ()

    def unmark(self) -> None:
        """Called after a key acted on the marked runs."""

    def why_not(self, action: str) -> str:
        runs = self.marked or ((self.acted_on,) if self.acted_on else ())
        if action not in _ON_A_RUN:
            return super().why_not(action)
        if not runs:
            return NO_RUN
        match action:
            case "cancel":
                refused = [no_cancel(run) for run in runs]
            case "resume":
                refused = [no_resume(run) for run in runs]
            case "use":
                refused = [no_use(run) for run in runs]
            case "finetune":
                refused = [no_finetune(self.acted_on or runs[0])]
            case "hold" | "requeue":
                change = Change.REQUEUE if action == "requeue" else change_for(runs[0])
                refused = [no_change(run, change, self.app.session.cluster.name) for run in runs]
            case _:
                refused = [""]
        return refused[0] if all(refused) else ""

    def chosen_runs(self) -> tuple[Run, ...]:
        """The runs that a key for many acts on. If there is none, the user is told so."""
        return self.marked or ((one,) if (one := self.chosen_run()) else ())

    def chosen_run(self) -> Run | None:
        """The run that a key acts on. If there is none, the user is told so."""
        if self.acted_on is None:
            self.app.notify(NO_RUN, markup=False)
        return self.acted_on

    def used(self) -> None:
        """Called after a job that uses the run was submitted."""

    @changes
    async def action_cancel(self) -> None:
        """Ask, with what will be lost, and cancel the runs."""
        app, chosen = self.app, self.chosen_runs()
        if not chosen:
            return
        runs = tuple(run for run in chosen if not no_cancel(run))
        if not runs:
            over = no_cancel(chosen[0]) if len(chosen) == 1 else f"all {len(chosen)} are over"
            app.notify(printable(over), markup=False)
            return
        names, question = printable(_listed(runs)), _question(runs, app.runs.runs, len(chosen) - len(runs))
        if await app.push_screen_wait(Ask(question)):
            with app.telling(f"{names} {'was' if len(runs) == 1 else 'were'} not cancelled"):
                await app.session.jobs.cancel(runs)
                app.notify(f"asked to cancel {names}", markup=False)
                self.unmark()
                app.session.runs.look_now()

    @reads_first("asking the cluster")
    @changes
    async def action_hold(self) -> None:
        """Ask, and hold the jobs that wait, or release them where the first of them is held."""
        if runs := self.chosen_runs():
            await self._hold_or_requeue(change_for(runs[0]), runs)

    @reads_first("asking the cluster")
    @changes
    async def action_requeue(self) -> None:
        """Ask, and put the jobs back into the queue."""
        if runs := self.chosen_runs():
            await self._hold_or_requeue(Change.REQUEUE, runs)

    async def _hold_or_requeue(self, change: Change, runs: Sequence[Run]) -> None:
        app, done = self.app, done_words(change)
        with app.telling(f"{printable(_listed(runs))} {'was' if len(runs) == 1 else 'were'} not {done}"):
            fit, refused = await app.session.jobs.sorted_out(change, runs)
            if not fit:
                raise LaunchError("\n".join(refused))
            names = printable(_listed(fit))
            each = [f"{printable(run.name)}: {what_it_does(run, change)}" for run in fit]
            question = f"{change.value.capitalize()} {'it' if len(runs) == 1 else counted(len(fit), 'run')}?"
            if await app.push_screen_wait(
                Ask("\n".join([question, *each, *(f"! {printable(one)}" for one in refused)]))
            ):
                await app.session.jobs.change(change, fit)
                app.notify(f"{done}: {names}", markup=False)
                self.unmark()
                app.session.runs.look_now()

    @reads_first("looking at what it saved")
    @changes
    async def action_resume(self) -> None:
        """Ask, with the epochs to resume from, and submit a job more for each run."""
        if len(runs := self.chosen_runs()) > 1:
            await self._resume_many(runs)
        elif runs:
            await self._resume(runs[0])

    async def _resume(self, run: Run) -> None:
        app, name = self.app, printable(run.name)
        with app.telling(f"{run.name} was not resumed"):
            plan = await app.session.jobs.plan_resume(run)
            if await app.push_screen_wait(Ask(f"Submit a job that continues {name}? It {plan}.", is_safe=True)):
                launched = await app.session.jobs.resume(run)
                app.notify(printable(launched.notice) or f"{name} {plan}", markup=False)

    async def _resume_many(self, runs: Sequence[Run]) -> None:
        """Those that cannot be resumed are named in the question; one that is refused does not keep the others back."""
        jobs, planned, lines, refused = self.app.session.jobs, list[Run](), list[str](), list[str]()
        with self.app.telling("none of them was resumed"):
            for run in runs:
                try:
                    lines.append(f"{run.name} {await jobs.plan_resume(run)}.")
                    planned.append(run)
                except LaunchError as error:
                    lines.append(f"! {error}")
            if not planned:
                raise LaunchError("\n".join(lines))
            question = f"Submit {counted(len(planned), 'job')}, one for each run?"
            if not await self.app.push_screen_wait(Ask("\n".join([question, *lines]), is_safe=True)):
                return
        for run in planned:
            try:
                if notice := (await jobs.resume(run)).notice:
                    refused.append(notice)
            except ConsoleError as error:
                refused.append(str(error))
        self.unmark()
        self.app.notify(f"{len(planned) - len(refused)} of {counted(len(planned), 'run')} resumed", markup=False)
        with self.app.telling("not all were resumed"):
            if refused:
                raise LaunchError("\n".join(refused))

    @reads_first("looking at its launch")
    @changes
    async def action_forget(self) -> None:
        """Ask, free the name of a failed launch, and leave its screen."""
        if (run := self.chosen_run()) is None:
            return
        app = self.app
        with app.telling(f"{run.name} was not forgotten"):
            await app.session.jobs.check_forgettable(run)
            if await app.push_screen_wait(Ask(printable(what_forget_does(run)))):
                app.notify(printable(await app.session.jobs.forget(run, sure=is_open(run))), markup=False)
                app.first_screen()

    @reads_first("looking for the reason")
    @work(exclusive=True, group="why")
    async def action_why(self) -> None:
        """Show why the run is as it is, and what one can do."""
        from yogo_tui.screens.why import WhyDialog

        if run := self.chosen_run():
            with self.app.telling(f"why {run.name} is as it is cannot be said"):
                self.app.push_screen(WhyDialog(await self.app.session.jobs.why(run)))

    @reads_first("looking at its weights")
    @work(exclusive=True, group="act")
    async def action_finetune(self) -> None:
        """Open Launch for a fine-tune from this run."""
        if run := self.chosen_run():
            with self.app.telling(f"no fine-tune can start from {run.name}"):
                self.app.open_launch(Draft(parent=await self.app.session.planner.parent_of(run)))

    @reads_first("reading how it was launched and how it ended")
    @work(exclusive=True, group="act")
    async def action_again(self) -> None:
        """Open Launch with what this run was launched with, or with more of what it ran out of."""
        if run := self.chosen_run():
            with self.app.telling(f"{run.name} cannot be launched again"):
                if found := await self._again(run):
                    self.app.open_launch(Draft(whole=found.wanted))
                    head = f"bigger than {run.name}" if found.reason else f"as {run.name} was launched"
                    for note in (": ".join(filter(None, (head, ", ".join(found.changes)))), *found.notes):
                        self.app.notify(printable(note), markup=False)

    async def _again(self, run: Run) -> Again | None:
        """As it was; where it ran out of time or memory, the person chooses. None if they leave."""
        session = self.app.session
        why = await session.jobs.why(run)
        bigger: Again | None = None
        if why.fault and why.fault.lack:
            try:
                bigger = await session.planner.bigger(run, why)
            except LaunchError as error:  # it may be launched as it was all the same
                self.app.notify(printable(str(error)), severity="warning", markup=False)
        same = await session.planner.again(run)
        if bigger is None:
            return same
        choices = (bigger, Choice("bigger", ", ".join(bigger.changes))), (same, Choice("as it was launched"))
        return await self.choose(f"launch {printable(run.name)} again: {bigger.reason}", choices)

    @changes
    async def action_use(self) -> None:
        """Ask for the use, its data and its options, and submit one job."""
        if len(self.marked) > 1:
            await self._export_many(self.marked)
            return
        if (run := self.chosen_run()) is None:
            return
        app = self.app
        if why := no_use(run):
            app.notify(printable(why), severity="warning", markup=False)
            return
        chosen_use = await self.choose(f"use {printable(run.name)}", _USES)
        if chosen_use == _FINETUNE:
            self.action_finetune()
        elif chosen_use is not None:
            await self.use_for(run, Purpose(chosen_use))

    async def use_for(self, run: Run, purpose: Purpose, proposed: Path | None = None) -> None:
        """Ask for the options, with `proposed` as the data, and submit one job."""
        from yogo_tui.screens.use import UseForm

        app = self.app
        self.hold_keys("looking up its options", get_current_worker())
        with app.telling(f"{run.name} was not used"):
            form = UseForm(run, purpose, await app.session.uses.options(purpose), source=proposed)
            if (chosen := await app.push_screen_wait(form)) is None:
                return
            size, source = size_words(chosen.size, app.session.machine), chosen.source
            of = source and app.session.settings.as_typed(source)
            said = " ".join([_SAID[purpose].format(run.name, of), *chosen.options])
            if not await app.push_screen_wait(Ask(printable(f"Submit a job that {said} ({size})?"), is_safe=True)):
                return
            used = await app.session.jobs.use(
                run, purpose, source=source, size=chosen.size, options=chosen.options, out=chosen.out
            )
            come = f"{used.use.name} is job {used.job_id}; its results will be shown under d in {run.name}"
            app.notify(printable(used.notice or come + self._then(used)), markup=False)
            self.used()

    @reads_first("looking for what its jobs made")
    @work(exclusive=True, group="made")
    async def action_made(self) -> None:
        """Open an assay, a review, images or labels that a job of this run has made; of several, one is chosen."""
        from yogo_tui.screens.made import openable

        if (run := self.chosen_run()) is None:
            return
        with self.app.telling(f"what the jobs of {run.name} made was not looked for"):
            found = openable(await self.app.session.jobs.uses(run))
            if not found:
                none = "an assay, a review, chosen images or labels"
                says = (
                    f"No job of {run.name} has made {none}: u submits one." if run.path else f"It has not made {none}."
                )
                self.app.notify(printable(says), markup=False)
            elif chosen := found[0][0] if len(found) == 1 else await self.choose("open what its jobs made", found):
                self.app.open_made(chosen)

    def _then(self, used: SubmittedUse) -> str:
        """What goes on with the results, where something does."""
        source, settings = used.use.source, self.app.session.settings
        if used.use.purpose is Purpose.ASSAY:
            return f". Once it is over, O opens it, as does: {used.next}"
        is_listed = not used.use.out and source and any(map(source.is_relative_to, settings.definition_folders))
        where = (
            f"d on {settings.as_typed(source)} in Datasets opens them, as does:"
            if source and is_listed
            else "this opens them:"
        )
        return f". Once it is over, {where} {used.next}" if used.next else ""

    async def _export_many(self, runs: Sequence[Run]) -> None:
        """Ask once, and submit a job for each run; those without weights are named in the question."""
        from yogo_tui.launch.use import what_export_does
        from yogo_tui.screens.use import UseForm

        app, usable = self.app, [run for run in runs if run.has_best]
        cannot = [f"! {no_use(run)}" for run in runs if not run.has_best]
        named = printable(_listed(usable))
        with app.telling("nothing was exported"):
            if not usable:
                raise LaunchError("\n".join(cannot))
            self.hold_keys("looking up its options", get_current_worker())
            options = await app.session.uses.options(Purpose.EXPORT)
            form = UseForm(usable[0], Purpose.EXPORT, options, counted(len(usable), "run"))
            if (chosen := await app.push_screen_wait(form)) is None:
                return
            size = size_words(chosen.size, app.session.machine)
            said = what_export_does([run.name for run in usable], chosen.options, size)
            if not await app.push_screen_wait(Ask(printable("\n".join([*said, *cannot])), is_safe=True)):
                return
            done, refused = await app.session.jobs.export(usable, size=chosen.size, options=chosen.options)
            self.unmark()
            if done:
                app.notify(f"{counted(len(done), 'export')} submitted of {named}; d in a run shows it", markup=False)
            if wrong := [*refused, *(one.notice for one in done if one.notice)]:
                raise LaunchError("\n".join(wrong))
            self.used()


def _question(runs: Sequence[Run], seen: Sequence[Run], num_over: int) -> str:
    if len(runs) == 1:
        said = [f"Cancel {runs[0].name}? {what_cancel_does(runs[0], behind(runs[0], seen))}"]
    else:
        said = [f"Cancel {counted(len(runs), 'run')}?", *what_each_cancel_does(runs, seen)]
    if num_over:
        said.append(
            f"{num_over} more {'is over, and stays as it is' if num_over == 1 else 'are over, and stay as they are'}."
        )
    return "\n".join(said)


def no_cancel(run: Run) -> str:
    """Why it cannot be cancelled; empty if it can."""
    return "" if run.can_cancel or not run.state.is_over else f"{run.name} is over: {state_words(run)}"


def _listed(runs: Sequence[Run]) -> str:
    """Their names; of many, their number."""
    return ", ".join(run.name for run in runs) if len(runs) <= _MOST_NAMED else counted(len(runs), "run")
