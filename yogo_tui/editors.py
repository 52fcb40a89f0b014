"""Which editor a user has chosen."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from dataclasses import dataclass

from yogo_tui.errors import ConsoleError

CHOOSE = "Choose your editor with, for example: export EDITOR=nano"


@dataclass(frozen=True, slots=True)
class Editor:
    """An editor's command, and where it comes from."""

    words: tuple[str, ...]
    source: str = ""
    """Such as "$EDITOR"; empty if the user has chosen none."""

    @property
    def named(self) -> str:
        """Such as "nano ($EDITOR)"."""
        return f"{self.words[0]} ({self.source})" if self.source else self.words[0]


def chosen_editor() -> Editor:
    """The editor in $VISUAL, $EDITOR or git's core.editor; else nano, which shows its keys; else vi.

    Raises ConsoleError.
    """
    for name in ("VISUAL", "EDITOR"):
        if value := os.environ.get(name, "").strip():
            return Editor(_split(value, f"${name}"), f"${name}")
    if value := _of_git():
        return Editor(_split(value, "git's core.editor"), "git's core.editor")
    for name in ("nano", "vi", "vim"):
        if shutil.which(name):
            return Editor((name,))
    raise ConsoleError(f"There is no editor here: neither nano nor vi is installed. {CHOOSE}")


def _split(value: str, source: str) -> tuple[str, ...]:
    try:
        words = shlex.split(value)
    except ValueError as error:
        raise ConsoleError(f"{source} cannot be read, as a quote is not closed in it: {value}") from error
    if not words or not words[0].strip():
        raise ConsoleError(f"{source} does not name an editor: {value}. {CHOOSE}")
    return (os.path.expanduser(words[0]), *words[1:])


def _of_git() -> str:
    """git's core.editor; empty if it is not set, or if git does not answer."""
    try:
        asked = subprocess.run(
            ["git", "config", "--get", "core.editor"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=2,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return asked.stdout.strip() if asked.returncode == 0 else ""


def why_not_started(error: OSError) -> str:
    """Why an editor could not be started, in a few words."""
    if isinstance(error, FileNotFoundError):
        return "there is no such program"
    return error.strerror or str(error)
