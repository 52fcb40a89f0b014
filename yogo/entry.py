"""Where `yogo` starts: it handles signals before it imports anything, because imports take a while."""

from __future__ import annotations

import sys

from yogo.early import stop_at_once


def main() -> int:
    stop_at_once("yogo", is_resumable=sys.argv[1:2] in (["train"], ["curve"]))

    from yogo.cli import main as command

    return command()
