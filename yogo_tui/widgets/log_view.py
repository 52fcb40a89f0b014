"""A log, live: only the lines on show are read, from whichever place of a file of any size."""

from __future__ import annotations

import asyncio
import contextlib
import textwrap
from pathlib import PurePosixPath
from typing import ClassVar

from rich.text import Text
from textual import work
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.message import Message
from textual.reactive import reactive
from textual.selection import Selection
from textual.strip import Strip
from textual.widget import Widget

from yogo.terminal import printable
from yogo_tui.errors import HostError
from yogo_tui.hosts.base import Host
from yogo_tui.runs.logfile import LogFile, LogLine
from yogo_tui.widgets.words import cut_middle, size_words

_EVERY_SECONDS = 1.0
_SIDEWAYS = 16
_NO_MORE = {True: "no more above · ", False: "no more below · "}


class LogView(Widget, can_focus=True):
    COMPONENT_CLASSES: ClassVar[set[str]] = {"log--found", "log--aside"}
    DEFAULT_CSS = """
    LogView > .log--found { background: $warning; color: $background; }
    LogView > .log--aside { color: $foreground-muted; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "a line up", id="log.up", show=False),
        Binding("down,j", "move(1)", "a line down", id="log.down", show=False),
        Binding("pageup", "page(-1)", "a page up", id="log.page_up", show=False),
        Binding("pagedown,space", "page(1)", "a page down", id="log.page_down", show=False),
        Binding("home,g", "start", "the log's start", id="log.start", show=False),
        Binding("end,G", "end", "the log's end, and follow it", id="log.end", show=False),
        Binding("left", "sideways(-1)", "to the left", id="log.left", show=False),
        Binding("right", "sideways(1)", "to the right", id="log.right", show=False),
        Binding("n", "find(True)", "previous match", id="log.find_up", show=False),
        Binding("N", "find(False)", "next match", id="log.find_down", show=False),
        Binding("escape", "stop_search", "close the search", id="log.stop_search", show=False),
    ]

    following: reactive[bool] = reactive(True)
    lines: reactive[tuple[LogLine, ...]] = reactive(())
    words: reactive[str] = reactive("")
    """What is looked for, and lit up wherever it stands."""

    class SearchClosed(Message):
        """Nothing is looked for any more."""

    class Moved(Message):
        """Another part of the log is on show; `words` say which."""

        def __init__(self, words: str) -> None:
            super().__init__()
            self.words = words

    def __init__(self, host: Host, path: PurePosixPath | None) -> None:
        super().__init__()
        self._host = host
        self._log = LogFile(host, path) if path else None
        self._reading = asyncio.Lock()
        self._steps = 0
        """Lines to move by, as keys have asked for and nothing has been read for yet."""

        self._is_other = False
        """The page is another one though no line was asked for: another height, or the log's end."""

        self._x = 0
        self._found: int | None = None
        self._away = ""
        self.no_log = "No log is known for this job."
        """What is said where there is no log."""

        self._match = ""
        """What was found, and how many there are."""

        self._marked: tuple[LogLine, ...] = ()
        """The lines that the mouse has marked some of, as they stood then."""

        self._searching: object = None
        """The search that goes on; its last word is what was found."""

    @property
    def path(self) -> PurePosixPath | None:
        return self._log.path if self._log else None

    @path.setter
    def path(self, path: PurePosixPath | None) -> None:
        if path != self.path:
            self._log = LogFile(self._host, path) if path else None
            self.lines = ()
            self.following = True

    def on_mount(self) -> None:
        self.watch_log()

    @work(exclusive=True, group="log")
    async def watch_log(self) -> None:
        while True:
            try:
                async with self._reading:
                    await self._look()
                self._away = ""
            except HostError as error:
                self._away = str(error)
            self._tell()
            await asyncio.sleep(_EVERY_SECONDS)

    async def _look(self) -> None:
        """Read what was added, if anything was."""
        if (log := self._log) is None:
            return
        generation = log.generation
        if not await log.refresh():
            return
        if log.generation != generation:
            self.lines, self.following = (), True
        if self.following:
            await self._show_end()
        elif self.lines and (len(self.lines) < self.size.height or not self.lines[-1].is_finished):
            await self._show_from(self.lines[0].offset)

    async def _show_end(self) -> None:
        if self._log:
            self.lines = tuple(await self._log.lines_before(self._log.size, max(1, self.size.height)))

    async def _show_from(self, offset: int) -> None:
        """A page from a line on; the last page, where less than one is left."""
        if self._log is None:
            return
        page = await self._log.lines_at(offset, self.size.height)
        if len(page) < self.size.height:
            await self._show_end()
        else:
            self.lines = tuple(page)

    @work(group="move")
    async def _read_anew(self) -> None:
        """Go where the keys have asked for; those pressed while this reads are gathered into one step."""
        async with self._reading:
            if not self._steps and not self._is_other:
                return
            try:
                steps, self._steps, self._is_other = self._steps, 0, False
                await self._step(steps)
            except HostError as error:
                self._away = str(error)
        self._tell()

    async def _step(self, steps: int) -> None:
        log = self._log
        if log is None or not self.lines or self.following:
            await self._show_end()
        elif steps < 0:
            above = await log.lines_before(self.lines[0].offset, -steps)
            await self._show_from(above[0].offset if above else 0)
        elif steps > 0:
            below = await log.lines_at(self.lines[0].offset, steps + 1)
            before = self.lines
            await self._show_from(below[-1].offset if below else log.size)
            self.following = self.lines == before and self.lines[-1].end >= log.size
        else:
            await self._show_from(self.lines[0].offset)

    def on_resize(self, _event: Resize) -> None:
        self._is_other = True
        self._read_anew()

    def watch_following(self) -> None:
        self._is_other = True
        self._read_anew()

    def action_move(self, lines: int) -> None:
        if lines < 0:
            self.following = False
        self._steps += lines
        self._read_anew()

    def action_page(self, pages: int) -> None:
        self.action_move(pages * max(1, self.size.height - 1))

    def action_start(self) -> None:
        self.following = False
        self.show_offset(0)

    def action_end(self) -> None:
        self.following = True

    def action_sideways(self, by: int) -> None:
        self._x = max(0, self._x + by * _SIDEWAYS)
        self.refresh()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool:
        """Escape is the screen's, but while something is looked for."""
        return action != "stop_search" or self._searching is not None or bool(self.words)

    def action_stop_search(self) -> None:
        self.leave_search()
        self.post_message(self.SearchClosed())

    def action_find(self, is_upwards: bool) -> None:
        if self.words:
            self.find(self.words, is_upwards=is_upwards)

    @work(exclusive=True, group="find")
    async def show_offset(self, offset: int) -> None:
        with_context = max(1, self.size.height // 3)
        async with self._reading:
            if self._log:
                above = await self._log.lines_before(offset, with_context)
                await self._show_from(above[0].offset if above else 0)
        self._tell()

    @work(exclusive=True, group="find")
    async def find(self, words: str, *, is_upwards: bool = True) -> None:
        """Go to the next line that holds `words`; the last one looked at is where the search begins."""
        log = self._log
        if log is None:
            return
        begin = self._found if self._found is not None and words == self.words else log.size
        self.words, self._match = words, ""
        mine = self._searching = object()
        self.post_message(self.Moved("searching · esc leaves it"))

        def tell(offset: int) -> None:
            self.post_message(self.Moved(f"searching · {100 * offset // max(1, log.size)} % · esc leaves it"))

        try:
            if not is_upwards and (here := await log.lines_at(begin, 1)):
                begin = here[0].end
            found = await log.search(words, begin, backwards=is_upwards, on_progress=tell)
        except HostError as error:
            self._away, found = str(error), None
        finally:
            self._searching = None if self._searching is mine else self._searching
        before = self._found
        if found is not None:
            self._found, self.following = found, False
            self.show_offset(found)
        self.count_matches(log, words, "" if found is not None or before is None else _NO_MORE[is_upwards])

    @work(exclusive=True, group="count")
    async def count_matches(self, log: LogFile, words: str, where: str) -> None:
        """Say which match of how many is shown, and that there is no more in the direction `where`."""
        at = self._found
        number, total = 0, 0
        with contextlib.suppress(HostError):
            number, total = await log.count(words, -1 if at is None else at)
        if not total:
            which = f"“{cut_middle(words, 20)}” is not found"
        else:
            which = f"matches: {total:,}" if at is None else f"match {number:,} of {total:,}"
        self._match = f"{where}{which}"
        self._tell()

    def leave_search(self) -> None:
        for group in ("find", "count"):
            self.workers.cancel_group(self, group)
        self.words, self._found, self._match, self._searching = "", None, "", None
        self._tell()

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """What the mouse has marked."""
        return selection.extract("\n".join(line.text.plain for line in self._marked)), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        """The log stays where it is while something in it is marked."""
        if selection is not None and not self._marked:
            self.following = False
            self._marked = self.lines
        elif selection is None:
            self._marked = ()
        self.refresh()

    def watch_words(self) -> None:
        self.refresh()

    def _tell(self) -> None:
        if self._searching is not None:
            return
        if self._away:
            words = f"! {self._away}"
        elif self._log is None:
            words = "none"
        elif not self._log.exists:
            words = "not written yet"
        else:
            size = self._log.size
            percent = 100 * self.lines[-1].end // size if self.lines and size else 100
            place = "following" if self.following else f"at {percent} %"
            words = " · ".join(filter(None, (self._match, place, size_words(size))))
        self.post_message(self.Moved(words))
        if not self.lines:
            self.refresh()

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y < len(self.lines):
            text = self.lines[y].text
            if self.words:
                text = text.copy()
                text.highlight_words([self.words], self._style("log--found"), case_sensitive=not self.words.islower())
        elif not self.lines and y < len(said := textwrap.wrap(self._nothing(), max(8, width - 2))):
            text = Text(f" {said[y]}", self._style("log--aside"))
        else:
            return Strip.blank(width, self.rich_style)
        if (marked := self.text_selection) and self._marked == self.lines and (span := marked.get_span(y)):
            text = text.copy()
            style = self.screen.get_component_rich_style("screen--selection")
            text.stylize(style, span[0], len(text) if span[1] < 0 else span[1])
        strip = Strip(text.render(self.app.console), text.cell_len).apply_offsets(0, y)
        return strip.crop(self._x, self._x + width).extend_cell_length(width).apply_style(self.rich_style)

    def _nothing(self) -> str:
        if self._log is None:
            return printable(self.no_log)
        if self._log.exists:
            return "The log is empty so far."
        return f"The log appears here once the job writes {printable(self._log.path.name)}."

    def _style(self, component: str) -> str:
        return str(self.get_component_rich_style(component, partial=True))
