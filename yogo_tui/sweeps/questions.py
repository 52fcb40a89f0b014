"""Questions about sweeps: all files of a sweep's trials are written in one answer, however many they are."""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import ClassVar

from yogo.errors import RunError
from yogo.files.atomic import write_atomically
from yogo.files.locks import alone
from yogo.run.directory import MAKING, RunDirectory
from yogo.run.launch import Launch, Outcome
from yogo_tui.hosts.base import Tell
from yogo_tui.launch import script
from yogo_tui.launch.plan import LaunchPlan
from yogo_tui.settings import PinnedSettings, Settings
from yogo_tui.sweeps.record import FILE, SWEEPS, Sweep, array_script, folder_of
from yogo_tui.sweeps.script import render_array


@dataclass(frozen=True, slots=True)
class TrialFiles:
    """What a trial's folder is to hold before its array is submitted."""

    index: int
    plan: LaunchPlan
    launch: Launch
    is_new: bool
    """Whether it has no folder yet."""

    resumed: PurePosixPath | None = None
    """The run's folder, if its job is to go on with it."""


@dataclass(frozen=True)
class PrepareArray:
    """Write the sweep, the scripts and the intentions of the trials of its last submission. Returns the path of the
    array's script.

    Raises RunError if a trial's name is taken, or if the sweep or a trial has changed meanwhile; TemplateError,
    LaunchError, OSError.
    """

    settings: PinnedSettings
    sweep: Sweep
    trials: tuple[TrialFiles, ...]
    changes: ClassVar = "the sweep was written"

    def answer(self, tell: Tell) -> PurePosixPath:
        settings, sweep = self.settings.unpacked(), self.sweep
        runs = Path(settings.own_runs_folder)
        folder = folder_of(runs, sweep.name)
        folder.mkdir(parents=True, exist_ok=True)
        with alone(folder / f".{FILE}.lock"):
            self._check(folder, runs)
            texts = {one.index: self._rendered(settings, one) for one in self.trials}
            path = array_script(folder, len(sweep.submissions))
            first = self.trials[0]
            text = render_array(
                settings.header,
                sweep.name,
                sweep.submissions[-1].token,
                sweep.throttle,
                {one.index: PurePosixPath(self._script(runs, one)) for one in self.trials},
                first=texts[first.index],
                first_run=PurePosixPath(runs / first.plan.name),
            )
            sweep.write(folder / FILE)
            for number, one in enumerate(self.trials):
                tell("writing trials", number, len(self.trials))
                self._write(runs, one, texts[one.index])
            write_atomically(Path(path), text)
        return PurePosixPath(path)

    def _rendered(self, settings: Settings, one: TrialFiles) -> str:
        return script.render(settings, one.plan, one.launch.latest_token, resumed=one.resumed)

    def _check(self, folder: Path, runs: Path) -> None:
        """Raises RunError. What a first try has written, whose answer was lost, counts as not there."""
        mine, name = self.sweep.submissions, self.sweep.name
        there = Sweep.read(folder / FILE).submissions if (folder / FILE).exists() else ()
        if there not in (mine, mine[:-1]):
            if len(mine) == 1:
                raise RunError(f"There is already a sweep named {name}: choose another name.")
            raise RunError(f"The sweep {name} has just changed: look at it again.")
        for one in self.trials:
            before = _launch_in(runs / one.plan.name)
            if before is not None and before.latest_token == one.launch.latest_token:
                continue
            if one.is_new and (runs / one.plan.name).exists():
                raise RunError(f"There is already a run named {one.plan.name} in {runs}: choose another name.")
            if not one.is_new and (before.submissions if before else ()) != one.launch.submissions[:-1]:
                raise RunError(f"{one.plan.name} has just changed: look at the sweep again.")

    def _script(self, runs: Path, one: TrialFiles) -> Path:
        run = RunDirectory(runs / one.plan.name)
        return run.further_script(len(one.launch.submissions)) if one.resumed else run.script

    def _write(self, runs: Path, one: TrialFiles, text: str) -> None:
        run = RunDirectory(runs / one.plan.name)
        if run.path.exists():
            write_atomically(self._script(runs, one), text)
            one.launch.write(run.launch)
            return
        hidden = RunDirectory(runs / f"{MAKING}{one.plan.name}-{one.launch.token}")
        shutil.rmtree(hidden.path, ignore_errors=True)
        hidden.path.mkdir(parents=True)
        write_atomically(hidden.script, text)
        one.launch.write(hidden.launch)
        hidden.path.rename(run.path)


@dataclass(frozen=True)
class RecordArray:
    """Record the result of the last submission of a sweep in the launch.json of each of its trials. Raises OSError."""

    runs: Path
    sweep: Sweep
    outcome: Outcome
    array: str | None = None
    """The id of the array, if it has one."""

    detail: str = ""
    at: datetime | None = None
    """When it was submitted; None leaves the time at which that was intended."""

    changes: ClassVar = "the array's job was recorded"

    def answer(self, tell: Tell) -> None:
        submission = self.sweep.submissions[-1]
        for number, index in enumerate(submission.indexes):
            tell("recording trials", number, len(submission.indexes))
            run = RunDirectory(self.runs / self.sweep.name_of(index))
            launch = _launch_in(run.path)
            if launch is None or launch.is_newer or launch.latest_token != f"{submission.token}{index}":
                continue
            last = launch.submissions[-1]
            job_id = f"{self.array}_{index}" if self.array else None
            changes = {"outcome": self.outcome, "job_id": job_id, "detail": self.detail, "at": self.at or last.at}
            now = last.model_copy(update=changes)
            launch.model_copy(update={"submissions": (*launch.submissions[:-1], now)}).write(run.launch)


@dataclass(frozen=True, slots=True)
class KnownSweeps:
    sweeps: tuple[Sweep, ...]
    """The latest first."""

    problems: tuple[str, ...] = ()
    """Sentences on those that cannot be read."""


@dataclass(frozen=True)
class ReadSweeps:
    """The sweeps beside the runs in this folder. Raises OSError."""

    runs: Path
    names: tuple[str, ...] = ()
    """Only these; all, if there are none."""

    def answer(self, tell: Tell) -> KnownSweeps:
        sweeps, problems = list[Sweep](), list[str]()
        folder = self.runs / SWEEPS
        names = self.names or (sorted(one.name for one in folder.iterdir()) if folder.is_dir() else ())
        for name in names:
            try:
                sweeps.append(Sweep.read(folder / name / FILE))
            except (FileNotFoundError, NotADirectoryError):
                continue
            except RunError as error:
                problems.append(str(error))
        return KnownSweeps(tuple(sorted(sweeps, key=lambda one: one.created_at, reverse=True)), tuple(problems))


def _launch_in(run: Path) -> Launch | None:
    with contextlib.suppress(FileNotFoundError, NotADirectoryError, RunError):
        return Launch.read(RunDirectory(run).launch)
    return None
