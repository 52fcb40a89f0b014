"""Signals at the times when they are easily missed: in a command's first moments, and while it imports.

A process without a handler dies silently on a signal, so `yogo.entry` and `yogo_tui.entry` call
`stop_at_once` before they import anything else. An exception that a signal raises during an import may surface as
any other: a class definition turns it into another error, and native code panics.

Only built-in modules are imported here, because they take no time.
"""

import _signal  # type: ignore[import-not-found]
from posix import _exit, write
from types import FrameType, TracebackType

_NAMES: dict[int, str] = {
    number: name
    for name, number in vars(_signal).items()
    if name[:3] == "SIG" and "_" not in name and name != "SIGPOLL"  # which is SIGIO
}

_FAULTS = {"SIGABRT", "SIGBUS", "SIGFPE", "SIGILL", "SIGIOT", "SIGSEGV", "SIGSYS", "SIGTRAP"}
"""Faults of the program itself: it cannot go on."""

_OTHERS = {
    *{"SIGKILL", "SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGCONT"},  # cannot be caught, or only pause
    *{"SIGCHLD", "SIGCLD", "SIGURG", "SIGWINCH", "SIGINFO"},  # end nothing
    *{"SIGPIPE", "SIGXFSZ"},  # Python has them be errors of the write
}

HANDLED: tuple[int, ...] = tuple(
    sorted(number for number in map(int, _signal.valid_signals()) if _NAMES.get(number) not in _FAULTS | _OTHERS)
)
"""All signals that end a process by default and that it may handle."""

RESUMABLE = 75
"""Exit status of a run that was stopped and saved, and is worth resuming (sysexits.h: EX_TEMPFAIL)."""

KNOCK: int = _signal.SIGURG
"""The signal that asks the main thread whether it can leave now: nobody uses it to end a process."""

_BY_A_PERSON = ("SIGINT", "SIGQUIT")


def name(signum: int) -> str:
    """SIGTERM, SIGRTMIN+3."""
    return _NAMES.get(signum) or f"SIGRTMIN+{signum - _signal.SIGRTMIN}"


def spoken(signum: int) -> str:
    """The name as shown to a person, who may not know that Ctrl-C sends a signal."""
    return "SIGINT (Ctrl-C)" if name(signum) == "SIGINT" else name(signum)


def status(signum: int, *, is_resumable: bool) -> int:
    """The exit status of a process that this signal stopped."""
    return RESUMABLE if is_resumable and name(signum) not in _BY_A_PERSON else 128 + signum


def stop_at_once(program: str, *, is_resumable: bool = False) -> None:
    """From now on a signal ends this process with a sentence, until the handlers of the command replace these.

    Signals that the parent process ignores stay ignored.
    """

    def stop(signum: int, _frame: FrameType | None) -> None:
        try:
            write(2, f"{program}: Stopped by {spoken(signum)}.\n".encode())
        finally:  # even if nobody reads it
            _exit(status(signum, is_resumable=is_resumable))

    for signum in HANDLED:
        if _signal.getsignal(signum) in (_signal.SIG_DFL, _signal.default_int_handler):
            _signal.signal(signum, stop)


def is_importing_native_code(frame: FrameType | None) -> bool:
    """Whether the code in `frame` was called by native code that is being imported."""
    while frame is not None:
        if frame.f_code.co_qualname.startswith("ExtensionFileLoader."):
            return True
        frame = frame.f_back
    return False


def came_of_an_import(traceback: TracebackType | None) -> bool:
    """Whether an error with this traceback, caught in a function, passed a module that was being imported."""
    while traceback is not None:
        if traceback.tb_frame.f_code.co_name == "<module>":  # Python leaves its own frames of imports out
            return True
        traceback = traceback.tb_next
    return False
