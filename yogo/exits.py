"""How a process of yogo ends: its last message and its exit status."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable

from yogo import signals
from yogo.distribution import installing
from yogo.errors import YogoError
from yogo.files.places import why_not
from yogo.text.terminal import printable
from yogo.text.wording import ended

_THE_DISKS = {
    *(errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO, errno.ESTALE),
    *(errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENAMETOOLONG, errno.ELOOP),
}
"""Errors caused by a disk or a path, not by the program."""


def attended(
    action: Callable[[], int], *, to_the_end: bool = False, is_resumable: bool = False, is_quiet: bool = False
) -> int:
    """Like `guarded`, with signals handled, including those that arrive just before or after the action."""
    try:
        with signals.heard(to_the_end=to_the_end, is_resumable=is_resumable, is_quiet=is_quiet):
            return guarded(action)
    except signals.Stop as stop:
        return _stopped(stop)


def guarded(action: Callable[[], int]) -> int:
    """The exit status of a command; errors that a person can act upon are printed in one sentence on standard error."""
    try:
        with signals.unmasked():
            status = action()
        sys.stdout.flush()
    except BrokenPipeError:
        return 1
    except (YogoError, ModuleNotFoundError, OSError) as error:
        sentence = told_of(error)
        if not sentence:
            raise
        return _fail(sentence, status=error.exit_status if isinstance(error, YogoError) else 1)
    except KeyboardInterrupt as stop:
        return _stopped(stop)
    return status


def told_of(error: BaseException) -> str:
    """The sentence on an error that a person can act upon; empty for one of the program itself."""
    match error:
        case YogoError():
            return str(error)
        case ModuleNotFoundError():
            package = (error.name or "").partition(".")[0]
            if package not in {"", "yogo"}:
                return f"This needs the package {package}, which is not installed: {installing('train')}"
        case OSError(errno=int(number)) if number in _THE_DISKS:
            return why_not(error)
    return ""


def _stopped(stop: KeyboardInterrupt) -> int:
    """The exit status of a command that was stopped; prints that it was stopped, unless that was printed already."""
    if not isinstance(stop, signals.Stop):
        return _fail("Stopped.", status=signals.INTERRUPTED)
    if not (stop.is_said or signals.STOP_REQUESTS.is_quiet):
        _fail(f"Stopped by {signals.spoken(stop.signum)}.")
    return signals.STOP_REQUESTS.status(stop.signum)


def _fail(sentence: str, status: int = 1) -> int:
    print(f"yogo: {printable(ended(sentence))}", file=sys.stderr)
    return status
