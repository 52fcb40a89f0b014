"""The command `yogo-tui` as a person types it to go on with what this process works on."""

from __future__ import annotations

import argparse
import shlex

PLACES = ("host", "settings", "profile", "workspace", "cluster")
"""Options that say where a command works."""

_command = "yogo-tui"


def work_where(args: argparse.Namespace) -> None:
    """Take over what the command line of this process says of the place. The rest is as the settings say."""
    global _command  # noqa: PLW0603 - a process has one command line
    given = {name: getattr(args, name, None) for name in PLACES}
    said = [word for name, value in given.items() if value is not None for word in (f"--{name}", str(value))]
    _command = shlex.join(["yogo-tui", *said])


def tui() -> str:
    """Such as "yogo-tui --host lab"."""
    return _command
