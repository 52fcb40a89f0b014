"""Whether labels reviewed by a rule train a better model: python benchmarks/reviewed.py --out DIR [--seeds 0 1 2]

On BCCD: `yogo review --folds` ranks the labels of the training images (the test images are kept out of it: no model
that judges has seen them), `yogo-tui review take` takes what is beyond doubt, and writes the labels as reviewed. The
recipe is trained on these and on the original ones, with the same seeds and the same split, and tested on the same
test labels, which nobody has touched. A table tells the means, the difference by seed with its 95 % interval
(Student's t), and that of the mean difference over resampled images (paired bootstrap). DIR/sheet.png shows 30
proposals that were taken, drawn by lot, to be judged by eye. FLAGS, after --, go to yogo train and to the models that
judge. What is trained is not trained again.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bccd import CLASSES, DATA, PROJECT
from what_next import interval

KINDS = ("original", "reviewed")
FIGURES = (
    *("mAP50", "mAP"),
    *(f"AP50/{name}" for name in CLASSES),
    "count_error",
    *(f"count_error/{name}" for name in CLASSES),
)
RESAMPLED = ("mAP50", "count_error")
SHOWN, COLUMNS, SIDE = 30, 6, 220
COLOURS = ("#ff4040", "#40c0ff", "#ffff40")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="where all of it is kept")
    parser.add_argument("--data", type=Path, default=DATA, help="the folder of BCCD")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--recipe", default="few-pictures")
    parser.add_argument("flags", nargs="*", help="of yogo train, after --")
    args = parser.parse_args()
    out, flags = args.out.absolute(), ("--recipe", args.recipe, *args.flags)
    out.mkdir(parents=True, exist_ok=True)
    original = args.data.absolute() / "train/labels"
    best = trained(out, "original", original, args.data, seed=args.seeds[0], flags=flags)
    review, labels = reviewed(out, original, args, best, flags)
    told(review, labels)
    sheet(review, labels / "history.json", out / "sheet.png")
    runs = {
        kind: [trained(out, kind, where, args.data, seed=seed, flags=flags).parent for seed in args.seeds]
        for kind, where in (("original", original), ("reviewed", labels / "labels"))
    }
    print(table(runs))


def definition(path: Path, labels: Path, data: Path, *, with_test: bool = True) -> Path:
    """The same names in each, so that the same images are drawn to validate on."""
    data = data.absolute()
    text = (
        f"class_names: [{', '.join(CLASSES)}]\ndataset_split_fractions: {{train: 0.9, val: 0.1}}\n"
        f"dataset_paths:\n  bccd_train: {{image_path: {data}/train/images, label_path: {labels}}}\n"
    )
    if with_test:
        text += f"test_paths:\n  bccd_val: {{image_path: {data}/val/images, label_path: {data}/val/labels}}\n"
    path.write_text(text)
    return path


def trained(out: Path, kind: str, labels: Path, data: Path, *, seed: int, flags: Sequence[str]) -> Path:
    """Its best.pth; trained unless it was before."""
    run = out / kind / f"seed-{seed}"
    if not (run / "metrics.json").is_file():
        command = ["train", str(definition(out / f"{kind}.yml", labels, data)), "--runs", str(run.parent)]
        command += ["--name", run.name, "--seed", str(seed), "--wandb", "disabled", "--no-worst-images", *flags]
        yogo("yogo", *command)
    return run / "best.pth"


def reviewed(
    out: Path, original: Path, args: argparse.Namespace, best: Path, flags: Sequence[str]
) -> tuple[Path, Path]:
    """The review folder, and the folder of the labels as reviewed."""
    review, labels = out / "review", out / "labels"
    if not labels.is_dir():
        if not any(review.glob("decisions-*")):
            known = definition(out / "bccd.yml", original, args.data, with_test=False)
            folds = ("--folds", str(args.folds), "--out", str(review), *flags)
            yogo("yogo", "review", str(best), str(known), *folds)
            yogo("yogo_tui", "review", str(review), "--as", "rule", "take", "--yes")
        yogo("yogo_tui", "review", str(review), "--write", str(labels))
    return review, labels


def yogo(module: str, *words: str) -> None:
    subprocess.run([sys.executable, "-m", module, *words], check=True, cwd=PROJECT, stdout=sys.stderr)


def told(review: Path, labels: Path) -> None:
    """What the rule is here, and how many proposals it takes."""
    from collections import Counter

    from yogo.review.decisions import review_in

    found = review_in(review)
    for name, sure in (found.ranking.sure or {}).items():
        enough = "" if sure.is_enough else ": too few, none is taken"
        print(f"{name} from a confidence of {sure.confidence:.3f}: {sure.labelled:.1%} have this label{enough}")
    by_rank = {one.rank: one for one in found.ranking.suspects}
    taken = Counter(
        (suspect.kind.value, CLASSES[box.class_index])
        for one in found.all_counting
        if (suspect := by_rank[one.decision.suspect]) and (box := suspect.prediction or suspect.label)
    )
    for (kind, name), number in sorted(taken.items()):
        print(f"taken: {number} {kind} {name}")
    written = json.loads((labels / "history.json").read_bytes())
    print(
        f"of {found.ranking.num_labels} labels; {written['num_changed_files']} of {written['num_files']} files changed"
    )


def sheet(review: Path, history: Path, path: Path) -> None:
    """Some of what was taken, drawn by lot: the proposal in the colour of its class, the labels white."""
    from PIL import Image, ImageDraw

    from yogo.review.decisions import review_in

    found = review_in(review)
    ranks = sorted(one.decision.suspect for one in found.all_counting)
    drawn = random.Random(0).sample(ranks, min(SHOWN, len(ranks)))
    page = Image.new("RGB", (COLUMNS * SIDE, -(-len(drawn) // COLUMNS) * (SIDE + 14)))
    for place, suspect in enumerate(map(found.suspect, drawn)):
        image = Image.open(suspect.image).convert("RGB")
        box = suspect.prediction or suspect.label
        assert box
        rows = [line.split() for line in Path(suspect.label_file or "").read_text().splitlines() if line.strip()]
        pen = ImageDraw.Draw(image)
        for row in rows:
            pen.rectangle(edges(*map(float, row[1:]), size=image.size), outline="white", width=2)
        around = edges(box.xc, box.yc, box.w, box.h, size=image.size)
        pen.rectangle(around, outline=COLOURS[box.class_index], width=3)
        x, y = (around[0] + around[2]) / 2, (around[1] + around[3]) / 2
        half = 1.3 * max(around[2] - around[0], around[3] - around[1])
        part = image.crop((int(x - half), int(y - half), int(x + half), int(y + half))).resize((SIDE, SIDE))
        corner = place % COLUMNS * SIDE, place // COLUMNS * (SIDE + 14)
        page.paste(part, (corner[0], corner[1] + 14))
        words = f"{suspect.rank} {suspect.kind.value} {CLASSES[box.class_index]} {box.confidence or ''}"
        ImageDraw.Draw(page).text((corner[0] + 2, corner[1] + 1), words, fill="white")
    page.save(path)


def edges(x: float, y: float, w: float, h: float, *, size: tuple[int, int]) -> tuple[float, float, float, float]:
    width, height = size
    return (x - w / 2) * width, (y - h / 2) * height, (x + w / 2) * width, (y + h / 2) * height


def table(runs: dict[str, list[Path]]) -> str:
    figures = {kind: [read(run / "metrics.json")["figures"] for run in some] for kind, some in runs.items()}
    resampled = over_images(runs)
    lines = [f"{'':<22}{'original':>18}{'reviewed':>18}{'difference':>18}  over images"]
    for key in FIGURES:
        ours, theirs = ([one[key] or 0.0 for one in figures[kind]] for kind in KINDS)
        apart = [after - before for before, after in zip(ours, theirs, strict=True)]
        columns = "".join(f"{interval(values):>18}" for values in (ours, theirs, apart))
        lines.append(f"{key:<22}{columns}  {resampled.get(key, '')}".rstrip())
    for kind in KINDS:
        lines.append(f"mAP50 by seed, {kind}: " + " ".join(f"{one['mAP50']:.3f}" for one in figures[kind]))
    return "\n".join(lines)


def over_images(runs: dict[str, list[Path]]) -> dict[str, str]:
    """The mean difference over the seeds, with the 95 % of 2,000 resamples of the test images."""
    import numpy as np

    from yogo.metrics.bootstrap import Draws, differences, shared
    from yogo.metrics.resampling import results_by_image
    from yogo.run.image_results import ImageResults

    found: dict[str, list[Any]] = {key: [] for key in RESAMPLED}
    for pair in zip(*(runs[kind] for kind in KINDS), strict=True):
        files = [run / "metrics.images.json.gz" for run in pair]
        before, after = (results_by_image(ImageResults.read(file), CLASSES, str(file)) for file in files)
        same = shared(before, after)
        assert not same.num_relabelled, "the test labels were changed"
        drawn = differences([after.taken(same.second)], [before.taken(same.first)], Draws.of_images(len(same.first)))
        for key in RESAMPLED:
            found[key].append(drawn[key])
    said = {}
    for key, several in found.items():
        low, high = np.nanquantile(np.mean(several, axis=0), (0.025, 0.975))
        said[key] = f"{low:+.3f} to {high:+.3f}"
    return said


def read(path: Path) -> Any:
    return json.loads(path.read_bytes())


if __name__ == "__main__":
    main()
