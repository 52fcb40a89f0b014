"""result.json: the receipt, written last. Failures are events too, so that whoever follows the run sees them."""

from __future__ import annotations

import contextlib
import signal
import sys
from types import TracebackType

from yogo.run import events
from yogo.run.directory import RunDirectory
from yogo.run.doubts import doubts
from yogo.run.history import History
from yogo.run.lease import RunLost, job
from yogo.run.result import Result, sha256
from yogo.training import signals
from yogo.training.disk import STOP_SECONDS, Disk, StillOwed, must_settle
from yogo.training.keeping import Position
from yogo.training.listeners.jsonl import JsonLines


class Receipt:
    """Of one attempt. As a context, it writes down whatever ends the run for good otherwise than well."""

    def __init__(self, run: RunDirectory, disk: Disk | None = None) -> None:
        self.run = run
        self.disk = disk or Disk()
        self.journal = JsonLines(run.events, self.disk)
        self.attempt = 0
        self.at = Position()
        self.tested = events.Tested(losses=events.Losses())
        self.reason = ""
        """Why it finished before its last epoch."""

        self._is_finished = False
        self._is_signalled = False
        self._is_stopped = False

    def __enter__(self) -> Receipt:
        signals.INBOX.last_words = self.stopped
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        if self._is_finished:
            # W&B may take its time to close, and whoever does not wait for it stops no training.
            return isinstance(error, signals.Stop)
        if isinstance(error, RunLost):  # it is another's to write in by now
            return False
        if isinstance(error, signals.Stop):
            self.stopped(error.signum)
        elif error is not None:
            self._fail(error)
        return False

    def stopped(self, signum: int) -> None:
        """Write down that a signal stopped the run, once; it may be called from another thread, at any moment."""
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
            print(f"yogo: the failure could not be written down: {left}", file=sys.stderr)

    def _reason(self, error: BaseException) -> str:
        match error:
            case signals.Stop():
                return f"stopped by {error}"
            case OSError(strerror=str(words)):
                # A write that fails names no file, but it was one of the run's.
                error.filename = error.filename or str(self.run.path)
                return f"{error.filename}: {words}"
            case _:
                return (str(error).splitlines() or [type(error).__name__])[0]

    def hear(self, event: object) -> None:
        if isinstance(event, events.Tested):
            self.tested = event
        elif isinstance(event, events.Finished):
            self.reason = event.reason
        elif isinstance(event, events.Signalled):
            self._is_signalled = True

    def close(self) -> None:
        return

    def finish(self) -> None:
        """The run has done all that it was asked for."""
        self._write(Result(outcome="finished", reason=self.reason))
        must_settle(self.disk)
        self._is_finished = True
        with contextlib.suppress(OSError):
            self.run.previous.unlink(missing_ok=True)

    def _write(self, result: Result) -> None:
        """With what is known of the attempt, once the disk takes it."""
        self.disk.write(self.run.result, lambda: self._known(result).write(self.run.result, fence=self.disk.fence))

    def _known(self, result: Result) -> Result:
        history = self._history()
        known = {
            "attempt": self.attempt,
            "epochs": self.at.epoch,
            "best_epoch": self.at.best_epoch,
            "best_loss": self.at.best_loss,
            "best_sha256": sha256(self.run.best) if result.outcome == "finished" else None,
            "best_metrics": _best_metrics(history, self.at.best_epoch),
            "doubts": doubts(history),
            "test_losses": self.tested.losses.model_dump(exclude_none=True),
            "test_metrics": self.tested.metrics,
        }
        return result.model_copy(update=known)

    def _history(self) -> History:
        """Of all attempts; empty where the events cannot be read."""
        history = History()
        with contextlib.suppress(OSError):
            history.extend(events.parse(self.run.events.read_bytes())[0])
        return history


def _best_metrics(history: History, best_epoch: int | None) -> dict[str, float | None]:
    return next((event.metrics for event in history.validations if event.epoch == best_epoch), {})


def _may_come_back(signum: int) -> bool:
    """A job that a signal stopped may be started again, perhaps at once: how it ended is its cluster's to say."""
    by_person = signum in (signal.SIGINT, signal.SIGQUIT)
    return signum == signal.SIGUSR2 or (bool(job()[0]) and not by_person)
