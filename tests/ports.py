"""Ports of this machine for servers that start later, or again."""

from __future__ import annotations

import contextlib
import itertools
import os
import socket

_NEXT = itertools.count(os.getpid() // 50)


def free_port() -> int:
    """Below those that the kernel gives to outgoing connections, any of which keeps a server from a port, for a minute
    after its end too; and none that a test beside this one takes."""
    while True:
        port = 10_000 + os.getpid() % 50 * 200 + next(_NEXT) % 200
        with socket.socket() as free, contextlib.suppress(OSError):
            free.bind(("", port))
            return port
