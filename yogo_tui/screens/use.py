"""The form of a use: its data and the options of its command, as yogo declares them, each checked while it is typed."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.events import DescendantFocus
from textual.widgets import Input, Static

from yogo.errors import DefinitionError, YogoError
from yogo.text.terminal import printable
from yogo_tui.errors import ConsoleError, LaunchError, SettingsError
from yogo_tui.launch.purpose import OF_A_DEFINITION, Purpose
from yogo_tui.questions.uses import Option, label_of
from yogo_tui.runs.model import Run
from yogo_tui.screens.ask import Dialog
from yogo_tui.screens.base import BaseConsole
from yogo_tui.screens.choose import Choice, Choose
from yogo_tui.screens.launch_form import shorten
from yogo_tui.session.uses import DATA, OUT
from yogo_tui.settings import SizePreset
from yogo_tui.widgets.knob_form import KnobInput

SIZE, SOURCE, TO = "size", "source", "to"


class OptionInput(KnobInput):
    END: ClassVar = "ctrl+s goes on, and esc leaves the form."


@dataclass(frozen=True, slots=True)
class Said:
    """What was chosen in the form."""

    options: tuple[str, ...]
    """Words of the command."""

    size: SizePreset
    source: PurePosixPath | None
    """The data; None for an export."""

    out: PurePosixPath | None = None
    """The folder to write; None for the usual one."""


class UseForm(Dialog[Said | None]):
    """Returns what was chosen; None if the form was left."""

    CSS_PATH = "use.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "go_on", "go on", id="use.go_on"),
        Binding("ctrl+o", "choose", "choose the data", id="use.choose"),
        Binding("escape", "dismiss", "leave", id="use.leave"),
    ]

    app = getters.app(BaseConsole)

    def __init__(
        self, run: Run, purpose: Purpose, options: Iterable[Option], of: str = "", source: Path | None = None
    ) -> None:
        """`of` says of what it is, where that is more than this run; `source` are the data that are proposed."""
        super().__init__()
        self._run = run
        self._of = of or run.name
        self._purpose = purpose
        self._source_proposed = source
        self._looked_at: PurePosixPath | None = None
        """The definition whose test images were looked for among those that the model has seen."""

        self._definitions: dict[PurePosixPath, bool] = {}
        """Of the data of an assay that were looked into, whether they are a definition."""

        self._goes_on = False
        """Whether the form was asked to close, and what was typed is still judged."""

        about = "What the job asks of the cluster: the name of a size in the settings, or a number of GPUs."
        data = [Option(SOURCE, "data", "The job", DATA[purpose][1])] if purpose in DATA else []
        if purpose in OUT:
            default, about_out = OUT[purpose]
            data.append(Option(TO, "write to", "The job", about_out, default))
        self._options = (*data, Option(SIZE, SIZE, "The job", about), *options)

    def compose(self) -> ComposeResult:
        with Vertical(classes="paper"):
            yield Static(printable(f"{self._purpose.words} {self._of}"), classes="title", markup=False)
            yield Static(id="seen", markup=False)
            with VerticalScroll(id="form", can_focus=False):
                for group, options in itertools.groupby(self._options, key=lambda one: one.group):
                    yield Static(group, classes="group", markup=False)
                    for one in options:
                        yield from self._row(one)
            yield Static(id="about", markup=False)
            choose = "ctrl+o choose the data   " * (self._purpose in DATA)
            yield Static(f"ctrl+s go on   enter next field   {choose}esc leave", classes="keys")

    def _row(self, one: Option) -> ComposeResult:
        with Horizontal(classes="row"):
            yield Static(label_of(one.flag), classes="label", markup=False)
            value = self._proposed(one.name)
            field = OptionInput(value, placeholder=one.default, id=f"option-{one.name}", name=one.name, compact=True)
            yield field
        yield Static(id=f"wrong-{one.name}", classes="wrong", markup=False)

    def _proposed(self, name: str) -> str:
        """What a field holds at first. A test, or a review, is proposed of what the run was trained on, and that is
        what is labelled already."""
        if name == SIZE:
            return self.app.session.settings.sizes[0].title
        if name == SOURCE and self._source_proposed:
            return self.app.session.settings.as_typed(self._source_proposed)
        if name == "labelled" and self._purpose is Purpose.NEXT:
            return str(self._run.definition or "")
        own = self._purpose in OF_A_DEFINITION and name == SOURCE and self._run.definition
        return self.app.session.settings.as_typed(Path(own)) if own else ""

    def on_mount(self) -> None:
        super().on_mount()
        if self._purpose in (Purpose.TEST, Purpose.ASSAY):
            self.judge(goes_on=False)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool:
        return action != "choose" or self._purpose in DATA

    @work(exclusive=True, group="choose")
    async def action_choose(self) -> None:
        """Fill in one of the definitions that there are, or a folder of images."""
        if self._purpose not in OF_A_DEFINITION:
            await self._choose_images()
            return
        with self.app.telling("the definitions were not listed"):
            files = await self.app.session.library.definitions()
            paths = [file.path for file in files]
            own = Path(self._run.definition) if self._run.definition else None
            if own and own not in paths:
                paths.insert(0, own)
            lines = [Choice(shorten(path, files), "what it was trained on" * (path == own)) for path in paths]
            title = "rank the labels of" if self._purpose is Purpose.REVIEW else f"{self._purpose} it on"
            typed = Choose(title, lines, paths.index(own) if own else None)
            if (chosen := await self.app.push_screen_wait(typed)) is not None:
                self._fill_in(paths[chosen])

    async def _choose_images(self) -> None:
        from yogo_tui.screens.browse import browse_images

        typed = self.query_one(f"#option-{SOURCE}", OptionInput).value.strip()
        with self.app.telling("the folder was not listed"):
            start = await self.app.session.uses.place(typed)
            if (chosen := await browse_images(self.app, start, stores=self._purpose is Purpose.INFER)) is not None:
                self._fill_in(Path(chosen))

    def _fill_in(self, path: Path) -> None:
        field = self.query_one(f"#option-{SOURCE}", OptionInput)
        field.value = self.app.session.settings.as_typed(path)
        field.cursor_position = len(field.value)

    def _look_for_seen(self, definition: PurePosixPath | None) -> None:
        if self._purpose is Purpose.ASSAY and not self._definitions.get(definition or PurePosixPath()):
            definition = None
        if self._purpose not in (Purpose.TEST, Purpose.ASSAY) or definition == self._looked_at:
            return
        self._looked_at = definition
        self.query_one("#seen", Static).update("")
        if definition is not None:
            self.look_for_seen(definition)

    @work(exclusive=True, group="seen")
    async def look_for_seen(self, definition: PurePosixPath) -> None:
        """Warn where the model has seen the images that it is to be tested on."""
        try:
            seen = await self.app.session.uses.seen_before(self._run, definition)
        except (ConsoleError, YogoError) as error:
            seen = (str(error),)
        if definition == self._looked_at:
            self.query_one("#seen", Static).update("\n".join(f"! {printable(sentence)}" for sentence in seen))

    @on(DescendantFocus)
    def _tell_about(self) -> None:
        name = self.focused.name if self.focused else None
        about = next((one.about for one in self._options if one.name == name), "")
        self.query_one("#about", Static).update(printable(about))

    @on(Input.Changed)
    def _typed(self) -> None:
        self.judge(goes_on=self._goes_on)

    def action_go_on(self) -> None:
        self._goes_on = True
        self.judge(goes_on=True)

    @work(exclusive=True, group="judge")
    async def judge(self, *, goes_on: bool) -> None:
        """Show below each field what is wrong with it. If nothing is, the form may close."""
        given = {str(field.name): field.value for field in self.query(OptionInput)}
        try:
            checked = await self.app.session.uses.check(self._purpose, given)
            source, problem = await self._source(given.get(SOURCE, ""))
            to = given.get(TO, "").strip()
            out = await self.app.session.uses.place(to) if to else None
        except (ConsoleError, YogoError) as error:
            self._goes_on = False
            self.query_one("#about", Static).update(f"✖ {printable(str(error))}")
            return
        self._goes_on = False
        self._look_for_seen(source)
        wrong, size = {**checked.wrong, **({SOURCE: problem} if problem else {})}, None
        try:
            size = self.app.session.settings.size(given[SIZE].strip())
        except SettingsError as error:
            wrong[SIZE] = str(error)
        self._show_wrong(wrong)
        if goes_on and wrong:
            self.query_one(f"#option-{next(one.name for one in self._options if one.name in wrong)}").focus()
        elif goes_on and size:
            self.dismiss(Said(checked.words, size, source, out))

    async def _source(self, typed: str) -> tuple[PurePosixPath | None, str]:
        """The data, or what is wrong with them."""
        uses = self.app.session.uses
        try:
            source = await uses.source(self._purpose, typed)
            if self._purpose is Purpose.ASSAY and source and source not in self._definitions:
                self._definitions[source] = await uses.is_definition(self._run, source)
        except (LaunchError, DefinitionError) as error:
            return None, str(error)
        return source, ""

    def _show_wrong(self, wrong: Mapping[str, str]) -> None:
        for one in self._options:
            below = self.query_one(f"#wrong-{one.name}", Static)
            below.update(f"✖ {printable(wrong.get(one.name, ''))}")
            below.set_class(one.name in wrong, "-shown")
