"""What the screens about a definition share: its counts, which come in while they are made."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import ClassVar

from textual import work
from textual.worker import get_current_worker

from yogo.definition import DatasetSummary
from yogo.health.finding import DataHealth
from yogo.text.terminal import printable
from yogo_tui.errors import ConsoleError, HostError
from yogo_tui.hosts.base import Tell
from yogo_tui.questions.definitions import Survey, SurveySoFar
from yogo_tui.questions.health import KnownHealth
from yogo_tui.screens.ask import Notice
from yogo_tui.screens.base import FramedScreen
from yogo_tui.screens.choose import Choice
from yogo_tui.widgets.key_bar import key_of
from yogo_tui.widgets.rule import TitledRule
from yogo_tui.words import thousands

DOUBTED = "review the labels that a model doubts"

_PART_SECONDS = 0.4
"""How often what is counted so far is asked for."""


class CountsDefinition(FramedScreen):
    """A screen that counts a definition, and can be told to stop."""

    COUNT_KEY: ClassVar[str]
    """The id of the binding that counts again."""

    def __init__(self) -> None:
        super().__init__()
        self.healths: dict[Path, DataHealth | None] = {}
        """Of definitions: what the last deep check found; None where none is remembered."""

    @property
    def count_rule(self) -> TitledRule:
        """The line that says how far the count is."""
        raise NotImplementedError

    def draw_survey(self, path: Path, found: DatasetSummary) -> None:
        """Show what is counted so far, or the whole."""
        raise NotImplementedError

    def counted(self, path: Path, found: DatasetSummary) -> None:
        """Everything is counted, and drawn."""

    def is_about(self, path: Path) -> bool:
        """Whether this definition is shown now."""
        raise NotImplementedError

    def count_again(self) -> None:
        """Called once the machine answers again."""
        raise NotImplementedError

    def count_ended(self) -> None:
        """A count came to its end, or was left."""

    @property
    def counts(self) -> bool:
        return any(worker.group == "count" and worker.is_running for worker in self.workers)

    @work(exclusive=True, group="count")
    async def count(self, path: Path) -> None:
        """Count a definition, and show its problems and what is counted so far. What is remembered is quick."""
        with self.app.tasks.under_way(f"counting {path.name}", self._tell_count) as tell:
            await self._count(path, tell)

    async def _count(self, path: Path, tell: Tell) -> None:
        host, workspace = self.app.session.host, self.app.session.settings.workspace_folder
        worker = get_current_worker()
        self.workers.cancel_group(self, "health")  # which would draw the counts of before
        asked = asyncio.ensure_future(host.ask(Survey(path, workspace), tell=tell))
        try:
            while not (await asyncio.wait({asked}, timeout=_PART_SECONDS))[0]:
                if so_far := await host.ask(SurveySoFar(path, workspace)):
                    self.draw_survey(path, so_far)
            found = await asked
        except asyncio.CancelledError:
            is_begun_anew = any(one.group == "count" and one.is_running for one in self.workers if one is not worker)
            if self.is_about(path) and not is_begun_anew:
                self.count_rule.right = f"left · {key_of(self, self.COUNT_KEY)} counts it again"
            raise
        except ConsoleError as error:
            self.count_rule.right = f"not counted · {key_of(self, self.COUNT_KEY)} counts it again"
            if isinstance(error, HostError):
                self.when_back(self.count_again)
            self.app.notify(str(error), title="it is not counted", severity="warning", markup=False)
            return
        finally:
            asked.cancel()
            self.count_ended()
        self.count_rule.right = "✖" if found.has_errors else "✔"
        self.draw_survey(path, found)
        self.counted(path, found)
        self.recall_health(path, found)

    @work(exclusive=True, group="health")
    async def recall_health(self, path: Path, found: DatasetSummary) -> None:
        """Show what is known of a definition's health, if anything is."""
        question = KnownHealth(path, self.app.session.settings.workspace_folder)
        with self.reading("its health was not read", self.count_again):
            self.healths[path] = await self.app.session.host.ask(question)
        if self.is_about(path):
            self.draw_survey(path, found)

    def open_health(self, path: Path) -> None:
        from yogo_tui.screens.health import HealthScreen

        self.open_over(path, HealthScreen(path))

    def open_over(self, path: Path, screen: FramedScreen) -> None:
        """Open a screen in which files of the definition may be edited: once it is left, they are counted again."""

        def left(_: None) -> None:
            if self.is_about(path) and not self.counts:
                self.count_again()

        self.app.push_screen(screen, left)

    @work(exclusive=True, group="reviews")
    async def open_reviews(self, path: Path) -> None:
        """Show the review of a definition's labels; of several, the one that is chosen."""
        from yogo_tui.screens.review import ReviewScreen
        from yogo_tui.session.reviews import choice_words

        with self.app.telling("its reviews were not looked for"):
            found = await self.app.session.reviews.of_definition(path)
            if not found:
                how = (
                    f"A model says which labels to look at: u on a run, in Runs, ranks the labels of {path.name} by it"
                )
                why = f"{how}. Then {self._reviews_key} opens them here."
                self.app.push_screen(Notice("there is no review of it yet", why, sign=""))
                return
            lines = [
                (one, Choice(printable(one.folder.name), choice_words(one), detail=str(one.folder))) for one in found
            ]
            chosen = found[0] if len(found) == 1 else await self.choose("reviews", lines)
            if chosen:
                self.app.push_screen(ReviewScreen(chosen.folder))

    @property
    def _reviews_key(self) -> str:
        return key_of(self, self.COUNT_KEY.replace("count", "reviews"))

    def stop_counting(self) -> None:
        self.workers.cancel_group(self, "count")
        self.count_rule.right = f"left · {key_of(self, self.COUNT_KEY)} counts it again"

    def _tell_count(self, what: str, done: int, total: int) -> None:
        of = f" of {thousands(total)}" if total else ""
        self.count_rule.right = f"{what} · {thousands(done)}{of} · esc leaves it"


def faulty_line(found: DatasetSummary | None, path: Path) -> int | None:
    """Of the first thing that is wrong in the file, as it was counted last."""
    told = sorted(found.problems if found else [], key=lambda problem: not problem.is_error)
    return next((problem.line for problem in told if problem.file == path and problem.line), None)
