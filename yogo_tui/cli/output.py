"""How commands print: tables in plain columns, runs as JSON, and the one question they ask."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from typing import Any

from rich.cells import cell_len

from yogo.run.holder import Holder
from yogo.terminal import printable
from yogo_tui.cli.options import Misuse
from yogo_tui.cluster.base import Job
from yogo_tui.runs.model import Run
from yogo_tui.widgets.words import cut_end, cut_middle, duration, loss_words, padded, since, state_words

_SENTENCES = ("why", "reason", "title", "from the defaults")
"""Columns whose beginning says most; of the others, names and paths, the ends do."""

_NARROWEST = 6


def print_json(value: object) -> None:
    print(json.dumps(value, indent=2, default=str))


def print_table(head: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[str] = ()) -> None:
    """Columns as wide as what they hold, those named in `right` aligned there; nothing drives the terminal.

    On a terminal the columns give way, the widest first, until a row fits on a line; elsewhere nothing is cut.
    """
    cells = [[printable(cell) for cell in row] for row in (head, *rows)]
    widths = [max(map(cell_len, column)) for column in zip(*cells, strict=True)]
    columns = terminal_width()
    if columns is not None:
        widths = _narrowed(widths, columns - 2 * (len(widths) - 1))
    for row in cells:
        line = "  ".join(
            padded((cut_end if name in _SENTENCES else cut_middle)(cell, width), width, right=name in right)
            for cell, width, name in zip(row, widths, head, strict=True)
        ).rstrip()
        print(line if columns is None else cut_end(line, columns))


def terminal_width() -> int | None:
    """Columns of the terminal that is printed to; None where it is a file or a pipe."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def _narrowed(widths: Sequence[int], total: int) -> list[int]:
    """The widths, the widest made narrower until all fit into `total`, or none is wider than it has to be."""
    widths = list(widths)
    while sum(widths) > total and max(widths) > _NARROWEST:
        widest = widths.index(max(widths))
        widths[widest] -= 1
    return widths


def confirm(question: str, *, yes: bool) -> bool:
    """Whether the user says yes. Raises Misuse where nobody can be asked."""
    if yes:
        return True
    if not sys.stdin.isatty():
        raise Misuse(f"{question} There is nobody to ask here: say --yes.")
    print(f"{printable(question)} [y/N] ", end="", flush=True, file=sys.stderr)
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def run_row(run: Run) -> list[str]:
    """The cells of RUN_HEAD."""
    progress = run.progress
    epoch = f"{progress.epoch:.1f}/{progress.epochs}" if progress else ""
    best = loss_words(progress.best_loss) if progress else ""
    map50 = "" if run.map50 is None else f"{run.map50:.3f}"
    age = since(run.created_at)
    return [
        run.name,
        state_words(run.state),
        run.kind_word,
        epoch,
        best,
        map50,
        duration(run.seconds_left),
        age,
        run.why,
    ]


RUN_HEAD = ("name", "state", "kind", "epoch", "best loss", "mAP50", "ends in", "age", "why")
"""Called as in the console."""

RUN_NUMBERS = ("epoch", "best loss", "mAP50", "ends in", "age")


def run_json(run: Run) -> dict[str, Any]:
    progress = run.progress
    return {
        "name": run.name,
        "state": run.state,
        "why": run.why,
        "kind": run.kind_word,
        "path": run.path,
        "created_at": run.created_at.isoformat() if run.created_at else None,
        "job": job_json(run.job) if run.job else None,
        "log": run.log,
        "checkpoint": run.path / "best.pth" if run.path and run.has_best else None,
        "parent": run.launch.parent.model_dump() if run.launch and run.launch.parent else None,
        "epoch": progress.epoch if progress else None,
        "epochs": progress.epochs if progress else None,
        "seconds_left": run.seconds_left,
        "best_loss": progress.best_loss if progress else None,
        "best_epoch": progress.best_epoch if progress else None,
        "map50": run.map50,
        "definition": run.definition,
        "note": run.note,
        "tags": list(run.tags),
        "holder": _holder_json(run.holder) if run.holder else None,
        "no_log": run.no_log,
        "doubts": list(run.doubts),
        "notices": list(run.notices),
    }


def _holder_json(holder: Holder) -> dict[str, Any]:
    return {
        "host": holder.host,
        "pid": holder.pid,
        "job": holder.job_id or None,
        "cluster": holder.cluster or None,
        "since": holder.since.isoformat(),
    }


def job_json(job: Job) -> dict[str, Any]:
    return {
        "id": job.id,
        "name": job.name,
        "state": job.state,
        "word": job.word,
        "reason": job.reason,
        "partition": job.partition,
        "gpus": job.num_gpus,
        "nodes": job.nodes,
        "submitted_at": job.submitted_at.isoformat() if job.submitted_at else None,
        "started_at": job.started_at.isoformat() if job.started_at else None,
        "ended_at": job.ended_at.isoformat() if job.ended_at else None,
        "exit_status": job.exit_status,
        "log": job.log,
        "after": list(job.after),
        "is_stuck": job.is_stuck,
    }
