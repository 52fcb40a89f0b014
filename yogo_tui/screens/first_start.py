"""The first start: shows what the site has, and writes a settings file that says so."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from textual import getters, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from yogo.text.terminal import printable
from yogo_tui.advice import tui
from yogo_tui.doctor.discovery import LOCAL, Discovery, discover, write_settings
from yogo_tui.screens.base import FramedScreen, changes
from yogo_tui.settings.document import dumped
from yogo_tui.widgets.findings_view import FindingsView
from yogo_tui.widgets.key_bar import key_of
from yogo_tui.widgets.rule import TitledRule
from yogo_tui.widgets.scrolled_text import ScrolledText
from yogo_tui.words import short_home

_ALL_USUAL = "(every setting is best at its default)"
_REST = "All other settings stand in the file too, with what they mean, commented out."


_LEGEND = """
✔ found · ! to know · ✖ it does not answer · – not there

jobs, or Slurm's version: what runs the jobs, and your account there
partition: the one with the most GPUs that takes your jobs; the sizes to launch on follow from it
workspace: where runs and dataset definitions lie: the folder that you stand in, or the nearest above it with runs
data: folders of dataset definitions
W&B: whether runs are logged there: on where a login is found

Below stands what the settings file would say. It is written by a key, never over another, and f6 changes it later."""


class FirstStartScreen(FramedScreen):
    HELP = _LEGEND
    CSS = """
    FirstStartScreen {
        & ScrolledText { padding: 0 1; }
        & #proposal { height: auto; margin-top: 1; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "write", "write these settings", id="first.write"),
        Binding("l", "local", "work on this machine alone", id="first.local"),
        Binding("escape", "decline", "not now", id="first.leave"),
    ]

    view = getters.query_one(FindingsView)

    def __init__(self) -> None:
        super().__init__()
        self._found: Discovery | None = None

    def head(self) -> ComposeResult:
        yield TitledRule("first start: what is here")

    def body(self) -> ComposeResult:
        with ScrolledText():
            yield FindingsView()
            yield Static(id="proposal", markup=False)

    def on_mount(self) -> None:
        self.query_one(ScrolledText).focus()
        self.view.show((), "looking for Slurm, its partitions and accounts, dataset definitions and W&B")
        self._discover()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "write":
            return self._found is not None
        if action == "local":  # only who is logged in to a machine can have it run jobs by itself
            return self._found is not None and bool(self._found.problem) and self.app.is_near
        return True

    @work(exclusive=True, group="discovery")
    async def _discover(self) -> None:
        with self.app.telling("not all was found out", is_asked=False):
            self._found = found = await discover(self.app.session)
            self.view.show(found.findings)
            file = short_home(str(found.settings.file), found.home_folder)
            lines = "".join(dumped(name, value) for name, value in found.proposal.items()) or _ALL_USUAL
            text = "\n".join(printable(line) for line in lines.splitlines())
            local = ""
            if found.problem and self.app.is_near:
                local = "\n\nl works on this machine alone: the file then says `cluster: local`."
            on = "" if self.app.is_near else f" on {printable(self.app.session.host.name)}"
            self.query_one("#proposal", Static).update(f"{printable(file)}{on} would say\n\n{text}\n\n{_REST}{local}")
        self.refresh_bindings()

    @changes
    async def action_write(self) -> None:
        await self._write({})

    @changes
    async def action_local(self) -> None:
        await self._write(LOCAL)

    @changes
    async def action_decline(self) -> None:
        """Leave it, write nothing, and say how to come back: it is not shown by itself again."""
        from yogo_tui.doctor.declined import decline

        app, file = self.app, self.app.session.settings.file
        app.pop_screen()
        back = key_of(app.screen, "app.first_start")
        app.notify(
            f"{back} shows it again; as a command: {tui()} config init", title="no settings written", markup=False
        )
        with app.telling("it will be shown again", is_asked=False):
            await asyncio.to_thread(decline, app.session.host.name, file)

    async def _write(self, more: dict[str, str]) -> None:
        assert self._found is not None
        app, found = self.app, self._found
        with app.telling("no settings were written"):
            file = found.settings.file
            await write_settings(app.session.host, file, {**found.proposal, **more})
            await app.open_again()
            app.pop_screen()
            app.notify(printable(str(file)), title="settings written", markup=False)
