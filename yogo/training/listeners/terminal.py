"""Progress for a person while a run trains: a bar on a terminal, plain lines in a log."""

from __future__ import annotations

import shlex
import sys
import time
from pathlib import Path
from typing import Protocol, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from yogo.metrics.report import headline, report
from yogo.run import events
from yogo.run.best import CRITERIA
from yogo.text.terminal import LINE_EVERY_SECONDS, printable, redraws
from yogo.text.wording import counted
from yogo.training.listeners import Listener
from yogo.training.listeners.trend import Trend
from yogo.training.progress import Event, Measured, Noticed, Phase, Progressed

WORDS: dict[Phase, str] = {
    "look": "looking at images",
    "record": "reading images",
    "decode": "decoding",
    "train": "epoch",
    "validate": "validating",
    "test": "testing",
    "resample": "resampling the test images",
    "review": "looking for the worst images",
}


def terminal(stream: TextIO | None = None) -> Terminal:
    """The listener that suits the stream, which is standard output where none is given."""
    stream = stream or sys.stdout
    return (Bar if redraws(stream) else Lines)(stream)


class Terminal(Listener):
    """Everything that a run has to tell a person goes through it, from the first look at the data on."""

    def __init__(self) -> None:
        self.epochs = 1
        self.run: Path | None = None
        """The directory of the run, once it can be resumed."""

        self.trend = Trend()

    def begin(self, run: Path, epochs: int) -> None:
        """Say which run this is: everything is ready for it."""
        self.run, self.epochs = run, epochs
        self.say(f"{run.name} in {run}")

    def hear(self, event: Event) -> None:
        self.trend.add(event)
        match event:
            case Progressed():
                self._advance(event)
            case events.Step():
                self._step(event)
            case _:
                for sentence in sentences(event, self.epochs, self.trend, self.run):
                    self.say(sentence)

    def notice(self, *sentences: str) -> None:
        for sentence in sentences:
            self.hear(Noticed(sentence))

    def say(self, text: str) -> None:
        raise NotImplementedError

    def close(self) -> None:
        return

    def _advance(self, event: Progressed) -> None:
        raise NotImplementedError

    def _step(self, event: events.Step) -> None:
        raise NotImplementedError


class TextStream(Protocol):
    """What lines are printed to."""

    def write(self, text: str, /) -> object: ...

    def flush(self) -> object: ...


class Lines(Terminal):
    """For a log: a line now and then, and one for each important event."""

    def __init__(self, stream: TextStream, *, every_seconds: float = LINE_EVERY_SECONDS) -> None:
        super().__init__()
        self.every_seconds = every_seconds
        self.stream = stream
        self._progress: Progressed | None = None
        self._said_at = -every_seconds
        self._phase_began = 0.0
        self._phase_said = False

    def say(self, text: str) -> None:
        print(printable(text), file=self.stream, flush=True)

    def _advance(self, event: Progressed) -> None:
        now, before = time.monotonic(), self._progress
        if before is None or (before.phase, before.epoch) != (event.phase, event.epoch):
            self._phase_began, self._phase_said = now, False
        self._progress = event
        if event.phase == "train":
            return
        # A long phase gets a line at its start and at its end, because a log's last line alone shows no progress.
        is_slow = now - max(self._phase_began, self._said_at) >= self.every_seconds
        if is_slow or (self._phase_said and event.done == event.total):
            self._said_at, self._phase_said = now, True
            self.say(f"{WORDS[event.phase]} {share(event)} | {event.done}/{event.total}")

    def _step(self, event: events.Step) -> None:
        """The first batch, the last of an epoch, and at most one in ten seconds of the others."""
        now, progress = time.monotonic(), self._progress
        if progress is None or (now - self._said_at < self.every_seconds and progress.done != progress.total):
            return
        self._said_at = now
        self.say(
            f"{heading(progress, self.epochs)} {share(progress)} | {progress.done}/{progress.total}  {pace(event)}"
        )


class Bar(Terminal):
    """For a terminal: one bar that is redrawn, and messages above it."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self.console = Console(file=stream, highlight=False, markup=False)
        self.progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=None),
            TextColumn("{task.percentage:>3.0f} %", markup=False),
            TextColumn("{task.completed}/{task.total}  {task.fields[pace]}", markup=False),
            console=self.console,
            refresh_per_second=4,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self.task: TaskID = self.progress.add_task("starting", total=None, pace="")

    def begin(self, run: Path, epochs: int) -> None:
        super().begin(run, epochs)
        self.progress.start()

    def say(self, text: str) -> None:
        self.console.print(printable(text), soft_wrap=True)

    def close(self) -> None:
        self.progress.stop()

    def _advance(self, event: Progressed) -> None:
        self.progress.start()  # not before: until then a person may be asked something
        self.progress.update(
            self.task, description=heading(event, self.epochs), completed=event.done, total=event.total
        )

    def _step(self, event: events.Step) -> None:
        self.progress.update(self.task, pace=pace(event))


def heading(event: Progressed, epochs: int) -> str:
    word = WORDS[event.phase]
    return f"{word} {event.epoch + 1}/{epochs}" if event.phase == "train" else word


def share(event: Progressed) -> str:
    return f"{100 * event.done // max(1, event.total):3d} %"


def pace(event: events.Step) -> str:
    frames = f"{event.frames_per_s:,.{0 if event.frames_per_s >= 100 else 1}f} frames/s" if event.frames_per_s else ""
    waits = f"waiting for data {100 * (event.data_wait or 0):.1f} %"
    return f"{frames}  {waits}  loss {number(event.losses.loss)}  lr {event.lr:.3g}"


def number(value: float | None) -> str:
    return "none" if value is None else f"{value:.4g}"


def way_on(run: Path | None) -> str:
    """How to resume a run that was stopped."""
    if run is None:
        return "it can be resumed."
    return f"Go on: yogo train --resume {shlex.quote(str(run))} (or yogo-tui resume {shlex.quote(run.name)})"


def _reached(event: events.Checkpointed) -> str:
    """By what the best epoch was chosen, in brackets: the loss alone, or another figure by its name."""
    if event.by == "loss":
        return "" if event.loss is None else f" ({number(event.loss)})"
    if event.score is None:
        return ""
    chosen = CRITERIA[event.by]
    return f" ({chosen.words} {f'{event.score:,.0f}' if chosen.is_per_microlitre else number(event.score)})"


def sentences(event: Event, epochs: int, trend: Trend, run: Path | None = None) -> list[str]:
    """The message for an event; none for most."""
    found: list[str] = []
    match event:
        case Noticed(sentence):
            found.append(f"note: {sentence}")
        case events.Started():
            found.append(f"{counted(event.num_train, 'image')} to train on, {event.num_val:,} to validate on")
            rate = number(event.learning_rate)
            found.append(f"{counted(event.epochs, 'epoch')} of {counted(event.steps_per_epoch, 'step')}")
            found.append(f"{counted(event.global_batch_size, 'image')} a step over all processes, learning rate {rate}")
        case events.Resumed():
            found.append(f"resumes after step {event.step:,}, with epoch {event.epoch + 1} of {epochs}")
        case events.Validated():
            figures = headline(event.metrics)
            found.append(
                f"epoch {event.epoch + 1}: validation loss {number(event.losses.loss)}{figures and ', '}{figures}"
            )
            found += [trend.warning] if trend.warning else []
        case events.Checkpointed(file="best.pth"):
            found.append(f"saved best.pth{_reached(event)}")
        case events.Signalled():
            saved = event.reason or f"saved after step {event.step:,}"
            comes_back = "Its job comes back by itself, if yogo-tui launched it. " if event.signal == "SIGUSR2" else ""
            found.append(f"Stopped; {saved}. {comes_back}{way_on(run)}")
        case events.Tested():
            found.append(f"test loss {number(event.losses.loss)}")
        case Measured(metrics):
            found += report(metrics)
        case events.Finished():
            found.append(f"finished after {counted(event.epoch, 'epoch')}, {counted(event.step, 'step')}")
            found += [event.reason] if event.reason else []
    return found
