"""A job script: what matters first, all of it, or what is not as in the shipped template."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from rich.syntax import Syntax
from textual.containers import Vertical, VerticalScroll
from textual.widget import Widget
from textual.widgets import Static

from yogo.text.terminal import printable
from yogo_tui.launch.reading import folded
from yogo_tui.widgets.rule import TitledRule

_NOT_YET = "The job script is shown here once the form is complete."
_AS_SHIPPED = "The script is what the shipped template makes."


class ScriptView(Vertical):
    READINGS: ClassVar = ("", "all of it", "what is not as shipped")
    """What the title says of each; `turn` takes the next one."""

    _name = ""
    _script = ""
    _difference: str | None = None
    _reading = 0

    def compose(self) -> Iterator[Widget]:
        yield TitledRule("script", id="script-rule")
        with VerticalScroll(id="script"):
            yield Static(_NOT_YET, id="script-text")

    def show(self, name: str, script: str, difference: str | None) -> None:
        """Show the script that `name` says where it comes from; empty if there is none yet. `difference` is what it has
        otherwise than the shipped template, as a diff; None if there is no such template."""
        self._name, self._script, self._difference = name, script, difference
        reading = self.READINGS[self._reading]
        self.query_one("#script-rule", TitledRule).title = f"{name} · {reading}" if reading else name
        text, language = self._text()
        if not script or not language:
            self.query_one("#script-text", Static).update(text)
            return
        safe = "\n".join(printable(line) for line in text.expandtabs(4).split("\n"))
        is_ansi = self.app.current_theme.ansi
        paper = "default" if is_ansi else self.app.theme_variables["background"]
        is_dark = self.app.current_theme.dark
        theme = ("ansi_dark" if is_dark else "ansi_light") if is_ansi else "monokai" if is_dark else "xcode"
        shown = Syntax(safe, language, theme=theme, background_color=paper, word_wrap=True)
        self.query_one("#script-text", Static).update(shown)

    def turn(self) -> None:
        """Show the next reading, from its first line."""
        self._reading = (self._reading + 1) % len(self.READINGS)
        self.show(self._name, self._script, self._difference)
        self.query_one("#script").scroll_home(animate=False)

    def _text(self) -> tuple[str, str]:
        """The text of the present reading and its language; a sentence, and none, if there is nothing to show."""
        if not self._script:
            return _NOT_YET, ""
        match self._reading:
            case 0:
                return folded(self._script), "bash"
            case 1:
                return self._script, "bash"
        if self._difference is None:
            return "No shipped template is like this one.", ""
        return (self._difference, "diff") if self._difference else (_AS_SHIPPED, "")
