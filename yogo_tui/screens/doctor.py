"""Doctor: all checks of this site, a line each, as they come."""

from __future__ import annotations

import contextlib
from pathlib import PurePosixPath
from typing import ClassVar

from textual import getters, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.worker import Worker

from yogo.text.terminal import printable
from yogo.text.wording import counted
from yogo_tui.doctor.console_checks import TerminalFacts
from yogo_tui.doctor.examination import Examination
from yogo_tui.doctor.finding import Finding, Sign, bad
from yogo_tui.doctor.probe import JobProbe
from yogo_tui.errors import ConsoleError
from yogo_tui.screens.ask import Ask, Notice
from yogo_tui.screens.base import BACK, FramedScreen, changes
from yogo_tui.widgets.findings_view import FindingsView
from yogo_tui.widgets.rule import TitledRule
from yogo_tui.widgets.scrolled_text import ScrolledText

_GROUP = "doctor"
_LEGEND = """
✔ it works · ✖ it does not · ! it works, but there is something to know · – not there, or not known

sizes: whether the partition can start a job of each size in the settings
scripts: whether a job script of each size can be made, and bash can read it
yogo, torch, GPUs: what training finds on the machine that the console works on; with `job:` before it, in a job
shared disk: whether what a job writes is seen here"""


class DoctorScreen(FramedScreen):
    HELP = _LEGEND
    CSS = "DoctorScreen ScrolledText { padding: 0 1; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        BACK,
        Binding("r", "examine", "check again", id="doctor.again"),
        Binding("J", "job", "try a job", id="doctor.job", tooltip="submit a tiny job, which says what it finds"),
        Binding("x", "stop", "stop", id="doctor.stop", tooltip="stop the checks, and cancel the job"),
        Binding("i", "info", "bug report", id="doctor.info", tooltip="copy versions and settings for a bug report"),
        Binding("y", "copy", "copy", id="doctor.copy"),
        Binding(
            "w",
            "wrappers",
            "scripts",
            id="doctor.wrappers",
            show=False,
            tooltip="write scripts for sbatch: submit_cmd.sh and its like",
        ),
    ]

    view = getters.query_one(FindingsView)
    rule = getters.query_one(TitledRule)

    def __init__(self) -> None:
        super().__init__()
        self._found: list[Finding] = []
        self._waiting = ""
        self._work: Worker[None] | None = None

    def head(self) -> ComposeResult:
        yield TitledRule("doctor: does all work here?")

    def body(self) -> ComposeResult:
        with ScrolledText():
            yield FindingsView()

    def on_mount(self) -> None:
        self.query_one(ScrolledText).focus()
        self.action_examine()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("stop", "examine", "job"):
            return self.is_under_way == (action == "stop")
        return True

    @property
    def is_under_way(self) -> bool:
        return self._work is not None and not self._work.is_finished

    def action_examine(self) -> None:
        self._found = []
        self._work = self._examine()
        self._tell("")

    @work(exclusive=True, group=_GROUP)
    async def _examine(self) -> None:
        examination = Examination(self.app.session, self._facts, self.app.check_keys)
        async with contextlib.aclosing(examination.findings(self._wait)) as findings:
            async for one in findings:
                self._found.append(one)
                self._tell(self._waiting)
        self._done()

    @work
    async def action_job(self) -> None:
        probe = JobProbe(self.app.session)
        if await self.app.push_screen_wait(Ask(probe.question)):
            self._work = self._try_job(probe)
            self.refresh_bindings()

    @work(exclusive=True, group=_GROUP)
    async def _try_job(self, probe: JobProbe) -> None:
        before = [one for one in self._found if not one.about.startswith(("job: ", "in a job", "shared disk"))]
        self._found = before
        try:
            self._found += await probe.findings(self._wait)
        except ConsoleError as error:
            self._found.append(bad("in a job", str(error)))
        self._done()
        self.call_after_refresh(self.query_one(ScrolledText).scroll_end, animate=False)

    def action_stop(self) -> None:
        if self._work is not None:
            self._work.cancel()
            self._work = None
        self._done("stopped")

    @property
    def _facts(self) -> TerminalFacts:
        return TerminalFacts.here(self.app.size.width, self.app.size.height)

    def _wait(self, what: str, done: int, total: int) -> None:
        self._tell(what)

    def _tell(self, waiting: str) -> None:
        self._waiting = self.rule.right = waiting
        self.view.show(self._found)

    def _done(self, word: str = "") -> None:
        self._work = None
        self._tell("")
        num_bad = sum(one.sign is Sign.BAD for one in self._found)
        self.rule.right = word or (f"{counted(num_bad, 'problem')}" if num_bad else "all well")
        self.refresh_bindings()

    def action_copy(self) -> None:
        self.app.copy("\n".join(f"{one.sign} {one.about}: {one.words}" for one in self._found))

    @changes
    async def action_wrappers(self) -> None:
        from yogo_tui.session.wrappers import what_it_does, wrappers, write

        app = self.app
        with app.telling("no scripts were written"):
            folder = PurePosixPath(app.session.settings.workspace_folder) / "scripts"
            found = await wrappers(app.session, folder)
            question = what_it_does(found)
            if not question:
                lines = [f"{one.path.name}: {one.words(is_written=False)}" for one in found]
                app.push_screen(Notice("no scripts were written", "\n".join(lines)))
            elif await app.push_screen_wait(Ask(question, is_safe=True)):
                for one in found:
                    await write(app.session.host, one, replace=False)
                app.notify(printable(str(folder)), title="scripts written", markup=False)

    @work(exclusive=True, group="info")
    async def action_info(self) -> None:
        from yogo_tui.doctor.info import info_of

        with self.app.telling("there is no report"):
            text = await info_of(self.app.session, self._facts)
            self.app.copy(text, "versions and settings, without passwords and keys")
