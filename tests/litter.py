"""What the tests leave behind: nothing. Their temporary files lie in one folder that goes with them, and a process
that outlives them fails the run."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import tempfile
import time
from pathlib import Path

PATIENCE_SECONDS = float(os.environ.get("YOGO_TESTS_PATIENCE_SECONDS", "15"))
"""For processes that are ending already."""


def remove(folder: Path) -> None:
    """The folder and all in it, though a process goes on making and renaming files there."""
    while folder.exists():
        shutil.rmtree(folder, ignore_errors=True)


class TemporaryFolder:
    """A folder in which every process of the test run makes its temporary files; `beside` the one that holds now."""

    def __init__(self, *, beside: bool = False) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="yogo-", dir=Path(tempfile.gettempdir()).parent if beside else None))
        os.environ["TMPDIR"] = str(self.path)
        tempfile.tempdir = None  # read again when it is next asked for

    def remove(self) -> None:
        del os.environ["TMPDIR"]
        tempfile.tempdir = None
        shutil.rmtree(self.path, ignore_errors=True)

    def processes(self) -> dict[int, str]:
        """Those that were started with this folder, by their number, with their command lines; this one left out."""
        marker, found = f"TMPDIR={self.path}".encode(), {}
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                is_ours = marker in (folder / "environ").read_bytes().split(b"\0")
                if is_ours and int(folder.name) != os.getpid():
                    words = (folder / "cmdline").read_bytes().split(b"\0")
                    found[int(folder.name)] = b" ".join(words).decode(errors="replace").strip()
        return {number: command for number, command in found.items() if command}  # one without is ending

    def end_processes(self) -> dict[int, str]:
        """The processes that did not end by themselves; none of them is left."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (left := self.processes()) and time.monotonic() < deadline:
            time.sleep(0.1)
        for number in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
        return left
