"""All runs as a table that is updated in place: a cell changes, the cursor stays on its run."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import ClassVar, Literal

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.widgets import DataTable

from yogo_tui.runs.model import Run, RunState
from yogo_tui.widgets.words import cut_middle, duration, loss_words, since, state_words

# Each width ends in one blank, as cells are not padded: 80 columns leave the name 19.
_WIDTHS = {"state": 12, "name": 19, "kind": 9, "epoch": 9, "ends in": 10, "best loss": 10, "age": 10}
_NUMBERS = ("epoch", "ends in", "best loss", "age")


def run_key(run: Run) -> str:
    """What makes a run the same one at the next look."""
    return str(run.path) if run.path else f"job {run.job.id if run.job else run.name}"


class _Name(Text):
    """A name that knows how old its run is: a table can sort by its cells only."""

    born: float = 0.0


class RunsTable(DataTable[Text]):
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "select_cursor", "open", id="runs.open")]
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"state--{state}" for state in RunState}

    def __init__(self) -> None:
        super().__init__(cursor_type="row", cell_padding=0, id="runs")
        self._shown: dict[str, Run] = {}
        self._words: dict[str, tuple[str, ...]] = {}
        self._name_width = 0

    def on_resize(self, event: Resize) -> None:
        rest = sum(width for name, width in _WIDTHS.items() if name != "name")
        width = min(60, max(12, event.size.width - rest - 1))
        if width != self._name_width:
            self._name_width = width
            self._lay_out()

    @property
    def selected(self) -> Run | None:
        if not self.is_valid_row_index(self.cursor_row):
            return None
        key = self.coordinate_to_cell_key(self.cursor_coordinate).row_key.value
        return self._shown.get(key or "")

    def select(self, run: Run) -> None:
        if run_key(run) in self._shown and self.columns:
            self.move_cursor(row=self.get_row_index(run_key(run)))

    def show(self, runs: tuple[Run, ...]) -> None:
        """Make the table hold these runs, newest first, the cursor where it was."""
        known = {run_key(run): run for run in runs}
        if not self.columns:  # the width is not known yet
            self._shown = known
            return
        before = self.selected
        gone, added = self._shown.keys() - known.keys(), known.keys() - self._shown.keys()
        for key in gone:
            self.remove_row(key)
        self._shown = known
        now = datetime.now(UTC)
        for key, run in known.items():
            self._show_row(key, run, now, is_new=key in added)
        if added:
            self.sort("name", key=lambda cell: getattr(cell, "born", 0.0), reverse=True)
        if before and (gone or added):
            self.select(before)

    def _lay_out(self) -> None:
        """Draw all columns anew, as the terminal has another width."""
        runs, before = tuple(self._shown.values()), self.selected
        self.clear(columns=True)
        self._shown = {}
        for name, width in _WIDTHS.items():
            label = Text(f"{name} " if name in _NUMBERS else name, justify=_justify(name))
            self.add_column(label, width=self._name_width if name == "name" else width, key=name)
        self.show(runs)
        if before:
            self.select(before)

    def _show_row(self, key: str, run: Run, now: datetime, *, is_new: bool) -> None:
        words = self._describe(run, now)
        if is_new:
            self.add_row(*(self._cell(name, word, run) for name, word in zip(_WIDTHS, words, strict=True)), key=key)
        else:
            for name, was, word in zip(_WIDTHS, self._words[key], words, strict=True):
                if was != word:
                    self.update_cell(key, name, self._cell(name, word, run))
        self._words[key] = words

    def _describe(self, run: Run, now: datetime) -> tuple[str, ...]:
        progress = run.progress
        return (
            state_words(run.state),
            cut_middle(run.name, self._name_width - 1),
            run.kind.value if run.path else "job",
            f"{progress.epoch:.1f}/{progress.epochs}" if progress and progress.epochs else "",
            duration(progress.seconds_left) if progress and not run.state.is_over else "",
            loss_words(progress.best_loss if progress else None),
            since(run.created_at, now),
        )

    def _cell(self, name: str, word: str, run: Run) -> Text:
        if name == "name":
            cell = _Name(word, no_wrap=True)
            cell.born = run.created_at.timestamp() if run.created_at else 0.0
            return cell
        style = self.get_component_rich_style(f"state--{run.state}", partial=True) if name == "state" else ""
        return Text(f"{word} " if name in _NUMBERS else word, style, justify=_justify(name), no_wrap=True)


def _justify(name: str) -> Literal["left", "right"]:
    return "right" if name in _NUMBERS else "left"
