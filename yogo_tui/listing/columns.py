"""The columns of the list of runs, declared once: for the screen, the command, the settings, filters and sorting."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath
from typing import Any, TypeAlias

from yogo.recipe import KnobField, knobs
from yogo.run.figures import SCORE
from yogo.text.wording import meant
from yogo_tui.errors import ConsoleError
from yogo_tui.listing.recipes import recipe_words
from yogo_tui.runs.model import Progress, Run
from yogo_tui.words import as_typed, duration, growing, loss_words, share_words, size_words, state_words

Value: TypeAlias = str | float
"""What a column sorts and filters by: text, or a number in the column's unit."""

_USUAL = 10


@dataclass(frozen=True, slots=True)
class Column:
    key: str
    """Its heading, and its name in settings, filters and commands."""

    help: str
    """What it is, in which unit, and whether more is better: sentences."""

    value: Callable[[Run, datetime], Value | None]
    """Of a run, at a time by this machine's clock; None if it is not known."""

    words: Callable[[Any], str] = str
    """How a known value is shown."""

    text: Callable[[Run], str] | None = None
    """What is shown of a run whose value is known, where that is more than the value."""

    width: int = _USUAL
    """Cells on the screen, a blank included; 0 is what the other columns leave."""

    is_number: bool = False
    is_duration: bool = False
    """Whether its numbers are seconds, which a filter may say as 2d, 3h or 10m."""

    is_sentence: bool = False
    """Sentences are cut at their ends; names and paths in their middles."""

    is_loss: bool = False
    """Whether it can be compared only between runs with the same loss settings."""

    falls: bool = False
    """Whether a list sorted by it begins with its largest value."""

    grows: bool = False
    """Whether it takes a share of the cells that are left over."""

    at_least: int | None = 0
    """Cells of a list that shows it by default; None if it is shown only where it is asked for."""

    def shown(self, run: Run, now: datetime) -> str:
        """Empty if its value is not known."""
        value = self.value(run, now)
        if value is None or value == "":
            return ""
        return self.text(run) if self.text else self.words(value)


def _done(figure: Callable[[Progress], float | None]) -> Callable[[Run, datetime], float | None]:
    return lambda run, _: figure(run.progress) if run.progress and run.progress.epochs else None


def _share_done(run: Run, _: datetime) -> float | None:
    """Epochs that are done; of a job that uses a run, the share of what it does now."""
    if (use := run.use_progress) and use.total:
        return use.done / use.total
    return run.progress.epoch if run.progress and run.progress.epochs else None


def _epochs(run: Run) -> str:
    """Such as "9.6/16"; without the fraction where there is no room for it. Of a job that uses a run, such as 34 %."""
    if use := run.use_progress:
        return f"{100 * use.done // use.total} %"
    if (done := run.progress) is None:
        return ""
    words = f"{done.epoch:.1f}/{done.epochs}"
    return words if len(words) < _USUAL else f"{int(done.epoch)}/{done.epochs}"


def _score(run: Run) -> str:
    return f"{'! ' if run.doubts else ''}{share_words(run.map50)}"


def _per_ul(value: float) -> str:
    from yogo.assay.views.numbers import per_ul  # takes its time, and few lists have such a column

    return per_ul(value)


def _spent(run: Run, now: datetime) -> float | None:
    """Seconds from the start of its last attempt to its end, or until now."""
    job, begun = run.job, run.begun_at
    ended = (run.result.ended_at if run.result and run.state.is_over else None) or (job.ended_at if job else None)
    if begun is None or (ended is None and run.state.is_over):
        return None
    return max(0.0, ((ended or now + run.clock_ahead) - begun).total_seconds())


def _gpus(run: Run, _: datetime) -> float | None:
    if run.launch:
        return run.launch.size.gpus
    return run.job.num_gpus if run.job else None


def _parent(run: Run, _: datetime) -> str:
    if run.launch and (parent := run.launch.parent):
        return PurePath(parent.run or parent.checkpoint).name
    pretrained = run.manifest.pretrained if run.manifest else None
    return PurePath(pretrained).parent.name if pretrained else ""


def _age(run: Run, now: datetime) -> float | None:
    return (now + run.clock_ahead - run.created_at).total_seconds() if run.created_at else None


COLUMNS = (
    Column("state", "What it does now.", lambda run, _: run.state_word, text=state_words, width=12),
    Column("name", "Its name, which is its folder's.", lambda run, _: run.name, width=0),
    Column(
        "kind",
        "Whether it was trained from the start or fine-tuned.",
        lambda run, _: run.kind_word,
        width=9,
        at_least=100,
    ),
    Column(
        "data",
        "The file name of its dataset definition.",
        lambda run, _: PurePath(run.definition).name,
        width=28,
        grows=True,
        at_least=120,
    ),
    Column(
        "recipe",
        "The recipe that it was launched with, and what it sets otherwise: than that one if it is built in, else than "
        "the defaults.",
        lambda run, _: recipe_words(run),
        width=22,
        is_sentence=True,
        grows=True,
        at_least=140,
    ),
    Column(
        "epoch",
        "Epochs that are trained, of all. Of a job that uses a run: how much is done of what it does now.",
        _share_done,
        text=_epochs,
        is_number=True,
        falls=True,
    ),
    Column(
        "ends in",
        "Estimated time until it ends.",
        lambda run, _: run.seconds_left,
        growing,
        is_number=True,
        is_duration=True,
    ),
    Column(
        "spent",
        "Time that its last attempt took, or has taken.",
        _spent,
        duration,
        is_number=True,
        is_duration=True,
        falls=True,
        at_least=None,
    ),
    Column(
        "epoch takes",
        "Time that an epoch takes, by the pace of its last steps.",
        _done(lambda done: done.epoch_seconds),
        duration,
        width=13,
        is_number=True,
        is_duration=True,
        at_least=217,
    ),
    Column(
        "train loss",
        "The last training loss. Less is better. ≠ is a loss with other settings, which cannot be compared.",
        _done(lambda done: done.train_loss),
        loss_words,
        width=11,
        is_number=True,
        is_loss=True,
        at_least=188,
    ),
    Column(
        "val loss",
        "The last validation loss. Less is better. ≠ is a loss with other settings, which cannot be compared.",
        _done(lambda done: done.val_loss),
        loss_words,
        width=11,
        is_number=True,
        is_loss=True,
        at_least=177,
    ),
    Column(
        "best loss",
        "The validation loss of the epoch in best.pth: the lowest, unless --best-by chose another. Less is better. ≠ "
        "is a loss with other settings, which cannot be compared.",
        _done(lambda done: done.best_loss),
        loss_words,
        width=11,
        is_number=True,
        is_loss=True,
    ),
    Column(
        SCORE.key,
        "Mean average precision at an IoU of 0.5, from 0 to 1, after the best epoch. More is better. ! marks a doubt.",
        lambda run, _: run.map50,
        text=_score,
        width=7,
        is_number=True,
        falls=True,
    ),
    Column(
        "LoD",
        "Limit of detection in targets per µL, at the threshold where it is lowest, after the best epoch. Less is "
        "better. Only where the definition has roles.",
        lambda run, _: run.lod_per_ul,
        _per_ul,
        width=7,
        is_number=True,
        at_least=None,
    ),
    Column(
        "false positives",
        "Targets per µL that are counted where there are none, at the same threshold, after the best epoch. Less is "
        "better.",
        lambda run, _: run.false_positives_per_ul,
        _per_ul,
        width=17,
        is_number=True,
        at_least=None,
    ),
    Column(
        "GPUs",
        "Number of GPUs that it was launched on.",
        _gpus,
        "{:.0f}".format,
        width=5,
        is_number=True,
        falls=True,
        at_least=166,
    ),
    Column("parent", "The run whose weights it started from.", _parent, width=22, at_least=None),
    Column(
        "sweep",
        "The sweep that it is a trial of.",
        lambda run, _: run.launch.sweep if run.launch else "",
        width=18,
        at_least=None,
    ),
    Column(
        "title", "What you call it.", lambda run, _: run.title, width=24, is_sentence=True, grows=True, at_least=None
    ),
    Column(
        "pinned",
        "Whether it is pinned, and so stands before all others.",
        lambda run, _: "yes" if run.is_pinned else "",
        width=8,
        at_least=None,
    ),
    Column("tags", "Its tags.", lambda run, _: " ".join(run.tags), width=16, grows=True, at_least=204),
    Column("note", "Its note.", lambda run, _: run.note, width=30, is_sentence=True, grows=True, at_least=247),
    Column(
        "size",
        "What its folder takes on the disk, in bytes. It is measured when this is shown or asked for.",
        lambda run, _: run.num_bytes,
        size_words,
        width=10,
        is_number=True,
        falls=True,
        at_least=None,
    ),
    Column("age", "Time since it was launched.", _age, growing, is_number=True, is_duration=True),
    Column(
        "why",
        "Why it waits, has failed or is unknown.",
        lambda run, _: run.why,
        width=40,
        is_sentence=True,
        grows=True,
        at_least=None,
    ),
)
"""In the order in which they are shown by default."""


def chosen(names: Iterable[str], width: int) -> tuple[Column, ...]:
    """The columns of these names, else those that a terminal of this width shows. Raises UnknownColumn."""
    asked = tuple(find(name) for name in names)
    return asked or tuple(one for one in COLUMNS if one.at_least is not None and one.at_least <= width)


def sortable() -> tuple[Column, ...]:
    """All columns, each once."""
    return tuple(dict.fromkeys((*COLUMNS, *named().values())))


class UnknownColumn(ConsoleError):
    """There is no column of this name."""


_ALSO = {
    "loss": "best loss",
    "map": SCORE.key,
    "progress": "epoch",
    "left": "ends in",
    "gpu": "GPUs",
    "tag": "tags",
    "differs": "recipe",
}
"""Shorter names, and what they name."""


@functools.cache
def named() -> Mapping[str, Column]:
    """Every column by each of its names, in one spelling: those above, and the settings of the recipe."""
    found = {_spelled(name): column for one in knobs() for column in [_setting(one)] for name in _names(one)}
    found |= {_spelled(one.key): one for one in COLUMNS}
    return found | {name: found[_spelled(key)] for name, key in _ALSO.items()}


def find(name: str) -> Column:
    """The column of this name in any spelling: `best loss`, best_loss, LR. Raises UnknownColumn."""
    if (found := named().get(_spelled(name))) is None:
        known = (one.key for one in named().values())
        raise UnknownColumn(f'There is no column "{name}". {meant(name, known)}')
    return found


def _spelled(name: str) -> str:
    return re.sub(r"[\s_-]", "", name).casefold()


def _names(field: KnobField) -> tuple[str, ...]:
    return (field.name, *(alias.lstrip("-") for alias in field.knob.aliases))


def _setting(field: KnobField) -> Column:
    """A setting of the recipe as a column."""
    is_number = field.field.annotation in (int, float)

    def value(run: Run, _: datetime) -> Value | None:
        source = run.manifest or run.launch
        said = getattr(source.recipe, field.name) if source else None
        return said if is_number or said is None else as_typed(said)

    width = max(9, len(field.name) + 2)
    return Column(field.name, field.text, value, as_typed, width=width, is_number=is_number, at_least=None)
