"""`:` and ctrl+p: finds an action of this screen by its words."""

from __future__ import annotations

from functools import partial

from textual.binding import ActiveBinding
from textual.command import DiscoveryHit, Hit, Hits, Provider

from yogo_tui.widgets.key_bar import key_word


class Actions(Provider):
    """Our bindings, which have an id, as commands. An action with several keys is listed once."""

    async def startup(self) -> None:
        active = self.screen.active_bindings.values()
        known = [entry for entry in active if entry.binding.id and entry.enabled]
        self._entries = list({entry.binding.action: entry for entry in reversed(known)}.values())[::-1]

    async def discover(self) -> Hits:
        for entry in self._entries:
            yield DiscoveryHit(_words(entry), partial(self._do, entry), help=_key(entry))

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for entry in self._entries:
            if (score := matcher.match(_words(entry))) > 0:
                yield Hit(score, matcher.highlight(_words(entry)), partial(self._do, entry), help=_key(entry))

    async def _do(self, entry: ActiveBinding) -> None:
        await self.app.run_action(entry.binding.action, default_namespace=entry.node)


def _words(entry: ActiveBinding) -> str:
    return entry.binding.tooltip or entry.binding.description


def _key(entry: ActiveBinding) -> str:
    return f"key {key_word(entry.binding.key)}"
