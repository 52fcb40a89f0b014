"""Whether logging out of this machine would end the jobs: systemd may be set to kill what a session leaves."""

from __future__ import annotations

import subprocess
from pathlib import Path

from yogo.places import user_name

_LOGIND = ("org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager")


def logout_notice() -> str:
    """A sentence to show once; empty where jobs survive, or where nothing can be told."""
    if not Path("/run/systemd/system").is_dir():
        return ""
    kills = _ask("busctl", "get-property", *_LOGIND, "KillUserProcesses")
    lingers = _ask("loginctl", "show-user", user_name(), "--property=Linger", "--value")
    if kills != "b true" or lingers != "no":
        return ""
    return (
        "Logging out of this machine would end its jobs (KillUserProcesses is on): "
        "`loginctl enable-linger`, and a session started afterwards, keeps them"
    )


def _ask(*argv: str) -> str:
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=2.0, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
