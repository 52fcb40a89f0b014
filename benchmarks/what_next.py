"""Whether choosing the images to label is worth it: python benchmarks/what_next.py --out DIR [--seeds 0 1 2] [-- FLAGS]

A simulated loop on BCCD: it starts with --start images, trains, adds the --add that `yogo next` chooses, whose labels
are then known, trains again from scratch, and so on for --rounds; beside it the same with images drawn at random. A
table tells mAP50 on the held-out images after each round, as the mean over the seeds with its 95 % interval (Student's
t), and of the difference of each seed's two loops. FLAGS go to yogo train. What is trained is not trained again.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import mean, stdev

from bccd import CLASSES, DATA, PROJECT

from yogo.students_t import students_t

WAYS = ("next", "random")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="where the loops are kept")
    parser.add_argument("--data", type=Path, default=DATA, help="the folder of BCCD")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--start", type=int, default=30)
    parser.add_argument("--add", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=3, help="trainings of each loop")
    parser.add_argument("flags", nargs="*", help="of yogo train, after --")
    args = parser.parse_args()
    flags = args.flags or ["--image-hw", "120", "160", "--normalize-images", "--epochs", "40", "--batch-size", "8"]
    found = {way: [loop(way, seed, args, flags) for seed in args.seeds] for way in WAYS}
    print(f"{'images':>6}  {'yogo next':>18}  {'at random':>18}  {'difference':>18}")
    for place in range(args.rounds):
        chosen, drawn = ([scores[place] for scores in found[way]] for way in WAYS)
        apart = [one - other for one, other in zip(chosen, drawn, strict=True)]
        columns = "  ".join(f"{interval(values):>18}" for values in (chosen, drawn, apart))
        print(f"{args.start + place * args.add:>6}  {columns}")


def loop(way: str, seed: int, args: argparse.Namespace, flags: Sequence[str]) -> list[float]:
    """mAP50 on the held-out images after each round."""
    pool = sorted(path for path in (args.data / "train/images").iterdir() if not path.name.startswith("."))
    order = random.Random(seed).sample(pool, len(pool))
    known, scores = order[: args.start], list[float]()
    for number in range(args.rounds):
        # Both ways begin with the same images, which are trained on once.
        folder = args.out.absolute() / (f"seed-{seed}-start" if not number else f"seed-{seed}-{way}-{number}")
        definition = defined(folder, known, args.data)
        best = trained(folder, definition, seed, flags)
        scores.append(json.loads((best.parent / "metrics.json").read_text())["figures"]["mAP50"] or 0.0)
        if number + 1 < args.rounds:
            left = [path for path in order if path not in known]
            known = known + (left[: args.add] if way == "random" else chosen_by(best, definition, args.add, args.data))
    return scores


def defined(folder: Path, images: Iterable[Path], data: Path) -> Path:
    """A definition of these images, as links, with BCCD's held-out images to test on."""
    for image in images:
        label = data / "train/labels" / f"{image.stem}.txt"
        for kind, file in (("images", image), ("labels", label)):
            link = folder / kind / file.name
            link.parent.mkdir(parents=True, exist_ok=True)
            if not link.is_symlink():
                link.symlink_to(file)
    path = folder / "bccd.yml"
    path.write_text(
        f"class_names: [{', '.join(CLASSES)}]\ndataset_split_fractions: {{train: 0.9, val: 0.1}}\n"
        "dataset_paths:\n  known: {image_path: images, label_path: labels}\n"
        f"test_paths:\n  held: {{image_path: {data}/val/images, label_path: {data}/val/labels}}\n"
    )
    return path


def trained(folder: Path, definition: Path, seed: int, flags: Sequence[str]) -> Path:
    """Its best.pth; trained unless it was before."""
    run = folder / "runs" / "run"
    if not (run / "metrics.json").is_file():
        command = [
            sys.executable,
            "-m",
            "yogo",
            "train",
            str(definition),
            "--runs",
            str(run.parent),
            "--name",
            run.name,
        ]
        command += ["--seed", str(seed), "--wandb", "disabled", "--no-worst-images", *flags]
        subprocess.run(command, check=True, cwd=PROJECT, stdout=sys.stderr)
    return run / "best.pth"


def chosen_by(best: Path, definition: Path, number: int, data: Path) -> list[Path]:
    """The images that `yogo next` chooses among those that are not labelled in the definition."""
    command = [sys.executable, "-m", "yogo", "next", str(best), str(data / "train/images"), "--json"]
    command += ["--labelled", str(definition), "-n", str(number)]
    said = subprocess.run(command, check=True, cwd=PROJECT, stdout=subprocess.PIPE)
    return [Path(one["image"]) for one in json.loads(said.stdout)["images"]]


def interval(values: Sequence[float]) -> str:
    if len(values) < 2:
        return f"{values[0]:.3f}"
    half = students_t(len(values) - 1) * stdev(values) / math.sqrt(len(values))
    return f"{mean(values):.3f} ± {half:.3f}"


if __name__ == "__main__":
    main()
