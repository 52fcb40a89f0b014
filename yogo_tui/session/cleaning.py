"""Finds what lies on the disk and nobody needs, says what that is, and removes it."""

from __future__ import annotations

from collections.abc import Iterator

from yogo.text.wording import counted
from yogo_tui.advice import tui
from yogo_tui.hosts.base import Host, Tell, silent
from yogo_tui.questions.leftovers import FindLeftovers, LeftoverKind, Leftovers, Removal, RemoveLeftovers
from yogo_tui.settings import Settings
from yogo_tui.words import size_words

_MOST_SEEN = 5
"""Of what is remembered of folders, so many are listed: their names say nothing."""


class Cleaning:
    def __init__(self, host: Host, settings: Settings) -> None:
        self._host = host
        self._settings = settings

    async def find(self, tell: Tell = silent) -> Leftovers:
        """What can be removed. Raises HostError."""
        settings = self._settings
        question = FindLeftovers(settings.all_runs_folders, settings.definition_folders, settings.workspace_folder)
        return await self._host.ask(question, tell=tell)

    async def remove(self, leftovers: Leftovers, tell: Tell = silent) -> Removal:
        """Remove it for good. What is used, or has changed since, is left. Raises HostError."""
        return await self._host.ask(RemoveLeftovers(leftovers.found), tell=tell)


def said_of(leftovers: Leftovers) -> Iterator[str]:
    """What was found and how much it takes: a line for each kind, with its rule, and one for each thing."""
    for kind in LeftoverKind:
        found = [one for one in leftovers.found if one.kind is kind]
        if found:
            yield f"{kind.value}, {size_words(sum(one.num_bytes for one in found))}: {kind.rule}"
            most = _MOST_SEEN if kind is LeftoverKind.SEEN else len(found)
            yield from (f"  {one.path} ({size_words(one.num_bytes)})" for one in found[:most])
            if (rest := len(found) - most) > 0:
                yield f"  and {rest:,} more ({tui()} clean --json lists all)"
    yield from (f"! {note}" for note in leftovers.notes)
    if leftovers.cache:
        yield f"The caches in {leftovers.cache} take {size_words(leftovers.cache_bytes)} in all."


def what_it_does(leftovers: Leftovers) -> str:
    """The question before it is removed."""
    return f"Remove {counted(len(leftovers.found), 'item')} ({size_words(leftovers.num_bytes)}) for good?"


def done_words(leftovers: Leftovers, removal: Removal) -> str:
    num = len(leftovers.found) - len(removal.left)
    return f"removed {counted(num, 'item')} ({size_words(removal.num_bytes)})"
