"""Processes of this machine, told apart for certain: a process id alone is used again."""

from __future__ import annotations

import os
from pathlib import Path


def boot_id() -> str:
    """Changes each time that the machine starts; empty where it cannot be told."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def pid_namespace() -> str:
    """Whose process ids these are, as a container has its own; empty where it cannot be told."""
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""


def start_ticks(pid: int) -> int | None:
    """When a process started, in ticks since the boot; None when there is no such process, or only its corpse."""
    fields = stat(pid)
    return int(fields[19]) if fields else None


def stat(pid: int) -> list[str]:
    """The fields from the state on, which proc(5) counts as the third; none for a process that has ended."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return []
    # The command's name stands in parentheses and may hold some itself.
    fields = text.rpartition(")")[2].split()
    return [] if not fields or fields[0] in "ZX" else fields
