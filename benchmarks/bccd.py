"""The detector on real blood cells: BCCD, trained and scored as the published reference figures were.

    python benchmarks/bccd.py run --out DIR [--seeds 0 1 2] [--precision auto] [--recipe few-pictures] [-- FLAGS]
    python benchmarks/bccd.py predict BEST.pth PICTURES PREDICTIONS

`run` trains on dataset_defs/reference.yml once a seed, by the settings of the published figures, by a recipe in their
place, or with other FLAGS of yogo train; it scores each run's best.pth on the held-out images with the data's own
score.py, and prints a table. A seed whose run has finished is not trained again. Count errors are told twice: at a
score of 0.5, and at the run's own thresholds, which were chosen on its validation images.
`predict` writes what score.py reads. --data names the folder of BCCD with these two files.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import Any

PROJECT = Path(__file__).resolve().parents[1]
DATA = PROJECT.parent / "shared" / "data" / "bccd"
CLASSES = ("RBC", "WBC", "Platelets")
SETTINGS = ("--image-hw", "240", "320", "--normalize-images", "--batch-size", "16", "--epochs", "40")

PUBLISHED_MAP50 = 0.181
PUBLISHED_DEVIATION = 0.086


def predict(checkpoint: Path, pictures: Path, predictions: Path, batch_size: int = 16) -> None:
    """Write `<name>.txt` rows `class x_centre y_centre width height score` for each image."""
    import torch

    from yogo.checkpoint import load_checkpoint
    from yogo.images.pixels import read_pixels
    from yogo.model import YOGO
    from yogo.model.boxes import format_preds
    from yogo.suppression import suppression_of

    model, _ = YOGO.from_pth(checkpoint, inference=True)
    suppression = suppression_of(load_checkpoint(checkpoint).recipe)
    model.to(memory_format=torch.channels_last)
    height, width = model.img_size.tolist()
    paths = sorted(path for path in pictures.iterdir() if not path.name.startswith("."))
    predictions.mkdir(parents=True, exist_ok=True)
    for start in range(0, len(paths), batch_size):
        part = paths[start : start + batch_size]
        frames = torch.stack(
            [torch.from_numpy(read_pixels(p, rgb=bool(model.is_rgb), image_hw=(height, width))) for p in part]
        )
        with torch.inference_mode():
            preds = model(frames / 255 if model.normalize_images else frames.float())
        for path, pred in zip(part, preds, strict=True):
            rows = format_preds(pred, 0.05, **suppression._asdict())
            best, kinds = rows[:, 5:].max(1)
            lines = [
                " ".join([str(kind), *(f"{side:.6f}" for side in box), f"{score:.6f}"])
                for kind, box, score in zip(
                    kinds.tolist(), rows[:, :4].tolist(), (rows[:, 4] * best).tolist(), strict=True
                )
            ]
            (predictions / f"{path.stem}.txt").write_text("".join(f"{line}\n" for line in lines))


def train(seed: int, out: Path, data: Path, precision: str, flags: Sequence[str]) -> Path:
    """The best.pth of this seed's run, trained unless it was before."""
    from yogo.errors import RunError
    from yogo.run.directory import RunDirectory
    from yogo.run.result import verify

    run = RunDirectory(out / f"seed-{seed}")
    try:
        verify(run)
    except RunError:
        command = [sys.executable, "-m", "yogo", "train", str(data / "dataset_defs" / "reference.yml")]
        command += ["--seed", str(seed), "--precision", precision, "--runs", str(out), "--name", run.name]
        command += ["--wandb", "disabled", "--cache-folder", str(out / "cache"), *flags]
        subprocess.run(command, check=True, cwd=PROJECT)
    return run.best


def score(data: Path, predictions: Path) -> dict[str, Any]:
    command = [sys.executable, str(data / "score.py"), str(data / "val" / "labels"), str(predictions)]
    answer = subprocess.run([*command, "--classes", *CLASSES], check=True, capture_output=True, text=True)
    result: dict[str, Any] = json.loads(answer.stdout)
    return result


def own_counts(checkpoint: Path, data: Path, predictions: Path) -> dict[str, Any]:
    """The thresholds in the checkpoint, and error and bias of an image's count at them, by class."""
    from yogo.checkpoint import load_checkpoint

    own = load_checkpoint(checkpoint).count_thresholds
    if own is None:
        return {}
    off_by: dict[str, list[int]] = {name: [] for name in CLASSES}
    for labels in sorted((data / "val" / "labels").glob("*.txt")):
        true = [row.split() for row in labels.read_text().splitlines() if row.strip()]
        rows = [row.split() for row in (predictions / labels.name).read_text().splitlines()]
        for place, name in enumerate(CLASSES):
            counted = sum(int(row[0]) == place and float(row[5]) > own.of_class[name].used for row in rows)
            off_by[name].append(counted - sum(int(row[0]) == place for row in true))
    return {
        "own_threshold": {name: round(one.used, 4) for name, one in own.of_class.items()},
        "own_count_error": {name: round(mean(map(abs, some)), 3) for name, some in off_by.items()},
        "own_count_bias": {name: round(mean(some), 3) for name, some in off_by.items()},
    }


def count_table(scores: dict[int, dict[str, Any]]) -> str:
    """Count errors an image at a score of 0.5, and at the thresholds of each run."""
    wanted = ("count_error", "own_count_error", "own_count_bias", "own_threshold")
    keys = [key for key in wanted if all(key in figures for figures in scores.values())]
    lines = ["| seed | " + " | ".join(f"{key.replace('_', ' ')} {' / '.join(CLASSES)}" for key in keys) + " |"]
    lines.append("|---" * (1 + len(keys)) + "|")
    means = {key: {name: mean(one[key][name] for one in scores.values()) for name in CLASSES} for key in keys}
    for seed, figures in [*scores.items(), ("mean", means)]:
        cells = (" / ".join(f"{figures[key][name]:.3g}" for name in CLASSES) for key in keys)
        lines.append(f"| {seed} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def table(scores: dict[int, dict[str, Any]]) -> str:
    lines = ["| seed | mAP | mAP50 | " + " | ".join(f"AP50 {name}" for name in CLASSES) + " |", "|---" * 6 + "|"]
    for seed, figures in scores.items():
        each = [figures.get("AP50", {}).get(name, 0.0) for name in CLASSES]
        lines.append(f"| {seed} | " + " | ".join(f"{x:.3f}" for x in (figures["mAP"], figures["mAP50"], *each)) + " |")
    if len(scores) > 1:
        parts = [[figures[key] for figures in scores.values()] for key in ("mAP", "mAP50")]
        cells = " | ".join(f"{mean(part):.3f} ({stdev(part):.3f})" for part in parts)
        lines.append(f"| mean (standard deviation) | {cells} |" + " |" * len(CLASSES))
    return "\n".join(lines)


def run(args: argparse.Namespace) -> int:
    out: Path = args.out.absolute()
    out.mkdir(parents=True, exist_ok=True)
    flags = (*(("--recipe", args.recipe) if args.recipe else SETTINGS), *args.flags)
    scores = {}
    for seed in args.seeds:
        best = train(seed, out, args.data.absolute(), args.precision, flags)
        predict(best, args.data / "val" / "images", out / f"predictions-{seed}")
        scores[seed] = score(args.data, out / f"predictions-{seed}")
        scores[seed] |= own_counts(best, args.data, out / f"predictions-{seed}")
        print(json.dumps({"seed": seed, **scores[seed]}), flush=True)
    print(table(scores))
    print(count_table(scores))
    reached = mean(figures["mAP50"] for figures in scores.values())
    print(f"mean mAP50 {reached:.3f}; as published {PUBLISHED_MAP50} (standard deviation {PUBLISHED_DEVIATION})")
    return 0 if reached >= PUBLISHED_MAP50 - PUBLISHED_DEVIATION else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="what", required=True)
    training = commands.add_parser("run", help="train, predict and score")
    training.add_argument("--out", type=Path, required=True, help="where runs and predictions go")
    training.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    training.add_argument("--precision", default="auto")
    training.add_argument("--recipe", help="a preset, in place of the published settings")
    training.add_argument("--data", type=Path, default=DATA)
    training.add_argument("flags", nargs="*", help="after --, handed to yogo train")
    predicting = commands.add_parser("predict", help="write what score.py reads")
    predicting.add_argument("checkpoint", type=Path)
    predicting.add_argument("pictures", type=Path)
    predicting.add_argument("predictions", type=Path)
    args = parser.parse_args()
    if args.what == "run":
        return run(args)
    predict(args.checkpoint, args.pictures, args.predictions)
    return 0


if __name__ == "__main__":
    sys.exit(main())
