"""`yogo inspect`: what a checkpoint file holds."""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from typing import Any

from yogo.cli.flags import add_json
from yogo.text.terminal import printable
from yogo.text.wording import counted

_WHAT = "Show what a checkpoint file holds: its network, frame size, classes and recipe."


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("inspect", help="show what a checkpoint file holds", description=_WHAT)
    command.add_argument("path", metavar="PTH", type=Path, help="The checkpoint.")
    add_json(command)
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    facts, notices = describe(args.path)
    if args.json:
        print(json.dumps(facts | {"notices": notices}))
        return 0
    for label, value in _lines(facts):
        print(f"{label:<14} {printable(value)}")
    for notice in notices:
        print(f"note: {printable(notice)}")
    return 0


def describe(path: Path) -> tuple[dict[str, Any], list[str]]:
    """The facts about a checkpoint, ready for JSON, and notices. Raises CheckpointError."""
    from yogo.checkpoint import load_checkpoint
    from yogo.model import open_model
    from yogo.model.inheritance import recipe_of
    from yogo.recipe import inherited
    from yogo.run.result import sha256

    checkpoint = load_checkpoint(path)
    model, notices = open_model(checkpoint)
    best_loss, own, correction = checkpoint.best_loss, checkpoint.count_thresholds, checkpoint.count_correction
    return {
        "path": str(path.absolute()),
        **inherited(recipe_of(model)),
        "run_name": checkpoint.run_name,
        "classes": list(checkpoint.classes) if checkpoint.classes is not None else None,
        "num_classes": int(model.num_classes),
        "grid": [model.Sx, model.Sy],
        "image_bits": checkpoint.image_bits,
        "anchor": [float(model.anchor_w), float(model.anchor_h)],
        "epoch": checkpoint.epoch,
        "step": checkpoint.step,
        "best_loss": best_loss if best_loss is not None and math.isfinite(best_loss) else None,
        "count_thresholds": own.facts if own else None,
        "count_correction": correction.facts if correction else None,
        "num_parameters": model.num_parameters,
        "sha256": sha256(path),
    }, [*notices, *(own.remarks() if own else ())]


def _lines(facts: dict[str, Any]) -> list[tuple[str, str]]:
    height, width = facts["image_hw"]
    columns, rows = facts["grid"]
    names = ", ".join(facts["classes"]) if facts["classes"] else "unnamed"
    return [
        ("model", f"{facts['model']}, {facts['num_parameters']:,} parameters"),
        ("run", facts["run_name"] or "unnamed"),
        ("classes", f"{facts['num_classes']}: {names}"),
        ("frame", f"{height} x {width} pixels (height x width), {columns} x {rows} cells (columns x rows)"),
        ("colour", "rgb" if facts["rgb_images"] else "grey"),
        ("normalised", "yes, images are divided by 255" if facts["normalize_images"] else "no"),
        ("depth", _depth(facts["image_bits"])),
        ("epoch", str(facts["epoch"])),
        ("step", str(facts["step"])),
        *_count_thresholds(facts["count_thresholds"]),
        *_count_correction(facts["count_correction"]),
        ("sha256", facts["sha256"]),
        ("path", facts["path"]),
    ]


def _count_thresholds(facts: dict[str, Any] | None) -> list[tuple[str, str]]:
    """A line for each class."""
    from yogo.run.count_thresholds import CountThresholds, threshold_words

    if facts is None:
        return [("counts at", "no thresholds of its own")]
    own = CountThresholds.model_validate(facts)
    where = f"no bias on {counted(own.num_images, 'validation image')}; in brackets 95 % of resamples"
    lines = [f"{name} {threshold_words(one)}" for name, one in own.of_class.items()]
    return [("counts at", where), *(("", line) for line in lines)]


def _count_correction(facts: dict[str, Any] | None) -> list[tuple[str, str]]:
    from yogo.run.correction import CountCorrection
    from yogo.run.correction_words import correction_lines

    lines = ["none"] if facts is None else [*correction_lines(CountCorrection.model_validate(facts))]
    return [("correction", lines[0]), *(("", line) for line in lines[1:])]


def _depth(bits: int | None) -> str:
    if bits is None:
        return "unknown; of images of 16 bits per value the upper 8 are read"
    return "8 bits" if bits == 8 else f"{bits} bits per value, where images have more than 8"
