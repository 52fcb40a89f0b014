"""Shows the details of a run: data, recipe, parent, metrics and files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from rich.style import Style
from rich.table import Table
from rich.text import Text
from textual.widgets import Static

from yogo.recipe import Recipe, differences
from yogo.run.history import History
from yogo.text.terminal import printable
from yogo_tui.advice import tui
from yogo_tui.launch.use import OutputFiles
from yogo_tui.runs.model import Run
from yogo_tui.runs.why import Why
from yogo_tui.session.wandb import RunAtWandb, has_logged
from yogo_tui.widgets.scrolled_text import ScrolledText
from yogo_tui.words import AT_START, as_typed, state_words, thousands

_MOST_FILES = 5


class RunDetails(ScrolledText):
    DEFAULT_CSS = "RunDetails { padding: 0 1; }"
    results: tuple[OutputFiles, ...] = ()
    """Results of the run's uses, the latest first."""

    at_wandb: RunAtWandb | None = None
    """What it has at W&B; None while only its manifest was read."""

    why: Why | None = None
    """Why the run ended, and what it used; None while that is not known."""

    _about: tuple[Run, History] | None = None
    _lines: tuple[tuple[str, str], ...] = ()
    """What is shown: titles and words."""

    def compose(self) -> Iterator[Static]:
        yield Static(id="details")

    def show(self, run: Run, history: History) -> None:
        """Show these, once there is something to be seen of them."""
        self._about = run, history
        if self.display:
            self._draw(run, history)

    def on_show(self) -> None:
        if self._about:
            self._draw(*self._about)

    def _draw(self, run: Run, history: History) -> None:
        at_wandb = replace(self.at_wandb, run=run) if self.at_wandb else RunAtWandb(run)
        lines = tuple(_lines(run, history, self.results, self.why, at_wandb))
        if lines == self._lines:
            return
        self._lines, table = lines, Table.grid(padding=(0, 2))
        for title, words in lines:
            style = Style(link=words) if title == "W&B" and words == at_wandb.url == printable(words) else ""
            table.add_row(Text(title, "bold"), Text(printable(words), style, overflow="fold"))
        self.query_one("#details", Static).update(table)


def _lines(
    run: Run,
    history: History,
    results: Sequence[OutputFiles] = (),
    why: Why | None = None,
    at_wandb: RunAtWandb | None = None,
) -> Iterator[tuple[str, str]]:
    yield "state", f"{state_words(run)}{f': {run.why}' if run.why else ''}"
    yield from (line for line in (why or Why(run)).lines() if line[0] != "why")
    for notice in run.notices:
        yield "notice", notice
    recipe = run.manifest.recipe if run.manifest else run.launch.recipe if run.launch else None
    if run.path:
        yield from _what(run)
        yield from _wandb(at_wandb or RunAtWandb(run))
    if recipe:
        asks = run.launch.search.names if run.launch and run.launch.search and not run.manifest else ()
        yield "recipe", ", ".join([*_settings(recipe, asks), *_to_come(asks)]) or "the defaults"
    yield from _hardware(run)
    if run.path:
        yield "folder", str(run.path)
        yield "weights", f"{run.path}/best.pth" if run.has_best else "no best.pth yet"
    yield from _used(results)
    if run.log:
        yield "log", str(run.log)
    yield from _metrics(history)


def _what(run: Run) -> Iterator[tuple[str, str]]:
    """Titles and values: title, kind, recipe, data, note and tags."""
    if run.title:
        yield "title", run.title
    if run.definition:
        yield "data", run.definition
    preset = run.launch.preset if run.launch else ""
    yield "kind", f"{run.kind_word}{f', recipe {preset}' if preset else ''}"
    if run.launch and run.launch.parent:
        yield "from", run.launch.parent.checkpoint
    elif run.manifest and run.manifest.pretrained:
        yield "from", run.manifest.pretrained
    if run.note:
        yield "note", run.note
    if run.tags:
        yield "tags", ", ".join(run.tags)


def _wandb(at_wandb: RunAtWandb) -> Iterator[tuple[str, str]]:
    """The address of its curves at W&B, or how to upload them."""
    if has_logged(at_wandb.run):
        how = f"; S uploads it, or: {tui()} sync {at_wandb.run.name}" if at_wandb.is_waiting else ""
        yield "W&B", f"{at_wandb.words or 'logged offline'}{how}"


def _used(results: Sequence[OutputFiles]) -> Iterator[tuple[str, str]]:
    for number, one in enumerate(results):
        made = ", ".join(one.files[:_MOST_FILES]) or "nothing yet"
        more = f" and {len(one.files) - _MOST_FILES:,} more" if len(one.files) > _MOST_FILES else ""
        yield "" if number else "results", f"{one.folder.parent.name}/{one.folder.name}: {made}{more}"
        if one.purpose:
            yield "", f"O opens them{f', as does: {one.next}' if one.next else ''}"


def _settings(recipe: Recipe, without: Sequence[str]) -> Iterator[str]:
    for name, (_, value) in differences(recipe).items():
        if name not in without:
            yield f"{name.replace('_', ' ')} {f'{value:.5g}' if isinstance(value, float) else as_typed(value)}"


def _to_come(names: Sequence[str]) -> Iterator[str]:
    """Of values that its sweep's study chooses when it starts."""
    for name in names:
        yield f"{name.replace('_', ' ')} {AT_START}"


def _hardware(run: Run) -> Iterator[tuple[str, str]]:
    if run.job:
        yield "job", " · ".join(filter(None, (run.job.id, run.job.word, run.job.nodes, run.job.reason)))
    if manifest := run.manifest:
        yield "runs on", f"{manifest.world_size} × {manifest.device}, {manifest.precision}, {' '.join(manifest.hosts)}"
        counts = (("train", manifest.num_train), ("val", manifest.num_val), ("test", manifest.num_test))
        yield "images", " · ".join(f"{name} {thousands(count)}" for name, count in counts)


def _metrics(history: History) -> Iterator[tuple[str, str]]:
    if best := history.best:
        yield f"epoch {best.epoch + 1}", "the best validation"
        for name, value in best.losses.model_dump().items():
            yield f"  {name}", "NaN" if value is None else f"{value:.4f}"
        for name, value in best.metrics.items():
            yield f"  {name}", _figure(name, value)
    if history.tested:
        yield "test", ""
        for name, value in history.tested.metrics.items():
            yield f"  {name}", _figure(name, value)


def _figure(name: str, value: float | None) -> str:
    """A metric in words. None means that the divisor was 0."""
    if value is not None:
        return f"{value:.4f}"
    return "none: no box was found" if name.startswith("precision") else "none: there was nothing to count"
