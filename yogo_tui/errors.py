"""The console's errors. `str(error)` is a sentence fit to show: what is wrong, where, what to do.

ConsoleError
├── HostError          a host could not be reached, or a file there not be read or written
├── ClusterError       a scheduler refused
│   └── ClusterUnknown it gave no answer that can be read: what was asked may or may not have happened
├── SettingsError      the settings file is wrong
├── TemplateError      a job script cannot be rendered
└── LaunchError        a launch, chain or cancel cannot be done
    └── OtherClasses   the data has other classes than the weights to begin with
"""

from __future__ import annotations


class ConsoleError(Exception):
    """Something a person can act upon."""


class HostError(ConsoleError):
    """The host could not be reached, or a file there could not be read or written."""


class ClusterError(ConsoleError):
    """The scheduler refused."""


class ClusterUnknown(ClusterError):
    """The scheduler gave no readable answer: what was asked may or may not have happened."""


class SettingsError(ConsoleError):
    """The settings cannot be used."""


class TemplateError(ConsoleError):
    """A job script cannot be rendered."""


class LaunchError(ConsoleError):
    """A launch, a chain or a cancel cannot be done."""


class OtherClasses(LaunchError):
    """The data has other classes than the weights to begin with, or has them in another order."""

    def __init__(self, lists: str) -> None:
        """`lists` says whose classes are which."""
        super().__init__(
            f"The classes differ: {lists}. Choose a definition with the same classes in the same order, or begin with "
            "new class outputs: yogo-tui chain RUN_OR_PTH DEFINITION --reset-head, or launch … --then-reset-head."
        )
        self.lists = lists
