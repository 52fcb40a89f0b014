"""Quotes the values of a job script for bash. The cluster's header quotes those in its first lines."""

from __future__ import annotations

import shlex
from collections.abc import Callable

from jinja2.runtime import Undefined

from yogo_tui.cluster.header import Verbatim, one_line


def shell(value: object) -> str:
    """`value` as one word of bash; a sequence becomes several words. Raises ValueError for other types, and for
    control characters."""
    if isinstance(value, Verbatim):
        return value
    if isinstance(value, Undefined):
        return str(value)  # raises UndefinedError, which names it
    if isinstance(value, list | tuple):
        return " ".join(shell(part) for part in value)
    return shlex.quote(one_line(value))


def verbatim(value: object) -> Verbatim:
    """A line of shell that the user wrote, unchanged. Raises ValueError if it is more than one line."""
    return Verbatim(one_line(value))


def known(quote: Callable[[object], Verbatim]) -> Callable[[object], Verbatim]:
    """`quote` for templates: an undefined value raises UndefinedError, which names it."""

    def of(value: object) -> Verbatim:
        if isinstance(value, Undefined):
            str(value)
        return quote(value)

    return of
