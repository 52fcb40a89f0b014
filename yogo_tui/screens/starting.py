"""What the console tells once it is drawn: notices, and the settings where there are none yet."""

from __future__ import annotations

import asyncio

from textual import work

from yogo.text.terminal import printable
from yogo_tui.screens.base import BaseConsole
from yogo_tui.settings import Settings

_NOTICE_SECONDS = 30.0


class StartingConsole(BaseConsole):
    is_open: bool
    """Whether it has a session."""

    def greet(self) -> None:
        """Called once the session is open and the first screen is shown."""
        for notice in self.session.notices:
            self.notify(printable(notice), severity="warning", timeout=_NOTICE_SECONDS, markup=False)
        self.offer_settings()

    def check_keys(self, settings: Settings) -> None:
        if settings.keymap:
            from yogo_tui.screens.keymap import keymap  # late: it imports every screen

            keymap(settings, type(self))

    @work(group="first start")
    async def offer_settings(self) -> None:
        """Show what the site has, and the settings that follow, where there are none yet unless that was declined."""
        if self.there is None or self.session.settings.lines:
            return
        from yogo_tui.doctor.declined import was_declined
        from yogo_tui.doctor.discovery import is_first

        with self.telling("the settings were not looked for", is_asked=False):
            name, file = self.session.host.name, self.session.settings.file
            if not await asyncio.to_thread(was_declined, name, file) and await is_first(self.session):
                self._show_first_start()

    @work(exclusive=True, group="first start")
    async def action_first_start(self) -> None:
        if not self.is_open:
            return
        from yogo_tui.doctor.discovery import is_first

        with self.telling("the settings were not looked for"):
            if await is_first(self.session):
                self._show_first_start()
            else:
                file = printable(str(self.session.settings.file))
                self.notify(f"{file}\nf6 shows and changes them.", title="there are settings already", markup=False)

    def _show_first_start(self) -> None:
        from yogo_tui.screens.first_start import FirstStartScreen

        if not isinstance(self.screen, FirstStartScreen):
            self.push_screen(FirstStartScreen())
