"""What was typed into the fields of a form, step by step, so that it can be undone. Without widgets.

What is typed into one field without a pause in another is one step.
"""

from __future__ import annotations

from collections.abc import Mapping


class TypedSteps:
    def __init__(self, texts: Mapping[str, str] | None = None) -> None:
        """`texts` is what each field holds at first."""
        self._texts = dict(texts or {})
        self._done: list[tuple[str, str]] = []
        """Field and the text that it had before, the latest step last."""

        self._undone: list[tuple[str, str]] = []
        self._goes_on = False
        """Whether what is typed next into the field of the last step belongs to that step."""

    def take(self, name: str, text: str) -> None:
        """A field holds another text."""
        before = self._texts.get(name, "")
        if before == text:
            return
        if not (self._goes_on and self._done and self._done[-1][0] == name):
            self._done.append((name, before))
        self._texts[name] = text
        self._undone.clear()
        self._goes_on = True

    def pause(self) -> None:
        """What is typed next is a step of its own."""
        self._goes_on = False

    def undo(self) -> tuple[str, str] | None:
        """The field of the last step, and the text that it had before; None if there is none."""
        return self._moved(self._done, self._undone)

    def redo(self) -> tuple[str, str] | None:
        """The field of the last step that was undone, and the text that it had then; None if there is none."""
        return self._moved(self._undone, self._done)

    def _moved(self, steps: list[tuple[str, str]], others: list[tuple[str, str]]) -> tuple[str, str] | None:
        self._goes_on = False
        if not steps:
            return None
        name, text = steps.pop()
        others.append((name, self._texts[name]))
        self._texts[name] = text
        return name, text
