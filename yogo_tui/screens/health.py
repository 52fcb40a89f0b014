"""What is wrong with the images and labels of a definition though they open, kind by kind, and each finding."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static, Tree

from yogo.errors import YogoError
from yogo.health.finding import KINDS, OF_SPLITS, DataFinding, DataHealth
from yogo.health.report import summary
from yogo.text.terminal import printable
from yogo.text.wording import counted
from yogo_tui.errors import ConsoleError, HostError
from yogo_tui.questions.health import CheckHealth
from yogo_tui.questions.image_lists import ImageFilter
from yogo_tui.questions.images import DescribeImages
from yogo_tui.screens.base import FramedScreen, changes
from yogo_tui.screens.choose import Choice
from yogo_tui.screens.editor import edit
from yogo_tui.widgets.folded import Folded
from yogo_tui.widgets.health_view import FindingTree, detail_words, finding_words
from yogo_tui.widgets.key_bar import key_of
from yogo_tui.widgets.rule import TitledRule
from yogo_tui.words import state_words, thousands

_LEGEND = """
Each kind tells how many images, boxes or classes it affects. A finding asks you to look: whether it is an error is for
a person to say. docs/labels.md explains each kind."""

_UNTIL_THEN = (
    "Each image is looked into, which takes some 10 milliseconds, and what was seen is remembered: esc stops, and "
    "the next time only the images that are left, or have changed, are read."
)
_MOST_OF_DETAIL = 7


class HealthScreen(FramedScreen):
    CSS_PATH = "health.tcss"
    AUTO_FOCUS = "FindingTree"
    HELP = _LEGEND
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "e",
            "edit",
            "edit",
            id="health.edit",
            tooltip="edit in $EDITOR: a box's line, an image's label file, or for a pair and a class the definition",
        ),
        Binding(
            "a",
            "against",
            "compare with a run",
            id="health.against",
            tooltip="look for images that a run was trained on",
        ),
        Binding("c", "check", "check again", id="health.check"),
        Binding("y", "copy", "copy the path of the file", id="health.copy", show=False),
        Binding("escape", "leave", "stop checking; back", id="health.leave", show=False),
    ]

    rule = getters.query_one("#title", TitledRule)
    findings = getters.query_one(FindingTree)

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._run: Path | None = None
        """The run that the images are compared with."""

    def head(self) -> ComposeResult:
        yield TitledRule(self._title, "…", id="title")

    def body(self) -> ComposeResult:
        yield Static(_UNTIL_THEN, id="summary", markup=False)
        yield FindingTree()
        yield TitledRule()
        yield Folded(_MOST_OF_DETAIL, id="detail")

    def on_mount(self) -> None:
        self.action_check()

    @property
    def _title(self) -> str:
        return f"{self._path.name} · health{f' · compared with {self._run.name}' if self._run else ''}"

    @property
    def _checks(self) -> bool:
        return any(worker.group == "check" and worker.is_running for worker in self.workers)

    @work(exclusive=True, group="check")
    async def action_check(self) -> None:
        """Check all of it. What was read before, and has not changed, is not read again."""
        self.rule.title, self.rule.right = self._title, "comparing its files · esc stops"
        question = CheckHealth(self._path, self.app.session.settings.workspace_folder, self._run)
        try:
            with self.app.tasks.under_way(f"checking {self._path.name}", self._tell) as tell:
                found = await self.app.session.host.ask(question, tell=tell)
        except (ConsoleError, YogoError) as error:
            self.rule.right = f"not checked · {key_of(self, 'health.check')} checks it again"
            if isinstance(error, HostError):
                self.when_back(self.action_check)
            self.app.notify(printable(str(error)), title="it is not checked", severity="warning", markup=False)
            return
        self._show(found)

    def _tell(self, what: str, done: int, total: int) -> None:
        of = f" of {thousands(total)}" if total else ""
        self.rule.right = f"{what} · {thousands(done)}{of} · esc stops"

    def _show(self, health: DataHealth) -> None:
        self.rule.right = f"! {counted(len(health.findings), 'finding')}" if health.findings else "✔ nothing found"
        lines = list(summary(health))
        if not health.num_images:
            self.rule.right = "no image to check"
            lines = [f"No image of it can be found. Go back: {self._path.name} is counted there, with what is wrong."]
        self.query_one("#summary", Static).update("\n".join(map(printable, lines)))
        self.findings.show_health(health)
        self._tell_detail()

    @on(Tree.NodeHighlighted)
    def _tell_detail(self) -> None:
        self.query_one("#detail", Folded).update(detail_words(self.findings.row))
        self.refresh_bindings()

    @property
    def _finding(self) -> DataFinding | None:
        row = self.findings.row
        return row if isinstance(row, DataFinding) else None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool:
        """A kind is not a file."""
        return action not in ("edit", "copy") or self._finding is not None

    @on(FindingTree.Entered)
    def _look(self, event: FindingTree.Entered) -> None:
        """Show the images of a finding: two beside each other, one with the boxes that it is about."""
        from yogo_tui.screens.pair import PairScreen
        from yogo_tui.screens.pictures import PicturesScreen

        finding = event.finding
        if finding.others:
            pairs = [one for one in self.findings.shown if one.kind == finding.kind and one.others]
            self.app.push_screen(PairScreen(self._path, pairs, pairs.index(finding)))
            return
        if KINDS[finding.kind].unit == "class":
            edits = key_of(self, "health.edit")
            self.app.notify(f"It is about all images. {edits} edits {self._path.name}.", markup=False)
            return
        wanted = ImageFilter(files=(finding.file,))
        lines = [finding.line, *finding.other_lines] if finding.line else []
        self.app.push_screen(PicturesScreen(self._path, wanted, about=finding_words(finding), marked=lines))

    @changes
    async def action_edit(self) -> None:
        """Edit where it is mended: the row of a box, the label of an image, the definition of a pair."""
        if finding := self._finding:
            file = self._path if finding.kind in OF_SPLITS else Path(finding.file)
            with self.app.telling(f"{file.name} was not edited"):
                if file != self._path and KINDS[finding.kind].unit == "image":
                    file = await self._label_of(finding.file)
                await edit(self.app, file, finding.line)
            self.action_check()

    async def _label_of(self, image: str) -> Path:
        """Raises ConsoleError if the image has none."""
        workspace, wanted = self.app.session.settings.workspace_folder, ImageFilter(files=(image,))
        found = await self.app.session.host.ask(DescribeImages(self._path, workspace, wanted, 0, 1))
        if not found or found[0].label is None:
            raise ConsoleError("It has no label file: what is in none counts as an image on which nothing is.")
        return found[0].label

    @work(exclusive=True, group="act")
    async def action_against(self) -> None:
        """Look for images of a run's training too; the run is chosen from a list."""
        runs = [run for run in self.app.runs.runs if run.path]
        if not runs:
            self.app.notify("There is no run to compare it with.", markup=False)
            return
        choices = [Choice("no run", "only its own images"), *(Choice(one.name, state_words(one)) for one in runs)]
        place = await self.choose("compare with the training images of", list(enumerate(choices)))
        if place is not None:
            self._run = Path(runs[place - 1].path or "") if place else None
            self.action_check()

    def action_copy(self) -> None:
        if finding := self._finding:
            self.app.copy_path(PurePosixPath(finding.file))

    def action_leave(self) -> None:
        if self._checks:
            self.workers.cancel_group(self, "check")
            self.rule.right = f"stopped · {key_of(self, 'health.check')} goes on"
        else:
            self.dismiss()
