"""Questions about what a run has logged to W&B without a connection, and about its upload by `wandb sync`."""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import ClassVar

from yogo.files.atomic import write_atomically
from yogo_tui.hosts.base import Tell

FOLDER = "wandb"
"""Where W&B writes, in the run directory."""

UPLOADED = "uploaded.json"
"""In that folder: the address of the run after an upload. The one writer is the upload."""

SILENT_SECONDS = 300.0
"""After this time without a word, `wandb sync` is ended."""

_LOOK_SECONDS = 0.2
_MOST_LINES = 200
_DIES_WITH_US = (
    "import ctypes, os, sys; ctypes.CDLL(None).prctl(1, 15) if sys.platform == 'linux' else 0; "
    "os.execv(sys.argv[1], sys.argv[1:])"
)
"""The kernel ends the program then, also where this process is killed."""

_OF_A_RUN = ("DIR", "DISABLED", "MODE", "NAME", "PROJECT", "RESUME", "RUN_GROUP", "RUN_ID", "SILENT", "TAGS")
"""Variables WANDB_… that would change what is uploaded, or silence it."""

_ADDRESS = re.compile(r"View run .* at (https?://\S+)")
_KEY = re.compile(r"[0-9a-fA-F]{40,}|wandb_v\d\S+")


class UploadOutcome(StrEnum):
    UPLOADED = "uploaded"
    NO_LOGIN = "no login"
    REFUSED = "refused"
    FAILED = "failed"
    """It could not be tried, or did not end."""


@dataclass(frozen=True, slots=True)
class WandbUpload:
    """The result of an upload."""

    outcome: UploadOutcome
    reason: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class OfflineParts:
    """What a run has logged to W&B without a connection: one part for each start of its training."""

    num_parts: int = 0
    num_waiting: int = 0
    """How many of them are not uploaded."""

    url: str = ""
    """Of the run at W&B, as an upload told it; empty if it is not known."""


@dataclass(frozen=True)
class ListOffline:
    """What each of these run directories has of it. A directory that cannot be read has none."""

    runs: tuple[Path, ...]

    def answer(self, tell: Tell) -> tuple[OfflineParts, ...]:
        return tuple(_parts(run) for run in self.runs)


@dataclass(frozen=True)
class UploadOffline:
    """Upload what a run has logged without a connection. Uploaded again, nothing is added twice. Raises OSError."""

    run: Path

    changes: ClassVar = "it was uploaded"

    def answer(self, tell: Tell) -> WandbUpload:
        waiting = _waiting(self.run)
        if not waiting:
            return WandbUpload(UploadOutcome.UPLOADED, url=_parts(self.run).url)
        program = shutil.which("wandb") or shutil.which("wandb", path=str(Path(sys.executable).parent))
        if program is None:
            return WandbUpload(UploadOutcome.FAILED, "the program wandb is not installed there: pip install wandb")
        said, ending = _sync(program, self.run, waiting, tell)
        url = next((match[1] for line in reversed(said) if (match := _ADDRESS.search(line))), "")
        if not _waiting(self.run):
            write_atomically(self.run / FOLDER / UPLOADED, json.dumps({"url": url}))
            return WandbUpload(UploadOutcome.UPLOADED, url=url)
        return _not_uploaded(said, ending)


def _parts(run: Path) -> OfflineParts:
    found = _offline(run)
    if not found:
        return OfflineParts()
    url = ""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        url = str(json.loads((run / FOLDER / UPLOADED).read_text()).get("url", ""))
    return OfflineParts(len(found), len(_waiting(run)), url)


def _offline(run: Path) -> list[Path]:
    """The folders of the parts, in the order of their time."""
    try:
        return sorted(path for path in (run / FOLDER).glob("offline-run-*") if any(path.glob("run-*.wandb")))
    except OSError:
        return []


def _waiting(run: Path) -> list[Path]:
    """Those that W&B has not marked as uploaded."""
    return [path for path in _offline(run) if not any(path.glob("run-*.wandb.synced"))]


def _sync(program: str, run: Path, parts: list[Path], tell: Tell) -> tuple[list[str], str]:
    """What `wandb sync` says, and how it ended, for a sentence."""
    gone = {f"WANDB_{name}" for name in _OF_A_RUN}
    environment = {"WANDB_X_GRAPHQL_RETRY_MAX": "3"} | {k: v for k, v in os.environ.items() if k not in gone}
    process = subprocess.Popen(
        [sys.executable, "-c", _DIES_WITH_US, program, "sync", *map(str, parts)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=run,
        env=environment,
        start_new_session=True,
    )
    said: list[str] = []
    try:
        for line in _lines(process, tell):
            said = [*said[1 - _MOST_LINES :], line]
        status = process.wait()
        return said, f"wandb sync ended with status {status}"
    except TimeoutError:
        return said, f"wandb sync said nothing for {SILENT_SECONDS:.0f} seconds, and was ended"
    finally:
        _end(process)


def _lines(process: subprocess.Popen[bytes], tell: Tell) -> Iterator[str]:
    """Each line that it prints, told too, without any key. Raises TimeoutError, and what `tell` raises."""
    assert process.stdout is not None
    handle, unread, last, heard_at = process.stdout.fileno(), b"", "asking W&B", time.monotonic()
    while True:
        tell(last, 0, 0)
        if not select.select([handle], [], [], _LOOK_SECONDS)[0]:
            if time.monotonic() > heard_at + SILENT_SECONDS:
                raise TimeoutError
            continue
        if not (piece := os.read(handle, 1 << 16)):
            break
        heard_at = time.monotonic()
        *lines, unread = re.split(rb"[\r\n]+", unread + piece)
        for line in filter(None, map(_cleaned, lines)):
            last = line
            yield line
    yield from filter(None, [_cleaned(unread)])


def _cleaned(line: bytes) -> str:
    text = re.sub(r"\x1b\[[0-9;]*m", "", line.decode(errors="replace")).strip()
    return _KEY.sub("(a key)", text.removeprefix("wandb:").strip())[:500]


def _end(process: subprocess.Popen[bytes]) -> None:
    """End it, and what it has started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _not_uploaded(said: list[str], ending: str) -> WandbUpload:
    text = "\n".join(said)
    if "No API key" in text or "not logged in" in text:
        return WandbUpload(UploadOutcome.NO_LOGIN, "nobody is logged in to W&B there; `wandb login` there changes that")
    errors = [line.removeprefix("ERROR").strip(": ") for line in said if line.startswith(("ERROR", "Error"))]
    errors = [error for error in errors if "detailed error logs" not in error]
    if errors:
        return WandbUpload(UploadOutcome.REFUSED, "; ".join(dict.fromkeys(errors)))
    return WandbUpload(UploadOutcome.FAILED, "; ".join(filter(None, [ending, said[-1] if said else ""])))
