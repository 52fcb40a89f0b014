"""How commands print: tables, runs and jobs as JSON, and a question that asks for confirmation."""

from __future__ import annotations

import dataclasses
import json
import shutil
import sys
from collections.abc import Sequence
from typing import Any

from rich.cells import cell_len

from yogo.run.directory import HostRunDirectory
from yogo.run.holder import Holder
from yogo.text.terminal import printable
from yogo_tui.cli.options import Misuse
from yogo_tui.cluster.base import Job
from yogo_tui.runs.model import Run
from yogo_tui.words import cut_end, cut_middle, padded

_SENTENCES = ("why", "note", "reason", "title", "from the defaults")
"""Columns that are cut at the end. The others hold names and paths, and are cut in the middle."""

_NARROWEST = 6


def print_json(value: object) -> None:
    print(json.dumps(value, indent=2, default=str))


def print_table(head: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[str] = ()) -> None:
    """Print a table; the columns named in `right` are aligned to the right. Control characters are made harmless.

    On a terminal, sentences are cut until a row fits on a line, and then the widest columns, as names are what other
    commands are given. In a file or a pipe nothing is cut.
    """
    cells = [[printable(cell) for cell in row] for row in (head, *rows)]
    widths = [max(map(cell_len, column)) for column in zip(*cells, strict=True)]
    columns = terminal_width()
    if columns is not None:
        room = columns - 2 * (len(widths) - 1)
        sentences = [index for index, name in enumerate(head) if name in _SENTENCES]
        widths = _narrowed(_narrowed(widths, room, sentences), room, range(len(widths)))
    for row in cells:
        line = "  ".join(
            padded((cut_end if name in _SENTENCES else cut_middle)(cell, width), width, right=name in right)
            for cell, width, name in zip(row, widths, head, strict=True)
        ).rstrip()
        print(line if columns is None else cut_end(line, columns))


def terminal_width() -> int | None:
    """Width in columns of the terminal on standard output; None if that is a file or a pipe."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def _narrowed(widths: Sequence[int], total: int, columns: Sequence[int]) -> list[int]:
    """The widths, the widest of these columns reduced until the sum is at most `total` or they are `_NARROWEST`."""
    widths = list(widths)
    while sum(widths) > total and max((widths[column] for column in columns), default=0) > _NARROWEST:
        widest = max(columns, key=widths.__getitem__)
        widths[widest] -= 1
    return widths


def confirm(question: str, *, yes: bool) -> bool:
    """Ask, and return whether the answer is yes. Raises Misuse if there is no terminal to ask on."""
    if yes:
        return True
    if not sys.stdin.isatty():
        raise Misuse(f"{question} There is no terminal to ask on: add --yes.")
    print(f"{printable(question)} [y/N] ", end="", flush=True, file=sys.stderr)
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def run_json(run: Run) -> dict[str, Any]:
    progress = run.progress
    return {
        "name": run.name,
        "state": run.state,
        "is_pruned": run.is_pruned,
        "why": run.why,
        "kind": run.kind_word,
        "path": run.path,
        "created_at": run.created_at.isoformat() if run.created_at else None,
        "job": job_json(run.job) if run.job else None,
        "log": run.log,
        "checkpoint": HostRunDirectory(run.path).best if run.path and run.has_best else None,
        "parent": run.launch.parent.model_dump() if run.launch and run.launch.parent else None,
        "epoch": progress.epoch if progress else None,
        "epochs": progress.epochs if progress else None,
        "use_progress": dataclasses.asdict(run.use_progress) if run.use_progress else None,
        "seconds_left": run.seconds_left,
        "best_loss": progress.best_loss if progress else None,
        "best_epoch": progress.best_epoch if progress else None,
        "map50": run.map50,
        "lod_per_ul": run.lod_per_ul,
        "false_positives_per_ul": run.false_positives_per_ul,
        "definition": run.definition,
        "title": run.title,
        "note": run.note,
        "tags": list(run.tags),
        "pinned": run.is_pinned,
        "wandb": _wandb_json(run),
        "holder": _holder_json(run.holder) if run.holder else None,
        "no_log": run.no_log,
        "bytes": run.num_bytes,
        "doubts": list(run.doubts),
        "notices": list(run.notices),
    }


def _wandb_json(run: Run) -> dict[str, Any] | None:
    """How it was logged to W&B, and its address there; None if it was not."""
    wandb = run.manifest.wandb if run.manifest else None
    if wandb is None or wandb.mode == "disabled":
        return None
    return {"mode": wandb.mode, "id": wandb.id or None, "url": wandb.url or None}


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
        "plain_reason": job.plain_reason,
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
