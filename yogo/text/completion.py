"""Completion of a command's words by a shell, made by shtab from the command's own parser."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping

SHELLS = ("bash", "zsh", "tcsh")
Completion = Mapping[str, str]
"""What a shell completes a word with, for each shell: the name of a function, or what the shell itself has for it."""

_FILES = frozenset(
    ("FILE", "DEFINITION", "DEFINITION_OR_SAMPLES", "PTH", "RUN_OR_PTH", "IMAGE", "IMAGES", "CHECKPOINT", "PATH")
)
_FOLDERS = frozenset(("DIR", "FOLDER"))


def script(
    parser: argparse.ArgumentParser, shell: str, *, names: Mapping[str, Completion], preamble: Completion
) -> str:
    """The script that a shell reads to complete this command. What a word stands for is told by its metavar: `names`
    says how those of each metavar are completed; files and folders are by themselves. Raises ImportError without
    shtab."""
    import shtab

    for action in _actions(parser):
        word = action.metavar if isinstance(action.metavar, str) else ""
        if word in names:
            action.complete = dict(names[word])  # type: ignore[attr-defined]
        elif word in _FILES:
            action.complete = shtab.FILE  # type: ignore[attr-defined]
        elif word in _FOLDERS:
            action.complete = shtab.DIRECTORY  # type: ignore[attr-defined]
    return str(shtab.complete(parser, shell, preamble=dict(preamble)))  # type: ignore[arg-type]  # shtab takes both


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    for action in parser._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for one in (action.choices or {}).values():
                yield from _actions(one)
