"""result.json: the receipt, written last. Failures are events too, so that the console shows them."""

from __future__ import annotations

import contextlib
import signal
import sys
from types import TracebackType

from yogo import signals
from yogo.errors import first_line
from yogo.run import events
from yogo.run.directory import RunDirectory
from yogo.run.disk import STOP_SECONDS, Disk, StillOwed, must_settle
from yogo.run.doubts import doubts
from yogo.run.history import History
from yogo.run.job import JobIdentity
from yogo.run.lease import RunLost
from yogo.run.result import Result, sha256
from yogo.training.checkpoints.checkpointer import Position
from yogo.training.listeners import Listener
from yogo.training.listeners.jsonl import JsonLines


class Receipt(Listener):
    """The receipt of one attempt. As a context manager, it records any failure that ends the run."""

    def __init__(self, run: RunDirectory, disk: Disk | None = None) -> None:
        self.run = run
        self.disk = disk or Disk()
        self.journal = JsonLines(run.events, self.disk)
        self.attempt = 0
        self.at = Position()
        self.tested = events.Tested(losses=events.Losses())
        self.reason = ""
        """Why it finished before its last epoch."""

        self.is_pruned = False

        self._is_finished = False
        self._is_signalled = False
        self._is_stopped = False

    def __enter__(self) -> Receipt:
        signals.STOP_REQUESTS.last_words = self.stopped
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        if self._is_finished:
            # W&B may be slow to close; a signal during that time does not stop a training.
            return isinstance(error, signals.Stop)
        if isinstance(error, RunLost):  # another process writes there now
            return False
        if isinstance(error, signals.Stop):
            self.stopped(error.signum)
        elif error is not None:
            self._fail(error)
        return False

    def stopped(self, signum: int) -> None:
        """Record once that a signal stopped the run; may be called from another thread at any time."""
        if self._is_finished or self._is_stopped:
            return
        self._is_stopped = True
        if not self._is_signalled:
            told = events.Signalled(attempt=self.attempt, signal=signals.name(signum), step=self.at.step)
            with contextlib.suppress(RunLost):
                self.journal.hear(told)
        if not _may_come_back(signum):
            self._fail(signals.Stop(signum))

    def _fail(self, error: BaseException) -> None:
        reason = self._reason(error)
        is_of_disk = isinstance(error, OSError | StillOwed)
        stopped_by = str(error) if isinstance(error, signals.Stop) else ""
        try:
            self.journal.hear(events.Failed(attempt=self.attempt, reason=reason, step=self.at.step))
            self._write(Result(outcome="failed", reason=reason, stopped_by=stopped_by))
            left = self.disk.settle(0.0 if is_of_disk else STOP_SECONDS)
        except RunLost as lost:
            left = str(lost)
        if left and not is_of_disk:  # else it is the same full disk, which is said anyway
            print(f"yogo: the failure could not be recorded: {left}", file=sys.stderr)

    def _reason(self, error: BaseException) -> str:
        match error:
            case signals.Stop():
                return f"stopped by {error}"
            case OSError(strerror=str(words)):
                # The error of a failed write names no file, but it was one of the run's.
                error.filename = error.filename or str(self.run.path)
                return f"{error.filename}: {words}"
            case _:
                return first_line(error)

    def hear(self, event: object) -> None:
        if isinstance(event, events.Tested):
            self.tested = event
        elif isinstance(event, events.Finished):
            self.reason, self.is_pruned = event.reason, event.is_pruned
        elif isinstance(event, events.Signalled):
            self._is_signalled = True

    def finish(self) -> None:
        """The run is complete."""
        self._write(Result(outcome="finished", reason=self.reason, is_pruned=self.is_pruned))
        must_settle(self.disk)
        self._is_finished = True
        with contextlib.suppress(OSError):
            self.run.previous.unlink(missing_ok=True)

    def _write(self, result: Result) -> None:
        """Write the receipt with what is known about the attempt, once the disk accepts it."""
        self.disk.write(self.run.result, lambda: self._known(result).write(self.run.result, fence=self.disk.fence))

    def _known(self, result: Result) -> Result:
        history = self._history()
        known = {
            "attempt": self.attempt,
            "epochs": self.at.epoch,
            "share_of_next": self._share_of_next(history),
            "best_epoch": self.at.best_epoch,
            "best_loss": self.at.best_loss,
            "best_by": self.at.best_by,
            "best_score": self.at.best_score,
            "train_loss": history.train_loss,
            "val_loss": history.val_loss,
            "epoch_seconds": history.epoch_seconds(),
            "best_sha256": sha256(self.run.best) if result.outcome == "finished" else None,
            "best_metrics": next((one.metrics for one in history.validations if one.epoch == self.at.best_epoch), {}),
            "doubts": doubts(history),
            "test_losses": self.tested.losses.model_dump(exclude_none=True),
            "test_metrics": self.tested.metrics,
        }
        return result.model_copy(update=known)

    def _share_of_next(self, history: History) -> float:
        steps = history.started.steps_per_epoch if history.started else 0
        return min(1.0, max(0.0, self.at.step / steps - self.at.epoch)) if steps else 0.0

    def _history(self) -> History:
        """The history of all attempts; empty if the events cannot be read."""
        with contextlib.suppress(OSError):
            return History.read(self.run.events)
        return History()


def _may_come_back(signum: int) -> bool:
    """Whether a stopped job may be restarted, perhaps at once: then its cluster reports how it ended."""
    by_person = signum in (signal.SIGINT, signal.SIGQUIT)
    return signum == signal.SIGUSR2 or (bool(JobIdentity.from_environment().id) and not by_person)
