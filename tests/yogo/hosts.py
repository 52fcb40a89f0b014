"""Processes on hosts of other names, all of them on this machine: what differs is what the kernel tells them."""

from __future__ import annotations

import functools
import subprocess
import sys
from collections.abc import Sequence

import pytest

RENAME = "import os, socket, sys; socket.sethostname(sys.argv[1]); os.execv(sys.argv[2], sys.argv[2:])"


def on_host(name: str, command: Sequence[str]) -> list[str]:
    """The command, to be run where the host's name is `name`. Skips the test where nobody may change it."""
    return [*_unshare(), sys.executable, "-c", RENAME, name, *command]


@functools.cache
def _unshare() -> list[str]:
    for flags in ("--uts", "--map-root-user --uts"):
        command = ["unshare", *flags.split()]
        if subprocess.run([*command, "true"], check=False, capture_output=True).returncode == 0:
            return command
    pytest.skip("a process can have a host name of its own only as root, or where user namespaces are allowed")
