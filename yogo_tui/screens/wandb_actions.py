"""The key that uploads runs to W&B, and the dialog that shows how far that is."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from yogo.text.terminal import printable
from yogo_tui.errors import HostError
from yogo_tui.runs.model import Run
from yogo_tui.screens.ask import Ask, Dialog
from yogo_tui.screens.base import changes
from yogo_tui.screens.held_keys import reads_first
from yogo_tui.screens.run_actions import RunActions
from yogo_tui.session import Session


class UploadProgress(Dialog[None]):
    """Uploads these runs, one after the other. Leaving it ends the upload; what was uploaded stays there."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,enter", "dismiss", "leave", id="upload.leave")]

    def __init__(self, session: Session, runs: Sequence[Run]) -> None:
        super().__init__()
        self._session = session
        self._runs = runs
        self._told = {run.key: "waits" for run in runs}

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="paper"):
            yield Static("Upload to W&B", classes="title", markup=False)
            yield Static(id="sentence", markup=False)
            yield Static("esc stop", classes="keys", markup=False)

    def on_mount(self) -> None:
        super().on_mount()
        self._show()
        self.upload()

    @work(exclusive=True, group="upload")
    async def upload(self) -> None:
        from yogo_tui.session.wandb import told_of

        for run in self._runs:
            name = run.name

            def tell(what: str, done: int, total: int, run: Run = run, name: str = name) -> None:
                self._say(run, f"{name}: {what}")

            self._say(run, f"{name}: asking W&B")
            try:
                upload = await self._session.wandb.upload(run, tell)
                said = told_of(run, upload)
                self._say(run, f"{said} {upload.url}" if upload.url else said)
            except HostError as error:
                self._say(run, f"{name}: {error}")
            await asyncio.sleep(0)
        self.query_one(".keys", Static).update("esc close")

    def _say(self, run: Run, words: str) -> None:
        self._told[run.key] = words
        self._show()

    def _show(self) -> None:
        names = {run.key: run.name for run in self._runs}
        lines = [words if words != "waits" else f"{names[key]}: waits" for key, words in self._told.items()]
        self.query_one("#sentence", Static).update("\n".join(map(printable, lines)))


class WandbActions(RunActions):
    """A screen whose keys also upload runs to W&B."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("S", "sync", "upload to W&B", id="runs.sync", show=False, tooltip="upload it to W&B, or all marked"),
    ]

    @reads_first("looking for what is not uploaded")
    @changes
    async def action_sync(self) -> None:
        """Ask, and upload what was logged to W&B without a connection."""
        app, runs = self.app, self.chosen_runs()
        if not runs:
            return
        from yogo_tui.session.wandb import what_it_does

        with app.telling("nothing was uploaded"):
            waiting = await app.session.wandb.waiting(runs)
            if await app.push_screen_wait(Ask(what_it_does(waiting))):
                await app.push_screen_wait(UploadProgress(app.session, [one.run for one in waiting]))
                self.unmark()
                self.used()
