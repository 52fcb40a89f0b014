"""All runs as a table that is updated in place: a cell changes, the cursor stays on its run."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import ClassVar, Literal

from rich.style import Style
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.widgets import DataTable

from yogo.recipe import knobs
from yogo_tui.runs.model import Run, RunState
from yogo_tui.widgets.words import cut_middle, duration, loss_words, share_words, since, state_words

# Each width ends in one blank, as cells are not padded: 80 columns leave the name 18.
_WIDTHS = {"state": 12, "name": 0, "kind": 9, "epoch": 10, "ends in": 10, "best loss": 11, "mAP50": 8, "age": 10}
_NUMBERS = ("epoch", "ends in", "best loss", "mAP50", "age")
_WITH_KIND = 100
"""Terminals as wide as this, in columns, have room for the kind too."""

OTHER_LOSS = "≠"
OTHER_LOSS_WORDS = "loss of other weights, not to be compared"
_LOSS_FIELDS = tuple(name for name, _, knob in knobs() if knob.group == "Loss")


def run_key(run: Run) -> str:
    """What makes a run the same one at the next look."""
    return str(run.path) if run.path else f"job {run.job.id if run.job else run.name}"


class _Name(Text):
    """A name that knows how old its run is: a table can sort by its cells only."""

    born: float = 0.0


class RunsTable(DataTable[Text]):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select_cursor", "open", id="runs.open"),
        Binding("j", "cursor_down", "next run", id="runs.next", show=False),
        Binding("k", "cursor_up", "previous run", id="runs.previous", show=False),
        Binding("g,home", "scroll_top", "the first run", id="runs.first", show=False),
        Binding("G,end", "scroll_bottom", "the last run", id="runs.last", show=False),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"state--{state}" for state in RunState}

    def __init__(self) -> None:
        super().__init__(cursor_type="row", cell_padding=0, id="runs")
        self._shown: dict[str, Run] = {}
        self._words: dict[str, dict[str, str]] = {}
        self._name_width = 0
        self._names: tuple[str, ...] = ()
        self._usual: tuple[object, ...] | None = None
        """The settings of the loss that most runs have: only their losses can be compared."""

    def on_resize(self, event: Resize) -> None:
        names = tuple(name for name in _WIDTHS if name != "kind" or event.size.width >= _WITH_KIND)
        width = min(60, max(12, event.size.width - sum(_WIDTHS[name] for name in names) - 1))
        if (width, names) != (self._name_width, self._names):
            self._names = names
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
        self._usual = _most_common(runs)
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
        for name in self._names:
            label = Text(f"{name} " if name in _NUMBERS else name, justify=_justify(name))
            self.add_column(label, width=_WIDTHS[name] or self._name_width, key=name)
        self.show(runs)
        if before:
            self.select(before)

    def _show_row(self, key: str, run: Run, now: datetime, *, is_new: bool) -> None:
        words = self._describe(run, now)
        if is_new:
            self.add_row(*(self._cell(name, word, run) for name, word in words.items()), key=key)
        else:
            for name, word in words.items():
                if self._words[key][name] != word:
                    self.update_cell(key, name, self._cell(name, word, run))
        self._words[key] = words

    def _describe(self, run: Run, now: datetime) -> dict[str, str]:
        progress = run.progress
        words = {
            "state": state_words(run.state),
            "name": cut_middle(run.name, self._name_width - 1),
            "kind": run.kind_word,
            "epoch": f"{progress.epoch:.1f}/{progress.epochs}" if progress and progress.epochs else "",
            "ends in": duration(run.seconds_left),
            "best loss": self._loss_words(run),
            "mAP50": f"{'! ' if run.doubts else ''}{share_words(run.map50)}",
            "age": since(run.created_at, now),
        }
        return {name: words[name] for name in self._names}

    @property
    def has_other_losses(self) -> bool:
        """Whether a loss on show cannot be compared with the others."""
        return any(self._is_other(run) for run in self._shown.values())

    def _is_other(self, run: Run) -> bool:
        own = _loss_settings(run)
        return own is not None and own != self._usual

    def _loss_words(self, run: Run) -> str:
        words = loss_words(run.progress.best_loss if run.progress else None)
        return f"{OTHER_LOSS} {words}" if words and self._is_other(run) else words

    def _cell(self, name: str, word: str, run: Run) -> Text:
        if name == "name":
            cell = _Name(word, no_wrap=True)
            cell.born = run.created_at.timestamp() if run.created_at else 0.0
            return cell
        style: str | Style = ""
        if name == "state":
            style = self.get_component_rich_style(f"state--{run.state}", partial=True)
        elif name == "best loss" and word.startswith(OTHER_LOSS):
            style = "dim"
        return Text(f"{word} " if name in _NUMBERS else word, style, justify=_justify(name), no_wrap=True)


def _loss_settings(run: Run) -> tuple[object, ...] | None:
    """What its loss is made of; None where it is not known, or has none yet."""
    source = run.manifest or run.launch
    if source is None or run.progress is None or run.progress.best_loss is None:
        return None
    return tuple(getattr(source.recipe, name) for name in _LOSS_FIELDS)


def _most_common(runs: tuple[Run, ...]) -> tuple[object, ...] | None:
    counts = Counter(settings for run in runs if (settings := _loss_settings(run)) is not None)
    return counts.most_common(1)[0][0] if counts else None


def _justify(name: str) -> Literal["left", "right"]:
    return "right" if name in _NUMBERS else "left"
