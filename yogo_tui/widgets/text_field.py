"""A line to type in. It carries out keys in the order in which they are pressed, however quickly they come."""

from __future__ import annotations

from textual.events import Key
from textual.widget import Widget
from textual.widgets import Input


def passed_on(target: Widget, event: Key) -> bool:
    """Send a key that was pressed after one that moved the focus to where the focus is; False if that is `target`."""
    focused = target.app.focused
    if focused is None or focused is target:
        return False
    event.stop().prevent_default()
    target.app.post_message(Key(event.key, event.character))
    return True


class TextField(Input):
    """Over a slow line keys come in bunches.

    Textual types letters at once but carries out other keys later, when they have passed all widgets above: the key
    that empties a line would remove what was typed after it, and what follows Enter would go into the line before.
    """

    async def on_key(self, event: Key) -> None:
        """Carry out the field's own key now. A key that was pressed after one that moved the focus goes there."""
        if passed_on(self, event):
            return
        found = self.screen.active_bindings.get(event.key)
        if found and found.node is self and found.enabled and not event.is_printable:
            event.stop().prevent_default()
            await self.app.run_action(found.binding.action, self)
