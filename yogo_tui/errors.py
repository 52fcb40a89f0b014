"""The console's errors. `str(error)` is a sentence fit to show: what is wrong, where, what to do.

ConsoleError
├── HostError          a host could not be reached, or a file there could not be read or written
│   └── HostUnknown    the connection was lost: the request may or may not have been carried out
├── ClusterError       a scheduler refused
│   └── ClusterUnknown it gave no readable answer: the request may or may not have been carried out
├── SettingsError      the settings file is wrong
├── TemplateError      a job script cannot be rendered
└── LaunchError        a launch, chain or cancel cannot be done
    ├── ChainBroken    its first run is submitted, and not all behind it are
    └── OtherClasses   the data has other classes than the weights to start from
"""

from __future__ import annotations

from pathlib import Path
from typing import Self

from yogo_tui.advice import tui


class ConsoleError(Exception):
    """An error that a person can act upon."""


class HostError(ConsoleError):
    """The host could not be reached, or a file there could not be read or written."""


class HostUnknown(HostError):
    """The connection was lost before the answer came: the request may or may not have been carried out."""


class ClusterError(ConsoleError):
    """The scheduler refused."""


class ClusterUnknown(ClusterError):
    """The scheduler gave no readable answer: the request may or may not have been carried out."""


class SettingsError(ConsoleError):
    """The settings cannot be used."""

    @classmethod
    def at(cls, file: Path, line: int | None, sentence: str) -> Self:
        """An error at a line of the settings file."""
        return cls(f"{file}, line {line}: {sentence}" if line else f"{file}: {sentence}")


class TemplateError(ConsoleError):
    """A job script cannot be rendered."""


class LaunchError(ConsoleError):
    """A launch, a chain or a cancel cannot be done."""


class ChainBroken(LaunchError):
    """The first run of a chain is submitted, and not all behind it are."""


class OtherClasses(LaunchError):
    """The data has other classes than the weights to start from, or has them in another order."""

    def __init__(self, lists: str) -> None:
        """`lists` names the classes of each."""
        super().__init__(
            f"The classes differ: {lists}. Choose a definition with the same classes in the same order, or start with "
            f"new class outputs: {tui()} chain RUN_OR_PTH DEFINITION --reset-head, or launch … --then-reset-head."
        )
        self.lists = lists
