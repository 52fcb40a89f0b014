"""Whether a model that is chosen by its limit of detection (LoD) sees less than one that is chosen by mAP:
python benchmarks/choice_by_lod.py --out DIR [--seeds 0 1 ...]

For each seed, synthetic slides are made and each recipe is trained on them. Of each, several epochs are candidates.
All are measured on the validation slides, and one is chosen by mAP50, one by the LoD at its best threshold of the
class's probability. Both are then measured on fresh slides, in the same way: the one chosen by LoD at its threshold,
the one chosen by mAP at the usual one, and also at the one that is best on the validation slides. Whatever is made
stays in DIR, and what is there is not made again, so that seeds can be shared out among processes. The table is of all
seeds in DIR.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np
import torch

from yogo.assay.roles import Roles
from yogo.checkpoint import load_checkpoint
from yogo.datasets.label_cache import open_labels
from yogo.datasets.loader import LoaderOptions, loader
from yogo.definition import DatasetDefinition, Sample, split
from yogo.definition.fractions import SplitFractions
from yogo.metrics.accumulator import MetricAccumulator, evaluation_data
from yogo.metrics.assay_limits import LOWEST, AssayEvidence
from yogo.metrics.assay_units import AssaySums, AssayUnits
from yogo.metrics.boxes import EvaluationData, GroundTruth, PredictedBoxes
from yogo.metrics.measure import summary
from yogo.model import open_model
from yogo.run.correction import USUAL_CELLS, AssayRoles
from yogo.students_t import students_t

IMAGE_HW = (193, 258)
IMAGES = ("--image-hw", *map(str, IMAGE_HW), "--cells", "100", "--per-microlitre", "0")
SLIDES = ("--samples", "48", "--frames", "10")
HALVES = ("0.5", "0.5", "0")
"""Of these slides, for training and validation."""

FRESH = ("--samples", "120", "--frames", "20")
FRESH_SEED = 1_000
EPOCHS = 16
KEPT = (6, 8, 10, 12, 14, 16)
COMMON = (
    *("--image-hw", *map(str, IMAGE_HW), "--model", "half_filters", "--normalize-images", "--batch-size", "4"),
    *("--epochs", str(EPOCHS), "--lr", "0.002", "--classify-weight", "4", "--precision", "fp32", "--device", "cpu"),
    *("--wandb", "disabled", "--no-worst-images"),
)
RECIPES: Mapping[str, Sequence[str]] = {
    "plain": (),
    "balanced": ("--class-weights", "balanced"),
    "sampler": ("--weighted-sampler",),
}
USUAL = LOWEST
"""The place of the usual threshold, .5, among all."""


def yogo(*words: str | Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "yogo", *map(str, words)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1]), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)


def ended(process: subprocess.Popen[str]) -> None:
    told, _ = process.communicate()
    if process.returncode:
        raise SystemExit(f"yogo ended with {process.returncode}:\n{told}")


def made(folder: Path, seed: int, slides: Sequence[str]) -> Path:
    """A definition of slides."""
    path = folder / "dataset_defs" / "pre-training" / "synthetic.yml"
    if not path.exists():
        ended(yogo("synth", folder, *slides, *IMAGES, "--seed", str(seed)))
    return path


def train(definition: Path, runs: Path, recipe: str, seed: int) -> list[Path]:
    """The checkpoints that are kept. Each replaces last.pth, so a second name is given to it in time."""
    run = runs / recipe
    kept = [run / f"epoch-{epoch}.pth" for epoch in KEPT]
    if all(path.exists() for path in kept):
        return kept
    shutil.rmtree(run, ignore_errors=True)
    words = ("--dataset-split-override", *HALVES, "--seed", str(seed), "--runs", runs, "--name", recipe)
    process = yogo("train", definition, *COMMON, *RECIPES[recipe], *words, "--cache-folder", runs / "cache")
    seen, last, number = set[int](), run / "last.pth", 0
    while True:
        is_over = process.poll() is not None
        if last.exists() and last.stat().st_ino not in seen:
            os.link(last, run / f"seen-{number}.pth")
            seen.add((run / f"seen-{number}.pth").stat().st_ino)
            number += 1
        if is_over:
            break
        time.sleep(0.1)
    ended(process)
    for path in run.glob("seen-*.pth"):
        path.rename(run / f"epoch-{load_checkpoint(path).epoch}.pth")
    return kept


def predicted(checkpoint: Path, samples: Sequence[Sample], classes: Sequence[str]) -> EvaluationData:
    """What a test sees."""
    model = open_model(load_checkpoint(checkpoint))[0].eval().to(memory_format=torch.channels_last)
    labels = open_labels(samples, classes, None)
    batches = loader(samples, labels, LoaderOptions(image_hw=IMAGE_HW, rgb=False, batch_size=16), shuffle=False)
    tally = MetricAccumulator(len(classes))
    batches.set_epoch(0)
    with torch.inference_mode():
        for batch in batches:
            tally.add(model(batch.images.float().contiguous(memory_format=torch.channels_last) / 255), batch)
    return evaluation_data([tally.parts()], len(samples))


def measured(
    file: Path, checkpoint: Path, samples: Sequence[Sample], classes: Sequence[str]
) -> tuple[float, EvaluationData]:
    """The mAP50, and the boxes that inference keeps; from `file` if it is there."""
    if not file.exists():
        data = predicted(checkpoint, samples, classes)
        arrays = {f"truth_{key}": getattr(data.truth, key) for key in ("image", "box", "label")}
        kept = ("image", "box", "objectness", "probabilities")
        arrays |= {f"kept_{key}": getattr(data.kept, key) for key in kept}
        best = summary(data, classes, always_ranked=True)["mAP50"] or 0.0
        staged = file.with_suffix(".part.npz")
        np.savez(staged, mAP50=best, num_images=data.num_images, **arrays)
        staged.rename(file)
    with np.load(file) as found:
        truth = GroundTruth(*(found[f"truth_{key}"] for key in ("image", "box", "label")))
        boxes = PredictedBoxes(*(found[f"kept_{key}"] for key in ("image", "box", "objectness", "probabilities")))
        return float(found["mAP50"]), EvaluationData(int(found["num_images"]), truth, boxes, boxes)


class Slides:
    """Slides that are measured on."""

    def __init__(self, definition: DatasetDefinition, samples: Sequence[Sample]) -> None:
        assert definition.roles is not None
        told = AssayRoles(
            total=definition.roles.total,
            target=definition.roles.target,
            per_microlitre=definition.roles.per_microlitre,
        )
        self.classes, self.samples = definition.classes, samples
        self.roles = Roles.of(told, definition.classes)
        facts = {pair.images: pair.sample for pair in definition.dataset_paths}
        self.units = AssayUnits.of([facts[one.image.parent] for one in samples], [one.group for one in samples])

    def measure(self, file: Path, checkpoint: Path) -> tuple[float, list[float]]:
        """mAP50, and the LoD per µL at each threshold."""
        score, data = measured(file, checkpoint, self.samples, self.classes)
        evidence = AssayEvidence(AssaySums.of(data, self.roles, self.units), self.units)
        limit_T = evidence.rates(evidence.whole).limits(USUAL_CELLS)[0]
        return score, [float(limit) * self.roles.per_microlitre for limit in limit_T]


def experiment(out: Path, seed: int) -> dict[str, Any]:
    folder = out / f"seed-{seed}"
    (folder / "figures").mkdir(parents=True, exist_ok=True)
    definition = DatasetDefinition.from_yaml(made(folder / "slides", seed, SLIDES))
    held = split(definition, override=SplitFractions(*map(float, HALVES)), seed=seed).val
    slides = Slides(definition, held)
    candidates = {}
    for recipe in RECIPES:
        for checkpoint in train(definition.path, folder / "runs", recipe, seed):
            name = f"{recipe}-{checkpoint.stem}"
            candidates[name] = checkpoint, slides.measure(folder / "figures" / f"val-{name}.npz", checkpoint)
    by_map = max(candidates, key=lambda name: candidates[name][1][0])
    by_lod = min(candidates, key=lambda name: min(candidates[name][1][1][LOWEST:]))
    fresh = DatasetDefinition.from_yaml(made(folder / "fresh", FRESH_SEED + seed, FRESH))
    new = Slides(fresh, split(fresh, override=SplitFractions(1, 0, 0)).train)
    found: dict[str, Any] = {"seed": seed}
    for how, name in (("lod", by_lod), ("map", by_map)):
        checkpoint, (score, known) = candidates[name]
        place = LOWEST + int(np.argmin(known[LOWEST:]))
        fresh_score, limits = new.measure(folder / "figures" / f"fresh-{name}.npz", checkpoint)
        found[how] = {
            "model": name,
            "threshold": float(0.5 + (place - LOWEST) / 100),
            "map50_validation": score,
            "map50": fresh_score,
            "lod_validation": known[place],
            "lod": limits[place],
            "lod_usual": limits[USUAL],
        }
    (folder / "found.json").write_text(json.dumps(found, indent=1) + "\n")
    return found


def ratio_of(ratios: Sequence[float]) -> dict[str, float]:
    """Their geometric mean with the interval of 95 % by Student's t."""
    logs = [math.log(ratio) for ratio in ratios]
    half = students_t(len(logs) - 1) * stdev(logs) / len(logs) ** 0.5 if len(logs) > 1 else math.inf
    return {"mean": math.exp(mean(logs)), "low": math.exp(mean(logs) - half), "high": math.exp(mean(logs) + half)}


def share_of(num: int, of: int) -> dict[str, float]:
    """With the interval of 95 % (Wilson 1927)."""
    z = 1.959964
    middle, half = (num + z * z / 2) / (of + z * z), z / (of + z * z) * (num * (of - num) / of + z * z / 4) ** 0.5
    return {"num": num, "of": of, "low": max(0.0, middle - half), "high": min(1.0, middle + half)}


def table(results: Sequence[Mapping[str, Any]]) -> str:
    lines = ["| seed | by LoD | threshold | its LoD | by mAP50 | LoD at 0.5 | threshold | its LoD |", "|---" * 8 + "|"]
    for one in results:
        lod, best = one["lod"], one["map"]
        lines.append(
            f"| {one['seed']} | {lod['model']} | {lod['threshold']:.2f} | {lod['lod']:,.0f} | {best['model']} | "
            f"{best['lod_usual']:,.0f} | {best['threshold']:.2f} | {best['lod']:,.0f} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="where slides, runs and figures go")
    parser.add_argument("--seeds", type=int, nargs="*", default=[*range(10)])
    args = parser.parse_args()
    torch.set_num_threads(1)
    out: Path = args.out.absolute()
    for seed in args.seeds:
        began = time.monotonic()
        print(json.dumps(experiment(out, seed) | {"minutes": (time.monotonic() - began) / 60}), flush=True)
    results = [json.loads(path.read_text()) for path in out.glob("seed-*/found.json")]
    results.sort(key=lambda one: int(one["seed"]))
    print(table(results))
    verdict: dict[str, Any] = {"what": "LoD on fresh slides: chosen by LoD / chosen by mAP50", "seeds": len(results)}
    for key, words in (("lod_usual", "at the usual threshold"), ("lod", "at its best threshold")):
        pairs = [(one["lod"]["lod"], one["map"][key]) for one in results]
        lower, same = sum(a < b for a, b in pairs), sum(a == b for a, b in pairs)
        verdict[words] = {
            "lower": share_of(lower, len(pairs)),
            "same": same,
            "ratio": ratio_of([a / b for a, b in pairs]),
        }
    verdict["measured / told"] = ratio_of([one["lod"]["lod"] / one["lod"]["lod_validation"] for one in results])
    print(json.dumps(verdict), flush=True)


if __name__ == "__main__":
    main()
