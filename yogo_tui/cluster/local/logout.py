"""Tells whether logging out of this machine would end the jobs: systemd can kill all processes of a session."""

from __future__ import annotations

import subprocess
from pathlib import Path

from yogo.files.places import user_name

_LOGIND = ("org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager")


def logout_notice(booted: Path = Path("/run/systemd/system")) -> str:
    """A sentence that warns the user; empty if jobs survive a logout, or if that is not known.

    `booted` is the folder that exists if systemd started the machine.
    """
    if not booted.is_dir():
        return ""
    kills = _ask("busctl", "get-property", *_LOGIND, "KillUserProcesses")
    lingers = _ask("loginctl", "show-user", user_name(), "--property=Linger", "--value")
    if kills != "b true" or lingers != "no":
        return ""
    return (
        "Logging out of this machine would end its jobs (KillUserProcesses is on). "
        "To keep them, run `loginctl enable-linger`, and then log in again"
    )


def _ask(*argv: str) -> str:
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=2.0, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
