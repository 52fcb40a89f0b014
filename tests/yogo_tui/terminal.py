"""The console in a real terminal: a pseudo-terminal that remembers which of its modes are on, and what it was sent."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import shutil
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType

CONSOLE = (sys.executable, "-m", "yogo_tui")
PATIENCE_SECONDS = 100.0
"""How long one waits for what does not come: a machine that is busy with other tests starts a console slowly."""

_ESCAPE = re.compile(rb"\x1b\[[0-9;?<>=$]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[()][0-9A-B]|\x1b.")


class Terminal:
    """One process on a terminal of its own, 80x24; `with` ends it."""

    def __init__(self, argv: Sequence[str], environment: Mapping[str, str], folder: Path) -> None:
        self.sent = b""
        self.master, its_end = pty.openpty()
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        # Not pty.fork: what Python does in a forked child can hang, as the tests' own threads are not there.
        command = (shutil.which("setsid") or "setsid", "--ctty", *argv)
        self.process = subprocess.Popen(
            command, stdin=its_end, stdout=its_end, stderr=its_end, cwd=folder, env=dict(environment)
        )
        self.pid = self.process.pid
        os.close(its_end)
        self._is_open = True

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.process.kill()
        self.process.wait()
        self.close()

    def close(self) -> None:
        """Take the terminal away, as a window that is closed does."""
        if self._is_open:
            self._is_open = False
            os.close(self.master)

    @property
    def text(self) -> str:
        """Everything that was printed, without what drives the terminal; blanks, lines and frames are one blank."""
        return _text(self.sent)

    @property
    def modes(self) -> set[int]:
        """The private modes that are on: 1049 another screen, 1000 to 1006 the mouse, 2004 pastes, 25 the cursor."""
        on = {25, 7}
        for numbers, verb in re.findall(rb"\x1b\[\?([0-9;]+)([hl])", self.sent):
            for number in map(int, numbers.split(b";")):
                (on.add if verb == b"h" else on.discard)(number)
        return on

    @property
    def echoes(self) -> bool:
        """Whether keys are echoed and lines are edited, as a shell leaves it."""
        flags = termios.tcgetattr(self.master)[3]
        return bool(flags & termios.ECHO and flags & termios.ICANON)

    def press(self, keys: str) -> None:
        os.write(self.master, keys.encode())

    def see(self, words: str, *, after: int = 0, seconds: float = PATIENCE_SECONDS) -> int:
        """Wait until `words` are printed, beyond the first `after` bytes; how much was sent by then."""
        for _ in self.turns(seconds, f"{words!r} is not seen"):
            if words in _text(self.sent[after:]):
                return len(self.sent)
        raise AssertionError

    def end(self, *, seconds: float = PATIENCE_SECONDS) -> int:
        """Wait until the process has ended; its status as a shell tells it."""
        for _ in self.turns(seconds, "it goes on"):
            if (code := self.process.poll()) is not None:
                self._read(0)
                return code if code >= 0 else 128 - code
        raise AssertionError

    def leave(self) -> None:
        """Press q until the console has ended well: what stands over a screen takes keys of its own."""
        for _ in self.turns(PATIENCE_SECONDS, "it goes on"):
            if self.process.poll() is not None:
                break
            self.press("q")
        assert (status := self.end()) == 0, f"it ended with {status}; printed was\n{self.text[-4000:]}"

    def turns(self, seconds: float, what: str) -> Iterator[None]:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self._read(0.02)
            yield
        raise AssertionError(f"after {seconds:g} s {what}; {self._state}; printed was\n{self.text[-4000:]}")

    @property
    def _state(self) -> str:
        """What the process is, and what it waits for in the kernel; empty once it has ended."""
        folder = Path(f"/proc/{self.pid}")
        try:
            return f"{folder.joinpath('cmdline').read_bytes()!r} in {folder.joinpath('wchan').read_text()}"
        except OSError:
            return ""

    def _read(self, seconds: float) -> None:
        while self._is_open and select.select([self.master], [], [], seconds)[0]:
            try:
                data = os.read(self.master, 1 << 16)
            except OSError:  # the other end is closed
                return
            if not data:
                return
            self.sent += data
            seconds = 0


def _text(sent: bytes) -> str:
    return " ".join(re.sub("[│─▌]", " ", _ESCAPE.sub(b"", sent).decode(errors="replace")).split())


def environment(folder: Path, **changes: str) -> dict[str, str]:
    """What a console needs, and nothing of whoever runs the tests: no editor, no tmux, jobs of its own."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "PYTHONPATH", "VIRTUAL_ENV") if name in os.environ}
    home = folder / "home"
    home.mkdir(exist_ok=True)
    return {
        "TERM": "xterm-256color",
        "LC_ALL": "C.UTF-8",
        "HOME": str(home),
        "XDG_STATE_HOME": str(folder / "state"),
        "XDG_CONFIG_HOME": str(folder / "config"),
        **kept,
        **changes,
    }
